"""The demo PBX in the kernel, and everyone else: people at their telephones, outside callers, and faults."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from aiopbx import ConnectionSettings, InvalidInput, Pbx, connect as connect_pbx
from aiopbx.simulator import Simulator, SimulatorSettings, Switch

HEARTBEAT: Final = 1.0
"""Seconds between two heartbeats of the demo PBX, so that its silence is noticed quickly."""
_ISTRA: Final = ("myrcc", "mycrm", "myistra")
WELL: Final = "all is well"
FROZEN: Final = "events stop"
NOT_READY: Final = "not ready"
GONE: Final = "server gone"
_DELAYS: Final = {"slow": 0.5, "very slow": 2.0}
CONDITIONS: Final = (WELL, "slow", "very slow", FROZEN, NOT_READY, GONE)
"""The faults, from mild to severe.

Requests take 0.5 or 2 seconds; connections stay open, but no event arrives; the server refuses every request because it
is starting; no server listens."""


class Demo:
    """The simulated PBX behind a client, from the inside: ``demo(pbx)``.

    Here you play the other people at their telephones, and break things. The client learns of it only what a real
    system would report.
    """

    def __init__(self, simulator: Simulator) -> None:
        """Take a simulated PBX that runs."""
        self.simulator = simulator
        """The PBX itself, for what has no method here."""
        self.faults = Faults(simulator)
        """What can be broken."""
        self._clients: dict[str, Pbx] = {}

    def __repr__(self) -> str:
        """Say what it is."""
        return f"<Demo of {len(self.simulator.switch.users)} people>"

    @property
    def people(self) -> tuple[str, ...]:
        """The numbers of all people."""
        return tuple(sorted(user.number for user in self.simulator.switch.users.values()))

    def person(self, number: str) -> "Person":
        """The person with this number. Raises ``InvalidInput`` if there is none."""
        return Person(self.simulator.switch, number)

    def outsider(self, number: str, name: str | None = None) -> "Outsider":
        """An outside caller; the number begins with 0 or +."""
        return Outsider(self.simulator.switch, number, name)

    def waiting(self, pilot: str) -> int:
        """How many callers wait in the queue of a pilot of the call centre now."""
        if pilot not in self.simulator.switch.pilots:
            known = ", ".join(self.simulator.switch.pilots) or "none"
            raise InvalidInput("pilot", f"{pilot} is no pilot.", remedy=f"There are: {known}.")
        return len(self.simulator.switch.waiting(pilot))

    async def connect(self, system: str = "myrcc", *, user: str | None = None) -> Pbx:
        """Connect to the same PBX over another wire: ``o2g``, ``myrcc``, ``mycrm`` or ``myistra``.

        ``o2g`` and ``myrcc`` as the administrator, unless a ``user`` is named by number; the other two only ever show
        one user's own. A connection of the same kind made before is closed, and all are when the demo ends.
        """
        simulator = self.simulator
        keywords: dict[str, Any] = {"system": system, "url": simulator.url}
        if system in _ISTRA:
            keywords["url"] = simulator.istra_url
        if system in ("mycrm", "myistra") and user is None:
            raise InvalidInput("user", f"{system} shows one user's own.", remedy="Name a user by number.")
        if user is not None:
            found = self.person(user)
            keywords |= {"username": found.login, "password": found.password(simulator)}
        else:
            keywords |= {
                "username": simulator.settings.admin_login,
                "password": simulator.settings.admin_password.get_secret_value(),
            }
        if system == "myrcc":
            keywords["enterprise"] = simulator.settings.enterprise
        settings = demo_settings(**keywords)
        key = f"{system} {user or ''}"
        former = self._clients.pop(key, None)
        if former is not None:
            await former.close()
        pbx = self._clients[key] = await connect_pbx(settings)
        return pbx

    def has(self, pbx: Pbx) -> bool:
        """Whether this client was made here."""
        return any(client is pbx for client in self._clients.values())

    async def stop(self) -> None:
        """End the clients that were made here, then the PBX. ``pbx.close()`` of the first client does this."""
        clients, self._clients = self._clients, {}
        await asyncio.gather(*(pbx.close() for pbx in clients.values()))
        self.faults.clear()
        await self.simulator.stop()


class Person:
    """Somebody of the demo PBX with a telephone in hand. Nothing here passes through a client."""

    def __init__(self, switch: Switch, number: str) -> None:
        """Find the person with this number. Raises ``InvalidInput`` if there is none."""
        user = switch.by_number(number)
        if user is None:
            raise InvalidInput("number", f"no one has the number {number}.", remedy="demo(pbx).people lists them all.")
        self._switch = switch
        self.number = user.number
        self.login = user.login
        """The login name, which is the ``id`` of the line on O2G."""
        self.name = f"{user.first_name} {user.last_name}".strip()

    def __repr__(self) -> str:
        """Say who it is."""
        return f"<Person {self.number} {self.name}>"

    @property
    def state(self) -> str:
        """What the newest call of this person is doing, such as ``ringing incoming``; else ``idle``."""
        calls = self._switch.calls_of(self.login)
        member = calls[-1].user(self.login) if calls else None
        return member.state.lower().replace("_", " ") if member is not None else "idle"

    def password(self, simulator: Simulator) -> str:
        """The password of this person's account."""
        spec = next(spec for spec in simulator.settings.users if spec.login == self.login)
        return spec.password.get_secret_value()

    def call(self, number: str) -> None:
        """Lift the handset and dial."""
        self._switch.make_call(self.login, self._telephone(), number, auto_answer=True)

    def answer(self) -> None:
        """Take the call that rings, or the one that was asked for and waits for the handset."""
        ref, device = self._leg("answer")
        self._switch.answer(self.login, ref, device)

    def hold(self) -> None:
        """Put the call on hold."""
        ref, device = self._leg("hold")
        self._switch.hold(self.login, ref, device)

    def retrieve(self) -> None:
        """Take the held call again."""
        ref, device = self._leg("retrieve")
        self._switch.retrieve(self.login, ref, device)

    def hang_up(self) -> None:
        """Leave the newest call, whatever it does; without one, nothing happens."""
        calls = self._switch.calls_of(self.login)
        if not calls:
            return
        ref = calls[-1].ref
        if "terminate" in self._switch.call_actions(self.login, ref) and not calls[-1].conference:
            self._switch.release(self.login, ref)
        else:
            self._switch.drop(self.login, ref)

    def leave_message(self) -> None:
        """While it rings at the other end: go to that person's voicemail, and speak until ``hang_up``."""
        calls = self._switch.calls_of(self.login)
        if not calls:
            raise InvalidInput("call", f"{self.name} is not in a call.", remedy="call(number) first.")
        self._switch.overflow_to_voicemail(self.login, calls[-1].ref)

    def do_not_disturb(self, on: bool = True) -> None:
        """Set do-not-disturb at the telephone, or take it back."""
        self._switch.set_dnd(self.login, on)

    def forward(self, number: str | None) -> None:
        """Forward all calls at the telephone; ``None`` cancels it."""
        if number is None:
            self._switch.cancel_forward(self.login)
        else:
            self._switch.set_forward(self.login, number)

    def log_on(self) -> None:
        """Log on as an agent of the call centre, at this person's telephone."""
        self._switch.agent_log_on(self.login, self._telephone())

    def _telephone(self) -> str:
        user = self._switch.users[self.login]
        return next(device.id for device in user.devices.values() if not device.mobile)

    def _leg(self, action: str) -> tuple[str, str]:
        for call in reversed(self._switch.calls_of(self.login)):
            member = call.user(self.login)
            for device in member.legs if member is not None else ():
                if action in self._switch.leg_actions(self.login, call.ref, device):
                    return call.ref, device
        raise InvalidInput("call", f"{self.name} has no call to {action}.", remedy=f"The state is now: {self.state}.")


