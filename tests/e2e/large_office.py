"""A simulated PBX of two hundred lines that does nothing by itself, a second entry of the demo's Home Assistant.

It lives in this process, in a thread of its own: playwright's synchronous interface and asyncio do not share one. So
the tests make its telephones ring and answer, and read at the switch what has become of a call.
"""

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "demo"))

from home_assistant import HomeAssistant
from paths import Folder, load_client
from systems import entries
from yarl import URL

load_client()

from aiopbx.simulator import Simulator, SimulatorSettings, UserSpec  # noqa: E402

TITLE = "Large office"
LINES = 200
FIRST = 2000
NAMES = ("Agnes Abel", "Bruno Bell", "Clara Cole", "Dario Dean")
"""Those who come first; all others are desks with their numbers."""
ME, BRUNO, CLARA, DARIO = (f"oxe{FIRST + place}" for place in range(len(NAMES)))
OUTSIDE = "0015550123"


def _users() -> tuple[UserSpec, ...]:
    names = [*NAMES, *(f"Desk {FIRST + place}" for place in range(len(NAMES), LINES))]
    return tuple(
        UserSpec(login=f"oxe{number}", number=str(number), first_name=first, last_name=last)
        for number, (first, last) in enumerate((name.split() for name in names), start=FIRST)
    )


class LargeOffice:
    """The switch, from another thread."""

    def __init__(self, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="large office")
        self._folder = Folder(folder)
        self._simulator = Simulator(
            SimulatorSettings(users=_users(), tls=True, certificate_folder=self._folder.certificate)
        )

    def start(self) -> None:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._simulator.start(), self._loop).result(30)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._simulator.stop(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)

    def connect(self, url: str) -> None:
        """Set it up in Home Assistant, as a person would, and wait until it is connected."""
        account, *_ = entries("o2g", self._folder, {"pbx": URL(self._simulator.url).port})
        entry = replace(account, title=TITLE)

        async def set_up() -> None:
            async with HomeAssistant(url) as hass:
                await hass.log_in()
                await hass.connect()
                await hass.set_up_pbx(entry)
                await hass.wait_for(lambda: hass.state(entry.connection) == "on", "the large office is connected", 60)
                # What is disabled by default is registered afterwards. With each, Home Assistant builds its dashboards
                # again, and closes what has been opened on them.
                known, same = 0, 0
                while same < 3 or known < LINES * 9:
                    await asyncio.sleep(2)
                    now = len(await hass.command("config/entity_registry/list"))
                    known, same = now, same + 1 if now == known else 0

        self.do(set_up)

    def do(self, act: Callable[[], Any]) -> Any:
        """Do something in the thread of the switch, and return what it returns."""

        async def run() -> Any:
            result = act()
            return await result if asyncio.iscoroutine(result) else result

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(
            280
        )  # setting up two hundred lines takes its time

    # ------------------------------------------------------------------------------------------------- what happens

    def ring(self, login: str, name: str = "Pine Bakery", number: str = OUTSIDE) -> str:
        """Somebody outside calls; return the reference of the call."""
        to = login.removeprefix("oxe")
        return str(self.do(lambda: self._simulator.switch.incoming_external(number, to, name).ref))

    def answer(self, login: str) -> None:
        """Lift the receiver where it rings."""

        def lift() -> None:
            ringing = [view for view in self._simulator.switch.call_views(login) if view.state == "RINGING_INCOMING"]
            self._simulator.switch.answer(login, ringing[0].ref, login.removeprefix("oxe"))

        self.do(lift)

    def calls(self, login: str) -> list[tuple[str, str]]:
        """Return the calls of a user: the state and the numbers of the others."""
        return [
            (view.state, "+".join(party.identity.number for party in view.parties))
            for view in self.do(lambda: self._simulator.switch.call_views(login))
        ]

    def tones(self, ref: str) -> str:
        """Return what was dialled into a call."""
        return "".join(digits for _, digits in self.do(lambda: self._simulator.switch.calls[ref].dtmf))

    def user(self, login: str) -> Any:
        return self._simulator.switch.users[login]

    def quiet(self) -> None:
        """End every call, and what a test that failed may have left of its forward or do not disturb."""

        def end() -> None:
            switch = self._simulator.switch
            if self.user(ME).forward is not None:
                switch.cancel_forward(ME)
            switch.set_dnd(ME, False)
            for ref in list(switch.calls):
                if (call := switch.calls.get(ref)) is None:
                    continue
                logins = [member.login for member in call.members if member.login is not None]
                if len(logins) < len(call.members):
                    switch.external_hang_up(ref)
                else:
                    switch.drop(call.controller or logins[0], ref)

        self.do(end)


@contextmanager
def large_office(folder: Path, url: str) -> Iterator[LargeOffice]:
    """Run the PBX, connected to this Home Assistant."""
    office = LargeOffice(folder)
    office.start()
    try:
        office.connect(url)
        yield office
    finally:
        office.stop()
