"""What speaks against a sentence or a title: captions, looking back, refusals, and look-alikes of the lexicon."""

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache

from feeds.observed import Reason
from feeds.understand.dating import only_a_date
from feeds.understand.folding import Folded
from feeds.understand.lexicon import Lexicon, LookAlike
from feeds.understand.people import Side
from feeds.understand.scan import Hit, Hits
from feeds.understand.scene import Reading
from storage.model import Phase

#: Characters between a word of refusal and the talk that it refuses, in Latin and in Japanese script.
_REACH_LATIN, _REACH_JA = 64, 34
#: A request counts only directly before what it asks for: "asks for urgent talks".
_REACH_REQUEST = 34
_LEADS = 12  # characters before the subject of a main clause: "both", "visiting"
_TALKS = ("meeting.strong", "meeting.call", "meeting.video", "meeting.two_plus_two", "phase.object")
_REFUSALS = (
    ("phase.postponed", Phase.POSTPONED),
    ("phase.cancelled", Phase.CANCELLED),
    ("phase.refused", Phase.CANCELLED),
    ("phase.requested", Phase.CANCELLED),
)
#: Verbs whose object is a person: "snubs Austin" refuses to see him, without a word of talking.
_SNUBS = re.compile(r"snub|shun|rebuff|spurn")
_PERSONS = ("person", "surname", "office", "meeting.counterpart")
#: "was rejected" refuses what stands before it, "rejects" what follows.
_PASSIVE = re.compile(r"\b(?:was|were|been|is|are|gets?|got|goes|went|being|be)\s(?:\w+\s)?$")
#: Between a refusal and a talk: what is refused is something else, and the talk is where.
_OTHER_OBJECT = re.compile(r"[,;:]|\b(?:at|in|during|when|as|after|while|on the)\b")
#: "… talks called off", "… postponed after": the word that ends what is told.
_LAST_WORD = re.compile(
    r"\W*(?:$|(?:after|over|amid|due|as|because|until|following|again|indefinitely|in)\b|"
    r",\s(?:sources|officials|reports?|media)\b)"
)
#: Between the name of a conference and the word that ends it: when and where it was to be, and nothing else that could
#: be postponed instead of it.
_WAS_TO_BE = re.compile(
    r"[\s)\"'\u201d\u2019]*(?:(?:meeting|talks|gathering|conference)\b\s?)?"
    r"(?:,?\s?(?:originally |initially )?(?:(?:planned|scheduled|due|set|slated)\b|(?=in\s))"
    r"(?:(?!,|\b(?:as|and|but|though|while|when|after|because)\b)[^;:]){0,80}?)?,?\s?"
    r"(?:(?:has|have|had|was|were|is|are|will|to|been|be|being|now|again|indefinitely)\s)*"
)
_TOOK_PLACE = ("で", "にて", "では", "し、", "し ", "した", "後", "の席", "を終え", "に先立", "を前に")
#: What is refused stands directly before the verb.
_OBJECT_JA = re.compile(r"(?P<what>[^、。\s]{1,16})を(?:事実上|改めて|再び)?$")
_ABOUT_TALKS = re.compile(
    r"会談|会合|会議|協議|面会|懇談|対話|2\+2|2プラス2|電話|通話|要請|打診|提案|申し|呼び掛け|呼びかけ|招待|出席|参加|"
    r"訪[日米韓中豪英]|訪問|来日|開催|実施|応じ"
)
_CLAUSE_END = re.compile(r",\s|、")
#: A year that a sentence of the text dates itself by: "met in 2023", 2023年の会談.
_PAST_YEAR = re.compile(
    r"\b(?:in|of|during)\s(?:[a-z]+\s)?(?P<en>20\d\d)\b|(?<!\d)(?P<ja>20\d\d)年(?:\d{1,2}月)?(?:の|に)"
)
#: 10月の国防相会合: a talk that only its month dates.
_OTHER_MONTH = re.compile(r"(?<!\d)(?P<month>\d{1,2})月の[^。、]{0,12}(?:会談|会合|会議|協議)")
#: "the first since relations cooled in 2021" dates something else.
_SINCE = re.compile(r"\bsince\b|ぶり|以来|\bfirst\b")
_NAMES_A_DAY = re.compile(
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\btoday\b|\d日|\b\d{1,2} [a-z]{3}|[a-z]{3}\.? \d{1,2}\b"
)
#: In a text: the talk stands in a clause that says who somebody is, or what else goes on meanwhile.
_ASIDE_EN = re.compile(
    r",\s(?:who|which|whose|where|meeting|visiting)\s[^,]*$|\balso\s(?!present)[^,]{0,160}$|"
    r"\b(?:comes?|came|coming) (?:\w+ )?(?:as|after|before|amid|while|days|hours)\b|"
    r"\bprepar(?:e|es|ed|ing) (?:for|to)\b|\b(?:on the|its|their) agenda (?:when|as|for)\b|"
    r"\bpressure\b.{0,120}?\b(?:before|as)\b"
)
#: The same where the sentence names no day: "… was taken after ministers met", "… agreed in June", 伝えていた.
_CLAUSE_EN = re.compile(r"\b(?:after|before|when|while|since|follow(?:s|ed|ing)?)\b")
#: Behind a main clause of its own: "The premier announced the deal as ministers met on Friday" is about the deal.
_SECOND_CLAUSE = re.compile(r"\s(?:after|as|before|when|while)\s[^,;]{0,160}$")
_CLAUSE_WORDS = 3  # of a main clause at least
_CLAUSE_REACH = 180
_YET_TO_COME = re.compile(r"\b(?:(?:is|are|was|were) (?:due|set|expected|scheduled) to|(?:are|were|is|was) to)\b")
_STOOD_JA = re.compile(r"(?:てい(?:る|た)|(?:ばかり|直後|矢先)だった|重ねて?(?:きた|た|いる))$")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_NEAR_DAY = re.compile(
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(?:today|yesterday|tomorrow|tonight|earlier in the day)\b|"
    rf"\d日|同日|前日|\b\d{{1,2}} {_MONTH}|{_MONTH}[a-z]*\.? \d{{1,2}}\b"
)
_RECENT_MONTHS = 3  # news of January still dates by December


