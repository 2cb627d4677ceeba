"""The demo as a person sees it: one alert for the meeting of three newsrooms, whatever happens in between."""

import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import feedparser

from tests.support.running import PATIENCE_S, Running, free_port, running
from tests.support.web import get

MEETING = "第13回拡大ASEAN国防相会議"


def alerts(service: Running) -> list[str]:
    """The headlines of all alerts printed so far."""
    return re.findall(r"🔔 (.*?) ─", service.out.read_text())


def starting(folder: Path) -> Callable[[], Running]:
    """Starts the demo, each time on the same ports and folder."""
    port, newsroom = str(free_port()), str(free_port())

    def start() -> Running:
        words = ("demo", "--folder", str(folder / "demo"), "--newsroom-port", newsroom)
        return Running(folder, *words, KAIGI_WEB__PORT=port)

    return start


def test_one_meeting_told_by_three_newsrooms_is_one_alert_and_valid_feeds(tmp_path: Path) -> None:
    port = free_port()
    words = ("demo", "--folder", str(tmp_path / "demo"), "--newsroom-port", str(free_port()))
    with running(tmp_path, *words, KAIGI_WEB__PORT=str(port)) as demo:
        address = f"http://127.0.0.1:{port}"
        demo.wait_for(lambda: MEETING in demo.out.read_text(), "the alert")
        demo.wait_for(lambda: _reports(address) == 3, "three reports of the meeting")
        assert [MEETING in headline for headline in alerts(demo)] == [True]
        for key in ("ministerial-meetings", "everything"):
            _answers_atom_and_then_304(f"{address}/feeds/{key}.atom")
        assert "13th ASEAN Defence Ministers" in get(f"{address}/?lang=en").text
        assert demo.stop(signal.SIGINT) == 0
        assert "Traceback" not in demo.err.read_text()
        demo.out.unlink()
    with running(tmp_path, *words, KAIGI_WEB__PORT=str(port)) as again:  # ended well, it begins anew
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


def test_a_kill_at_the_moment_of_the_alert_neither_loses_nor_repeats_it(tmp_path: Path) -> None:
    """At any other moment: `make chaos-crash`."""
    start = starting(tmp_path)
    first = start()
    try:
        first.wait_for(lambda: MEETING in first.out.read_text(), "the alert")
        first.stop(signal.SIGKILL)
    finally:
        first.end()
    second = start()
    try:
        second.wait_for(lambda: "goes on" in second.out.read_text(), "the resumed demo")
        second.wait_for(lambda: MEETING in second.out.read_text(), "the alert")
        time.sleep(4)
        assert sum(MEETING in headline for headline in alerts(second)) == 1, second.out.read_text()
        assert second.stop() == 0
    finally:
        second.end()


def test_a_second_demo_is_told_about_the_first_and_harms_nothing(tmp_path: Path) -> None:
    start = starting(tmp_path)
    first = start()
    try:
        first.wait_for(lambda: "Kaigi is running" in first.err.read_text(), "the start")
        second = start()
        try:
            assert second._process.wait(PATIENCE_S) == 1
        finally:
            second.end()
        assert "Another demo uses" in first.err.read_text()  # both write to one file
        first.wait_for(lambda: MEETING in first.out.read_text(), "the alert of the first")
        assert first.stop() == 0
    finally:
        first.end()
