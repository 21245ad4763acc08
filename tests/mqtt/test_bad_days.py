"""Bad days of a bridge: frozen, restarted, flooded, with clocks that jump. What was seen stays right, or is told."""

import asyncio
import os
import secrets
import signal
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, time
from typing import Any

import pytest

from aiopbx import (
    CallEnded,
    CallStarted,
    ConnectionFailed,
    InvalidInput,
    LineState as State,
    Offline,
    OutcomeUnknown,
    Pbx,
    RequestRefused,
    Status,
    StatusChanged,
)
from aiopbx.bridge import BridgeSettings, Worker
from aiopbx.mqtt.link import Shard
from aiopbx.mqtt.topics import Command, Pulse, Worker as AWorker, WorkerStatus, encode
from tests.aiopbx.bridge_office import BridgeOffice
from tests.aiopbx.office import Diary, until
from tests.mqtt.conftest import Bridged
from tests.mqtt.test_bridge import listener, talking, topics_of
from tests.mqtt.test_command import online, program, written


def settings_of(one: BridgeOffice, **changes: Any) -> BridgeSettings:
    system = {"url": one.simulator.url, "username": "admin", "password": "admin"}
    values = {
        "broker": {"url": one.broker.url},
        "prefix": one.prefix,
        "pulse_interval": 0.1,
        "systems": {"office": system},
    }
    return BridgeSettings(**{**values, **changes})


def transport(pbx: Pbx) -> asyncio.Transport:
    found: asyncio.Transport = pbx._core.system._link._broker._transport  # type: ignore[attr-defined]
    return found


def numbers(event: CallStarted) -> str | None:
    return event.call.parties[0].number


async def test_a_worker_that_is_frozen_is_replaced_and_does_no_harm_when_it_wakes(
    bridged: Bridged, tmp_path: Path
) -> None:
    async with bridged() as one, program(written(one, tmp_path)) as (process, log):
        await until(lambda: log.said("serving 4 lines") or process.poll() is not None, 20)
        pbx = await online(one, request_timeout=1.0)
        spare = Worker(settings_of(one), "office")
        running = asyncio.create_task(spare.run())
        await until(lambda: spare.state == "standby", 30)
        diary = Diary(pbx, kind=(StatusChanged, CallStarted, CallEnded))

        os.kill(process.pid, signal.SIGSTOP)
        # What the frozen one was asked is answered by no one; its sender is told that, and may ask again.
        async with listener(one.broker) as (broker, _):
            command = Command(
                id=secrets.token_hex(16),
                issued_at=datetime.now(UTC),
                line="oxe1003",
                method="dial",
                arguments={"number": "1002"},
            )
            topic = topics_of(one).command("0-of-1", "oxe1003")
            await broker.publish(topic, encode(command))
        with pytest.raises((OutcomeUnknown, Offline)):
            await pbx.line("1000").set_do_not_disturb(False)
        await until(lambda: spare.state == "serving", 30)
        await until(lambda: pbx.status is Status.ONLINE, 30)
        one.worker = spare
        call, _ = await talking(pbx)
        await one.right(pbx)

        os.kill(process.pid, signal.SIGCONT)
        await until(lambda: log.said("another worker serves shard 0-of-1 now; this one stands by"), 30)
        await until(lambda: log.said("serves shard 0-of-1 already"), 30)
        await one.right(pbx)
        assert spare.state == "serving"
        assert {event.line for event in diary.of(CallStarted)} == {"oxe1000", "oxe1001"}
        await call.hang_up()
        await until(lambda: pbx.line("1000").state is State.IDLE)
        one.worker = None
        spare.stop()
        await running
        # And the one that was frozen is the spare now.
        await until(lambda: len([line for line in log.lines if "serving 4 lines" in line["message"]]) == 2, 30)
        process.send_signal(signal.SIGTERM)
        await until(lambda: process.poll() is not None, 30)
        assert process.returncode == 0


async def test_a_slow_consumer_holds_no_one_up_and_is_right_in_the_end(bridged: Bridged) -> None:
    async with bridged("max_queued_messages 20") as one:
        quick, slow = await one.connect(), await one.connect()
        paused = transport(slow)
        paused.pause_reading()
        for number in range(60):
            call = one.switch.incoming_external(f"00155501{number:02}", "1000")
            one.switch.external_hang_up(call.ref)
            await asyncio.sleep(0)
        kept = one.switch.incoming_external("0015550199", "1001")
        await one.right(quick)
        assert one.worker is not None
        assert one.worker.state == "serving"
        paused.resume_reading()  # or it has given that connection up meanwhile, and made another
        await one.right(slow)
        assert slow.line("1001").state is State.RINGING_INCOMING
        one.switch.external_hang_up(kept.ref)
        await one.right(slow)


