"""Who is an admin, how one becomes it, and what ends it; and the audit of what admins do."""

from datetime import timedelta

import pytest

from storage import audit, broadcasts, people, queue, subscriptions
from storage.database import Database
from storage.errors import NotFound
from storage.model import Channel, ChatState, DeliveryKind, Invite
from tests.support.build import NOW, after

BOSS, COLLEAGUE = 77, 88


def invited(database: Database, word: str) -> Invite:
    found = database.read(lambda c: people.find_invite(c, word))
    assert found is not None
    return found


def is_admin(database: Database, user_id: int, named: tuple[int, ...] = (BOSS,)) -> bool:
    return database.read(lambda c: people.is_admin(c, user_id, named))


def joined(database: Database, user_id: int = COLLEAGUE) -> None:
    _, word = database.write(lambda c: people.invite(c, BOSS, NOW))
    opened = invited(database, word)
    assert database.write(lambda c: people.accept(c, opened, user_id, "Ann", NOW))


def test_those_whom_the_settings_name_are_admins_as_long_as_they_do(database: Database) -> None:
    assert is_admin(database, BOSS)
    database.write(lambda c: people.meet(c, BOSS, "Boss", NOW))
    assert not is_admin(database, BOSS, named=())


@pytest.mark.parametrize("nobody", [*sorted(people.NOBODY), 0, -100123])
def test_an_id_that_hides_a_person_or_is_a_chat_is_no_admin_even_when_it_is_named(
    database: Database, nobody: int
) -> None:
    joined(database, nobody)
    assert not is_admin(database, nobody, named=(nobody,))


def test_an_invitation_makes_one_person_an_admin_and_is_used_up(database: Database) -> None:
    _, word = database.write(lambda c: people.invite(c, BOSS, NOW))
    assert not is_admin(database, COLLEAGUE)
    opened = invited(database, word)
    assert database.write(lambda c: people.accept(c, opened, COLLEAGUE, "Ann", after(hours=23)))
    assert is_admin(database, COLLEAGUE)
    assert not database.write(lambda c: people.accept(c, opened, 99, "Eve", after(hours=23)))
    assert not is_admin(database, 99)
    assert invited(database, word).used_by == COLLEAGUE


def test_an_invitation_ends_after_a_day(database: Database) -> None:
    _, word = database.write(lambda c: people.invite(c, BOSS, NOW))
    opened = invited(database, word)
    late = NOW + people.LIFETIME
    assert not database.write(lambda c: people.accept(c, opened, COLLEAGUE, "Ann", late))


def test_the_word_of_an_invitation_is_kept_nowhere(database: Database) -> None:
    _, word = database.write(lambda c: people.invite(c, BOSS, NOW))
    kept = database.read(lambda c: [str(row) for row in c.exec_driver_sql("SELECT * FROM invites")])
    assert kept
    assert all(word not in row for row in kept)
    assert database.read(lambda c: people.find_invite(c, word[:-1])) is None


def test_a_removed_admin_has_no_rights_and_their_open_invitations_end(database: Database) -> None:
    joined(database)
    _, word = database.write(lambda c: people.invite(c, COLLEAGUE, NOW))
    assert database.write(lambda c: people.remove(c, COLLEAGUE, after(minutes=1)))
    assert not is_admin(database, COLLEAGUE)
    opened = invited(database, word)
    assert not database.write(lambda c: people.accept(c, opened, 99, "Eve", after(minutes=2)))
    (former,) = database.read(people.every)
    assert (former.name, former.removed_at) == ("Ann", after(minutes=1))
    assert not database.write(lambda c: people.remove(c, COLLEAGUE, after(minutes=3)))


def test_a_removed_admin_can_be_restored_or_invited_again(database: Database) -> None:
    joined(database)
    database.write(lambda c: people.remove(c, COLLEAGUE, NOW))
    assert database.write(lambda c: people.restore(c, COLLEAGUE))
    assert is_admin(database, COLLEAGUE)
    database.write(lambda c: people.remove(c, COLLEAGUE, NOW))
    joined(database)
    assert is_admin(database, COLLEAGUE)


