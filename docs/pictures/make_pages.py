"""Photographs the pages over the archive to look at (bench/showcase.py). Run by `make screenshots`.

Needs Chromium, and fonts for Japanese and for emoji: without the latter, flags are empty boxes.
"""

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.showcase import build
from bench.showcase_admin import PASSWORD
from bench.showcase_page import application
from storage.database import Connection, Database
from tests.support.browser import chromium, served

HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One picture."""

    name: str
    path: str
    width: int = 1180
    height: int = 900
    scheme: str = "light"
    opened: str = ""  #: summaries that are opened before
    tried: str = ""  #: a query that is tried before


def shots(meeting: int) -> tuple[Shot, ...]:
    """What is photographed; `meeting` is the number of one with much to tell."""
    return (
        Shot(name="page", path="/?lang=ja"),
        Shot(name="page-dark", path="/?lang=en&country=JP&country=AU", scheme="dark"),
        Shot(name="countries", path="/countries?lang=en", width=1240),
        Shot(name="countries-dark", path="/countries?lang=ja", width=1240, scheme="dark"),
        Shot(name="meeting", path=f"/meetings/{meeting}?lang=en", height=980, opened=".facts .origin summary"),
        Shot(name="person", path="/people/shinjiro-koizumi?lang=ja", height=820),
        Shot(name="series", path="/series/nato-dmm?lang=en", height=640),
        Shot(name="search", path="/search?lang=ja&q=%E9%98%B2%E8%A1%9B+%E8%89%A6%E8%89%87", height=820),
        Shot(name="phone", path="/?lang=ja", width=390, height=820),
        Shot(name="phone-meeting", path=f"/meetings/{meeting}?lang=ja", width=390, height=820),
        Shot(name="phone-countries", path="/countries?lang=ja", width=390, height=820, scheme="dark"),
        Shot(name="admin", path="/admin?lang=en", height=940),
        Shot(name="admin-review", path="/admin/review?lang=ja", height=940),
        Shot(name="admin-filter", path="/admin/filters?lang=en", height=1160, tried="country:JP statement"),
        Shot(name="phone-admin", path="/admin/review?lang=ja", width=390, height=820, scheme="dark"),
        Shot(name="phone-search", path="/search?lang=en", width=390, height=820, scheme="dark"),
    )


def main() -> None:
    """Make the archive, serve it, and take all pictures."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "kaigi.db"
        build(file, 260, datetime.now(UTC).date())
        database = Database(f"sqlite:///{file}")
        meeting = database.read(_much_told)
        with served(application(database, seen_at="http://127.0.0.1")) as address, chromium() as browser:
            for shot in shots(meeting):
                page = browser.new_page(
                    viewport={"width": shot.width, "height": shot.height},
                    color_scheme=shot.scheme,
                    device_scale_factor=1.5,
                )
                if shot.path.startswith("/admin"):
                    _sign_in(page, address)
                page.goto(f"{address}{shot.path}", wait_until="networkidle")
                if shot.opened:
                    page.locator(shot.opened).first.click()
                if shot.tried:
                    page.fill("#query", shot.tried)
                    page.click("button[value=test]")
                    page.wait_for_selector("#tested")
                page.screenshot(path=HERE / f"{shot.name}.png")
                page.close()
        database.close()


def _sign_in(page: Any, address: str) -> None:
    page.goto(f"{address}/admin/login")
    page.fill("#password", PASSWORD)
    page.click("main form button")
    page.wait_for_url("**/admin?**")


def _much_told(connection: Connection) -> int:
    """The bilateral meeting, announced before it was held, that most reports tell of."""
    row = connection.exec_driver_sql(
        "SELECT m.story_id FROM meetings m JOIN items i ON i.story_id = m.story_id "
        "WHERE m.kind = 'bilateral' AND m.phase = 'held' AND m.starts_on > date('now', '-400 days') "
        "GROUP BY m.story_id ORDER BY count(*) DESC, m.story_id DESC LIMIT 1"
    ).first()
    assert row is not None
    return int(row[0])


if __name__ == "__main__":
    main()
