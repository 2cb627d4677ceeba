"""Which reports tell of one meeting, and how their facts become one record. Facts only, never likeness of words.

`same_meeting` compares two records: vetoes first (another edition, other sides, another day, another form or level),
then what binds them (series and edition, or the same sides about the same day). `merge` folds a report into a record:
gaps are filled, better sources correct, and a meeting that was held is never announced again. Both are pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from storage.model import Format, Kind, Level, MeetingFacts, Phase, Principal, Trust

#: Local days differ between the place, the newsroom and the reader.
DAY_TOLERANCE = timedelta(days=1)
#: A report without a day belongs to a meeting up to this long before its publication …
REPORT_LAG = timedelta(days=6)
#: … up to this long where it brings a document (the 57th SCM met on 4 November 2025, its communiqué came on the 14th) …
OUTCOME_LAG = timedelta(days=14)
#: … or this long after it, where it announces one.
ANNOUNCEMENT_LEAD = timedelta(days=21)
#: Two reports that both name no day are about one meeting when published within this.
UNDATED_WINDOW = timedelta(days=4)
#: A yearly forum meets once within this; two reports of it without an edition are the same one.
SERIES_WINDOW = timedelta(days=10)

_SMALL = {Kind.BILATERAL, Kind.TRILATERAL, Kind.TWO_PLUS_TWO}
_TRUST = {Trust.LOW: 0, Trust.AGGREGATOR: 1, Trust.PRESS: 2, Trust.OFFICIAL: 3}


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """Whether two reports tell of one meeting, why, and how surely (0 to 1, to choose among several matches)."""

    same: bool
    reason: str
    strength: float = 0.0


def same_meeting(a: MeetingFacts, a_reported: datetime, b: MeetingFacts, b_reported: datetime) -> Match:
    """Whether `a` and `b`, reported at those moments (aware), are one meeting. Symmetric."""
    veto = _veto(a, a_reported, b, b_reported)
    if veto:
        return Match(same=False, reason=veto)
    return _bond(a, b)


def calls_off(known: MeetingFacts, notice: MeetingFacts) -> bool:
    """Whether a notice, which is no report of a meeting, says of this very announced meeting that it is cancelled or
    postponed: the same series and edition, or the same sides on the same day. Less than that could be another one's."""
    if known.phase is not Phase.ANNOUNCED or notice.phase not in (Phase.CANCELLED, Phase.POSTPONED):
        return False
    if known.level is not notice.level:
        return False
    numbered = known.series is not None and known.edition is not None
    same_edition = numbered and (known.series, known.edition) == (notice.series, notice.edition)
    same_sides = len(known.countries) >= 2 and known.countries == notice.countries
    same_day = known.starts_on is not None and known.starts_on == notice.starts_on
    return same_edition or (same_sides and same_day)


def _veto(a: MeetingFacts, a_reported: datetime, b: MeetingFacts, b_reported: datetime) -> str | None:
    """The first fact that both state and that differs."""
    checks = (
        ("another level", a.level is not b.level),
        ("another form", _other_form(a, b) and not _same_day(a, a_reported, b, b_reported)),
        ("another series", _differ(a.series, b.series)),
        ("another edition", _differ(a.edition, b.edition)),
        ("another kind", _other_kind(a, b) and not _hosted(a, b)),
        ("other countries", _other_sides(a, b) and not _around_conference(a, b)),
        ("another place", _differ(a.city, b.city)),
    )
    contradiction = next((reason for reason, found in checks if found), None)
    return contradiction or _other_time(a, a_reported, b, b_reported)


def _differ(one: str | int | None, other: str | int | None) -> bool:
    return bool(one) and bool(other) and one != other


def _other_form(a: MeetingFacts, b: MeetingFacts) -> bool:
    """Face to face or at a distance. Telephone and video are one form: newsrooms use the words for the same call."""
    return (a.format is Format.IN_PERSON) is not (b.format is Format.IN_PERSON)


def _same_day(a: MeetingFacts, a_reported: datetime, b: MeetingFacts, b_reported: datetime) -> bool:
    """The same sides do not both telephone and meet on one day: the poorer report just leaves the form out."""
    first, second = a.starts_on or a_reported.date(), b.starts_on or b_reported.date()
    return a.countries == b.countries and abs(first - second) <= DAY_TOLERANCE


def _other_kind(a: MeetingFacts, b: MeetingFacts) -> bool:
    if a.kind is b.kind or (a.series and a.series == b.series):
        return False
    if Kind.TWO_PLUS_TWO in {a.kind, b.kind}:
        return True
    # Three sides and more are told apart by who they are; two sides never turn into many.
    return Kind.BILATERAL in {a.kind, b.kind} and min(len(a.countries), len(b.countries)) >= 2


