"""A message as plain words, for channels that know no Telegram: the same card, one fact a line. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.telegram.facts import field_name, value_name
from bot.telegram.texts import text
from feeds.publish.card import Card, card
from feeds.publish.words import Language
from storage.contents import Content
from storage.model import Chat, DeliveryKind, MeetingStory

LONGEST = 3_500  #: characters of a message
SOURCES = 5


def words_of(
    kind: DeliveryKind, content: Content, chat: Chat, *, now: datetime, page: str = "", repeat: bool = False
) -> tuple[str, str]:
    """Title and text of a message in the chat's language. `page` is the web page's address, without a slash."""
    language: Language = "ja" if chat.language == "ja" else "en"
    if kind is DeliveryKind.BROADCAST:
        title, lines = text(language, "A word from those who run this bot"), content.text.splitlines()
    elif kind is DeliveryKind.DIGEST:
        title, lines = _digest(content, language, page)
    else:
        assert content.story is not None, kind
        shown = card(content.story, language)
        title = f"{shown.flags} {shown.headline}".strip()
        changed = [_change(change, language) for change in content.changes]
        lines = [
            *changed,
            *_facts(shown),
            *_sides(content.sides, language),
            *_sources(shown),
            *_link(content.story, page),
        ]
    if repeat:
        lines = [*lines, "", text(language, "Repeated: this may have reached you before.")]
    sent = f"{now.astimezone(ZoneInfo(chat.time_zone)):%Y-%m-%d %H:%M %Z}"
    return _plain(title)[:200], _within([_plain(line) for line in (*lines, "", sent)])


def _digest(content: Content, language: Language, page: str) -> tuple[str, list[str]]:
    title = text(language, "{count} meetings", count=len(content.stories) + content.more)
    blocks = [line for story in content.stories for line in (*_short(story, language), *_link(story, page), "")]
    more = [text(language, "and {count} more", count=content.more)] if content.more else []
    return title, [*blocks, *more]


def _short(story: MeetingStory, language: Language) -> list[str]:
    shown = card(story, language)
    about = " · ".join(row.value for row in shown.rows if row.key in ("when", "where"))
    return [f"• {shown.flags} {shown.headline}", f"  {about}"]


def _facts(shown: Card) -> list[str]:
    who = any(row.key == "who" for row in shown.rows)
    return [f"{row.label}: {row.value}" for row in shown.rows if not (who and row.key == "sides")]


def _sides(sides: Iterable[MeetingStory], language: Language) -> list[str]:
    return [line for story in sides for line in _short(story, language)]


def _sources(shown: Card) -> list[str]:
    reports = shown.sources[:SOURCES]
    return ["", *(f"• {one.source_name}: {one.title}" + (f"\n  {one.url}" if one.url else "") for one in reports)]


def _link(story: MeetingStory, page: str) -> list[str]:
    return [f"{page}/meetings/{story.meeting.story_id}"] if page else []


def _change(change: Mapping[str, Any], language: Language) -> str:
    """▶ the fact: before → after."""
    name = str(change.get("field", ""))
    before, after = (value_name(name, change.get(side), language) for side in ("before", "after"))
    return f"▶ {field_name(name, language)}: " + (f"{before} → {after or '–'}" if before else after)


def _plain(words: str) -> str:
    """Without control characters: what is a title must stay one line."""
    return "".join(c for c in words if c == "\n" or c.isprintable())


def _within(lines: Iterable[str]) -> str:
    kept: list[str] = []
    room = LONGEST
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    return "\n".join(kept).strip()
