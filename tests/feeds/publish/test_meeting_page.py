"""What the page of a meeting is made of: quotations, the course of the story, linked data."""

import json
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import pytest

from feeds.publish.chronicle import course
from feeds.publish.evidence import quotes
from feeds.publish.linked import event, script
from storage import ingest
from storage.changes import Changes, MeetingWrite, NewStory
from storage.database import Database
from storage.model import Evidence, Format, MeetingFacts, Phase, Principal, ToldItem, Trust
from tests.support.build import NOW, after, facts, item, polled, report, story

TEXT = "It rained. The ministers met in Kuala Lumpur on 1 November. They left."


def piece(fact: str, quote: str, text: str = TEXT, where: str = "text", sure: float = 1.0) -> Evidence:
    start = text.index(quote)
    return Evidence(fact=fact, where=where, start=start, end=start + len(quote), quote=quote, confidence=sure)


def told(source: str = "mod", stated: MeetingFacts | None = None, *evidence: Evidence, **fields: Any) -> ToldItem:
    return ToldItem(report=report(source, **fields), text=TEXT, stated=stated, evidence=evidence)


def test_a_fact_is_shown_in_its_sentence() -> None:
    (quote,) = quotes([told("mod", facts(), piece("city", "Kuala Lumpur"))])["where"]
    assert (quote.before, quote.words, quote.after) == ("The ministers met in ", "Kuala Lumpur", " on 1 November.")
    assert (quote.source, quote.url) == ("MOD", "https://mod.example/1")


def test_words_that_the_article_has_no_longer_are_not_quoted() -> None:
    gone = Evidence(fact="city", where="text", start=3, end=9, quote="Narnia", confidence=1.0)
    assert quotes([told("mod", facts(), gone)]) == {}


def test_the_surest_words_come_first_and_nobody_is_quoted_twice_for_the_same() -> None:
    sure, less = piece("starts_on", "1 November"), piece("starts_on", "met", sure=0.4)
    found = quotes([told("a", facts(), less, sure, sure), told("b", facts(), sure)])["when"]
    assert [(quote.source, quote.words) for quote in found] == [("A", "1 November"), ("B", "1 November"), ("A", "met")]


def test_a_dangerous_address_is_no_link_of_a_quotation() -> None:
    (quote,) = quotes([told("mod", facts(), piece("city", "Kuala Lumpur"), url="javascript:alert(1)")])["where"]
    assert quote.url is None


def test_the_story_is_told_in_the_order_of_time() -> None:
    steps = course(
        [
            told("c", facts(outcomes=("joint statement",)), item_id=3, published_at=after(hours=2)),
            told("a", facts(phase=Phase.ANNOUNCED), item_id=1, published_at=after(days=-9)),
            told("b", facts(), item_id=2, published_at=NOW),
            told("d", facts(), item_id=4, published_at=after(hours=3)),
        ],
        facts(), date(2025, 11, 5), "en",
    )  # fmt: skip
    assert [step.key for step in steps] == ["announced", "day", "held", "outcome", "report"]
    assert [step.report.source_key for step in steps if step.report] == ["a", "b", "c", "d"]


def test_the_day_of_a_meeting_to_come_is_the_last_step() -> None:
    coming = facts(phase=Phase.ANNOUNCED, starts_on=date(2026, 1, 10))
    steps = course([told("a", coming)], coming, date(2025, 11, 5), "ja")
    assert [(step.key, step.words) for step in steps][-1] == ("coming", "会談の予定日")


def test_a_cancelled_meeting_never_took_place() -> None:
    off = facts(phase=Phase.CANCELLED)
    steps = course([told("a", facts(phase=Phase.ANNOUNCED)), told("b", off, item_id=2)], off, date(2026, 1, 1), "en")
    assert [step.key for step in steps] == ["announced", "cancelled"]


def test_linked_data_is_json_that_cannot_end_its_element() -> None:
    hostile = "</script><script>alert(1)</script>&"
    written = event(story(facts(), report("mod", title=hostile, source_name=hostile)), "en", "https://kaigi.example/1")
    assert "<" not in written
    document = json.loads(written)
    assert document["subjectOf"][0]["headline"] == hostile
    assert script({"a": "<>&"}) == '{"a": "\\u003c\\u003e\\u0026"}'


