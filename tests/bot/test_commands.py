"""What readers say to the bot and tap, and what comes of it: real handlers, over HTTP, on a real database."""

from datetime import date, timedelta

import pytest
from telegram import Bot

from bot.telegram.commands import publish_commands
from storage import audit, filters, people, subscriptions
from storage.database import Connection
from storage.model import Channel, ChatState, FilterAction, Kind, Mute, Phase
from tests.support.bot_api import TOKEN
from tests.support.bot_rooms import as_json, data_of
from tests.support.build import NOW, facts, minister
from tests.support.talking import Talk


def add_filter(talk: Talk, key: str, **fields: object) -> int:
    words = {"title": key.title(), "query": key, "alerts": True, "action": FilterAction.KEEP, "who": "me", "now": NOW}
    return talk.database.write(lambda c: filters.add(c, key=key, **{**words, **fields})).id  # type: ignore[arg-type]


class TestStart:
    async def test_three_taps_choose_language_what_and_when(self, talk: Talk) -> None:
        asked = await talk.says("/start", language_code="ja")
        assert "一度だけお知らせ" in asked.text
        assert talk.filters() == [filters.MEETINGS]  # who taps no further gets everything
        what = await talk.turns(asked, "v1:sl:en")
        assert what.text == "What do you want to hear of?"
        how = await talk.turns(asked, "v1:sw:all")
        assert how.text == "When do you want to hear of it?"
        done = await talk.turns(asked, "v1:sh:d")
        assert done.text.startswith("✅ All set.")
        chat = talk.known()
        assert (chat.language, chat.digest, chat.state) == ("en", "daily 08:00", ChatState.ACTIVE)
        assert chat.digest_at == NOW.replace(hour=23)  # 08:00 in Tokyo

    async def test_only_what_i_choose_ends_the_subscription_to_everything(self, talk: Talk) -> None:
        asked = await talk.says("/start")
        await talk.turns(asked, "v1:sl:en")
        await talk.turns(asked, "v1:sw:some")
        await talk.turns(asked, "v1:fl:c:0")
        await talk.turns(asked, "v1:ft:c:0:country:JP")
        assert (talk.filters(), talk.tags()) == ([], ["country:JP"])

    async def test_a_second_start_changes_nothing(self, talk: Talk) -> None:
        await talk.says("/start", language_code="en")
        await talk.says("/lang ja")
        assert "すでに登録されています" in (await talk.says("/start", language_code="en")).text

    async def test_a_link_to_a_filter_subscribes_to_that_filter(self, talk: Talk) -> None:
        add_filter(talk, "asia")
        assert "Asia" in (await talk.says("/start f_asia")).text
        assert talk.filters() == ["asia"]

    async def test_a_link_to_anything_else_is_an_ordinary_start(self, talk: Talk) -> None:
        add_filter(talk, "hidden", action=FilterAction.BLOCK)
        add_filter(talk, "paused")
        talk.database.write(lambda c: filters.change(c, "paused", "pause", who="me", now=NOW, paused=True))
        for payload in ("f_nothing", "f_hidden", "f_paused", "f_everything", "x", "f_" + "a" * 62, "f_../x"):
            await talk.says(f"/start {payload}")
            assert talk.filters() == [filters.MEETINGS]

    async def test_stop_and_start_again_keep_what_is_followed(self, talk: Talk) -> None:
        await talk.says("/start")
        await talk.says("/follow Australia")
        assert "Stopped" in (await talk.says("/stop")).text
        assert talk.known().state is ChatState.STOPPED
        assert "Nothing was being sent" in (await talk.says("/stop")).text
        assert "one message about every new meeting" in (await talk.says("/start")).text
        assert (talk.known().state, talk.tags()) == (ChatState.ACTIVE, ["country:AU"])


