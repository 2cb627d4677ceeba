"""`/admin`: how the service is, what waits for a decision, and what was done last."""

from functools import partial

from starlette.responses import Response

from bot.told import difference
from bot.web.visit import Visit
from feeds.publish.words import SOURCE_STATES
from storage import audit, floods, news, sessions, sources, tracing
from storage.model import SourceState

BAD = (SourceState.FAILING, SourceState.BLOCKED, SourceState.EMPTY, SourceState.SILENT)
FINE = (True, "ok", "off")
LAST = 6  #: lines of the audit


async def show(visit: Visit) -> Response:
    """The first page of the area."""
    read = visit.area.read
    every = [one for one in await read(sources.every) if one.definition.enabled]
    since = visit.now - tracing.ASKED_ABOUT
    return await visit.page(
        "overview.html",
        figures=await read(news.figures),
        parts=[(name, state, state in FINE) for name, state in visit.area.health().items()],
        uncertain=await read(partial(tracing.count_uncertain, since=since)),
        floods=len(await read(partial(floods.every, held_only=True))),
        oldest=await read(tracing.oldest_waiting),
        bad=[one for one in every if one.state in BAD],
        states=SOURCE_STATES[visit.language],
        polled=len(every),
        found=[(line, difference(line.before, line.after)) for line in await read(partial(audit.page, limit=LAST))],
        sessions=await read(partial(sessions.of, who=visit.who, now=visit.now)),
    )