def test_an_event_says_where_and_when_and_who() -> None:
    minister = Principal(country="JP", name="Shinjiro Koizumi", name_ja="小泉進次郎")
    document = json.loads(
        event(story(facts(principals=(minister,), ends_on=date(2025, 11, 2))), "ja", "https://k.example/7")
    )
    assert (document["startDate"], document["endDate"]) == ("2025-11-01", "2025-11-02")
    assert document["location"]["address"] == {
        "@type": "PostalAddress", "addressLocality": "クアラルンプール", "addressCountry": "MY",
    }  # fmt: skip
    assert document["attendee"][0]["name"] == "小泉進次郎"
    assert document["eventAttendanceMode"].endswith("OfflineEventAttendanceMode")


@pytest.mark.parametrize(
    ("fields", "name", "value"),
    [
        ({"phase": Phase.CANCELLED}, "eventStatus", "https://schema.org/EventCancelled"),
        ({"phase": Phase.POSTPONED}, "eventStatus", "https://schema.org/EventPostponed"),
        ({"format": Format.PHONE}, "eventAttendanceMode", "https://schema.org/OnlineEventAttendanceMode"),
    ],
)
def test_an_event_has_its_state_and_its_form(fields: dict[str, Any], name: str, value: str) -> None:
    assert json.loads(event(story(facts(**fields)), "en", "https://k.example/7"))[name] == value


async def test_the_page_shows_words_course_side_meetings_and_data(ask: Callable[..., Any], database: Database) -> None:
    conference = facts(series="admm-plus", edition=12, kind="multilateral", countries=())
    beside = facts(parent="admm-plus", countries=("JP", "VN"))
    tale = "On Saturday the ministers met in Kuala Lumpur."
    for number, one in enumerate((conference, beside), 10):
        new = NewStory(0)
        words = item(
            new, f"g:{number}", title=f"Report {number}", text=tale, verdict="meeting", facts=one,
            evidence=(piece("city", "Kuala Lumpur", tale),),
        )  # fmt: skip
        write = MeetingWrite(story=new, facts=one, trust=Trust.PRESS, revision=1)
        changes = Changes(source=polled(1), new_stories=(new,), inserts=(words,), meetings=(write,))
        database.write(partial(ingest.apply, changes=changes, now=NOW))
    page = (await ask("/meetings/3?lang=en")).text
    assert "the ministers met in <mark>Kuala Lumpur</mark>" in page
    assert "On its margins" in page
    assert 'href="/meetings/4?lang=en"' in page
    assert '<link rel="canonical" href="https://kaigi.example/meetings/3">' in page
    assert 'property="og:title"' in page
    side = (await ask("/meetings/4?lang=ja")).text
    assert "同じ機会の会談" in side
    data = (await ask("/api/meetings/3")).json()
    assert (data["id"], data["evidence"][0]["quote"]) == (3, "Kuala Lumpur")
    assert (await ask("/api/meetings/999")).headers["content-type"] == "application/problem+json"


def test_long_words_before_a_quotation_are_cut_at_a_word() -> None:
    text = f"{'The frigate sailed on and on with all hands ' * 8}to Kuala Lumpur."
    item = ToldItem(report=report("mod"), text=text, stated=facts(), evidence=(piece("city", "Kuala Lumpur", text),))
    (quote,) = quotes([item])["where"]
    assert quote.before.startswith("…")
    assert quote.before.endswith("hands to ")
    assert set(quote.before.strip("… ").split()) <= set(text.split())


def test_a_meeting_in_no_known_place_has_none_in_its_linked_data() -> None:
    document = json.loads(event(story(facts(city=None, country=None)), "en", "https://k.example/7"))
    assert "location" not in document


def test_a_report_of_a_later_day_comes_after_the_day_of_the_meeting() -> None:
    announced = told("a", facts(phase=Phase.ANNOUNCED), published_at=after(days=-9))
    reported = told("b", facts(), item_id=2, published_at=after(days=3))
    steps = course([announced, reported], facts(), date(2025, 11, 5), "en")
    assert [step.day is not None for step in steps][1:] == [True, False]
