"""The log speaks to people or machines, and never tells a secret."""

import json
import logging
from secrets import token_urlsafe

import pytest
import structlog

from bot import logs
from bot.telegram.webhook import path_of

TOKEN = "123456789:AAF-a_token_made_for_tests_only_00000"


@pytest.fixture(autouse=True)
def _quiet_afterwards() -> "object":
    before = structlog.get_config()
    yield
    logging.getLogger().handlers.clear()
    structlog.configure(**before)


def test_a_token_is_hidden_wherever_it_stands(capfd: pytest.CaptureFixture[str]) -> None:
    logs.set_up("console", ["database-password"])
    structlog.get_logger("x").warning("asked", url=f"https://api.telegram.org/bot{TOKEN}/getMe")
    logging.getLogger("library").warning("cannot connect as %s", "database-password")
    try:
        raise ValueError(f"bad token {TOKEN}")
    except ValueError:
        structlog.get_logger("x").exception("failed")
    told = capfd.readouterr().err
    assert TOKEN not in told
    assert "database-password" not in told
    assert told.count("***") == 3


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_secret_is_hidden_also_where_it_is_written_in_another_way(
    form: str, capfd: pytest.CaptureFixture[str]
) -> None:
    logs.set_up(form, ['quote"and\\stroke', "of%20an%2Faddress"])
    for word in ('quote"and\\stroke', "of an/address", "of%20an%2Faddress"):
        structlog.get_logger("x").warning("asked", password=word, shown=repr(word))
    told = capfd.readouterr().err
    assert told.count("***") == 6
    for piece in ("quote", "stroke", "address"):
        assert piece not in told


@pytest.mark.parametrize("path", ["/admin/login/{}", "/websub/{}", "/telegram/{}"])
def test_the_secret_word_of_an_address_of_ours_is_hidden_wherever_it_stands(
    path: str, capfd: pytest.CaptureFixture[str]
) -> None:
    word = path_of("a secret") if "telegram" in path else token_urlsafe(32)
    logs.set_up("json")
    structlog.get_logger("x").warning("asked", path=path.format(word), url=f"https://x.example{path.format(word)}?a=1")
    logging.getLogger("library").warning("GET %s/ failed", path.format(word))
    told = capfd.readouterr().err
    assert word not in told
    assert told.count(path.format("***")) == 3
    assert "?a=1" in told


def test_a_traceback_never_shows_local_variables(capfd: pytest.CaptureFixture[str]) -> None:
    logs.set_up("console")
    hidden_in_a_variable = "swordfish-" * 2
    try:
        raise ValueError("plain")
    except ValueError:
        structlog.get_logger("x").exception("failed", length=len(hidden_in_a_variable))
    assert "swordfish" not in capfd.readouterr().err.replace('"swordfish-" * 2', "")


def test_json_is_one_object_a_line_with_the_same_fields(capfd: pytest.CaptureFixture[str]) -> None:
    logs.set_up("json")
    structlog.get_logger("poll").info("polled", source="防衛省", new=3)
    logging.getLogger("library").warning("hm %s", 1)
    first, second = map(json.loads, capfd.readouterr().err.splitlines())
    assert (first["event"], first["source"], first["new"], first["level"]) == ("polled", "防衛省", 3, "info")
    assert second["event"] == "hm 1"


def test_libraries_that_write_addresses_at_info_are_kept_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    logs.set_up("console")
    logging.getLogger("httpx").info("HTTP Request: POST https://api.telegram.org/bot…")
    assert capfd.readouterr().err == ""
