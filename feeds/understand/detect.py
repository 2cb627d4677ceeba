"""How strongly one sentence says that defence ministers meet: who, and with which words.

Each rule needs an office, a forum or a 2+2 word: names alone suffice only where a sentence says no more than that two
ministers meet. A sentence that looks back, captions a picture or tells of a refusal is no evidence (see `meetings`).
The weights (`scene`) are chosen so that one clear rule passes the threshold of `meetings` and a vague one stays below
it. Words come from the lexicon; code holds structure.
"""

import re
from collections.abc import Iterator

from feeds.understand.against import at_the_table
from feeds.understand.by_name import meet_by_name
from feeds.understand.folding import Folded
from feeds.understand.gatherings import ministerial_nouns, plurals, series, several_hosts, together, two_plus_two
from feeds.understand.people import Reader, Side
from feeds.understand.scan import OPENERS, Hit, Hits
from feeds.understand.scene import (
    COMPOUND,
    COUNTERPART,
    NAMES_AGREE,
    NAMES_ONLY,
    NOBODYS,
    ONE_SIDE,
    ORGANISATION,
    READOUT,
    TWO_SIDES,
    VICE,
    WEAK_FORM,
    Reading,
    Scene,
    Signal,
    calls_to,
    countries_of,
)

_REACH = 42  # characters in which a word of form follows 日米防衛相
HEADLINE = 600  # how much of a text is asked whether "defense chiefs" are generals
#: What names somebody without making a rule speak: "his Finnish counterpart", NATO's Secretary General.
_NAMES_SIDES = ("office", "meeting.counterpart")
_CHIEFS = re.compile(r"(?:defen[cs]e|military) chiefs?")
_OF_THE_HOST = re.compile(r"\b(?:country|nation|host|kingdom|republic|island)(?:'s)?\s$")
#: How ministries name their own meetings: the host is whoever publishes it.
_OF_A_MINISTRY = ("readout of", "introductory visit by", "introductory call by", "farewell call by")
#: "calls on his counterpart to …" asks for something; without the "to" it is a visit.
_ASKS = re.compile(r"\sto\s[a-z]")


def read_sentence(reader: Reader, hits: Hits, folded: Folded, start: int, end: int) -> Reading:
    """Sides and signals of a folded text between two offsets."""
    if not hits.any(*OPENERS, *_NAMES_SIDES, start=start, end=end):
        return Reading(start=start, end=end, sides=(), signals=())
    sides = at_the_table(tuple(reader.sides(start, end)), hits, start, end)
    scene = _scene(sides, hits, folded, start, end)
    signals = [
        *_pairs(scene),
        *_counterparts(scene),
        *two_plus_two(scene),
        *ministerial_nouns(scene),
        *plurals(scene),
        *together(scene),
        *several_hosts(scene),
        *series(scene),
        *_organisations(scene),
        *_vice_ministers(scene),
        *_names(scene),
        *_one_side(scene),
    ]
    return Reading(start=start, end=end, sides=scene.sides, signals=tuple(signals))


def _scene(sides: tuple[Side, ...], hits: Hits, folded: Folded, start: int, end: int) -> Scene:
    text = folded.text
    strong = hits.of("meeting.strong", "meeting.call", "meeting.video", start=start, end=end)
    calls = hits.of("form.courtesy", start=start, end=end)
    strong += [hit for hit in calls if not _ASKS.search(text, hit.end, end)]
    strong += [Hit(*called.span(), "meeting.call", called.group()) for called in calls_to(sides, text, start)]
    return Scene(
        text=text, cased=folded.cased, hits=hits, start=start, end=end, sides=sides,
        ministers=[side for side in sides if side.rank == "minister" and not _is_military_chief(side, hits, text)],
        strong=strong,
        weak=hits.of("meeting.weak", start=start, end=end),
        attend=hits.of("meeting.attend", start=start, end=end),
        two_plus_two=hits.of("meeting.two_plus_two", start=start, end=end),
    )  # fmt: skip


def _is_military_chief(side: Side, hits: Hits, text: str) -> bool:
    """Agencies call ministers "defense chiefs"; beside a chairman or general staff the words mean the military."""
    if not side.office or not _CHIEFS.match(text[side.start : side.end]):
        return False
    return hits.any("level.military", end=HEADLINE)


def _pairs(scene: Scene) -> Iterator[Signal]:
    offices = [side for side in scene.ministers if side.how == "office"]
    below = not offices and (scene.has_rank("official", "military") or scene.find("level.working"))
    for side in scene.ministers:
        if side.how == "compound" and not below and _talks_follow(scene, side):
            yield Signal(rule="compound", weight=COMPOUND, start=side.start, end=side.end)
    distinct = countries_of(offices)
    anonymous = sum(
        1 for side in offices if not side.countries and not side.plural and not _is_again(scene, side, offices)
    )
    if len(distinct) + min(anonymous, 1) < 2 or not distinct:
        return
    if scene.strong or scene.weak:
        weight = TWO_SIDES if scene.strong else TWO_SIDES - WEAK_FORM
        yield Signal(rule="two_sides", weight=weight, start=offices[0].start, end=offices[-1].end)


