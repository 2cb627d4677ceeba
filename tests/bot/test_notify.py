"""The second channel: the same outbox and states, over real HTTP to a service on the loopback interface."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bot import app, config
from bot.deliver import Deliverer
from bot.notify import CONFIG_WAIT, NotifyError, NotifySender, classify, follow_settings, targets
from bot.outcomes import NotSent, Refused, Sent, Unknown
from bot.pacing import Pace
from bot.plaintext import words_of
from feeds.newsroom import Newsroom
from storage import broadcasts, filters, ingest, schema, sources, subscriptions
from storage.changes import NewStory
from storage.contents import Content
from storage.database import Connection, Database
from storage.errors import StorageError
from storage.model import Channel, Chat, ChatState, DeliveryKind
from tests.support.build import NOW, definition, facts, meeting_changes, report, story
from tests.support.running import free_port


class Service(ThreadingHTTPServer):
    """Takes JSON as apprise posts it. `answers` are used up one a request; then it takes everything."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[int | str] = []
        self.taken: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.server_address[1]}/room/a-secret-word?rto=1"


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        answer = self.server.answers.pop(0) if self.server.answers else 200
        if answer in (200, "lost"):
            self.server.taken.append(body)
        if isinstance(answer, str):
            self.close_connection = True
            return
        self.send_response(answer)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'kaigi.db'}")
    schema.upgrade(database)
    database.write(filters.ensure_built_in)
    yield database
    database.close()


def follow(database: Database, *urls: str, language: str = "en") -> NotifySender:
    chosen = targets(urls)
    database.write(lambda c: follow_settings(c, chosen, language, "Asia/Tokyo", datetime.now(UTC)))
    return NotifySender(chosen, "https://kaigi.example")


def meeting(database: Database) -> int:
    def land(connection: Connection) -> int:
        source_id = sources.add(connection, definition(), NOW)
        return ingest.apply(connection, meeting_changes(source_id=source_id), datetime.now(UTC))[NewStory(0)]

    return database.write(land)


def rows(database: Database) -> list[tuple[str, bool, str | None]]:
    query = "SELECT state, repeat, error FROM deliveries ORDER BY id"
    return [
        (state, bool(repeat), error) for state, repeat, error in database.read(lambda c: c.exec_driver_sql(query).all())
    ]


async def delivered(database: Database, sender: NotifySender, until: Callable[[], bool]) -> None:
    """Deliver until something is true."""
    deliverer = Deliverer(
        database=database, senders={Channel.NOTIFY: sender}, worker="w", clock=lambda: datetime.now(UTC),
        paces={Channel.NOTIFY: Pace(rest=timedelta(0))},
    )  # fmt: skip
    task = asyncio.create_task(deliverer.run())
    try:
        async with asyncio.timeout(15):
            while not await asyncio.to_thread(until):
                await asyncio.sleep(0.02)
    finally:
        await deliverer.stop(5)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def chat_of(database: Database, url: str) -> Chat:
    address = targets([url])[0].address
    chat = database.read(lambda c: subscriptions.find_chat(c, Channel.NOTIFY, address))
    assert chat is not None
    return chat


async def test_an_alert_reaches_an_address_of_the_settings_as_plain_words(database: Database, service: Service) -> None:
    sender = follow(database, service.url)
    story_id = meeting(database)
    await delivered(database, sender, lambda: rows(database)[0][0] == "sent")
    (body,) = service.taken
    assert "Australia–Japan defence ministers' meeting" in body["title"]
    assert "Place: Kuala Lumpur, Malaysia" in body["message"]
    assert f"https://kaigi.example/meetings/{story_id}" in body["message"]
    assert "<" not in body["message"]


async def test_a_broadcast_takes_the_same_way(database: Database, service: Service) -> None:
    sender = follow(database, service.url)
    draft = database.write(lambda c: broadcasts.draft(c, "tg:1", "The service moves & rests.", datetime.now(UTC)))
    assert database.write(lambda c: broadcasts.queue(c, draft.id, datetime.now(UTC))) == 1
    await delivered(database, sender, lambda: rows(database)[0][0] == "sent")
    assert "The service moves & rests." in service.taken[0]["message"]


