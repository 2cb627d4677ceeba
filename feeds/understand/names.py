"""Names: the one behind an English title ("Defence Minister Ann Example met …"), and who bears which."""

import re
from functools import lru_cache

from feeds.understand.folding import Folded
from feeds.understand.lexicon import Lexicon, Person

_REACH = 70  # no name is longer
_NAME_EN = re.compile(
    r"^,?\s(?:(?:army |senior )?general |gen\. |dr\.? |mr\.? |ms\.? |adm\. |admiral |prince )?"
    r"(?P<name>[A-Z][\w'.-]+(?:\s(?:bin|al|van|von|der|de|do|da|Mohd|[A-Z][\w'.-]*)){0,4})"
)
_NOT_A_NAME = re.compile(
    r"^(?:Meets?|Met|To|In|At|On|The|And|Holds?|Hosts?|Talks?|Visits?|Says?|Said|With|For|From|Will|Who|After|Joins?|Attends?|"
    r"Discuss\w*|Speaks?|Calls?|Meeting|Ministers?|Of|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|Statement|Urges?|Warns?|Makes?|"
    r"Commits?|Agrees?|Signs?|Affirms?|Reaffirms?|Vows?|Pledges?|Arrives?|Welcomes?|Remarks|Joint|Readout|Plus|Informal|As|Amid|Over|By|Is|Are)\b"
)


def name_after(folded: Folded, start: int, end: int) -> str | None:
    """The name that begins at `start`, as the source writes it, or None."""
    match = _NAME_EN.match(folded.cased[start : min(end, start + _REACH)])
    if not match or _NOT_A_NAME.match(match["name"]):
        return None
    kept = []
    for word in re.split(r"\s", match["name"]):
        if _NOT_A_NAME.match(word):
            break
        kept.append(word)
    first = start + match.start("name")
    quote = folded.quote(first, first + len(" ".join(kept))).rstrip(".,")
    return quote.removesuffix("'s").removesuffix("’s") or None


@lru_cache(maxsize=4)
def people_by_name(lexicon: Lexicon) -> dict[str, tuple[Person, ...]]:
    """Every spelling of a name, in lower case where it is Latin, and who bears it."""
    found: dict[str, list[Person]] = {}
    for person in lexicon.people:
        latin = (name.lower() for name in (person.name, *person.short, *person.forms))
        for name in {person.ja or person.name.lower(), *person.short_ja, *latin}:
            found.setdefault(name, []).append(person)
    return {name: tuple(people) for name, people in found.items()}
