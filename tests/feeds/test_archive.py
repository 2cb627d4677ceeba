"""The archive gives exactly what the matcher accepts, newest first, however far the index has come."""

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from feeds import archive
from feeds.decide.filters import matches, matches_any
from feeds.decide.query import Query, parse
from storage import filters, ingest, search, search_index, sources
from storage.changes import Changes, ItemInsert, ItemUpdate, MeetingWrite, NewStory, StoryRef
from storage.database import Connection, Database
from storage.model import FilterAction, Kind, Level, MeetingFacts, Phase, Trust
from storage.plans import Plan
from storage.words import VERSION
from tests.storage.conftest import ready
from tests.support.build import NOW, after, definition, facts, item, polled

WORDS = ["防衛", "日米", "日豪", "会談", "小泉", "豪", "第13回", "ADMM", "minister", "ministers", "Défense", "talks"]
QUERIES = [
    "", "防衛", "日米", "豪", "小泉防衛", "防衛 会談", "minister", "minist*", "defense",
    "ADMM", "13", '"minister talks"', '"第13回"', '"talks 防衛"', '"admm minister ministers"', "m*", "13回", "回 mini*",
    "防衛 -会談",
    "NOT 防衛", "小泉 OR talks", "(日米 OR 日豪) 会談", "title:防衛", "text:talks", "/第\\d+回/", "防衛 /相.*豪/",
    "title:/^m/", "is:meeting", "-is:meeting", "is:uncertain", "country:JP", "level:minister 防衛", "kind:trilateral",
    "phase:held OR 小泉", "lang:ja", "lang:en talks", "source:other", "trust:low", "topic:security", "date:2025-11",
    "date:2025-10-20..2025-11-01", "after:2025-11-02", "before:2025-11-01", "age:<1d", "age:>2d", "series:admm-plus",
    "edition:10..13", "has:outcome", "has:text", "has:date -city:tokyo", "city:\"kuala lumpur\"", "f-35", "2+2", "衛相",
    "is:meeting level:minister", "country:US,AU format:in_person phase:held", "minister:小泉 OR country:FR",
    "date:2025-11-01..", "date:..2025-10-20", "date:..2025-11-03", "date:2025-10-21..,..2025-10-19",
]  # fmt: skip


def fill(connection: Connection) -> None:
    """Sixty items of two sources; a third of the stories are meetings, some with two reports."""
    chance = random.Random(7)
    own = sources.add(connection, definition("mod", name="防衛省"), NOW)
    other = sources.add(connection, definition("other", trust=Trust.LOW), NOW)
    for number in range(40):
        told = meeting(chance) if number % 3 == 0 else None
        story = NewStory(0)
        reports = tuple(
            report(chance, story, number, source_id, told is not None)
            for source_id in ((own, other) if number % 2 else (own,))
        )
        written = (MeetingWrite(story=story, facts=told, trust=Trust.PRESS, revision=1),) if told else ()
        changes = Changes(source=polled(own), new_stories=(story,), inserts=reports, meetings=written)
        ingest.apply(connection, changes, after(hours=number))


def meeting(chance: random.Random) -> MeetingFacts:
    return facts(
        level=chance.choice([Level.MINISTER, Level.OFFICIAL]),
        kind=chance.choice([Kind.BILATERAL, Kind.TRILATERAL]),
        phase=chance.choice([Phase.HELD, Phase.ANNOUNCED]),
        countries=tuple(sorted(chance.sample(["JP", "US", "AU", "FR"], 2))),
        series=chance.choice([None, "admm-plus"]),
        edition=chance.choice([None, 12, 13]),
        starts_on=chance.choice([None, date(2025, 10, 20), date(2025, 11, 3)]),
        ends_on=chance.choice([None, date(2025, 11, 4)]),
        outcomes=chance.choice([(), ("共同声明",)]),
    )


