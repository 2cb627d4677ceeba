"""The many small shapes of a picture as SVG: hundreds of cells, bars and days. Pure.

The frame of each picture, its title and its table are in templates/_charts.html. Only what repeats is written here: an
engine for templates takes five times as long for it.
"""

from collections.abc import Callable, Iterator
from datetime import date

from markupsafe import Markup, escape

from feeds.publish.charts import Matrix, Months
from feeds.publish.timelines import Day, Year
from feeds.publish.words import Language, country_name, day_name, label


def matrix_cells(shown: Matrix, link: Callable[[str, str], str], language: Language) -> Markup:
    """A square for each two countries; those that met lead to their meetings. `link` gives the address for two codes.

    Each pair stands there twice; the keyboard goes to one of them.
    """
    names = {code: escape(country_name(code, language)) for code in shown.codes}
    side, middle = shown.size - 2, shown.size / 2

    def cells() -> Iterator[str]:
        for cell in shown.cells:
            square = f'<rect class="step{cell.step}" x="{cell.x}" y="{cell.y}" width="{side}" height="{side}"/>'
            if not cell.count:
                yield square
                continue
            once = ' tabindex="-1"' if cell.row < cell.column else ""
            yield (
                f'<a href="{escape(link(cell.row, cell.column))}"{once}>'
                f"<title>{names[cell.row]} – {names[cell.column]}: {cell.count}</title>{square}"
                f'<text class="in{cell.step}" x="{cell.x + middle - 1}" y="{cell.y + middle + 3.5}" '
                f'text-anchor="middle">{cell.count}</text></a>'
            )

    return _joined(cells())


def month_bars(shown: Months, language: Language) -> Markup:
    """The bars of all months, each of one piece for every kind, with the marks below them."""
    ground, bar, of_month = shown.ground, shown.bar, "月" if language == "ja" else ""

    def bars() -> Iterator[str]:
        for number, month in enumerate(shown.months):
            for one in month.segments:
                yield (
                    f'<rect class="kind-{one.kind}" x="{month.x}" y="{one.y}" width="{bar}" '
                    f'height="{max(one.height - 1, 1)}"><title>{month.name}: {escape(label(language, one.kind))} '
                    f"{one.count}</title></rect>"
                )
            if month.is_now:
                yield f'<line class="now" x1="{month.x}" x2="{month.x + bar}" y1="{ground + 2}" y2="{ground + 2}"/>'
            if month.month % 3 == 1:
                yield (
                    f'<text class="tick" x="{month.x + bar / 2}" y="{ground + 16}" text-anchor="middle">'
                    f"{month.month}{of_month}</text>"
                )
            if month.month == 1 or (number == 0 and month.month < 10):
                yield f'<text class="year" x="{month.x}" y="{ground + 33}">{month.year}</text>'

    return _joined(bars())


def calendar_days(shown: Year, today: date, language: Language) -> Markup:
    """A square for each day of a year; those with meetings lead to the first of them."""
    of_month = "月" if language == "ja" else ""

    def days() -> Iterator[str]:
        for box in shown.boxes:
            yield f'<text class="tick" x="{box.x}" y="{box.y + 12}">{box.month}{of_month}</text>'
            for one in box.days:
                yield _day(one, shown.side, today, language)

    return _joined(days())


def _day(one: Day, side: int, today: date, language: Language) -> str:
    place = f'x="{one.x}" y="{one.y}" width="{side}" height="{side}" rx="2"'
    if not one.lines:
        return f'<rect class="step0{" today" if one.day == today else ""}" {place}/>'
    count = f": {len(one.lines)}" if len(one.lines) > 1 else ""
    return (
        f'<a href="/meetings/{one.lines[0].story_id}?lang={language}">'
        f"<title>{escape(day_name(one.day, language))}{count}</title>"
        f'<rect class="step{min(one.step + 1, 5)}" {place}/></a>'
    )


def _joined(parts: Iterator[str]) -> Markup:
    return Markup("\n".join(parts))  # noqa: S704  every word of a stranger in it was escaped
