"""Writes the head of a request (RFC 9112 §3), from an address and header fields. Pure.

An address is taken as ada has written it (WHATWG URL): nothing in it needs to be escaped again.
"""

import base64
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote

from multidict import CIMultiDict

_PARTS = re.compile(
    r"(https?)://(?:([^/@]*)@)?"
    r"((?:\[([^\]]*)\]|(\d+\.\d+\.\d+\.\d+)|([^/:]*))(:\d+)?)"
    r"(/[^#]*)(?:#.*)?"
)
# Names are tokens (RFC 9110 §5.6.2), and values hold no control character but the tab.
_FIELDS = re.compile(r"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: [^\x00-\x08\x0a-\x1f\x7f]*\r\n)*")

Usual = tuple[tuple[str, str], ...]  #: names of header fields, and their lines

#: The headers of a request that sends a form.
FORM = CIMultiDict({"Accept": "*/*", "Content-Type": "application/x-www-form-urlencoded"})


class Place(NamedTuple):
    """Where a request goes."""

    href: str  #: the whole address
    secure: bool  #: by TLS
    host: str  #: a name in punycode, or a numeric address; of IPv6 without its brackets
    port: int
    literal: bool  #: the host is a numeric address
    authority: str  #: for the Host header: no dot at the end of a name, and a port only when it is not the usual one
    target: str  #: path and query
    user: str  #: `name:password` as it stands in the address, percent-encoded; empty: none


def place_of(href: str) -> Place:
    """Take the address apart. `href`: of an http or https address that ada has read. Raises ValueError for others."""
    parts = _PARTS.fullmatch(href)
    if parts is None:
        raise ValueError("not an http address")
    scheme, user, authority, six, four, name, port, target = parts.groups()
    secure = scheme == "https"
    literal = six or four
    if not literal:
        authority = name.rstrip(".") + (port or "")
    number = int(port[1:]) if port else 443 if secure else 80
    return Place(href, secure, literal or name, number, literal is not None, authority, target, user or "")


def lines_of(headers: Mapping[str, str]) -> str:
    """Write header fields, one a line. Raises ValueError for a name or value that cannot be sent.

    A line break in it would be a header, or a request, of its own.
    """
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    if not _FIELDS.fullmatch(lines) or lines.count("\n") != len(headers):
        raise ValueError("a header that cannot be sent")  # without its value, which may be secret
    return lines


def usual_of(headers: Mapping[str, str]) -> Usual:
    """Prepare the headers of every request, for `head`. Raises ValueError as `lines_of`."""
    return tuple((name, lines_of({name: value})) for name, value in headers.items())


def head(method: str, place: Place, headers: CIMultiDict[str], usual: Usual = (), length: int | None = None) -> bytes:
    """Return the request up to its body of `length` bytes (None: there is no body). Raises ValueError as `lines_of`.

    A header that is given wins over a usual one, and over what the address says.
    """
    lines = [f"{method} {place.target} HTTP/1.1\r\n"]
    if "Host" not in headers:
        lines.append(f"Host: {place.authority}\r\n")
    lines += [line for name, line in usual if name not in headers]
    lines.append(lines_of(headers))
    if place.user and "Authorization" not in headers:
        lines.append(f"Authorization: {basic(place.user)}\r\n")
    if length is not None:
        lines.append(f"Content-Length: {length}\r\n")
    lines.append("\r\n")
    return "".join(lines).encode()


def basic(user: str) -> str:
    """Return the credentials of an address for an Authorization header (RFC 7617, in UTF-8)."""
    name, _, password = user.partition(":")
    return "Basic " + base64.b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode()
