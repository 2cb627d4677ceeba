"""Messages as Telegram takes them: judged by TDLib, the parser inside Telegram's own server."""

import dataclasses
import json
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import tdjson
from hypothesis import given
from hypothesis import strategies as st

from bot.telegram import render
from bot.telegram.facts import field_name
from bot.telegram.markup import LIMIT, Message, cut, units
from bot.telegram.texts import LANGUAGES, language_of, text
from storage.model import Channel, Chat, Evidence, Format, Kind, Level, MeetingStory, Phase
from tests.support.build import NOW, facts, minister, report, story

PAGE = "https://kaigi.example"
JA = Chat(id=1, channel=Channel.TELEGRAM, address="1", language="ja", time_zone="Asia/Tokyo")
EN = dataclasses.replace(JA, language="en", time_zone="Europe/London")
CHATS = {"ja": JA, "en": EN}

HOSTILE = [
    "<b>bold</b>", "5 < 6 & 7 > 2", "</b></a>", "&nbsp;&copy;&#0;&#x110000;", '"><script>alert(1)</script>',
    "a\x00b\x1b[31m", "\u202ereversed\u202c", "\ud800half", "<tg-time unix='x'>", "<!-- -->",
    "<pre><code class='language-x'>", "\u200b\u200d\ufeff", "@everyone /stop #tag https://evil.example",
    "👩\u200d👩\u200d👧🏴\u200d☠️🇯🇵", "ﷺ" * 50, "𝕳𝖊𝖑𝖑𝖔", "العربية עברית", "line\none\r\ntwo\u2028three",
    "%s {count} {0} $HOME", "\\_*[]()~`>#+-=|{}.!", "防衛相会談" * 40, "a" * 3000, "", " ", "\n\n",
]  # fmt: skip


tdjson.td_execute(json.dumps({"@type": "setLogVerbosityLevel", "new_verbosity_level": 0}).encode())


def parsed(html: str) -> dict[str, Any]:
    """What Telegram makes of the text; an error has `@type: error`."""
    request = {"@type": "parseTextEntities", "text": html, "parse_mode": {"@type": "textParseModeHTML"}}
    answer: dict[str, Any] = json.loads(tdjson.td_execute(json.dumps(request).encode()) or b"{}")
    return answer


def seen(message: Message) -> str:
    """What a reader sees. Fails where Telegram would refuse the message or cut it."""
    answer = parsed(message.html)
    assert answer["@type"] == "formattedText", (answer, message.html)
    words: str = answer["text"]
    assert words.strip()
    assert units(words) <= LIMIT
    assert len(answer["entities"]) <= 100
    for button in (button for row in message.buttons for button in row):
        assert button.text.strip()
        assert (button.url is None) is not (button.data is None)
        assert len((button.data or "").encode()) <= 64
    return words


def alert(told: MeetingStory, language: str = "ja", **more: Any) -> Message:
    return render.alert(told, CHATS[language], **{"now": NOW, **more})


