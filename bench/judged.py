"""Every call that the tests make of Telegram, judged by aiogram's models.

    python -m bench.judged [TESTS…]

Runs the tests of the bot (or those that are named) with the real python-telegram-bot; what it asks of the Bot API
server of the tests is kept and judged at the end. TDLib judges each text while they run.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from bench.figures import Goal, print_table, report
from tests.support.recording import FOLDER

TESTS = ("tests/bot",)


def judge(calls: Path) -> dict[str, Any] | None:
    """What aiogram says to recorded calls (a file, or a folder of them): `calls`, `faults`, `methods`. None when it is
    not there."""
    python = Path(os.environ.get("JUDGE_PYTHON", ".venv-judge/bin/python"))
    if not python.is_file():
        print(f"aiogram is not there ({python}): the calls are not judged")
        return None
    done = subprocess.run(
        [python, "-m", "bench.judge_calls", calls], capture_output=True, encoding="utf-8", check=False
    )
    told: dict[str, Any] = json.loads(done.stdout or '{"calls": 0, "faults": ["the judge failed"], "methods": {}}')
    print(f"aiogram judged {told['calls']} calls", *told["faults"], done.stderr[-500:], sep="\n")
    return told


def goals(told: dict[str, Any] | None) -> list[Goal]:
    """The goal that no call is refused."""
    faults = None if told is None else len(told["faults"])
    return [Goal(name="calls that the Bot API's models refuse", goal=0, value=faults, unit="", at_least=False)]


def main() -> int:
    """Run the tests and let their calls be judged."""
    with tempfile.TemporaryDirectory(prefix="kaigi-calls-") as folder:
        command = [sys.executable, "-m", "pytest", *(sys.argv[1:] or TESTS)]
        failed = subprocess.run(command, env={**os.environ, FOLDER: folder}, check=False).returncode
        told = judge(Path(folder))
    if told is not None:
        print_table(("method", "calls"), [(name, str(count)) for name, count in Counter(told["methods"]).most_common()])
    least = Goal(name="calls judged", goal=1, value=told["calls"] if told else None, unit="")
    tests = Goal(name="test runs that failed", goal=0, value=int(failed != 0), unit="", at_least=False)
    return report("judge", [tests, least, *goals(told)])


if __name__ == "__main__":
    sys.exit(main())
