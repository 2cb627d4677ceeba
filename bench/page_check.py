"""Judges the pages with tools that know nothing of Kaigi: `make page-check`.

    a made-up archive (showcase.py) ─► the application on loopback ─► Chromium ─► axe-core   accessibility
                                                                └──► the Nu validator          HTML

Every page is looked at in both languages, in light and dark, on a phone and on a desk. Both judges come from npm and
are kept in `.cache/page`. The last line is one JSON object, as of every measurement here.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from bench.figures import Goal, report
from bench.showcase import build
from bench.showcase_admin import PASSWORD
from bench.showcase_page import application
from storage.database import Database
from tests.support.browser import chromium, served

TOOLS = Path(".cache/page")
PAGES = (
    "/", "/?country=JP&country=AU", "/?phase=cancelled&country=FJ",
    "/countries", "/countries/JP", "/people",
    "/people/shinjiro-koizumi", "/series", "/series/admm-plus", "/series/nato-dmm", "/search",
    "/search?q=%E9%98%B2%E8%A1%9B", "/search?q=level:king", "/top?since=30d", "/feeds", "/sources", "/nowhere",
    "/countries/Atlantis",
)  # fmt: skip
#: The same for whoever is signed in to the admin area.
ADMIN_PAGES = (
    "/admin", "/admin/review", "/admin/stories", "/admin/stories?q=%E9%98%B2%E8%A1%9B", "/admin/filters",
    "/admin/filters/japan-australia", "/admin/sources", "/admin/audit", "/admin/nowhere", "/admin/sources/9999",
)  # fmt: skip
#: What these addresses must answer; all others 200.
REFUSED = {
    "/nowhere": HTTPStatus.NOT_FOUND, "/countries/Atlantis": HTTPStatus.NOT_FOUND,
    "/search?q=level:king": HTTPStatus.BAD_REQUEST, "/admin/nowhere": HTTPStatus.NOT_FOUND,
    "/admin/sources/9999": HTTPStatus.NOT_FOUND,
}  # fmt: skip
LOOKS = ((390, "light", "ja"), (390, "dark", "en"), (1280, "light", "en"), (1280, "dark", "ja"))
AXE = """async () => (await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa',
  'best-practice']})).violations.map(v => [v.id, v.impact, v.nodes.slice(0, 3).map(n => n.html.slice(0, 160))])"""


def main() -> int:
    """Run both judges. 0: no objections."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tools", type=Path, default=TOOLS, help="where node_modules with axe-core and vnu-jar is")
    tools: Path = parser.parse_args().tools / "node_modules"
    axe, vnu = tools / "axe-core" / "axe.min.js", tools / "vnu-jar" / "build" / "dist" / "vnu.jar"
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        build(folder / "kaigi.db", 260, datetime.now(UTC).date())
        database = Database(f"sqlite:///{folder / 'kaigi.db'}")
        newest = database.read(lambda c: c.exec_driver_sql("SELECT max(story_id) FROM meetings").scalar_one())
        page = database.read(lambda c: c.exec_driver_sql("SELECT id FROM sources WHERE kind = 'page'").scalar())
        public = ("/admin/login", *PAGES, f"/meetings/{newest}", f"/meetings/{newest - 9}")
        private = (*ADMIN_PAGES, f"/admin/stories/{newest}", f"/admin/sources/{page}")
        with served(application(database, seen_at="http://127.0.0.1")) as address, chromium() as browser:
            words = axe.read_text(encoding="utf-8")
            barriers = _barriers(browser, address, (public, private), words)
            faults = _faults(browser, address, (public, private), vnu, folder)
        database.close()
    for line in (*barriers, *faults):
        print(line)
    serious = [line for line in barriers if "serious" in line or "critical" in line]
    goals = [
        Goal(name="serious or critical barriers (axe-core)", goal=0, value=len(serious), unit="", at_least=False),
        Goal(name="errors of HTML (Nu validator)", goal=0, value=len(faults), unit="", at_least=False),
    ]
    return report("page-check", goals)


Pages = tuple[tuple[str, ...], tuple[str, ...]]  #: of everybody, and of whoever is signed in


def _sign_in(page: Any, address: str) -> None:
    page.goto(f"{address}/admin/login")
    page.fill("#password", PASSWORD)
    page.click("main form button")
    page.wait_for_url("**/admin?**")


def _barriers(browser: Any, address: str, pages: Pages, axe: str) -> list[str]:
    found: list[str] = []
    for width, scheme, language in LOOKS:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page = context.new_page()
        public, private = pages
        for path in public:
            page.goto(f"{address}{path}{'&' if '?' in path else '?'}lang={language}")
            found += [f"{path} {width} {scheme}: {one}" for one in _judged(page, axe)]
        _sign_in(page, address)
        for path in private:
            page.goto(f"{address}{path}{'&' if '?' in path else '?'}lang={language}")
            found += [f"{path} {width} {scheme}: {one}" for one in _judged(page, axe)]
        page.goto(f"{address}/admin/filters?lang={language}")
        page.fill("#query", "country:JP")
        page.click("button[value=test]")
        page.wait_for_selector("#tested")
        found += [f"a tested filter {width} {scheme}: {one}" for one in _judged(page, axe)]
        context.close()
    return found


def _judged(page: Any, axe: str) -> list[str]:
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    page.evaluate(axe)
    return [f"{rule} ({impact}) {nodes}" for rule, impact, nodes in page.evaluate(AXE)]


def _faults(browser: Any, address: str, pages: Pages, vnu: Path, folder: Path) -> list[str]:
    """What the validator says of the pages as they leave the server."""
    context, unlike = browser.new_context(), []
    asked = context.request
    public, private = pages
    for number, path in enumerate((*public, *private)):
        if number == len(public):
            _sign_in(context.new_page(), address)
        for language in ("ja", "en"):
            answer = asked.get(f"{address}{path}{'&' if '?' in path else '?'}lang={language}")
            if answer.status != REFUSED.get(path, HTTPStatus.OK):  # else the page of the refusal would be judged
                unlike.append(f"{path}: answered {answer.status}")
            (folder / f"{number}-{language}.html").write_text(answer.text(), encoding="utf-8")
    java = shutil.which("java") or "java"
    files = [str(file) for file in sorted(folder.glob("*.html"))]
    words = [java, "-jar", str(vnu), "--format", "json", *files]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    said = json.loads(done.stderr)["messages"]  # it says so, too, when it has nothing to say
    return unlike + [
        f"{Path(one.get('url', '?')).name}: {one['message']} {one.get('extract', '')[:120]!r}"
        for one in said if one["type"] in ("error", "non-document-error")
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
