"""The call log and the mailboxes of lines: what the switch kept, as the model shows it."""

import asyncio
import io
import wave
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import aiopbx
from aiopbx import Direction, Feature, InvalidInput, LogChange, LogChanged, NotAllowed, NotSupported
from aiopbx.simulator import UserSpec
from tests.aiopbx.office import Diary, Office, office, until, user


def missed_call(one: Office, caller: str = "oxe1001", callee: str = "1000") -> None:
    call = one.switch.make_call(caller, caller[3:], callee, auto_answer=True)
    one.switch.drop(caller, call.ref)
    one.clock.advance(1)


def leave_message(one: Office, caller: str = "oxe1001", callee: str = "1000", seconds: float = 5) -> None:
    call = one.switch.make_call(caller, caller[3:], callee, auto_answer=True)
    one.switch.overflow_to_voicemail(caller, call.ref)
    one.clock.advance(seconds)
    one.switch.drop(caller, call.ref)


async def test_the_log_shows_calls_of_both_directions() -> None:
    async with office() as one:
        pbx = await one.connect(**user())
        line = pbx.line("1000")
        missed_call(one)
        call = one.switch.make_call("oxe1000", "1000", "1002", auto_answer=True)
        one.switch.answer("oxe1002", call.ref, "1002")
        one.clock.advance(30)
        one.switch.release("oxe1000", call.ref)
        log = line.call_log()
        missed, out = [record async for record in log]
        assert log.total == 2
        assert (out.direction, out.answered, out.missed) == (Direction.OUTGOING, True, False)
        assert out.party is not None
        assert (out.party.number, out.party.name) == ("1002", "Carol Diaz")
        assert out.seconds == 30
        assert out.answered_at is not None
        assert (missed.direction, missed.answered, missed.missed) == (Direction.INCOMING, False, True)
        assert missed.party is not None
        assert missed.party.number == "1001"


async def test_every_filter_of_the_log() -> None:
    async with office() as one:
        pbx = await one.connect()
        line = pbx.line("1000")
        missed_call(one)
        one.clock.advance(20)
        later = one.clock.utc()
        call = one.switch.make_call("oxe1000", "1000", "1002", auto_answer=True)
        one.switch.answer("oxe1002", call.ref, "1002")
        one.switch.release("oxe1000", call.ref)
        missed, out = await line.call_log().list()
        assert await line.call_log(unanswered=True).list() == (missed,)
        assert await line.call_log(unacknowledged=True).list() == (missed,)
        assert await line.call_log(after=later).list() == (out,)
        assert await line.call_log(before=later).list() == (missed,)
        assert await line.call_log(direction=Direction.OUTGOING).list() == (out,)
        assert await line.call_log(direction=Direction.INCOMING).list() == (missed,)
        assert await line.call_log(ref=out.ref).list() == (out,)
        assert await line.call_log(party="oxe1001").list() == (missed,)
        assert await line.call_log().list(limit=1) == (missed,)
        here = later.astimezone().replace(tzinfo=None)
        assert await line.call_log(after=here).list() == (out,), "a time without a zone is meant here"
        assert await line.call_log(before=here).list() == (missed,)
        with pytest.raises(InvalidInput, match="after: 0001-01-01 00:00:00 is no time"):
            line.call_log(after=datetime.min)  # noqa: DTZ901 - that is what is wrong


async def test_a_log_of_several_pages_gives_each_record_once() -> None:
    async with office() as one:
        pbx = await one.connect()
        for _ in range(60):
            missed_call(one)
        log = pbx.line("1000").call_log()
        records = await log.list()
        assert len({record.id for record in records}) == len(records) == log.total == 60


async def test_acknowledging_and_deleting_and_what_is_told_of_it() -> None:
    async with office() as one:
        pbx = await one.connect()
        line = pbx.line("1000")
        diary = Diary(pbx, line=line, kind=LogChanged)
        missed_call(one)
        missed_call(one)
        await one.caught_up(pbx)
        added = [event for event in diary.of(LogChanged) if event.change is LogChange.ADDED]
        assert [event.record.direction for event in added] == [Direction.INCOMING] * 2
        await until(lambda: line.counters.missed_calls == 2)
        first, second = await line.call_log().list()
        await line.call_log().acknowledge(first, second.id)
        await until(lambda: line.counters.missed_calls == 0)
        assert await line.call_log(unacknowledged=True).list() == ()
        await line.call_log().acknowledge(first, acknowledged=False)
        await line.call_log().delete(first)
        assert [record.id for record in await line.call_log().list()] == [second.id]
        await line.call_log(unanswered=True).delete()
        await one.caught_up(pbx)
        assert await line.call_log().list() == ()
        changes = [event.change for event in diary.of(LogChanged) if event.change is not LogChange.CHANGED]
        assert changes[2:] == [
            LogChange.ACKNOWLEDGED,
            LogChange.UNACKNOWLEDGED,
            LogChange.DELETED,
            LogChange.DELETED,
        ]


async def test_the_whole_log_is_deleted_only_if_that_is_said() -> None:
    async with office() as one:
        pbx = await one.connect()
        line = pbx.line("1000")
        missed_call(one)
        with pytest.raises(InvalidInput, match="all"):
            await line.call_log().delete()
        with pytest.raises(InvalidInput, match="all"):
            await line.call_log().delete(1, all=True)
        with pytest.raises(InvalidInput, match="records"):
            await line.call_log().acknowledge()
        assert len(await line.call_log().list()) == 1
        await line.call_log().delete(all=True)
        assert await line.call_log().list() == ()


