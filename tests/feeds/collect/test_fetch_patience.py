"""How much time a server gets, and the pauses between two requests to one host."""

import asyncio
import contextlib

import pytest
from aiohttp import web

from feeds.collect.fetch import FEED_ACCEPT, PAGE_ACCEPT, Fetcher
from feeds.observed import FailureKind, Fetched, FetchResult
from tests.feeds.collect.conftest import Handler, Serve
from tests.feeds.collect.fetching import answering, failed, get, raw_server


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
        failed(await _get_quickly(base, answer_s=0.5, total_s=total_s), FailureKind.TIMEOUT)


async def test_an_error_page_that_drips_still_tells_its_error(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feeds.collect.fetch._ERROR_PAGE_S", 0.2)

    async def gone(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=410)
        await response.prepare(request)
        for _ in range(100):
            await response.write(b"x")
            await asyncio.sleep(0.1)
        return response

    failed(await get(await serve(gone)), FailureKind.GONE)


async def test_informational_answers_without_end_are_cut_off_and_a_few_are_fine() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    document = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<rss/>"
    async with asyncio.timeout(5), raw_server(early * 5_000 + document) as url:
        failed(await get(url), FailureKind.NETWORK)
    async with raw_server(early * 3 + document) as url:
        assert isinstance(await get(url), Fetched)


async def _starts(serve: Serve, accept: str, *, space_loopback: bool) -> int:
    """How many of three requests were begun within the time of a long pause."""
    base = await serve(answering(body=b"<rss/>"))
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
