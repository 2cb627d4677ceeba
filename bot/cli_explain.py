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
    from bot import config
    from bot.explaining import show
    from bot.parts import utc_now
    from feeds.understand.explain import explanation
    from feeds.understand.meetings import understand
    from storage import filters

    article = _read(what, config.load().time_zone)
    understood = understand(article)
    if as_json:
        typer.echo(json.dumps(explanation(article, understood).as_dict(), ensure_ascii=False, indent=2))
    else:
        show(article, understood, filters.built_in(), utc_now())


def _read(what: str, zone: str) -> "Article":
    if what.startswith(("http://", "https://")):
        return _from_bytes(asyncio.run(_fetched(what)), what, zone)
    try:
        body = sys.stdin.buffer.read() if what == "-" else Path(what).read_bytes()
    except OSError as error:
        raise KaigiError(f"{what} cannot be read: {error.strerror}.") from error
    return _from_bytes(body, None, zone)


async def _fetched(url: str) -> bytes:
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
        return answer.body
    raise KaigiError(answer.message if isinstance(answer, Failure) else f"{url} sent nothing.")


def _from_bytes(body: bytes, url: str | None, zone: str) -> "Article":
    head = body[:2000].lower()
    if b"<html" in head or b"<!doctype html" in head:
        return _from_page(body, url, zone)
    return _from_text(body.decode("utf-8", "replace"), url, zone)


def _from_text(text: str, url: str | None, zone: str) -> "Article":
    """The first line is the headline. A line near the top that is nothing but a moment is the publication's."""
    from feeds.observed import Article
    from feeds.understand.dates import parse_moment

    title, _, rest = text.strip().partition("\n")
    moments = (parse_moment(line.strip(), zone) for line in rest.splitlines()[:5] if len(line) < 40)
    published_at = next((moment for moment in moments if moment), None)
    return Article(title=title.strip(), text=rest.strip(), url=url, published_at=published_at, time_zone=zone)


def _from_page(body: bytes, url: str | None, zone: str) -> "Article":
    from bot.parts import utc_now
    from feeds.collect.page import parse_article
    from feeds.observed import Article, Failure, Fetched
    from storage.model import SourceDefinition, SourceKind

    address = url or "https://page.invalid/"
    source = SourceDefinition(key="page", url=address, name="page", kind=SourceKind.PAGE, time_zone=zone)
    page = parse_article(Fetched(url=address, body=body), source, utc_now())
    if isinstance(page, Failure):
        raise KaigiError(page.message)
    return Article(
        title=page.title or "",
        text=page.text,
        url=url,
        published_at=page.published_at,
        language=page.language,
        time_zone=zone,
    )


def evaluate(
    file: Annotated[Path, typer.Argument(metavar="FILE.jsonl", help="Labelled items, one JSON object a line.")],
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    predictions: Annotated[Path | None, typer.Option(help="Also write one prediction a line to this file.")] = None,
) -> None:
    """Run detection, extraction and story grouping over labelled items and print precision, recall and F1."""
    from bot.explaining import show_report
    from feeds.understand import evaluate as judge

    lines = _json_lines(file)
    if predictions is not None:
        made = (json.dumps(line, ensure_ascii=False) for line in judge.predictions(lines))
        predictions.write_text("\n".join(made) + "\n", encoding="utf-8")
    report = judge.evaluate(lines)
    if as_json:
        typer.echo(json.dumps(report.as_dict(), ensure_ascii=False))
    else:
        show_report(report)


def _json_lines(file: Path) -> list[dict[str, object]]:
    try:
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except OSError as error:
        raise KaigiError(f"{file} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise KaigiError(f"{file} is not one JSON object a line: {error}.") from error
