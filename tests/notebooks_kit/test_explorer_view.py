"""The explorer of the wire as a widget, without a browser: what it would send to one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import ipywidgets
import pytest
from ipywidgets.widgets import widget as widget_module

from aiopbx import Operation
from notebooks_kit import ApiExplorer
from notebooks_kit.views.explorer import operation_html
from notebooks_kit.views.text_field import TextField
from tests.aiopbx.office import Office, office, user
from tests.notebooks_kit.view_helpers import sees


@pytest.fixture
async def one() -> AsyncIterator[Office]:
    async with office() as one:
        yield one


@pytest.fixture
async def view(one: Office) -> AsyncIterator[ApiExplorer]:
    made = ApiExplorer(await one.connect())
    yield made
    made.close()


def everything(widget: Any) -> list[Any]:
    found = [widget]
    for child in getattr(widget, "children", ()):
        found += everything(child)
    return found


def control(view: ApiExplorer, name: str) -> Any:
    """The control of the form with this name."""
    found = [one for one in everything(view._form) if getattr(one, "description", "").rstrip(" *") == name]
    assert len(found) == 1, f"{name} is there {len(found)} times"
    return found[0]


async def settle(view: ApiExplorer) -> None:
    """Let what was changed be noticed, and draw it."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    view.draw_now()


async def choose(view: ApiExplorer, name: str) -> None:
    view._list.value = name
    await settle(view)


async def test_the_search_box_finds_operations(view: ApiExplorer) -> None:
    assert len(view._list.options) == 221
    assert view._one.layout.display == "none"
    view._search.value = "voicemail delete"
    await sees(lambda: len(view._list.options) < 10)
    assert "delete_voicemail" in view._list.options[0][0]
    assert "of 221 operations" in view._count.value


async def test_a_form_is_made_of_the_types(view: ApiExplorer) -> None:
    await choose(view, "make_call")
    assert "oxe1000" in control(view, "loginName").options
    assert control(view, "deviceId").description == "deviceId *", "required"
    assert control(view, "pin").kind == "password"
    assert [label for label, _ in control(view, "autoAnswer").options][1:] == ["true", "false"]
    acd = control(view, "acdCall")
    assert isinstance(acd, ipywidgets.Checkbox)
    acd.value = True
    await settle(view)
    control(view, "skills").value = True
    await settle(view)
    adding = control(view, "Add to skills")
    adding.click()
    adding.click()
    await settle(view)
    assert control(view, "skills 1").value is True
    numbers = [each for each in everything(view._form) if getattr(each, "description", "") == "skillNumber"]
    numbers[1].value = "7"
    await settle(view)
    assert json.loads(view._json.value)["acdCall"] == {"skills": {"skills": [{}, {"skillNumber": 7}]}}
    removing = [each for each in everything(view._form) if getattr(each, "description", "") == "Remove skills 1"]
    removing[0].click()
    await settle(view)
    assert json.loads(view._json.value)["acdCall"] == {"skills": {"skills": [{"skillNumber": 7}]}}
    assert numbers[1] in everything(view._form), "the other one stays as it is"


async def test_a_read_is_answered_beside_its_request(view: ApiExplorer) -> None:
    await choose(view, "user")
    assert view._go.disabled
    assert "loginName: is missing" in view._missing.value
    assert view._confirm.layout.display == "none"
    control(view, "loginName").value = "oxe1001"
    await settle(view)
    assert "would be sent" in view._request.value
    assert "GET /users/oxe1001" in view._request.value
    view._go.click()
    await sees(lambda: "Keller" in view._answer.value)
    assert "pbx-status-good" in view._answer.value
    assert " ms" in view._answer.value
    assert "as it was sent" in view._request.value
    assert "pbx.o2g.users.user(&#x27;oxe1001&#x27;)" in view._python.value
    assert len(view._history.options) == 1


async def test_what_changes_something_needs_a_tick(one: Office, view: ApiExplorer) -> None:
    await choose(view, "set_dnd")
    control(view, "loginName").value = "oxe1000"
    await settle(view)
    assert view._go.disabled
    assert view._confirm.layout.display is None
    view._confirm.value = True
    await settle(view)
    assert not view._go.disabled
    view._go.click()
    await sees(lambda: view._history.options)
    assert one.switch.users["oxe1000"].do_not_disturb
    assert view._confirm.value is False
    await sees(lambda: view._go.disabled)


async def test_a_refusal_gives_the_servers_reason(view: ApiExplorer) -> None:
    await choose(view, "user")
    control(view, "loginName").value = "nobody"
    await settle(view)
    view._go.click()
    await sees(lambda: "Refused" in view._answer.value)
    assert "there is no such user" in view._answer.value
    assert "<td>code</td><td>1003</td>" in view._answer.value


