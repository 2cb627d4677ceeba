"""What newsrooms do to the names of their articles: the feeds of `make chaos-identity`, and all kinds of change.

    report(number) ─► Entry ─► a kind of change ─► document(shape) ─► RSS, Atom, RDF or JSON Feed

Each meeting is told by one entry alone, so that nothing else can make up for one that is lost. Its number stands in its
words, which is how an alert is traced back to it, whatever became of guids, addresses and titles in between.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from xml.sax.saxutils import escape, quoteattr

from bench.chaos_world import pairs
from feeds.understand.lexicon import default_lexicon

SHAPES = ("rss", "atom", "rdf", "json")
TYPES = {
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "rdf": "application/rdf+xml",
    "json": "application/feed+json",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One entry of a feed, as its newsroom writes it."""

    guid: str | None
    url: str | None
    title: str
    text: str
    published: datetime | None


def report(number: int, language: str, at: datetime) -> Entry:
    """The one report of a meeting of two ministers. Every third names no day, as many do not."""
    one, two = (default_lexicon().countries[code].shown(language) for code in pairs()[number % len(pairs())])
    day = at - timedelta(days=1)
    if language == "ja":
        when = "" if number % 3 == 0 else f"{day.year}年{day.month}月{day.day}日、"
        title = f"{one}と{two}の国防相会談について"
        text = f"{when}{one}国防大臣は{two}国防大臣と会談しました。第{number}回の演習について話しました。"
    else:
        when = "" if number % 3 == 0 else f" on {day.day} {day:%B %Y}"
        title = f"Defence ministers of {one} and {two} meet"
        text = f"The defence minister of {one} met the defence minister of {two}{when}."
        text += f" They agreed on exercise number {number}."
    return _entry(f"m{number}", title, text, at)


def ordinary(number: int, at: datetime) -> Entry:
    """News of no meeting."""
    return _entry(f"o{number}", f"Bridge number {number} was painted", f"It took {number % 90 + 2} days.", at)


def _entry(name: str, title: str, text: str, at: datetime) -> Entry:
    url = f"https://news.example.org/press/{name}.html"
    return Entry(guid=f"https://news.example.org/?p={name}", url=url, title=title, text=text, published=at)


# The kinds of change. Each takes the entries, newest first, the how-manieth poll of the changed feed it is, and now.

