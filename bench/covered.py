"""What the tests reach of the core and of storage: statements and branches, measured by coverage.py.

    python -m bench.covered [--again] [TESTS…]

The core is what the import contract "The core is pure" in pyproject.toml names, so the two cannot drift apart. A module
that is not reached whole must stand in docs/reliability.md, in the section "What no test reaches", with the reason.

`--again` reads what the last run left, without running the tests; it ends after the table.
"""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Goal, print_table, report

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".cache" / "coverage"
LIST = ROOT / "docs" / "reliability.md"
HEADING = "## What no test reaches"
CONTRACT = "The core is pure"
MIGRATIONS = "storage/migrations/*"  #: tests of upgrades take archives of every age through them
MOST = 12  #: lines and branches of a module that are named

TESTS = ("tests/storage", "tests/feeds", "tests/bot")
#: These show whole processes and a real browser; what they reach of the core is reached by nearer tests as well.
LEFT_OUT = (
    "tests/bot/test_chaos.py", "tests/bot/test_demo.py", "tests/bot/test_killed.py", "tests/bot/test_roles.py",
    "tests/bot/test_standby.py", "tests/bot/web/test_browser.py", "tests/feeds/publish/test_browser.py",
)  # fmt: skip

#: What reads labelled items that are not part of the repository would show more on the machines that have them.
EVERYWHERE = "not labelled_items and not corpus and not began_with"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reached:
    """What was reached of one module, or of all: statements and branches together, and where the rest is."""

    there: int
    reached: int
    rest: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether nothing is left."""
        return self.reached == self.there

    @property
    def percent(self) -> float:
        """Rounded down, so that 100 means all."""
        return int(10_000 * self.reached / self.there) / 100 if self.there else 100.0


def measured() -> list[str]:
    """The files of the core and of storage, as patterns of paths."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (core,) = (one["source_modules"] for one in contracts if one["name"].startswith(CONTRACT))
    paths = [name.replace(".", "/") for name in core if not name.startswith("storage.")]
    return ["storage/*", *(f"{path}/*" if (ROOT / path).is_dir() else f"{path}.py" for path in paths)]


def run(tests: list[str]) -> int:
    """Run tests under coverage.py, in as many processes as they start. Returns the exit status of pytest."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    coverage("erase")
    skipped = [] if tests else [f"--ignore={path}" for path in LEFT_OUT]
    status = coverage("run", "-m", "pytest", "-n", "2", "-k", EVERYWHERE, *(tests or TESTS), *skipped)
    coverage("combine", "--quiet")
    return status


def coverage(*arguments: str) -> int:
    """One command of coverage.py, with the settings in pyproject.toml."""
    return subprocess.run([sys.executable, "-m", "coverage", *arguments], cwd=ROOT, check=False).returncode


def read() -> tuple[Reached, Mapping[str, Reached]]:
    """What the last run reached: of all, and of each module."""
    file = FOLDER / "told.json"
    coverage("json", "--quiet", f"--include={','.join(measured())}", f"--omit={MIGRATIONS}", "-o", str(file))
    told = json.loads(file.read_text(encoding="utf-8"))
    return _reached(told["totals"]), {path: _reached(one["summary"], one) for path, one in told["files"].items()}


def _reached(summary: Mapping[str, int], lines: Mapping[str, list[int] | list[list[int]]] | None = None) -> Reached:
    return Reached(
        there=summary["num_statements"] + summary["num_branches"],
        reached=summary["covered_lines"] + summary["covered_branches"],
        rest=_rest(lines) if lines else (),
    )


def _rest(module: Mapping[str, list[int] | list[list[int]]]) -> tuple[str, ...]:
    """The lines that nothing reached, and the branches from lines that something did."""
    missing = {str(line) for line in module["missing_lines"]}
    branches = (tuple(map(str, one)) for one in module["missing_branches"] if isinstance(one, list))
    ways = [f"{a}→{'out' if b.startswith('-') else b}" for a, b in branches if a not in missing]
    return (*(str(line) for line in module["missing_lines"]), *ways)


def _shown(rest: tuple[str, ...]) -> str:
    return " ".join(rest[:MOST]) + (f" and {len(rest) - MOST} more" if len(rest) > MOST else "")


def explained() -> set[str]:
    """The modules that the document gives a reason for."""
    _, _, after = LIST.read_text(encoding="utf-8").partition(HEADING)
    return set(re.findall(r"^\| `([\w/]+\.py)`", after.split("\n## ")[0], re.MULTILINE))


def main() -> int:
    """Run the tests, and tell what they did not reach."""
    tests = [one for one in sys.argv[1:] if one != "--again"]
    failed = 0 if "--again" in sys.argv else run(tests)
    total, modules = read()
    rest = {path: one for path, one in modules.items() if not one.whole}
    print_table(
        ("module", "of", "reached", "%", "not reached"),
        [
            (path, str(one.there), str(one.reached), f"{one.percent:.2f}", _shown(one.rest))
            for path, one in rest.items()
        ],
    )
    print(
        f"{len(modules)} modules, {total.there} statements and branches, {total.reached} reached: {total.percent:.2f} %"
    )
    silent = rest.keys() - explained()
    return report(
        "coverage",
        [
            Goal(name="test runs that failed", goal=0, value=int(failed != 0), unit="", at_least=False),
            Goal(name="statements and branches of core and storage", goal=100, value=total.percent, unit="%"),
            Goal(name="modules below 100 % without a reason", goal=0, value=len(silent), unit="", at_least=False),
        ],
        note="some tests only" if tests else "",
    )


if __name__ == "__main__":
    sys.exit(main())
