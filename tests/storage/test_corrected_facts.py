"""A fact that an admin set stays as it is, whatever reports say later."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from feeds.decide.corrections import CannotCorrect
from feeds.decide.pins import WrongFact, shown
from storage import corrections, sources
from storage.errors import NotFound
from storage.model import Format, Phase, Principal
from storage.tables import deliveries
from tests.support.build import facts
from tests.support.correcting import TOKYO, WASHINGTON, Room


def kinds(room: Room, state: str = "") -> list[str]:
    """What is owed, in the order in which it was decided."""
    query = select(deliveries.c.kind).order_by(deliveries.c.id)
    query = query.where(deliveries.c.state == state) if state else query
    return list(room.database.read(lambda c: c.execute(query).scalars().all()))


class TestFacts:
    @pytest.mark.parametrize(
        ("field", "value", "shown"),
        [
            ("city", "東京", {"city": "Tokyo"}),
            ("country", "japan", {"country": "JP"}),
            ("date", "2025-11-02/2025-11-03", {"starts_on": date(2025, 11, 2), "ends_on": date(2025, 11, 3)}),
            ("edition", "12", {"edition": 12}),
            ("kind", "2+2", {"kind": "two_plus_two"}),
            ("format", "video", {"format": Format.VIDEO}),
            ("phase", "postponed", {"phase": Phase.POSTPONED}),
            ("level", "vice-minister", {"level": "vice_minister"}),
            ("city", None, {"city": None}),
            (
                "person",
                "JP:Taro Example/例太郎",
                {"principals": (Principal(country="JP", name="Taro Example", name_ja="例太郎"),)},
            ),
        ],
    )
    def test_a_fact_is_set_and_shown(self, room: Room, field: str, value: str | None, shown: dict[str, object]) -> None:
        story = room.report("A", facts())
        room.desk.fact(str(story), field, value)
        assert room.meetings()[story] == replace(facts(), **shown)  # type: ignore[arg-type]
        assert room.meeting(story).meeting.revision == 2
        assert len(room.owed()) == 1

    def test_undone_the_card_is_rewritten_and_who_heard_of_the_change_hears_that_it_was_none(self, room: Room) -> None:
        story = room.report("A", facts())
        room.send_all()
        said = room.desk.fact(str(story), "city", "Manila")
        assert kinds(room) == ["alert", "edit", "follow_up"]
        room.send_all()
        room.desk.undo(said.id)
        assert kinds(room) == ["alert", "edit", "follow_up", "edit", "follow_up"]

    def test_undone_before_anything_left_nobody_hears_of_a_change(self, room: Room) -> None:
        story = room.report("A", facts())
        room.send_all()
        said = room.desk.fact(str(story), "city", "Manila")
        room.desk.undo(said.id)
        assert kinds(room, "queued") == ["edit"]

    def test_undone_while_the_alert_waits_it_is_simply_right(self, room: Room) -> None:
        story = room.report("A", facts())
        room.desk.undo(room.desk.fact(str(story), "city", "Manila").id)
        assert kinds(room) == ["alert"]

    def test_a_series_brings_its_names(self, room: Room) -> None:
        story = room.report("A", facts())
        room.desk.fact(str(story), "series", "admm-plus")
        assert room.meetings()[story].name_ja == "拡大ASEAN国防相会議"

    def test_later_reports_do_not_overwrite_it_but_fill_other_gaps(self, room: Room) -> None:
        story = room.report("A", facts())
        room.desk.fact(str(story), "city", "Penang")
        assert room.report("B", facts(outcomes=("joint statement",)), source="wire") == story
        assert room.meetings()[story] == facts(city="Penang", outcomes=("joint statement",))

    def test_reports_with_the_right_and_with_the_wrong_fact_both_join(self, room: Room) -> None:
        story = room.report("A", facts())
        room.desk.fact(str(story), "date", "2025-11-08")
        assert room.report("B", facts(), source="wire") == story
        assert room.report("C", facts(starts_on=date(2025, 11, 8)), source="wire") == story
        assert room.meetings()[story].starts_on == date(2025, 11, 8)

    def test_undone_the_fact_is_what_reports_say_by_now(self, room: Room) -> None:
        story = room.report("A", facts(city=None, country=None))
        said = room.desk.fact(str(story), "city", "Penang")
        room.report("B", facts(), source="wire")
        assert room.meetings()[story].city == "Penang"
        room.desk.undo(said.id)
        assert room.meetings()[story] == facts()

    def test_two_words_about_one_story_are_undone_in_any_order(self, room: Room) -> None:
        story = room.report("A", facts())
        city = room.desk.fact(str(story), "city", "Penang")
        day = room.desk.fact(str(story), "date", "2025-11-08")
        room.desk.undo(city.id)
        assert room.meetings()[story] == facts(starts_on=date(2025, 11, 8))
        room.desk.undo(day.id)
        assert room.meetings()[story] == facts()

    def test_a_pinned_fact_survives_a_merge_and_its_undoing(self, room: Room) -> None:
        first, second = room.report("A", facts()), room.report("B", WASHINGTON, source="wire")
        room.desk.fact(str(first), "edition", "7")
        said = room.desk.same_as(str(second), str(first))
        assert room.meetings()[first].edition == 7
        room.desk.undo(said.id)
        assert (room.meetings()[first].edition, room.meetings()[second].edition) == (7, None)

    def test_the_only_report_that_is_edited_leaves_it_alone(self, room: Room) -> None:
        story = room.report("A", facts())
        room.desk.fact(str(story), "city", "Penang")
        room.report("A", facts(starts_on=date(2025, 11, 2)), content_hash="edited")
        assert room.meetings()[story] == facts(city="Penang", starts_on=date(2025, 11, 2))

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("colour", "red", "Write one of: person"),
            ("date", "yesterday", "2025-11-01"),
            ("kind", "big", "bilateral"),
            ("country", "Atlantis", "ISO 3166-1"),
            ("series", "admm-pluss", "Did you mean admm-plus"),
            ("level", None, "set another one"),
            ("person", "Taro", "person=JP:"),
            ("city", " ", "needs a value"),
        ],
    )
    def test_a_wrong_field_or_value_is_told(self, room: Room, field: str, value: str | None, words: str) -> None:
        story = room.report("A", facts())
        with pytest.raises(WrongFact, match=words):
            room.desk.fact(str(story), field, value)
        assert room.database.read(corrections.every) == []

    def test_a_story_that_is_no_meeting_has_no_facts(self, room: Room) -> None:
        with pytest.raises(CannotCorrect, match="kaigi correct .* meeting"):
            room.desk.fact(str(room.report("A", None)), "city", "Tokyo")


class TestWhatIsNamed:
    def test_a_story_or_article_is_found_by_id_page_and_address(self, room: Room) -> None:
        story = room.report("A", facts())
        for number, what in enumerate((str(story), f"/meetings/{story}", f"https://kaigi.example/meetings/{story}",
                                       room.item("A"), "https://mod.example/A"), 1):  # fmt: skip
            assert room.desk.fact(what, "edition", str(number)).story_id == story

    @pytest.mark.parametrize("what", ["99", "item/99", "https://mod.example/none", "the meeting"])
    def test_what_is_not_there_is_told(self, room: Room, what: str) -> None:
        with pytest.raises(NotFound):
            room.desk.not_a_meeting(what)

    def test_a_correction_is_undone_once(self, room: Room) -> None:
        said = room.desk.not_a_meeting(str(room.report("A", facts())))
        room.desk.undo(said.id)
        with pytest.raises(CannotCorrect, match="already"):
            room.desk.undo(said.id)
        assert [one.undone_at is None for one in room.database.read(corrections.every)] == [False]

    def test_when_its_articles_are_gone_the_label_stays_and_polls_go_on(self, room: Room) -> None:
        story = room.report("A", facts())
        room.desk.not_a_meeting(str(story))
        room.database.write(lambda c: sources.remove(c, room.source_ids["mod"]))
        assert len(room.database.read(corrections.every)) == 1
        room.report("B", TOKYO, source="wire")


def test_a_person_in_japanese_alone_is_set_shown_and_taken_out_and_the_others_stay(room: Room) -> None:
    marles = Principal(country="AU", name="Richard Marles")
    story = room.report("A", facts(principals=(marles, Principal(country="JP"))))
    room.desk.fact(str(story), "person", "JP:例太郎")
    assert room.meetings()[story].principals == (marles, Principal(country="JP", name_ja="例太郎"))
    assert shown(room.meetings()[story], "person") == "AU:Richard Marles; JP:例太郎"
    room.desk.fact(str(story), "person:jp", None)
    assert room.meetings()[story].principals == (marles,)
    room.desk.fact(str(story), "person", None)
    assert (room.meetings()[story].principals, shown(room.meetings()[story], "person")) == ((), None)


@pytest.mark.parametrize("value", ["0", "1000", "twelve"])
def test_an_edition_that_is_no_number_is_refused(room: Room, value: str) -> None:
    story = room.report("A", facts())
    with pytest.raises(WrongFact, match="no edition"):
        room.desk.fact(str(story), "edition", value)
