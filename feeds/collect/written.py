"""Writes a source as the `[[source]]` table that `catalogue.py` reads, to be pasted into a sources file.

Only what differs from the defaults is written. JSON's strings are valid TOML strings. Of `[source.fetch]` no value is
written that may be a secret, only where it belongs. Pure.
"""

import json
from dataclasses import fields
from typing import Any

from storage.model import FetchOptions, PageRules, SourceDefinition

_ALWAYS = ("key", "url", "name", "kind")


def as_toml(definition: SourceDefinition) -> str:
    """Return the table of a source, with its rules below it."""
    lines = ["[[source]]", *_lines(as_table(definition))]
    if definition.rules is not None and (rules := rules_as_table(definition.rules)):
        lines += ["", "[source.rules]", *_lines(rules)]
    return "\n".join([*lines, *_options(definition.fetch)]) + "\n"


def _options(options: FetchOptions) -> list[str]:
    if options == FetchOptions():
        return []
    lines = ["", "[source.fetch]"]
    if not options.verify:
        lines.append("verify = false")
    if options.cookie:
        lines.append('# cookie = "…"')
    if options.headers:
        lines += ["", "[source.fetch.headers]", *(f'# {_value(name)} = "…"' for name, _ in options.headers)]
    return lines


def as_table(definition: SourceDefinition) -> dict[str, Any]:
    """Return the fields of a source that a file must name, without its rules and its options for fetching."""
    defaults = {field.name: field.default for field in fields(SourceDefinition)}
    values = {name: getattr(definition, name) for name in defaults if name not in ("rules", "fetch")}
    return {name: value for name, value in values.items() if name in _ALWAYS or value != defaults[name]}


def rules_as_table(rules: PageRules) -> dict[str, Any]:
    """Return the rules that differ from the defaults."""
    values = {field.name: getattr(rules, field.name) for field in fields(PageRules)}
    defaults = PageRules()
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if value != getattr(defaults, name)
    }


def _lines(table: dict[str, Any]) -> list[str]:
    return [f"{name} = {_value(value)}" for name, value in table.items()]


def _value(value: Any) -> str:
    # DEL is the one character that JSON leaves as it is and TOML refuses.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
