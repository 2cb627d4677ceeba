"""The Telegram bot. With `bot/sender.py` the only rooms that may import `telegram`."""

import os

# python-telegram-bot gives waiting times as plain seconds, with a warning that this will end, unless told otherwise.
os.environ.setdefault("PTB_TIMEDELTA", "true")
