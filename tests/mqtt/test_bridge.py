"""The bridge on a real broker: what breaks is told, comes back, and nothing old is shown after something newer."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from time import time
from typing import Any

import msgspec
import pytest

from aiopbx import (
    Call,
    CallEnded,
    CallStarted,
    CallState,
    ConnectionFailed,
    InvalidInput,
    LineState as State,
    NotSupported,
    Offline,
    Outcome,
    Pbx,
    PolicyViolation,
    Status,
    StatusChanged,
)
from aiopbx.bridge import BridgeSettings, Worker
from aiopbx.bridge.health import metrics
from aiopbx.mqtt.broker import Address, Broker
from aiopbx.mqtt.packets import Message
from aiopbx.mqtt.topics import CARRIED, Answer, CallPayload, Command, LineState, Topics, WorkerStatus, encode
from aiopbx.simulator import UserSpec
from tests.aiopbx.bridge_office import BridgeOffice
from tests.aiopbx.office import Diary, until
from tests.mqtt.conftest import Bridged
from tests.mqtt.mosquitto import Mosquitto


@asynccontextmanager
async def listener(broker: Mosquitto, *topics: str) -> AsyncIterator[tuple[Broker, list[Message]]]:
    """Someone else on the broker."""
    one = Broker(Address(host="127.0.0.1", port=broker.port, timeout=5.0), f"someone-{secrets.token_hex(4)}")
    heard: list[Message] = []
    one.on_message = heard.append
    await one.open()
    try:
        if topics:
            await one.subscribe(*topics, qos=0)
        yield one, heard
    finally:
        await one.close()


async def talking(pbx: Pbx) -> tuple[Call, Call]:
    call = await pbx.line("1000").dial("1001")
    assert call is not None
    other = await pbx.line("1001").wait_for_call(timeout=30)
    await other.answer()
    await call.wait_for(CallState.ACTIVE, timeout=30)
    return call, other


def topics_of(one: BridgeOffice) -> Topics:
    return Topics(one.prefix, "office")


def abandon(one: BridgeOffice) -> None:
    """Let the worker's connection end as by a power cut."""
    assert one.worker is not None
    assert one.worker.publisher is not None
    one.worker.publisher._broker.abandon()


# ----------------------------------------------------------------------------------------------- what breaks comes back


async def test_ten_consumers_cost_one_session(bridged: Bridged) -> None:
    async with bridged() as one:
        clients = [await one.connect() for _ in range(10)]
        assert one.sessions == 1
        await talking(clients[0])
        for client in clients:
            await one.right(client)


async def test_a_worker_that_ends_is_told_and_the_next_one_resyncs(bridged: Bridged) -> None:
    async with bridged() as one:
        pbx = await one.connect()
        call, _ = await talking(pbx)
        diary = Diary(pbx, kind=(StatusChanged, CallEnded))
        await one.stop_worker()
        await until(lambda: pbx.status is Status.OFFLINE)
        assert "was stopped" in str(pbx.error)
        assert not pbx.line("1000").synced
        with pytest.raises(Offline):
            await pbx.line("1000").dial("1002")
        one.switch.release("oxe1000", call.ref)
        await one.start_worker()
        await until(lambda: pbx.status is Status.ONLINE, 30)
        await one.right(pbx)
        assert diary.of(StatusChanged)[-1].status is Status.ONLINE
        assert pbx.line("1000").state is State.IDLE
        assert [event.call.id for event in diary.of(CallEnded)].count(call.id) == 1


async def test_a_bridge_that_is_away_is_told_from_a_system_that_there_is_not(bridged: Bridged) -> None:
    async with bridged() as one:
        await one.start_worker()
        await one.stop_worker()
        login = {"username": "", "password": ""}
        for url, seconds, reason, words in (
            (one.url, 5.0, "bridge_away", "Shard 0-of-1 of the bridge is offline: The worker was stopped."),
            (f"{one.url}-2", 1.0, "no_system", "There is no telephone system office-2 on this broker"),
        ):
            with pytest.raises(ConnectionFailed, match=words) as raised:
                await super(BridgeOffice, one).connect(url=url, sync_timeout=seconds, **login)  # type: ignore[arg-type]
            assert raised.value.reason == reason


