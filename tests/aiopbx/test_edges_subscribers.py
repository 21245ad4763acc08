"""The edges of subscriptions and streams: who is left when one goes, and what is merged into what."""

import asyncio
from datetime import UTC, datetime
from time import process_time

import pytest

from aiopbx import (
    CallChanged,
    CallEnded,
    CallEvent,
    CallSnapshot,
    CallStarted,
    CallState,
    Event,
    EventStream,
    HelpRequested,
    LineAdded,
    LineChanged,
    LineRemoved,
    LineSnapshot,
    Outcome,
    Status,
    StatusChanged,
)
from aiopbx.store import RECENT, Store, Subscribers

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
STATES = (CallState.DIALING, CallState.RINGING_OUTGOING, CallState.ACTIVE, CallState.HELD, CallState.RELEASING)


def call(id: str, state: CallState = CallState.ACTIVE, outcome: Outcome | None = None) -> CallSnapshot:
    return CallSnapshot(id=id, ref=id, line=id[0], state=state, outcome=outcome)


def started(id: str = "a:1") -> CallStarted:
    return CallStarted(at=AT, line=id[0], call=call(id))


def changed(id: str, step: int) -> CallChanged:
    """The call goes from one state to the next."""
    return CallChanged(at=AT, line=id[0], call=call(id, STATES[step]), previous=call(id, STATES[step - 1]))


def ended(id: str = "a:1") -> CallEnded:
    return CallEnded(at=AT, line=id[0], call=call(id, CallState.RELEASING, Outcome.ANSWERED))


def line(id: str, number: int, *names: str) -> LineChanged:
    return LineChanged(
        at=AT,
        line=id,
        snapshot=LineSnapshot(id=id, number=str(number)),
        previous=LineSnapshot(id=id, number=str(number - 1)),
        changed=frozenset(names or ("number",)),
    )


def status(reason: str | None = None) -> StatusChanged:
    return StatusChanged(at=AT, status=Status.OFFLINE, previous=Status.ONLINE, reason=reason)


def helped(number: str = "1") -> HelpRequested:
    return HelpRequested(at=AT, line="a", number=number)


class Source:
    """Whom a stream is subscribed at."""

    def __init__(self) -> None:
        self.subscribers = Subscribers()
        self.closed: list[EventStream] = []

    def stream(self, size: int) -> EventStream:
        return EventStream(self.subscribers.add, size, self.closed.append)

    def notify(self, *events: Event) -> None:
        self.subscribers.publish_all(events)


async def rest(stream: EventStream) -> list[Event]:
    stream.close()
    return [event async for event in stream]


# ------------------------------------------------------------------------ subscriptions


def test_whoever_goes_takes_nobody_along() -> None:
    subscribers = Subscribers()
    got: list[str] = []
    stops = [
        subscribers.add(lambda event, name=name: got.append(name), line=where)  # type: ignore[misc]
        for name, where in [("1", None), ("2", None), ("a1", "a"), ("a2", "a"), ("b1", "b")]
    ]
    subscribers.publish(line("a", 1))
    assert got == ["1", "2", "a1", "a2"], "those of everything first, in the order in which they came"
    for index, left in [(0, ["2", "a1", "a2"]), (2, ["2", "a2"]), (3, ["2"]), (1, [])]:
        stops[index]()
        stops[index]()
        got.clear()
        subscribers.publish(line("a", 1))
        assert got == left
    subscribers.publish(line("b", 1))
    assert got == ["b1"]


def test_whoever_goes_and_comes_again_is_there_once() -> None:
    subscribers = Subscribers()
    got: list[Event] = []
    stop = subscribers.add(got.append, line="a")
    stop()
    subscribers.add(got.append, line="a")
    stop()
    subscribers.publish(line("a", 1))
    assert got == [line("a", 1)]


def test_of_two_kinds_each_goes_alone() -> None:
    subscribers = Subscribers()
    calls: list[Event] = []
    ends: list[Event] = []
    stop = subscribers.add(calls.append, line="a", kind=CallEvent)
    subscribers.add(ends.append, line="a", kind=CallEnded)
    stop()
    subscribers.publish_all((started(), ended()))
    assert (calls, ends) == ([], [ended()])


