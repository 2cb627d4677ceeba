"""What everybody may look at: /last, /next, /top, /search, /help, and the details of a meeting."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from urllib.parse import quote

from bot.telegram import render
from bot.telegram.desk import Request
from bot.telegram.following import today
from bot.telegram.markup import Message, block, bold, joined, link, within, words
from bot.telegram.refusals import in_words
from bot.telegram.starting import ABOUT
from feeds import archive
from feeds.decide.query import QueryError, parse
from feeds.publish.words import TOP_SPANS
from storage import news
from storage.model import Chat

LAST, LAST_MOST = 5, 10
AHEAD = 10
FOUND = 5
BUDGET = 4000  #: items that one search may look at
_SPANS = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}


async def last(request: Request) -> None:
    """The latest meetings: `/last` five of them, `/last 3` three."""
    said = request.words.strip()
    wanted = LAST if not said else int(said) if re.fullmatch(r"[0-9]{1,3}", said) else 0
    if not 1 <= wanted <= LAST_MOST:
        await request.tell(request.say("/last takes a number from 1 to 10, for example /last 3."))
        return
    stories = await request.desk.read(partial(news.latest_meetings, level="minister", limit=wanted))
    nothing = request.say("No meeting has been reported yet.")
    title = request.say("The latest meetings")
    await request.show(
        render.listing(stories, _reader(request), title=title, nothing=nothing, page=request.desk.address)
    )


def _reader(request: Request) -> Chat:
    """Who reads: in the language of the answer."""
    return replace(request.chat, language=request.language)


async def coming(request: Request) -> None:
    """The announced meetings that are still to come."""
    stories = await request.desk.read(partial(news.ahead, today=today(request), limit=AHEAD))
    nothing = request.say("No meeting is announced at the moment.")
    title = request.say("Announced meetings")
    await request.show(
        render.listing(stories, _reader(request), title=title, nothing=nothing, page=request.desk.address)
    )


async def top(request: Request) -> None:
    """What most newsrooms tell: `/top`, `/top 7d`, `/top 30d`."""
    said = request.words.strip().lower() or "24h"
    if said not in _SPANS:
        await request.tell(request.say("Write /top 24h, /top 7d or /top 30d."))
        return
    found = await request.desk.read(partial(archive.top, since=request.now - _SPANS[said], limit=10))
    title = request.say("Told by most newsrooms: {span}", span=TOP_SPANS[request.language][said])
    nothing = request.say("Nothing was reported in this time.")
    await request.show(render.ranking(found, _reader(request), title=title, nothing=nothing))


async def search(request: Request) -> None:
    """Find meetings in the archive: `/search country:AU date:2026`."""
    said = request.words.strip()
    if not said:
        examples = '/search country:AU phase:announced\n/search 日豪 共同訓練\n/search "joint statement" kind:2+2'
        await request.tell(request.say("Write what to look for, for example:") + f"\n{examples}")
        return
    try:
        query = parse(said)
    except QueryError as error:
        await request.show(render.query_error(in_words(request.language, str(error)), request.language))
        return
    work = partial(archive.find_meetings, query=query, now=request.now, limit=FOUND, budget=BUDGET)
    found = await request.desk.read(work)
    title = request.say("Found for {query}", query=said)
    nothing = request.say("Nothing was found for {query}.", query=said[:200])
    shown = render.listing(
        found.meetings, _reader(request), title=title, nothing=nothing, page=request.desk.address,
        more=f"{request.desk.address}/search?q={quote(said[:500])}" if found.before is not None else None,
    )  # fmt: skip
    await request.show(shown)


async def details(request: Request, number: str) -> None:
    """Each fact of a meeting with the words that it came from."""
    if not number.isdecimal() or len(number) > 15 or request.room.kind == "channel":
        raise ValueError(number)  # what the bot writes in a channel, all its readers get
    story = await request.desk.read(partial(news.meeting, story_id=int(number)))
    evidence = await request.desk.read(partial(news.evidence, story_id=story.meeting.story_id))
    await request.send(render.details(story, evidence, _reader(request), page=request.desk.address))


async def show_help(request: Request, commands: Sequence[tuple[str, str]]) -> None:
    """What the bot is and what it understands. `commands`: names with what they do."""
    lines = [block(request.say(ABOUT)), bold(words(request.say("Commands:")))]
    listed = joined([words(f"/{name} – {request.say(about)}") for name, about in commands])
    page = link(request.desk.address + "/", words(request.say("All meetings on the web page")))
    await request.send(Message(within([lines[0], joined([lines[1], listed]), page], gap="\n\n")))