async def test_a_worker_that_is_killed_is_told_by_its_last_will(bridged: Bridged) -> None:
    async with bridged() as one:
        pbx = await one.connect()
        diary = Diary(pbx, kind=StatusChanged)
        abandon(one)
        await until(lambda: any(event.status is Status.OFFLINE for event in diary.events))
        await until(lambda: pbx.status is Status.ONLINE, 30)  # the same process connects again, with a higher epoch
        await one.right(pbx)
        await talking(pbx)
        await one.right(pbx)


@pytest.mark.parametrize("name", ["mosquitto", "mosquitto-newest"])
@pytest.mark.parametrize("how", ["kill", "restart"])
async def test_a_broker_that_is_killed(bridged: Bridged, name: str, how: str) -> None:
    keeps = ("persistence true", "autosave_interval 1800", "max_queued_messages 1000000")
    async with bridged(*keeps, name=name) as one:
        pbx = await one.connect()
        call, _ = await talking(pbx)
        if how == "kill":
            one.broker.kill()
        else:
            one.broker.stop()
        await until(lambda: pbx.status is Status.OFFLINE)
        one.broker.start()
        await until(lambda: pbx.status is Status.ONLINE, 30)
        await one.right(pbx)
        await call.hang_up()
        await until(lambda: pbx.line("1000").state is State.IDLE)
        await one.right(pbx)


async def test_the_telephone_system_goes_and_comes_back(bridged: Bridged) -> None:
    async with bridged() as one:
        pbx = await one.connect()
        diary = Diary(pbx, kind=StatusChanged)
        one.faults.cut_channels()
        await until(lambda: any(event.status is Status.OFFLINE for event in diary.events))
        await until(lambda: pbx.status is Status.ONLINE, 30)
        await one.right(pbx)


async def test_two_workers_on_one_shard_are_told_and_harmless(
    bridged: Bridged, caplog: pytest.LogCaptureFixture
) -> None:
    async with bridged() as one:
        pbx = await one.connect()
        first = one.worker
        assert first is not None
        second = Worker(first.settings, "office")
        running = asyncio.create_task(second.run())
        await until(lambda: second.state == "standby", 30)
        assert "serves shard 0-of-1 already" in str(second.why)
        assert "give each worker a shard of its own" in caplog.text
        assert pbx.status is Status.ONLINE
        assert one.sessions == 1  # the one that stands by has none
        await talking(pbx)
        await one.stop_worker()
        await until(lambda: second.state == "serving", 30)
        assert second.epoch > first.epoch
        one.worker, one._running = second, running
        await until(lambda: pbx.status is Status.ONLINE, 30)
        await one.right(pbx)


# --------------------------------------------------------------------------------------------------- old and new states


async def test_no_old_state_after_a_newer_one(bridged: Bridged) -> None:
    async with bridged() as one:
        pbx = await one.connect()
        line = topics_of(one).line("oxe1000")
        async with listener(one.broker, line) as (broker, heard):
            await until(lambda: heard)
            old = heard[0].payload
            await talking(pbx)
            await one.right(pbx)
            await broker.publish(line, old, retain=True)
            state: LineState = msgspec.json.decode(old, type=LineState)
            before = msgspec.structs.replace(state, epoch=state.epoch - 1, revision=state.revision + 10**6)
            await broker.publish(line, encode(before), retain=True)
            await asyncio.sleep(0.3)
        assert pbx.line("1000").state is State.ACTIVE
        assert pbx.line("1000").calls


async def test_the_will_of_a_worker_that_was_replaced_changes_nothing(bridged: Bridged) -> None:
    async with bridged() as one:
        pbx = await one.connect()
        worker = one.worker
        assert worker is not None
        topic = topics_of(one).worker(worker.shard)
        async with listener(one.broker, topic) as (broker, heard):
            await until(lambda: heard)
            will = msgspec.structs.replace(
                worker._known, epoch=worker.epoch - 1, status=WorkerStatus.OFFLINE, worker="of yesterday"
            )
            await broker.publish(topic, encode(will), retain=True)
            await until(lambda: json.loads(heard[-1].payload)["status"] == "online" and len(heard) > 2)
            assert json.loads(heard[-1].payload)["epoch"] == worker.epoch
        assert pbx.status is Status.ONLINE
        await one.right(pbx)


