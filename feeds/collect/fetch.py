"""Gets one document over HTTP, politely and within limits.

    turn of its host → (hop → guard → answer) up to 6 times → verdict → body up to the cap → FetchResult

A server has eight seconds for its answer, redirects included; after that its document must keep coming, and every 16 kB
of it earn one second more, up to thirty in all. So one that drips is left soon, and an honest slow one is heard out.

What a source's definition says about how it is asked (headers, cookie, certificates) holds for its own host alone.

Errors are values: `fetch` returns a `Failure` for everything that a network or a server can do. It raises only for a
bug of ours. It keeps no state about a source (validators, back-off, "moved for good"): that belongs to the caller.
What the failures say, and which exception means what, is in `failures.py`.
"""

import asyncio
import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

from feeds.collect import failures
from feeds.collect.asking import (
    NOTHING_SPECIAL,
    Own,
    following,
    own_of,
    parse,
    parse_for,
    request_headers,
    secrets_of,
    validator,
    with_own,
    without_credentials,
)
from feeds.collect.hints import cache_seconds
from feeds.collect.request import FORM, Place
from feeds.collect.turns import Turns
from feeds.collect.unpack import Damaged, TooMuch, Unpacker
from feeds.collect.walls import wall
from feeds.collect.wire import Exchange, Wire
from feeds.collect.wire_errors import WireError
from feeds.observed import Accepted, Failure, FailureKind, Fetched, FetchResult, NotModified
from storage.model import FetchOptions, SourceDefinition

FEED_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, application/json;q=0.6, "
    "text/xml;q=0.8, text/html;q=0.5, */*;q=0.1"
)
PAGE_ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"

MAX_REDIRECTS = 5
MAX_LINKS = 16
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_KEEPING_METHOD = frozenset({307, 308})  # RFC 9110, sections 15.4.8 and 15.4.9: a POST stays a POST
_ERROR_PAGE = 64 * 1024  # bytes of one that are read
_ERROR_PAGE_S = 2.0
_ERROR_PIECE = 4 * 1024  # what follows a wall's mark in the same piece may be a bomb
_EARNS = 16 * 1024  # bytes that give a server one more second
_LOOPBACK = re.compile(r"localhost\.?|127\.\d+\.\d+\.\d+|::1")
_ENDS_WELL = re.compile(rb"(?:</[\w.:-]+\s*>|-->|\})\s*$")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Redirect:
    """Where an answer sends us."""

    target: Place
    permanent: bool


