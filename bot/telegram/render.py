"""From a meeting to Telegram messages: alert, details, follow-up, digest, lists, broadcast. Pure.

All show the same facts in the chat's language and say honestly where a meeting stands. The days of a meeting are those
of its place, so they stay text; moments are shown in the reader's own zone.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.telegram.facts import change_line, phase_note, principal_line
from bot.telegram.markup import (
    Button,
    Message,
    Piece,
    Rows,
    block,
    bold,
    fixed,
    italic,
    joined,
    link,
    moment,
    web_address,
    within,
    words,
)
from bot.telegram.texts import text
from feeds.decide.ranking import Ranked
from feeds.publish.card import best_reports, card, flags, headline, place, principals_in_order
from feeds.publish.words import Language, day_name, days_name, label, topic_name
from storage.model import Chat, Evidence, Level, MeetingStory, Phase, Report

__all__ = ["Button", "Message", "alert", "broadcast", "details", "digest", "follow_up", "listing", "ranking"]

SOURCES = 5
PRINCIPALS = 10
SIDE_MEETINGS = 12
TITLE = 200

_MARKS = {
    "when": "🗓", "where": "📍", "who": "👥", "sides": "🌐", "form": "🤝", "margins": "🏛", "outcome": "📄", "phase": "●",
}  # fmt: skip


def language_of_chat(chat: Chat) -> Language:
    """The language in which a chat is told."""
    return "ja" if chat.language == "ja" else "en"


def alert(
    story: MeetingStory,
    chat: Chat,
    *,
    now: datetime,
    repeat: bool = False,
    sides: Sequence[MeetingStory] = (),
    page: str = "",
) -> Message:
    """The message about a meeting, as it is now. `repeat` says that it may have arrived before.

    `sides` are side meetings that are told within this one. `page` is the address of the web page, without a slash.
    """
    language = language_of_chat(chat)
    lines = [_headline(story, language, page), *_standing(story, chat, now), *_facts(story, language)]
    lines += _side_meetings(sides, language, page)
    lines += _sources(story, language)
    lines += _again(language, repeat=repeat)
    return Message(within(lines), _buttons(story, chat, language))


def _again(language: Language, *, repeat: bool) -> list[Piece]:
    return [italic(words(text(language, "Repeated: this may have reached you before.")))] if repeat else []


def _headline(story: MeetingStory, language: Language, page: str = "") -> Piece:
    facts = story.meeting.facts
    shown = words(flags(facts, language))
    name = link(_address(page, story), words(headline(facts, language), TITLE * 2))
    return (shown + Piece(" ", 1) if shown else shown) + bold(name)


def _address(page: str, story: MeetingStory) -> str | None:
    return f"{page}/meetings/{story.meeting.story_id}" if page else None


def _standing(story: MeetingStory, chat: Chat, now: datetime) -> list[Piece]:
    today = now.astimezone(ZoneInfo(chat.time_zone)).date()
    note = phase_note(story.meeting.facts, language_of_chat(chat), today)
    return [note] if note else []


def _facts(story: MeetingStory, language: Language) -> list[Piece]:
    facts = story.meeting.facts
    rows = {row.key: row.value for row in card(story, language).rows}
    keys = ["when", "where"] if facts.principals else ["when", "where", "sides"]
    lines = [_row(key, rows[key]) for key in keys if key in rows]
    lines += _principals(story, language)
    lines += [_row(key, rows[key]) for key in ("form", "margins", "outcome") if key in rows]
    topics = [topic_name(key, language) for key in facts.topics[:6]]
    return [*lines, words("💬 " + ("、" if language == "ja" else ", ").join(topics))] if topics else lines


def _row(key: str, value: str) -> Piece:
    return words(f"{_MARKS[key]} {value}", 500)


def _principals(story: MeetingStory, language: Language) -> list[Piece]:
    facts = story.meeting.facts
    people = principals_in_order(facts, language)
    if not people:
        return []
    head = {
        Phase.HELD: text(language, "Present"),
        Phase.ANNOUNCED: text(language, "Expected to take part"),
        Phase.CANCELLED: text(language, "Were to take part"),
        Phase.POSTPONED: text(language, "Expected to take part"),
    }[facts.phase]
    lines = [words(f"{_MARKS['who']} {head}"), *(principal_line(one, language) for one in people[:PRINCIPALS])]
    return [*lines, *_and_more(len(people) - PRINCIPALS, language)]


def _and_more(count: int, language: Language) -> list[Piece]:
    return [words(text(language, "and {count} more", count=count))] if count > 0 else []


def _side_meetings(sides: Sequence[MeetingStory], language: Language, page: str) -> list[Piece]:
    if not sides:
        return []
    shown = [Piece("• ", 2) + _headline(one, language, page) for one in sides[:SIDE_MEETINGS]]
    head = bold(words(text(language, "Meetings on its margins")))
    return [Piece(), head, *shown, *_and_more(len(sides) - SIDE_MEETINGS, language)]


def _sources(story: MeetingStory, language: Language) -> list[Piece]:
    best = best_reports(story.reports)
    if not best:
        return []
    lines = [Piece(), words(text(language, "Sources")), *(_source(one) for one in best[:SOURCES])]
    return [*lines, *_and_more(len(best) - SOURCES, language)]


def _source(report: Report) -> Piece:
    name = words(report.source_name, 60) + Piece(": ", 2)
    return Piece("• ", 2) + link(report.url, name + words(report.title, TITLE))


def _buttons(story: MeetingStory, chat: Chat, language: Language) -> Rows:
    facts, number = story.meeting.facts, story.meeting.story_id
    source = _source_button(story, language)
    if chat.kind == "channel":  # a channel has readers, not people who set it up; its buttons only lead on
        return (source,) if source else ()
    first = (*source, Button(f"🔎 {text(language, 'Details')}", data=f"v1:det:{number}"))
    mute = [Button(f"🔕 {text(language, 'This meeting')}", data=f"v1:mm:{number}")]
    if facts.series or facts.parent:
        mute.append(Button(f"🔕 {text(language, 'This series')}", data=f"v1:ms:{number}"))
    return first, tuple(mute), (Button(f"➕ {text(language, 'Follow')}", data=f"v1:fm:{number}"),)


def _source_button(story: MeetingStory, language: Language) -> tuple[Button, ...]:
    best = next((url for one in best_reports(story.reports) if (url := web_address(one.url))), None)
    return (Button(f"📰 {text(language, 'Source')}", url=best),) if best else ()


def details(
    story: MeetingStory, evidence: Sequence[tuple[Report, Sequence[Evidence]]], chat: Chat, *, page: str = ""
) -> Message:
    """Each fact with the words that it came from and who wrote them, and when the reports came."""
    language = language_of_chat(chat)
    facts = story.meeting.facts
    lines = [_headline(story, language, page), *_quotes("name", evidence)]
    people = principals_in_order(facts, language)
    for row in card(story, language).rows:
        told = [principal_line(one, language) for one in people] if row.key == "who" else [words(row.value, 400)]
        lines += (
            [bold(words(row.label)) + Piece(": ", 2) + told[0]] if len(told) == 1 else [bold(words(row.label)), *told]
        )
        lines += _quotes(row.key, evidence)
    if facts.level is not Level.MINISTER:
        lines.append(words(label(language, facts.level)))
    lines += [Piece(), words(text(language, "How sure: {percent}%", percent=round(facts.confidence * 100)))]
    lines += _reported(story, chat)
    source = _source_button(story, language)
    return Message(within(lines), (source,) if source else ())


#: Which kinds of evidence bear out which row of the card.
_BEHIND = {
    "name": ("series", "edition"),
    "when": ("starts_on", "ends_on"),
    "where": ("city", "venue", "country"),
    "who": ("principals",),
    "sides": ("countries",),
    "form": ("kind", "format"),
    "margins": ("parent",),
    "outcome": ("outcomes",),
    "phase": ("phase",),
}


def _quotes(key: str, evidence: Sequence[tuple[Report, Sequence[Evidence]]], most: int = 3) -> list[Piece]:
    found = [
        (one.confidence, report, one.quote)
        for report, pieces in evidence
        for one in pieces
        if one.fact in _BEHIND.get(key, ()) and one.quote.strip()
    ]
    found.sort(key=lambda one: -one[0])
    unlike = {quote.strip(): (report, quote) for _, report, quote in reversed(found)}
    return [_quote(report, quote) for report, quote in list(unlike.values())[::-1][:most]]


def _quote(report: Report, quote: str) -> Piece:
    said = italic(words(quote, 120))
    return Piece("   « ", 5) + said + Piece(" » ", 3) + link(report.url, words(report.source_name, 40))


def _reported(story: MeetingStory, chat: Chat) -> list[Piece]:
    if not story.reports:
        return []
    language = language_of_chat(chat)
    moments = [one.published_at or one.first_seen_at for one in story.reports]
    lines = [words(text(language, "First reported")) + Piece(": ", 2) + moment(min(moments), chat.time_zone, language)]
    if len(moments) > 1:
        lines.append(
            words(text(language, "Last reported")) + Piece(": ", 2) + moment(max(moments), chat.time_zone, language)
        )
    return lines


def follow_up(
    story: MeetingStory, changes: Iterable[dict[str, Any]], chat: Chat, *, repeat: bool = False, page: str = ""
) -> Message:
    """What has changed since the chat was told: `{"field", "before", "after"}`, as deliveries keep it."""
    language = language_of_chat(chat)
    lines = [_headline(story, language, page)]
    lines += [change_line(one, language) for one in changes]
    lines += _again(language, repeat=repeat)
    number = story.meeting.story_id
    row = _source_button(story, language)
    if chat.kind == "channel":
        return Message(within(lines), (row,) if row else ())
    row = (*row, Button(f"🔎 {text(language, 'Details')}", data=f"v1:det:{number}"))
    return Message(within(lines), (row, (Button(f"🔕 {text(language, 'This meeting')}", data=f"v1:mm:{number}"),)))


def digest(
    stories: Sequence[MeetingStory], chat: Chat, *, more: int = 0, repeat: bool = False, page: str = ""
) -> Message:
    """Several meetings in one message, by day; what does not fit is counted, with a link to all."""
    language = language_of_chat(chat)
    title = bold(words("📬 " + text(language, "Meetings of defence ministers")))
    head = joined([title, *_again(language, repeat=repeat)])
    if not stories:
        return Message(within([head, words(text(language, "Nothing new."))], gap="\n\n"))
    entries = _by_day(sorted(stories, key=_day_order), language, page)
    return Message(within([head, *entries], gap="\n\n", more=more, tail=lambda left: _rest(left, language, page)))


def _day_order(story: MeetingStory) -> tuple[date, int]:
    return story.meeting.facts.starts_on or date.max, story.meeting.story_id


def _by_day(stories: Sequence[MeetingStory], language: Language, page: str) -> list[Piece]:
    """Each meeting as a piece of its own; the first of a day brings the day's name along."""
    entries: list[Piece] = []
    shown: date | str | None = ""
    for story in stories:
        day = story.meeting.facts.starts_on
        name = day_name(day, language) if day else text(language, "Day not known")
        head = [bold(words("🗓 " + name))] if day != shown else []
        entries.append(joined([*head, _entry(story, language, page, with_day=False)]))
        shown = day
    return entries


