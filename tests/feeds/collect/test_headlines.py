"""Which headline an article goes by: the list's or its own page's."""

import pytest

from feeds.collect.headlines import headline

COMMON = ("News releases | Ministry of Defence", "防衛省・自衛隊")


@pytest.mark.parametrize(
    ("listed", "found", "chosen"),
    [
        (
            "Ministers meet in…",
            "Ministers meet in Tokyo and agree on a plan",
            "Ministers meet in Tokyo and agree on a plan",
        ),
        ("Ministers meet in Tokyo", "Ministry of Defence", "Ministers meet in Tokyo"),
        ("日豪防衛相会談について", "防衛省・自衛隊", "日豪防衛相会談について"),
        ("日豪防衛相会談について", "防衛省·自衛隊", "日豪防衛相会談について"),
        ("Ministers meet in Tokyo", "NEWS RELEASES | ministry of defence", "Ministers meet in Tokyo"),
        ("Ministers meet in Tokyo", "", "Ministers meet in Tokyo"),
        ("", "Ministry of Defence", "Ministry of Defence"),
        ("Ministry of Defence: a new building", "Ministry of Defence", "Ministry of Defence"),
        ("Read more", "Ministers meet in Tokyo", "Ministers meet in Tokyo"),
    ],
)
def test_the_pages_own_headline_is_taken_unless_it_is_what_all_pages_say(listed: str, found: str, chosen: str) -> None:
    assert headline(listed, found, COMMON) == chosen
