"""The voicemails of a line as data, against a simulated office."""

from __future__ import annotations

import io
import wave
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from pydantic import SecretStr

from aiopbx import InvalidInput, NotAllowed, NotSupported, Party, VoicemailSnapshot
from aiopbx.simulator import UserSpec
from notebooks_kit.models import TooLong, VoicemailModel
from notebooks_kit.models.voicemail import MessageRow, file_name
from tests.aiopbx.office import Office, office, until, user
from tests.integration.sounds import AS_IT_IS


@pytest.fixture
async def one() -> AsyncIterator[Office]:
    async with office() as one:
        yield one


async def made(one: Office, **options: Any) -> VoicemailModel:
    pbx = await one.connect(**user())
    model = VoicemailModel(pbx.line("1000"), zone=UTC, **options)
    pbx.subscribe(model.handle)
    return model


def leave_message(one: Office, caller: str = "oxe1001", seconds: float = 5) -> None:
    call = one.switch.make_call(caller, caller[3:], "1000", auto_answer=True)
    one.switch.overflow_to_voicemail(caller, call.ref)
    one.clock.advance(seconds)
    one.switch.drop(caller, call.ref)
    one.clock.advance(60)


async def test_messages_newest_first(one: Office) -> None:
    leave_message(one)
    leave_message(one, "oxe1002", 25)
    model = await made(one)
    assert model.summary == "The mailbox is not open."
    await model.open()
    newest, oldest = model.take()
    assert (newest.caller, newest.number, newest.duration, newest.notes) == ("Carol Diaz", "1002", "00:25", "new")
    assert oldest.name == f"message of Bob Keller (1001), {oldest.when}, 00:05, new"
    assert model.summary.startswith("2 messages · 2 new")
    model.new_only = True
    async for _ in model.message(newest.id).stream():
        pass
    await model.refresh()
    assert [row.id for row in model.rows] == [oldest.id]


async def test_a_message_is_read_into_memory(one: Office) -> None:
    leave_message(one, seconds=3)
    model = await made(one)
    await model.open()
    (row,) = model.rows
    sound = await model.load(row.id)
    assert (sound.message, sound.format) == (row.id, "wav")
    with wave.open(io.BytesIO(sound.data)) as wav:
        assert round(wav.getnframes() / wav.getframerate()) == 3
    assert model.loading is None


async def test_a_message_that_is_too_long_is_not(one: Office) -> None:
    leave_message(one, seconds=25)
    model = await made(one, most_bytes=4000)
    await model.open()
    with pytest.raises(TooLong, match="Save it"):
        await model.load(model.rows[0].id)
    assert model.loading is None
    assert len(await model.line.voicemails().list()) == 1, "the connection is free for others"


async def test_saving(one: Office, tmp_path: Path) -> None:
    leave_message(one)
    model = await made(one)
    await model.open()
    (row,) = model.rows
    path = tmp_path / file_name(row)
    size = await model.save(row.id, path)
    assert path.stat().st_size == size
    with pytest.raises(InvalidInput, match="exists"):
        await model.save(row.id, path)
    with pytest.raises(InvalidInput, match="no name"):
        await model.save(row.id, " ")
    with pytest.raises(InvalidInput, match="cannot be written"):
        await model.save(row.id, tmp_path / "none" / "a.wav")
    with pytest.raises(InvalidInput, match="not there"):
        await model.save("4711", tmp_path / "b.wav")


async def test_deleting(one: Office) -> None:
    leave_message(one)
    leave_message(one, "oxe1002")
    model = await made(one)
    await model.open()
    newest, oldest = model.rows
    model.choose(newest.id)
    await model.delete([newest.id])
    assert [row.id for row in model.rows] == [oldest.id]
    assert model.chosen is None
    assert model.summary.startswith("1 message ")
    with pytest.raises(InvalidInput, match="chosen"):
        await model.delete([])


