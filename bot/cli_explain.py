"""Commands that show what was understood: `kaigi explain` and `kaigi evaluate`."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from storage.errors import KaigiError

if TYPE_CHECKING:
    from bot.config import Settings
    from feeds.decide.placing import Placing
    from feeds.observed import Article, Understanding
    from storage.model import Filter


def explain(
    what: Annotated[str, typer.Argument(metavar="URL|FILE|-", help="An article: address, file, or - for input.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show what was understood of an article, each fact with the words it came from, and the story it would join.

    The story and the filters are those of the configured database, where there is one. No article is written to it;
    one of an older version is brought to this version's tables, as every command does.
    A file (or standard input) is HTML, or plain text whose first line is the headline.
    """
    from bot import config, parts
    from bot.explaining import because, decided, hiding, show, show_placing, times
    from feeds.understand.explain import explanation
    from feeds.understand.meetings import understand

    settings = config.load()
    parts.know(settings)
    article = _read(what, settings.time_zone)
    understood = understand(article)
    placing, every = _in_archive(settings, article, understood)
    now = parts.utc_now()
    if as_json:
        words = explanation(article, understood).as_dict() | {"times": times(article, understood)}
        words["story"] = dataclasses.asdict(placing) if placing else None
        words["filters"] = [
            {
                "key": one.key,
                "action": one.action,
                "query": one.query,
                "matches": decision.matched,
                "because": because(decision),
            }
            for one in every
            for decision in [decided(article, understood, one, now)]
        ]
        words["hidden_by"] = hiding(article, understood, every, now)
        typer.echo(json.dumps(words, ensure_ascii=False, indent=2, default=str))
    else:
        show(article, understood, every, now)
        show_placing(placing)


def _in_archive(
    settings: "Settings", article: "Article", understood: "Understanding"
) -> "tuple[Placing | None, list[Filter]]":
    """Where the article would go, and the filters there are; without a database, None and the built-in ones."""

    from bot import parts
    from bot.explaining import placed
    from storage import filters
    from storage.errors import StorageError

    if not _has_archive(settings.database_url):
        return None, filters.built_in()
    try:
        database = parts.open_database(settings)
        try:
            return database.read(lambda connection: placed(connection, article, understood, parts.utc_now()))
        finally:
            database.close()
    except StorageError as error:
        typer.echo(f"The archive was not asked: {error}", err=True)
        return None, filters.built_in()


def _has_archive(url: str) -> bool:
    """Whether there is a database already: explaining must not make one."""
    kind, _, path = url.partition(":///")
    return not kind.startswith("sqlite") or Path(path).is_file()


def _read(what: str, zone: str) -> "Article":
    if what.startswith(("http://", "https://")):
        import asyncio

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
    from bot.parts import utc_now
    from feeds.collect.released import released_at
    from feeds.observed import Article
    from feeds.understand.dates import parse_moment

    title, _, rest = text.strip().partition("\n")
    moments = (parse_moment(line.strip(), zone) for line in rest.splitlines()[:5] if len(line) < 40)
    published_at = next((moment for moment in moments if moment), None)
    released, _ = released_at(rest, zone, published_at, utc_now())
    return Article(
        title=title.strip(),
        text=rest.strip(),
        url=url,
        published_at=published_at,
        released_at=released,
        time_zone=zone,
    )


def _from_page(body: bytes, url: str | None, zone: str) -> "Article":
    from bot.parts import utc_now
    from feeds.collect.article import parse_article
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
        released_at=page.released_at,
        language=page.language,
        time_zone=zone,
    )


def evaluate(
    file: Annotated[Path, typer.Argument(metavar="FILE.jsonl", help="Labelled items, one JSON object a line.")],
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    predictions: Annotated[Path | None, typer.Option(help="Also write one prediction a line to this file.")] = None,
) -> None:
    """Run detection, extraction and story grouping over labelled items and print precision, recall and F1."""
    from bot import config, parts
    from bot.explaining import show_report
    from feeds.understand import evaluate as judge

    parts.know(config.load())
    lines = _json_lines(file)
    if predictions is not None:
        made = (json.dumps(line, ensure_ascii=False) for line in judge.predictions(lines))
        predictions.write_text("\n".join(made) + "\n", encoding="utf-8")
    report = judge.evaluate(lines, judge.spellings_beside(file))
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
