"""Makes the pictures of docs/bot.md: a conversation with the real bot, drawn in the look of a chat.

The whole service runs against the local newsroom and the strict Bot API server of the tests. What is drawn is what it
was sent: text with its HTML, buttons, replies. Needs Chromium and fonts for Japanese and emoji.
"""

import asyncio
import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from telegram import Bot

sys.path.insert(0, str(Path(__file__).parents[2]))

from bot.sender import TelegramSender
from feeds.newsroom import Newsroom
from feeds.publish.card import headline
from storage import news
from storage.contents import Content
from storage.database import Database
from storage.model import Delivery, DeliveryKind, DeliveryState, MeetingStory
from tests.bot.test_telegram import serving, settings
from tests.support.audience import change
from tests.support.bot_api import TOKEN, Sent
from tests.support.bot_rooms import BotRooms
from tests.support.talking import Clock, Talk

HERE = Path(__file__).parent
JA, EN = 7, 8
PAGE = "https://kaigi.example"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--force-device-scale-factor=1.5",
)  # fmt: skip

STYLE = """
:root { --back: #cfdcc5; --bubble: #fff; --mine: #e3fdd3; --text: #111; --link: #1f7ac0; --dim: #7b8b7b;
  --button: #ffffff9c; --button-text: #2b5278; --quote: #4fa3e0; }
:root.dark { --back: #0e1621; --bubble: #182533; --mine: #2b5278; --text: #f2f5f7; --link: #6ab3f3; --dim: #7d8b99;
  --button: #24303f; --button-text: #d5e6f5; --quote: #6ab3f3; }
body { margin: 0; padding: 20px; display: flex; gap: 24px; align-items: flex-start; background: var(--back);
  color: var(--text); font: 15.5px/1.45 "Noto Sans CJK JP", "Noto Sans JP", "Noto Color Emoji", sans-serif; }
.column { width: 430px; display: flex; flex-direction: column; gap: 10px; }
.message { max-width: 400px; }
.mine { align-self: flex-end; }
.bubble { background: var(--bubble); border-radius: 14px 14px 14px 4px; padding: 8px 13px 5px; white-space: pre-wrap;
  overflow-wrap: anywhere; box-shadow: 0 1px 1.5px #0002; }
.mine .bubble { background: var(--mine); border-radius: 14px 14px 4px 14px; }
a { color: var(--link); text-decoration: none; }
pre { margin: 4px 0; padding: 6px 9px; border-left: 3px solid var(--quote); border-radius: 5px; background: #8882;
  font: 13px/1.4 "Noto Sans Mono CJK JP", monospace; white-space: pre-wrap; }
.reply { border-left: 3px solid var(--quote); padding-left: 8px; margin: 2px 0 5px; color: var(--dim); font-size: 13px;
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.time { text-align: right; color: var(--dim); font-size: 11.5px; }
.row { display: flex; gap: 4px; margin-top: 4px; }
.button { flex: 1 1 0; min-width: 0; background: var(--button); border-radius: 8px; text-align: center;
  padding: 6px 4px; color: var(--button-text); font-size: 13.5px; font-weight: 600; white-space: nowrap;
  overflow: hidden; text-overflow: ellipsis; }
"""


@dataclass(frozen=True)
class Said:
    """Something in the chat: what the bot sent, or what the reader wrote."""

    text: str
    buttons: tuple[tuple[str, ...], ...] = ()
    reply_to: str = ""
    mine: bool = False


def payload(sent: Sent, replied: str = "") -> Said:
    """What is drawn of a call as it was recorded; `replied` is the beginning of the message that it replies to."""
    markup = json.loads(sent.parameters.get("reply_markup") or "{}")
    rows = tuple(
        tuple(button["text"] + (" ↗" if "url" in button else "") for button in row)
        for row in markup.get("inline_keyboard", [])
    )
    return Said(sent.parameters["text"], rows, replied)


def mine(words: str) -> Said:
    """What the reader wrote."""
    return Said(html.escape(words), mine=True)


def main() -> None:
    """Talk to the bot and take the pictures."""
    shots = asyncio.run(_talk())
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        for name, columns in shots.items():
            _shoot(Path(place), f"bot-{name}.png", columns, dark=False)
        _shoot(Path(place), "bot-alert-dark.png", shots["alert"], dark=True)


async def _talk() -> dict[str, list[list[Said]]]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        async with BotRooms() as api, Newsroom(clock=lambda: 0.0) as newsroom:
            chosen = settings(Path(place), api)
            async with serving(chosen, newsroom):
                talk = Talk(api, Database(chosen.database_url), Clock(datetime.now(UTC)))
                return await _scenes(talk, newsroom)


async def _scenes(talk: Talk, newsroom: Newsroom) -> dict[str, list[list[Said]]]:
    shots = {"start": await _start(talk)}
    newsroom.advance(17)
    await _until(lambda: [len(one.reports) for one in _told(talk)][:1] >= [3])
    shots["alert"] = await _alerts(talk)
    shots["details"] = await _details(talk)
    shots["follow"] = await _menus(talk)
    shots["mine"] = await _mine(talk)
    shots["digest"] = await _digest(talk)
    return shots


def _told(talk: Talk) -> list[MeetingStory]:
    """The conference that all newsrooms tell of."""
    found = talk.read(lambda c: news.latest_meetings(c, level="minister", limit=20))
    return [one for one in found if one.meeting.facts.series == "admm-plus"]


async def _until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not await asyncio.to_thread(true):  # noqa: ASYNC110  what is waited for happens in a database
            await asyncio.sleep(0.2)


