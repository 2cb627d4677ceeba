"""From a card to Telegram HTML. Pure.

Every word that came from outside is escaped; the result never exceeds Telegram's 4,096 characters, because it is
built line by line and stops at the limit, so a tag is never cut open.
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass

from bot.telegram.texts import text
from feeds.publish.card import Card, Row, card
from feeds.publish.words import Language
from storage.model import MeetingStory, Report

#: Telegram counts UTF-16 units after parsing the tags; we count the tags too, which is stricter.
LIMIT = 4096
SOURCES = 5
TITLE = 200

_MARKS = {
    "when": "🗓",
    "where": "📍",
    "who": "👥",
    "sides": "🌐",
    "form": "🤝",
    "margins": "🏛",
    "outcome": "📄",
    "phase": "●",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What is sent: HTML for Telegram, and the address behind the one button."""

    html: str
    link: str | None
    link_text: str


def alert(story: MeetingStory, language: Language, *, repeat: bool = False) -> Message:
    """The first message about a meeting. `repeat` says that it may have arrived before."""
    shown = card(story, language)
    best = next((report for report in shown.sources if report.url), None)
    lines = [f"<b>{_safe(f'{shown.flags} {shown.headline}'.strip(), TITLE * 2)}</b>", *_facts(shown), *_sources(shown)]
    if repeat:
        lines.append(f"<i>{_safe(text(language, 'Repeated: this may have reached you before.'))}</i>")
    return Message(html=_within(lines), link=best.url if best else None, link_text=text(language, "Source"))


def listing(stories: list[MeetingStory], language: Language, address: str) -> str:
    """The latest meetings, a line or two each, for /last."""
    if not stories:
        return _safe(text(language, "No meeting has been reported yet."))
    return _within([_short(card(story, language), story, address) for story in stories], gap="\n\n")


def digest(stories: Sequence[MeetingStory], language: Language, *, repeat: bool = False) -> str:
    """Several meetings in one message, a line or two each; what finds no room is counted."""
    head = f"<b>{_safe(text(language, '{count} meetings in one message', count=len(stories)))}</b>"
    if repeat:
        head += f"\n<i>{_safe(text(language, 'Repeated: this may have reached you before.'))}</i>"
    blocks = [_listed(card(story, language)) for story in stories]
    for kept in range(len(blocks), 0, -1):
        more = [_safe(text(language, "and {count} more", count=len(blocks) - kept))] if kept < len(blocks) else []
        lines = [head, *blocks[:kept], *more]
        if len("\n\n".join(lines).encode("utf-16-le")) // 2 <= LIMIT:
            return "\n\n".join(lines)
    return head


def _listed(shown: Card) -> str:
    values = {row.key: row.value for row in shown.rows}
    about = " · ".join(_safe(values[key]) for key in ("when", "where") if key in values)
    words = _safe(f"{shown.flags} {shown.headline}".strip(), TITLE)
    link = next((r.url for r in shown.sources if r.url and r.url.startswith(("http://", "https://"))), None)
    head = f'• <a href="{html.escape(link)}">{words}</a>' if link and len(link) < 1500 else f"• {words}"
    return f"{head}\n{about}" if about else head


def _short(shown: Card, story: MeetingStory, address: str) -> str:
    values = {row.key: row.value for row in shown.rows}
    about = " · ".join(_safe(values[key]) for key in ("when", "where") if key in values)
    link = f"{address}/meetings/{story.meeting.story_id}"
    head = f'{shown.flags} <a href="{html.escape(link)}">{_safe(shown.headline, TITLE)}</a>'.strip()
    return f"{head}\n{about}" if about else head


def _facts(shown: Card) -> list[str]:
    rows = {row.key: row for row in shown.rows}
    keys = ["when", "where", "who" if "who" in rows else "sides", "form", "margins", "outcome"]
    return [_fact(rows[key]) for key in keys if key in rows]


def _fact(row: Row) -> str:
    return f"{_MARKS[row.key]} {_safe(row.value, 600)}"


def _sources(shown: Card) -> list[str]:
    if not shown.sources:
        return []
    lines = ["", f"{_safe(text(shown.language, 'Sources'))}:", *(_source(r) for r in shown.sources[:SOURCES])]
    more = len(shown.sources) - SOURCES
    return [*lines, _safe(text(shown.language, "and {count} more", count=more))] if more > 0 else lines


def _source(report: Report) -> str:
    words = f"{_safe(report.source_name, 60)}: {_safe(report.title, TITLE)}"
    if report.url and report.url.startswith(("http://", "https://")) and len(report.url) < 1500:
        return f'• <a href="{html.escape(report.url)}">{words}</a>'
    return f"• {words}"


def _safe(words: str, limit: int = 1000) -> str:
    """Escaped, without control characters, at most `limit` characters before escaping."""
    plain = "".join(c for c in words if c == "\n" or (c >= " " and not 0xD800 <= ord(c) <= 0xDFFF))
    short = plain if len(plain) <= limit else plain[: limit - 1].rstrip() + "…"
    return html.escape(short)


def _within(lines: list[str], gap: str = "\n") -> str:
    kept: list[str] = []
    room = LIMIT
    for line in lines:
        room -= len((line + gap).encode("utf-16-le")) // 2
        if room < 0:
            break
        kept.append(line)
    return gap.join(kept).strip()
