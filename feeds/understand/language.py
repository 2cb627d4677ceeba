"""Which rules a text is read with: `ja`, `en` or `other`. By script, with the declared language as a hint."""

import re

_KANA = re.compile(r"[ぁ-ゖァ-ヺ]")
_HAN = re.compile(r"[一-鿿]")
_LATIN = re.compile(r"[a-z]")
_FOREIGN = re.compile(r"[Ͱ-ϿЀ-ӿ֐-׿؀-ۿऀ-ൿ฀-๿가-힣]")
#: Characters of mainland China that Japanese does not write: one settles a text without kana.
_ONLY_CHINESE = re.compile(r"[们这为举谈长议见东军联总统访华欧韩问题记]")
_WORD = re.compile(r"\w+")
#: Everyday words of English; a Latin text without any of them in its first words is another language.
_ENGLISH = frozenset({
    "the", "of", "to", "in", "and", "for", "with", "on", "at", "as", "by", "from", "his", "her", "will", "meet",
    "meets", "after", "over", "is", "says", "say", "us", "hold", "holds", "visit", "visits",
})  # fmt: skip
_OTHERS = frozenset({
    "der", "die", "und", "das", "mit", "le", "les", "de", "des", "du", "dans", "pour", "och", "att", "ng", "sa", "na",
    "nitong", "si", "pentru", "que", "del", "las",
})  # fmt: skip
_LOOKED_AT = 600


def detect_language(title: str, text: str, declared: str | None = None) -> str:
    """`ja`, `en` or `other` for folded title and text.

    Kana settle Japanese; kanji alone are Japanese only where the source says so or no mainland Chinese character shows.
    The declared language decides only what the script leaves open, because feeds often declare the wrong one.
    """
    sample = f"{title}\n{text[:_LOOKED_AT]}"
    hint = (declared or "").lower().split("-")[0]
    if sample.isascii():
        return _latin_language(sample, hint)
    if _KANA.search(title) or len(_KANA.findall(sample)) > 2:
        return "ja"
    han, latin, foreign = (len(pattern.findall(sample)) for pattern in (_HAN, _LATIN, _FOREIGN))
    if han > latin / 3:
        return "other" if _is_chinese(sample, hint) else "ja"
    if foreign > latin / 2:
        return "other"
    return _latin_language(sample, hint)


def _is_chinese(sample: str, hint: str) -> bool:
    return hint == "zh" or (hint != "ja" and bool(_ONLY_CHINESE.search(sample)))


def _latin_language(sample: str, hint: str) -> str:
    words = _WORD.findall(sample)
    others = sum(map(_OTHERS.__contains__, words))
    declared_other = hint not in {"", "en", "ja"}
    if not others and not declared_other:
        return "en"
    english = sum(map(_ENGLISH.__contains__, words))
    return "other" if others > english or (declared_other and english < 3) else "en"