def _hosted(a: MeetingFacts, b: MeetingFacts) -> bool:
    """Two who meet in a third capital, and the fuller report has its host at the table: "Two to meet in Oslo"."""
    small, large = sorted((a, b), key=lambda one: len(one.countries))
    if small.kind is not Kind.BILATERAL or small.city is None or small.city != large.city:
        return False
    if Kind.TWO_PLUS_TWO in {a.kind, b.kind} or any(one.series or one.parent for one in (a, b)):
        return False  # at a conference everybody meets everybody
    host = small.country not in small.countries and small.country in large.countries
    return host and set(small.countries) < set(large.countries)


def _around_conference(a: MeetingFacts, b: MeetingFacts) -> bool:
    """A conference, and a report of all that one minister did there: several talks, none of them the item's own."""
    if not a.kind is b.kind is Kind.MULTILATERAL:
        return False
    held, beside = (a.series, b.parent) if a.series and not b.series else (b.series, a.parent)
    return held is not None and held == beside and not (a.series and b.series)


def _other_sides(a: MeetingFacts, b: MeetingFacts) -> bool:
    if not a.countries or not b.countries or (a.series and a.series == b.series and a.kind not in _SMALL):
        return False
    one, other = set(a.countries), set(b.countries)
    if a.kind in _SMALL and b.kind in _SMALL and min(len(one), len(other)) >= 2:
        return one != other and not _minister_of_third(a, b)
    return not (one <= other or other <= one)


def _minister_of_third(a: MeetingFacts, b: MeetingFacts) -> bool:
    """Trilateral reports often name two of three; bilateral ones never share two sides with another meeting."""
    small, large = sorted((set(a.countries), set(b.countries)), key=len)
    return a.kind is b.kind is Kind.TRILATERAL and small < large


def _other_time(a: MeetingFacts, a_reported: datetime, b: MeetingFacts, b_reported: datetime) -> str | None:
    if a.series and a.series == b.series and a.edition and a.edition == b.edition:
        return None  # announced long before, put off, or told of in a document: the number says which meeting it is
    first, second = _days(a), _days(b)
    if first and second:
        # A conference that meets at most every few months is one meeting, whichever of its days a report names.
        numbered = a.edition or b.edition or a.kind not in {Kind.BILATERAL, Kind.TRILATERAL}
        conference = a.series and a.series == b.series and numbered
        tolerance = SERIES_WINDOW if conference else DAY_TOLERANCE
        apart = first[0] > second[1] + tolerance or second[0] > first[1] + tolerance
        return "another day" if apart else None
    if first or second:
        days, undated, reported = (first, b, b_reported) if first else (second, a, a_reported)
        return _undated(days, undated, reported) if days else None
    window = SERIES_WINDOW if a.series and a.series == b.series else UNDATED_WINDOW
    if Phase.ANNOUNCED in {a.phase, b.phase} and a.phase is not b.phase:
        window = ANNOUNCEMENT_LEAD
    return "reported at another time" if abs(a_reported - b_reported) > window else None


def _days(facts: MeetingFacts) -> tuple[date, date] | None:
    return (facts.starts_on, facts.ends_on or facts.starts_on) if facts.starts_on else None


def _undated(days: tuple[date, date], facts: MeetingFacts, reported: datetime) -> str | None:
    """A report that names no day, against a meeting that has one."""
    day = reported.date()
    earliest = days[0] - (ANNOUNCEMENT_LEAD if facts.phase is not Phase.HELD else DAY_TOLERANCE)
    lag = OUTCOME_LAG if facts.outcomes and facts.phase is Phase.HELD else REPORT_LAG
    return None if earliest <= day <= days[1] + lag else "reported at another time"


def _bond(a: MeetingFacts, b: MeetingFacts) -> Match:
    if a.series and a.series == b.series:
        strength = 1.0 if a.edition and a.edition == b.edition else 0.9
        return Match(same=True, reason=f"the same series {a.series}", strength=strength)
    if _around_conference(a, b):
        return Match(same=True, reason="the conference, and what was done at it", strength=0.45)
    shared = set(a.countries) & set(b.countries)
    day = bool(a.starts_on and b.starts_on)
    if len(shared) >= 2:
        return Match(same=True, reason="the same sides at the same time", strength=0.9 if day else 0.8)
    if len(shared) == 1 and _one_is_partial(a, b) and (day or a.city == b.city):
        return Match(same=True, reason="one side in common, the same day", strength=0.5 if day else 0.4)
    place = a.city is not None and a.city == b.city
    if a.kind is b.kind and place and (day or a.kind is Kind.MULTILATERAL) and _one_is_partial(a, b):
        return Match(same=True, reason="the same kind, time and place", strength=0.35)
    return Match(same=False, reason="nothing in common")


