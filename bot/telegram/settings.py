"""/digest, /quiet, /zone, /lang, and the settings behind the menu of /mine."""

import re
from functools import cache
from zoneinfo import available_timezones

from babel import Locale
from babel.core import get_global

from bot.telegram.desk import Request
from bot.telegram.menus import ZONES, Menu
from bot.telegram.saying import LANGUAGE_NAMES
from feeds.understand.lexicon import default_lexicon
from storage.hours import WrongTime, next_digest, parse_digest, parse_quiet
from storage.words import comparable

#: What the buttons of digests mean.
DIGESTS = {"off": "off", "d": "daily 08:00", "w": "weekly mon 08:00"}
QUIETS = {"22": "22:00-07:00", "23": "23:00-06:00", "off": ""}
SIDES = ("all", "parent", "mine")
FOLLOW_UPS = ("silent", "loud", "off")

_JAPANESE = (
    ("毎日", "daily "), ("毎週", "weekly "), ("オフ", "off"), ("なし", "off"), ("月曜日", "mon"), ("火曜日", "tue"),
    ("水曜日", "wed"), ("木曜日", "thu"), ("金曜日", "fri"), ("土曜日", "sat"), ("日曜日", "sun"),
    ("月曜", "mon"), ("火曜", "tue"), ("水曜", "wed"), ("木曜", "thu"), ("金曜", "fri"), ("土曜", "sat"),
    ("日曜", "sun"),
)  # fmt: skip
_OFFSET = re.compile(r"(?:utc|gmt)\s*([+-])\s*(\d{1,2})", re.IGNORECASE)


def _menu(request: Request) -> Menu:
    return Menu(request.language, request.chat, remote=request.chat.address != request.room.address)


async def digest(request: Request) -> None:
    """`/digest` shows the setting; `/digest off|daily HH:MM|weekly [DAY] HH:MM` changes it."""
    if not await request.may_change():
        return
    if not request.words.strip():
        await request.show(_menu(request).digests())
        return
    try:
        spec = parse_digest(_digest_words(request.words))
    except WrongTime:
        await request.tell(request.say("Write /digest daily 08:00, /digest weekly mon 08:00, or /digest off."))
        return
    await keep_digest(request, spec)
    await request.tell(_menu(request).digest_words(spec) + f" ({request.chat.time_zone})")


def _digest_words(said: str) -> str:
    """What somebody wrote, in the words that `parse_digest` reads: Japanese ones too, and a week begins on Monday."""
    plain = comparable(said)
    for japanese, english in _JAPANESE:
        plain = plain.replace(japanese, english + " " if english in _DAYS else english)
    parts = plain.split()
    if len(parts) == 2 and parts[0] == "weekly" and parts[1][:1].isdigit():
        parts.insert(1, "mon")
    return " ".join(parts)


_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


async def keep_digest(request: Request, spec: str) -> None:
    """Keep when digests come, and when the next one does."""
    due = next_digest(spec, request.chat.time_zone, request.now)
    await request.change(digest=spec, digest_at=due)


async def digest_tap(request: Request, which: str) -> None:
    """A button of the digest menu."""
    await keep_digest(request, DIGESTS[which])
    await request.show(_menu(request).digests())


async def quiet(request: Request) -> None:
    """`/quiet` shows the setting; `/quiet 22:00-07:00|off` changes it."""
    if not await request.may_change():
        return
    if not request.words.strip():
        await request.show(_menu(request).quiet_hours())
        return
    try:
        hours = parse_quiet(comparable(request.words).replace("オフ", "off").replace("なし", "off"))
    except WrongTime:
        await request.tell(request.say("Write /quiet 22:00-07:00, or /quiet off."))
        return
    await request.change(quiet=hours)
    said = request.say("Quiet hours: {hours}", hours=hours) if hours else request.say("No quiet hours")
    await request.tell(f"{said} ({request.chat.time_zone})")


async def quiet_tap(request: Request, which: str) -> None:
    """A button of the menu of quiet hours."""
    await request.change(quiet=QUIETS[which])
    await request.show(_menu(request).quiet_hours())


async def zone(request: Request) -> None:
    """`/zone` shows the setting and common zones; `/zone Asia/Tokyo` or `/zone 東京` changes it."""
    if not await request.may_change():
        return
    said = request.words.strip()
    if not said:
        await request.show(_menu(request).zones())
        return
    found = zones_of(said)
    if len(found) == 1:
        await keep_zone(request, found[0])
        await request.tell(request.say("The time zone is {zone} now.", zone=found[0]))
    elif found:
        await request.show(_menu(request).zones(found, request.say("Which time zone?")))
    else:
        shown = request.say("No time zone is known by that name. Choose one, or write one such as Asia/Tokyo.")
        await request.show(_menu(request).zones(ZONES, shown))