async def test_a_state_that_the_broker_dropped_is_read_again(bridged: Bridged) -> None:
    async with bridged() as one:
        pbx = await one.connect()
        link: Any = pbx._core.system._link  # type: ignore[attr-defined]
        whole, dropped = link._broker.on_message, []

        def lossy(message: Message) -> None:
            if "/line/" in message.topic and not message.retain:
                dropped.append(message)
            else:
                whole(message)

        link._broker.on_message = lossy
        diary = Diary(pbx, kind=(CallStarted, CallEnded))
        one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True)
        await until(lambda: dropped)
        await until(lambda: pbx.line("1001").state is State.RINGING_INCOMING)
        link._broker.on_message = whole
        await one.right(pbx)
        assert len(diary.of(CallStarted)) == 2


async def test_more_lines_than_the_queue_of_the_broker(bridged: Bridged) -> None:
    from aiopbx.simulator.settings import UserSpec

    users = tuple(UserSpec(login=f"oxe{number}", number=str(number)) for number in range(2000, 2400))
    async with bridged("max_queued_messages 100", users=users) as one:
        pbx = await one.connect(sync_timeout=10.0)
        assert len(pbx.lines) == 400
        assert all(line.synced for line in pbx.lines.values())
        few = await one.connect(lines=["2007", "oxe2008"])
        assert sorted(few.lines) == ["oxe2007", "oxe2008"]


async def test_no_end_of_a_call_is_lost_in_a_burst(bridged: Bridged) -> None:
    """More calls of a line end than its state remembers, while the broker takes nothing."""
    async with bridged() as one:
        pbx = await one.connect()
        worker = one.worker
        assert worker is not None
        assert worker.publisher is not None
        assert worker.pbx is not None
        diary = Diary(pbx, kind=(CallStarted, CallEnded))
        async with listener(one.broker, topics_of(one).event("oxe1000", "CallEnded")) as (_, heard):
            worker.publisher._broker.pause_writing()
            for number in range(30):
                call = one.switch.incoming_external(f"00155501{number:02}", "1000")
                one.switch.external_hang_up(call.ref)
            await super(BridgeOffice, one).caught_up(worker.pbx)  # it has seen them all
            assert not diary.events
            worker.publisher._broker.resume_writing()
            await one.right(pbx)
            await until(lambda: len(heard) == 30)
        started, ended = diary.of(CallStarted), diary.of(CallEnded)
        assert len({event.call.id for event in started}) == len(started) == 30
        assert [event.call.id for event in ended] == [event.call.id for event in started]
        assert {event.call.outcome for event in ended} == {Outcome.MISSED}
        assert [json.loads(message.payload)["event"]["call"]["outcome"] for message in heard] == ["missed"] * 30
        # Who comes later finds the last eight.
        async with listener(one.broker, topics_of(one).line("oxe1000")) as (_, states):
            one.switch.set_dnd("oxe1000", True)
            await until(lambda: len(states) >= 2)
            state: LineState = msgspec.json.decode(states[-1].payload, type=LineState)
        assert [call.id for call in state.ended] == [event.call.id for event in ended[-8:]]


async def test_states_are_what_the_worker_knows_whatever_is_in_a_name(bridged: Bridged) -> None:
    """A state is put together of what was encoded before: it says the same as if it was encoded at once."""
    odd = '","calls":[],"ended":[{"x\\'
    users = (UserSpec(login="oxe1000", number="1000", last_name=odd), UserSpec(login="oxe1001", number="1001"))
    async with bridged(users=users) as one:
        pbx, topics = await one.connect(), topics_of(one)
        worker = one.worker
        assert worker is not None
        assert worker.pbx is not None
        assert odd in pbx.line("1000").snapshot.name
        async with listener(one.broker, topics.line("oxe1000"), f"{topics.base}/call/oxe1000/+") as (_, heard):
            for do_not_disturb in (False, True):
                call, _ = await talking(pbx)
                one.switch.set_dnd("oxe1000", do_not_disturb)
                await one.right(pbx)
                known = worker.pbx.line("1000").snapshot
                line = msgspec.structs.replace(known, features=known.features & CARRIED)
                await until(lambda: decoded(heard, "/line/", LineState).line == line)  # noqa: B023
                state = decoded(heard, "/line/", LineState)
                assert state.shard == "0-of-1"
                assert state.line.calls == known.calls
                assert decoded(heard, "/call/", CallPayload).call == known.calls[0]
                said = json.loads(next(one.payload for one in reversed(heard) if "/line/" in one.topic))
                whole = json.loads(encode(state))
                assert said.keys() == whole.keys()
                assert said["line"].keys() == whole["line"].keys()
                await call.hang_up()
                await one.right(pbx)
            # Of calls that have ended, what is as it was at first is left out; a reader has all of it.
            state = decoded(heard, "/line/", LineState)
            assert [ended.outcome for ended in state.ended] == [Outcome.ANSWERED] * 2
            assert all(ended.parties[0].number == "1001" for ended in state.ended)
            said = json.loads(next(one.payload for one in reversed(heard) if "/line/" in one.topic))
            assert None not in said["ended"][0].values()


