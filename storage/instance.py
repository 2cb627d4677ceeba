"""Facts about this installation that are decided once and never change."""

from datetime import datetime

from sqlalchemy import Connection, select

from storage.records import insert_or_ignore
from storage.tables import instance


def remember(connection: Connection, key: str, value: str) -> str:
    """Keep `value` under `key` unless something is kept there already. Returns what is kept."""
    connection.execute(insert_or_ignore(connection, instance, "key").values(key=key, value=value))
    return recall(connection, key) or value


def recall(connection: Connection, key: str) -> str | None:
    """What is kept under `key`."""
    return connection.execute(select(instance.c.value).where(instance.c.key == key)).scalar_one_or_none()


def born(connection: Connection, host: str, now: datetime) -> tuple[str, datetime]:
    """The authority of all feed ids (RFC 4151: `host,date`) and the moment this archive began.

    Both are fixed by the first start: ids must stay the same when the public address changes years later.
    """
    authority = remember(connection, "feed_authority", f"{host},{now.date().isoformat()}")
    began = remember(connection, "began_at", now.isoformat(timespec="seconds"))
    return authority, datetime.fromisoformat(began)
