"""Who is told what: the index, and streams that are bounded."""

import asyncio
import logging
import threading
from datetime import UTC, datetime

import pytest

from aiopbx import (
    AgentChanged,
    AgentSnapshot,
    CallChanged,
    CallEnded,
    CallEvent,
    CallSnapshot,
    CallStarted,
    CallState,
    CentreChanged,
    CentreQueue,
    Digits,
    DigitsCollected,
    Event,
    EventStream,
    HelpCancelled,
    HelpRequested,
    LicenceExpiring,
    LineAdded,
    LineChanged,
    LineEvent,
    LineRemoved,
    LineSnapshot,
    LogChange,
    LogChanged,
    NodeChanged,
    NodeSnapshot,
    ObjectChange,
    ObjectChanged,
    Outcome,
    RouteEnded,
    RouteRequested,
    RouteSnapshot,
    ServerStarted,
    StatisticsProgress,
    StatisticsStep,
    Status,
    StatusChanged,
    ToneChanged,
    TwinLinkChanged,
    WaitingCall,
    WaitingChange,
    WaitingChanged,
)
from aiopbx.store import KINDS, Kind, Subscribers, expand

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def call(id: str = "a:1", state: CallState = CallState.ACTIVE, outcome: Outcome | None = None) -> CallSnapshot:
    return CallSnapshot(id=id, ref=id, line=id[0], state=state, outcome=outcome)


def started(id: str = "a:1") -> CallStarted:
    return CallStarted(at=AT, line=id[0], call=call(id))


def changed(
    id: str = "a:1", state: CallState = CallState.ACTIVE, before: CallState = CallState.RINGING_INCOMING
) -> CallChanged:
    return CallChanged(at=AT, line=id[0], call=call(id, state), previous=call(id, before))


def ended(id: str = "a:1") -> CallEnded:
    return CallEnded(at=AT, line=id[0], call=call(id, outcome=Outcome.ANSWERED))


def line(id: str = "a", *names: str, number: str = "1", before: str = "0") -> LineChanged:
    return LineChanged(
        at=AT,
        line=id,
        snapshot=LineSnapshot(id=id, number=number),
        previous=LineSnapshot(id=id, number=before),
        changed=frozenset(names or ("number",)),
    )


def status() -> StatusChanged:
    return StatusChanged(at=AT, status=Status.OFFLINE, previous=Status.ONLINE)


ALL = (
    status(),
    LineAdded(at=AT, line="a", snapshot=LineSnapshot(id="a")),
    LineRemoved(at=AT, line="a"),
    line(),
    started(),
    changed(),
    ended(),
    AgentChanged(at=AT, line="a", agent=AgentSnapshot(), previous=None),
    HelpRequested(at=AT, line="a", number="2"),
    HelpCancelled(at=AT, line="a", number="2"),
    LogChanged(at=AT, line="a", change=LogChange.DELETED),
    NodeChanged(at=AT, node=NodeSnapshot(id="1"), previous=None),
    TwinLinkChanged(at=AT, host="o2g2.example.com", connected=False),
    ServerStarted(at=AT, server="o2g1"),
    LicenceExpiring(at=AT, days=3),
    ObjectChanged(at=AT, change=ObjectChange.CREATED),
    CentreChanged(at=AT, table="queues", row=CentreQueue("2001"), previous=None),
    WaitingChanged(at=AT, pilot="2000", call=WaitingCall(ref="r", pilot="2000"), change=WaitingChange.LEFT),
    RouteRequested(at=AT, point="2100", request=RouteSnapshot(id="d", point="2100", at=AT)),
    RouteEnded(at=AT, point="2100", request=RouteSnapshot(id="d", point="2100", at=AT), answered=True),
    DigitsCollected(at=AT, point="2100", ref="r", digits=Digits(digits="1")),
    ToneChanged(at=AT, point="2100", ref="r", playing=False),
    StatisticsProgress(at=AT, requester="anna", step=StatisticsStep.READY),
)


