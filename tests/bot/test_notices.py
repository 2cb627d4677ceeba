"""Admins are told in words, in their language, and at least once, whatever the channel does."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.notices import Notifier
from bot.outcomes import ChatGone, NotSent, Outcome, Refused, Sent, Unknown
from bot.wording import MOST, words_of
from storage import notices, people, sources, subscriptions
from storage.changes import NoticePost
from storage.database import Connection, Database
from storage.errors import DatabaseBusy
from storage.model import Channel, Notice, NoticeKind, NoticeMessage, SourceState, Told
from tests.support.archives import new_archive
from tests.support.build import NOW, after, definition


def notice(kind: NoticeKind = NoticeKind.TURNED_BAD, key: str | None = "mod", **fields: object) -> Notice:
    words = {
        "id": 1,
        "source_key": key,
        "source_name": key and key.upper(),
        "state": SourceState.FAILING,
        "message": "It answers 500.",
        "since": after(hours=-3),
        "created_at": NOW,
        **fields,
    }
    return Notice(kind=kind, **words)  # type: ignore[arg-type]


class TestWords:
    def test_each_kind_is_one_line_in_either_language(self) -> None:
        for kind in NoticeKind:
            for language in ("ja", "en"):
                words = words_of([notice(kind, count=40, usual=3.0)], language, "Asia/Tokyo")
                assert words.count("\n") == 0
                assert "{" not in words

    def test_a_bad_source_is_named_with_its_state_and_what_is_wrong(self) -> None:
        assert words_of([notice()], "en", "UTC") == "⚠️ MOD (mod): failing. It answers 500."
        assert words_of([notice()], "ja", "UTC") == "⚠️ MOD(mod): 障害。It answers 500."

    def test_a_pause_says_how_to_resume(self) -> None:
        assert "kaigi sources resume mod" in words_of([notice(state=SourceState.PAUSED)], "en", "UTC")

    def test_a_flood_says_what_is_usual_and_what_was_held_back(self) -> None:
        words = words_of([notice(NoticeKind.FLOODED, count=80, usual=5.2, held=12)], "en", "UTC")
        assert "80 new articles at once, where about 5 are usual." in words
        assert "12 alerts are held back. Decide about them: kaigi floods list." in words

    def test_the_network_is_told_with_the_time_in_the_zone_of_the_service(self) -> None:
        words = words_of([notice(NoticeKind.NETWORK_DOWN, None, count=12)], "en", "Asia/Tokyo")
        assert "since 2025-11-01 18:00 JST (12 sources)" in words

    def test_many_that_turn_bad_together_are_one_event(self) -> None:
        many = [notice(key=f"s{n}") for n in range(MOST + 10)]
        words = words_of(many, "en", "UTC")
        assert words.startswith(f"⚠️ {MOST + 10} sources turned bad: S0, S1,")
        assert words.endswith("and 5 more")
        assert words.count("\n") == 0
        assert words_of(many[:MOST], "en", "UTC").count("\n") == MOST - 1

    def test_of_many_lines_the_first_are_told_and_how_many_more_there_are(self) -> None:
        words = words_of([notice(NoticeKind.FLOODED, key=f"s{n}") for n in range(13)], "en", "UTC")
        assert (words.count("\n"), words.splitlines()[-1]) == (10, "and 3 more")

    def test_some_more_than_are_told_one_by_one_are_all_named(self) -> None:
        words = words_of([notice(key=f"s{n}") for n in range(MOST + 1)], "en", "UTC")
        assert words == f"⚠️ {MOST + 1} sources turned bad: S0, S1, S2, S3, S4, S5"

    def test_what_passed_before_anybody_was_told_is_not_told(self) -> None:
        passed = [notice(), notice(NoticeKind.RECOVERED), notice(key="other")]
        assert words_of(passed, "en", "UTC") == "⚠️ OTHER (other): failing. It answers 500."
        assert words_of(passed[:2], "en", "UTC") == ""

    def test_a_repeat_says_that_it_is_one(self) -> None:
        assert words_of([notice()], "ja", "UTC", repeat=True).startswith("(再送)\n")


class Wire:
    """A channel that does what the test says and remembers what it was given."""

    def __init__(self, *outcomes: Outcome | Exception) -> None:
        self.outcomes = list(outcomes)
        self.told: list[tuple[str, str]] = []

    async def tell(self, address: str, words: str) -> Outcome:
        self.told.append((address, words))
        outcome = self.outcomes.pop(0) if self.outcomes else Sent("1")
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = new_archive(tmp_path / "kaigi.db")
    yield database
    database.close()


def notifier(database: Database, wire: Wire, clock: Clock, admins: tuple[str, ...] = ("1001",)) -> Notifier:
    return Notifier(
        database=database,
        herald=wire,
        channel=Channel.TELEGRAM,
        admins=admins,
        worker="w1",
        clock=clock,
        language="en",
        time_zone="UTC",
    )


def turn_bad(database: Database, clock: Clock, key: str = "mod") -> None:
    source_id = database.write(lambda c: sources.add(c, definition(key), clock.now))
    news = NoticePost(
        kind=NoticeKind.TURNED_BAD,
        source_id=source_id,
        state=SourceState.BLOCKED,
        message="It answers 403.",
        told_before=Told.WELL,
        told_after=Told.BAD,
    )
    database.write(lambda c: notices.post(c, news, clock.now))


async def test_all_that_happens_within_some_seconds_is_one_message_to_each_admin(database: Database) -> None:
    clock, wire = Clock(), Wire()
    desk = notifier(database, wire, clock, ("1001", "1002"))
    turn_bad(database, clock, "a")
    await desk.round()
    assert wire.told == []
    clock.now += timedelta(seconds=15)
    turn_bad(database, clock, "b")
    clock.now += timedelta(seconds=10)
    await desk.round()
    await desk.round()
    assert [address for address, _ in wire.told] == ["1001", "1002"]
    assert wire.told[0][1] == "⚠️ A (a): blocked. It answers 403.\n⚠️ B (b): blocked. It answers 403."


async def test_an_admin_who_was_invited_is_told_as_well_and_a_former_one_is_not(database: Database) -> None:
    clock, wire = Clock(), Wire()
    for user_id in (2002, 3003):
        _, word = database.write(lambda c: people.invite(c, 1001, NOW))
        opened = database.read(lambda c, word=word: people.find_invite(c, word))  # type: ignore[misc]
        assert opened is not None
        database.write(lambda c, one=opened, who=user_id: people.accept(c, one, who, "Ann", NOW))  # type: ignore[misc]
    database.write(lambda c: people.remove(c, 3003, NOW))
    turn_bad(database, clock)
    await notifier(database, wire, clock).round()
    clock.now += timedelta(seconds=30)
    await notifier(database, wire, clock).round()
    assert sorted({address for address, _ in wire.told}) == ["1001", "2002"]


async def test_an_admin_s_own_language_goes_before_the_service_s(database: Database) -> None:
    clock, wire = Clock(), Wire()
    database.write(
        lambda c: subscriptions.open_chat(
            c, Channel.TELEGRAM, "1002", language="ja", time_zone="Asia/Tokyo", now=clock.now
        )
    )
    turn_bad(database, clock)
    clock.now += timedelta(minutes=1)
    await notifier(database, wire, clock, ("1001", "1002")).round()
    assert ["拒否" in words for _, words in wire.told] == [False, True]


@pytest.mark.parametrize(
    ("outcome", "repeat"),
    [
        (NotSent("502"), False),
        (ChatGone("bot can't initiate conversation with a user"), False),
        (RuntimeError("oops"), False),
        (Unknown("timeout"), True),
    ],
    ids=str,
)
async def test_a_message_that_did_not_arrive_is_tried_again(
    database: Database, outcome: Outcome | Exception, repeat: bool
) -> None:
    clock, wire = Clock(), Wire(outcome)
    desk = notifier(database, wire, clock)
    turn_bad(database, clock)
    clock.now += timedelta(minutes=1)
    await desk.round()
    await desk.round()
    assert len(wire.told) == 1
    clock.now += timedelta(minutes=1)
    await desk.round()
    assert len(wire.told) == 2
    assert wire.told[1][1].startswith("(repeated)") is repeat
    clock.now += timedelta(hours=2)
    await desk.round()
    assert len(wire.told) == 2


async def test_a_message_that_is_refused_is_not_tried_for_ever(database: Database) -> None:
    clock, wire = Clock(), Wire(Refused("message is too long"))
    desk = notifier(database, wire, clock)
    turn_bad(database, clock)
    clock.now += timedelta(minutes=1)
    await desk.round()
    clock.now += timedelta(days=1)
    await desk.round()
    assert len(wire.told) == 1


async def test_the_loop_goes_on_after_a_failure_and_tells_what_a_dead_process_left(database: Database) -> None:
    clock, wire = Clock(), Wire()
    turn_bad(database, clock)
    clock.now += timedelta(minutes=1)
    database.write(
        lambda c: notices.bundle(c, before=clock.now, channel=Channel.TELEGRAM, addresses=("1001",), now=clock.now)
    )
    database.write(lambda c: notices.claim(c, worker="dead", channel=Channel.TELEGRAM, now=clock.now))
    desk = notifier(database, wire, clock)
    desk.look_s = 0.01
    task = asyncio.create_task(desk.run())
    async with asyncio.timeout(5):
        while not wire.told:
            await asyncio.sleep(0.01)
    task.cancel()
    assert wire.told[0][1].startswith("(repeated)")


async def test_what_a_round_that_failed_had_claimed_is_told_without_a_restart(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, wire, write = Clock(), Wire(), database.write
    failures: list[object] = []
    turn_bad(database, clock)
    clock.now += timedelta(minutes=1)

    def answer_lost(fn: Callable[[Connection], object]) -> object:
        done = write(fn)
        if isinstance(done, list) and done and isinstance(done[0], NoticeMessage) and not failures:
            failures.append(done)
            raise DatabaseBusy("the connection broke")
        return done

    monkeypatch.setattr(database, "write", answer_lost)
    desk = notifier(database, wire, clock)
    desk.look_s = 0.01
    task = asyncio.create_task(desk.run())
    async with asyncio.timeout(5):
        while not wire.told:
            await asyncio.sleep(0.01)
    task.cancel()
    assert failures
