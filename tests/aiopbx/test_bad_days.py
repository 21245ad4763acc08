"""Wrong input and bad days: one clear error with the field or the cause and the remedy, and nothing else changes."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr

import aiopbx
from aiopbx import (
    Action,
    ActionNotAllowed,
    AuthenticationFailed,
    Call,
    CallState,
    CertificateFailed,
    ConnectionFailed,
    ConnectionSettings,
    InvalidInput,
    Line,
    NotSupported,
    Pbx,
    PbxError,
    Target,
    UnknownLine,
)
from aiopbx.simulator import UserSpec
from tests.aiopbx.office import ADMIN, Diary, Office, client_tasks, office, user


@asynccontextmanager
async def nothing_changes(one: Office, pbx: Pbx | None = None) -> AsyncIterator[None]:
    """No request reaches the server, no telephone does anything, no event is told, and nothing is left running."""
    if pbx is not None:
        await one.caught_up(pbx)
    diary = Diary(pbx) if pbx is not None else None
    before = (one.simulator.server.requests, one.simulator.state()["users"], client_tasks())
    yield
    assert one.simulator.server.requests == before[0], "a request was sent"
    assert one.simulator.state()["users"] == before[1]
    assert client_tasks() == before[2]
    if pbx is not None and diary is not None:
        await one.caught_up(pbx)
        assert diary.events == []
        diary.stop()


def clear(error: PbxError, *words: str) -> None:
    """One line, with the remedy, that names these."""
    assert error.remedy
    assert "\n" not in str(error)
    for word in words:
        assert word in str(error)


# ------------------------------------------------------------------------------------------------------- connecting


@pytest.mark.parametrize("field", ["url", "secondary_url"])
@pytest.mark.parametrize(
    "url", ["", "https://", "htp://pbx.example.com", "https://a b", "https://x:y@pbx.example.com", "https://pbx:70000"]
)
async def test_a_malformed_url(field: str, url: str) -> None:
    given = {"url": "https://pbx.example.com", **ADMIN, field: url}
    with pytest.raises(InvalidInput) as refused:
        await aiopbx.connect(**given)
    assert refused.value.field == field
    clear(refused.value, f"{field}: ")


async def test_an_unreachable_host() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(ConnectionFailed) as failed:
        await aiopbx.connect(url=address, **ADMIN)
    assert failed.value.transient
    clear(failed.value, address, "Check")
    assert client_tasks() == set()


async def test_a_host_that_is_not_known() -> None:
    with pytest.raises(ConnectionFailed) as failed:
        await aiopbx.connect(url="https://pbx.invalid", **ADMIN)
    clear(failed.value, "pbx.invalid", "Check")
    assert client_tasks() == set()


async def test_a_certificate_that_does_not_verify() -> None:
    async with office(tls=True) as one, nothing_changes(one):
        with pytest.raises(CertificateFailed) as failed:
            await one.connect()
        assert not failed.value.transient
        clear(failed.value, one.simulator.url, "ca_file", "tls")


@pytest.mark.parametrize(
    ("username", "password"), [("admin", "not the password"), ("oxe1000", "not the password"), ("nobody", "secret")]
)
async def test_wrong_credentials(username: str, password: str) -> None:
    async with office() as one:
        with pytest.raises(AuthenticationFailed) as failed:
            await one.connect(username=username, password=password)
        clear(failed.value, username, "Check user name and password.")
        assert password not in str(failed.value)
        assert not failed.value.transient
        assert one.sessions == 0
        assert one.simulator.server.requests == 2, "the root and the login, once"
        assert client_tasks() == set()


async def test_a_user_without_the_telephony_licence() -> None:
    async with office(users=[UserSpec(login="none", number="100", licences=frozenset())]) as one:
        with pytest.raises(NotSupported) as refused:
            await one.connect(**user("none"))
        clear(refused.value, "none", "TELEPHONY_BASIC", "TELEPHONY_ADVANCED")
        assert (one.sessions, client_tasks()) == (0, set())


async def test_fewer_licences_than_lines() -> None:
    """Subscriptions count them; which lines to do without is nobody's guess."""
    async with office(licences={"TELEPHONY_ADVANCED": 2}) as one:
        with pytest.raises(NotSupported) as refused:
            await one.connect()
        clear(refused.value, "2 TELEPHONY_ADVANCED", "Monitor fewer lines")
        assert (one.sessions, client_tasks()) == (0, set())
        pbx = await one.connect(lines=["1000", "1001"])
        assert all(line.synced for line in pbx.lines.values())


