"""Which filters an alert is for, and why a meeting raises none."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from feeds.decide.decide import decide
from feeds.decide.routing import Silence, looks_at_items
from feeds.observed import ParsedEntry
from storage.changes import Changes, EarlierReport, Snapshot
from storage.model import Filter, FilterAction, Phase, Trust
from tests.support.build import NOW, after, entry, facts, minister, polled, source, understood
from tests.support.deciding import MEETINGS, POLICY, candidate, decided, known, snapshot


def named(key: str, query: str, **fields: object) -> Filter:
    return Filter(id=2, key=key, title=key, query=query, **fields)  # type: ignore[arg-type]


def earlier(title: str, **fields: object) -> EarlierReport:
    words: dict[str, object] = {
        "item_id": 9, "title": title, "text": "", "language": "ja", "source_key": "mod-jp", "source_name": "防衛省",
        "trust": Trust.OFFICIAL, "categories": (), "verdict": "meeting", "reported_at": NOW,
    }  # fmt: skip
    return EarlierReport(**{**words, **fields})  # type: ignore[arg-type]


def alerted(changes: Changes) -> list[tuple[str, ...]]:
    return [alert.filters for alert in changes.alerts]


class TestFilters:
    def test_a_filter_of_words_is_told_when_a_report_has_them(self) -> None:
        filters = (named("navy", "title:navy"), named("army", "title:army"))
        changes = decided(snapshot(filters=filters), understood(entry("The Navy hosts ministers"), facts()))
        assert alerted(changes) == [("navy",)]

    def test_a_new_filter_never_alerts_about_a_meeting_that_was_known_before_it(self) -> None:
        seen = snapshot(
            candidates=(candidate(alerted=False, reported=timedelta(hours=2)),),
            filters=(
                named("new", "is:meeting", since=after(hours=-1)),
                named("old", "is:meeting", since=after(hours=-3)),
            ),
        )
        assert alerted(decided(seen, understood(entry("Again"), facts()))) == [("old",)]

    def test_a_new_filter_alerts_about_the_next_meeting(self) -> None:
        seen = snapshot(filters=(named("new", "is:meeting", since=NOW),))
        assert alerted(decided(seen, understood(entry("News"), facts()))) == [("new",)]

    def test_a_paused_filter_and_one_without_alerts_stay_silent(self) -> None:
        seen = snapshot(filters=(named("a", "", paused=True), named("b", "", alerts=False)))
        assert alerted(decided(seen, understood(entry("News"), facts()))) == []

    def test_what_a_block_rule_matches_raises_no_alert(self) -> None:
        rule = named("no-spam", "title:sponsored OR source:spam", action=FilterAction.BLOCK, alerts=False)
        seen = snapshot(filters=(MEETINGS, rule))
        assert alerted(decided(seen, understood(entry("Sponsored: ministers met"), facts()))) == []
        assert alerted(decided(seen, understood(entry("Ministers met"), facts()))) == [("ministerial-meetings",)]

    def test_a_paused_block_rule_blocks_nothing(self) -> None:
        rule = named("no-spam", "title:sponsored", action=FilterAction.BLOCK, paused=True)
        changes = decided(snapshot(filters=(MEETINGS, rule)), understood(entry("Sponsored"), facts()))
        assert alerted(changes) == [("ministerial-meetings",)]

    def test_an_earlier_report_counts_with_the_facts_that_a_later_one_brings(self) -> None:
        announced = facts(phase=Phase.ANNOUNCED)
        known_one = replace(candidate(announced, alerted=False), told=(earlier("日豪防衛相会談"),))
        seen = snapshot(candidates=(known_one,), filters=(named("held", "title:防衛相会談 source:mod-jp phase:held"),))
        assert alerted(decided(seen, understood(entry("They have met"), facts()))) == [("held",)]

    def test_the_words_that_an_edit_replaces_do_not_count_any_more(self) -> None:
        known_one = replace(candidate(alerted=False), told=(earlier("The old headline"),))
        seen = snapshot(
            known=(known("g:new"),), candidates=(known_one,), filters=(named("old", "old"), named("new", "new"))
        )
        assert alerted(decided(seen, understood(entry("New"), facts()))) == [("new",)]

    def test_a_filter_that_cannot_be_read_any_more_silences_no_other(self) -> None:
        seen = snapshot(filters=(named("broken", "city:atlantis"), MEETINGS))
        assert alerted(decided(seen, understood(entry("News"), facts()))) == [("ministerial-meetings",)]

    @pytest.mark.parametrize(
        ("query", "looks"),
        [
            ("is:meeting level:minister", False),
            ("country:JP has:outcome date:2025 -phase:held", False),
            ("", False),
            ("防衛", True),
            ("country:JP OR source:mod", True),
            ("is:uncertain", True),
            ("age:<1d", True),
            ("after:2025", True),
        ],
    )
    def test_earlier_reports_are_only_wanted_by_filters_that_look_at_them(self, query: str, looks: bool) -> None:
        assert looks_at_items([MEETINGS, named("x", query)]) is looks


class TestWhyNothingIsTold:
    @pytest.mark.parametrize(
        ("why", "seen", "piece"),
        [
            (Silence.FIRST_POLL, snapshot(source(polled_before=False)), entry("A")),
            (Silence.OLD_REPORT, snapshot(), entry("A", published_at=after(days=-5))),
            (Silence.NO_FILTER, snapshot(filters=(replace(MEETINGS, query="country:FR"),)), entry("A")),
            (
                Silence.BLOCKED,
                snapshot(
                    filters=(MEETINGS, Filter(id=2, key="b", title="", query="title:a", action=FilterAction.BLOCK))
                ),
                entry("A"),
            ),
            (Silence.TOLD_BEFORE, snapshot(candidates=(candidate(),)), entry("A")),
        ],
        ids=lambda value: str(value) if isinstance(value, Silence) else "",
    )
    def test_a_meeting_that_raises_no_alert_says_why(self, why: Silence, seen: Snapshot, piece: ParsedEntry) -> None:
        changes = decided(seen, understood(piece, facts()))
        assert (changes.alerts, changes.silent) == ((), {why: 1})

    def test_a_meeting_long_ago_says_so(self) -> None:
        told = facts(starts_on=date(2025, 8, 1))
        assert decided(snapshot(), understood(entry("A"), told)).silent == {Silence.OLD_MEETING: 1}

    def test_what_is_told_is_not_silent(self) -> None:
        changes = decided(snapshot(), understood(entry("A"), facts()))
        assert (len(changes.alerts), changes.silent) == (1, {})


MARLES = facts(principals=(minister("AU", name="Richard Marles"),))


KOREA = Filter(id=2, key="marles", title="Marles", query="minister:Marles")


def test_followers_of_who_is_newly_named_are_told_also_when_another_filter_begins_to_match() -> None:
    changes = decide(
        snapshot(candidates=(candidate(),), filters=(MEETINGS, KOREA)),
        [understood(entry("They met"), MARLES)],
        polled(),
        POLICY,
        NOW,
    )
    (alert,) = changes.alerts
    assert alert.filters == ("marles",)
    assert any(tag.startswith("person:") for tag in alert.followed)


@pytest.mark.parametrize(
    "filters",
    [
        (MEETINGS, Filter(id=3, key="no", title="No", query="title:met", action=FilterAction.BLOCK)),
        (replace(MEETINGS, paused=True),),
        (replace(MEETINGS, alerts=False),),
        (),
    ],
    ids=["blocked", "paused", "without alerts", "removed"],
)
def test_who_is_newly_named_is_told_to_nobody_where_the_filter_is_silent(filters: tuple[Filter, ...]) -> None:
    seen = snapshot(candidates=(candidate(),), filters=filters)
    assert decide(seen, [understood(entry("They met"), MARLES)], polled(), POLICY, NOW).alerts == ()
