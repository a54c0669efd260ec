"""A child of the engine becomes the command: streams, directory, environment, signals."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from io import TextIOWrapper

from .request import Request

__all__ = ["become"]


def become(
    request: Request,
    descriptors: Sequence[int],
    run: Callable[[list[str], int], int],
) -> int:
    """Take over what a request says of its process, run its command line, return the exit code.

    `run` gets the arguments and the process that called the command. Everything that Python
    reads of its environment at the start is set anew here.
    """
    caller, mask, no_byte_code = (int(value) for value in request["process"])
    for number in (int(value) for value in request["ignored"]):
        signal.signal(number, signal.SIG_IGN)
    for target, source in enumerate(descriptors[:3]):
        os.dup2(source, target)
    os.fchdir(descriptors[3])
    for descriptor in descriptors:
        os.close(descriptor)
    os.umask(mask)
    os.environ.clear()
    for pair in request["environ"]:
        key, _, value = pair.partition(b"=")
        if key:
            os.environb[key] = value
    time.tzset()
    sys.dont_write_bytecode = bool(no_byte_code)
    streams = [_stream(number, facts.decode()) for number, facts in enumerate(request["streams"])]
    sys.stdin, sys.stdout, sys.stderr = streams
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = streams  # type: ignore[misc]
    arguments = [os.fsdecode(value) for value in request["arguments"]]
    sys.argv = [sys.argv[0], *arguments]
    code = run(arguments, caller)
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and not thread.daemon:
            thread.join()
    for stream in streams[1:]:
        try:
            stream.flush()
        except (OSError, ValueError):
            # As at the end of any Python process whose reader is gone.
            code = code or 120
    return code


def _stream(number: int, facts: str) -> TextIOWrapper:
    encoding, errors, line_buffering, write_through = facts.split(" ")
    stream: TextIOWrapper = open(  # noqa: SIM115 - it lives as long as the process
        number,
        "w" if number else "r",
        encoding=encoding,
        errors=errors,
        newline="\n" if number else None,
        closefd=False,
    )
    stream.reconfigure(line_buffering=line_buffering == "1", write_through=write_through == "1")
    return stream
