"""Writes the head of a request (RFC 9112 §3), from an address and header fields. Pure.

An address is taken as ada has written it (WHATWG URL): nothing in it needs to be escaped again.
"""

import base64
import re
from typing import NamedTuple
from urllib.parse import unquote

from multidict import CIMultiDict

_PARTS = re.compile(r"(https?)://(?:([^/?#@]*)@)?(\[[^\]]*\]|[^/?#:]*)(?::(\d+))?([^#]*)")
_LITERAL = re.compile(r"\[(.*)\]|(\d+\.\d+\.\d+\.\d+)")
# Names are tokens (RFC 9110 §5.6.2), and values hold no control character but the tab.
_FIELDS = re.compile(r"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: [^\x00-\x08\x0a-\x1f\x7f]*\r\n)*")

#: The headers of a request that sends a form.
FORM = {"Accept": "*/*", "Content-Type": "application/x-www-form-urlencoded"}


class Place(NamedTuple):
    """Where a request goes."""

    secure: bool  #: by TLS
    host: str  #: a name in punycode without a dot at its end, or a numeric address; of IPv6 without its brackets
    port: int
    literal: bool  #: the host is a numeric address
    authority: str  #: what the Host header says; the port only when it is not the usual one
    target: str  #: path and query
    user: str  #: `name:password` as it stands in the address, percent-encoded; empty: none


def place_of(href: str) -> Place:
    """Take the address apart. `href`: of an http or https address that ada has read. Raises ValueError for others."""
    parts = _PARTS.fullmatch(href.partition("#")[0])
    if parts is None:
        raise ValueError("not an http address")
    scheme, user, host, port, target = parts.groups()
    literal = _LITERAL.fullmatch(host)
    bare = host.rstrip(".")  # RFC 6066 §3: a server's name has no dot at its end
    return Place(
        secure=scheme == "https",
        host=literal[1] or host if literal else bare,
        port=int(port) if port else 443 if scheme == "https" else 80,
        literal=literal is not None,
        authority=f"{bare}:{port}" if port else bare,
        target=target or "/",
        user=user or "",
    )


def head(method: str, place: Place, headers: CIMultiDict[str], length: int | None = None) -> bytes:
    """Return the request up to its body of `length` bytes (None: there is no body).

    A header that is given wins over what the address says. Raises ValueError for a name or value that cannot be sent:
    a line break in it would be a header, or a request, of its own.
    """
    fields = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    if not _FIELDS.fullmatch(fields) or fields.count("\n") != len(headers):
        raise ValueError("a header that cannot be sent")  # without its value, which may be secret
    if "Host" not in headers:
        fields = f"Host: {place.authority}\r\n{fields}"
    if place.user and "Authorization" not in headers:
        fields += f"Authorization: {basic(place.user)}\r\n"
    if length is not None:
        fields += f"Content-Length: {length}\r\n"
    return f"{method} {place.target} HTTP/1.1\r\n{fields}\r\n".encode()


def basic(user: str) -> str:
    """Return the credentials of an address for an Authorization header (RFC 7617, in UTF-8)."""
    name, _, password = user.partition(":")
    return "Basic " + base64.b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode()
