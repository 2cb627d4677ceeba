"""Shows an explanation on the terminal: the marked text, the facts, the reasons, and what it would lead to."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.screen import plain
from feeds.collect.normalise import canonical_url
from feeds.decide.filters import Decision, explain_match
from feeds.decide.placing import Placing, place
from feeds.decide.query import parse
from feeds.decide.subject import Subject
from feeds.observed import Article, Understanding, Verdict
from feeds.understand.evaluate import Report
from feeds.understand.explain import Explanation, Piece, ReasonRow, explanation
from feeds.understand.meetings import MEETING_THRESHOLD, UNCERTAIN_THRESHOLD
from storage.database import Connection
from storage.filters import built_in
from storage.model import Filter, FilterAction, MeetingFacts, Source, SourceDefinition, SourceState
from storage.snapshot import Lookup, peek

_SHOWN = 4_000  # characters of the text that are printed; what matters stands before


def show(article: Article, understanding: Understanding, filters: list[Filter], now: datetime) -> None:
    """Print everything that was understood of an article: marked text, verdict, facts, what spoke and what did not."""
    console = Console()
    shown = explanation(article, understanding)
    console.print(_marked(shown.title, "bold", console))
    console.print(_marked(shown.text, "", console))
    console.print()
    console.print(Text(_verdict(shown), "bold"))
    console.print(_times(article, understanding))
    if shown.facts:
        console.print(_facts(shown))
    console.print(_reasons("Speaks for a meeting", shown.speaks_for))
    console.print(_reasons("Speaks against, or was read and not taken", shown.speaks_against))
    console.print(_filters(article, understanding, filters, now))
    for rule in hiding(article, understanding, filters, now):
        console.print(Text(f"Hidden by the block rule {rule}: in no feed, and no alert.", "bold"))


def _verdict(shown: Explanation) -> str:
    bands = f"{MEETING_THRESHOLD:.2f} and more is a meeting, {UNCERTAIN_THRESHOLD:.2f} and more goes to admins"
    return f"{shown.verdict.upper()}  score {shown.score:.2f} ({bands})  language {shown.language}"


def _marked(pieces: tuple[Piece, ...], style: str, console: Console) -> Text:
    """Words that are evidence stand out; where there are no colours they stand in «»."""
    marked = Text(style=style)
    for piece in pieces:
        left = _SHOWN - len(marked)
        words = plain(piece.text, keep_lines=True)[: max(left, 0)]
        if piece.facts and words and not console.is_terminal:
            words = f"«{words}»"
        marked.append(words, "reverse" if piece.facts else None)
    return marked


def _times(article: Article, understanding: Understanding) -> Table:
    """The three times of a report, which are easily taken for one another."""
    table = Table("time", "", title="Times", title_justify="left", box=None, show_header=False)
    for name, value in times(article, understanding).items():
        table.add_row(name, value or "not stated")
    return table


def times(article: Article, understanding: Understanding) -> dict[str, str | None]:
    """When the site published, when the ministry gave it out, and when the event is; in the zone of the article."""
    facts = understanding.mention.facts if understanding.mention else None
    days = [day.isoformat() for day in (facts.starts_on, facts.ends_on) if day] if facts else []
    return {
        "published": _moment(article.published_at, article.time_zone),
        "released": _moment(article.released_at, article.time_zone),
        "event": " – ".join(dict.fromkeys(days)) or None,
    }


def _moment(moment: datetime | None, zone: str) -> str | None:
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %Z}" if moment else None


def _facts(shown: Explanation) -> Table:
    table = Table("fact", "value", "sure", "from the words", title="Facts", title_justify="left", box=None)
    for row in shown.facts:
        sure = "" if row.confidence is None else f"{row.confidence:.2f}"
        table.add_row(row.fact, plain(row.value), sure, plain(" · ".join(row.quotes)))
    return table


def _reasons(title: str, rows: tuple[ReasonRow, ...]) -> Table:
    table = Table("rule", "weight", "saw", "note", title=title, title_justify="left", box=None)
    for row in rows:
        table.add_row(row.rule, f"{row.weight:+.2f}", plain(row.quote), plain(row.note))
    if not rows:
        table.add_row("nothing", "", "", "")
    return table


def _filters(article: Article, understanding: Understanding, filters: list[Filter], now: datetime) -> Table:
    table = Table("filter", "does", "query", "matches", "because", title="Filters", title_justify="left", box=None)
    for each in filters:
        decision = decided(article, understanding, each, now)
        does = "paused" if each.paused else "blocks" if each.action is FilterAction.BLOCK else "keeps"
        matched = "yes" if decision.matched else "no"
        table.add_row(each.key, does, each.query or "(every item)", matched, plain(because(decision)))
    return table


def decided(article: Article, understanding: Understanding, each: Filter, now: datetime) -> Decision:
    """Whether an article like this would be among what the filter asks for, and the parts that decide it."""
    certain = understanding.verdict is Verdict.MEETING and understanding.mention is not None
    seen = Subject(
        title=article.title,
        text=article.text,
        language=understanding.language,
        source_name=article.source_name or "",
        trust=article.trust,
        verdict=understanding.verdict,
        reported_at=article.published_at or now,
        facts=understanding.mention.facts if certain and understanding.mention else None,
        now=now,
    )
    return explain_match(parse(each.query), seen)


def hiding(article: Article, understanding: Understanding, filters: list[Filter], now: datetime) -> list[str]:
    """The keys of the block rules that an article like this meets."""
    rules = [each for each in filters if each.action is FilterAction.BLOCK and not each.paused]
    return [each.key for each in rules if decided(article, understanding, each, now).matched]


def because(decision: Decision) -> str:
    """The parts of a query that decided, each with what it met: `level:minister (minister)`."""
    return " · ".join(f"{part.source} ({part.quote or 'nothing'})" for part in decision.parts)


def placed(
    connection: Connection, article: Article, understanding: Understanding, now: datetime
) -> tuple[Placing, list[Filter]]:
    """The story that the article would join, from the archive as it is, and the filters that there are."""
    facts = understanding.mention.facts if understanding.mention else None
    url = canonical_url(article.url) if article.url else None
    lookup = Lookup(
        urls=(url,) if url else (),
        days=tuple(day for day in (facts.starts_on, facts.ends_on) if day) if facts else (),
        series=tuple(one for one in (facts.series, facts.parent) if one) if facts else (),
        has_meetings=facts is not None,
    )
    seen = peek(connection, _NOBODY, lookup, now)
    placing = place(seen, url, facts, article.published_at or now)
    return placing, list(seen.filters) or built_in()


#: An article that is explained comes from no source of ours.
_NOBODY = Source(
    id=0,
    definition=SourceDefinition(key="explain", url="https://explain.invalid/", name="explain"),
    state=SourceState.NEW,
    next_poll_at=datetime.min.replace(tzinfo=UTC),
)


def show_placing(placing: Placing | None) -> None:
    """Print the story that the article would join, and what keeps it apart from the nearest others."""
    console = Console()
    if placing is None:
        console.print("Story: there is no archive yet to compare it with.")
        return
    goes = "a story of its own" if placing.story_id is None else f"story {placing.story_id}"
    console.print(Text(f"Story: {goes} ({placing.reason})"))
    table = Table("not story", "which is", "because", title="Kept apart", title_justify="left", box=None)
    for one in placing.apart:
        table.add_row(str(one.story_id), plain(_meeting_words(one.facts)), one.reason)
    if placing.apart:
        console.print(table)


def _meeting_words(facts: MeetingFacts) -> str:
    named = facts.series or ", ".join(facts.countries) or "?"
    edition = f" {facts.edition}" if facts.edition else ""
    return " · ".join(filter(None, (f"{named}{edition}", str(facts.kind), str(facts.starts_on or ""), facts.city)))


def _confusion(report: Report) -> Table:
    """The classes of items in which something went wrong, worst first."""
    table = Table("class", "wrong", "of", title="Confusions", title_justify="left", box=None)
    missed = {name: counts for name, counts in report.confusion.items() if counts["wrong"]}
    for name in sorted(missed, key=lambda name: -missed[name]["wrong"]):
        table.add_row(plain(name), str(missed[name]["wrong"]), str(missed[name]["items"]))
    return table


def show_report(report: Report) -> None:
    """Print what `kaigi evaluate` measured, and the items that it got wrong."""
    console = Console()
    figures = Table("", "precision", "recall", "F1", box=None)
    parts = {
        "detection": report.detection,
        "detection, ja": report.detection["ja"],
        "detection, en": report.detection["en"],
    }
    for name, part in {**parts, "events (pairs)": report.events}.items():
        figures.add_row(name, *(f"{part[key]:.3f}" for key in ("precision", "recall", "f1")))
    console.print(figures)
    fields = Table("field", "accuracy", box=None)
    for name, accuracy in report.fields.items():
        fields.add_row(name, "–" if accuracy is None else f"{accuracy:.3f}")
    console.print(fields)
    console.print(_confusion(report))
    wrong = Table(
        "item", "expected", "got", "why", title=f"{len(report.errors)} errors", title_justify="left", box=None
    )
    for error in report.errors[:50]:
        wrong.add_row(*(plain(str(error.get(key, ""))) for key in ("id", "expected", "got", "why")))
    console.print(wrong)
    console.print(f"{report.items_per_second:.0f} items a second")
