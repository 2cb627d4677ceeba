"""One reader cannot keep the others from being served, and nobody can fill the memory with names."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from feeds.publish.limits import BURST_S, Buckets, reader_of
from feeds.publish.web import Library, create_app


def scope(peer: str, forwarded: str = "") -> dict[str, Any]:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    return {"type": "http", "client": (peer, 5000), "headers": headers}


@pytest.fixture
def ask_as(library: Library) -> Callable[..., Any]:
    app = create_app(library, requests_per_s=1)

    async def ask(path: str, peer: str = "192.0.2.7", **headers: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=app, client=(peer, 5000))
        async with httpx.AsyncClient(transport=transport, base_url="http://kaigi.example") as client:
            return await client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return ask


def test_a_bucket_is_full_at_first_and_fills_again_with_time() -> None:
    now = 0.0
    buckets = Buckets(per_s=2, clock=lambda: now)
    assert [buckets.take("a", 10) for _ in range(4)] == [0.0] * 4
    assert buckets.take("a", 10) == 5.0
    assert buckets.take("b", 10) == 0.0
    now = 5.0
    assert buckets.take("a", 10) == 0.0
    now = 500.0
    assert [buckets.take("a", 2 * BURST_S), buckets.take("a", 1)] == [0.0, 0.5]


def test_the_buckets_of_a_million_readers_need_no_more_memory_than_those_of_a_few() -> None:
    buckets = Buckets(per_s=1, most=100)
    for number in range(10_000):
        buckets.take(str(number), 1)
    assert len(buckets._left) == 100


@pytest.mark.parametrize(
    ("peer", "forwarded", "reader"),
    [
        ("192.0.2.7", "", "192.0.2.7"),
        ("192.0.2.7", "198.51.100.1", "192.0.2.7"),  # whoever is no proxy of ours may write what they like
        ("127.0.0.1", "", None),
        ("127.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"),
        ("::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::99", "", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "", "192.0.2.7"),
        ("2001:db8:1:2:ffff::9%eth0", "", "2001:db8:1:2::/64"),
        ("127.0.0.1", "unknown", "unknown"),
        ("x" * 500, "", "x" * 64),  # a server in front of us may believe any word
    ],
)
def test_a_reader_is_an_address_and_behind_our_own_proxy_whom_it_names(
    peer: str, forwarded: str, reader: str | None
) -> None:
    assert reader_of(scope(peer, forwarded)) == reader


async def test_who_asks_too_much_waits_and_others_are_served(ask_as: Callable[..., Any]) -> None:
    answers = [await ask_as("/feeds/everything.atom") for _ in range(25)]
    assert [answer.status_code for answer in answers[:20]] == [200] * 20
    refused = answers[-1]
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert "アクセスが多すぎます" in refused.text
    assert refused.headers["content-security-policy"]
    assert (await ask_as("/feeds/everything.atom", peer="192.0.2.8")).status_code == 200
    assert (await ask_as("/healthz")).status_code == 200


async def test_programs_that_ask_too_much_are_told_so_as_data(ask_as: Callable[..., Any]) -> None:
    answers = [await ask_as("/api/meetings") for _ in range(6)]
    assert answers[-1].headers["content-type"] == "application/problem+json"
    assert answers[-1].json()["status"] == 429


async def test_this_machine_is_never_refused(ask_as: Callable[..., Any]) -> None:
    answers = [await ask_as("/metrics", peer="127.0.0.1") for _ in range(30)]
    assert {answer.status_code for answer in answers} == {200}
