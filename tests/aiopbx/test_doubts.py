"""Whatever shows that an event was missed leads to one reading of its lines; what shows nothing is audited."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec
import pytest

import aiopbx
from aiopbx import (
    CallEnded,
    CallStarted,
    CallState,
    ConnectionFailed,
    LineSnapshot,
    LineState,
    NotReady,
    Pbx,
    PbxError,
    Status,
)
from aiopbx.doubts import Doubts, audit
from aiopbx.simulator.faces.o2g.subscriptions import Subscribed
from tests.aiopbx.istra_office import IstraOffice, end_user, istra_office
from tests.aiopbx.model_truth import compare
from tests.aiopbx.office import Diary, Office, office, until

ALICE, BOB = "oxe1000", "oxe1001"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gather doubts for a moment only."""
    monkeypatch.setattr("aiopbx.doubts.GATHER", 0.01)


def put(one: Office, *lines: bytes | dict[str, Any]) -> None:
    """Send these on every channel, as they are."""
    for server in one.simulator.servers:
        for subscribed in server.subscriptions.all:
            for line in lines:
                subscribed.put(line if isinstance(line, bytes) else msgspec.json.encode(line) + b"\n")


def requests(pbx: Pbx) -> int:
    count: int = pbx._core.system.wire.requests  # type: ignore[attr-defined]
    return count


def talk(one: Office) -> str:
    ref = one.switch.make_call(ALICE, "1000", "1001", auto_answer=True).ref
    one.switch.answer(BOB, ref, "1001")
    return ref


# ---------------------------------------------------------------------------------------------------------- O2G: signs


def _malformed(one: Office, ref: str) -> None:
    one.faults.malform_next(1)
    one.switch.drop(ALICE, ref)


def _overlong(one: Office, ref: str) -> None:
    one.faults.lose_next(100)
    one.switch.drop(ALICE, ref)
    one.faults.lose_next(0)
    put(one, b'{"eventName":"' + b"x" * (5 * 1024 * 1024) + b'"}\n')


def _reported(one: Office, ref: str) -> None:
    one.faults.lose_next(100)
    one.switch.drop(ALICE, ref)
    one.faults.lose_next(0)
    put(one, {"eventName": "OnChannelInformation", "text": "events lost"})


def _without_reference(one: Office, ref: str) -> None:
    one.faults.lose_next(100)
    one.switch.drop(ALICE, ref)
    one.faults.lose_next(0)
    put(one, *[{"eventName": "OnCallRemoved", "loginName": login, "cause": "NORMAL"} for login in (ALICE, BOB)])


def _of_another_type(one: Office, ref: str) -> None:
    one.faults.lose_next(100)
    one.switch.drop(ALICE, ref)
    one.faults.lose_next(0)
    put(one, *[{"eventName": "OnCallRemoved", "loginName": login, "callRef": [ref]} for login in (ALICE, BOB)])


def _of_a_call_that_never_began(one: Office, ref: str) -> None:
    one.faults.lose_next(100)
    one.switch.drop(ALICE, ref)
    one.faults.lose_next(0)
    data = {"state": "ACTIVE"}
    put(
        one,
        *[
            {"eventName": "OnCallModified", "loginName": login, "callRef": "unheard", "callData": data}
            for login in (ALICE, BOB)
        ],
    )


SIGNS = [_malformed, _overlong, _reported, _without_reference, _of_another_type, _of_a_call_that_never_began]


@pytest.mark.parametrize("sign", SIGNS, ids=lambda sign: sign.__name__.strip("_"))
async def test_a_sign_of_loss_on_o2g_leads_to_the_truth(sign: Callable[[Office, str], None]) -> None:
    async with office() as one:
        pbx = await one.connect()
        ref = talk(one)
        await until(lambda: pbx.line(BOB).state is LineState.ACTIVE and pbx.line(ALICE).state is LineState.ACTIVE)
        diary = Diary(pbx, kind=CallEnded)
        sign(one, ref)
        await until(lambda: not pbx.line(ALICE).calls and not pbx.line(BOB).calls)
        await one.right(pbx)
        ended = [event.call.ref for event in diary.events if isinstance(event, CallEnded) and event.call.ref == ref]
        assert ended == [ref, ref], "once for each of the two"
        assert (pbx.status, pbx.statistics.losses) == (Status.ONLINE, 0)


async def test_many_signs_are_one_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiopbx.doubts.GATHER", 0.2)
    async with office() as one:
        pbx = await one.connect()
        await one.right(pbx)
        before = requests(pbx)
        put(one, *[{"eventName": "OnCallRemoved", "loginName": ALICE, "cause": "NORMAL"}] * 500)
        await one.caught_up(pbx)
        assert requests(pbx) == before, "not one for each"
        await until(lambda: requests(pbx) > before)
        await asyncio.sleep(0.05)
        assert requests(pbx) - before <= 8, "one line, once"


