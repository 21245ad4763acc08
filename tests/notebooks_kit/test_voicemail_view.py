"""The voicemails as a widget, without a browser: what it would send to one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from ipywidgets.widgets import widget as widget_module
from pydantic import SecretStr

from aiopbx.simulator import UserSpec
from notebooks_kit import VoicemailPlayer
from notebooks_kit.models.voicemail import SILENCE, MessageRow
from notebooks_kit.views.voicemail import message_html
from tests.aiopbx.office import Office, office, user
from tests.notebooks_kit.view_helpers import sees


@pytest.fixture
async def one() -> AsyncIterator[Office]:
    async with office() as one:
        yield one


@pytest.fixture
async def player(one: Office) -> AsyncIterator[VoicemailPlayer]:
    pbx = await one.connect(**user())
    leave_message(one)
    leave_message(one, "oxe1002")
    view = VoicemailPlayer(pbx.line("1000"))
    await sees(lambda: len(view._body.children) == 2)
    yield view
    view.close()


def leave_message(one: Office, caller: str = "oxe1001", seconds: float = 5) -> None:
    call = one.switch.make_call(caller, caller[3:], "1000", auto_answer=True)
    one.switch.overflow_to_voicemail(caller, call.ref)
    one.clock.advance(seconds)
    one.switch.drop(caller, call.ref)
    one.clock.advance(60)


async def test_it_lists_the_messages_and_follows_the_counter(one: Office, player: VoicemailPlayer) -> None:
    rows = list(player._rows.values())
    assert "Carol Diaz" in rows[0].text.value or "Carol Diaz" in rows[1].text.value
    before = list(player._body.children)
    leave_message(one)
    await sees(lambda: len(player._body.children) == 3)
    assert list(player._body.children[1:]) == before
    assert "3 messages · 3 new" in player._words.value
    assert player._mailbox.layout.display == "none", "there is only one"


async def test_playing_a_message_in_the_page(player: VoicemailPlayer) -> None:
    assert player._player.layout.display == "none"
    row = player._rows[player.model.rows[0].id]
    assert row.hear.tooltip.startswith("Hear the message of Carol Diaz (1002)")
    row.hear.click()
    await sees(lambda: len(player._audio.value) > 1000)
    assert bytes(player._audio.value).startswith(b"RIFF")
    assert player._audio.format == "wav"
    await sees(lambda: player._player.layout.display is None)
    assert "Carol Diaz" in player._title.value
    assert "pbx-message-chosen" in row.box._dom_classes
    await sees(lambda: "1 new" in player._words.value)
    assert len(player._audio.value) > 1000, "it plays on while the list is read anew"


async def test_saving_one(player: VoicemailPlayer, tmp_path: Path) -> None:
    row = player._rows[player.model.rows[0].id]
    row.save.click()
    assert player._filing.layout.display is None
    assert player._file.value.endswith("-Carol-Diaz.wav")
    player._file.value = str(tmp_path / player._file.value)
    player._save.click()
    await sees(lambda: "Saved" in player._notice.value)
    assert len(list(tmp_path.iterdir())) == 1
    assert player._filing.layout.display == "none"
    row.save.click()
    player._file.value = str(next(tmp_path.iterdir()))
    player._save.click()
    await sees(lambda: "exists" in player._problem_text.value)
    player._leave.click()
    assert player._filing.layout.display == "none"


async def test_nothing_is_deleted_without_a_second_word(one: Office, player: VoicemailPlayer) -> None:
    row = player._rows[player.model.rows[0].id]
    row.hear.click()
    await sees(lambda: len(player._audio.value) > 1000)
    row.delete.click()
    assert player._confirm.asking
    assert "Carol Diaz" in player._confirm._question.value
    player._confirm.no.click()
    assert len(one.switch.mailboxes.messages("oxe1000")) == 2
    row.delete.click()
    player._confirm.yes.click()
    await sees(lambda: len(player._body.children) == 1)
    assert len(one.switch.mailboxes.messages("oxe1000")) == 1
    assert bytes(player._audio.value) == SILENCE, "what is gone is not heard any more"
    assert player._player.layout.display == "none"


async def test_a_message_too_long_is_refused_in_words(one: Office) -> None:
    pbx = await one.connect(**user())
    leave_message(one, seconds=25)
    view = VoicemailPlayer(pbx.line("1000"), most_bytes=2000)
    await sees(lambda: view._rows)
    next(iter(view._rows.values())).hear.click()
    await sees(lambda: "Save it as a file" in view._problem_text.value)
    assert bytes(view._audio.value) == SILENCE
    view.close()


async def test_the_password_is_asked_for_and_kept_nowhere() -> None:
    users = (
        UserSpec(login="oxe1000", number="1000", voicemail_password=SecretStr("471147")),
        UserSpec(login="oxe1001", number="1001"),
    )
    async with office(users=users) as one:
        leave_message(one)
        pbx = await one.connect(**user())
        view = VoicemailPlayer(pbx.line("1000"))
        await sees(lambda: view._asking.layout.display is None)
        view._password.value = "471147"
        view._open.click()
        await sees(lambda: len(view._body.children) == 1)
        assert view._password.value == ""
        assert view._asking.layout.display == "none"
        assert not view._problem_text.value
        state = str([widget.get_state() for widget in widget_module._instances.values()])
        assert "471147" not in state
        view.close()


async def test_what_the_system_says_is_never_html() -> None:
    evil = '<img src=x onerror="alert(1)">'
    row = MessageRow(id="1", caller=evil, number=evil, at=None, seconds=None, unread=True, urgent=True)
    assert "<img" not in message_html(row)


async def test_a_page_without_widgets_gets_a_table_and_pandas_too(player: VoicemailPlayer) -> None:
    bundle = player._repr_mimebundle_()
    assert "<td>Carol Diaz</td><td>1002</td>" in bundle["text/html"]
    assert bundle["text/plain"].startswith("VoicemailPlayer of 1000: 2 messages · 2 new")
    frame = player.to_dataframe()
    assert list(frame["caller"]) == ["Carol Diaz", "Bob Keller"]
    assert list(frame["seconds"]) == [5.0, 5.0]


async def test_close_leaks_nothing(one: Office) -> None:
    pbx = await one.connect(**user())
    leave_message(one)
    before = set(widget_module._instances)
    view = VoicemailPlayer(pbx.line("1000"))
    await sees(lambda: len(view._body.children) == 1)
    view.close()
    view.close()
    leave_message(one)
    await one.caught_up(pbx)
    assert set(widget_module._instances) == before
