"""The parser's own process: reads requests on stdin, runs them, writes answers to stdout.

Started by `worker.py` as `python -P -m feeds.collect.child`. It goes into a process group of its own, so Ctrl-C in a
terminal does not reach it, and steps behind the service, which waits for nothing as much as for the processor: what is
found lands in one transaction after the other. It ends by itself when its parent does (end of input), and the kernel
ends it when it runs on without one.

A message is eight bytes of length and a pickle. Request: (function, arguments, seconds of CPU). Answer: ("ok", value)
or ("error", exception's name, traceback).
"""

import gc
import os
import pickle
import signal
import struct
import sys
import traceback
from contextlib import suppress
from typing import BinaryIO

LENGTH = struct.Struct(">Q")
MAX_MEMORY = 2**30  # address space; feeds at the size cap need a quarter of it
PACE = (5_000, 10, 10)  # of the garbage collector: a document makes objects by the thousand, and few cycles
NICER = 5  # than the service: on two busy cores a thousand first polls take a sixth less time


def main() -> None:
    """Serve until the parent goes away."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, answers = _own_streams()
    _step_back()
    _limit_memory()
    write(answers, pack(("ready",)))
    gc.disable()
    while (request := read(requests)) is not None:
        write(answers, _answer(request))
        if not gc.isenabled():  # the first request loads what stays: no collection need ever go through it
            gc.freeze()
            gc.set_threshold(*PACE)
            gc.enable()


def read(stream: BinaryIO) -> bytes | None:
    """Read one message, still pickled; None at the end of input."""
    header = stream.read(LENGTH.size)
    if len(header) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(header)
    return stream.read(length)


def write(stream: BinaryIO, message: bytes) -> None:
    """Write one packed message."""
    stream.write(message)
    stream.flush()


def pack(message: object) -> bytes:
    """Return a message as it goes over the pipe."""
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body


def _answer(request: bytes) -> bytes:
    try:
        function, arguments, cpu_s = pickle.loads(request)  # noqa: S301  only our own parent writes here
        _limit_cpu(cpu_s)
        return pack(("ok", function(*arguments)))
    except BaseException as error:  # noqa: BLE001  MemoryError and SystemExit too: the parent decides what they mean
        return pack(("error", type(error).__name__, traceback.format_exc(limit=-8)[-2000:]))


def _own_streams() -> tuple[BinaryIO, BinaryIO]:
    """Keep the two pipes to ourselves: what libraries print must not get between the messages."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)
    return requests, answers


def _step_back() -> None:
    """Not by a session of its own: Linux shares the processor out between sessions, whatever their priority."""
    with suppress(AttributeError, OSError):  # not on this system
        os.setpgid(0, 0)
        os.nice(NICER)


def _limit_memory() -> None:
    with suppress(ImportError, ValueError, OSError):  # no such limit on this system
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))


def _limit_cpu(seconds: float) -> None:
    """Allow this many seconds from now: a runaway parser whose parent was killed does not run for ever."""
    with suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415

        used = resource.getrusage(resource.RUSAGE_SELF)
        allowed = int(used.ru_utime + used.ru_stime + seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.RLIM_INFINITY))


if __name__ == "__main__":
    sys.setrecursionlimit(3000)
    main()
