"""The address guard: nobody can make Kaigi talk to the network that it runs in.

Sources are added from a chat, and every newsroom may redirect. So the check happens at the last possible moment:
`dial.py` asks about the very address that it is about to connect to. Literals, DNS answers, redirects, retries and a
name that changes its address between two look-ups (rebinding) all pass here; nothing is looked up twice.

The tables are our own, because `ipaddress.is_global` differs between Python versions and is true for several forms that
reach private hosts (NAT64, 6to4, multicast, 192.0.0.8). They do not know a NAT64 prefix that a network chose itself.
"""

import errno
import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

AddrInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]
SocketFactory = Callable[[AddrInfo], socket.socket]

#: Web ports. Mail, SSH, databases and caches answer elsewhere, also on public hosts, and would take our request for a
#: command. 8080 and 8443 are kept because small ministries do serve news there.
PORTS = frozenset({80, 443, 8080, 8443})

#: All messages start alike: aiohappyeyeballs keeps the class of an error only while every attempt fails the same way.
BLOCKED = "refused by the address guard"

# IANA IPv4 Special-Purpose Address Registry (RFC 6890), with multicast and the reserved class E.
_REFUSED_V4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT, RFC 6598
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, where clouds keep their credentials
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)

# Only 2000::/3 is given out for global unicast (RFC 4291 §2.5.4); these parts of it are not the public Internet.
_GLOBAL_V6 = IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments, with Teredo (2001::/32), benchmarking and ORCHID
        "2001:db8::/32",
        "3fff::/20",  # documentation, RFC 9637
    )
)
_6TO4 = IPv6Network("2002::/16")
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052; 64:ff9b:1::/48 (RFC 8215) is for local use and so is refused


class AddressBlocked(OSError):
    """The guard refused an address. An OSError, so that another address of the same host is tried."""


def is_public(address: str) -> bool:
    """Tell whether a numeric address belongs to the public Internet, whatever way it is written.

    An IPv4 address inside an IPv6 one (mapped, NAT64, 6to4) is judged by the inner address. Text that is no address is
    not public.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address):
        inner = _inner_v4(parsed)
        return _is_public_v6(parsed) if inner is None else _is_public_v4(inner)
    return _is_public_v4(parsed)


def socket_factory(allow_private: bool) -> SocketFactory:
    """Return what makes a socket for an address, one of several that are tried in turn.

    The factory raises AddressBlocked for an address or port that we do not talk to. With `allow_private` it lets
    everything pass: for tests, the demo, and newsrooms inside the operator's own network.
    """

    def open_socket(addr_info: AddrInfo) -> socket.socket:
        family, kind, protocol, _, sockaddr = addr_info
        if not allow_private:
            check(str(sockaddr[0]), int(sockaddr[1]))
        return socket.socket(family=family, type=kind, proto=protocol)

    return open_socket


def check(address: str, port: int) -> None:
    """Judge a numeric address and a port before they are connected to. Raises AddressBlocked."""
    if not is_public(address):
        raise AddressBlocked(errno.EACCES, f"{BLOCKED}: not a public address")
    if port not in PORTS:
        raise AddressBlocked(errno.EACCES, f"{BLOCKED}: port {port} is not a web port")


def _inner_v4(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _6TO4:
        return address.sixtofour
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _is_public_v4(address: IPv4Address) -> bool:
    return not any(address in block for block in _REFUSED_V4)


def _is_public_v6(address: IPv6Address) -> bool:
    return address in _GLOBAL_V6 and not any(address in block for block in _REFUSED_V6)
