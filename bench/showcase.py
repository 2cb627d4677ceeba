"""An archive to look at: two and a half years of meetings that never took place, told by newsrooms that do not exist.

    python -m bench.showcase FILE.db [--meetings 260]

For pictures of the page and for looking at it. Offices and their holders are the lexicon's; every sentence is made up.
The reports go through the real understanding and the real decisions, so evidence, joining and phases are as in service.
The archive ends today; the same day always gives the same archive.
"""

import argparse
import random
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from bench.showcase_admin import furnish
from bench.showcase_words import FORUMS, HOMES, JOINT, PAIRS, RELEASES, SAY_EN, SAY_JA, TOPICS
from feeds.collect import schedule
from feeds.decide.decide import decide
from feeds.decide.routing import AlertPolicy, looks_at_items
from feeds.ingest import _lookup as lookup
from feeds.observed import ParsedEntry, Understood
from feeds.publish.words import country_name, place_name
from feeds.understand.lexicon import Person, default_lexicon
from feeds.work import understand_entries
from storage import filters, ingest, schema, search_index, snapshot, sources
from storage.database import Connection, Database
from storage.model import FetchEvent, Source, SourceDefinition, Trust

DAYS = 900


@dataclass(frozen=True, kw_only=True)
class Happening:
    """A meeting that is to be told."""

    day: date
    sides: tuple[str, ...]
    city: str
    margin: tuple[str, str] | None = None  #: name of the conference in both languages
    way: str = "in_person"
    called_off: bool = False
    document: bool = False
    topics: tuple[tuple[str, str], ...] = ()


def happenings(today: date, count: int) -> list[Happening]:
    """The same for the same day."""
    chance = random.Random(f"kaigi {today}")
    first = today - timedelta(days=DAYS)
    found = [one for forum in FORUMS for one in _beside(forum, first, today, chance)]
    while len(found) < count:
        sides = tuple(chance.choices([pair for pair, _ in PAIRS], [weight for _, weight in PAIRS])[0])
        day = first + timedelta(days=round((DAYS + 24) * chance.random() ** 0.8))
        if day.weekday() >= 5 or any(one.sides == sides and abs((one.day - day).days) < 20 for one in found):
            continue
        way = chance.choices(["in_person", "phone", "video"], [78, 15, 7])[0]
        home = HOMES[chance.choice(sides)]
        found.append(
            Happening(
                day=day,
                sides=sides,
                city=home,
                way=way,
                called_off=chance.random() < 0.02,
                document=chance.random() < 0.2,
                topics=tuple(chance.sample(TOPICS, 2)),
            )
        )
    return sorted(found, key=lambda one: (one.day, one.sides))


def _beside(forum: tuple[date, str, str, str], first: date, today: date, chance: random.Random) -> Iterator[Happening]:
    """A conference's talks of two and three on its margins."""
    day, city, ja, en = forum
    if not first <= day <= today + timedelta(days=40):
        return
    chosen = chance.sample([pair for pair, _ in PAIRS], 9)
    for number, sides in enumerate(chosen):
        yield Happening(
            day=day + timedelta(days=number % 3), sides=tuple(sides), city=city, margin=(ja, en),
            topics=tuple(chance.sample(TOPICS, 2)), document=number == 2,
        )  # fmt: skip


# ------------------------------------------------------------------------------------------------------ telling


@dataclass(frozen=True, kw_only=True)
class Told:
    """A report that appears."""

    source: str
    at: datetime
    title: str
    text: str


def _newsroom(key: str, name: str, country: str | None = None) -> SourceDefinition:
    return SourceDefinition(
        key=key,
        url=f"https://{key.partition('-')[0]}.example/news.xml",
        name=name,
        language=key[-2:],
        country=country,
        trust=Trust.OFFICIAL if country else Trust.PRESS,
    )


NEWSROOMS = (
    _newsroom("ministry-ja", "防衛省 報道資料(見本)", "JP"),
    _newsroom("department-en", "Department of Defence releases (sample)", "AU"),
    _newsroom("pentagon-en", "Releases from Washington (sample)", "US"),
    _newsroom("wire-en", "Harbour Wire"),
    _newsroom("paper-ja", "みなと新報"),
    _newsroom("monitor-ja", "安全保障モニター"),
)
_HOME = {"JP": "ministry-ja", "AU": "department-en", "US": "pentagon-en"}


