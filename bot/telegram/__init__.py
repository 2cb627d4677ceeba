"""The Telegram bot. With `bot/sender.py` the only rooms that may import `telegram`."""

import importlib.util
import os
import sys

# python-telegram-bot gives waiting times as plain seconds, with a warning that this will end, unless told otherwise.
os.environ.setdefault("PTB_TIMEDELTA", "true")

# Where sniffio is not installed, httpcore looks for it in all folders of the program at every lock and event of every
# request, a tenth of a millisecond each time. It would tell asyncio from other loops; here there is no other.
if importlib.util.find_spec("sniffio") is None:
    sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]