Change = Callable[[Sequence[Entry], int, datetime], list[Entry]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One kind of change."""

    name: str
    change: Change
    wordless: bool = True  #: no word of any entry changes, so that nothing at all may be said
    shapes: tuple[str, ...] = SHAPES
    into: str | None = None  #: the shape of the changed document, when it is another
    moves: str | None = (
        None  #: `redirect`: its old address leads on; `edited`: an admin gives the new one; `added`: anew
    )
    later: timedelta = timedelta(0)  #: how long nothing happens before the change
    others: int = 6  #: entries that are no meetings


def each(change: Callable[[Entry, int], Entry]) -> Change:
    """A change that every entry goes through alike."""
    return lambda entries, turn, _now: [change(entry, turn) for entry in entries]


def _guid(entry: Entry, guid: str | None) -> Entry:
    return replace(entry, guid=guid)


def _address(entry: Entry, change: Callable[[str], str]) -> Entry:
    return replace(entry, url=change(entry.url) if entry.url else None)


def _both(entry: Entry, old: str, new: str) -> Entry:
    guid, url = ((one or "").replace(old, new) or None for one in (entry.guid, entry.url))
    return replace(entry, guid=guid, url=url)


def _dated(entry: Entry, published: datetime | None) -> Entry:
    return replace(entry, published=published)


def _moved(by: timedelta, first: Callable[[Entry], Entry] = lambda entry: entry) -> Change:
    """All dates but the newest move, in entries that are changed in another way `first`."""

    def change(entries: Sequence[Entry], _turn: int, _now: datetime) -> list[Entry]:
        newest, *others = map(first, entries)
        return [newest, *(_dated(one, one.published + by if one.published else None) for one in others)]

    return change


def _stamped(first: Callable[[Entry], Entry] = lambda entry: entry) -> Change:
    """All dates are the moment at which the feed is asked for."""
    return lambda entries, _turn, now: [_dated(first(entry), now) for entry in entries]


def _shuffled(entries: Sequence[Entry], turn: int, _now: datetime) -> list[Entry]:
    middle = len(entries) // 2 + turn
    return [*reversed(entries[middle:]), *entries[:middle]]


def _emptied(entries: Sequence[Entry], turn: int, _now: datetime) -> list[Entry]:
    return [] if turn == 0 else list(entries)


def _cut_short(entries: Sequence[Entry], turn: int, _now: datetime) -> list[Entry]:
    return list(entries[:2] if turn == 0 else entries)


def _one_guid_for_two(entries: Sequence[Entry], _turn: int, _now: datetime) -> list[Entry]:
    """Each entry has the guid of the one before it as well: pairs share one."""
    return [_guid(entry, entries[place // 2 * 2].guid) for place, entry in enumerate(entries)]


def _told_twice(entries: Sequence[Entry], _turn: int, _now: datetime) -> list[Entry]:
    """Each entry stands there a second time, under a guid and an address of its own."""
    copies = [_both(_both(entry, "/press/", "/en/press/"), "?p=", "?lang=en&p=") for entry in entries]
    return [one for pair in zip(entries, copies, strict=True) for one in pair]


def _reused(*, address: bool, same_sides: bool = False) -> Change:
    """The guids of all meetings but the newest are given to meetings of today; with `address`, their pages as well.

    With `same_sides`, the two who met meet again.
    """
    further = len(pairs()) if same_sides else OTHERS

    def change(entries: Sequence[Entry], _turn: int, now: datetime) -> list[Entry]:
        return [entries[0], *(_taken(entry, further, now, address) for entry in entries[1:])]

    return change


def _taken(entry: Entry, further: int, now: datetime, address: bool) -> Entry:
    number = number_in(entry.text)
    if number is None or (further == len(pairs()) and number % 3 == 0):
        return entry  # two reports without a day of the same two cannot be told from one that was edited
    other = report(number + further, "ja" if "国防" in entry.title else "en", now)
    return replace(other, guid=entry.guid, url=entry.url if address else other.url)


OTHERS = 300  #: what is added to the number of a meeting whose name another one takes


def number_in(text: str) -> int | None:
    """The number of the meeting that a text tells of."""
    for before in ("exercise number ", "第"):
        found = text.partition(before)[2]
        digits = found[: len(found) - len(found.lstrip("0123456789"))]
        if digits:
            return int(digits)
    return None


def _rebuilt(entry: Entry, turn: int) -> Entry:
    name = (entry.guid or "").rpartition("=")[2]
    return replace(entry, guid=f"urn:cms:{turn}:{name}", url=f"https://www.newsroom.example.org/{turn}/{name}/")


def _tracked(entry: Entry, turn: int) -> Entry:
    return _address(entry, lambda url: f"{url}?utm_source=feed&utm_medium=rss&utm_id={turn}")


def _regarded(entry: Entry) -> Entry:
    return _guid(entry, f"{entry.guid}&v=2")


def _retitled(entry: Entry) -> Entry:
    return replace(entry, title=f"{entry.title} (updated)")


def _alike(entries: Sequence[Entry], _turn: int, _now: datetime) -> list[Entry]:
    return list(entries)


_MORE = "Further details are given in the attached document."
_HOURS, _DAYS, _WEEK = -timedelta(hours=5), -timedelta(days=3), timedelta(days=8)

KINDS = (
    Kind(name="nothing changes", change=_alike),
    Kind(name="all guids change", change=each(lambda e, _: _regarded(e))),
    Kind(name="all guids change in every poll", change=each(lambda e, turn: _guid(e, f"{e.guid}&at={turn}"))),
    Kind(name="all guids change, of 500 entries", change=each(lambda e, _: _regarded(e)), others=491),
    Kind(name="guids are taken away", change=each(lambda e, _: _guid(e, None))),
    Kind(name="guids are empty", change=each(lambda e, _: _guid(e, ""))),
    Kind(name="one guid for all entries", change=each(lambda e, _: _guid(e, "https://news.example.org/"))),
    Kind(name="one guid for two entries each", change=_one_guid_for_two),
    Kind(name="each entry twice, under two names", change=_told_twice),
    Kind(name="guids used for other meetings", change=_reused(address=False), wordless=False),
    Kind(name="guids and pages used for other meetings", change=_reused(address=True), wordless=False),
    Kind(name="the same two meet again, under the old guid and page", change=_reused(address=True, same_sides=True),
         wordless=False, later=timedelta(days=42)),
    Kind(name="https becomes http", change=each(lambda e, _: _both(e, "https://", "http://"))),
    Kind(name="https and http in turns",
         change=each(lambda e, turn: _both(e, "https://", "http://") if turn % 2 == 0 else e)),
    Kind(name="https becomes http, in addresses only",
         change=each(lambda e, _: _address(e, lambda url: url.replace("https://", "http://")))),
    Kind(name="tracking parameters", change=each(_tracked)),
    Kind(name="tracking parameters, and no guids", change=each(lambda e, turn: _guid(_tracked(e, turn), None))),
    Kind(name="a slash at the end of addresses", change=each(lambda e, _: _address(e, lambda url: f"{url}/"))),
    Kind(name="www. before addresses and guids", change=each(lambda e, _: _both(e, "//news.", "//www.news."))),
    Kind(name="titles edited", change=each(lambda e, _: _retitled(e)), wordless=False),
    Kind(name="titles edited, and all guids change", change=each(lambda e, _: _retitled(_regarded(e))), wordless=False),
    Kind(name="texts edited", change=each(lambda e, _: replace(e, text=f"{e.text} {_MORE}")), wordless=False),
    Kind(name="dates moved by hours", change=_moved(_HOURS)),
    Kind(name="dates moved by days", change=_moved(_DAYS)),
    Kind(name="dates taken away", change=each(lambda e, _: _dated(e, None))),
    Kind(name="dates are always now", change=_stamped()),
    Kind(name="dates moved by days, and all guids change", change=_moved(_DAYS, _regarded)),
    Kind(name="order shuffled", change=_shuffled),
    Kind(name="emptied and filled again", change=_emptied),
    Kind(name="cut to two entries and filled again", change=_cut_short),
    Kind(name="the feed leads to another address", change=_alike, moves="redirect"),
    Kind(name="an admin gives it another address", change=_alike, moves="edited"),
    Kind(name="an admin adds another address", change=_alike, moves="added"),
    Kind(name="RSS becomes Atom, with other guids", change=each(lambda e, _: _guid(e, f"tag:{e.guid}")),
         shapes=("rss",), into="atom"),
    Kind(name="rebuilt: guids and addresses", change=each(lambda e, _: _rebuilt(e, 0))),
    Kind(name="rebuilt before every poll", change=each(_rebuilt)),
    Kind(name="rebuilt: guids, addresses and titles", change=each(lambda e, _: _retitled(_rebuilt(e, 0))),
         wordless=False),
    Kind(name="rebuilt: guids, addresses and dates", change=_moved(_DAYS, lambda e: _rebuilt(e, 0))),
    Kind(name="rebuilt after a week, all dated now", change=_stamped(lambda e: _rebuilt(e, 0)), later=_WEEK),
)  # fmt: skip


# The documents.


def document(shape: str, language: str, entries: Sequence[Entry]) -> bytes:
    """The bytes of a feed."""
    if shape == "json":
        return _json_feed(language, entries)
    write, frame = _FRAMES[shape]
    return frame.format(language=language, entries="".join(map(write, entries))).encode()


def _json_feed(language: str, entries: Sequence[Entry]) -> bytes:
    items = [
        {
            "id": entry.guid,
            "url": entry.url,
            "title": entry.title,
            "content_text": entry.text,
            "date_published": entry.published.isoformat() if entry.published else None,
        }
        for entry in entries
    ]
    kept = [{name: value for name, value in item.items() if value is not None} for item in items]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "News", "language": language, "items": kept}
    return json.dumps(feed, ensure_ascii=False).encode()


def _tag(name: str, words: str | None) -> str:
    return "" if words is None else f"<{name}>{escape(words)}</{name}>"


def _rss(entry: Entry) -> str:
    guid = "" if entry.guid is None else f'<guid isPermaLink="false">{escape(entry.guid)}</guid>'
    date = format_datetime(entry.published) if entry.published else None
    words = _tag("title", entry.title) + _tag("link", entry.url) + _tag("description", entry.text)
    return f"<item>{guid}{words}{_tag('pubDate', date)}</item>\n"


def _atom(entry: Entry) -> str:
    date = entry.published.isoformat() if entry.published else None
    link = f"<link href={quoteattr(entry.url)}/>" if entry.url else ""
    words = _tag("title", entry.title) + _tag("id", entry.guid) + _tag("summary", entry.text)
    return f"<entry>{words}{link}{_tag('published', date)}{_tag('updated', date)}</entry>\n"


def _rdf(entry: Entry) -> str:
    about = "" if entry.guid is None else f" rdf:about={quoteattr(entry.guid)}"
    date = entry.published.isoformat() if entry.published else None
    words = _tag("title", entry.title) + _tag("link", entry.url) + _tag("description", entry.text)
    return f"<item{about}>{words}{_tag('dc:date', date)}</item>\n"


_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_RSS = """<rss version="2.0"><channel><title>News</title><link>https://news.example.org/</link>
<description>News</description><language>{language}</language>
{entries}</channel></rss>
"""
_ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{language}"><title>News</title>
<id>https://news.example.org/</id>
{entries}</feed>
"""
_RDF = """<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<channel rdf:about="https://news.example.org/"><title>News</title><link>https://news.example.org/</link>
<description>News</description><dc:language>{language}</dc:language></channel>
{entries}</rdf:RDF>
"""
_FRAMES = {"rss": (_rss, _XML + _RSS), "atom": (_atom, _XML + _ATOM), "rdf": (_rdf, _XML + _RDF)}
