"""Every kind of message, over HTTP to the strict server: how it looks there, and what its refusals mean."""

import json
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from telegram import Bot

from bot.outcomes import Dropped, Moved, NotSent, Outcome, Refused, Sent, Unknown
from bot.sender import TelegramSender
from storage.contents import Content
from storage.model import Channel, Chat, Delivery, DeliveryKind, DeliveryState, Phase
from tests.support.bot_api import BotApi
from tests.support.bot_limits import Fault, Limits
from tests.support.build import NOW, facts, report, story

CHAT = Chat(id=1, channel=Channel.TELEGRAM, address="5", language="en", time_zone="UTC")
FORUM = -100_5


class Holder:
    """A bot that is ready."""

    def __init__(self, bot: Bot) -> None:
        self.ready_bot: Bot | None = bot


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with BotApi() as api:
        api.add_chat(5)
        api.add_chat(FORUM)
        yield api


@pytest.fixture
async def sender(api: BotApi) -> AsyncIterator[TelegramSender]:
    async with Bot(api.token, base_url=f"{api.url}/bot") as bot:
        yield TelegramSender(Holder(bot), "https://kaigi.example")


def owed(kind: DeliveryKind = DeliveryKind.ALERT, address: str = "5", **words: Any) -> Delivery:
    usual = {"story_id": 7, "version": 1, "state": DeliveryState.SENDING, "not_before": NOW, "created_at": NOW}
    return Delivery(id=1, chat=replace(CHAT, address=address), kind=kind, **{**usual, **words})


def told(**fields: Any) -> Content:
    return Content(story=story(facts(**fields)))


async def arrived(outcome: Outcome) -> str:
    assert isinstance(outcome, Sent)
    assert outcome.message_id is not None
    return outcome.message_id


@pytest.mark.parametrize(
    "result",
    [
        None,
        True,
        {},
        {"message_id": 3},
        {"message_id": 3, "date": 10**14, "chat": {"id": 5, "type": "private"}},
        "words",
    ],
    ids=["nothing", "yes", "empty", "no date", "a date in milliseconds", "words"],
)
async def test_an_ok_with_an_answer_that_is_no_message_may_have_arrived_and_is_not_sent_five_times(
    api: BotApi, sender: TelegramSender, result: object
) -> None:
    api._faults["sendMessage"].append(Fault(error={"ok": True, "result": result}))
    assert isinstance(await sender.send(owed(), told()), Unknown)
    api._faults["sendMessage"].append(Fault(error={"ok": True, "result": result}))
    assert isinstance(await sender.tell("5", "words"), Unknown)
    number = await arrived(await sender.send(owed(), told(phase=Phase.ANNOUNCED)))
    api._faults["editMessageText"].append(Fault(error={"ok": True, "result": result}))
    assert await sender.send(owed(DeliveryKind.EDIT), replace(told(), target=number)) == Sent(number)


