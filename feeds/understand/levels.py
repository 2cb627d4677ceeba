"""Talks above and below the ministers: leaders' summits, and officials who talk of defence.

They are recorded with their own level and are no news of ministers: filters ask for `level:minister` unless told
otherwise. Only a headline that says both the form (日米首脳会談, "working-level talks") and two sides counts, and only
where no rule of `detect` spoke.
"""

import re
from dataclasses import replace

from feeds.understand.compounds import short_names
from feeds.understand.folding import Folded
from feeds.understand.lexicon import Lexicon
from feeds.understand.people import Side
from feeds.understand.scan import LEVELS, Hit, Hits
from feeds.understand.scene import OTHER_LEVEL, Reading, Signal
from storage.model import Level

_LEVEL = {"level.leaders_talks": Level.HEAD_OF_GOVERNMENT, "level.officials_talks": Level.OFFICIAL}
_RANK = {Level.HEAD_OF_GOVERNMENT: "head", Level.OFFICIAL: "official"}
#: What makes a leaders' or officials' talk one of defence.
_DEFENCE = re.compile(
    r"防衛|国防|安全保障|安保|軍事|自衛隊|抑止|\bdefen[cs]e\b|\bsecurity\b|\bmilitary\b|\bdeterrence\b"
)
_STATES = re.compile(r"[一-龥]{2,6}$")


def read_other_level(lexicon: Lexicon, title: Folded, hits: Hits, about: str, reading: Reading) -> Reading | None:
    """The headline read as one of leaders or officials, or None. `about` is what is searched for a word of defence."""
    form = next(iter(hits.of(*LEVELS)), None)
    if form is None or not _DEFENCE.search(about):
        return None
    countries = _countries(lexicon, title, hits, form)
    if len(countries) < 2:
        return None
    level = _LEVEL[form.group]
    rule = "leaders" if level is Level.HEAD_OF_GOVERNMENT else "officials"
    side = Side(start=form.start, end=form.end, rank=_RANK[level], countries=countries, plural=True, how="compound")
    signal = Signal(rule=rule, weight=OTHER_LEVEL, start=form.start, end=form.end, level=level)
    return replace(reading, sides=(side,), signals=(signal,))


def _countries(lexicon: Lexicon, title: Folded, hits: Hits, form: Hit) -> tuple[str, ...]:
    """The countries that a headline names, and those of a compound before the form: 日米韓…首脳会談."""
    names = short_names(lexicon)
    before = _STATES.search(title.text, 0, form.start)
    states = (before.group() if before else "").removesuffix("防衛").removesuffix("安保").removesuffix("国防")
    if len(states) > 1 and names.only_states.fullmatch(states):
        return tuple(sorted({names.codes[character] for character in states}))
    named = hits.of("country")
    first = {hit.value for hit in named if hit.end <= form.start}  # what follows is what they talk about
    return tuple(sorted(first if len(first) >= 2 else {hit.value for hit in named}))
