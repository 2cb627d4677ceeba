"""One-character short names of countries, alone before an office (豪国防相) and in compounds (日米豪防衛相).

The characters come from `lexicon/countries.toml`. Alone they are ordinary words (比較, 加速, 台風), so they are read
only where an office or a 2+2 word follows.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from feeds.understand.lexicon import Lexicon

_KATAKANA = re.compile(r"[ァ-ヺー・=]")
_HAN = re.compile(r"[一-龥々]")
#: What may stand directly before a one-character name although it is kanji: 前米国防長官, 訪日中の新豪国防相.
_MAY_PRECEDE = frozenset("前元現新両同対各者相官臣長")
#: Words behind a compound that make it one of ministers: an office, "2+2", or both ministries together.
MINISTER_TAILS = (
    *(f"{field}{office}" for field in ("防衛", "国防")
      for office in ("相", "大臣", "長官", "部長", "首脳", "トップ", "担当", "閣僚", "当局トップ", "部长")),
    "防长",
    "軍事相", "外務・防衛", "外務防衛", "外務、防衛", "外相・防衛", "外相防衛", "外務・国防", "外務国防", "外務省",
    "安全保障協議", "安保協議", "定例安保", "2+2", "2プラス2", "4閣僚",
)  # fmt: skip
DEPUTY_TAILS = ("政策対話", "事務次官", "次官級", "次官", "副大臣")
_DEPUTIES = rf"(?:外務・?防衛)?(?:防衛|国防)?(?:当局)?(?:{'|'.join(DEPUTY_TAILS)})"
_MINISTERS = '[「『"]?(?:' + "|".join(re.escape(tail) for tail in MINISTER_TAILS) + ")"
_TALK_NOUN = re.compile(
    r"(?:防衛相|国防相|防衛大臣|国防大臣|国防長官|外務・防衛(?:担当)?閣僚)級?の?(?:電話|テレビ)?(?:会談|会合|会議|協議)|"
    r"(?:防衛相|国防相|防衛大臣|国防大臣|国防長官)ら?(?:が|は)[^。]{0,20}(?:会談|会合)|2\+2|2プラス2"
)


@dataclass(frozen=True, slots=True)
class Compound:
    """Countries written as one word."""

    start: int
    end: int
    codes: tuple[str, ...]
    deputies: bool = False  #: a word for deputies follows, not one for ministers


class ShortNames:
    """The one-character names of a lexicon, made ready for reading."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.codes = {kanji: country.code for country in lexicon.countries.values() for kanji in country.kanji}
        everything = "".join(self.codes)
        # ロ and ウ also end many names (テオドロ国防相): a compound may not begin inside one.
        han = "".join(character for character in self.codes if not _KATAKANA.match(character))
        kana = "".join(character for character in self.codes if _KATAKANA.match(character)) or "ロ"
        self._compound = re.compile(
            rf"(?P<states>(?:[{han}]|(?<![ァ-ヺー])[{kana}])(?:・?[{everything}]){{1,6}})"
            rf"(?:[2-9二三四五六](?:か|カ|ヶ|ケ|ヵ)?国)?(?:両国|両政府)?[の、が]?"
            rf"(?=(?P<deputy>{_DEPUTIES})|(?:{_MINISTERS}))"
        )
        self._loose = re.compile(
            rf"(?<![一-龥])(?P<states>[{han}]{{2,5}})(?:・?nz)?(?:[2-9](?:か|カ|ヶ|ケ|ヵ)国)?"
            r"(?:両?政府|両国(?:政府)?)?(?=の[a-z]|、|が|は|で|,|「|\s|$)"
        )
        self._tail = re.compile(_MINISTERS)
        self._before_name = re.compile(
            rf"(?<![一-龥])(?P<state>[{han}])(?P<name>[ァ-ヺー]{{2,12}}(?:[・=][ァ-ヺー]{{1,12}}){{0,3}})の?$"
        )
        self.only_states = re.compile(rf"[{everything}]+")

    def compounds(self, text: str, start: int, end: int) -> Iterator[Compound]:
        """Compounds before an office, or away from it in a sentence about its talks (日米韓、…防衛相会談で合意)."""
        found = False
        for match in self._compound.finditer(text, start, end):
            found = True
            yield Compound(match.start(), match.end(), self._read(match), bool(match["deputy"]))
        if not found and _TALK_NOUN.search(text, start, end):
            for match in self._loose.finditer(text, start, end):
                yield Compound(match.start(), match.end(), self._read(match))

    def tail_follows(self, text: str, start: int, *, linked: bool = False) -> bool:
        """Whether a word for ministers stands there: 日フィンランド before 防衛相. `linked` allows a の between."""
        return bool(self._tail.match(text, start + (linked and text.startswith("の", start))))

    def read(self, states: str) -> tuple[str, ...]:
        """The countries of characters like 日米豪; empty where one of them is no country's."""
        return tuple(self.codes[one] for one in states) if all(one in self.codes for one in states) else ()

    def before_office(self, text: str, start: int) -> str | None:
        """The country whose character stands directly before an office."""
        kanji, ahead = text[start - 1 : start], text[start - 2 : start - 1] if start > 1 else ""
        ends_a_name = bool(_KATAKANA.match(ahead) and _KATAKANA.match(text[start - 3 : start - 2] if start > 2 else ""))
        if kanji not in self.codes or (ahead in self.codes and not ends_a_name):
            return None  # テオドロ比国防相: ロ ends the name and is not Russia
        if _HAN.match(kanji) and _HAN.match(ahead) and ahead not in _MAY_PRECEDE:
            return None  # the last character of a name: 安圭伯国防部長官
        if _KATAKANA.match(kanji) and _KATAKANA.match(ahead):
            return None
        return self.codes[kanji]

    def before_name(self, text: str, start: int, floor: int) -> tuple[str, str] | None:
        """Country and name where the character stands before the name: 英ウォレス国防相."""
        match = self._before_name.search(text, max(floor, start - 20), start)
        return (self.codes[match["state"]], match["name"]) if match else None

    def _read(self, match: re.Match[str]) -> tuple[str, ...]:
        return tuple(self.codes[character] for character in match["states"] if character != "・")


@lru_cache(maxsize=4)
def short_names(lexicon: Lexicon) -> ShortNames:
    """The short names of a lexicon, built once."""
    return ShortNames(lexicon)
