"""The service in parts on one PostgreSQL: each does its share, and what one leaves undone another does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from bot import config
from bot.parts import utc_now
from bot.process import state_folder
from bot.roles import Part
from bot.standby import Line
from feeds.newsroom import Fault, Newsroom
from storage import notices, sources, workers
from storage.database import Database
from storage.model import Channel, Role, Worker
from tests.support.bot_api import TOKEN, BotApi
from tests.support.commands import kaigi
from tests.support.parsing import parse_here
from tests.support.postgres import Postgres
from tests.support.running import PATIENCE_S, free_port
from tests.support.web import get

MEETING = "第13回拡大ASEAN国防相会議"
BOT = TOKEN.partition(":")[0]


@pytest.fixture(autouse=True)
def parsers(monkeypatch: pytest.MonkeyPatch) -> None:
    parse_here(monkeypatch)
    monkeypatch.setattr("bot.duties.BREATH_S", 0.0)
    monkeypatch.setattr("bot.roles.LOOK_S", 0.1)


class Company:
    """Processes that share a database; here they share a loop as well."""

    def __init__(self, address: str, api: BotApi, newsroom: Newsroom) -> None:
        self.database = Database(address)
        self._parts: dict[str, tuple[Part, asyncio.Task[None]]] = {}
        self._address, self._api, self._newsroom = address, api, newsroom

    async def join(self, role: Role, **telegram: object) -> config.Settings:
        """Start a process; it is stopped in order when the test ends."""
        part = self.part(role, **telegram)
        task = asyncio.create_task(part.run())
        before = {one.name for one in self.who()}
        await self.until(lambda: task.done() or len(self.who()) > len(before))
        if task.done():
            task.result()
        (name,) = {one.name for one in self.who()} - before
        self._parts[name] = (part, task)
        return part.settings

    def part(self, role: Role, **telegram: object) -> Part:
        """A process that was not started."""
        port = free_port()
        settings = config.Settings(
            database_url=self._address,
            public_url=f"http://127.0.0.1:{port}",  # type: ignore[arg-type]
            web=config.Web(port=port),
            telegram=config.Telegram(token=TOKEN, api_url=self._api.url, **telegram),  # type: ignore[arg-type]
            fetch=config.Fetch(allow_private_networks=True),
            poll=config.Poll(min_interval="1s"),  # type: ignore[arg-type]
        )
        return Part(settings=settings, definitions=self._newsroom.definitions(), tick=0.1, role=role)

    def who(self) -> list[Worker]:
        return self.database.read(workers.every)

    def holder(self, duty: str) -> str | None:
        return next((one.name for one in self.who() if duty in one.leads), None)

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not await asyncio.to_thread(true):
                await asyncio.sleep(0.05)

    async def stop(self, *names: str) -> None:
        """Stop these processes in order, or all."""
        parts = [self._parts.pop(name) for name in names or tuple(self._parts)]
        for part, _ in parts:
            part.stop()
        await asyncio.wait_for(asyncio.gather(*(task for _, task in parts)), PATIENCE_S)


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with BotApi() as api:
        yield api


@pytest.fixture
async def newsroom() -> AsyncIterator[Newsroom]:
    async with Newsroom(clock=lambda: 0.0) as newsroom:
        yield newsroom


@pytest.fixture
async def company(postgres: Postgres, api: BotApi, newsroom: Newsroom) -> AsyncIterator[Company]:
    company = Company(postgres.ready_database(), api, newsroom)
    yield company
    await company.stop()
    company.database.close()


def _all_read(database: Database) -> bool:
    found = database.read(sources.every)
    return bool(found) and all(one.first_success_at for one in found)


async def test_the_parts_together_do_what_one_service_does_and_another_deliverer_takes_over(
    company: Company, api: BotApi, newsroom: Newsroom
) -> None:
    for role in (Role.COLLECT, Role.COLLECT, Role.DELIVER, Role.DELIVER, Role.BOT):
        await company.join(role)
    web = await company.join(Role.WEB)
    await company.until(lambda: company.holder(f"updates {BOT}"))
    await api.user_says(77, "/start")
    await api.wait_sent(1, timeout_s=PATIENCE_S)
    await company.until(lambda: _all_read(company.database))
    newsroom.advance(9)
    alert = (await api.wait_sent(2, timeout_s=PATIENCE_S))[1]
    assert (alert.chat_id, MEETING in alert.text) == (77, True)
    page = await asyncio.to_thread(get, f"http://127.0.0.1:{web.web.port}/readyz")
    assert '"collect":"ok","deliver":"ok","web":"ok","bot":"ok"' in page.text
    told = await asyncio.to_thread(get, f"http://127.0.0.1:{web.web.port}/metrics")
    assert 'kaigi_processes{role="collect"} 2.0' in told.text

    duty = f"deliver telegram {BOT}"
    first = company.holder(duty)
    assert first is not None
    await company.stop(first)
    await company.until(lambda: company.holder(duty) not in (None, first))
    newsroom.advance(17)  # the call of two ministers
    later = (await api.wait_sent(3, timeout_s=PATIENCE_S))[2:]
    assert all(message.chat_id == 77 and "再送" not in message.text for message in later)


async def test_only_the_process_that_answers_takes_the_calls_of_telegram(company: Company, api: BotApi) -> None:
    hook = {"mode": "webhook", "webhook_secret": "a-secret-of-sixteen-letters"}
    active = await company.join(Role.BOT, **hook)
    await company.until(lambda: company.holder(f"updates {BOT}"))
    waiting = await company.join(Role.BOT, **hook)

    def states() -> tuple[int, int]:
        return tuple(get(f"http://127.0.0.1:{one.web.port}/readyz").status for one in (active, waiting))  # type: ignore[return-value]

    await company.until(lambda: states() == (200, 503))
    answer = await asyncio.to_thread(get, f"http://127.0.0.1:{waiting.web.port}/healthz")
    assert answer.status == 200
    await company.until(lambda: api.webhook)
    said = api.waiting(await api.user_says(5, "/start"))
    headers = {"X-Telegram-Bot-Api-Secret-Token": "a-secret-of-sixteen-letters"}
    path = httpx.URL(api.webhook["url"]).path
    async with httpx.AsyncClient(headers=headers, timeout=PATIENCE_S) as telegram:
        refused = await telegram.post(f"http://127.0.0.1:{waiting.web.port}{path}", json=said)
        assert (refused.status_code, api.sent) == (503, [])
        taken = await telegram.post(f"http://127.0.0.1:{active.web.port}{path}", json=said)
        assert taken.status_code == 200
    await api.wait_sent(1, timeout_s=PATIENCE_S)


async def test_a_collector_that_stops_gives_its_sources_back_and_says_goodbye(
    company: Company, newsroom: Newsroom
) -> None:
    for definition in newsroom.definitions():
        newsroom.break_source(definition.key, Fault.SLOW)
    await company.join(Role.COLLECT)

    def held() -> int:
        query = text("SELECT count(*) FROM sources WHERE claimed_by IS NOT NULL")
        return int(company.database.read(lambda c: c.execute(query).scalar_one()))

    await company.until(lambda: held() > 0)
    await company.stop()
    assert held() == 0
    assert company.who() == []


async def test_a_part_that_is_missing_for_a_while_is_told_to_the_admins_by_one_that_delivers(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    await company.join(Role.DELIVER)
    await company.until(lambda: company.holder("wellbeing"))
    part, now = company.part(Role.DELIVER), utc_now()
    monkeypatch.setattr("bot.roles.utc_now", lambda: now)
    care = part._caring(company.database)._work.__self__  # type: ignore[attr-defined]
    await care.round()
    assert company.database.read(notices.latest) == []  # it may just be started anew
    now += timedelta(minutes=5)
    await care.round()
    told = {one.message for one in company.database.read(notices.latest)}
    assert told == {
        "role collect: no process has it, so no source is polled. Start one.",
        "role web: no process has it, so neither page nor feeds are served. Start one.",
        "role bot: no process has it, so nobody who writes to the bot is answered. Start one.",
    }


def test_a_role_is_refused_on_sqlite_in_words_that_help(tmp_path: Path) -> None:
    done = kaigi("run", "--role", "collect", folder=tmp_path, KAIGI_DATABASE_URL="sqlite:///k.db")
    assert done.returncode == 2
    assert "needs PostgreSQL" in done.stderr
    assert "kaigi db copy" in done.stderr
    assert not (tmp_path / "k.db").exists()


def test_a_bot_without_a_token_is_refused(tmp_path: Path) -> None:
    done = kaigi("run", "--role", "bot", folder=tmp_path, KAIGI_DATABASE_URL="postgresql://nobody@127.0.0.1:1/x")
    assert done.returncode == 2
    assert "telegram.token" in done.stderr


def test_with_postgresql_small_files_have_a_place_that_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert state_folder(Database("postgresql://nobody@127.0.0.1:1/x")) == Path("data")
    assert (tmp_path / "data").is_dir()
    (tmp_path / "data").rmdir()
    (tmp_path / "data").touch()  # nor can it be made on a read-only file system
    assert state_folder(Database("postgresql://nobody@127.0.0.1:1/x")).is_dir()


async def test_a_channel_that_hangs_is_seen_beside_one_that_moves_and_one_for_which_another_process_works(
    company: Company,
) -> None:
    part, loops = company.part(Role.DELIVER), {}
    for channel in (Channel.TELEGRAM, Channel.NOTIFY):
        loops[channel] = part._deliverer(company.database, {channel: object()}, channel)  # type: ignore[dict-item]
        part._sending.append(loops[channel])
    loops[Channel.NOTIFY]._turned += 1
    assert (part._rounds(Channel.TELEGRAM), part._rounds(Channel.NOTIFY)) == (0, 1)
    part._sending.remove(loops[Channel.TELEGRAM])
    seen = part._rounds(Channel.TELEGRAM)
    await asyncio.sleep(0.001)
    assert part._rounds(Channel.TELEGRAM) != seen


async def test_the_channels_of_a_process_have_deliverers_with_names_of_their_own(company: Company) -> None:
    """What one has in flight would else be taken by the other for a claim of its own that was forgotten."""
    part = company.part(Role.DELIVER)
    line = Line(database=company.database, worker="w1", role=Role.DELIVER)
    names = [
        part._delivering(company.database, line, channel, object(), turn).deliverer.worker  # type: ignore[arg-type, attr-defined]
        for channel in (Channel.TELEGRAM, Channel.NOTIFY)
        for turn in (1, 2)
    ]
    assert len(set(names)) == 4
    assert all(workers.alive(name, {"w1"}) for name in names)
