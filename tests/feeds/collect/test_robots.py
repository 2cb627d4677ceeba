"""Pages are read only where robots.txt lets us."""

import pytest
from aiohttp import web

from feeds.collect.fetch import Fetcher
from feeds.collect.robots import KEEP_FAILURE_S, KEEP_S, MAX_DELAY_S, Robots
from feeds.observed import Failure, FailureKind
from storage.model import FetchOptions, SourceDefinition
from tests.feeds.collect.conftest import Serve

RULES = "User-agent: *\nDisallow: /private/\n\nUser-agent: kaigi\nDisallow: /drafts/\nAllow: /drafts/open\n"


class Host:
    """A host whose robots.txt the test chooses, and a clock that it moves."""

    def __init__(self, status: int = 200, text: str = RULES) -> None:
        self.status, self.text = status, text
        self.asked = 0
        self.cookies: list[str | None] = []
        self.now = 0.0

    async def answer(self, request: web.Request) -> web.Response:
        assert request.path == "/robots.txt"
        self.asked += 1
        self.cookies.append(request.headers.get("Cookie"))
        return web.Response(status=self.status, text=self.text)


async def _refusal(host: Host, serve: Serve, *paths: str) -> list[Failure | None]:
    base = await serve(host.answer)
    async with Fetcher(user_agent="Kaigi/0.1", allow_private_networks=True) as fetcher:
        robots = Robots(fetcher, clock=lambda: host.now)
        return [await robots.refusal(base + path) for path in paths]


async def test_our_own_rules_go_before_those_for_everybody(serve: Serve) -> None:
    refusals = await _refusal(Host(), serve, "/news/1", "/private/1", "/drafts/1", "/drafts/open")
    assert [refusal is None for refusal in refusals] == [True, True, False, True]
    assert refusals[2] is not None
    assert (refusals[2].kind, "robots.txt" in refusals[2].message) == (FailureKind.FORBIDDEN, True)


@pytest.mark.parametrize("status", [404, 401, 403, 410])
async def test_without_a_robots_txt_everything_may_be_read(serve: Serve, status: int) -> None:
    assert await _refusal(Host(status), serve, "/drafts/1") == [None]


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_while_it_cannot_be_reached_nothing_is_read(serve: Serve, status: int) -> None:
    (refusal,) = await _refusal(Host(status), serve, "/news/1")
    assert refusal is not None
    assert refusal.kind is FailureKind.NETWORK


async def test_it_is_asked_once_a_day_and_sooner_after_a_failure(serve: Serve) -> None:
    host = Host()
    base = await serve(host.answer)
    async with Fetcher(user_agent="Kaigi/0.1", allow_private_networks=True) as fetcher:
        robots = Robots(fetcher, clock=lambda: host.now)
        for _ in range(3):
            await robots.refusal(f"{base}/news/1")
        assert host.asked == 1
        host.now, host.status = KEEP_S + 1, 500
        await robots.refusal(f"{base}/news/1")
        host.now += KEEP_FAILURE_S + 1
        await robots.refusal(f"{base}/news/1")
        assert host.asked == 3


@pytest.mark.parametrize(
    ("asked", "pause_s"), [("7", 7.0), ("0.5", 0.5), ("86400", MAX_DELAY_S), ("-3", 0.0), ("x", 0.0)]
)
async def test_the_pause_that_a_host_asks_for_is_kept_up_to_a_cap(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, asked: str, pause_s: float
) -> None:
    told: list[float] = []
    monkeypatch.setattr(Fetcher, "space_out", lambda _self, _url, seconds: told.append(seconds))
    assert await _refusal(Host(text=f"User-agent: *\nCrawl-delay: {asked}\n"), serve, "/1", "/2") == [None, None]
    assert told == [pause_s]


async def test_it_is_read_as_the_source_is_with_its_cookie_and_tls_options(serve: Serve) -> None:
    host = Host()
    base = await serve(host.answer, tls=True)
    options = FetchOptions(cookie="a=b", verify=False)
    trusting = SourceDefinition(key="a", url=f"{base}/news", name="a", fetch=options)
    async with Fetcher(user_agent="Kaigi/0.1", allow_private_networks=True) as fetcher:
        robots = Robots(fetcher, clock=lambda: host.now)
        strict = await robots.refusal(f"{base}/news/1")
        assert strict is not None
        assert strict.kind is FailureKind.NETWORK
        assert await robots.refusal(f"{base}/news/1", trusting) is None
    assert host.cookies == ["a=b"]


async def test_nonsense_in_robots_txt_forbids_nothing(serve: Serve) -> None:
    assert await _refusal(Host(text="\x00\xff<html>" * 1000), serve, "/news/1") == [None]
