"""Two services by mistake: on one archive the second is refused, with one bot both go on without a loop.

    python -m bench.chaos_double [--quick]

The services are real ones, in processes of their own, against the local newsroom and a strict Bot API server, which
answers 409 to the older of two programs that read one bot's updates, as Telegram does.
"""

import argparse
import asyncio
import json
import multiprocessing
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path

from bench.chaos_world import PEOPLE, Newsrooms, endless, newsroom_starts, none
from bench.crash_side import Life, live
from bench.figures import Goal, report
from storage import schema
from storage.database import Database
from tests.support.bot_api import BotApi
from tests.support.running import free_port

READY_S = 30.0


@contextmanager
def service(folder: Path, newsroom: Newsrooms, api: BotApi) -> Iterator[tuple[BaseProcess, int]]:
    """One service on the archive in `folder`, until the block ends, and its port."""
    port = free_port()
    life = Life(folder=folder, port=port, api_url=api.url, definitions=newsroom.definitions())
    process = multiprocessing.get_context("forkserver").Process(target=live, args=(life,))
    process.start()
    try:
        yield process, port
    finally:
        process.terminate()
        process.join(30)
        if process.is_alive():
            process.kill()


def _archive(folder: Path, newsroom: Newsrooms) -> None:
    folder.mkdir()
    with closing(Database(f"sqlite:///{folder / 'kaigi.db'}")) as database:
        schema.upgrade(database)
        database.write(partial(newsroom_starts, definitions=newsroom.definitions(), now=datetime.now(UTC)))


async def _health(port: int) -> dict[str, object]:
    def ask() -> dict[str, object]:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            found: dict[str, object] = json.load(answer)
            return found

    with suppress(OSError):
        return await asyncio.to_thread(ask)
    return {}


async def _until(port: int, name: str, wanted: object, patience_s: float = READY_S) -> bool:
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        if (await _health(port)).get(name) == wanted:
            return True
        await asyncio.sleep(0.2)
    return False


async def one_archive(base: Path, newsroom: Newsrooms, api: BotApi) -> list[Goal]:
    """The second on one archive says who is there and ends; the first does not notice."""
    folder = base / "one"
    _archive(folder, newsroom)
    with service(folder, newsroom, api) as (_, port):
        ready = await _until(port, "telegram", "ok")
        began = time.monotonic()
        with service(folder, newsroom, api) as (second, _other):
            await asyncio.to_thread(second.join, READY_S)
            code, seconds = second.exitcode, time.monotonic() - began
        still = await _until(port, "ready", True)
    said = (folder / "log.jsonl").read_text(encoding="utf-8").count("Another Kaigi runs on")
    return [
        Goal(name="the first is ready", goal=1, value=int(ready), unit=""),
        Goal(name="the second is refused with words", goal=1, value=int(code == 1 and said > 0), unit=""),
        Goal(name="… within", goal=READY_S, value=seconds, unit="s", at_least=False),
        Goal(name="the first goes on", goal=1, value=int(still), unit=""),
    ]


async def one_bot(base: Path, newsroom: Newsrooms, api: BotApi, watch_s: float) -> list[Goal]:
    """Two archives, one token: both tell of it once, neither hammers Telegram, and the one that stays recovers."""
    for name in ("a", "b"):
        _archive(base / name, newsroom)
    with service(base / "a", newsroom, api) as (_, port):
        ready = await _until(port, "telegram", "ok")
        with service(base / "b", newsroom, api) as (_second, other):
            await _until(other, "telegram", "ok")
            before = len(api.called("getUpdates"))
            seen = set()
            end = time.monotonic() + watch_s
            while time.monotonic() < end:
                seen |= {(await _health(port)).get("telegram"), (await _health(other)).get("telegram")}
                await asyncio.sleep(0.5)
            rate = (len(api.called("getUpdates")) - before) / watch_s
        recovered = await _until(port, "telegram", "ok", 60)
        sent = len(api.sent)
        await api.user_says(int(PEOPLE[0]), "/help", language_code="en")
        await api.wait_sent(sent + 1, timeout_s=40)
        await asyncio.sleep(1)
        answers = len(api.sent) - sent
    told = sum((base / name / "log.jsonl").read_text(encoding="utf-8").count("Another program reads") for name in "ab")
    return [
        Goal(name="one bot, two programs: the first was ready", goal=1, value=int(ready), unit=""),
        Goal(name="the conflict is shown", goal=1, value=int("conflict" in seen), unit=""),
        Goal(name="getUpdates of both together", goal=4, value=rate, unit="a second", at_least=False),
        Goal(name="lines in both logs about it", goal=2 * watch_s, value=told, unit="", at_least=False),
        Goal(name="the one that stays reads updates again", goal=1, value=int(recovered), unit=""),
        none("answers to one command, beside one", abs(answers - 1)),
    ]


async def campaign(base: Path, watch_s: float) -> list[Goal]:
    """Both mistakes."""
    newsroom = Newsrooms(world=endless(2), clock=lambda: 0.0)
    async with newsroom, BotApi() as api:
        for address in PEOPLE:
            api.add_chat(int(address))
        return [*await one_archive(base, newsroom, api), *await one_bot(base, newsroom, api, watch_s)]


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="watch a conflict for five seconds")
    arguments = parser.parse_args()
    multiprocessing.get_context("forkserver").set_forkserver_preload(["bench.crash_side"])
    with tempfile.TemporaryDirectory(prefix="kaigi-chaos-") as base:
        goals = asyncio.run(campaign(Path(base), 5.0 if arguments.quick else 30.0))
    return report("chaos-double", goals, note="quick" if arguments.quick else "")


if __name__ == "__main__":
    sys.exit(main())
