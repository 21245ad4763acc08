"""What an Istra server says when it refuses, and what that becomes; and what becomes of no answer at all."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from aiopbx.errors import ConnectionFailed, InvalidInput, NotAllowed, NotFound, NotReady, OutcomeUnknown, RequestRefused
from aiopbx.istra.client import IstraClient
from aiopbx.istra.types.enduser import CallerIdChoice
from tests.aiopbx.istra.conftest import Connect, Make
from tests.aiopbx.istra.istra_server import PASSWORD, TOKEN, IstraServer

HOLD = "v1/rcc/CallLine/-1/hold"


async def refused(connect: Connect, server: IstraServer, status: int, body: str) -> RequestRefused:
    client = await connect()
    server.answer("POST", HOLD, status=status, text=body)
    with pytest.raises(RequestRefused) as raised:
        await client.rcc.hold("-1")
    return raised.value


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ('{"code": "ERR_7", "message": "It went wrong"}', "ERR_7", "It went wrong"),
        ('{"code": "It went wrong."}', None, "It went wrong."),
        ('{"code": "ERR_7: It went wrong"}', "ERR_7", "It went wrong"),
        ('{"code": "ERR_7 - It went wrong"}', "ERR_7", "It went wrong"),
        ('{"code": "Wrong"}', None, "Wrong"),
        ('{"code": 7, "message": "It went wrong"}', "7", "It went wrong"),
        ('{"exceptionId": "e_1", "cause": "NullPointer", "message": "It went wrong"}', None, "It went wrong"),
        ('{"exceptionId": "e_1", "firstMessage": "It went wrong"}', None, "It went wrong"),
        ('{"message": "It went wrong"}', None, "It went wrong"),
        ('{“code”: "ERR_7", "message": "It went wrong",}', "ERR_7", "It went wrong"),
        ('{"Code": "ERR_7", " message": "It went wrong"}', "ERR_7", "It went wrong"),
    ],
)
async def test_every_form_of_a_refusal_is_read(
    body: str, code: str | None, message: str, connect: Connect, server: IstraServer
) -> None:
    error = await refused(connect, server, 500, body)
    assert (error.status, error.code, error.help_message) == (500, code, message)
    assert error.operation == "POST v1/rcc/CallLine/{id}/hold"
    assert message.rstrip(".") in str(error)
    assert not error.transient


async def test_the_cause_is_told(connect: Connect, server: IstraServer) -> None:
    body = '{"exceptionId": "e_1", "cause": "the deeper one", "message": "the first", "firstMessage": "the last"}'
    error = await refused(connect, server, 500, body)
    assert (error.cause, error.help_message, error.inner_message) == ("the deeper one", "the first", "the last")
    assert error.detail["exceptionId"] == "e_1"
    assert "the first, the deeper one" in str(error)


@pytest.mark.parametrize("body", ["", "null", "[]", "<html><h1>Bad gateway</h1></html>", "{", '"text"', "[" * 9000])
async def test_a_body_that_says_nothing_is_no_trouble(body: str, connect: Connect, server: IstraServer) -> None:
    error = await refused(connect, server, 500, body)
    assert (error.code, error.help_message, error.detail) == (None, None, {})
    assert ("Bad gateway" in str(error)) is ("gateway" in body)
    assert "<" not in str(error)


@pytest.mark.parametrize(
    ("status", "kind", "transient", "can_retry"),
    [
        (400, RequestRefused, False, True),
        (403, NotAllowed, False, None),
        (404, NotFound, False, True),
        (409, RequestRefused, False, True),
        (412, RequestRefused, False, None),
        (500, RequestRefused, False, None),
        (503, NotReady, True, None),
        (512, RequestRefused, True, None),
    ],
)
async def test_the_status_decides_where_no_code_does(
    status: int,
    kind: type[RequestRefused],
    transient: bool,
    can_retry: bool | None,
    connect: Connect,
    server: IstraServer,
) -> None:
    error = await refused(connect, server, status, "{}")
    assert type(error) is kind
    assert (error.transient, error.can_retry) == (transient, can_retry)


async def test_no_secret_is_repeated(connect: Connect, server: IstraServer) -> None:
    error = await refused(connect, server, 500, f'{{"code": "{TOKEN}", "message": "{PASSWORD}", "info": "{TOKEN}"}}')
    assert TOKEN not in f"{error} {error.__dict__}"
    assert PASSWORD not in f"{error} {error.__dict__}"


# ----------------------------------------------------------------------------------------------------------- no answer

Call = Callable[[IstraClient], Awaitable[Any]]
UNSAFE: list[tuple[str, str, str, Call]] = [
    ("myrcc", "POST", "v1/rcc/Extension/-1/placeCall", lambda client: client.rcc.place_call("-1", "102")),
    ("myrcc", "POST", "v1/rcc/CallLine/-1/addParty", lambda client: client.rcc.add_party("-1", "102")),
    ("myrcc", "POST", "v1/rcc/CallLine/-1/answer", lambda client: client.rcc.answer("-1")),
    ("myrcc", "POST", "v1/rcc/CallLine/-1/disconnect", lambda client: client.rcc.disconnect("-1")),
    ("myrcc", "POST", HOLD, lambda client: client.rcc.hold("-1")),
    ("myrcc", "POST", "v1/rcc/CallLine/-1/unhold", lambda client: client.rcc.unhold("-1")),
    ("myrcc", "POST", "v1/rcc/CallLine/-1/leave", lambda client: client.rcc.leave("-1")),
    ("myrcc", "POST", "v1/rcc/CallLine/-1/merge", lambda client: client.rcc.merge("-1", "-2")),
    ("myrcc", "POST", "v1/rcc/CallLine/-1/redirect", lambda client: client.rcc.redirect("-1", "102")),
    ("myrcc", "POST", "v1/rcc/CallLine/-1/sendDtmfs", lambda client: client.rcc.send_dtmfs("-1", "1")),
    ("myrcc", "POST", "v1/rcc/CallLine/-1/startRecord", lambda client: client.rcc.start_record("-1")),
    ("myrcc", "POST", "v1/rcc/CallLine/-1/transfer", lambda client: client.rcc.transfer("-1", "-2")),
    ("mycrm", "GET", "v1/crm/PlaceCall", lambda client: client.crm.place_call(terminal_id="-5", destination="102")),
    ("myistra", "POST", "v1/user/Terminal/-5/placeCall", lambda client: client.enduser.place_call("-5", "102")),
]
SAFE: list[tuple[str, str, str, Call]] = [
    ("myrcc", "GET", "v1/rcc/CallLine", lambda client: client.rcc.call_lines()),
    ("mycrm", "GET", "v1/crm/GetTerminals", lambda client: client.crm.terminals()),
    ("myistra", "DELETE", "v1/logs/Voicemail/bean/-1", lambda client: client.enduser.delete_voicemail("-1")),
    ("myistra", "PUT", "v1/logs/Voicemail/bean/-1", lambda client: client.enduser.mark_voicemail("-1", True)),
    (
        "myistra",
        "PUT",
        "v1/user/IUser/-1",
        lambda client: client.enduser.set_caller_id("-1", CallerIdChoice.FROM_PRESENCE_STATE),
    ),
]


@pytest.mark.parametrize("how", ["hang", "drop"])
@pytest.mark.parametrize(("system", "method", "path", "call"), UNSAFE, ids=[one[2] for one in UNSAFE])
async def test_what_may_not_be_repeated_and_was_not_answered_is_unknown(
    system: str, method: str, path: str, call: Call, how: str, connect: Connect, server: IstraServer
) -> None:
    client = await connect(system, impatient=0.2 if how == "hang" else 5)
    server.answer(method, path, **{how: True})
    with pytest.raises(OutcomeUnknown):
        await call(client)
    assert len(server.asked(method, path)) == 1


@pytest.mark.parametrize("how", ["hang", "drop"])
@pytest.mark.parametrize(("system", "method", "path", "call"), SAFE, ids=[f"{one[1]} {one[2]}" for one in SAFE])
async def test_what_may_be_repeated_and_was_not_answered_says_so(
    system: str, method: str, path: str, call: Call, how: str, connect: Connect, server: IstraServer
) -> None:
    client = await connect(system, impatient=0.2 if how == "hang" else 5)
    server.answer(method, path, **{how: True})
    with pytest.raises(ConnectionFailed) as raised:
        await call(client)
    assert raised.value.transient


@pytest.mark.parametrize("status", [408, 502, 504])
async def test_a_gateway_that_gave_up_leaves_the_outcome_open(
    status: int, connect: Connect, server: IstraServer
) -> None:
    client = await connect()
    server.answer("POST", HOLD, status=status, text="<html>gateway</html>" if status != 408 else "")
    with pytest.raises(OutcomeUnknown):
        await client.rcc.hold("-1")
    server.answer("GET", "v1/rcc/CallLine", status=status)
    with pytest.raises(RequestRefused):
        await client.rcc.call_lines()


@pytest.mark.parametrize("body", ["", "not JSON at all", '{"state": "prompting"}', "[]"])
async def test_a_call_that_was_placed_and_not_described_is_unknown(
    body: str, connect: Connect, server: IstraServer
) -> None:
    client = await connect()
    server.answer("POST", "v1/rcc/Extension/-1/placeCall", text=body)
    with pytest.raises(OutcomeUnknown, match="has accepted"):
        await client.rcc.place_call("-1", "102")


@pytest.mark.parametrize("body", ["", "<html>a page</html>", "7"])
async def test_an_answer_that_cannot_be_read_is_told(body: str, connect: Connect, server: IstraServer) -> None:
    client = await connect()
    server.answer("GET", "v1/rcc/CallLine", text=body)
    with pytest.raises(ConnectionFailed, match="GET v1/rcc/CallLine") as raised:
        await client.rcc.call_lines()
    assert not raised.value.transient


# --------------------------------------------------------------------------------------------------- before it is sent


@pytest.mark.parametrize(
    ("system", "field", "call"),
    [
        ("myrcc", "id", lambda client: client.rcc.hold("")),
        ("myrcc", "id", lambda client: client.rcc.hold(" ")),
        ("myrcc", "id", lambda client: client.rcc.hold("..")),
        ("myrcc", "destination", lambda client: client.rcc.place_call("-1", " ")),
        ("myrcc", "line", lambda client: client.rcc.merge("-1", "")),
        ("myrcc", "dtmfs", lambda client: client.rcc.send_dtmfs("-1", "")),
        ("myrcc", "listenerName", lambda client: client.rcc.call_lines(listener_name="")),
        ("mycrm", "destination", lambda client: client.crm.place_call(terminal_id="-1", destination="")),
        ("mycrm", "terminalId", lambda client: client.crm.listen(listener_name="one", terminal_id="")),
        ("myistra", "format", lambda client: client.enduser.open_recording("-1", "wav")),
        ("myistra", "destination", lambda client: client.enduser.place_call("-1", "")),
    ],
)
async def test_what_cannot_be_sent_is_not(
    system: str, field: str, call: Call, connect: Connect, server: IstraServer
) -> None:
    client = await connect(system)
    before = len(server.requests)
    with pytest.raises(InvalidInput) as raised:
        await call(client)
    assert raised.value.field == field
    assert len(server.requests) == before


@pytest.mark.parametrize("status", [408, 429, 502, 504])
async def test_what_may_do_later_says_so(status: int, connect: Connect, server: IstraServer) -> None:
    client = await connect()
    server.answer("GET", "v1/rcc/Extension", status=status, text="<html><body>Bad luck</body></html>")
    with pytest.raises(RequestRefused, match="Bad luck") as raised:
        await client.rcc.extension_page()
    assert raised.value.transient


@pytest.mark.parametrize("body", ["{}", "[]", "null", " ", "\0\0\x1b"])
async def test_nothing_that_was_said_is_not_shown(body: str, connect: Connect, server: IstraServer) -> None:
    error = await refused(connect, server, 500, body)
    assert str(error) == "POST v1/rcc/CallLine/{id}/hold was refused (500)."


async def test_a_proxy_that_takes_no_long_request(connect: Connect, server: IstraServer) -> None:
    error = await refused(connect, server, 413, "<html><h1>413 Request Entity Too Large</h1></html>")
    assert "client_max_body_size" in str(error)


async def test_a_login_whose_cookie_is_too_large_for_a_proxy(make: Make, server: IstraServer) -> None:
    server.answer("POST", "v1/service/Login", status=502, text="<h1>502 Bad Gateway</h1>")
    with pytest.raises(RequestRefused, match=r"more than 4 kB.*proxy_buffer_size") as raised:
        await make().open()
    assert raised.value.transient


async def test_a_large_cookie_is_kept(connect: Connect, server: IstraServer) -> None:
    server.session = "x" * 7000
    client = await connect()
    await client.rcc.hold("-1")
    await client.open_socket()
    opened = await server.opened.get()
    assert server.asked("POST", HOLD)[0].cookies["myRCC_SESSIONID"] == "x" * 7000
    assert f"myRCC_SESSIONID={'x' * 7000}" in opened.headers["Cookie"]
