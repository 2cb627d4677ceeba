"""Small parts of pages and feeds: entries of lists, names, packed forms, people by name, figures."""

from dataclasses import replace
from datetime import date

import pytest

from feeds.decide.query import parse
from feeds.publish import metrics
from feeds.publish.almanac import almanac, moved
from feeds.publish.by_facts import find_by_facts
from feeds.publish.listed import language_name, listed
from feeds.publish.rendered import SMALL, rendered, takes_gzip
from feeds.publish.words import office_name
from storage.model import Figures, Format, Level, Meeting, Principal, Role, Worker
from tests.support.build import NOW, facts, story


def test_a_meeting_of_several_days_is_told_with_its_last() -> None:
    long = story(facts(ends_on=date(2025, 11, 2)))
    assert listed(long, "ja", "Asia/Tokyo").stamp.until == "〜11月2日"
    assert listed(long, "en", "Asia/Tokyo").stamp.until == "to 2 Nov"
    assert listed(story(facts()), "en", "Asia/Tokyo").stamp.until == ""


def test_what_is_unusual_about_a_meeting_stands_beside_its_kind() -> None:
    assert listed(story(facts()), "en", "UTC").kicker == "bilateral meeting"
    unusual = story(facts(format=Format.PHONE, level=Level.VICE_MINISTER))
    assert listed(unusual, "en", "UTC").kicker.split(" · ")[1:] == ["by phone", "vice ministers"]


def test_of_many_countries_the_first_are_named() -> None:
    crowd = story(facts(countries=("AU", "BN", "CA", "DE", "FR", "GB", "IT", "JP", "KR", "US")))
    assert listed(crowd, "en", "UTC").sides.endswith("Japan and 2 more")
    assert listed(crowd, "ja", "UTC").sides.endswith("日本ほか2か国")


def test_a_language_that_nobody_knows_is_called_by_its_tag() -> None:
    assert (language_name("ja"), language_name("xx-yy"), language_name("!")) == ("日本語", "xx-yy", "!")


def test_the_deputy_of_a_minister_is_called_what_the_report_calls_them_or_nothing() -> None:
    assert office_name("防衛副大臣", "JP", Level.VICE_MINISTER, "en") == "防衛副大臣"
    assert office_name(None, "JP", Level.VICE_MINISTER, "en") == ""


def test_a_document_too_small_to_be_worth_packing_is_sent_as_it_is() -> None:
    small, large = (rendered(b"x" * size, "text/html", NOW, b"") for size in (SMALL - 1, SMALL))
    assert small.packed is small.plain
    assert large.packed.body != large.plain.body


@pytest.mark.parametrize(
    ("header", "taken"),
    [(b"gzip", True), (b"gzip;q=0", False), (b"gzip;q=soon", False), (b"br, *;q=0.5", True), (b"gzip;level=9", True)],
)
def test_a_packed_form_is_sent_to_whoever_takes_it(header: bytes, taken: bool) -> None:
    assert takes_gzip(header) is taken


def test_a_person_who_is_one_record_in_many_meetings_is_found_in_all_of_them() -> None:
    one = Principal(country="JP", name="Ada Example", office="minister")
    namesake = replace(one, country="GB")
    lists = [((one,), 1), ((one, namesake), 2), ((namesake,), 3)]
    made = almanac(
        Meeting(story_id=n, facts=facts(principals=who), revision=1, first_seen_at=NOW, updated_at=NOW)
        for who, n in lists
    )
    assert find_by_facts(made, parse("minister:ada")) == (3, 2, 1)
    assert find_by_facts(made, parse("minister:ada -country:FR")) == (3, 2, 1)
    assert find_by_facts(made, parse("-minister:ada")) == ()
    assert find_by_facts(made, parse("-minister:bob")) == (3, 2, 1)


def test_taking_a_line_out_that_is_not_there_changes_nothing() -> None:
    lines = almanac(
        Meeting(story_id=n, facts=facts(), revision=1, first_seen_at=NOW, updated_at=NOW) for n in (1, 2)
    ).lines
    assert moved(lines[:1], [lines[1]], []) == list(lines[:1])
    assert moved(lines[:1], [], [lines[1]]) == list(lines)


def test_trouble_of_the_service_is_told_by_name_and_what_is_well_shows_that() -> None:
    figures = Figures(sources=0, sources_failing=0, items=0, meetings=0, chats=0, deliveries_waiting=0)
    lines = metrics.render(
        figures, [], NOW, standing=metrics.Standing(troubles={"disk", "role web"}, deliveries_due=3)
    ).decode()
    told = {'kaigi_trouble{about="disk"} 1.0', 'kaigi_trouble{about="backups"} 0.0', "kaigi_deliveries_due 3.0"}
    assert told | {'kaigi_trouble{about="role web"} 1.0'} <= set(lines.splitlines())


def test_each_role_has_its_number_of_processes_as_soon_as_one_lives() -> None:
    figures = Figures(sources=0, sources_failing=0, items=0, meetings=0, chats=0, deliveries_waiting=0)
    one = Worker(name="w1", role=Role.COLLECT, leads=(), started_at=NOW, seen_at=NOW)
    lines = metrics.render(figures, [], NOW, standing=metrics.Standing(workers=[one])).decode().splitlines()
    assert {'kaigi_processes{role="collect"} 1.0', 'kaigi_processes{role="web"} 0.0'} <= set(lines)
    assert "kaigi_processes" not in metrics.render(figures, [], NOW).decode()
