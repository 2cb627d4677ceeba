"""The kinds of values that settings have, beside numbers and words: each is read here, or refused with what is right.

Used by `bot/config.py` alone.
"""

import re
from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, HttpUrl, SecretStr
from pydantic_settings import NoDecode

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_TOKEN = re.compile(r"\d{3,}:[A-Za-z0-9_-]{20,}")
SHORTEST_PASSWORD = 12  #: characters
_HOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")


def _duration(value: object) -> object:
    if not isinstance(value, str):
        return value
    match = _DURATION.fullmatch(value.strip())
    if match is None:
        raise ValueError("write a duration such as 90s, 10m, 48h or 7d")
    return timedelta(seconds=float(match[1]) * _SECONDS[match[2]])


def _forever(value: object) -> object:
    return None if isinstance(value, str) and value.strip().lower() == "forever" else _duration(value)


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("a duration must be longer than nothing")
    return value


def _ids(value: object) -> object:
    """`12,13` in a variable, `[12, 13]` in the file."""
    if isinstance(value, int):
        return (value,)
    return [part.strip() for part in value.strip("[]").split(",") if part.strip()] if isinstance(value, str) else value


def _hook_secret(value: SecretStr | None) -> SecretStr | None:
    if value is not None and not _HOOK_SECRET.fullmatch(value.get_secret_value()):
        raise ValueError("a webhook secret has 16 to 256 letters, digits, hyphens and underscores")
    return value


def _admin_password(value: SecretStr | None) -> SecretStr | None:
    if value is not None and len(value.get_secret_value()) < SHORTEST_PASSWORD:
        raise ValueError(f"a password for the admin area has at least {SHORTEST_PASSWORD} characters")
    return value


def _addresses(value: object) -> object:
    """Addresses between white space in a variable or a file, a list in `kaigi.toml`."""
    return value.split() if isinstance(value, str) else value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("write an IANA time zone such as Asia/Tokyo") from error
    return value


def _token(value: SecretStr | None) -> SecretStr | None:
    if value is None or not value.get_secret_value().strip():
        return None
    if not _TOKEN.fullmatch(value.get_secret_value().strip()):
        raise ValueError("this is not a bot token; @BotFather gives one like 123456789:AAF… for /newbot")
    return SecretStr(value.get_secret_value().strip())


Duration = Annotated[timedelta, BeforeValidator(_duration), AfterValidator(_positive)]
Keep = Annotated[timedelta | None, BeforeValidator(_forever)]
Zone = Annotated[str, AfterValidator(_zone)]
Token = Annotated[SecretStr | None, AfterValidator(_token)]
Hub = Annotated[HttpUrl, AfterValidator(str)]
Address = Annotated[HttpUrl, AfterValidator(lambda url: str(url).rstrip("/"))]
MaybeZone = Annotated[str | None, AfterValidator(lambda zone: zone if zone is None else _zone(zone))]
Password = Annotated[SecretStr | None, AfterValidator(_admin_password)]
HookSecret = Annotated[SecretStr | None, AfterValidator(_hook_secret)]
Ids = Annotated[tuple[int, ...], NoDecode, BeforeValidator(_ids)]
Addresses = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_addresses)]