async def test_a_broadcast_whose_words_are_gone_is_dropped_and_holds_up_nothing(
    database: Database, service: Service
) -> None:
    sender = follow(database, service.url)
    draft = database.write(lambda c: broadcasts.draft(c, "tg:1", "forgotten", datetime.now(UTC)))
    database.write(lambda c: broadcasts.queue(c, draft.id, datetime.now(UTC)))
    database.write(lambda c: c.exec_driver_sql("DELETE FROM broadcasts"))
    meeting(database)
    await delivered(database, sender, lambda: {state for state, _, _ in rows(database)} == {"expired", "sent"})
    assert rows(database)[0] == ("expired", False, f"There is no broadcast {draft.id}.")
    assert len(service.taken) == 1


async def test_a_lost_answer_is_repeated_with_a_word_about_it(
    database: Database, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.deliver.RETRY_UNCERTAIN", timedelta(seconds=0.1))
    sender = follow(database, service.url)
    service.answers = ["lost"]
    meeting(database)
    await delivered(database, sender, lambda: rows(database)[0][:2] == ("sent", True))
    first, second = service.taken
    assert "Repeated" not in first["message"]
    assert "Repeated" in second["message"]


async def test_a_message_that_is_refused_is_given_up_and_an_overloaded_service_is_asked_again(
    database: Database, service: Service
) -> None:
    sender = follow(database, service.url)
    service.answers = [503]
    meeting(database)
    await delivered(database, sender, lambda: rows(database)[0][0] == "sent")
    assert not rows(database)[0][1]
    service.answers = [413]
    draft = database.write(lambda c: broadcasts.draft(c, "tg:1", "x", datetime.now(UTC)))
    database.write(lambda c: broadcasts.queue(c, draft.id, datetime.now(UTC)))
    await delivered(database, sender, lambda: rows(database)[1][0] == "failed")
    assert rows(database)[1][2] == "the service answered 413"


async def test_a_service_that_is_not_there_is_asked_again_and_one_that_refuses_us_much_later(
    database: Database, service: Service
) -> None:
    sender = follow(database, f"json://127.0.0.1:{free_port()}/a-secret-word")
    meeting(database)
    await delivered(database, sender, lambda: rows(database)[0][2] is not None)
    assert rows(database) == [("queued", False, "the service cannot be reached")]
    other = follow(database, service.url)
    service.answers = [401]
    draft = database.write(lambda c: broadcasts.draft(c, "tg:1", "x", datetime.now(UTC)))
    database.write(lambda c: broadcasts.queue(c, draft.id, datetime.now(UTC)))
    await delivered(database, other, lambda: rows(database)[1][2] is not None)
    assert rows(database)[1] == ("queued", False, "the service answered 401")
    assert classify(["Failed: error=401."]) == NotSent("the service answered 401", CONFIG_WAIT)


def test_the_address_of_a_chat_tells_no_secret_and_stays_the_same(database: Database, service: Service) -> None:
    follow(database, service.url)
    chat = chat_of(database, service.url)
    assert chat.address.startswith("json-")
    assert "secret" not in repr(chat)
    follow(database, service.url, language="ja")
    again = chat_of(database, service.url)
    assert (again.id, again.language, again.time_zone) == (chat.id, "ja", "Asia/Tokyo")


def test_an_address_that_leaves_the_settings_rests_and_comes_back_with_what_it_follows(
    database: Database, service: Service
) -> None:
    follow(database, service.url)
    follow(database, "json://127.0.0.1:1/other")
    assert chat_of(database, service.url).state is ChatState.SUSPENDED
    meeting(database)
    assert len(rows(database)) == 1  # only the other one is owed it
    follow(database, service.url)
    chat = chat_of(database, service.url)
    assert chat.state is ChatState.ACTIVE
    assert database.read(lambda c: subscriptions.is_subscribed(c, chat.id))


def test_an_address_that_apprise_cannot_read_is_told_by_its_place(service: Service) -> None:
    with pytest.raises(NotifyError) as caught:
        targets([service.url, "nonsense://a-secret-word"])
    assert "number 2" in str(caught.value)
    assert "a-secret-word" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (["Failed to send JSON POST notification: error=429."], NotSent),
        (["Failed to send Slack notification: error=500."], NotSent),
        (["Failed to send JSON notification: Page not found., error=404."], NotSent),
        (["Failed: error=400."], Refused),
        (["Socket Exception: HTTPSConnectionPool(…): NewConnectionError(…)"], NotSent),
        (
            ['Connection error while submitting email to "x"', "Socket Exception: [Errno 111] Connection refused"],
            NotSent,
        ),
        (["Socket Exception: Read timed out. (read timeout=4.0)"], Unknown),
        (["Socket Exception: ('Connection aborted.', RemoteDisconnected(…))"], Unknown),
        (["Sent JSON POST notification.", "Failed to send: error=400."], Unknown),
        ([], Unknown),
    ],
)
def test_what_a_plugin_says_tells_whether_a_message_may_have_arrived(said: list[str], outcome: type) -> None:
    assert isinstance(classify(said), outcome)