async def test_an_unknown_line_to_monitor() -> None:
    async with office() as one:
        for who, lines in ((ADMIN, ["1000", "4711", "oxe4712"]), (user(), ["1001"])):
            with pytest.raises(UnknownLine) as unknown:
                await one.connect(**who, lines=lines)
            clear(unknown.value, *lines[1:] or lines)
        assert (one.sessions, client_tasks()) == (0, set())


async def test_an_unknown_line_to_use() -> None:
    async with office() as one:
        pbx = await one.connect()
        async with nothing_changes(one, pbx):
            with pytest.raises(UnknownLine) as unknown:
                pbx.line("4711")
            clear(unknown.value, "4711", "oxe1000")


# ---------------------------------------------------------------------------------------------------------- values

NUMBERS: dict[str, tuple[str, Callable[[Line, Call, str], Awaitable[Any]]]] = {
    "dial": ("number", lambda line, call, number: line.dial(number)),
    "calling_number": ("calling_number", lambda line, call, number: line.dial("1002", calling_number=number)),
    "consult": ("number", lambda line, call, number: call.consult(number)),
    "blind_transfer": ("number", lambda line, call, number: call.blind_transfer(number)),
    "redirect": ("to", lambda line, call, number: call.redirect(number)),
    "park": ("at", lambda line, call, number: call.park(number)),
    "unpark": ("from_device", lambda line, call, number: line.unpark(number)),
    "pick_up": ("number", lambda line, call, number: line.pick_up(number)),
    "set_forward": ("number", lambda line, call, number: line.set_forward(number)),
    "set_overflow": (
        "number",
        lambda line, call, number: line.set_overflow(number=number, target=Target.NUMBER),
    ),
    "request_call_back": ("number", lambda line, call, number: line.request_call_back(number)),
    "join_hunting_group": ("number", lambda line, call, number: line.join_hunting_group(number)),
    "leave_hunting_group": ("number", lambda line, call, number: line.leave_hunting_group(number)),
    "send_text": ("number", lambda line, call, number: line.send_text(number, "Hello")),
}


@pytest.mark.parametrize("what", NUMBERS)
async def test_a_number_that_cannot_be_dialled(what: str) -> None:
    field, do = NUMBERS[what]
    async with office() as one:
        pbx = await one.connect()
        line = pbx.line("1000")
        call = await line.dial("1001")
        assert call is not None
        async with nothing_changes(one, pbx):
            for number in ("", "+", "12x", "call me", "1" * 50, "1001;2", "++1"):
                with pytest.raises(InvalidInput) as refused:
                    await do(line, call, number)
                assert refused.value.field == field, number
                clear(refused.value, f"{field}: ", number)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"pin": "4711"}, "secret_code"),
        ({"secret_code": "0815"}, "pin"),
        ({"pin": "4711", "secret_code": "0815", "business_code": "7"}, "business_code"),
        ({"pin": "4711", "secret_code": "0815", "associated_data": "x"}, "associated_data"),
        ({"associated_data": "x" * 33}, "associated_data"),
        ({"associated_data": "é" * 17}, "associated_data"),
        ({"device": "4711"}, "device"),
    ],
)
async def test_a_dial_whose_options_cannot_be(options: dict[str, Any], field: str) -> None:
    """A private call without its code, associated data over 32 bytes, what does not go together."""
    people = (
        UserSpec(login="a", number="100", pin=SecretStr("4711"), secret_code=SecretStr("0815")),
        UserSpec(login="b", number="101"),
    )
    async with office(users=people) as one:
        pbx = await one.connect()
        async with nothing_changes(one, pbx):
            with pytest.raises(InvalidInput) as refused:
                await pbx.line("100").dial("101", **options)
            assert refused.value.field == field
            clear(refused.value, f"{field}: ")
            assert "0815" not in str(refused.value)
        call = await pbx.line("100").dial("101", auto_answer=False, associated_data="é" * 16)
        assert call is not None


@pytest.mark.parametrize("data", ["x" * 33, "é" * 17])
async def test_too_much_data_for_a_call(data: str) -> None:
    async with office() as one:
        pbx = await one.connect()
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        async with nothing_changes(one, pbx):
            with pytest.raises(InvalidInput) as refused:
                await call.attach_data(data)
            clear(refused.value, "data: ", "32 bytes")


# ------------------------------------------------------------------------------------------------ what is not offered

