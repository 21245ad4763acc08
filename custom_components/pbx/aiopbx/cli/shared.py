"""What the commands about a user's things have in common: the line, JSON, tables and progress bars."""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any

import msgspec
from rich.progress import Progress
from rich.table import Table

from ..connect import connect
from ..line import Line
from ..model import Party
from ..pbx import Pbx
from ..settings.connection import ConnectionSettings
from . import screen
from .dial import choose_line
from .errors import one_line


@asynccontextmanager
async def connected(settings: ConnectionSettings, key: str | None) -> AsyncIterator[tuple[Pbx, Line]]:
    """Connect, and choose the line."""
    async with connect(settings) as pbx:
        yield pbx, choose_line(pbx, key)


def print_json(value: Any, **more: Any) -> None:
    """Print a snapshot as one JSON object on one line."""
    plain = msgspec.to_builtins(value, order="deterministic")
    if isinstance(plain, dict):
        plain |= more
    out = screen.output()
    out.print(msgspec.json.encode(plain).decode(), markup=False, soft_wrap=True)
    out.file.flush()


def print_table(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> int:
    """Print a table; returns how many rows it had."""
    table = Table(*headings, box=None, pad_edge=False, header_style="bold")
    count = 0
    for row in rows:
        table.add_row(*(one_line(cell) for cell in row))
        count += 1
    if count:
        screen.output().print(table, markup=False)
    return count


def progress() -> Progress:
    """A progress bar on standard error, which vanishes when all is done; nothing where that is no terminal."""
    console = screen.errors()
    return Progress(console=console, transient=True, disable=not console.is_terminal)


@contextmanager
def without(bar: Progress) -> Iterator[None]:
    """Take a bar away as long as something is printed, for both may go to one terminal."""
    if bar.disable:
        yield
        return
    bar.stop()
    try:
        yield
    finally:
        bar.start()


def who(party: Party | None) -> str:
    """Name and number of somebody."""
    if party is None:
        return ""
    if party.name and party.number and party.name != party.number:
        return f"{party.name} ({party.number})"
    return party.label


def when(at: datetime | None) -> str:
    """A moment where the reader is."""
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}" if at is not None else ""


def seconds(length: float | None) -> str:
    """A length as minutes and seconds."""
    return f"{int(length) // 60}:{int(length) % 60:02d}" if length is not None else ""
