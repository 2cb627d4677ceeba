"""What is kept of an almanac when meetings change is what would be made anew; entries are as new as the archive."""

from datetime import date, timedelta
from functools import partial

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from feeds.publish.almanac import Almanac, Line, almanac_of, line_of
from feeds.publish.facets import carry_over, find, kept_find
from feeds.publish.kept import FEW_CHANGES
from feeds.publish.listing import Entries, Style
from storage import almanac as shelves
from storage import ingest
from storage.database import Database
from storage.model import Format, Kind, Level, Meeting, Phase, Principal
from storage.tables import meetings, sources
from tests.feeds.publish.test_pages import Ask
from tests.feeds.publish.test_views import VIEWS
from tests.support.build import NOW, after, facts, meeting_changes

PEOPLE = (
    Principal(country="JP", name="Shinjiro Koizumi", name_ja="小泉進次郎"),
    Principal(country="AU", name="Richard Marles"),
    Principal(country="US"),
)


@st.composite
def lines(draw: st.DrawFn, number: int) -> Line:
    day = draw(st.none() | st.dates(date(2024, 12, 1), date(2026, 2, 1)))
    told = facts(
        kind=draw(st.sampled_from(Kind)), phase=draw(st.sampled_from(Phase)), format=draw(st.sampled_from(Format)),
        level=draw(st.sampled_from(Level)), series=draw(st.sampled_from((None, "admm-plus", "scm"))),
        countries=tuple(draw(st.lists(st.sampled_from(("AU", "JP", "US")), unique=True))), starts_on=day,
        principals=tuple(draw(st.lists(st.sampled_from(PEOPLE), unique=True))),
        ends_on=day + timedelta(days=draw(st.integers(0, 9))) if day and draw(st.booleans()) else None,
    )  # fmt: skip
    return line_of(Meeting(story_id=number, facts=told, revision=1, first_seen_at=NOW, updated_at=NOW))


@st.composite
def changed(draw: st.DrawFn) -> tuple[list[Line], list[Line], list[Line]]:
    """Meetings, those that go, and those that come; some of them change."""
    before = [draw(lines(number)) for number in range(1, draw(st.integers(1, 12)))]
    out = draw(st.lists(st.sampled_from(before), unique_by=lambda line: line.story_id)) if before else []
    again = [draw(lines(line.story_id)) for line in out if draw(st.booleans())]
    return before, out, again + [draw(lines(number)) for number in range(20, 20 + draw(st.integers(0, 4)))]


@given(changed())
def test_an_almanac_that_was_changed_is_the_one_that_would_be_made(some: tuple[list[Line], ...]) -> None:
    before, out, into = some
    old = almanac_of(before)
    _ask_everything(old)
    made = old.changed(out, into)
    carry_over(old, made, out, into)
    gone = {line.story_id for line in out}
    new = almanac_of([line for line in before if line.story_id not in gone] + into)
    assert made.lines == new.lines
    for group in ("by_country", "by_person", "by_series", "by_level"):
        assert getattr(made, group) == getattr(new, group)
    assert list(made.people) == list(new.people)
    for view in VIEWS:
        assert view in made.kept["found"]
        assert kept_find(made, view) == find(new, view)


def _ask_everything(made: Almanac) -> None:
    _ = made.by_country, made.by_person, made.by_series, made.by_level, made.people
    for view in VIEWS:
        kept_find(made, view)


async def test_many_changes_at_once_are_seen_as_well_as_one(ask: Ask, database: Database) -> None:
    assert (await ask("/?country=FR")).text.count("<article") == 0
    for number in range(FEW_CHANGES + 1):
        told = facts(countries=("FR", "DE"), starts_on=date(2025, 1, 1) + timedelta(days=number))
        database.write(partial(ingest.apply, changes=meeting_changes(told, identity=f"g:{number + 9}"), now=NOW))
    assert f"{FEW_CHANGES + 1} meetings" in (await ask("/?country=FR&lang=en")).text
    told = facts(countries=("FR", "DE"), starts_on=date(2026, 1, 1))
    database.write(lambda c: ingest.apply(c, meeting_changes(told, identity="g:one-more"), NOW))
    assert f"{FEW_CHANGES + 2} meetings" in (await ask("/?country=FR&lang=en")).text


def test_the_mark_of_a_block_changes_with_each_of_its_meetings_and_with_no_other(database: Database) -> None:
    before = database.read(shelves.marks)
    assert list(before) == [0]
    for column, value in (("revision", 2), ("updated_at", after(hours=1)), ("active_at", after(hours=2))):
        change = update(meetings).where(meetings.c.story_id == 2).values({column: value})
        database.write(lambda c, change=change: c.execute(change))  # type: ignore[misc]
        now = database.read(shelves.marks)
        assert now != before
        assert database.read(shelves.marks) == now
        before = now
    assert set(database.read(lambda c: shelves.versions(c, [0]))) == {1, 2}
    assert database.read(lambda c: shelves.versions(c, [1, 2, 7])) == {}


def test_an_entry_is_written_once_for_each_language_until_its_meeting_changes(database: Database) -> None:
    versions = database.read(lambda c: shelves.versions(c, [0]))
    moment = [NOW]
    entries = Entries(lambda: versions, lambda: moment[0])
    ja, en = Style(language="ja", zone="UTC"), Style(language="en", zone="UTC")
    first = database.read(lambda c: entries.of(c, [2, 1, 99], ja))
    assert [entry.story_id for entry in first] == [2, 1]
    again = database.read(lambda c: entries.of(c, [1], ja))
    assert again[0] is first[1]
    (english,) = database.read(lambda c: entries.of(c, [1], en))
    assert "source" in english.html
    versions = {**versions, 1: (2, "now", "now")}
    assert database.read(lambda c: entries.of(c, [1], ja))[0] is not first[1]
    assert database.read(lambda c: entries.of(c, [2], ja))[0] is first[0]
    moment[0] = after(seconds=31)  # what else an entry shows may have changed
    database.write(lambda c: c.execute(update(sources).values(name="Renamed")))
    assert "Renamed" in database.read(lambda c: entries.of(c, [2], ja))[0].html


def test_a_meeting_that_the_versions_do_not_know_yet_is_shown_and_not_kept(database: Database) -> None:
    entries = Entries(dict, lambda: NOW)
    style = Style(language="en", zone="UTC")
    one, other = (database.read(lambda c: entries.of(c, [1], style))[0] for _ in range(2))
    assert one == other
    assert one is not other
