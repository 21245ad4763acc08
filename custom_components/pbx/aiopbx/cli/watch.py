"""``aiopbx watch``: lines and calls, live."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .. import CallSnapshot, ConnectionSettings, Event, LineSnapshot, Pbx, Status, connect
from .command import OK
from .output import console, one_line, print_line
from .text import STATE_STYLE, counter_text, duration, event_json, event_text, parties, plain, routing_text

if TYPE_CHECKING:
    from rich.console import Group
    from rich.text import Text

FRAMES = 5
"""How often a second the table is drawn."""
_COLUMNS: Final = (
    ("Line", 4, 16),
    ("State", 3, 16),
    ("With", 4, 12),
    ("For", 1, 5),
    ("Routing", 3, 8),
    ("Waiting", 2, 8),
)
"""Title, share of the width, least width; the last three are there only when they have something to say."""


async def watch(
    settings: ConnectionSettings,
    *,
    mode: str,
    busy_only: bool,
    seconds: float | None,
    count: int | None,
    record: Path | None = None,
) -> int:
    """Show events until there were ``count``, ``seconds`` have passed, or Ctrl-C. ``mode`` is table, plain or json.

    ``record`` is a file to write a recording to.
    """
    async with connect(settings) as pbx, contextlib.AsyncExitStack() as ends:
        if record is not None:
            await ends.enter_async_context(pbx.record(record))
        try:
            async with asyncio.timeout(seconds):
                if mode == "table":
                    await _table(pbx, busy_only=busy_only, count=count)
                else:
                    await _lines(pbx, as_json=mode == "json", count=count)
        except TimeoutError:
            pass
    return OK


async def _events(pbx: Pbx, count: int | None) -> AsyncGenerator[Event, None]:
    """Yield the events, at most ``count``."""
    seen = 0
    async with pbx.events() as stream:
        async for event in stream:
            yield event
            seen += 1
            if count is not None and seen >= count:
                return


async def _lines(pbx: Pbx, *, as_json: bool, count: int | None) -> None:
    if not as_json:
        for line in pbx.lines.values():
            print_line(f"{_title(line.snapshot)}: {plain(line.state.value)}")
    async with contextlib.aclosing(_events(pbx, count)) as events:
        async for event in events:
            if as_json:
                print_line(event_json(event))
            else:
                names = {getattr(event, "line", ""): _name(pbx, getattr(event, "line", ""))}
                if text := event_text(event, names):
                    print_line(one_line(text))


def _name(pbx: Pbx, line: str) -> str:
    handle = pbx.lines.get(line)
    return _title(handle.snapshot) if handle else line


def _title(line: LineSnapshot) -> str:
    return f"{line.number or line.id} {line.name}".strip()


async def _table(pbx: Pbx, *, busy_only: bool, count: int | None) -> None:
    from rich.live import Live

    out = console()
    with Live(
        get_renderable=lambda: board(pbx, busy_only=busy_only, height=out.height),
        console=out,
        auto_refresh=False,
        screen=False,
        transient=False,
    ) as live:

        async def draw() -> None:
            while True:
                live.refresh()
                await asyncio.sleep(1 / FRAMES)

        drawing = asyncio.create_task(draw())
        try:
            async with contextlib.aclosing(_events(pbx, count)) as events:
                async for _ in events:
                    if drawing.done():
                        await drawing
        finally:
            drawing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await drawing


def board(pbx: Pbx, *, busy_only: bool = False, height: int = 40) -> "Group":
    """Return the board of lines as it is now, as many as fit."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    lines = sorted((line.snapshot for line in pbx.lines.values()), key=lambda line: (len(line.number), line.number))
    busy = sum(1 for line in lines if line.calls)
    shown = [line for line in lines if line.calls] if busy_only else lines
    room = max(5, height - 7)
    hidden = len(shown) - room
    if hidden > 0:  # lines in a call are the ones to show
        shown = sorted(shown, key=lambda line: not line.calls)[:room]
        shown.sort(key=lambda line: (len(line.number), line.number))
    now = datetime.now(UTC)
    rows = [_row(line, now) for line in shown]
    table = Table(expand=True, border_style="dim", header_style="bold")
    used = [index for index in range(len(_COLUMNS)) if index < 3 or any(row[index].plain for row in rows)]
    for title, ratio, least in (_COLUMNS[index] for index in used):
        table.add_column(title, ratio=ratio, min_width=least, no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(*(row[index] for index in used))
    info = pbx.info
    head = Text(f"{info.product or info.system} {info.version}  ", style="bold")
    head.append(pbx.status.value, style="green" if pbx.status is Status.ONLINE else "bold red")
    head.append(f"  {len(lines)} lines, {busy} in a call", style="default not bold")
    foot = (
        f"{pbx.statistics.events} events" + (f", {hidden} lines more than fit" if hidden > 0 else "") + " · Ctrl-C ends"
    )
    return Group(head, table, Text(foot, style="dim"))


def _row(line: LineSnapshot, now: datetime) -> tuple["Text", ...]:
    from rich.text import Text

    return (
        Text(_title(line)),
        Text(plain(line.state.value), style=STATE_STYLE[line.state]),
        Text(" | ".join(parties(call) or plain(call.state.value) for call in line.calls)),
        Text(_since(_shown_call(line), now)),
        Text(routing_text(line.routing)),
        Text(counter_text(line.counters)),
    )


def _shown_call(line: LineSnapshot) -> CallSnapshot | None:
    return next(
        (call for call in line.calls if call.state.value == line.state.value), line.calls[0] if line.calls else None
    )


def _since(call: CallSnapshot | None, now: datetime) -> str:
    since = (call.answered_at or call.started_at) if call else None
    if since is None:
        return ""
    return duration(max(0.0, (now - since).total_seconds()))
