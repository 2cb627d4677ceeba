"""Lists of sources in and out: what other readers write is understood, and what we write comes back as it was."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.collect.catalogue import load_sources
from feeds.collect.opml import NAMESPACE, OpmlError, read_opml, write_opml
from feeds.collect.written import as_toml
from storage.model import FetchOptions, PageRules, SourceDefinition, SourceKind, Trust

NOON = datetime(2025, 11, 20, 12, tzinfo=UTC)
OURS = (
    SourceDefinition(key="plain", url="https://a.example/feed", name="A & B <news>"),
    SourceDefinition(
        key="ministry",
        url="https://ministry.example/rss?a=1&b=2",
        name="防衛省「新着」",
        language="ja",
        country="JP",
        trust=Trust.OFFICIAL,
        time_zone="Asia/Tokyo",
        enabled=False,
        interval_s=300,
    ),
    SourceDefinition(
        key="list",
        url="https://list.example/",
        name="List",
        kind=SourceKind.PAGE,
        trust=Trust.AGGREGATOR,
        rules=PageRules(item="ul.news > li", include=r"/docs/\d+\.html$", cut=(".ranking", 'a[rel="next"]')),
    ),
    SourceDefinition(key="bare-page", url="https://bare.example/", name="Bare", kind=SourceKind.PAGE),
)
FOREIGN = """<?xml version="1.0" encoding="{encoding}"?>
<opml version="1.1"><head><title>Subscriptions</title></head><body>
<outline text="防衛"><outline text="官庁" title="官庁">
  <outline type="rss" text="防衛省" xmlUrl="https://www.ministry.example/rss.xml"
    htmlUrl="https://x.example/" language="ja_JP"/>
  <outline TYPE="rss" Text="Wire" xmlurl="https://wire.example/feed" language="nonsense!"/>
