"""The guard in place: no spelling, redirect or name leads into a private network; turns at one host."""

import asyncio
import gzip
import socket
import time

import pytest
from aiohttp import web

from feeds.collect.asking import following
from feeds.collect.fetch import Fetcher
from feeds.collect.request import place_of
from feeds.observed import Failure, FailureKind, Fetched, FetchResult
from tests.feeds.collect.conftest import Serve
from tests.feeds.collect.fetching import answering, failed, get


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
    failed(await _get_guarded(f"http://{host}:{port}/"), FailureKind.BLOCKED_ADDRESS)
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
    failed(await _get_guarded(f"http://outer.example:{port}/outer"), FailureKind.BLOCKED_ADDRESS)
    assert hits == ["/outer"]
    assert names == ["outer.example", "inner.example"]


async def test_https_is_never_given_up_for_http() -> None:
    down = following(place_of("https://news.example/"), "http://news.example/")
    assert isinstance(down, Failure)
    assert down.kind is FailureKind.REDIRECT
    assert not isinstance(following(place_of("https://news.example/"), "/rss"), Failure)


@pytest.mark.parametrize(
    ("location", "address"),
    [
        ("/2", "http://me:mine@a.example/2"),
        ("http://reader:word@a.example/2", "http://reader:word@a.example/2"),
        ("http://reader:word@b.example/2?x#y", "http://b.example/2?x#y"),
        ("http://reader@a.example:8080/", "http://a.example:8080/"),
        ("//b.example", "http://b.example/"),
    ],
)
def test_a_redirect_brings_credentials_only_for_the_host_it_comes_from(location: str, address: str) -> None:
    target = following(place_of("http://me:mine@a.example/1"), location)
    assert not isinstance(target, Failure)
    assert target.href == address
    assert target == place_of(address)


async def test_a_silent_name_server_costs_the_connect_timeout_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(*_: object, **__: object) -> list[object]:
        time.sleep(1)
        return []

    monkeypatch.setattr("feeds.collect.resolve.socket.getaddrinfo", look_up)
    async with Fetcher(user_agent="kaigi-tests", connect_timeout_s=0.1) as fetcher:
        failed(await fetcher.fetch("http://slow.example/"), FailureKind.DNS)


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
            await get(base)


async def test_a_body_that_breaks_off_inside_its_packing_is_a_failure_unless_only_its_end_is_missing(
    serve: Serve,
) -> None:
    text = ("<rss>" + "".join(f"<item>{number**9}</item>" for number in range(900)) + "</rss>").encode()
    whole = gzip.compress(text)
    half = await get(await serve(answering(200, whole[: len(whole) // 2], Content_Encoding="gzip")))
    failed(half, FailureKind.NETWORK)
    without_sum = await get(await serve(answering(200, whole[:-8], Content_Encoding="gzip")))
    assert isinstance(without_sum, Fetched)
    assert without_sum.body == text
