"""The systems of the laboratory: a simulated office, faulty proxies around it, a client of it, and what is true."""

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Final

import aiopbx
from aiopbx import LineSnapshot, Pbx
from aiopbx.simulator import Simulator, SimulatorSettings, UserSpec
from aiopbx.simulator.faces.istra.identifiers import extension_id
from aiopbx.simulator.switch import Behaviour, HuntingGroupSpec, SwitchSettings
from aiopbx.simulator.switch.changes import CallChange
from tests.aiopbx.channels import free_port, secret
from tests.aiopbx.istra_office import RCC, compare as compare_rcc, end_user, state_of
from tests.aiopbx.model_truth import compare as compare_o2g
from tests.chaos.faulty_proxy import FaultyProxy
from tests.chaos.turned_loop import LoopClock

GROUP: Final = "700"
OUTSIDE: Final = ("0015550100", "0015550101", "+15550102")
BUSY_OUTSIDE: Final = "+15550102"


def people() -> tuple[UserSpec, ...]:
    """Four users: with a mobile and in a group, with an associate, with three lines, without voicemail."""
    return (
        UserSpec(
            login="a", number="100", first_name="Ann", last_name="Alder", remote_extension=True, hunting_group=GROUP
        ),
        UserSpec(login="b", number="101", first_name="Ben", last_name="Birch", hunting_group=GROUP, associate="100"),
        UserSpec(login="c", number="102", last_name="Cedar", lines=3),
        UserSpec(login="d", number="103", last_name="Dogwood", voicemail=False),
    )


class World(ABC):
    """One system, and one client of it."""

    name: ClassVar[str]
    istra: ClassVar[bool] = False
    pair: ClassVar[bool] = False
    reopens: ClassVar[bool] = False
    """Whether calls cannot be read: after a loss they are believed for a time, end, and may be there again (myCrm)."""
    sees_calls: ClassVar[bool] = True
    """Whether the client is shown calls at all."""

    def __init__(self, seed: str, users: tuple[UserSpec, ...] | None = None, **settings: Any) -> None:
        """Make it; nothing runs yet. The settings are the client's."""
        self.draw = random.Random(seed)
        self.clock = LoopClock(asyncio.get_running_loop())
        self.simulator = Simulator(self._settings(users or people(), self.draw.randrange(2**31)), clock=self.clock)
        self.switch = self.simulator.switch
        self.switch.external.set("0015550101", Behaviour(ring_after=2, answer_after=3, hang_up_after=40))
        self.switch.external.set(BUSY_OUTSIDE, Behaviour(busy=True))
        self.faults = self.simulator.faults
        self.proxies: list[FaultyProxy] = []
        self._to_client: FaultyProxy | None = None
        """The one that leads to a listener of the client's."""
        self._client = settings

    def _settings(self, users: tuple[UserSpec, ...], seed: int) -> SimulatorSettings:
        switch = SwitchSettings(hunting_groups=(HuntingGroupSpec(number=GROUP),), seed=seed)
        return SimulatorSettings(users=users, switch=switch, istra=self.istra, ha=self.pair)

    async def start(self) -> Pbx:
        """Start it, and connect."""
        await self.simulator.start()
        settings = await self._open()
        return await aiopbx.connect(**{**settings, **self._client})

    async def stop(self) -> None:
        """End it all."""
        for proxy in self.proxies:
            await proxy.close()
        await self.simulator.stop()

    async def _proxy(self, port: int) -> FaultyProxy:
        proxy = await FaultyProxy(port).start()
        self.proxies.append(proxy)
        return proxy

    @abstractmethod
    async def _open(self) -> dict[str, Any]:
        """Put proxies in between, and return the settings of the client."""

    def arranged(self) -> None:  # noqa: B027 - most need nothing
        """Lead clients through the proxies, again after a restart."""

    @abstractmethod
    def compare(self, pbx: Pbx, *, partly: bool = False) -> None:
        """Fail unless every line is what the switch knows of it; ``partly``, unless each of its calls is there."""

    @staticmethod
    def _compare_calls(line: LineSnapshot, truth: dict[str, str]) -> None:
        """Fail unless each call that the line has is there, and in its state."""
        for call in line.calls:
            assert call.ref in truth, f"{line.id}: the call {call.ref} is over"
            assert call.state.value == truth[call.ref], f"{call.ref}: {call.state} is not {truth[call.ref]}"

    @property
    @abstractmethod
    def cookies(self) -> set[str]:
        """What identifies the sessions that are open at the simulator."""

    @property
    def left(self) -> int:
        """How many sessions, subscriptions, listeners and sockets are open at the simulator."""
        servers = sum(len(server.sessions) + len(server.subscriptions) for server in self.simulator.servers)
        face = self.simulator.istra
        return servers + (0 if face is None else len(face.sessions) + len(face.listeners) + len(face.sockets))

    @property
    def requests(self) -> int:
        """How many requests the simulator has had."""
        face = self.simulator.istra
        return sum(server.requests for server in self.simulator.servers) + (face.requests if face else 0)

    @property
    def known(self) -> set[str]:
        """What identifies the sessions that the client knows of."""
        return {cookie.decode("ascii", "replace") for proxy in self.proxies for cookie in proxy.cookies}

    def call_key(self, line: str, ref: str) -> tuple[str, str]:
        """What a call of the client is to the switch: login and reference."""
        return line, ref

    def seen(self, change: CallChange) -> None:  # noqa: B027 - most need nothing
        """Note what a call of the switch is called on the wire."""

    @property
    def sockets(self) -> int:
        """How many sockets the client has open."""
        return sum(proxy.open_at("far" if proxy is self._to_client else "near") for proxy in self.proxies)


