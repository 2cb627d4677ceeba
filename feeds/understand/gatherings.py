"""Rules for more than a pair: 2+2, 国防相会談, "defence ministers of … met", and the recurring forums by name."""

import re
from collections.abc import Iterator

from feeds.understand.by_name import acts_jointly
from feeds.understand.chains import chains_of
from feeds.understand.lexicon import Series
from feeds.understand.people import Side
from feeds.understand.scan import Hit
from feeds.understand.scene import (
    FORUM,
    NAMED_ALONE,
    NOUN,
    PLURAL,
    SERIES,
    SHORT_NAME,
    TOGETHER,
    TWO_PLUS_TWO,
    UNGROUPED,
    WEAK_FORM,
    Scene,
    Signal,
    countries_of,
)

_MEETING_NOUN = re.compile(
    r"級?(?:の?「[^」]{1,12}」の?)?(?:電話|テレビ|オンライン|ビデオ)?(?:会談|会合|会議|協議|理事会|評議会)"
)
_LOOSE_COMPOUND = re.compile(r"[日米豪英仏独伊加韓中露印比尼越]{2,7}(?=の|、|が|・|\d|両|共)")
#: 2+2年, 2+2=4: a contract's length and arithmetic.
_NO_FORM = re.compile(r"2\s?\+\s?2(?:年|=|\d)|2プラス2(?:年)")
_NAMES_A_MEETING = re.compile(
    r"会議|会合|会談|協議|国防|防衛|"
    r"meeting|dialogue|minister|chiefs|secretaries|consultation|council|contact group|retreat|"
    r"tdmm|fdmm|\bscm\b|米韓scm|韓米scm|ausmin|aukmin|anzmin"
)
#: "Defence ministers Ann Example and Bo Example": the names say that they are of two countries.
_TWO_NAMES = re.compile(r",?\s(?:[A-Z][\w'.-]+\s){1,4}and\s[A-Z][\w'.-]+\s[A-Z]")
#: Verbs in the plural, of ministers who act in one sentence with one will.
_ACT_AS_ONE = re.compile(
    r"\s(?:jointly |again |also |to )?(?:seek|back|slam|eye|boost|deepen|strengthen|step up|expand|share|weigh|stress|"
    r"hail|underscore|highlight|decry|denounce|express|voice|call for|urge|consider|plan|push|set|map|chart|"
    r"finali[sz]e|approve|adopt)\s"
)
_THEIRS = re.compile(
    r"\b(?:their|the two (?:countries|nations)|the two (?:country|nation)'s)\s$|\b(?:countries|nations)'\s$"
)
_SAY_AS_ONE = re.compile(r"\s(?:said|say|announced|announce|declared|told)\b|$")
#: "Talks must continue, defence chiefs say": they give their view.
_WITH_STATES = re.compile(r"\d{1,2}(?:か|カ|ヶ|ケ|ヵ)国と(?:も|は)?(?:個別に?|相次いで|それぞれ|相次ぎ|初の?)?会[談合]")
_ONLY_SPEAK = re.compile(r"\s(?:say|said|warn|warned|fear|feared|admit|admitted|claim|believe)\b")
_JAPANESE = re.compile(r"[ぁ-んァ-ヺ]")
_OTHER_PORTFOLIO = re.compile(
    r"\b(?:interior|home|home affairs|finance|treasury|justice|economy|trade|energy|health|transport|industry|"
    r"education|agriculture|environment|intelligence|police)(?:,(?:\s\w+,?\s(?:and|&))?|\s(?:and|&))\s$"
)
_OF = re.compile(r"\s(?:of|from)\s(?:the\s)?")
_PLACE_BEFORE = re.compile(r"\b(?:in|at|near|from|to|the)\s$")
_STATE_AFTER = re.compile(r"\s?(?:,|and\b|-|&|hold|will|to\b|agree|sign|launch|start|plan|set)|・|と|が|、")
_NUMBERED = re.compile(r"(?:\b\d{1,3}(?:st|nd|rd|th)\s|第\d{1,3}回[「『]?)$")
_ORGANISATIONS = {"NATO", "EU", "ASEAN"}