class TestAnAlert:
    def test_shows_who_when_where_and_which_sources(self) -> None:
        told = facts(
            countries=("JP", "AU"),
            principals=(
                minister("JP", name="Shinjiro Koizumi", name_ja="小泉進次郎", office="防衛大臣"),
                minister("AU", name="Richard Marles", office="Defence Minister"),
            ),
            outcomes=("共同声明",),
        )
        words = seen(alert(story(told, report("mod", language="ja"), report("press"))))
        for part in (
            "🇯🇵🇦🇺 日本・オーストラリア防衛相会談", "2025年11月1日(土)", "クアラルンプール",
            "🇯🇵 日本 小泉進次郎 防衛大臣 (Shinjiro Koizumi)", "Richard Marles", "共同声明", "MOD", "PRESS",
        ):  # fmt: skip
            assert part in words
        assert "Defence Minister" not in words  # the office is told in the reader's language

    def test_is_told_in_english_from_the_same_facts(self) -> None:
        told = facts(
            series="admm-plus", edition=12, kind=Kind.MULTILATERAL,
            principals=(minister("JP", name="Shinjiro Koizumi", name_ja="小泉進次郎", office="防衛大臣"),),
        )  # fmt: skip
        words = seen(alert(story(told), "en"))
        assert "12th ASEAN Defence Ministers' Meeting-Plus" in words
        assert "Saturday 1 November 2025" in words
        assert "🇯🇵 Shinjiro Koizumi (小泉進次郎), Defence Minister, Japan" in words

    @pytest.mark.parametrize(("language", "words"), [("ja", "【予定】"), ("en", "(announced)")])
    def test_never_tells_what_was_announced_as_held(self, language: str, words: str) -> None:
        told = facts(phase=Phase.ANNOUNCED, principals=(minister("JP", name_ja="小泉進次郎"),))
        shown = seen(alert(story(told), language))
        assert words in shown
        assert not {"\n👥 出席\n", "\n👥 Present\n"} & {f"\n{line}\n" for line in shown.split("\n")}
        assert ("出席予定" if language == "ja" else "Expected to take part") in shown

    def test_says_when_the_day_of_an_announced_meeting_has_passed_without_a_report(self) -> None:
        told = story(facts(phase=Phase.ANNOUNCED))
        assert "not held yet" in seen(alert(told, "en", now=NOW))
        assert "nobody has reported yet" in seen(alert(told, "en", now=NOW + timedelta(days=2)))

    @pytest.mark.parametrize(("phase", "word"), [(Phase.CANCELLED, "❌"), (Phase.POSTPONED, "⏳")])
    def test_lets_a_meeting_that_was_called_off_stand_out(self, phase: Phase, word: str) -> None:
        assert word in seen(alert(story(facts(phase=phase))))

    def test_the_day_that_counts_is_the_reader_s(self) -> None:
        late = datetime(2025, 11, 1, 16, 0, tzinfo=UTC)  # it is 2 November in Tokyo
        told = story(facts(phase=Phase.ANNOUNCED))
        assert "まだ報じられていません" in seen(render.alert(told, JA, now=late))
        assert "not held yet" in seen(render.alert(told, EN, now=late))

    def test_calls_a_call_a_call(self) -> None:
        told = facts(format=Format.PHONE, city=None, country=None)
        assert "電話会談" in seen(alert(story(told)))
        assert "call" in seen(alert(story(told), "en"))

    def test_says_when_it_is_a_repeat(self) -> None:
        assert "再送" in seen(alert(story(), repeat=True))
        assert "再送" not in seen(alert(story()))

    def test_lists_the_side_meetings_that_are_told_within_it(self) -> None:
        conference = story(facts(series="admm-plus", edition=12, kind=Kind.MULTILATERAL))
        sides = [story(facts(countries=("JP", other)), id=number) for number, other in enumerate(("US", "IN"), 50)]
        words = seen(alert(conference, "en", sides=sides, page=PAGE))
        assert "Japan–United States defence ministers' meeting" in words
        assert "Japan–India defence ministers' meeting" in words

    def test_has_buttons_for_the_source_the_details_muting_and_following(self) -> None:
        message = alert(story(facts(series="admm-plus")), "en")
        buttons = [button for row in message.buttons for button in row]
        assert buttons[0].url == "https://mod.example/1"
        assert [button.data for button in buttons[1:]] == ["v1:det:7", "v1:mm:7", "v1:ms:7", "v1:fm:7"]

    def test_offers_to_mute_a_series_only_where_there_is_one(self) -> None:
        data = [button.data for row in alert(story(facts(series=None))).buttons for button in row]
        assert "v1:ms:7" not in data

    def test_is_a_message_even_with_hardly_any_facts(self) -> None:
        bare = facts(countries=("JP",), starts_on=None, city=None, country=None)
        assert "防衛相会談" in seen(alert(story(bare, report(url=None))))

    def test_tells_days_that_follow_each_other_as_a_range(self) -> None:
        told = facts(starts_on=date(2025, 10, 31), ends_on=date(2025, 11, 2))
        assert "2025年10月31日(金) – 2025年11月2日(日)" in seen(alert(story(told)))

    @pytest.mark.parametrize(
        "url", ["javascript:alert(1)", "file:///etc/passwd", "https://x.example/" + "a" * 2000, "", "http://"]
    )
    def test_makes_no_link_and_no_button_of_an_address_that_is_none(self, url: str) -> None:
        message = alert(story(facts(), report(url=url)))
        assert "href" not in message.html
        assert all(button.url is None for row in message.buttons for button in row)


class TestDetails:
    def test_show_each_fact_with_its_words_and_who_wrote_them(self) -> None:
        told = facts(series="admm-plus", edition=12)
        said = (
            Evidence(fact="starts_on", where="text", start=0, end=5, quote="on 1 November"),
            Evidence(fact="city", where="text", start=0, end=5, quote="in Kuala Lumpur"),
            Evidence(fact="series", where="title", start=0, end=5, quote="ADMM-Plus"),
        )
        one = report("mod")
        words = seen(render.details(story(told, one), [(one, said)], EN, page=PAGE))
        for part in ("« on 1 November » MOD", "« in Kuala Lumpur » MOD", "« ADMM-Plus » MOD", "How sure: 100%"):
            assert part in words

    def test_show_moments_that_telegram_turns_into_the_reader_s_zone(self) -> None:
        message = render.details(story(), [], JA)
        moments = [it["type"] for it in parsed(message.html)["entities"] if it["type"]["@type"].endswith("DateTime")]
        assert [it["unix_time"] for it in moments] == [int(NOW.timestamp())]
        assert "2025年11月1日(土) 21:00" in seen(message)  # for apps that do not know moments