class Outsider:
    """Somebody outside who calls in, and can be called."""

    def __init__(self, switch: Switch, number: str, name: str | None) -> None:
        """Call from this number, with a name if the network sends one."""
        self._switch = switch
        self.number = number
        self.name = name

    def call(self, number: str) -> None:
        """Call a person of the PBX, or a pilot of the call centre."""
        self._switch.incoming_external(self.number, number, self.name)

    def answer(self) -> None:
        """Take the call that rings."""
        self._switch.external_answer(self._ref(), self.number)

    def press(self, digits: str) -> None:
        """Press keys; a routing point takes them once they are asked for."""
        self._switch.press(self._ref(), digits)

    def hang_up(self) -> None:
        """Leave the call."""
        self._switch.external_hang_up(self._ref(), self.number)

    def _ref(self) -> str:
        for call in self._switch.calls.values():
            if any(member.login is None and member.identity.number == self.number for member in call.members):
                return call.ref
        raise InvalidInput(
            "call", f"{self.number} is not in a call.", remedy="Use call(number) first, or dial the number."
        )


class Faults:
    """Ways to break the demo PBX on purpose, from merely slow to gone. ``condition`` is what is broken now."""

    conditions: Final = CONDITIONS

    def __init__(self, simulator: Simulator) -> None:
        """Break this one; nothing is broken yet."""
        self._simulator = simulator
        self._condition = CONDITIONS[0]
        self._turn = asyncio.Lock()
        self.on_change: list[Callable[[], None]] = []
        """Called when the condition has changed."""

    @property
    def condition(self) -> str:
        """One of ``CONDITIONS``."""
        return self._condition

    async def set(self, condition: str) -> None:
        """Put the network or the server into this condition, one of ``CONDITIONS``."""
        if condition not in CONDITIONS:
            raise InvalidInput("condition", f"there is no {condition!r}.", remedy=f"Take {', '.join(CONDITIONS)}.")
        async with self._turn:
            await self._set(condition)
        for callback in tuple(self.on_change):
            callback()

    async def _set(self, condition: str) -> None:
        simulator, faults = self._simulator, self._simulator.faults
        if condition == GONE:
            faults.clear()
            if simulator.running:
                # the office goes on: only the server before it is killed
                await simulator.stop(abrupt=True, playing=True)
        else:
            if not simulator.running:
                await simulator.start()
            faults.clear()
            faults.delay(_DELAYS.get(condition, 0.0))
            if condition == FROZEN:
                faults.freeze_channels()
            elif condition == NOT_READY:
                faults.not_ready()
                faults.cut_channels()
        self._condition = condition

    def cut(self) -> int:
        """Cut every event channel once, like a pulled cable; return how many there were."""
        return self._simulator.faults.cut_channels()

    def end_sessions(self) -> int:
        """End every session once, like a restarted server; return how many there were."""
        return self._simulator.faults.expire_sessions()

    def spoil(self, count: int = 1) -> None:
        """Cut the next events in the middle, so that they cannot be decoded."""
        self._simulator.faults.malform_next(count)

    def clear(self) -> None:
        """Remove the faults without starting the server: for the end of the demo."""
        self._simulator.faults.clear()
        self._condition = CONDITIONS[0]


async def start_demo(scenario: str, speed: float) -> Demo:
    """Start a demo PBX: O2G and Istra on free ports of this machine."""
    settings = SimulatorSettings(scenario=scenario, speed=speed, istra=True, heartbeat=HEARTBEAT)
    # reading the scenario is not for the loop
    simulator = await asyncio.to_thread(Simulator, settings)
    await simulator.start()
    return Demo(simulator)


def demo_settings(**keywords: Any) -> ConnectionSettings:
    """Settings with short pauses, so that you can watch a connection being lost and restored."""
    return ConnectionSettings.make(
        **keywords, request_timeout=5.0, silence_timeout=3.0, reconnect_min=0.2, reconnect_max=1.0, sync_timeout=3.0
    )