def test_every_kind_of_event_is_listed() -> None:
    kinds = {StatusChanged, LineAdded, LineRemoved, LineChanged, CallStarted, CallChanged, CallEnded}
    kinds |= {AgentChanged, HelpRequested, HelpCancelled, LogChanged, NodeChanged, LicenceExpiring, ObjectChanged}
    kinds |= {TwinLinkChanged, ServerStarted}
    kinds |= {CentreChanged, WaitingChanged, RouteRequested, RouteEnded, DigitsCollected, ToneChanged}
    kinds |= {StatisticsProgress}
    assert set(KINDS) == kinds == {type(event) for event in ALL}


@pytest.mark.parametrize(
    ("kind", "kinds"),
    [
        (None, KINDS),
        (Event, KINDS),
        (CallEnded, (CallEnded,)),
        (CallEvent, (CallStarted, CallChanged, CallEnded)),
        (LineEvent, KINDS[1 : KINDS.index(NodeChanged)]),
        ((StatusChanged, CallEnded), (StatusChanged, CallEnded)),
    ],
)
def test_kinds(kind: Kind, kinds: tuple[type[Event], ...]) -> None:
    assert expand(kind) == kinds
    told: list[Event] = []
    subscribers = Subscribers()
    subscribers.add(told.append, kind=kind)
    subscribers.publish_all(ALL)
    assert told == [event for event in ALL if type(event) in kinds]


def test_only_those_of_a_line() -> None:
    told: list[Event] = []
    subscribers = Subscribers()
    subscribers.add(told.append, line="a", kind=CallEvent)
    subscribers.publish_all((started("a:1"), started("b:1"), line("a"), status(), ended("a:1")))
    assert told == [started("a:1"), ended("a:1")]


def test_a_line_hears_no_status() -> None:
    told: list[Event] = []
    subscribers = Subscribers()
    subscribers.add(told.append, line="a")
    subscribers.publish(status())
    assert told == []


def test_unsubscribing() -> None:
    told: list[Event] = []
    subscribers = Subscribers()
    first = subscribers.add(told.append)
    second = subscribers.add(told.append, line="a")
    first()
    first()
    subscribers.publish(line())
    assert len(told) == 1
    second()
    subscribers.publish(line())
    assert len(told) == 1
    assert subscribers._everywhere == {}
    assert subscribers._lines == {}


def test_unsubscribing_in_the_middle_of_a_round() -> None:
    told: list[str] = []
    subscribers = Subscribers()

    def first(event: Event) -> None:
        told.append("first")
        stop()

    subscribers.add(first)
    stop = subscribers.add(lambda event: told.append("second"))
    subscribers.publish(line())
    assert told == ["first"]


def test_whoever_raises_hurts_nobody(caplog: pytest.LogCaptureFixture) -> None:
    told: list[Event] = []
    subscribers = Subscribers()

    def fail(event: Event) -> None:
        raise ValueError("oops")

    subscribers.add(fail)
    subscribers.add(fail, line="a")
    subscribers.add(told.append)
    with caplog.at_level(logging.ERROR):
        subscribers.publish(line())
    assert told == [line()]
    assert caplog.text.count("A subscriber failed on LineChanged") == 2


def test_nobody_is_scanned() -> None:
    """One event for one line looks up that line's subscribers, whatever the others are."""
    subscribers = Subscribers()
    heard: list[str] = []
    for number in range(1000):
        subscribers.add(lambda event, number=number: heard.append(str(number)), line=f"l{number}")  # type: ignore[misc]
    subscribers.publish(LineRemoved(at=AT, line="l7"))
    assert heard == ["7"]


# --------------------------------------------------------------------------------------------------------- streams


class Source:
    def __init__(self) -> None:
        self.subscribers = Subscribers()

    def stream(self, size: int) -> EventStream:
        return EventStream(self.subscribers.add, size)

    def tell(self, *events: Event) -> None:
        self.subscribers.publish_all(events)


async def rest(stream: EventStream) -> list[Event]:
    stream.close()
    return [event async for event in stream]


