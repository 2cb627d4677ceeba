"""`/admin/audit`: who changed what, the newest first, and what can be taken back."""

from functools import partial
from http import HTTPStatus

from starlette.responses import Response

from bot.told import difference
from bot.undoing import Undoing, undo
from bot.web.visit import Visit, no_such_act
from storage import audit
from storage.database import Connection
from storage.errors import KaigiError
from storage.model import AuditLine

PAGE = 40  #: lines on a page


async def show(visit: Visit) -> Response:
    """The audit; with a form, take a line back."""
    if not visit.acts:
        return await _page(visit)
    if visit.act != "undo":
        raise no_such_act()
    try:
        taken = await take_back(visit)
    except KaigiError as error:
        return await _page(visit, str(error))
    return visit.go(place_of(taken), await visit.area.read(partial(_undone_by, number=taken.id)))


async def take_back(visit: Visit) -> AuditLine:
    """Take back the line that the form names. Raises `NotFound`, `CannotUndo`, and what the change itself raises."""
    number = visit.said("line")
    line = int(number) if number.isascii() and number.isdecimal() and len(number) < 16 else 0

    def work(connection: Connection) -> AuditLine:
        desk = visit.corrections
        return undo(Undoing(connection=connection, who=visit.who, now=visit.now, desk=desk), line)

    return await visit.area.write(work)


def _undone_by(connection: Connection, number: int) -> int | None:
    return audit.find(connection, number).undone_by


def place_of(line: AuditLine) -> str:
    """The page of what a line is about, where it has one that is still there."""
    kind, _, name = line.target.partition(":")
    if kind == "story" and name.isdecimal():
        return f"/admin/stories/{name}"
    if kind == "filter" and line.what != "filter_add":
        return f"/admin/filters/{name}"
    return {"source": "/admin/sources", "filter": "/admin/filters", "flood": "/admin/review"}.get(kind, "/admin/audit")


async def _page(visit: Visit, problem: str = "") -> Response:
    before = visit.number("before")
    lines = await visit.area.read(partial(audit.page, before=before, limit=PAGE + 1))
    return await visit.page(
        "audit.html",
        HTTPStatus.CONFLICT if problem else HTTPStatus.OK,
        found=[(line, difference(line.before, line.after)) for line in lines[:PAGE]],
        older=lines[PAGE - 1].id if len(lines) > PAGE else None,
        newest=before is None,
        count=await visit.area.read(audit.count),
        problem=problem,
    )
