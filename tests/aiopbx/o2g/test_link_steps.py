"""The steps of a link of O2G: what is expected, what overtakes a read, what is lost, and what comes and goes."""

import asyncio
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from typing import Any

import pytest

from aiopbx import LineAdded, LineRemoved, LineSnapshot, Status
from aiopbx.loops import Signal, each
from aiopbx.o2g.apply import Applier, ExpectedSnapshots, Lines
from aiopbx.o2g.discovery import Monitored
from aiopbx.o2g.reducer import Reduced
from aiopbx.o2g.rights import Rights
from aiopbx.o2g.services.telephony import Telephony
from aiopbx.o2g.subscription import Subscribed
from aiopbx.o2g.types.routing import OnRoutingStateChanged
from aiopbx.o2g.types.telephony import OnCallCreated, OnTelephonyState
from aiopbx.o2g.types.users import OnUserDeleted, OnUserInfoChanged
from aiopbx.simulator import UserSpec
from aiopbx.store import Store
from tests.aiopbx.model_truth import compare
from tests.aiopbx.office import Diary, office, until

# --------------------------------------------------------------------------------------------------------------- signal


async def test_a_signal_wakes_all_who_wait_and_takes_it_from_none() -> None:
    signal = Signal()
    waiting = [asyncio.create_task(signal.wait_since(0)) for _ in range(3)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    signal.notify()
    assert await asyncio.gather(*waiting) == [True, True, True]
    assert await signal.wait_since(0, 0), "what has happened since the mark is not waited for"
    assert not await signal.wait_since(1, 0.001)
    assert signal.count == 1


async def test_a_signal_forgets_those_who_do_not_wait_any_more() -> None:
    signal = Signal()
    assert not await signal.wait_since(0, 0.001)
    task = asyncio.create_task(signal.wait_since(0))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert signal._waiters == []
    signal.notify()


@pytest.mark.parametrize(("items", "tasks"), [(0, 0), (1, 1), (3, 3), (50, 20)])
async def test_no_more_tasks_than_items(items: int, tasks: int) -> None:
    most = 0
    before = len(asyncio.all_tasks())

    async def work(item: int) -> None:
        nonlocal most
        most = max(most, len(asyncio.all_tasks()) - before)
        await asyncio.sleep(0)

    await each(range(items), work)
    assert most == tasks


# ------------------------------------------------------------------------------------------------------------ snapshots


async def test_snapshots_that_are_expected() -> None:
    expected = ExpectedSnapshots()
    assert not await expected.another(10), "none is missing, so none is waited for"
    expected.expect(OnTelephonyState, ["a", "b"])
    expected.expect(OnRoutingStateChanged, ["a"])
    assert expected.left == 3
    waiting = asyncio.create_task(expected.another(10))
    await asyncio.sleep(0)
    for kind, login in ((OnTelephonyState, "stranger"), (OnCallCreated, "a")):
        expected.arrive(kind, login)
    await asyncio.sleep(0)
    assert not waiting.done(), "neither was expected"
    expected.arrive(OnTelephonyState, "a")
    assert await waiting
    assert expected.left == 2
    assert not expected.missing(OnTelephonyState, "a")
    assert expected.missing(OnRoutingStateChanged, "a")
    expected.forget("a")
    assert expected.left == 1
    assert not await expected.another(0.001)
    expected.clear()
    assert expected.left == 0


# ---------------------------------------------------------------------------------------------------------------- lines


def lines(*logins: str, everybody: bool = False) -> tuple[Lines, list[Any]]:
    store = Store()
    events: list[Any] = []
    store.subscribers.add(events.append)
    made = Lines(store, Rights(), logins, logins[:1], everybody=everybody)
    for login in logins:
        made.add(login)
        made.publish(login)
    events.clear()
    return made, events


def test_what_was_discovered_and_subscribed_cannot_be_changed() -> None:
    for value, name in ((Monitored(("a",)), "logins"), (Subscribed(), "snapshots")):
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, ())


def test_a_line_is_published_once_its_name_is_known() -> None:
    made, events = lines()
    made.add("a")
    line = made.get("a")
    assert line is not None
    made.put((LineSnapshot(id="a", number="100"), (LineRemoved(at=datetime.now(UTC), line="a"),)), line)
    assert events == [], "no event of a line that no subscriber has seen"
    made.publish("a")
    made.publish("a")
    assert [(type(event), event.snapshot.number) for event in events] == [(LineAdded, "100")]


