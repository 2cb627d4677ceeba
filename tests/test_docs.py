"""The documents say what the program does: settings, commands, messages and links are compared with the code."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from typer.main import get_command

from bot import config
from bot.cli import app
from bot.telegram.admin import COMMANDS as ADMIN_COMMANDS
from bot.telegram.commands import COMMANDS
from bot.telegram.texts import text
from feeds.collect.catalogue import load_sources
from feeds.publish import atom, extension, openapi
from feeds.publish.entries import FeedHead, meetings_feed
from storage.model import PageRules, SourceDefinition, Trust
from storage.tables import metadata
from tests.support.build import NOW, facts, minister, story

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
EXAMPLE = ROOT / "kaigi.example.toml"
CONFIGURATION = ROOT / "docs" / "configuration.md"
TELEGRAM = ROOT / "docs" / "telegram.md"
ADMIN = ROOT / "docs" / "bot-admin.md"
FEEDS = ROOT / "docs" / "feeds.md"
SOURCES = ROOT / "docs" / "sources.md"
BUNDLED = ROOT / "feeds" / "sources.toml"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
SETTINGS = list(config.names())

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_COMMENTED = re.compile(r"^#(?=[a-z\[])", re.MULTILINE)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The settings of whoever runs the tests must not matter."""
    for name in [config.variable(setting) for setting in SETTINGS]:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)
    monkeypatch.chdir(tmp_path)


