"""The menus: every page is one that Telegram takes, in both languages, here and for a channel."""

import dataclasses
from datetime import date

import pytest

from bot.telegram.choices import PAGE, VIEWS, choices, find, page_of, short, tag_label, unshortened
from bot.telegram.menus import Menu
from feeds.publish.words import Language
from storage.model import Channel, Chat, Filter, Mute
from tests.bot.test_render import seen
from tests.support.build import NOW

TODAY = date(2026, 11, 1)
CHAT = Chat(id=123456789, channel=Channel.TELEGRAM, address="-1001", language="ja", time_zone="Asia/Tokyo", title="<b>")
FILTERS = [Filter(id=n, key=f"filter-{n}", title="<b>長い題名" * 30, query="") for n in range(1, 21)]
TAGS = ["country:JP", "person:" + "長い名前-" * 10, "series:left-the-lexicon", "kind:bilateral", "kind:unknown", "x"]
MUTES = [Mute(tag="all", until=NOW), *(Mute(tag=tag) for tag in TAGS), Mute(tag="story:7")]


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("remote", [False, True])
class TestEveryMenu:
    def test_is_one_that_telegram_takes(self, language: Language, remote: bool) -> None:
        menu = Menu(language, CHAT, remote=remote)
        shown = [
            menu.languages("Which?"), menu.what(), menu.how(), menu.done(["x"], "y"), menu.follow(True, TAGS),
            menu.follow(False, [], starting=True), menu.filters(FILTERS, FILTERS[:3], 1), menu.filters([], [], 9),
            menu.choose("Which?", choices("s", language, TODAY)[:8], "fw"), menu.mine(FILTERS, TAGS, MUTES, 2),
            menu.mine([], [], []), menu.settings(), menu.digests(), menu.quiet_hours(), menu.zones(),
            menu.muted(MUTES, {"story:7": "A meeting"}), menu.muted([], {}), menu.pauses(None), menu.pauses(MUTES[0]),
            menu.about_meeting(10**12, "A meeting", choices("p", language, TODAY)[:20], TAGS),
        ]  # fmt: skip
        for view in VIEWS:
            pages = page_of(choices(view, language, TODAY), 0)[2]
            shown += [menu.page(view, page, TAGS, NOW) for page in range(pages)]
        for message in shown:
            seen(message)
            assert all(len(row) <= 8 for row in message.buttons)
            assert sum(map(len, message.buttons)) <= 100

    def test_says_which_channel_it_is_about(self, language: Language, remote: bool) -> None:
        words = seen(Menu(language, CHAT, remote=remote).settings())
        assert ("📢 <b>" in words) is remote


def test_a_page_outside_of_the_list_is_the_nearest_one() -> None:
    every = choices("c", "en", TODAY)
    assert page_of(every, -3)[1] == 0
    assert page_of(every, 10**9)[0] == every[-(len(every) % PAGE or PAGE) :]


def test_a_long_tag_fits_a_button_and_is_found_again() -> None:
    tag = "person:" + "長い名前-" * 10
    assert len(short(tag).encode()) <= 40
    assert unshortened(short(tag), ["country:JP", tag]) == tag
    assert unshortened(short(tag), ["country:JP"]) is None
    assert unshortened("country:JP", []) == "country:JP"


def test_ministers_are_those_in_office_on_the_day() -> None:
    then = {one.label for one in choices("p", "en", date(2024, 11, 1))}
    now = {one.label for one in choices("p", "en", TODAY)}
    assert ("🇯🇵 Gen Nakatani" in then, "🇯🇵 Gen Nakatani" in now) == (True, False)


def test_a_surname_finds_the_minister_in_office() -> None:
    assert [one.tag for one in find("小泉", "ja", TODAY)] == ["person:shinjiro-koizumi"]
    assert find("x", "ja", TODAY) == []
    assert find("", "ja", TODAY) == []


def test_every_tag_has_a_name_in_the_reader_s_language() -> None:
    assert tag_label("country:JP", "ja") == "🇯🇵 日本"
    assert tag_label("person:shinjiro-koizumi", "ja") == "🇯🇵 小泉進次郎"
    assert tag_label("person:shinjiro-koizumi", "en") == "🇯🇵 Shinjiro Koizumi"
    assert tag_label("kind:no-such-kind", "en") == "kind:no-such-kind"


def test_a_setting_of_another_version_is_shown_as_it_is() -> None:
    odd = dataclasses.replace(CHAT, digest="hourly", sides="?", follow_ups="?", language="fr")
    seen(Menu("ja", odd).settings())
