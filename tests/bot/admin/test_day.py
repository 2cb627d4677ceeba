"""An admin's day: the whole service and the real library, over HTTP to a strict Bot API server and a newsroom."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot import config
from bot.app import Service
from feeds.newsroom import Newsroom
from tests.support.bot_api import TOKEN, BotApi, Sent
from tests.support.running import free_port
from tests.support.web import get

BOSS, COLLEAGUE, READER = 77, 88, 55
ADDED = "demo-wire-en"


@dataclass(kw_only=True)
class Day:
    """The service, and those who talk to its bot."""

    api: BotApi
    newsroom: Newsroom
    address: str

    async def says(self, who: int, words: str, until: str = "") -> Sent:
        """Somebody writes; returns the message that answers, when it has `until` in it."""
        before = len(self.api.sent) + len(self.api.edits)
        await self.api.user_says(who, words, language_code="en")
        return await self._answer(who, before, until)

    async def presses(self, who: int, message: Sent, label: str, until: str = "") -> Sent:
        """Somebody presses the button with this label; returns what is shown then."""
        found = [one["callback_data"] for row in message.buttons for one in row if label in one["text"]]
        assert found, (label, message.buttons)
        before = len(self.api.sent) + len(self.api.edits)
        await self.api.user_clicks(message, found[0], language_code="en")
        return await self._answer(who, before, until)

    async def _answer(self, who: int, before: int, until: str) -> Sent:
        async with asyncio.timeout(20):
            while True:
                shown = [one for one in (*self.api.sent, *self.api.edits) if one.chat_id == who and until in one.text]
                new = [one for one in shown if one.at > self._at(before)]
                if new:
                    return max(new, key=lambda one: one.at)
                await asyncio.sleep(0.02)

    def _at(self, count: int) -> float:
        """When the message with this number in all came."""
        moments = sorted(one.at for one in (*self.api.sent, *self.api.edits))
        return moments[count - 1] if count else 0.0

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not await asyncio.to_thread(true):
                await asyncio.sleep(0.05)


@pytest.fixture
async def day(tmp_path: Path, parsed_here: None) -> AsyncIterator[Day]:
    async with BotApi() as api, Newsroom(clock=lambda: 0.0) as newsroom:
        settings = config.Settings(
            database_url=f"sqlite:///{tmp_path / 'kaigi.db'}",
            web=config.Web(port=free_port()),
            telegram=config.Telegram(token=TOKEN, api_url=api.url, admins=(BOSS,)),  # type: ignore[arg-type]
            fetch=config.Fetch(allow_private_networks=True),
            poll=config.Poll(min_interval="1s"),  # type: ignore[arg-type]
            language="en",
        )
        definitions = tuple(one for one in newsroom.definitions() if one.key != ADDED)
        service = Service(settings=settings, definitions=definitions, tick=0.1)
        task = asyncio.create_task(service.run())
        day = Day(api=api, newsroom=newsroom, address=f"http://127.0.0.1:{settings.web.port}")
        try:
            await day.until(lambda: task.done() or sources_seen(day.address) == len(definitions))
            yield day
        finally:
            service.stop()
            await asyncio.wait_for(task, 12)


def sources_seen(address: str) -> int:
    try:
        if '"telegram":"ok"' not in get(f"{address}/readyz").text:
            return 0
        return len(set(re.findall(r'term="([a-z0-9-]+)"', get(f"{address}/feeds/everything.atom").text)))
    except OSError:
        return 0


async def test_a_day_of_an_admin_from_the_invitation_of_a_colleague_to_the_goodbye(day: Day) -> None:
    # A colleague is invited, once.
    link = await day.says(BOSS, "/invite", "start=inv_")
    word = re.search(r"start=(inv_[\w-]+)", link.text)
    assert word is not None
    await day.says(COLLEAGUE, f"/start {word[1]}", "Welcome")
    await day.says(READER, f"/start {word[1]}", "was used")
    scopes = [scope for scope, _ in day.api.commands if f'"chat_id": {COLLEAGUE}' in scope or f'"{COLLEAGUE}"' in scope]
    assert scopes
    # The colleague looks at a newsroom and adds it; both go on in the background.
    url = next(one.url for one in day.newsroom.definitions() if one.key == ADDED)
    await day.says(COLLEAGUE, f"/source check {url}", "Defence Wire")
    added = await day.says(COLLEAGUE, f"/source add {url} wire", "Added. It is read now.")
    await day.until(lambda: 'term="wire"' in get(f"{day.address}/feeds/everything.atom").text)
    # A filter is tried and added.
    await day.says(BOSS, "/filter test is:meeting", "articles")
    await day.says(BOSS, "/filter add japan country:JP is:meeting", "Added")
    # The admins ask why a meeting was told, or was not.
    story = re.search(r"/meetings/(\d+)", (await asyncio.to_thread(get, f"{day.address}/")).text)
    assert story is not None
    why = await day.says(BOSS, f"/why {story[1]}", "Seen?")
    assert "ministerial-meetings" in why.text
    # A fact is corrected, and taken back.
    done = await day.says(BOSS, f"/correct {story[1]} set city=Manila", "Manila")
    await day.presses(BOSS, done, "Undo", "Took back")
    await day.says(BOSS, "/review")
    # Words for all, after a look at them.
    draft = await day.says(BOSS, "/broadcast The service rests tonight.", "The service rests")
    if draft.buttons:
        await day.presses(BOSS, draft, "Send to", "On its way")
    # What was done is told, and what can be taken back is taken back.
    await day.says(BOSS, "/stats", "Figures")
    await day.says(BOSS, "/health", "collector: ok")
    trail = await day.says(BOSS, "/audit", "source_add")
    assert "filter_add" in trail.text
    assert "/source" not in trail.text
    await day.presses(COLLEAGUE, added, "Undo", "Took back")
    # The colleague leaves.
    admins = await day.says(BOSS, "/admins", "invited by")
    await day.presses(BOSS, admins, "Remove", "Removed")
    refused = await day.says(COLLEAGUE, "/filters")
    unknown = await day.says(COLLEAGUE, "/nosuchcommand")
    assert refused.text == unknown.text
