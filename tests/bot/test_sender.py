"""What an error of the Telegram library means for the message: sent, not sent, never, or nobody knows."""

from datetime import timedelta

import httpx
import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.outcomes import ChatGone, Moved, NotSent, Outcome, Refused, Unknown
from bot.sender import classify


def because(error: TelegramError, cause: Exception) -> TelegramError:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Forbidden("Forbidden: bot was blocked by the user"), ChatGone),
        (Forbidden("Forbidden: bot was kicked from the supergroup chat"), ChatGone),
        (BadRequest("Chat not found"), ChatGone),
        (BadRequest("Can't parse entities: unsupported start tag"), Refused),
        (BadRequest("Message is too long"), Refused),
        (ChatMigrated(-100123), Moved),
        (RetryAfter(7), NotSent),
        (InvalidToken("rejected"), NotSent),
        (Conflict("terminated by other getUpdates request"), NotSent),
        (because(NetworkError("refused"), httpx.ConnectError("refused")), NotSent),
        (because(TimedOut(), httpx.ConnectTimeout("slow")), NotSent),
        (because(TimedOut(), httpx.PoolTimeout("busy")), NotSent),
        (because(TimedOut(), httpx.ReadTimeout("slow")), Unknown),
        (because(NetworkError("closed"), httpx.RemoteProtocolError("closed")), Unknown),
        (NetworkError("Bad Gateway"), NotSent),
        (because(NetworkError("Bad Gateway (502). Parsing failed"), TelegramError("not JSON")), NotSent),
        (TelegramError("Invalid server response"), Unknown),
    ],
    ids=lambda value: str(value) if isinstance(value, Exception) else value.__name__,
)
def test_each_failure_is_what_it_says(error: TelegramError, outcome: type[Outcome]) -> None:
    assert type(classify(error)) is outcome


def test_a_flood_answer_stops_the_whole_channel_for_as_long_as_it_says() -> None:
    assert classify(RetryAfter(7)) == NotSent(str(RetryAfter(7)), timedelta(seconds=7), whole_channel=True)


def test_a_group_that_moved_tells_its_new_address() -> None:
    assert classify(ChatMigrated(-100123)) == Moved("-100123")