def sentence_reasons(
    lexicon: Lexicon,
    folded: Folded,
    hits: Hits,
    reading: Reading,
    credit: int,
    published: date | None,
    told: bool | None,
) -> Iterator[Reason]:
    """Why a sentence is no evidence.

    `credit` is where a caption's credit behind its full stop ends, `published` the day of publication.
    `told`: the headline tells of a meeting or names a minister's office, so that the text's clauses are about it; None
    where the sentence is the headline: one that names an old year is about it.
    """
    yield from _captions_and_background(folded, hits, reading, credit, published, told)
    if told is not None and published and reading.signals:
        yield from _old_news(folded, hits, reading, published, told=told)
    sentence = folded.text[reading.start : reading.end]
    for look_alike in _of_sentences(lexicon):
        match = look_alike.find(sentence)
        if match:
            begin, end = reading.start + match.start(), reading.start + match.end()
            yield Reason(rule=f"look_alike:{look_alike.key}", weight=-1.0, quote=folded.quote(begin, end))


@lru_cache(maxsize=4)
def _of_sentences(lexicon: Lexicon) -> tuple[LookAlike, ...]:
    return tuple(one for one in lexicon.look_alikes if one.scope == "sentence")


def _captions_and_background(
    folded: Folded, hits: Hits, reading: Reading, credit: int, published: date | None, told: bool | None
) -> Iterator[Reason]:
    for hit in hits.of("caption.words", start=reading.start, end=credit)[:1]:
        yield Reason(rule="caption", weight=-1.0, quote=folded.quote(hit.start, hit.end))
    for hit in hits.of("background.words", start=reading.start, end=reading.end)[:1]:
        said = hit.value == "after meeting" and _NEAR_DAY.search(folded.text, reading.start, reading.end)
        if _looks_back(reading, hit.start) and not (said and told):
            yield Reason(rule="background", weight=-1.0, quote=folded.quote(hit.start, hit.end))
    aside = _in_an_aside(folded, reading) if told is False else None
    if aside:
        yield Reason(rule="background", weight=-1.0, quote=folded.quote(*aside))
    dated = only_a_date(folded.text, reading, published)
    if dated:
        yield Reason(rule="background", weight=-1.0, quote=folded.quote(*dated))


