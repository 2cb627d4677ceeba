"""An admin's word is applied at once, survives later polls, can be taken back, and never raises a second alert."""

import pytest
from sqlalchemy import select, update

from feeds.decide.corrections import CannotCorrect
from feeds.observed import Verdict
from storage import corrections, sources
from storage.model import Trust
from storage.tables import deliveries, meetings, story_alerts
from tests.support.build import after, entry, facts, understood
from tests.support.correcting import TOKYO, WASHINGTON, Room


class TestNotAMeeting:
    def test_the_record_goes_and_its_waiting_alert_is_not_sent(self, room: Room) -> None:
        story = room.report("A", facts())
        room.desk.not_a_meeting(str(story))
        assert (room.meetings(), room.owed()) == ({}, [(story, "expired")])

    def test_later_reports_join_it_and_neither_found_a_meeting_nor_alert(self, room: Room) -> None:
        story = room.report("A", facts())
        room.desk.not_a_meeting(str(story))
        assert room.report("B", facts(), source="wire") == story
        room.report("A", facts(outcomes=("joint statement",)), content_hash="edited")
        assert (room.meetings(), room.owed()) == ({}, [(story, "expired")])

    def test_another_meeting_of_the_same_ministers_is_still_one(self, room: Room) -> None:
        room.desk.not_a_meeting(str(room.report("A", facts())))
        later = room.report("B", TOKYO, source="wire")
        assert room.meetings() == {later: TOKYO}
        assert room.owed()[-1] == (later, "queued")

    def test_undone_everything_is_as_it_was(self, room: Room) -> None:
        story = room.report("A", facts())
        before = room.rows()
        said = room.desk.not_a_meeting(str(story))
        room.desk.undo(said.id)
        assert room.rows() == before

    def test_undone_it_knows_what_was_reported_meanwhile(self, room: Room) -> None:
        story = room.report("A", facts(city=None, country=None))
        said = room.desk.not_a_meeting(str(story))
        room.report("B", facts(), source="wire")
        room.desk.undo(said.id)
        assert room.meetings() == {story: facts()}

    def test_of_an_uncertain_article_it_is_remembered_as_well(self, room: Room) -> None:
        room.poll(understood(entry("A"), facts(), Verdict.UNCERTAIN))
        room.desk.not_a_meeting(room.item("A"))
        room.report("B", facts(), source="wire")
        assert (room.meetings(), room.owed()) == ({}, [])


class TestMeeting:
    def test_an_uncertain_article_becomes_a_meeting_and_is_alerted(self, room: Room) -> None:
        room.poll(understood(entry("A"), facts(), Verdict.UNCERTAIN))
        said = room.desk.meeting("https://mod.example/a")
        assert room.meetings() == {said.story_id: facts()}
        assert room.owed() == [(said.story_id, "queued")]

    def test_an_article_without_any_fact_becomes_one_that_can_be_completed(self, room: Room) -> None:
        story = room.report("A", None)
        room.desk.meeting(str(story))
        room.desk.fact(str(story), "sides", "JP,AU")
        assert room.meetings()[story].countries == ("AU", "JP")

    def test_old_news_is_recorded_without_an_alert(self, room: Room) -> None:
        old = entry("A", published_at=after(days=-3))
        room.poll(understood(old, facts(), Verdict.UNCERTAIN))
        room.desk.meeting(room.item("A"))
        assert (len(room.meetings()), room.owed()) == (1, [])

    def test_undone_it_is_none_and_its_waiting_alert_is_forgotten(self, room: Room) -> None:
        room.poll(understood(entry("A"), facts(), Verdict.UNCERTAIN))
        before = room.rows()
        room.desk.undo(room.desk.meeting(room.item("A")).id)
        assert room.rows() == before

    def test_undone_it_stays_one_where_reports_tell_of_it_since(self, room: Room) -> None:
        piece = entry("A", url="https://mod.example/A")
        room.poll(understood(piece, facts(), verdict=Verdict.UNCERTAIN))
        story = room.story_of("A")
        said = room.desk.meeting(str(story))
        assert room.report("B", facts(outcomes=("joint statement",)), source="wire") == story
        room.desk.undo(said.id)
        assert room.meetings() == {story: facts(outcomes=("joint statement",))}

    def test_of_a_meeting_it_is_a_label_alone_and_undone_nothing_changes(self, room: Room) -> None:
        story = room.report("A", facts())
        said = room.desk.meeting(str(story))
        before = room.meetings()
        room.desk.undo(said.id)
        assert room.meetings() == before == {story: facts()}

    def test_the_opposite_must_be_undone_first(self, room: Room) -> None:
        story = room.report("A", facts())
        said = room.desk.not_a_meeting(str(story))
        with pytest.raises(CannotCorrect, match=f"kaigi correct undo {said.id}"):
            room.desk.meeting(str(story))


