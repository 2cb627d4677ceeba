"""What of a change readers must hear of."""

import pytest

from feeds.decide.retelling import material
from storage.changes import FactChange
from tests.support.build import facts


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ((), ("joint statement",), ["joint statement"]),
        ((), ("共同声明",), ["共同声明"]),
        (("joint declaration",), ("joint declaration", "共同宣言"), []),
        (("共同声明",), ("共同声明", "joint statement"), []),
        (("joint statement",), ("joint statement", "a road map"), ["a road map"]),
        (("joint statement",), ("joint statement", "共同声明", "行程表"), ["行程表"]),
        (("joint statement",), ("joint statement",), []),
        (("joint statement",), (), []),
    ],
)
def test_a_document_is_news_once_and_not_again_in_another_language(
    before: tuple[str, ...], after: tuple[str, ...], told: list[str]
) -> None:
    changes = material(facts(outcomes=before), facts(outcomes=after))
    assert changes == ((FactChange(field="outcomes", before=list(before), after=told),) if told else ())
