"""What is given for Docker and systemd fits the program: each service can read its settings, and no log grows on."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from bot import config, parts
from bot.config import Settings
from storage.choices import Role

ROOT = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
UNITS = {name: (ROOT / "docs" / "monitoring" / name).read_text(encoding="utf-8") for name in (
    "kaigi.service", "kaigi@.service")}  # fmt: skip
PARTS = [name for name in COMPOSE if name != "postgres"]
SECRETS = {"telegram_token": "123456789:AAF-a_token_made_for_tests_only_00000", "database_url": "postgresql://k@db/k"}


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A folder with the secrets, and no settings of whoever runs the tests."""
    for name, words in SECRETS.items():
        (tmp_path / name).write_text(words, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def read(variables: dict[str, Any], environment: pytest.MonkeyPatch) -> Settings:
    """The settings that a service has with these variables."""
    for name, value in variables.items():
        words = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", str(value))
        environment.setenv(name, words.replace("/run/secrets/", "").replace("%d/", ""))
    return config.load()


def image() -> dict[str, str]:
    """What the image sets for every container."""
    return dict(re.findall(r"(KAIGI_\w+)=(\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", PARTS)
def test_each_container_can_read_its_settings_and_may_have_its_role(name: str, environment: pytest.MonkeyPatch) -> None:
    settings = read({**image(), **COMPOSE[name]["environment"]}, environment)
    words = COMPOSE[name].get("command", ["run"])
    role = Role(words[words.index("--role") + 1]) if "--role" in words else Role.ALL
    parts.allow(role, settings)
    assert settings.database_url.startswith("sqlite:////data/" if role is Role.ALL else "postgresql://")


@pytest.mark.parametrize("name", COMPOSE)
def test_no_container_keeps_its_log_without_end(name: str) -> None:
    assert COMPOSE[name]["logging"]["options"]["max-size"] == "10m"


@pytest.mark.parametrize(("name", "role"), [("kaigi.service", Role.ALL), *(("kaigi@.service", one) for one in Role)])
def test_each_unit_hands_over_the_secrets_that_its_settings_name(
    name: str, role: Role, environment: pytest.MonkeyPatch
) -> None:
    settings = read(dict(re.findall(r"^Environment=(\w+)=(.*)$", UNITS[name], re.MULTILINE)), environment)
    parts.allow(role, settings)
    handed = set(re.findall(r"^LoadCredential=(\w+):", UNITS[name], re.MULTILINE))
    assert handed == set(re.findall(r"=%d/(\w+)$", UNITS[name], re.MULTILINE))


def test_a_service_that_cannot_start_is_tried_again_for_ever_unless_a_setting_is_wrong() -> None:
    for unit in UNITS.values():
        assert "Restart=always\n" in unit
        assert "StartLimitIntervalSec=0\n" in unit
        assert "RestartPreventExitStatus=2\n" in unit


def test_what_sqlite_keeps_for_a_while_lies_beside_the_archive_and_not_in_memory() -> None:
    assert re.search(r"SQLITE_TMPDIR=/data\b", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    assert "Environment=SQLITE_TMPDIR=/var/lib/kaigi\n" in UNITS["kaigi.service"]
