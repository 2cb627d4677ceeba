"""What is kept about a person: their chat, the channels they set up, and what they did as an admin.

The audit, the corrections and the words that were sent to all stay when the rest is deleted: they say who changed what
everybody reads. They name a person by number only.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, delete, or_, select, update

from storage import people, subscriptions
from storage.records import plain_row
from storage.tables import (
    audit,
    broadcasts,
    chats,
    corrections,
    filter_changes,
    invites,
    notice_messages,
    web_links,
    web_sessions,
)
from storage.tables import people as people_table

#: Of `export`: what stays after `forget`.
STAYS = ("audit", "corrections", "filter_changes", "broadcasts", "invitations")

_OPEN = ("queued", "sending")


def export(connection: Connection, chat_id: int, person: int | None) -> dict[str, Any]:
    """Everything that is kept about a chat (0: it is not known) and about the person behind it (None: it is a group's
    or a channel's), as JSON. Empty when that is nothing."""
    about_chat = subscriptions.export(connection, chat_id) if chat_id else {}
    return {**about_chat, **(of_person(connection, person) if person is not None else {})}


def of_person(connection: Connection, person: int) -> dict[str, Any]:
    """What is kept about a person beside the chat, by kind; kinds of which nothing is kept are left out."""
    found = {name: [plain_row(row) for row in _rows(connection, *where)] for name, where in _places(person).items()}
    return {name: rows for name, rows in found.items() if rows}


def _places(person: int) -> Mapping[str, tuple[Table, ColumnElement[bool]]]:
    """Where something may be kept about a person: the table, and which of its rows."""
    who = f"tg:{person}"
    return {
        "channels": (chats, chats.c.managed_by == person),
        "admin": (people_table, people_table.c.user_id == person),
        "invitations": (invites, or_(invites.c.created_by == person, invites.c.used_by == person)),
        "broadcasts": (broadcasts, broadcasts.c.by == who),
        "sessions": (web_sessions, web_sessions.c.who == who),
        "links": (web_links, web_links.c.user_id == person),
        "notices": (notice_messages, notice_messages.c.address == str(person)),
        "audit": (audit, or_(audit.c.who == who, audit.c.target == f"person:{person}")),
        "corrections": (corrections, or_(corrections.c.by == who, corrections.c.undone_by == who)),
        "filter_changes": (filter_changes, filter_changes.c.who == who),
    }


def _rows(connection: Connection, table: Table, where: ColumnElement[bool]) -> list[RowMapping]:
    secret = ("token_hash", "word_hash", "worker", "journal")
    columns = [column for column in table.c if column.name not in secret]
    return list(connection.execute(select(*columns).where(where)).mappings())


def forget(connection: Connection, chat_id: int, person: int | None) -> bool:
    """Delete what is kept about a chat and the person behind it, as `export` tells it, but `STAYS`. There the person's
    name is taken out. Rights as an admin stay, and the name with them: they end with `people.remove`. Returns whether
    there was anything to delete."""
    gone = chat_id != 0 and subscriptions.forget(connection, chat_id)
    if person is None:
        return gone
    return _forget_person(connection, person) or gone


def _forget_person(connection: Connection, person: int) -> bool:
    places = _places(person)
    _, of_channels = places["channels"]
    count = connection.execute(update(chats).where(of_channels).values(managed_by=None)).rowcount
    _, drafts = places["broadcasts"]
    count += connection.execute(delete(broadcasts).where(drafts, broadcasts.c.queued_at.is_(None))).rowcount
    _, told = places["notices"]
    count += connection.execute(delete(notice_messages).where(told, notice_messages.c.state.not_in(_OPEN))).rowcount
    for table, signed_in in (places["sessions"], places["links"]):
        count += connection.execute(delete(table).where(signed_in)).rowcount
    if people.find(connection, person) is None:  # no admin, or one whom the settings name
        count += connection.execute(delete(people_table).where(people_table.c.user_id == person)).rowcount
        _take_name_out(connection, person)
    return count > 0


def _take_name_out(connection: Connection, person: int) -> None:
    about = audit.c.target == f"person:{person}"
    for row in connection.execute(select(audit.c.id, audit.c.before, audit.c.after).where(about)).all():
        words = {"before": _nameless(row.before), "after": _nameless(row.after)}
        connection.execute(update(audit).where(audit.c.id == row.id).values(**words))


def _nameless(told: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if told is None else {name: value for name, value in told.items() if name != "name"}
