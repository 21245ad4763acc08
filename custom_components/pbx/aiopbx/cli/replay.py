"""``aiopbx replay``: a capture through the real transport."""

import asyncio
from pathlib import Path
from typing import Final

from rich.text import Text

from ..connect import connect
from ..events import Event, LineChanged
from ..model import LineState, Status
from ..pbx import Pbx
from ..settings.connection import ConnectionSettings
from ..simulator.replay import Capture, ReplayServer
from . import errors, screen
from .words import call_words, event_json, event_words, plain, routing_words

_QUIET: Final = 0.3
"""Seconds without an event after which nothing more is expected."""
_END: Final = 10.0


async def replay(path: Path, *, speed: float, as_json: bool) -> int:
    """Play a capture and print every event of the client, then the lines as they stand at the end."""
    capture = await asyncio.to_thread(Capture.read, path)
    out = screen.output()
    async with ReplayServer(capture) as server:
        settings = ConnectionSettings.make(
            url=server.simulator.url,
            username=server.simulator.settings.admin_login,
            password=server.simulator.settings.admin_password.get_secret_value(),
        )
        async with connect(settings) as pbx:
            before = pbx.statistics
            heard = asyncio.Event()
            states = {line.id: [line.state] for line in pbx.lines.values()}

            def told(event: Event) -> None:
                heard.set()
                if isinstance(event, LineChanged) and "state" in event.changed:
                    states.setdefault(event.line, []).append(event.snapshot.state)
                names = {line.id: f"{line.number} {line.name}".strip() for line in pbx.lines.values()}
                text = event_json(event) if as_json else errors.one_line(event_words(event, names))
                if text:
                    print(text, file=out.file, flush=True)

            unsubscribe = pbx.subscribe(told)
            try:
                sent = await server.play(speed)
                await _read_to_the_end(pbx, before.events + sent, heard)
            finally:
                unsubscribe()
            if not as_json:
                _show_lines(pbx, states)
            after = pbx.statistics
            unknown = after.unknown_events - before.unknown_events
            bad = after.malformed_frames - before.malformed_frames + after.bad_fields - before.bad_fields
            screen.errors().print(
                f"{sent} lines sent, {after.events - before.events} read as events; {unknown} of a kind not known, "
                f"{bad} with something that cannot be read",
                style="dim",
            )
            return errors.OK if pbx.status is Status.ONLINE else errors.CONNECTION


async def _read_to_the_end(pbx: Pbx, expected: int, heard: asyncio.Event) -> None:
    """Wait until the client has read what was sent; lines that are no events never count as such."""
    loop = asyncio.get_running_loop()
    end, quiet_since, seen = loop.time() + _END, loop.time(), -1
    while loop.time() < end and pbx.statistics.events < expected:
        if pbx.statistics.events != seen:
            seen, quiet_since = pbx.statistics.events, loop.time()
        elif loop.time() - quiet_since > _QUIET:
            return
        heard.clear()
        try:
            await asyncio.wait_for(heard.wait(), 0.05)
        except TimeoutError:
            continue


def _show_lines(pbx: Pbx, states: dict[str, list[LineState]]) -> None:
    out = screen.output()
    out.print(Text("Lines at the end", style="bold"))
    for line in pbx.lines.values():
        text = Text(f"  {line.number} {line.name}".rstrip())
        text.append(f"  {' → '.join(plain(state) for state in states.get(line.id, []))}", style="green")
        extra = routing_words(line.snapshot.routing)
        text.append(f"  {extra}" if extra else "", style="dim")
        out.print(text, soft_wrap=True)
        for call in line.calls:
            out.print(Text(f"    {errors.one_line(call_words(call.snapshot))}"), soft_wrap=True)
