"""What a failed request is called and what people are told: one line that says what to do.

Words and rules for `fetch.py`, without any I/O. No message or detail ever holds the credentials of an address.
"""

import re
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from feeds.collect.guard import BLOCKED
from feeds.collect.walls import wall
from feeds.collect.wire_errors import BrokeOff, NameUnknown, NotHttp, WireError
from feeds.observed import Failure, FailureKind

MAX_RETRY_AFTER_S = 7 * 24 * 3600.0

_USERINFO = re.compile(r"//[^/\s@]*@")


def bad_url(why: str) -> Failure:
    """Say that an address cannot be fetched at all."""
    return Failure(kind=FailureKind.BAD_URL, message=f"The address cannot be used: {why}. Correct it.", detail=why)


def redirect(why: str) -> Failure:
    """Say that a redirect was not followed."""
    return Failure(
        kind=FailureKind.REDIRECT,
        message=f"The server {why}. Open the address in a browser and use the one where it ends.",
        detail=why,
    )


def empty(status: int) -> Failure:
    """Say that a success carried no document."""
    return Failure(
        kind=FailureKind.EMPTY,
        message="The server answers without a document. If this lasts, check the address.",
        detail=f"HTTP {status}, empty body",
    )


def too_large(cap: int) -> Failure:
    """Say that a body is over the cap, in bytes."""
    return Failure(
        kind=FailureKind.TOO_LARGE,
        message=f"The document is larger than {cap / 2**20:g} MB; raise fetch.max_body_mb if that is right.",
        detail=f"stopped reading after {cap} bytes",
    )


def bot_wall(maker: str, status: int) -> Failure:
    """Say that a bot protection by this maker stands in front of the site."""
    return Failure(
        kind=FailureKind.BOT_WALL,
        message=f"The site lets only browsers through ({maker} asks for proof). "
        "Use the site's feed, or ask its owner to let us pass.",
        detail=f"HTTP {status}, bot wall of {maker}",
    )


def packed(why: str) -> Failure:
    """Say that a body does not unpack, or is packed in a way that was not asked for."""
    return Failure(
        kind=FailureKind.NETWORK,
        message="The document is badly compressed. We try again later; if this lasts, tell the site's owner.",
        detail=why[:200],
    )


def broke_off() -> Failure:
    """Say that a compressed body ends in the middle."""
    return Failure(
        kind=FailureKind.NETWORK,
        message="The document broke off. We try again later.",
        detail="the compressed body has no end",
    )


def from_status(status: int, headers: Mapping[str, str], start: bytes, *, now: datetime) -> Failure:
    """Turn an error status into a failure. `start`: the beginning of the error page."""
    if maker := wall(status, headers, start):
        return bot_wall(maker, status)
    kind, advice = _STATUS.get(status) or (
        _OTHER_SERVER_ERROR if status >= 500 else _OTHER_CLIENT_ERROR if status >= 400 else _STRANGE_STATUS
    )
    return Failure(
        kind=kind,
        message=f"HTTP {status}: {advice}",
        detail=f"HTTP {status} {_phrase(status)}".strip(),
        retry_after_s=retry_after(headers.get("Retry-After"), now=now),
    )


def retry_after(header: str | None, *, now: datetime) -> float | None:
    """Read Retry-After (RFC 9110 §10.2.3): seconds or an HTTP date. Returns seconds from now, at most a week."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        seconds = float(text[:12])
    else:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (aware - now).total_seconds()
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S)


def from_exception(error: Exception, *, secrets: tuple[str, ...] = ()) -> Failure:
    """Turn what a request raised into a failure; `secrets` are wiped from the detail."""
    kind, message = _judge(error)
    return Failure(kind=kind, message=message, detail=_redact(f"{type(error).__name__}: {error}", secrets))


_STATUS: dict[int, tuple[FailureKind, str]] = {
    401: (FailureKind.FORBIDDEN, "the site wants a login. Write it into the address or remove the source."),
    403: (FailureKind.FORBIDDEN, "the site refuses us. It may block programs or this country; check fetch.user_agent."),
    404: (FailureKind.NOT_FOUND, "nothing is at this address any more. Look for the new one on the publisher's site."),
    408: (FailureKind.SERVER_ERROR, "the server gave up waiting. We try again later."),
    410: (FailureKind.GONE, "the publisher removed this for good. Remove the source or find its successor."),
    429: (FailureKind.RATE_LIMITED, "the site wants fewer requests. We wait; a longer interval helps."),
    451: (FailureKind.FORBIDDEN, "the site may not serve this here, for legal reasons. Remove the source."),
    503: (FailureKind.SERVER_ERROR, "the site is overloaded or in maintenance. We try again later."),
}
_OTHER_SERVER_ERROR = (FailureKind.SERVER_ERROR, "the site has a fault of its own. We try again later.")
_OTHER_CLIENT_ERROR = (FailureKind.CLIENT_ERROR, "the site rejects the request. Check the address in a browser.")
_STRANGE_STATUS = (FailureKind.NETWORK, "the site gives an answer that makes no sense here. Check the address.")


def _phrase(status: int) -> str:
    """The standard's words, never the server's: those could hold anything."""
    return HTTPStatus(status).phrase if status in HTTPStatus.__members__.values() else ""


# The first class that fits names the failure. An OSError of no other kind comes from connecting: see wire_errors.py.
_UNUSABLE = (FailureKind.BAD_URL, "The address cannot be used. Correct it.")
_BLOCKED = (
    FailureKind.BLOCKED_ADDRESS,
    "The address leads into a private network or to a port not for web pages. Is fetch.allow_private_networks meant?",
)
_CLASSES: tuple[tuple[type[Exception], tuple[FailureKind, str]], ...] = (
    (TimeoutError, (FailureKind.TIMEOUT, "The server is too slow or does not answer. We try again later.")),
    (
        NameUnknown,
        (FailureKind.DNS, "The host name is not known. Check the address and this machine's name server."),
    ),
    (
        ssl.SSLError,
        (FailureKind.TLS, "The site's certificate or TLS is not valid. Check the clock, then tell the site's owner."),
    ),
    (
        ConnectionRefusedError,
        (FailureKind.REFUSED, "The server refuses connections. Check host and port; it may be down."),
    ),
    (OSError, (FailureKind.NETWORK, "The server cannot be reached. Check this machine's network.")),
    (BrokeOff, (FailureKind.NETWORK, "The document broke off or is badly compressed. We try again later.")),
    (
        NotHttp,
        (FailureKind.NETWORK, "The answer is not HTTP as we asked for. Check that the address is a web server."),
    ),
    (WireError, (FailureKind.NETWORK, "The connection broke. We try again later.")),
)


def _judge(error: Exception) -> tuple[FailureKind, str]:
    if isinstance(error, OSError) and BLOCKED in str(error):  # of several addresses, perhaps not all were refused
        return _BLOCKED
    return next((verdict for kind, verdict in _CLASSES if isinstance(error, kind)), _UNUSABLE)


def _redact(text: str, secrets: tuple[str, ...]) -> str:
    clean = _USERINFO.sub("//", text)
    for secret in secrets:
        clean = clean.replace(secret, "***")
    return clean[:500]