</outline></outline>
<outline text="Wire again" xmlUrl="https://wire.example/feed" category="/a/b"/>
<outline text="Another of the ministry" xmlUrl="https://www.ministry.example/en.xml"/>
<outline text="A folder"/><outline text="Mail" xmlUrl="mailto:a@b.example"/>
</body></opml>"""


def test_what_we_write_comes_back_as_it_was() -> None:
    assert read_opml(write_opml(OURS, "Sources", NOON)) == (OURS, ())


def test_what_no_xml_parser_takes_and_readers_write_all_the_same_is_read() -> None:
    file = (
        '<opml><body><outline text="R&D caf&eacute; &amp; more" xmlUrl="https://a.example/f?a=1&b=2&copy=3"/>'
        '<outline text="B" xmlUrl="feed://b.example/f"/><outline text="C" xmlUrl="feed:http://c.example/f"/></body></opml>'
    )
    sources, refused = read_opml(file.encode())
    assert [source.url for source in sources] == [
        "https://a.example/f?a=1&b=2&copy=3", "https://b.example/f", "http://c.example/f"
    ]  # fmt: skip
    assert (sources[0].name, refused) == ("R&D café & more", ())


def test_one_address_written_in_several_ways_is_one_source() -> None:
    ways = ("https://a.example/f", "http://a.example/f", "https://A.Example:443/f", "https://a.example/F")
    outlines = "".join(f'<outline text="x" xmlUrl="{way}"/>' for way in ways)
    sources, _ = read_opml(f"<opml><body>{outlines}</body></opml>".encode())
    assert [source.url for source in sources] == [ways[0], ways[3]]


def test_pages_are_not_offered_to_other_readers_as_feeds() -> None:
    written = write_opml(OURS, "Sources", NOON).decode()
    assert written.count("xmlUrl=") == 2
    assert 'xmlns:kaigi="tag:kaigi,2026:opml"' in written
    assert "<dateCreated>Thu, 20 Nov 2025 12:00:00 +0000</dateCreated>" in written


@pytest.mark.parametrize("encoding", ["utf-8", "shift_jis", "euc-jp", "utf-16"])
def test_another_reader_s_file_is_understood_in_any_encoding(encoding: str) -> None:
    sources, refused = read_opml(FOREIGN.format(encoding=encoding).encode(encoding))
    assert [(one.key, one.url, one.name, one.language) for one in sources] == [
        ("ministry-example", "https://www.ministry.example/rss.xml", "防衛省", "ja-JP"),
        ("wire-example", "https://wire.example/feed", "Wire", None),
        ("ministry-example-2", "https://www.ministry.example/en.xml", "Another of the ministry", None),
    ]
    (mail,) = refused
    assert (mail.title, mail.url) == ("Mail", "mailto:a@b.example")
    assert "https://" in mail.reason


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"<html><body>x</body></html>",
        b"<opml><body><outline",
        b"\x00\xff\xfe" * 10,
        b"<rss version='2.0'/>",
    ],
)
def test_a_file_that_is_not_opml_is_told_in_one_line(body: bytes) -> None:
    with pytest.raises(OpmlError) as caught:
        read_opml(body)
    assert "\n" not in str(caught.value)


def test_entities_are_not_resolved() -> None:
    evil = b"""<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<opml version="2.0"><body><outline text="&x;" xmlUrl="https://a.example/feed"/></body></opml>"""
    try:
        sources, _ = read_opml(evil)
    except OpmlError:
        return
    assert "root" not in sources[0].name


def test_a_wrong_attribute_of_ours_refuses_its_source_and_no_other() -> None:
    body = write_opml(OURS, "Sources", NOON).replace(b'time_zone="Asia/Tokyo"', b'time_zone="Tokyo"')
    sources, refused = read_opml(body)
    assert [one.key for one in sources] == ["plain", "list", "bare-page"]
    assert "time zone" in refused[0].reason


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_give_sources_or_one_error(body: bytes) -> None:
    with contextlib.suppress(OpmlError):
        read_opml(b"<opml><body>" + body + b"</body></opml>")


def test_a_source_written_as_a_table_is_read_back_the_same() -> None:
    assert load_sources("\n".join(map(as_toml, OURS[:3]))) == OURS[:3]


def test_no_secret_of_a_source_is_written_anywhere_and_no_file_can_bring_any() -> None:
    options = FetchOptions(headers=(("Authorization", "Bearer s3cret"),), cookie="a=s3cret", verify=False)
    source = SourceDefinition(key="a", url="https://a.example/", name="A", fetch=options)
    file = write_opml([source], "Kaigi", NOON)
    assert b"s3cret" not in file
    ((back,), refused) = read_opml(file)
    assert (back.fetch, refused) == (FetchOptions(), ())


def test_as_a_table_a_source_says_where_its_secrets_belong_and_not_what_they_are() -> None:
    options = FetchOptions(headers=(("Authorization", "Bearer s3cret"),), cookie="a=s3cret", verify=False)
    words = as_toml(SourceDefinition(key="a", url="https://a.example/", name="A", fetch=options))
    assert "s3cret" not in words
    assert "# cookie = " in words
    assert '# "Authorization" = ' in words
    (back,) = load_sources(words)
    assert back.fetch == FetchOptions(verify=False)


@pytest.mark.parametrize(
    ("options", "written"),
    [
        (FetchOptions(verify=False), ["[source.fetch]", "verify = false"]),
        (FetchOptions(cookie="a=s3cret"), ["[source.fetch]", '# cookie = "…"']),
        (
            FetchOptions(headers=(("X-Key", "s3cret"),)),
            ["[source.fetch]", "", "[source.fetch.headers]", '# "X-Key" = "…"'],
        ),
    ],
)
def test_of_how_a_source_is_asked_only_what_differs_is_written(options: FetchOptions, written: list[str]) -> None:
    words = as_toml(SourceDefinition(key="a", url="https://a.example/", name="A", fetch=options))
    assert words[words.index("[source.fetch]") :].splitlines() == written
    load_sources(words)


def test_a_list_of_too_many_sources_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feeds.collect.opml.MAX_OUTLINES", 2)
    outlines = "".join(f'<outline text="{n}" xmlUrl="https://a.example/{n}"/>' for n in range(3))
    with pytest.raises(OpmlError, match="more than 2 sources"):
        read_opml(f"<opml version='2.0'><body>{outlines}</body></opml>".encode())


def test_an_outline_that_makes_no_sense_is_refused_alone() -> None:
    sound = '<outline text="A" xmlUrl="https://a.example/"/>'
    for strange in (
        '<outline text="B" xmlUrl="https://[half/"/>',
        f'<outline xmlns:k="{NAMESPACE}" k:rules="{{" text="B" xmlUrl="https://b.example/"/>',
    ):
        read, refused = read_opml(f"<opml version='2.0'><body>{sound}{strange}</body></opml>".encode())
        assert [one.url for one in read] == ["https://a.example/"], refused
        assert len(refused) == 1
