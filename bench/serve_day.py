"""A day of feed readers: each polls every fifteen minutes with what it got the last time, while news lands.

In the day four meetings come, three hundred other articles, and a poll without news every ten seconds. Every reader's
first poll, which has no condition yet, is not counted.
"""

import random
from datetime import datetime, timedelta
from pathlib import Path

from starlette.types import Message

from bench.serve_archive import START, article, library, meeting, new_archive, quiet
from bench.serve_side import PATH

PERIOD = 15 * 60  #: seconds between two polls of a reader
DAY = 24 * 3600
MEETINGS, ARTICLES = 4, 300
QUIET_EVERY = 10


async def day(file: Path, readers: int) -> tuple[int, int, int]:
    """Live through it, in seconds that pass at once. Returns conditional polls, those answered 304, database reads."""
    from feeds.publish.web import create_app  # noqa: PLC0415

    dice = random.Random(1)
    clock = _Clock()
    database = new_archive(file)
    app = create_app(library(database, clock))
    reads = _count_reads(database)
    news = {dice.randrange(DAY): "meeting" for _ in range(MEETINGS)}
    news |= {dice.randrange(DAY): "article" for _ in range(ARTICLES)}
    turns = {reader: dice.randrange(PERIOD) for reader in range(readers)}
    known: dict[int, bytes] = {}
    polls = unchanged = 0
    for second in range(DAY):
        clock.second = second
        if second in news:
            database.write((meeting if news[second] == "meeting" else article)(second, clock()))
        elif second % QUIET_EVERY == 0:
            database.write(quiet(clock()))
        for reader in (one for one, turn in turns.items() if second % PERIOD == turn):
            status, etag = await _poll(app, known.get(reader))
            if reader in known:
                polls += 1
                unchanged += status == 304
            known[reader] = etag
    database.close()
    return polls, unchanged, reads[0]


class _Clock:
    def __init__(self) -> None:
        self.second = 0

    def __call__(self) -> datetime:
        return START + timedelta(seconds=self.second)


def _count_reads(database: object) -> list[int]:
    """Count how often the database is read."""
    count, read = [0], database.read  # type: ignore[attr-defined]

    def counted(fn: object) -> object:
        count[0] += 1
        return read(fn)

    database.read = counted  # type: ignore[attr-defined]
    return count


async def _poll(app: object, etag: bytes | None) -> tuple[int, bytes]:
    answer: dict[str, object] = {}

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        answer.update(message)

    headers = [(b"if-none-match", etag)] if etag else []
    scope = {
        "type": "http", "method": "GET", "path": PATH, "raw_path": PATH.encode(), "query_string": b"",
        "headers": headers, "root_path": "", "scheme": "http", "server": ("kaigi.example", 80),
    }  # fmt: skip
    await app(scope, receive, send)  # type: ignore[operator]
    found = dict(answer["headers"])  # type: ignore[call-overload]
    return int(str(answer["status"])), found[b"etag"]
