"""Reads one answer (RFC 9112) from the bytes of a connection, as they come. Pure; llhttp does the parsing.

    bytes ─► informational answers (1xx), counted ─► head, bounded ─► body, waiting in `body` until it is taken

Whoever reads decides how much waits: `Answer` holds what it was fed. It forgets the parser at its end: each points at
the other, and the garbage collector would have to look at both.
"""

from collections.abc import Iterable

from httptools import HttpParserError, HttpResponseParser
from multidict import CIMultiDict, CIMultiDictProxy

from feeds.collect.wire_errors import BrokeOff, Disconnected, NotHttp, WireError

MAX_HEAD = 64 * 1024  #: bytes of a head, and of anything else between two bytes of a body: sizes of chunks, trailers
MAX_HEADERS = 128
MAX_INFORMATIONAL = 16

_TOO_LARGE = "more than 64 kB of it without a byte of the document"


class _Refused(Exception):
    """Stops the parser; the reason is in it."""


class Answer:
    """The answer to one request."""

    __slots__ = (
        "_fields",
        "_head",
        "_headers",
        "_idle",
        "_informational",
        "_parser",
        "body",
        "ended",
        "reusable",
        "status",
    )

    def __init__(self) -> None:
        """Begin with nothing."""
        self.status = 0  #: three digits; 0 until the head is complete
        self.body = bytearray()  #: what came and was not taken yet
        self.ended = False  #: the body is complete
        self.reusable = False  #: another request may follow on this connection
        self._fields: list[tuple[bytes, bytes]] = []
        self._headers: CIMultiDictProxy[str] | None = None
        self._informational = 0
        self._head = 0  # bytes of header fields
        self._idle = 0  # bytes since the last one of the body
        self._parser: HttpResponseParser | None = HttpResponseParser(self)
        # What browsers and curl forgive as well. Nothing that makes the end of a body uncertain.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )

    @property
    def began(self) -> bool:
        """Whether a byte of it came."""
        return self._idle > 0 or self.status > 0

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """The header fields, without trailers. Bytes that are not UTF-8 are lone surrogates."""
        if self._headers is None:
            self._headers = CIMultiDictProxy(CIMultiDict(_decoded(self._fields)))
        return self._headers

    @property
    def content_length(self) -> int | None:
        """How many bytes of body the head promises; None when it does not say."""
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            return None
        return int(length.lstrip("0") or "0")  # thousands of zeros are more digits than Python reads

    def feed(self, data: bytes) -> None:
        """Take the next bytes. Raises NotHttp or BrokeOff; what is behind the end only makes it not reusable."""
        if self._parser is None:
            self.reusable = False
            return
        waiting = len(self.body)
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            if not self.ended:
                reason = error.__context__ if isinstance(error.__context__, _Refused) else error
                raise self._failure(str(reason)) from error
            self.reusable = False
        if self.ended:
            self._parser = None
        elif len(self.body) > waiting:
            self._idle = 0
        else:
            self._idle += len(data)
            if self._idle > MAX_HEAD:
                raise self._failure(_TOO_LARGE)

    def cut(self, cause: Exception | None) -> WireError | None:
        """The connection has ended, by itself (None) or because of an error. Returns what that means for the answer."""
        self._parser = None
        if self.ended:
            return None
        if not self.status:
            why = "before the head of its answer" if self.began else "without an answer"
            return Disconnected(f"the server closed the connection {why}")
        if cause is None and not self._tells_its_end():
            self.ended = True
            return None
        return BrokeOff("the connection ended before the document")

    def take(self, most: int) -> bytes:
        """Return up to `most` bytes of the body that wait, and let go of them."""
        if len(self.body) <= most:
            piece = bytes(self.body)
            self.body.clear()
        else:
            piece = bytes(memoryview(self.body)[:most])
            del self.body[:most]
        return piece

    def on_message_begin(self) -> None:
        """Called by the parser, like all that follow: a status line begins."""
        if self.ended:
            raise _Refused("more than one answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header field, or a trailer, which nobody needs."""
        if self.status:
            return
        self._head += len(name) + len(value)
        if self._head > MAX_HEAD or len(self._fields) >= MAX_HEADERS:
            raise _Refused(f"its head has more than {MAX_HEADERS} fields or {MAX_HEAD // 1024} kB")
        if b"\0" in value:
            raise _Refused("a header field holds a null byte")
        self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is there, or that of an informational answer (RFC 9110 §15.2)."""
        assert self._parser is not None
        status = self._parser.get_status_code()
        if status >= 200:
            self.reusable = self._parser.should_keep_alive()
            self.status = status
            return
        self._informational += 1
        if status < 100 or status == 101 or self._informational > MAX_INFORMATIONAL:
            raise _Refused(f"status {status}, and no answer after it")
        self._fields.clear()

    def on_body(self, piece: bytes) -> None:
        """A piece of the body."""
        if self.status:
            self.body += piece

    def on_message_complete(self) -> None:
        """The end of the body, or of an informational answer."""
        self.ended = self.status > 0

    def _failure(self, why: str) -> WireError:
        return BrokeOff(why) if self.status else NotHttp(why)

    def _tells_its_end(self) -> bool:
        """Whether the body ends by its length or its last chunk, and not with the connection (RFC 9112 §6.3)."""
        codings = ",".join(self.headers.getall("Transfer-Encoding", ()))
        if codings:
            return codings.rpartition(",")[2].strip().lower() == "chunked"
        return "Content-Length" in self.headers


def _decoded(fields: Iterable[tuple[bytes, bytes]]) -> Iterable[tuple[str, str]]:
    for name, value in fields:
        yield name.decode("utf-8", "surrogateescape"), value.rstrip(b" \t").decode("utf-8", "surrogateescape")
