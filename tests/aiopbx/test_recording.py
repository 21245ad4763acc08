"""Recording what happens, and bringing it back."""

import asyncio
import json
import math
import os
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from msgspec.structs import replace

import aiopbx
from aiopbx import (
    Action,
    AgentChanged,
    AgentSnapshot,
    AgentState,
    CallChanged,
    CallEnded,
    CallSnapshot,
    CallStarted,
    CallState,
    Counters,
    Direction,
    Event,
    Feature,
    HelpRequested,
    LineAdded,
    LineChanged,
    LineRemoved,
    LineSnapshot,
    NodeChanged,
    NodeSnapshot,
    Outcome,
    Party,
    Pbx,
    Recorder,
    Replay,
    Status,
    StatusChanged,
    SystemInfo,
    WireMessage,
)
from aiopbx.recording import recorder as module
from aiopbx.recording.recorder import RealClock
from aiopbx.records import NodesSnapshot
from aiopbx.store import Store
from tests.aiopbx.office import Office, office, until

NOW = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


class TurnedClock:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.now + seconds, woken))
        await woken

    async def turn(self, seconds: float) -> None:
        """Let so many seconds pass, and everything happen that falls due."""
        end = self.now + seconds
        while True:
            await settled()
            due = sorted((at, number) for number, (at, woken) in enumerate(self._sleepers) if not woken.done())
            if not due or due[0][0] > end + 1e-9:
                break
            self.now = max(self.now, due[0][0])
            self._sleepers[due[0][1]][1].set_result(None)
        self.now = end
        await settled()


_in_threads = 0
"""Reads that are under way in threads. However busy the machine is, they are waited for."""


@pytest.fixture(autouse=True)
def counted_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    real = asyncio.to_thread

    async def to_thread(work: Any, *args: Any) -> Any:
        global _in_threads
        _in_threads += 1
        try:
            return await real(work, *args)
        finally:
            _in_threads -= 1

    monkeypatch.setattr(asyncio, "to_thread", to_thread)


async def settled() -> None:
    """Let threads that read and tasks that wait for them come to rest."""
    for _ in range(5):
        await asyncio.sleep(0.002)
        while _in_threads:
            await asyncio.sleep(0.002)


def recorder(board: Store, path: Path, clock: Any = None, **keywords: Any) -> Recorder:
    """A recorder of a board that nobody connected."""
    values: dict[str, Any] = {
        "loop": asyncio.get_running_loop(),
        "status": lambda: (Status.ONLINE, None),
        "info": lambda: SystemInfo(system="o2g", url="https://o2g.example.com", login="admin"),
        "wire": True,
        "clock": clock or RealClock(),
        "ended": lambda _: None,
        **keywords,
    }
    return Recorder(path, board, **values)


class Notes:
    """Everything that a client tells, in order, with its lines as they were then."""

    def __init__(self, pbx: Pbx) -> None:
        self.all: list[object] = []
        self.lines: list[dict[str, LineSnapshot]] = []
        board = pbx._core.store

        def heard(event: Event) -> None:
            self.all.append(event)
            self.lines.append(dict(board.lines))

        pbx.subscribe(heard)
        pbx.wire(self.all.append)

    @property
    def events(self) -> list[Event]:
        return [one for one in self.all if isinstance(one, Event)]


async def a_call(one: Office, pbx: Pbx) -> None:
    """Something of everything."""
    line = pbx.line("1000")
    call = await line.dial("1001")
    assert call is not None
    await one.caught_up(pbx)
    other = pbx.line("1001")
    await other.answer()
    await one.caught_up(pbx)
    await other.calls[0].hold()
    await one.caught_up(pbx)
    await line.hang_up()
    await line.set_do_not_disturb(True)
    await one.caught_up(pbx)


