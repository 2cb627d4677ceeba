"""The settings: `kaigi.toml`, then `KAIGI_…` variables over it (`__` for nesting, `…_FILE` for secrets).

A setting that nobody knows is refused, wherever it is written, because a misspelt one that is silently ignored is
found out months later. Secrets are `SecretStr`, so that printing the settings never shows them.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from bot.setting_kinds import Address, Addresses, Duration, HookSecret, Hub, Ids, Keep, MaybeZone, Password, Token, Zone
from storage.errors import Misuse

PREFIX = "KAIGI_"
DEFAULT_FILE = Path("kaigi.toml")
TELEGRAM_API = "https://api.telegram.org"


class ConfigError(Misuse):
    """A setting that cannot be used. The message names it and says what would be right."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Web(_Section):
    """Where the page and the feeds are served."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    admin_password: Password = None
    requests_per_second: int = Field(default=10, ge=0, le=100_000)


class Telegram(_Section):
    """The bot. Without a token, alerts are printed to the terminal."""

    token: Token = None
    api_url: str = TELEGRAM_API
    admins: Ids = ()
    mode: Literal["polling", "webhook"] = "polling"
    webhook_secret: HookSecret = None


class Fetch(_Section):
    """How sources are asked."""

    user_agent: str = "Kaigi/0.1 (self-hosted news watcher)"
    allow_private_networks: bool = False
    max_body_mb: int = Field(default=8, ge=1, le=256)
    concurrency: int = Field(default=64, ge=1, le=1000)


class Poll(_Section):
    """How often."""

    default_interval: Duration = timedelta(minutes=10)
    min_interval: Duration = timedelta(minutes=1)


class Alerts(_Section):
    """What is news."""

    max_age: Duration = timedelta(hours=48)
    first_poll: bool = False
    flood_brake: int = Field(default=10, ge=1)
    uncertain: Literal["repeat", "park"] = "repeat"


class Notify(_Section):
    """Readers without Telegram: addresses as apprise writes them."""

    urls: Addresses = ()
    language: Literal["ja", "en"] | None = None
    time_zone: MaybeZone = None


class Backup(_Section):
    """Copies of an SQLite archive, made by the service itself."""

    folder: Path | None = None
    every: Duration = timedelta(days=1)
    keep: int = Field(default=7, ge=0, le=1000)


class Archive(_Section):
    """What is kept. Meetings are kept for good, whatever this says."""

    keep_items: Keep = None

    @field_validator("keep_items")
    @classmethod
    def _long_enough(cls, value: timedelta | None) -> timedelta | None:
        """What sources still show must be known, and reports of one meeting come over weeks."""
        if value is not None and value < timedelta(days=60):
            raise ValueError("write forever, or 60d or more: reports of one meeting come over weeks")
        return value


class Log(_Section):
    """How the log is written."""

    format: Literal["console", "json"] = "console"


class Settings(BaseSettings):
    """All settings with their defaults. Made by `load`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, env_ignore_empty=True
    )

    database_url: str = "sqlite:///data/kaigi.db"
    public_url: Address | None = None
    websub_hub: Hub | None = None
    web: Web = Web()
    telegram: Telegram = Telegram()
    fetch: Fetch = Fetch()
    poll: Poll = Poll()
    alerts: Alerts = Alerts()
    notify: Notify = Notify()
    sources_file: Path | None = None
    lexicon_dir: Path | None = None
    time_zone: Zone = "Asia/Tokyo"
    language: Literal["ja", "en"] = "ja"
    backup: Backup = Backup()
    archive: Archive = Archive()
    log: Log = Log()

    @model_validator(mode="after")
    def _can_be_called(self) -> Self:
        """Telegram calls only https, and only whoever it was told of."""
        if self.telegram.mode == "webhook":
            public = str(self.public_url or "")
            if self.telegram.webhook_secret is None:
                raise ValueError("telegram.mode webhook needs telegram.webhook_secret, a long random word")
            if not public.startswith("https://" if self.telegram.api_url == TELEGRAM_API else "http"):
                raise ValueError("telegram.mode webhook needs public_url with https://, where Telegram reaches us")
        return self

    @property
    def address(self) -> str:
        """The public address without a slash at its end; where the page is served, if none is set."""
        host = "localhost" if self.web.host in ("0.0.0.0", "::", "127.0.0.1") else self.web.host  # noqa: S104
        return str(self.public_url) if self.public_url else f"http://{host}:{self.web.port}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then variables, then the file that `load` chose."""
        toml = TomlConfigSettingsSource(settings_cls, toml_file=_chosen_file)
        return init_settings, env_settings, toml


_chosen_file: Path | None = None
_named_file: Path | None = None

SECRETS = ("telegram.token", "telegram.webhook_secret", "web.admin_password", "database_url", "notify.urls")


def use(file: Path | None) -> None:
    """Read the settings of this process from `file`, which must exist."""
    global _named_file  # noqa: PLW0603  the choice of the command line, made once
    _named_file = file


