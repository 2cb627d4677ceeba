"""Quiet hours and digests, under the name by which deciding and the bot know them. Pure.

They are kept in `storage/hours.py`, because storage, which may import nothing above it, needs them to hold messages.
"""

from storage.hours import DAYS, OFF, WrongTime, in_quiet, next_digest, parse_digest, parse_quiet

__all__ = ["DAYS", "OFF", "WrongTime", "in_quiet", "next_digest", "parse_digest", "parse_quiet"]
