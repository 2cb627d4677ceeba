"""What the parser processes do: a document is read and understood in one call, unless it is long."""

import pickle
from dataclasses import replace

import pytest

from feeds.observed import Failure, Fetched, ParsedEntry, changed
from feeds.understand.lexicon import default_lexicon, use_lexicon
from feeds.work import AT_ONCE, Studied, prepare, read_and_understand, understand_entries
from tests.support.build import NOW, definition

ITEM = "<item><title>Italian, Japanese defence ministers meet {number}</title><link>https://a.example/{number}</link></item>"


def document(items: int) -> Fetched:
    body = "".join(ITEM.format(number=number) for number in range(items))
    return Fetched(url="https://a.example/feed", body=f"<rss version='2.0'><channel>{body}</channel></rss>".encode())


def test_a_feed_of_which_nothing_is_known_is_read_and_understood_in_one_call() -> None:
    read = read_and_understand(document(2), definition(), NOW)
    assert isinstance(read, Studied)
    assert read.readings == understand_entries(read.parsed.entries, definition(), NOW)
    assert [understanding.mention is not None for understanding, _ in read.readings] == [True, True]
    assert all(understanding.reasons == () for understanding, _ in read.readings)


def test_a_long_feed_is_only_read_and_what_is_no_feed_is_a_failure() -> None:
    read = read_and_understand(document(AT_ONCE + 1), definition(), NOW)
    assert isinstance(read, Studied)
    assert (len(read.parsed.entries), read.readings) == (AT_ONCE + 1, None)
    assert isinstance(read_and_understand(Fetched(url="https://a.example/", body=b"no"), definition(), NOW), Failure)


def test_a_parser_process_understands_with_the_lexicon_that_it_was_given() -> None:
    chosen = replace(default_lexicon())
    try:
        prepare(chosen)
        assert default_lexicon() is chosen
    finally:
        use_lexicon(None)


def test_a_changed_copy_is_what_dataclasses_would_make_of_it() -> None:
    entry = ParsedEntry(title="防衛相会談", url="https://n.example/1", published_at=NOW)
    assert changed(entry, title="x", identity="g:1") == replace(entry, title="x", identity="g:1")
    assert pickle.loads(pickle.dumps(entry)) == entry
    with pytest.raises(TypeError, match="no titel"):
        changed(entry, titel="x")
