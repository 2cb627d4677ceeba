"""What is tamed in feedparser: long author fields are not searched, and nothing of them or of short ones is lost."""

from datetime import datetime

import pytest

from feeds.collect.feed import parse_feed
from feeds.collect.tamed import MAX_SEARCHED
from feeds.observed import Fetched, ParsedFeed
from storage.model import SourceDefinition

DUBLIN = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'


def _author(element: str, words: str, definition: SourceDefinition, now: datetime, broken: str = "") -> str | None:
    body = (
        f'<rss version="2.0" {DUBLIN}><channel><title>t</title><item><title>会談</title>'
        f"<{element}>{words}</{element}>{broken}</item></channel></rss>"
    )
    parsed = parse_feed(Fetched(url="https://a.example/rss", body=body.encode()), definition, now)
    assert isinstance(parsed, ParsedFeed)
    assert parsed.entries[0].title == "会談"
    return parsed.entries[0].author


@pytest.mark.parametrize("broken", ["", "<b>"], ids=["well-formed", "broken"])
@pytest.mark.parametrize("element", ["author", "dc:creator", "managingEditor"])
def test_a_hostile_author_field_is_kept_like_any_text_and_costs_no_time(
    ministry: SourceDefinition, now: datetime, element: str, broken: str
) -> None:
    # With the search, 1 MB would take hours: that this test ends is the assertion.
    author = _author(element, "a@" + "a." * 500_000 + "!", ministry, now, broken)
    assert author is not None
    assert author.startswith("a@a.a.a.")


def test_a_short_author_is_kept_as_it_was_written(ministry: SourceDefinition, now: datetime) -> None:
    assert _author("author", "press@mod.example (報道室)", ministry, now) == "press@mod.example (報道室)"


def test_many_names_stay_as_they_were_written(ministry: SourceDefinition, now: datetime) -> None:
    names = ", ".join(f"Reporter {number}" for number in range(60))
    assert len(names) > MAX_SEARCHED
    author = _author("dc:creator", names, ministry, now)
    assert author is not None
    assert author.rstrip("…") in names


def test_links_are_still_read_against_the_base_of_their_own_element(ministry: SourceDefinition, now: datetime) -> None:
    body = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://a.example/ja/"><title>t</title>'
        '<entry><title>1</title><id>1</id><link href="1"/></entry>'
        '<entry xml:base="https://b.example/en/"><title>2</title><id>2</id><link href="2"/></entry>'
        '<entry xml:base="../fr/"><title>3</title><id>3</id><link href="3"/></entry></feed>'
    )
    parsed = parse_feed(Fetched(url="https://a.example/feed", body=body.encode()), ministry, now)
    assert isinstance(parsed, ParsedFeed)
    urls = [entry.url for entry in parsed.entries]
    assert urls == ["https://a.example/ja/1", "https://b.example/en/2", "https://a.example/fr/3"]