# ------------------------------------------------------------------------------------------- O2G: what leaves no sign


async def test_a_command_that_no_event_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiopbx.doubts.ANSWERED", 0.05)
    async with office() as one:
        pbx = await one.connect()
        talk(one)
        line = pbx.line(ALICE)
        call = await line.wait_for_call(CallState.ACTIVE, timeout=30)
        one.faults.lose_next(100)
        await call.hold()
        assert call.state is CallState.ACTIVE, "the event is lost"
        await until(lambda: call.state is CallState.HELD)
        one.faults.lose_next(0)
        one.faults.lose_next(100)
        await line.set_do_not_disturb(True)
        await until(lambda: line.do_not_disturb)
        one.faults.lose_next(0)
        await one.caught_up(pbx)
        compare(line.snapshot, one.switch, ALICE)


async def test_a_command_that_an_event_answers_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiopbx.doubts.ANSWERED", 0.05)
    async with office() as one:
        pbx = await one.connect()
        talk(one)
        call = await pbx.line(ALICE).wait_for_call(CallState.ACTIVE, timeout=30)
        before = requests(pbx)
        await call.hold()
        await until(lambda: call.state is CallState.HELD)
        await asyncio.sleep(0.1)
        assert requests(pbx) == before + 1


@pytest.mark.parametrize("interval", [0.1, 0.0])
async def test_lines_with_calls_are_audited(interval: float) -> None:
    async with office() as one:
        pbx = await one.connect(audit_interval=interval)
        ref = talk(one)
        line = pbx.line(BOB)
        await until(lambda: line.state is LineState.ACTIVE and pbx.line(ALICE).state is LineState.ACTIVE)
        one.faults.lose_next(100)
        one.switch.drop(ALICE, ref)
        one.faults.lose_next(0)
        await one.caught_up(pbx)
        assert line.calls, "nothing shows it"
        if interval:
            await until(lambda: not line.calls and not pbx.line(ALICE).calls)
            await one.right(pbx)
            before = requests(pbx)
            await asyncio.sleep(0.3)
            assert requests(pbx) == before, "lines without calls cost nothing"
        else:
            await asyncio.sleep(0.3)
            assert line.calls, "it was switched off"


# ------------------------------------------------------------------------------------------------------- O2G: webhook


def again(subscribed: Subscribed, *lines: bytes) -> None:
    for line in lines:
        subscribed.put(line)


