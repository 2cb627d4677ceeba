"""Takes a line of the audit back, where the thing itself can be taken back.

A function over a connection: what is undone, the line that says so, and the mark on the old line are one transaction.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.changing import FOLLOWS, as_rules, change_of, from_record, from_rules, undo_filter
from feeds import floods
from feeds.correcting import Desk
from storage import audit, filters, people, sources
from storage.database import Connection
from storage.errors import KaigiError
from storage.model import AuditLine, SourceState


class CannotUndo(KaigiError):
    """The line cannot be taken back. The message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Undoing:
    """Who takes something back, and when."""

    connection: Connection
    who: str
    now: datetime
    desk: Desk  #: where corrections are made, in the name of `who`


def can_undo(line: AuditLine) -> bool:
    """Whether it is worth trying: the kind of change can be taken back, and it was not yet."""
    return line.undone_by is None and _way(line.what) is not None


def undo(doing: Undoing, number: int) -> AuditLine:
    """Take a line back. Returns it. Raises `NotFound`, `CannotUndo`, and what the change itself raises."""
    line = audit.find(doing.connection, number)
    way = _way(line.what)
    if line.undone_by is not None:
        raise CannotUndo(f"Line {number} was taken back already.")
    if way is None:
        raise CannotUndo(f"A line of the kind {line.what} cannot be taken back: what was sent stays sent.")
    if not way(doing, line):  # those which do not write their own line
        told = {"who": doing.who, "what": audit.UNDO, "target": line.target, "now": doing.now}
        undone = audit.note(doing.connection, before=line.after, after=line.before, **told)  # type: ignore[arg-type]
        if not audit.mark_undone(doing.connection, number, undone):
            raise CannotUndo(f"Line {number} was taken back already.")
    return line


Way = Callable[[Undoing, AuditLine], bool]  #: returns whether it wrote its own line into the audit


def _way(what: str) -> Way | None:
    if what.startswith("filter_"):
        return _filter
    if what.startswith("flood_"):
        return _flood
    return _correction if what.startswith("correct_") else _WAYS.get(what)


def _filter(doing: Undoing, line: AuditLine) -> bool:
    key = _name(line)
    last = next((one for one in filters.history(doing.connection, key) if not one.undone and one.what != "undo"), None)
    if last is None or last.id != change_of(line.after):
        raise CannotUndo(f"{key} was changed again since. Take back the later changes first: /filter undo {key}")
    undo_filter(doing.connection, key, who=doing.who, now=doing.now)
    return True


def _correction(doing: Undoing, line: AuditLine) -> bool:
    doing.desk.take_back(int((line.after or {})["correction"]), doing.connection)
    return True


def _source_state(doing: Undoing, line: AuditLine) -> bool:
    source = sources.find(doing.connection, _name(line))
    paused = source.state is SourceState.PAUSED
    if paused is not (line.what == "source_pause"):
        raise CannotUndo(f"{source.definition.key} is no longer as this change left it.")
    if paused:
        sources.resume(doing.connection, source.id, doing.now)
    else:
        sources.pause(doing.connection, source.id)
    return False


def _source_rules(doing: Undoing, line: AuditLine) -> bool:
    source, after = sources.find(doing.connection, _name(line)), from_rules(line.after or {})
    if as_rules(source.definition.rules) != as_rules(after):
        raise CannotUndo(f"{source.definition.key} was given other rules since. Take those back first.")
    before = _before(line)
    was = replace(source.definition, rules=from_rules(before))
    sources.change(doing.connection, source.id, was, doing.now, follow=bool(before.get(FOLLOWS)))
    return False


def _source_add(doing: Undoing, line: AuditLine) -> bool:
    """Only while nothing else happened to it: its articles go with it, and it may be another of this name now."""
    last = audit.last_of(doing.connection, line.target)
    if last is None or last.id != line.id:
        raise CannotUndo(f"{_name(line)} was changed since. /source remove {_name(line)} removes it.")
    sources.remove(doing.connection, sources.find(doing.connection, _name(line)).id, doing.now)
    return False


def _source_remove(doing: Undoing, line: AuditLine) -> bool:
    sources.add(doing.connection, from_record(_before(line)), doing.now)
    return False


def _admin_add(doing: Undoing, line: AuditLine) -> bool:
    if not people.remove(doing.connection, int(_name(line)), doing.now):
        raise CannotUndo("This person is no admin any more.")
    return False


def _admin_remove(doing: Undoing, line: AuditLine) -> bool:
    if not people.restore(doing.connection, int(_name(line))):
        raise CannotUndo("This person is an admin again already, or had all deleted. Invite them again.")
    return False


def _invite(doing: Undoing, line: AuditLine) -> bool:
    if not people.revoke(doing.connection, int(_name(line)), doing.now):
        raise CannotUndo("The invitation was used, or has ended by itself.")
    return False


def _flood(doing: Undoing, line: AuditLine) -> bool:
    last = audit.last_of(doing.connection, line.target)
    if last is None or last.id != line.id:
        raise CannotUndo(f"Flood {_name(line)} was decided about again since.")
    floods.undo(doing.connection, int(_name(line)), who=doing.who, now=doing.now)
    return True


_WAYS: dict[str, Way] = {
    "source_pause": _source_state,
    "source_resume": _source_state,
    "source_rules": _source_rules,
    "source_add": _source_add,
    "source_remove": _source_remove,
    "admin_add": _admin_add,
    "admin_remove": _admin_remove,
    "invite": _invite,
}


def _name(line: AuditLine) -> str:
    """The part of the target behind its kind: `source:mod` is `mod`."""
    return line.target.partition(":")[2]


def _before(line: AuditLine) -> Mapping[str, Any]:
    if line.before is None:
        raise CannotUndo("What was before is not known.")
    return line.before