async def test_what_was_recorded_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    async with office() as one:
        pbx = await one.connect()
        notes = Notes(pbx)
        beginning = {line.id: line.snapshot for line in pbx.lines.values()}
        async with pbx.record(path) as recording:
            await a_call(one, pbx)
            one.faults.expire_sessions()
            with pytest.raises(aiopbx.PbxError):
                await pbx.line("1000").dial("1001", timeout=0.1)
            await until(lambda: pbx.statistics.losses == 1 and pbx.status == "online")
            await one.caught_up(pbx)
        expected, lines = list(notes.all), list(notes.lines)
        assert recording.closed
        assert recording.events == len(notes.events)
        assert recording.wire_messages == len(notes.all) - len(notes.events)
        end = {line.id: line.snapshot for line in pbx.lines.values()}
        nodes, info = pbx.nodes.snapshot, pbx.info

    async with aiopbx.replay(path, speed=0) as again:
        assert isinstance(again, Pbx)
        assert {line.id: line.snapshot for line in again.lines.values()} == beginning
        assert list(again.lines) == list(beginning)
        assert (again.status, again.info) == (Status.ONLINE, info)
        told = Notes(again)
        await again.wait_finished()
        same = told.all == expected and told.lines == lines  # a comparison of pytest's own would take minutes
        assert same
        assert {line.id: line.snapshot for line in again.lines.values()} == end
        assert again.nodes.snapshot == nodes
        assert (again.statistics.losses, again.status) == (1, Status.ONLINE)
        assert again.complete
        assert again.has_wire
    assert again.status is Status.CLOSED