def reports(every: list[Happening], today: date) -> list[Told]:
    """All that newsrooms write, in the order in which it appears, up to today."""
    chance = random.Random(20261127)
    now = datetime.combine(today, time(3, 0), UTC)
    found = [told for one in every for told in _reports(one, chance)]
    found += [told for release in RELEASES for told in _releases(release, today, chance)]
    return sorted((told for told in found if told.at <= now), key=lambda told: told.at)


def _reports(one: Happening, chance: random.Random) -> Iterator[Told]:
    start = datetime.combine(one.day, time(chance.randrange(2, 12), chance.choice((5, 20, 35, 50))), UTC)
    tellers = [_HOME[code] for code in one.sides if code in _HOME]
    tellers += [key for key in ("wire-en", "paper-ja", "monitor-ja") if chance.random() < 0.55]
    tellers = tellers or [chance.choice(("wire-en", "paper-ja"))]
    if chance.random() < 0.24 or (one.called_off and one.way == "in_person"):
        teller = tellers[0]
        lead = chance.randrange(6, 25)
        yield _told(one, teller, start - timedelta(days=lead), "coming", chance)
    if one.called_off:
        yield _told(one, tellers[0], start - timedelta(days=2), "called_off", chance)
        return
    for number, teller in enumerate(tellers):
        yield _told(one, teller, start + timedelta(minutes=number * chance.randrange(25, 240)), "held", chance)


def _told(one: Happening, source: str, at: datetime, what: str, chance: random.Random) -> Told:
    language = "ja" if source.endswith("-ja") else "en"
    order = _order(one.sides, source)
    people = [_holder(code, one.day) for code in order]
    say = SAY_JA if language == "ja" else SAY_EN
    words = {
        "sides": _sides(order, language),
        "people": _people(order, people, language),
        "first": _people(order[:1], people[:1], language),
        "others": _people(order[1:], people[1:], language),
        "city": place_name(one.city, "ja") if language == "ja" else one.city,
        "day": _day(one.day, language),
        "short": f"{one.day.month}月{one.day.day}日" if language == "ja" else f"{one.day.day} {one.day:%B}",
        "topic": one.topics[0][language == "en"],
        "also": one.topics[1][language == "en"],
    }  # fmt: skip
    key = what if what != "held" else one.way
    title, text = (chance.choice(say[f"{key}_{part}"]).format(**words) for part in ("title", "text"))
    if what == "held" and one.margin:
        text = chance.choice(say["margin"]).format(margin=one.margin[language == "en"], **words) + text
    if what == "held" and one.document:
        text += chance.choice(say["document"]).format(**words)
    return Told(source=source, at=at, title=title, text=text)


def _order(sides: tuple[str, ...], source: str) -> tuple[str, ...]:
    own = next((code for code, key in _HOME.items() if key == source), "")
    return tuple(sorted(sides, key=lambda code: (code != own, sides.index(code))))


def _holder(country: str, day: date) -> Person | None:
    """Who holds the office on that day; nobody whose entry is uncertain."""
    return next(
        (one for one in default_lexicon().people
         if one.country == country and one.rank == "minister" and not one.post and one.confidence == "sure"
         and one.held_office_on(day)),
        None,
    )  # fmt: skip


def _sides(order: tuple[str, ...], language: str) -> str:
    if language == "ja":
        return "・".join(country_name(code, "ja") for code in order)
    names = [country_name(code, "en") for code in order]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _people(order: tuple[str, ...], people: list[Person | None], language: str) -> str:
    if language == "ja":
        return "、".join(_person_ja(code, one) for code, one in zip(order, people, strict=True))
    office = {"US": "Secretary of Defense", "GB": "Defence Secretary"}
    names = [
        f"{country_name(code, 'en')}'s {office.get(code, 'Defence Minister')}{' ' + one.name if one else ''}"
        for code, one in zip(order, people, strict=True)
    ]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _person_ja(code: str, one: Person | None) -> str:
    office = {"JP": "防衛大臣", "US": "国防長官"}.get(code, "国防相")
    land = "" if code == "JP" and one else f"{country_name(code, 'ja')}の"
    return f"{land}{(one.ja or one.name) if one else ''}{office}"