async def test_a_stream_that_keeps_up_gets_everything() -> None:
    source = Source()
    stream = source.stream(100)
    source.tell(started(), changed(), changed(), line(), line(), ended())
    assert await rest(stream) == [started(), changed(), changed(), line(), line(), ended()]
    assert (stream.coalesced, stream.dropped) == (0, 0)


async def test_a_slow_stream_gets_changes_merged() -> None:
    source = Source()
    stream = source.stream(3)
    source.tell(
        started(), changed(state=CallState.ACTIVE, before=CallState.RINGING_INCOMING), line("a", "state", number="1")
    )
    source.tell(changed(state=CallState.HELD, before=CallState.ACTIVE))
    source.tell(line("a", "devices", number="2", before="1"))
    first, second, third = await rest(stream)
    assert first == started()
    assert isinstance(second, CallChanged)
    assert (second.previous.state, second.call.state) == (CallState.RINGING_INCOMING, CallState.HELD)
    assert isinstance(third, LineChanged)
    assert third.changed == {"state", "devices"}
    assert (third.previous.number, third.snapshot.number) == ("0", "2")
    assert (stream.coalesced, stream.dropped) == (2, 0)


async def test_what_cannot_be_merged_pushes_the_oldest_out() -> None:
    source = Source()
    stream = source.stream(2)
    source.tell(changed("a:1"), changed("b:1"), changed("c:1"))
    assert await rest(stream) == [changed("b:1"), changed("c:1")]
    assert (stream.coalesced, stream.dropped) == (0, 1)


async def test_the_end_of_a_call_is_never_dropped() -> None:
    source = Source()
    stream = source.stream(2)
    ends = [ended(f"a:{number}") for number in range(50)]
    for number in range(50):
        source.tell(started(f"a:{number}"), changed(f"a:{number}"), ends[number])
    source.tell(status(), LineRemoved(at=AT, line="a"))
    got = await rest(stream)
    assert [event for event in got if isinstance(event, CallEnded)] == ends
    assert got[-2:] == [status(), LineRemoved(at=AT, line="a")]
    assert stream.dropped == 100
    assert len(got) == 52, "only what may not be dropped is above the bound"


async def test_a_change_is_not_merged_over_the_end_of_a_call() -> None:
    source = Source()
    stream = source.stream(2)
    source.tell(changed("a:1"), ended("a:1"))
    source.tell(started("a:1"))  # the server uses the reference again
    source.tell(changed("a:1", CallState.HELD))
    got = await rest(stream)
    assert got[0] == ended("a:1"), "what was before the end is not changed by what comes after"


async def test_a_stream_waits_and_ends() -> None:
    source = Source()
    async with source.stream(10) as stream:
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        source.tell(line())
        assert await waiting == line()
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="one place"):
            await anext(stream)
    with pytest.raises(StopAsyncIteration):
        await waiting
    source.tell(line())
    assert len(stream) == 0, "a closed stream hears nothing"


async def test_whoever_stops_waiting_loses_nothing() -> None:
    source = Source()
    stream = source.stream(10)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(stream), 0.01)
    source.tell(line())
    assert await anext(stream) == line()


async def test_a_stream_in_another_loop() -> None:
    source = Source()
    stream = source.stream(10)
    ready = threading.Event()

    def elsewhere() -> list[Event]:
        async def read() -> list[Event]:
            ready.set()
            return [event async for event in stream]

        return asyncio.run(read())

    reading = asyncio.get_running_loop().run_in_executor(None, elsewhere)
    await asyncio.get_running_loop().run_in_executor(None, ready.wait)
    for number in range(20):
        source.tell(line(number=str(number)))
        await asyncio.sleep(0)
    stream.close()
    got = await asyncio.wait_for(reading, 30)
    assert [event.snapshot.number for event in got if isinstance(event, LineChanged)][-1] == "19"
    assert len(got) + stream.coalesced + stream.dropped == 20


def test_a_stream_must_hold_something() -> None:
    with pytest.raises(ValueError, match="size"):
        Source().stream(0)