def test_going_in_the_middle_of_a_round_of_a_line(caplog: pytest.LogCaptureFixture) -> None:
    subscribers = Subscribers()
    got: list[str] = []

    def first(event: Event) -> None:
        got.append("first")
        stop()

    subscribers.add(first, line="a")
    stop = subscribers.add(lambda event: got.append("second"), line="a")
    subscribers.publish(line("a", 1))
    assert got == ["first"]
    assert caplog.records == [], "to be gone is no failure"


def test_subscriptions_to_nothing() -> None:
    subscribers = Subscribers()
    stops = [subscribers.add(lambda event: None, line=where, kind=()) for where in ("a", "a", None)]
    for stop in stops:
        stop()
        stop()
    subscribers.publish(line("a", 1))


def test_events_of_no_line_with_subscribers_of_lines() -> None:
    subscribers = Subscribers()
    got: list[Event] = []
    subscribers.add(got.append, line="a")
    subscribers.add(got.append)
    subscribers.publish_all((status(), line("b", 1)))
    assert got == [status(), line("b", 1)]


@pytest.mark.parametrize("line", [None, "a"])
def test_order_stays_whoever_comes_and_goes(line: str | None) -> None:
    subscribers = Subscribers()
    got: list[int] = []
    stops = {
        number: subscribers.add(lambda event, number=number: got.append(number), line=line)  # type: ignore[misc]
        for number in range(100)
    }
    for number in range(0, 100, 3):
        stops.pop(number)()
        subscribers.publish(changed("a", 1))
        assert got == sorted(stops)
        got.clear()
    subscribers.add(lambda event: got.append(-1), line=line)
    subscribers.publish(changed("a", 1))
    assert got == [*sorted(stops), -1]


def test_whoever_comes_in_the_middle_of_a_round_waits_for_the_next() -> None:
    subscribers = Subscribers()
    got: list[str] = []

    def first(event: Event) -> None:
        got.append("first")
        subscribers.add(lambda event: got.append("second"))

    subscribers.add(first)
    subscribers.publish(status())
    assert got == ["first"]
    subscribers.publish(status())
    assert got == ["first", "first", "second"]


def seconds_for_leaving(count: int, line: str | None) -> float:
    """Seconds until so many are gone, the first to come first: the best of three."""
    best = 1e9
    for _ in range(3):
        subscribers = Subscribers()
        stops = [subscribers.add(lambda event: None, line=line) for _ in range(count)]
        began = process_time()
        for stop in stops:
            stop()
        best = min(best, process_time() - began)
    return best


@pytest.mark.parametrize("line", [None, "a"])
def test_leaving_costs_the_same_however_many_there_are(line: str | None) -> None:
    """Ten times as many take ten times as long, where they took a hundred times as long before."""
    few, many = seconds_for_leaving(500, line), seconds_for_leaving(5000, line)
    assert many < few * 30


# ------------------------------------------------------------------------ streams


@pytest.mark.parametrize("size", [0, -1])
def test_a_stream_of_no_size(size: int) -> None:
    with pytest.raises(ValueError, match=r"^size: a stream must hold at least one event\.$"):
        Source().stream(size)


async def test_a_stream_of_one() -> None:
    source = Source()
    stream = source.stream(1)
    assert (stream.size, len(stream), stream.coalesced, stream.dropped) == (1, 0, 0, 0)
    source.notify(line("a", 1), line("a", 2, "name"), line("a", 3))
    assert (len(stream), stream.coalesced, stream.dropped) == (1, 2, 0)
    assert await rest(stream) == [
        LineChanged(
            at=AT,
            line="a",
            snapshot=LineSnapshot(id="a", number="3"),
            previous=LineSnapshot(id="a", number="0"),
            changed=frozenset({"number", "name"}),
        )
    ]


async def test_nothing_is_merged_before_the_bound() -> None:
    source = Source()
    stream = source.stream(3)
    events = [changed("a:1", 1), changed("a:1", 2), changed("a:1", 3)]
    source.notify(*events)
    assert len(stream) == 3
    assert await rest(stream) == events
    assert (stream.coalesced, stream.dropped) == (0, 0)


