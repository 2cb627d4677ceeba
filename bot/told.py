"""How lines of the audit are told: who changed something, and what was different afterwards."""

from collections.abc import Mapping
from typing import Any

from feeds.publish.words import Language
from storage import people
from storage.database import Connection

WEB_PASSWORD = "web:password"  # noqa: S105  a name in the audit: whoever signed in with the password of the settings
_PASSWORD_WORDS: dict[Language, str] = {"ja": "ウェブのパスワード", "en": "web password"}
_NOT_TOLD = ("change", "correction")  # numbers of rows


def names(connection: Connection, language: Language) -> dict[str, str]:
    """What the audit calls people, with how they are shown; whoever is not in it is shown as the audit has them."""
    known = {f"tg:{one.user_id}": one.name for one in people.every(connection)}
    return {**known, WEB_PASSWORD: _PASSWORD_WORDS[language]}


def difference(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
    """What a change was about: each field that differs, as `name: before → after`."""
    old, new = before or {}, after or {}
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name) and name not in _NOT_TOLD]
    return ", ".join(f"{name}: {_short(old.get(name))} → {_short(new.get(name))}" for name in changed[:6])


def _short(value: Any) -> str:
    words = "–" if value in (None, "", [], {}) else str(value)
    return words if len(words) <= 60 else words[:59] + "…"