async def test_form_and_json_are_one(view: ApiExplorer) -> None:
    await choose(view, "make_call")
    view._as_json.value = True
    await settle(view)
    assert view._json.layout.display is None
    view._json.value = '{"deviceId": "1000", "callee": "1002", "acdCall": {"callToSupervisor": true}}'
    await settle(view)
    assert control(view, "callee").value == "1002"
    assert control(view, "acdCall").value is True
    assert control(view, "callToSupervisor").value == "true"
    assert view._as_json.value is True
    control(view, "callee").value = "1003"
    await settle(view)
    assert json.loads(view._json.value)["callee"] == "1003"
    view._json.value = '{"colour": 1}'
    await sees(lambda: "no such field" in view._problem_text.value)
    assert control(view, "callee").value == "1003"
    await settle(view)
    assert view._json.value == '{"colour": 1}', "what does not fit stays to be mended"


async def test_former_requests_come_back(view: ApiExplorer) -> None:
    await choose(view, "user")
    control(view, "loginName").value = "oxe1001"
    await settle(view)
    view._go.click()
    await sees(lambda: len(view._history.options) == 1)
    await choose(view, "logins")
    view._go.click()
    await sees(lambda: len(view._history.options) == 2)
    view._history.index = 1
    await settle(view)
    assert view._list.value == "user"
    assert control(view, "loginName").value == "oxe1001"
    assert "Keller" in view._answer.value


async def test_secrets_are_in_no_output(one: Office) -> None:
    view = ApiExplorer(await one.connect(**user()), operation="make_call")
    for name, value in {"deviceId": "1000", "callee": "1001", "pin": "471100", "secretCode": "081500"}.items():
        control(view, name).value = value
    view._confirm.value = True
    await settle(view)
    view._go.click()
    await sees(lambda: view._history.options)
    await settle(view)
    for widget in everything(view):
        state = str(widget.get_state())
        assert "471100" not in state
        assert "081500" not in state
    assert "471100" not in view.to_html()
    view.close()


async def test_sound_is_played(one: Office) -> None:
    pbx = await one.connect(**user())
    call = one.switch.make_call("oxe1001", "1001", "1000", auto_answer=True)
    one.switch.overflow_to_voicemail("oxe1001", call.ref)
    one.clock.advance(5)
    one.switch.drop("oxe1001", call.ref)
    (message,) = await pbx.line("1000").voicemails().list()
    view = ApiExplorer(pbx, operation="download_voicemail")
    control(view, "mailboxId").value = "1000"
    control(view, "voicemailId").value = message.id
    await settle(view)
    view._go.click()
    await sees(lambda: len(view._audio.value) > 1000)
    assert view._audio.format == "wav"
    assert view._audio.layout.display is None
    view.close()


@pytest.mark.parametrize("name", ["make_call", "start_search", "change_object", "set_overflow_routes", "subscribe"])
async def test_every_control_has_a_name(view: ApiExplorer, name: str) -> None:
    await choose(view, name)
    for widget in everything(view):
        if isinstance(
            widget, (TextField, ipywidgets.Text, ipywidgets.Dropdown, ipywidgets.Select, ipywidgets.Checkbox)
        ):
            assert widget.description
        if isinstance(widget, ipywidgets.Button) and not isinstance(widget, ipywidgets.ToggleButton):
            assert widget.description
            assert widget.tooltip


async def test_every_operation_has_a_form(view: ApiExplorer) -> None:
    before = len(widget_module._instances)
    for name in view.model.pbx.operations:
        await choose(view, name)
        assert view.model.form is not None
        assert len(view._fields) >= len(view.model.form.parameters)
    await choose(view, "session")
    assert len(widget_module._instances) < before + 60, "forms of former operations are gone"


async def test_what_is_said_is_never_html() -> None:
    evil = "<img src=x>"
    html = operation_html(Operation(name=evil, service=evil, method="GET", path=evil, summary=evil, description=evil))
    assert "<img" not in html


async def test_a_page_without_widgets_gets_request_and_answer(view: ApiExplorer) -> None:
    assert view._repr_mimebundle_()["text/plain"] == "ApiExplorer of 221 operations"
    await choose(view, "user")
    control(view, "loginName").value = "oxe1001"
    await settle(view)
    view._go.click()
    await sees(lambda: view.model.exchange is not None)
    html = view._repr_mimebundle_()["text/html"]
    assert "GET /users/oxe1001" in html
    assert "Keller" in html


async def test_close_leaks_nothing(one: Office) -> None:
    pbx = await one.connect()
    before = set(widget_module._instances)
    view = ApiExplorer(pbx, operation="start_search")
    view.close()
    view.close()
    assert set(widget_module._instances) == before
