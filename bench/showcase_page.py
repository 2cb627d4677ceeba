"""Serves an archive to look at, without polling anything: `python -m bench.showcase_page FILE.db [--port 8972]`."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from bench.showcase_admin import PASSWORD, area_of
from bot.web import routes as admin_routes
from feeds.publish.web import Library, create_app
from storage import filters, instance, schema
from storage.database import Database


def library_of(database: Database, address: str = "https://kaigi.example") -> Library:
    """What the application is made of, over an archive that is there."""
    schema.upgrade(database)
    database.write(filters.ensure_built_in)
    authority, began_at = database.write(lambda c: instance.born(c, "kaigi.example", datetime(2024, 6, 1, tzinfo=UTC)))
    return Library(
        database=database,
        authority=authority,
        began_at=began_at,
        address=address,
        language="ja",
        health=lambda: {"ready": True},
        bot_name=lambda: "kaigi_bot",
    )


def application(database: Database, address: str = "https://kaigi.example", *, seen_at: str = "") -> Starlette:
    """The whole page with its admin area. `seen_at`: where it is really served, for cookies without https."""
    return create_app(library_of(database, address), admin_routes(area_of(database, seen_at or address)))


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--port", type=int, default=8972)
    asked = parser.parse_args()
    address = f"http://127.0.0.1:{asked.port}"
    print(f"{address}/\n{address}/admin (the password is: {PASSWORD})")
    uvicorn.run(
        application(Database(f"sqlite:///{asked.file}"), address),
        host="127.0.0.1",
        port=asked.port,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
