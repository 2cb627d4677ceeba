"""Sources files: what is bundled is sound, and every mistake is named with its entry and field."""

from pathlib import Path

import pytest

import feeds
from feeds.collect.catalogue import SourcesFileError, load_sources
from storage.errors import KaigiError
from storage.model import FetchOptions, PageRules, SourceDefinition, SourceKind, Trust

BUNDLED = Path(feeds.__file__).parent / "sources.toml"
GOOD = 'key = "a"\nurl = "https://a.example/rss"\nname = "A"\n'


def _load(*lines: str) -> SourceDefinition:
    (definition,) = load_sources("[[source]]\n" + GOOD + "\n".join(lines))
    return definition


def test_the_bundled_sources_are_many_sound_and_different() -> None:
    sources = load_sources(BUNDLED.read_text("utf-8"))
    assert len(sources) >= 30
    assert len({source.url for source in sources}) == len(sources)
    assert all(source.language and source.time_zone for source in sources)
    assert all(source.url.startswith("https://") for source in sources)
    assert sum(source.enabled for source in sources) >= 25


def test_every_bundled_source_that_is_off_says_why() -> None:
    for block in BUNDLED.read_text("utf-8").split("\n\n"):
        if "enabled = false" in block:
            assert "# Off: " in block


def test_the_reference_newsroom_is_read_as_a_page() -> None:
    sources = {source.key: source for source in load_sources(BUNDLED.read_text("utf-8"))}
    assert sources["j-defense"].kind is SourceKind.PAGE
    assert sources["j-defense"].rules is not None


def test_a_full_entry_becomes_a_definition() -> None:
    definition = _load(
        'kind = "page"\nlanguage = "ja"\ncountry = "JP"\ntrust = "official"\ntime_zone = "Asia/Tokyo"\nenabled = false',
        'interval_s = 600\n[source.rules]\nitem = "li"\ninclude = "/docs/\\\\d+"\ncut = [".share", "nav"]',
    )
    assert definition == SourceDefinition(
        key="a",
        url="https://a.example/rss",
        name="A",
        kind=SourceKind.PAGE,
        language="ja",
        country="JP",
        trust=Trust.OFFICIAL,
        time_zone="Asia/Tokyo",
        enabled=False,
        interval_s=600,
        rules=PageRules(item="li", include=r"/docs/\d+", cut=(".share", "nav")),
    )


def test_a_source_is_left_alone_for_a_day_at_most() -> None:
    assert _load("interval_s = 99_999_999_999_999_999", "").interval_s == 86_400


def test_an_empty_file_has_no_sources() -> None:
    assert load_sources("") == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[source", "not valid TOML"),
        ("[source]\nkey = 'a'", r"\[\[source\]\]"),
        ("source = [1]", r"\[\[source\]\]"),
        ("[[feed]]\nkey = 'a'", "unknown table 'feed'"),
        ("[[source]]\nurl = 'https://a.example'\nname = 'A'", "source number 1: 'key' is missing"),
        ("[[source]]\nkey = 'a'\nname = 'A'", "source 'a': 'url' is missing"),
        (f"[[source]]\n{GOOD}[[source]]\n{GOOD}", "'a' is used twice"),
    ],
)
def test_a_file_that_cannot_be_used_is_explained(text: str, words: str) -> None:
    with pytest.raises(SourcesFileError, match=words):
        load_sources(text)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('colour = "red"', "unknown field 'colour'"),
        ('kind = "feeds"', 'field \'kind\'.*"feed", "page"'),
        ('trust = "high"', "field 'trust'.*\"official\""),
        ('time_zone = "Asia/Tokio"', "field 'time_zone'.*Asia/Tokyo"),
        ('time_zone = "Asia"', "field 'time_zone'"),
        ('time_zone = "../../etc/passwd"', "field 'time_zone'"),
        ('language = "Japanese language"', "field 'language'"),
        ('country = "Japan"', "field 'country'"),
        ('enabled = "yes"', "field 'enabled'.*true or false"),
        ("interval_s = 1", "field 'interval_s'.*at least 10"),
        ("interval_s = true", "field 'interval_s'"),
        ('rules = "a"', "field 'rules'.*source.rules"),
        ('[source.rules]\nlink = "a"', "only for pages"),
        ('kind = "page"\n[source.rules]\ntags = "a"', "unknown field 'tags'"),
        ('kind = "page"\n[source.rules]\nitem = "li[["', "rule 'item'.*not a CSS selector"),
        ('kind = "page"\n[source.rules]\ninclude = "("', "rule 'include'.*not a regular expression"),
        ('kind = "page"\n[source.rules]\ncut = "nav"', "rule 'cut'.*list"),
    ],
)
def test_a_wrong_field_is_named_with_its_entry(line: str, words: str) -> None:
    with pytest.raises(SourcesFileError, match=f"(?s)source 'a'.*{words}") as caught:
        _load(line)
    assert isinstance(caught.value, KaigiError)


