"""Copies of one article are found by exact keys first, and a doubt keeps two articles apart."""

from feeds.decide.fingerprint import fingerprint
from feeds.decide.likeness import contradiction, copy_of
from storage.changes import Twin
from tests.support.build import NOW, entry

LEAD = "The minister of defence said on Tuesday that the two countries will hold a joint exercise in the spring."


def twin(title: str, number: int = 1) -> Twin:
    return Twin(item_id=number, story_id=number, title=title, is_meeting=False)


def test_a_guid_that_is_unique_in_the_world_finds_the_copy_whatever_its_headline() -> None:
    piece = entry("Navy orders frigates", guid="tag:agency.example,2025:1")
    found = fingerprint(piece, NOW)
    assert found.guid is not None
    assert copy_of(piece, found, {found.guid: [twin("Something else")]}) == twin("Something else")
    assert copy_of(piece, found, {}) is None


def test_the_same_opening_under_headlines_that_contradict_is_no_copy() -> None:
    piece = entry("Navy orders 4 frigates", text=LEAD)
    found = fingerprint(piece, NOW)
    assert found.lead is not None
    other, same = twin("Navy orders 6 frigates"), twin("The navy orders 4 frigates", 2)
    assert copy_of(piece, found, {found.lead: [other, same]}) == same
    assert copy_of(piece, found, {found.lead: [other]}) is None


def test_words_that_only_end_like_ordinals_are_no_numbers() -> None:
    assert contradiction("Third exercise of the month", "Third exercise of a month") is None
    assert contradiction("Third exercise of the month", "Fourth exercise of the month") == "other numbers"
