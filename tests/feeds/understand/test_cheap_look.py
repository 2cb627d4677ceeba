"""Ordinary news is answered after one cheap look, and the answer is the one that reading everything gives."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.observed import Article, Understanding, Verdict
from feeds.understand import meetings
from feeds.understand.folding import fold
from feeds.understand.lexicon import default_lexicon
from feeds.understand.meetings import understand
from feeds.understand.scan import OPENERS, Hits, scanner_for
from tests.feeds.understand.articles import article

HARD = Path(__file__).parents[2] / "data" / "understanding" / "hard.jsonl"
CORPUS = Path(__file__).parents[4] / "shared" / "corpus" / "dev.jsonl"

_WORDS = st.sampled_from(
    [
        "小泉", "防衛相", "国防大臣", "日フィンランド", "日米豪", "2+2", "２プラス２", "12+2", "会談", "次官級",
        "Eto", "volcano", "Marles", "marles", "MARLES", "Austin", "氏", "ADMM-Plus", "defence minister", "counterpart",
        "Defense Secretary", "met", "The commander", "said. ", "Prime Minister", "State Secretary", "(", ")", "ﾎﾞｳｴｲ",
        "参謀総長", "外務・防衛", "外務省", "日米2+2a", "Ranking読まれている記事\n", "一般", "", "U.S. ", "Dr. ",
        "é", "。", "\n", "NATO Secretary General", "NATO事務総長", "Foreign Minister", "general", "大臣",
        "his Polish counterpart", "Rutte", "米英", "共同声明", "テレビ会談",
        "日米首脳会談", "防衛実務者協議", "summit talks", "Japan, ",
    ]
)  # fmt: skip


_ANY = Hits.any


def _anything(self: Hits, *groups: str, start: int = 0, end: int | None = None) -> bool:
    """`any` of no group at all stands for "read the sentence whatever it holds"."""
    return True if not groups else _ANY(self, *groups, start=start, end=end)


def _reading_everything(item: Article) -> Understanding:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(meetings, "_nothing_opens", lambda *_: False)
        patch.setattr("feeds.understand.detect.OPENERS", ())
        patch.setattr("feeds.understand.detect._NAMES_SIDES", ())
        patch.setattr("feeds.understand.scan.Hits.any", _anything)
        return understand(item)


def _same(item: Article) -> bool:
    """Whether the answer is the same. Only look-alikes of titles that nothing spoke for may be left unnamed."""
    quick, slow = understand(item), _reading_everything(item)
    return quick == slow or quick == replace(slow, reasons=())


@given(st.lists(_WORDS, max_size=12), st.lists(_WORDS, max_size=40), st.sampled_from(["", " "]))
@settings(max_examples=300, deadline=None)
def test_the_cheap_look_changes_no_answer(title: list[str], text: list[str], gap: str) -> None:
    assert _same(article(gap.join(title), gap.join(text)))


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("日フィンランドcounterpart", "ADMM-Plus"),
        ("ADMM-Plus", "NATO Secretary General Mark Rutte spoke."),
        ("Defence ministers of Nordic states meet", "They thanked their Polish counterpart for coming."),
    ],
)
def test_a_sentence_that_names_a_side_without_an_opener_is_read_all_the_same(title: str, text: str) -> None:
    assert _same(article(title, text))


def _items(file: Path) -> Iterator[Article]:
    for line in file.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        yield article(entry["title"], entry.get("text", ""))


@pytest.mark.parametrize("file", [HARD, CORPUS], ids=["own", "corpus"])
def test_the_cheap_look_changes_no_answer_on_real_and_written_items(file: Path) -> None:
    if not file.exists():
        pytest.skip("the labelled items are not part of the repository")
    assert [item.title for item in _items(file) if not _same(item)] == []


@given(st.lists(_WORDS, max_size=30), st.sampled_from(["", " "]))
@settings(max_examples=200, deadline=None)
def test_openers_are_found_where_a_full_scan_finds_them(words: list[str], gap: str) -> None:
    folded = fold(gap.join(words))
    scanner = scanner_for(default_lexicon())
    places = {place for place, _ in scanner.openers(folded.text, folded.cased)}
    full = {hit.start for hit in scanner.scan(folded).of(*OPENERS)}
    assert full <= places
    assert bool(full) is bool(places)


def test_news_without_a_minister_gets_no_reasons_and_its_language() -> None:
    found = understand(article("護衛艦の進水式を実施", "艦は来年度に就役する予定だ。"))
    assert (found.verdict, found.score, found.reasons, found.language) == (Verdict.OTHER, 0.0, (), "ja")
