"""A WebSub hub on loopback, as strict as the Recommendation: subscribe, verify, distribute with a signature.

It also does what hubs do wrong, when a test says so: refuse, deny, stay silent, be slow, send on, sign wrongly, forget.
"""

import asyncio
import hashlib
import hmac
import secrets
import time
from collections import deque
from dataclasses import dataclass
from typing import Self

import aiohttp
from aiohttp import web


@dataclass(kw_only=True)
class Subscriber:
    """Somebody who is told."""

    topic: str
    callback: str
    secret: str | None
    ends_at: float  #: monotonic


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What a callback said when it was asked whether it meant it."""

    mode: str
    status: int
    right: bool  #: success, and the challenge to the letter


class Hub:
    """The server, an async context manager. `url` is final inside it."""

    def __init__(self) -> None:
        self.url = ""
        self.grants_s: int | None = None  #: the lease it gives; None: what was asked for
        self.verifies = True
        self.denies: str | None = None  #: the reason, in place of a verification
        self.slow_s = 0.0
        self.forms: list[dict[str, str]] = []
        self.verifications: list[Verification] = []
        self.subscribers: dict[tuple[str, str], Subscriber] = {}
        self._answers: deque[tuple[int, dict[str, str]]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        app = web.Application()
        app.router.add_post("/{path:.*}", self._asked)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()
        await self._runner.cleanup()

    # What tests do to it

    def answer_next(self, status: int, times: int = 1, **headers: str) -> None:
        """Answer the next requests with this and do nothing; header names may be written with underscores."""
        answer = (status, {name.replace("_", "-"): value for name, value in headers.items()})
        self._answers.extend([answer] * times)

    async def settled(self) -> None:
        """Wait until every verification under way has its answer."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def call(self, callback: str, **words: str) -> tuple[int, str]:
        """Call back with `hub.` parameters of the test's own."""
        async with self._session.get(callback, params={f"hub.{name}": word for name, word in words.items()}) as answer:
            return answer.status, await answer.text()

    async def distribute(
        self, topic: str, body: bytes = b"<rss/>", *, method: str = "sha256", sign: str = ""
    ) -> list[int]:
        """Push to everybody whose lease is not over, as section 7 asks; a 410 ends a subscription.

        `sign`: what is signed in place of the body, for a signature that does not fit; `"-"`: no signature at all.
        """
        told = [one for one in self.subscribers.values() if one.topic == topic and one.ends_at > time.monotonic()]
        return [await self._tell(one, body, method, sign) for one in told]

    async def _tell(self, one: Subscriber, body: bytes, method: str, sign: str) -> int:
        headers = {
            "Content-Type": "application/atom+xml",
            "Link": f'<{self.url}>; rel="hub", <{one.topic}>; rel="self"',
        }
        if one.secret and sign != "-":
            mark = hmac.new(one.secret.encode(), sign.encode() or body, getattr(hashlib, method)).hexdigest()
            headers["X-Hub-Signature"] = f"{method}={mark}"
        async with self._session.post(one.callback, data=body, headers=headers) as answer:
            if answer.status == 410:
                self.subscribers.pop((one.topic, one.callback), None)
            return answer.status

    # The server

    async def _asked(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.forms.append(form)
        await asyncio.sleep(self.slow_s)
        if self._answers:
            status, headers = self._answers.popleft()
            return web.Response(status=status, headers=headers)
        if wrong := _mistakes(form):
            return web.Response(status=400, text=wrong)
        task = asyncio.create_task(self._verify(form))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return web.Response(status=202)

    async def _verify(self, form: dict[str, str]) -> None:
        """Section 5.3: only who echoes the challenge is subscribed, or let go."""
        mode, topic, callback = form["hub.mode"], form["hub.topic"], form["hub.callback"]
        if self.denies is not None:
            await self.call(callback, mode="denied", topic=topic, reason=self.denies)
        if self.denies is not None or not self.verifies:
            return
        lease = self.grants_s if self.grants_s is not None else int(form.get("hub.lease_seconds", 864_000))
        challenge = secrets.token_urlsafe(20)
        words = {"mode": mode, "topic": topic, "challenge": challenge}
        if mode == "subscribe":
            words["lease_seconds"] = str(lease)
        status, text = await self.call(callback, **words)
        right = 200 <= status < 300 and text == challenge
        self.verifications.append(Verification(mode=mode, status=status, right=right))
        if not right:
            return
        self.subscribers.pop((topic, callback), None)
        if mode == "subscribe":
            self.subscribers[topic, callback] = Subscriber(
                topic=topic, callback=callback, secret=form.get("hub.secret"), ends_at=time.monotonic() + lease
            )


def _mistakes(form: dict[str, str]) -> str:
    """What a strict hub refuses (section 5.1)."""
    if form.get("hub.mode") not in ("subscribe", "unsubscribe"):
        return "hub.mode"
    if not all(form.get(name, "").startswith("http") for name in ("hub.topic", "hub.callback")):
        return "hub.topic and hub.callback must be addresses"
    if len(form.get("hub.secret", "").encode()) >= 200:
        return "hub.secret must be shorter than 200 bytes"
    return ""
