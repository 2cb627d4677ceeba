"""The demo as a person sees it: one alert for the meeting of three newsrooms, whatever happens in between."""

import contextlib
import re
import signal
from dataclasses import dataclass
from pathlib import Path

import feedparser
import pytest

from tests.support.commands import Done, kaigi
from tests.support.running import Running, free_port
from tests.support.web import get

MEETING = "第13回拡大ASEAN国防相会議"


def alerts(service: Running) -> list[str]:
    """The headlines of all alerts printed so far."""
    return re.findall(r"🔔 (.*?) ─", service.out.read_text())


@dataclass(frozen=True)
class Demo:
    """What starts the demo: each time on the same ports and folder."""

    folder: Path
    port: str
    newsroom: str

    @property
    def words(self) -> tuple[str, ...]:
        return ("demo", "--folder", str(self.folder / "demo"), "--newsroom-port", self.newsroom)

    def start(self) -> Running:
        """In a process of its own."""
        return Running(self.folder, *self.words, KAIGI_WEB__PORT=self.port)

    def start_another(self) -> Done:
        """Which must not start, in this process."""
        return kaigi(*self.words, folder=self.folder, KAIGI_WEB__PORT=self.port)


@pytest.mark.long
def test_one_meeting_told_by_three_newsrooms_is_one_alert_and_valid_feeds_whatever_happens_meanwhile(
    tmp_path: Path,
) -> None:
    """One story, because each start of the demo costs seconds."""
    one = Demo(tmp_path, str(free_port()), str(free_port()))
    address, start = f"http://127.0.0.1:{one.port}", one.start
    with contextlib.closing(start()) as demo:
        demo.wait_for(lambda: "Kaigi is running" in demo.err.read_text(), "the start")
        second = one.start_another()  # is told about the first, and harms nothing
        assert (second.returncode, "Another demo uses" in second.stderr) == (1, True)
        # It is killed at the moment of the alert. At any other moment: `make chaos-crash`.
        demo.wait_for(lambda: MEETING in demo.out.read_text(), "the alert")
        demo.stop(signal.SIGKILL)
    with contextlib.closing(start()) as demo:  # neither loses the alert nor repeats it
        demo.wait_for(lambda: "goes on" in demo.out.read_text(), "the resumed demo")
        demo.wait_for(lambda: MEETING in demo.out.read_text(), "the alert")
        demo.wait_for(lambda: _reports(address) == 3, "three reports of the meeting")
        for key in ("ministerial-meetings", "everything"):
            _answers_atom_and_then_304(f"{address}/feeds/{key}.atom")
        assert "13th ASEAN Defence Ministers" in get(f"{address}/?lang=en").text
        assert [MEETING in headline for headline in alerts(demo)] == [True], demo.out.read_text()
        assert demo.stop(signal.SIGINT) == 0
        assert "Traceback" not in demo.err.read_text()
        demo.out.unlink()
    with contextlib.closing(start()) as again:  # ended well, it begins anew
        again.wait_for(lambda: "A small world of news begins" in again.out.read_text(), "a new world")


def _reports(address: str) -> int:
    feed = feedparser.parse(get(f"{address}/feeds/ministerial-meetings.atom").body)
    entry = next((e for e in feed.entries if MEETING in e.title), None)
    return sum(link.rel == "via" for link in entry.links) if entry else 0


def _answers_atom_and_then_304(url: str) -> None:
    first = get(url)
    assert first.headers["content-type"].startswith("application/atom+xml")
    feed = feedparser.parse(first.body)
    assert (feed.version, feed.bozo) == ("atom10", False)
    again = get(url, if_none_match=first.headers["etag"])
    if again.status == 200:  # an article came in between
        assert again.body != first.body
        again = get(url, if_none_match=again.headers["etag"])
    assert (again.status, again.body) == (304, b"")
