"""Looking up names: within a time, few at once, and not again within seconds."""

import socket
import threading

import pytest

from feeds.collect import resolve
from feeds.collect.resolve import MAX_LOOKUPS, Resolver
from feeds.collect.wire_errors import NameUnknown


class Names:
    """A name server that writes down what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.now = 100.0

    def __call__(self, host: str, port: int, **_: object) -> list[object]:
        self.asked.append(host)
        if host == "empty.example":
            return []
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", port))]

    def clock(self) -> float:
        return self.now


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    names = Names()
    monkeypatch.setattr("feeds.collect.resolve.socket.getaddrinfo", names)
    return names


async def test_an_answer_holds_for_ten_seconds(names: Names) -> None:
    resolver = Resolver(1, clock=names.clock)
    first = await resolver.resolve("a.example", 80)
    assert first[0][4] == ("192.0.2.1", 80)
    names.now += 9.9
    assert await resolver.resolve("a.example", 80) == first
    assert (await resolver.resolve("a.example", 443))[0][4] == ("192.0.2.1", 443)
    assert names.asked == ["a.example"] * 2
    names.now += 0.2
    await resolver.resolve("a.example", 80)
    assert names.asked == ["a.example"] * 3


async def test_only_so_many_answers_are_remembered_and_the_oldest_go(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolve, "REMEMBERED", 2)
    resolver = Resolver(1, clock=names.clock)
    for host in ("a.example", "b.example", "c.example", "c.example", "a.example"):
        await resolver.resolve(host, 80)
    assert names.asked == ["a.example", "b.example", "c.example", "a.example"]


async def test_no_address_and_no_answer_are_unknown_names_and_are_asked_again(names: Names) -> None:
    resolver = Resolver(1, clock=names.clock)
    for _ in range(2):
        with pytest.raises(NameUnknown):
            await resolver.resolve("empty.example", 80)
    assert names.asked == ["empty.example"] * 2


async def test_a_silent_name_server_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def silent(*_: object, **__: object) -> list[object]:
        over.wait(5)
        return []

    monkeypatch.setattr("feeds.collect.resolve.socket.getaddrinfo", silent)
    resolver = Resolver(0.05)
    with pytest.raises(NameUnknown, match="no answer from the name server within 0.05 s"):
        await resolver.resolve("a.example", 80)
    assert resolver._slots._value == MAX_LOOKUPS
    over.set()