class TestFollow:
    async def test_by_words_in_both_languages(self, talk: Talk) -> None:
        await talk.says("/start")
        for words, tag in [
            ("日本", "country:JP"), ("AU", "country:AU"), ("豪州", "country:AU"), ("united kingdom", "country:GB"),
            ("ADMMプラス", "series:admm-plus"), ("admm-plus", "series:admm-plus"), ("2+2", "kind:two_plus_two"),
            ("bilateral", "kind:bilateral"), ("EU", "country:EU"),
        ]:  # fmt: skip
            await talk.says(f"/follow {words}")
            assert talk.tags() == [tag]
            await talk.says(f"/follow {words}")
            assert talk.tags() == []

    async def test_what_may_mean_several_things_is_asked_for(self, talk: Talk) -> None:
        await talk.says("/start")
        asked = await talk.says("/follow ASEAN Defence")
        assert len(data_of(asked)) > 1
        await talk.clicks(asked, data_of(asked)[0])
        assert len(talk.tags()) == 1

    async def test_an_unknown_word_gets_a_suggestion(self, talk: Talk) -> None:
        await talk.says("/start")
        answer = await talk.says("/follow Australai")
        assert "Did you mean australia?" in answer.text
        assert talk.tags() == []

    async def test_a_filter_by_its_key(self, talk: Talk) -> None:
        add_filter(talk, "asia")
        await talk.says("/start")
        await talk.says("/follow asia")
        assert talk.filters() == [filters.MEETINGS, "asia"]

    async def test_a_tap_switches_on_and_off(self, talk: Talk) -> None:
        await talk.says("/start")
        menu = await talk.says("/follow")
        await talk.turns(menu, "v1:fl:c:0")
        on = await talk.turns(menu, "v1:ft:c:0:country:JP")
        assert "✅ 🇯🇵 Japan" in [button["text"] for row in on.buttons for button in row]
        await talk.turns(menu, "v1:ft:c:0:country:JP")
        assert talk.tags() == []

    async def test_what_a_meeting_is_about_can_be_followed_from_its_alert(self, talk: Talk) -> None:
        await talk.says("/start")
        number = talk.meeting(facts(principals=(minister("JP", name="Shinjiro Koizumi"),), series="jp-au"))
        alert = await talk.says("/help")  # any message of the bot: the button's data is what counts
        await talk.clicks(alert, f"v1:fm:{number}")
        menu = talk.api.sent[-1]
        assert [data.split(":", 3)[3] for data in data_of(menu)] == [
            "country:AU", "country:JP", "person:shinjiro-koizumi", "series:jp-au", "kind:bilateral",
        ]  # fmt: skip
        await talk.turns(menu, f"v1:fx:{number}:person:shinjiro-koizumi")
        assert talk.tags() == ["person:shinjiro-koizumi"]

    async def test_a_chat_that_follows_two_hundred_things_is_told_that_it_is_full(self, talk: Talk) -> None:
        await talk.says("/start")
        from storage import follows

        chat = talk.known()
        talk.database.write(lambda c: [follows.follow(c, chat.id, f"story:{n}", NOW) for n in range(follows.MOST)])
        assert "room for 200" in (await talk.says("/follow JP")).text


class TestMine:
    async def test_shows_what_is_followed_and_ends_it(self, talk: Talk) -> None:
        await talk.says("/start")
        await talk.says("/follow Australia")
        await talk.says("/follow ADMM-Plus")
        shown = await talk.says("/mine")
        for words in (
            "All meetings of defence ministers",
            "🇦🇺 Australia",
            "Defence Ministers' Meeting-Plus",
            "Asia/Tokyo",
        ):
            assert words in shown.text
        await talk.turns(shown, "v1:rm:0:country:AU")
        await talk.turns(shown, data_of(shown)[0])
        assert (talk.filters(), talk.tags()) == ([], ["series:admm-plus"])

    async def test_leads_to_all_settings(self, talk: Talk) -> None:
        await talk.says("/start")
        shown = await talk.says("/mine")
        await talk.turns(shown, "v1:se")
        for tap, name, value in (("si", "sides", "parent"), ("si", "sides", "mine"), ("fu", "follow_ups", "loud")):
            await talk.turns(shown, f"v1:{tap}")
            assert getattr(talk.known(), name) == value
        for path in (("la", "ll:ja"), ("zl", "zo:Europe/London"), ("dl", "di:w"), ("ql", "qu:22")):
            for tap in path:
                await talk.turns(shown, f"v1:{tap}")
            if f"v1:{path[1]}" not in ("v1:ll:ja",):
                await talk.turns(shown, "v1:se")
        chat = talk.known()
        assert (chat.language, chat.time_zone, chat.quiet) == ("ja", "Europe/London", "22:00-07:00")
        assert chat.digest == "weekly mon 08:00"