class Chunk(World):
    """O2G over its chunked answer."""

    name = "chunk"
    channel: ClassVar[str] = "chunk"

    async def _open(self) -> dict[str, Any]:
        self._events: list[FaultyProxy] = []
        api = []
        for server, url in zip(self.simulator.servers, self._urls(), strict=True):
            api.append(await self._proxy(int(url.rpartition(":")[2].strip("/"))))
            self._events.append(await self._proxy(server.event_ports["http"]))
        self.arranged()
        settings: dict[str, Any] = {"url": api[0].url, "username": "admin", "password": "admin"}
        if self.pair:
            settings["secondary_url"] = api[1].url
        return settings

    def _urls(self) -> list[str]:
        return [self.simulator.url, self.simulator.secondary_url] if self.pair else [self.simulator.url]

    def arranged(self) -> None:
        for server, proxy in zip(self.simulator.servers, self._events, strict=True):
            server.event_ports = {"http": proxy.port}

    def compare(self, pbx: Pbx, *, partly: bool = False) -> None:
        assert set(pbx.lines) == set(self.switch.users), "other lines than users"
        for login in self.switch.users:
            line = pbx.line(login).snapshot
            if partly:
                self._compare_calls(line, {view.ref: view.state.lower() for view in self.switch.call_views(login)})
                continue
            assert line.synced, f"{login} is not synced"
            compare_o2g(line, self.switch, login)

    @property
    def cookies(self) -> set[str]:
        return {session.id for server in self.simulator.servers for session in server.sessions}


class Pair(Chunk):
    """A pair of O2G servers."""

    name = "pair"
    pair = True


class Webhook(Chunk):
    """O2G, which calls this side."""

    name = "webhook"

    async def _open(self) -> dict[str, Any]:
        settings = await super()._open()
        listener = free_port()
        self._to_client = proxy = await self._proxy(listener)
        word = secret(1)
        webhook = {"host": "127.0.0.1", "port": listener, "public_url": proxy.url, "secret": word}
        return {**settings, "channel": "webhook", "webhook": webhook}


