"""One poll, decided: what is new, what it belongs to, and who must be told."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from feeds.decide.decide import is_news, match_known
from feeds.decide.routing import AlertPolicy
from feeds.observed import Verdict
from storage.changes import NewStory, StoryRef
from storage.model import Phase, Trust
from tests.support.build import after, entry, facts, source, understood
from tests.support.deciding import candidate, decided, known, snapshot

WASHINGTON = facts(countries=("JP", "US"), city="Washington", country="US", starts_on=date(2025, 11, 2))


class TestWhatIsKnown:
    def test_an_entry_is_known_by_its_identity(self) -> None:
        assert match_known([entry("A")], [known("g:a")])["g:a"].id == 9

    def test_an_entry_whose_guid_changed_is_known_by_its_address(self) -> None:
        churned = entry("A", identity="g:new-guid")
        assert match_known([churned], [known("g:old-guid", url=churned.url)])["g:new-guid"].id == 9

    def test_two_entries_of_one_document_stay_two_even_if_one_took_the_others_address(self) -> None:
        first = entry("A", identity="g:a", url="https://mod.example/moved")
        second = entry("B", identity="g:b", url="https://mod.example/a")
        found = match_known([first, second], [known("g:a", url="https://mod.example/a")])
        assert set(found) == {"g:a"}

    def test_an_address_shared_by_a_whole_feed_identifies_nobody(self) -> None:
        shared = entry("A", identity="g:new", url="https://mod.example/", url_is_own=False)
        assert match_known([shared], [known("g:old", url="https://mod.example/")]) == {}

    def test_a_front_page_identifies_nobody_even_in_a_document_of_one_entry(self) -> None:
        only = entry("A", identity="g:new", url="https://mod.example/")
        assert match_known([only], [known("g:old", url="https://mod.example/")]) == {}

    def test_an_address_under_which_another_headline_stands_now_is_another_entry(self) -> None:
        live = entry("B", identity="g:new", url="https://mod.example/live")
        assert match_known([live], [known("g:old", url="https://mod.example/live", title="A")]) == {}

    def test_only_new_and_changed_entries_are_news(self) -> None:
        same, edited, new = entry("A", content_hash="old"), entry("B", content_hash="new"), entry("C")
        found = match_known([same, edited, new], [known("g:a"), known("g:b", id=10)])
        assert [is_news(piece, found) for piece in (same, edited, new)] == [False, True, True]


class TestNewItems:
    def test_ordinary_news_gets_a_story_and_no_alert(self) -> None:
        changes = decided(snapshot(), understood(entry("人事発令")))
        assert (len(changes.inserts), changes.meetings, changes.alerts) == (1, (), ())

    def test_a_new_meeting_is_recorded_and_alerted(self) -> None:
        changes = decided(snapshot(), understood(entry("Talks"), facts()))
        assert changes.meetings[0].facts == facts()
        assert [(a.story, a.filters) for a in changes.alerts] == [(NewStory(0), ("ministerial-meetings",))]

    def test_two_reports_in_one_poll_are_one_meeting_with_one_alert(self) -> None:
        changes = decided(snapshot(), understood(entry("A"), facts()), understood(entry("B"), facts()))
        assert [item.story for item in changes.inserts] == [NewStory(0), NewStory(0)]
        assert (len(changes.meetings), len(changes.alerts)) == (1, 1)

    def test_template_twins_are_two_meetings_with_two_alerts(self) -> None:
        twin = facts(countries=("JP", "NZ"))
        changes = decided(snapshot(), understood(entry("A"), facts()), understood(entry("B"), twin))
        assert (len(changes.meetings), len(changes.alerts)) == (2, 2)

    def test_a_report_of_a_known_meeting_joins_it_without_a_second_alert(self) -> None:
        changes = decided(snapshot(candidates=(candidate(),)), understood(entry("A"), facts()))
        assert (changes.inserts[0].story, changes.new_stories, changes.alerts) == (50, (), ())

    def test_a_report_that_adds_a_fact_completes_the_record(self) -> None:
        seen = snapshot(candidates=(candidate(facts(city=None)),))
        (write,) = decided(seen, understood(entry("A"), facts())).meetings
        assert (write.story, write.facts.city, write.revision) == (50, "Kuala Lumpur", 4)

    def test_a_report_that_adds_nothing_writes_no_record(self) -> None:
        assert decided(snapshot(candidates=(candidate(),)), understood(entry("A"), facts())).meetings == ()

    def test_an_article_that_another_source_republished_joins_its_story(self) -> None:
        copy = entry("A")
        assert copy.url is not None
        changes = decided(snapshot(by_url={copy.url: 77}), understood(copy))
        assert changes.inserts[0].story == 77

    def test_an_address_that_another_source_used_for_another_meeting_founds_a_new_one(self) -> None:
        """A page that is used again, such as a live blog, must not swallow the second meeting."""
        live = entry("B", url="https://press.example/live")
        seen = snapshot(by_url={"https://press.example/live": 50}, candidates=(candidate(),))
        changes = decided(seen, understood(live, WASHINGTON))
        assert changes.inserts[0].story == NewStory(0)
        assert [(write.story, write.facts) for write in changes.meetings] == [(NewStory(0), WASHINGTON)]
        assert [alert.story for alert in changes.alerts] == [NewStory(0)]

    def test_a_front_page_that_another_source_gave_leads_to_no_story(self) -> None:
        seen = snapshot(by_url={"https://mod.example/": 50}, candidates=(candidate(),))
        changes = decided(seen, understood(entry("人事発令", url="https://mod.example/")))
        assert changes.inserts[0].story == NewStory(0)

    def test_an_undated_report_joins_the_meeting_that_was_announced_long_before(self) -> None:
        long_ago = candidate(facts(phase=Phase.ANNOUNCED), reported=timedelta(days=20))
        changes = decided(snapshot(candidates=(long_ago,)), understood(entry("A"), facts(starts_on=None)))
        assert (changes.inserts[0].story, changes.new_stories, changes.alerts) == (50, (), ())
        assert changes.meetings[0].facts.phase is Phase.HELD

    def test_an_undated_reminder_of_an_announced_meeting_raises_no_second_alert(self) -> None:
        ahead = candidate(facts(phase=Phase.ANNOUNCED, starts_on=date(2025, 11, 5)), reported=timedelta(days=14))
        reminder = understood(entry("A"), facts(phase=Phase.ANNOUNCED, starts_on=None))
        changes = decided(snapshot(candidates=(ahead,)), reminder)
        assert (changes.inserts[0].story, changes.alerts) == (50, ())

    def test_a_better_source_that_says_the_same_is_remembered_as_the_one_to_trust(self) -> None:
        seen = snapshot(source(trust=Trust.OFFICIAL), candidates=(candidate(trust=Trust.AGGREGATOR),))
        (write,) = decided(seen, understood(entry("B"), facts())).meetings
        assert (write.trust, write.revision, write.facts_changed) == (Trust.OFFICIAL, 3, False)

    def test_a_paper_does_not_correct_what_a_ministry_confirmed(self) -> None:
        seen = snapshot(candidates=(candidate(trust=Trust.OFFICIAL, reports=2),))
        changes = decided(seen, understood(entry("C"), facts(starts_on=date(2025, 11, 2))))
        assert (changes.inserts[0].story, changes.meetings) == (50, ())

    def test_an_uncertain_report_founds_no_meeting_and_alerts_nobody(self) -> None:
        changes = decided(snapshot(), understood(entry("A"), facts(), Verdict.UNCERTAIN))
        assert (len(changes.inserts), changes.meetings, changes.alerts) == (1, (), ())
        assert changes.inserts[0].verdict == "uncertain"

    def test_a_source_of_low_trust_may_join_a_meeting_but_never_found_or_change_one(self) -> None:
        machine = source(trust=Trust.LOW)
        founded = decided(snapshot(machine), understood(entry("A"), facts()))
        assert (founded.meetings, founded.alerts) == ((), ())
        seen = snapshot(machine, candidates=(candidate(facts(city=None)),))
        joined = decided(seen, understood(entry("A"), facts(city="Phnom Penh", country="KH")))
        assert (joined.inserts[0].story, joined.meetings) == (50, ())


class TestChangedItems:
    def test_edited_words_stay_in_their_story(self) -> None:
        changes = decided(snapshot(known=(known("g:a", story_id=5),)), understood(entry("A")))
        assert (changes.inserts, changes.updates[0].item_id, changes.updates[0].insert.story) == ((), 9, 5)

    def test_an_edit_of_a_meetings_report_raises_no_second_alert(self) -> None:
        seen = snapshot(known=(known("g:a"),), candidates=(candidate(),))
        changes = decided(seen, understood(entry("A"), facts(outcomes=("joint statement",))))
        assert changes.alerts == ()
        assert changes.meetings[0].facts.outcomes == ("joint statement",)

    def test_news_that_an_edit_turns_into_a_meeting_report_joins_that_meeting(self) -> None:
        seen = snapshot(known=(known("g:a", story_id=5),), candidates=(candidate(),))
        update = decided(seen, understood(entry("A"), facts())).updates[0]
        assert (update.old_story_id, update.insert.story) == (5, 50)

    def test_an_entry_that_tells_of_another_meeting_now_founds_it_and_raises_its_alert(self) -> None:
        seen = snapshot(known=(known("g:a"),), candidates=(candidate(),))
        changes = decided(seen, understood(replace(entry("A"), title="B"), WASHINGTON))
        assert changes.inserts[0].story == NewStory(0)
        assert [(write.story, write.facts) for write in changes.meetings] == [(NewStory(0), WASHINGTON)]
        assert [alert.story for alert in changes.alerts] == [NewStory(0)]

    def test_the_only_report_of_a_meeting_may_correct_its_day_and_place(self) -> None:
        corrected = facts(starts_on=date(2025, 11, 4), city="Penang")
        seen = snapshot(known=(known("g:a"),), candidates=(candidate(),))
        changes = decided(seen, understood(entry("A"), corrected))
        assert (changes.new_stories, changes.updates[0].insert.story, changes.alerts) == ((), 50, ())
        assert [write.facts for write in changes.meetings] == [corrected]

    def test_one_of_several_reports_does_not_unsay_what_the_others_said(self) -> None:
        seen = snapshot(known=(known("g:a"),), candidates=(candidate(reports=2),))
        changes = decided(seen, understood(entry("A"), facts(starts_on=date(2025, 11, 2))))
        assert (changes.updates[0].insert.story, changes.meetings) == (50, ())

    def test_an_unchanged_entry_is_not_written_again(self) -> None:
        seen = snapshot(known=(known("g:a", content_hash="hash of A"),))
        changes = decided(seen, understood(entry("A"), facts()))
        assert (changes.inserts, changes.updates, changes.alerts) == ((), (), ())


class TestAlerts:
    def test_the_first_poll_of_a_source_is_silent(self) -> None:
        changes = decided(snapshot(source(polled_before=False)), understood(entry("A"), facts()))
        assert (len(changes.meetings), changes.alerts) == (1, ())

    def test_unless_the_operator_wants_it(self) -> None:
        loud = AlertPolicy(first_poll=True)
        assert decided(snapshot(source(polled_before=False)), understood(entry("A"), facts()), policy=loud).alerts

    def test_a_meeting_known_from_a_silent_poll_is_alerted_by_the_next_fresh_report(self) -> None:
        """A source added an hour ago must not swallow a meeting that the others report now."""
        seen = snapshot(candidates=(candidate(alerted=False, reported=timedelta(hours=1)),))
        assert len(decided(seen, understood(entry("A"), facts())).alerts) == 1

    def test_but_not_when_it_is_old_news_by_then(self) -> None:
        seen = snapshot(candidates=(candidate(alerted=False, reported=timedelta(days=4)),))
        assert decided(seen, understood(entry("A"), facts())).alerts == ()

    def test_an_announcement_that_was_silent_long_ago_is_alerted_when_the_meeting_is_held(self) -> None:
        old = candidate(facts(phase=Phase.ANNOUNCED), alerted=False, reported=timedelta(days=6))
        assert len(decided(snapshot(candidates=(old,)), understood(entry("A"), facts())).alerts) == 1

    @pytest.mark.parametrize(("hours", "alerts"), [(47, 1), (49, 0)])
    def test_an_item_older_than_the_maximum_age_raises_no_alert(self, hours: int, alerts: int) -> None:
        old = entry("A", published_at=after(hours=-hours))
        assert len(decided(snapshot(), understood(old, facts())).alerts) == alerts

    def test_an_undated_item_counts_as_published_when_it_is_first_seen(self) -> None:
        assert len(decided(snapshot(), understood(entry("A", published_at=None), facts())).alerts) == 1

    def test_an_article_about_a_meeting_of_long_ago_raises_no_alert(self) -> None:
        assert decided(snapshot(), understood(entry("A"), facts(starts_on=date(2024, 11, 21)))).alerts == ()

    def test_a_meeting_below_ministers_is_recorded_and_not_alerted(self) -> None:
        from storage.model import Level

        changes = decided(snapshot(), understood(entry("A"), facts(level=Level.VICE_MINISTER)))
        assert (len(changes.meetings), changes.alerts) == (1, ())


def test_deciding_twice_gives_the_same_answer() -> None:
    pieces = [understood(entry(name), facts(edition=n, series="admm")) for n, name in enumerate("ABC", 1)]
    assert decided(snapshot(), *pieces) == decided(snapshot(), *pieces)


def test_an_item_that_comes_to_tell_of_another_meeting_leaves_the_first_one_as_it_was() -> None:
    """A page that is used again: its old words are all that is left of the first meeting, and may still be owed."""
    seen = snapshot(known=(known("g:a"),), candidates=(candidate(),))
    other = facts(countries=("JP", "US"), starts_on=date(2025, 11, 9), city="Washington", country="US")
    changes = decided(seen, understood(entry("A"), other))
    assert (changes.retired, changes.updates, changes.meetings[0].story) == ((9,), (), NewStory(0))
    assert [(i.identity, i.story) for i in changes.inserts] == [("g:a", NewStory(0))]
    assert len(changes.alerts) == 1


def test_a_page_that_is_used_again_for_the_next_meeting_of_the_same_two_tells_of_another_one() -> None:
    """What was reported as held cannot be held on a day after that report."""
    told = candidate(facts(starts_on=after(days=-43).date()), reported=timedelta(days=42))
    changes = decided(
        snapshot(known=(known("g:a"),), candidates=(told,)),
        understood(entry("A"), facts(starts_on=after(days=-1).date())),
    )
    assert (changes.retired, changes.updates, changes.meetings[0].story) == ((9,), (), NewStory(0))
    assert len(changes.alerts) == 1


def test_the_only_report_corrects_its_day_as_long_as_that_lies_before_the_report() -> None:
    told = candidate(facts(starts_on=after(days=-9).date()), reported=timedelta(days=1))
    changes = decided(
        snapshot(known=(known("g:a"),), candidates=(told,)),
        understood(entry("A"), facts(starts_on=after(days=-2).date())),
    )
    assert (changes.retired, changes.alerts, changes.updates[0].insert.story) == ((), (), 50)
    assert changes.meetings[0].facts.starts_on == after(days=-2).date()


def test_an_announced_meeting_that_is_put_off_by_its_only_report_is_no_other_one() -> None:
    told = candidate(facts(phase=Phase.ANNOUNCED, starts_on=after(days=-1).date()), reported=timedelta(days=20))
    changes = decided(
        snapshot(known=(known("g:a"),), candidates=(told,)),
        understood(entry("A"), facts(starts_on=after(days=0).date())),
    )
    assert (changes.retired, changes.new_stories, changes.updates[0].insert.story) == ((), (), 50)


LONG = "The two ministers met and spoke of the next exercise, of equipment and of what is still to be done."


@pytest.mark.parametrize(("text", "story"), [(LONG, 50), (f"{LONG} They meet again.", NewStory(0)), ("", NewStory(0))])
def test_an_undated_report_told_again_in_the_same_words_is_the_same_meeting(text: str, story: StoryRef) -> None:
    """A site that is built anew gives its articles other names and the date of today; a bare title proves nothing."""
    undated = facts(starts_on=None, city=None, country=None)
    before = candidate(undated, reported=timedelta(days=9))
    said = {("A", LONG): 50, ("A", ""): 50}
    changes = decided(snapshot(candidates=(before,), said=said), understood(entry("A", text=text), undated))
    assert (changes.inserts[0].story, len(changes.alerts)) == (story, int(story != 50))


def test_an_item_that_was_uncertain_before_corrects_no_meeting_that_another_one_told() -> None:
    """An aggregator's unclear copy that becomes clear must not overwrite the ministry whose story it joined."""
    ministry = candidate(trust=Trust.OFFICIAL)
    unclear = replace(known("g:a"), verdict="uncertain")
    seen = snapshot(source(trust=Trust.AGGREGATOR), known=(unclear,), candidates=(ministry,))
    changes = decided(seen, understood(entry("A"), facts(starts_on=date(2025, 11, 2))))
    assert changes.updates[0].insert.story == 50
    assert changes.meetings == ()


def test_the_only_report_of_a_meeting_that_becomes_unclear_takes_nothing_back() -> None:
    seen = snapshot(known=(known("g:a"),), candidates=(candidate(),))
    changes = decided(seen, understood(entry("A"), facts(outcomes=("a treaty",)), verdict=Verdict.UNCERTAIN))
    assert changes.updates[0].insert.story == 50
    assert (changes.meetings, changes.retellings) == ((), ())
