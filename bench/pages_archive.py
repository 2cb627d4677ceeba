"""The archive that `make bench-pages` asks: the items of bench/archive.py, one in ten of them a meeting of its own.

Sides, people, series, kinds and days are drawn from the lexicon as they come in the world: few countries meet often,
many seldom; most meetings are talks of two.
"""

import json
import random
import sqlite3
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from bench.archive import FOLDER, NEWEST, build
from feeds.understand.lexicon import default_lexicon
from storage.model import Format, Kind, Level, MeetingFacts, Phase, Principal
from storage.records import facts_to_json

EVERY = 10  #: one item of so many tells of a meeting
DAYS = 2_500
_KINDS = (
    (Kind.BILATERAL, 66),
    (Kind.TRILATERAL, 9),
    (Kind.MINILATERAL, 6),
    (Kind.TWO_PLUS_TWO, 5),
    (Kind.MULTILATERAL, 14),
)
_SIDES = {Kind.BILATERAL: 2, Kind.TRILATERAL: 3, Kind.MINILATERAL: 5, Kind.TWO_PLUS_TWO: 2, Kind.MULTILATERAL: 14}
_CITIES = (
    "Tokyo",
    "Canberra",
    "Manila",
    "Kuala Lumpur",
    "Singapore",
    "London",
    "Seoul",
    "Hanoi",
    "Washington",
    "Paris",
)


def archive(items: int) -> Path:
    """The archive's file, made when it is not there yet."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"pages-{items}.db"
    if not file.exists():
        made = file.with_suffix(".new")
        build(made, items)
        _meetings(made, items)
        made.rename(file)
    return file


def _meetings(file: Path, items: int) -> None:
    chance = random.Random(20261101)
    numbers = [number + number // EVERY % 2 for number in range(EVERY, items, EVERY)]  # both languages
    newest = NEWEST.date()
    told = [(number, _facts(chance, newest)) for number in numbers]
    raw = sqlite3.connect(file, isolation_level=None)
    raw.execute("BEGIN")
    raw.execute("DELETE FROM meetings")
    raw.execute("UPDATE items SET verdict = 'other', facts = NULL")
    raw.executemany("UPDATE items SET verdict = 'meeting', score = 0.9, facts = ? WHERE id = ?",
                    ((_text(facts), number) for number, facts in told))  # fmt: skip
    raw.executemany(
        "INSERT INTO meetings (story_id, level, kind, format, phase, series, edition, starts_on, facts, trust, "
        "revision, first_seen_at, updated_at, active_at) SELECT story_id, ?, ?, ?, ?, ?, ?, ?, ?, 'press', 1, "
        "first_seen_at, first_seen_at, first_seen_at FROM items WHERE id = ?",
        ((facts.level, facts.kind, facts.format, facts.phase, facts.series, facts.edition, str(facts.starts_on),
          _text(facts), number) for number, facts in told),
    )  # fmt: skip
    raw.execute("COMMIT")
    raw.execute("ANALYZE")
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()


def _text(facts: MeetingFacts) -> str:
    return json.dumps(facts_to_json(facts), ensure_ascii=False)


def _facts(chance: random.Random, newest: date) -> MeetingFacts:
    lexicon = default_lexicon()
    codes = [code for code in lexicon.countries if len(code) == 2]
    kind = chance.choices([kind for kind, _ in _KINDS], [weight for _, weight in _KINDS])[0]
    sides: set[str] = set()
    while len(sides) < _SIDES[kind]:
        sides.add(codes[min(int(chance.expovariate(1 / 14)), len(codes) - 1)])
    day = newest + timedelta(days=40 - int(DAYS * chance.random() ** 1.4))
    series = chance.choice(list(lexicon.series)) if chance.random() < 0.3 else None
    return MeetingFacts(
        level=chance.choices([Level.MINISTER, Level.VICE_MINISTER, Level.OFFICIAL], [80, 12, 8])[0],
        kind=kind,
        format=chance.choices([Format.IN_PERSON, Format.PHONE, Format.VIDEO], [82, 12, 6])[0],
        phase=Phase.ANNOUNCED if day > newest else chance.choices([Phase.HELD, Phase.CANCELLED], [97, 3])[0],
        countries=tuple(sorted(sides)),
        starts_on=day,
        city=chance.choice(_CITIES),
        series=series,
        edition=chance.randrange(1, 30) if series else None,
        outcomes=("Joint statement",) if chance.random() < 0.2 else (),
        principals=tuple(_minister(code, day) for code in sorted(sides)[:6]),
    )


def _minister(code: str, day: date) -> Principal:
    """The holder of the office on that day, else someone of that year."""
    known = next(
        (one for one in default_lexicon().people
         if one.country == code and one.rank == "minister" and not one.post and one.held_office_on(day)),
        None,
    )  # fmt: skip
    if known is not None:
        return Principal(country=code, name=known.name, name_ja=known.ja)
    return Principal(country=code, name=f"Minister of {day.year // 3 * 3}")


NOW = datetime(NEWEST.year, NEWEST.month, NEWEST.day, 3, tzinfo=UTC)
