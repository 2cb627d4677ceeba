"""Writes out the names that newsrooms make of two or three countries: 日英防衛相会談, "Japan-UK 2+2".

A series says `compose = ["two_plus_two"]`, and every usual spelling follows from its participants and the names in
countries.toml, so that a new partner needs one line. `participants` stand in the order in which the publisher's own
country comes first; the other orders are written out as well.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import permutations, product

from feeds.understand.lexicon.records import Country

_MINISTERS_JA = tuple(
    map(
        "".join,
        product(
            ("防衛相", "国防相", "防衛大臣", "国防大臣"),
            ("会談", "会合", "電話会談", "テレビ会談", "オンライン会談"),
        ),
    )
)
_TWO_PLUS_TWO_JA = (
    *map("".join, product(("外務・防衛", "外務・国防"), ("閣僚", "担当閣僚"), ("会合", "協議", "会議"))),
    "外務防衛閣僚会合", "外務防衛閣僚協議", "外務防衛担当閣僚会合", "外務・防衛大臣会合", "外務・防衛4閣僚会合",
    "外相・防衛相会合", "外相・国防相会合", "外務・防衛閣僚級会合", "外務・防衛閣僚級協議",
    "2+2", "「2+2」", "2プラス2", "「2プラス2」", "(2+2)", "ツープラスツー",
)  # fmt: skip
_TWO_PLUS_TWO_EN = (
    "2+2", "2-plus-2", "two-plus-two", "2 plus 2", "Foreign and Defence Ministers' Meeting",
    "Foreign and Defense Ministers' Meeting", "Foreign and Defence Ministerial Meeting",
    "Foreign and Defense Ministerial Meeting", "Foreign and Defence Ministerial Consultations",
    "Foreign and Defense Ministerial Consultations",
)  # fmt: skip
_MINISTERS_EN = (
    "Defense Ministerial Meeting", "Defence Ministerial Meeting", "Defense Ministers' Meeting",
    "Defence Ministers' Meeting", "Defense Ministerial", "Defence Ministerial",
)  # fmt: skip
_TAILS = {"two_plus_two": (_TWO_PLUS_TWO_JA, _TWO_PLUS_TWO_EN), "ministers": (_MINISTERS_JA, _MINISTERS_EN)}


def composed(form: str, participants: Sequence[str], countries: dict[str, Country]) -> Iterator[str]:
    """The usual spellings of a 2+2 or a defence ministers' meeting of two or three countries.

    Raises ValueError on an unknown form or on other numbers of participants.
    """
    if form not in _TAILS:
        raise ValueError(f"compose knows {', '.join(_TAILS)}, not {form}")
    if len(participants) not in {2, 3}:
        raise ValueError("compose needs two or three participants")
    sides = [countries[code] for code in participants]
    japanese, english = _TAILS[form]
    yield from (head + tail for head, tail in product(_heads_ja(sides), japanese))
    yield from (f"{head} {tail}" for head, tail in product(_heads_en(sides), english))


def _heads_ja(sides: Sequence[Country]) -> Iterator[str]:
    """日英 and 英日; with the partner written out 日フィンランド and 日・フィンランド."""
    for order in permutations(sides):
        shorts = [country.kanji[0] for country in order if country.kanji]
        if len(shorts) == len(order):
            yield "".join(shorts)
    first, *others = sides
    if first.kanji and len(others) == 1:
        yield from (f"{first.kanji[0]}{between}{others[0].ja[0]}" for between in ("", "・"))


def _heads_en(sides: Sequence[Country]) -> Iterator[str]:
    for order in permutations([_short_names_en(country) for country in sides]):
        yield from ("-".join(parts) for parts in product(*order))


def _short_names_en(country: Country) -> list[str]:
    """The usual name and one abbreviation: Japan; United States, U.S., US; South Korea, ROK."""
    letters = [name for name in country.en[1:] if re.fullmatch(r"[A-Z][A-Z.]{1,4}", name)]
    return [*country.en[:1], *letters[: 2 if country.code == "US" else 1]]
