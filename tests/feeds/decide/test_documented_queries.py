"""The examples of docs/filters.md are true."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from feeds.decide.filters import explain_match, matches
from feeds.decide.query import parse
from feeds.decide.vocabulary import FIELDS
from storage.model import Principal
from tests.feeds.decide.test_filters import subject
from tests.support.build import NOW, facts

DOCUMENT = Path(__file__).parents[3].joinpath("docs", "filters.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^\| `([^|]+)` \| ([^|]+) \| (yes|no) \|$", DOCUMENT, re.MULTILINE)

MEETING = subject(
    "日豪防衛相会談",
    language="ja",
    now=NOW + timedelta(hours=1),
    facts=facts(
        principals=(Principal(country="JP", name="Shinjiro Koizumi", name_ja="小泉進次郎"), Principal(country="AU")),
        series="admm-plus",
        edition=13,
        starts_on=date(2025, 11, 1),
    ),
)


def test_there_are_twenty_examples() -> None:
    assert len(EXAMPLES) == 20


@pytest.mark.parametrize(("query", "item", "answer"), EXAMPLES)
def test_each_example_means_what_the_document_says(query: str, item: str, answer: str) -> None:
    told = MEETING if item == "(meeting)" else subject(item, facts=None)
    assert matches(parse(query), told) is (answer == "yes")
    assert explain_match(parse(query), told).matched is (answer == "yes")


def test_every_field_is_documented_and_no_other() -> None:
    table = DOCUMENT[DOCUMENT.index("| field |") : DOCUMENT.index("Fields of the meeting")]
    firsts = [row.split("|")[1] for row in table.splitlines()[2:] if row.startswith("|")]
    assert sorted(re.findall(r"`(\w+):`", " ".join(firsts))) == sorted(FIELDS)