def decoded(heard: list[Message], topic: str, kind: type[Any]) -> Any:
    """The newest payload on such a topic."""
    newest = next(message.payload for message in reversed(heard) if topic in message.topic and message.payload)
    return msgspec.json.decode(newest, type=kind)


# ------------------------------------------------------------------------------------------------------------- commands


async def ask(one: BridgeOffice, topic: str | None = None, retain: bool = False, **changes: Any) -> Answer | None:
    """Send a command as anyone could, and wait for its answer; None where there is none."""
    topics = topics_of(one)
    command = Command(
        id=secrets.token_hex(16),
        issued_at=datetime.now(UTC),
        line="oxe1000",
        method="set_do_not_disturb",
        arguments={"on": True},
    )
    command = msgspec.structs.replace(command, **changes)
    reply = topics.reply("-", secrets.token_hex(4))
    async with listener(one.broker, reply) as (broker, heard):
        await broker.publish(
            topic or topics.command("0-of-1", command.line),
            encode(command),
            response_topic=reply,
            correlation=b"mine",
            retain=retain,
        )
        if retain:
            await broker.publish(topic or topics.command("0-of-1", command.line), b"", retain=True)
        try:
            await until(lambda: heard, 2)
        except AssertionError:
            return None
        assert heard[0].correlation == b"mine"
        answer: Answer = msgspec.json.decode(heard[0].payload, type=Answer)
        return answer


async def test_commands_that_are_forged_or_replayed_are_refused(bridged: Bridged) -> None:
    async with bridged() as one:
        pbx = await one.connect()
        answer = await ask(one, id="0123456789abcdef")
        assert answer is not None
        assert answer.error is None
        await until(lambda: pbx.line("1000").do_not_disturb)
        now = datetime.now(UTC)
        for changes, words in (
            ({"id": "0123456789abcdef"}, "has come before"),
            ({"issued_at": now - timedelta(seconds=60)}, "seconds ago"),
            ({"issued_at": now + timedelta(seconds=60)}, "from now"),
            ({"id": "short"}, "16 to 128"),
            (
                {"line": "oxe1001", "topic": topics_of(one).command("0-of-1", "oxe1000")},
                "another than that of the topic",
            ),
            ({"method": "launch"}, "there is no 'launch'"),
            ({"arguments": {}}, "on: is missing"),
            ({"arguments": {"on": "perhaps"}}, "on: cannot be used"),
            ({"arguments": {"on": False, "off": 1}}, "no such argument"),
            ({"method": "dial", "arguments": {"number": "1001", "secret_code": "1"}}, "no such argument"),
            ({"line": "nobody"}, "No line"),
        ):
            answer = await ask(one, **changes)  # type: ignore[arg-type]
            assert answer is not None
            assert answer.error is not None
            assert words in f"{answer.error.message} {answer.error.remedy}", answer.error
        assert pbx.line("1000").do_not_disturb
        assert one.worker is not None
        assert one.worker.desk is not None
        assert one.worker.desk.done == 1


async def test_an_answer_goes_to_no_topic_but_those_for_answers(bridged: Bridged) -> None:
    async with bridged() as one:
        await one.connect()
        topics = topics_of(one)
        goal = topics.line("oxe1001")
        async with listener(one.broker, goal) as (broker, heard):
            await until(lambda: heard)
            heard.clear()
            command = Command(id="f" * 16, issued_at=datetime.now(UTC), line="oxe1000", method="nothing")
            await broker.publish(topics.command("0-of-1", "oxe1000"), encode(command), response_topic=goal)
            worker = one.worker
            assert worker is not None
            await until(lambda: worker.desk is not None and worker.desk.refused == 1)
            await asyncio.sleep(0.1)
            assert not heard


async def test_a_worker_whose_clock_jumps_refuses_and_says_so(bridged: Bridged) -> None:
    async with bridged() as one:
        pbx = await one.connect()
        assert one.worker is not None
        assert one.worker.desk is not None
        one.worker.desk._clock = lambda: time() + 3600
        with pytest.raises(InvalidInput, match=r"was issued .* seconds ago") as raised:
            await pbx.line("1000").set_do_not_disturb(True)
        assert "clocks" in str(raised.value.remedy)
        one.worker.desk._clock = time
        await pbx.line("1000").set_do_not_disturb(True)


