"""`/api/meetings` and the pages for search and ranking: found by query and field, page by page, described, refused."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jsonschema
import pytest

from storage import ingest
from storage.database import Database
from tests.support.build import after, facts, meeting_changes

Ask = Callable[..., Any]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", [2, 1]),
        ("?country=AU", [1]),
        ("?country=AU,US", [2, 1]),
        ("?country=豪", [1]),
        ("?phase=announced&level=minister", [2]),
        ("?q=country:AU", [1]),
        ("?q=is:meeting&country=US", [2]),
        ("?from=2025-11-01&to=2025-11-01", [2, 1]),
        ("?from=2025-11-02", []),
        ("?to=2025-10-31", []),
        ("?before=2", [1]),
        ("?limit=1", [2]),
    ],
)
async def test_meetings_are_found_by_query_and_by_field(ask: Ask, query: str, ids: list[int]) -> None:
    answer = await ask(f"/api/meetings{query}")
    assert answer.headers["content-type"] == "application/json"
    assert [one["id"] for one in answer.json()["meetings"]] == ids


async def test_following_next_shows_every_meeting_once(ask: Ask, database: Database) -> None:
    for number in range(10, 17):
        changes = meeting_changes(facts(), identity=f"g:{number}")
        database.write(partial(ingest.apply, changes=changes, now=after(hours=1)))
    seen, url = [], "/api/meetings?limit=4&country=JP"
    while url:
        page = (await ask(url)).json()
        seen += [one["id"] for one in page["meetings"]]
        url = (page["next"] or "").removeprefix("https://kaigi.example")
    assert seen == sorted(range(1, 10), reverse=True)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=201", "limit=-1", "limit=x", "limit=" + "9" * 999, "before=0", "before=x",
        "before=" + "9" * 30,
        "from=yesterday", "from=2025-13-01", "to=20251101", "from=2025-11-02&to=2025-11-01", "country=", "country=,",
        "country=Atlantis", 'country="x', "level=king", "unknown=1", "q=foo:", "q=(", "q=" + "x" * 10_000,
        "q=%ED%A0%80%00", "minister=" + "x" * 3000, "&".join(f"p{n}=1" for n in range(99)),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_told_as_problem_details(ask: Ask, query: str) -> None:
    answer = await ask(f"/api/meetings?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["title"]) == (400, "Bad Request")
    assert problem["detail"]


async def test_other_refusals_under_api_are_problem_details_too(ask: Ask) -> None:
    for path, method, status in (("/api/nothing", "GET", 404), ("/api/meetings", "POST", 405)):
        answer = await ask(path, method)
        assert (answer.status_code, answer.json()["status"]) == (status, status)
        assert answer.headers["content-type"] == "application/problem+json"


async def test_the_answers_are_as_the_openapi_document_says(ask: Ask) -> None:
    document = (await ask("/api/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    operation = document["paths"]["/api/meetings"]["get"]

    def schema(status: str) -> dict[str, Any]:
        (content,) = operation["responses"][status]["content"].values()
        return {**content["schema"], "components": document["components"]}

    jsonschema.Draft202012Validator(schema("200")).validate((await ask("/api/meetings?limit=1")).json())
    jsonschema.Draft202012Validator(schema("400")).validate((await ask("/api/meetings?q=foo:")).json())
    for parameter in operation["parameters"]:
        answer = await ask(f"/api/meetings?{parameter['name']}={parameter['example']}")
        assert answer.status_code == 200, (parameter, answer.text)


async def test_search_finds_meetings_and_offers_their_feed(ask: Ask) -> None:
    page = (await ask("/search?q=country:AU&lang=en")).text
    assert "Australia–Japan" in page
    assert "/feeds/search.atom?q=country%3AAU&amp;lang=en" in page
    assert 'rel="alternate" type="application/atom+xml" title="Kaigi: search for country:AU"' in page
    assert 'href="?q=country%3AAU&amp;lang=ja"' in page


@pytest.mark.parametrize(
    "query", ["q=foo:", "q=(", 'q="<script>alert(1)</script>', "q=" + "x" * 10_000, "q=a&before=x"]
)
async def test_a_wrong_search_shows_what_is_wrong_and_stays_harmless(ask: Ask, query: str) -> None:
    answer = await ask(f"/search?{query}")
    assert answer.status_code == 400
    assert 'class="problem"' in answer.text
    assert "<script>" not in answer.text


async def test_an_empty_search_is_a_form(ask: Ask) -> None:
    answer = await ask("/search")
    assert answer.status_code == 200
    assert '<input type="search"' in answer.text


@pytest.mark.parametrize("since", ["24h", "7d", "30d"])
async def test_the_ranking_counts_independent_newsrooms(ask: Ask, since: str) -> None:
    page = (await ask(f"/top?since={since}&lang=en")).text
    assert "Australia–Japan" in page
    assert "1 independent newsroom:" in page
    assert f'since={since}&amp;lang=en" aria-current="page"' in page


async def test_the_ranking_knows_three_spans(ask: Ask) -> None:
    assert (await ask("/top?since=1y")).status_code == 400


async def test_a_meeting_leads_to_the_ones_before_and_after(ask: Ask) -> None:
    page = (await ask("/meetings/1")).text
    assert '<a rel="next" href="/meetings/2?lang=ja">' in page
    assert 'rel="prev"' not in page
