"""Which word a failed request has, and what people are told of it."""

import errno
import socket
import ssl

import pytest

from feeds.collect.failures import from_exception
from feeds.collect.guard import BLOCKED, AddressBlocked
from feeds.collect.wire_errors import BrokeOff, Disconnected, NameUnknown, NotHttp
from feeds.observed import FailureKind


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (TimeoutError("nothing came for 8 s"), FailureKind.TIMEOUT, "too slow"),
        (OSError(errno.ETIMEDOUT, "timed out"), FailureKind.TIMEOUT, "too slow"),
        (NameUnknown(socket.EAI_NONAME, "Name or service not known"), FailureKind.DNS, "host name is not known"),
        (ssl.SSLCertVerificationError("expired"), FailureKind.TLS, "certificate"),
        (ssl.SSLError(1, "wrong version number"), FailureKind.TLS, "certificate or TLS"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), FailureKind.REFUSED, "refuses connections"),
        (OSError(errno.ECONNREFUSED, "Multiple exceptions: …"), FailureKind.REFUSED, "refuses connections"),
        (OSError(errno.EHOSTUNREACH, "no route"), FailureKind.NETWORK, "cannot be reached"),
        (AddressBlocked(errno.EACCES, f"{BLOCKED}: not a public address"), FailureKind.BLOCKED_ADDRESS, "private"),
        (OSError(f"Multiple exceptions: no route, {BLOCKED}: port 25"), FailureKind.BLOCKED_ADDRESS, "private"),
        (BrokeOff("the connection ended"), FailureKind.NETWORK, "document broke off"),
        (NotHttp("Expected HTTP/"), FailureKind.NETWORK, "not HTTP"),
        (Disconnected("without an answer"), FailureKind.NETWORK, "connection broke"),
        (ValueError("a header that cannot be sent"), FailureKind.BAD_URL, "cannot be used"),
    ],
)
def test_every_error_of_a_request_has_its_word(error: Exception, kind: FailureKind, words: str) -> None:
    failure = from_exception(error)
    assert failure.kind is kind
    assert words in failure.message


def test_the_detail_names_the_error_without_what_is_secret() -> None:
    failure = from_exception(NotHttp("at http://reader:word@a.example with t0ken"), secrets=("t0ken",))
    assert failure.detail == "NotHttp: at http://a.example with ***"
