"""The tags by which chats follow and mute."""

from datetime import date

from feeds.decide.audience import person_key, slug, tags
from feeds.decide.retelling import material
from feeds.understand.lexicon import default_lexicon
from storage.changes import FactChange
from storage.model import Kind, Phase
from tests.support.build import facts, minister


def test_a_meeting_has_its_countries_kind_series_parent_and_people_as_tags() -> None:
    told = facts(
        kind=Kind.BILATERAL, series="admm-plus", parent="shangri-la", principals=(minister("FR", name="Zoé O'Neil"),)
    )
    assert tags(told) == {
        "country:AU", "country:JP", "country:FR", "kind:bilateral", "series:admm-plus", "parent:shangri-la",
        "person:zoe-o-neil",
    }  # fmt: skip


def test_a_person_has_one_key_whichever_script_a_report_is_in() -> None:
    holder = next(person for person in default_lexicon().people if person.ja)
    in_japanese, in_latin = minister(holder.country, name_ja=holder.ja), minister(holder.country, name=holder.name)
    assert person_key(in_japanese) == person_key(in_latin) == slug(holder.name)


def test_a_name_in_another_script_keeps_its_letters() -> None:
    assert slug("  がくだ　太郎 ") == "がくだ-太郎"
    assert slug("") == ""


def test_held_cancelled_and_postponed_are_material() -> None:
    before = facts(phase=Phase.ANNOUNCED)
    for phase in (Phase.HELD, Phase.CANCELLED, Phase.POSTPONED):
        assert material(before, facts(phase=phase)) == (FactChange(field="phase", before="announced", after=phase),)


def test_another_day_or_city_is_material_and_one_that_becomes_known_is_not() -> None:
    moved = facts(starts_on=date(2025, 11, 3), city="Jakarta", country="ID")
    assert [(c.field, c.before, c.after) for c in material(facts(), moved)] == [
        ("starts_on", "2025-11-01", "2025-11-03"), ("city", "Kuala Lumpur", "Jakarta"), ("country", "MY", "ID"),
    ]  # fmt: skip
    assert material(facts(starts_on=None, city=None), facts()) == ()
    assert material(facts(), facts(city=None)) == ()


def test_only_a_document_that_was_not_there_is_material() -> None:
    before, after = facts(outcomes=("joint statement",)), facts(outcomes=("joint statement", "road map"))
    assert material(before, after) == (
        FactChange(field="outcomes", before=["joint statement"], after=["road map"]),
    )  # fmt: skip
    assert material(after, before) == ()


def test_more_sides_and_fuller_names_are_not_material() -> None:
    assert material(facts(), facts(countries=("AU", "JP", "US"), venue="A hotel", edition=3)) == ()