def two_plus_two(scene: Scene) -> Iterator[Signal]:
    """Foreign and defence ministers of two countries."""
    yield from _foreign_too(scene)
    forms = [hit for hit in scene.two_plus_two if not _NO_FORM.match(scene.text[hit.start : hit.end + 2])]
    if not forms or scene.find("level.working") or scene.has_rank("vice_minister"):
        return
    if scene.has_rank("head") and not any(side.how == "office" for side in scene.ministers):
        return
    countries = scene.countries()
    if countries & _ORGANISATIONS and len(countries - _ORGANISATIONS) < 2:
        return  # the EU's foreign and defence ministers sit in one council
    if len(countries) < 2 and not countries & _ORGANISATIONS:
        countries |= _capitals(scene)  # "Seoul, Ottawa hold 2+2"
    if len(countries) >= 2 or any(side.how == "compound" for side in scene.ministers):
        yield Signal(rule="two_plus_two", weight=TWO_PLUS_TWO, start=forms[0].start, end=forms[0].end)
    elif countries and scene.shown:
        # 豪側と2プラス2: a Japanese headline that names one other state leaves Japan out.
        japanese = _JAPANESE.search(scene.text, scene.start, scene.end)
        with_japan = japanese and not countries & {"JP", *_ORGANISATIONS}
        weight = TWO_PLUS_TWO if with_japan else 0.62
        yield Signal(rule="two_plus_two", weight=weight, start=forms[0].start, end=forms[0].end)


def _capitals(scene: Scene) -> set[str]:
    """Countries that a city stands for, rather than being the place."""
    return {
        hit.value.country
        for hit in scene.find("place")
        if not hit.value.venue
        and not _PLACE_BEFORE.search(scene.text, max(scene.start, hit.start - 12), hit.start)
        and _STATE_AFTER.match(scene.text, hit.end)
    }


def _foreign_too(scene: Scene) -> Iterator[Signal]:
    """Both ministers of one country and "their counterparts": a 2+2 that is not called so."""
    others = [side for side in scene.ministers if side.how == "counterpart" and side.plural]
    own = countries_of([side for side in scene.ministers if side.how == "office"])
    foreign = countries_of([side for side in scene.sides if side.rank == "foreign"])
    if others and own & foreign and scene.strong:
        yield Signal(rule="two_plus_two", weight=TWO_PLUS_TWO, start=others[0].start, end=others[0].end)


def ministerial_nouns(scene: Scene) -> Iterator[Signal]:
    """国防相会談: the office and the talk in one word, with at least one country beside it."""
    for side in scene.ministers:
        if side.how == "office" and _MEETING_NOUN.match(scene.text, side.end, scene.end):
            loose = _LOOSE_COMPOUND.search(scene.text, scene.start, scene.end)
            whose = loose or len(scene.countries()) >= 2 or scene.find("group.regions")
            weight = NOUN if whose else 0.6
            yield Signal(rule="ministerial_noun", weight=weight, start=side.start, end=side.end)
            return


def plurals(scene: Scene) -> Iterator[Signal]:
    """Several ministers in one word. Sure only where the sentence says whose ministers they are."""
    countries = scene.countries()
    several = [
        side
        for side in scene.ministers
        if side.plural and side.how == "office" and (len(countries) >= 2 or not _of_one_cabinet(scene, side))
    ]
    if not several or not scene.shown:
        return
    grouped = (
        len(countries) >= 2
        or countries & _ORGANISATIONS
        or (scene.find("group.states", "group.regions") and not _of_leaders(scene))
        or any(_TWO_NAMES.match(scene.cased, side.end, scene.end) for side in several)
    )
    if not grouped:
        others = _of_leaders(scene) or scene.has_rank("foreign", "military", "other")
        speak = any(_ONLY_SPEAK.match(scene.text, side.end, scene.end) for side in several)
        alone = scene.strong and not others and not speak and not _are_his_own(scene, several[0])
        yield Signal(rule="plural", weight=UNGROUPED if alone else 0.6, start=several[0].start, end=several[0].end)
        return
    weight = PLURAL if scene.strong or scene.attend else PLURAL - WEAK_FORM
    yield Signal(rule="plural", weight=weight, start=several[0].start, end=several[0].end)


