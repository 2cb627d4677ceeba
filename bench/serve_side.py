"""One server under measurement, started as `python -m bench.serve_side kaigi|plain FOLDER`. Prints its port and ends
with its input.

`kaigi` serves an archive that it makes in FOLDER; `plain` answers every request with the bytes of FOLDER/body.
"""

import socket
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bench.serve_archive import START, library, meeting, new_archive

PATH = "/feeds/ministerial-meetings.atom"
MEETINGS = 50


def kaigi(folder: Path) -> ASGIApp:
    """The whole web application over an archive of meetings."""
    from feeds.publish.web import create_app  # noqa: PLC0415  the other server must not load it

    database = new_archive(folder / "kaigi.db")
    for number in range(MEETINGS):
        database.write(meeting(number, START + timedelta(minutes=number)))
    return create_app(library(database, lambda: datetime.now(UTC)))


def plain(folder: Path) -> ASGIApp:
    """The least that Starlette can do: one route, one response made of bytes."""
    body = (folder / "body").read_bytes()

    async def answer(_request: Request) -> Response:
        return Response(body, media_type="application/atom+xml; charset=utf-8")

    return Starlette(routes=[Route(PATH, answer)])


def main(kind: str, folder: Path) -> None:
    """Serve until the input ends."""
    app = kaigi(folder) if kind == "kaigi" else plain(folder)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", access_log=False))
    threading.Thread(target=_end_with_input, args=(server,), daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    server.run(sockets=[listener])


def _end_with_input(server: uvicorn.Server) -> None:
    sys.stdin.read()
    server.should_exit = True


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