def test_an_invitation_can_be_taken_back_until_it_is_used(database: Database) -> None:
    number, word = database.write(lambda c: people.invite(c, BOSS, NOW))
    assert database.write(lambda c: people.revoke(c, number, NOW))
    opened = invited(database, word)
    assert not database.write(lambda c: people.accept(c, opened, COLLEAGUE, "Ann", NOW))
    assert not database.write(lambda c: people.revoke(c, number, NOW))


def test_restoring_gives_no_right_to_whom_the_settings_once_named(database: Database) -> None:
    database.write(lambda c: people.meet(c, BOSS, "Boss", NOW))
    assert not database.write(lambda c: people.restore(c, BOSS))
    assert not is_admin(database, BOSS, named=())


def note(database: Database, what: str, target: str = "source:mod") -> int:
    return database.write(
        lambda c: audit.note(c, who="tg:77", what=what, target=target, before={"state": "ok"}, after=None, now=NOW)
    )


def test_the_audit_shows_the_newest_lines_first_page_by_page(database: Database) -> None:
    numbers = [note(database, f"step_{n}") for n in range(5)]
    first = database.read(lambda c: audit.page(c, limit=2))
    assert [line.id for line in first] == numbers[:-3:-1]
    then = database.read(lambda c: audit.page(c, before=first[-1].id, limit=2))
    assert [line.id for line in then] == numbers[2:0:-1]
    assert (then[0].before, then[0].after, then[0].at) == ({"state": "ok"}, None, NOW)
    assert database.read(audit.count) == 5
    with pytest.raises(NotFound):
        database.read(lambda c: audit.find(c, 99))


def test_a_line_is_taken_back_once_and_then_is_no_longer_the_last_one(database: Database) -> None:
    first, second = note(database, "source_pause"), note(database, "source_resume")
    note(database, "source_pause", target="source:other")

    def last() -> int | None:
        line = database.read(lambda c: audit.last_of(c, "source:mod"))
        return line.id if line else None

    assert last() == second
    undo = note(database, audit.UNDO)
    assert database.write(lambda c: audit.mark_undone(c, second, undo))
    assert not database.write(lambda c: audit.mark_undone(c, second, undo))
    assert last() == first


def test_words_that_are_too_long_are_cut_and_do_not_lose_the_line(database: Database) -> None:
    number = database.write(lambda c: audit.note(c, who="w" * 99, what="x" * 99, target="t" * 999, now=NOW))
    line = database.read(lambda c: audit.find(c, number))
    assert (len(line.who), len(line.what), len(line.target)) == (64, 32, 128)


def chats(database: Database, *addresses: str) -> None:
    for address in addresses:
        database.write(
            lambda c, to=address: subscriptions.open_chat(  # type: ignore[misc]
                c, Channel.TELEGRAM, to, language="ja", time_zone="UTC", now=NOW
            )
        )


def test_a_broadcast_is_owed_once_to_each_active_chat(database: Database) -> None:
    chats(database, "1", "2", "3")
    stopped = database.read(lambda c: subscriptions.find_chat(c, Channel.TELEGRAM, "3"))
    assert stopped is not None
    database.write(lambda c: subscriptions.set_state(c, stopped.id, ChatState.STOPPED, NOW))
    assert database.read(broadcasts.audience) == {"private": 2}
    draft = database.write(lambda c: broadcasts.draft(c, "tg:77", "The service moves tonight.", NOW))
    assert draft.queued_at is None
    assert database.write(lambda c: broadcasts.queue(c, draft.id, NOW)) == 2
    chats(database, "4")
    assert database.write(lambda c: broadcasts.queue(c, draft.id, NOW)) is None
    owed = database.write(
        lambda c: queue.claim(c, worker="w", channels={Channel.TELEGRAM}, busy=(), now=NOW + timedelta(1), limit=9)
    )
    assert [(one.chat.address, one.kind, one.payload, one.story_id) for one in owed] == [
        ("1", DeliveryKind.BROADCAST, {"id": draft.id}, None),
        ("2", DeliveryKind.BROADCAST, {"id": draft.id}, None),
    ]
    with pytest.raises(NotFound):
        database.read(lambda c: broadcasts.find(c, 99))
