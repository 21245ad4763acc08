"""Where the command writes: results to standard output, errors and progress to standard error.

rich takes as long to import as the rest of the command, so it is imported only where it draws something.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


def console() -> "Console":
    """Return a console for results, on standard output as it is now."""
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, soft_wrap=not sys.stdout.isatty())


def error_console() -> "Console":
    """Return a console for errors and progress, on standard error as it is now."""
    from rich.console import Console

    return Console(file=sys.stderr, highlight=False)


def one_line(text: object) -> str:
    """Return a text as one line without control characters: it may come from a server."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())


def print_line(text: str) -> None:
    """Print a line of a result, at once: a program may be waiting for it."""
    print(text, flush=True)


def print_note(text: str) -> None:
    """Print a remark beside the results, on standard error."""
    print(text, file=sys.stderr, flush=True)


def print_error(error: object) -> None:
    """Print what happened and what to do about it, as one line on standard error."""
    from rich.text import Text

    line = Text("error: ", style="bold red")
    line.append(one_line(error), style="default not bold")
    error_console().print(line, soft_wrap=True)


def print_json(value: Any, **more: Any) -> None:
    """Print a snapshot as one JSON object on one line."""
    plain = msgspec.to_builtins(value, order="deterministic")
    if isinstance(plain, dict):
        plain |= more
    print_line(msgspec.json.encode(plain).decode())


def print_table(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Print a table, or nothing if it has no rows."""
    from rich.table import Table

    table = Table(*headings, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(one_line(cell) for cell in row))
    if table.row_count:
        console().print(table, markup=False)


def progress() -> "Progress":
    """Return a progress bar on standard error, which vanishes when done; it draws only on a terminal."""
    from rich.progress import Progress

    target = error_console()
    return Progress(console=target, transient=True, disable=not target.is_terminal)


@contextmanager
def paused(bar: "Progress") -> Iterator[None]:
    """Take a bar away while something is printed: both may go to the same terminal."""
    if bar.disable:
        yield
        return
    bar.stop()
    try:
        yield
    finally:
        bar.start()
