"""Folding, language, sentences and scanning: what all rules stand on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.understand.folding import fold
from feeds.understand.language import detect_language
from feeds.understand.lexicon import default_lexicon
from feeds.understand.scan import DOCUMENTS, scanner_for
from feeds.understand.sentences import article_end, split_sentences
from tests.feeds.understand.articles import ADMM_PLUS_TEXT


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ＡＤＭＭ　第１２回", "admm 第12回"),
        ("ﾎﾞﾄﾗﾝ国防相", "ボトラン国防相"),
        ("Yaşar Güler’s", "yasar guler's"),
        ("Błaszczak – Bodø", "blaszczak - bodo"),
        ("①㍻Ⅻ", "1平成xii"),
    ],
)
def test_writing_differences_disappear(text: str, folded: str) -> None:
    assert fold(text).text == folded


@given(st.text(max_size=80))
def test_every_folded_span_leads_back_to_original_characters(text: str) -> None:
    folded = fold(text)
    assert len(folded.text) == len(folded.cased)
    for start in range(len(folded.text)):
        first, stop = folded.span(start, start + 1)
        assert 0 <= first < stop <= len(text)


def test_a_voiced_half_width_kana_is_quoted_with_its_mark() -> None:
    folded = fold("ﾎﾞﾄﾗﾝ相")
    assert folded.quote(0, 1) == "ﾎﾞ"
    assert folded.quote(1, 1) == ""


@pytest.mark.parametrize(
    ("title", "declared", "language"),
    [
        ("日韓防衛相会談", None, "ja"),
        ("共同声明について", "en", "ja"),
        ("董军同文莱国防部长举行会谈", None, "other"),
        ("Defence ministers meet in Rome", None, "en"),
        ("Defence ministers meet in Rome", "ja", "en"),
        ("Verteidigungsminister trifft Kollegen und spricht über die Lage", "de", "other"),
        ("राजनाथ सिंह की बैठक", None, "other"),
        ("", None, "en"),
    ],
)
def test_script_tells_the_language_and_the_hint_only_settles_doubt(
    title: str, declared: str | None, language: str
) -> None:
    assert detect_language(fold(title).text, "", declared) == language


@pytest.mark.parametrize(
    "furniture",
    [
        "\n（以上）\n",
        "\n◎下の［次の記事］",
        "\nRanking読まれている記事\n",
        "\n関連記事\n",
        "\nRelated articles\n",
        "\nMost read\n",
    ],
)
def test_everything_from_the_pages_furniture_on_is_left_out(furniture: str) -> None:
    text = fold(f"防衛相が会談した。{furniture}- 日仏防衛相会談を開催").text
    assert "日仏" not in text[: article_end(text)]


def test_far_below_the_lead_only_documents_of_a_meeting_are_looked_for() -> None:
    text = fold(f"防衛相が会談した。{'その他。' * 40}最後に共同声明を採択した。国防相も会談した。")
    hits = scanner_for(default_lexicon()).scan(text, 20)
    assert hits.of("office", "meeting.strong", start=20) == []
    assert [text.quote(hit.start, hit.end) for hit in hits.of(*DOCUMENTS, start=20)] == ["共同声明", "採択"]


def test_sentences_end_at_stops_but_not_at_abbreviations() -> None:
    folded = fold("Gen. Phan met Dr. Ng on Nov. 3. They agreed.\n2025-11-6 10:31\n両大臣が会談した。連携で一致した。")
    sentences = [
        folded.text[one.start : one.end].strip() for one in split_sentences(folded.text, folded.cased, len(folded.text))
    ]
    assert sentences == ["gen. phan met dr. ng on nov. 3", "they agreed", "両大臣が会談した", "連携で一致した"]


def test_the_long_article_loses_its_ranking() -> None:
    text = fold(ADMM_PLUS_TEXT).text
    assert "人事発令" not in text[: article_end(text)]


@pytest.mark.parametrize("text", ["タイトルの国防相", "let us meet", "ammunition", "チリペッパー"])
def test_country_names_inside_other_words_are_not_found(text: str) -> None:
    assert scanner_for(default_lexicon()).scan(fold(text)).of("country") == []
