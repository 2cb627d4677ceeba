"""Delivery under limits, faults and death: nothing lost, nothing twice that need not be.

    python -m bench.chaos_delivery [--quick] [--only limits,faults,kills,park,terms,claims,first]

Every phase runs the real dispatcher and the real python-telegram-bot over real HTTP against a Bot API server that
enforces Telegram's limits and breaks in every way we know. TDLib judges each text on arrival, aiogram each call at the
end. The goals are those of docs/delivery.md.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import resource
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import delete, func, select, update

from bench import judged
from bench.deaths import Deaths
from bench.delivery_side import (
    POINTS,
    QUICK,
    WINDOW,
    Life,
    crowd,
    delivering,
    filled,
    key_of,
    land,
    left,
    live,
    now,
    quiet,
)
from bench.delivery_world import PATIENCE_S, Key, World
from bench.figures import Goal, report
from bot.deliver import Deliverer
from storage import outbox, queue
from storage.database import Connection, Database
from storage.model import Channel
from storage.tables import chats, deliveries
from tests.support.bot_api import BotApi
from tests.support.bot_limits import Fault, Limits

NOBODY = 0


class Campaign:
    """The phases. Each returns its goals."""

    def __init__(self, folder: Path, *, quick: bool) -> None:
        """`folder` holds databases and recorded calls."""
        self.folder = folder
        self.quick = quick
        self.calls = folder / "calls.jsonl"
        self.calls.touch()

    def record(self, api: BotApi) -> None:
        """Keep the calls for the judge."""
        with self.calls.open("a", encoding="utf-8") as file:
            for call in api.calls:
                if call.method != "getMe":
                    file.write(json.dumps({"method": call.method, "parameters": dict(call.parameters)}) + "\n")

    async def limits(self) -> list[Goal]:
        """A thousand alerts to three hundred chats, a sixth of them groups, against the limits."""
        meetings = 1 if self.quick else 4
        addresses = [*range(1, 251), *range(-50, 0)]
        with filled(self.folder, "limits", addresses, meetings) as database:
            most = min(1000, meetings * 300)
            database.write(partial(_keep_only, most=most))
            async with BotApi(limits=Limits()) as api:
                _open(api, addresses)
                async with delivering(database, api.url, "w"):
                    await _until_sent(database)
                self.record(api)
        moments = [one.at for one in api.sent]
        rate = (len(moments) - 1) / (moments[-1] - moments[0])
        assert api.limits is not None
        return [
            Goal(name="alerts that arrived", goal=most, value=len(api.sent), unit=""),
            Goal(name="answers 429 under the limits", goal=0, value=api.limits.refused, unit="", at_least=False),
            Goal(name="sustained rate", goal=27, value=rate, unit="messages/s"),
        ]

    async def first(self) -> list[Goal]:
        """From the commit of a new meeting to the first message at the server."""
        addresses = list(range(1, 301))
        with filled(self.folder, "first", addresses, 0) as database:
            async with BotApi(limits=Limits()) as api:
                _open(api, addresses)
                async with delivering(database, api.url, "w") as deliverer:
                    trials = range(10 if self.quick else 40)
                    waits = [await _first_send(database, deliverer, api, trial) for trial in trials]
        p95 = statistics.quantiles(waits, n=20)[-1]
        return [Goal(name="commit to first send, p95", goal=1.0, value=p95, unit="s", at_least=False)]

    async def faults(self) -> list[Goal]:
        """Ten thousand sends while everything that can happen to a request happens at random."""
        people, meetings = (100, 5) if self.quick else (500, 20)
        addresses = [*range(1, people - 49), *range(-50, 0)]
        world = World(random.Random(7))
        with filled(self.folder, "faults", addresses, meetings) as database:
            async with BotApi(fate=world.fate) as api:
                _open(api, addresses)
                world.api = api
                async with delivering(
                    database, api.url, "w", paces={Channel.TELEGRAM: QUICK}, per_second=1000.0, read_timeout=PATIENCE_S
                ):
                    while await asyncio.to_thread(database.read, left):
                        await asyncio.to_thread(database.write, _welcome_back)
                        await asyncio.sleep(0.2)
                self.record(api)
            states = database.read(_states)
        return world.goals(Counter(key for one in api.sent if (key := key_of(one.parameters))), states)

    async def kills(self, policy: str = "repeat") -> list[Goal]:
        """`kill -9` at each named point, again and again, until all is delivered."""
        each = 2 if self.quick else 56
        lives = [(point, 1 + n % 9) for n in range(each) for point in POINTS]
        with filled(self.folder, f"kills-{policy}", list(range(1, 101)), 6 if self.quick else 50) as database:
            deaths = Deaths()
            async with BotApi(keep_calls=False, fate=deaths.asked) as api:
                _open(api, range(1, 101))
                for count, (point, after) in enumerate(lives):
                    if await self._die(database, api, policy, point, after, count):
                        deaths.died(point)
                await self._die(database, api, policy, "", 0, len(lives))
            states = database.read(_states)
        got = Counter(key for one in api.sent if (key := key_of(one.parameters)))
        laid, killed = deaths.explain(got), deaths.kills.total()
        deaths.show(laid)
        parked = [key for key, state in states.items() if state == "uncertain"]
        lost = [key for key, state in states.items() if key not in got and state != "uncertain"]
        name = f"{killed} × kill -9, {policy}"
        print(f"{name}: {len(parked)} parked, of which {len([k for k in parked if k not in got])} never arrived")
        goals = [
            Goal(name=f"{name}: kills", goal=len(lives), value=killed, unit=""),
            Goal(name=f"{name}: lost", goal=0, value=len(lost), unit="", at_least=False),
        ]
        if policy == "park":
            return [*goals, Goal(name=f"{name}: duplicates", goal=0, value=_duplicates(api), unit="", at_least=False)]
        most = sum(point in WINDOW for point, _ in lives)
        twice = laid.total()
        return [
            *goals,
            Goal(
                name=f"{name}: duplicates, one a death in the window", goal=most, value=twice, unit="", at_least=False
            ),
            Goal(name=f"{name}: duplicates by no death", goal=0, value=laid[""], unit="", at_least=False),
        ]

    async def _die(self, database: Database, api: BotApi, policy: str, point: str, after: int, count: int) -> bool:
        """Run one process until it dies at a point. Returns whether it did."""
        in_server = point in ("request written", "request done")
        life = Life(place=str(database.url), url=api.url, worker=f"w{count}", policy=policy,
                    dies_at="" if in_server else point, after=after)  # fmt: skip
        process = multiprocessing.get_context("forkserver").Process(target=live, args=(life,))
        passed = 0

        def kill(method: str) -> None:
            nonlocal passed
            passed += method == "sendMessage"
            if passed == after and method == "sendMessage" and process.pid is not None:
                os.kill(process.pid, signal.SIGKILL)

        api.before = kill if point == "request written" else _nothing
        api.after = kill if point == "request done" else _nothing
        process.start()
        await asyncio.to_thread(process.join, 300)
        await asyncio.sleep(0.01)  # what the dead process had written is done by the server
        return process.exitcode == -signal.SIGKILL

    async def terms(self) -> list[Goal]:
        """SIGTERM under load, as a planned restart does, until all is delivered."""
        restarts = 5 if self.quick else 50
        with filled(self.folder, "terms", list(range(1, 201)), 3 if self.quick else 20) as database:
            async with BotApi(keep_calls=False, fate=_slowly) as api:
                _open(api, range(1, 201))
                for count in range(restarts):
                    life = Life(place=str(database.url), url=api.url, worker=f"t{count}", in_flight=8)
                    process = multiprocessing.get_context("forkserver").Process(target=live, args=(life,))
                    target = len(api.sent) + random.Random(count).randint(5, 60) // (4 if self.quick else 1)
                    process.start()
                    while process.is_alive() and len(api.sent) < target:
                        await asyncio.sleep(0.005)
                    process.terminate()
                    await asyncio.to_thread(process.join, 60)
                sent_while_stopping = len(api.sent)
                await self._die(database, api, "repeat", "", 0, restarts)
            states = database.read(_states)
        assert sent_while_stopping
        got = {key for one in api.sent if (key := key_of(one.parameters))}
        lost = [key for key in states if key not in got]
        return [
            Goal(name=f"{restarts} × SIGTERM: lost", goal=0, value=len(lost), unit="", at_least=False),
            Goal(name=f"{restarts} × SIGTERM: duplicates", goal=0, value=_duplicates(api), unit="", at_least=False),
        ]

    async def claims(self) -> list[Goal]:
        """Claims on a hundred thousand queued rows: evenly spread, and nearly all of one chat."""
        rows = 10_000 if self.quick else 100_000
        goals = []
        for name, people, one_first in (("300 chats", 300, False), ("one chat before 300", 300, True)):
            with filled(self.folder, f"claims-{people}-{one_first}", [], 0) as database:
                database.write(partial(crowd, rows=rows, people=people, one_first=one_first))
                costs, grown = await asyncio.to_thread(_claim_all, database)
            p95 = statistics.quantiles(costs, n=20)[-1] * 1000
            title = f"{rows:,} rows of {name}"
            goals.append(Goal(name=f"look, {title}, p95", goal=5, value=p95, unit="ms", at_least=False))
            goals.append(Goal(name=f"memory, {title}", goal=8, value=grown, unit="MB", at_least=False))
        return goals


def _slowly(method: str, _parameters: Mapping[str, str]) -> Fault | None:
    return Fault(delay_s=0.05) if method == "sendMessage" else None


def _nothing(_method: str) -> None:
    """Nothing dies."""


def _open(api: BotApi, addresses: "list[int] | range") -> None:
    for address in addresses:
        api.add_chat(address)


def _keep_only(connection: Connection, most: int) -> None:
    kept = select(deliveries.c.id).order_by(deliveries.c.id).limit(most)
    connection.execute(delete(deliveries).where(deliveries.c.id.not_in(kept)))


def _states(connection: Connection) -> dict[Key, str]:
    query = select(deliveries.c.story_id, chats.c.address, deliveries.c.state).join_from(deliveries, chats)
    return {(row.story_id, int(row.address)): row.state for row in connection.execute(query)}


def _welcome_back(connection: Connection) -> None:
    """Whoever blocked the bot lets it in again, so that what was kept for them is sent."""
    connection.execute(update(chats).where(chats.c.state == "gone").values(state="active"))


async def _until_sent(database: Database) -> None:
    while await asyncio.to_thread(database.read, left):
        await asyncio.sleep(0.2)


async def _first_send(database: Database, deliverer: Deliverer, api: BotApi, trial: int) -> float:
    before = len(api.sent)
    await asyncio.to_thread(database.write, partial(land, number=trial))
    began = time.monotonic()
    deliverer.wake()
    await api.wait_sent(before + 1, timeout_s=60)
    wait = api.sent[before].at - began
    await asyncio.to_thread(
        database.write, lambda c: c.execute(delete(deliveries).where(deliveries.c.state == "queued"))
    )
    await asyncio.sleep(1.2)  # a new meeting finds nobody resting
    return wait


def _duplicates(api: BotApi) -> int:
    counts = Counter(key for one in api.sent if (key := key_of(one.parameters)))
    return sum(count - 1 for count in counts.values())


def _claim_all(database: Database) -> tuple[list[float], float]:
    """The CPU time of each look for eight messages among rooms that rest, and by how much memory grew meanwhile."""
    turns, busy, costs = queue.Turns(), list[str](), list[float]()
    grown = NOBODY
    for count in range(300):
        began = time.thread_time()
        look = partial(
            queue.find, channels=[Channel.TELEGRAM], busy=busy, now=now(), limit=8, turns=turns, oldest=count % 5 == 0
        )
        found = database.read(look)
        costs.append(time.thread_time() - began)
        taken = database.write(partial(outbox.take, found=found, worker="w", now=now()))
        busy = [*busy, *(one.chat.room for one in taken)][-60:]
        if count == 50:
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    waiting = database.read(lambda c: c.execute(select(func.count()).select_from(deliveries)).scalar_one())
    assert waiting, "the rows are still there"
    return costs[5:], (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - grown) / 1024


async def _run(campaign: Campaign, wanted: set[str]) -> list[Goal]:
    phases: dict[str, Callable[[], Awaitable[list[Goal]]]] = {
        "claims": campaign.claims,
        "limits": campaign.limits,
        "first": campaign.first,
        "faults": campaign.faults,
        "kills": campaign.kills,
        "park": partial(campaign.kills, "park"),
        "terms": campaign.terms,
    }
    goals: list[Goal] = []
    for name, phase in phases.items():
        if name in wanted or not wanted:
            began = time.monotonic()
            found = await phase()
            goals += found
            print(f"{name}: {timedelta(seconds=round(time.monotonic() - began))}")
            for goal in found:
                print(f"  {goal.name}: {goal.value} {goal.unit}{'' if goal.ok else '  RED'}", flush=True)
    return goals + judged.goals(judged.judge(campaign.calls))


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything, about a minute")
    parser.add_argument("--only", default="", help="phases, with commas between")
    arguments = parser.parse_args()
    quiet()
    multiprocessing.get_context("forkserver").set_forkserver_preload(["bench.delivery_side"])
    with tempfile.TemporaryDirectory(prefix="kaigi-chaos-") as folder:
        campaign = Campaign(Path(folder), quick=arguments.quick)
        goals = asyncio.run(_run(campaign, set(filter(None, arguments.only.split(",")))))
    return report("chaos-delivery", goals, note="quick" if arguments.quick else "")


if __name__ == "__main__":
    sys.exit(main())
