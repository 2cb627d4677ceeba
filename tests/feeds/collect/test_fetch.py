"""Fetching from real servers on loopback that do everything a server can do wrong."""

import asyncio
import contextlib
import gzip
import socket
import time
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import ada_url
import brotli
import pytest
from aiohttp import web

from feeds.collect.asking import following, is_home
from feeds.collect.failures import MAX_RETRY_AFTER_S, retry_after
from feeds.collect.fetch import FEED_ACCEPT, PAGE_ACCEPT, Fetcher
from feeds.observed import Failure, FailureKind, Fetched, FetchResult, NotModified
from storage.model import FetchOptions, SourceDefinition
from tests.feeds.collect.conftest import Handler, Serve

CHALLENGE = (
    "<!DOCTYPE html><html><head><title>Just a moment...</title></head><script>window._cf_chl_opt={}</script></html>"
)


async def _get(
    url: str, timeout_s: float = 5, source: SourceDefinition | None = None, **validators: str
) -> FetchResult:
    async with Fetcher(
        user_agent="kaigi-tests",
        allow_private_networks=True,
        max_body_bytes=100_000,
        total_timeout_s=timeout_s,
        read_timeout_s=0.4,
    ) as fetcher:
        return await fetcher.fetch(url, source=source, **validators)


def _answering(status: int = 200, body: bytes = b"", **headers: str) -> Handler:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return handler


def _failed(result: FetchResult, kind: FailureKind) -> Failure:
    assert isinstance(result, Failure), result
    assert result.kind is kind, result
    assert "\n" not in result.message
    assert len(result.message) < 160
    return result


async def test_a_document_comes_with_its_validators_and_type(serve: Serve) -> None:
    handler = _answering(body="<rss>会談</rss>".encode(), ETag='W/"7"', Last_Modified="Thu, 20 Nov 2025 01:00:00 GMT")
    result = await _get(await serve(handler) + "/feed")
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
    assert isinstance(await _get(base, etag='"7"', last_modified="yesterday"), NotModified)
    assert seen == [('"7"', "yesterday")]
    _failed(await _get(base), FailureKind.NETWORK)


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
    failure = _failed(await _get(await serve(_answering(status, b"<html>no</html>"))), kind)
    assert str(status) in failure.message


async def test_a_server_that_asks_us_to_wait_is_heard(serve: Serve) -> None:
    failure = _failed(await _get(await serve(_answering(429, Retry_After="120"))), FailureKind.RATE_LIMITED)
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
    _failed(await _get(await serve(_answering(200, body))), FailureKind.EMPTY)


async def test_a_document_over_the_cap_is_refused_by_its_length_or_while_reading(serve: Serve) -> None:
    _failed(await _get(await serve(_answering(200, b"x" * 100_001))), FailureKind.TOO_LARGE)

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(b"x" * 65_536)
        return response

    _failed(await _get(await serve(endless)), FailureKind.TOO_LARGE)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
async def test_a_bomb_is_stopped_at_the_cap_of_decompressed_bytes(serve: Serve, encoding: str) -> None:
    zeros = bytes(20_000_000)
    bomb = {"gzip": gzip, "deflate": zlib, "br": brotli}[encoding].compress(zeros)
    assert len(bomb) < 100_000
    _failed(await _get(await serve(_answering(200, bomb, Content_Encoding=encoding))), FailureKind.TOO_LARGE)


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
async def test_a_body_that_does_not_decompress_is_a_failure(serve: Serve, encoding: str) -> None:
    _failed(await _get(await serve(_answering(200, b"not compressed", Content_Encoding=encoding))), FailureKind.NETWORK)


async def test_a_server_that_drips_is_left_at_the_deadline(serve: Serve) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b"x")
            await asyncio.sleep(0.05)
        return response

    async with asyncio.timeout(4):
        _failed(await _get(await serve(drip), timeout_s=0.5), FailureKind.TIMEOUT)


