"""Opens connections: name ─► addresses ─► guard ─► TCP ─► TLS.

What the guard judges is the very address that is connected to; nothing is looked up a second time. Of several addresses
the next is tried as well when one takes long (RFC 8305).
"""

import asyncio
import functools
import ssl
from collections.abc import Callable, Sequence
from typing import Any

import aiohappyeyeballs

from feeds.collect import guard
from feeds.collect.connection import Connection
from feeds.collect.request import Place
from feeds.collect.resolve import Resolver

HEAD_START_S = 0.25  #: of one address before the next

New = Callable[[], Connection]


class Dialler:
    """Belongs to one event loop."""

    def __init__(self, *, allow_private: bool, timeout_s: float) -> None:
        """`allow_private`: the guard lets everything pass. `timeout_s`: for the look-up, and then for TCP with TLS."""
        self._allow_private = allow_private
        self._socket_factory = guard.socket_factory(allow_private)
        self._timeout_s = timeout_s
        self._resolver = Resolver(timeout_s)

    async def open(self, place: Place, new: New, *, verify: bool) -> Connection:
        """Return a connection that `new` has made. `verify`: check the certificate, if there is TLS.

        Raises OSError, and among them NameUnknown, AddressBlocked, ssl.SSLError and TimeoutError.
        """
        found = () if place.literal else await self._resolver.resolve(place.host, place.port)
        tls: dict[str, Any] = {}
        if place.secure:  # a server's name has no dot at its end (RFC 6066 §3)
            tls = {"ssl": tls_context(verify), "server_hostname": place.host.rstrip(".")}
        try:
            async with asyncio.timeout(self._timeout_s):
                if place.literal:
                    return await self._straight(place.host, place.port, new, tls)
                if len(found) == 1 and not any(found[0][4][3:]):  # an interface can only be told to a socket
                    return await self._straight(found[0][4][0], found[0][4][1], new, tls)
                return await self._race(found, new, tls)
        except TimeoutError:
            raise TimeoutError(f"no connection within {self._timeout_s:g} s") from None

    async def _straight(self, address: str, port: int, new: New, tls: dict[str, Any]) -> Connection:
        """The cheap way: the loop makes the socket, for an address that is numeric and so is not looked up."""
        if not self._allow_private:
            guard.check(address, port)
        _, connection = await asyncio.get_running_loop().create_connection(new, address, port, **tls)
        return connection

    async def _race(self, addresses: Sequence[guard.AddrInfo], new: New, tls: dict[str, Any]) -> Connection:
        """Take the address that answers first; when TLS fails there, the others have their chance."""
        left = list(addresses)
        while True:
            socket = await aiohappyeyeballs.start_connection(
                left,
                happy_eyeballs_delay=HEAD_START_S,
                socket_factory=self._socket_factory,
            )
            peer = socket.getpeername()
            try:
                _, connection = await asyncio.get_running_loop().create_connection(new, sock=socket, **tls)
            except OSError:
                left = [one for one in left if one[4][:2] != peer[:2]]
                if not left:
                    raise
            else:
                return connection


@functools.cache
def tls_context(verify: bool) -> ssl.SSLContext:
    """Return how TLS is spoken: made once, because reading the system's certificates takes some time."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
