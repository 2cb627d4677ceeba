"""Behind a proxy, readers are told apart: with Docker between them as well, and by nobody else's word."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from bot.process import web_server
from feeds.publish.limits import reader_of

COMPOSE = (Path(__file__).parents[2] / "docker-compose.yml").read_text(encoding="utf-8")
BELIEVED = re.findall(r'^ +FORWARDED_ALLOW_IPS: "([^"]+)"$', COMPOSE, re.MULTILINE)


async def _tell(scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(reader_of(scope)).encode()})


async def reader(peer: str, forwarded: str) -> str:
    """Whom the service takes the caller for, with the web server as the service makes it."""
    config = web_server(_tell).config
    config.load()
    served: Any = config.loaded_app
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=served, client=(peer, 5000))) as client:
        return (await client.get("http://kaigi.example/", headers={"x-forwarded-for": forwarded})).text


def test_all_parts_in_docker_that_serve_the_web_believe_the_proxy_before_docker() -> None:
    assert len(BELIEVED) == 2  # the service in one piece, and the settings that its parts share
    assert BELIEVED[0] == BELIEVED[1]


@pytest.mark.parametrize("gateway", ["172.17.0.1", "172.31.255.1", "192.168.96.1"])
async def test_the_gateway_of_docker_tells_whom_the_proxy_named(monkeypatch: pytest.MonkeyPatch, gateway: str) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", BELIEVED[0])
    assert await reader(gateway, "203.0.113.9, 198.51.100.1") == "198.51.100.1"
    assert await reader(gateway, "198.51.100.2") == "198.51.100.2"


async def test_strangers_are_not_believed_and_without_docker_only_this_machine_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", BELIEVED[0])
    assert await reader("192.0.2.7", "198.51.100.1") == "192.0.2.7"
    monkeypatch.delenv("FORWARDED_ALLOW_IPS")
    assert await reader("172.17.0.1", "198.51.100.1") == "172.17.0.1"
    assert await reader("127.0.0.1", "203.0.113.9, 198.51.100.1") == "198.51.100.1"
