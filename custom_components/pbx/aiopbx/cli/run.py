"""Running a coroutine for a command: one loop, Ctrl-C ends it cleanly, errors become a line and an exit code."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Coroutine, Iterator
from typing import Any, NoReturn

import typer

from ..errors import PbxError
from . import errors


def run_command(coroutine: Coroutine[Any, Any, int], *, debug: bool) -> NoReturn:
    """Run to the end and leave with the exit code; ``debug`` lets errors through with their traceback."""
    try:
        code = asyncio.run(_until_terminated(coroutine))
    except KeyboardInterrupt:
        raise typer.Exit(errors.INTERRUPTED) from None
    except BrokenPipeError:
        # who reads has seen enough; nothing more is to be written when Python leaves
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = errors.OK
    except PbxError as error:
        if debug:
            raise
        errors.tell(error)
        code = errors.exit_code(error)
    raise typer.Exit(code)


@contextlib.contextmanager
def told(*, debug: bool) -> Iterator[None]:
    """Tell errors of what is done before there is a loop."""
    try:
        yield
    except PbxError as error:
        if debug:
            raise
        errors.tell(error)
        raise typer.Exit(errors.exit_code(error)) from None


async def _until_terminated(coroutine: Coroutine[Any, Any, int]) -> int:
    """SIGTERM, which service managers send, is a Ctrl-C."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None
    terminated = False

    def terminate() -> None:
        nonlocal terminated
        terminated = True
        task.cancel()

    with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
        loop.add_signal_handler(signal.SIGTERM, terminate)
    try:
        return await coroutine
    except asyncio.CancelledError:
        if not terminated:
            raise
        return errors.INTERRUPTED