@pytest.mark.parametrize("url", ["a.example/rss", "ftp://a.example/", "https://", "javascript:alert(1)", ""])
def test_an_address_that_is_not_one_is_refused(url: str) -> None:
    with pytest.raises(SourcesFileError, match="field 'url'"):
        load_sources(f'[[source]]\nkey = "a"\nname = "A"\nurl = "{url}"')


@pytest.mark.parametrize("key", ["A", "a b", "-a", "a--b", "日本", ""])
def test_a_key_is_small_letters_digits_and_hyphens(key: str) -> None:
    with pytest.raises(SourcesFileError, match="field 'key'"):
        load_sources(f'[[source]]\nkey = "{key}"\nname = "A"\nurl = "https://a.example/"')


def test_a_source_may_say_how_it_wants_to_be_asked() -> None:
    definition = _load(
        "[source.fetch]",
        'cookie = "session=1; consent=yes"\nverify = false',
        '[source.fetch.headers]\nAuthorization = "Bearer abc"\nAccept-Language = "ja"',
    )
    assert definition.fetch == FetchOptions(
        headers=(("Authorization", "Bearer abc"), ("Accept-Language", "ja")),
        cookie="session=1; consent=yes",
        verify=False,
    )


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("fetch = 1", "source.fetch"),
        ("[source.fetch]\nproxy = 'x'", "unknown field 'proxy'"),
        ("[source.fetch]\nverify = 'no'", "option 'verify'.*true or false"),
        ("[source.fetch]\ncookie = 5", "option 'cookie'.*one line"),
        ("[source.fetch]\ncookie = ''", "option 'cookie'.*one line"),
        ("[source.fetch]\nheaders = ['a: b']", "source.fetch.headers"),
        ("[source.fetch.headers]\n'A B' = 'x'", "'A B' is not the name"),
        ("[source.fetch.headers]\n'A:' = 'x'", "is not the name"),
        ("[source.fetch.headers]\n'' = 'x'", "is not the name"),
        ("[source.fetch.headers]\nCookie = 'x'", "as 'cookie'"),
        ("[source.fetch.headers]\nX-A = 'x'\nx-a = 'y'", "'x-a' stands there twice"),
        ("[source.fetch.headers]\n" + "\n".join(f"X-{n} = 'x'" for n in range(21)), "at most 20"),
    ],
)
def test_a_wrong_way_to_be_asked_is_explained(lines: str, words: str) -> None:
    with pytest.raises(SourcesFileError, match=f"(?s)source 'a'.*{words}"):
        _load(lines)


@pytest.mark.parametrize(
    "name",
    ["Host", "host", "Content-Length", "Transfer-Encoding", "Connection", "TE", "Upgrade", "Expect", "Accept-Encoding",
     "If-None-Match", "Range", "Proxy-Authorization"],
)  # fmt: skip
def test_headers_that_the_connection_is_made_of_cannot_be_set(name: str) -> None:
    with pytest.raises(SourcesFileError, match=f"'{name}' is Kaigi's own"):
        _load(f"[source.fetch.headers]\n{name} = 'x'")


@pytest.mark.parametrize("value", ["s3cret\\r\\nHost: evil", "s3cret\\u0000", "s3cret会", "s3cret" * 1_000])
def test_a_value_that_would_end_its_line_is_refused_and_not_repeated(value: str) -> None:
    lines = ('[source.fetch]\ncookie = "%s"', '[source.fetch.headers]\nX-Key = "%s"')
    for line in lines:
        with pytest.raises(SourcesFileError) as caught:
            _load(line % value)
        assert "s3cret" not in str(caught.value)
