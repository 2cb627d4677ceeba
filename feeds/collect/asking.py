"""What is asked, and of whom: addresses, request headers, and what only the source's own host may know.

Rules for `fetch.py`, without any I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import ada_url
from multidict import CIMultiDict

from feeds.collect import failures
from feeds.collect.request import Place, place_of
from feeds.observed import Failure
from storage.model import FetchOptions, SourceDefinition

MAX_URL = 4096
REMEMBERED = 20_000  #: sources whose address need not be read again: it is asked every few minutes
NOTHING_SPECIAL = FetchOptions()


@dataclass(frozen=True, kw_only=True, slots=True)
class Own:
    """How a source wants to be asked, and the host that alone may know it."""

    options: FetchOptions
    home: Place

    def holds_for(self, target: Place) -> bool:
        """Whether an address is on the source's own host, and no worse protected than the source's own address."""
        if target.host != self.home.host or (self.home.secure and not target.secure):
            return False
        return target.authority == self.home.authority  # the same port, or each the usual one of its protocol


def parse(url: str, base: str | None = None) -> Place | Failure:
    """Read an address as a browser does (WHATWG URL), against `base` if there is one."""
    try:
        href = ada_url.normalize_url(url.strip()) if base is None else ada_url.join_url(base, url.strip())
    except ValueError:
        return failures.bad_url("it is not a web address")
    if not href.startswith(("http://", "https://")):
        return failures.bad_url("only http and https addresses are read")
    if len(href) > MAX_URL:
        return failures.bad_url(f"it is longer than {MAX_URL} characters")
    return place_of(href)


@lru_cache(maxsize=REMEMBERED)
def _parse_own(url: str) -> Place | Failure:
    return parse(url)


def parse_for(url: str, source: SourceDefinition | None) -> Place | Failure:
    """The same; a source's own address is read once, those of its articles come only once anyway."""
    return _parse_own(url) if source is not None and url == source.url else parse(url)


def following(current: Place, location: str | None) -> Place | Failure:
    """Judge where a redirect leads. Credentials go on only to the host that they were written for."""
    if not location:
        return failures.redirect("sends us on without saying where to")
    # Header bytes are read as UTF-8 (answer.py); bytes that are not arrive as lone surrogates and fail to parse.
    target = parse(location, base=current.href)
    if isinstance(target, Failure):
        return failures.redirect("sends us to something that is not a web address")
    if current.secure and not target.secure:
        return failures.redirect("sends us from https to unprotected http")
    if target.user and (target.host, target.authority) != (current.host, current.authority):
        return place_of(without_credentials(target))
    return target


def request_headers(accept: str, etag: str | None, last_modified: str | None) -> dict[str, str]:
    """What is sent with every request; validators only where they can be sent back."""
    headers = {"Accept": accept}
    if validator(etag):
        headers["If-None-Match"] = etag or ""
    if validator(last_modified):
        headers["If-Modified-Since"] = last_modified or ""
    return headers


def own_of(source: SourceDefinition | None) -> Own | None:
    """What is special about asking for a source; None when nothing is."""
    if source is None or source.fetch == NOTHING_SPECIAL:
        return None
    home = parse(source.url)
    return None if isinstance(home, Failure) else Own(options=source.fetch, home=home)


def is_home(source: SourceDefinition, url: str) -> bool:
    """Whether what a source's own host may know can go to `url` as well."""
    home, target = parse(source.url), parse(url)
    if isinstance(home, Failure) or isinstance(target, Failure):
        return False
    return Own(options=source.fetch, home=home).holds_for(target)


def validator(value: str | None) -> str | None:
    """Keep a validator only if it can be sent back: visible ASCII, of a sensible length."""
    if value and len(value) <= 1000 and value.isascii() and value.isprintable():
        return value
    return None


def without_credentials(place: Place) -> str:
    """Return the address as it may be kept and shown."""
    return str(ada_url.replace_url(place.href, username="", password="")) if place.user else place.href


def secrets_of(place: Place, own: Own | None) -> tuple[str, ...]:
    """Return what must not be told: the credentials in an address, and what only the source's host may know."""
    words = own.options.secrets if own else ()
    parts = [part for word in words for part in (word, *word.split()[1:]) if len(part) >= 6]  # `Bearer …`: its end too
    name, _, password = place.user.partition(":")
    return tuple(filter(None, (name, password, *parts)))


def with_own(headers: Mapping[str, str], options: FetchOptions) -> CIMultiDict[str]:
    """Return the headers with those of the source, which win over ours whatever the case of their names."""
    merged = CIMultiDict(headers)
    if options.cookie:
        merged["Cookie"] = options.cookie
    merged.update(options.headers)
    return merged
