"""How words are compared: without capitals and accents, at the places at which they stand."""

import pytest

from storage.words import comparable, fold


@pytest.mark.parametrize(
    ("text", "folded"), [("ADMM", "admm"), ("Élysée", "elysee"), ("防衛相", "防衛相"), ("İSTANBUL É", "istanbul e")]
)
def test_a_folded_text_is_as_long_as_it_was(text: str, folded: str) -> None:
    assert len(fold(text)) == len(text)
    assert fold(text) == folded


def test_a_city_that_is_spelled_with_a_dotted_capital_is_found_without_it() -> None:
    assert comparable("İstanbul") == comparable("istanbul")
