"""A simulated PBX in a thread of its own, and the command run as a person would."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import SecretStr

from aiopbx.cli.app import run
from aiopbx.simulator import ScenarioPlayer, Simulator, SimulatorSettings, UserSpec, load_scenario
from aiopbx.simulator.scenarios import Scenario


class ServerThread:
    """Runs simulators in a loop of their own, so that the command can have its loop to itself."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def do(self, coroutine: Any) -> Any:
        future: Future[Any] = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        return future.result(30)

    def call(self, fn: Callable[[], Any]) -> Any:
        async def inside() -> Any:
            return fn()

        return self.do(inside())

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


@dataclass
class Served:
    """A simulator that serves, and the thread in which it lives."""

    simulator: Simulator
    thread: ServerThread

    @property
    def url(self) -> str:
        return self.simulator.url

    def call(self, fn: Callable[[], Any]) -> Any:
        return self.thread.call(fn)


def people() -> tuple[UserSpec, ...]:
    office = load_scenario("office").specs[:4]
    return (
        *office,
        UserSpec(
            login="private", number="1102", pin=SecretStr("4711"), secret_code=SecretStr("0815"), business_codes=("77",)
        ),
    )


def answering() -> Scenario:
    """Return a scenario without calls of its own, in which everyone but 1003 answers at once and hangs up soon."""
    data = load_scenario("office").model_dump() | {
        "acts": {},
        "answering": {"ring": [0.05, 0.1], "talk": [30, 30]},
    }
    data["users"] = [person | {"manual": person["number"] in {"1003", "1018", "1019"}} for person in data["users"]]
    return Scenario.model_validate(data)


@pytest.fixture(scope="session")
def thread() -> Iterator[ServerThread]:
    server = ServerThread()
    yield server
    server.close()


def _serve(thread: ServerThread, settings: SimulatorSettings) -> Iterator[Served]:
    async def start() -> tuple[Simulator, ScenarioPlayer]:
        simulator = Simulator(settings)
        await simulator.start()
        player = ScenarioPlayer(answering(), simulator.switch, simulator.clock)
        player.start()
        return simulator, player

    async def stop() -> None:
        player.stop()
        await simulator.stop()

    simulator, player = thread.do(start())
    yield Served(simulator, thread)
    thread.do(stop())


@pytest.fixture(scope="session")
def pbx(thread: ServerThread) -> Iterator[Served]:
    yield from _serve(thread, SimulatorSettings(users=people()))


@pytest.fixture(scope="session")
def unlicensed_pbx(thread: ServerThread) -> Iterator[Served]:
    users = (
        UserSpec(login="basic", number="1100", licences=frozenset({"TELEPHONY_BASIC"})),
        UserSpec(login="nothing", number="1101", licences=frozenset()),
    )
    yield from _serve(thread, SimulatorSettings(users=(*people(), *users)))


@pytest.fixture(scope="session")
def tls_pbx(thread: ServerThread) -> Iterator[Served]:
    yield from _serve(thread, SimulatorSettings(users=people(), tls=True))


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line that says what is wrong."""
        lines = [line for line in self.err.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, self.err
        assert "Traceback" not in self.err
        return lines[0]


Command = Callable[..., Ran]


@contextmanager
def logging_kept() -> Iterator[None]:
    """Keep the logging of the tests, which a command sets up anew."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


@pytest.fixture
def aiopbx(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run the command, with an environment that names no connection."""
    import os

    for name in [name for name in os.environ if name.startswith("AIOPBX_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("NO_COLOR", "1")

    def command(*arguments: str) -> Ran:
        capfd.readouterr()
        with logging_kept():
            code = run(list(arguments))
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    return command


@pytest.fixture
def as_admin(pbx: Served) -> list[str]:
    return ["--url", pbx.url, "--user", "admin", "--password", "admin"]
