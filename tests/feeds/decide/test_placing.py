"""`kaigi explain` says which story an item would join, and which ones it came near."""

from dataclasses import replace
from datetime import date

from feeds.decide.placing import place
from storage.changes import Rejected
from tests.support.build import NOW, facts
from tests.support.deciding import candidate, snapshot

LATER = facts(starts_on=date(2025, 11, 20), city="Tokyo", country="JP")


def test_an_article_with_a_known_address_goes_where_that_one_is() -> None:
    seen = snapshot(candidates=(candidate(LATER, story_id=7),), by_url={"https://mod.example/a": 50})
    placed = place(seen, "https://mod.example/a", facts(), NOW)
    assert (placed.story_id, placed.reason) == (50, "an article with this address is in it")
    assert [one.story_id for one in placed.apart] == [7]


def test_the_meeting_with_the_same_facts_is_joined() -> None:
    placed = place(snapshot(candidates=(candidate(),)), None, facts(), NOW)
    assert (placed.story_id, placed.apart) == (50, ())


def test_what_an_admin_called_no_meeting_takes_in_what_tells_of_it() -> None:
    seen = replace(snapshot(), rejected=(Rejected(story_id=8, records=(facts(),), reported_at=NOW),))
    assert place(seen, None, facts(), NOW).story_id == 8
    assert place(seen, None, LATER, NOW).reason == "no meeting of the archive has these facts"
    assert place(seen, None, None, NOW).reason == "no meeting: it is grouped with copies alone"