async def zone_tap(request: Request, name: str) -> None:
    """A button of the menu of zones."""
    if name not in _zones():
        raise ValueError(name)
    await keep_zone(request, name)
    await request.show(_menu(request).zones())


async def keep_zone(request: Request, name: str) -> None:
    """Keep the zone; the next digest comes at the same hour of the new one."""
    due = next_digest(request.chat.digest, name, request.now)
    await request.change(time_zone=name, digest_at=due)


@cache
def _zones() -> frozenset[str]:
    return frozenset(zone for zone in available_timezones() if "/" in zone and not zone.startswith("posix")) | {"UTC"}


def zones_of(said: str) -> list[str]:
    """The time zones that somebody means: an IANA name, a city in Japanese or English, a country, UTC+9."""
    folded = comparable(said).replace(" ", "_")
    exact = {name.lower(): name for name in _zones()}.get(folded)
    if exact:
        return [exact]
    offset = _OFFSET.fullmatch(comparable(said))
    if offset is not None:
        name = f"Etc/GMT{'-' if offset[1] == '+' else '+'}{int(offset[2])}"  # POSIX counts westward
        return [name] if name in _zones() else []
    cities = _cities().get(folded, ())
    if cities:
        return list(cities)
    return _of_place(said)


@cache
def _cities() -> dict[str, tuple[str, ...]]:
    """Zones by their city's name, in English and Japanese."""
    found: dict[str, dict[str, None]] = {}
    for zone in sorted(_zones()):
        if not zone.startswith(("Etc/", "SystemV/")):
            found.setdefault(comparable(zone.rsplit("/", 1)[-1]), {})[zone] = None
    for language in ("ja", "en"):
        for zone, names in Locale(language).time_zones.items():
            if isinstance(zone, str) and "city" in names and zone in _zones():
                found.setdefault(comparable(names["city"]).replace(" ", "_"), {})[zone] = None
    return {city: tuple(zones) for city, zones in found.items()}


def _of_place(said: str) -> list[str]:
    """The zones of the country that a known city, or a country's name, stands for."""
    folded = comparable(said)
    lexicon = default_lexicon()
    codes = [
        place.country
        for place in lexicon.places
        if folded in {comparable(name) for name in (place.name, *place.ja, *place.en)}
    ]
    codes += [
        one.code
        for one in lexicon.countries.values()
        if folded in {comparable(name) for name in (one.code, *one.ja, *one.en)}
    ]
    if not codes:
        return []
    of_zone = get_global("zone_territories")
    usual = [zone for zone in ZONES if of_zone.get(zone) == codes[0]]
    others = [zone for zone in sorted(_zones()) if of_zone.get(zone) == codes[0] and zone not in usual]
    return [*usual, *others][:12]


async def language(request: Request) -> None:
    """`/lang` asks, `/lang ja` answers."""
    if not await request.may_change():
        return
    said = comparable(request.words)
    code = {"ja": "ja", "japanese": "ja", "日本語": "ja", "en": "en", "english": "en", "英語": "en"}.get(said)
    if code is None:
        head = request.say("Which language do you read?")
        await request.show(_menu(request).languages(head, "ll"))
        return
    await keep_language(request, code)
    await request.tell(request.say("I write in English now."))


async def language_tap(request: Request, code: str) -> None:
    """A button of the menu of languages."""
    if code not in LANGUAGE_NAMES:
        raise ValueError(code)
    await keep_language(request, code)
    await request.show(_menu(request).settings())


async def keep_language(request: Request, code: str) -> None:
    """Keep the language; answers here are in it from now on."""
    await request.change(language=code)
    if request.target == request.room:
        request.language = "ja" if code == "ja" else "en"


async def sides_tap(request: Request) -> None:
    """The next way to tell side meetings."""
    await request.change(sides=_next(SIDES, request.chat.sides))
    await request.show(_menu(request).settings())


async def follow_ups_tap(request: Request) -> None:
    """The next way to tell changes."""
    await request.change(follow_ups=_next(FOLLOW_UPS, request.chat.follow_ups))
    await request.show(_menu(request).settings())


def _next(values: tuple[str, ...], value: str) -> str:
    return values[(values.index(value) + 1) % len(values)] if value in values else values[0]


async def show_settings(request: Request) -> None:
    """All settings."""
    await request.show(_menu(request).settings())


async def show_zones(request: Request) -> None:
    """The common zones."""
    await request.show(_menu(request).zones())


async def show_digests(request: Request) -> None:
    """When digests come."""
    await request.show(_menu(request).digests())


async def show_quiet(request: Request) -> None:
    """When no message comes."""
    await request.show(_menu(request).quiet_hours())


async def show_languages(request: Request) -> None:
    """Which language?"""
    await request.show(_menu(request).languages(request.say("Which language do you read?"), "ll"))