class TestMute:
    async def test_the_buttons_of_an_alert_mute_and_unmute(self, talk: Talk) -> None:
        await talk.says("/start")
        number = talk.meeting(facts(series="jp-au"))
        alert = await talk.says("/help")
        assert "Muted: Japan" in await talk.clicks(alert, f"v1:mm:{number}")
        assert "Muted:" in await talk.clicks(alert, f"v1:ms:{number}")
        assert {one.tag for one in talk.mutes()} == {f"story:{number}", "series:jp-au"}
        assert "No longer muted" in await talk.clicks(alert, f"v1:mm:{number}")
        shown = await talk.says("/mute")
        assert "• Japan" in shown.text
        await talk.turns(shown, "v1:un:series:jp-au")
        assert talk.mutes() == []

    async def test_by_words_with_a_span(self, talk: Talk) -> None:
        await talk.says("/start")
        await talk.says("/mute series ADMM-Plus 7d")
        await talk.says("/mute 豪州")
        assert talk.mutes() == [
            Mute(tag="country:AU"), Mute(tag="series:admm-plus", until=NOW + timedelta(days=7)),
        ]  # fmt: skip
        talk.clock.pass_by(days=8)
        assert [one.tag for one in talk.mutes()] == ["country:AU"]

    async def test_a_pause_ends_by_itself_or_when_told(self, talk: Talk) -> None:
        await talk.says("/start")
        asked = await talk.says("/pause")
        assert "v1:pa:1d" in data_of(asked)
        assert "until" in await talk.clicks(asked, "v1:pa:1d")
        assert talk.mutes() == [Mute(tag="all", until=NOW + timedelta(days=1))]
        assert "Paused" in (await talk.says("/mine")).text
        assert "goes on" in (await talk.says("/pause off")).text
        assert talk.mutes() == []
        await talk.says("/pause 3日")
        assert talk.mutes()[0].until == NOW + timedelta(days=3)


class TestSettings:
    async def test_digests(self, talk: Talk) -> None:
        await talk.says("/start")
        for words, spec in [
            ("daily 7:30", "daily 07:30"), ("weekly fri 18:00", "weekly fri 18:00"),
            ("weekly 09:00", "weekly mon 09:00"), ("毎日 8:00", "daily 08:00"),
            ("毎週 金曜 18:30", "weekly fri 18:30"), ("off", "off"), ("オフ", "off"),
        ]:  # fmt: skip
            await talk.says(f"/digest {words}")
            assert talk.known().digest == spec

    async def test_a_digest_off_is_due_no_more(self, talk: Talk) -> None:
        await talk.says("/start")
        await talk.says("/digest daily 08:00")
        assert talk.known().digest_at is not None
        await talk.says("/digest off")
        assert talk.known().digest_at is None

    async def test_a_new_zone_moves_the_next_digest(self, talk: Talk) -> None:
        await talk.says("/start")
        await talk.says("/digest daily 08:00")
        await talk.says("/zone London")
        assert talk.known().digest_at == (NOW + timedelta(days=1)).replace(hour=8)

    async def test_quiet_hours(self, talk: Talk) -> None:
        await talk.says("/start")
        for words, hours in [("22:00-07:00", "22:00-07:00"), ("22:00〜7:00", "22:00-07:00"), ("off", "")]:  # fmt: skip
            await talk.says("/quiet 01:00-02:00")
            await talk.says(f"/quiet {words}")
            assert talk.known().quiet == hours

    async def test_zones_by_name_and_city(self, talk: Talk) -> None:
        await talk.says("/start")
        for words, zone in [
            ("Europe/London", "Europe/London"), ("europe/london", "Europe/London"), ("東京", "Asia/Tokyo"),
            ("new york", "America/New_York"), ("ニューヨーク", "America/New_York"), ("Canberra", "Australia/Canberra"),
            ("UTC", "UTC"), ("utc+9", "Etc/GMT-9"), ("シンガポール", "Asia/Singapore"), ("Busan", "Asia/Seoul"),
        ]:  # fmt: skip
            await talk.says(f"/zone {words}")
            assert talk.known().time_zone == zone

    async def test_a_country_of_many_zones_asks_which(self, talk: Talk) -> None:
        await talk.says("/start")
        asked = await talk.says("/zone United States")
        assert "v1:zo:America/New_York" in data_of(asked)
        await talk.turns(asked, "v1:zo:America/New_York")
        assert talk.known().time_zone == "America/New_York"

    async def test_the_language_of_answers_follows_the_setting_and_not_the_app(self, talk: Talk) -> None:
        await talk.says("/start", language_code="en")
        assert "日本語" in (await talk.says("/lang 日本語", language_code="en")).text
        assert "コマンド" in (await talk.says("/help", language_code="en")).text