async def test_everything_is_restarted_over_what_was_retained(bridged: Bridged) -> None:
    async with bridged("persistence true", "autosave_interval 1800", "max_queued_messages 1000000") as one:
        pbx = await one.connect()
        call, other = await talking(pbx)
        diary = Diary(pbx, kind=(StatusChanged, CallStarted, CallEnded))
        await one.stop_worker()
        one.broker.stop()
        await until(lambda: pbx.status is Status.OFFLINE)
        one.switch.release("oxe1000", call.ref)
        ringing = one.switch.incoming_external("0015550142", "1002")
        one.broker.start()
        # The broker has the old states again, and no one may take them for true.
        with pytest.raises(ConnectionFailed, match="was stopped"):
            await super(BridgeOffice, one).connect(url=one.url, username="", password="", sync_timeout=0.5)
        assert pbx.line("1000").calls
        assert not pbx.line("1000").synced
        await one.start_worker()
        fresh = await one.connect()
        await until(lambda: pbx.status is Status.ONLINE, 30)
        for client in (pbx, fresh):
            await one.right(client)
            assert client.line("1000").state is State.IDLE
        ended = Counter(event.call.id for event in diary.of(CallEnded))
        assert ended == {call.id: 1, other.id: 1}
        assert [numbers(event) for event in diary.of(CallStarted)] == ["0015550142"]
        # Nor does the topic of a call outlive it.
        async with listener(one.broker, f"{topics_of(one).base}/call/#") as (_, heard):
            await until(lambda: heard)
            await asyncio.sleep(0.1)
            assert {message.topic.split("/")[-2] for message in heard} == {"oxe1002"}
        one.switch.external_hang_up(ringing.ref)


def test_lines_that_are_still_coming_are_a_sign_of_life() -> None:
    """Tens of thousands of them stand before the next pulse on the same connection."""
    shard = Shard("0-of-1")
    shard.worker = AWorker(epoch=7, status=WorkerStatus.ONLINE, worker="x")
    shard.pulse = Pulse(epoch=7, number=1, interval=1.0, revision=1, lines=40_000)
    shard.heard = monotonic() - 20
    assert shard.silent
    assert not shard.alive
    shard.arrived = monotonic()
    assert shard.alive
    shard.arrived -= 6
    assert not shard.alive
    assert "gives no sign of life" in shard.why


async def test_a_worker_whose_clock_was_set_back_is_not_taken_for_an_old_one(bridged: Bridged) -> None:
    async with bridged() as one:
        pbx = await one.connect()
        first = one.worker
        assert first is not None
        await one.stop_worker()
        late = Worker(settings_of(one), "office", clock=lambda: time() - 3600)
        one.worker, one._running = late, asyncio.create_task(late.run())
        await until(lambda: late.state == "serving", 30)
        assert late.epoch > first.epoch
        await until(lambda: pbx.status is Status.ONLINE, 30)
        one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True)
        await one.right(pbx)
        with pytest.raises(InvalidInput, match="seconds from now") as raised:
            await pbx.line("1000").set_do_not_disturb(True)
        assert "clocks" in str(raised.value.remedy)
        assert not one.switch.users["oxe1000"].do_not_disturb


async def test_a_storm_of_commands_is_bounded_and_each_is_answered(bridged: Bridged) -> None:
    async with bridged() as one:
        await one.start_worker(commands_at_once=5)
        pbx = await one.connect()
        one.faults.delay(5.0)
        storm = [asyncio.create_task(pbx.line("1000").send_text("1001", f"number {n}")) for n in range(150)]
        desk = one.worker.desk if one.worker is not None else None
        assert desk is not None
        await until(lambda: desk.refused >= 145)
        assert len(one.faults._delayed) == 5
        one.faults.delay(0)
        one.clock.advance(5.0)
        results = await asyncio.gather(*storm, return_exceptions=True)
        refused = [result for result in results if isinstance(result, RequestRefused)]
        assert len(refused) == 145, Counter(map(type, results))
        assert {result.status for result in refused} == {429}
        assert all(result.transient for result in refused)
        assert desk.done == 5
        await pbx.line("1000").set_do_not_disturb(True)  # and then there is room again
