"""`/why`: why an article or a story did or did not raise an alert, by stage."""

from collections import Counter
from collections.abc import Sequence

from bot.explaining import because
from bot.telegram.admin.answers import Answer, Ask, bold, data, esc, lines, link, number
from bot.telegram.admin.stories import headline, pointed_at, search
from bot.telegram.markup import Button
from bot.telegram.refusals import in_words
from bot.telegram.texts import msgid
from feeds import correcting
from feeds.publish.words import SOURCE_STATES
from feeds.tracing import FilterTrace, Trace, source_of, trace
from storage.database import Connection
from storage.errors import NotFound
from storage.model import DeliveryState, Flood, FloodState, SeenItem

CHATS = 12  #: that are named
ITEMS = 6

_SILENT = {
    "first_poll": msgid("It came with the first poll of its source, which is silent."),
    "old_report": msgid("The report was older than alerts.max_age when it was first seen."),
    "old_meeting": msgid("The meeting lay more than 30 days back."),
    "low_trust": msgid("Its source has the trust “low”: it may join a story, not raise an alert."),
}


async def command(ask: Ask) -> Answer:
    """`/why LINK`, `/why 12`, `/why some words`, or as a reply to an alert."""
    what = ask.rest or await ask.read(lambda c: pointed_at(c, ask) or "")
    if not what:
        return Answer(html=ask.say("Write /why with a link, a story's number or words; or reply /why to an alert."))
    return await ask.read(lambda c: _answer(c, ask, what))


def _answer(connection: Connection, ask: Ask, what: str) -> Answer:
    try:
        found = correcting.find(connection, what)
    except NotFound as error:
        if "://" in what:
            return Answer(html=_unseen(connection, ask, what, str(error)))
        return _offered(connection, ask, what)
    return _traced(connection, ask, found.story_id)


def _unseen(connection: Connection, ask: Ask, url: str, error: str) -> str:
    source = source_of(connection, url)
    if source is None:
        reason = ask.say("No source has this host. Try /source check {url}", url=url)
    else:
        state, meaning = SOURCE_STATES[ask.language][source.state]
        reason = lines(
            ask.say("{name} has this host, and was last read {moment}.", name=source.definition.name,
                    moment=ask.clock(source.last_success_at)),
            f"{esc(state)}: {esc(meaning)}",
            f"⚠️ {esc(in_words(ask.language, source.last_error), 300)}" if source.last_error else "",
        )  # fmt: skip
    return lines(f"1 · {ask.say('Seen?')} ❌ {esc(in_words(ask.language, error))}", reason)


def _offered(connection: Connection, ask: Ask, words: str) -> Answer:
    found = search(connection, ask, words)
    if not found:
        return Answer(html=f"1 · {ask.say('Seen?')} ❌ {ask.say('No article has these words.')}")
    if len(found) == 1:
        target = correcting.find(connection, f"item/{found[0].report.item_id}")
        return _traced(connection, ask, target.story_id)
    buttons = tuple((Button(one.report.title[:50], data=data("why", one.report.item_id)),) for one in found)
    return Answer(html=ask.say("Which one?"), buttons=buttons)


async def click(ask: Ask) -> Answer:
    """Trace the story of an article that was offered."""

    def work(connection: Connection) -> Answer:
        return _traced(connection, ask, correcting.find(connection, f"item/{number(ask.rest)}").story_id)

    return await ask.read(work)


def _traced(connection: Connection, ask: Ask, story_id: int) -> Answer:
    told = trace(connection, story_id, ask.policy, ask.now)
    shown = lines(
        headline(connection, ask, told.story_id),
        f"1 · {ask.say('Seen?')} ✅ {ask.say('{count} articles', count=len(told.items))}",
        *(_item(ask, one, rules) for one, rules in list(zip(told.items, told.hidden, strict=True))[:ITEMS]),
        _story(ask, told),
        _blocks(ask, told),
        *_filters(ask, told),
        *_news(ask, told),
        *(_flood(ask, one) for one in told.floods),
        *_owed(ask, told),
    )
    return Answer(html=shown, buttons=((ask.button("Correct", "correct", told.story_id),
                                        ask.button("Resend", "resend", told.story_id)),))  # fmt: skip