class TestLooking:
    async def test_last_shows_so_many(self, talk: Talk) -> None:
        for number in range(1, 5):
            talk.meeting(facts(series="admm", edition=number), number)
        assert (await talk.says("/last 2")).text.count("Defence Ministers' Meeting") == 2
        assert "from 1 to 10" in (await talk.says("/last 11")).text

    async def test_next_shows_what_is_announced_and_not_over(self, talk: Talk) -> None:
        day = date(2025, 11, 1)
        talk.meeting(facts(phase=Phase.ANNOUNCED, starts_on=day + timedelta(days=9), countries=("JP", "US")), 1)
        talk.meeting(facts(phase=Phase.ANNOUNCED, starts_on=day + timedelta(days=2), countries=("IN", "JP")), 2)
        talk.meeting(facts(phase=Phase.ANNOUNCED, starts_on=day - timedelta(days=2), countries=("FR", "JP")), 3)
        talk.meeting(facts(phase=Phase.HELD, starts_on=day + timedelta(days=3), countries=("GB", "JP")), 4)
        words = (await talk.says("/next")).text
        assert words.index("India") < words.index("United States")
        assert "France" not in words
        assert "United Kingdom" not in words

    async def test_nothing_to_show_is_said(self, talk: Talk) -> None:
        assert "No meeting is announced" in (await talk.says("/next")).text
        assert "No meeting has been reported" in (await talk.says("/last")).text
        assert "Nothing was reported" in (await talk.says("/top 7d")).text
        assert "Nothing was found" in (await talk.says("/search country:JP")).text

    async def test_search_finds_and_shows_the_place_of_an_error(self, talk: Talk) -> None:
        talk.meeting(facts())
        assert "Japan" in (await talk.says("/search country:JP kind:bilateral")).text
        wrong = await talk.says("/search country:JP (kind:bilateral")
        assert "^" in wrong.text
        assert any(entity["type"] == "pre" for entity in wrong.entities)
        assert "country:AU" in (await talk.says("/search")).text

    async def test_top_ranks_what_newsrooms_tell(self, talk: Talk) -> None:
        talk.meeting(facts())
        assert "newsrooms: 1" in (await talk.says("/top")).text
        assert "/top 24h" in (await talk.says("/top soon")).text

    async def test_details_show_the_facts(self, talk: Talk) -> None:
        number = talk.meeting(facts())
        message = await talk.says("/help")
        await talk.clicks(message, f"v1:det:{number}")
        assert "How sure" in talk.api.sent[-1].text


async def test_two_filters_of_one_title_are_told_apart_and_followed_by_their_buttons(talk: Talk) -> None:
    def make(connection: Connection) -> None:
        for key, query in (("east", "country:JP"), ("west", "country:FR")):
            words = {"title": "Region", "alerts": True, "action": FilterAction.KEEP, "who": "t"}
            filters.add(connection, key=key, query=query, now=talk.clock(), **words)  # type: ignore[arg-type]

    talk.database.write(make)
    asked = await talk.says("/follow region")
    first, second = (row[0] for row in asked.buttons)
    assert ("east" in first["text"], "west" in second["text"]) == (True, True)
    assert "now follows" in await talk.clicks(asked, second["callback_data"])
    assert talk.filters() == ["west"]
    assert "no longer" in await talk.clicks(asked, second["callback_data"])
    assert talk.filters() == []


