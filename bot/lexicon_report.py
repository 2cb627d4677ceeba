"""Shows what `kaigi lexicon check` found: contradictions one by one, then what has aged or is missing, by check."""

import itertools
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from bot.screen import plain
from feeds.understand.lexicon.check import Finding, Report, Severity

_SHOWN = 12  # findings of one check that are shown in full; --json and --all list every one
_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow"}


def show(report: Report, *, every: bool = False) -> None:
    """Print a report. `every`: without leaving warnings out."""
    console = Console() if sys.stdout.isatty() else Console(width=160)
    for check, group in itertools.groupby(report.findings, key=lambda finding: finding.check):
        findings = list(group)
        console.print(_table(check, findings if every or _error(findings) else findings[:_SHOWN]))
        if len(findings) > _SHOWN and not every and not _error(findings):
            others = ", ".join(finding.entry for finding in findings[_SHOWN:])
            console.print(Text(f"  and {len(findings) - _SHOWN} more: {plain(others)}", style="dim"))
        console.print(Text(f"  → {findings[0].advice}", style="cyan"))
        console.print()
    if report.counts:
        console.print(_counts(report))
    console.print(_verdict(report))


def _error(findings: Sequence[Finding]) -> bool:
    return findings[0].severity is Severity.ERROR


def _table(check: str, findings: Sequence[Finding]) -> Table:
    severity = findings[0].severity
    title = Text.assemble((f"{severity} ", _STYLES[severity]), (check, "bold"))
    table = Table(Column("file", style="dim", no_wrap=True), "entry", "problem", title=title, box=None)
    table.title_justify = "left"
    for finding in findings:
        table.add_row(finding.file, plain(finding.entry), plain(finding.problem))
    return table


def _counts(report: Report) -> Table:
    table = Table(Column("entries", justify="right"), "of", box=None)
    for what, count in report.counts.items():
        table.add_row(f"{count:,}", what)
    return table


def _verdict(report: Report) -> Text:
    warnings = len(report.findings) - report.errors
    if not report.errors:
        return Text(f"No errors, {warnings} warnings, on {report.checked_on}.", "bold green")
    count = "1 error" if report.errors == 1 else f"{report.errors} errors"
    return Text(f"{count}, {warnings} warnings. Correct the errors first: they make meetings misread.", "bold red")
