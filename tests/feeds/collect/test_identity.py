"""The identity ladder: the same entry keeps its key, different entries never share one."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from feeds.collect.identity import assign, content_hash
from feeds.observed import ParsedEntry

URL = "https://news.example.jp/1.html"
MEETING = ParsedEntry(guid="tag:1", url=URL, title="日豪防衛相会談について", text="両大臣は会談した。")


def _key(entry: ParsedEntry) -> str:
    (named,), _ = assign([entry])
    return named.identity


def test_the_guid_comes_first_so_that_a_changed_title_or_address_is_the_same_entry() -> None:
    assert _key(MEETING) == _key(replace(MEETING, title="更新", url="https://news.example.jp/2.html"))
    assert _key(MEETING) != _key(replace(MEETING, guid="tag:2"))


def test_without_a_guid_the_address_counts_and_without_both_title_and_day() -> None:
    bare = replace(MEETING, guid=None)
    assert _key(bare) == _key(replace(bare, title="更新"))
    nameless = replace(bare, url=None, published_at=datetime(2025, 11, 1, 3, tzinfo=UTC))
    assert _key(nameless) == _key(replace(nameless, title="日豪 防衛相会談について".replace(" ", ""), text="続報"))
    assert _key(nameless) != _key(replace(nameless, published_at=datetime(2025, 11, 2, 3, tzinfo=UTC)))


def test_http_and_https_are_the_same_place() -> None:
    assert _key(replace(MEETING, guid=URL)) == _key(replace(MEETING, guid=URL.replace("https", "http")))
    assert _key(replace(MEETING, guid=None)) == _key(replace(MEETING, guid=None, url=URL.replace("https", "http")))


def test_an_entry_repeated_to_the_letter_is_one_and_is_counted() -> None:
    entries, duplicates = assign([MEETING, MEETING, MEETING])
    assert len(entries) == 1
    assert duplicates == 2
    assert entries[0].url_is_own


def test_one_guid_for_different_addresses_does_not_merge_them() -> None:
    entries, duplicates = assign([MEETING, replace(MEETING, url="https://news.example.jp/2.html", title="別件")])
    assert len({entry.identity for entry in entries}) == 2
    assert duplicates == 0


def test_an_address_that_several_entries_share_identifies_none_of_them() -> None:
    front = "https://news.example.jp/"
    entries, _ = assign([replace(MEETING, guid=None, url=front, title=f"会談{n}") for n in range(3)])
    assert not any(entry.url_is_own for entry in entries)
    assert len({entry.identity for entry in entries}) == 3


def test_the_same_title_repeats_legitimately_on_another_day() -> None:
    first = ParsedEntry(title="日米合同委員会合意について", published_at=datetime(2025, 10, 1, tzinfo=UTC))
    entries, duplicates = assign([first, replace(first, published_at=datetime(2025, 11, 1, tzinfo=UTC))])
    assert len(entries) == 2
    assert duplicates == 0


def test_keys_carry_their_version_and_rung() -> None:
    assert _key(MEETING).startswith("1g:")
    assert _key(replace(MEETING, guid=None)).startswith("1u:")
    assert _key(replace(MEETING, guid=None, url=None)).startswith("1t:")
    assert _key(ParsedEntry(text="本文だけ")).startswith("1a:")


def test_the_content_hash_sees_title_text_and_address_and_where_one_ends() -> None:
    base = content_hash("a", "b", "c")
    assert base == content_hash("a", "b", "c")
    assert len({base, content_hash("x", "b", "c"), content_hash("a", "x", "c"), content_hash("a", "b", None)}) == 4
    assert content_hash("ab", "", None) != content_hash("a", "b", None)


_FEW = st.sampled_from(["", "a", "b"])
_ENTRIES = st.lists(
    st.builds(ParsedEntry, guid=st.none() | _FEW, url=st.sampled_from([None, URL, URL + "?2"]), title=_FEW, text=_FEW),
    max_size=12,
)


@given(_ENTRIES)
def test_identities_are_unique_and_no_entry_is_lost(entries: list[ParsedEntry]) -> None:
    named, duplicates = assign(entries)
    assert len({entry.identity for entry in named}) == len(named)
    assert len(named) + duplicates == len(entries)
    assert len(named) == len(set(entries))


@given(_ENTRIES)
def test_keys_do_not_depend_on_the_order_of_the_document(entries: list[ParsedEntry]) -> None:
    forward, _ = assign(entries)
    backward, _ = assign(entries[::-1])
    assert {entry.identity for entry in forward} == {entry.identity for entry in backward}