def _day(day: date, language: str) -> str:
    return f"{day.year}年{day.month}月{day.day}日" if language == "ja" else f"{day.day} {day:%B %Y}"


def _releases(release: tuple[str, date, str, str, str], today: date, chance: random.Random) -> Iterator[Told]:
    """A conference, told by two newsrooms; one that is to come, by one."""
    key, day, city, title_ja, title_en = release
    if day < today - timedelta(days=DAYS):
        return
    coming = day > today
    at = datetime.combine(min(day, today - timedelta(days=3)), time(9, chance.randrange(60)), UTC)
    place = place_name(city, "ja")
    words = {"name": title_ja, "name_en": title_en, "place": place, "city": city,
             "ja": _day(day, "ja"), "en": _day(day, "en")}  # fmt: skip
    said = JOINT["coming" if coming else "held"]
    yield Told(source="ministry-ja", at=at, title=said["title_ja"].format(**words), text=said["ja"].format(**words))
    yield Told(
        source="wire-en", at=at + timedelta(minutes=80), title=said["title_en"].format(**words),
        text=said["en"].format(**words),
    )  # fmt: skip
    if key == "admm-plus" and not coming:
        yield Told(source="paper-ja", at=at + timedelta(hours=3), title=said["title_ja"].format(**words),
                   text=said["ja"].format(**words))  # fmt: skip


# ------------------------------------------------------------------------------------------------------ storing


def build(file: Path, count: int, today: date) -> None:
    """Make the archive anew."""
    for name in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
        name.unlink(missing_ok=True)
    database = Database(f"sqlite:///{file}")
    schema.upgrade(database)
    database.write(filters.ensure_built_in)
    began = datetime.combine(today - timedelta(days=DAYS + 60), time(0), UTC)
    for one in NEWSROOMS:
        database.write(lambda connection, one=one: sources.add(connection, one, began))  # type: ignore[misc]
    polls: dict[tuple[date, str], list[Told]] = defaultdict(list)
    for told in reports(happenings(today, count), today):
        polls[told.at.date(), told.source].append(told)
    for (_, key), group in sorted(polls.items(), key=lambda item: item[1][-1].at):
        database.write(lambda connection, key=key, group=group: _land(connection, key, group))  # type: ignore[misc]
    furnish(database, datetime.combine(today, time(3), UTC))
    while database.write(search_index.catch_up):
        pass
    database.close()


def _land(connection: Connection, key: str, group: list[Told]) -> None:
    source = next(one for one in sources.every(connection) if one.definition.key == key)
    now = group[-1].at + timedelta(minutes=7)
    entries = [_entry(one, source) for one in group]
    read = understand_entries(entries, source.definition, now)
    understood = [
        Understood(entry=entry, understanding=understanding, likeness=likeness)
        for entry, (understanding, likeness) in zip(entries, read, strict=True)
    ]
    known = snapshot.load_snapshot(connection, source, lookup(entries, understood), now, looks_at_items)
    event = FetchEvent(at=now, outcome="changed", bytes=20_000, new_items=len(entries), seconds=0.4)
    answer = schedule.Answer()
    update = schedule.after_success(source, answer, event, schedule.Rhythm(), now)
    ingest.apply(connection, decide(known, understood, replace(update), AlertPolicy(), now), now)


def _entry(told: Told, source: Source) -> ParsedEntry:
    slug = f"{told.at:%Y%m%d%H%M}-{zlib.crc32(told.title.encode())}"
    return ParsedEntry(
        guid=slug, url=f"https://{source.definition.url.split('/')[2]}/{slug}", title=told.title, text=told.text,
        identity=f"g:{slug}", content_hash=f"{slug}", published_at=told.at, language=source.definition.language,
    )  # fmt: skip


def main() -> None:
    """Make the archive that the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--meetings", type=int, default=260)
    parser.add_argument("--today", type=date.fromisoformat, default=datetime.now(UTC).date())
    asked = parser.parse_args()
    asked.file.parent.mkdir(parents=True, exist_ok=True)
    build(asked.file, asked.meetings, asked.today)
    print(f"{asked.file} is ready.")


if __name__ == "__main__":
    main()
