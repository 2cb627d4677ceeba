"""Who is told of a meeting: the tags by which chats follow and mute. Pure.

    country:JP  series:admm-plus  kind:bilateral  person:nakatani-gen  parent:admm-plus

A chat is told when it subscribes to a filter that alerts, or follows one of the tags (that counts as the filter
`ministerial-meetings`), unless it mutes one of them. `story:<id>` is added by storage, which knows the number;
`parent:<series>` names the conference on whose margins a meeting is held, for chats that want side meetings grouped.
"""

import re
import unicodedata
from functools import lru_cache

from feeds.understand.lexicon import default_lexicon
from feeds.understand.lexicon.records import Person
from storage.model import MeetingFacts, Principal

MEETINGS = "ministerial-meetings"  #: the filter that following a tag counts as
MOST = 96  #: characters of a tag

_APART = re.compile(r"\W+")
_KANA = "\u3099\u309a"  # the marks that make が of か are no accents


def tags(facts: MeetingFacts) -> frozenset[str]:
    """The tags of a meeting, without `story:<id>`."""
    found = {f"country:{code}" for code in facts.countries} | {f"kind:{facts.kind.value}"}
    for principal in facts.principals:
        found.add(f"country:{principal.country}")
        key = person_key(principal)
        if key:
            found.add(f"person:{key}")
    if facts.series:
        found.add(f"series:{facts.series}")
    if facts.parent:
        found.add(f"parent:{facts.parent}")
    return frozenset(tag[:MOST] for tag in found)


def person_key(principal: Principal) -> str:
    """A person's key: the slug of the Latin name as the lexicon writes it; of the name that is known, for others."""
    known = _holders(tuple(default_lexicon().people))
    for name in (principal.name, principal.name_ja):
        if name and (holder := known.get((principal.country, name))):
            return slug(holder)
    return slug(principal.name or principal.name_ja or "")


@lru_cache(maxsize=2)
def _holders(people: tuple[Person, ...]) -> dict[tuple[str, str], str]:
    """The Latin name of each office-holder, by country and any of the full names."""
    return {
        (person.country, name): person.name
        for person in people
        for name in (person.name, person.ja, *person.forms)
        if name
    }


def slug(name: str) -> str:
    """A name as a key: small letters without accents, words joined by hyphens; other scripts stay as they are."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c) or c in _KANA)
    return _APART.sub("-", unicodedata.normalize("NFC", plain).casefold()).strip("-_")
