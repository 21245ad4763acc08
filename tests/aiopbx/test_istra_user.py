"""myIstra, from the switch to the model: counters, voicemail, history, caller ID, and calls from a terminal."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import aiopbx
from aiopbx import (
    CallerIdChoice,
    Direction,
    Feature,
    InvalidInput,
    LineChanged,
    NotSupported,
    OutcomeUnknown,
    RequestRefused,
    Status,
)
from aiopbx.istra.client import Push
from aiopbx.istra.user import EndUser
from aiopbx.simulator import DeviceSpec, UserSpec
from aiopbx.simulator.faces.istra.identifiers import terminal_id
from aiopbx.simulator.switch import SwitchSettings
from tests.aiopbx.istra.istra_server import PASSWORD, IstraServer
from tests.aiopbx.istra_office import IstraOffice, end_user, istra_office
from tests.aiopbx.office import Diary, until

ME = end_user("myistra")


def leave(one: IstraOffice, login: str = "oxe1000", seconds: float = 5) -> None:
    """Somebody leaves a message."""
    caller = next(user for user in one.switch.users.values() if user.login != login)
    call = one.switch.make_call(caller.login, caller.number, one.switch.users[login].number, auto_answer=True)
    one.switch.overflow_to_voicemail(caller.login, call.ref)
    one.clock.advance(seconds)
    one.switch.drop(caller.login, call.ref)


async def test_what_it_is() -> None:
    async with istra_office() as one:
        pbx = await one.connect(**ME)
        (line,) = pbx.lines.values()
        assert (line.id, line.name) == ("oxe1000", "Alice Martin")
        assert line.features == pbx.features
        assert pbx.features == {
            Feature.DIAL,
            Feature.COUNTERS,
            Feature.CALL_LOG,
            Feature.MAILBOX,
            Feature.CALLER_ID,
        }
        assert terminal_id("oxe1000", "1000") in [device.id for device in line.devices]
        assert pbx.info.system == "myistra"
        assert pbx.info.version
        assert line.synced
        assert [one.id for one in await pbx.available_lines()] == ["oxe1000"]
        for refused in (line.answer, line.hang_up):
            with pytest.raises(NotSupported):
                await refused()


async def test_counters_live() -> None:
    async with istra_office() as one:
        leave(one)
        pbx = await one.connect(**ME)
        line = pbx.line("oxe1000")
        assert line.counters.voicemails == 1
        diary = Diary(pbx, kind=LineChanged)
        leave(one, seconds=7.0)
        await until(lambda: line.counters.voicemails == 2)
        assert diary.of(LineChanged)[0].changed == {"counters"}
        made = one.switch.make_call("oxe1001", "1001", "1000", auto_answer=True)
        one.switch.drop("oxe1001", made.ref)
        missed = one.switch.counters("oxe1000").missed_calls
        assert missed
        await until(lambda: line.counters.missed_calls == missed)
        assert (await line.refresh_counters()).missed_calls == missed
        assert line.state == "unknown", "calls are not told here"


async def test_the_mailbox(tmp_path: Path) -> None:
    async with istra_office() as one:
        for number in range(3):
            leave(one, seconds=2.0 + number)
        pbx = await one.connect(**ME)
        line = pbx.line("oxe1000")
        mailbox = await line.mailbox()
        assert (mailbox.id, mailbox.new, mailbox.can_mark) == ("oxe1000", 3, True)
        assert mailbox.formats == ("ogg", "aac", "mp4", "au")
        messages = await mailbox.messages().list()
        assert len(messages) == 3
        assert all(message.unread and message.play_number for message in messages)
        message = messages[0]
        await message.set_read()
        assert message.unread is False
        await until(lambda: line.counters.voicemails == 2)
        assert [one.id for one in await mailbox.messages(new_only=True).list()] == [one.id for one in messages[1:]]
        await message.set_read(False)
        await until(lambda: line.counters.voicemails == 3)
        for kind in mailbox.formats:
            path = tmp_path / f"message.{kind}"
            assert await message.save(path, kind) == path.stat().st_size > 0
        assert b"".join([chunk async for chunk in message.stream("ogg")]).startswith(b"OggS")
        assert b"".join([chunk async for chunk in message.stream()]).startswith(b"OggS")
        with pytest.raises(InvalidInput, match="format"):
            await message.save(tmp_path / "message.wav", "wav")
        await message.delete()
        assert len(await line.voicemails().list()) == 2
        await mailbox.delete(all=True)
        assert await line.voicemails().list() == ()
        with pytest.raises(InvalidInput, match="password"):
            await line.mailbox(password="secret")
        with pytest.raises(InvalidInput, match="mailbox"):
            await line.mailbox("another")


async def test_many_messages_page_by_page() -> None:
    async with istra_office(switch=SwitchSettings(mailbox_size=200)) as one:
        for _ in range(60):
            leave(one, seconds=1.0)
        pbx = await one.connect(**ME)
        line = pbx.line("oxe1000")
        messages = await line.voicemails().list()
        assert len({message.id for message in messages}) == 60
        for message in messages[::2]:
            await message.set_read()
        new = await line.voicemails(new_only=True).list()
        assert [one.id for one in new] == [one.id for one in messages[1::2]]


async def test_the_history_and_its_filters() -> None:
    async with istra_office() as one:
        began = one.clock.utc()
        for talked in (True, False, True, False):
            made = one.switch.make_call("oxe1001", "1001", "1000", auto_answer=True)
            if talked:
                one.clock.advance(3)
                one.switch.answer("oxe1000", made.ref, "1000")
                one.clock.advance(30)
            one.switch.drop("oxe1001", made.ref)
            one.clock.advance(60)
        made = one.switch.make_call("oxe1000", "1000", "1002", auto_answer=True)
        one.switch.drop("oxe1000", made.ref)
        pbx = await one.connect(**ME)
        line = pbx.line("oxe1000")
        everything = await line.call_log().list()
        assert len(everything) == 5
        assert {record.direction for record in everything} == {Direction.INCOMING, Direction.OUTGOING}
        missed = await line.call_log(unanswered=True, direction=Direction.INCOMING).list()
        assert len(missed) == 2
        assert all(record.missed for record in missed)
        assert len(await line.call_log(direction=Direction.INCOMING).list()) == 4
        (out,) = await line.call_log(direction=Direction.OUTGOING).list()
        assert out.party is not None
        assert len(await line.call_log(after=began + timedelta(seconds=90)).list()) < 5
        assert await line.call_log(before=began).list() == ()
        talked_with = next(record for record in everything if record.answered)
        assert talked_with.seconds == 33
        for field, which in (("unacknowledged", {"unacknowledged": True}), ("ref", {"ref": "1"})):
            with pytest.raises(InvalidInput, match=field):
                await line.call_log(**which).list()  # type: ignore[arg-type]
        here = began.astimezone().replace(tzinfo=None)
        assert await line.call_log(before=here).list() == (), "without a zone it is meant here"
        with pytest.raises(NotSupported):
            await line.call_log().acknowledge(talked_with)
        await line.call_log().delete(talked_with)
        assert len(await line.call_log().list()) == 4
        await line.call_log(unanswered=True, direction=Direction.INCOMING).delete()
        assert len(await line.call_log().list()) == 2
        await line.call_log().delete(all=True)
        assert await line.call_log().list() == ()


async def test_a_long_history_that_hardly_matches() -> None:
    """What this side filters out does not end the reading."""
    async with istra_office() as one:
        for number in range(100):
            other = "1001" if number == 0 else "1002"
            made = one.switch.make_call(f"oxe{other}", other, "1000", auto_answer=True)
            one.switch.drop(f"oxe{other}", made.ref)
            one.clock.advance(60)
        pbx = await one.connect(**ME)
        line = pbx.line("oxe1000")
        assert len(await line.call_log().list()) == 100
        newest = (await line.call_log().list(1))[0]
        found = await line.call_log(before=datetime.now(UTC) + timedelta(days=36500)).list()
        assert len(found) == 100
        assert newest in found
        (rare,) = [record for record in found if record.party and record.party.number == "1001"]
        assert await line.call_log(party="1001").list() == (rare,)


async def test_the_caller_id() -> None:
    async with istra_office() as one:
        pbx = await one.connect(**ME)
        line = pbx.line("oxe1000")
        assert line.caller_id is not None
        now = await line.set_caller_id("+12025550123")
        assert now is not None
        assert (now.choice, now.number) == (CallerIdChoice.MANUAL, "+12025550123")
        now = await line.set_caller_id(choice=CallerIdChoice.FROM_PRESENCE)
        assert now is not None
        assert now.choice is CallerIdChoice.FROM_PRESENCE
        assert await line.refresh_caller_id() == line.caller_id
        sent = one.face.requests
        for field, values in (
            ("number", {}),
            ("number", {"number": "555-not-a-number"}),
            ("number", {"number": "1", "choice": CallerIdChoice.FROM_PRESENCE}),
            ("choice", {"choice": CallerIdChoice.UNKNOWN}),
        ):
            with pytest.raises(InvalidInput, match=field):
                await line.set_caller_id(**values)  # type: ignore[arg-type]
        assert one.face.requests == sent


async def test_calls_from_a_terminal_that_was_chosen() -> None:
    people = (
        UserSpec(login="a", number="100", devices=(DeviceSpec(id="100"), DeviceSpec(id="110"))),
        UserSpec(login="b", number="101"),
    )
    async with istra_office(users=people) as one:
        leave(one, "a")
        pbx = await one.connect(**end_user("myistra", "a"))
        line = pbx.line("a")
        assert await line.dial("101", device=terminal_id("a", "110")) is None, "calls are not seen here"
        await until(lambda: one.switch.call_views("b"))
        (view,) = one.switch.call_views("a")
        assert [leg.device for leg in view.legs] == ["110"]
        one.switch.drop("a", view.ref)
        (message,) = await line.voicemails().list()
        assert message.play_number is not None
        await line.dial(message.play_number)
        await until(lambda: one.switch.call_views("a"))
        with pytest.raises(InvalidInput, match="device"):
            await line.dial("101", device="42")
        one.faults.drop_requests(1)
        with pytest.raises(OutcomeUnknown):
            await line.dial("101")
        one.switch.set_device_state("100", "OUT_OF_SERVICE")
        with pytest.raises(RequestRefused):
            await line.dial("101", device=terminal_id("a", "100"))


@pytest.mark.parametrize("loss", ["cut_channels", "close_cleanly", "expire_sessions"])
async def test_counters_that_changed_during_a_loss(loss: str) -> None:
    async with istra_office() as one:
        pbx = await one.connect(**ME)
        line = pbx.line("oxe1000")
        diary = Diary(pbx, kind=LineChanged)
        done: list[bool] = []

        def offline(event: object) -> None:
            if pbx.status is Status.OFFLINE and not done:
                leave(one)
                done.append(True)

        pbx.subscribe(offline)
        getattr(one.faults, loss)()
        await until(lambda: done and pbx.status is Status.ONLINE)
        assert line.counters.voicemails == 1
        assert line.synced
        assert len([event for event in diary.events if "counters" in event.changed]) == 1  # type: ignore[attr-defined]


async def test_counters_that_are_pushed_before_the_state_is_told_win_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A push may tell one of them; what it does not is taken from the answer, though that is older."""
    taken: list[Push] = []
    apply = EndUser.apply
    monkeypatch.setattr(EndUser, "apply", lambda self, push: (apply(self, push), taken.append(push)))
    async with IstraServer() as server:
        server.answer("GET", "v1/user/Info", json={"userName": "Anna", "terminals": []})
        server.answer("POST", "v1/service/EventListener/bean", json={"name": "one"})
        told = {"unreadMissedCalls": 1, "unreadVoiceMails": 2, "unreadTextMessages": 3}
        server.answer("GET", "v1/logs/Notifications/bean", json=told, hang=True)
        connecting = asyncio.ensure_future(
            aiopbx.connect(system="myistra", url=server.url, username="anna", password=PASSWORD)
        )
        socket = await server.opened.get()
        await until(lambda: server.asked("GET", "v1/logs/Notifications/bean"))
        socket.send({"listenerName": "one", "item": {"unreadMissedCalls": 7}})
        socket.send({"listenerName": "one", "item": {"unreadVoiceMails": 8}})
        await until(lambda: len(taken) == 2)
        server.release()
        async with await connecting as pbx:
            counters = pbx.line("anna").counters
            assert (counters.missed_calls, counters.voicemails, counters.new_texts) == (7, 8, 3)