async def test_a_change_is_merged_into_the_latest_of_its_call() -> None:
    source = Source()
    stream = source.stream(3)
    source.notify(changed("a:1", 1), changed("a:1", 2), changed("b:1", 1), changed("a:1", 3), changed("a:1", 4))
    first, second, third = await rest(stream)
    assert first == changed("a:1", 1)
    assert second == CallChanged(at=AT, line="a", call=call("a:1", STATES[4]), previous=call("a:1", STATES[1]))
    assert third == changed("b:1", 1)
    assert (stream.coalesced, stream.dropped) == (2, 0)


async def test_calls_and_lines_are_told_apart() -> None:
    source = Source()
    stream = source.stream(4)
    source.notify(changed("a:1", 1), changed("a:2", 1), line("a", 1), line("b", 1))
    source.notify(changed("a:2", 2), line("b", 2), changed("a:1", 2), line("a", 2))
    assert stream.coalesced == 4
    one, two, three, four = await rest(stream)
    assert isinstance(one, CallChanged)
    assert isinstance(two, CallChanged)
    assert isinstance(three, LineChanged)
    assert isinstance(four, LineChanged)
    assert [one.call.id, two.call.id, three.line, four.line] == ["a:1", "a:2", "a", "b"]
    assert [one.call.state, two.call.state] == [STATES[2], STATES[2]]
    assert [three.snapshot.number, four.snapshot.number] == ["2", "2"]


async def test_a_change_is_not_merged_into_one_that_was_read() -> None:
    source = Source()
    stream = source.stream(2)
    source.notify(changed("a:1", 1), changed("b:1", 1))
    assert await anext(stream) == changed("a:1", 1)
    source.notify(changed("c:1", 1))
    source.notify(changed("a:1", 2))
    assert await rest(stream) == [changed("c:1", 1), changed("a:1", 2)]
    assert (stream.coalesced, stream.dropped) == (0, 1)


async def test_a_change_is_merged_into_the_second_after_the_first_was_read() -> None:
    source = Source()
    stream = source.stream(2)
    source.notify(changed("a:1", 1), changed("a:1", 2))
    assert await anext(stream) == changed("a:1", 1)
    source.notify(helped())
    source.notify(changed("a:1", 3))
    assert stream.coalesced == 1
    first, second = await rest(stream)
    assert first == CallChanged(at=AT, line="a", call=call("a:1", STATES[3]), previous=call("a:1", STATES[1]))
    assert second == helped()


async def test_a_change_is_not_merged_into_one_that_was_dropped() -> None:
    source = Source()
    stream = source.stream(2)
    source.notify(changed("a:1", 1), helped("1"), helped("2"))
    source.notify(changed("a:1", 2))
    assert await rest(stream) == [helped("2"), changed("a:1", 2)]
    assert (stream.coalesced, stream.dropped) == (0, 2)


@pytest.mark.parametrize("between", [started("a:1"), ended("a:1")])
async def test_a_change_is_not_merged_over_the_beginning_or_end_of_its_call(between: Event) -> None:
    source = Source()
    stream = source.stream(3)
    source.notify(changed("a:1", 1), between, changed("b:1", 1))
    source.notify(changed("a:1", 2))
    assert await rest(stream) == [between, changed("b:1", 1), changed("a:1", 2)]
    assert (stream.coalesced, stream.dropped) == (0, 1)


@pytest.mark.parametrize("between", [started("a:2"), ended("b:1"), LineRemoved(at=AT, line="a")])
async def test_a_change_is_merged_over_those_of_others(between: Event) -> None:
    source = Source()
    stream = source.stream(2)
    source.notify(changed("a:1", 1), between)
    source.notify(changed("a:1", 2))
    assert (stream.coalesced, stream.dropped) == (1, 0)


@pytest.mark.parametrize(
    "between", [LineRemoved(at=AT, line="a"), LineAdded(at=AT, line="a", snapshot=LineSnapshot(id="a"))]
)
async def test_a_line_is_not_merged_over_its_coming_or_going(between: Event) -> None:
    source = Source()
    stream = source.stream(2)
    source.notify(line("a", 1), between)
    source.notify(line("a", 2))
    assert await rest(stream) == [between, line("a", 2)]
    assert (stream.coalesced, stream.dropped) == (0, 1)
    stream = source.stream(2)
    source.notify(line("b", 1), between)
    source.notify(line("b", 2))
    assert stream.coalesced == 1