async def test_a_changed_count_is_noticed(one: Office) -> None:
    model = await made(one)
    await model.open()
    notified: list[int] = []
    model.on_stale = lambda: notified.append(1)
    leave_message(one)
    await until(lambda: notified)
    await model.refresh()
    assert len(model.rows) == 1
    pbx = model.line.pbx
    notified.clear()
    losses = pbx.statistics.losses
    one.faults.cut_channels()
    await until(lambda: pbx.statistics.losses > losses and pbx.status == "online")
    assert notified, "what came meanwhile was missed"


async def test_a_mailbox_with_a_password_of_its_own() -> None:
    users = (
        UserSpec(login="oxe1000", number="1000", voicemail_password=SecretStr("4711")),
        UserSpec(login="oxe1001", number="1001"),
    )
    async with office(users=users) as one:
        leave_message(one)
        model = await made(one)
        with pytest.raises(NotAllowed):
            await model.open()
        assert model.asks_password
        assert model.summary == "The mailbox asks for its password."
        requests = one.simulator.server.requests
        await model.refresh()
        assert one.simulator.server.requests == requests, "a wrong password is not tried again by itself"
        with pytest.raises(NotAllowed):
            await model.open(password="1234")
        await model.open(password="4711")
        assert not model.asks_password
        assert len(model.rows) == 1
        assert "4711" not in repr(vars(model))


async def test_without_a_mailbox() -> None:
    async with office(users=(UserSpec(login="oxe1000", number="1000", voicemail=False),)) as one:
        model = await made(one)
        await model.open()
        assert model.summary == "This line has no mailbox."
    users = (UserSpec(login="oxe1000", number="1000", licences=frozenset({"TELEPHONY_ADVANCED"})),)
    async with office(users=users) as one:
        model = await made(one)
        with pytest.raises(NotSupported):
            await model.open()
        assert model.summary == "This line has no mailbox. It needs MESSAGING."
        await model.open()


class Richer:
    """A message as another system may have it."""

    def __init__(self) -> None:
        self.id = "7"
        self.caller = Party(name="Ada")
        self.at = None
        self.seconds = None
        self.unread = True
        self.urgent = True
        self.play_number = "1002"
        self.asked: list[object] = []

    async def set_read(self, read: bool = True) -> None:
        self.asked.append(read)

    async def stream(self, format: str | None = None) -> AsyncIterator[bytes]:
        self.asked.append(format)
        yield AS_IT_IS["mp3"]()


async def test_what_else_a_message_offers_is_found_out(one: Office) -> None:
    leave_message(one)
    model = await made(one)
    await model.open()
    model.choose(model.rows[0].id)
    assert model.play_number is None
    assert not model.can_mark
    with pytest.raises(NotSupported, match="no number"):
        await model.play_on_telephone(model.rows[0].id)
    with pytest.raises(NotSupported, match="mark"):
        await model.set_read(model.rows[0].id)
    assert model.mailbox is not None
    message = Richer()
    model._messages["7"] = message  # type: ignore[assignment]
    model.mailbox.snapshot = replace(model.mailbox.snapshot, formats=("mp3", "wav"), can_mark=True)
    model.choose("7")
    assert (model.play_number, model.can_mark, model.formats) == ("1002", True, ("mp3", "wav"))
    assert model.chosen is not None
    assert model.chosen.notes == "new, urgent"
    sound = await model.load("7", format="mp3")
    assert (sound.format, message.asked) == ("mp3", ["mp3"])
    await model.play_on_telephone("7")
    assert one.switch.calls_of("oxe1000")
    await model.set_read("7")
    assert message.asked == ["mp3", True]


def test_names_of_files() -> None:
    at = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)

    class Message:
        id, seconds, unread, urgent = "1", 1, True, False
        caller = Party(name="../Ada Brooks/")

    Message.at = at  # type: ignore[attr-defined]
    row = MessageRow.of(Message(), UTC)  # type: ignore[arg-type]
    assert file_name(row) == "voicemail-20260105-093000-Ada-Brooks.wav"
    assert VoicemailSnapshot(id="1").seconds is None
