"""From which words each fact of a meeting was read: the sentence, with the words marked, and who wrote it. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from feeds.publish.plain import address, line
from storage.model import Evidence, Report, ToldItem

#: Which facts a row of the card stands for.
ROWS: Mapping[str, tuple[str, ...]] = {
    "name": ("series", "edition"),
    "when": ("starts_on", "ends_on"),
    "where": ("venue", "city", "country"),
    "who": ("principals",),
    "sides": ("countries",),
    "form": ("kind", "format", "level"),
    "margins": ("parent",),
    "outcome": ("outcomes",),
    "topics": ("topics",),
    "phase": ("phase",),
}
AROUND = 70  #: characters of a sentence shown on each side, at most
MOST = 4  #: quotations for one row

_BEFORE = re.compile(r".*[。．.!?！？\n]", re.DOTALL)
_HALF_WORD = re.compile(r"^[A-Za-z'’-]{1,20}(?=\s)")  #: what a cut leaves of a word at the beginning
_AFTER = re.compile(r"[。．!?！？\n]|\.(?=\s|$)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Quote:
    """A piece of a sentence around the words that count."""

    before: str
    words: str
    after: str
    language: str
    source: str
    url: str | None


def quotes(items: Iterable[ToldItem]) -> dict[str, tuple[Quote, ...]]:
    """For each row of the card, the words it came from: one quotation a source, the surest first."""
    told = list(items)
    found: dict[str, tuple[Quote, ...]] = {}
    for row, facts in ROWS.items():
        pieces = [
            (-piece.confidence, place, number, piece, item)
            for place, item in enumerate(told)
            for number, piece in enumerate(item.evidence)
            if piece.fact in facts
        ]
        pieces.sort(key=lambda entry: entry[:3])
        if chosen := _chosen([(piece, item) for *_, piece, item in pieces]):
            found[row] = chosen
    return found


def _chosen(pieces: Iterable[tuple[Evidence, ToldItem]]) -> tuple[Quote, ...]:
    seen: set[tuple[str, str]] = set()
    kept: list[Quote] = []
    for piece, item in pieces:
        mark = (item.report.source_key, piece.quote)
        if mark in seen or len(kept) == MOST:
            continue
        quotation = quote(piece, item.report, item.text)
        if quotation is not None:
            seen.add(mark)
            kept.append(quotation)
    return tuple(kept)


def quote(piece: Evidence, report: Report, text: str) -> Quote | None:
    """The words in their sentence; None when the text has changed since and no longer has them."""
    whole = report.title if piece.where == "title" else text if piece.where == "text" else piece.quote
    start, end = (0, len(whole)) if piece.where == "url" else (piece.start, piece.end)
    if whole[start:end] != piece.quote or not line(piece.quote):
        return None
    before, after = whole[max(0, start - 400) : start], whole[end : end + 400]
    before = _BEFORE.sub("", before)
    stop = _AFTER.search(after)
    after = after[: stop.end()] if stop else after
    return Quote(
        before=_cut_left(line(before) + (" " if before[-1:].isspace() else "")),
        words=line(piece.quote),
        after=_cut_right((" " if after[:1].isspace() else "") + line(after)),
        language=report.language,
        source=line(report.source_name),
        url=address(report.url),
    )


def _cut_left(text: str) -> str:
    if len(text) <= AROUND:
        return text
    return f"…{_HALF_WORD.sub('', text[-AROUND:])}"


def _cut_right(text: str) -> str:
    return text if len(text) <= AROUND else f"{text[:AROUND]}…"
