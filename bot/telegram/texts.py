"""The bot's sentences, by language. English stands in the code; the others in gettext catalogues under `locale/`.

Catalogues are read from .po files directly, so a translator's change needs no compile step.
"""

from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

LOCALE = Path(__file__).parent / "locale"
LANGUAGES = ("ja", "en")


@cache
def catalogue(language: str, domain: str = "kaigi") -> Catalog:
    """A catalogue of a language; empty for English. `domain`: the bot's own sentences, or `refusals`.

    Raises `FileNotFoundError` for a language we do not have."""
    if language == "en":
        return Catalog(locale="en")
    with (LOCALE / language / "LC_MESSAGES" / f"{domain}.po").open("rb") as file:
        return read_po(file, locale=language)


def text(language: str, message: str, **values: object) -> str:
    """`message` in the language, English where no translation exists, with `{names}` filled from `values`."""
    found = catalogue(language if language in LANGUAGES else "en").get(message)
    translated = str(found.string) if found is not None and found.string else message
    return translated.format(**values) if values else translated


def msgid(message: str) -> str:
    """Marks a sentence that is translated where it is used."""
    return message


def language_of(code: str | None, default: str) -> str:
    """Our language for a person's IETF tag (`ja-JP`), English for one that we do not speak."""
    if not code:
        return default
    primary = code.split("-")[0].lower()
    return primary if primary in LANGUAGES else "en"
