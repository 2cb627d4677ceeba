"""Compares predictions with labels: precision, recall and F1 of detection, accuracy of fields, pairs of events.

The definitions are those of the labelled corpus' own judge, so that both print the same figures. Lines are dicts as
`evaluate` describes them; a pair is (label, prediction) of one item.
"""

import itertools
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

Line = dict[str, Any]
Pair = tuple[Line, Line]
Spellings = Mapping[str, list[str]]

_STATED_DATES = {"full", "month_day", "day"}


def detection(pairs: list[Pair]) -> dict[str, Any]:
    """Figures without borderline items, by language, by class of item, and with borderline items under `all`."""
    strict = [pair for pair in pairs if not pair[0].get("borderline")]
    by_language = {
        language: scores([pair for pair in strict if pair[0].get("lang") == language]) for language in ("ja", "en")
    }
    return {**scores(strict), **by_language, "all": scores(pairs)}


def scores(pairs: list[Pair]) -> dict[str, float]:
    """Precision, recall and F1 of the answer "is a meeting"."""
    right = sum(1 for gold, guess in pairs if gold.get("is_meeting") and guess["is_meeting"])
    claimed = sum(1 for _, guess in pairs if guess["is_meeting"])
    true = sum(1 for gold, _ in pairs if gold.get("is_meeting"))
    return _prf(right, claimed - right, true - right)


def _prf(right: int, wrong: int, missed: int) -> dict[str, float]:
    precision = right / (right + wrong) if right + wrong else 0.0
    recall = right / (right + missed) if right + missed else 0.0
    both = precision + recall
    f1 = 2 * precision * recall / both if both else 0.0
    return {"precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4)}


def confusion(pairs: list[Pair]) -> dict[str, dict[str, int]]:
    """For each class of item without borderline ones: how many there are and how many were answered wrongly."""
    items: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for gold, guess in pairs:
        if gold.get("borderline"):
            continue
        name = gold.get("class") or ("meeting" if gold.get("is_meeting") else gold.get("neg_class") or "other")
        items[name] += 1
        wrong[name] += bool(gold.get("is_meeting")) != guess["is_meeting"]
    return {name: {"items": items[name], "wrong": wrong[name]} for name in sorted(items)}


def fields(hits: list[Pair], spellings: Spellings) -> dict[str, float | None]:
    """Accuracy of each fact over true meetings that were found; None where no label asks for it.

    `spellings` maps a city to its other accepted names.
    """

    def accuracy(right: Any, wanted: Any = lambda _gold: True) -> float | None:
        asked = [(gold, guess) for gold, guess in hits if wanted(gold)]
        return round(sum(bool(right(gold, guess)) for gold, guess in asked) / len(asked), 4) if asked else None

    return {
        "level": accuracy(_same("level"), lambda gold: gold.get("level")),
        "kind": accuracy(lambda gold, guess: guess["kind"] in _kinds(gold), _kinds),
        "series": accuracy(_same("series"), lambda gold: gold.get("series")),
        "edition": accuracy(_same("edition"), lambda gold: gold.get("edition") and _in_text(gold, "edition")),
        "edition_none": accuracy(lambda _gold, guess: not guess["edition"], lambda gold: not gold.get("edition")),
        "date": accuracy(_same("meeting_date"), lambda gold: _in_text(gold, "date") in _STATED_DATES),
        "date_relative": accuracy(_same("meeting_date"), lambda gold: _in_text(gold, "date") == "relative"),
        "city": accuracy(lambda gold, guess: _same_city(gold, guess, spellings), lambda gold: _in_text(gold, "city")),
        "country": accuracy(_same("country"), lambda gold: gold.get("country") and _in_text(gold, "city")),
        **_principals(hits),
    }


def _same(name: str) -> Any:
    return lambda gold, guess: guess.get(name) == gold.get(name)


def _kinds(gold: Line) -> list[str]:
    """The kinds that count as right; none where no label asks."""
    return list(gold.get("kind_accept") or filter(None, [gold.get("kind")]))


def _in_text(gold: Line, name: str) -> Any:
    return (gold.get("fields_in_text") or {}).get(name)


def _same_city(gold: Line, guess: Line, spellings: Spellings) -> bool:
    accepted = (gold.get("city") or "", *spellings.get(gold.get("city") or "", ()))
    return (guess["city"] or "").lower() in {name.lower() for name in accepted}


def _principals(hits: list[Pair]) -> dict[str, float | None]:
    """Recall of the persons whom a text names; precision and F1 count a person of a labelled country as right."""
    found = asked = right = claimed = 0
    for gold, guess in hits:
        names = " | ".join(_plain(principal["name"]) for principal in guess["principals"])
        labelled = gold.get("principals") or []
        for principal, visible in zip(labelled, _in_text(gold, "principals") or [], strict=False):
            if visible:
                asked += 1
                found += any(spelling and spelling in names for spelling in _spellings(principal))
        if labelled:
            countries = {principal["country"] for principal in labelled}
            claimed += len(guess["principals"])
            right += sum(principal["country"] in countries for principal in guess["principals"])
    recall = found / asked if asked else None
    precision = right / claimed if claimed else None
    f1 = 2 * precision * recall / (precision + recall) if precision and recall else None
    measured = {"principals": recall, "principals_precision": precision, "principals_f1": f1}
    return {name: None if value is None else round(value, 4) for name, value in measured.items()}


def _spellings(principal: Line) -> Iterable[str]:
    name = principal.get("name") or ""
    return (_plain(spelling) for spelling in (name, principal.get("name_ja"), name.split()[-1] if name else ""))


def _plain(name: str | None) -> str:
    decomposed = unicodedata.normalize("NFKD", name or "")
    return "".join(character for character in decomposed if not unicodedata.combining(character)).lower()


def events(hits: list[Pair]) -> dict[str, float]:
    """Pairs of items that are one event. A conference and its side meetings are a matter of taste and not counted."""
    right = wrong = missed = 0
    labelled = [(gold, guess) for gold, guess in hits if gold.get("event") is not None]
    for (gold, guess), (other, other_guess) in itertools.combinations(labelled, 2):
        same, claimed = gold["event"] == other["event"], guess["event"] == other_guess["event"]
        group = gold.get("event_group")
        if not same and group is not None and group == other.get("event_group"):
            continue
        right += same and claimed
        wrong += claimed and not same
        missed += same and not claimed
    return _prf(right, wrong, missed)