@contextlib.asynccontextmanager
async def _raw_server(answer: bytes | None) -> AsyncIterator[str]:
    """Send bytes instead of HTTP, or nothing at all; every connection is gone when the block ends."""
    open_now: set[asyncio.StreamWriter] = set()
    all_gone = asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_now.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            if answer is None:
                await reader.read()
            else:
                writer.write(answer)
                await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        open_now.discard(writer)
        if not open_now:
            all_gone.set()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        await all_gone.wait()


async def test_a_server_that_falls_silent_is_left_after_the_read_timeout() -> None:
    async with asyncio.timeout(4), _raw_server(None) as url:
        _failed(await _get(url), FailureKind.TIMEOUT)


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
    async with _raw_server(answer) as url:
        _failed(await _get(url), FailureKind.NETWORK)


async def test_redirects_are_followed_up_to_five(serve: Serve) -> None:
    async def down(request: web.Request) -> web.Response:
        left = int(request.path.strip("/"))
        if left == 0:
            return web.Response(text="<rss/>")
        return web.Response(status=302, headers={"Location": f"/{left - 1}"})

    base = await serve(down)
    arrived = await _get(base + "/5")
    assert isinstance(arrived, Fetched)
    assert arrived.url == base + "/0"
    _failed(await _get(base + "/6"), FailureKind.REDIRECT)


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
    arrived = await _get(base + "/0", etag='"1"')
    assert not isinstance(arrived, Failure)
    assert arrived.moved_to == (f"{base}/{len(statuses)}" if moved else None)


@pytest.mark.parametrize(
    "location", ["", "ftp://example.com/", "javascript:alert(1)", "file:///etc/passwd", "http://[::x/"]
)
async def test_a_redirect_to_what_is_no_web_address_is_not_followed(serve: Serve, location: str) -> None:
    _failed(await _get(await serve(_answering(301, Location=location))), FailureKind.REDIRECT)


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
    result = await _get(url)
    assert isinstance(result, Fetched)
    assert seen[0] is not None
    assert seen[1] is None
    assert "s3cret" not in result.url


@pytest.mark.parametrize(
    "address", ["http://reader:s3cret@127.0.0.1:1/", "http://reader:s3cret@host.invalid/", "gopher://reader:s3cret@x/"]
)
async def test_a_failure_never_tells_credentials(address: str) -> None:
    result = await _get(address)
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
    _failed(await _get(address), kind)


async def test_https_to_a_server_without_tls_is_a_tls_failure(serve: Serve) -> None:
    base = await serve(_answering(200, b"<rss/>"))
    _failed(await _get(base.replace("http:", "https:")), FailureKind.TLS)


@pytest.mark.parametrize(("status", "headers"), [(403, {"Cf-Mitigated": "challenge"}), (503, {}), (403, {}), (200, {})])
async def test_a_challenge_is_told_apart_from_a_plain_refusal(
    serve: Serve, status: int, headers: dict[str, str]
) -> None:
    failure = _failed(await _get(await serve(_answering(status, CHALLENGE.encode(), **headers))), FailureKind.BOT_WALL)
    assert "Cloudflare" in failure.message


# --- the guard in place ---


async def _get_guarded(url: str) -> FetchResult:
    async with Fetcher(user_agent="kaigi-tests", total_timeout_s=3) as fetcher:
        return await fetcher.fetch(url)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "0",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "１２７.０.０.１",
    ],
)
async def test_no_spelling_of_this_machine_is_reached(serve: Serve, host: str) -> None:
    hits: list[str] = []

    async def canary(request: web.Request) -> web.Response:
        hits.append(request.path)
        return web.Response(text="<rss/>")

    port = (await serve(canary)).rpartition(":")[2]
    _failed(await _get_guarded(f"http://{host}:{port}/"), FailureKind.BLOCKED_ADDRESS)
    assert not hits


