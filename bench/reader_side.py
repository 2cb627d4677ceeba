"""lemon24/reader under the same measurement: runs in an environment of its own and imports nothing of Kaigi.

Started as `python bench/reader_side.py DATABASE`. The first line on standard input names a file of addresses, one a
line; every line after it updates all feeds with eight workers, and is answered with one line of JSON.
"""

import json
import sys
import time
from collections import Counter
from pathlib import Path

from reader import make_reader

WORKERS = 8


def main() -> None:
    """Update on demand."""
    reader = make_reader(sys.argv[1])
    for line in Path(sys.stdin.readline().strip()).read_text(encoding="utf-8").split():
        reader.add_feed(line)
    print("ready", flush=True)
    while sys.stdin.readline():
        outcomes: Counter[str] = Counter()
        started = time.perf_counter()
        for result in reader.update_feeds_iter(scheduled=False, workers=WORKERS):
            updated = result.updated_feed
            outcomes["failed" if result.error else "changed" if updated and updated.new else "unchanged"] += 1
            outcomes["new"] += updated.new if updated else 0
        print(json.dumps({"seconds": time.perf_counter() - started, "outcomes": outcomes}), flush=True)
    reader.close()


if __name__ == "__main__":
    main()
