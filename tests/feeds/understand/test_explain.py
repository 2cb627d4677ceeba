"""An explanation shows the whole text, what each part proved, and what spoke for and against."""

import json

from feeds.understand.explain import explanation
from feeds.understand.meetings import understand
from tests.feeds.understand.articles import ADMM_PLUS_TEXT, ADMM_PLUS_TITLE, article


def test_the_pieces_give_the_original_back_and_carry_their_facts() -> None:
    item = article(ADMM_PLUS_TITLE, ADMM_PLUS_TEXT)
    shown = explanation(item, understand(item))
    assert "".join(piece.text for piece in shown.title) == item.title
    assert "".join(piece.text for piece in shown.text) == item.text
    assert any("series" in piece.facts for piece in shown.title)


def test_facts_stand_beside_the_words_they_came_from() -> None:
    item = article(ADMM_PLUS_TITLE, ADMM_PLUS_TEXT)
    rows = {row.fact: row for row in explanation(item, understand(item)).facts}
    assert (rows["edition"].value, rows["city"].quotes) == ("12", ("クアラルンプール",))
    assert "venue" not in rows


def test_what_spoke_against_is_shown_for_an_item_that_is_no_meeting() -> None:
    item = article("防衛大臣が記者会見　日伊防衛相会談について説明")
    shown = explanation(item, understand(item))
    assert shown.verdict == "other"
    assert shown.facts == ()
    assert [row.rule for row in shown.speaks_against] == ["look_alike:press_conference"]
    assert json.loads(json.dumps(shown.as_dict()))["score"] == shown.score
