"""Which of two headlines an article goes by: the one in the list, or the one on its own page. Pure.

The page's own is longer and better, except where a site gives all of its pages one title: then it is the site's name,
and an article about a meeting would be called "Ministry of Defence".
"""

import unicodedata
from collections.abc import Iterable


def headline(listed: str, found: str, common: Iterable[str]) -> str:
    """Return the better one. `listed` stands in the list, `found` on the article's page, which may have none.

    `common`: titles that are no article's, such as the list page's and the name of the source. What says nothing beyond
    one of them is no headline.
    """
    if not found or not listed:
        return found or listed
    own = _folded(found)
    says_nothing = any(own in _folded(title) for title in common)
    return listed if says_nothing and own not in _folded(listed) else found


def _folded(title: str) -> str:
    """Letters and digits only, without case and width."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", title).casefold()))
