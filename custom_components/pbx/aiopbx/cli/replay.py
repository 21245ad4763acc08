"""``aiopbx replay``: a capture through the real transport."""

import asyncio
from pathlib import Path
from typing import Final

from .. import ConnectionSettings, Event, LineChanged, LineState, Pbx, Status, connect
from ..simulator.replay import Capture, ReplayServer
from .command import CONNECTION, OK
from .output import console, one_line, print_line, print_note
from .text import call_text, event_json, event_text, plain, routing_text

_QUIET: Final = 0.3
"""Seconds without an event after which nothing more is expected."""
_END: Final = 10.0
"""Seconds to wait for the last event, at most."""


async def replay(path: Path, *, speed: float, as_json: bool) -> int:
    """Play a capture and print every event of the client, then the lines as they are at the end."""
    capture = await asyncio.to_thread(Capture.read, path)
    async with ReplayServer(capture) as server:
        settings = ConnectionSettings.make(
            url=server.simulator.url,
            username=server.simulator.settings.admin_login,
            password=server.simulator.settings.admin_password.get_secret_value(),
        )
        async with connect(settings) as pbx:
            before = pbx.statistics
            arrived = asyncio.Event()
            states = {line.id: [line.state] for line in pbx.lines.values()}

            def on_event(event: Event) -> None:
                arrived.set()
                if isinstance(event, LineChanged) and "state" in event.changed:
                    states.setdefault(event.line, []).append(event.snapshot.state)
                names = {line.id: f"{line.number} {line.name}".strip() for line in pbx.lines.values()}
                text = event_json(event) if as_json else one_line(event_text(event, names))
                if text:
                    print_line(text)

            unsubscribe = pbx.subscribe(on_event)
            try:
                sent = await server.play(speed)
                await _read_to_the_end(pbx, before.events + sent, arrived)
            finally:
                unsubscribe()
            if not as_json:
                _show_lines(pbx, states)
            after = pbx.statistics
            unknown = after.unknown_events - before.unknown_events
            bad = after.malformed_frames - before.malformed_frames + after.bad_fields - before.bad_fields
            print_note(
                f"{sent} lines sent, {after.events - before.events} read as events; {unknown} of a kind not known, "
                f"{bad} with something that cannot be read"
            )
            return OK if pbx.status is Status.ONLINE else CONNECTION


async def _read_to_the_end(pbx: Pbx, expected: int, arrived: asyncio.Event) -> None:
    """Wait until the client has read what was sent. Lines that are no events do not count, so silence ends it, too."""
    loop = asyncio.get_running_loop()
    end, quiet_since, seen = loop.time() + _END, loop.time(), -1
    while loop.time() < end and pbx.statistics.events < expected:
        if pbx.statistics.events != seen:
            seen, quiet_since = pbx.statistics.events, loop.time()
        elif loop.time() - quiet_since > _QUIET:
            return
        arrived.clear()
        try:
            await asyncio.wait_for(arrived.wait(), 0.05)
        except TimeoutError:
            continue


def _show_lines(pbx: Pbx, states: dict[str, list[LineState]]) -> None:
    from rich.text import Text

    out = console()
    out.print(Text("Lines at the end", style="bold"))
    for line in pbx.lines.values():
        text = Text(f"  {line.number} {line.name}".rstrip())
        text.append(f"  {' → '.join(plain(state) for state in states.get(line.id, []))}", style="green")
        extra = routing_text(line.snapshot.routing)
        text.append(f"  {extra}" if extra else "", style="dim")
        out.print(text, soft_wrap=True)
        for call in line.calls:
            out.print(Text(f"    {one_line(call_text(call.snapshot))}"), soft_wrap=True)