@pytest.mark.office("webhook")
async def test_a_delivery_that_comes_again_makes_no_ghost(office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole life of a call is delivered again, at the end, in any portion: nothing is told of it."""
    async with office() as one:
        delivered: list[bytes] = []
        put_one = Subscribed.put

        def remember(self: Subscribed, line: bytes) -> None:
            delivered.append(line)
            put_one(self, line)

        pbx = await one.connect()
        await one.right(pbx)
        monkeypatch.setattr(Subscribed, "put", remember)
        ref = talk(one)
        await until(lambda: pbx.line(BOB).state is LineState.ACTIVE)
        one.switch.drop(ALICE, ref)
        await one.right(pbx)
        monkeypatch.setattr(Subscribed, "put", put_one)
        calls = [line for line in delivered if b'"OnCall' in line]
        assert len(calls) > 4
        diary = Diary(pbx)
        (server,) = one.simulator.servers
        for portion in (calls, calls[:1], calls[1:3], calls[::-1], calls[-1:] * 3):
            for subscribed in server.subscriptions.all:
                again(subscribed, *portion)
            await one.caught_up(pbx)
            assert not pbx.line(ALICE).calls
            assert not pbx.line(BOB).calls
        await asyncio.sleep(0.1)
        await one.right(pbx)
        assert not [event for event in diary.events if isinstance(event, aiopbx.CallEvent)]


@pytest.mark.office("webhook")
async def test_a_reference_that_is_used_again_is_a_call(office: Any) -> None:
    """What looks like an old delivery and is none is found by reading."""
    async with office() as one:
        pbx = await one.connect()
        ref = talk(one)
        await until(lambda: pbx.line(BOB).state is LineState.ACTIVE and pbx.line(ALICE).state is LineState.ACTIVE)
        over = pbx._core.system._link._applier._over  # type: ignore[attr-defined]
        before = pbx.line(BOB).snapshot
        over.note((CallEnded(at=pbx.line(BOB).snapshot.calls[0].answered_at, line=BOB, call=before.calls[0]),))
        one.switch.hold(BOB, ref, "1001")
        await until(lambda: pbx.line(BOB).state is LineState.HELD)
        one.switch.retrieve(BOB, ref, "1001")
        await until(lambda: pbx.line(BOB).state is LineState.ACTIVE)
        await one.right(pbx)


# -------------------------------------------------------------------------------------------------------------- Istra


def _istra_malformed(one: IstraOffice) -> None:
    one.faults.malform_next(1)


def _istra_without_id(one: IstraOffice) -> None:
    one.faults.item_without_id(1)


@pytest.mark.parametrize("sign", [_istra_malformed, _istra_without_id], ids=lambda sign: sign.__name__.strip("_"))
async def test_a_sign_of_loss_on_myrcc_leads_to_the_truth(sign: Callable[[IstraOffice], None]) -> None:
    async with istra_office() as one:
        pbx = await one.connect()
        ref = one.switch.make_call(ALICE, "1000", "1001", auto_answer=True).ref
        bob = pbx.line("1001")
        await bob.wait_for_call(timeout=30)
        await one.right(pbx)
        sign(one)
        one.switch.drop(ALICE, ref)
        await until(lambda: not bob.calls and not pbx.line("1000").calls)
        await one.right(pbx)
        assert (pbx.status, pbx.statistics.losses) == (Status.ONLINE, 0)


async def test_myrcc_is_audited_and_follows_its_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiopbx.doubts.ANSWERED", 0.05)
    async with istra_office() as one:
        pbx = await one.connect(audit_interval=0.1)
        ref = one.switch.make_call(ALICE, "1000", "1001", auto_answer=True).ref
        bob = pbx.line("1001")
        call = await bob.wait_for_call(timeout=30)
        one.faults.lose_next(100)
        await call.answer()
        await until(lambda: call.state is CallState.ACTIVE)
        one.switch.drop(ALICE, ref)
        one.faults.lose_next(0)
        await until(lambda: not bob.calls and not pbx.line("1000").calls)
        await one.right(pbx)


@pytest.mark.parametrize("kind", [office, istra_office])
async def test_a_command_whose_events_are_held_back_ends_a_call_once(
    kind: Callable[[], AbstractAsyncContextManager[Office]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line is read because no event answers the command; what the channel then brings is older than that."""
    monkeypatch.setattr("aiopbx.doubts.ANSWERED", 0.05)
    async with kind() as one:
        pbx = await one.connect()
        talk(one)
        await one.caught_up(pbx)
        diary = Diary(pbx, kind=(CallStarted, CallEnded))
        (call,) = pbx.line("1000").calls
        one.faults.freeze_channels()
        await call.hold()
        one.switch.drop(ALICE, call.ref if kind is office else next(iter(one.switch.calls)))
        assert (await call.wait_for(lambda now: now.ended, timeout=30)).outcome == "answered"
        one.faults.thaw()
        one.clock.advance(60)
        await one.right(pbx)
        assert not diary.of(CallStarted)
        assert sorted(pbx.line(event.line).number for event in diary.of(CallEnded)) == ["1000", "1001"]


async def test_what_rings_on_mycrm_after_a_loss_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls in progress cannot be read there, and none rings for ever."""
    monkeypatch.setattr("aiopbx.istra.crm.RINGS", 0.05)
    async with istra_office() as one:
        pbx = await one.connect(**end_user("mycrm", BOB))
        line = next(iter(pbx.lines.values()))
        ref = one.switch.make_call(ALICE, "1000", "1001", auto_answer=True).ref
        await line.wait_for_call(timeout=30)
        diary = Diary(pbx, kind=CallEnded)
        one.faults.malform_next(1)
        one.switch.drop(ALICE, ref)
        await until(lambda: not line.calls)
        assert [event.call.outcome for event in diary.of(CallEnded)] == ["unknown"]
        # What talks goes on: that it may have ended is no reason to end it.
        ref = one.switch.make_call(ALICE, "1000", "1001", auto_answer=True).ref
        await line.wait_for_call(timeout=30)
        one.switch.answer(BOB, ref, "1001")
        await line.wait_for_call(CallState.ACTIVE, timeout=30)
        one.faults.malform_next(1)
        one.faults.unknown_event()
        await asyncio.sleep(0.2)
        assert [call.state for call in line.calls] == [CallState.ACTIVE]


async def test_what_rings_on_mycrm_has_an_end_also_after_a_loss_without_a_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiopbx.istra.crm.RINGS", 0.05)
    async with istra_office() as one:
        pbx = await one.connect(**end_user("mycrm", BOB), audit_interval=0.05)
        line = next(iter(pbx.lines.values()))
        ref = one.switch.make_call(ALICE, "1000", "1001", auto_answer=True).ref
        await line.wait_for_call(timeout=30)
        diary = Diary(pbx, kind=CallEnded)
        one.faults.lose_next(1)
        one.switch.drop(ALICE, ref)
        await until(lambda: not line.calls)
        assert [event.call.outcome for event in diary.of(CallEnded)] == ["unknown"]


async def test_the_counters_of_myistra_are_read_again() -> None:
    async with istra_office() as one:
        pbx = await one.connect(**end_user("myistra", ALICE))
        (line,) = pbx.lines.values()
        assert line.counters.missed_calls == 0
        one.faults.malform_next(1)
        ref = one.switch.make_call(BOB, "1001", "1000", auto_answer=True).ref
        one.switch.drop(BOB, ref)
        await until(lambda: line.counters.missed_calls == 1)


# ------------------------------------------------------------------------------------------------------- by themselves


async def _gather(doubts: Doubts, errors: list[PbxError]) -> tuple[list[Any], "asyncio.Task[None]"]:
    rounds: list[Any] = []

    async def confirm(lines: frozenset[str] | None) -> None:
        rounds.append(lines)
        if errors:
            raise errors.pop(0)

    return rounds, asyncio.create_task(doubts.confirm(confirm))


def lines(*ids: str) -> dict[str, LineSnapshot]:
    return {one: LineSnapshot(id=one) for one in ids}


async def test_what_is_gathered() -> None:
    doubts = Doubts(lines("a", "b"))
    rounds, task = await _gather(doubts, [])
    doubts.add("a", "x")
    doubts.add("b", "x")
    doubts.add("stranger", "x")
    await until(lambda: rounds == [frozenset({"a", "b"})])
    doubts.add("a", "x")
    doubts.add(None, "x")
    await until(lambda: rounds[1:] == [None])
    doubts.add("stranger", "x")
    await asyncio.sleep(0.05)
    assert len(rounds) == 2
    task.cancel()


async def test_what_could_not_be_read_stays_in_doubt() -> None:
    doubts = Doubts(lines("a", "b"))
    rounds, task = await _gather(doubts, [NotReady("starts", operation="x", status=503, transient=True)])
    doubts.add("a", "x")
    await until(lambda: rounds == [frozenset({"a"})] * 2)
    task.cancel()
    rounds, task = await _gather(doubts, [ConnectionFailed("none")])
    doubts.add(None, "x")
    await until(lambda: rounds == [None, None])
    task.cancel()


async def test_what_cannot_be_read_ends_it() -> None:
    doubts = Doubts(lines("a"))
    rounds, task = await _gather(doubts, [ConnectionFailed("none") for _ in range(9)])
    doubts.add("a", "x")
    with pytest.raises(ConnectionFailed):
        await asyncio.wait_for(task, 30)
    assert len(rounds) == 3
    lost = aiopbx.SessionLost("gone", operation="x", status=403)
    rounds, task = await _gather(doubts, [lost])
    doubts.add("a", "x")
    with pytest.raises(aiopbx.SessionLost):
        await asyncio.wait_for(task, 30)
    assert len(rounds) == 1


async def test_what_feeds_itself_slows_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reading that raises doubts again is made less and less often, up to the longest pause."""
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def remembered(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0)

    monkeypatch.setattr("aiopbx.doubts.GATHER", 0.5)
    monkeypatch.setattr("aiopbx.doubts.random.random", lambda: 0.0)
    monkeypatch.setattr("aiopbx.doubts.asyncio.sleep", remembered)
    doubts = Doubts(lines("a"))

    async def confirm(which: frozenset[str] | None) -> None:
        doubts.add("a", "again")

    task = asyncio.create_task(doubts.confirm(confirm))
    doubts.add("a", "first")
    while len(pauses) < 10:
        await sleep(0)
    task.cancel()
    assert pauses[:10] == [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60]


async def test_an_audit_is_spread_and_leaves_out_what_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with office() as one:
        pbx = await one.connect()
        talk(one)
        await until(lambda: pbx.line(BOB).state is LineState.ACTIVE and pbx.line(ALICE).state is LineState.ACTIVE)
        known = dict(pbx._core.store.lines)
    pauses: list[float] = []
    rounds: list[Any] = []
    sleep = asyncio.sleep

    async def remembered(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            known[BOB] = LineSnapshot(id=BOB)  # its call has ended meanwhile
        await sleep(0)

    async def confirm(which: frozenset[str] | None) -> None:
        rounds.append(which)
        if len(rounds) == 1:
            raise NotReady("starts", operation="x", status=503, transient=True)
        if len(rounds) == 3:
            raise ConnectionFailed("none").__class__("none")
        if len(rounds) == 4:
            raise aiopbx.SessionLost("gone", operation="x", status=403)

    monkeypatch.setattr("aiopbx.doubts.asyncio.sleep", remembered)
    with pytest.raises(aiopbx.SessionLost):
        await audit(known, 60, confirm, together=False)
    assert pauses[:3] == [30, 30, 60], "two lines, then one"
    assert rounds == [frozenset({ALICE})] * 4