def _one_is_partial(a: MeetingFacts, b: MeetingFacts) -> bool:
    """One of the reports does not name who met whom, so it cannot contradict the other."""
    if a.series or b.series:
        return a.kind is b.kind and not (a.series and b.series)
    return min(len(a.countries), len(b.countries)) < 2


def merge(old: MeetingFacts, old_trust: Trust, new: MeetingFacts, new_trust: Trust) -> MeetingFacts:
    """The record after a further report of the same meeting.

    A source of low trust changes nothing. Otherwise gaps are filled, a better (or equal) source corrects what differs
    only if it is better, and the phase moves forward alone. Merging the same report again gives an equal record.
    """
    if new_trust is Trust.LOW:
        return old
    better = _TRUST[new_trust] > _TRUST[old_trust]
    first, second = (new, old) if better else (old, new)
    starts_on, ends_on = _merged_days(first, second, old, new)
    return replace(
        first,
        level=first.level,
        kind=_merged_kind(first, second),
        format=first.format if first.format is not Format.IN_PERSON else second.format,
        phase=_merged_phase(old.phase, new.phase),
        countries=_merged_countries(first, second),
        principals=_merged_principals(first.principals, second.principals),
        series=first.series or second.series,
        edition=first.edition or second.edition,
        name_ja=first.name_ja or second.name_ja,
        name_en=first.name_en or second.name_en,
        starts_on=starts_on,
        ends_on=ends_on,
        city=first.city or second.city,
        country=first.country if first.city or not second.city else second.country,
        venue=first.venue or (second.venue if first.city in {None, second.city} else None),
        parent=first.parent or second.parent,
        outcomes=_merged_outcomes(first.outcomes, second.outcomes),
        topics=tuple(dict.fromkeys((*first.topics, *second.topics))),
        confidence=max(old.confidence, new.confidence),
    )


def best_trust(one: Trust, other: Trust) -> Trust:
    """The better of two."""
    return max(one, other, key=_TRUST.__getitem__)


def _merged_countries(first: MeetingFacts, second: MeetingFacts) -> tuple[str, ...]:
    """All sides that are named. Where that is more than the kind has, reports disagree, and the better one counts."""
    every = tuple(sorted({*first.countries, *second.countries}))
    most = {Kind.BILATERAL: 2, Kind.TRILATERAL: 3}.get(first.kind)
    return first.countries if most is not None and len(every) > most >= len(first.countries) >= 2 else every


def _merged_days(
    first: MeetingFacts, second: MeetingFacts, old: MeetingFacts, new: MeetingFacts
) -> tuple[date | None, date | None]:
    """A postponed or announced day gives way to the day it was really held."""
    if old.phase is not Phase.HELD and new.phase is Phase.HELD and new.starts_on:
        return new.starts_on, new.ends_on
    chosen = first if first.starts_on else second
    return chosen.starts_on, chosen.ends_on


def _merged_kind(first: MeetingFacts, second: MeetingFacts) -> Kind:
    if first.series or not second.series:
        return first.kind
    return second.kind


def _merged_phase(old: Phase, new: Phase) -> Phase:
    """Announced → held, or → cancelled or postponed; what was held stays held. A new date revives a postponed one."""
    if old is Phase.HELD or new is Phase.ANNOUNCED:
        return old
    return new


def _merged_principals(first: Iterable[Principal], second: Iterable[Principal]) -> tuple[Principal, ...]:
    kept: list[Principal] = list(first)
    for principal in second:
        twin = next((one for one in kept if _same_principal(one, principal)), None)
        if twin is None:
            kept.append(principal)
        else:
            kept[kept.index(twin)] = _completed(twin, principal)
    return tuple(sorted(kept, key=lambda one: (one.country, one.name or "", one.name_ja or "", one.office or "")))


def _same_principal(a: Principal, b: Principal) -> bool:
    if a.country != b.country or a.level is not b.level:
        return False
    for one, other in ((a.name, b.name), (a.name_ja, b.name_ja)):
        if one and other:
            return one == other or _part_of(one, other)
    return True


def _part_of(one: str, other: str) -> bool:
    """One newsroom writes the surname, another the whole name."""
    short, long = sorted((one.lower(), other.lower()), key=len)
    return short in long


def _completed(kept: Principal, other: Principal) -> Principal:
    return replace(
        kept,
        name=kept.name or other.name,
        name_ja=kept.name_ja or other.name_ja,
        office=kept.office or other.office,
        substitute=kept.substitute or (kept.level is not Level.MINISTER and other.substitute),
    )


def _merged_outcomes(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    """Documents of both, without a bare kind (共同声明) that a fuller title already holds."""
    joined = tuple(dict.fromkeys((*first, *second)))
    return tuple(one for one in joined if not any(one != other and one in other for other in joined))
