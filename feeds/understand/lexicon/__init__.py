"""The lexicon: what understanding knows about forums, offices, people, places, topics and words, as data.

The `*.toml` files beside this module are edited by people. `load_lexicon` turns a folder of them into frozen records
and refuses a bad entry with the file and the entry's name. `default_lexicon` is what understanding works with: the
bundled files, or what the shell handed to `use_lexicon` once when it started.
"""

from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from feeds.understand.lexicon.loading import load_lexicon
from feeds.understand.lexicon.records import (
    Country,
    Edition,
    Lexicon,
    LexiconError,
    LookAlike,
    Office,
    Person,
    Place,
    Series,
    Topic,
)

__all__ = [
    "Country",
    "Edition",
    "Lexicon",
    "LexiconError",
    "LookAlike",
    "Office",
    "Person",
    "Place",
    "Series",
    "Topic",
    "bundled_files",
    "default_lexicon",
    "load_lexicon",
    "use_lexicon",
]

_chosen: Lexicon | None = None


def bundled_files() -> Traversable:
    """The folder of the files that come with the program."""
    return files("feeds.understand.lexicon")


def use_lexicon(lexicon: Lexicon | None) -> None:
    """Make this the lexicon of the process; None: the bundled one. For the shell, once, before anything is read."""
    global _chosen  # noqa: PLW0603  the choice of the operator's settings, made once at start
    _chosen = lexicon


def default_lexicon() -> Lexicon:
    """The lexicon that `use_lexicon` set, else the bundled one, read and checked once."""
    return _chosen or _bundled()


@lru_cache(maxsize=1)
def _bundled() -> Lexicon:
    return load_lexicon(bundled_files())
