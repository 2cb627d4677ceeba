"""Compressed bodies, honest, broken and made to burst, in pieces of every size."""

import gzip
import zlib
from collections.abc import Callable
from functools import partial

import brotli
import pytest

from feeds.collect.unpack import MAX_MEMBERS, Damaged, TooMuch, Unpacker

Pack = Callable[[bytes], bytes]

TEXT = "日豪防衛相会談の概要。".encode() * 5_000
CAP = 1_000_000


def _raw(data: bytes) -> bytes:
    squeeze = zlib.compressobj(wbits=-15)
    return squeeze.compress(data) + squeeze.flush()


PACKED = {
    "gzip": gzip.compress(TEXT),
    "GZIP": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT),
    "deflate": zlib.compress(TEXT),
    "deflate ": _raw(TEXT),
    "br": brotli.compress(TEXT),
    "gzip, br": brotli.compress(gzip.compress(TEXT)),
    "gzip, gzip": gzip.compress(gzip.compress(TEXT)),
    "identity, gzip": gzip.compress(TEXT),
    "": TEXT,
    "none": gzip.compress(TEXT),  # a file such as sitemap.xml.gz
    "identity": TEXT,
    "aws-chunked": TEXT,
}


def _unpacked(encoding: str, body: bytes, piece: int = 1_000, cap: int = CAP) -> tuple[bytes, bool]:
    unpacker = Unpacker(encoding, cap)
    out = b"".join(unpacker.feed(body[place : place + piece]) for place in range(0, len(body), piece))
    return out, unpacker.ended


@pytest.mark.parametrize("piece", [1, 7, 64 * 1024, 10**9])
@pytest.mark.parametrize("encoding", PACKED)
def test_a_packed_body_comes_out_whole_however_it_was_cut(encoding: str, piece: int) -> None:
    assert _unpacked(encoding, PACKED[encoding], piece) == (TEXT, True)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip", "gzip, br"])
def test_a_body_that_breaks_off_gives_what_came_and_says_so(encoding: str) -> None:
    whole = PACKED[encoding]
    out, ended = _unpacked(encoding, whole[:-9])
    assert TEXT.startswith(out)
    assert not ended


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_a_bomb_is_stopped_at_the_cap(encoding: str) -> None:
    quick: Pack = partial(brotli.compress, quality=5)  # zeros become as small as at the best, which takes seconds
    packs: dict[str, Pack] = {"gzip": gzip.compress, "deflate": zlib.compress, "br": quick}
    with pytest.raises(TooMuch):
        _unpacked(encoding, packs[encoding](bytes(50_000_000)), piece=10**9)


def test_a_bomb_inside_another_packing_is_stopped_before_it_is_unpacked_a_second_time() -> None:
    twice = gzip.compress(gzip.compress(bytes(100_000_000), 1))
    with pytest.raises(TooMuch):
        _unpacked("gzip, gzip", twice, piece=10**9, cap=50_000)


def test_a_body_without_packing_is_counted_as_well() -> None:
    with pytest.raises(TooMuch):
        _unpacked("", b"x" * (CAP + 1))


@pytest.mark.parametrize("piece", [1, 3, 10**9])
def test_gzip_members_follow_each_other_and_padding_behind_them_is_left_alone(piece: int) -> None:
    body = gzip.compress(b"one ") + gzip.compress(b"two") + bytes(20)
    assert _unpacked("gzip", body, piece) == (b"one two", True)


def test_too_many_gzip_members_are_refused() -> None:
    with pytest.raises(Damaged):
        _unpacked("gzip", gzip.compress(b"") * (MAX_MEMBERS + 1), piece=10**9)


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "compress", "gzip, gzip, gzip, gzip"])
def test_what_is_not_as_it_says_or_was_not_asked_for_is_damaged(encoding: str) -> None:
    with pytest.raises(Damaged):
        _unpacked(encoding, b"not compressed at all")


@pytest.mark.parametrize("size", [64 * 1024, 128 * 1024])
@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, _raw, brotli.compress])
def test_a_body_that_ends_where_a_piece_ends_comes_out_once_and_whole(pack: Pack, size: int) -> None:
    text = (TEXT * 2)[:size]
    encoding = {gzip.compress: "gzip", brotli.compress: "br"}.get(pack, "deflate")
    assert _unpacked(encoding, pack(text), piece=10**9) == (text, True)


@pytest.mark.parametrize("encoding", PACKED)
def test_a_piece_without_a_byte_changes_nothing(encoding: str) -> None:
    unpacker = Unpacker(encoding, CAP)
    body = PACKED[encoding]
    assert b"".join(map(unpacker.feed, (b"", body[:9], b"", body[9:], b""))) == TEXT
    assert unpacker.ended


def test_what_comes_piece_by_piece_behind_the_end_is_left_alone() -> None:
    assert _unpacked("deflate", PACKED["deflate"] + b"padding", piece=1) == (TEXT, True)
    assert _unpacked("deflate", _raw(TEXT) + b"padding", piece=1) == (TEXT, True)


def test_what_follows_the_end_of_a_packed_body_is_left_alone() -> None:
    assert _unpacked("deflate", PACKED["deflate"] + b"padding", piece=100) == (TEXT, True)
    assert _unpacked("gzip, deflate", zlib.compress(gzip.compress(TEXT)), piece=10**9) == (TEXT, True)
