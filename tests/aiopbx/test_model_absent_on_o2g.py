"""What only Istra has is absent on O2G: told by the features, refused in words, and nothing is sent."""

from pathlib import Path

import pytest

from aiopbx import Action, ActionNotAllowed, Feature, InvalidInput, NotSupported
from tests.aiopbx.office import office, user
from tests.aiopbx.test_model_log_and_mailbox import leave_message


async def test_caller_id_and_adding_somebody() -> None:
    async with office() as one:
        pbx = await one.connect()
        line = pbx.line("1000")
        assert Feature.CALLER_ID not in pbx.features | line.features
        assert line.caller_id is None
        requests = one.simulator.server.requests
        for ask in (line.refresh_caller_id, lambda: line.set_caller_id("+12025550123")):
            with pytest.raises(NotSupported) as refused:
                await ask()
            assert refused.value.missing == "caller_id"
        with pytest.raises(NotSupported):
            _ = pbx.istra
        assert one.simulator.server.requests == requests
        call = await line.dial("1001")
        assert call is not None
        await pbx.line("1001").wait_for_call(timeout=30)
        assert Action.ADD_PARTY not in call.actions
        with pytest.raises(ActionNotAllowed):
            await call.add_party("1002")
        commands = pbx._core.system._link.commands  # type: ignore[attr-defined]
        with pytest.raises(NotSupported, match="merge"):
            await commands.add_party(line.snapshot, call.snapshot, "1002")
        await call.hang_up()
        end = await call.wait_for(lambda now: now.ended, timeout=30)
        assert end.ring_seconds is not None
        assert (end.ring_seconds >= 0, end.talk_seconds) == (True, None), "O2G does not say; the client measures"


async def test_marks_and_formats(tmp_path: Path) -> None:
    async with office() as one:
        leave_message(one)
        pbx = await one.connect(**user())
        mailbox = await pbx.line("1000").mailbox()
        assert mailbox.formats == ("wav",)
        assert not mailbox.can_mark
        (message,) = await mailbox.messages().list()
        assert message.play_number is None
        with pytest.raises(NotSupported) as refused:
            await message.set_read()
        assert refused.value.missing == "read_marks"
        with pytest.raises(InvalidInput, match="wav"):
            await message.save(tmp_path / "message.ogg", "ogg")
        assert await message.save(tmp_path / "message.wav", "wav") > 0
