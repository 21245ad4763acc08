"""One case: an office that telephones, a network that fails, and what must be true when both are quiet again."""

import asyncio
import contextlib
import itertools
import logging
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from aiopbx import (
    CallChanged,
    CallEnded,
    CallEvent,
    CallSnapshot,
    CallStarted,
    Event,
    Outcome,
    Pbx,
    PbxError,
    Status,
    StatusChanged,
)
from aiopbx.simulator.switch.changes import CallChange, Change
from tests.aiopbx.office import client_tasks
from tests.chaos import people
from tests.chaos.misfortunes import Misfortunes
from tests.chaos.turned_loop import StuckError, run
from tests.chaos.worlds import WORLDS, World

PATIENCE: Final = 900.0
"""Seconds in which the client has to be right again, after the last fault."""
STEPS: Final = 45
"""How much happens in a case, at most: acts, commands, faults and pauses."""
_MINUTE: Final = 60.0
_SESSION: Final = 2 * 3600.0
"""After so many seconds every session that nobody could give back has expired."""


@dataclass
class Report:
    """What happened in a case."""

    system: str
    seed: int
    number: int
    steps: int
    violations: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)
    acts: int = 0
    calls: int = 0
    ends: int = 0
    losses: int = 0
    fail_overs: int = 0
    attempts: int = 0
    requests: int = 0
    owed: int = 0
    """Sessions that the client knew of and that were not given back: a fault was in the way of the farewell."""
    seconds: float = 0.0
    """Of the turned clock."""
    quiet_after: float = 0.0
    """Seconds from the last fault until everything was right."""
    diary: list[str] = field(default_factory=list)

    @property
    def again(self) -> str:
        """The command that repeats this case alone."""
        steps = "" if self.steps == STEPS else f" --steps {self.steps}"
        return f"./scripts/chaos --system {self.system} --seed {self.seed} --case {self.number}{steps}"


class Witness:
    """Listens to the client and to the switch, and notes what cannot be."""

    def __init__(self, world: World, report: Report) -> None:
        self.alive: dict[str, CallSnapshot] = {}
        self._world = world
        self._report = report
        self._began: Counter[tuple[str, str]] = Counter()
        self._there: set[tuple[str, str]] = set()
        self._started: Counter[tuple[str, str]] = Counter()
        world.switch.subscribe(self._on_change)

    def _wrong(self, what: str) -> None:
        self._report.violations.append(what)

    def _on_change(self, change: Change) -> None:
        """Count how often each call has begun for each user, in truth."""
        if not isinstance(change, CallChange):
            return
        self._world.seen(change)
        key = change.login, change.ref
        if change.previous_ref is not None:
            self._there.discard((change.login, change.previous_ref))
        if change.view is None or change.view.state == "RELEASING":
            self._there.discard(key)
        elif key not in self._there:
            self._there.add(key)
            self._began[key] += 1

    def forget(self) -> None:
        """Forget the calls that are over; for when there are no others."""
        self._began.clear()
        self._started.clear()
        self._there.clear()

    def on_event(self, event: Event) -> None:
        """Check an event against those before it."""
        if not isinstance(event, CallEvent):
            return
        call, known = event.call, self.alive.get(event.call.id)
        if isinstance(event, CallStarted):
            self._report.calls += 1
            if known is not None:
                self._wrong(f"{call.id} started twice")
            self.alive[call.id] = call
            key = self._world.call_key(call.line, call.ref)
            self._started[key] += 1
            if self._started[key] > self._began[key] and not self._world.reopens:
                self._wrong(f"ghost: {call.id} started {self._started[key]} times, and began {self._began[key]} times")
        elif isinstance(event, CallChanged):
            if known is None:
                self._wrong(f"{call.id} changed, and had not started")
            elif known != event.previous:
                self._wrong(f"{call.id} changed from what it was not")
            self.alive[call.id] = call
        elif isinstance(event, CallEnded):
            self._report.ends += 1
            if known is None:
                self._wrong(f"{call.id} ended twice, or had not started")
            elif not call.ended or call.outcome is None:
                self._wrong(f"{call.id} ended without an outcome")
            elif call.outcome is Outcome.UNKNOWN and not self._report.losses and not self._report.faults:
                self._wrong(f"{call.id} ended unknown, and nothing was lost")
            self.alive.pop(call.id, None)


class _Errors(logging.Handler):
    """Collects what the client logs as an error: each is something that was not foreseen."""

    def __init__(self, report: Report) -> None:
        super().__init__(logging.ERROR)
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith("aiopbx.simulator"):
            return  # what it thinks of a connection that broke under an answer
        cause = record.exc_info[1] if record.exc_info else None
        self._report.violations.append(f"logged: {record.getMessage()} {cause!r}")


