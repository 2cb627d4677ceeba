"""Keeps every call that the bot made of Telegram in a run of the tests, for a judge (`make judge`)."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

FOLDER = "JUDGE_CALLS"  #: environment: where to keep calls; none are kept without it


def record(method: str, parameters: Mapping[str, str]) -> None:
    """Keep a call as a form carried it. Not those by which tests/support tests the Bot API server itself."""
    folder = os.environ.get(FOLDER)
    test = os.environ.get("PYTEST_CURRENT_TEST", "")
    if not folder or test.startswith("tests/support/"):
        return
    line = {"method": method, "parameters": dict(parameters), "test": test.partition(" ")[0]}
    with (Path(folder) / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