def test_who_is_created_is_monitored_where_everybody_is() -> None:
    some, _ = lines("a")
    assert not some.monitor("b")
    everybody, events = lines("a", everybody=True)
    assert everybody.monitor("b")
    assert not everybody.monitor("b")
    assert everybody.logins == ("a", "b")
    everybody.remove("a")
    assert (everybody.logins, everybody.agents) == (("b",), ())
    assert [type(event) for event in events] == [LineRemoved]
    everybody.remove("b")
    assert len(events) == 1, "it was not published, so neither is its end"


# -------------------------------------------------------------------------------------------------------------- applier


def no_doubt(login: str | None, why: str) -> None:
    raise AssertionError(f"{login} is in doubt: {why}")


def test_an_event_overtakes_every_read_of_it_and_no_other() -> None:
    made, _ = lines("a", "b")
    applier = Applier(made, sole=None, on_other=lambda event: None, on_doubt=no_doubt)
    event = OnUserInfoChanged(login_name="a")
    with (
        applier.watch("a", OnUserInfoChanged) as first,
        applier.watch("a", OnUserInfoChanged) as second,
        applier.watch("b", OnUserInfoChanged) as other,
        applier.watch("a", OnRoutingStateChanged) as another,
    ):
        applier.apply([event])
        with applier.watch("a", OnUserInfoChanged) as later:
            pass
    assert first.overtaken
    assert second.overtaken
    assert not other.overtaken
    assert not another.overtaken
    assert not later.overtaken


def test_an_answer_is_applied_unless_it_was_overtaken() -> None:
    made, events = lines("a")
    applier = Applier(made, sole=None, on_other=lambda event: None, on_doubt=no_doubt)

    def numbered(line: LineSnapshot, number: str, now: datetime) -> Reduced:
        return LineSnapshot(id=line.id, number=number), ()

    def number() -> str:
        line = made.get("a")
        assert line is not None
        return line.number

    with applier.watch("a", OnUserInfoChanged) as read:
        applier.apply_answer(read, numbered, "100")
        assert number() == "100"
        applier.apply([OnUserInfoChanged(login_name="a")])
        applier.apply_answer(read, numbered, "101")
        assert number() == "100"
        applier.apply_answer(read, numbered, "102", always=True)
        assert number() == "102"
        applier.apply([OnUserDeleted(login_name="a")])
        applier.apply_answer(read, numbered, "103", always=True)
    assert made.get("a") is None
    assert LineAdded not in {type(event) for event in events}
    assert type(events[-1]) is LineRemoved


def test_what_is_about_no_line_goes_on() -> None:
    made, _ = lines("a")
    others: list[Any] = []
    applier = Applier(made, sole="a", on_other=others.append, on_doubt=no_doubt)
    deleted = OnUserDeleted(login_name="stranger")
    applier.apply([deleted, OnUserInfoChanged(login_name="stranger")])
    assert others == []
    with applier.watch("a", OnUserInfoChanged) as read:
        applier.apply([OnUserInfoChanged()])
    assert read.overtaken, "without a login it is about the user of the session"


# ------------------------------------------------------------------------------------------------------------ on a link


async def test_many_notices_of_lost_events_are_few_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """One round at a time: what comes meanwhile leads to one more."""
    async with office() as one:
        pbx = await one.connect()
        asked = 0
        gate = asyncio.Event()
        snapshot = Telephony.telephony_snapshot

        async def slow(self: Telephony, **keywords: Any) -> Any:
            nonlocal asked
            asked += 1
            await gate.wait()
            return await snapshot(self, **keywords)

        monkeypatch.setattr(Telephony, "telephony_snapshot", slow)
        link = pbx._core.system._link  # type: ignore[attr-defined]
        for _ in range(100):
            link.doubts.add(None, "the server dropped some")
        await until(lambda: asked == 1)
        for _ in range(100):
            link.doubts.add(None, "the server dropped some")
        one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True)
        gate.set()
        await until(lambda: asked == 2)
        await one.caught_up(pbx)
        assert asked == 2
        assert (pbx.status, pbx.statistics.losses) == (Status.ONLINE, 0)
        for login in one.switch.users:
            compare(pbx.line(login).snapshot, one.switch, login)


async def test_users_who_come_and_go_while_online_are_monitored_or_not() -> None:
    async with office() as one:
        pbx = await one.connect()
        diary = Diary(pbx)
        one.switch.add_user(UserSpec(login="new", number="1009", first_name="Nora", last_name="New"))
        await until(lambda: "new" in pbx.lines and diary.of(LineAdded))
        one.switch.remove_user("new")
        await until(lambda: diary.of(LineRemoved))
        one.faults.cut_channels()
        await until(lambda: pbx.statistics.losses == 1 and pbx.status is Status.ONLINE)
        assert sorted(pbx.lines) == sorted(one.switch.users)
        assert len(diary.of(LineAdded)) == len(diary.of(LineRemoved)) == 1
