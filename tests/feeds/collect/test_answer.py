"""Reading answers: every framing, every limit, whatever the pieces in which the bytes come."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feeds.collect.answer import MAX_HEAD, MAX_HEADERS, MAX_INFORMATIONAL, Answer
from feeds.collect.wire_errors import BrokeOff, Disconnected, NotHttp, WireError

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"


def _read(*pieces: bytes) -> Answer:
    return _feed(Answer(), pieces)


def _feed(answer: Answer, pieces: Iterable[bytes]) -> Answer:
    for piece in pieces:
        answer.feed(piece)
    return answer


#: Answers that end by themselves, with their bodies.
WHOLE = {
    "length": (OK + b"Content-Length: 5\r\n\r\n<rss>", b"<rss>"),
    "length of nothing": (OK + b"Content-Length: 0\r\n\r\n", b""),
    "chunks": (CHUNKED + b"3\r\n<rs\r\n2\r\ns>\r\n0\r\n\r\n", b"<rss>"),
    "chunks with extensions": (CHUNKED + b'3;a=b\r\n<rs\r\n2 ;q="x"\r\ns>\r\n0;z\r\n\r\n', b"<rss>"),
    "chunks with trailers": (CHUNKED + b"5\r\n<rss>\r\n0\r\nX-Sum: 7\r\nETag: late\r\n\r\n", b"<rss>"),
    "packed and chunked": (OK + b"Transfer-Encoding: gzip, Chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", b"x"),
    "304 with a length": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", b""),
    "304 with chunks": (b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", b""),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    "after early hints": (EARLY * 3 + OK + b"Content-Length: 5\r\n\r\n<rss>", b"<rss>"),
    "without a reason": (b"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", b"x"),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", b"x"),
    "lines without returns": (b"HTTP/1.1 200 OK\nContent-Length: 1\n\nx", b"x"),
}
#: Answers that end with the connection.
OPEN = {
    "nothing said": (OK + b"\r\n<rss>", b"<rss>"),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\n<rss>", b"<rss>"),
    "chunked is not the last coding": (OK + b"Transfer-Encoding: chunked, gzip\r\n\r\n<rss>", b"<rss>"),
    "no body": (OK + b"Connection: close\r\n\r\n", b""),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_body_ends_by_its_own_framing(name: str) -> None:
    raw, body = WHOLE[name]
    answer = _read(raw)
    assert answer.ended
    assert answer.body == body
    assert answer.status in {200, 204, 304}
    assert answer.cut(None) is None


@pytest.mark.parametrize("name", OPEN)
def test_a_body_without_framing_ends_with_the_connection_unless_that_broke(name: str) -> None:
    raw, body = OPEN[name]
    answer = _read(raw)
    before = answer.ended
    assert answer.cut(None) is None
    assert (before, answer.ended, answer.reusable) == (False, True, False)
    assert answer.body == body
    assert isinstance(_read(raw).cut(ConnectionResetError()), BrokeOff)


@given(st.sampled_from([*WHOLE.values(), *OPEN.values()]), st.sets(st.integers(min_value=1, max_value=160)))
def test_the_pieces_in_which_an_answer_comes_make_no_difference(answer: tuple[bytes, bytes], cuts: set[int]) -> None:
    raw, body = answer
    ends = [0, *sorted(cut for cut in cuts if cut < len(raw)), len(raw)]
    at_once, in_pieces = _read(raw), _read(*(raw[a:b] for a, b in pairwise(ends)))
    assert in_pieces.body == body
    assert list(in_pieces.headers.items()) == list(at_once.headers.items())
    assert (in_pieces.status, in_pieces.ended, in_pieces.reusable) == (
        at_once.status,
        at_once.ended,
        at_once.reusable,
    )
    assert in_pieces.cut(None) is None


@pytest.mark.parametrize("name", WHOLE)
def test_an_answer_that_is_cut_anywhere_is_not_taken_for_whole(name: str) -> None:
    raw, _ = WHOLE[name]
    for end in range(len(raw)):
        answer = _read(raw[:end]) if end else Answer()
        if answer.ended:
            assert raw[end:].strip() == b""
            continue
        error = answer.cut(None)
        assert isinstance(error, BrokeOff if answer.status else Disconnected)
        assert answer.began == (end > 0)


@given(st.binary(max_size=400), st.integers(min_value=0, max_value=400))
@example(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nwhat", 0)
@example(b"HTTP/1.1 000 \r\n\r\n", 3)
def test_whatever_comes_is_an_answer_or_one_of_our_errors(noise: bytes, cut: int) -> None:
    for start in (b"", b"HTTP/1.1 200 OK\r\n", CHUNKED, OK + b"Content-Length: 3\r\n\r\n"):
        raw = start + noise
        answer = Answer()
        try:
            answer.feed(raw[:cut])
            answer.feed(raw[cut:])
        except WireError:
            pass
        assert answer.cut(None) is None or not answer.ended
        assert len(answer.body) <= len(raw)


@given(st.text(alphabet="HTP/1. 20O\r\n:;abcContent-LengthTransfer-Encodingchunked", max_size=120))
def test_what_looks_like_http_is_an_answer_or_one_of_our_errors(noise: str) -> None:
    answer = Answer()
    try:
        answer.feed(OK + noise.encode())
        answer.feed(noise.encode())
    except WireError:
        return
    assert answer.status in {0, 200}


def test_header_fields_are_read_as_utf_8_and_what_is_not_is_kept_as_lone_surrogates() -> None:
    answer = _read(OK + "X: 会談 \r\nY:\t\xff\r\nEmpty:\r\nx: two\r\n\r\n".encode().replace(b"\xc3\xbf", b"\xff"))
    assert answer.headers.getall("X") == ["会談", "two"]
    assert answer.headers["Y"] == "\udcff"
    assert answer.headers["empty"] == ""


@pytest.mark.parametrize(("length", "told"), [("17", 17), ("0", 0), ("0" * 5_000 + "17", 17), (None, None)])
def test_the_length_is_told_before_the_body(length: str | None, told: int | None) -> None:
    line = f"Content-Length: {length}\r\n" if length else ""
    assert _read(f"HTTP/1.1 200 OK\r\n{line}\r\n".encode()).content_length == told


@pytest.mark.parametrize(
    ("raw", "reusable"),
    [
        (OK + b"Content-Length: 0\r\n\r\n", True),
        (OK + b"Content-Length: 0\r\nConnection: close\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", True),
        (OK + b"Content-Length: 1\r\n\r\nxyz", False),
        (OK + b"Content-Length: 1\r\n\r\nx" + OK + b"Content-Length: 0\r\n\r\n", False),
    ],
    ids=["1.1", "close", "1.0", "1.0 that stays", "more than was promised", "an answer nobody asked for"],
)
def test_another_request_may_follow_only_where_the_end_is_certain(raw: bytes, reusable: bool) -> None:
    answer = _read(raw)
    assert answer.ended
    assert answer.reusable is reusable


def test_what_comes_behind_the_end_is_left_alone_and_the_answer_stays_as_it_was() -> None:
    answer = _read(OK + b"Content-Length: 1\r\n\r\nx", OK + b"X: y\r\nContent-Length: 9\r\n\r\nyyy")
    assert answer.body == b"x"
    assert "X" not in answer.headers
    assert not answer.reusable


def test_a_body_is_taken_in_pieces_of_the_size_that_is_wanted() -> None:
    answer = _read(OK + b"Content-Length: 10\r\n\r\n0123456789")
    assert [answer.take(4), answer.take(4), answer.take(4), answer.take(4)] == [b"0123", b"4567", b"89", b""]


@pytest.mark.parametrize(
    "raw",
    [
        b"hello\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/2.0 ok\r\n",
        b"HTTP/1.1 099 Odd\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        OK + b"X: a\0b\r\n\r\n",
        OK + b"Content-Length: 5\r\nContent-Length: 9\r\n\r\n",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: 99999999999999999999999\r\n\r\n",
        OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        EARLY * (MAX_INFORMATIONAL + 1),
    ],
)
def test_what_is_not_http_or_of_two_lengths_is_refused(raw: bytes) -> None:
    with pytest.raises(NotHttp):
        _read(raw)


@pytest.mark.parametrize("chunk", [b"zz\r\n", b"ffffffffffffffffff\r\n", b"1\r\nxx\r\n"])
def test_chunks_that_are_garbage_break_the_body_off(chunk: bytes) -> None:
    with pytest.raises(BrokeOff):
        _read(CHUNKED + chunk)


@pytest.mark.parametrize(
    "piece",
    [b"X: y\r\n" * (MAX_HEADERS + 1), b"X: " + b"y" * (MAX_HEAD + 1) + b"\r\n"],
    ids=["many fields", "a long one"],
)
@pytest.mark.parametrize("size", [1_000, 10**6])
def test_a_head_beyond_the_limits_is_refused_at_once_or_in_pieces(piece: bytes, size: int) -> None:
    raw = OK + piece + b"\r\n"
    with pytest.raises(NotHttp):
        _read(*(raw[at : at + size] for at in range(0, len(raw), size)))


def test_a_head_within_the_limits_is_read_however_long_one_field_is() -> None:
    raw = OK + b"Content-Security-Policy: " + b"y" * 60_000 + b"\r\nContent-Length: 0\r\n\r\n"
    for size in (len(raw), 1_000):
        answer = _read(*(raw[at : at + size] for at in range(0, len(raw), size)))
        assert len(answer.headers["Content-Security-Policy"]) == 60_000


@pytest.mark.parametrize(
    ("start", "piece", "error"),
    [
        (b"HTTP/1.1 200 ", b"x" * 1000, NotHttp),
        (OK + b"X: ", b"x" * 1000, NotHttp),
        (OK, b"X: y\r\n" * 100, NotHttp),
        (CHUNKED, b"0" * 1000, BrokeOff),
        (CHUNKED + b"1;", b"x" * 1000, BrokeOff),
        (CHUNKED + b"1\r\n<\r\n0\r\n", b"X-More: more\r\n" * 100, BrokeOff),
        (CHUNKED + b"1\r\n<\r\n0\r\nX: ", b"y" * 1000, BrokeOff),
    ],
    ids=["status line", "header", "headers", "size of a chunk", "extension", "trailers", "trailer"],
)
def test_nothing_but_a_body_goes_on_without_end(start: bytes, piece: bytes, error: type[WireError]) -> None:
    answer = _read(start)
    with pytest.raises(error):
        _feed(answer, [piece] * (MAX_HEAD // len(piece) + 2))


def test_a_body_of_tiny_chunks_is_no_attack() -> None:
    answer = _read(CHUNKED, *[b"1\r\nx\r\n"] * 20_000, b"0\r\n\r\n")
    assert len(answer.body) == 20_000
    assert answer.ended


def test_a_few_informational_answers_are_passed_over_with_what_they_carry() -> None:
    with_body = b"HTTP/1.1 110 Odd\r\nContent-Length: 4\r\n\r\nwait"
    answer = _read(EARLY * (MAX_INFORMATIONAL - 1) + with_body + OK + b"Content-Length: 1\r\n\r\nx")
    assert answer.status == 200
    assert answer.body == b"x"
    assert "Link" not in answer.headers


def test_no_error_repeats_what_the_server_said() -> None:
    for raw in (b"HTTP/1.1 s3cret\r\n\r\n", b"s3cret\r\n", OK + b"s3cret\r\n\r\n", CHUNKED + b"s3cret\r\n"):
        with pytest.raises(WireError) as caught:
            _read(raw)
        assert "s3cret" not in str(caught.value)