class Case:
    """A case while it runs."""

    def __init__(self, report: Report, *, verbose: bool = False) -> None:
        self.report = report
        self.draw = random.Random(f"{report.seed}:{report.system}:{report.number}")
        self._verbose = verbose
        self._commands: set[asyncio.Task[None]] = set()
        self._attempts: list[float] = []

    def note(self, text: str) -> None:
        """Write into the diary, with the time."""
        line = f"{self.world.clock.now():9.2f}  {text}"
        self.report.diary.append(line)
        if self._verbose:
            print(line, flush=True)

    async def run(self) -> None:
        """Play it from the beginning to the end."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._unhandled)
        random.seed(self.draw.randrange(2**32))  # the back-off's spread
        self.world = self._make_world(f"{self.draw.random()}")
        self.misfortunes = Misfortunes(self.world, random.Random(self.draw.random()))
        self._was_lost = False
        self.report.faults = self.misfortunes.counts
        self.witness = Witness(self.world, self.report)
        self.pbx = await self.world.start()
        try:
            await self._play(self.pbx)
        finally:
            await self.pbx.close()
            await self.world.stop()

    def _make_world(self, seed: str) -> World:
        return WORLDS[self.report.system](seed)

    async def _play(self, pbx: Pbx) -> None:
        report, loop = self.report, asyncio.get_running_loop()
        pbx.subscribe(self.witness.on_event)
        pbx.subscribe(self._on_status, kind=StatusChanged)
        if self._verbose:
            pbx.subscribe(lambda event: self.note(_short(event)))
        self._count_attempts(pbx)
        await self._days_of_trouble(pbx)
        self.misfortunes.end()
        await self.misfortunes.over()
        self.misfortunes.end()
        self.note("quiet")
        began = loop.time()
        if not await self.becomes_right(pbx, "calls in progress"):
            return
        report.quiet_after = loop.time() - began
        people.everybody_hangs_up(self.world)
        self.note("everybody has hung up")
        await asyncio.sleep(_MINUTE)
        people.everybody_hangs_up(self.world)  # what was forwarded or recalled meanwhile
        await asyncio.sleep(5 * _MINUTE)
        if (
            await self.becomes_right(pbx, "after everybody has hung up")
            and self.witness.alive
            and not self._cannot_be_known
        ):
            self._wrong(f"never ended: {sorted(self.witness.alive)}")
        for line in pbx.lines.values():
            for call in line.calls:
                if not self._cannot_be_known or call.state in people.RINGING:
                    self._wrong(f"for ever: {call!r}")
        await self._close(pbx)

    async def _days_of_trouble(self, pbx: Pbx) -> None:
        draw = self.draw
        for _ in range(draw.randint(self.report.steps // 3, self.report.steps)):
            dice = draw.random()
            if dice < 0.35:
                self.report.acts += 1
                self.note("act: " + people.act(draw, self.world))
            elif dice < 0.6:
                self._command(pbx)
            elif dice < 0.85:
                self.note("fault: " + self.misfortunes.strike())
            else:
                self.note("pause")
            await asyncio.sleep(draw.choice([0.0, 0.0, 0.01, 0.1, 0.5, 2.0, 5.0, 20.0, 45.0]))

    @property
    def _cannot_be_known(self) -> bool:
        """Whether something was lost where calls cannot be read, sign or no sign: only ringing has an end then."""
        return self.world.reopens and (self._was_lost or self.misfortunes.unseen or self.misfortunes.signs)

    def _on_status(self, event: StatusChanged) -> None:
        if event.status is Status.SYNCING:
            self._was_lost = True
            self.misfortunes.read_again()

    # Commands

    def _command(self, pbx: Pbx) -> None:
        found = people.command(self.draw, self.world, pbx)
        if found is None:
            return
        name, work = found
        self.report.commands[name] += 1
        self.note(f"command: {name}")
        task = asyncio.get_running_loop().create_task(self._carry_out(name, work), name="command")
        self._commands.add(task)
        task.add_done_callback(self._commands.discard)

    async def _carry_out(self, name: str, work: people.Work) -> None:
        try:
            async with asyncio.timeout(120):
                await work()
        except PbxError as error:
            self.note(f"{name}: {type(error).__name__}")
        except TimeoutError:
            self._wrong(f"{name} neither succeeds nor fails")
        except Exception as error:
            self._wrong(f"{name} raises {error!r}")

    # What must be true

    async def becomes_right(self, pbx: Pbx, when: str) -> bool:
        loop = asyncio.get_running_loop()
        until, pause = loop.time() + PATIENCE, 1.0
        while True:
            problem = self._problem(pbx)
            if problem is None:
                return True
            if loop.time() >= until:
                sign = " (there was a sign of loss)" if self.misfortunes.signs else ""
                self._wrong(f"{when}{sign}: {problem}")
                return False
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 30.0)

    def _problem(self, pbx: Pbx) -> str | None:
        if pbx.status is not Status.ONLINE:
            return f"{pbx.status}: {pbx._core.connection.error}"
        if self._commands:
            return "a command still waits"
        try:
            self.world.compare(pbx, partly=self.misfortunes.unseen or self._cannot_be_known)
        except (AssertionError, KeyError) as error:
            return f"the model is not the switch's truth: {type(error).__name__} {_where(error)}"
        known = {call.id: call.snapshot for line in pbx.lines.values() for call in line.calls}
        if known != self.witness.alive:
            return f"events and model differ: {sorted(known)} and {sorted(self.witness.alive)}"
        return None

    def _count_attempts(self, pbx: Pbx) -> None:
        system, attempts, loop = pbx._core.connection._system, self._attempts, asyncio.get_running_loop()
        real = system.open

        async def counted(server: int) -> Any:
            attempts.append(loop.time())
            return await real(server)

        system.open = counted  # type: ignore[method-assign]

    def _check_attempts(self) -> None:
        attempts, servers = self._attempts, 2 if self.world.pair else 1
        self.report.attempts = len(attempts)
        for first, second in itertools.pairwise(attempts):
            # The shortest pause is a second, shortened by half at most. To the primary one moves besides.
            if second - first < 0.499 and servers == 1:
                self._wrong(f"two attempts within {second - first:.3f} s")
        for index, first in enumerate(attempts):
            many = sum(first <= at < first + _MINUTE for at in attempts[index:])
            if many > 9 * servers:
                self._wrong(f"{many} attempts in a minute")
                break

    async def _close(self, pbx: Pbx) -> None:
        statistics = pbx.statistics
        report, world = self.report, self.world
        report.losses, report.fail_overs = statistics.losses, statistics.fail_overs
        if pbx._core.connection.unforeseen:
            self._wrong(f"{pbx._core.connection.unforeseen} exceptions that were not foreseen")
        await pbx.close()
        self._check_attempts()
        await asyncio.sleep(5)
        tasks = sorted(client_tasks())
        if tasks:
            self._wrong(f"tasks are left: {tasks}")
        if world.sockets:
            self._wrong(f"{world.sockets} sockets are left")
        report.owed = len(world.cookies & world.known)
        report.requests = world.requests
        await asyncio.sleep(_SESSION)
        if world.left:
            self._wrong(f"{world.left} sessions, subscriptions, listeners or sockets stay for ever")

    # Inside

    def _wrong(self, what: str) -> None:
        self.note("VIOLATION: " + what)
        self.report.violations.append(what)

    def _unhandled(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._wrong(f"unhandled: {context.get('message')} {context.get('exception')!r}")


def _where(error: Exception) -> str:
    """The line of the comparison that failed, and what it says."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    where = "" if last is None else f"{last.tb_frame.f_code.co_name}:{last.tb_lineno}"
    return f"{where} {str(error)[:300]}"


