"""Takes the Content-Encoding off a body, piece by piece and never beyond a cap (RFC 9110 §8.4).

    wire bytes ─► last coding ─► … ─► first coding ─► document

A few kilobytes can hold gigabytes, also inside another packing, so what comes out is counted behind every coding. Pure:
bytes in, bytes out.
"""

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

import brotli

ACCEPTED = "gzip, deflate, br"
MAX_LAYERS = 3  # twice happens by mistake, when a server and the proxy before it both pack
MAX_MEMBERS = 1_000  # of one gzip stream; honest ones have one
_PIECE = 64 * 1024
_SEPARATOR = re.compile(r"[\s,]+")
_UNREADABLE = frozenset({"zstd", "compress", "x-compress", "dcb", "dcz", "xz", "lzma", "bzip2", "x-bzip2"})
_GZIP = b"\x1f\x8b"


class TooMuch(Exception):
    """More came out than the cap allows."""


class Damaged(Exception):
    """The bytes are not what Content-Encoding says, or it names what we did not ask for."""


class _Layer(Protocol):
    ended: bool

    def feed(self, data: bytes) -> Iterator[bytes]: ...


class Unpacker:
    """For one body."""

    def __init__(self, encoding: str, cap: int) -> None:
        """`encoding`: the header; `cap`: the most bytes that may come out. Raises `Damaged` for what we cannot read.

        A name that is no compression (`identity`, but servers also write `utf-8`, `none`, `aws-chunked`) means nothing.
        """
        names = _SEPARATOR.split(encoding.lower()[:200])
        if unreadable := _UNREADABLE.intersection(names):
            raise Damaged(f"Content-Encoding {min(unreadable)}, which we did not ask for")
        self._layers = [_LAYERS[name]() for name in reversed(names) if name in _LAYERS]
        if len(self._layers) > MAX_LAYERS:
            raise Damaged(f"packed {len(self._layers)} times")
        self._came_out = [0] * max(len(self._layers), 1)
        self._cap = cap
        self._first: bytes | None = b""  # until it is known whether the body is packed without saying so

    def feed(self, data: bytes) -> bytes:
        """Return what these bytes unpack to. Raises `TooMuch`, `Damaged`."""
        if self._first is not None:
            data = self._first + data
            if not self._layers and data in (b"", _GZIP[:1]):
                self._first = data
                return b""
            if not self._layers and data.startswith(_GZIP):  # a file that is packed itself: sitemap.xml.gz
                self._layers = [_Gzip()]
            self._first = None
        pieces: Iterable[bytes] = (data,)
        if not self._layers:
            pieces = self._counted(pieces, 0)
        for number, layer in enumerate(self._layers):
            pieces = self._counted(_through(layer, pieces), number)
        try:
            return b"".join(pieces)
        except (zlib.error, brotli.error) as error:
            raise Damaged(str(error)) from error

    @property
    def ended(self) -> bool:
        """Whether every coding has come to its end; False also for a body that broke off."""
        return all(layer.ended for layer in self._layers)

    def _counted(self, pieces: Iterable[bytes], number: int) -> Iterator[bytes]:
        for piece in pieces:
            self._came_out[number] += len(piece)
            if self._came_out[number] > self._cap:
                raise TooMuch
            yield piece


def _through(layer: _Layer, pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield from layer.feed(piece)


class _Gzip:
    """Members one after another (RFC 1952 §2.2); what follows them is left alone, as browsers do."""

    def __init__(self) -> None:
        self.ended = False
        self._members = 1
        self._unzip = zlib.decompressobj(wbits=31)
        self._held = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        data, self._held = self._held + data, b""
        while data:
            if self.ended and not self._begins_again(data):
                return
            yield from _inflate(self._unzip, data)
            self.ended = self._unzip.eof
            data = self._unzip.unused_data

    def _begins_again(self, data: bytes) -> bool:
        """Whether a new member stands behind the last one."""
        if data == _GZIP[:1]:  # its mark may be split between two pieces
            self._held = data
        if not data.startswith(_GZIP):
            return False
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise Damaged(f"more than {MAX_MEMBERS} gzip members")
        self._unzip = zlib.decompressobj(wbits=31)
        return True


class _Deflate:
    """A zlib stream (RFC 1950), or a raw one, which some servers take the name to mean."""

    def __init__(self) -> None:
        self.ended = False
        self._unzip: zlib._Decompress | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        if not data:
            return
        if self._unzip is None:
            is_zlib = data[0] & 0x0F == 8  # the compression method in the first byte of a zlib stream
            self._unzip = zlib.decompressobj(wbits=15 if is_zlib else -15)
        yield from _inflate(self._unzip, data)
        self.ended = self._unzip.eof


class _Brotli:
    """RFC 7932."""

    def __init__(self) -> None:
        self.ended = False
        self._unpack = brotli.Decompressor()

    def feed(self, data: bytes) -> Iterator[bytes]:
        while not self.ended:
            piece = self._unpack.process(data, output_buffer_limit=_PIECE)
            self.ended = self._unpack.is_finished()
            if not piece and self._unpack.can_accept_more_data():  # it says so too while there is more to come
                return
            yield piece
            data = b""


def _inflate(unzip: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    while not unzip.eof:
        piece = unzip.decompress(data, _PIECE)
        data = unzip.unconsumed_tail
        yield piece
        if not data and len(piece) < _PIECE:
            return


_LAYERS: Mapping[str, Callable[[], _Layer]] = {
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "deflate": _Deflate,
    "br": _Brotli,
}
