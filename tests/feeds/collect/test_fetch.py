"""Fetching from real servers on loopback that do everything a server can do wrong."""

import asyncio
import contextlib
import gzip
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import brotli
import pytest
from aiohttp import web

from feeds.collect.failures import MAX_RETRY_AFTER_S, retry_after
from feeds.collect.fetch import Fetcher
from feeds.observed import Failure, FailureKind, Fetched, NotModified
from tests.feeds.collect.conftest import Serve
from tests.feeds.collect.fetching import CHALLENGE, answering, failed, get, raw_server


async def test_a_document_comes_with_its_validators_and_type(serve: Serve) -> None:
    handler = answering(body="<rss>会談</rss>".encode(), ETag='W/"7"', Last_Modified="Thu, 20 Nov 2025 01:00:00 GMT")
    result = await get(await serve(handler) + "/feed")
    assert isinstance(result, Fetched)
    assert result.body.decode() == "<rss>会談</rss>"
    assert result.etag == 'W/"7"'
    assert result.last_modified == "Thu, 20 Nov 2025 01:00:00 GMT"
    assert result.url.endswith("/feed")


async def test_validators_are_sent_and_304_means_not_modified(serve: Serve) -> None:
    seen: list[tuple[str | None, str | None]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.headers.get("If-None-Match"), request.headers.get("If-Modified-Since")))
        return web.Response(status=304)

    base = await serve(handler)
    assert isinstance(await get(base, etag='"7"', last_modified="yesterday"), NotModified)
    assert seen == [('"7"', "yesterday")]
    failed(await get(base), FailureKind.NETWORK)


async def test_only_encodings_that_are_bounded_are_asked_for_and_no_cookie_is_kept(serve: Serve) -> None:
    seen: list[web.Request] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request)
        return web.Response(text="<rss/>", headers={"Set-Cookie": "who=you"})

    base = await serve(handler)
    async with Fetcher(user_agent="kaigi-tests", allow_private_networks=True) as fetcher:
        await fetcher.fetch(base)
        await fetcher.fetch(base)
    assert [request.headers.get("Cookie") for request in seen] == [None, None]
    assert seen[0].headers["Accept-Encoding"] == "gzip, deflate, br"
    assert seen[0].headers["User-Agent"] == "kaigi-tests"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, FailureKind.CLIENT_ERROR),
        (401, FailureKind.FORBIDDEN),
        (403, FailureKind.FORBIDDEN),
        (404, FailureKind.NOT_FOUND),
        (410, FailureKind.GONE),
        (429, FailureKind.RATE_LIMITED),
        (451, FailureKind.FORBIDDEN),
        (500, FailureKind.SERVER_ERROR),
        (503, FailureKind.SERVER_ERROR),
        (599, FailureKind.SERVER_ERROR),
        (305, FailureKind.NETWORK),
    ],
)
async def test_every_error_status_has_its_word(serve: Serve, status: int, kind: FailureKind) -> None:
    failure = failed(await get(await serve(answering(status, b"<html>no</html>"))), kind)
    assert str(status) in failure.message


async def test_a_server_that_asks_us_to_wait_is_heard(serve: Serve) -> None:
    failure = failed(await get(await serve(answering(429, Retry_After="120"))), FailureKind.RATE_LIMITED)
    assert failure.retry_after_s == 120


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("0", 0), ("120", 120), ("9" * 400, MAX_RETRY_AFTER_S), ("-5", None), ("soon", None), ("", None), (None, None)],
)
def test_retry_after_is_seconds_or_nothing(header: str | None, seconds: float | None, now: datetime) -> None:
    assert retry_after(header, now=now) == seconds


def test_retry_after_may_be_a_date_and_a_past_one_means_now(now: datetime) -> None:
    assert retry_after(format_datetime(now + timedelta(hours=1), usegmt=True), now=now) == 3600
    assert retry_after(format_datetime(now - timedelta(hours=1), usegmt=True), now=now) == 0
    assert retry_after("Thu, 20 Nov 2025 12:00:30", now=now.astimezone(UTC)) == 30


@pytest.mark.parametrize("body", [b"", b" \r\n\t "])
async def test_a_success_without_a_document_is_empty(serve: Serve, body: bytes) -> None:
    failed(await get(await serve(answering(200, body))), FailureKind.EMPTY)


async def test_a_document_over_the_cap_is_refused_by_its_length_or_while_reading(serve: Serve) -> None:
    failed(await get(await serve(answering(200, b"x" * 100_001))), FailureKind.TOO_LARGE)

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(b"x" * 65_536)
        return response

    failed(await get(await serve(endless)), FailureKind.TOO_LARGE)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
async def test_a_bomb_is_stopped_at_the_cap_of_decompressed_bytes(serve: Serve, encoding: str) -> None:
    zeros = bytes(20_000_000)
    bomb = {"gzip": gzip, "deflate": zlib, "br": brotli}[encoding].compress(zeros)
    assert len(bomb) < 100_000
    failed(await get(await serve(answering(200, bomb, Content_Encoding=encoding))), FailureKind.TOO_LARGE)


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
async def test_a_body_that_does_not_decompress_is_a_failure(serve: Serve, encoding: str) -> None:
    failed(await get(await serve(answering(200, b"not compressed", Content_Encoding=encoding))), FailureKind.NETWORK)