def _is_again(scene: Scene, side: Side, offices: list[Side]) -> bool:
    """Whether an office without country and name was named before: "Defence secretary says … the new UK defence
    secretary". "The country's defence minister" is the host's. In Japanese 国防相 alone is a host's, too."""
    title = (side.office or "").lower()
    if side.name or not title.isascii() or _OF_THE_HOST.search(scene.text, scene.start, side.start):
        return False
    return any(one.countries and (one.office or "").lower().endswith(title) for one in offices)


def _talks_follow(scene: Scene, side: Side) -> bool:
    reach = min(scene.end, side.end + _REACH)
    return scene.hits.any(
        "meeting.strong", "meeting.weak", "meeting.call", "meeting.video", start=side.end, end=reach
    )  # fmt: skip


def _counterparts(scene: Scene) -> Iterator[Signal]:
    others = [side for side in scene.ministers if side.how == "counterpart"]
    own = [side for side in scene.sides if side.rank == "minister" and side.how in {"office", "person"}]
    if not others or not own:
        return
    office_known = any(side.how == "office" for side in own) or any(side.countries for side in others)
    if office_known and scene.shown:
        if not countries_of([*own, *others]):
            yield Signal(rule="counterpart", weight=NOBODYS, start=others[0].start, end=others[0].end)
            return
        colleagues = all(scene.text.startswith("colleague", side.start) for side in others)
        weak = NOBODYS if colleagues else COUNTERPART - WEAK_FORM  # colleagues also travel, pose and speak together
        weight = COUNTERPART if scene.strong else weak
        yield Signal(rule="counterpart", weight=weight, start=others[0].start, end=others[0].end)


def _organisations(scene: Scene) -> Iterator[Signal]:
    heads = [side for side in scene.sides if side.rank == "organisation" and side.how == "office"]
    if heads and any(side.how == "office" for side in scene.ministers) and scene.strong:
        yield Signal(rule="organisation", weight=ORGANISATION, start=heads[0].start, end=heads[0].end)


def _vice_ministers(scene: Scene) -> Iterator[Signal]:
    deputies = [side for side in scene.sides if side.rank == "vice_minister"]
    if not deputies or not (scene.strong or scene.attend):
        return
    countries = countries_of([side for side in scene.sides if side.rank in {"vice_minister", "minister"}])
    countries |= {hit.value for hit in scene.find("country")}
    others = [side for side in scene.ministers if side.how == "counterpart"]
    counterpart = others and countries_of([*deputies, *others])  # "Deputy minister receives Malaysian counterpart"
    among_themselves = bool((counterpart or len(countries_of(deputies)) >= 2) and scene.strong)
    weight = VICE if among_themselves or scene.find("level.deputies_dialogue") else VICE - 0.1
    yield Signal(
        rule="vice_ministers", weight=weight if counterpart or len(countries) >= 2 else 0.4,
        start=deputies[0].start, end=deputies[0].end, level="vice_minister",
    )  # fmt: skip


def _one_side(scene: Scene) -> Iterator[Signal]:
    """One minister and a word of talking: for admins to look at, unless it is a ministry's readout."""
    offices = [side for side in scene.ministers if side.how == "office" and side.countries]
    talks = [hit for hit in scene.strong if "表敬" not in hit.value]  # athletes pay courtesy calls too
    others = {side.rank for side in scene.sides} - {"minister"}
    if len(countries_of(offices)) != 1 or others or not talks:
        return
    weight = READOUT if scene.text.startswith(_OF_A_MINISTRY, scene.start) else ONE_SIDE
    yield Signal(rule="one_side", weight=weight, start=offices[0].start, end=offices[0].end)


def _names(scene: Scene) -> Iterator[Signal]:
    named = [side for side in scene.sides if side.how == "person" and side.rank == "minister"]
    offices = [side for side in scene.ministers if side.how == "office"]
    countries = countries_of([*named, *offices])
    # Japan's minister is never called 国防相: the office that stands alone is a host's.
    foreign = "JP" in countries and any(
        not side.countries and scene.text.startswith("国防", side.start) for side in offices
    )
    if not named or len(countries) + foreign < 2:
        return
    first, last = named[0].start, named[0].end
    told = bool(scene.strong or scene.weak)
    if offices and told:
        weight = COUNTERPART if scene.strong else COUNTERPART - WEAK_FORM
        yield Signal(rule="office_and_name", weight=weight, start=first, end=last)
    elif not offices:
        alone = meet_by_name(scene, named)
        if alone or told:
            yield Signal(rule="names_only", weight=NAMES_ONLY if alone else NAMES_AGREE, start=first, end=last)