async def test_no_message_makes_python_look_for_a_module_that_is_not_there(
    sender: TelegramSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_for: list[str] = []

    class Finder:
        def find_spec(self, name: str, *_: object) -> None:
            looked_for.append(name)

    await sender.send(owed(), told())
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    await sender.send(owed(), told())
    assert looked_for == []


async def test_an_alert_is_rewritten_and_followed_up_in_a_silent_reply(api: BotApi, sender: TelegramSender) -> None:
    number = await arrived(await sender.send(owed(), told(phase=Phase.ANNOUNCED)))
    held = replace(told(phase=Phase.HELD), target=number)
    assert await sender.send(owed(DeliveryKind.EDIT), held) == Sent(number)
    change = {"field": "phase", "before": "announced", "after": "held"}
    follow_up = owed(DeliveryKind.FOLLOW_UP, silent=True)
    await arrived(await sender.send(follow_up, replace(held, changes=(change,))))
    assert [str(one.message_id) for one in api.edits] == [number]
    reply = api.sent[1].parameters
    assert json.loads(reply["reply_parameters"])["message_id"] == int(number)
    assert "true" in reply["disable_notification"]


async def test_a_follow_up_that_may_have_come_before_says_so(api: BotApi, sender: TelegramSender) -> None:
    change = {"field": "phase", "before": "announced", "after": "held"}
    content = replace(told(phase=Phase.HELD), changes=(change,))
    await arrived(await sender.send(owed(DeliveryKind.FOLLOW_UP, repeat=True), content))
    assert "may have reached you before" in api.sent[0].text


async def test_a_follow_up_of_a_message_that_is_gone_stands_alone(api: BotApi, sender: TelegramSender) -> None:
    change = {"field": "phase", "before": "announced", "after": "cancelled"}
    content = replace(told(phase=Phase.CANCELLED), target="9999", changes=(change,))
    await arrived(await sender.send(owed(DeliveryKind.FOLLOW_UP), content))
    assert len(api.sent) == 1


async def test_an_edit_that_changes_nothing_is_done_and_one_of_a_deleted_message_is_dropped(
    api: BotApi, sender: TelegramSender
) -> None:
    number = await arrived(await sender.send(owed(), told()))
    assert isinstance(await sender.send(owed(DeliveryKind.EDIT), replace(told(), target=number)), Sent)
    gone = await sender.send(owed(DeliveryKind.EDIT), replace(told(), target="9999"))
    assert isinstance(gone, Dropped)


async def test_a_message_to_a_topic_that_is_closed_goes_to_the_whole_group_and_says_so(
    api: BotApi, sender: TelegramSender
) -> None:
    assert await sender.send(owed(address=f"{FORUM}/3"), told()) == Sent(str(api.sent[0].message_id))
    api.closed_topics.add((FORUM, 3))
    outcome = await sender.send(owed(address=f"{FORUM}/3"), told())
    assert isinstance(outcome, Sent)
    assert outcome.topic_lost
    assert [one.parameters.get("message_thread_id") for one in api.sent] == ["3", None]


async def test_a_digest_and_a_broadcast_are_one_message_each(api: BotApi, sender: TelegramSender) -> None:
    stories = (story(facts(series="admm", edition=9), id=1), story(facts(), report("mod"), id=2))
    await arrived(await sender.send(owed(DeliveryKind.DIGEST, story_id=None), Content(stories=stories, more=3)))
    await arrived(await sender.send(owed(DeliveryKind.BROADCAST, story_id=None), Content(text="<b>5 < 6</b>")))
    assert "9th" in api.sent[0].text
    assert "<b>5 < 6</b>" in api.sent[1].text


async def test_a_group_that_became_a_supergroup_and_a_refused_text_are_told_apart(
    api: BotApi, sender: TelegramSender
) -> None:
    api.moved[FORUM] = -100_77
    assert await sender.send(owed(address=str(FORUM)), told()) == Moved("-10077")
    api.fail_next("sendMessage", 400, "Bad Request: message is too long")
    assert isinstance(await sender.send(owed(), told()), Refused)


async def test_a_link_behind_a_button_that_telegram_refuses_costs_the_button_and_not_the_message(
    api: BotApi, sender: TelegramSender
) -> None:
    api.fail_next("sendMessage", 400, "Bad Request: inline keyboard button URL 'https://x' is invalid")
    assert isinstance(await sender.send(owed(), Content(story=story(facts(), report("mod")))), Sent)
    assert not [button for row in api.sent[0].buttons for button in row if "url" in button]


async def test_what_is_too_much_is_answered_with_the_time_to_wait(api: BotApi, sender: TelegramSender) -> None:
    api.limits = Limits(burst=2)
    outcomes = [await sender.send(owed(), told()) for _ in range(3)]
    last = outcomes[-1]
    assert isinstance(last, NotSent)
    assert last.whole_channel
    assert last.wait is not None
    assert (len(api.sent), last.wait.total_seconds(), api.limits.refused) == (2, 1, 1)