def _of_one_cabinet(scene: Scene, side: Side) -> bool:
    """ "Interior and defence ministers": colleagues at home, unless two countries are named."""
    return _OTHER_PORTFOLIO.search(scene.text, max(scene.start, side.start - 40), side.start) is not None


def _of_leaders(scene: Scene) -> bool:
    return scene.has_rank("head") or bool(scene.find("level.heads"))


def several_hosts(scene: Scene) -> Iterator[Signal]:
    """木原防衛相、シンガポールで6カ国と会談: a minister and a number of states."""
    ministers = [side for side in scene.ministers if side.countries and not side.plural]
    with_states = _WITH_STATES.search(scene.text, scene.start, scene.end) if ministers else None
    if with_states:
        yield Signal(rule="several_hosts", weight=FORUM, start=ministers[0].start, end=with_states.end())


def together(scene: Scene) -> Iterator[Signal]:
    """ "Japan, US defense chiefs seek …": ministers of two countries who act as one have spoken with each other."""
    for side in (one for one in scene.ministers if one.how == "office"):
        theirs = side.plural and _THEIRS.search(scene.text, max(scene.start, side.start - 24), side.start)
        if len(side.countries) < 2 and not (theirs and len(scene.countries()) >= 2):
            continue
        acts = _ACT_AS_ONE if not theirs else _SAY_AS_ONE
        end = _behind_countries(scene, side.end)
        if acts.match(scene.text, end, scene.end) or acts_jointly(scene, end):
            yield Signal(rule="together", weight=TOGETHER, start=side.start, end=side.end)
            return


def _behind_countries(scene: Scene, end: int) -> int:
    """Where "of Greece and Turkey" behind an office ends."""
    of = _OF.match(scene.text, end, scene.end)
    if of is None:
        return end
    named = scene.hits.of("country", start=of.end(), end=scene.end)
    chain = next(chains_of(named, scene.text), None)
    return chain.end if chain and chain.start == of.end() else end


def _are_his_own(scene: Scene, chiefs: Side) -> bool:
    """ "The minister meets defence chiefs": nobody's by name, they are the generals of the one who meets them."""
    before = [side for side in scene.sides if side.rank == "minister" and side.end <= chiefs.start]
    return bool(before) and scene.text[chiefs.start : chiefs.end].endswith("chiefs")


def series(scene: Scene) -> Iterator[Signal]:
    """Recurring meetings by name. A forum counts only with a minister who attends, and not for a speech there."""
    for hit in scene.find("series", "series_weak"):
        found: Series = hit.value
        if scene.near(hit, 25, "level.working"):
            continue
        if not found.forum and hit.group == "series":
            yield Signal(rule="series", weight=_by_name(scene, hit), start=hit.start, end=hit.end)
        elif scene.ministers and any(_outside(word, hit) for word in (*scene.attend, *scene.strong)):
            weight = 0.5 if scene.find("form.speech") else FORUM
            yield Signal(rule="forum", weight=weight, start=hit.start, end=hit.end)


def _outside(word: Hit, name: Hit) -> bool:
    """The dialogue in "Shangri-La Dialogue" is no word of talking."""
    return word.end <= name.start or word.start >= name.end


def _by_name(scene: Scene, hit: Hit) -> float:
    # A short name such as ADMM-Plus also stands for exercises and expert groups of the same framework.
    numbered = _NUMBERED.search(scene.text, max(scene.start, hit.start - 12), hit.start)
    if numbered and scene.shown:
        return SERIES  # "18th ADMM concludes": what is counted is the meeting
    people = scene.text[hit.start : hit.end].endswith("ministers")
    if people and not scene.shown and not _ACT_AS_ONE.match(scene.text, hit.end, scene.end):
        return SHORT_NAME  # "EU defence ministers' agenda leaked"
    if not _NAMES_A_MEETING.search(scene.text, hit.start, hit.end) and not scene.ministers:
        return 0.75 if scene.near(hit, 40, "meeting.strong") else SHORT_NAME
    return SERIES if scene.shown else NAMED_ALONE
