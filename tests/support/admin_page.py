"""The admin area over an archive with something to decide, asked in this process by a visitor with cookies."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from typing import Any

import httpx
from pydantic import SecretStr
from starlette.applications import Starlette

from bot import config
from bot.web import Area, routes
from feeds.publish.web import Library, create_app
from storage import audit, filters, ingest, instance, people, sessions, sources
from storage.changes import Changes, NewStory
from storage.database import Connection, Database
from storage.model import AuditLine, SourceKind
from tests.support.build import NOW, after, definition, facts, item, meeting_changes, polled
from tests.support.floods import flood

PASSWORD = "correct horse battery"
BOSS, COLLEAGUE, FORMER = 77, 88, 99
#: What strangers may write, as far as it matters to a page.
HOSTILE = '<script>alert(1)</script>"onload="x\' {{ 7*7 }} ]]>&lt;\u202e\u0000'.replace("\u0000", "")


@cache  # nobody changes them
def settings(**web: Any) -> config.Settings:
    """The settings of an installation with a password and one admin in Telegram."""
    words: dict[str, Any] = {"admin_password": SecretStr(PASSWORD), **web}
    return config.Settings(
        web=config.Web(**words),
        telegram=config.Telegram(admins=(BOSS,)),
        fetch=config.Fetch(allow_private_networks=True),
    )


def fill(connection: Connection) -> None:
    """A flood that is held, a meeting and an uncertain article in a stranger's words, a page that fails."""
    filters.ensure_built_in(connection)
    flood(connection)
    people.meet(connection, BOSS, HOSTILE, NOW)
    about = definition("wire", name=HOSTILE, url="https://wire.example/list", kind=SourceKind.PAGE)
    source_id = sources.add(connection, about, NOW)
    told = meeting_changes(facts(city=HOSTILE, venue=HOSTILE), source_id=source_id, identity="g:told", alert=False)
    ingest.apply(connection, told, NOW)
    doubtful = {"verdict": "uncertain", "score": 0.5, "title": HOSTILE, "text": HOSTILE, "facts": facts(city=HOSTILE)}
    inserts = (
        item(NewStory(0), "g:doubt", source_id=source_id, url="javascript:alert(1)", **doubtful),
        item(NewStory(0), "g:beside", source_id=source_id, title=HOSTILE, url="https://wire.example/2"),
    )
    failed = polled(source_id, last_error=HOSTILE, failures=3)
    ingest.apply(connection, Changes(source=failed, new_stories=(NewStory(0),), inserts=inserts), NOW)


def furnish(database: Database) -> None:
    """`fill` for `new_archive`."""
    database.write(fill)


def number_of(database: Database, query: str) -> int:
    """A number out of the archive."""
    return int(database.read(lambda c: c.exec_driver_sql(query).scalar_one()))


def application(area: Area, *, address: str = "https://kaigi.example") -> Starlette:
    """The whole page, with its admin area."""
    authority, began_at = area.database.write(lambda c: instance.born(c, "kaigi.example", NOW))
    library = Library(
        database=area.database, authority=authority, began_at=began_at, address=address, language="ja",
        health=lambda: {"ready": True}, clock=area.clock,
    )  # fmt: skip
    return create_app(library, routes(area))


@dataclass
class Clock:
    """The moment, which a test can move."""

    now: datetime = field(default_factory=lambda: after(days=1))

    def __call__(self) -> datetime:
        return self.now


class Visitor:
    """A browser without scripts: it keeps cookies, and sends forms as they stand on the page."""

    def __init__(self, app: Starlette, address: str = "127.0.0.1", base: str = "http://kaigi.example") -> None:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=(address, 1))
        self.client = httpx.AsyncClient(transport=transport, base_url=base, headers={"accept-language": "en"})

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    async def send(self, path: str, seen_on: str | None = None, **fields: str) -> httpx.Response:
        """Send a form with the token of the page on which it stands, and follow where it leads."""
        page = await self.get(seen_on or path)
        return await self.post(path, None, token=token_in(page.text), **fields)

    async def post(self, path: str, headers: dict[str, str] | None = None, **fields: str) -> httpx.Response:
        answer = await self.client.post(path, data=fields, headers=headers or {})
        return await self.client.get(answer.headers["location"]) if answer.status_code == 303 else answer

    async def sign_in(self, password: str = PASSWORD) -> httpx.Response:
        """With the password."""
        return await self.send("/admin/login", password=password)

    async def open_link(self, database: Database, user_id: int, now: datetime) -> httpx.Response:
        """With a link that the bot made."""
        word = database.write(partial(sessions.offer, user_id=user_id, now=now))
        return await self.send(f"/admin/login/{word}")


def token_in(html: str) -> str:
    """The token of the first form on a page."""
    found = re.search(r'name="token" value="(\w+)"', html)
    assert found is not None, html[:400]
    return found[1]


def newest(database: Database) -> AuditLine:
    """The last line of the audit."""
    return database.read(lambda c: audit.page(c, limit=1))[0]


def uncertain(database: Database) -> int:
    """The number of an uncertain article."""
    return number_of(database, "SELECT id FROM items WHERE verdict = 'uncertain'")


async def undo(admin: Visitor, database: Database) -> str:
    """Press the button that stands beside what was just done."""
    answer = await admin.send("/admin/audit", act="undo", line=str(newest(database).id))
    assert answer.status_code == 200, answer.text
    return answer.text