def load(file: Path | None = None, **overrides: Any) -> Settings:
    """Read the settings from `file`, else from the file that `use` named, else from `kaigi.toml` in this folder when
    it exists.

    Raises `ConfigError` with one line per mistake.
    """
    global _chosen_file  # noqa: PLW0603  pydantic-settings takes the file from a class method without arguments
    _chosen_file = _existing(file or _named_file)
    _refuse_unknown(os.environ)
    with _secret_files(os.environ):
        try:
            return Settings(**overrides)
        except ValidationError as error:
            raise ConfigError("\n".join(_lines(error))) from None
        except SettingsError as error:
            raise ConfigError(f"A variable cannot be read: {error}.") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{_chosen_file} cannot be read as TOML: {error}.") from None
        except OSError as error:
            raise ConfigError(f"{_chosen_file} cannot be read: {error.strerror}.") from None


def chosen_file() -> Path | None:
    """The settings file of this process, if it has one. Raises `ConfigError`."""
    return _existing(_named_file)


def secrets(settings: Settings) -> list[str]:
    """The secret words of these settings, to be kept out of the log."""
    given = (settings.telegram.token, settings.telegram.webhook_secret, settings.web.admin_password)
    found = [word.get_secret_value() for word in given if word]
    return [*found, *_passwords(settings.database_url), *_in_addresses(settings.notify.urls)]


def _in_addresses(urls: Iterable[SecretStr]) -> Iterator[str]:
    """Each address, and each part of it that may be a password: plugins and services repeat them in parts."""
    for url in urls:
        words = url.get_secret_value()
        yield words
        host = words.rpartition("@")[2].partition("://")[2] or words.rpartition("@")[2]
        parts = re.split(r"[/?&=:@]+", words.partition("://")[2])
        yield from (part for part in parts if part and not host.startswith(part))


def _passwords(address: str) -> list[str]:
    try:
        password = urlsplit(address).password
    except ValueError:  # not an address, which whoever opens it will say; hide all of it
        return [address]
    return [password] if password else []


def names(model: type[BaseModel] = Settings, before: str = "") -> Iterator[str]:
    """The names of all settings, with dots."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from names(kind, f"{before}{name}.")
        else:
            yield before + name


def variable(name: str) -> str:
    """The environment variable of a setting: `web.port` is `KAIGI_WEB__PORT`."""
    return PREFIX + name.upper().replace(".", "__")


def _existing(file: Path | None) -> Path | None:
    try:
        if (file or DEFAULT_FILE).is_file():
            return file or DEFAULT_FILE
    except PermissionError:
        if file is not None:
            raise ConfigError(f"{file} cannot be read: this user may not look into its folder.") from None
    if file is None:  # also in a folder that this user may not look into, as after `sudo -u`
        return None
    raise ConfigError(f"There is no settings file {file}. Leave --config out to run on the defaults.")


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    known = {variable(name) for name in names()}
    allowed = known | {f"{variable(name)}_FILE" for name in SECRETS}
    wrong = [name for name in environment if name.startswith(PREFIX) and name.upper() not in allowed]
    if wrong:
        raise ConfigError("\n".join(f"{name} is not a setting.{_hint(name, known)}" for name in wrong))


@contextmanager
def _secret_files(environment: MutableMapping[str, str]) -> Iterator[None]:
    """While open, each secret whose `…_FILE` variable is set stands in the environment as if given directly.

    It must not stay there: a child process, or a crash report, would carry it.
    """
    before = {
        key: environment[key] for name in map(variable, SECRETS) for key in (name, f"{name}_FILE") if key in environment
    }
    read = {name: _secret(name, place) for name in map(variable, SECRETS) if (place := environment.get(f"{name}_FILE"))}
    for key in before:
        del environment[key]
    environment.update({key: value for key, value in before.items() if not key.endswith("_FILE")} | read)
    try:
        yield
    finally:
        for name in map(variable, SECRETS):
            environment.pop(name, None)
        environment.update(before)


def _secret(name: str, place: str) -> str:
    if os.environ.get(name):
        raise ConfigError(f"{name} and {name}_FILE are both set. Keep one of them.")
    return secret_in(f"{name}_FILE", Path(place))


def secret_in(named_by: str, file: Path) -> str:
    """The secret that a file holds, of which `named_by` tells the name. Raises `ConfigError`; nothing of it is told."""
    try:
        return file.read_text(encoding="utf-8-sig").strip()  # some editors begin a file with a mark
    except OSError as error:
        raise ConfigError(f"{named_by} names {file}, which cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{named_by} names {file}, which is no text in UTF-8. Write it anew as plain text.") from None


def _lines(error: ValidationError) -> Iterator[str]:
    for problem in error.errors(include_url=False, include_input=False):
        name = ".".join(str(part) for part in problem["loc"] if isinstance(part, str))
        if problem["type"] == "extra_forbidden":
            yield f"{name} is not a setting.{_hint(name, set(names()))}"
        else:
            words = problem["msg"].removeprefix("Value error, ")
            where = f"{name} (or {variable(name)}): " if name else ""
            yield f"{where}{words[:1].lower()}{words[1:]}."


def _hint(name: str, known: set[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f" Did you mean {close[0]}?" if close else " docs/configuration.md lists them all."
