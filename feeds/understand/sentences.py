"""Cuts a page's furniture off its text and splits the rest into sentences.

News pages end in rankings, related headlines and navigation, full of words that look like news. Everything from the
first such mark on is left out before any rule reads the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_END_OF_ARTICLE = re.compile(
    r"^[^\S\n]*\(以上\)[^\S\n]*$|◎下の|ranking\s{0,3}読まれ|^[^\S\n]*[■◆●【-]?[^\S\n]?(?:ranking|読まれている記事|アクセスランキング|"
    r"よく読まれている|人気記事|関連記事|関連ニュース|関連リンク|次の記事|前の記事|あわせて読みたい|おすすめ(?:の)?記事|最新記事|新着記事|この記事をシェア|"
    r"(?:記事|週間|月間|デイリー|総合)?ランキング(?=\s|$|[:(】])|(?:注目|話題|人気|編集部おすすめ)の?記事|"
    r"関連(?:トピックス?|情報|動画|タグ|キーワード)(?=\s|$|[:】])|こちらも(?:読まれて|おすすめ)|もっと(?:見る|読む)$|"
    r"see also|also read|read also|keep reading|don't miss|up next|in other news|popular (?:stories|now|posts)|"
    r"related (?:articles|stories|news|content|links)|read (?:more|next|also)|most (?:read|popular|viewed)|recommended|"
    r"more (?:stories|news|from)|trending|you may also like|share this|latest news|editor's picks).{0,40}$",
    re.MULTILINE,
)
_BREAK = re.compile(
    r"[。!?]+[」』)\"']*\s*|\n+|(?<=[a-z0-9)\]\"'])\.[\"')]?\s+(?=[\"'(]?[A-Z0-9])|\s+-\s+(?=[A-Z][a-z]+ said)"
)
_ABBREVIATION = re.compile(
    r"\b(?:gen|lt|col|maj|capt|cmdr|adm|sgt|dr|mr|ms|mrs|jr|sr|st|no|vol|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|"
    r"dec|u\.s|u\.k|u\.n|d\.c|a\.m|p\.m|rep|sen|gov|pres|min|vs|s|j|t|w|o)$"
)
#: "am 4. November", "zur 57. Konsultation": German counts with a full stop.
_COUNTED = re.compile(r"\b(?:am|vom|bis|zum|zur|ab|den|der|die|das)\s\d{1,3}$")
_SHORTEST = 5  # a "sentence" below this is a category, a time stamp or a bullet
_STAMP = re.compile(
    r"^[-・•*\s]*(?:日本の防衛|\d{4}[-./]\d{1,2}[-./]\d{1,2}(?:\s+\d{1,2}:\d{2})?|site search|menu)\s*$"
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A stretch of a folded text."""

    start: int
    end: int
    number: int  #: 0 for the first sentence of the text


def article_end(text: str) -> int:
    """Where the article ends in a folded text and the page's furniture begins."""
    match = _END_OF_ARTICLE.search(text)
    return match.start() if match else len(text)


def split_sentences(text: str, cased: str, end: int) -> Iterator[Sentence]:
    """The sentences of a folded text up to `end`, without stamps and bullets. `cased` is the text with its capitals."""
    start = number = 0
    for stop, following in _breaks(text, cased, end):
        piece = text[start:stop]
        if len(piece.strip()) >= _SHORTEST and not _STAMP.match(piece):
            yield Sentence(start, stop, number)
            number += 1
        start = following


def _breaks(text: str, cased: str, end: int) -> Iterator[tuple[int, int]]:
    for match in _BREAK.finditer(cased, 0, end):
        if match.group().startswith(".") and _goes_on(text, match.start()):
            continue
        yield match.start(), match.end()
    yield end, end


def _goes_on(text: str, stop: int) -> bool:
    """Whether a full stop ends an abbreviation or a number that counts, and no sentence."""
    return bool(_ABBREVIATION.search(text, max(0, stop - 6), stop) or _COUNTED.search(text, max(0, stop - 8), stop))
