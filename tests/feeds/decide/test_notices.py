"""What admins are told after a poll, and what is told instead when it is the network."""

from dataclasses import replace

import pytest

from feeds.collect import schedule
from feeds.collect.schedule import Answer, Rhythm
from feeds.decide.notices import due, flooded, might_be_the_network, overdue, weigh
from feeds.observed import Failure, FailureKind
from storage.changes import NoticePost, Surroundings
from storage.model import FetchEvent, Habit, NoticeKind, Source, SourceState, Told
from tests.support.build import NOW, after, source

RHYTHM = Rhythm()
DOWN = Failure(kind=FailureKind.SERVER_ERROR, message="It answers 500.")


def _after_failure(of: Source, failure: Failure = DOWN) -> tuple[NoticePost, ...]:
    update = schedule.after_failure(of, failure, FetchEvent(at=NOW, outcome=failure.kind), RHYTHM, NOW)
    return due(of, update, NOW)


def _after_success(of: Source, moved_to: str | None = None) -> tuple[NoticePost, ...]:
    event = FetchEvent(at=NOW, outcome="changed")
    return due(of, schedule.after_success(of, Answer(moved_to=moved_to), event, RHYTHM, NOW), NOW)


def _failing(**fields: object) -> Source:
    words = {"state": SourceState.FAILING, "failures": 1, "failing_since": after(minutes=-10), **fields}
    return replace(source(), **words)  # type: ignore[arg-type]


def test_one_bad_poll_is_not_told() -> None:
    assert _after_failure(source()) == ()


def test_the_second_bad_poll_is_told_with_what_is_wrong_and_since_when() -> None:
    (news,) = _after_failure(_failing())
    assert (news.kind, news.state, news.message) == (NoticeKind.TURNED_BAD, SourceState.FAILING, "It answers 500.")
    assert (news.since, news.told_before, news.told_after) == (after(minutes=-10), Told.WELL, Told.BAD)


def test_it_is_told_once_however_long_it_lasts_and_whatever_it_becomes() -> None:
    told = _failing(told=Told.BAD, failing_since=after(days=-3))
    assert _after_failure(told) == ()
    assert _after_failure(told, Failure(kind=FailureKind.FORBIDDEN, message="403")) == ()


def test_a_pause_is_told_at_once_and_also_after_the_trouble_that_led_to_it() -> None:
    gone = Failure(kind=FailureKind.GONE, message="It is gone.")
    (news,) = _after_failure(source(), gone)
    assert (news.state, news.told_after) == (SourceState.PAUSED, Told.PAUSED)
    given_up = _failing(told=Told.BAD, failing_since=after(days=-30), failures=40)
    (news,) = _after_failure(given_up)
    assert news.message.startswith("Paused after 30 days")


def test_a_failure_that_nobody_heard_of_for_half_an_hour_is_told_between_polls() -> None:
    assert overdue(_failing(failing_since=after(minutes=-29)), NOW) is None
    news = overdue(_failing(failing_since=after(minutes=-30), last_error="It answers 500."), NOW)
    assert news is not None
    assert news.message == "It answers 500."
    assert overdue(_failing(failing_since=after(days=-1), told=Told.BAD), NOW) is None


def test_recovery_is_told_once_and_only_to_those_who_heard_of_the_trouble() -> None:
    (news,) = _after_success(_failing(told=Told.BAD))
    assert (news.kind, news.told_after) == (NoticeKind.RECOVERED, Told.WELL)
    assert _after_success(_failing()) == ()
    assert _after_success(source()) == ()


def test_silence_is_told_when_it_shows_in_two_polls() -> None:
    quiet = replace(source(), habit=Habit(weekly=7, hours=(8,)), last_new_at=after(days=-30))
    assert _after_success(quiet) == ()
    (news,) = _after_success(replace(quiet, state=SourceState.SILENT))
    assert (news.state, news.since) == (SourceState.SILENT, after(days=-30))


def test_a_move_is_told_when_it_begins_to_be_believed_and_never_again() -> None:
    new = "https://new.example/feed.xml"
    moving = replace(
        source(), moved_to=new, moved_since=after(hours=-23), moved_polls=2, last_polled_at=after(minutes=-10)
    )
    assert _after_success(moving, new) == ()
    moving = replace(moving, moved_since=after(hours=-24))
    (news,) = _after_success(moving, new)
    assert (news.kind, news.message) == (NoticeKind.MOVED, new)
    settled = replace(moving, moved_since=after(hours=-25), moved_polls=3)
    assert _after_success(settled, new) == ()
    assert _after_success(replace(settled, failures=3), new) == ()


def test_a_flood_is_told_with_what_would_be_usual() -> None:
    steady = replace(source(), habit=Habit(weekly=70, hours=(12,)), last_success_at=after(hours=-12))
    news = flooded(steady, 80, 12, NOW)
    assert (news.count, news.usual, news.held) == (80, 5.0, 12)


@pytest.mark.parametrize(
    ("around", "kind"),
    [
        (Surroundings(others=20, others_failing=5, last_success_at=after(hours=-1)), NoticeKind.NETWORK_DOWN),
        (Surroundings(others=20, others_failing=5, last_success_at=None), NoticeKind.NETWORK_DOWN),
        (Surroundings(others=1, others_failing=1, last_success_at=after(hours=-1)), NoticeKind.NETWORK_DOWN),
        # Somebody was reached meanwhile, so the network is not to blame.
        (Surroundings(others=20, others_failing=5, last_success_at=after(minutes=-5)), NoticeKind.TURNED_BAD),
        # Nobody else was asked meanwhile, so nothing speaks for the network.
        (Surroundings(others=20, others_failing=1, last_success_at=after(hours=-1)), NoticeKind.TURNED_BAD),
        (Surroundings(others=0, others_failing=0, last_success_at=after(hours=-1)), NoticeKind.TURNED_BAD),
    ],
)
def test_when_nothing_is_reached_the_network_is_blamed_and_not_the_source(
    around: Surroundings, kind: NoticeKind
) -> None:
    (news,) = _after_failure(_failing(), Failure(kind=FailureKind.DNS, message="no such host"))
    weighed = weigh(news, around, NOW)
    assert weighed.kind is kind
    if kind is NoticeKind.NETWORK_DOWN:
        assert (weighed.source_id, weighed.told_after, weighed.count) == (None, None, around.others_failing + 1)


def test_an_answer_is_no_sign_of_a_network_that_is_down() -> None:
    assert might_be_the_network(FailureKind.REFUSED)
    assert not might_be_the_network(FailureKind.FORBIDDEN)