class TestAFollowUp:
    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"field": "phase", "before": "announced", "after": "held"}, "✅ It has been held."),
            ({"field": "phase", "before": "announced", "after": "cancelled"}, "❌ Cancelled. It will not take place."),
            (
                {"field": "starts_on", "before": "2025-11-01", "after": "2025-11-02"},
                "Date: Saturday 1 November 2025 → Sunday 2 November 2025",
            ),
            ({"field": "city", "before": None, "after": "Tokyo"}, "Place: Tokyo"),
            ({"field": "city", "before": "Tokyo", "after": None}, "Place: Tokyo → –"),
            ({"field": "outcomes", "before": ["a plan"], "after": ["joint statement"]}, "📄 Outcome: joint statement"),
            ({"field": "countries", "before": ["JP"], "after": ["JP", "AU"]}, "Sides: Japan → Japan, Australia"),
            ({"field": "format", "before": "in_person", "after": "video"}, "Form: in person → by video"),
            (
                {"field": "principals", "before": [], "after": [{"country": "JP", "name": "Shinjiro Koizumi"}]},
                "Present: Shinjiro Koizumi, Defence Minister, Japan",
            ),
        ],
    )
    def test_says_what_changed(self, change: dict[str, Any], words: str) -> None:
        assert words in seen(render.follow_up(story(), [change], EN))

    @pytest.mark.parametrize("value", ["<b>", None, 7, ["a", {"country": "JP"}], {"x": 1}, "not-a-day"])
    @pytest.mark.parametrize("field", ["starts_on", "format", "phase", "principals", "no_such_fact", ""])
    def test_is_readable_whatever_the_change_holds(self, field: str, value: Any) -> None:
        seen(render.follow_up(story(), [{"field": field, "before": value, "after": value}], JA))


class TestADigest:
    def test_goes_by_days(self) -> None:
        days = (date(2025, 11, 2), date(2025, 11, 1), date(2025, 11, 2), None)
        told = [story(facts(starts_on=day), id=number) for number, day in enumerate(days, 1)]
        words = seen(render.digest(told, EN, page=PAGE))
        assert words.count("🗓") == 3
        assert words.index("1 November") < words.index("2 November") < words.index("Day not known")

    def test_ends_between_two_meetings_and_counts_the_rest(self) -> None:
        told = [story(facts(), report(title="x", source_name="A newsroom " * 5), id=n) for n in range(1, 200)]
        message = render.digest(told, EN, more=3, page=PAGE)
        words = seen(message)
        shown = words.count("defence ministers' meeting")
        assert words.endswith(f"and {199 - shown + 3} more")
        assert message.html.endswith(f'<a href="{PAGE}/">and {199 - shown + 3} more</a>')
        assert units(words) > LIMIT * 0.6 or len(parsed(message.html)["entities"]) > 90

    def test_of_nothing_says_so(self) -> None:
        assert "Nothing new." in seen(render.digest([], EN))


@pytest.mark.parametrize("repeat", [True, False])
def test_whatever_may_have_come_before_says_so(repeat: bool) -> None:
    change = {"field": "phase", "before": "announced", "after": "held"}
    for message in (
        render.follow_up(story(), [change], EN, repeat=repeat),
        render.digest([story()], EN, repeat=repeat),
        render.broadcast("We move on Sunday.", EN, repeat=repeat),
    ):
        assert ("may have reached you before" in seen(message)) is repeat


def test_a_broadcast_keeps_its_lines_and_runs_no_tags() -> None:
    words = seen(render.broadcast("One <b>line</b>\nand another", EN))
    assert words.endswith("One <b>line</b>\nand another")


def _hostile_story(chance: random.Random) -> MeetingStory:
    def words() -> str:
        pieces = [chance.choice(HOSTILE) for _ in range(chance.randint(1, 3))]
        return "".join(pieces) + "".join(chr(chance.randrange(0x11_0000)) for _ in range(chance.randint(0, 20)))

    people = tuple(
        minister(chance.choice(["JP", "AU", "EU", "<b>", ""]), name=words(), name_ja=words(), office=words())
        for _ in range(chance.randint(0, 14))
    )
    told = facts(
        phase=chance.choice(list(Phase)), kind=chance.choice(list(Kind)), format=chance.choice(list(Format)),
        name_ja=words(), name_en=words(), city=words(), venue=words(),
        country=chance.choice(["JP", words()[:4]]),
        series=chance.choice([None, "admm-plus", words()]), edition=chance.choice([None, 3, 10**12]),
        parent=chance.choice([None, words()]),
        outcomes=tuple(words() for _ in range(chance.randint(0, 5))), topics=(words(), "cyber"), principals=people,
        countries=tuple(chance.sample(["JP", "AU", "US", "GB", "<i>", "ASEAN", "&"], 4)),
    )  # fmt: skip
    reports = [
        report(f"s{n}", item_id=n, title=words(), source_name=words(), url=address)
        for n, address in enumerate(["https://x.example/" + words(), words(), None] * chance.randint(0, 4))
    ]
    return story(told, *reports)


