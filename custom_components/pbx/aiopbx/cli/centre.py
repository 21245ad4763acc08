"""``aiopbx queue`` and ``aiopbx charging``: the call centre now, and what calls have cost."""

import asyncio
import contextlib
from typing import Any

from .. import (
    CentreChanged,
    CentrePilot,
    CentreQueue,
    ChargingTicket,
    ConnectionSettings,
    InvalidInput,
    Pbx,
    connect,
)
from .command import OK
from .options import ChargingOptions
from .output import one_line, print_json, print_line, print_note, print_table
from .text import clock, duration

PATIENCE = 10.0
"""Seconds to wait for the first figures."""


async def queue(
    settings: ConnectionSettings, numbers: tuple[str, ...], *, follow: bool, seconds: float | None, as_json: bool
) -> int:
    """Print who waits in queues and at pilots: once, or whenever it changes until Ctrl-C or ``seconds`` have passed."""
    async with connect(settings) as pbx:
        there = await pbx.call_centre.objects()
        queues, pilots = there["queues"], there["pilots"]
        for number in numbers:
            if number not in queues and number not in pilots:
                known = ", ".join([*queues, *pilots]) or "none"
                raise InvalidInput(
                    "numbers", f"there is no queue and no pilot {number[:20]!r}.", remedy=f"There are: {known}."
                )
        wanted = frozenset(numbers) or frozenset((*queues, *pilots))
        async with pbx.call_centre.watch(
            queues=wanted & queues.keys(), pilots=wanted & pilots.keys(), agents=False, groups=False, other_groups=False
        ) as centre:
            await _first_figures(pbx)
            rows: list[CentreQueue | CentrePilot] = [*centre.queues.values(), *centre.pilots.values()]
            if as_json:
                for row in rows:
                    _print(row)
            else:
                print_table(
                    ("Number", "Name", "State", "Waiting", "Longest", "Expected", "Agents"), [_row(row) for row in rows]
                )
            if follow:
                await _follow(pbx, seconds, as_json=as_json)
    return OK


async def _first_figures(pbx: Pbx) -> None:
    """Wait until the server has said something of everything; of what it says nothing in time, nothing is known."""
    centre = pbx.call_centre
    complete = asyncio.Event()

    def look(event: CentreChanged | None = None) -> None:
        if all(row.confirmed for table in (centre.queues, centre.pilots) for row in table.values()):
            complete.set()

    stop = pbx.subscribe(look, kind=CentreChanged)
    try:
        look()
        async with asyncio.timeout(PATIENCE):
            await complete.wait()
    except TimeoutError:
        print_note("The server has not sent all figures; those that are missing are shown as -.")
    finally:
        stop()


async def _follow(pbx: Pbx, seconds: float | None, *, as_json: bool) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds), pbx.events(kind=CentreChanged) as events:
            async for event in events:
                row = event.row
                if not isinstance(row, (CentreQueue, CentrePilot)):
                    continue
                if as_json:
                    _print(row)
                else:
                    number, name, state, waiting, longest, *_ = _row(row)
                    print_line(one_line(f"{clock(event.at)} {number} {name}: {state}, {waiting} waiting, {longest}"))


def _print(row: CentreQueue | CentrePilot) -> None:
    print_json(row, kind="queue" if isinstance(row, CentreQueue) else "pilot")


def _row(row: CentreQueue | CentrePilot) -> tuple[object, ...]:
    if isinstance(row, CentreQueue):
        waits, agents = (row.longest_wait, row.expected_wait), row.agents
    else:
        waits, agents = (row.average_wait, None), None
    return (row.number, row.name or "", row.state or "-", _figure(row.waiting), *map(_time, waits), _figure(agents))


def _figure(value: int | None) -> object:
    return "-" if value is None else value


def _time(seconds: int | None) -> str:
    return "-" if seconds is None else duration(seconds)


# --------------------------------------------------------------------------------------------------------------- costs


async def charging(settings: ConnectionSettings, options: ChargingOptions, *, as_json: bool) -> int:
    """Print tickets of calls, and what they cost together; or the files that they are in."""
    first, last = options.days()
    async with connect(settings) as pbx:
        wanted = pbx.charging(
            first, last, files=options.file or (), node=options.node, top=options.top, free=options.free
        )
        if options.list_files:
            if options.file:
                raise InvalidInput("file", "does not go with --list-files.", remedy="Leave one of them out.")
            files = await wanted.files()
            if as_json:
                for file in files:
                    print_json(file)
            else:
                print_table(("File", "Date", "Time"), [(one.name, one.date or "", one.time or "") for one in files])
            return OK
        tickets = await wanted.list()
        if as_json:
            for ticket in tickets:
                print_json(ticket)
            return OK
        print_table(("Started", "Caller", "Name", "Called", "Duration", "Cost"), [_ticket(one) for one in tickets])
        print_note(f"{len(tickets)} calls, {sum(one.cost or 0 for one in tickets):.2f} in all")
    return OK


def _ticket(ticket: ChargingTicket) -> tuple[Any, ...]:
    return (
        ticket.started.isoformat(" ") if ticket.started is not None else "",
        ticket.caller or "",
        ticket.name or "",
        ticket.called or "",
        _time(ticket.duration),
        "-" if ticket.cost is None else f"{ticket.cost:.2f}",
    )
