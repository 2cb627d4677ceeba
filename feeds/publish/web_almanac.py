"""`/countries`, `/people` and `/series`: the pictures of the record, each with its table and the same as JSON."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from itertools import chain
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from feeds.decide.vocabulary import resolve
from feeds.publish.almanac import SMALL_KINDS, Almanac, Line, partners
from feeds.publish.charts import by_month, matrix, matrix_json, months, months_json, pairs
from feeds.publish.timelines import lines_json, timeline, year
from feeds.publish.views import View, last_months, period_name
from feeds.publish.web_base import data, language_of, moved, page, today_of
from feeds.publish.web_front import PAGE_SIZE, following, page_number, parted, shown, view_asked
from feeds.publish.web_kept import keeper_of, kept
from feeds.publish.words import Language, country_name, office_name, series_name
from feeds.understand.lexicon import default_lexicon
from storage.model import Level, Phase

PERIOD = 12  #: months that a table of countries covers, unless told otherwise
NEXT = (12, 24, 60)
MOST_PEOPLE = 200


# ------------------------------------------------------------------------------------------------- countries


def _matrix_lines(request: Request, almanac: Almanac) -> tuple[str, list[Line], list[Line]]:
    """The period that is asked for, its meetings, and all meetings of ministers."""
    asked, today = view_asked(request, almanac), today_of(request)
    period = asked.period or last_months(today, PERIOD)
    every = View().within(almanac)
    view = View(period=period)
    return period, view.within(almanac), every


@kept
async def _countries(request: Request) -> Response:
    language, today = language_of(request), today_of(request)
    almanac = await keeper_of(request).now()
    period, inside, every = _matrix_lines(request, almanac)
    met = pairs(inside)
    ways = await following(request, View().query(almanac))

    monthly = by_month(every, today, 24)
    rest = View(kind=SMALL_KINDS, period=period).link(language, "")[1:]

    def pair_link(first: str, second: str) -> str:  # as View.link, for hundreds of cells
        return f"/?country={first}&country={second}&{rest}"

    return page(
        request, "countries.html",
        period=period, period_words=period_name(period, language), met=met, pair_link=pair_link,
        wide=matrix(met, 18, size=31, margin=150), small=matrix(met, 10, size=28, margin=44),
        months=months(monthly, today, 24, today=today, step=22), few=months(monthly, today, 12, today=today),
        countries=_tally(inside, _whole(almanac, every)), periods=_periods(almanac, today, language),
        follow=ways, discover=ways.discover,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Whole:
    """What all meetings of ministers say of each country, whatever the period."""

    count: Counter[str]
    last: dict[str, Line]  #: held


def _whole(almanac: Almanac, every: Sequence[Line]) -> _Whole:
    """Kept with the almanac."""
    known: _Whole | None = almanac.kept.get("whole")
    if known is None:
        last: dict[str, Line] = {}
        for line in every:
            if line.facts.phase is Phase.HELD:
                for code in line.facts.countries:
                    last.setdefault(code, line)
        count = Counter(chain.from_iterable(line.facts.countries for line in every))
        known = almanac.kept["whole"] = _Whole(count, last)
    return known


def _tally(inside: Sequence[Line], whole: _Whole) -> list[dict[str, Any]]:
    """Every country with its meetings in the period, in all, and its last one."""
    recent = Counter(code for line in inside if line.takes_place for code in line.facts.countries)
    count, last = whole.count, whole.last
    ordered = sorted(count, key=lambda code: (-recent[code], -count[code], code))
    return [{"code": code, "recent": recent[code], "all": count[code], "last": last.get(code)} for code in ordered]


def _periods(almanac: Almanac, today: date, language: Language) -> list[tuple[str, str]]:
    """Periods to choose: the last months, and each year."""
    words = {"ja": "直近{}か月", "en": "last {} months"}[language]
    found = [(last_months(today, count), words.format(count)) for count in NEXT]
    return found + [(str(number), period_name(f"{number:04}", language)) for number in almanac.years[:8]]


@kept
async def _countries_data(request: Request) -> Response:
    today = today_of(request)
    almanac = await keeper_of(request).now()
    period, inside, every = _matrix_lines(request, almanac)
    return data({
        "period": period,
        "kinds": [str(kind) for kind in SMALL_KINDS],
        "pairs": matrix_json(pairs(inside)),
        "months": months_json(months(by_month(every, today, 24), today, 24, today=today)),
    })  # fmt: skip


def _code(request: Request) -> str:
    """The country of the address. Raises `HTTPException`; a name or small letters lead to the code."""
    asked: str = request.path_params["code"]
    found = resolve("country", asked[:60])
    if found is None or len(found) != 1:
        raise HTTPException(HTTPStatus.NOT_FOUND, asked[:60])
    return next(iter(found))


@kept
async def _country(request: Request) -> Response:
    code, language, today = _code(request), language_of(request), today_of(request)
    if code != request.path_params["code"]:
        return moved(request, f"/countries/{code}")
    almanac = await keeper_of(request).now()
    view = View(country=(code,))
    lines = view.within(almanac)
    recent = View(country=(code,), period=last_months(today, PERIOD)).within(almanac)
    met = partners(lines, code)
    monthly = by_month(lines, today, 24)
    ways = await following(request, view.query(almanac), country_name(code, language))
    return page(
        request, "country.html", HTTPStatus.OK,
        code=code, view=view, lines=lines, recent=len(recent), met=met[:16],
        most=max((count for _, count in met), default=1),
        months=months(monthly, today, 24, today=today, step=24), few=months(monthly, today, 12, today=today),
        people=[one for one in almanac.people.values() if one.country == code][:12],
        series=Counter(line.facts.series for line in lines if line.facts.series).most_common(10),
        follow=ways, discover=ways.discover, **await _list(request, almanac, lines, today),
    )  # fmt: skip


@kept
async def _country_data(request: Request) -> Response:
    code, today = _code(request), today_of(request)
    almanac = await keeper_of(request).now()
    lines = View(country=(code,)).within(almanac)
    return data({
        "country": code,
        "partners": [{"country": other, "meetings": count} for other, count in partners(lines, code)],
        "months": months_json(months(by_month(lines, today, 24), today, 24, today=today)),
        "meetings": lines_json(lines),
    })  # fmt: skip


# ---------------------------------------------------------------------------------------------------- people


@kept
async def _people(request: Request) -> Response:
    almanac = await keeper_of(request).now()
    ministers = [one for one in almanac.people.values() if one.level is Level.MINISTER]
    return page(request, "people.html", people=ministers[:MOST_PEOPLE], count=len(ministers))


def _year_asked(request: Request, lines: Sequence[Line], today: date) -> tuple[int, list[int]]:
    """The year that is shown, and those that have meetings."""
    years = sorted({line.day.year for line in lines if line.facts.starts_on})
    asked = request.query_params.get("year", "")
    if asked:
        if not (asked.isascii() and asked.isdigit() and len(asked) == 4 and int(asked) > 0):
            raise HTTPException(HTTPStatus.BAD_REQUEST, "year is a year such as 2025.")
        return int(asked), years
    return (today.year if today.year in years or not years else years[-1]), years


def _of_year(lines: Sequence[Line], number: int) -> list[Line]:
    """Those whose day is known and in the year."""
    return [line for line in lines if line.facts.starts_on and line.day.year <= number <= line.ends.year]


@kept
async def _person(request: Request) -> Response:
    language, today = language_of(request), today_of(request)
    almanac = await keeper_of(request).now()
    person = almanac.people.get(request.path_params["key"])
    if person is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    view = View(minister=person.key, level=None)
    lines = view.within(almanac)
    number, years = _year_asked(request, lines, today)
    ways = await following(request, view.query(almanac), person.shown(language))
    met = Counter(key for line in lines for key in line.people if key != person.key)
    return page(
        request, "person.html",
        person=person, office=office_name(person.office, person.country, person.level, language),
        view=view, lines=lines, year=year(lines, number), years=years, today=today, of_year=_of_year(lines, number),
        met=[(almanac.people[key], count) for key, count in met.most_common(8) if key in almanac.people],
        most=max(met.values(), default=1),
        countries=Counter(c for line in lines for c in line.facts.countries if c != person.country).most_common(12),
        terms=[one for one in default_lexicon().people if one.country == person.country and one.name == person.name],
        follow=ways, discover=ways.discover, **await _list(request, almanac, lines, today),
    )  # fmt: skip


@kept
async def _person_data(request: Request) -> Response:
    almanac = await keeper_of(request).now()
    person = almanac.people.get(request.path_params["key"])
    if person is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    lines = View(minister=person.key, level=None).within(almanac)
    return data({
        "person": person.key, "name": person.name, "name_ja": person.name_ja, "country": person.country,
        "office": person.office, "meetings": lines_json(lines),
    })  # fmt: skip


# ---------------------------------------------------------------------------------------------------- series


@kept
async def _all_series(request: Request) -> Response:
    language, today = language_of(request), today_of(request)
    almanac = await keeper_of(request).now()
    rows = [
        {
            "key": key, "name": series_name(key, language), "count": len(lines),
            "next": next((one for one in reversed(lines) if one.day >= today and one.takes_place), None),
            "last": next((one for one in lines if one.day < today and one.takes_place), None),
            "edition": max((one.facts.edition or 0 for one in lines), default=0),
        }
        for key, lines in almanac.by_series.items()
    ]  # fmt: skip
    rows.sort(key=lambda row: (row["next"] is None, -int(str(row["count"])), str(row["key"])))
    return page(request, "all_series.html", rows=rows)


@kept
async def _series(request: Request) -> Response:
    language, today = language_of(request), today_of(request)
    key: str = request.path_params["key"]
    almanac = await keeper_of(request).now()
    known = default_lexicon().series.get(key)
    if known is None and key not in almanac.series:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    view = View(series=key, level=None)
    lines = view.within(almanac)
    ways = await following(request, view.query(almanac), series_name(key, language))
    beside = [line for line in almanac.lines if line.facts.parent == key]
    return page(
        request, "series.html",
        key=key, known=known, name=series_name(key, language), lines=lines,
        timeline=timeline(lines, today, 1000), short=timeline(lines, today, 360),
        sides=Counter(code for line in lines for code in line.facts.countries).most_common(),
        beside=len(beside), earlier=_earlier(known, lines), follow=ways, discover=ways.discover,
        **await _list(request, almanac, lines, today),
    )  # fmt: skip


def _earlier(known: Any, lines: Sequence[Line]) -> list[Any]:
    """Meetings of the series that general knowledge has and the archive has not, newest first."""
    if known is None:
        return []
    told = {line.facts.edition for line in lines} | {line.facts.starts_on for line in lines}
    missing = [one for one in known.editions if one.number not in told and one.held_on not in told]
    return sorted(missing, key=lambda one: one.held_on, reverse=True)


@kept
async def _series_data(request: Request) -> Response:
    key: str = request.path_params["key"]
    almanac = await keeper_of(request).now()
    if key not in default_lexicon().series and key not in almanac.series:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    lines = View(series=key, level=None).within(almanac)
    names = {language: series_name(key, language) for language in ("ja", "en")}
    return data({"series": key, "name": names, "meetings": lines_json(lines)})


# ---------------------------------------------------------------------------------------------------- shared


async def _list(request: Request, almanac: Almanac, lines: list[Line], today: date) -> dict[str, Any]:
    """The meetings at the foot of a page: those to come, soonest first, then the others, newest first."""
    number = page_number(request)
    coming, told = parted(almanac, lines, today)
    ahead, ordered = {line.story_id for line in coming}, coming + told
    start = (number - 1) * PAGE_SIZE
    if number > 1 and start >= len(ordered):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    entries = await shown(request, ordered[start : start + PAGE_SIZE])
    return {
        "coming": [one for one in entries if one.story_id in ahead],
        "told": [one for one in entries if one.story_id not in ahead],
        "number": number,
        "pages": max(1, -(-len(ordered) // PAGE_SIZE)),
    }


ROUTES = [
    Route("/countries", _countries, methods=["GET"]),
    Route("/countries.json", _countries_data, methods=["GET"]),
    Route("/countries/{code}.json", _country_data, methods=["GET"]),
    Route("/countries/{code}", _country, methods=["GET"]),
    Route("/people", _people, methods=["GET"]),
    Route("/people/{key}.json", _person_data, methods=["GET"]),
    Route("/people/{key}", _person, methods=["GET"]),
    Route("/series", _all_series, methods=["GET"]),
    Route("/series/{key}.json", _series_data, methods=["GET"]),
    Route("/series/{key}", _series, methods=["GET"]),
]
