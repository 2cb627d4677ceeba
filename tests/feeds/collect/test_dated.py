"""Dates are read or flagged; nothing is guessed."""

from datetime import UTC, datetime

import pytest

from feeds.collect.dated import read_moment
from feeds.collect.document import read_document
from feeds.collect.released import released_at
from feeds.observed import Fetched, ParsedFeed
from storage.model import SourceDefinition

NOON = datetime(2025, 11, 20, 12, tzinfo=UTC)
TOKYO = "Asia/Tokyo"


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2025-11-6 10:31", datetime(2025, 11, 6, 1, 31, tzinfo=UTC)),
        ("令和７年１１月６日", datetime(2025, 11, 5, 15, tzinfo=UTC)),
        ("令和7(2025)年11月1日(土)19時35分", datetime(2025, 11, 1, 10, 35, tzinfo=UTC)),
        ("令和元年５月１日 午後３時", datetime(2019, 5, 1, 6, tzinfo=UTC)),
        ("平成31年4月30日 23時59分", datetime(2019, 4, 30, 14, 59, tzinfo=UTC)),
        ("R7.11.6", datetime(2025, 11, 5, 15, tzinfo=UTC)),
        ("2025.11.06 09:05", datetime(2025, 11, 6, 0, 5, tzinfo=UTC)),
        ("Thu, 06 Nov 2025 10:31:00 +0900", datetime(2025, 11, 6, 1, 31, tzinfo=UTC)),
    ],
)
def test_dates_are_read_as_newsrooms_write_them(written: str, moment: datetime) -> None:
    assert read_moment(written, TOKYO, NOON) == (moment, ())


@pytest.mark.parametrize(
    ("written", "flag"),
    [
        ("11月6日", "date_without_year"),
        ("12月30日 10時", "date_without_year"),
        ("2025-12-6 10:31", "date_in_future"),
        ("令和8年11月6日", "date_in_future"),
        ("令和7(2024)年11月1日", "date_unreadable"),
        ("2025年2月30日", "date_unreadable"),
        ("先日", "date_unreadable"),
    ],
)
def test_what_is_suspicious_is_flagged_and_never_guessed(written: str, flag: str) -> None:
    assert read_moment(written, TOKYO, NOON) == (None, (flag,))


def test_a_feed_s_date_without_a_year_is_kept_as_written_with_its_flag() -> None:
    source = SourceDefinition(key="s", url="https://news.example/", name="s", time_zone=TOKYO)
    body = "<rss version='2.0'><channel><item><title>会談</title><pubDate>11月6日</pubDate></item></channel></rss>"
    parsed = read_document(Fetched(url=source.url, body=body.encode()), source, NOON)
    assert isinstance(parsed, ParsedFeed)
    (entry,) = parsed.entries
    assert (entry.published_at, entry.published_text, entry.flags) == (None, "11月6日", ("date_without_year",))


LEAD = "防衛省は令和7(2025)年11月1日(土)19時35分、甲国で開かれた会議への大臣の出席について、以下のとおり公表した。"


class TestReleases:
    def _released(self, text: str, published: datetime | None = None) -> tuple[datetime | None, tuple[str, ...]]:
        return released_at(text, TOKYO, published, NOON)

    @pytest.mark.parametrize(
        "text",
        [
            LEAD,
            f"見出しの行\n{LEAD}\n令和7年11月1日(土)、甲国において会議が開催された。",
            "統合幕僚監部は２０２５年１１月１日（土曜日）午後７時３５分、共同訓練について発表した。",
            "Released: 1 November 2025 19:35\nThe ministers met.",
        ],
    )
    def test_the_moment_of_the_announcement_is_read_from_the_sentence_that_says_so(self, text: str) -> None:
        assert self._released(text) == (datetime(2025, 11, 1, 10, 35, tzinfo=UTC), ())

    @pytest.mark.parametrize(
        "text",
        [
            "令和7年11月1日(土)、甲国において会議が開催された。",  # a day is no moment
            "令和7年11月1日19時35分、会議が始まった。",  # nobody announced anything
            "防衛省は11月1日19時35分、会談について公表した。",  # of which year?
            "Released: 1 November 2025\nThe ministers met.",
            "",
        ],
    )
    def test_the_time_of_an_event_or_half_a_date_is_none(self, text: str) -> None:
        assert self._released(text) == (None, ())

    def test_a_release_later_than_the_report_of_it_is_suspicious(self) -> None:
        before = datetime(2025, 10, 31, 12, tzinfo=UTC)
        assert self._released(LEAD, before) == (None, ("released_later",))
        assert self._released(LEAD.replace("11月1日", "12月1日")) == (None, ("released_later",))
