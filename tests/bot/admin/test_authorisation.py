"""The matrix: every admin command and every admin click × everybody who may try. Only admins pass.

It is made from the handlers as they are registered; a command or click that is not in the tables here fails the test.
"""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from telegram.ext import CallbackQueryHandler, CommandHandler

from bot import changing
from bot.telegram.admin import CLICKS, FIRST
from storage import broadcasts, people
from storage.database import Connection, Database
from tests.bot.admin.conftest import BOSS, FORMER, READER, STRANGER, Room, invitation, land, opened
from tests.support.bot_texts import Json
from tests.support.build import NOW, facts
from tests.support.telegram_edge import chat, person

ANONYMOUS, CHANNEL_BOT, LINKED = 1087968824, 136817688, 777000
GROUP, CHANNEL = -1001234567890, -1009876543210

#: Every command with words behind it that make it do something.
COMMANDS = {
    "admins": "", "audit": "", "broadcast": "Hello", "correct": "{story} not-a-meeting", "filter": "add x country:JP",
    "filters": "", "health": "", "invite": "", "login": "", "resend": "{story}", "review": "", "source": "pause mod",
    "sources": "", "stats": "", "why": "{story}",
}  # fmt: skip

#: Every click with arguments that make it do something.
ARGUMENTS = {
    "admin_remove": "88", "admins": "", "audit": "0", "broadcast_no": "1", "broadcast_send": "{draft}",
    "correct": "{story}", "correct_fact": "{story}", "correct_no": "{story}", "correct_same": "{story}",
    "correct_yes": "{story}", "filter": "1", "filter_pause": "1", "filter_remove": "{filter}", "filter_resume": "1",
    "filter_test": "1", "filters": "0", "flood": "1:sent", "force": "0", "resend": "{story}", "resend_all": "{story}",
    "resend_missed": "{story}", "review_later": "9", "review_no": "{item}", "review_yes": "{item}", "source": "1",
    "source_check": "1", "source_pause": "1", "source_remove": "1", "source_removed": "1", "source_resume": "1",
    "sources": "0", "undo": "1", "why": "{item}",
}  # fmt: skip


def supergroup() -> Json:
    return chat(GROUP)


def channel() -> Json:
    return {"id": CHANNEL, "type": "channel", "title": "News"}


#: Everybody who is no admin, or an admin who is not alone with the bot: how their message differs from a plain one.
OTHERS: dict[str, tuple[int, Json]] = {
    "a stranger": (STRANGER, {}),
    "a subscriber": (READER, {}),
    "a former admin": (FORMER, {}),
    "an admin of a group": (STRANGER, {"chat": supergroup()}),
    "an admin of ours in a group": (BOSS, {"chat": supergroup()}),
    "an anonymous admin of a group": (
        ANONYMOUS,
        {
            "chat": supergroup(),
            "from": person(ANONYMOUS, is_bot=True, username="GroupAnonymousBot"),
            "sender_chat": supergroup(),
        },
    ),
    "an anonymous admin in a private chat": (ANONYMOUS, {}),
    "a channel in a group": (
        CHANNEL_BOT,
        {"chat": supergroup(), "from": person(CHANNEL_BOT, is_bot=True), "sender_chat": channel()},
    ),
    "a linked channel": (LINKED, {"chat": supergroup(), "sender_chat": channel(), "is_automatic_forward": True}),
    "the service account": (LINKED, {}),
    "a channel that writes as an admin": (BOSS, {"sender_chat": channel()}),
    "a bot": (STRANGER, {"from": person(STRANGER, is_bot=True)}),
    "a bot with an admin's id": (BOSS, {"from": person(BOSS, is_bot=True)}),
    "words of an admin that somebody forwarded": (
        BOSS,
        {"forward_origin": {"type": "user", "date": 1, "sender_user": person(BOSS)}},
    ),
    "words of an admin through another bot": (BOSS, {"via_bot": person(5, is_bot=True)}),
}


