"""Invariant 2: offline is told, commands fail at once, nothing is leaked, and there is no storm."""

import asyncio
from time import monotonic

import pytest

import aiopbx
from aiopbx import (
    AuthenticationFailed,
    ConnectionFailed,
    Offline,
    Status,
    StatusChanged,
    UnknownLine,
)
from tests.aiopbx.office import Diary, Opened, client_tasks, until, user

pytestmark = pytest.mark.office("chunk", "webhook", "tunnel")


async def test_silence_is_noticed_by_the_learned_heartbeat(office: Opened) -> None:
    async with office(heartbeat=1.0) as one:
        pbx = await one.connect()
        one.hurry(pbx, request_timeout=0.2)
        for _ in range(3):
            before = pbx._core.system._link.channel.last_heard  # type: ignore[attr-defined]
            one.clock.advance(1.0)
            await until(lambda before=before: pbx._core.system._link.channel.last_heard > before)  # type: ignore[attr-defined,misc]
            await asyncio.sleep(0.05)
        learned = pbx.statistics.heartbeat
        assert learned is not None
        assert 0.04 < learned < 0.5
        one.faults.freeze_channels()
        diary = Diary(pbx, kind=StatusChanged)
        await until(lambda: Status.OFFLINE in [event.status for event in diary.events])  # type: ignore[attr-defined]
        assert "silent" in diary.events[0].reason  # type: ignore[attr-defined]
        one.faults.thaw()
        await until(lambda: pbx.status is Status.ONLINE)
        assert pbx.statistics.losses == 1


async def test_a_quiet_channel_that_lives_is_kept(office: Opened) -> None:
    """No heartbeat at all: an event is provoked with a snapshot of one user, and comes."""
    async with office() as one:
        pbx = await one.connect(silence_timeout=0.05)
        events = pbx.statistics.events
        await until(lambda: pbx.statistics.events >= events + 3)
        assert pbx.status is Status.ONLINE
        assert pbx.statistics.losses == 0


async def test_silence_without_a_heartbeat_is_noticed_too(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        one.hurry(pbx, silence_timeout=0.05, request_timeout=1.0)
        one.faults.freeze_channels()
        await until(lambda: pbx.statistics.losses == 1)
        one.faults.thaw()
        await until(lambda: pbx.status is Status.ONLINE)


@pytest.mark.parametrize("loss", ["cut_channels", "close_cleanly", "expire_sessions"])
async def test_a_clean_close_is_a_loss_like_any_other(office: Opened, loss: str) -> None:
    async with office() as one:
        pbx = await one.connect()
        diary = Diary(pbx, kind=StatusChanged)
        getattr(one.faults, loss)()
        await until(lambda: pbx.statistics.losses == 1 and pbx.status is Status.ONLINE)
        assert [event.status.value for event in diary.events] == ["offline", "syncing", "online"]  # type: ignore[attr-defined]


async def test_commands_fail_at_once_while_offline(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect(reconnect_min=5.0, reconnect_max=5.0)
        line = pbx.line("1000")
        call = await line.dial("1001")
        assert call is not None
        one.faults.cut_channels()
        await until(lambda: pbx.status is Status.OFFLINE)
        began = monotonic()
        for ask in (
            lambda: line.dial("1002"),
            lambda: line.set_do_not_disturb(True),
            call.hang_up,
            line.unpark,
            pbx.available_lines,
        ):
            with pytest.raises(Offline) as refused:
                await ask()
            assert refused.value.transient
        with pytest.raises(Offline):
            _ = pbx.o2g
        assert monotonic() - began < 2
        assert line.calls == (call,), "what was known is still shown"


async def test_the_session_expires_while_a_command_is_under_way(office: Opened) -> None:
    """A safe request is repeated once in the new session, a dial never is."""
    async with office() as one:
        pbx = await one.connect()
        line = pbx.line("1000")
        one.faults.expire_sessions()
        # The channel may not have told yet: the request is what finds out.
        assert await line.callbacks() == ()
        await until(lambda: pbx.status is Status.ONLINE)
        server = one.simulator.server
        server.sessions.clear()
        with pytest.raises((aiopbx.SessionLost, Offline)):
            await line.dial("1001")
        await until(lambda: pbx.status is Status.ONLINE and pbx.statistics.losses >= 2)
        assert not one.switch.calls, "nobody was called"


async def test_no_session_subscription_or_task_is_leaked_by_many_losses(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        tasks = client_tasks()
        for number in range(1, 6):
            one.faults.cut_channels()
            await until(lambda number=number: pbx.statistics.losses == number and pbx.status is Status.ONLINE)  # type: ignore[misc]
        await until(lambda: one.sessions == 1)
        assert one.subscriptions == 1
        assert client_tasks() == tasks


async def test_closing_gives_everything_back(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        diary = Diary(pbx)
        stream = pbx.events()
        await pbx.close()
        await pbx.close()
        assert pbx.status is Status.CLOSED
        assert [event.status for event in diary.of(StatusChanged)] == [Status.CLOSED]
        assert [event async for event in stream] == diary.events
        assert (one.sessions, one.subscriptions) == (0, 0)
        with pytest.raises(Offline):
            await pbx.line("1000").dial("1001")
        with pytest.raises(Offline):
            await pbx.wait_status(Status.ONLINE)
        assert client_tasks() == set()


async def test_a_first_connection_that_fails_leaves_nothing(office: Opened) -> None:
    async with office() as one:
        with pytest.raises(AuthenticationFailed):
            await one.connect(password="wrong")
        with pytest.raises(UnknownLine, match="nobody"):
            await one.connect(lines=["oxe1000", "nobody"])
        with pytest.raises(UnknownLine, match="1001"):
            await one.connect(**user(), lines=["1001"])
        one.faults.not_ready()
        with pytest.raises(aiopbx.NotReady):
            await one.connect()
        one.faults.not_ready(False)
        with pytest.raises(ConnectionFailed):
            await aiopbx.connect(url="http://127.0.0.1:9", username="a", password="b")
        assert (one.sessions, one.subscriptions) == (0, 0)
        assert client_tasks() == set()


async def test_a_wrong_password_after_a_loss_is_told(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        one.faults.refuse_logins()
        one.faults.cut_channels()
        await until(lambda: isinstance(pbx.error, AuthenticationFailed))
        assert pbx.status is Status.OFFLINE
        one.faults.refuse_logins(False)
        await until(lambda: pbx.status is Status.ONLINE)
        assert pbx.error is None


async def test_what_was_not_foreseen_can_be_read(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        assert pbx.statistics.unforeseen == 0
        pbx._core.connection.unforeseen += 1
        assert pbx.statistics.unforeseen == 1