def read(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def section(document: Path, heading: str) -> str:
    """What stands under `## heading`."""
    _, _, rest = read(document).partition(f"\n## {heading}\n")
    assert rest, f"{document.name} has no section {heading!r}"
    return rest.split("\n## ")[0]


def rows(words: str) -> list[list[str]]:
    """The cells of all table rows; a bar that belongs to a cell is written with a backslash."""
    lines = [line for line in words.splitlines() if line.startswith("|") and not line.startswith("|---")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def blocks(document: Path, language: str) -> list[str]:
    return [body for name, body in _FENCED.findall(read(document)) if name == language]


def settings_from(words: str, tmp_path: Path) -> config.Settings:
    file = tmp_path / "written.toml"
    file.write_text(words, encoding="utf-8")
    return config.load(file)


def defaults() -> config.Settings:
    """Without a file and without variables."""
    return config.load()


def readme_settings() -> dict[str, list[str]]:
    return {code(row[0])[0]: row for row in rows(section(README, "Settings"))[1:]}


def explained_settings() -> dict[str, tuple[str | None, str]]:
    """Setting → default as TOML (None: no default) and variable, as docs/configuration.md gives them."""
    pattern = r"^### `([\w.]+)`\n\n(?:Default `(.+)`|No default) · `(\w+)`\n\n\S"
    found = re.findall(pattern, read(CONFIGURATION), re.MULTILINE)
    return {name: (default or None, variable) for name, default, variable in found}


def test_readme_lists_every_setting_with_its_variable() -> None:
    listed = readme_settings()
    assert sorted(listed) == sorted(SETTINGS)
    assert {name: code(row[1]) for name, row in listed.items()} == {name: [config.variable(name)] for name in SETTINGS}


def test_the_defaults_in_the_readme_are_the_program_s(tmp_path: Path) -> None:
    written = [f"{name} = {code(row[2])[0]}" for name, row in readme_settings().items() if code(row[2])]
    assert settings_from("\n".join(written), tmp_path) == defaults()
    unset = {name for name, row in readme_settings().items() if not code(row[2])}
    assert unset == {name for name in SETTINGS if setting(defaults(), name) is None}


def setting(settings: Any, name: str) -> Any:
    for part in name.split("."):
        settings = getattr(settings, part)
    return settings


def test_every_setting_is_explained_with_its_variable_and_its_default(tmp_path: Path) -> None:
    explained = explained_settings()
    assert sorted(explained) == sorted(SETTINGS)
    assert all(variable == config.variable(name) for name, (_, variable) in explained.items())
    written = [f"{name} = {default}" for name, (default, _) in explained.items() if default is not None]
    assert settings_from("\n".join(written), tmp_path) == defaults()
    unset = {name for name, (default, _) in explained.items() if default is None}
    assert unset == {name for name in SETTINGS if setting(defaults(), name) is None}


def test_every_secret_is_documented_with_its_file_form() -> None:
    for document in (README, CONFIGURATION):
        for name in config.SECRETS:
            assert f"{config.variable(name)}_FILE" in read(document), (document.name, name)


def test_the_example_file_changes_nothing_as_it_is() -> None:
    assert config.load(EXAMPLE) == defaults()


def test_the_example_file_holds_every_setting_and_loads_when_it_is_uncommented(tmp_path: Path) -> None:
    words = _COMMENTED.sub("", read(EXAMPLE))
    assert sorted(flat(tomllib.loads(words))) == sorted(SETTINGS)
    loaded = settings_from(words, tmp_path)
    differs = {name for name in SETTINGS if setting(loaded, name) != setting(defaults(), name)}
    assert differs == {name for name in SETTINGS if setting(defaults(), name) is None}


def flat(table: dict[str, Any], before: str = "") -> Iterator[str]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{before}{name}.")
        else:
            yield before + name


def test_the_example_file_says_which_values_are_only_examples() -> None:
    lines = read(EXAMPLE).splitlines()
    for number, line in enumerate(lines):
        name = line.removeprefix("#").split(" = ")[0]
        only_example = name in (
            "public_url", "websub_hub", "sources_file", "lexicon_dir", "token", "webhook_secret",
        )  # fmt: skip
        if _COMMENTED.match(line) and only_example:
            assert lines[number - 1].endswith("Example; not set by default.")


@pytest.mark.parametrize("row", rows(section(CONFIGURATION, "Error messages").split("Other reasons")[0])[1:])
def test_the_program_complains_in_the_words_of_the_document(row: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    name, _, value = code(row[0])[0].partition("=")
    monkeypatch.setenv(name, value)
    with pytest.raises(config.ConfigError) as caught:
        config.load()
    assert [str(caught.value)] == code(row[1])


def commands(command: Any, path: str = "kaigi") -> Iterator[tuple[str, Any]]:
    """All commands with their whole names; typer brings a click of its own, so its classes are not named here."""
    if children := getattr(command, "commands", {}):
        for name, child in children.items():
            yield from commands(child, f"{path} {name}")
    else:
        yield path, command


def documented_commands() -> dict[str, str]:
    """Command without its arguments → the whole line in the README."""
    lines = [code(row[0])[0] for row in rows(section(README, "Commands"))[1:]]
    return {re.split(r" (?=[\[A-Z-])", line)[0]: line for line in lines}


def test_the_readme_lists_exactly_the_commands_that_exist() -> None:
    assert sorted(documented_commands()) == sorted(path for path, _ in commands(get_command(app)))


def test_the_options_in_the_documents_exist() -> None:
    known = {path: {o for p in command.params for o in p.opts} for path, command in commands(get_command(app))}
    for path, line in documented_commands().items():
        assert set(re.findall(r"--[a-z-]+", line)) <= known[path], line
    written = [line for body in blocks(SOURCES, "") for line in body.replace("\\\n", " ").splitlines()]
    for words in (shlex.split(line) for line in written if line.startswith("kaigi sources add")):
        assert {word for word in words if word.startswith("--")} <= known["kaigi sources add"]


def test_every_command_of_the_bot_is_documented_in_both_languages() -> None:
    listed = {code(row[0])[0]: row[1:] for row in rows(section(TELEGRAM, "Commands"))[1:]}
    assert listed == {f"/{name}": [about, text("ja", about)] for name, about in COMMANDS}
    assert all(f"`/{name}`" in read(README) for name, _ in COMMANDS)


def test_every_command_of_the_admins_is_documented() -> None:
    listed = [code(row[0])[0] for row in rows(section(ADMIN, "Commands").split("\n### ")[0])[1:]]
    assert listed == [f"/{name}" for name, _, _ in ADMIN_COMMANDS]


def test_every_field_rule_and_trust_level_of_a_source_is_documented() -> None:
    fields = {code(row[0])[0] for row in rows(section(SOURCES, "The format"))[1:]}
    assert fields == set(SourceDefinition.__dataclass_fields__)
    rules = {code(row[0])[0] for row in rows(section(SOURCES, "Pages without a feed"))[1:]}
    assert rules == set(PageRules.__dataclass_fields__)
    assert [code(row[0])[0] for row in rows(section(SOURCES, "Trust"))[1:]] == [str(level) for level in Trust]


def test_every_element_of_our_namespace_and_every_parameter_of_the_api_is_documented() -> None:
    told = story(
        facts(ends_on=date(2025, 11, 2), outcomes=("x",), series="admm-plus", edition=12, parent="sld", venue="y",
              principals=(minister("JP", name="a", name_ja="b", office="c", substitute=True),)),
    )  # fmt: skip
    imprint = FeedHead(
        authority="kaigi.example,2025-11-01", key="x", title="X", address="https://kaigi.example", language="ja",
        began_at=NOW,
    )  # fmt: skip
    document = etree.fromstring(atom.write(meetings_feed(imprint, [told])))
    written = {
        etree.QName(one).localname: {*map(str, one.attrib)} for one in document.iter(f"{{{extension.NAMESPACE}}}*")
    }
    table = {code(row[0])[0]: row[1] for row in rows(section(FEEDS, "Facts for programs")) if code(row[0])}
    assert table.keys() == written.keys()
    for element, attributes in written.items():
        assert attributes <= {words.split("=")[0] for words in code(table[element])}, element
    assert extension.NAMESPACE in read(FEEDS)
    parameters = {name for row in rows(section(FEEDS, "The API"))[1:] for name in code(row[0])}
    known = openapi.description("https://kaigi.example")["paths"]["/api/meetings"]["get"]["parameters"]
    assert parameters == {one["name"] for one in known}


def test_the_examples_of_sources_load() -> None:
    examples = blocks(SOURCES, "toml")
    assert len(examples) == 3
    assert len(load_sources("\n".join(examples))) == 3


def test_the_examples_of_settings_load(tmp_path: Path) -> None:
    for document in (CONFIGURATION, TELEGRAM, ADMIN):
        for example in blocks(document, "toml"):
            settings_from(example, tmp_path)


def test_the_disabled_sources_are_named_with_their_reason() -> None:
    listed = [key for row in rows(section(SOURCES, "Bundled sources that are disabled"))[1:] for key in code(row[0])]
    assert sorted(listed) == sorted(one.key for one in load_sources(read(BUNDLED)) if not one.enabled)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_every_relative_link_leads_to_a_file(document: Path) -> None:
    for target in _LINK.findall(read(document)):
        if not target.startswith(("https://", "http://", "#")):
            assert (document.parent / target.split("#")[0]).is_file(), f"{document.name}: {target}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_every_module_and_folder_that_is_named_exists(document: Path) -> None:
    for path in re.findall(r"`((?:bot|feeds|storage|tests|docs)/[\w./*-]*)`", read(document)):
        assert list(ROOT.glob(path.rstrip("/"))), f"{document.name}: {path}"


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads(read(ROOT / "pyproject.toml"))
    extras = project["project"]["optional-dependencies"].values()
    groups = project["dependency-groups"].values()
    required = [*project["project"]["dependencies"], *(one for group in (*extras, *groups) for one in group)]
    names = {re.split(r"[\[<>=!~; ]", one)[0] for one in required}
    reasons = {row[0]: row[1] for row in rows(read(ROOT / "docs" / "dependencies.md")) if row[0] != "package"}
    assert set(reasons) == names
    assert all(reasons.values())


# Made of pieces, so that a search for these words does not find this file.
_FORBIDDEN = {
    "a package registry's host": ["py" + "pi.org", "pythonhosted" + ".org", "npm" + "js.org", "crates" + ".io"],
    "a path of one machine": ["/wo" + "rk/", "/ho" + "me/", "/ro" + "ot/", "/Us" + "ers/", "/t" + "mp/"],
}


@pytest.mark.parametrize("document", [*DOCUMENTS, EXAMPLE], ids=lambda file: file.name)
@pytest.mark.parametrize("what", _FORBIDDEN)
def test_no_document_names(document: Path, what: str) -> None:
    assert not [word for word in _FORBIDDEN[what] if word in read(document)], what


def test_of_each_table_it_is_said_what_bounds_it() -> None:
    listed = section(ROOT / "docs" / "operations.md", "What is kept")
    named = set(re.findall(r"`([a-z_]+)`", "".join(re.findall(r"^\| .*? \|", listed, re.MULTILINE))))
    assert set(metadata.tables) - named == set()
