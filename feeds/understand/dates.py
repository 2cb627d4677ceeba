"""Dates in running text: eras, kanji digits, month and day alone, 同日, weekdays, English forms and ranges.

`find_dates` returns spans over the folded text (see `folding`); years, months and weekdays that the text leaves out are
completed from the day of publication. It does not say what a date means: that a day is the meeting's and not the
announcement's is decided in `facts`. One timestamp alone is read by `parse_moment`, which is re-exported here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from feeds.understand.calendar_words import (
    MONTHS,
    NUMBER,
    WEEKDAYS_EN,
    WEEKDAYS_JA,
    era_year,
    number,
    safe_date,
)
from feeds.understand.moments import parse_moment

__all__ = ["DateSpan", "find_dates", "parse_moment"]


@dataclass(frozen=True, slots=True)
class DateSpan:
    """A day, or a range of days, and the folded characters that name it."""

    start: int
    end: int
    first: date
    last: date | None = None  #: the end of a range
    form: str = "full"  #: full, month_day, day, relative: how much of it the text states


_MD_TAIL = (
    rf"(?:\([^)]{{1,12}}\))?(?:\s?(?:から|~|〜|～|-|、|・|及び|と)\s?(?:(?P<m2>{NUMBER})月)?(?P<d2>{NUMBER})日"
    r"(?!間|目|付)(?:まで)?)?"
)
_DAY_END = r"(?:日|(?=[~〜～-]\d{1,2}日))"
_JA_FULL = re.compile(
    rf"(?:(?P<era>令和|平成|昭和|大正|明治)(?P<ey>元|{NUMBER})年?(?:\((?P<check>\d{{4}})年?\))?年?|(?P<y>\d{{4}})年|"
    rf"(?P<ky>[〇零一二三四五六七八九]{{4}})年)(?:\([^)]{{2,6}}\))?(?P<m>{NUMBER})月(?P<d>{NUMBER}){_DAY_END}{_MD_TAIL}"
)
_JA_MONTH_DAY = re.compile(
    rf"(?:(?P<rel>昨年|去年|今年|来年)の?|(?<![\d年〇一二三四五六七八九十]))(?P<m>{NUMBER})月(?P<d>{NUMBER}){_DAY_END}"
    rf"{_MD_TAIL}"
)
_JA_SHORT_ERA = re.compile(r"(?<![a-z0-9])(?P<era>[rhs])(?P<ey>\d{1,2})[./](?P<m>\d{1,2})[./](?P<d>\d{1,2})(?!\d)")
_NUMERIC = re.compile(r"(?<![\d/.-])(?P<y>(?:19|20)\d{2})[./-](?P<m>\d{1,2})[./-](?P<d>\d{1,2})(?![\d/-])")
_JA_SLASH = re.compile(r"(?<=\()(?P<m>\d{1,2})/(?P<d>\d{1,2})(?=\))")
_JA_DAY = re.compile(
    r"(?:(?P<rel>先月|今月|来月|前月)|(?<![\d月年約〇一二三四五六七八九十~-]))(?P<d>\d{1,2}|[一二三四五六七八九十]{1,3})"
    r"(?:日|(?=[~〜-]\d{1,2}日))"
    r"(?!間|目|本|程|常|米|中|韓|英|仏|独|豪|伊|印|朝|本|時)(?:\([月火水木金土日]\))?"
    r"(?:(?:から|~|〜|～|-|、|・)(?P<d2>\d{1,2})日(?!間|目)(?:まで)?)?"
)
_JA_RELATIVE = re.compile(
    r"本日|きょう|今日(?!の国際)|同日|昨日|きのう|前日|翌日|あす|明日|一昨日|おととい|今夜|昨夜|昨晩|今朝"
)
_JA_WEEKDAY = re.compile(r"(?P<rel>先週|今週|来週)?の?(?P<w>[月火水木金土日])曜日?")
_YEAR_SHIFT = {"昨年": -1, "去年": -1, "今年": 0, "来年": 1, "last": -1, "this": 0, "next": 1}
_JA_SHIFT = {
    "昨日": -1, "きのう": -1, "昨夜": -1, "昨晩": -1, "あす": 1, "明日": 1, "一昨日": -2, "おととい": -2,
}  # fmt: skip

_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_EN_YEAR = r"(?:,?\s(?:(?P<y>\d{4})|(?:of\s)?(?P<rel>last|this|next)\syear\b))?"
_EN_DAY_MONTH = re.compile(
    rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th|\.)?(?:\s?(?:-|to|and|&)\s?(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?)?\s(?:of\s)?"
    rf"(?P<name>{_MONTH})\b\.?(?:\s?(?:-|to|until)\s?(?P<d3>\d{{1,2}})\s(?P<name2>{_MONTH})\b)?{_EN_YEAR}"
)
_EN_MONTH_DAY = re.compile(
    rf"\b(?P<name>{_MONTH})\b\.?\s(?P<d>\d{{1,2}})(?!\d|:)(?:st|nd|rd|th)?"
    rf"(?:\s?(?:-|to|and|&)\s?(?:(?P<name2>{_MONTH})\.?\s)?(?P<d2>\d{{1,2}})(?!\d|:)(?:st|nd|rd|th)?)?{_EN_YEAR}"
)
_EN_WEEKDAY = re.compile(rf"\b(?:(?P<rel>last|next|this|on|until)\s)?(?P<w>{'|'.join(WEEKDAYS_EN)})\b")
_EN_RELATIVE = re.compile(r"\b(?:today|yesterday|tomorrow|tonight|last night)\b")
_EN_SHIFT = {"yesterday": -1, "tomorrow": 1, "last night": -1}


#: Without a digit and without one of these no reader below finds anything. Most sentences name no day.
_NAMES_A_TIME = re.compile(r"\d|[月日曜今昨]|day|tomorrow|night|きょう|きのう|あす|おととい")


def find_dates(text: str, published: date | None, *, future: bool = False) -> tuple[DateSpan, ...]:
    """All days that a folded text names, in order, without overlaps.

    `published` completes what is left out (without it only full dates are returned); `future` says that the text speaks
    of what is to come, so that "on Thursday" and 29日 look ahead. Impossible days (2月30日) are left out.
    """
    if not _NAMES_A_TIME.search(text):
        return ()
    spans: list[DateSpan] = []
    taken = bytearray(len(text))
    for reader, pattern, words in _READERS:
        for word in words:
            if word in text:
                break
        else:
            continue
        for match in pattern.finditer(text):
            span = None if any(taken[match.start() : match.end()]) else reader(match, published, future)
            if span:
                spans.append(span)
                taken[span.start : span.end] = b"\1" * (span.end - span.start)
    return tuple(_anchored(sorted(spans, key=lambda span: span.start)))


def _anchored(spans: list[DateSpan]) -> Iterator[DateSpan]:
    """同日, 前日 and 翌日 point at the day named before them; a bare day shares the month of a date close before it."""
    anchor: date | None = None
    reach = 0
    for span in spans:
        shift = _ANCHOR_SHIFT.get(span.form)
        if shift is None:
            near = span.form == "day" and anchor and anchor.day <= span.first.day and span.start - reach < _NEAR
            shared = safe_date(anchor.year, anchor.month, span.first.day) if near and anchor else None
            span = span if shared is None else DateSpan(span.start, span.end, shared, None, "day")  # noqa: PLW2901
            anchor, reach = span.first, span.end
            yield span
        elif anchor:
            yield DateSpan(span.start, span.end, anchor + timedelta(days=shift), None, "relative")
        elif span.form == "same_day":
            yield DateSpan(span.start, span.end, span.first, None, "relative")


_AHEAD = 14  # days that news without a future tense may still look ahead: 20日に開催
_NEAR = 12  # characters between 8月3日開催、and 7日公表
_ANCHOR_SHIFT = {"same_day": 0, "day_before": -1, "day_after": 1}


def _japanese_full(match: re.Match[str], _published: date | None, _future: bool) -> DateSpan | None:
    groups = match.groupdict()
    try:
        year = _japanese_year(groups)
        month, day = number(groups["m"]), number(groups["d"])
        return _range(match, "full", safe_date(year, month, day), _last(groups, year, month))
    except (ValueError, OverflowError):
        return None


def _japanese_year(groups: dict[str, str]) -> int:
    if groups.get("era"):
        stated = groups.get("check")
        # 令和7(2025)年: where both are written the western year wins, because nobody mistypes it by an era.
        return int(stated) if stated else era_year(groups["era"], groups["ey"])
    return number(groups.get("y") or groups["ky"])


def _last(groups: dict[str, str], year: int, month: int) -> date | None:
    if not groups.get("d2"):
        return None
    month2 = number(groups["m2"]) if groups.get("m2") else month
    return safe_date(year + (month2 < month), month2, number(groups["d2"]))


def _japanese_month_day(match: re.Match[str], published: date | None, _future: bool) -> DateSpan | None:
    if published is None:
        return None
    groups = match.groupdict()
    try:
        month, day = number(groups["m"]), number(groups["d"])
    except ValueError:
        return None
    year = _year_told(groups["rel"], month, day, published)
    return _range(match, "month_day", safe_date(year, month, day), _last(groups, year, month))


def _year_told(relation: str | None, month: int, day: int, published: date) -> int:
    shift = _YEAR_SHIFT.get(relation or "")
    return _nearest_year(month, day, published) if shift is None else published.year + shift


def _nearest_year(month: int, day: int, published: date) -> int:
    """The year that brings a day without one closest to the publication."""
    years = [year for year in (published.year - 1, published.year, published.year + 1) if safe_date(year, month, day)]
    return min(
        years,
        key=lambda year: abs(date(year, month, day) - published),
        default=published.year,
    )


def _short_era(match: re.Match[str], _published: date | None, _future: bool) -> DateSpan | None:
    year = era_year(match["era"], match["ey"])
    return _range(match, "full", safe_date(year, int(match["m"]), int(match["d"])), None)


def _numeric(match: re.Match[str], _published: date | None, _future: bool) -> DateSpan | None:
    return _range(match, "full", safe_date(int(match["y"]), int(match["m"]), int(match["d"])), None)


def _slash(match: re.Match[str], published: date | None, _future: bool) -> DateSpan | None:
    if published is None:
        return None
    month, day = int(match["m"]), int(match["d"])
    return _range(match, "month_day", safe_date(_nearest_year(month, day, published), month, day), None)


def _japanese_day(match: re.Match[str], published: date | None, future: bool) -> DateSpan | None:
    if published is None:
        return None
    try:
        day = number(match["d"])
    except ValueError:
        return None
    first = _day_near(day, match["rel"], published, future=future)
    last = safe_date(first.year, first.month, int(match["d2"])) if first and match["d2"] else None
    return _range(match, "day", first, last)


def _day_near(day: int, relation: str | None, published: date, *, future: bool) -> date | None:
    """The day of a month that is not named: this month's, unless that lies ahead of news that looks back."""
    if relation in {"先月", "前月"}:
        return _in_month(published, -1, day)
    if relation == "来月":
        return _in_month(published, 1, day)
    # A day far after the publication looks back to the month before; one close after it is on its way.
    if relation is None and day > published.day + (_AHEAD if not future else 31):
        return _in_month(published, -1, day)
    # Early days announced at the end of a month are the next month's.
    if relation is None and future and day < published.day - 20:
        return _in_month(published, 1, day)
    return _in_month(published, 0, day)