async def test_an_edit_is_done_with_nothing_because_what_was_sent_stays(database: Database, service: Service) -> None:
    sender = follow(database, service.url)
    meeting(database)
    claimed = database.read(lambda c: c.exec_driver_sql("SELECT id FROM deliveries").scalar_one())
    from types import SimpleNamespace

    edit: Any = SimpleNamespace(id=claimed, kind=DeliveryKind.EDIT)
    assert await sender.send(edit, Content()) == Sent()
    assert service.taken == []


def chat(language: str) -> Chat:
    return Chat(id=1, channel=Channel.NOTIFY, address="x", language=language, time_zone="Asia/Tokyo")


def test_words_are_told_in_both_languages_with_what_changed_first() -> None:
    told = Content(story=story(facts()), changes=({"field": "city", "before": "Manila", "after": "Kuala Lumpur"},))
    title, body = words_of(DeliveryKind.FOLLOW_UP, told, chat("ja"), now=NOW)
    assert "防衛相会談" in title
    assert body.splitlines()[0].startswith("▶ 場所: マニラ → ")
    assert "2025-11-01 21:00 JST" in body


def test_a_digest_lists_its_meetings_and_counts_what_it_leaves_out() -> None:
    told = Content(stories=(story(facts()), story(facts(city="Manila"), id=8)), more=3)
    title, body = words_of(DeliveryKind.DIGEST, told, chat("en"), now=NOW, page="https://kaigi.example")
    assert title == "5 meetings"
    assert "https://kaigi.example/meetings/8" in body
    assert "and 3 more" in body


def test_a_hostile_headline_stays_one_line_of_text_and_the_message_stays_short() -> None:
    told = story(facts(), *(report(title="x\r\nBcc: a@b.example\x1b[0m" * 99, url=None) for _ in range(1)))
    title, body = words_of(DeliveryKind.ALERT, Content(story=told), chat("en"), now=NOW)
    assert "\n" not in title
    assert "\x1b" not in body
    assert len(body) <= 3_500


def test_urls_are_secrets_in_settings_log_and_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "urls"
    file.write_text("mailto://me:pass-word-1@example.org\njson://example.net/token-of-the-room\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KAIGI_NOTIFY__URLS_FILE", str(file))
    settings = config.load()
    assert len(settings.notify.urls) == 2
    assert "pass-word-1" not in repr(settings)
    assert {"pass-word-1", "token-of-the-room"} <= set(config.secrets(settings))
    assert "example.net" not in config.secrets(settings)


@pytest.mark.usefixtures("parsed_here")
async def test_the_whole_service_sends_its_alerts_to_the_addresses_of_the_settings(
    service: Service, tmp_path: Path
) -> None:
    async with Newsroom(clock=lambda: 0.0) as newsroom:
        settings = config.Settings(
            database_url=f"sqlite:///{tmp_path / 'kaigi.db'}",
            web=config.Web(port=free_port()),
            notify=config.Notify(urls=[service.url], language="en"),  # type: ignore[arg-type]
            fetch=config.Fetch(allow_private_networks=True),
            poll=config.Poll(min_interval="1s"),  # type: ignore[arg-type]
        )
        running = app.Service(settings=settings, definitions=newsroom.definitions(), tick=0.1)
        task = asyncio.create_task(running.run())
        try:
            async with asyncio.timeout(30):
                while not await asyncio.to_thread(_all_read, settings.database_url):
                    await asyncio.sleep(0.1)
                newsroom.advance(9)
                while not service.taken:
                    await asyncio.sleep(0.05)
        finally:
            running.stop()
            await asyncio.wait_for(task, 12)
    assert "13th ASEAN Defence Ministers" in service.taken[0]["title"]


def _all_read(url: str) -> bool:
    """Whether every source was read once, so that what comes now is news."""
    with suppress(StorageError):
        database = Database(url)
        try:
            found = database.read(sources.every)
        finally:
            database.close()
        return bool(found) and all(one.first_success_at for one in found)
    return False
