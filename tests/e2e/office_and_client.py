"""A simulated office of four with its page of phones, and a real client beside it, which says what it hears.

Run by the browser tests as a process of its own: playwright's synchronous interface and asyncio do not share one.
Every line of the output is a JSON object: first where the page is, then each event as the client's subscribers get it.
"""

import asyncio
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "demo"))

from paths import load_client

load_client()

import aiopbx  # noqa: E402 - the line above makes it importable
from aiopbx.simulator import Simulator  # noqa: E402


def say(**fields: object) -> None:
    print(json.dumps(fields), flush=True)


def tell(event: aiopbx.Event) -> None:
    if isinstance(event, aiopbx.CallEvent):
        party = event.call.party
        say(
            event=type(event).__name__,
            line=pbx_lines[event.line],
            call=event.call.id,
            state=event.call.state.value,
            party=party.name if party is not None else None,
            outcome=event.call.outcome.value if event.call.outcome is not None else None,
        )
    elif isinstance(event, aiopbx.LineChanged):
        routing = event.snapshot.routing
        say(
            event="LineChanged",
            line=event.snapshot.number,
            state=event.snapshot.state.value,
            do_not_disturb=routing.do_not_disturb if routing is not None else None,
        )


pbx_lines: dict[str, str] = {}


async def main() -> None:
    """Serve and listen until standard input ends."""
    async with (
        Simulator() as simulator,
        aiopbx.connect(url=simulator.url, username="admin", password="admin") as pbx,
    ):
        pbx_lines.update({line.id: line.number for line in pbx.lines.values()})
        pbx.subscribe(tell)
        say(phones=simulator.phones_url)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