@pytest.fixture(scope="session")
def scene_file(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which every command and click has something to change."""
    file = tmp_path_factory.mktemp("scene") / "kaigi.db"
    shutil.copy(template, file)
    database = opened(file)
    database.write(_set_up)
    database.close()
    return file


def _set_up(connection: Connection) -> None:
    land(connection, "mod", facts())
    uncertain = land(connection, "other", facts(), alert=False)
    connection.exec_driver_sql(f"DELETE FROM meetings WHERE story_id = {uncertain}")
    connection.exec_driver_sql(f"UPDATE items SET verdict = 'uncertain' WHERE story_id = {uncertain}")
    connection.exec_driver_sql("UPDATE deliveries SET state = 'failed'")
    changing.add_filter(connection, key="mine", query="country:AU", who=f"tg:{BOSS}", now=NOW)
    broadcasts.draft(connection, f"tg:{BOSS}", "Hello", NOW)
    people.accept(connection, invitation(connection), 88, "Ann", NOW)


@pytest.fixture
def database(scene_file: Path, tmp_path: Path) -> Iterator[Database]:
    shutil.copy(scene_file, tmp_path / "kaigi.db")
    database = opened(tmp_path / "kaigi.db")
    yield database
    database.close()


@pytest.fixture
def scene(database: Database) -> dict[str, Any]:
    """The numbers that commands and clicks are to be called with."""

    def number(query: str) -> Any:
        return database.read(lambda c: c.exec_driver_sql(query).scalar_one())

    return {
        "story": number("SELECT story_id FROM meetings"),
        "item": number("SELECT id FROM items WHERE verdict = 'uncertain'"),
        "filter": number("SELECT id FROM filters WHERE key = 'mine'"),
        "draft": 1,
    }


def registered(room: Room) -> Iterable[str]:
    for handler in room.talk.application.handlers[FIRST]:
        if isinstance(handler, CommandHandler):
            yield from handler.commands


def test_the_tables_name_every_command_and_every_click() -> None:
    assert sorted(ARGUMENTS) == sorted(CLICKS)


async def test_every_command_that_is_registered_for_admins_is_in_the_matrix(room: Room) -> None:
    assert sorted(registered(room)) == sorted(COMMANDS)
    clicks = [one for one in room.talk.application.handlers[FIRST] if isinstance(one, CallbackQueryHandler)]
    assert len(clicks) == 1


@pytest.mark.parametrize("who", OTHERS)
async def test_nobody_else_commands_anything_and_the_answer_is_that_of_an_unknown_command(
    room: Room, scene: dict[str, Any], who: str
) -> None:
    user_id, fields = OTHERS[who]
    unknown = await room.talk.says(user_id, "/nosuchcommand", **fields)
    before = room.everything()
    for name, rest in COMMANDS.items():
        told = await room.talk.says(user_id, f"/{name} {rest.format(**scene)}".strip(), **fields)
        assert told == unknown, name
    assert room.everything() == before


@pytest.mark.parametrize("who", OTHERS)
async def test_nobody_else_clicks_anything(room: Room, scene: dict[str, Any], who: str) -> None:
    user_id, fields = OTHERS[who]
    if "forward_origin" in fields or "via_bot" in fields:
        pytest.skip("a click is not forwarded")
    shown = room.talk.message(BOSS, "a message with buttons", chat=fields.get("chat", chat(user_id)))
    sender = fields.get("from", person(user_id))
    if who == "a channel that writes as an admin":
        shown["chat"] = channel()
    before = room.everything()
    for act, arguments in ARGUMENTS.items():
        data = f"v1:adm.{act}:{arguments.format(**scene)}"
        assert await room.talk.clicks(user_id, data, shown, **{"from": sender}) == [], act
    assert room.everything() == before
    answers = {words.get("text", "") for method, words in room.talk.edge.calls if method == "answerCallbackQuery"}
    assert answers == {"This button is not known any more."}


async def test_a_channel_post_commands_nothing(room: Room, scene: dict[str, Any]) -> None:
    before, said = room.everything(), list(room.talk.edge.said)
    for name, rest in COMMANDS.items():
        post = room.talk.message(BOSS, f"/{name} {rest.format(**scene)}", chat=channel(), sender_chat=channel())
        del post["from"]
        await room.talk.gets({"channel_post": post})
    assert room.everything() == before
    assert room.talk.edge.said == said


async def test_an_edited_command_commands_nothing(room: Room, scene: dict[str, Any]) -> None:
    before = room.everything()
    await room.talk.gets({"edited_message": room.talk.message(BOSS, "/source pause mod", edit_date=5)})
    assert room.everything() == before


@pytest.mark.parametrize("name", COMMANDS)
async def test_an_admin_is_answered(room: Room, scene: dict[str, Any], name: str) -> None:
    unknown = await room.talk.says(BOSS, "/nosuchcommand")
    told = await room.talk.says(BOSS, f"/{name} {COMMANDS[name].format(**scene)}".strip())
    assert told
    assert told != unknown
    assert "went wrong" not in told[0]


@pytest.mark.parametrize("act", ARGUMENTS)
async def test_an_admin_s_click_is_answered(room: Room, scene: dict[str, Any], act: str) -> None:
    await room.boss("/health")
    told = await room.talk.clicks(BOSS, f"v1:adm.{act}:{ARGUMENTS[act].format(**scene)}")
    assert told
    assert "went wrong" not in told[0]


FORGED = ["", "x", "-1", "99999999", "9" * 18, "1:2:3", "1' OR 1=1", "☃", ":::", "١", "0x10"]


@pytest.mark.parametrize("act", ARGUMENTS)
async def test_forged_data_is_an_answer_and_no_mistake(room: Room, scene: dict[str, Any], act: str) -> None:
    await room.boss("/health")
    for forged in FORGED:
        told = await room.talk.clicks(BOSS, f"v1:adm.{act}:{forged}")
        assert told or room.talk.edge.calls[-1][0] in ("answerCallbackQuery", "sendDocument")
        assert not [words for words in told if "went wrong" in words], forged


async def test_an_act_that_nobody_knows_is_an_old_button(room: Room) -> None:
    for data in ("v1:adm", "v1:adm.", "v1:adm.drop:1", "v1:admin:1"):
        assert await room.talk.clicks(BOSS, data, {**room.talk.message(BOSS, "x")}) == []


async def test_a_broadcast_of_another_admin_cannot_be_sent_with_a_forged_number(room: Room) -> None:
    shown = room.talk.message(88, "a message with buttons")
    assert "another admin" in "".join(await room.talk.clicks(88, "v1:adm.broadcast_send:1", shown))


LONG = "x" * 4_000


@pytest.mark.parametrize(
    "words",
    [
        "/filter", "/filter add", "/filter add UPPER country:JP", "/filter add search country:JP", "/filter add a (((",
        "/filter edit nothing country:JP", "/filter test (((", "/filter undo nothing", "/filter remove everything",
        f"/filter add {LONG} x", f"/filter add long {LONG}", "/filter alerts a maybe", "/filter title a",
        "/filter fly a",
        "/source", "/source add", "/source add not-an-address", "/source add javascript:alert(1)",
        "/source pause nothing",
        "/source remove nothing", f"/source check {LONG}", "/source add http://[::1", "/why", f"/why {LONG}",
        "/why 99999999", "/why https://[::1/x", "/correct", "/correct 99", "/correct x y", "/correct 1 set city",
        "/correct 1 set nothing=x", "/correct 1 same-as 1", f"/correct 1 set city={LONG}", "/resend", "/resend 99",
        "/broadcast", f"/broadcast {LONG}", "/audit x", "/audit 999999999999999999999", "/filters x", "/sources -4",
        "/why \U0001f600\ud83d", "/filter@kaigi_test_bot", "/filter\nadd\nx\ncountry:JP", "/filter add html <b>x</b>",
    ],
)  # fmt: skip
async def test_bad_input_is_answered_in_a_sentence(room: Room, words: str) -> None:
    told = await room.talk.says(BOSS, words.encode("utf-8", "replace").decode())
    assert told
    assert all("went wrong" not in one and len(one) < 4096 for one in told), told
