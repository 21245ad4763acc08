"""Invariant 7: one event loop owns the client; others come in through doors."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

import aiopbx
from aiopbx import CallEnded, CallState, Event, LineState, Offline, Pbx
from tests.aiopbx.office import Opened, until


async def in_a_thread(work: Callable[[], Any]) -> Any:
    return await asyncio.get_running_loop().run_in_executor(None, work)


@pytest.mark.office("chunk", "istra", "bridge")
async def test_a_thread_without_a_loop(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()

        def work() -> str:
            call = pbx.run_threadsafe(pbx.line("1000").dial("1001")).result(5)
            assert call is not None
            ringing = pbx.run_threadsafe(pbx.line("1001").wait_for_call(timeout=30)).result(6)
            pbx.run_threadsafe(ringing.answer()).result(5)
            pbx.run_threadsafe(call.wait_for(CallState.ACTIVE, timeout=30)).result(5)
            return call.state

        assert await in_a_thread(work) == CallState.ACTIVE


@pytest.mark.office("chunk", "istra", "bridge")
async def test_another_loop_awaits_as_if_it_were_its_own(office: Opened) -> None:
    """Notebook kernels run widget callbacks on other loops."""
    async with office() as one:
        pbx = await one.connect()

        async def elsewhere() -> list[Event]:
            heard: list[Event] = []
            stop = pbx.subscribe(heard.append)
            async with pbx.events(kind=CallEnded) as ends:
                line = pbx.line("1000")
                call = await line.dial("1001")
                assert call is not None
                assert asyncio.get_running_loop() is not pbx.loop
                await call.hang_up()
                end = await asyncio.wait_for(anext(ends), 30)
                assert isinstance(end, CallEnded)
            await pbx.wait_status(aiopbx.Status.ONLINE, timeout=30)
            stop()
            return heard

        heard = await in_a_thread(lambda: asyncio.run(elsewhere()))
        assert any(isinstance(event, CallEnded) for event in heard)


async def test_errors_come_through_the_door(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()

        async def elsewhere() -> None:
            with pytest.raises(aiopbx.InvalidInput, match="number"):
                await pbx.line("1000").dial("call me")

        await in_a_thread(lambda: asyncio.run(elsewhere()))


async def test_callbacks_run_in_the_owning_loop(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        threads: set[int] = set()

        def heard(event: Event) -> None:
            threads.add(threading.get_ident())

        await in_a_thread(lambda: pbx.subscribe(heard))
        one.switch.set_dnd("oxe1000", True)
        await until(lambda: threads)
        assert threads == {threading.get_ident()}


async def test_many_threads_subscribe_while_events_come(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        heard: list[Event] = []

        def come_and_go() -> None:
            for number in range(200):
                pbx.subscribe(heard.append, line="1000" if number % 2 else None)()

        threads = [threading.Thread(target=come_and_go) for _ in range(4)]
        for thread in threads:
            thread.start()
        for number in range(50):
            one.switch.set_dnd("oxe1000", number % 2 == 0)
            await asyncio.sleep(0)
        for thread in threads:
            await in_a_thread(thread.join)
        pbx.subscribe(heard.append)
        heard.clear()
        one.switch.set_dnd("oxe1000", True)
        await until(lambda: heard)
        assert len(heard) == 1, "none of those that went still hears"
        assert pbx.line("1000").state is LineState.IDLE


def test_a_loop_that_is_gone_says_so(office: Opened) -> None:
    kept: list[Pbx] = []

    async def work() -> None:
        async with office() as one:
            kept.append(await one.connect())

    asyncio.run(work())
    (pbx,) = kept

    async def later() -> None:
        with pytest.raises(Offline, match="event loop"):
            await pbx.available_lines()
        with pytest.raises(Offline, match="event loop"):
            pbx.run_threadsafe(pbx.available_lines())

    asyncio.run(later())
