"""Shows an explanation on the terminal: the marked text, the facts, the reasons, and what it would lead to."""

import dataclasses
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.terminal import plain
from feeds.decide.filters import Decision, explain_match
from feeds.decide.query import parse
from feeds.decide.subject import Subject
from feeds.observed import Article, Understanding, Verdict
from feeds.understand.evaluate import Report
from storage.model import Evidence, Filter


def show(article: Article, understanding: Understanding, filters: list[Filter], now: datetime) -> None:
    """Print everything that was understood of an article."""
    console = Console()
    mention = understanding.mention
    evidence = mention.evidence if mention else ()
    console.print(_marked(article.title, [e for e in evidence if e.where == "title"], "bold"))
    console.print(_marked(article.text[:4000], [e for e in evidence if e.where == "text"], ""))
    console.print()
    verdict = understanding.verdict
    console.print(
        Text(f"{verdict.upper()}  score {understanding.score:.2f}  language {understanding.language}", "bold")
    )
    console.print(_facts(understanding))
    console.print(_reasons(understanding))
    console.print(_filters(article, understanding, filters, now))


def _marked(text: str, evidence: list[Evidence], style: str) -> Text:
    marked = Text(plain(text, keep_lines=True), style)
    for piece in evidence:
        marked.stylize("reverse", piece.start, piece.end)
    return marked


def _facts(understanding: Understanding) -> Table:
    table = Table("fact", "value", "from the words", title="Facts", title_justify="left", box=None)
    if understanding.mention is None:
        return table
    words: dict[str, list[str]] = {}
    for piece in understanding.mention.evidence:
        words.setdefault(piece.fact, []).append(piece.quote)
    for name, value in known_facts(understanding).items():
        table.add_row(name, plain(value), plain(" · ".join(words.get(name, []))))
    return table


def known_facts(understanding: Understanding) -> dict[str, str]:
    """The facts that are known, as text."""
    if understanding.mention is None:
        return {}
    facts = understanding.mention.facts
    found: dict[str, str] = {}
    for name in (field.name for field in dataclasses.fields(facts)):
        value = getattr(facts, name)
        if value is None or value == ():
            continue
        if name == "principals":
            value = "; ".join(" ".join(filter(None, [p.name_ja or p.name, p.office, f"({p.country})"])) for p in value)
        elif isinstance(value, tuple):
            value = ", ".join(map(str, value))
        found[name] = str(value)
    return found


def _reasons(understanding: Understanding) -> Table:
    table = Table("rule", "weight", "saw", "note", title="Reasons", title_justify="left", box=None)
    for reason in understanding.reasons:
        table.add_row(reason.rule, f"{reason.weight:+.2f}", plain(reason.quote), plain(reason.note))
    return table


def _filters(article: Article, understanding: Understanding, filters: list[Filter], now: datetime) -> Table:
    table = Table("filter", "query", "matches", "because", title="Filters", title_justify="left", box=None)
    for each in filters:
        decision = decided(article, understanding, each, now)
        table.add_row(
            each.key, each.query or "(every item)", "yes" if decision.matched else "no", plain(because(decision))
        )
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


def because(decision: Decision) -> str:
    """The parts of a query that decided, each with what it met: `level:minister (minister)`."""
    return " · ".join(f"{part.source} ({part.quote or 'nothing'})" for part in decision.parts)


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
    wrong = Table(
        "item", "expected", "got", "why", title=f"{len(report.errors)} errors", title_justify="left", box=None
    )
    for error in report.errors[:50]:
        wrong.add_row(*(plain(str(error.get(key, ""))) for key in ("id", "expected", "got", "why")))
    console.print(wrong)
    console.print(f"{report.items_per_second:.0f} items a second")
