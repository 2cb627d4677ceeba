"""Cuts what follows an article off its text: rankings, related articles, "next / previous".

Works on lines of plain text, so it also works where markup does not help. A heading such as 関連記事 counts only when
a list of headlines follows it: a body may use the word in a sentence. Pure.
"""

import re

_REPEATING_LINES = 6  # a list this long at the very end, in which a line repeats, is a ranking with tabs
_LIST_LINES = 3  # this many headline-like lines in a row make a list
_LONGEST_HEADLINE = 120
_SHORTEST_HEADLINE = 10  # of one that counts as repeated

# Lines after which nothing of the article follows, by themselves.
_END = re.compile(r"^\s*[(（]\s*以\s*上\s*[)）]\s*$|^\s*以上\s*$")
_END_OF_SENTENCE = re.compile(r"(?<=[。.」])\s*[(（]以上[)）]\s*$")
_FOOTER = re.compile(r"^\s*◎下の|^\s*[\[［【]?(?:次の記事|前の記事)[\]］】]?\s*$")

# Headings of lists; each must be followed by a list.
_HEADING = re.compile(
    r"^\W{0,3}(?:"
    r"ranking|アクセスランキング|ランキング|人気(?:記事|ランキング)|よく読まれている記事|読まれている記事|"
    r"関連(?:記事|リンク|ニュース)|あわせて読みたい|こちらもおすすめ|おすすめ(?:記事)?|最新(?:記事|ニュース)|新着(?:記事)?|"
    r"24時間|1週間|1[ヶか]月|24\s?hours|"
    r"most\s(?:read|popular|viewed)|related\s(?:articles?|stories|news|content)|read\snext|trending(?:\snow)?|"
    r"more\sfrom|more\snews|latest\snews|you\smay\salso\slike|recommended(?:\sfor\syou)?|popular\sposts"
    r").{0,40}$",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[。]|[.!?][\"'”’)]?$")


def cut_text(text: str) -> str:
    """Return the text up to where the article ends; lists that stand above the article are taken out."""
    lines = text.split("\n")
    kept: list[str] = []
    place = 0
    while place < len(lines):
        line = lines[place]
        if _ends_article(line) and _has_sentence(kept):
            break
        after = _list_end(lines, place)
        if after is None:
            kept.append(line)
            place += 1
        elif _has_sentence(kept):
            break
        else:
            place = after
        if _END_OF_SENTENCE.search(line):
            kept[-1] = _END_OF_SENTENCE.sub("", line)
            break
    return "\n".join(_without_ranking(kept)).strip()


def _without_ranking(lines: list[str]) -> list[str]:
    """Cut a ranking that has neither heading nor tabs left: headlines to the end, the same one in several of its lists.

    A list that belongs to the article (who was there, what was signed) names nothing twice.
    """
    start = len(lines)
    while start and _is_headline(lines[start - 1]):
        start -= 1
    tail = lines[start:]
    seen: dict[str, int] = {}
    for place, line in enumerate(tail):
        first = seen.setdefault(line, place)
        if first != place and len(line) >= _SHORTEST_HEADLINE and len(tail) >= _REPEATING_LINES:
            return lines[:start] if _has_sentence(lines[:start]) else lines
    return lines


def _ends_article(line: str) -> bool:
    return bool(_END.match(line) or _FOOTER.match(line))


def _list_end(lines: list[str], place: int) -> int | None:
    """Return where the list under this heading ends, or None if the line is no heading or no list follows."""
    if len(lines[place]) > 60 or not _HEADING.match(lines[place]) or _SENTENCE.search(lines[place]):
        return None
    end = place + 1
    while end < len(lines) and _is_headline(lines[end]):
        end += 1
    return end if end - place - 1 >= _LIST_LINES else None


def _is_headline(line: str) -> bool:
    return len(line) <= _LONGEST_HEADLINE and not _SENTENCE.search(line)


def _has_sentence(lines: list[str]) -> bool:
    """Tell whether the article has begun: something that reads like a sentence and not like a menu."""
    return any(len(line) >= 15 and _SENTENCE.search(line) for line in lines)
