"""Makes the pictures of README from the running demo: real alerts, the real page. Run by `make pictures`.

Needs Chromium and fonts for Japanese and emoji. The Telegram message is the very payload that the bot would send, drawn
in a bubble by a browser.
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
from datetime import UTC, datetime
from pathlib import Path

from bot.telegram.markup import Message
from bot.telegram.render import alert
from bot.terminal import render
from feeds.publish.card import card
from storage import news
from storage.database import Database
from storage.model import Channel, Chat, MeetingStory

HERE = Path(__file__).parent
PORT = 8917
SERIES = "admm-plus"
READER = Chat(id=1, channel=Channel.TELEGRAM, address="1", language="ja", time_zone="Asia/Tokyo")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--force-device-scale-factor=1.5",
)  # fmt: skip

STYLE = """
/* Box drawing half as wide as a kanji, as in a terminal; the Japanese font draws it as wide. */
@font-face { font-family: box; src: local("DejaVu Sans Mono"); unicode-range: U+2500-257F; size-adjust: 83%; }
body { margin: 0; padding: 24px; font: 17px/1.5 "Noto Sans CJK JP", "Noto Sans JP", sans-serif; background: #d6e4d0; }
.bubble { background: #fff; border-radius: 14px 14px 14px 4px; padding: 12px 16px; max-width: 560px;
  white-space: pre-wrap; box-shadow: 0 1px 2px #0003; }
.bubble a { color: #168acd; text-decoration: none; }
.time { text-align: right; color: #8a9a8a; font-size: 13px; margin-top: 2px; }
.button { background: #ffffffb0; border-radius: 10px; max-width: 592px; text-align: center; padding: 9px 0;
  margin-top: 6px; color: #2b5278; font-weight: 600; }
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
            camera.markup(_bubble(alert(story, READER, now=datetime.now(UTC))), "alert.png", 640, 530)
            printed = html.escape(render(card(story, "ja"), repeat=False, width=96))
            camera.markup(f"<body class=terminal><pre>{printed}</pre>", "terminal.png", 790, 335)
            camera.page(f"http://127.0.0.1:{PORT}/?lang=ja", "page.png", 820, 900)
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


def _bubble(message: Message) -> str:
    rows = "".join(
        f'<div class="button">{html.escape("   ".join(one.text for one in row))}</div>' for row in message.buttons
    )
    return f'<div class="bubble">{message.html}<div class="time">12:03</div></div>{rows}'


if __name__ == "__main__":
    main()