class TestSameAs:
    def test_one_story_goes_on_with_all_reports_and_the_other_address_leads_to_it(self, room: Room) -> None:
        first, second = room.report("A", facts()), room.report("B", WASHINGTON, source="wire")
        room.desk.same_as(str(second), str(first))
        assert set(room.meetings()) == {first}
        assert room.meetings()[first].countries == ("AU", "JP")
        assert [one.title for one in room.meeting(second).reports] == ["A", "B"]
        assert room.meeting(second).meeting.story_id == first
        assert room.meeting(first).meeting.revision >= 1

    def test_later_reports_and_edits_of_either_stay_in_it(self, room: Room) -> None:
        first, second = room.report("A", facts()), room.report("B", WASHINGTON, source="wire")
        room.desk.same_as(str(second), str(first))
        room.send_all()
        assert room.report("C", WASHINGTON) == first
        assert room.report("D", facts(), source="wire") == first
        assert room.report("B", WASHINGTON, source="wire", content_hash="edited") == first
        assert (set(room.meetings()), len(room.owed())) == ({first}, 2)

    def test_two_alerted_stories_owe_a_chat_nothing_more(self, room: Room) -> None:
        first = room.report("A", facts())
        room.send_all()
        second = room.report("B", WASHINGTON, source="wire")
        room.desk.same_as(str(second), str(first))
        assert sorted(room.owed()) == [(first, "sent"), (second, "expired")]

    def test_the_message_that_arrived_belongs_to_the_story_that_goes_on(self, room: Room) -> None:
        first, second = room.report("A", facts()), room.report("B", WASHINGTON, source="wire")
        room.database.write(
            lambda c: c.execute(update(deliveries).where(deliveries.c.story_id == second).values(state="sent"))
        )
        said = room.desk.same_as(str(second), str(first))
        assert sorted(room.owed()) == [(first, "sent"), (second, "expired")]
        room.desk.undo(said.id)
        assert room.owed() == [(first, "queued"), (second, "sent")]

    def test_undone_they_are_two_as_before_and_each_keeps_what_came_for_it(self, room: Room) -> None:
        first, second = room.report("A", facts()), room.report("B", WASHINGTON, source="wire")
        before = room.meetings()
        said = room.desk.same_as(str(second), str(first))
        room.report("C", WASHINGTON)
        room.desk.undo(said.id)
        assert room.meetings() == before
        assert (room.story_of("A"), room.story_of("B"), room.story_of("C")) == (first, second, second)
        assert sorted(room.owed()) == [(first, "queued"), (second, "queued")]

    def test_undone_the_cards_of_both_show_their_own_facts_again(self, room: Room) -> None:
        first, second = room.report("A", facts()), room.report("B", WASHINGTON, source="wire")
        room.send_all()
        said = room.desk.same_as(str(second), str(first))
        room.send_all()
        room.desk.undo(said.id)
        query = select(deliveries.c.story_id).where(deliveries.c.kind == "edit", deliveries.c.state == "queued")
        assert second in room.database.read(lambda c: c.execute(query).scalars().all())

    def test_undone_the_next_report_of_each_finds_its_own(self, room: Room) -> None:
        first, second = room.report("A", facts()), room.report("B", WASHINGTON, source="wire")
        room.desk.undo(room.desk.same_as(str(second), str(first)).id)
        assert room.report("C", WASHINGTON) == second
        assert room.report("D", facts()) == first

    def test_a_meeting_goes_on_whichever_is_named_first(self, room: Room) -> None:
        meeting, other = room.report("A", facts()), room.report("B", None)
        room.desk.same_as(str(meeting), str(other))
        assert set(room.meetings()) == {meeting}
        assert room.story_of("B") == meeting

    def test_what_is_said_already_is_not_said_twice(self, room: Room) -> None:
        story = room.report("A", facts())
        said = room.desk.not_a_meeting(str(story))
        with pytest.raises(CannotCorrect, match=f"Correction {said.id} says already that story {story} is no meeting"):
            room.desk.not_a_meeting(str(story))

    def test_what_was_split_is_joined_again_by_undoing_the_split(self, room: Room) -> None:
        story = room.report("A", facts())
        room.report("B", facts(), source="wire")
        said = room.desk.split(room.item("B"))
        with pytest.raises(CannotCorrect, match=f"kaigi correct undo {said.id}"):
            room.desk.same_as(str(said.other_id), str(story))

    def test_three_become_one_and_are_parted_in_the_reverse_order_only(self, room: Room) -> None:
        first, second, third = room.report("A", facts()), room.report("B", WASHINGTON), room.report("C", TOKYO)
        one = room.desk.same_as(str(third), str(second))
        two = room.desk.same_as(str(second), str(first))
        assert room.meeting(third).meeting.story_id == first
        with pytest.raises(CannotCorrect, match=f"kaigi correct undo {two.id}"):
            room.desk.undo(one.id)
        room.desk.undo(two.id)
        assert room.meeting(third).meeting.story_id == second
        room.desk.undo(one.id)
        assert room.meetings() == {first: facts(), second: WASHINGTON, third: TOKYO}