def _item(ask: Ask, one: SeenItem, rules: Sequence[str]) -> str:
    mark = {"meeting": "🤝", "uncertain": "❓"}.get(one.verdict, "·")
    seen = ask.clock(one.first_seen_at)
    hides = f" ⛔ {esc(', '.join(rules))}" if rules else ""
    about = f"{esc(one.source_key)}, {esc(seen)}, {one.verdict} {one.score:.2f}"
    return f"   {mark} {link(one.url, one.title, 100)} – {about}{hides}"


def _story(ask: Ask, told: Trace) -> str:
    understood = any(one.verdict == "meeting" for one in told.items)
    number_two = f"2 · {ask.say('Understood as a meeting?')} {'✅' if understood else '❌'}"
    what = ask.say("a meeting") if told.meeting else ask.say("no meeting")
    story = f"3 · {ask.say('Story {story}', story=told.story_id)}: {what} {'✅' if told.meeting else '❌'}"
    said = [
        f"   ✏️ {esc(one.kind)} {esc(one.field or '')} {esc(one.after or '')} ({esc(one.by)})"
        for one in told.corrections
    ]
    return lines(number_two, story, *said)


def _blocks(ask: Ask, told: Trace) -> str:
    if not any(told.hidden):
        return f"4 · {ask.say('Blocked?')} ✅ {ask.say('by no rule')}"
    if not told.blocked_by:
        some = ask.say("{count} articles count for nothing, the others do", count=sum(map(bool, told.hidden)))
        return f"4 · {ask.say('Blocked?')} ✅ {some}"
    return f"4 · {ask.say('Blocked?')} ❌ {esc(', '.join(told.blocked_by))}"


def _filters(ask: Ask, told: Trace) -> list[str]:
    return [f"5 · {ask.say('Filters')}", *(_filter(ask, one) for one in told.filters)]


def _filter(ask: Ask, one: FilterTrace) -> str:
    why = esc(because(one.decision), 200) if one.decision else ""
    notes = [
        ask.say("paused") if one.filter.paused else "",
        "" if one.filter.alerts else ask.say("raises no alerts"),
        ask.say("newer than the meeting") if one.newer and not one.had_at else "",
        ask.say("had its alert {moment}", moment=ask.clock(one.had_at)) if one.had_at else "",
    ]
    told = "; ".join(note for note in notes if note)
    return f"   {'✅' if one.matched else '❌'} {bold(one.filter.key)} {why}{f' – {told}' if told else ''}"


def _news(ask: Ask, told: Trace) -> list[str]:
    if told.meeting is None:
        return []
    if not told.silent:
        return [f"6 · {ask.say('News?')} ✅"]
    return [f"6 · {ask.say('News?')} ❌", *(f"   {ask.say(_SILENT[reason])}" for reason in told.silent)]


def _flood(ask: Ask, flood: Flood) -> str:
    since = ask.say("Held with a flood of {name} since {moment}.", name=flood.source_name, moment=ask.clock(flood.at))
    if flood.state is FloodState.HELD:
        return f"   🌊 {since} {ask.say('/review decides.')}"
    said = {
        FloodState.SENT: ask.say("Sent by {who}, {moment}.", who=flood.decided_by, moment=ask.clock(flood.decided_at)),
        FloodState.DIGEST: ask.say(
            "Told in a digest by {who}, {moment}.", who=flood.decided_by, moment=ask.clock(flood.decided_at)
        ),
        FloodState.SWALLOWED: ask.say(
            "Swallowed by {who}, {moment}.", who=flood.decided_by, moment=ask.clock(flood.decided_at)
        ),
    }
    return f"   🌊 {since} {said[flood.state]}"


def _owed(ask: Ask, told: Trace) -> list[str]:
    if not told.owed:
        return [f"7 · {ask.say('Owed to nobody.')}"]
    states = Counter(one.state for one in told.owed)
    counts = ", ".join(f"{esc(state)} {count}" for state, count in states.items())
    worst = sorted(told.owed, key=lambda one: one.state is DeliveryState.SENT)
    named = [
        f"   {esc(one.kind)} → {esc(one.title or one.address, 40)}: {esc(one.state)}"
        f" {esc(ask.clock(one.updated_at))}{f' – {esc(one.error, 100)}' if one.error else ''}"
        for one in worst[:CHATS]
    ]
    more = ask.say("and {count} more", count=len(worst) - CHATS) if len(worst) > CHATS else ""
    return [f"7 · {ask.say('Owed')}: {counts}", *named, f"   {more}" if more else ""]
