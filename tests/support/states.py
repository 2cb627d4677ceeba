"""Generated archives for the tests of feeds: meetings and items of every kind, and all that strangers may write."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from storage.model import (
    Format,
    Kind,
    Level,
    ListedItem,
    Meeting,
    MeetingFacts,
    MeetingStory,
    Phase,
    Principal,
    Report,
    Retraction,
    Trust,
)

WORDS = (
    "防衛相会談", "日米韓", "Joint statement", "<script>alert(1)</script>", "<b>bold</b> & \"quoted\" 'words'",
    "]]>", "<!-- -->", "&lt;already&gt;", "&amp;#0;", "\x00\x01\x0b\x1f\x7f", "\ud800", "\udfff half", "\ufffe\uffff",
    "\u202eright to left\u202c", "\u200f\u200e\u2066x\u2069", "👩‍✈️🇯🇵", "e\u0301", "\u2028line\u2029",
    "\r\nBEGIN:VEVENT\r\n", "a;b,c\\n:d", "x" * 3000, "", " ", "\t", "％　全角", "שלום עולם", "مرحبا",
    "<?xml version='1.0'?>", "\x85\x9f",
)  # fmt: skip

ADDRESSES = (
    None, "", "https://mod.example/1", "http://[::1]/a[b]", "https://mod.example/記事?q=会談#頭", "javascript:alert(1)",
    "JaVaScRiPt:alert(1)", " javascript:alert(1)", "data:text/html,<script>", "//evil.example/x", "/relative",
    "https://mod.example/a b\"<>'", "https://user:pass@mod.example/", "https://\ud800.example/", "http://",
    "mailto:a@b", "https://mod.example/%zz", "https://mod.example/" + "a" * 9000, "vbscript:x",
    "https://mod.example/\x00\r\nX: y",
)  # fmt: skip

LANGUAGES = ("ja", "en", "zh-Hant", "", "not a tag", "x" * 40)


@dataclass(frozen=True, kw_only=True)
class State:
    """What is in an archive."""

    stories: tuple[MeetingStory, ...]
    items: tuple[ListedItem, ...]
    gone: tuple[Retraction, ...]


def state(seed: int) -> State:
    """The archive of this number: always the same."""
    dice = random.Random(seed)
    stories = tuple(_story(dice, number) for number in range(dice.randrange(6)))
    items = tuple(_item(dice, number) for number in range(dice.randrange(6)))
    gone = tuple(Retraction(story_id=900 + number, at=_moment(dice)) for number in range(dice.randrange(3)))
    return State(stories=stories, items=items, gone=gone)


def _words(dice: random.Random) -> str:
    return "".join(dice.choice(WORDS) for _ in range(dice.randrange(1, 4)))


def _maybe(dice: random.Random, make: Callable[[random.Random], str]) -> str | None:
    return make(dice) if dice.random() < 0.6 else None


def _moment(dice: random.Random) -> datetime:
    return datetime(2025, 11, 1, tzinfo=UTC) + timedelta(
        seconds=dice.randrange(10**7), microseconds=dice.randrange(10**6)
    )


def _story(dice: random.Random, number: int) -> MeetingStory:
    first = _moment(dice)
    meeting = Meeting(
        story_id=number + 1,
        facts=_facts(dice),
        revision=dice.randrange(1, 9),
        first_seen_at=first,
        updated_at=first + timedelta(seconds=dice.randrange(10**5)),
    )
    return MeetingStory(meeting=meeting, reports=tuple(_report(dice, n) for n in range(dice.randrange(4))))


def _facts(dice: random.Random) -> MeetingFacts:
    start = date(2025, 11, 1) + timedelta(days=dice.randrange(400))
    return MeetingFacts(
        level=dice.choice(list(Level)),
        kind=dice.choice(list(Kind)),
        format=dice.choice(list(Format)),
        phase=dice.choice(list(Phase)),
        countries=tuple(dice.sample(["JP", "US", "AU", "NATO", "XX", "PH"], dice.randrange(4))),
        principals=tuple(_principal(dice) for _ in range(dice.randrange(3))),
        series=dice.choice([None, "admm-plus", "no-such-series"]),
        edition=dice.choice([None, 12]),
        name_ja=_maybe(dice, _words),
        name_en=_maybe(dice, _words),
        starts_on=dice.choice([None, start, start, date.max]),
        ends_on=dice.choice([None, start, start + timedelta(days=2), start - timedelta(days=9)]),
        city=_maybe(dice, _words),
        country=dice.choice([None, "MY"]),
        venue=_maybe(dice, _words),
        outcomes=tuple(_words(dice) for _ in range(dice.randrange(3))),
        confidence=dice.random(),
    )


def _principal(dice: random.Random) -> Principal:
    return Principal(
        country=dice.choice(["JP", "US"]), name=_maybe(dice, _words), name_ja=_maybe(dice, _words),
        office=_maybe(dice, _words), substitute=dice.random() < 0.2,
    )  # fmt: skip


def _report(dice: random.Random, number: int) -> Report:
    return Report(
        item_id=number + 1,
        source_key=dice.choice(["mod", "press", "wire"]),
        source_name=_words(dice),
        trust=dice.choice(list(Trust)),
        title=_words(dice),
        url=dice.choice(ADDRESSES),
        language=dice.choice(LANGUAGES),
        published_at=dice.choice([None, _moment(dice)]),
        first_seen_at=_moment(dice),
    )


def _item(dice: random.Random, number: int) -> ListedItem:
    return ListedItem(
        report=_report(dice, number), text=_words(dice), author=_maybe(dice, _words), updated_at=_moment(dice)
    )