async def test_a_public_site_cannot_redirect_or_rebind_us_into_a_private_network(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    hits: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        hits.append(request.path)
        return web.Response(status=302, headers={"Location": f"http://inner.example:{port}/inner"})

    port = (await serve(handler)).rpartition(":")[2]
    names: list[str] = []

    def look_up(host: str, port: int, **_: object) -> list[object]:
        names.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr("feeds.collect.resolve.socket.getaddrinfo", look_up)
    # "outer" stands for a public host: the guard lets its first connection pass, as if the name had been rebound later.
    answers = iter([True])
    monkeypatch.setattr("feeds.collect.guard.is_public", lambda _: next(answers, False))
    monkeypatch.setattr("feeds.collect.guard.PORTS", {int(port)})
    _failed(await _get_guarded(f"http://outer.example:{port}/outer"), FailureKind.BLOCKED_ADDRESS)
    assert hits == ["/outer"]
    assert names == ["outer.example", "inner.example"]


async def test_https_is_never_given_up_for_http() -> None:
    down = following(ada_url.URL("https://news.example/"), "http://news.example/")
    assert isinstance(down, Failure)
    assert down.kind is FailureKind.REDIRECT
    assert not isinstance(following(ada_url.URL("https://news.example/"), "/rss"), Failure)


async def test_a_silent_name_server_costs_the_connect_timeout_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(*_: object, **__: object) -> list[object]:
        time.sleep(1)
        return []

    monkeypatch.setattr("feeds.collect.resolve.socket.getaddrinfo", look_up)
    async with Fetcher(user_agent="kaigi-tests", connect_timeout_s=0.1) as fetcher:
        _failed(await fetcher.fetch("http://slow.example/"), FailureKind.DNS)


async def test_at_most_two_requests_go_to_one_host_and_waiting_does_not_count_as_slow(serve: Serve) -> None:
    now_there = most = 0

    async def handler(_: web.Request) -> web.Response:
        nonlocal now_there, most
        now_there += 1
        most = max(most, now_there)
        await asyncio.sleep(0.1)
        now_there -= 1
        return web.Response(text="<rss/>")

    base = await serve(handler)
    async with Fetcher(user_agent="kaigi-tests", allow_private_networks=True, total_timeout_s=0.45) as fetcher:
        results = await asyncio.gather(*(fetcher.fetch(f"{base}/{n}") for n in range(12)))
    assert all(isinstance(result, Fetched) for result in results)
    assert most == 2


async def test_cancelling_a_fetch_cancels_it(serve: Serve) -> None:
    async def forever(_: web.Request) -> web.Response:
        await asyncio.sleep(3)
        return web.Response()

    base = await serve(forever)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await _get(base)


async def test_a_body_that_breaks_off_inside_its_packing_is_a_failure_unless_only_its_end_is_missing(
    serve: Serve,
) -> None:
    text = ("<rss>" + "".join(f"<item>{number**9}</item>" for number in range(900)) + "</rss>").encode()
    whole = gzip.compress(text)
    half = await _get(await serve(_answering(200, whole[: len(whole) // 2], Content_Encoding="gzip")))
    _failed(half, FailureKind.NETWORK)
    without_sum = await _get(await serve(_answering(200, whole[:-8], Content_Encoding="gzip")))
    assert isinstance(without_sum, Fetched)
    assert without_sum.body == text


# --- how much time a server gets ---


async def _get_quickly(url: str, answer_s: float, total_s: float) -> FetchResult:
    async with Fetcher(
        user_agent="kaigi-tests", allow_private_networks=True, answer_timeout_s=answer_s, total_timeout_s=total_s
    ) as fetcher:
        return await fetcher.fetch(url)


def _sending(piece: bytes, times: int, pause_s: float) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(times):
            await response.write(piece)
            await asyncio.sleep(pause_s)
        return response

    return handler


async def test_a_slow_document_that_keeps_coming_is_heard_out(serve: Serve) -> None:
    base = await serve(_sending(b"x" * 8_000, 12, 0.1))
    result = await _get_quickly(base, answer_s=0.5, total_s=20)
    assert isinstance(result, Fetched)
    assert len(result.body) == 96_000


@pytest.mark.parametrize(("piece", "total_s"), [(b"x", 20), (b"x" * 16_384, 1)], ids=["drips", "never ends"])
async def test_a_document_that_drips_or_never_ends_is_left(serve: Serve, piece: bytes, total_s: float) -> None:
    base = await serve(_sending(piece, 10_000, 0.1))
    async with asyncio.timeout(8):
        _failed(await _get_quickly(base, answer_s=0.5, total_s=total_s), FailureKind.TIMEOUT)


async def test_an_error_page_that_drips_still_tells_its_error(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feeds.collect.fetch._ERROR_PAGE_S", 0.2)

    async def gone(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=410)
        await response.prepare(request)
        for _ in range(100):
            await response.write(b"x")
            await asyncio.sleep(0.1)
        return response

    _failed(await _get(await serve(gone)), FailureKind.GONE)


async def test_informational_answers_without_end_are_cut_off_and_a_few_are_fine() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    document = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<rss/>"
    async with asyncio.timeout(5), _raw_server(early * 5_000 + document) as url:
        _failed(await _get(url), FailureKind.NETWORK)
    async with _raw_server(early * 3 + document) as url:
        assert isinstance(await _get(url), Fetched)


# --- what only the source's own host may know ---

SECRET = "Bearer t0p-s3cret"
COOKIE = "session=c00kie"


def _source(url: str, verify: bool = True) -> SourceDefinition:
    options = FetchOptions(headers=(("Authorization", SECRET), ("accept", "text/x-own")), cookie=COOKIE, verify=verify)
    return SourceDefinition(key="own", url=url, name="own", fetch=options)


def _noting(seen: list[tuple[str | None, ...]], location: str = "") -> Handler:
    async def handler(request: web.Request) -> web.Response:
        names = ("Authorization", "Cookie", "Accept")
        seen.append(tuple(request.headers.get(name) for name in names))
        if location and request.path != "/end":
            return web.Response(status=302, headers={"Location": location})
        return web.Response(text="<rss/>")

    return handler


async def test_a_source_is_asked_with_its_own_headers_and_cookie_also_behind_a_redirect_on_its_host(
    serve: Serve,
) -> None:
    seen: list[tuple[str | None, ...]] = []
    base = await serve(_noting(seen, "/end"))
    assert isinstance(await _get(f"{base}/feed", source=_source(base)), Fetched)
    assert seen == [(SECRET, COOKIE, "text/x-own")] * 2


async def test_another_source_and_another_host_learn_nothing_of_them(serve: Serve) -> None:
    seen: list[tuple[str | None, ...]] = []
    base = await serve(_noting(seen))
    assert isinstance(await _get(f"{base}/feed", source=_source("http://127.0.0.1:1/feed")), Fetched)
    assert isinstance(await _get(f"{base}/feed"), Fetched)
    assert {(one[0], one[1]) for one in seen} == {(None, None)}


async def test_a_redirect_to_another_host_drops_them_for_good(serve: Serve) -> None:
    """Also when it leads back: a stranger must not choose what is asked in the operator's name."""
    at_home: list[tuple[str | None, ...]] = []
    abroad: list[tuple[str | None, ...]] = []
    addresses: dict[str, str] = {}

    async def home(request: web.Request) -> web.StreamResponse:
        return await _noting(at_home, addresses["abroad"])(request)

    base = await serve(home)
    addresses["abroad"] = await serve(_noting(abroad, f"{base}/end"), "127.0.0.2")
    assert isinstance(await _get(f"{base}/feed", source=_source(base)), Fetched)
    assert [one[0] for one in at_home] == [SECRET, None]
    assert [(one[0], one[1]) for one in abroad] == [(None, None)]


@pytest.mark.parametrize(
    ("home", "target", "holds"),
    [
        ("https://a.example/rss", "https://a.example/news/1", True),
        ("http://a.example/rss", "https://a.example/rss", True),
        ("https://a.example/rss", "http://a.example/rss", False),
        ("https://a.example/rss", "https://a.example:8443/rss", False),
        ("https://a.example:8443/rss", "https://a.example/rss", False),
        ("https://a.example/rss", "https://www.a.example/rss", False),
        ("https://a.example/rss", "https://a.example.evil.example/rss", False),
        ("https://a.example/rss", "https://a.example@evil.example/rss", False),
        ("https://A.example./rss", "https://a.example./rss", True),
    ],
)
def test_the_own_host_is_the_same_name_and_port_and_no_worse_protected(home: str, target: str, holds: bool) -> None:
    assert is_home(_source(home), target) is holds


async def test_a_server_that_repeats_a_secret_does_not_get_it_into_our_words() -> None:
    async with _raw_server(f"HTTP/1.1 {SECRET} {COOKIE}\r\n\r\n".encode()) as url:
        result = await _get(url, source=_source(url))
    assert isinstance(result, Failure)
    assert "s3cret" not in result.message + result.detail
    assert "c00kie" not in result.message + result.detail


def test_a_source_that_is_printed_shows_no_secret() -> None:
    assert "s3cret" not in repr(_source("https://a.example/"))
    assert "c00kie" not in repr(_source("https://a.example/"))


async def test_a_certificate_that_nobody_signed_is_refused_unless_the_source_says_so(serve: Serve) -> None:
    base = await serve(_answering(body=b"<rss/>"), tls=True)
    _failed(await _get(f"{base}/feed", source=_source(base)), FailureKind.TLS)
    assert isinstance(await _get(f"{base}/feed", source=_source(base, verify=False)), Fetched)
    _failed(await _get(f"{base}/feed", source=_source("https://other.example/", verify=False)), FailureKind.TLS)


async def test_http_may_lead_to_https_and_never_back_also_behind_another_redirect(serve: Serve) -> None:
    plain = await serve(_answering(body=b"<rss/>"))
    addresses: dict[str, str] = {}

    async def secure(request: web.Request) -> web.Response:
        onward = {"/1": "/2", "/2": plain, "/home": "/end"}.get(request.path)
        if onward:
            return web.Response(status=301, headers={"Location": onward})
        return web.Response(text="<rss/>")

    async def upgrade(request: web.Request) -> web.Response:
        return web.Response(status=301, headers={"Location": addresses["secure"] + request.path})

    addresses["secure"] = await serve(secure, tls=True)
    old = await serve(upgrade)
    trusting = SourceDefinition(key="a", url=addresses["secure"], name="a", fetch=FetchOptions(verify=False))
    arrived = await _get(f"{addresses['secure']}/home", source=trusting)
    assert isinstance(arrived, Fetched)
    assert arrived.moved_to == f"{addresses['secure']}/end"
    _failed(await _get(f"{addresses['secure']}/1", source=trusting), FailureKind.REDIRECT)
    _failed(await _get(f"{old}/1", source=trusting), FailureKind.TLS)  # it went to https, where nobody vouches for it


# --- pauses between two starts ---


async def _starts(serve: Serve, accept: str, *, space_loopback: bool) -> int:
    """How many of three requests were begun within the time of a long pause."""
    base = await serve(_answering(body=b"<rss/>"))
    begun = 0
    async with Fetcher(
        user_agent="kaigi-tests",
        allow_private_networks=True,
        page_spacing_s=30,
        feed_spacing_s=0.01,
        space_loopback=space_loopback,
    ) as fetcher:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.5):
                for _ in range(3):
                    await fetcher.fetch(base, accept=accept)
                    begun += 1
    return begun


@pytest.mark.parametrize(
    ("accept", "space_loopback", "begun"), [(PAGE_ACCEPT, True, 1), (FEED_ACCEPT, True, 3), (PAGE_ACCEPT, False, 3)]
)
async def test_pages_of_one_host_are_asked_for_with_a_pause_feeds_quicker_and_this_machine_at_once(
    serve: Serve, accept: str, space_loopback: bool, begun: int
) -> None:
    assert await _starts(serve, accept, space_loopback=space_loopback) == begun
