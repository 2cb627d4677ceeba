"""The world of the chaos campaigns: a newsroom in which ministers never stop meeting, and who checks what was told.

    happenings ─► Newsroom (feeds, a list page) ─► the real service, which the campaign hurts ─► Bot API server
         └──────────────────────── History: published against delivered ◄───────────────────────────┘

Each happening is one meeting of two ministers. Three sources in two languages report it, so that one alert a chat is
right and every other number is wrong. Its number stands in the address of each report, so that what was delivered is
traced back to what was published, whatever the program made of it in between.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial

from sqlalchemy import func, select

from bench.figures import Goal
from feeds.newsroom import Newsroom
from feeds.understand.lexicon import default_lexicon
from feeds.world import PrintedArticle, World, WorldArticle, WorldSource
from storage import filters, sources, subscriptions
from storage.database import Connection
from storage.model import Channel, SourceDefinition, Trust
from storage.tables import deliveries, items
from tests.support.bot_api import BotApi

LISTED = 60  #: articles in a feed
EVERY_S = 60.0  #: seconds of the newsroom's clock between two happenings
REPEATED = "Repeated: this may have reached you before."  #: bot/telegram/render.py, for chats in English
PEOPLE = ("101", "102", "103")  #: chats that hear of everything

_CODES = "AU GB FR DE IT CA NZ KR IN PH ID MY SG VN TH FI SE NO DK PL NL BE ES PT GR RO BG CZ SK HU EE LV LT UA BR CL"
_NUMBER = re.compile(r"/k/(\d+)/")
_STORY = re.compile(r"v1:det:(\d+)")

Key = tuple[int, int]  #: number of a happening, address of a chat


@cache
def pairs() -> tuple[tuple[str, str], ...]:
    """Codes of two countries whose ministers meet, each pair once, neighbours in the list apart."""
    codes = _CODES.split()
    every = list(itertools.combinations(codes, 2))
    return tuple(every[number * 97 % len(every)] for number in range(len(every)))


def happening(number: int, appears_after_s: float) -> tuple[WorldArticle, WorldArticle, WorldArticle]:
    """The reports of one meeting: a ministry in Japanese, an agency in English, a paper in Japanese."""
    names = default_lexicon().countries
    sides = [names[code] for code in pairs()[number]]
    (one_ja, two_ja), (one, two) = ([side.shown(language) for side in sides] for language in ("ja", "en"))
    one_of = partial(WorldArticle, appears_after_s=appears_after_s, meeting=str(number))
    return (
        one_of(
            path=f"/k/{number}/ministry.html",
            title=f"{one_ja}と{two_ja}の国防相会談について",
            text=f"{{date_ja:-1}}、{one_ja}国防大臣は{two_ja}国防大臣と会談しました。\n両大臣は協力を進めることで一致しました。",
        ),
        one_of(
            path=f"/k/{number}/agency.html",
            title=f"Defence ministers of {one} and {two} meet",
            text=f"The defence minister of {one} met the defence minister of {two} on {{date_en:-1}}.\n"
            f"They agreed on exercise number {number}.",
        ),
        one_of(
            path=f"/k/{number}/paper.html",
            title=f"{one_ja}と{two_ja}の国防相が会談",
            text=f"{one_ja}国防相と{two_ja}国防相は{{date_ja:-1}}に会談した。第{number}回の演習について話した。",
        ),
    )


def endless(count: int, every_s: float = EVERY_S) -> World:
    """A world of `count` happenings, one each `every_s` seconds; its first articles are there before any poll."""
    old = WorldArticle(path="/old.html", title="Opening hours of the library", text="The library opens at nine.")
    made = [happening(number, (number + 1) * every_s) for number in range(count)]
    columns = list(zip(*made, strict=True)) if made else [(), (), ()]
    shapes = (
        ("ministry", "rss", "ja", Trust.OFFICIAL),
        ("agency", "atom", "en", Trust.PRESS),
        ("paper", "rdf", "ja", Trust.PRESS),
    )
    return World(
        sources=tuple(
            WorldSource(
                definition=SourceDefinition(
                    key=key, url=f"/{key}.xml", name=key.title(), language=language, trust=trust,
                    time_zone="Asia/Tokyo", interval_s=1,
                ),
                format=shape,
                articles=(old, *column),
            )
            for (key, shape, language, trust), column in zip(shapes, columns, strict=True)
        )
    )  # fmt: skip


class Newsrooms(Newsroom):
    """Serves the newest articles only, as newsrooms do: else reading would take longer with every happening."""

    def _render(self, source: WorldSource, shown: list[PrintedArticle], path: str, updated: datetime) -> str | None:
        return super()._render(source, shown[:LISTED] if path == source.definition.url else shown, path, updated)


def newsroom_starts(connection: Connection, definitions: Iterable[SourceDefinition], now: datetime) -> None:
    """What the service finds at its first start: the sources, and people who hear of every meeting."""
    filters.ensure_built_in(connection)
    sources.follow_file(connection, definitions, now)
    for address in PEOPLE:
        chat = subscriptions.open_chat(connection, Channel.TELEGRAM, address, language="en", time_zone="UTC", now=now)
        subscriptions.subscribe(connection, chat.id, filters.MEETINGS, now)


def stories(connection: Connection) -> dict[int, set[int]]:
    """The happenings that each story holds, by the addresses of its reports."""
    found: dict[int, set[int]] = {}
    for row in connection.execute(select(items.c.story_id, items.c.url)):
        if number := _NUMBER.search(row.url or ""):
            found.setdefault(row.story_id, set()).add(int(number[1]))
    return found


def waiting(connection: Connection) -> int:
    """How many messages should have left by now. Not those held for a digest, nor edits: one a minute and message."""
    by_now = (deliveries.c.kind != "edit") & (deliveries.c.held == "")
    unfinished = deliveries.c.state.in_(["queued", "sending", "uncertain"]) & by_now
    return int(connection.execute(select(func.count()).select_from(deliveries).where(unfinished)).scalar_one())


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """What was published, compared with what arrived: Jepsen's total-queue, for alerts."""

    lost: frozenset[Key]  #: published, never told to this chat
    untold: int  #: those of them that do not say that they are repeats
    copies: int  #: messages that came once more
    unexpected: int  #: messages about nothing that was published
    arrived: int

    @classmethod
    def of(
        cls, published: Sequence[int], told: Mapping[int, set[int]], api: BotApi, people: Sequence[str]
    ) -> "History":
        """`told`: the happenings of each story (`stories`); `api`: what arrived."""
        got: Counter[Key] = Counter()
        openly = Counter[Key]()
        unexpected = 0
        for one in api.sent:
            story = _STORY.search(one.parameters.get("reply_markup", ""))
            numbers = told.get(int(story[1]), set()) if story else set()
            if len(numbers) != 1:  # nothing of ours, or two meetings taken for one
                unexpected += 1
                continue
            key = (next(iter(numbers)), one.chat_id)
            got[key] += 1
            openly[key] += REPEATED in one.text
        wanted = {(number, int(address)) for number in published for address in people}
        return cls(
            lost=frozenset(wanted - got.keys()),
            copies=sum(count - 1 for count in got.values()),
            untold=sum(max(count - 1 - openly[key], 0) for key, count in got.items()),
            unexpected=unexpected + sum(count for key, count in got.items() if key not in wanted),
            arrived=sum(got.values()),
        )

    def goals(self, name: str, *, in_doubt: int) -> list[Goal]:
        """The goals that every campaign has; `in_doubt`: messages whose answer nobody read, which may come again."""
        return [
            none(f"{name}: lost", len(self.lost)),
            Goal(name=f"{name}: second copies, one a lost answer", goal=in_doubt, value=self.copies, unit="",
                 at_least=False),
            none(f"{name}: copies that do not say so", self.untold),
            none(f"{name}: unexpected", self.unexpected),
        ]  # fmt: skip


def none(name: str, value: float | None, unit: str = "") -> Goal:
    """A goal of nothing at all."""
    return Goal(name=name, goal=0, value=value, unit=unit, at_least=False)
