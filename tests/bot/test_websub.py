"""The whole service and a hub: found, asked, verified, pushed, polled, shown, left."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.support.commands import kaigi
from tests.support.hub import Hub
from tests.support.running import free_port, running
from tests.support.web import get

TOPIC = "https://ministry.example/feed.xml"


class Ministry:
    """A feed of one article, and of another when the test says so; its hub is named in a header."""

    def __init__(self, hub: str) -> None:
        self.hub, self.articles, self.url = hub, ["An old article"], ""

    async def answer(self, _request: web.Request) -> web.Response:
        items = "".join(f"<item><title>{title}</title><guid>{title}</guid></item>" for title in self.articles)
        links = f'<{self.hub}>; rel="hub", <{TOPIC}>; rel="self"'
        body = f"<rss version='2.0'><channel>{items}</channel></rss>"
        return web.Response(text=body, content_type="application/rss+xml", headers={"Link": links})


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    async with Hub() as hub:
        yield hub


@pytest.fixture
async def ministry(hub: Hub) -> AsyncIterator[Ministry]:
    ministry = Ministry(hub.url)
    app = web.Application()
    app.router.add_get("/feed.xml", ministry.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ministry.url = f"http://127.0.0.1:{runner.addresses[0][1]}/feed.xml"
    yield ministry
    await runner.cleanup()


@pytest.mark.long
async def test_a_push_brings_an_article_within_moments_that_the_next_poll_would_bring_in_a_day(
    tmp_path: Path, hub: Hub, ministry: Ministry
) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    file = tmp_path / "sources.toml"
    file.write_text(f'[[source]]\nkey = "ministry"\nurl = "{ministry.url}"\nname = "Ministry"\n')
    settings = {
        "KAIGI_WEB__PORT": str(port),
        "KAIGI_PUBLIC_URL": address,
        "KAIGI_FETCH__ALLOW_PRIVATE_NETWORKS": "true",
        "KAIGI_POLL__DEFAULT_INTERVAL": "1d",
        "KAIGI_SOURCES_FILE": str(file),
    }
    with running(tmp_path, "run", **settings) as service:

        async def until(true: object, what: str) -> None:
            await asyncio.to_thread(service.wait_for, true, what, 90)  # type: ignore[arg-type]

        await until(lambda: any(v.right for v in hub.verifications), "the verification")
        ministry.articles.insert(0, "A fresh article")
        assert await hub.distribute(TOPIC) == [202]
        await until(lambda: "A fresh article" in get(f"{address}/feeds/everything.atom").text, "the pushed article")
        assert await hub.distribute(TOPIC, sign="forged") == [202]
        assert await hub.distribute(TOPIC) == [202]
        listed = await asyncio.to_thread(kaigi, "sources", "list", "--json", folder=tmp_path, **settings)
        assert json.loads(listed.stdout)["pushed"] is True
        shown = json.loads(listed.stdout)["hub"]
        assert (shown["state"], shown["pushes"], shown["refused"], shown["topic"]) == ("active", 2, 1, TOPIC)
        table = await asyncio.to_thread(kaigi, "sources", "list", folder=tmp_path, **settings)
        assert "ok, pushed" in table.stdout
        await asyncio.to_thread(kaigi, "sources", "pause", "ministry", folder=tmp_path, **settings)
        await until(lambda: not hub.subscribers, "the farewell")
        assert await asyncio.to_thread(service.stop) == 0
        log = service.err.read_text()
        assert "Traceback" not in log
        for form in hub.forms:
            assert form["hub.callback"].rpartition("/")[2] not in log
            assert form.get("hub.secret", "no secret") not in log