def _entry(story: MeetingStory, language: Language, page: str, *, with_day: bool = True) -> Piece:
    """A meeting in two or three short lines."""
    facts = story.meeting.facts
    day = days_name(facts.starts_on, facts.ends_on, language) if with_day and facts.starts_on else ""
    about = " · ".join(part for part in (day, place(facts, language)) if part)
    best = next((one for one in best_reports(story.reports) if web_address(one.url)), None)
    source = link(best.url, words(best.source_name, 60)) if best else Piece()
    more = len(best_reports(story.reports)) - 1
    tail = source + (Piece(f" +{more}", len(f" +{more}")) if source and more > 0 else Piece())
    return joined([_headline(story, language, page), *(one for one in (words(about, 300), tail) if one)])


def _rest(left: int, language: Language, page: str) -> Piece:
    return link(page + "/" if page else None, words(text(language, "and {count} more", count=left)))


def listing(
    stories: Sequence[MeetingStory], chat: Chat, *, title: str, nothing: str, page: str = "", more: str | None = None
) -> Message:
    """Meetings in a few lines each, under a title; `nothing` is said when there are none. Both are translated.

    `more` is the address at which more of them are.
    """
    language = language_of_chat(chat)
    if not stories:
        return Message(within([words(nothing)]))
    entries = [bold(words(title, 200)), *(_entry(one, language, page) for one in stories)]
    if more is not None:
        entries.insert(1, link(more, words(text(language, "All of them on the web page"))))
    return Message(within(entries, gap="\n\n", tail=lambda left: _rest(left, language, page)))


def ranking(stories: Sequence[Ranked], chat: Chat, *, title: str, nothing: str) -> Message:
    """What most newsrooms tell, the widest told first."""
    language = language_of_chat(chat)
    if not stories:
        return Message(within([words(nothing)]))
    lines = [bold(words(title))]
    for rank, one in enumerate(stories, 1):
        report = one.reports[0]
        count = text(language, "newsrooms: {count}", count=one.count)
        title_link = link(report.url, words(report.title, TITLE))
        lines.append(words(f"{rank}.") + Piece(" ", 1) + title_link + Piece(" · ", 3) + words(count))
    return Message(within(lines, gap="\n\n"))


def broadcast(words_of_admin: str, chat: Chat, *, repeat: bool = False) -> Message:
    """A message of the admins to all chats."""
    language = language_of_chat(chat)
    head = bold(words("📣 " + text(language, "A word from those who run this bot")))
    return Message(within([head, *_again(language, repeat=repeat), block(words_of_admin, 3500)], gap="\n\n"))


def query_error(message: str, language: Language) -> Message:
    """Why a query cannot be read, the place marked below it."""
    return Message(within([words(text(language, "This query cannot be read:")), fixed(block(message, 1500))]))
