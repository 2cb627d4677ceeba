"""What may stand between an office and its country: "Japan's new defence minister", "ministre de la Défense grec"."""

import re

_EN_GAP = re.compile(
    r"^の?新?(?:'s|'|-)?\s?(?:(?:के|की|का|acting|new|own|top|then|caretaker|outgoing|visiting|and foreign|foreign and|"
    r"state|union|federal|deputy prime minister (?:and|&)|minister at the prime minister's office and)\s)?$"
)
_AFTER_GAP = re.compile(
    r"^(?:\s(?:of|from|for|between|among)\s(?:the\s)?(?:republic of\s)?|,\s|\s\(|"
    r"\s(?:der|des|von|aus|de|du|de la|della|del|di)\s|\s(?:de l'|d'|dell'))$"
)
_OFFICE = 30  # characters in which the last word of an office stands
#: "Verteidigungsminister Frankreichs", "ministre de la Défense grec": whose it is follows without a word between.
_NAMES_AFTER = re.compile(
    r"(?:verteidigungsminister(?:in|s|n)?|\b(?:la|de) defense|armees|difesa|defensa|"
    r"homologues?|omologo|omologul(?: sau)?)$"
)


def stands_before(gap: str) -> bool:
    """Whether these words between a country and an office leave the office to the country."""
    return _EN_GAP.match(gap) is not None


def stands_after(text: str, end: int, start: int) -> bool:
    """Whether a country that starts there says whose the office is that ended before. `text` is folded."""
    gap = text[end:start]
    return bool(_AFTER_GAP.match(gap) or (gap == " " and _NAMES_AFTER.search(text, max(0, end - _OFFICE), end)))