def test_two_thousand_hostile_titles_break_no_message() -> None:
    chance = random.Random(20251101)
    titles = 0
    for number in range(450):
        told, chat = _hostile_story(chance), chance.choice([JA, EN])
        others = [told] * (chance.randint(0, 30) if number % 20 == 0 else 1)
        quotes = (Evidence(fact="city", where="text", start=0, end=1, quote=one.title) for one in told.reports)
        said = [(one, (quote,)) for one, quote in zip(told.reports, quotes, strict=True)]
        changes = [
            {"field": field, "before": one.title, "after": [one.title]}
            for one in told.reports
            for field in ("city", "outcomes")
        ]
        titles += len(told.reports)
        seen(render.alert(told, chat, now=NOW, repeat=number % 2 == 0, sides=others, page=PAGE))
        if number % 20 == 0:
            seen(render.details(told, said, chat, page=PAGE))
            seen(render.follow_up(told, changes, chat, page=PAGE))
            seen(render.digest(others, chat, more=number, page=PAGE))
            seen(render.listing(others, chat, title="T", nothing="N", page=PAGE))
            seen(render.broadcast(told.meeting.facts.name_ja or "", chat))
    assert titles > 2000


@given(st.text(max_size=6000), st.integers(1, 40))
def test_no_message_is_ever_too_long_or_empty(words: str, sources: int) -> None:
    reports = [report(f"s{n}", item_id=n, title=words, url="https://x.example/" + "a" * 600) for n in range(sources)]
    told = facts(name_ja=words, outcomes=(words, words))
    seen(alert(story(told, *reports)))
    seen(render.listing([story(told)] * 10, JA, title="最近の会談", nothing="なし", page=PAGE))
    seen(render.digest([story(told)] * 60, JA, page=PAGE))


class TestTexts:
    @pytest.mark.parametrize(
        ("code", "language"), [("ja", "ja"), ("ja-JP", "ja"), ("en-GB", "en"), ("fr", "en"), (None, "ja"), ("", "ja")]
    )
    def test_a_person_s_language_is_ours_or_english(self, code: str | None, language: str) -> None:
        assert language_of(code, "ja") == language

    def test_a_sentence_without_translation_is_told_in_english(self) -> None:
        assert text("ja", "No such sentence {number}", number=3) == "No such sentence 3"

    def test_there_are_two_languages(self) -> None:
        assert set(LANGUAGES) == set(CHATS)


class TestCorners:
    def test_a_channel_gets_the_source_alone_and_no_buttons_for_one_person(self) -> None:
        channel = dataclasses.replace(EN, kind="channel")
        for message in (
            render.alert(story(), channel, now=NOW),
            render.follow_up(story(), [{"field": "city", "before": "Rome", "after": "Oslo"}], channel),
        ):
            assert [button.url for row in message.buttons for button in row] == ["https://mod.example/1"]
        without = story(facts(), report(url=None))
        assert render.alert(without, channel, now=NOW).buttons == ()
        assert render.follow_up(without, [], channel).buttons == ()

    def test_a_meeting_of_which_every_report_is_gone_is_told_without_sources(self) -> None:
        gone = dataclasses.replace(story(), reports=())
        assert "Sources" not in seen(render.alert(gone, EN, now=NOW))
        assert "Reported" not in seen(render.details(gone, [], EN))

    def test_the_rank_is_told_where_it_is_not_a_minister_s(self) -> None:
        deputies = story(facts(level=Level.VICE_MINISTER))
        assert "vice ministers" in seen(render.details(deputies, [], EN))

    def test_a_list_says_where_more_are_and_an_empty_one_says_so(self) -> None:
        message = render.listing([story()], EN, title="Latest", nothing="None.", page=PAGE, more=f"{PAGE}/search")
        assert "All of them on the web page" in seen(message)
        assert f'href="{PAGE}/search"' in message.html
        assert seen(render.listing([], EN, title="Latest", nothing="None.")) == "None."

    def test_facts_go_by_the_names_that_readers_know(self) -> None:
        assert field_name("edition", "en") == field_name("series", "en") == "Meeting"
        assert field_name("colour", "en") == "colour"

    def test_a_text_that_fits_is_not_cut(self) -> None:
        assert (cut("会談", 5), cut("会談", 1), cut("𝕳𝖊", 3)) == ("会談", "会", "𝕳")
