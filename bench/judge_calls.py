"""Judges recorded calls with aiogram's models, which are generated from Telegram's documentation of the Bot API.

    python -m bench.judge_calls FILE|FOLDER

aiogram wants an older pydantic than Kaigi, so it has an environment of its own. Prints one line of JSON:
{"calls": n, "faults": [...], "methods": {name: n}}. A line of a file is {"method": …, "parameters": {…}} as a form
carried it, and "test" where a test made the call.
"""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from aiogram import methods
from aiogram.methods import TelegramMethod


def judged(method: str, parameters: dict[str, str]) -> str | None:
    """What is wrong with a call; None when nothing is."""
    model: type[TelegramMethod[Any]] | None = getattr(methods, method[:1].upper() + method[1:], None)
    if model is None:
        return f"{method} is no method"
    unknown = set(parameters) - set(model.model_fields)
    if unknown:
        return f"{method} has no {sorted(unknown)}"
    try:
        model.model_validate({name: _value(value) for name, value in parameters.items()})
    except ValueError as error:
        return f"{method}: {error}"
    return None


def _value(written: str) -> Any:
    """A form's value: JSON for objects and lists; the model reads numbers and truth from words."""
    return json.loads(written) if written[:1] in "[{" else written


def main() -> int:
    """Judge the file, or the files of the folder, that the command line names."""
    place = Path(sys.argv[1])
    files = sorted(place.glob("*.jsonl")) if place.is_dir() else [place]
    calls = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    faults = [
        f"{fault} {call.get('test', '')}".strip()
        for call in calls
        if (fault := judged(call["method"], call["parameters"])) is not None
    ]
    methods = Counter(call["method"] for call in calls)
    print(json.dumps({"calls": len(calls), "faults": faults[:20], "methods": methods}))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