ACTIONS: dict[Action, Callable[[Call, Call], Awaitable[Any]]] = {
    Action.ANSWER: lambda call, other: call.answer(),
    Action.HANG_UP: lambda call, other: call.hang_up(),
    Action.END: lambda call, other: call.end(),
    Action.HOLD: lambda call, other: call.hold(),
    Action.RETRIEVE: lambda call, other: call.retrieve(),
    Action.ALTERNATE: lambda call, other: call.alternate(),
    Action.RECONNECT: lambda call, other: call.reconnect(),
    Action.CONSULT: lambda call, other: call.consult("1003"),
    Action.TRANSFER: lambda call, other: call.transfer(other),
    Action.BLIND_TRANSFER: lambda call, other: call.blind_transfer("1003"),
    Action.REDIRECT: lambda call, other: call.redirect("1003"),
    Action.REDIRECT_TO_VOICEMAIL: lambda call, other: call.redirect(aiopbx.VOICEMAIL),
    Action.REDIRECT_TO_DVA: lambda call, other: call.redirect(aiopbx.DVA),
    Action.MERGE: lambda call, other: call.merge(other),
    Action.DROP_PARTICIPANT: lambda call, other: call.drop("1001"),
    Action.OVERFLOW_TO_VOICEMAIL: lambda call, other: call.overflow_to_voicemail(),
    Action.PARK: lambda call, other: call.park(),
    Action.SEND_DTMF: lambda call, other: call.send_dtmf("1"),
    Action.START_RECORDING: lambda call, other: call.start_recording(),
    Action.STOP_RECORDING: lambda call, other: call.stop_recording(),
    Action.PAUSE_RECORDING: lambda call, other: call.pause_recording(),
    Action.RESUME_RECORDING: lambda call, other: call.resume_recording(),
    Action.CALL_BACK: lambda call, other: call.call_back(),
    Action.INTRUDE: lambda call, other: call.intrude(),
    Action.SWITCH_DEVICE: lambda call, other: call.switch_device("1000"),
    Action.ADD_PARTY: lambda call, other: call.add_party("1003"),
}


@pytest.mark.parametrize("state", ["calling", "talking"])
async def test_an_action_that_the_call_does_not_offer(state: str) -> None:
    """Alice calls Bob, and somebody waits for her besides; whatever her calls do not offer is refused here."""
    async with office() as one:
        pbx = await one.connect()
        line = pbx.line("1000")
        call = await line.dial("1001")
        assert call is not None
        if state == "talking":
            ringing = await pbx.line("1001").wait_for_call(timeout=30)
            await ringing.answer()
            await call.wait_for(CallState.ACTIVE, timeout=30)
        one.switch.incoming_external("0015550100", "1000")
        await one.caught_up(pbx)
        (waiting,) = (other for other in line.calls if other is not call)
        offered = call.actions | waiting.actions
        absent = [action for action in ACTIONS if action not in offered]
        assert len(absent) >= 8
        async with nothing_changes(one, pbx):
            for action in absent:
                with pytest.raises(ActionNotAllowed) as refused:
                    await ACTIONS[action](call, waiting)
                assert refused.value.action == action.value
                assert set(refused.value.offered) == call.actions, action
                clear(refused.value, action.value, "It offers", *call.actions)


def test_every_action_of_a_call_is_looked_at() -> None:
    of_lines = {Action.DIAL, Action.DIAL_PRIVATE, Action.DIAL_BUSINESS, Action.UNPARK, Action.PICK_UP}
    assert set(ACTIONS) == set(Action) - of_lines


async def test_an_action_that_the_telephone_does_not_offer() -> None:
    async with office() as one:
        pbx = await one.connect()
        line = pbx.line("1002")
        while any(Action.DIAL in device.actions for device in line.devices):
            assert await line.dial("1003" if line.calls else "1001") is not None
            await one.caught_up(pbx)
        async with nothing_changes(one, pbx):
            with pytest.raises(ActionNotAllowed) as refused:
                await line.dial("1001")
            clear(refused.value, "dial", "device 1002")


async def test_settings_name_the_field_wherever_they_come_from(tmp_path: Any) -> None:
    file = tmp_path / "pbx.yaml"
    file.write_text("url: htp://pbx.example.com\nusername: admin\npassword: admin\n", encoding="utf-8")
    environment = {"AIOPBX_URL": "htp://pbx.example.com", "AIOPBX_USERNAME": "admin", "AIOPBX_PASSWORD": "admin"}
    for make in (lambda: ConnectionSettings.from_file(file), lambda: ConnectionSettings.from_env(environ=environment)):
        with pytest.raises(InvalidInput) as refused:
            make()
        assert refused.value.field == "url"
        clear(refused.value)