async def test_a_server_that_drips_is_left_at_the_deadline(serve: Serve) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b"x")
            await asyncio.sleep(0.05)
        return response

    async with asyncio.timeout(4):
        failed(await get(await serve(drip), timeout_s=0.5), FailureKind.TIMEOUT)


async def test_a_server_that_falls_silent_is_left_after_the_read_timeout() -> None:
    async with asyncio.timeout(4), raw_server(None) as url:
        failed(await get(url), FailureKind.TIMEOUT)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"hello\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 99_999,
    ],
    ids=["nothing", "not http", "broken off", "endless header"],
)
async def test_what_is_not_http_or_breaks_off_is_a_network_failure(answer: bytes) -> None:
    async with raw_server(answer) as url:
        failed(await get(url), FailureKind.NETWORK)


async def test_redirects_are_followed_up_to_five(serve: Serve) -> None:
    async def down(request: web.Request) -> web.Response:
        left = int(request.path.strip("/"))
        if left == 0:
            return web.Response(text="<rss/>")
        return web.Response(status=302, headers={"Location": f"/{left - 1}"})

    base = await serve(down)
    arrived = await get(base + "/5")
    assert isinstance(arrived, Fetched)
    assert arrived.url == base + "/0"
    failed(await get(base + "/6"), FailureKind.REDIRECT)


@pytest.mark.parametrize(
    ("statuses", "moved"),
    [((301,), True), ((308, 301), True), ((302,), False), ((301, 302), False), ((307, 308), False), ((), False)],
)
@pytest.mark.parametrize("last", [200, 304])
async def test_a_move_for_good_is_told_only_when_every_redirect_says_so(
    serve: Serve, statuses: tuple[int, ...], moved: bool, last: int
) -> None:
    async def handler(request: web.Request) -> web.Response:
        place = int(request.path.strip("/"))
        if place < len(statuses):
            return web.Response(status=statuses[place], headers={"Location": f"/{place + 1}"})
        return web.Response(status=last, text="<rss/>" if last == 200 else None)

    base = await serve(handler)
    arrived = await get(base + "/0", etag='"1"')
    assert not isinstance(arrived, Failure)
    assert arrived.moved_to == (f"{base}/{len(statuses)}" if moved else None)


@pytest.mark.parametrize(
    "location", ["", "ftp://example.com/", "javascript:alert(1)", "file:///etc/passwd", "http://[::x/"]
)
async def test_a_redirect_to_what_is_no_web_address_is_not_followed(serve: Serve, location: str) -> None:
    failed(await get(await serve(answering(301, Location=location))), FailureKind.REDIRECT)


async def test_credentials_are_used_go_nowhere_else_and_are_never_shown(serve: Serve) -> None:
    seen: list[str | None] = []

    async def second(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.Response(text="<rss/>")

    other = await serve(second)

    async def first(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.Response(status=302, headers={"Location": other})

    url = (await serve(first)).replace("http://", "http://reader:s3cret@")
    result = await get(url)
    assert isinstance(result, Fetched)
    assert seen[0] is not None
    assert seen[1] is None
    assert "s3cret" not in result.url


@pytest.mark.parametrize(
    "address", ["http://reader:s3cret@127.0.0.1:1/", "http://reader:s3cret@host.invalid/", "gopher://reader:s3cret@x/"]
)
async def test_a_failure_never_tells_credentials(address: str) -> None:
    result = await get(address)
    assert isinstance(result, Failure)
    assert "s3cret" not in result.message + result.detail


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("", FailureKind.BAD_URL),
        ("news", FailureKind.BAD_URL),
        ("http://", FailureKind.BAD_URL),
        ("ftp://example.com/", FailureKind.BAD_URL),
        ("http://\ud800/", FailureKind.BAD_URL),
        ("http://example.com/" + "x" * 5000, FailureKind.BAD_URL),
        ("http://host.invalid/", FailureKind.DNS),
        ("http://" + "a" * 64 + ".example/", FailureKind.DNS),
        ("http://127.0.0.1:1/", FailureKind.REFUSED),
    ],
)
async def test_an_address_that_leads_nowhere_has_its_word(address: str, kind: FailureKind) -> None:
    failed(await get(address), kind)


async def test_https_to_a_server_without_tls_is_a_tls_failure(serve: Serve) -> None:
    base = await serve(answering(200, b"<rss/>"))
    failed(await get(base.replace("http:", "https:")), FailureKind.TLS)


@pytest.mark.parametrize(("status", "headers"), [(403, {"Cf-Mitigated": "challenge"}), (503, {}), (403, {}), (200, {})])
async def test_a_challenge_is_told_apart_from_a_plain_refusal(
    serve: Serve, status: int, headers: dict[str, str]
) -> None:
    failure = failed(await get(await serve(answering(status, CHALLENGE.encode(), **headers))), FailureKind.BOT_WALL)
    assert "Cloudflare" in failure.message