def _in_an_aside(folded: Folded, reading: Reading) -> tuple[int, int] | None:
    """ "The order comes as ministers work on …", "… the minister, who this week hosted his counterpart"."""
    strongest = max(reading.signals, key=lambda signal: signal.weight, default=None)
    if strongest is None:
        return None
    aside = _ASIDE_EN.search(folded.text, reading.start, strongest.start)
    aside = aside or _behind_a_main_clause(folded.text, reading, strongest.start)
    aside = aside or _YET_TO_COME.search(folded.text, strongest.start, min(reading.end, strongest.end + _REACH_REQUEST))
    if not aside and not _NEAR_DAY.search(folded.text, reading.start, reading.end):
        clause = _CLAUSE_EN.search(folded.text, reading.start, strongest.start)
        if clause and clause.start() == reading.start and _actors_follow(folded, reading, strongest.end):
            clause = None  # "After talks with their counterparts, the ministers announced …"
        aside = clause or _STOOD_JA.search(folded.text, strongest.start, reading.end)
    return (aside.start(), aside.end()) if aside else None


def _behind_a_main_clause(text: str, reading: Reading, told: int) -> re.Match[str] | None:
    """The conjunction that puts what is told behind a main clause about something else than a minister."""
    if any(side.rank == "minister" and side.start < told for side in reading.sides):
        return None
    clause = _SECOND_CLAUSE.search(text, max(reading.start, told - _CLAUSE_REACH), told)
    main = len(text[reading.start : clause.start()].split()) if clause else 0
    return clause if main >= _CLAUSE_WORDS else None


def _actors_follow(folded: Folded, reading: Reading, told: int) -> bool:
    """Whether the main clause behind a leading one begins with a minister."""
    comma = _CLAUSE_END.search(folded.text, told, reading.end)
    return comma is not None and any(
        side.rank in {"minister", "foreign"} and 0 <= side.start - comma.end() < _LEADS for side in reading.sides
    )


def _looks_back(reading: Reading, position: int) -> bool:
    """A word of background only disarms a sentence when it stands before what the sentence tells."""
    strongest = max(reading.signals, key=lambda signal: signal.weight, default=None)
    return strongest is not None and position < strongest.start


def _old_news(folded: Folded, hits: Hits, reading: Reading, published: date, *, told: bool) -> Iterator[Reason]:
    """An old year, or 昨年 and "last month" where the sentence names no day of its own.

    Last week is old only under a headline that is about something else.
    """
    if _SINCE.search(folded.text, reading.start, reading.end):
        return
    groups = ("background.past",) if told else ("background.past", "background.recent")
    for hit in hits.of(*groups, start=reading.start, end=reading.end):
        if not _NAMES_A_DAY.search(folded.text, reading.start, reading.end):
            yield Reason(rule="background", weight=-1.0, quote=folded.quote(hit.start, hit.end))
            return
    for match in _OTHER_MONTH.finditer(folded.text, reading.start, reading.end):
        if int(match["month"]) != published.month and not _NAMES_A_DAY.search(folded.text, reading.start, reading.end):
            yield Reason(rule="background", weight=-1.0, quote=folded.quote(match.start(), match.end()))
            return
    for match in _PAST_YEAR.finditer(folded.text, reading.start, reading.end):
        year = int(match["en"] or match["ja"])
        if year < published.year - 1 or (year == published.year - 1 and published.month > _RECENT_MONTHS):
            yield Reason(rule="background", weight=-1.0, quote=folded.quote(match.start(), match.end()))
            return


def title_reasons(lexicon: Lexicon, title: Folded, *, told: bool) -> Iterator[tuple[LookAlike, str]]:
    """Look-alikes that a title resembles, and its words. What else it is about matters only if it is not `told`."""
    for look_alike in lexicon.look_alikes:
        if look_alike.scope == "title" or (look_alike.scope == "subject" and not told):
            match = look_alike.find(title.text)
            if match:
                yield look_alike, title.quote(match.start(), match.end())