def _in_month(published: date, shift: int, day: int) -> date | None:
    month = published.month - 1 + shift
    return safe_date(published.year + month // 12, month % 12 + 1, day)


def _japanese_relative(match: re.Match[str], published: date | None, _future: bool) -> DateSpan | None:
    if published is None:
        return None
    word = match.group()
    form = {"同日": "same_day", "前日": "day_before", "翌日": "day_after"}.get(word, "relative")
    return _range(match, form, published + timedelta(days=_JA_SHIFT.get(word, 0)), None)


def _japanese_weekday(match: re.Match[str], published: date | None, future: bool) -> DateSpan | None:
    if published is None:
        return None
    relation = {"先週": "last", "来週": "next"}.get(match["rel"] or "", "")
    day = _weekday_near(WEEKDAYS_JA[match["w"]], relation, published, future=future)
    return _range(match, "relative", day, None)


def _weekday_near(weekday: int, relation: str, published: date, *, future: bool) -> date:
    back = (published.weekday() - weekday) % 7
    if relation == "next" or future:
        ahead = (7 - back) % 7
        return published + timedelta(days=ahead + (7 if relation == "next" and ahead < 7 - published.weekday() else 0))
    return published - timedelta(days=back + (7 if relation == "last" and back == 0 else 0))


def _english(match: re.Match[str], published: date | None, _future: bool) -> DateSpan | None:
    groups = match.groupdict()
    month, day = MONTHS[groups["name"]], int(groups["d"])
    if groups["y"]:
        year = int(groups["y"])
    elif published:
        year = _year_told(groups["rel"], month, day, published)
    else:
        return None
    last_month = MONTHS[groups["name2"]] if groups.get("name2") else month
    last_day = groups.get("d3") or groups.get("d2")
    last = safe_date(year + (last_month < month), last_month, int(last_day)) if last_day else None
    return _range(match, "full" if groups["y"] else "month_day", safe_date(year, month, day), last)


def _english_weekday(match: re.Match[str], published: date | None, future: bool) -> DateSpan | None:
    if published is None or match["rel"] == "until":
        return None
    relation = match["rel"] if match["rel"] in {"last", "next"} else ""
    day = _weekday_near(WEEKDAYS_EN[match["w"]], relation, published, future=future)
    return _range(match, "relative", day, None)


def _english_relative(match: re.Match[str], published: date | None, _future: bool) -> DateSpan | None:
    if published is None:
        return None
    return _range(match, "relative", published + timedelta(days=_EN_SHIFT.get(match.group(), 0)), None)


def _range(match: re.Match[str], form: str, first: date | None, last: date | None) -> DateSpan | None:
    if first is None:
        return None
    return DateSpan(match.start(), match.end(), first, last if last and last > first else None, form)


#: How months begin in German and French, where it is otherwise.
_OTHER_MONTHS = ("mai", "okt", "dez", "fev", "avr", "jui", "aou")
_ANY_MONTH = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", *_OTHER_MONTHS)
#: In order of how much they state: a fuller reading takes its characters from a poorer one. One of the words behind
#: each pattern stands in every text that it matches, so most patterns need not be tried.
_READERS = (
    (_japanese_full, _JA_FULL, ("月",)),
    (_short_era, _JA_SHORT_ERA, (".", "/")),
    (_numeric, _NUMERIC, (".", "/", "-")),
    (_english, _EN_DAY_MONTH, _ANY_MONTH),
    (_english, _EN_MONTH_DAY, _ANY_MONTH),
    (_japanese_month_day, _JA_MONTH_DAY, ("月",)),
    (_slash, _JA_SLASH, ("/",)),
    (_japanese_day, _JA_DAY, ("日",)),
    (_japanese_relative, _JA_RELATIVE, ("日", "きょう", "きのう", "あす", "おととい", "今", "昨")),
    (_japanese_weekday, _JA_WEEKDAY, ("曜",)),
    (_english_weekday, _EN_WEEKDAY, ("day",)),
    (_english_relative, _EN_RELATIVE, ("day", "tomorrow", "night")),
)