class Tunnel(Chunk):
    """O2G through a tunnel that its agent opens."""

    name = "tunnel"

    async def _open(self) -> dict[str, Any]:
        settings = await super()._open()
        listener = free_port()
        self._to_client = proxy = await self._proxy(listener)
        word = secret(1)
        self.simulator.open_tunnel(f"ws://127.0.0.1:{proxy.port}/{word}")
        tunnel = {"host": "127.0.0.1", "port": listener, "secret": word}
        return {**settings, "channel": "tunnel", "tunnel": tunnel}


class Istra(World):
    """Any application of Istra."""

    istra = True

    async def _open(self) -> dict[str, Any]:
        self._api = await self._proxy(int(self.simulator.istra_url.rpartition(":")[2].strip("/")))
        return {"url": self._api.url}

    @property
    def cookies(self) -> set[str]:
        face = self.simulator.istra
        assert face is not None
        return {session.id for session in face.sessions.all}


class MyRcc(Istra):
    """myRCC: the extensions of an enterprise."""

    name = "myrcc"

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        """See ``World``."""
        super().__init__(*arguments, **settings)
        self._numbers: dict[str, tuple[str, str]] = {}

    async def _open(self) -> dict[str, Any]:
        return await super()._open() | RCC

    def compare(self, pbx: Pbx, *, partly: bool = False) -> None:
        assert set(pbx.lines) == {extension_id(login) for login in self.switch.users}, "other lines than extensions"
        for login in self.switch.users:
            line = pbx.line(extension_id(login)).snapshot
            if partly:
                self._compare_calls(line, self._truth(login))
            else:
                compare_rcc(line, self.switch, login)

    def _truth(self, login: str) -> dict[str, str]:
        """The state of each call of a user, by its number on the wire."""
        face = self.simulator.istra
        assert face is not None
        views = {view.ref: view for view in self.switch.call_views(login)}
        return {line.id: state_of(views[line.ref]).value for line in face.lines.of(login)}

    def seen(self, change: CallChange) -> None:
        face = self.simulator.istra
        assert face is not None
        line = face.lines.line(change.login, change.ref)
        if line is not None:
            self._numbers[line.id] = change.login, change.ref

    def call_key(self, line: str, ref: str) -> tuple[str, str]:
        return self._numbers.get(ref, ("", ref))


class MyCrm(MyRcc):
    """myCrm: the terminals of a user. Calls in progress cannot be read, so after a loss some may be missing."""

    name = "mycrm"
    reopens = True

    async def _open(self) -> dict[str, Any]:
        return await Istra._open(self) | end_user("mycrm", "c")

    def compare(self, pbx: Pbx, *, partly: bool = False) -> None:
        (line,) = pbx.lines.values()
        assert line.synced, "the terminal is not synced"
        # One's own telephone rings first: on this wire that is an outgoing call that rings already.
        truth = {ref: state.replace("dialing", "ringing_outgoing") for ref, state in self._truth("c").items()}
        if partly:
            rings = [call.ref for call in line.calls if call.state.value.startswith("ringing")]
            assert set(rings) <= set(truth), f"{rings} ring, of which some are over: {truth}"
        else:
            self._compare_calls(line.snapshot, truth)


class MyIstra(Istra):
    """myIstra: a user without calls, with counters."""

    name = "myistra"
    sees_calls = False

    async def _open(self) -> dict[str, Any]:
        return await super()._open() | end_user("myistra", "a")

    def compare(self, pbx: Pbx, *, partly: bool = False) -> None:
        line = pbx.line("a")
        assert line.synced, "the user is not synced"
        if partly:
            return
        truth = self.switch.counters("a")
        told = (line.counters.missed_calls, line.counters.new_texts, line.counters.voicemails or 0)
        assert told == (truth.missed_calls, truth.new_texts, truth.voicemails or 0), f"{told} is not {truth}"


WORLDS: Final[dict[str, Callable[..., World]]] = {
    "chunk": Chunk,
    "webhook": Webhook,
    "tunnel": Tunnel,
    "pair": Pair,
    "myrcc": MyRcc,
    "mycrm": MyCrm,
    "myistra": MyIstra,
}
"""By name, as ``--system`` and ``--channel`` say them."""
