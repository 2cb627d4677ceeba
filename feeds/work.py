"""What the parser processes are asked to do: read documents, and understand what was read. Pure.

    a document ──► read_document ──────────► entries
    an article ──► read_article ───────────► its words
    entries ─────► understand_entries ─────► what each says of a meeting
    the first document of a source ──► read_and_understand: both in one call, because all of it is new

Understanding is done here and not beside the event loop, because it reads words that strangers wrote, and because it
is half of the work of a poll: two processes do it while a third lands what they found.

The parsers are imported when they are called, since the process that asks for them needs this module too, and none of
their ten megabytes; a parser process is told to load them before its first request.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from feeds.decide.fingerprint import fingerprint
from feeds.observed import (
    Article,
    ArticlePage,
    Failure,
    Fetched,
    Fingerprint,
    ParsedEntry,
    ParsedFeed,
    Understanding,
    changed,
)
from feeds.understand.lexicon import Lexicon, use_lexicon
from feeds.understand.meetings import understand
from feeds.understand.scan import scanner_for
from storage.model import SourceDefinition

#: Entries that one call understands: far fewer than a process manages within its limit of time.
AT_ONCE = 200


#: What an entry says of a meeting, and the keys under which copies of it are found.
Reading = tuple[Understanding, Fingerprint]


@dataclass(frozen=True, kw_only=True, slots=True)
class Studied:
    """A document with what was understood of its entries, in their order; None where that is still to do."""

    parsed: ParsedFeed
    readings: tuple[Reading, ...] | None = None


def read_document(fetched: Fetched, definition: SourceDefinition, now: datetime) -> ParsedFeed | Failure:
    """Read what a source serves, see `feeds.collect.document`."""
    from feeds.collect.document import read_document as read  # noqa: PLC0415

    return read(fetched, definition, now)


def read_article(fetched: Fetched, definition: SourceDefinition, now: datetime) -> ArticlePage | Failure:
    """Read the page of one article, see `feeds.collect.article`."""
    from feeds.collect.article import parse_article  # noqa: PLC0415

    return parse_article(fetched, definition, now)


def prepare(lexicon: Lexicon) -> None:
    """Understand with this lexicon from now on, and have its scanner and the parsers ready: the time of the first
    request is spent on its work.
    """
    import feeds.collect.document  # noqa: F401, PLC0415  read_document and its parsers

    use_lexicon(lexicon)
    scanner_for(lexicon)


def read_and_understand(fetched: Fetched, definition: SourceDefinition, now: datetime) -> Studied | Failure:
    """Read a feed of which nothing is known yet, and understand all of it if that is not too much for one call."""
    parsed = read_document(fetched, definition, now)
    if isinstance(parsed, Failure):
        return parsed
    if len(parsed.entries) > AT_ONCE:
        return Studied(parsed=parsed)
    return Studied(parsed=parsed, readings=understand_entries(parsed.entries, definition, now))


def understand_entries(
    entries: Sequence[ParsedEntry], definition: SourceDefinition, now: datetime
) -> tuple[Reading, ...]:
    """What each entry says of a meeting, and its likeness. The reasons stay here: a poll keeps none of them."""
    return tuple(
        (changed(understand(article(entry, definition)), reasons=()), fingerprint(entry, now)) for entry in entries
    )


def article(entry: ParsedEntry, definition: SourceDefinition) -> Article:
    """What understanding looks at: the entry's words, and what its source tells about them."""
    return Article(
        title=entry.title,
        text=entry.text,
        url=entry.url,
        published_at=entry.published_at,
        released_at=entry.released_at,
        language=entry.language or definition.language,
        source_country=definition.country,
        source_name=definition.name,
        trust=definition.trust,
        time_zone=definition.time_zone,
    )