class TestSplit:
    def test_an_article_gets_a_story_of_its_own_without_a_second_alert(self, room: Room) -> None:
        story = room.report("A", facts(city=None, country=None))
        room.report("B", facts(outcomes=("joint statement",)), source="wire")
        said = room.desk.split(room.item("B"))
        assert room.meetings()[story] == facts(city=None, country=None)
        assert room.meetings()[said.other_id or 0] == facts(outcomes=("joint statement",))
        assert room.owed() == [(story, "queued")]

    def test_it_stays_out_though_its_facts_would_join_again(self, room: Room) -> None:
        story = room.report("A", facts())
        room.report("B", facts(), source="wire")
        said = room.desk.split(room.item("B"))
        assert room.report("B", facts(city=None), source="wire", content_hash="edited") == said.other_id
        assert room.story_of("A") == story
        assert len(room.owed()) == 1

    def test_undone_it_is_back_and_its_short_lived_address_leads_home(self, room: Room) -> None:
        story = room.report("A", facts(city=None, country=None))
        room.report("B", facts(), source="wire")
        before = room.meetings()
        said = room.desk.split(room.item("B"))
        room.desk.undo(said.id)
        assert (room.meetings(), room.story_of("B")) == (before, story)
        assert room.meeting(said.other_id or 0).meeting.story_id == story
        assert len(room.owed()) == 1

    def test_the_only_article_of_a_story_cannot_be_split_from_it(self, room: Room) -> None:
        room.report("A", facts())
        with pytest.raises(CannotCorrect, match="nothing to split"):
            room.desk.split(room.item("A"))

    def test_which_article_is_meant_must_be_said(self, room: Room) -> None:
        story = room.report("A", facts())
        room.report("B", facts(), source="wire")
        with pytest.raises(CannotCorrect, match="item/"):
            room.desk.split(str(story))


def test_the_trust_of_a_merged_story_is_the_better_one(room: Room) -> None:
    first, second = room.report("A", facts()), room.report("B", WASHINGTON, source="wire")
    trust = update(meetings).where(meetings.c.story_id == second).values(trust=Trust.OFFICIAL)
    room.database.write(lambda c: c.execute(trust))
    room.desk.same_as(str(second), str(first))
    record = room.database.read(lambda c: corrections.load(c, first).meeting)
    assert record is not None
    assert record.trust is Trust.OFFICIAL


