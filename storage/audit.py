"""The audit: who changed what, when, with what was before and after, in the transaction of the change.

A line is never changed, except that the line which took it back is noted with it. What is secret is not written here.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from storage.errors import NotFound
from storage.model import AuditLine
from storage.tables import audit

UNDO = "undo"


def note(
    connection: Connection, *, who: str, what: str, target: str, now: datetime,
    before: Mapping[str, Any] | None = None, after: Mapping[str, Any] | None = None,
) -> int:  # fmt: skip
    """Write a line and return its number. `what` is one word (`source_pause`), `target` the thing (`source:mod`)."""
    row = {"at": now, "who": who[:64], "what": what[:32], "target": target[:128], "before": before, "after": after}
    return int(connection.execute(insert(audit).values(**row).returning(audit.c.id)).scalar_one())


def find(connection: Connection, number: int) -> AuditLine:
    """One line. Raises `NotFound`."""
    row = connection.execute(select(audit).where(audit.c.id == number)).first()
    if row is None:
        raise NotFound(f"The audit has no line {number}.")
    return AuditLine(**row._asdict())


def page(connection: Connection, *, before: int | None = None, limit: int = 10) -> list[AuditLine]:
    """The newest lines first; `before` is the number of the last line that was shown."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(audit.c.id < before)
    return [AuditLine(**row._asdict()) for row in connection.execute(query)]


def last_of(connection: Connection, target: str) -> AuditLine | None:
    """The newest line about a thing that was not taken back and takes nothing back itself."""
    where = (audit.c.target == target, audit.c.undone_by.is_(None), audit.c.what != UNDO)
    row = connection.execute(select(audit).where(*where).order_by(audit.c.id.desc()).limit(1)).first()
    return None if row is None else AuditLine(**row._asdict())


def of_correction(connection: Connection, target: str, correction_id: int) -> AuditLine | None:
    """The line that tells of a correction of this story, if it was not taken back."""
    where = (audit.c.target == target, audit.c.undone_by.is_(None), audit.c.what != UNDO)
    lines = (AuditLine(**row._asdict()) for row in connection.execute(select(audit).where(*where)))
    return next((line for line in lines if line.after and line.after.get("correction") == correction_id), None)


def count(connection: Connection) -> int:
    """How many lines there are."""
    return int(connection.execute(select(func.count()).select_from(audit)).scalar_one())


def mark_undone(connection: Connection, number: int, by_line: int) -> bool:
    """Note which line took this one back. Returns whether it had not been taken back before."""
    where = (audit.c.id == number, audit.c.undone_by.is_(None))
    return connection.execute(update(audit).where(*where).values(undone_by=by_line)).rowcount == 1
