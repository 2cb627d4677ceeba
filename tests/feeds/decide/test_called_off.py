"""A notice that a meeting is off is no report of a meeting, and yet the announced meeting is off."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from feeds.decide.stories import calls_off
from feeds.observed import Article, Verdict
from feeds.understand.meetings import understand
from storage.changes import Changes
from storage.model import Level, MeetingFacts, Phase, Trust
from tests.support.build import entry, facts, source, understood
from tests.support.deciding import candidate, decided, snapshot

DAY = date(2025, 11, 5)
ANNOUNCED = facts(phase=Phase.ANNOUNCED, starts_on=DAY, city="Canberra", country="AU")
FORUM = facts(phase=Phase.ANNOUNCED, series="admm-plus", edition=12, countries=(), starts_on=None, city=None)
OFF = replace(ANNOUNCED, phase=Phase.CANCELLED, city=None, country=None)


def noticed(
    known: MeetingFacts, notice: MeetingFacts, *, trust: Trust = Trust.PRESS, reported: timedelta = timedelta(hours=1)
) -> Changes:
    """A poll that brings a notice, read as uncertain, while the meeting is known."""
    seen = snapshot(source(trust=trust), candidates=(candidate(known, reported=reported),))
    return decided(seen, understood(entry("A notice"), notice, verdict=Verdict.UNCERTAIN))


def test_an_uncertain_notice_of_the_same_sides_and_day_calls_the_meeting_off_and_readers_hear_of_it() -> None:
    changes = noticed(ANNOUNCED, OFF)
    (meeting,) = changes.meetings
    assert meeting.facts == replace(ANNOUNCED, phase=Phase.CANCELLED)
    (told,) = changes.retellings
    assert [(one.field, one.after) for one in told.changes] == [("phase", "cancelled")]
    assert changes.alerts == (), "nobody is told of a meeting for the first time by its end"
    assert [one.story for one in changes.inserts] == [50]


def test_so_does_one_of_the_same_edition() -> None:
    changes = noticed(FORUM, replace(FORUM, phase=Phase.POSTPONED, countries=("MY",)))
    assert [one.facts.phase for one in changes.meetings] == [Phase.POSTPONED]


@pytest.mark.parametrize(
    ("known", "notice"),
    [
        (ANNOUNCED, replace(OFF, starts_on=None)),
        (ANNOUNCED, replace(OFF, starts_on=DAY + timedelta(days=1))),
        (ANNOUNCED, replace(OFF, countries=("JP",))),
        (ANNOUNCED, replace(OFF, level=Level.VICE_MINISTER)),
        (ANNOUNCED, replace(OFF, countries=("JP", "US"))),
        (ANNOUNCED, replace(OFF, phase=Phase.ANNOUNCED)),
        (replace(ANNOUNCED, phase=Phase.HELD), OFF),
        (FORUM, replace(FORUM, phase=Phase.CANCELLED, edition=13)),
        (FORUM, replace(FORUM, phase=Phase.CANCELLED, edition=None)),
        (replace(FORUM, edition=None), replace(FORUM, phase=Phase.CANCELLED, edition=None)),
    ],
    ids=[
        "no day", "another day", "one side", "another rank", "another side", "not off", "it was held",
        "another edition", "no edition", "a series without an edition",
    ],
)  # fmt: skip
def test_a_notice_that_could_be_about_another_meeting_changes_nothing(
    known: MeetingFacts, notice: MeetingFacts
) -> None:
    assert not calls_off(known, notice)
    assert noticed(known, notice).meetings == ()


def test_neither_does_one_of_a_source_of_low_trust_nor_one_older_than_the_last_report() -> None:
    assert noticed(ANNOUNCED, OFF, trust=Trust.LOW).meetings == ()
    assert noticed(ANNOUNCED, OFF, reported=timedelta(hours=-1)).meetings == ()


NOTICES = {
    "中止": (
        "日豪防衛相会談を中止",
        "11月5日にキャンベラで予定していた小泉防衛大臣とマールズ豪国防大臣の会談は中止となりました。",
    ),
    "延期": ("日豪防衛相会談は延期", "防衛省は、11月5日に予定されていた日豪防衛相会談を延期すると発表した。"),
    "取りやめ": (
        "日豪防衛相会談、取りやめ",
        "11月5日に予定していた小泉防衛大臣とマールズ豪国防大臣の会談を取りやめると発表した。",
    ),
    "called off": (
        "Japan-Australia defence ministers' meeting called off",
        (
            "The meeting between Japanese Defence Minister Koizumi and Australian Defence Minister Marles planned for "
            "5 November in Canberra has been called off."
        ),
    ),
    "cancelled": (
        "Statement on cancellation of talks",
        (
            "The Ministry of Defence announces that the talks between the defence ministers of Japan and Australia "
            "scheduled for 5 November 2025 are cancelled."
        ),
    ),
}


@pytest.mark.parametrize("word", NOTICES)
def test_notices_as_ministries_write_them_call_it_off(word: str) -> None:
    title, text = NOTICES[word]
    language = "en" if word.isascii() else "ja"
    said = understand(
        Article(
            title=title, text=text, language=language, published_at=datetime(2025, 11, 3, 9, tzinfo=UTC),
            source_country="JP" if language == "ja" else "AU",
        )
    )  # fmt: skip
    assert said.mention is not None
    assert calls_off(ANNOUNCED, said.mention.facts)
