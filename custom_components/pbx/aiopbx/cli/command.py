"""What makes a function a command: options from dataclasses, an event loop, errors as one line and an exit code."""

import asyncio
import contextlib
import functools
import inspect
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from typing import Annotated, Any, Final, NoReturn, get_type_hints

import typer
from typer.core import TyperCommand

from .. import (
    ActionNotAllowed,
    AuthenticationFailed,
    CallOver,
    ConnectionFailed,
    InvalidInput,
    NotSupported,
    Offline,
    OutcomeUnknown,
    PbxError,
    RequestRefused,
    UnknownCall,
    UnknownLine,
)
from .output import print_error

OK: Final = 0
FAILED: Final = 1
"""Something that should not happen."""
INPUT: Final = 2
"""The input cannot be used."""
CONNECTION: Final = 3
"""The server cannot be reached, its certificate does not verify, or the login is refused."""
REFUSED: Final = 4
"""The server, the licence or the call does not allow it."""
NOT_ANSWERED: Final = 5
"""The call ended without having been answered."""
INTERRUPTED: Final = 130

_CODES: Final[tuple[tuple[type[PbxError], int], ...]] = (
    (InvalidInput, INPUT),
    (UnknownLine, INPUT),
    (AuthenticationFailed, CONNECTION),
    (ConnectionFailed, CONNECTION),
    (Offline, CONNECTION),
    (OutcomeUnknown, CONNECTION),
    (CallOver, NOT_ANSWERED),
    (ActionNotAllowed, REFUSED),
    (NotSupported, REFUSED),
    (UnknownCall, REFUSED),
    (RequestRefused, REFUSED),
)
_DEBUG: Final = inspect.Parameter(
    "debug",
    inspect.Parameter.KEYWORD_ONLY,
    default=False,
    annotation=Annotated[bool, typer.Option("--debug", help="Log everything, and show errors with their traceback.")],
)

Body = Callable[..., Coroutine[Any, Any, int] | int]
"""What a command does: a coroutine to run, or an exit code at once."""


def exit_code(error: PbxError) -> int:
    """Return the exit code of an error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), FAILED)


class PlainHelp(TyperCommand):
    """A command whose help is plain text, which needs no rich, with a section for each panel of options."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and options."""
        sections: dict[str, list[Any]] = {"Arguments": [], "Options": []}  # these first, then the panels
        for parameter in self.get_params(ctx):
            if (record := parameter.get_help_record(ctx)) is not None:
                title = "Arguments" if parameter.param_type_name == "argument" else "Options"
                sections.setdefault(getattr(parameter, "rich_help_panel", None) or title, []).append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def command(body: Body) -> Callable[..., None]:
    """Make a command for typer out of a function.

    A parameter that is a dataclass becomes an option for each of its fields, which are declared as typer's are
    (``url: Annotated[str | None, typer.Option(…)] = None``). ``--debug`` is added. What the function returns is run
    to its end; a ``PbxError`` becomes one line and an exit code.
    """
    hints = get_type_hints(body, include_extras=True)
    groups = {name: kind for name, kind in hints.items() if is_dataclass(kind)}
    parameters = [*_parameters(body, hints), _DEBUG]

    @functools.wraps(body)
    def run(**values: Any) -> None:
        debug = values.pop("debug")
        set_up_logging(debug)
        with errors_reported(debug=debug):
            for name, kind in groups.items():
                values[name] = kind(**{field.name: values.pop(field.name) for field in fields(kind)})  # type: ignore[operator]
            result = body(**values)
        if isinstance(result, int):
            raise typer.Exit(result)
        run_to_the_end(result, debug=debug)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _parameters(body: Body, hints: dict[str, Any]) -> Iterable[inspect.Parameter]:
    for name, parameter in inspect.signature(body).parameters.items():
        kind = hints[name]
        if not is_dataclass(kind):
            yield parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=kind)
            continue
        of_fields = get_type_hints(kind, include_extras=True)
        for field in fields(kind):
            default = inspect.Parameter.empty if field.default is MISSING else field.default
            yield inspect.Parameter(
                field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=of_fields[field.name]
            )


def set_up_logging(debug: bool) -> None:
    """Log to standard error: errors, or everything."""
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if debug:
        from rich.console import Console
        from rich.logging import RichHandler

        handler = RichHandler(console=Console(file=sys.stderr, highlight=False), show_path=False)
    level = logging.DEBUG if debug else logging.ERROR
    handler.setLevel(level)  # whatever levels the loggers of libraries have
    logging.basicConfig(level=level, format="%(name)s: %(message)s", handlers=[handler], force=True)


@contextlib.contextmanager
def errors_reported(*, debug: bool) -> Iterator[None]:
    """Print a ``PbxError`` and exit with its code; with ``debug`` it gets through with its traceback."""
    try:
        yield
    except PbxError as error:
        if debug:
            raise
        print_error(error)
        raise typer.Exit(exit_code(error)) from None


def run_to_the_end(coroutine: Coroutine[Any, Any, int], *, debug: bool) -> NoReturn:
    """Run a coroutine in a loop of its own and exit with the code that it returns. Ctrl-C cancels it."""
    with errors_reported(debug=debug):
        try:
            code = asyncio.run(_until_terminated(coroutine))
        except KeyboardInterrupt:
            code = INTERRUPTED
        except BrokenPipeError:
            # Whoever reads our output has seen enough. Python flushes standard output when it exits, which must not
            # raise this once more.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = OK
    raise typer.Exit(code)


async def _until_terminated(coroutine: Coroutine[Any, Any, int]) -> int:
    """Treat SIGTERM, which service managers send, like Ctrl-C."""
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
        return INTERRUPTED
