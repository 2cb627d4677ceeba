"""Gets one document over HTTP, politely and within limits.

    slot of its host → (hop → guard → answer) up to 6 times → verdict → body up to the cap → FetchResult

Errors are values: `fetch` returns a `Failure` for everything that a network or a server can do. It raises only for a
bug of ours. It keeps no state about a source (validators, back-off, "moved for good"): that belongs to the caller.
What the failures say, and which exception means what, is in `failures.py`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from types import TracebackType
from typing import Self
from weakref import WeakValueDictionary

import ada_url
import aiohttp
from yarl import URL

from feeds.collect import failures
from feeds.collect.guard import socket_factory
from feeds.collect.hints import cache_seconds
from feeds.collect.resolve import Resolver
from feeds.observed import Accepted, Failure, FailureKind, Fetched, FetchResult, NotModified

FEED_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, application/json;q=0.6, "
    "text/xml;q=0.8, text/html;q=0.5, */*;q=0.1"
)
PAGE_ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"

MAX_REDIRECTS = 5
MAX_URL = 4096
MAX_LINKS = 16
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_KEEPING_METHOD = frozenset({307, 308})  # RFC 9110, sections 15.4.8 and 15.4.9: a POST stays a POST
_CHUNK = 64 * 1024
_PER_HOST = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class _Redirect:
    """Where an answer sends us."""

    target: ada_url.URL
    permanent: bool


class Fetcher:
    """An HTTP client for untrusted addresses. Use it as an async context manager; it owns one aiohttp session."""

    def __init__(
        self,
        *,
        user_agent: str,
        allow_private_networks: bool = False,
        max_body_bytes: int = 8 * 2**20,
        concurrency: int = 64,
        total_timeout_s: float = 30,
        connect_timeout_s: float = 5,
        read_timeout_s: float = 10,
    ) -> None:
        """Set the limits.

        `max_body_bytes` counts decompressed bytes. `total_timeout_s` covers one document with all its redirects, from
        the moment a slot is free; `read_timeout_s` is the longest silence between two reads.
        """
        self._user_agent = user_agent
        self._allow_private = allow_private_networks
        self._max_body = max_body_bytes
        self._concurrency = concurrency
        self._total_timeout_s = total_timeout_s
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s
        self._session: aiohttp.ClientSession | None = None
        self._slots = asyncio.Semaphore(concurrency)
        self._host_slots: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def __aenter__(self) -> Self:
        """Open the session."""
        connector = aiohttp.TCPConnector(
            limit=self._concurrency,
            limit_per_host=_PER_HOST,
            socket_factory=socket_factory(self._allow_private),
            resolver=Resolver(self._connect_timeout_s),
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self._user_agent, "Accept-Encoding": "gzip, deflate"},
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=self._connect_timeout_s, sock_read=self._read_timeout_s
            ),
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the session and its connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def fetch(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        accept: str = FEED_ACCEPT,
    ) -> FetchResult:
        """Get the document at `url`, or learn that it has not changed since the validators (RFC 9110 §13).

        Waits for a slot first: two requests at a time for one host, `concurrency` in all. The waiting does not count
        against the deadline, so many sources on one host do not time each other out.
        """
        target = _parse(url)
        if isinstance(target, Failure):
            return target
        headers = _headers(accept, etag, last_modified)
        async with self._slot(target.host):
            try:
                async with asyncio.timeout(self._total_timeout_s):
                    return await self._follow(target, headers)
            except (aiohttp.ClientError, OSError, ValueError) as error:
                # TimeoutError is an OSError; ValueError is what aiohttp and yarl raise for addresses they cannot send.
                return failures.from_exception(error, secrets=_secrets(target))

    async def post(self, url: str, form: Mapping[str, str]) -> Accepted | Failure:
        """Post a form within the same limits and behind the same guard; any 2xx is success, its body is not read."""
        target = _parse(url)
        if isinstance(target, Failure):
            return target
        async with self._slot(target.host):
            try:
                async with asyncio.timeout(self._total_timeout_s):
                    return await self._post(target, form)
            except (aiohttp.ClientError, OSError, ValueError) as error:
                return failures.from_exception(error, secrets=_secrets(target))

    async def _post(self, target: ada_url.URL, form: Mapping[str, str]) -> Accepted | Failure:
        assert self._session is not None, "use `async with Fetcher(…)`"
        for _ in range(MAX_REDIRECTS + 1):
            address = URL(target.href, encoded=True)
            async with self._session.post(address, data=form, allow_redirects=False) as response:
                if response.status not in _KEEPING_METHOD:
                    return await _accepted(response)
                following = _next(target, response.headers.get("Location"))
            if isinstance(following, Failure):
                return following
            target = following
        return failures.redirect(f"sends us on more than {MAX_REDIRECTS} times")

    @contextlib.asynccontextmanager
    async def _slot(self, host: str) -> AsyncIterator[None]:
        """Wait for the host's turn first, then for a place in the whole: a slow host holds only its own places."""
        slots = self._host_slots.setdefault(host, asyncio.Semaphore(_PER_HOST))
        async with slots, self._slots:
            yield

    async def _follow(self, target: ada_url.URL, headers: dict[str, str]) -> FetchResult:
        permanent: bool | None = None  # until there was a redirect
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._hop(target, headers)
            if not isinstance(answer, _Redirect):
                if permanent and not isinstance(answer, Failure):
                    return replace(answer, moved_to=_without_credentials(target))
                return answer
            target = answer.target
            permanent = answer.permanent and permanent is not False
        return failures.redirect(f"sends us on more than {MAX_REDIRECTS} times")

    async def _hop(self, target: ada_url.URL, headers: dict[str, str]) -> "FetchResult | _Redirect":
        """Ask one address: a verdict, or where it sends us next."""
        assert self._session is not None, "use `async with Fetcher(…)`"
        request = self._session.get(URL(target.href, encoded=True), headers=headers, allow_redirects=False)
        async with request as response:
            if response.status in _REDIRECTS:
                following = _next(target, response.headers.get("Location"))
                if isinstance(following, Failure):
                    return following
                return _Redirect(target=following, permanent=response.status in _PERMANENT)
            if response.status == HTTPStatus.NOT_MODIFIED:
                return _not_modified(headers)
            if not 200 <= response.status < 300:
                start = await _start_of(response)
                return failures.from_status(response.status, response.headers, start, now=datetime.now(UTC))
            return await self._document(target, response)

    async def _document(self, target: ada_url.URL, response: aiohttp.ClientResponse) -> Fetched | Failure:
        body = await self._body(response)
        if isinstance(body, Failure):
            return body
        if not body.strip():
            return failures.empty(response.status)
        if failures.is_challenge(response.headers, body):
            return failures.challenge(response.status)
        return Fetched(
            url=_without_credentials(target),
            body=body,
            content_type=response.headers.get("Content-Type"),
            etag=_validator(response.headers.get("ETag")),
            last_modified=_validator(response.headers.get("Last-Modified")),
            max_age_s=cache_seconds(response.headers),
            links=tuple(response.headers.getall("Link", ()))[:MAX_LINKS],
        )

    async def _body(self, response: aiohttp.ClientResponse) -> bytes | Failure:
        """Read in chunks and count what comes out of the decompressor: a bomb is stopped at the cap."""
        if (response.content_length or 0) > self._max_body:
            return failures.too_large(self._max_body)
        body = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            body += chunk
            if len(body) > self._max_body:
                return failures.too_large(self._max_body)
        return bytes(body)