async def test_a_command_that_no_worker_hears_is_told_at_once(bridged: Bridged) -> None:
    async with bridged() as one:
        pbx = await one.connect(request_timeout=5.0)
        assert one.worker is not None
        assert one.worker.publisher is not None
        await one.worker.publisher._broker.unsubscribe(topics_of(one).commands("0-of-1", one.worker.epoch))
        began = asyncio.get_running_loop().time()
        with pytest.raises(Offline, match="no worker of the bridge listens"):
            await pbx.line("1000").set_do_not_disturb(True)
        assert asyncio.get_running_loop().time() - began < 1


async def test_the_policy_of_the_bridge_holds_whoever_asks(bridged: Bridged) -> None:
    async with bridged() as one:
        await one.start_worker(systems={"office": {"dial_policy": {"denied": ["1003"], "calls_per_minute": 3}}})
        pbx = await one.connect()  # without a policy of its own
        with pytest.raises(PolicyViolation, match="denied"):
            await pbx.line("1000").dial("1003")
        with pytest.raises(PolicyViolation, match="denied"):
            await pbx.line("1000").set_forward("1003")
        storm = await asyncio.gather(*(pbx.line("1000").dial("1001") for _ in range(12)), return_exceptions=True)
        refused = [one for one in storm if isinstance(one, PolicyViolation)]
        assert len(refused) >= 9, storm
        assert "3 calls a minute" in str(refused[0])


async def test_secrets_are_on_no_topic(bridged: Bridged) -> None:
    async with bridged() as one:
        password = "correct-horse-battery"
        async with listener(one.broker, f"{one.prefix}/#") as (_, heard):
            pbx = await one.connect()
            await talking(pbx)
            with pytest.raises(NotSupported, match="no secret"):
                await pbx.line("1000").dial("1002", pin="4711", secret_code="0815")
            with pytest.raises(NotSupported, match="no secret"):
                await pbx.line("1000").change_password("secret", password)
            await one.right(pbx)
            said = b"\n".join(message.payload for message in heard)
            assert said
            for secret in (b"4711", b"0815", password.encode(), b"cookie", b"AlcUserId", b"password"):
                assert secret not in said, secret
            assert b'"admin"' not in said


async def test_discovery_for_home_assistant(bridged: Bridged) -> None:
    async with bridged() as one:
        async with listener(one.broker, f"{one.prefix}-ha/#") as (_, heard):
            await one.start_worker(discovery_prefix=f"{one.prefix}-ha")
            await until(lambda: len(heard) >= 8)
            found = {message.topic: json.loads(message.payload) for message in heard}
        assert {topic.split("/")[-3] for topic in found} == {"sensor", "switch"}
        switch = next(one for topic, one in found.items() if "/switch/" in topic)
        assert switch["command_topic"].startswith(f"{one.prefix}/v1/office/command/0-of-1/oxe")
        assert all(shown["availability_topic"] == f"{one.prefix}/v1/office/worker/0-of-1" for shown in found.values())


async def test_metrics_and_shards(bridged: Bridged) -> None:
    async with bridged() as one:
        worker = await one.start_worker(shard="0/2")
        pbx = await one.connect()
        assert 0 < len(pbx.lines) < 4
        text = metrics([worker])
        assert f'aiopbx_bridge_lines{{system="office",shard="0-of-2"}} {len(pbx.lines)}' in text
        other = Worker(BridgeSettings(**{**worker.settings.model_dump(), "shard": "1/2"}), "office")
        running = asyncio.create_task(other.run())
        await until(lambda: other.state == "serving", 30)
        await until(lambda: len(pbx.lines) == 4)
        lines = {one.id for one in pbx.lines.values()}
        await until(lambda: all(pbx.lines[one].synced for one in lines))
        # One of two shards goes: its lines are not confirmed, the others are as before.
        other.stop()
        await running
        await until(lambda: sum(line.synced for line in pbx.lines.values()) == len(worker.pbx.lines))  # type: ignore[union-attr]
        assert pbx.status is Status.ONLINE
        lost = next(line for line in pbx.lines.values() if not line.synced)
        with pytest.raises(Offline, match="1-of-2"):
            await lost.dial("1001")
        served = next(line for line in pbx.lines.values() if line.synced)
        await served.set_do_not_disturb(True)