class Fetcher:
    """An HTTP client for untrusted addresses. Use it as an async context manager; it owns one wire."""

    def __init__(  # noqa: PLR0913  the limits
        self,
        *,
        user_agent: str,
        allow_private_networks: bool = False,
        max_body_bytes: int = 8 * 2**20,
        concurrency: int = 64,
        answer_timeout_s: float = 8,
        total_timeout_s: float = 30,
        connect_timeout_s: float = 5,
        read_timeout_s: float = 8,
        page_spacing_s: float = 1.0,
        feed_spacing_s: float = 0.1,
        space_loopback: bool = False,
    ) -> None:
        """Set the limits.

        `max_body_bytes` counts decompressed bytes. All times are in seconds and begin when a place is free.
        `answer_timeout_s` is for one document with all its redirects, and grows by a second for every 16 kB that
        arrive, up to `total_timeout_s`; `read_timeout_s` is the longest silence between two reads. `…_spacing_s` is
        the least time between two starts on one host; where private networks are allowed this machine is asked without
        pauses, unless with `space_loopback`.
        """
        self._user_agent = user_agent
        self._allow_private = allow_private_networks
        self._max_body = max_body_bytes
        self._answer_timeout_s = min(answer_timeout_s, total_timeout_s)
        self._total_timeout_s = total_timeout_s
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s
        self._page_spacing_s = page_spacing_s
        self._feed_spacing_s = feed_spacing_s
        self._spares_loopback = allow_private_networks and not space_loopback
        self._wire: Wire | None = None
        self._turns = Turns(concurrency)

    async def __aenter__(self) -> Self:
        """Open the wire."""
        self._wire = Wire(
            user_agent=self._user_agent,
            allow_private=self._allow_private,
            connect_timeout_s=self._connect_timeout_s,
            read_timeout_s=self._read_timeout_s,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the wire and its connections."""
        if self._wire is not None:
            await self._wire.close()
            self._wire = None

    async def fetch(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        accept: str = FEED_ACCEPT,
        source: SourceDefinition | None = None,
    ) -> FetchResult:
        """Get the document at `url`, or learn that it has not changed since the validators (RFC 9110 §13).

        `source` is the one for which we ask: its headers, cookie and TLS options are used on its own host. Waits for
        its turn first: two requests at a time for one host, `concurrency` in all, and a pause between two starts. The
        waiting does not count against the deadline, so many sources on one host do not time each other out.
        """
        target = parse_for(url, source)
        if isinstance(target, Failure):
            return target
        own = own_of(source)
        headers = request_headers(accept, etag, last_modified)
        async with self._turns.turn(target.authority, self._spacing(target, accept)):
            try:
                async with asyncio.timeout(self._answer_timeout_s) as deadline:
                    return await self._follow(target, headers, own, deadline)
            except (WireError, OSError, ValueError) as error:
                # TimeoutError is an OSError; ValueError means a request that cannot be sent.
                return failures.from_exception(error, secrets=secrets_of(target, own))

    async def post(self, url: str, form: Mapping[str, str]) -> Accepted | Failure:
        """Post a form within the same limits and behind the same guard; any 2xx is success, its body is not read."""
        target = parse(url)
        if isinstance(target, Failure):
            return target
        async with self._turns.turn(target.authority, 0.0):
            try:
                async with asyncio.timeout(self._answer_timeout_s):
                    return await self._post(target, form)
            except (WireError, OSError, ValueError) as error:
                return failures.from_exception(error, secrets=secrets_of(target, None))

    async def _post(self, target: Place, form: Mapping[str, str]) -> Accepted | Failure:
        assert self._wire is not None, "use `async with Fetcher(…)`"
        body = urlencode(form).encode()
        for _ in range(MAX_REDIRECTS + 1):
            async with self._wire.ask("POST", target, FORM, body=body) as response:
                if response.status not in _KEEPING_METHOD:
                    return await _accepted(response)
                onward = following(target, response.headers.get("Location"))
            if isinstance(onward, Failure):
                return onward
            target = onward
        return failures.redirect(f"sends us on more than {MAX_REDIRECTS} times")

    def space_out(self, url: str, pause_s: float) -> None:
        """Leave at least `pause_s` seconds between two starts on the host of `url`, as its robots.txt asks."""
        target = parse(url)
        if not isinstance(target, Failure) and not self._is_spared(target):
            self._turns.space_out(target.authority, pause_s)

    def _spacing(self, target: Place, accept: str) -> float:
        if self._is_spared(target):
            return 0.0
        return self._feed_spacing_s if accept == FEED_ACCEPT else self._page_spacing_s

    def _is_spared(self, target: Place) -> bool:
        return self._spares_loopback and _LOOPBACK.fullmatch(target.host) is not None

    async def _follow(
        self, target: Place, headers: dict[str, str], own: Own | None, deadline: asyncio.Timeout
    ) -> FetchResult:
        permanent: bool | None = None  # until there was a redirect
        for _ in range(MAX_REDIRECTS + 1):
            if own is not None and not own.holds_for(target):
                own = None  # for good: a stranger who sends us back shall not choose what is asked in our name
            answer = await self._hop(target, headers, own.options if own else NOTHING_SPECIAL, deadline)
            if not isinstance(answer, _Redirect):
                if permanent and not isinstance(answer, Failure):
                    return replace(answer, moved_to=without_credentials(target))
                return answer
            target = answer.target
            permanent = answer.permanent and permanent is not False
        return failures.redirect(f"sends us on more than {MAX_REDIRECTS} times")

    async def _hop(
        self, target: Place, headers: dict[str, str], options: FetchOptions, deadline: asyncio.Timeout
    ) -> "FetchResult | _Redirect":
        """Ask one address: a verdict, or where it sends us next."""
        assert self._wire is not None, "use `async with Fetcher(…)`"
        request = self._wire.ask("GET", target, with_own(headers, options), verify=options.verify)
        async with request as response:
            if response.status in _REDIRECTS:
                onward = following(target, response.headers.get("Location"))
                if isinstance(onward, Failure):
                    return onward
                return _Redirect(target=onward, permanent=response.status in _PERMANENT)
            if response.status == HTTPStatus.NOT_MODIFIED:
                return _not_modified(headers)
            if not 200 <= response.status < 300:
                start = await _start_of(response)
                return failures.from_status(response.status, response.headers, start, now=datetime.now(UTC))
            return await self._document(target, response, deadline)

    async def _document(self, target: Place, response: Exchange, deadline: asyncio.Timeout) -> Fetched | Failure:
        try:
            unpacker = Unpacker(response.headers.get("Content-Encoding", ""), self._max_body)
            body = await self._body(response, unpacker, deadline)
        except TooMuch:
            return failures.too_large(self._max_body)
        except Damaged as error:
            return failures.packed(str(error))
        if not unpacker.ended and not _ENDS_WELL.search(body[-200:]):
            return failures.broke_off()
        if maker := wall(response.status, response.headers, body):
            return failures.bot_wall(maker, response.status)
        if not body.strip():
            return failures.empty(response.status)
        return Fetched(
            url=without_credentials(target),
            body=body,
            content_type=response.headers.get("Content-Type"),
            etag=validator(response.headers.get("ETag")),
            last_modified=validator(response.headers.get("Last-Modified")),
            max_age_s=cache_seconds(response.headers),
            links=tuple(response.headers.getall("Link", ()))[:MAX_LINKS],
        )

    async def _body(self, response: Exchange, unpacker: Unpacker, deadline: asyncio.Timeout) -> bytes:
        """Read and unpack in pieces, up to the cap. Raises `TooMuch`, `Damaged`.

        What earns time is what came over the wire: a packed document cannot pretend to be fast.
        """
        if (response.content_length or 0) > self._max_body:
            raise TooMuch
        promised = deadline.when() or 0.0
        last = promised - self._answer_timeout_s + self._total_timeout_s
        body = bytearray()
        came = 0
        while chunk := await response.read():
            came += len(chunk)
            body += unpacker.feed(chunk)
            deadline.reschedule(min(promised + came / _EARNS, last))
        return bytes(body)


def _not_modified(asked: dict[str, str]) -> NotModified | Failure:
    if "If-None-Match" in asked or "If-Modified-Since" in asked:
        return NotModified()
    return Failure(
        kind=FailureKind.NETWORK,
        message="The server says 'not modified' to a first request; it is misconfigured, we try again later.",
        detail="HTTP 304 without validators in the request",
    )


async def _accepted(response: Exchange) -> Accepted | Failure:
    if 200 <= response.status < 300:
        return Accepted(status=response.status)
    start = await _start_of(response)
    return failures.from_status(response.status, response.headers, start, now=datetime.now(UTC))


async def _start_of(response: Exchange) -> bytes:
    """Return the first 64 KiB of an error page, where a bot wall shows; what goes wrong here does not matter."""
    start = bytearray()
    with contextlib.suppress(WireError, TimeoutError, TooMuch, Damaged):
        unpacker = Unpacker(response.headers.get("Content-Encoding", ""), _ERROR_PAGE)
        async with asyncio.timeout(_ERROR_PAGE_S):
            while chunk := await response.read(_ERROR_PIECE):
                start += unpacker.feed(chunk)
                if len(start) >= _ERROR_PAGE:
                    break
    return bytes(start)
