"""Words and numbers of calendars: eras, months, weekdays, zone names, kanji digits. Tables and tiny converters only."""

from datetime import date, timedelta, timezone

#: Era → (Gregorian year of its year 0, first day). Source: Japanese era law; Meiji counts from the Gregorian switch.
ERAS: dict[str, tuple[int, date]] = {
    "令和": (2018, date(2019, 5, 1)),
    "平成": (1988, date(1989, 1, 8)),
    "昭和": (1925, date(1926, 12, 25)),
    "大正": (1911, date(1912, 7, 30)),
    "明治": (1867, date(1873, 1, 1)),
}
ERA_LETTERS = {"r": "令和", "h": "平成", "s": "昭和", "t": "大正", "m": "明治"}

#: Without accents, as folding leaves them: English, German, French.
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar janvier", "february feb februar fevrier", "march mar marz mars", "april apr avril",
            "may mai", "june jun juni juin", "july jul juli juillet", "august aug aout", "september sept sep septembre",
            "october oct oktober octobre", "november nov novembre", "december dec dezember decembre",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip

WEEKDAYS_EN = {
    name: number
    for number, name in enumerate(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"))
}
WEEKDAYS_JA = {name: number for number, name in enumerate("月火水木金土日")}

_HOUR = 60
#: Zone abbreviations → minutes east of UTC. Only those with one meaning in newsrooms (IST is India: no Irish source).
ZONES = {
    "utc": 0, "gmt": 0, "z": 0, "ut": 0, "jst": 9 * _HOUR, "kst": 9 * _HOUR, "sgt": 8 * _HOUR, "hkt": 8 * _HOUR,
    "pht": 8 * _HOUR, "wib": 7 * _HOUR, "ict": 7 * _HOUR, "ist": 330, "msk": 3 * _HOUR, "eet": 2 * _HOUR,
    "eest": 3 * _HOUR, "cet": 1 * _HOUR, "cest": 2 * _HOUR, "bst": 1 * _HOUR, "wet": 0, "aest": 10 * _HOUR,
    "aedt": 11 * _HOUR, "acst": 570, "awst": 8 * _HOUR, "nzst": 12 * _HOUR, "nzdt": 13 * _HOUR, "est": -5 * _HOUR,
    "edt": -4 * _HOUR, "cdt": -5 * _HOUR, "mst": -7 * _HOUR, "mdt": -6 * _HOUR, "pst": -8 * _HOUR, "pdt": -7 * _HOUR,
    "hst": -10 * _HOUR,
}  # fmt: skip

_KANJI_DIGITS = {character: value for value, character in enumerate("〇一二三四五六七八九")} | {"零": 0}
NUMBER = r"(?:\d{1,4}|[〇零一二三四五六七八九十]{1,4})"


def zone_of(minutes: int) -> timezone:
    """A fixed zone that many minutes east of UTC."""
    return timezone(timedelta(minutes=minutes))


def number(text: str) -> int:
    """The value of ASCII digits or kanji digits (`十一`, `二〇二五`, `三十一`). Raises ValueError on anything else."""
    if text.isascii():
        return int(text)
    if "十" not in text:
        return int("".join(str(_digit(character)) for character in text))
    tens, _, ones = text.partition("十")
    return (_digit(tens) if tens else 1) * 10 + (_digit(ones) if ones else 0)


def _digit(character: str) -> int:
    if character not in _KANJI_DIGITS:
        raise ValueError(f"not a kanji digit: {character}")
    return _KANJI_DIGITS[character]


def era_year(era: str, year_text: str) -> int:
    """Gregorian year of an era year; `元` is year one. Raises ValueError on an unreadable number."""
    base, _ = ERAS[ERA_LETTERS.get(era, era)]
    return base + (1 if year_text == "元" else number(year_text))


def safe_date(year: int, month: int, day: int) -> date | None:
    """The date, or None where the calendar has no such day."""
    try:
        return date(year, month, day)
    except (ValueError, OverflowError):
        return None
