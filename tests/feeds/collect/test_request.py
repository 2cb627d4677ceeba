"""What is sent: where an address leads, as ada has read it, and the head of a request."""

from ipaddress import ip_address

import ada_url
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from multidict import CIMultiDict

from feeds.collect.request import Place, basic, head, place_of, usual_of

NEWS = place_of("http://news.example/rss?lang=ja")


def _lines(sent: bytes) -> list[str]:
    text = sent.decode()
    assert text.endswith("\r\n\r\n")
    return text[:-4].split("\r\n")


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://a.example", Place("", False, "a.example", 80, False, "a.example", "/", "")),
        ("https://A.example:8443/x?y#z", Place("", True, "a.example", 8443, False, "a.example:8443", "/x?y", "")),
        ("https://a.example:443/", Place("", True, "a.example", 443, False, "a.example", "/", "")),
        ("https://a.example./", Place("", True, "a.example.", 443, False, "a.example", "/", "")),
        ("http://0x7f.1/", Place("", False, "127.0.0.1", 80, True, "127.0.0.1", "/", "")),
        ("http://1.2.3.4.example/", Place("", False, "1.2.3.4.example", 80, False, "1.2.3.4.example", "/", "")),
        ("http://[::1]:81/?q", Place("", False, "::1", 81, True, "[::1]:81", "/?q", "")),
        ("http://u:p%40@h/a@b:c", Place("", False, "h", 80, False, "h", "/a@b:c", "u:p%40")),
        (
            "http://bücher.example/会談",
            Place("", False, "xn--bcher-kva.example", 80, False, "xn--bcher-kva.example", "/%E4%BC%9A%E8%AB%87", ""),
        ),
    ],
)
def test_an_address_says_where_to_connect_and_what_to_ask_for(url: str, place: Place) -> None:
    href = ada_url.normalize_url(url)
    assert place_of(href) == place._replace(href=href)


@given(
    st.sampled_from(["http://", "https://", "HTTP:\\\\", "https:"]),
    st.text(alphabet="aé.:@/\\?#[]%40127x \t防", max_size=24),
)
@example("http://", "a@b@c:80@d/")
@example("http://", "a\\@b/")
@example("http://", "a#@b/")
@example("http://", "0..")
def test_we_and_ada_never_differ_about_the_host(scheme: str, rest: str) -> None:
    try:
        url = ada_url.URL(scheme + rest)
    except ValueError:
        return
    place = place_of(url.href)
    assert place.host == url.hostname.strip("[]")
    assert place.port == int(url.port or {"http:": 80, "https:": 443}[url.protocol])
    assert place.secure == (url.protocol == "https:")
    assert place.target in {url.pathname + url.search, url.pathname + "?"}
    assert place.user == ":".join(filter(None, (url.username, url.password))) or url.password
    assert place.literal == _is_numeric(place.host)


def _is_numeric(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("href", ["ftp://a.example/", "http:a", "", "http://a.example"])
def test_what_ada_has_not_written_is_refused(href: str) -> None:
    with pytest.raises(ValueError, match="not an http address"):
        place_of(href)


def test_a_request_names_its_target_and_host_and_says_what_is_usual() -> None:
    usual = usual_of({"User-Agent": "kaigi-tests", "Accept-Encoding": "gzip"})
    sent = head("GET", NEWS, CIMultiDict({"If-None-Match": '"7"'}), usual)
    assert _lines(sent) == [
        "GET /rss?lang=ja HTTP/1.1",
        "Host: news.example",
        "User-Agent: kaigi-tests",
        "Accept-Encoding: gzip",
        'If-None-Match: "7"',
    ]


def test_what_a_source_says_wins_over_what_is_usual_and_over_the_address() -> None:
    usual = usual_of({"User-Agent": "kaigi-tests", "Accept-Encoding": "gzip"})
    own = CIMultiDict({"user-agent": "own", "HOST": "inner.example", "authorization": "Bearer token"})
    sent = head("GET", place_of("http://reader:word@news.example/"), own, usual)
    assert _lines(sent) == [
        "GET / HTTP/1.1",
        "Accept-Encoding: gzip",
        "user-agent: own",
        "HOST: inner.example",
        "authorization: Bearer token",
    ]


def test_the_length_of_a_body_is_told_also_when_it_is_nothing() -> None:
    assert "Content-Length: 12" in _lines(head("POST", NEWS, CIMultiDict(), length=12))
    assert "Content-Length: 0" in _lines(head("POST", NEWS, CIMultiDict(), length=0))
    assert "Content-Length" not in head("GET", NEWS, CIMultiDict()).decode()


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ("Aladdin:open%20sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),  # RFC 7617 §2
        ("test:123%C2%A3", "Basic dGVzdDoxMjPCow=="),  # RFC 7617 §2.1
        ("reader", "Basic cmVhZGVyOg=="),
        (":a:b", "Basic OmE6Yg=="),
    ],
)
def test_credentials_in_an_address_become_basic_authorization(user: str, words: str) -> None:
    assert basic(user) == words
    place = place_of(f"http://{user}@news.example/")
    assert f"Authorization: {words}" in _lines(head("GET", place, CIMultiDict()))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X", "a\r\nEvil: yes"),
        ("X", "a\nb"),
        ("X", "a\rb"),
        ("X", "a\0b"),
        ("X", "a\x7fb"),
        ("X", "\x1b[31m"),
        ("X\r\nEvil", "a"),
        ("X: a\r\nEvil", "a"),
        ("X Y", "a"),
        ("", "a"),
        ("X", "\ud800"),
    ],
)
def test_a_header_that_would_be_more_than_one_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  a lone surrogate has its own
        head("GET", NEWS, CIMultiDict({name: value}))
    with pytest.raises(ValueError):  # noqa: PT011
        head("GET", NEWS, CIMultiDict({"A": "1", name: value, "B": "2"})).decode()


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=12), max_size=3))
def test_whatever_is_given_a_request_has_one_line_for_each_header(fields: dict[str, str]) -> None:
    given_fields = CIMultiDict(fields)
    try:
        sent = head("GET", NEWS, given_fields)
    except ValueError:
        return
    assert len(_lines(sent)) == len(given_fields) + (1 if "Host" in given_fields else 2)
    assert sent.count(b"\r\n\r\n") == 1
    assert sent.count(b"\n") == sent.count(b"\r") == len(_lines(sent)) + 1
