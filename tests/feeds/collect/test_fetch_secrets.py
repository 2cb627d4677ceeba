"""What only the source's own host may know: its headers, its cookie, its word about certificates."""

import pytest
from aiohttp import web

from feeds.collect.asking import is_home
from feeds.observed import Failure, FailureKind, Fetched
from storage.model import FetchOptions, SourceDefinition
from tests.feeds.collect.conftest import Handler, Serve
from tests.feeds.collect.fetching import answering, failed, get, raw_server

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
    assert isinstance(await get(f"{base}/feed", source=_source(base)), Fetched)
    assert seen == [(SECRET, COOKIE, "text/x-own")] * 2


async def test_another_source_and_another_host_learn_nothing_of_them(serve: Serve) -> None:
    seen: list[tuple[str | None, ...]] = []
    base = await serve(_noting(seen))
    assert isinstance(await get(f"{base}/feed", source=_source("http://127.0.0.1:1/feed")), Fetched)
    assert isinstance(await get(f"{base}/feed"), Fetched)
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
    assert isinstance(await get(f"{base}/feed", source=_source(base)), Fetched)
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
    async with raw_server(f"HTTP/1.1 {SECRET} {COOKIE}\r\n\r\n".encode()) as url:
        result = await get(url, source=_source(url))
    assert isinstance(result, Failure)
    assert "s3cret" not in result.message + result.detail
    assert "c00kie" not in result.message + result.detail


def test_a_source_that_is_printed_shows_no_secret() -> None:
    assert "s3cret" not in repr(_source("https://a.example/"))
    assert "c00kie" not in repr(_source("https://a.example/"))


async def test_a_certificate_that_nobody_signed_is_refused_unless_the_source_says_so(serve: Serve) -> None:
    base = await serve(answering(body=b"<rss/>"), tls=True)
    failed(await get(f"{base}/feed", source=_source(base)), FailureKind.TLS)
    assert isinstance(await get(f"{base}/feed", source=_source(base, verify=False)), Fetched)
    failed(await get(f"{base}/feed", source=_source("https://other.example/", verify=False)), FailureKind.TLS)


async def test_http_may_lead_to_https_and_never_back_also_behind_another_redirect(serve: Serve) -> None:
    plain = await serve(answering(body=b"<rss/>"))
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
    arrived = await get(f"{addresses['secure']}/home", source=trusting)
    assert isinstance(arrived, Fetched)
    assert arrived.moved_to == f"{addresses['secure']}/end"
    failed(await get(f"{addresses['secure']}/1", source=trusting), FailureKind.REDIRECT)
    failed(await get(f"{old}/1", source=trusting), FailureKind.TLS)  # it went to https, where nobody vouches for it
