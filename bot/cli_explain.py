"""Commands that show what was understood: `kaigi explain` and `kaigi evaluate`."""

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from storage.errors import KaigiError

if TYPE_CHECKING:
    from feeds.observed import Article


def explain(
    what: Annotated[str, typer.Argument(metavar="URL|FILE|-", help="An article: address, file, or - for input.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show what was understood of an article, and each fact with the words it came from.

    A file (or standard input) is HTML, or plain text whose first line is the headline.
    """
    from bot.app import utc_now
    from bot.explaining import show
    from feeds.understand.explain import explanation
    from feeds.understand.meetings import understand

    article = _read(what)
    understood = understand(article)
    told = explanation(article, understood)
    if as_json:
        typer.echo(json.dumps(told.as_dict(), ensure_ascii=False, indent=2))
    else:
        show(article, understood, told, utc_now())


def _read(what: str) -> "Article":
    if what.startswith(("http://", "https://")):
        return asyncio.run(_fetched(what))
    try:
        body = sys.stdin.buffer.read() if what == "-" else Path(what).read_bytes()
    except OSError as error:
        raise KaigiError(f"{what} cannot be read: {error.strerror}.") from error
    return _from_bytes(body, url=None)


async def _fetched(url: str) -> "Article":
    from bot import config
    from feeds.collect.fetch import PAGE_ACCEPT, Fetcher
    from feeds.observed import Failure, Fetched

    settings = config.load()
    fetcher = Fetcher(
        user_agent=settings.fetch.user_agent,
        allow_private_networks=settings.fetch.allow_private_networks,
        max_body_bytes=settings.fetch.max_body_mb * 2**20,
    )
    async with fetcher:
        answer = await fetcher.fetch(url, accept=PAGE_ACCEPT)
    if isinstance(answer, Fetched):
        return _from_bytes(answer.body, url=url)
    raise KaigiError(answer.message if isinstance(answer, Failure) else f"{url} sent nothing.")


def _from_bytes(body: bytes, url: str | None) -> "Article":
    from feeds.observed import Article

    if b"<html" in body[:2000].lower() or b"<!doctype" in body[:200].lower():
        return _from_page(body, url)
    head, _, rest = body.decode("utf-8", "replace").strip().partition("\n")
    return Article(title=head.strip(), text=rest.strip(), url=url, published_at=_moment_in(rest))


def _moment_in(text: str) -> object:
    return None


def _from_page(body: bytes, url: str | None) -> "Article":
    from bot.app import utc_now
    from feeds.collect.page import parse_article
    from feeds.observed import Article, Failure, Fetched
    from storage.model import SourceDefinition, SourceKind

    source = SourceDefinition(key="page", url=url or "file:", name="page", kind=SourceKind.PAGE, time_zone="Asia/Tokyo")
    page = parse_article(Fetched(url=url or "https://page.invalid/", body=body), source, utc_now())
    if isinstance(page, Failure):
        raise KaigiError(page.message)
    return Article(title=page.title or "", text=page.text, url=url, published_at=page.published_at, language=page.language)


def evaluate(
    file: Annotated[Path, typer.Argument(metavar="FILE.jsonl", help="Labelled items, one JSON object a line.")],
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    predictions: Annotated[Path | None, typer.Option(help="Also write one prediction a line to this file.")] = None,
) -> None:
    """Run detection, extraction and story grouping over labelled items and print precision, recall and F1."""
    from feeds.understand import evaluate as judge

    lines = _json_lines(file)
    if predictions is not None:
        made = (json.dumps(line, ensure_ascii=False) for line in judge.predictions(lines))
        predictions.write_text("\n".join(made) + "\n", encoding="utf-8")
    report = judge.evaluate(lines)
    typer.echo(json.dumps(report.as_dict(), ensure_ascii=False) if as_json else report.as_text())


def _json_lines(file: Path) -> list[dict[str, object]]:
    try:
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except OSError as error:
        raise KaigiError(f"{file} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise KaigiError(f"{file} is not one JSON object a line: {error}.") from error
