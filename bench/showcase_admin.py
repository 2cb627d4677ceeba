"""What admins find in the archive to look at (showcase.py): doubtful articles, a flood, a broken page, changes.

All of it is made up, and lies beside what readers see.
"""

from datetime import datetime, timedelta

from pydantic import HttpUrl, SecretStr

from bot import changing
from bot.config import Settings, Telegram, Web
from bot.web import Area
from feeds.correcting import Desk
from feeds.decide.routing import AlertPolicy
from storage import filters, floods, ingest, people, sources
from storage.changes import Changes, ItemInsert, NewStory, SourceUpdate
from storage.database import Connection, Database
from storage.model import FetchEvent, HeldAlert, PageRules, SourceDefinition, SourceKind, SourceState, Trust

PASSWORD = "look at everything"  # of an archive in which nothing is real
ADMIN, COLLEAGUE = 1001, 1002

_DOUBTFUL = (
    ("paper-ja", "防衛相、各国の駐在武官と懇談 意見交換の詳細は明らかにせず", 0.47),
    ("wire-en", "Defence chiefs seen at the same hotel; ministries decline to say whether they met", 0.52),
    ("monitor-ja", "日仏の防衛当局、年内の協議を調整か 複数の関係者", 0.41),
)
_FAILURE = "The page was read, but its rules find no article any more. Did the site change? (12 articles before)"


def furnish(database: Database, now: datetime) -> None:
    """Put it there."""
    database.write(lambda connection: _articles(connection, now))
    database.write(lambda connection: _broken_page(connection, now))
    database.write(lambda connection: _changes(connection, now))
    desk = Desk(database=database, policy=AlertPolicy(), by=f"tg:{COLLEAGUE}", now=now - timedelta(hours=2))
    newest = database.read(lambda c: c.exec_driver_sql("SELECT max(story_id) FROM meetings").scalar_one())
    desk.fact(str(newest), "city", "Singapore", "the press release was corrected")


def area_of(database: Database, address: str) -> Area:
    """The admin area of this archive."""
    settings = Settings(
        public_url=HttpUrl(address),
        web=Web(admin_password=SecretStr(PASSWORD)),
        telegram=Telegram(admins=(ADMIN, COLLEAGUE)),
    )
    health = {"ready": True, "collector": "ok", "telegram": "ok"}
    return Area(database=database, settings=settings, health=lambda: health)


def _articles(connection: Connection, now: datetime) -> None:
    by_key = {one.definition.key: one.id for one in sources.every(connection)}
    for number, (key, title, score) in enumerate(_DOUBTFUL):
        at = now - timedelta(hours=5 + 9 * number)
        slug = f"doubtful-{number}"
        item = ItemInsert(
            source_id=by_key[key], story=NewStory(0), identity=f"g:{slug}", guid=slug,
            url=f"https://{key.partition('-')[0]}.example/{slug}", title=title, text=title, author=None,
            language=key[-2:], categories=(), published_at=at, published_text=None, content_hash=slug,
            verdict="uncertain", score=score, facts=None, evidence=(), flags=(),
        )  # fmt: skip
        ingest.apply(
            connection, Changes(source=_poll(by_key[key], at), new_stories=(NewStory(0),), inserts=(item,)), at
        )
    latest = connection.exec_driver_sql("SELECT story_id FROM meetings ORDER BY story_id DESC LIMIT 12").scalars()
    held = tuple(HeldAlert(story=int(story), filters=(filters.MEETINGS,)) for story in latest)
    at = now - timedelta(hours=3)
    floods.hold(connection, _poll(by_key["wire-en"], at, new_items=64), held, at)


def _poll(source_id: int, at: datetime, new_items: int = 1) -> SourceUpdate:
    event = FetchEvent(at=at, outcome="changed", bytes=21_400, new_items=new_items, seconds=0.38)
    return SourceUpdate(
        source_id=source_id, state=SourceState.OK, next_poll_at=at + timedelta(minutes=10), polled_at=at,
        succeeded=True, event=event,
    )  # fmt: skip


def _broken_page(connection: Connection, now: datetime) -> None:
    rules = PageRules(item="ul.news > li", title="a", date="time", include="/news/")
    about = SourceDefinition(
        key="harbour-list", url="https://harbour.example/news/", name="港湾都市連合 国防ニュース一覧(見本)",
        kind=SourceKind.PAGE, language="ja", trust=Trust.PRESS, time_zone="Asia/Tokyo", rules=rules,
    )  # fmt: skip
    source_id = sources.add(connection, about, now - timedelta(days=40))
    for hours in range(30, 0, -1):
        failed = hours < 6
        at = now - timedelta(hours=hours)
        event = FetchEvent(at=at, outcome="empty" if failed else "unchanged", bytes=18_000, seconds=0.61)
        update = SourceUpdate(
            source_id=source_id, state=SourceState.EMPTY if failed else SourceState.OK, polled_at=at,
            next_poll_at=now + timedelta(minutes=25), succeeded=not failed, failures=6 - hours if failed else 0,
            last_error=_FAILURE if failed else None, event=event,
        )  # fmt: skip
        ingest.apply(connection, Changes(source=update), at)


def _changes(connection: Connection, now: datetime) -> None:
    people.meet(connection, ADMIN, "川上(当番)", now)
    people.meet(connection, COLLEAGUE, "Mori, night desk", now)
    who, at = f"tg:{ADMIN}", now - timedelta(days=2)
    changing.add_filter(
        connection, key="japan-australia", title="日豪の会談", query="country:JP country:AU is:meeting", who=who,
        now=at, force=True,
    )  # fmt: skip
    changing.edit_filter(
        connection, "japan-australia", query="country:JP country:AU level:minister", who=f"tg:{COLLEAGUE}",
        now=at + timedelta(hours=20), force=True,
    )  # fmt: skip
    changing.add_filter(
        connection, key="joint-statements", title="Joint statements", query='"joint statement" OR 共同声明 has:outcome',
        alerts=False, who="cli:operator", now=at + timedelta(hours=22),
    )  # fmt: skip
    source = sources.find(connection, "monitor-ja")
    changing.pause_source(connection, source, who=who, now=at + timedelta(hours=30))
    changing.resume_source(connection, source, who=who, now=at + timedelta(hours=31))