def _short(event: Event) -> str:
    text = type(event).__name__
    if isinstance(event, CallEvent):
        return f"{text} {event.call.id} {event.call.state} {event.call.outcome or ''}"
    return f"{text} {getattr(event, 'status', '')} {getattr(event, 'reason', '') or ''}{getattr(event, 'changed', '')}"


def play(system: str, seed: int, number: int, steps: int = STEPS, *, verbose: bool = False) -> Report:
    """Run one case on a turned clock of its own."""
    report = Report(system, seed, number, steps)
    errors = _Errors(report)
    logger = logging.getLogger("aiopbx")
    logger.addHandler(errors)
    case = Case(report, verbose=verbose)
    try:
        began = run(lambda: _timed(case))
        report.seconds = began
    except StuckError:
        report.violations.append("stuck: everybody waits for something that cannot come")
    except Exception as error:
        report.violations.append(f"the case itself failed: {error!r} {_where(error)}")
    finally:
        logger.removeHandler(errors)
    return report


def play_quietly(job: tuple[str, int, int, int]) -> Report:
    """Run one case in another process; its diary is kept only where something was wrong."""
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)  # what a server thinks of garbage
    report = play(*job)
    if not report.violations:
        report.diary.clear()
    return report


async def _timed(case: Case) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    with contextlib.suppress(asyncio.CancelledError):
        await case.run()
    return loop.time() - began
