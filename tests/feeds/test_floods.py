"""A flood is held until an admin decides, and what was decided is done once, whole, and can be taken back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from feeds import floods as shell
from feeds.decide.routing import AlertPolicy, braked
from storage import filters, floods, ingest, news, queue, restored, subscriptions
from storage.changes import Alert, Changes, Retelling
from storage.database import Connection, Database
from storage.errors import NotFound, TooLate
from storage.model import Channel, Delivery, DeliveryKind, FilterAction, FloodState
from storage.tables import follows, mutes
from tests.storage.conftest import ready
from tests.support.archives import built_in
from tests.support.build import NOW, after, polled
from tests.support.floods import MEETINGS, flood

LATER = after(hours=1)


def a_flood(database: Database) -> None:
    def make(connection: Connection) -> None:
        for address in ("1", "2", "3"):
            chat = subscriptions.open_chat(
                connection, Channel.TELEGRAM, address, language="en", time_zone="UTC", now=NOW
            )
            if address != "3":
                subscriptions.subscribe(connection, chat.id, MEETINGS, NOW)
        flood(connection)

    built_in(database)
    database.write(make)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """On each engine in turn; for tests of a flood there is one in it."""
    database = ready(request, tmp_path, a_flood if "held" in request.fixturenames else built_in)
    yield database
    database.close()


@pytest.fixture
def held(database: Database) -> Database:
    """Two chats that follow, one that does not, and a flood of three meetings."""
    return database


def outgoing(database: Database) -> list[Delivery]:
    """Everything that leaves, in its order."""
    found: list[Delivery] = []
    while True:
        taken = database.write(
            lambda c: queue.claim(c, worker="w", channels={Channel.TELEGRAM}, busy=set(), now=after(days=1), limit=99)
        )
        if not taken:
            return found
        found += taken


def settle(database: Database, state: FloodState, who: str = "ann") -> shell.Settled:
    return database.write(lambda c: shell.settle(c, 1, state, who=who, now=LATER))


def test_a_poll_below_the_brake_is_not_held(database: Database) -> None:
    changes = Changes(source=polled(), alerts=(Alert(story=1, filters=(MEETINGS,)),) * 2)
    assert braked(changes, AlertPolicy(flood_brake=2), flood=True) == changes
    assert braked(changes, AlertPolicy(flood_brake=1), flood=False) == changes
    assert database.read(floods.every) == []


def test_of_a_flood_of_known_meetings_no_message_is_rewritten() -> None:
    changes = Changes(source=polled(), retellings=(Retelling(story=1, revision=2), Retelling(story=2, revision=2)))
    assert braked(changes, AlertPolicy(flood_brake=1), flood=True).retellings == ()
    assert braked(changes, AlertPolicy(flood_brake=2), flood=True) == changes


def test_a_flood_sends_nothing_until_somebody_decides(held: Database) -> None:
    (found,) = held.read(floods.every)
    assert (found.source_key, found.state, len(found.alerts)) == ("mod", FloodState.HELD, 3)
    assert outgoing(held) == []


@pytest.mark.parametrize("state", [FloodState.SENT, FloodState.DIGEST])
@pytest.mark.parametrize("repeat", [True, False])
def test_a_flood_after_a_restore_says_that_it_may_have_been_told_before(
    database: Database,
    state: FloodState,
    repeat: bool,
) -> None:
    def make(connection: Connection) -> None:
        chat = subscriptions.open_chat(connection, Channel.TELEGRAM, "1", language="en", time_zone="UTC", now=NOW)
        subscriptions.subscribe(connection, chat.id, MEETINGS, NOW)
        if repeat:
            restored.note(connection, NOW)
        flood(connection)

    database.write(make)
    settle(database, state)
    assert {one.repeat for one in outgoing(database)} == {repeat}


def test_sent_alerts_each_meeting_once_and_says_who_sent_it(held: Database) -> None:
    done = settle(held, FloodState.SENT)
    assert (done.changed, done.meetings, done.messages) == (True, 3, 6)
    assert (done.flood.decided_by, done.flood.decided_at) == ("ann", LATER)
    sent = outgoing(held)
    assert sorted((one.chat.address, one.story_id) for one in sent) == [(chat, n) for chat in "12" for n in (1, 2, 3)]
    assert {one.kind for one in sent} == {DeliveryKind.ALERT}


@pytest.mark.parametrize("state", [FloodState.SENT, FloodState.DIGEST, FloodState.SWALLOWED])
def test_the_second_press_does_nothing_and_another_decision_is_refused(held: Database, state: FloodState) -> None:
    settle(held, state)
    before = len(outgoing(held))
    assert not settle(held, state, who="bob").changed
    other = FloodState.SWALLOWED if state is not FloodState.SWALLOWED else FloodState.SENT
    with pytest.raises(TooLate, match=f"{state} by ann"):
        settle(held, other, who="bob")
    assert (before, outgoing(held)) == ({"sent": 6, "digest": 2, "swallowed": 0}[state], [])


def test_a_digest_is_one_message_a_chat_that_lists_all(held: Database) -> None:
    assert settle(held, FloodState.DIGEST).messages == 2
    sent = outgoing(held)
    assert [(one.chat.address, one.kind, one.story_id, one.payload) for one in sent] == [
        (address, DeliveryKind.DIGEST, None, {"stories": [1, 2, 3]}) for address in ("1", "2")
    ]
    listed = held.read(lambda c: news.digest(c, (sent[0].payload or {})["stories"]))
    assert [story.meeting.facts.edition for story in listed] == [1, 2, 3]


@pytest.mark.parametrize("state", [FloodState.SWALLOWED, FloodState.DIGEST])
def test_what_was_swallowed_or_told_in_a_digest_is_never_alerted(held: Database, state: FloodState) -> None:
    settle(held, state)
    assert held.read(lambda c: floods.marked(c, [1, 2, 3])) == {n: frozenset({MEETINGS}) for n in (1, 2, 3)}


def test_a_meeting_that_a_fresh_report_told_of_meanwhile_is_passed_over(held: Database) -> None:
    held.write(lambda c: ingest.owe(c, Alert(story=2, filters=(MEETINGS,)), 2, NOW))
    assert [one.story_id for one in outgoing(held)] == [2, 2]
    assert (settle(held, FloodState.SENT).meetings, len(outgoing(held))) == (2, 4)


def test_a_block_rule_made_in_the_meantime_holds(held: Database) -> None:
    held.write(
        lambda c: filters.add(
            c, key="no", title="", query='title:"Meeting 1"', alerts=False, action=FilterAction.BLOCK, who="t", now=NOW
        )
    )
    assert settle(held, FloodState.SENT).meetings == 2
    assert {one.story_id for one in outgoing(held)} == {1, 3}


@pytest.mark.parametrize("change", ["pause", "remove"])
def test_a_filter_out_of_use_tells_nobody(held: Database, change: str) -> None:
    if change == "pause":
        held.write(lambda c: filters.change(c, MEETINGS, "pause", who="t", now=NOW, paused=True))
    else:
        held.write(lambda c: filters.remove(c, MEETINGS, who="t", now=NOW))
    assert settle(held, FloodState.SENT).meetings == 0
    assert outgoing(held) == []


@pytest.mark.parametrize("state", [FloodState.SENT, FloodState.DIGEST, FloodState.SWALLOWED])
def test_a_decision_can_be_taken_back_while_no_message_has_left(held: Database, state: FloodState) -> None:
    settle(held, state)
    found = held.write(lambda c: shell.undo(c, 1, who="bob", now=after(hours=2)))
    assert (found.state, found.decided_by) == (FloodState.HELD, None)
    assert [(line["what"], line["who"]) for line in found.history] == [(state, "ann"), ("held", "bob")]
    assert outgoing(held) == []
    assert held.write(lambda c: shell.settle(c, 1, FloodState.SENT, who="ann", now=after(hours=3))).messages == 6


def test_what_has_left_is_not_called_back_and_the_decision_stands(held: Database) -> None:
    settle(held, FloodState.SENT)
    held.write(
        lambda c: queue.claim(c, worker="w", channels={Channel.TELEGRAM}, busy=set(), now=after(days=1), limit=1)
    )
    with pytest.raises(TooLate, match="1 of 6 messages have left"):
        held.write(lambda c: shell.undo(c, 1, who="bob", now=LATER))
    assert held.read(lambda c: floods.find(c, 1)).state is FloodState.SENT
    assert len(outgoing(held)) == 5


def test_a_crash_in_the_middle_leaves_the_flood_held(held: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("the power fails")

    monkeypatch.setattr(floods, "messages", crash)
    with pytest.raises(RuntimeError):
        settle(held, FloodState.SENT)
    monkeypatch.undo()
    assert held.read(lambda c: floods.find(c, 1)).state is FloodState.HELD
    assert outgoing(held) == []
    assert settle(held, FloodState.SENT).messages == 6


def test_a_flood_that_is_not_there_is_said_to_be_so(held: Database) -> None:
    with pytest.raises(NotFound, match="no flood 9"):
        held.write(lambda c: shell.settle(c, 9, FloodState.SENT, who="ann", now=LATER))
    with pytest.raises(TooLate, match="nothing was decided"):
        held.write(lambda c: shell.undo(c, 1, who="ann", now=LATER))


@pytest.fixture
def won(held: Database) -> Database:
    """A flood in which a meeting that was told before won a country, which a fourth chat follows; so does the first,
    which was told."""

    def make(connection: Connection) -> None:
        fan = subscriptions.open_chat(connection, Channel.TELEGRAM, "4", language="en", time_zone="UTC", now=NOW)
        first = subscriptions.find_chat(connection, Channel.TELEGRAM, "1")
        assert first is not None
        ingest.owe(connection, Alert(story=1, filters=(MEETINGS,), tags=frozenset({"country:AU"})), 1, NOW)
        for chat in (fan, first):
            connection.execute(insert(follows).values(chat_id=chat.id, tag="country:JP", created_at=NOW))
        alerts = (Alert(story=1, filters=(), followed=("country:JP", "country:FR")), *[Alert(story=2, filters=())] * 2)
        changes = Changes(source=polled(1), alerts=alerts)
        ingest.apply(connection, braked(changes, AlertPolicy(flood_brake=2), flood=True), NOW)

    held.write(make)
    assert {one.chat.address for one in outgoing(held)} == {"1", "2"}
    return held


@pytest.mark.parametrize("state", [FloodState.SENT, FloodState.DIGEST])
def test_who_follows_a_country_that_a_held_meeting_won_is_told_of_it_and_nobody_twice(
    won: Database, state: FloodState
) -> None:
    done = won.write(lambda c: shell.settle(c, 2, state, who="ann", now=LATER))
    assert (done.meetings, done.messages) == (1, 1)
    (told,) = outgoing(won)
    assert told.chat.address == "4"
    assert (told.story_id, told.payload) == ((1, None) if state is FloodState.SENT else (None, {"stories": [1]}))


def test_what_a_meeting_won_is_no_news_when_a_block_rule_hides_it_or_the_filter_of_all_meetings_rests(
    won: Database,
) -> None:
    won.write(lambda c: filters.change(c, MEETINGS, "pause", who="t", now=NOW, paused=True))
    assert won.read(lambda c: shell.owed(c, floods.find(c, 2), LATER)) == []
    won.write(lambda c: filters.change(c, MEETINGS, "resume", who="t", now=NOW, paused=False))
    assert len(won.read(lambda c: shell.owed(c, floods.find(c, 2), LATER))) == 1
    hide = {"query": 'title:"Meeting 0"', "action": FilterAction.BLOCK, "alerts": False, "title": ""}
    won.write(lambda c: filters.add(c, key="no", who="t", now=NOW, **hide))  # type: ignore[arg-type]
    assert won.read(lambda c: shell.owed(c, floods.find(c, 2), LATER)) == []


def test_a_digest_goes_to_whoever_would_have_been_told_and_when(held: Database) -> None:
    def wish(connection: Connection) -> None:
        fan = subscriptions.open_chat(connection, Channel.TELEGRAM, "4", language="en", time_zone="UTC", now=NOW)
        connection.execute(insert(follows).values(chat_id=fan.id, tag="country:JP", created_at=NOW))
        first = subscriptions.find_chat(connection, Channel.TELEGRAM, "1")
        second = subscriptions.find_chat(connection, Channel.TELEGRAM, "2")
        assert first is not None
        assert second is not None
        connection.execute(insert(mutes).values(chat_id=first.id, tag="all", created_at=NOW))
        subscriptions.change(connection, second.id, NOW, quiet="12:00-18:00")

    held.write(wish)
    settle(held, FloodState.DIGEST)
    assert [(one.chat.address, one.not_before > LATER) for one in outgoing(held)] == [("4", False), ("2", True)]
