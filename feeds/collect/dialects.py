"""The namespaces and elements of feeds that `fastfeed.py` knows, by feedparser's names for them.

feedparser folds every namespace that it knows into a short prefix, whatever prefix the document uses, and drops the
prefix of RSS and Atom altogether. An element of a namespace that it does not know keeps the document's prefix.
`Names` gives an element's name: `title`, `dc:creator`, `*` for an element of a foreign namespace, which feedparser
keeps under a key that we do not ask for, and None for all that is better left to feedparser.

The tables say what surely changes nothing that we read. Adding a name to them needs a look into feedparser's handler
for it, if it has one. Pure.
"""

from collections.abc import Iterable, Mapping

from feedparser import mixin

#: Namespace → prefix, both as feedparser has them.
_FEEDPARSER = {uri.lower(): prefix for uri, prefix in mixin._FeedParserMixin.namespaces.items()}
_READ = frozenset({
    "", "content", "dc", "dcterms", "feedburner", "geo", "georss", "itunes", "media", "rdf", "slash", "sy", "taxo",
    "thr", "trackback", "wfw",
})  # fmt: skip
_BASE = frozenset({"http://www.w3.org/2005/atom", "http://purl.org/rss/1.0/"})
FOREIGN = "*"
#: Prefixes for which feedparser has handlers (`_start_dc_creator`), and those under which an element would land on a
#: key that we read (`title_detail`).
_HANDLED = {name.split("_")[2].lower() for name in dir(mixin._FeedParserMixin) if name.startswith(("_start_", "_end_"))}
_TAKEN = _HANDLED | frozenset(
    ("author", "created", "published", "rdf", "source", "summary", "sy", "title", "updated", "xml")
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PERSON = _words("name email uri url homepage")
_MEDIA = _words("""
    media:content media:thumbnail media:group media:credit media:text media:copyright media:rating media:community
    media:statistics media:starrating media:tags media:hash media:adult media:player media:status media:price
    media:license media:embed media:param
""")
_DUBLIN_CORE = _words("""
    dc:identifier dc:type dc:format dc:source dc:relation dc:coverage dc:language dc:publisher dc:rights dc:contributor
    dcterms:identifier dcterms:available dcterms:extent
""")
_PODCAST = _words("""
    itunes:subtitle itunes:duration itunes:explicit itunes:image itunes:season itunes:episode itunes:episodetype
    itunes:title itunes:block itunes:order itunes:type itunes:new-feed-url itunes:complete
""")
_SMALL = _words("""
    * slash:comments slash:section slash:department slash:hit_parade wfw:comment wfw:commentrss thr:total
    thr:in-reply-to trackback:ping trackback:about feedburner:origlink feedburner:origenclosurelink feedburner:info
    feedburner:emailserviceid feedburner:feedburnerhostname feedburner:feedflare georss:point georss:featurename
    geo:lat geo:long rdf:li rdf:seq rdf:bag taxo:topics taxo:topic
""")
#: Elements of an entry that change nothing that we read.
ITEM_IGNORED = _SMALL | _MEDIA | _DUBLIN_CORE | _PODCAST | _words("comments enclosure rights copyright contributor")
#: Elements of the feed itself that change nothing that we read.
FEED_IGNORED = (
    _SMALL
    | _MEDIA
    | (_DUBLIN_CORE - {"dc:language"})
    | _PODCAST
    | _words("""
        link id subtitle tagline rights copyright managingeditor webmaster pubdate lastbuilddate updated modified
        published author contributor category generator docs site cloud rating icon logo image skiphours skipdays items
        textinput sy:updatebase dc:creator dc:date dc:subject dcterms:modified dcterms:created dcterms:issued
        itunes:author itunes:owner itunes:category itunes:keywords media:category media:keywords
    """)
)
#: What may stand inside an element that is ignored.
CONTAINED: Mapping[str, frozenset[str]] = {
    FOREIGN: frozenset({FOREIGN}),
    "author": PERSON,
    "managingeditor": PERSON,
    "contributor": PERSON,
    "image": _words("url title link width height description"),
    "textinput": _words("title link description name"),
    "skiphours": _words("hour"),
    "skipdays": _words("day"),
    "items": _words("rdf:seq rdf:bag rdf:li"),
    "rdf:seq": _words("rdf:li"),
    "rdf:bag": _words("rdf:li"),
    "taxo:topics": _words("rdf:bag rdf:li"),
    "itunes:owner": _words("itunes:name itunes:email"),
    "itunes:category": _words("itunes:category"),
    "media:group": _MEDIA | _words("media:title media:description media:category media:keywords"),
    "media:content": _MEDIA | _words("media:title media:description media:category media:keywords"),
    "media:community": _MEDIA,
}


class Names(dict[str, str | None]):
    """A document's tags (`{namespace}local`) to feedparser's names; fills itself as it is asked."""

    def __init__(self, prefixed: frozenset[str], unprefixed: frozenset[str]) -> None:
        super().__init__()
        self._prefixed = prefixed
        self._unprefixed = unprefixed

    @classmethod
    def of(cls, declared: Iterable[tuple[str, str]]) -> "Names | None":
        """Take the namespaces that a document declares, as (prefix, URI); None when they could be mistaken."""
        seen: dict[str, str] = {}
        unprefixed: set[str] = set()
        for prefix, uri in declared:
            if not prefix:
                unprefixed.add(uri.lower())
            elif seen.setdefault(prefix, uri) != uri or not _harmless(prefix, uri.lower()):
                return None
        return cls(frozenset(uri.lower() for uri in seen.values()), frozenset(unprefixed))

    def __missing__(self, tag: str) -> str | None:
        name = self[tag] = self._name(tag)
        return name

    def _name(self, tag: str) -> str | None:
        uri, _, local = tag.rpartition("}")
        uri, local = uri[1:].lower(), local.lower()
        if not uri or uri in _BASE:
            return local
        if "backend.userland.com/rss" in uri:
            return None  # feedparser takes all of these for RSS
        prefix = _FEEDPARSER.get(uri)
        if prefix is not None:
            return f"{prefix}:{local}" if prefix and prefix in _READ else None
        if uri in self._unprefixed:  # no prefix at all is that of RSS and Atom
            return None if uri in self._prefixed else local
        return FOREIGN


def _harmless(prefix: str, uri: str) -> bool:
    """Tell whether a prefix can be mistaken for another: feedparser looks some things up by prefix alone."""
    known = _FEEDPARSER.get(uri)
    if known is not None:
        return prefix == known or (prefix.lower() not in _TAKEN and prefix.lower() not in _FEEDPARSER.values())
    return prefix.lower() not in _TAKEN and "backend.userland.com/rss" not in uri