async def test_it_is_for_its_owner_and_small(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    async with office() as one:
        pbx = await one.connect()
        async with pbx.record(path, wire=False) as recording:
            await a_call(one, pbx)
        assert recording.wire_messages == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert rows[0]["format"] == "aiopbx recording"
    assert rows[0]["lines"] == 4
    assert [row["kind"] for row in rows[1:5]] == ["line"] * 4
    assert rows[-1]["kind"] == "end"
    assert [row["t"] for row in rows[1:]] == sorted(row["t"] for row in rows[1:])
    events = rows[6:-1]
    assert events
    assert sum(len(json.dumps(row)) for row in events) / len(events) < 1000, "snapshots are not written over and over"


async def test_the_end_of_the_client_ends_it(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    async with office() as one:
        pbx = await one.connect()
        recording = pbx.record(path)
        await pbx.close()
        assert recording.closed
        await recording.close()
    async with aiopbx.replay(path, 0) as again:
        await again.wait_finished()
        assert again.complete
        assert again.status is Status.ONLINE, "its own end is no part of a recording"


async def test_from_another_thread_and_loop(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    async with office() as one:
        pbx = await one.connect()

        async def elsewhere() -> None:
            async with pbx.record(path):
                await pbx.line("1000").dial("1001")

        await asyncio.to_thread(asyncio.run, elsewhere())
    async with aiopbx.replay(path, 0) as again:
        heard = Notes(again)
        await again.wait_finished()
        assert [event for event in heard.events if isinstance(event, CallStarted)]


# ----------------------------------------------------------------------------------------------- what cannot be written


@pytest.mark.parametrize("what", ["folder", "other", "missing"])
async def test_a_file_that_cannot_be_one(tmp_path: Path, what: str, caplog: pytest.LogCaptureFixture) -> None:
    path = {"folder": tmp_path, "other": tmp_path / "my.ipynb", "missing": tmp_path / "no" / "x.jsonl"}[what]
    if what == "other":
        path.write_text('{"cells": []}')
    board = Store()
    ended: list[Recorder] = []
    recording = recorder(board, path, ended=ended.append)
    with pytest.raises(aiopbx.InvalidInput, match=r"^path: "):
        await recording
    await until(lambda: recording.closed)
    assert ended == [recording]
    assert recording.error is not None
    assert "cannot be written" in caplog.text or "is no recording" in caplog.text
    with pytest.raises(aiopbx.InvalidInput):
        await recording.close()
    await recording.close()
    if what == "other":
        assert path.read_text() == '{"cells": []}'


async def test_a_recording_may_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    for _ in range(2):
        async with recorder(Store(), path):
            pass
    assert len(path.read_text().splitlines()) == 3


async def test_a_full_disk_ends_the_recording_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Full:
        written = 0

        def __enter__(self) -> "Full":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def write(self, data: bytes) -> None:
            self.written += 1
            if self.written > 1:
                raise OSError(28, "No space left on device")

        def flush(self) -> None:
            pass

    monkeypatch.setattr(module, "_open", lambda path: Full())
    async with office() as one:
        pbx = await one.connect()
        recording = await pbx.record(tmp_path / "x.jsonl")
        await a_call(one, pbx)
        await until(lambda: recording.closed)
        assert pbx.status is Status.ONLINE
        assert pbx._core.store.tap.listeners == (), "it does not listen any more"
        assert "No space left on device" in caplog.text
        with pytest.raises(aiopbx.RecordingFailed, match="disk"):
            await recording.close()


async def test_an_error_in_the_block_is_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def failing(self: Recorder) -> None:
        raise aiopbx.RecordingFailed("x")

    async def fail() -> None:
        async with recorder(Store(), tmp_path / "x.jsonl") as recording:
            await recording.close()
            monkeypatch.setattr(Recorder, "close", failing)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()


@pytest.mark.parametrize("what", ["events", "wire"])
async def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    go = threading.Event()
    real = module._open
    monkeypatch.setattr(module, "_open", lambda path: go.wait(10) and real(path))
    monkeypatch.setattr(module, "MOST_WAITING", 100 if what == "events" else 10_000)
    monkeypatch.setattr(module, "MOST_WIRE", 10_000)
    board = Store()
    recording = recorder(board, tmp_path / "x.jsonl")
    for _ in range(200):
        if what == "events":
            board.publish(StatusChanged(at=NOW, status=Status.ONLINE, previous=Status.ONLINE))
        else:
            board.tap.publish("OnSomething", sent=False, body="x" * 100)
    assert recording.closed
    assert recording.events + recording.wire_messages < 150
    go.set()
    with pytest.raises(aiopbx.RecordingFailed, match="faster than it can be written"):
        await recording.close()
    async with aiopbx.replay(recording.path, 0) as again:
        await again.wait_finished()
        assert not again.complete, "what was written can be read"


# ------------------------------------------------------------------------------------------------------------- the pace


def some_events(board: Store, clock: TurnedClock, seconds: int) -> None:
    for number in range(seconds):
        clock.now = float(number)
        line = LineSnapshot(id="a", counters=Counters(missed_calls=number))
        former = board.lines["a"]
        board.put(
            line, (LineChanged(at=NOW, line="a", snapshot=line, previous=former, changed=frozenset({"counters"})),)
        )


async def paced(path: Path, seconds: int = 11) -> None:
    """A recording with an event each second."""
    clock, board = TurnedClock(), Store()
    board.lines["a"] = LineSnapshot(id="a", number="1000")
    async with recorder(board, path, clock):
        some_events(board, clock, seconds)


@pytest.mark.parametrize("speed", [0.5, 1, 2.0, 10])
async def test_the_time_between_events_comes_back(tmp_path: Path, speed: float) -> None:
    path = tmp_path / "x.jsonl"
    await paced(path)
    clock = TurnedClock()
    times: list[float] = []
    async with aiopbx.replay(path, speed, clock=clock) as pbx:
        pbx.subscribe(lambda event: times.append(clock.now * speed))
        await clock.turn(3.5 / speed)
        assert len(times) == 4
        assert pbx.position == pytest.approx(3.5)
        assert pbx.now == pbx.recorded_at + timedelta(seconds=pbx.position)
        assert pbx.line("a").counters.missed_calls == 3
        await clock.turn(20 / speed)
        assert times == pytest.approx(list(range(11)))
        assert pbx.finished
        assert pbx.position == pbx.duration == 10


async def test_pausing_going_on_and_another_speed(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    await paced(path)
    clock = TurnedClock()
    heard: list[Event] = []
    async with aiopbx.replay(path, paused=True, clock=clock) as pbx:
        pbx.subscribe(heard.append)
        await clock.turn(5)
        assert (len(heard), pbx.position, pbx.paused) == (0, 0, True)
        pbx.resume()
        await clock.turn(2.5)
        assert (len(heard), pbx.position) == (3, 2.5)
        pbx.pause()
        await clock.turn(100)
        assert (len(heard), pbx.position) == (3, 2.5)
        pbx.speed = 4
        pbx.resume()
        await clock.turn(1)
        assert (len(heard), pbx.position) == (7, 6.5)
        await asyncio.to_thread(pbx.pause)
        await settled()
        assert pbx.paused
        await asyncio.to_thread(pbx.resume)
        pbx.speed = 0
        assert pbx.speed == math.inf
        await pbx.wait_finished()
        assert len(heard) == 11


async def test_closing_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    await paced(path)
    before = asyncio.all_tasks()
    clock = TurnedClock()
    pbx = await aiopbx.replay(path, clock=clock)
    waiting = asyncio.create_task(pbx.wait_finished())
    await clock.turn(2)
    await pbx.close()
    await waiting
    assert asyncio.all_tasks() == before
    assert pbx.status is Status.CLOSED
    with pytest.raises(aiopbx.Offline):
        await pbx.available_lines()


@pytest.mark.parametrize("speed", [-1, math.nan, True, "fast", None])
async def test_what_is_no_speed(tmp_path: Path, speed: Any) -> None:
    path = tmp_path / "x.jsonl"
    await paced(path)
    with pytest.raises(aiopbx.InvalidInput, match="speed"):
        await aiopbx.replay(path, speed)
    pbx = await aiopbx.replay(path, math.inf)
    with pytest.raises(aiopbx.InvalidInput, match="speed"):
        pbx.speed = speed
    await pbx.close()


# -------------------------------------------------------------------------------------------------- nothing can be done


async def test_nothing_can_be_done_in_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    async with office() as one:
        pbx = await one.connect()
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        await one.caught_up(pbx)
        async with pbx.record(path):
            await one.caught_up(pbx)
    async with aiopbx.replay(path, 0) as again:
        await again.wait_finished()
        line = again.line("1000")
        assert again.features == line.features == frozenset()
        assert line.snapshot.features, "what it could do then stands in its snapshot"
        assert line.missing == again.missing == {}
        tries: list[Callable[[], Any]] = [
            lambda: line.dial("1001"),
            line.hang_up,
            line.answer,
            line.calls[0].hold,
            line.calls[0].hang_up,
            lambda: line.set_do_not_disturb(True),
            lambda: line.pick_up("1001"),
            line.refresh_counters,
            line.preferences,
            line.mailboxes,
            again.nodes.refresh,
            lambda: again.nodes.has_licence("X"),
            lambda: anext(aiter(again.directory("Ma"))),
            lambda: anext(aiter(line.call_log())),
        ]
        for attempt in tries:
            with pytest.raises(aiopbx.NotSupported, match="This is a recording, in which nothing can be done"):
                await attempt()
        with pytest.raises(aiopbx.NotSupported):
            _ = again.o2g
        assert [each.id for each in await again.available_lines()] == list(again.lines)
        assert again.diagnostics()["status"] == "online"
        assert "x.jsonl" in repr(again)


# -------------------------------------------------------------------------------------------------- what cannot be read


def whole(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


async def test_a_killed_writer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "x.jsonl"
    await paced(path)
    lines = whole(path)
    path.write_bytes(b"".join(lines[:-2]) + lines[-2][:40])
    async with aiopbx.replay(path, 0) as pbx:
        heard = Notes(pbx)
        await pbx.wait_finished()
        assert not pbx.complete
        assert len(heard.events) == 10
    assert "The last line of" in caplog.text
    caplog.clear()
    path.write_bytes(b"".join(lines[:-1]))
    async with aiopbx.replay(path, 0) as pbx:
        assert not pbx.complete
    assert "was not closed" in caplog.text


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (b"{nonsense\n", "line 6"),
        (b'{"t":2,"kind":"LineChanged"}\n', "line 6 .*the event is missing"),
        (b'{"t":2,"kind":"CallEnded","event":{"at":"2026-01-05T09:30:00Z","line":"a","call":"c9"}}\n', "line 6"),
        (b'{"t":2,"kind":"LineChanged","event":{"at":"2026-01-05T09:30:00Z","line":"z","changed":[]}}\n', "line 6"),
        (b'{"t":2,"kind":"wire"}\n', "line 6 .*wire message is missing"),
        (b'{"t":0.5,"kind":"line","line":"a"}\n', "line 6 .*time goes back"),
        (b'{"t":2,"kind":"line","line":"a","set":{"busy":"very"}}\n', "line 6"),
        (b'{"t":2,"kind":"StatusChanged","event":{"at":"2026-01-05T09:30:00Z"}}\n', "line 6"),
    ],
)
async def test_a_broken_line_is_named(tmp_path: Path, broken: bytes, says: str) -> None:
    path = tmp_path / "x.jsonl"
    await paced(path)
    lines = whole(path)
    assert json.loads(lines[4])["t"] == 1
    lines[5] = broken
    path.write_bytes(b"".join(lines))
    with pytest.raises(aiopbx.InvalidInput, match=says):
        await aiopbx.replay(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"# Notes\n", r"no recording \(line 1\)"),
        (b"\xff\xfe\n", r"no recording \(line 1\)"),
        (b'{"cells":[]}\n', r"no recording \(line 1\)"),
        (b'{"eventName":"OnCallCreated"}\n', "aiopbx replay"),
        (b'{"format":"aiopbx recording","version":2}\n', "version 2"),
        (b'{"format":"aiopbx recording","version":1}\n', "line 1 .* is broken"),
        (None, "cannot be read"),
    ],
)
async def test_a_foreign_file(tmp_path: Path, content: bytes | None, says: str) -> None:
    path = tmp_path / "x.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(aiopbx.InvalidInput, match=says):
        await aiopbx.replay(path)


async def test_a_later_kind_is_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "x.jsonl"
    await paced(path)
    lines = whole(path)
    lines.insert(5, b'{"t":1.5,"kind":"Invented","event":{"at":"2030-01-01T00:00:00Z"},"more":true}\n')
    path.write_bytes(b"".join(lines))
    async with aiopbx.replay(path, 0) as pbx:
        heard = Notes(pbx)
        await pbx.wait_finished()
        assert len(heard.events) == 11
    assert "1 rows that this version does not know" in caplog.text


async def test_a_file_that_breaks_while_it_is_played(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    await paced(path, 1000)
    clock = TurnedClock()
    async with aiopbx.replay(path, paused=True, clock=clock) as pbx:
        path.write_bytes(b"".join(whole(path)[:5]) + b"{nonsense\n\n")
        pbx.speed = 0
        pbx.resume()
        with pytest.raises(aiopbx.RecordingFailed, match="line 6"):
            await pbx.wait_finished()


async def test_silent_changes_come_back_too(tmp_path: Path) -> None:
    """A lost connection makes lines unconfirmed without an event of their own."""
    path, board = tmp_path / "x.jsonl", Store()
    board.lines["a"] = LineSnapshot(id="a", synced=True)
    board.lines["b"] = LineSnapshot(id="b", synced=True)
    async with recorder(board, path):
        board.publish(StatusChanged(at=NOW, status=Status.OFFLINE, previous=Status.ONLINE, reason="cut"))
        board.lines["a"] = replace(board.lines["a"], synced=False)
        await asyncio.sleep(0)
        del board.lines["b"]
        board.nodes = NodesSnapshot(nodes=(NodeSnapshot(id="1"),))
        board.publish(NodeChanged(at=NOW, node=board.nodes.nodes[0], previous=None))
    async with aiopbx.replay(path, 0) as pbx:
        await pbx.wait_finished()
        assert {key: line.synced for key, line in pbx.lines.items()} == {"a": False}
        assert (pbx.status, pbx.statistics.losses) == (Status.OFFLINE, 1)
        assert pbx.error is not None
        assert "cut" in str(pbx.error)
        assert list(pbx.nodes) == ["1"]


# ------------------------------------------------------------------------------------------------------- there and back

texts = st.text(max_size=8)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
parties = st.builds(Party, id=texts, number=st.none() | texts, name=st.none() | texts)
calls = st.builds(
    CallSnapshot,
    id=st.sampled_from(["c1", "c2", "c3"]),
    ref=texts,
    line=st.just(""),
    state=st.sampled_from(CallState),
    direction=st.sampled_from(Direction),
    parties=st.lists(parties, max_size=2).map(tuple),
    actions=st.frozensets(st.sampled_from(Action), max_size=3),
    started_at=st.none() | moments,
    queue_wait=st.none() | st.integers(0, 1000),
    outcome=st.none() | st.sampled_from(Outcome),
)
agents = st.builds(AgentSnapshot, state=st.sampled_from(AgentState), groups=st.lists(texts, max_size=2).map(tuple))


@st.composite
def steps(draw: st.DrawFn) -> tuple[Any, ...]:
    """What happens to one of three lines."""
    key = draw(st.sampled_from(["a", "b", "c"]))
    kind = draw(st.sampled_from(["line", "silent", "remove", "status", "wire", "agent", "help", "nodes", "odd"]))
    snapshot = LineSnapshot(
        id=key,
        name=draw(texts),
        calls=tuple(draw(st.lists(calls, max_size=2, unique_by=lambda call: call.id))),
        counters=draw(st.builds(Counters, missed_calls=st.none() | st.integers(0, 9))),
        features=draw(st.frozensets(st.sampled_from(Feature), max_size=3)),
        agent=draw(st.none() | agents),
        synced=draw(st.booleans()),
    )
    return key, kind, snapshot, draw(calls), draw(texts), draw(moments), draw(st.sampled_from(Status))


def happen(board: Store, step: tuple[Any, ...]) -> None:
    """Do to a board what a wire would do."""
    key, kind, snapshot, call, text, at, status = step
    former = board.lines.get(key)
    if kind == "silent":
        board.lines[key] = snapshot
    elif kind == "remove":
        board.lines.pop(key, None)
        board.publish(CallEnded(at=at, line=key, call=call), LineRemoved(at=at, line=key))
    elif kind == "status":
        board.publish(StatusChanged(at=at, status=status, previous=status, reason=text or None))
    elif kind == "wire":
        board.tap.pass_on(WireMessage(at=at, sent=bool(text), what=text, body=text, status=200, exchange=1))
    elif kind == "agent":
        board.publish(AgentChanged(at=at, line=key, agent=AgentSnapshot(group=text), previous=snapshot.agent))
    elif kind == "help":
        board.publish(HelpRequested(at=at, line=key, number=text))
    elif kind == "nodes":
        board.nodes = NodesSnapshot(nodes=(NodeSnapshot(id=text),))
        board.publish(NodeChanged(at=at, node=board.nodes.nodes[0], previous=None))
    elif kind == "odd":  # nothing of what is told stands on the board
        board.publish(
            LineChanged(at=at, line=key, snapshot=snapshot, previous=snapshot, changed=frozenset({text})),
            CallChanged(at=at, line=key, call=call, previous=call),
        )
    elif former is None:
        board.lines[key] = snapshot
        board.publish(
            LineAdded(at=at, line=key, snapshot=snapshot),
            *(CallStarted(at=at, line=key, call=one) for one in snapshot.calls),
        )
    else:
        told: list[Event] = []
        for one in snapshot.calls:
            previous = next((other for other in former.calls if other.id == one.id), None)
            if previous is None:
                told.append(CallStarted(at=at, line=key, call=one))
            else:
                told.append(CallChanged(at=at, line=key, call=one, previous=previous))
        told.append(
            LineChanged(at=at, line=key, snapshot=snapshot, previous=former, changed=frozenset({"name", "calls"}))
        )
        board.put(snapshot, tuple(told))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(beginning=st.lists(steps(), max_size=4), then=st.lists(steps(), max_size=12))
def test_there_and_back(beginning: list[Any], then: list[Any]) -> None:
    """Whatever happens, the same events, lines and wire messages come back, and the lines stand the same at each."""

    async def run(path: Path) -> None:
        board = Store()
        for step in beginning:
            happen(board, step)
        at_first = dict(board.lines)
        told: list[object] = []
        lines: list[dict[str, LineSnapshot]] = []

        def heard(event: Event) -> None:
            told.append(event)
            lines.append({key: line for key, line in board.lines.items() if key == getattr(event, "line", key)})

        async with recorder(board, path):
            board.subscribers.add(heard)
            board.tap.listen(told.append)
            for step in then:
                happen(board, step)
        async with aiopbx.replay(path, 0) as pbx:
            assert pbx._core.store.lines == at_first
            again: list[object] = []
            there: list[dict[str, LineSnapshot]] = []

            def heard_again(event: Event) -> None:
                again.append(event)
                now = pbx._core.store.lines
                there.append({key: line for key, line in now.items() if key == getattr(event, "line", key)})

            pbx.subscribe(heard_again)
            pbx.wire(again.append)
            await pbx.wait_finished()
            assert again == told
            assert pbx._core.store.lines == board.lines
            assert pbx._core.store.nodes == board.nodes
            for mine, theirs, event in zip(there, lines, again_events(again), strict=True):
                if hasattr(event, "line") or isinstance(event, StatusChanged):
                    assert mine == theirs

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder) / "x.jsonl"))


def again_events(told: list[object]) -> list[Event]:
    return [one for one in told if isinstance(one, Event)]


def test_a_recording_of_a_killed_process(tmp_path: Path) -> None:
    """Nearly everything that happened before the process was killed is in the file."""
    path = tmp_path / "x.jsonl"
    code = f"""
import asyncio, os, signal
from aiopbx.simulator import Simulator, SimulatorSettings
import aiopbx
async def main():
    async with Simulator(SimulatorSettings()) as simulator:
        pbx = await aiopbx.connect(url=simulator.url, username="admin", password="admin")
        await pbx.record({os.fspath(path)!r})
        await pbx.line("1000").dial("1001")
        await asyncio.sleep(0.2)
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, timeout=60)
    assert done.returncode == -9, done.stderr

    async def look() -> None:
        async with aiopbx.replay(path, 0) as pbx:
            heard = Notes(pbx)
            await pbx.wait_finished()
            assert not pbx.complete
            assert [event for event in heard.events if isinstance(event, CallStarted)]
            assert isinstance(pbx, Replay)

    asyncio.run(look())
