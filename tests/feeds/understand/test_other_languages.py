"""Headlines of other languages: offices, countries and words of meeting, bound in the order of each language."""

from datetime import date

import pytest

from feeds.observed import Verdict
from feeds.understand.meetings import understand
from storage.model import Format, Kind
from tests.feeds.understand.articles import article, facts


@pytest.mark.parametrize(
    ("title", "countries"),
    [
        ("Pistorius trifft japanischen Verteidigungsminister in Tokio", ("DE", "JP")),
        ("Verteidigungsminister Frankreichs und Deutschlands treffen sich in Paris", ("DE", "FR")),
        ("Pistorius empfängt schwedischen Verteidigungsminister in Berlin", ("DE", "SE")),
        ("Catherine Vautrin reçoit son homologue japonais à Paris", ("FR", "JP")),
        ("Les ministres de la Défense français et allemand se retrouvent à Berlin", ("DE", "FR")),
        ("Crosetto incontra il ministro della Difesa giapponese a Tokyo", ("IT", "JP")),
        ("Försvarsminister Pål Jonson träffade sin norska kollega i Oslo", ("NO", "SE")),
        ("रक्षा मंत्री राजनाथ सिंह ने जापान के रक्षा मंत्री से मुलाकात की", ("IN", "JP")),
        ("भारत और फ्रांस के रक्षा मंत्रियों की बैठक", ("FR", "IN")),
        ("董军会见越南国防部长", ("CN", "VN")),
        ("日本防卫大臣与波兰国防部长举行会谈", ("JP", "PL")),
    ],
)
def test_who_meets_is_read_in_the_order_of_the_language(title: str, countries: tuple[str, ...]) -> None:
    understanding = understand(article(title))
    assert understanding.verdict is Verdict.MEETING
    assert understanding.mention is not None
    assert (understanding.mention.facts.countries, understanding.mention.facts.kind) == (countries, Kind.BILATERAL)


@pytest.mark.parametrize(
    "title",
    [
        "A honvédelmi miniszter lengyel hivatali partnerével tárgyalt Varsóban",
        "Ministrul apărării s-a întâlnit cu omologul său francez la Paris",
        "Ο υπουργός Άμυνας συναντήθηκε με τον Γάλλο ομόλογό του",
        "Nordiska försvarsministrarna träffas i Oslo",
        "Robles recibe al ministro de Defensa de Portugal en Madrid",
    ],
)
def test_a_counterpart_is_one_in_further_languages(title: str) -> None:
    assert understand(article(title)).verdict is Verdict.MEETING


def test_a_call_and_a_day_are_read_in_german() -> None:
    assert facts("Pistorius telefoniert mit US-Verteidigungsminister Hegseth").format is Format.PHONE
    told = facts("EU-Verteidigungsminister tagen in Kopenhagen", "Die Verteidigungsminister tagen am 12. November.")
    assert told.starts_on == date(2025, 11, 12)


def test_a_german_number_with_a_full_stop_counts_and_ends_no_sentence() -> None:
    title = "Verteidigungsminister Südkoreas und der USA treffen sich zur 57. Sicherheitskonsultation (SCM)"
    told = facts(title)
    assert (told.series, told.edition, told.countries) == ("scm", 57, ("KR", "US"))


@pytest.mark.parametrize(
    "title",
    [
        "Ministrul apărării s-a întâlnit cu militarii",
        "A honvédelmi miniszter találkozott a katonákkal",
        "Pistorius besucht Truppe in Litauen",
        "Verteidigungsminister Pistorius spricht mit Gewerkschaften",
        "Pistorius telefoniert mit Merz",
        "Catherine Vautrin visite une base aérienne",
        "La ministre des Armées reçoit les syndicats",
        "रक्षा मंत्री राजनाथ सिंह ने सेना प्रमुख के साथ बैठक की",
        "国防部长会见驻华武官",
        "Nato-Generalsekretär trifft Polens Präsidenten",
    ],
)
def test_a_minister_among_his_own_is_no_meeting_in_any_language(title: str) -> None:
    assert understand(article(title)).verdict is not Verdict.MEETING
