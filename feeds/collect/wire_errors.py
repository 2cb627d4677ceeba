"""What can go wrong with one request, beside what the system itself raises.

    OSError, ssl.SSLError  there is no connection (guard.AddressBlocked is one of them)
    NameUnknown            … because nobody knows the name
    TimeoutError           too long without a connection, or without a byte
    WireError              there was a connection, and then no whole answer

No text here holds words of the server: those could be anything, also a secret of ours that it repeats.
"""


class NameUnknown(OSError):
    """The name server does not know the host, or does not answer."""


class WireError(Exception):
    """A server was reached, and its answer is not whole."""


class Disconnected(WireError):
    """The connection ended before the head of an answer was there."""


class NotHttp(WireError):
    """The answer does not begin as one of HTTP/1.1 does, or its head is beyond the limits."""


class BrokeOff(WireError):
    """The body ended before its end, or is not framed as its head says."""
