"""Makes a picture of README from the running demo: the terminal. Run by `make screenshots`.

Needs Chromium and fonts for Japanese and emoji. `make_messages.py` draws what the bot sends.
"""

import html
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from bot.terminal import render
from feeds.publish.card import card
from storage import news
from storage.database import Database
from storage.model import MeetingStory

HERE = Path(__file__).parent
PORT = 8917
SERIES = "admm-plus"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--force-device-scale-factor=1.5",
)  # fmt: skip

STYLE = """
/* Box drawing half as wide as a kanji, as in a terminal; the Japanese font draws it as wide. */
@font-face { font-family: box; src: local("DejaVu Sans Mono"); unicode-range: U+2500-257F; size-adjust: 83%; }
body { margin: 0; padding: 24px; font: 17px/1.5 "Noto Sans CJK JP", "Noto Sans JP", sans-serif; background: #d6e4d0; }
body.terminal { background: #14181f; }
pre { margin: 0; color: #d7dce4; font: 15px/1.25 box, "Noto Sans Mono CJK JP", monospace; }
"""


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A headless browser that photographs pages."""

    folder: Path

    def page(self, url: str, picture: str, width: int, height: int) -> None:
        """Photograph an address."""
        words = [shutil.which("chromium") or "chromium", *FLAGS, f"--user-data-dir={self.folder / 'browser'}"]
        size = [f"--window-size={width},{height}", f"--screenshot={HERE / picture}", url]
        subprocess.run([*words, *size], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def markup(self, body: str, picture: str, width: int, height: int) -> None:
        """Photograph a piece of markup in our own style."""
        page = self.folder / "page.html"
        page.write_text(f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>{body}", encoding="utf-8")
        self.page(page.as_uri(), picture, width, height)


def main() -> None:
    """Run the demo, wait for the meeting of three newsrooms, and take the pictures."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        camera = Camera(folder=Path(place))
        demo = _start(camera.folder)
        try:
            story = _story(camera.folder)
            printed = html.escape(render(card(story, "ja"), repeat=False, width=96))
            camera.markup(f"<body class=terminal><pre>{printed}</pre>", "terminal.png", 790, 335)
        finally:
            demo.send_signal(signal.SIGTERM)
            demo.wait(15)


def _start(folder: Path) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "KAIGI_WEB__PORT": str(PORT), "PYTHONPATH": str(HERE.parents[1])}
    words = ["demo", "--folder", str(folder / "demo"), "--newsroom-port", str(PORT + 1)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([sys.executable, "-m", "bot.cli", *words], cwd=folder, env=environment, **quiet)  # type: ignore[call-overload,no-any-return]


def _story(folder: Path) -> MeetingStory:
    """The meeting, once all three newsrooms have told of it."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        time.sleep(0.5)
        for story in _stories(folder):
            if story.meeting.facts.series == SERIES and len(story.reports) >= 3:
                return story
    raise SystemExit("the demo did not come to its meeting")


def _stories(folder: Path) -> list[MeetingStory]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/healthz", timeout=1):
            pass
    except OSError:
        return []
    database = Database(f"sqlite:///{folder / 'demo' / 'kaigi.db'}")
    try:
        return database.read(news.latest_meetings)
    finally:
        database.close()


if __name__ == "__main__":
    main()