def at_the_table(sides: tuple[Side, ...], hits: Hits, start: int, end: int) -> tuple[Side, ...]:
    """The sides of a sentence without whom somebody refused to see, where two others met.

    "Ann meets the Chinese minister, as he refuses talks with his US counterpart": the United States were not there.
    """
    for conjunction in hits.of("phase.aside", start=start, end=end):
        refused = next(iter(hits.of("phase.refused", start=conjunction.end, end=end)), None)
        if refused and hits.any(*_TALKS, start=start, end=conjunction.start):
            present = tuple(side for side in sides if side.start < refused.start)
            if len({country for side in present for country in side.countries}) >= 2:
                return present
    return sides


def refusal(hits: Hits, reading: Reading, text: str) -> Phase | None:
    """Cancelled or postponed, where such a word stands close to the word of meeting and the meeting did not follow."""
    for group, phase in _REFUSALS:
        for hit in hits.of(group, start=reading.start, end=reading.end):
            if _refuses_talks(hits, reading, text, hit) and not _is_aside(hits, reading, text, hit):
                return phase
    return None


def _refuses_talks(hits: Hits, reading: Reading, text: str, hit: Hit) -> bool:
    if not text[hit.start].isascii():
        return _refused_before(hits, reading, text, hit)
    reach = _REACH_REQUEST if hit.group == "phase.requested" else _REACH_LATIN
    ahead = hits.of(*_TALKS, start=hit.start, end=min(reading.end, hit.end + reach))
    if _SNUBS.match(hit.value):
        ahead += hits.of(*_PERSONS, start=hit.end, end=min(reading.end, hit.end + _REACH_REQUEST))
    if any(not _OTHER_OBJECT.search(text, hit.end, talk.start) for talk in ahead):
        return True
    passive = _PASSIVE.search(text, max(reading.start, hit.start - 20), hit.start)
    if not (passive or _LAST_WORD.match(text, hit.end, reading.end)):
        return False
    return hits.any(*_TALKS, start=max(reading.start, hit.start - reach), end=hit.end) or any(
        signal.rule == "series" and _WAS_TO_BE.fullmatch(text, signal.end, hit.start) for signal in reading.signals
    )


def _refused_before(hits: Hits, reading: Reading, text: str, hit: Hit) -> bool:
    """In Japanese the object stands first: 会談を拒否. 会談で…を拒否 refuses something else at a meeting."""
    too = hits.of(*_TALKS, start=hit.end, end=min(reading.end, hit.end + _REACH_JA))
    if any(text.startswith("も", talk.end) for talk in too):
        return True  # 来日が中止 防衛相会談も
    object_ = _OBJECT_JA.search(text, max(reading.start, hit.start - _REACH_JA), hit.start)
    if object_ and not _ABOUT_TALKS.search(object_["what"]):
        return False  # SCO国防相会議、印は共同文書を拒否
    talks = hits.of(*_TALKS, start=max(reading.start, hit.start - _REACH_JA), end=hit.end)
    return any(talk.start >= hit.start or not text.startswith(_TOOK_PLACE, talk.end) for talk in talks)


def _is_aside(hits: Hits, reading: Reading, text: str, hit: Hit) -> bool:
    """They "met … after Beijing refused": a talk is told, then a conjunction, then the refusal."""
    strongest = max(reading.signals, key=lambda signal: signal.weight, default=None)
    comma = _CLAUSE_END.search(text, hit.end, min(reading.end, hit.end + _REACH_LATIN))
    if strongest and comma and comma.end() <= strongest.start:
        return hits.any(*_TALKS, start=comma.end(), end=reading.end)  # "Snubbed by Beijing, the minister meets …"
    for conjunction in hits.of("phase.aside", start=reading.start, end=hit.start):
        told = hits.any(*_TALKS, "meeting.weak", start=reading.start, end=conjunction.start)
        if told and any(signal.start < conjunction.start for signal in reading.signals):
            return True
    return False
