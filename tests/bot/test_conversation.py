"""A subscriber's whole life with the bot: the whole service, over HTTP, from /start to the deletion of everything."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from feeds.newsroom import Newsroom
from storage import filters, news, subscriptions
from storage.database import Database
from storage.model import MeetingStory, Phase
from tests.bot.test_telegram import MEETING_EN, serving, settings
from tests.support.audience import change
from tests.support.bot_rooms import BotRooms, data_of
from tests.support.talking import Clock, Talk


@pytest.fixture
async def newsroom() -> AsyncIterator[Newsroom]:
    """A world that stands still until the test publishes it."""
    async with Newsroom(clock=lambda: 0.0) as newsroom:
        yield newsroom


@pytest.mark.usefixtures("parsed_here")
@pytest.mark.long
async def test_start_follow_alert_follow_up_mute_digest_privacy_and_stop(newsroom: Newsroom, tmp_path: Path) -> None:
    async with BotRooms() as api:
        chosen = settings(tmp_path, api)
        async with serving(chosen, newsroom):
            database = Database(chosen.database_url)
            talk = Talk(api, database, Clock())
            try:
                await _live(talk, newsroom)
            finally:
                database.close()


async def _live(talk: Talk, newsroom: Newsroom) -> None:
    # /start and its three taps
    asked = await talk.says("/start")
    await talk.turns(asked, "v1:sl:en")
    await talk.turns(asked, "v1:sw:all")
    assert "All set" in (await talk.turns(asked, "v1:sh:off")).text

    # the alert
    before = len(talk.api.sent)
    newsroom.advance(9)
    alert = (await talk.api.wait_sent(before + 1, timeout_s=20))[-1]
    assert MEETING_EN in alert.text
    number = data_of(alert)[0].rsplit(":", 1)[1]
    assert data_of(alert)[-1] == f"v1:fm:{number}"

    # the other newsrooms tell the same, in another language: no word about it
    await _until(lambda: len(talk.read(lambda c: news.meeting(c, int(number))).reports) >= 3)
    assert not [one for one in talk.api.sent if "reply_parameters" in one.parameters]

    # its details, and what it is about
    await talk.clicks(alert, f"v1:det:{number}")
    assert "«" in talk.api.sent[-1].text
    await talk.clicks(alert, f"v1:fm:{number}")
    assert "v1:fx" in data_of(talk.api.sent[-1])[0]

    # a change that matters: the alert is rewritten, and a silent reply says what changed
    told = talk.read(lambda c: news.meeting(c, int(number)))
    _cancel(talk, told)
    await _until(lambda: any("❌ Cancelled" in one.text for one in talk.api.sent))
    (reply,) = (one for one in talk.api.sent if "❌ Cancelled" in one.text)
    assert reply.parameters["disable_notification"] == "true"
    assert str(alert.message_id) in reply.parameters["reply_parameters"]
    assert "edit" in _kinds(talk)  # not oftener than once a minute

    # muting it
    assert "Muted" in await talk.clicks(alert, f"v1:mm:{number}")
    assert f"v1:un:story:{number}" in data_of(await talk.says("/mute"))

    # a digest holds the next meeting
    await talk.says("/digest daily 08:00")
    newsroom.advance(17)  # the call of two ministers
    await _until(lambda: "digest" in _held(talk))

    # everything is shown, stopped, and forgotten
    asked = await talk.says("/privacy")
    await talk.clicks(asked, "v1:px")
    assert talk.api.files[0][1] == "kaigi-privacy.json"
    assert "Stopped" in (await talk.says("/stop")).text
    await talk.turns(asked, "v1:pd")
    await talk.turns(asked, "v1:py")
    assert talk.chat() is None
    assert "one message about every new meeting" in (await talk.says("/start")).text
    assert (talk.filters(), talk.tags(), talk.mutes()) == ([filters.MEETINGS], [], [])


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.05)


def _kinds(talk: Talk) -> set[str]:
    """The kinds of messages that the chat was sent or is owed."""
    kept = talk.read(lambda c: subscriptions.export(c, talk.known().id))
    return {one["kind"] for one in kept["messages"]}


def _held(talk: Talk) -> list[str]:
    """What the messages that wait for the chat are held for."""
    kept = talk.read(lambda c: subscriptions.export(c, talk.known().id))
    return [one["held"] for one in kept["messages"] if one["state"] == "queued"]


def _cancel(talk: Talk, told: MeetingStory) -> None:
    facts = told.meeting.facts
    change(talk.database, told.meeting.story_id, facts, replace(facts, phase=Phase.CANCELLED), talk.clock())
