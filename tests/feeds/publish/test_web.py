"""The web application: what it serves, what it refuses, and that strangers' words stay words."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from feeds.correcting import Desk
from feeds.decide.routing import AlertPolicy
from feeds.publish.web import Library
from storage import ingest, instance, sources, websub
from storage.changes import Changes, ItemUpdate
from storage.database import Database
from storage.errors import DatabaseFull
from storage.model import FetchEvent, FetchOptions, HubState, HubSubscription, Level, SourceState
from tests.support.build import NOW, after, definition, facts, item, meeting_changes, polled

HUB = HubSubscription(
    id=0, source_id=1, hub="https://hub.example/", topic="t", callback="c", token="k", secret="s",
    state=HubState.ACTIVE, lease_until=after(days=10), to_prove=0, pushes=7,
)  # fmt: skip


async def test_the_front_page_lists_announced_meetings_before_held_ones(ask: Callable[..., Any]) -> None:
    page = (await ask("/")).text
    assert page.index("日本・米国") < page.index("日本・オーストラリア")
    assert '<html lang="ja">' in page
    assert '<html lang="en">' in (await ask("/?lang=en")).text


@pytest.mark.parametrize("path", ["/", "/meetings/1", "/feeds/ministerial-meetings.atom", "/feeds/everything.atom"])
async def test_strangers_words_are_escaped_everywhere(ask: Callable[..., Any], path: str) -> None:
    answer = await ask(path)
    assert answer.status_code == 200
    assert "<script>" not in answer.text
    assert "alert(1)" in answer.text


@pytest.mark.parametrize("path", ["/", "/feeds/everything.atom", "/healthz", "/nowhere", "/static/kaigi.css"])
async def test_every_answer_forbids_scripts_and_sniffing(ask: Callable[..., Any], path: str) -> None:
    answer = await ask(path)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("key", ["ministerial-meetings", "everything"])
async def test_a_feed_is_the_same_until_something_changes(
    ask: Callable[..., Any], database: Database, key: str
) -> None:
    first = await ask(f"/feeds/{key}.atom")
    assert first.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert (await ask(f"/feeds/{key}.atom")).content == first.content
    assert (await ask(f"/feeds/{key}.atom", if_none_match=first.headers["etag"])).status_code == 304
    database.write(
        lambda c: ingest.apply(c, meeting_changes(facts(series="scm"), identity="g:9"), NOW + timedelta(hours=1))
    )
    again = await ask(f"/feeds/{key}.atom", if_none_match=first.headers["etag"])
    assert (again.status_code, again.headers["etag"] != first.headers["etag"]) == (200, True)


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("if_none_match", "*", 304),
        ("if_none_match", '"other"', 200),
        ("if_modified_since", format_datetime(NOW + timedelta(days=1), usegmt=True), 304),
        ("if_modified_since", format_datetime(NOW - timedelta(days=1), usegmt=True), 200),
        ("if_modified_since", "yesterday", 200),
        ("if_modified_since", "Mon, 01 Jan 99999999999999999999 00:00:00 GMT", 200),
        ("if_modified_since", "Mon, 01 Jan 2025 00:00:00 +99999999999", 200),
        ("if_modified_since", "Mon, 01 Jan 2025 00:00:00 -9999", 200),
        ("if_modified_since", ", 1 Jan", 200),
    ],
)
async def test_conditions_are_read_as_the_standard_says(
    ask: Callable[..., Any], header: str, value: str, status: int
) -> None:
    assert (await ask("/feeds/everything.atom", **{header: value})).status_code == status


@pytest.mark.parametrize("key", ["ministerial-meetings", "everything"])
async def test_a_reader_that_asks_by_date_hears_of_a_corrected_headline(
    ask: Callable[..., Any], database: Database, key: str
) -> None:
    since = (await ask(f"/feeds/{key}.atom")).headers["last-modified"]
    corrected = ItemUpdate(item_id=1, old_story_id=1, insert=item(1, "g:1", title="Corrected"))
    changes = Changes(source=polled(1), updates=(corrected,))
    database.write(lambda c: ingest.apply(c, changes, NOW + timedelta(hours=3)))
    assert (await ask(f"/feeds/{key}.atom", if_modified_since=since)).status_code == 200


async def test_a_weak_tag_in_a_list_is_recognised(ask: Callable[..., Any]) -> None:
    etag = (await ask("/feeds/everything.atom")).headers["etag"]
    assert (await ask("/feeds/everything.atom", if_none_match=f'"x", W/{etag}')).status_code == 304


async def test_only_ministers_are_in_the_ministers_feed(ask: Callable[..., Any], database: Database) -> None:
    lower = facts(level=Level.VICE_MINISTER, countries=("FI", "JP"))
    database.write(lambda c: ingest.apply(c, meeting_changes(lower, identity="g:vice"), NOW))
    assert "フィンランド" not in (await ask("/feeds/ministerial-meetings.atom")).text


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/nowhere", "GET", 404),
        ("/meetings/999", "GET", 404),
        ("/meetings/99999999999999999999999", "GET", 404),
        ("/meetings/one", "GET", 404),
        ("/meetings/²", "GET", 404),
        ("/meetings/" + "9" * 5000, "GET", 404),
        ("/feeds/unknown.atom", "GET", 404),
        ("/static/../web.py", "GET", 404),
        ("/", "POST", 405),
    ],
)
async def test_what_is_not_there_is_a_helpful_page(
    ask: Callable[..., Any], path: str, method: str, status: int
) -> None:
    answer = await ask(path, method)
    assert answer.status_code == status
    assert "会談の一覧へ" in answer.text


async def test_a_part_that_does_not_move_turns_health_red(ask: Callable[..., Any], library: Library) -> None:
    object.__setattr__(library, "health", lambda: {"ready": False, "hung": "database"})
    answer = await ask("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "hung", "part": "database"})


async def test_health_tells_life_from_readiness(
    ask: Callable[..., Any], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await ask("/healthz")).json() == {"status": "ok"}
    assert (await ask("/readyz")).json()["database"] == "ok"

    def full(_fn: object) -> None:
        raise DatabaseFull("The disk is full.")

    monkeypatch.setattr(database, "read", full)
    assert (await ask("/healthz")).status_code == 200
    broken = await ask("/readyz")
    assert (broken.status_code, broken.json()["ready"]) == (503, False)
    assert (await ask("/")).status_code == 503


def test_the_authority_of_ids_is_fixed_by_the_first_start(database: Database) -> None:
    first = database.write(lambda c: instance.born(c, "old.example", datetime(2025, 1, 2, tzinfo=UTC)))
    later = database.write(lambda c: instance.born(c, "new.example", datetime(2031, 1, 2, tzinfo=UTC)))
    assert first == later == ("old.example,2025-01-02", datetime(2025, 1, 2, tzinfo=UTC))


async def test_the_sources_page_shows_every_newsroom_with_its_trouble_first(
    ask: Callable[..., Any], database: Database
) -> None:
    trouble = polled(
        2,
        succeeded=False,
        state=SourceState.BLOCKED,
        failures=3,
        last_error="Its server refuses us <b>today</b>.",
        event=FetchEvent(at=NOW, outcome="forbidden"),
    )
    database.write(lambda c: ingest.update_source(c, trouble))
    page = (await ask("/sources")).text
    assert page.index("拒否") < page.index("正常")
    assert "refuses us &lt;b&gt;" in page
    assert 'class="failed"' in page
    assert "blocked" in (await ask("/sources?lang=en")).text


async def test_a_source_whose_hub_pushes_is_called_so(ask: Callable[..., Any], database: Database) -> None:
    assert "プッシュ" not in (await ask("/sources")).text
    database.write(lambda c: websub.add(c, HUB))
    database.write(lambda c: websub.save(c, replace(HUB, id=1), NOW))
    assert "プッシュ" in (await ask("/sources")).text
    metrics = (await ask("/metrics")).text
    assert 'kaigi_source_pushed{source="s1"} 1.0' in metrics
    assert 'kaigi_source_pushed{source="s2"} 0.0' in metrics
    assert 'kaigi_hub_subscriptions{state="active"} 1.0' in metrics
    assert "kaigi_hub_pushes 7.0" in metrics


async def test_the_sources_page_says_whose_certificate_is_not_checked_and_tells_no_secret(
    ask: Callable[..., Any], database: Database
) -> None:
    assert "TLS not verified" not in (await ask("/sources?lang=en")).text
    options = FetchOptions(headers=(("Authorization", "Bearer s3cret-word"),), cookie="a=s3cret-word", verify=False)
    database.write(lambda c: sources.add(c, replace(definition("own"), fetch=options), NOW))
    for path in ("/sources?lang=en", "/metrics", "/feeds/everything.atom", "/"):
        assert "s3cret-word" not in (await ask(path)).text
    assert (await ask("/sources?lang=en")).text.count("TLS not verified") == 1


async def test_metrics_are_read_by_prometheus(ask: Callable[..., Any]) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    answer = await ask("/metrics")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert families["kaigi_meetings"].samples[0].value == 2
    states = {(s.labels["source"], s.labels["state"]): s.value for s in families["kaigi_source_state"].samples}
    assert (states["s1", "ok"], states["s1", "failing"]) == (1, 0)


async def test_the_address_of_a_merged_meeting_leads_to_the_one_that_goes_on(
    ask: Callable[..., Any], database: Database
) -> None:
    desk = Desk(database=database, policy=AlertPolicy(), by="tester", now=NOW)
    desk.same_as("2", "1")
    answer = await ask("/meetings/2?lang=en")
    assert (answer.status_code, answer.headers["location"]) == (308, "/meetings/1?lang=en")
    assert (await ask("/meetings/1")).status_code == 200
    feed = (await ask("/feeds/ministerial-meetings.atom")).text
    assert (feed.count("<entry>"), "meeting/1</id>" in feed) == (1, True)
