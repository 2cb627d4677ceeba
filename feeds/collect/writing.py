"""Does decoded text look like writing, or like the bytes of another encoding? Pure.

Every byte means something in most encodings, so a wrong one is seldom refused: EUC-JP under the label ISO-8859-1 is a
row of currency signs, KOI8-R read as windows-1251 is Russian with its cases turned round. What gives it away is told by
no dictionary but by the character sets themselves: the JIS, GB and Big5 standards put their frequent characters
first, Korean is written in hangul alone, accents stand between plain letters, and no word mixes Latin with Cyrillic.

Scripts whose encodings are not named here are not judged: they count as writing.
"""

import re
import unicodedata
from collections.abc import Callable

LEAST = 10  #: fewer foreign letters say nothing
SAMPLE = 8_000  #: characters that are looked at

_OF_THREE = re.compile(rb"\x8f..", re.DOTALL)  # the rare kanji of EUC-JP
_FOREIGN = re.compile(r"[^\x00-\x7f]")
_KANA = re.compile("[\u3041-\u30ff]")
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_JAMO = re.compile("[\u3131-\u318e]")
_HALF_KANA = re.compile("[\uff61-\uff9f]")
_CYRILLIC = re.compile("[\u0400-\u045f\u0490\u0491]")
_USUAL_CYRILLIC = re.compile("[оеаинтсрвлі]", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
_MIXED = re.compile("[A-Za-z][\u0400-\u04ff]|[\u0400-\u04ff][A-Za-z]")
_TURNED = re.compile("[а-яё][А-ЯЁ]")
_LONE_A = re.compile(r"(?<!\w)ŕ(?!\w)")  # the French, Italian and Portuguese word à, read as windows-1250

_JAPANESE = {"cp932", "shift_jis", "shift_jis_2004"}
_EXTENDED_UNIX = {"euc_jp", "euc_jis_2004"}
_CHINESE = {"gb18030", "gbk", "gb2312"}
_KOREAN = {"cp949", "euc_kr"}
_TRADITIONAL = {"big5", "big5hkscs", "cp950"}
_RUSSIAN = {"cp1251", "koi8-r", "koi8-u", "iso8859-5", "cp866", "mac-cyrillic"}
_LATIN = {"cp1252", "iso8859-1", "iso8859-15", "cp1250", "iso8859-2", "cp1254", "iso8859-9"}


def is_writing(text: str, codec: str) -> bool | None:
    """Whether what a codec (Python's name) made of a document looks like words that somebody wrote.

    None: too little of it is foreign to tell. Text whose codec is not known here counts as writing.
    """
    judge = _JUDGES.get(codec)
    first = _FOREIGN.search(text) if judge is not None else None  # the head of a page may be markup for long
    return True if judge is None or first is None else judge(text[max(first.start() - 1, 0) :][:SAMPLE])


def _share(found: float, of: float) -> float:
    return found / of if of else 0.0


def _foreign(sample: str) -> list[str]:
    return [letter for letter in sample if letter > "\x7f" and letter.isalpha()]


def _frequent(han: list[str], codec: str, first: int, last: int) -> float:
    """The share of characters whose first byte in a standard lies in the part of the frequent ones."""
    pairs = _OF_THREE.sub(b"", "".join(han).encode(codec, errors="ignore"))
    leads = pairs[::2]
    return _share(len(leads) - len(leads.translate(None, bytes(range(first, last + 1)))), len(han))


def _is_extended_unix_japanese(sample: str) -> bool | None:
    """Without kana it may be Korean, whose hangul has the places of the frequent kanji up to ヒ, or Chinese."""
    answer, han = _is_japanese(sample), _HAN.findall(sample)
    if not answer or len(_KANA.findall(sample)) >= 0.1 * len(han):
        return answer
    if _frequent(han, "euc_jp", 0xC9, 0xCF) < 0.1:
        return False if len(han) >= 2 * LEAST else None
    if _frequent(han, "euc_jp", 0xB0, 0xCF) >= 0.95:
        return True
    return False if len(han) >= 4 * LEAST else None


def _is_japanese(sample: str) -> bool | None:
    kana, han = len(_KANA.findall(sample)), _HAN.findall(sample)
    others = len(_HANGUL.findall(sample)) + len(_JAMO.findall(sample)) + len(_HALF_KANA.findall(sample))
    every = kana + len(han) + others
    if every < LEAST:
        return None
    usual = kana + _frequent(han, "euc_jp", 0xB0, 0xCF) * len(han)  # JIS X 0208, level 1
    return _share(usual, every) >= 0.8


def _is_chinese(sample: str) -> bool | None:
    han, kana = _HAN.findall(sample), len(_KANA.findall(sample))
    if len(han) + kana < LEAST:
        return None
    if _share(kana, len(han) + kana) > 0.1:
        return False  # kana are in the same place in EUC-JP
    if _frequent(han, "gb2312", 0xB0, 0xD7) >= 0.8:  # GB 2312, level 1
        # In the order of their sounds: hangul in EUC-KR has the places of A to S only.
        return _frequent(han, "gb2312", 0xC9, 0xD7) >= 0.1 if len(han) >= 2 * LEAST else None
    return _frequent(han, "big5", 0xA4, 0xC6) >= 0.9


def _is_traditional(sample: str) -> bool | None:
    han, kana = _HAN.findall(sample), len(_KANA.findall(sample))
    if len(han) + kana < LEAST:
        return None
    return _share(kana, len(han) + kana) <= 0.1 and _frequent(han, "big5", 0xA4, 0xC6) >= 0.9  # level 1


def _is_korean(sample: str) -> bool | None:
    syllables, han = _HANGUL.findall(sample), len(_HAN.findall(sample))
    # KS X 1001 has all syllables that are used; the others were added to it for completeness.
    hangul = len("".join(syllables).encode("euc_kr", errors="ignore")) // 2
    every = len(syllables) + han + len(_KANA.findall(sample)) + len(_JAMO.findall(sample))
    if every < LEAST:
        return None
    share = _share(hangul, every)
    return True if share >= 0.85 else None if share >= 0.78 else False  # headlines shorten countries to a character


def _is_cyrillic(sample: str) -> bool | None:
    foreign, cyrillic = _foreign(sample), _CYRILLIC.findall(sample)
    signs = sum(letter > "\x7f" and unicodedata.category(letter) in ("So", "Sm") for letter in sample)
    if len(_MIXED.findall(sample)) > 0.1 * len(cyrillic):
        return False
    if len(foreign) + signs < LEAST:
        return None
    if _share(len(cyrillic), len(foreign) + signs) < 0.8:
        return False
    turned = len(_TURNED.findall(sample))
    return turned <= 0.05 * len(cyrillic) and len(_USUAL_CYRILLIC.findall(sample)) >= 0.45 * len(cyrillic)


def _is_latin(sample: str) -> bool | None:
    """Accented letters among plain ones, and signs (`±`, `¹`, `¤`) between words, not in them."""
    foreign = len(_foreign(sample))
    signs = [place for place, letter in enumerate(sample) if letter > "\x7f" and _is_sign(letter)]
    inside = sum(
        sample[place - 1 : place].isalpha() and sample[place + 1 : place + 2].isalpha()
        for place in signs
        if sample[place] != "´"  # many write it for an apostrophe
    )
    if inside > 0.02 * (foreign + len(signs)) or _LONE_A.search(sample):
        return False
    if foreign + len(signs) < LEAST:
        return None
    accented = [word for word in _WORD.findall(sample) if not word.isascii()]
    strange = sum(letter > "\x7f" for word in accented for letter in word)
    return len(signs) <= 0.5 * (foreign + len(signs)) and strange <= 0.5 * sum(map(len, accented))


def _is_sign(letter: str) -> bool:
    return letter in "ªºµ" or unicodedata.category(letter) in ("So", "Sm", "Sk", "Sc", "No")


_JUDGES: dict[str, Callable[[str], bool | None]] = {
    **dict.fromkeys(_JAPANESE, _is_japanese),
    **dict.fromkeys(_EXTENDED_UNIX, _is_extended_unix_japanese),
    **dict.fromkeys(_CHINESE, _is_chinese),
    **dict.fromkeys(_KOREAN, _is_korean),
    **dict.fromkeys(_TRADITIONAL, _is_traditional),
    **dict.fromkeys(_RUSSIAN, _is_cyrillic),
    **dict.fromkeys(_LATIN, _is_latin),
}
