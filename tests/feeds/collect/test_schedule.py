"""When a source is polled next, and what its last polls say about it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from feeds.collect import schedule
from feeds.collect.hints import cache_seconds, feed_seconds, feed_skips
from feeds.collect.schedule import DAY, HINT_CAP, Answer, Rhythm, learn
from feeds.observed import Failure, FailureKind
from storage.changes import SourceUpdate
from storage.model import FetchEvent, Habit, Skips, Source, SourceState, Trust
from tests.support.build import NOW, after, source

RHYTHM = Rhythm(default_interval=timedelta(minutes=10), min_interval=timedelta(minutes=1))
DOWN = Failure(kind=FailureKind.SERVER_ERROR, message="500")
EVENT = FetchEvent(at=NOW, outcome="unchanged", seconds=0.1)
MINUTE = timedelta(minutes=1)


def _interval(of: Source, now: datetime = NOW) -> timedelta:
    return schedule.interval(of, RHYTHM, now)


def _state(of: Source, event: FetchEvent = EVENT) -> SourceState:
    return schedule.after_no_change(of, event, RHYTHM, NOW).state


def _failed(of: Source, failure: Failure = DOWN) -> SourceUpdate:
    return schedule.after_failure(of, failure, EVENT, RHYTHM, NOW)


class TestRhythm:
    def test_a_source_without_a_habit_is_polled_at_the_default_interval(self) -> None:
        assert _interval(source()) == 10 * MINUTE

    def test_a_busy_source_is_polled_often_and_a_quiet_one_rarely(self) -> None:
        busy = replace(source(), habit=Habit(weekly=700, hours=tuple(range(24))))
        quiet = replace(source(), habit=Habit(weekly=2, hours=tuple(range(24))))
        assert _interval(busy) == MINUTE
        assert timedelta(hours=3) < _interval(quiet) < timedelta(hours=4)

    def test_in_the_hours_in_which_it_publishes_a_source_is_polled_four_times_as_often(self) -> None:
        habit = Habit(weekly=14, hours=(12, 13))
        working = replace(source(), habit=habit)
        assert _interval(working, NOW.replace(hour=3)) == 4 * _interval(working, NOW.replace(hour=12))

    def test_a_ministry_is_asked_at_least_once_an_hour_however_rarely_it_publishes(self) -> None:
        ministry = replace(source(trust=Trust.OFFICIAL), habit=Habit(weekly=0.5, hours=(1,)))
        assert _interval(ministry) == timedelta(hours=1)

    def test_no_source_is_left_for_longer_than_a_day(self) -> None:
        assert _interval(replace(source(), habit=Habit(weekly=0.01, hours=()))) == DAY

    def test_a_source_may_have_an_interval_of_its_own_within_what_the_operator_allows(self) -> None:
        assert _interval(source(interval_s=3600)) == timedelta(hours=1)
        assert _interval(source(interval_s=10)) == MINUTE

    def test_what_a_server_asks_for_slows_polling_down_up_to_a_cap(self) -> None:
        assert _interval(replace(source(), hint_s=1800)) == 30 * MINUTE
        assert _interval(replace(source(), hint_s=60)) == 10 * MINUTE
        assert _interval(replace(source(), hint_s=31_536_000)) == HINT_CAP

    def test_the_habit_is_learnt_from_the_last_four_weeks(self) -> None:
        mornings = [after(days=-d, hours=-4) for d in range(1, 15)] + [after(days=-200)]
        habit = learn(mornings, NOW)
        assert habit is not None
        assert habit.hours == (8,)
        assert 6.5 <= habit.weekly <= 7.5

    def test_a_few_items_are_no_habit_and_neither_are_items_of_the_future(self) -> None:
        assert learn([after(days=-1)] * 4, NOW) is None
        assert learn([after(days=1)] * 9, NOW) is None

    def test_undated_articles_of_the_first_poll_are_no_habit(self) -> None:
        assert learn([NOW] * 30, NOW, replace(source(), first_success_at=None)) is None
        earlier = replace(source(), first_success_at=after(days=-7))
        assert learn([after(days=-7)] * 30 + [NOW], NOW, earlier) is None
        assert learn([after(days=-7)] * 30 + [after(days=-d) for d in range(1, 6)], NOW, earlier) is not None

    def test_sources_added_together_drift_apart(self) -> None:
        nexts = {schedule.after_no_change(source(f"s{n}"), EVENT, RHYTHM, NOW).next_poll_at for n in range(20)}
        assert len(nexts) == 20
        assert all(9.5 * MINUTE <= moment - NOW <= 10.5 * MINUTE for moment in nexts)


class TestFailures:
    @pytest.mark.parametrize(("failures", "minutes"), [(0, 10), (1, 20), (2, 40), (3, 80)])
    def test_each_failure_in_a_row_doubles_the_wait(self, failures: int, minutes: int) -> None:
        failed = _failed(replace(source(), failures=failures))
        assert 0.95 * minutes * MINUTE <= failed.next_poll_at - NOW <= 1.05 * minutes * MINUTE
        assert (failed.state, failed.failures, failed.failing_since) == (SourceState.FAILING, failures + 1, NOW)

    def test_a_source_that_fails_for_weeks_is_still_asked_about_once_a_day(self) -> None:
        failed = _failed(replace(source(), failures=10_000, failing_since=after(days=-29)))
        assert failed.next_poll_at - NOW <= DAY * 1.05
        assert failed.state is SourceState.FAILING

    def test_after_thirty_days_of_failure_it_is_paused_with_the_reason(self) -> None:
        failed = _failed(replace(source(), failures=40, failing_since=after(days=-30)))
        assert failed.state is SourceState.PAUSED
        assert failed.last_error == "Paused after 30 days of failure: 500"

    def test_two_failures_with_weeks_between_in_which_nobody_asked_are_no_reason_to_pause(self) -> None:
        failed = _failed(replace(source(), failures=1, failing_since=after(days=-2000)))
        assert failed.state is SourceState.FAILING

    def test_a_source_that_says_it_is_gone_is_paused_at_once(self) -> None:
        failed = _failed(source(), Failure(kind=FailureKind.GONE, message="It is gone."))
        assert (failed.state, failed.last_error) == (SourceState.PAUSED, "Paused: It is gone.")

    def test_what_is_gone_from_where_a_source_moved_is_looked_for_at_its_own_address(self) -> None:
        gone = Failure(kind=FailureKind.GONE, message="It is gone.")
        moved = replace(source(), moved_to="https://b.example/f", moved_since=after(days=-9), moved_polls=9)
        assert _failed(moved, gone).state is SourceState.FAILING
        back = replace(moved, failures=3, failing_since=after(days=-1))
        assert schedule.address(back, NOW) == back.definition.url
        assert _failed(back, gone).state is SourceState.PAUSED

    @pytest.mark.parametrize(
        ("kind", "state"),
        [
            (FailureKind.FORBIDDEN, SourceState.BLOCKED),
            (FailureKind.BOT_WALL, SourceState.BLOCKED),
            (FailureKind.RATE_LIMITED, SourceState.BLOCKED),
            (FailureKind.EMPTY, SourceState.EMPTY),
            (FailureKind.DNS, SourceState.FAILING),
            (FailureKind.NOT_A_FEED, SourceState.FAILING),
        ],
    )
    def test_the_state_tells_what_kind_of_trouble_it_is(self, kind: FailureKind, state: SourceState) -> None:
        assert _failed(source(), Failure(kind=kind, message="m")).state is state

    def test_a_server_that_asks_for_patience_gets_it_up_to_a_day(self) -> None:
        hour, year = replace(DOWN, retry_after_s=3600.0), replace(DOWN, retry_after_s=3.2e7)
        assert _failed(source(), hour).next_poll_at - NOW == timedelta(hours=1)
        assert _failed(source(), year).next_poll_at - NOW == DAY

    def test_success_wipes_the_slate(self) -> None:
        troubled = replace(source(), failures=7, last_error="500", failing_since=after(days=-2))
        polled = schedule.after_success(troubled, Answer(etag='"2"'), EVENT, RHYTHM, NOW)
        assert (polled.failures, polled.last_error, polled.failing_since) == (0, None, None)
        assert (polled.state, polled.etag) == (SourceState.OK, '"2"')


class TestStates:
    def test_an_answer_that_takes_long_makes_a_slow_source(self) -> None:
        assert _state(source(), replace(EVENT, seconds=12.0)) is SourceState.SLOW

    def test_much_longer_without_an_item_than_is_its_habit_is_silence(self) -> None:
        daily = replace(source(), habit=Habit(weekly=7, hours=(8,)))
        assert _state(replace(daily, last_new_at=after(days=-6))) is SourceState.OK
        assert _state(replace(daily, last_new_at=after(days=-8))) is SourceState.SILENT

    def test_a_source_that_publishes_rarely_may_be_quiet_for_longer(self) -> None:
        monthly = replace(source(), habit=Habit(weekly=0.25, hours=(8,)), last_new_at=after(days=-60))
        assert _state(monthly) is SourceState.OK

    def test_the_same_document_leaves_what_is_known_of_it_unless_its_address_moves(self) -> None:
        assert schedule.after_no_change(source(), EVENT, RHYTHM, NOW).same
        moved = schedule.after_no_change(source(), EVENT, RHYTHM, NOW, "https://b.example/feed")
        assert (moved.same, moved.moved_polls) == (False, 1)
        gone_back = schedule.after_no_change(replace(source(), moved_to="https://b.example/"), EVENT, RHYTHM, NOW)
        assert (gone_back.same, gone_back.moved_to) == (False, None)

    def test_a_source_that_has_no_entries_any_more_stays_so_while_its_document_is_the_same(self) -> None:
        empty = replace(source(), state=SourceState.EMPTY, last_error="nothing there")
        update = schedule.after_no_change(empty, EVENT, RHYTHM, NOW)
        assert (update.state, update.last_error, update.succeeded) == (SourceState.EMPTY, "nothing there", True)
        assert not update.same, "its message is written"
        untold = schedule.after_no_change(replace(empty, last_error=None), EVENT, RHYTHM, NOW)
        assert untold.last_error == schedule.NO_ENTRIES
        assert _state(replace(empty, failures=1)) is SourceState.OK, "it failed in between: the document is another"

    def test_a_source_without_a_habit_is_silent_after_three_months(self) -> None:
        rare = replace(source(), first_success_at=after(days=-400))
        assert _state(replace(rare, last_new_at=after(days=-80))) is SourceState.OK
        assert _state(replace(rare, last_new_at=after(days=-91))) is SourceState.SILENT
        assert _state(rare) is SourceState.SILENT  # it has never brought anything
        assert _state(source()) is SourceState.OK

    def test_something_new_ends_the_silence(self) -> None:
        silent = replace(source(), habit=Habit(weekly=7, hours=(8,)), last_new_at=after(days=-30))
        assert _state(silent, replace(EVENT, new_items=1)) is SourceState.OK


class TestHints:
    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({"Cache-Control": "public, max-age=900"}, 900),
            ({"Cache-Control": "s-maxage=5, MAX-AGE=60"}, 60),
            ({"Cache-Control": "no-cache, max-age=900"}, None),
            ({"Expires": "Sat, 01 Nov 2025 13:00:00 GMT", "Date": "Sat, 01 Nov 2025 12:00:00 GMT"}, 3600),
            ({"Expires": "Fri, 31 Dec 9999 23:59:59 GMT", "Date": "Sat, 01 Nov 2025 12:00:00 GMT"}, 31_536_000),
            ({"Cache-Control": "max-age=999999999999"}, 31_536_000),
            ({"Expires": "0", "Date": "Sat, 01 Nov 2025 12:00:00 GMT"}, None),
            ({"Expires": "Sat, 01 Nov 2025 11:00:00 GMT", "Date": "Sat, 01 Nov 2025 12:00:00 GMT"}, None),
            ({}, None),
        ],
    )
    def test_http_tells_how_long_an_answer_stays_fresh(self, headers: dict[str, str], seconds: int | None) -> None:
        assert cache_seconds(headers) == seconds

    @pytest.mark.parametrize(
        ("ttl", "period", "frequency", "seconds"),
        [
            ("60", None, None, 3600),
            (None, "hourly", "2", 1800),
            ("5", "daily", None, 86_400),
            ("soon", "sometimes", "often", None),
            ("-5", None, "0", None),
        ],
    )
    def test_a_feed_tells_how_often_it_changes(
        self, ttl: str | None, period: str | None, frequency: str | None, seconds: int | None
    ) -> None:
        assert feed_seconds(ttl, period, frequency) == seconds


class TestMoves:
    NEW = "https://new.example/feed.xml"

    def _polled(self, of: Source, now: datetime, moved_to: str | None = NEW) -> Source:
        """The source as it is kept after a poll at which its server said that it moved."""
        kept = schedule.after_success(of, Answer(moved_to=moved_to), EVENT, RHYTHM, now)
        return replace(of, moved_to=kept.moved_to, moved_since=kept.moved_since, moved_polls=kept.moved_polls)

    def test_a_permanent_move_is_believed_after_three_polls_over_a_day(self) -> None:
        moving = source()
        asked = []
        for hours in (0, 12, 25, 26):
            asked.append(schedule.address(moving, after(hours=hours)))
            moving = self._polled(moving, after(hours=hours))
        assert asked == [source().definition.url] * 3 + [self.NEW]

    def test_once_believed_it_is_asked_there_although_nothing_redirects_any_more(self) -> None:
        moved = replace(source(), moved_to=self.NEW, moved_since=after(days=-9), moved_polls=30)
        settled = self._polled(moved, NOW, moved_to=None)
        assert schedule.address(settled, after(days=1)) == self.NEW

    def test_a_redirect_that_ends_or_changes_is_forgotten(self) -> None:
        moving = self._polled(self._polled(source(), NOW), after(hours=20))
        back = self._polled(moving, after(hours=21), moved_to=None)
        assert (back.moved_to, back.moved_polls) == (None, 0)
        other = self._polled(moving, after(hours=21), moved_to="https://other.example/")
        assert (other.moved_polls, other.moved_since) == (1, after(hours=21))

    def test_a_new_address_that_fails_sends_us_back_to_the_old_one(self) -> None:
        moved = replace(source(), moved_to=self.NEW, moved_since=after(days=-9), moved_polls=30, failures=3)
        assert schedule.address(moved, NOW) == source().definition.url


def _wait(of: Source, event: FetchEvent = EVENT) -> timedelta:
    return schedule.after_no_change(of, event, RHYTHM, NOW).next_poll_at - NOW


class TestPushes:
    RELIED = replace(source(), pushed_until=after(days=1))

    def test_a_source_whose_hub_is_relied_on_is_polled_six_times_more_rarely(self) -> None:
        assert 57 * MINUTE <= _wait(self.RELIED) <= 63 * MINUTE

    def test_never_more_rarely_than_every_six_hours_nor_more_often_than_without_a_hub(self) -> None:
        daily = replace(self.RELIED, habit=Habit(weekly=2, hours=tuple(range(24))))
        assert timedelta(hours=5.7) <= _wait(daily) <= timedelta(hours=6.3)
        rare = replace(self.RELIED, habit=Habit(weekly=0.1, hours=()))
        assert _wait(rare) >= timedelta(hours=22)

    def test_a_lease_that_is_over_counts_for_nothing(self) -> None:
        assert _wait(replace(self.RELIED, pushed_until=NOW)) <= 11 * MINUTE

    def test_an_interval_that_the_operator_wrote_down_stays(self) -> None:
        own = replace(source(interval_s=300), pushed_until=after(days=1))
        assert _wait(own) <= 6 * MINUTE

    def test_a_failing_source_is_tried_again_as_if_it_had_no_hub(self) -> None:
        assert _failed(self.RELIED).next_poll_at - NOW <= 11 * MINUTE

    def test_a_push_whose_news_is_not_there_yet_is_asked_after_for_an_hour(self) -> None:
        def told(minutes: float) -> Source:
            return replace(self.RELIED, pushed_at=after(minutes=-minutes), last_new_at=after(days=-1))

        assert [round(_wait(told(minutes)) / MINUTE) for minutes in (0, 1, 5)] == [1, 1, 5]
        assert _wait(told(30)) <= 11 * MINUTE
        assert _wait(told(61)) > 50 * MINUTE

    def test_a_push_of_the_future_is_no_push(self) -> None:
        ahead = replace(self.RELIED, pushed_at=after(days=400), last_new_at=after(days=-1))
        assert _wait(ahead) > 50 * MINUTE

    def test_a_push_whose_news_was_found_is_done_with(self) -> None:
        found = replace(self.RELIED, pushed_at=after(minutes=-5), last_new_at=after(minutes=-4))
        assert _wait(found) > 50 * MINUTE
        finding = FetchEvent(at=NOW, outcome="changed", new_items=1)
        assert _wait(replace(self.RELIED, pushed_at=after(minutes=-5)), finding) > 50 * MINUTE


class TestSkips:
    """NOW is a Saturday, noon in GMT."""

    def _next(self, skips: Skips | None, interval_s: int | None = None) -> datetime:
        update = schedule.after_success(source(interval_s=interval_s), Answer(skips=skips), EVENT, RHYTHM, NOW)
        return update.next_poll_at

    def test_the_hours_that_a_feed_names_are_left_out(self) -> None:
        moment = self._next(Skips(hours=(12, 13, 14)))
        assert (moment.day, moment.hour) == (1, 15)
        assert moment.minute > 5  # those that wait for three o'clock do not come at one moment

    def test_a_day_that_a_feed_names_is_left_out_but_never_more_than_a_day(self) -> None:
        assert self._next(Skips(days=(5,))) > after(hours=12)
        assert self._next(Skips(days=(5, 6))) == after(days=1)
        assert self._next(Skips(hours=tuple(range(24)))) == after(days=1)

    def test_a_hint_only_ever_delays(self) -> None:
        plain = self._next(None)
        assert self._next(Skips(hours=(3,), days=(0,))) == plain
        assert self._next(Skips(hours=(11,))) == plain

    def test_an_interval_of_the_operator_s_own_goes_before_it(self) -> None:
        assert self._next(Skips(hours=(12, 13)), interval_s=600) == self._next(None, interval_s=600)

    def test_it_holds_while_nothing_changes(self) -> None:
        resting = replace(source(), skips=Skips(hours=(12, 13)))
        assert schedule.after_no_change(resting, EVENT, RHYTHM, NOW).next_poll_at.hour == 14

    def test_a_feed_says_it_with_many_elements_in_english_and_gmt(self) -> None:
        text = (
            "<rss><channel><skipHours><hour>0</hour><hour> 23 </hour><hour>24</hour><hour>25</hour></skipHours>"
            "<skipDays><day>Sunday</day><day>saturday</day><day>日曜日</day></skipDays><item/></channel></rss>"
        )
        assert feed_skips(text) == Skips(hours=(0, 23), days=(5, 6))

    @pytest.mark.parametrize(
        "text",
        [
            "<rss/>",
            "<skipHours></skipHours>",
            "<skipHours><hour>1</hour>",
            "<skipHours>" + "".join(f"<hour>{n}</hour>" for n in range(24)) + "</skipHours>",
        ],
    )
    def test_what_says_nothing_or_never_is_no_hint(self, text: str) -> None:
        assert feed_skips(text) is None


class TestFloods:
    def test_far_more_than_is_usual_is_a_flood(self) -> None:
        steady = replace(source(), habit=Habit(weekly=70, hours=(12,)), last_success_at=after(hours=-12))
        assert schedule.usual_items(steady, NOW) == 5
        assert not schedule.is_flood(steady, 25, NOW)
        assert schedule.is_flood(steady, 26, NOW)

    def test_after_a_long_pause_much_is_usual(self) -> None:
        away = replace(source(), habit=Habit(weekly=70, hours=(12,)), last_success_at=after(days=-14))
        assert not schedule.is_flood(away, 200, NOW)

    def test_a_handful_and_a_first_poll_are_never_one(self) -> None:
        assert not schedule.is_flood(source(), 10, NOW)
        assert schedule.is_flood(source(), 11, NOW)
        assert not schedule.is_flood(source(polled_before=False), 500, NOW)


def test_an_hour_in_which_little_comes_is_no_habit() -> None:
    often = [NOW.replace(hour=9) - timedelta(days=day) for day in range(20)]
    habit = learn([*often, NOW.replace(hour=3)], NOW)
    assert habit is not None
    assert habit.hours == (9,)