def _parse(url: str, base: str | None = None) -> ada_url.URL | Failure:
    """Read an address as a browser does (WHATWG URL)."""
    try:
        parsed = ada_url.URL(url.strip(), base)
    except ValueError:  # also UnicodeEncodeError, for a lone surrogate
        return failures.bad_url("it is not a web address")
    if parsed.protocol not in ("http:", "https:"):
        return failures.bad_url("only http and https addresses are read")
    if len(parsed.href) > MAX_URL:
        return failures.bad_url(f"it is longer than {MAX_URL} characters")
    return parsed


def _next(current: ada_url.URL, location: str | None) -> ada_url.URL | Failure:
    """Judge where a redirect leads. Credentials go on only to the host that they were written for."""
    if not location:
        return failures.redirect("sends us on without saying where to")
    # aiohttp reads header bytes as UTF-8; bytes that are not arrive as lone surrogates and fail to parse.
    target = _parse(location, base=current.href)
    if isinstance(target, Failure):
        return failures.redirect("sends us to something that is not a web address")
    if current.protocol == "https:" and target.protocol == "http:":
        return failures.redirect("sends us from https to unprotected http")
    if target.host != current.host:
        target.username = target.password = ""
    return target


def _headers(accept: str, etag: str | None, last_modified: str | None) -> dict[str, str]:
    headers = {"Accept": accept}
    if _validator(etag):
        headers["If-None-Match"] = etag or ""
    if _validator(last_modified):
        headers["If-Modified-Since"] = last_modified or ""
    return headers


def _not_modified(asked: dict[str, str]) -> NotModified | Failure:
    if "If-None-Match" in asked or "If-Modified-Since" in asked:
        return NotModified()
    return Failure(
        kind=FailureKind.NETWORK,
        message="The server says 'not modified' to a first request; it is misconfigured, we try again later.",
        detail="HTTP 304 without validators in the request",
    )


async def _accepted(response: aiohttp.ClientResponse) -> Accepted | Failure:
    if 200 <= response.status < 300:
        return Accepted(status=response.status)
    start = await _start_of(response)
    return failures.from_status(response.status, response.headers, start, now=datetime.now(UTC))


def _validator(value: str | None) -> str | None:
    """Keep a validator only if it can be sent back: visible ASCII, of a sensible length."""
    if value and len(value) <= 1000 and value.isascii() and value.isprintable():
        return value
    return None


async def _start_of(response: aiohttp.ClientResponse) -> bytes:
    """Return the first 64 KiB of an error page, where a challenge shows; what goes wrong here does not matter."""
    start = bytearray()
    with contextlib.suppress(aiohttp.ClientError):
        async for chunk in response.content.iter_chunked(_CHUNK):
            start += chunk
            if len(start) >= _CHUNK:
                break
    return bytes(start)


def _without_credentials(url: ada_url.URL) -> str:
    url.username = url.password = ""
    return str(url.href)


def _secrets(url: ada_url.URL) -> tuple[str, ...]:
    return tuple(part for part in (url.username, url.password) if part)