def test_the_marks_of_a_story_that_was_alerted_go_with_it_and_come_back(room: Room) -> None:
    def marks() -> list[int]:
        return list(room.database.read(lambda c: c.execute(select(story_alerts.c.story_id)).scalars()))

    old = room.report("A", facts(), published_at=after(days=-9))
    told = room.report("B", WASHINGTON, source="wire")
    assert marks() == [told]
    said = room.desk.same_as(str(told), str(old))
    assert sorted(set(marks())) == sorted({old, told})
    assert room.report("C", facts()) == old
    assert len(room.owed()) == 1, "who was told of the one is not told of the other"
    room.desk.undo(said.id)
    assert marks() == [told]


class TestStoriesWithoutAMeeting:
    def test_two_that_are_merged_and_parted_stay_none(self, room: Room) -> None:
        first, second = room.report("Navy orders frigates", None), room.report("Army buys boots", None, source="wire")
        said = room.desk.same_as(str(second), str(first))
        assert room.story_of("Army buys boots") == first
        room.desk.undo(said.id)
        assert (room.story_of("Army buys boots"), room.meetings()) == (second, {})

    def test_one_of_which_an_article_is_split_off_stays_none(self, room: Room) -> None:
        first, second = room.report("Navy orders frigates", None), room.report("Army buys boots", None, source="wire")
        room.desk.same_as(str(second), str(first))
        said = room.desk.split(room.item("Army buys boots"))
        assert room.story_of("Army buys boots") == said.other_id
        assert room.meetings() == {}

    def test_a_fact_that_was_said_of_what_is_none_any_more_is_taken_back_in_silence(self, room: Room) -> None:
        story = room.report("A", facts())
        said = room.desk.fact(str(story), "city", "Manila")
        room.desk.not_a_meeting(str(story))
        room.desk.undo(said.id)
        assert room.meetings() == {}

    def test_an_uncertain_one_that_was_called_none_is_one_when_the_word_is_taken_back_after_a_clear_report(
        self, room: Room
    ) -> None:
        room.poll(understood(entry("A", url="https://mod.example/A"), facts(), verdict=Verdict.UNCERTAIN))
        story = room.story_of("A")
        said = room.desk.not_a_meeting(str(story))
        assert room.report("B", facts(), source="wire") == story
        assert room.meetings() == {}
        room.desk.undo(said.id)
        assert room.meetings() == {story: facts()}


def test_a_story_whose_only_article_about_a_meeting_is_split_off_is_none_any_more(room: Room) -> None:
    first, second = room.report("A", facts()), room.report("Army buys boots", None, source="wire")
    room.desk.same_as(str(second), str(first))
    said = room.desk.split(room.item("A"))
    assert said.other_id is not None
    assert room.meetings() == {said.other_id: facts()}
    room.desk.undo(said.id)
    assert room.meetings() == {first: facts()}


def test_parted_again_a_later_report_stays_where_the_meeting_is(room: Room) -> None:
    first, second = room.report("A", facts()), room.report("Army buys boots", None, source="wire")
    said = room.desk.same_as(str(second), str(first))
    assert room.report("C", facts(), source="wire") == first
    room.desk.undo(said.id)
    assert [room.story_of(title) for title in ("A", "Army buys boots", "C")] == [first, second, first]
    assert room.meetings() == {first: facts()}


def test_a_story_that_outlives_the_article_it_was_made_for_stays_as_it_is(room: Room) -> None:
    first = room.report("A", facts())
    assert room.report("B", facts(), source="wire") == first
    said = room.desk.split(room.item("B"))
    room.poll(understood(entry("C", url="https://wire.example/B"), facts()))  # the same article, told by another
    assert room.story_of("C") == said.other_id
    room.database.write(lambda c: sources.remove(c, room.source_ids["wire"], room.now))
    before = room.meetings()
    room.desk.undo(said.id)
    assert room.meetings() == before
    assert room.meeting(room.story_of("C")).meeting.story_id == said.other_id


def test_an_article_whose_source_was_removed_needs_no_way_back(room: Room) -> None:
    story = room.report("A", facts())
    room.report("B", facts(), source="wire")
    said = room.desk.split(room.item("B"))
    room.database.write(lambda c: sources.remove(c, room.source_ids["wire"], room.now))
    room.desk.undo(said.id)
    assert room.meetings() == {story: facts()}