def report(chance: random.Random, story: StoryRef, number: int, source_id: int, is_meeting: bool) -> ItemInsert:
    def words(count: int) -> str:
        return "".join(chance.choice(WORDS) + chance.choice(["", " ", "、", "\n"]) for _ in range(count))

    return item(
        story,
        f"g:{number}-{source_id}",
        source_id=source_id,
        title=words(3),
        text=words(12) if number % 5 else "",
        language=chance.choice(["ja", "en"]),
        categories=chance.choice([(), ("Security",)]),
        published_at=chance.choice([None, NOW - timedelta(hours=number)]),
        verdict="meeting" if is_meeting else chance.choice(["other", "uncertain"]),
    )


def sixty(database: Database) -> None:
    database.write(filters.ensure_built_in)
    database.write(fill)


@pytest.fixture(params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An archive without an index, on each engine in turn."""
    database = ready(request, tmp_path, sixty)
    yield database
    database.close()


def nothing(_: Connection) -> None:
    """The index does not know one item."""


def half(connection: Connection) -> None:
    search_index.catch_up(connection, 25)


def whole(connection: Connection) -> None:
    while search_index.catch_up(connection, 25) == 25:
        pass


def then_edited(connection: Connection) -> None:
    """Known items get other words, and one moves into the story of another."""
    whole(connection)
    chance = random.Random(8)
    rows = search.search(connection, Plan(), 60).rows
    updates = []
    for row in rows[::4]:
        edited = report(chance, row.story_id, 1000 + row.id, 1, False)
        updates.append(ItemUpdate(item_id=row.id, old_story_id=row.story_id, insert=edited))
    ingest.apply(connection, Changes(source=polled(), updates=tuple(updates)), after(hours=50))


LATER = after(hours=60)


@pytest.mark.parametrize("indexed", [nothing, half, whole, then_edited])
def test_the_archive_gives_exactly_what_the_matcher_accepts(
    filled: Database, indexed: Callable[[Connection], None]
) -> None:
    filled.write(indexed)

    def compare(connection: Connection) -> None:
        rows = search.search(connection, Plan(), 1000).rows
        subjects = {row.id: archive.subject(row, LATER) for row in rows}
        stories = {
            row.story_id: [subjects[r.id] for r in rows if r.story_id == row.story_id] for row in rows if row.facts
        }
        for words in QUERIES:
            query = parse(words)
            expected = [number for number, each in subjects.items() if matches(query, each)]
            found = archive.find_items(connection, query, now=LATER, limit=1000)
            assert [one.report.item_id for one in found.items] == expected, words
            told = [number for number in sorted(stories, reverse=True) if matches_any(query, stories[number])]
            meetings = archive.find_meetings(connection, query, now=LATER, limit=1000)
            assert [one.meeting.story_id for one in meetings.meetings] == told, words
            assert (found.whole, meetings.whole) == (True, True)

    filled.read(compare)


@pytest.mark.parametrize("words", ["防衛", "", "is:meeting", "-防衛", "/防衛/"])
def test_pages_put_together_are_the_whole(filled: Database, words: str) -> None:
    filled.write(half)
    query = parse(words)

    def pages(connection: Connection) -> list[int]:
        found: list[int] = []
        before = None
        while True:
            page = archive.find_items(connection, query, now=LATER, limit=7, before=before)
            found += [one.report.item_id for one in page.items]
            before = page.before
            if before is None:
                return found

    def at_once(connection: Connection) -> list[int]:
        return [one.report.item_id for one in archive.find_items(connection, query, now=LATER, limit=1000).items]

    assert filled.read(pages) == filled.read(at_once)


@pytest.mark.parametrize("indexed", [nothing, half, whole])
@pytest.mark.parametrize("words", ["防衛", "", "country:JP", "-防衛", "m*"])
def test_pages_of_meetings_put_together_are_the_whole(
    filled: Database, indexed: Callable[[Connection], None], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.write(indexed)
    query = parse(words)
    at_once = filled.read(lambda c: archive.find_numbers(c, query, now=LATER, limit=1000)).numbers

    def pages(connection: Connection) -> tuple[int, ...]:
        page = archive.find_numbers(connection, query, now=LATER, limit=3)
        found = page.numbers
        while page.before is not None:
            page = archive.find_numbers(connection, query, now=LATER, limit=3, before=page.before)
            assert not set(page.numbers) & set(found)
            found += page.numbers
        return found

    assert len(at_once) > 3
    assert filled.read(pages) == at_once
    monkeypatch.setattr(archive, "FIRST_NUMBERS", 4)  # more may match than are asked for at first
    assert filled.read(pages) == at_once
    assert filled.read(lambda c: archive.find_numbers(c, query, now=LATER, limit=1000)).numbers == at_once


@pytest.mark.parametrize("words", ["防衛", "is:meeting", "is:meeting kind:trilateral", "country:JP"])
def test_more_than_one_look_can_take_gives_the_same(
    filled: Database, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(connection: Connection) -> archive.FoundItems:
        return archive.find_items(connection, parse(words), now=LATER, limit=1000)

    at_once = filled.read(found)
    assert len(at_once.items) > 3
    monkeypatch.setattr(archive, "FIRST_BATCH", 5)  # more than that are not in the index yet
    monkeypatch.setattr(search, "FEW", 2)  # more stories are left over than are looked up by their ids
    assert filled.read(found) == at_once
    filled.write(whole)
    assert filled.read(found) == at_once


def test_a_question_that_looks_at_too_much_says_so(filled: Database) -> None:
    found = filled.read(lambda c: archive.find_items(c, parse("/nothing/"), now=LATER, budget=10))
    assert (found.items, found.whole) == ((), False)
    rest = filled.read(lambda c: archive.find_items(c, parse("/nothing/"), now=LATER, before=found.before))
    assert rest.whole


def test_what_a_block_rule_matches_is_not_found(filled: Database) -> None:
    def hide(connection: Connection) -> None:
        filters.add(
            connection, key="no-other", title="", query="source:other", alerts=False, action=FilterAction.BLOCK,
            who="test", now=NOW,
        )  # fmt: skip

    everything: Query = parse("")
    before = filled.read(lambda c: archive.find_items(c, everything, now=LATER, limit=1000))
    filled.write(hide)
    found = filled.read(lambda c: archive.find_items(c, everything, now=LATER, limit=1000))
    assert {one.report.source_key for one in found.items} == {"mod"}
    assert len(found.items) < len(before.items)
    filled.write(lambda c: filters.change(c, "no-other", "pause", paused=True, who="test", now=NOW))
    assert filled.read(lambda c: archive.find_items(c, everything, now=LATER, limit=1000)) == before


def test_a_beginning_that_very_many_words_have_finds_the_same(
    filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.write(whole)
    for words in ("m*", "m* 防衛", "m* OR 防衛", "title:m* -talks"):
        few = filled.read(lambda c, words=words: archive.find_items(c, parse(words), now=LATER, limit=1000))  # type: ignore[misc]
        with monkeypatch.context() as patch:
            patch.setattr(search, "FEW_WORDS", 1)
            many = filled.read(lambda c, words=words: archive.find_items(c, parse(words), now=LATER, limit=1000))  # type: ignore[misc]
        assert few == many
        assert few.items


def test_the_same_of_meetings(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    filled.write(whole)
    for words in ("m*", "m* 防衛", "m* OR 防衛", "title:m* -talks"):
        few = filled.read(lambda c, words=words: archive.find_numbers(c, parse(words), now=LATER))  # type: ignore[misc]
        with monkeypatch.context() as patch:
            patch.setattr(search, "FEW_WORDS", 1)
            many = filled.read(lambda c, words=words: archive.find_numbers(c, parse(words), now=LATER))  # type: ignore[misc]
        assert few == many
        assert few.numbers


def test_an_index_of_another_folding_is_built_anew(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    filled.write(whole)
    newest = filled.read(search_index.indexed_to)
    monkeypatch.setattr(search_index, "VERSION", VERSION + 1)
    filled.write(lambda c: search_index.catch_up(c, 10))
    assert 0 < filled.read(search_index.indexed_to) < newest
    filled.write(whole)
    assert filled.read(search_index.indexed_to) == newest
    found = filled.read(lambda c: archive.find_items(c, parse("日米"), now=LATER, limit=1000))
    assert found.items