class TestPrivacy:
    async def test_everything_is_shown_as_a_file_and_deleted_when_confirmed(self, talk: Talk) -> None:
        await talk.says("/start")
        await talk.says("/follow Australia")
        asked = await talk.says("/privacy")
        await talk.clicks(asked, "v1:px")
        ((chat_id, name, content),) = talk.api.files
        assert (chat_id, name) == (7, "kaigi-privacy.json")
        assert [one["tag"] for one in as_json(content)["follows"]] == ["country:AU"]
        await talk.turns(asked, "v1:pd")
        assert talk.chat() is not None
        assert "deleted" in (await talk.turns(asked, "v1:py")).text
        assert talk.chat() is None
        assert "Nothing is kept" in await talk.clicks(asked, "v1:px")

    async def test_who_set_up_a_channel_is_shown_and_forgets_that_without_a_chat_of_their_own(self, talk: Talk) -> None:
        asked = await talk.says("/privacy")
        await talk.clicks(asked, "v1:px")
        assert talk.api.files == []

        def set_up(connection: Connection) -> None:
            channel = subscriptions.open_chat(
                connection, Channel.TELEGRAM, "-1009", language="en", time_zone="UTC", now=talk.clock()
            )
            subscriptions.change(connection, channel.id, talk.clock(), kind="channel", managed_by=7)

        talk.database.write(set_up)
        asked = await talk.says("/privacy", language_code="en")
        assert "which channels you set up here: 1" in asked.text
        await talk.clicks(asked, "v1:px")
        assert [one["address"] for one in as_json(talk.api.files[0][2])["channels"]] == ["-1009"]
        await talk.turns(asked, "v1:pd")
        assert "deleted" in (await talk.turns(asked, "v1:py")).text
        assert talk.read(lambda c: subscriptions.managed(c, 7)) == []
        assert talk.chat("-1009") is not None

    async def test_an_admin_is_told_what_stays_and_why(self, talk: Talk) -> None:
        talk.database.write(lambda c: people.meet(c, 7, "Ann", talk.clock()))
        talk.database.write(lambda c: audit.note(c, who="tg:7", what="invite", target="invite:1", now=talk.clock()))
        asked = await talk.says("/privacy")
        assert "a line in the audit for each change" in asked.text
        await talk.turns(asked, "v1:pd")
        assert "They keep your number, not your name" in (await talk.turns(asked, "v1:py")).text
        assert talk.read(people.every) == []


async def test_telegram_is_told_the_commands_per_kind_of_chat_and_language(talk: Talk) -> None:
    async with Bot(TOKEN, base_url=f"{talk.api.url}/bot") as bot:
        await publish_commands(bot)
    listed = {key: {one["command"] for one in commands} for key, commands in talk.api.commands.items()}
    private, group, admins = (
        f'{{"type": "{name}"}}' for name in ("all_private_chats", "all_group_chats", "all_chat_administrators")
    )
    for language in ("", "ja", "en"):
        assert "channel" in listed[private, language]
        assert listed[group, language] == {"mine", "last", "next", "top", "search", "help"}
        assert "follow" in listed[admins, language]
        assert "channel" not in listed[admins, language]
    assert talk.api.commands[private, "ja"][0]["description"] == "お知らせを受け取る"


async def test_an_unexpected_failure_is_told_in_a_sentence(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr("storage.news.latest_meetings", broken)
    assert "went wrong" in (await talk.says("/last")).text


async def test_a_meeting_that_is_gone_is_said_so(talk: Talk) -> None:
    message = await talk.says("/start")
    assert "no longer known" in await talk.clicks(message, "v1:mm:12345")


def test_kinds_are_all_offered() -> None:
    from bot.telegram.choices import choices

    assert {one.tag for one in choices("k", "ja", date(2026, 1, 1))} == {f"kind:{kind.value}" for kind in Kind}
