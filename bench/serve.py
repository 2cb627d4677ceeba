"""Measures what a cached feed costs against a plain Starlette response of the same bytes, and how many polls are 304.

    reader ══ keep-alive connections ══► [kaigi] and [plain], each a process of its own, asked in turns
    a day of readers ──► conditional polls while articles and meetings land ──► share of 304

Both servers are the same uvicorn with the same settings; only the application differs. Turns alternate, so that a busy
machine slows both; the medians are compared.
"""

import argparse
import asyncio
import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Goal, number, print_table, report
from bench.serve_day import day
from bench.serve_side import PATH

CONNECTIONS = 16
WARM_UP = 200  #: requests before the first turn


async def main(turns: int, seconds: float, readers: int) -> int:
    """Measure, and print what came of it. Returns the exit status."""
    with tempfile.TemporaryDirectory(prefix="kaigi-serve-") as folder, _server("kaigi", folder) as kaigi:
        body = await _body(kaigi)
        file = Path(folder) / "body"
        file.write_bytes(body)
        with _server("plain", folder) as plain:
            rates = await _turns({"kaigi": kaigi, "plain": plain}, turns, seconds)
        polls, unchanged, reads = await day(Path(folder) / "day.db", readers)
    ratios = [ours / theirs for ours, theirs in zip(rates["kaigi"], rates["plain"], strict=True)]
    rows = [
        (name, number(statistics.median(found), 0), number(min(found), 0), number(max(found), 0))
        for name, found in rates.items()
    ]
    print(f"\nOne feed of {len(body):,} bytes, {CONNECTIONS} connections, {turns} turns of {seconds:g} s each\n")
    print_table(("requests a second", "median", "least", "most"), rows)
    told = f"{polls:,} conditional polls, {unchanged:,} answered 304, {reads:,} database reads"
    print(f"{readers} readers over a day: {told}\n")
    return report(
        "bench-serve",
        [
            Goal(name="cached feed vs plain Starlette", goal=0.8, value=statistics.median(ratios), unit="x"),
            Goal(name="conditional polls answered 304", goal=95, value=100 * unchanged / polls, unit="%"),
        ],
    )


@contextlib.contextmanager
def _server(kind: str, folder: str) -> Iterator[int]:
    """A server in a process of its own; gives its port, and ends it."""
    command = [sys.executable, "-m", "bench.serve_side", kind, folder]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(10)


async def _turns(ports: dict[str, int], turns: int, seconds: float) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {name: [] for name in ports}
    for port in ports.values():
        await _load(port, 0.0, WARM_UP)
    for turn in range(turns):
        for name in sorted(ports, reverse=bool(turn % 2)):
            rates[name].append(await _load(ports[name], seconds))
    return rates


async def _load(port: int, seconds: float, least: int = 0) -> float:
    """Ask as fast as the answers come, over all connections, and tell the answers a second."""
    began = time.perf_counter()
    counts = await asyncio.gather(*(_ask(port, began + seconds, least // CONNECTIONS) for _ in range(CONNECTIONS)))
    return sum(counts) / (time.perf_counter() - began)


async def _ask(port: int, until: float, least: int) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
    request = f"GET {PATH} HTTP/1.1\r\nHost: kaigi.example\r\nAccept: */*\r\nUser-Agent: bench\r\n\r\n".encode()
    count = 0
    while count < least or time.perf_counter() < until:
        writer.write(request)
        await _answer(reader)
        count += 1
    writer.close()
    await writer.wait_closed()
    return count


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 "):
        raise SystemExit(f"an answer that was not measured for: {head.splitlines()[0].decode()}")
    length = next(int(row.partition(b":")[2]) for row in head.splitlines() if row.lower().startswith(b"content-length"))
    return await reader.readexactly(length)


async def _body(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
    writer.write(f"GET {PATH} HTTP/1.1\r\nHost: kaigi.example\r\n\r\n".encode())
    body = await _answer(reader)
    writer.close()
    return body


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=12, help="measurements of each server")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of one")
    parser.add_argument("--readers", type=int, default=200, help="feed readers in the simulated day")
    words = parser.parse_args()
    sys.exit(asyncio.run(main(words.turns, words.seconds, words.readers)))
