"""Decides whether an item tells of a meeting of defence ministers, and hands out its facts with their evidence.

The title counts most: what a newsroom puts there is what the item is about. The first sentences of the text can carry
an item whose title only hints. Look-alikes (`lexicon/look_alikes.toml`) veto a title; sentences that caption a picture,
look back or tell of a refusal are no evidence. What remains is graded: MEETING is pushed to subscribers, UNCERTAIN goes
to admins.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from feeds.observed import Article, MeetingMention, Reason, Understanding, Verdict
from feeds.understand.against import refusal, sentence_reasons, title_reasons
from feeds.understand.detect import HEADLINE, read_sentence
from feeds.understand.facts import Extractor
from feeds.understand.folding import Folded, fold
from feeds.understand.language import detect_language
from feeds.understand.levels import read_other_level
from feeds.understand.lexicon import Lexicon, LookAlike, default_lexicon
from feeds.understand.participants import names_whose_meeting
from feeds.understand.parts import Part
from feeds.understand.people import Reader
from feeds.understand.scan import Hits, scanner_for
from feeds.understand.scene import PLURAL, UNGROUPED, Reading
from feeds.understand.sentences import Sentence, article_end, split_sentences
from feeds.understand.subjects import off_the_subject
from storage.model import Phase, Trust

#: At or above: pushed to subscribers.
MEETING_THRESHOLD = 0.70
#: At or above: shown to admins.
UNCERTAIN_THRESHOLD = 0.45
#: What the text's sentences weigh against the title, first sentence first. Later ones only give facts.
LEAD_WEIGHTS = (0.92, 0.85, 0.8)
#: What a text can reach when the title speaks of something that is often mistaken for a meeting.
BORDERLINE_CAP = 0.6
#: What remains of a title that looks like something else altogether.
VETO_CAP = 0.2
LONGEST_TITLE = 1_000
#: How much of a text is read; whatever a page says beyond is not its news.
READ = 20_000
#: Sentences from which facts are taken.
FACT_SENTENCES = 6

#: Look-alikes that keep leaders from being taken for ministers, and nothing more.
_OF_OTHERS = {"other_subject"}
LONGEST_CREDIT = 100  # characters of a caption's credit behind its full stop
_CREDIT = re.compile(r"\.?[)\"']?\s{1,3}\([^()\n]{3,80}\)")
#: A title about one of these and no minister makes what the text says of ministers an aside.
_OTHER_RANKS = {"military", "vice_minister", "official"}


def understand(article: Article, lexicon: Lexicon | None = None) -> Understanding:
    """What an item says about a meeting of defence ministers.

    Never raises on any text. `mention` is None when the verdict is OTHER. A source of low trust never gets more than
    UNCERTAIN: it may join a story that others tell, but not found one. Most news names no minister, no forum and no
    "2+2" where a meeting would be told: it is answered after one cheap look (`_nothing_opens`), with no reasons.
    """
    lexicon = lexicon or default_lexicon()
    title, text = fold(article.title[:LONGEST_TITLE]), fold(article.text[:READ])
    language = detect_language(title.text, text.text, article.language)
    if _nothing_opens(title, text, lexicon):
        return Understanding(language=language, verdict=Verdict.OTHER, score=0.0)
    return _Item(article, lexicon, title, text).understanding(language)


def _nothing_opens(title: Folded, text: Folded, lexicon: Lexicon) -> bool:
    """Whether neither the title nor a sentence that counts names anything that could make a rule speak.

    Every rule of `detect` needs a hit of `scan.OPENERS`, so the answer is the one that reading everything would give.
    """
    joined, cased = f"{title.text}\n{text.text}", f"{title.cased}\n{text.cased}"
    begin = len(title.text) + 1
    found = list(scanner_for(lexicon).openers(joined, cased))
    if not found or found[0][0] < begin:
        return not found
    places = [(start - begin, end - begin) for start, end in found]
    return not any(
        sentence.start <= start and end <= sentence.end
        for sentence in islice(split_sentences(text.text, text.cased, article_end(text.text)), len(LEAD_WEIGHTS))
        for start, end in places
    )


@dataclass(frozen=True, slots=True)
class _Judged:
    """A sentence that was read, and whether it may speak."""

    reading: Reading
    against: tuple[Reason, ...]
    phase: Phase | None = None

    @property
    def strength(self) -> float:
        return 0.0 if self.against else self.reading.strength


class _Item:
    def __init__(self, article: Article, lexicon: Lexicon, title: Folded, text: Folded) -> None:
        self._article = article
        self._lexicon = lexicon
        self._title, self._text = title, text
        scanner = scanner_for(lexicon)
        self._article_end = article_end(self._text.text)
        sentences = split_sentences(self._text.text, self._text.cased, self._article_end)
        self._sentences = tuple(islice(sentences, FACT_SENTENCES))
        lead = self._sentences[-1].end if self._sentences else 0
        self._title_hits = scanner.scan(self._title)
        self._text_hits = scanner.scan(self._text, max(lead + LONGEST_CREDIT, HEADLINE))
        self._published = _local_day(article)
        self._told = False  #: the headline tells of a meeting, or of a minister
        own = _own_country(article)
        self._readers = {
            id(folded): Reader(folded, hits, lexicon, self._published, own)
            for folded, hits in ((self._title, self._title_hits), (self._text, self._text_hits))
        }

    def understanding(self, language: str) -> Understanding:
        title = self._judge(self._title, self._title_hits, Sentence(0, len(self._title.text), 0))
        ministers = any(side.rank == "minister" and side.how == "office" for side in title.reading.sides)
        self._told = bool(title.reading.signals) or ministers
        counting, rest = self._sentences[: len(LEAD_WEIGHTS)], self._sentences[len(LEAD_WEIGHTS) :]
        lead = [self._judge(self._text, self._text_hits, one) for one in counting]
        vetoes = list(title_reasons(self._lexicon, self._title, told=bool(title.reading.signals)))
        score = self._score(title, lead, vetoes)
        phase = _phase(title, lead)
        reasons = tuple(self._reasons(title, lead, vetoes))
        verdict = self._verdict(score, phase)
        other_level = self._other_level(title, vetoes) if verdict is Verdict.OTHER else None
        if other_level:
            title, phase, score, verdict = other_level, other_level.phase, other_level.strength, Verdict.MEETING
            reasons = (*reasons, *self._reasons(title, [], []))
        if verdict is Verdict.OTHER:
            return Understanding(language=language, verdict=verdict, score=round(score, 3), reasons=reasons)
        lead += [self._judge(self._text, self._text_hits, one) for one in rest]
        mention, rejected = self._mention(title, lead, phase, score)
        return Understanding(
            language=language, verdict=verdict, score=round(score, 3), mention=mention, reasons=(*reasons, *rejected)
        )

    def _other_level(self, title: _Judged, vetoes: list[tuple[LookAlike, str]]) -> _Judged | None:
        """The headline as one of leaders or officials, where nothing else speaks against it."""
        if title.reading.signals or any(one.key not in _OF_OTHERS for one, _ in vetoes):
            return None
        about = self._title.text + self._text.text[: self._sentences[0].end if self._sentences else 0]
        reading = read_other_level(self._lexicon, self._title, self._title_hits, about, title.reading)
        if reading is None or self._article.trust is Trust.LOW or self._against(self._title, self._title_hits, reading):
            return None
        called_off = refusal(self._title_hits, reading, self._title.text)
        return None if called_off else _Judged(reading, ())

    def _judge(self, folded: Folded, hits: Hits, sentence: Sentence) -> _Judged:
        reading = read_sentence(self._readers[id(folded)], hits, folded, sentence.start, sentence.end)
        if not reading.signals:
            return _Judged(reading, (), refusal(hits, reading, folded.text) if folded is self._title else None)
        return _Judged(reading, self._against(folded, hits, reading), refusal(hits, reading, folded.text))

    def _against(self, folded: Folded, hits: Hits, reading: Reading) -> tuple[Reason, ...]:
        in_text = folded is self._text
        credit = max(reading.end, _credit_end(folded, reading.end) if in_text else 0)
        told = self._told if in_text else None
        return tuple(sentence_reasons(self._lexicon, folded, hits, reading, credit, self._published, told))

    def _silenced(self, judged: _Judged) -> bool:
        """Whether a sentence of the text gives no facts. One that no rule spoke in was not asked before."""
        if judged.reading.signals:
            return bool(judged.against)
        return bool(self._against(self._text, self._text_hits, judged.reading))

    def _score(self, title: _Judged, lead: list[_Judged], vetoes: list[tuple[LookAlike, str]]) -> float:
        whose = names_whose_meeting(self._title_hits)
        weights = [
            weight * _text_strength(judged, title, whose=whose)
            for weight, judged in zip(LEAD_WEIGHTS, lead, strict=False)
        ]
        score = max([title.strength, *weights])
        if any(not look_alike.borderline for look_alike, _ in vetoes):
            return min(score, VETO_CAP)
        off = not self._told and off_the_subject(self._title, self._title_hits)
        if vetoes or title.against or self._other_subject(title) or off:
            return min(score, BORDERLINE_CAP)
        return score

    def _other_subject(self, title: _Judged) -> bool:
        """Whether the title is about leaders, officials or the military, and not about ministers too."""
        if title.reading.signals:
            return False
        offices = self._title_hits.of("office")
        ranks = {hit.value.rank for hit in offices} | {side.rank for side in title.reading.sides}
        meets_a_head = "head" in ranks and self._title_hits.any("meeting.strong", "meeting.call")
        return "minister" not in ranks and (meets_a_head or bool(ranks & _OTHER_RANKS))

    def _verdict(self, score: float, phase: Phase | None) -> Verdict:
        if score < UNCERTAIN_THRESHOLD:
            return Verdict.OTHER
        sure = score >= MEETING_THRESHOLD and self._article.trust is not Trust.LOW
        called_off = phase in {Phase.CANCELLED, Phase.POSTPONED}
        return Verdict.MEETING if sure and not called_off else Verdict.UNCERTAIN

    def _mention(
        self, title: _Judged, lead: list[_Judged], phase: Phase | None, score: float
    ) -> tuple[MeetingMention, tuple[Reason, ...]]:
        telling = [one.reading for one in lead if not self._silenced(one)]
        title_part = Part(
            where="title",
            folded=self._title,
            hits=self._title_hits,
            readings=(title.reading,),
            end_of_article=len(self._title.text),
        )
        text_part = Part(
            where="text",
            folded=self._text,
            hits=self._text_hits,
            readings=tuple(telling),
            end_of_article=self._article_end,
        )
        extractor = Extractor(title_part, text_part, self._lexicon, self._published)
        facts, evidence = extractor.extract(phase, score)
        return MeetingMention(facts=facts, evidence=evidence), extractor.rejected

    def _reasons(self, title: _Judged, lead: list[_Judged], vetoes: list[tuple[LookAlike, str]]) -> Iterator[Reason]:
        for look_alike, quote in vetoes:
            yield Reason(rule=f"look_alike:{look_alike.key}", weight=-1.0, quote=quote, note="title")
        for place, folded, judged in [("title", self._title, title)] + [("text", self._text, one) for one in lead]:
            for signal in judged.reading.signals:
                yield Reason(
                    rule=signal.rule, weight=signal.weight, quote=folded.quote(signal.start, signal.end), note=place
                )
            if judged.reading.signals:
                yield from (replace(reason, note=place) for reason in judged.against)


def _text_strength(judged: _Judged, title: _Judged, *, whose: bool) -> float:
    """Names in the text count where the title has the office; deputies count only in the title.

    `whose`: the title names two countries, so "the defence ministers" of the text are theirs.
    """
    if judged.against:
        return 0.0
    rules = {signal.rule for signal in judged.reading.signals}
    if rules == {"names_only"} and any(
        side.how == "office" and side.rank == "minister" for side in title.reading.sides
    ):
        return 0.8
    if whose and (judged.strength == UNGROUPED or rules == {"two_plus_two"}):
        return max(judged.strength, PLURAL)
    if judged.reading.level == "vice_minister":
        return min(judged.strength, 0.7)
    return judged.strength


def _credit_end(text: Folded, end: int) -> int:
    """A caption's credit stands in brackets behind its full stop: (Name/Agency)."""
    match = _CREDIT.match(text.text, end)
    return match.end() if match else end


def _phase(title: _Judged, lead: list[_Judged]) -> Phase | None:
    """Cancelled or postponed when the sentence that tells of the meeting says so."""
    if title.phase and title.reading.signals:
        return title.phase
    telling = [judged for judged in lead[:2] if judged.strength]
    if not title.reading.signals and telling and telling[0].phase:
        return telling[0].phase
    return title.phase


def _own_country(article: Article) -> str | None:
    """The country whose ministry speaks; in all other sources a minister without a country is anybody's."""
    return article.source_country if article.trust is Trust.OFFICIAL else None


def _local_day(article: Article) -> date | None:
    if article.published_at is None:
        return None
    try:
        return article.published_at.astimezone(ZoneInfo(article.time_zone)).date()
    except (ZoneInfoNotFoundError, ValueError, OSError, OverflowError):
        return article.published_at.date()
