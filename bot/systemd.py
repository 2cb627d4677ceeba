"""Tells systemd how the service is, without a library: `sd_notify(3)` is one datagram to the socket that it names.

Where no systemd started us, nothing happens.
"""

import contextlib
import os
import socket


def tell(*words: str) -> None:
    """Send assignments such as `READY=1`, `WATCHDOG=1`, `STOPPING=1`, `STATUS=…`."""
    place = os.environ.get("NOTIFY_SOCKET", "")
    if not place.startswith(("/", "@")):
        return
    address = "\0" + place[1:] if place.startswith("@") else place  # @ is how it writes an abstract name
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.sendto("\n".join(words).encode(), address)


def patience_s() -> float | None:
    """After how many silent seconds systemd ends us (`WatchdogSec=`); None: it does not watch."""
    asked, of = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not asked.isdigit() or (of and of != str(os.getpid())):
        return None
    return int(asked) / 1e6