async def test_messages_are_listed_saved_streamed_and_deleted(tmp_path: Path) -> None:
    async with office() as one:
        pbx = await one.connect(**user())
        line = pbx.line("1000")
        leave_message(one, seconds=3)
        one.clock.advance(60)
        leave_message(one, "oxe1002", seconds=5)
        newest, oldest = await line.voicemails().list()
        assert (newest.seconds, oldest.seconds) == (5, 3)
        assert newest.caller is not None
        assert (newest.caller.number, newest.caller.name) == ("1002", "Carol Diaz")
        assert newest.unread
        assert newest.at is not None
        assert oldest.at is not None
        assert newest.at - oldest.at >= timedelta(seconds=60)
        told: list[tuple[int, int | None]] = []
        path = tmp_path / "message.wav"
        size = await newest.save(path, on_progress=lambda done, total: told.append((done, total)))
        assert path.stat().st_size == size
        assert told[-1][0] == size
        with wave.open(str(path)) as sound:
            assert round(sound.getnframes() / sound.getframerate()) == 5
        streamed = b"".join([chunk async for chunk in newest.stream()])
        assert streamed == path.read_bytes()
        with wave.open(io.BytesIO(streamed)) as sound:
            assert sound.getnchannels() >= 1
        assert [message.id async for message in line.voicemails(new_only=True)] == [oldest.id]
        await oldest.delete()
        assert [message.id for message in await line.voicemails().list()] == [newest.id]


async def test_a_stream_that_is_left_early_leaks_nothing() -> None:
    async with office() as one:
        pbx = await one.connect(**user())
        leave_message(one, seconds=20)
        (message,) = await pbx.line("1000").voicemails().list()
        chunks = message.stream()
        assert await anext(chunks)
        await chunks.aclose()  # type: ignore[attr-defined]
        assert len(await pbx.line("1000").voicemails().list()) == 1


async def test_the_mailbox_counts_and_deletes_all_only_if_that_is_said() -> None:
    async with office() as one:
        pbx = await one.connect()
        line = pbx.line("1000")
        leave_message(one)
        mailbox = await line.mailbox()
        assert (mailbox.id, mailbox.total, mailbox.new) == ("1000", 1, 1)
        with pytest.raises(InvalidInput, match="all"):
            await mailbox.delete()
        await mailbox.delete(all=True)
        assert (await mailbox.refresh()).total == 0
        with pytest.raises(InvalidInput, match="1000"):
            await line.mailbox("4711")


async def test_a_wrong_password_of_the_mailbox_is_the_servers_refusal_and_costs_no_feature() -> None:
    async with office() as one:
        pbx = await one.connect(**user())
        line = pbx.line("1000")
        with pytest.raises(NotAllowed) as caught:
            await line.mailbox(password="no-such")
        assert "no-such" not in str(caught.value)
        assert Feature.MAILBOX in line.features
        mailbox = await line.mailbox(password="secret")
        assert "secret" not in repr(mailbox)


async def test_messages_are_read_after_a_loss_of_the_connection() -> None:
    async with office() as one:
        pbx = await one.connect(**user())
        mailbox = await pbx.line("1000").mailbox()
        leave_message(one)
        losses = pbx.statistics.losses
        one.faults.expire_sessions()
        await until(lambda: pbx.statistics.losses > losses and pbx.status == "online")
        assert len(await mailbox.messages().list()) == 1


async def test_without_the_licence_a_mailbox_is_not_supported_from_the_first_refusal_on() -> None:
    users = (UserSpec(login="oxe1000", number="1000", licences=frozenset({"TELEPHONY_ADVANCED"})),)
    async with office(users=users) as one:
        pbx = await one.connect(**user())
        line = pbx.line("1000")
        assert Feature.MAILBOX in line.features  # nothing told otherwise yet
        with pytest.raises(NotSupported) as caught:
            await line.voicemails().list()
        assert caught.value.missing == "MESSAGING"
        assert Feature.MAILBOX not in line.features
        assert line.missing[Feature.MAILBOX] == "MESSAGING"
        with pytest.raises(NotSupported) as caught:
            await line.mailboxes()
        assert caught.value.missing == "MESSAGING"


async def test_without_a_mailbox_there_is_no_feature() -> None:
    async with office(users=(UserSpec(login="oxe1000", number="1000", voicemail=False),)) as one:
        pbx = await one.connect(**user())
        with pytest.raises(NotSupported):
            await pbx.line("1000").voicemails().list()


async def test_both_are_read_from_another_loop(tmp_path: Path) -> None:
    async with office() as one:
        pbx = await one.connect(**user())
        line = pbx.line("1000")
        missed_call(one)
        leave_message(one)

        async def elsewhere() -> tuple[int, int, int]:
            records = [record async for record in line.call_log()]
            messages = [message async for message in line.voicemails()]
            bytes_ = sum([len(chunk) async for chunk in messages[0].stream()])
            return len(records), len(messages), bytes_

        records, messages, bytes_ = await asyncio.to_thread(lambda: asyncio.run(elsewhere()))
        assert (records, messages) == (2, 1)
        assert bytes_ > 1000


def test_a_record_says_nothing_it_does_not_know() -> None:
    record = aiopbx.CallRecord(id=1)
    assert (record.party, record.missed, record.seconds) == (None, False, None)
