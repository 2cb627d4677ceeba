"""Wakes processes that wait for work, on PostgreSQL. It is said in the transaction that makes the work, and heard when
that lands.

A word that is lost costs nothing but time: every worker looks by itself once a second. On SQLite there is one process,
whose parts wake each other.
"""

from sqlalchemy import Connection, func, select

DELIVER = "kaigi_deliver"  #: there are messages to send
COLLECT = "kaigi_collect"  #: a source became due


def deliverers(connection: Connection) -> None:
    """Say that messages were queued."""
    _say(connection, DELIVER)


def collectors(connection: Connection) -> None:
    """Say that a source is to be polled now."""
    _say(connection, COLLECT)


def _say(connection: Connection, channel: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_notify(channel, "")))
