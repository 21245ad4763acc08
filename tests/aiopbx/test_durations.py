"""How long calls ring and talk: measured by a clock that is never set, and only where it was seen."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from aiopbx import CallChanged, CallEnded, CallSnapshot, CallStarted, Event, LineChanged, LineSnapshot, Outcome
from aiopbx.store import Stopwatch, Store
from tests.aiopbx.office import Opened, lose_while

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
LINE = LineSnapshot(id="a")


class Clocks:
    """The time of day, which can be set, and the other, which passes."""

    def __init__(self) -> None:
        self.now = AT
        self.passed = 100.0

    def time(self) -> float:
        return self.passed

    def pass_(self, seconds: float) -> None:
        self.passed += seconds
        self.now += timedelta(seconds=seconds)


class Calls:
    """A call that a store is given, step by step."""

    def __init__(self, clocks: Clocks, **fields: object) -> None:
        self.clocks = clocks
        self.store = Store()
        self.store.stopwatch = Stopwatch(clocks.time)
        self.published: list[Event] = []
        self.store.subscribers.add(self.published.append)
        self.call = CallSnapshot(id="a:1", ref="1", line="a", **fields)  # type: ignore[arg-type]

    def start(self, *, seen: bool = True) -> None:
        if seen:
            self.call = replace(self.call, started_at=self.clocks.now)
        at = self.clocks.now
        self.store.put(LINE, (CallStarted(at=at, line="a", call=self.call),))

    def answer(self) -> None:
        self.change(answered=True, answered_at=self.clocks.now)

    def change(self, **fields: object) -> None:
        former, self.call = self.call, replace(self.call, **fields)
        changed = CallChanged(at=self.clocks.now, line="a", call=self.call, previous=former)
        moved = LineChanged(at=self.clocks.now, line="a", snapshot=LINE, previous=LINE, changed=frozenset())
        self.store.put(LINE, (changed, moved))

    def over(self, *, seen: bool = True) -> CallEnded:
        return CallEnded(
            at=self.clocks.now,
            line="a",
            call=replace(self.call, ended_at=self.clocks.now if seen else None, outcome=Outcome.ANSWERED),
        )

    def end(self, *, seen: bool = True) -> tuple[float | None, float | None]:
        """End it, and return what subscribers receive: how long it rang, and talked."""
        self.store.put(LINE, (self.over(seen=seen),))
        assert len(self.store.stopwatch) == 0
        event = self.published[-1]
        assert event is self.store.recent[-1]
        assert isinstance(event, CallEnded)
        return event.call.ring_seconds, event.call.talk_seconds


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.mark.parametrize("set_by", [timedelta(0), timedelta(hours=-1), timedelta(days=3)])
def test_a_clock_that_is_set_changes_nothing(clocks: Clocks, set_by: timedelta) -> None:
    one = Calls(clocks)
    one.start()
    clocks.pass_(4)
    one.answer()
    clocks.pass_(1)
    one.change(cause="held")
    clocks.now += set_by
    clocks.pass_(60.5)
    assert one.end() == (4.0, 61.5)


def test_a_call_that_was_not_answered(clocks: Clocks) -> None:
    one = Calls(clocks)
    one.start()
    clocks.pass_(20)
    assert one.end() == (20.0, None)


def test_a_call_that_is_answered_as_it_begins(clocks: Clocks) -> None:
    one = Calls(clocks, answered=True, answered_at=clocks.now)
    one.start()
    clocks.pass_(20)
    assert one.end() == (0.0, 20.0)


def test_a_call_that_was_found(clocks: Clocks) -> None:
    one = Calls(clocks)
    one.start(seen=False)
    clocks.pass_(20)
    one.answer()
    clocks.pass_(5)
    assert one.end() == (None, 5.0), "when it began was not seen"
    one = Calls(clocks, answered=True)
    one.start(seen=False)
    clocks.pass_(20)
    assert one.end() == (None, None)


def test_a_call_that_was_answered_unseen(clocks: Clocks) -> None:
    one = Calls(clocks)
    one.start()
    one.change(answered=True)
    clocks.pass_(20)
    assert one.end() == (None, None)


def test_a_call_that_comes_back(clocks: Clocks) -> None:
    """It has its former beginning, from which nothing was measured."""
    one = Calls(clocks, answered=True, answered_at=AT - timedelta(hours=1), started_at=AT - timedelta(hours=1))
    one.start(seen=False)
    clocks.pass_(20)
    assert one.end() == (None, None)


def test_an_end_that_was_not_seen(clocks: Clocks) -> None:
    one = Calls(clocks)
    one.start()
    clocks.pass_(20)
    assert one.end(seen=False) == (None, None)


def test_a_call_that_is_seen_when_it_is_over(clocks: Clocks) -> None:
    one = Calls(clocks, started_at=clocks.now)
    one.store.put(LINE, (CallStarted(at=clocks.now, line="a", call=one.call), one.over()))
    assert [event.call.ring_seconds for event in one.published if isinstance(event, CallEnded)] == [None]
    assert len(one.store.stopwatch) == 0


def test_the_server_says_it_better(clocks: Clocks) -> None:
    one = Calls(clocks, ring_seconds=4.25)
    one.start()
    one.answer()
    clocks.pass_(5)
    assert one.end() == (4.25, 5.0)


def test_a_line_that_is_gone_is_forgotten(clocks: Clocks) -> None:
    one = Calls(clocks)
    one.start()
    one.answer()
    assert len(one.store.stopwatch) == 1
    one.store.publish(one.over(seen=False))
    assert len(one.store.stopwatch) == 0
    event = one.published[-1]
    assert isinstance(event, CallEnded)
    assert event.call.ring_seconds is None


def test_two_calls_that_end_at_once(clocks: Clocks) -> None:
    one = Calls(clocks)
    one.start()
    clocks.pass_(2)
    at = clocks.now
    other = replace(one.call, id="a:2", started_at=at)
    one.store.put(LINE, (CallStarted(at=at, line="a", call=other),))
    clocks.pass_(3)
    ends = (one.over(), CallEnded(at=clocks.now, line="a", call=replace(other, ended_at=clocks.now)))
    one.store.put(LINE, ends)
    assert [event.call.ring_seconds for event in one.published if isinstance(event, CallEnded)] == [5.0, 3.0]


# -------------------------------------------------------------------------------------------------- through a real wire


@pytest.fixture
def set_back(monkeypatch: pytest.MonkeyPatch) -> list[timedelta]:
    """What the time of day is wrong by, from now on."""
    by = [timedelta(0)]

    class Set(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) + by[0]

    for module in ("aiopbx.o2g.apply", "aiopbx.istra.rcc", "aiopbx.istra.crm", "aiopbx.istra.lines"):
        monkeypatch.setattr(f"{module}.datetime", Set)
    return by


@pytest.mark.office("chunk", "webhook", "tunnel", "istra")
async def test_every_system_has_them(office: Opened, set_back: list[timedelta]) -> None:
    async with office() as one:
        pbx = await one.connect()
        clocks = Clocks()
        pbx._core.store.stopwatch = Stopwatch(clocks.time)
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        other = await pbx.line("1001").wait_for_call(timeout=30)
        clocks.pass_(7)
        set_back[0] = timedelta(hours=-1)
        await other.answer()
        await call.wait_for(lambda now: now.answered, timeout=30)
        await other.wait_for(lambda now: now.answered, timeout=30)
        clocks.pass_(62)
        await call.hang_up()
        for each in (call, other):
            end = await each.wait_for(lambda now: now.ended, timeout=30)
            assert (end.ring_seconds, end.talk_seconds) == (7.0, 62.0)
            assert end.ended_at is not None
            assert end.started_at is not None
            assert end.ended_at < end.started_at, "the clock was set back, and shows it"
        assert (call.ring_seconds, call.talk_seconds) == (7.0, 62.0)


@pytest.mark.office("chunk")
async def test_what_a_loss_hides_is_not_measured(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        await pbx.line("1001").wait_for_call(timeout=30)
        await lose_while(one, pbx, "cut_channels", lambda: one.switch.drop("oxe1000", call.ref))
        end = await call.wait_for(lambda now: now.ended, timeout=30)
        assert (end.ended_at, end.ring_seconds, end.talk_seconds) == (None, None, None)
        assert len(pbx._core.store.stopwatch) == 0
