"""A document ready to be sent, and how a reader's conditions are answered. Pure.

Strong validators are of the very bytes, so the packed form has a tag of its own (RFC 9110, section 8.8.3.3). A reader
that has either form has the document.
"""

import gzip
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache

Headers = list[tuple[bytes, bytes]]

#: What every answer carries beside its policy. One that ends with them needs no more.
SECURITY: Headers = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer")]

#: Nothing but our own files is loaded or run, and no other page frames ours. A feed is opened in browsers too: its
#: style sheets are ours, and XSLT counts as a script there.
POLICY = (
    b"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; "
    b"form-action 'self'; frame-ancestors 'none'"
)

CACHE_CONTROL = b"public, max-age=60"  #: seconds for which a reader or proxy need not ask again
#: For browsers, which show Atom and RSS under their own names as source text.
STYLED = b"application/xml; charset=utf-8"
_STYLABLE = ("application/atom+xml", "application/rss+xml")
SMALL = 512  #: bytes below which packing gains nothing


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """The document in one coding, with the headers of a full answer and of a 304."""

    body: bytes
    etag: str
    whole: Headers
    browsed: Headers  #: of a full answer to what may be a browser
    unchanged: Headers


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """A document in both codings."""

    plain: Form
    packed: Form
    updated: datetime

    @property
    def size(self) -> int:
        """Bytes that it takes: its bodies, and about three thousand for all that stands around them."""
        return 3_000 + len(self.plain.body) + (len(self.packed.body) if self.packed is not self.plain else 0)

    def form(self, accept_encoding: bytes) -> Form:
        """The coding that a reader takes."""
        return self.packed if takes_gzip(accept_encoding) else self.plain

    def is_known(self, if_none_match: bytes | None, if_modified_since: bytes | None) -> bool:
        """Whether a reader with these conditions has it already. If-None-Match goes before dates (section 13.2.2)."""
        if if_none_match is not None:
            return self._has_tag(if_none_match)
        return if_modified_since is not None and self._is_since(if_modified_since)

    def _has_tag(self, header: bytes) -> bool:
        tags = {tag.strip().removeprefix("W/") for tag in header.decode("latin-1").split(",")}
        return self.plain.etag in tags or self.packed.etag in tags or "*" in tags

    def _is_since(self, header: bytes) -> bool:
        try:
            moment = parsedate_to_datetime(header.decode("latin-1"))
        except (ValueError, OverflowError, TypeError, IndexError):
            return False  # an unreadable condition is ignored, as section 13.1.3 asks
        return moment.tzinfo is not None and self.updated <= moment


def rendered(body: bytes, media_type: str, updated: datetime, policy: bytes) -> Rendered:
    """Make a document ready: pack it, name both forms, write all headers. `policy` is its Content-Security-Policy."""
    tag = hashlib.blake2b(body, digest_size=16).hexdigest()
    plain = _form(body, f'"{tag}"', media_type, updated, policy)
    if len(body) < SMALL:
        return Rendered(plain=plain, packed=plain, updated=updated)
    packed = gzip.compress(body, 6, mtime=0)
    return Rendered(
        plain=plain, packed=_form(packed, f'"{tag}-gz"', media_type, updated, policy, b"gzip"), updated=updated
    )


def _form(body: bytes, etag: str, media_type: str, updated: datetime, policy: bytes, coding: bytes = b"") -> Form:
    kept: Headers = [
        (b"etag", etag.encode()),
        (b"last-modified", format_datetime(updated.astimezone(UTC), usegmt=True).encode()),
        (b"cache-control", CACHE_CONTROL),
        (b"vary", b"Accept, Accept-Encoding, Sec-Fetch-Dest"),
        (b"content-security-policy", policy),
        *SECURITY,
    ]
    packed: Headers = [(b"content-encoding", coding)] if coding else []
    rest: Headers = [(b"content-length", str(len(body)).encode()), *packed, *kept]
    whole: Headers = [(b"content-type", media_type.encode()), *rest]
    browsed: Headers = [(b"content-type", STYLED), *rest] if media_type.startswith(_STYLABLE) else whole
    return Form(body=body, etag=etag, whole=whole, browsed=browsed, unchanged=kept)


@lru_cache(maxsize=512)
def takes_gzip(header: bytes) -> bool:
    """Whether an Accept-Encoding header allows gzip (RFC 9110, section 12.5.3)."""
    weights: dict[str, float] = {}
    for part in header.decode("latin-1").lower().split(","):
        name, _, rest = part.strip().partition(";")
        weights[name.strip()] = _weight(rest)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def _weight(text: str) -> float:
    name, _, value = text.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
