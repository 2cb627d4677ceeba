"""Messages as Telegram takes them: judged by TDLib, the parser inside Telegram's own server."""

import json
from datetime import date
from typing import Any

import pytest
import tdjson
from hypothesis import given
from hypothesis import strategies as st

from bot.telegram.render import LIMIT, alert, digest, listing
from bot.telegram.texts import LANGUAGES, catalogue, language_of, text
from storage.model import Format, Kind, Phase
from tests.support.build import facts, minister, report, story

HOSTILE = [
    "<b>bold</b>",
    "5 < 6 & 7 > 2",
    "</b></a>",
    "&nbsp;&copy;",
    '"><script>',
    "a\x00b\x1b[31m",
    "\u202ereversed",
    "\ud800",
]


def parsed(html: str) -> dict[str, Any]:
    """What Telegram makes of the text; an error has `@type: error`."""
    request = {"@type": "parseTextEntities", "text": html, "parse_mode": {"@type": "textParseModeHTML"}}
    answer: dict[str, Any] = json.loads(tdjson.td_execute(json.dumps(request).encode()) or b"{}")
    return answer


def test_an_alert_shows_who_when_where_and_which_sources() -> None:
    told = facts(
        countries=("JP", "AU"),
        principals=(minister("JP", name_ja="小泉進次郎", office="防衛大臣"), minister("AU", office="Defence Minister")),
        outcomes=("共同声明",),
    )
    words = parsed(alert(story(told, report("mod", language="ja"), report("press")), "ja").html)["text"]
    for part in (
        "日本・オーストラリア防衛相会談",
        "2025年11月1日(土)",
        "クアラルンプール",
        "小泉進次郎",
        "共同声明",
        "MOD",
        "PRESS",
    ):
        assert part in words
    assert "Defence Minister" not in words  # the office is told in the reader's language


def test_a_digest_lists_what_finds_room_and_counts_the_rest() -> None:
    few = parsed(digest([story(facts(series="admm", edition=n)) for n in (1, 2)], "en"))["text"]
    assert few.startswith("2 meetings in one message")
    assert "more" not in few
    many = digest([story(facts(series="admm-plus", edition=n), report("mod")) for n in range(1, 90)], "ja")
    assert len(many.encode("utf-16-le")) // 2 <= LIMIT
    shown = parsed(many)["text"]
    assert shown.startswith("会談89件をまとめてお知らせします")
    listed = shown.count("•")
    assert f"ほか{89 - listed}件" in shown


@pytest.mark.parametrize("words", HOSTILE)
def test_a_hostile_name_harms_no_digest(words: str) -> None:
    assert parsed(digest([story(facts(name_ja=words), report(title=words))] * 3, "ja"))["@type"] != "error"


def test_the_same_facts_in_english() -> None:
    told = facts(series="admm-plus", edition=12, kind=Kind.MULTILATERAL)
    words = parsed(alert(story(told), "en").html)["text"]
    assert "12th ASEAN Defence Ministers' Meeting-Plus" in words
    assert "Saturday 1 November 2025" in words


@pytest.mark.parametrize(("language", "words"), [("ja", "【予定】"), ("en", "(announced)")])
def test_a_meeting_that_has_not_been_held_is_never_told_as_held(language: Any, words: str) -> None:
    assert words in alert(story(facts(phase=Phase.ANNOUNCED)), language).html


def test_a_call_is_called_a_call() -> None:
    told = facts(format=Format.PHONE, city=None, country=None)
    assert "電話会談" in alert(story(told), "ja").html
    assert "call" in alert(story(told), "en").html


def test_a_repeat_says_so() -> None:
    assert "再送" in alert(story(), "ja", repeat=True).html
    assert "再送" not in alert(story(), "ja").html


@pytest.mark.parametrize("words", HOSTILE)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_strangers_wrote_never_breaks_the_message(words: str, language: Any) -> None:
    told = facts(name_ja=words, name_en=words, city=words, venue=words, outcomes=(words,),
                 principals=(minister("JP", name=words, name_ja=words, office=words),))  # fmt: skip
    message = alert(story(told, report(title=words, source_name=words)), language)
    assert parsed(message.html)["@type"] == "formattedText"
    assert parsed(listing([story(told)], language, "https://kaigi.example"))["@type"] == "formattedText"


@given(st.text(max_size=6000), st.integers(1, 40))
def test_no_message_is_ever_too_long_or_empty(words: str, sources: int) -> None:
    reports = [report(f"s{n}", item_id=n, title=words, url="https://x.example/" + "a" * 600) for n in range(sources)]
    told = facts(name_ja=words, outcomes=(words, words))
    for message in (alert(story(told, *reports), "ja").html, listing([story(told)] * 10, "ja", "https://k.example")):
        assert len(message.encode("utf-16-le")) // 2 <= LIMIT
        assert parsed(message)["@type"] == "formattedText"


def test_links_of_other_kinds_than_http_stay_text() -> None:
    message = alert(story(facts(), report(url="javascript:alert(1)")), "ja")
    assert "href" not in message.html


def test_a_meeting_with_hardly_any_facts_is_still_a_message() -> None:
    bare = facts(countries=("JP",), starts_on=None, city=None, country=None)
    assert "防衛相会談" in alert(story(bare, report(url=None)), "ja").html


def test_days_that_follow_each_other_are_told_as_a_range() -> None:
    told = facts(starts_on=date(2025, 10, 31), ends_on=date(2025, 11, 2))
    assert "2025年10月31日(金) – 2025年11月2日(日)" in alert(story(told), "ja").html


class TestTexts:
    def test_every_sentence_of_the_bot_is_translated(self) -> None:
        import ast
        from pathlib import Path

        folder = Path("bot/telegram")
        strings = {
            node.value
            for file in ("commands.py", "render.py")
            for node in ast.walk(ast.parse((folder / file).read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        known = {message.id for message in catalogue("ja") if message.id}
        assert known <= strings, known - strings
        assert all(message.string for message in catalogue("ja"))

    @pytest.mark.parametrize(
        ("code", "language"), [("ja", "ja"), ("ja-JP", "ja"), ("en-GB", "en"), ("fr", "en"), (None, "ja")]
    )
    def test_a_persons_language_is_ours_or_english(self, code: str | None, language: str) -> None:
        assert language_of(code, "ja") == language

    def test_a_sentence_without_translation_is_told_in_english(self) -> None:
        assert text("ja", "No such sentence {number}", number=3) == "No such sentence 3"