async def _start(talk: Talk) -> list[list[Said]]:
    await talk.says("/start", EN, language_code="en")
    asked = await talk.says("/start", JA, language_code="ja")
    steps = [mine("/start"), payload(asked)]
    what = await talk.turns(asked, "v1:sl:ja")
    how = await talk.turns(asked, "v1:sw:all")
    done = await talk.turns(asked, "v1:sh:off")
    return [steps, [payload(one) for one in (what, how, done)]]


async def _alerts(talk: Talk) -> list[list[Said]]:
    """The alert as it is once all newsrooms have told, and what follows when a document comes."""
    story = _told(talk)[0]
    facts = story.meeting.facts
    documents = ("joint statement on maritime security", "海洋安全保障に関する共同声明")
    moved = replace(facts, outcomes=(*facts.outcomes, *documents))
    columns = []
    for chat_id in (JA, EN):
        await _send(talk, chat_id, DeliveryKind.ALERT, Content(story=story))
        columns.append([payload(talk.api.sent[-1])])
    change(talk.database, story.meeting.story_id, facts, moved, talk.clock())
    for chat_id, column in zip((JA, EN), columns, strict=True):
        await _until(partial(_replies, talk, chat_id))
        column.append(payload(_replies(talk, chat_id)[-1], headline(facts, "ja" if chat_id == JA else "en")))
    return columns


async def _send(talk: Talk, chat_id: int, kind: DeliveryKind, content: Content) -> None:
    """Send a message as the service does."""
    delivery = Delivery(
        id=1, chat=talk.known(str(chat_id)), story_id=None, kind=kind, version=1, state=DeliveryState.SENDING,
        not_before=talk.clock(), created_at=talk.clock(),
    )  # fmt: skip
    async with Bot(TOKEN, base_url=f"{talk.api.url}/bot") as bot:
        await TelegramSender(_Ready(bot), PAGE).send(delivery, content)


def _replies(talk: Talk, chat_id: int) -> list[Sent]:
    return [one for one in talk.api.sent if one.chat_id == chat_id and "reply_parameters" in one.parameters]


async def _details(talk: Talk) -> list[list[Said]]:
    story = _told(talk)[0]
    message = await talk.says("/last 3", EN, language_code="en")
    last = payload(message)
    await talk.clicks(message, f"v1:det:{story.meeting.story_id}")
    details = payload(talk.api.sent[-1])
    wrong = await talk.says("/search country:JP AND (kind:bilateral", EN, language_code="en")
    search = [mine("/search country:JP AND (kind:bilateral"), payload(wrong)]
    return [[details], [mine("/last 3"), last, *search]]


async def _menus(talk: Talk) -> list[list[Said]]:
    menu = await talk.says("/follow", JA)
    first = payload(menu)
    await talk.turns(menu, "v1:fl:c:0")
    await talk.turns(menu, "v1:ft:c:0:country:JP")
    countries = await talk.turns(menu, "v1:ft:c:0:country:AU")
    words = await talk.says("/follow ADMMプラス", JA)
    return [[mine("/follow"), first, mine("/follow ADMMプラス"), payload(words)], [payload(countries)]]


async def _mine(talk: Talk) -> list[list[Said]]:
    await talk.says("/quiet 22:00-07:00", JA)
    shown = await talk.says("/mine", JA)
    first = payload(shown)
    chosen = await talk.turns(shown, "v1:se")
    kept = await talk.says("/privacy", JA)
    return [[mine("/mine"), first], [payload(chosen), mine("/privacy"), payload(kept)]]


async def _digest(talk: Talk) -> list[list[Said]]:
    stories = talk.read(lambda c: news.latest_meetings(c, level="minister", limit=8))
    columns = []
    for chat_id in (JA, EN):
        await _send(talk, chat_id, DeliveryKind.DIGEST, Content(stories=tuple(stories), more=3))
        columns.append([payload(talk.api.sent[-1])])
    return columns


@dataclass(frozen=True)
class _Ready:
    ready_bot: Bot


def _shoot(folder: Path, picture: str, columns: list[list[Said]], *, dark: bool) -> None:
    """Draw the columns and photograph them, as high as they are."""
    body = "".join(f'<div class="column">{"".join(map(_drawn, column))}</div>' for column in columns)
    page = folder / "page.html"
    script = "<script>document.title = Math.ceil(document.body.getBoundingClientRect().height)</script>"
    kind = ' class="dark"' if dark else ""
    page.write_text(
        f"<!doctype html><html{kind}><meta charset=utf-8><style>{STYLE}</style><body>{body}{script}", encoding="utf-8"
    )
    browser = [shutil.which("chromium") or "chromium", *FLAGS, f"--user-data-dir={folder / 'browser'}"]
    dumped = subprocess.run(
        [*browser, "--window-size=924,2000", "--dump-dom", page.as_uri()], check=True, capture_output=True
    )
    found = re.search(rb"<title>(\d+)</title>", dumped.stdout)
    height = int(found[1]) if found else 1000
    shot = [f"--window-size=924,{height}", f"--screenshot={HERE / picture}", page.as_uri()]
    subprocess.run([*browser, *shot], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)


def _drawn(said: Said) -> str:
    reply = f'<div class="reply">{html.escape(said.reply_to)}</div>' if said.reply_to else ""
    rows = "".join(
        '<div class="row">' + "".join(f'<div class="button">{html.escape(one)}</div>' for one in row) + "</div>"
        for row in said.buttons
    )
    who = "message mine" if said.mine else "message"
    return f'<div class="{who}"><div class="bubble">{reply}{said.text}<div class="time">12:03</div></div>{rows}</div>'


if __name__ == "__main__":
    main()
