"""Route the calls of a routing point by opening hours and caller.

    python examples/route_calls.py 2100

Outside opening hours callers hear a guide and go to the voicemail of the office. Friends go straight through. Everybody
else chooses by a digit: 1 is sales, 2 is support. Where the address, the login and the password of the system are, say
the environment variables AIOPBX_URL, AIOPBX_USERNAME and AIOPBX_PASSWORD.
"""

import asyncio
import contextlib
import os
import sys
from dataclasses import dataclass, field
from datetime import datetime, time

import aiopbx
from aiopbx import CallOver, RouteRequest


@dataclass
class Office:
    """When someone is there, and which numbers the calls go to."""

    opens: time = time(8, 30)
    closes: time = time(17, 30)
    friends: dict[str, str] = field(default_factory=dict)
    """Callers who go straight through, and to whom."""
    choices: dict[str, str] = field(default_factory=lambda: {"1": "2000", "2": "2001"})
    operator: str = "1000"
    closed_guide: int = 12
    menu_guide: int = 13

    def is_open(self, now: datetime) -> bool:
        """Whether someone is there."""
        return now.weekday() < 5 and self.opens <= now.time() < self.closes

    async def route(self, request: RouteRequest, now: datetime) -> None:
        """Say where a call goes. An error in here ends the request, and the system goes on with the call by itself."""
        if not self.is_open(now):
            await request.play_guide(self.closed_guide)
            await request.select(self.operator, voicemail=True)
            return
        friend = self.friends.get(request.caller or "")
        if friend is not None:
            await request.select(friend)
            return
        await request.play_guide(self.menu_guide)
        chosen = await request.collect_digits(count=1, timeout=10)
        await request.select(self.choices.get(chosen.digits, self.operator))


async def main(point: str, office: Office) -> None:
    """Route calls until Ctrl-C."""
    async with aiopbx.connect(
        url=os.environ["AIOPBX_URL"],
        username=os.environ["AIOPBX_USERNAME"],
        password=os.environ["AIOPBX_PASSWORD"],
    ) as pbx:

        async def handle(request: RouteRequest) -> None:
            try:
                await office.route(request, datetime.now().astimezone())
            except CallOver as error:
                print(f"{request.caller or 'someone'}: {error}", flush=True)
            else:
                print(f"{request.caller or 'someone'} was routed", flush=True)

        print(f"Routing the calls of {point}", flush=True)
        await pbx.routing_point(point).serve(handle)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("Say the number of the routing point, such as: route_calls.py 2100")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(sys.argv[1], Office()))
