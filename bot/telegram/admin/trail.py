"""`/audit`: who changed what, the newest first, with buttons that take it back where it can be."""

from collections.abc import Mapping

from bot.telegram.admin.answers import Answer, Ask, bold, data, esc, lines, number
from bot.telegram.markup import Button
from bot.told import difference, names
from bot.undoing import Undoing, can_undo, undo
from storage import audit
from storage.database import Connection
from storage.model import AuditLine

PAGE = 6  #: lines on a page


async def command(ask: Ask) -> Answer:
    """The newest lines; a click gives those before a number."""
    before = number(ask.rest) or None
    return await ask.read(lambda c: _page(c, ask, before))


def _page(connection: Connection, ask: Ask, before: int | None) -> Answer:
    found = audit.page(connection, before=before, limit=PAGE + 1)
    shown, more = found[:PAGE], len(found) > PAGE
    known = names(connection, ask.language)
    rows = [_line(ask, one, known) for one in shown]
    undo_row = tuple(
        Button(f"↩ {one.id}", data=data("undo", one.id)) for one in shown if can_undo(one)
    )  # fmt: skip
    newest = (Button("⏮", data=data("audit", 0)),) if before else ()
    older = (Button("▶", data=data("audit", shown[-1].id)),) if more else ()
    head = bold(ask.say("Audit") + f" ({audit.count(connection)})")
    return Answer(
        html=lines(head, *rows) if rows else ask.say("Nothing was changed yet."),
        buttons=tuple(row for row in (undo_row, (*newest, *older)) if row),
    )


def _line(ask: Ask, one: AuditLine, known: Mapping[str, str]) -> str:
    who = known.get(one.who, one.who)
    head = f"{one.id} · {esc(ask.clock(one.at))} · {bold(one.what)} {esc(one.target, 60)} · {esc(who, 40)}"
    undone = f" ↩ {one.undone_by}" if one.undone_by else ""
    change = difference(one.before, one.after)
    return f"{head}{undone}" + (f"\n    {esc(change, 220)}" if change else "")


async def click_undo(ask: Ask) -> Answer:
    """Take a line back."""
    line = number(ask.rest)

    def work(connection: Connection) -> AuditLine:
        doing = Undoing(connection=connection, who=ask.who, now=ask.now, desk=ask.corrections)
        return undo(doing, line)

    taken = await ask.write(work)
    return Answer(
        html=ask.say("Took back line {line}: {what} {target}.", line=taken.id, what=taken.what, target=taken.target),
        buttons=((ask.button("Audit", "audit", 0),),),
    )