async def test_what_may_go_does_when_only_what_may_not_waits() -> None:
    source = Source()
    stream = source.stream(2)
    source.notify(status("1"), ended())
    source.notify(helped(), changed("a:9", 1), started("a:9"))
    assert stream.dropped == 3
    last = [status("2"), LineRemoved(at=AT, line="a"), LineAdded(at=AT, line="b", snapshot=LineSnapshot(id="b"))]
    source.notify(*last)
    assert stream.dropped == 3
    assert len(stream) == 5
    assert await rest(stream) == [status("1"), ended(), *last]


async def test_the_oldest_that_may_go_makes_room() -> None:
    source = Source()
    stream = source.stream(3)
    source.notify(status(), helped("1"), helped("2"))
    source.notify(ended())
    assert await rest(stream) == [status(), helped("2"), ended()]
    assert stream.dropped == 1


async def test_what_was_read_makes_room_by_itself() -> None:
    source = Source()
    stream = source.stream(1)
    for number in range(5):
        source.notify(helped(str(number)))
        assert await anext(stream) == helped(str(number))
    assert (len(stream), stream.dropped) == (0, 0)
    source.notify(helped("6"), helped("7"))
    assert await anext(stream) == helped("7")
    assert stream.dropped == 1


async def test_closing_a_stream_says_so_and_leaves_what_waits() -> None:
    source = Source()
    stream = source.stream(5)
    source.notify(helped("1"))
    stream.close()
    assert source.closed == [stream]
    source.notify(helped("2"))
    assert [event async for event in stream] == [helped("1")]
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    stream.close()


async def test_a_closed_stream_hears_nothing_although_it_is_told() -> None:
    callbacks = []
    stopped: list[bool] = []

    def subscribe(callback: object) -> object:
        callbacks.append(callback)
        return lambda: stopped.append(True)

    stream = EventStream(subscribe, 5)  # type: ignore[arg-type]
    assert stopped == []
    stream.close()
    assert stopped == [True]
    callbacks[0](helped())
    assert len(stream) == 0
    await stream.aclose()


@pytest.mark.parametrize("leave", ["aclose", "block"])
async def test_ways_to_leave_a_stream(leave: str) -> None:
    source = Source()
    stream = source.stream(5)
    if leave == "aclose":
        await stream.aclose()
    else:
        async with stream as same:
            assert same is stream
            assert aiter(stream) is stream
    assert source.closed == [stream]
    source.notify(helped())
    assert len(stream) == 0


async def test_a_stream_that_is_waited_for_is_woken_once() -> None:
    source = Source()
    stream = source.stream(5)
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    source.notify(helped("1"), helped("2"))
    assert await waiting == helped("1")
    assert await anext(stream) == helped("2")
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    source.notify(helped("3"))
    assert await anext(stream) == helped("3")
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    source.notify(helped("4"))
    assert await waiting == helped("4"), "whoever waited before has given up"


async def test_only_one_may_wait() -> None:
    source = Source()
    stream = source.stream(5)
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match=r"^A stream can be iterated over in one place only; ask for another one\.$"):
        await anext(stream)
    stream.close()
    with pytest.raises(StopAsyncIteration):
        await waiting


def test_a_stream_of_a_loop_that_is_gone() -> None:
    source = Source()
    stream = source.stream(5)

    async def wait_a_little() -> None:
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        assert not waiting.done()

    asyncio.run(wait_a_little())
    source.notify(helped())
    assert len(stream) == 1
    stream.close()


# ------------------------------------------------------------------------ board


def test_what_a_board_keeps_and_tells() -> None:
    board = Store()
    got: list[Event] = []
    board.subscribers.add(got.append)
    snapshot = LineSnapshot(id="a", number="1")
    board.put(snapshot, ())
    assert (board.lines, got, list(board.recent)) == ({"a": snapshot}, [], [])
    seen: list[LineSnapshot] = []
    board.subscribers.add(lambda event: seen.append(board.lines["a"]))
    board.put(line("a", 2).snapshot, (line("a", 2), started()))
    assert got == list(board.recent) == [line("a", 2), started()]
    assert seen[0].number == "2", "who is told finds the new one already"
    board.publish(status("1"), status("2"))
    assert got == list(board.recent) == [line("a", 2), started(), status("1"), status("2")]
    for number in range(40):
        board.publish(status(str(number)))
    assert list(board.recent) == [status(str(number)) for number in range(15, 40)]
    assert RECENT == 25
