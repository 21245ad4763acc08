"""Requests: what comes back, what is said about refusals, and what never leaves."""

import asyncio
import logging
import socket
from typing import Any

import pytest

from aiopbx.errors import (
    ConnectionFailed,
    NotAllowed,
    NotFound,
    NotReady,
    OutcomeUnknown,
    RequestRefused,
    SessionLost,
)
from aiopbx.o2g.client import O2gClient
from aiopbx.o2g.services import OPERATIONS
from aiopbx.o2g.types.agent import ChangeIntrusionModeRequest, IntrusionMode
from aiopbx.o2g.types.pbx_management import PbxAttribute, PbxAttributes
from aiopbx.o2g.types.routing import ForwardRoute
from aiopbx.o2g.types.sessions import Filter, Selector, SubscriptionRequest
from aiopbx.o2g.types.telephony import MakeCallRequest
from aiopbx.o2g.types.users import ChangePasswordRequest
from tests.aiopbx.o2g.conftest import PASSWORD, Connect
from tests.aiopbx.o2g.o2g_server import API, CREDENTIAL, JSESSIONID, SUBSCRIPTION_ID, O2gServer
from tests.aiopbx.office import hurry

CALLS = f"{API}/telephony/calls"
DIAL = MakeCallRequest(device_id="1000", callee="1001")
SUBSCRIBE = SubscriptionRequest(version="1.0", filter=Filter(selectors=(Selector(names=("telephony",)),)))


# -------------------------------------------------------------------------------------------------------------- answers


@pytest.mark.parametrize(
    ("scripted", "reference"),
    [
        ({"status": 201, "json": "a6aaea5b21000700"}, "a6aaea5b21000700"),
        ({"status": 201, "text": "a6aaea5b21000700"}, "a6aaea5b21000700"),
        ({"status": 201, "text": "  a6aaea5b21000700\r\n"}, "a6aaea5b21000700"),
        ({"status": 201, "text": "1234567890123456"}, "1234567890123456"),
        ({"status": 201, "json": {"callRef": "a6aaea5b21000700"}}, "a6aaea5b21000700"),
        ({"status": 201, "text": ""}, None),
        ({"status": 201, "text": '""'}, None),
        ({"status": 201, "text": "null"}, None),
        ({"status": 204}, None),
        (
            {"status": 201, "headers": [("Location", "/api/rest/1.0/telephony/calls/a6aaea5b21000700")]},
            "a6aaea5b21000700",
        ),
    ],
)
async def test_the_reference_of_a_call(
    connect: Connect, server: O2gServer, scripted: dict[str, Any], reference: str | None
) -> None:
    client = await connect()
    server.answer("POST", CALLS, **scripted)
    assert await client.telephony.make_call(DIAL) == reference


@pytest.mark.parametrize(
    "scripted",
    [
        {"status": 200},
        {"status": 200, "text": " \n"},
        {"status": 204},
        {"status": 200, "text": "null"},
        {"status": 404},
    ],
)
async def test_no_route_is_set(connect: Connect, server: O2gServer, scripted: dict[str, Any]) -> None:
    client = await connect()
    server.answer("GET", f"{API}/routing/forwardroute", **scripted)
    server.answer("GET", f"{API}/routing/overflowroute", **scripted)
    assert await client.routing.forward_route() is None
    assert await client.routing.overflow_route() is None


async def test_an_immediate_forward_has_no_type(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    server.answer("GET", f"{API}/routing/forwardroute", json={"destinations": []})
    assert await client.routing.forward_route() == ForwardRoute()


async def test_404_elsewhere_is_an_error(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    server.answer("GET", f"{API}/routing/state", status=404)
    with pytest.raises(NotFound):
        await client.routing.routing_state()


@pytest.mark.parametrize("text", ["", "<html>", "7", "null", "{"])
async def test_an_answer_that_cannot_be_read(connect: Connect, server: O2gServer, text: str) -> None:
    client = await connect()
    server.answer("GET", CALLS, text=text)
    with pytest.raises(ConnectionFailed, match="GET /telephony/calls: the answer") as caught:
        await client.telephony.calls()
    assert not caught.value.transient
    server.answer("POST", f"{API}/subscriptions", text=text)
    with pytest.raises(OutcomeUnknown, match="POST /subscriptions"):
        await client.subscriptions.subscribe(SUBSCRIBE)


async def test_any_operation_by_its_name(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    server.answer("POST", CALLS, status=201, json="ref")
    answer = await client.call(OPERATIONS["make_call"], query={"loginName": "oxe1000"}, body=DIAL)
    assert answer == "ref"
    assert server.requests[-1].path == f"{CALLS}?loginName=oxe1000"
    for wrong in (
        {"path": {"callRef": "1"}, "body": DIAL},
        {"query": {"login": "a"}, "body": DIAL},
        {"body": None},
        {"body": SUBSCRIBE},
    ):
        with pytest.raises(ValueError, match=r"callRef|login|body"):
            await client.call(OPERATIONS["make_call"], **wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="body"):
        await client.call(OPERATIONS["calls"], body=DIAL)
    with pytest.raises(ValueError, match="action: is missing"):
        await client.call(OPERATIONS["recording"], path={"callRef": "1"})


# ------------------------------------------------------------------------------------------------------------- refusals

TELEPHONY = {
    "httpStatus": "BAD_REQUEST",
    "code": 1006,
    "helpMessage": "Request parameters are not correct.",
    "type": "BAD_PARAMETER",
    "innerMessage": "something inside",
    "canRetry": True,
    "telephony": {
        "errorType": "CALL_SERVER_ERROR",
        "errorCause": "INVALID_DESTINATION",
        "message": "no such number",
    },
}


async def refused(connect: Connect, server: O2gServer, status: int, **scripted: Any) -> RequestRefused:
    client = await connect()
    server.answer("POST", CALLS, status=status, **scripted)
    with pytest.raises(RequestRefused) as caught:
        await client.telephony.make_call(DIAL)
    return caught.value


async def test_everything_the_server_said_is_in_the_error(connect: Connect, server: O2gServer) -> None:
    error = await refused(connect, server, 400, json=TELEPHONY)
    assert error.operation == "POST /telephony/calls"
    assert (error.status, error.code, error.type) == (400, 1006, "BAD_PARAMETER")
    assert (error.error_type, error.cause) == ("CALL_SERVER_ERROR", "INVALID_DESTINATION")
    assert error.help_message == "Request parameters are not correct."
    assert error.inner_message == "something inside"
    assert error.can_retry is True
    assert error.transient is False
    assert error.detail == TELEPHONY["telephony"]
    assert str(error) == (
        "POST /telephony/calls was refused (400 BAD_PARAMETER): CALL_SERVER_ERROR, INVALID_DESTINATION, no such number."
    )


@pytest.mark.parametrize(
    ("key", "detail", "error_type", "cause"),
    [
        (
            "routing",
            {"errorType": "UNAUTHORIZED", "errorCause": "UNAUTHORIZED_OVERFLOW", "destinationType": "VOICEMAIL"},
            "UNAUTHORIZED",
            "UNAUTHORIZED_OVERFLOW",
        ),
        ("userPreferences", {"errorType": "WRONG_VALUE", "parameter": "GUI_LANGUAGE"}, "WRONG_VALUE", "GUI_LANGUAGE"),
        ("telephony", {"errorType": "NEW_TYPE", "errorCause": "NEW_CAUSE"}, "NEW_TYPE", "NEW_CAUSE"),
        ("telephony", {"errorType": 7}, None, None),
    ],
)
async def test_causes(
    connect: Connect,
    server: O2gServer,
    key: str,
    detail: dict[str, Any],
    error_type: str | None,
    cause: str | None,
) -> None:
    error = await refused(connect, server, 400, json={"code": 1004, key: detail})
    assert (error.error_type, error.cause, error.detail) == (error_type, cause, detail)


@pytest.mark.parametrize(
    ("status", "body", "expected", "transient"),
    [
        (503, {"code": 1000, "canRetry": True}, NotReady, True),
        (503, {}, NotReady, True),
        (503, {"code": 1007, "canRetry": False}, RequestRefused, False),
        (403, {"code": 1001, "canRetry": True}, SessionLost, False),
        (403, {"code": 1002, "canRetry": False}, NotAllowed, False),
        (403, {"code": 1004}, RequestRefused, False),
        (401, {}, NotAllowed, False),
        (403, {}, NotAllowed, False),
        (404, {}, NotFound, False),
        (404, {"code": 1003, "canRetry": True}, NotFound, False),
        (400, {"code": 1003, "canRetry": True}, NotFound, False),
        (400, {"code": "1006", "canRetry": True}, RequestRefused, False),
        (400, {"code": True, "canRetry": "yes"}, RequestRefused, False),
        (500, {"code": 1007}, RequestRefused, False),
        (418, {}, RequestRefused, False),
    ],
)
async def test_which_error_it_is(
    connect: Connect,
    server: O2gServer,
    status: int,
    body: dict[str, Any],
    expected: type[RequestRefused],
    transient: bool,
) -> None:
    error = await refused(connect, server, status, json=body)
    assert type(error) is expected
    assert error.transient is transient
    given = body.get("canRetry")
    assert error.can_retry is (given if isinstance(given, bool) else None)
    if isinstance(body.get("code"), str):
        assert error.code == int(body["code"])


async def test_type_with_a_capital(connect: Connect, server: O2gServer) -> None:
    assert (await refused(connect, server, 400, json={"code": 1006, "Type": "BAD_PARAMETER"})).type == "BAD_PARAMETER"


async def test_a_page_instead_of_a_reason(connect: Connect, server: O2gServer) -> None:
    page = "<html><head><style>body{}</style></head><body><h1>Bad\n Request</h1>" + "word " * 500 + "</body></html>"
    error = await refused(connect, server, 400, text=page)
    assert error.inner_message is not None
    assert error.inner_message.startswith("Bad Request word")
    assert len(error.inner_message) <= 200
    assert "<" not in str(error)


@pytest.mark.parametrize("text", ["", "[1]", "7", "\x00\x01"])
async def test_an_odd_body(connect: Connect, server: O2gServer, text: str) -> None:
    error = await refused(connect, server, 400, text=text)
    assert error.status == 400
    assert error.detail == {}


@pytest.mark.parametrize(
    ("status", "scripted"),
    [
        (504, {"text": "<html>Gateway Timeout</html>"}),
        (502, {"text": ""}),
        (408, {"json": {"httpStatus": "REQUEST_TIMEOUT"}}),
        (500, {"json": {"code": 1007, "telephony": {"errorType": "REQUEST_TIMEOUT"}}}),
    ],
)
async def test_a_server_that_does_not_know_itself(
    connect: Connect, server: O2gServer, status: int, scripted: dict[str, Any]
) -> None:
    client = await connect()
    server.answer("POST", CALLS, status=status, **scripted)
    with pytest.raises(OutcomeUnknown) as caught:
        await client.telephony.make_call(DIAL)
    assert isinstance(caught.value.__cause__, RequestRefused)
    assert caught.value.__cause__.status == status
    server.answer("GET", CALLS, status=status, **scripted)
    with pytest.raises(RequestRefused):
        await client.telephony.calls()


# ------------------------------------------------------------------------------------------------------------ no answer


@pytest.mark.parametrize("how", ["hang", "drop"])
async def test_a_request_that_is_not_answered(connect: Connect, server: O2gServer, how: str) -> None:
    client = await connect()
    hurry(client.settings, request_timeout=0.3)
    server.answer("GET", CALLS, **{how: True})  # type: ignore[arg-type]
    with pytest.raises(ConnectionFailed) as caught:
        await client.telephony.calls()
    assert caught.value.transient
    server.answer("POST", CALLS, **{how: True})  # type: ignore[arg-type]
    with pytest.raises(OutcomeUnknown, match="may have been carried out"):
        await client.telephony.make_call(DIAL)
    assert len(server.asked("POST", CALLS)) == 1
    server.answer("POST", f"{API}/routing/dnd", **{how: True})  # type: ignore[arg-type]
    with pytest.raises(ConnectionFailed):
        await client.routing.set_dnd()
    server.answer("GET", f"{API}/telephony/miniMessages", **{how: True})  # type: ignore[arg-type]
    with pytest.raises(OutcomeUnknown):  # reading erases
        await client.telephony.mini_message()


REPEATED = ("GET", "PUT", "DELETE")
"""What aiohttp sends again by itself where a connection that was kept alive is closed."""
BODIES = {
    ChangePasswordRequest: ChangePasswordRequest(old_password="before", new_password="after"),
    ChangeIntrusionModeRequest: ChangeIntrusionModeRequest(mode=IntrusionMode.NORMAL),
    PbxAttributes: PbxAttributes(attributes=(PbxAttribute(name="Annu_Name", value=("Keller",)),)),
}


@pytest.mark.parametrize(
    "name",
    [name for name, operation in OPERATIONS.items() if operation.method in REPEATED and not operation.repeatable],
)
async def test_what_may_not_be_repeated_is_sent_once(connect: Connect, server: O2gServer, name: str) -> None:
    """The server closes the connection that was kept alive, after it has read the request."""
    operation = OPERATIONS[name]
    if operation.path.startswith("/acdmanagement"):  # a service that is where the session says; here, at its own name
        server.open_session(services=[{"serviceName": "acdmanagement", "relativeUrl": "/acdmanagement"}])
    client = await connect()
    names = dict.fromkeys(operation.path_params, "oxe1000") | {
        "objectPath": "Subscriber/1000",
        "day": "monday",
        "date": "20260131",
        "index": "1",
    }
    names = {part: names[part] for part in operation.path_params}
    path = API + operation.target(names, {})
    server.answer(operation.method, path, drop=True)
    meant = {guard.name: True for guard in operation.guards}
    with pytest.raises(OutcomeUnknown):
        await client.call(operation, path=names, query=meant, body=BODIES.get(operation.sends))
    assert len(server.asked(operation.method, path)) == 1


def test_reading_a_text_and_deleting_all_requests_may_not_be_repeated() -> None:
    unsafe = {
        name for name, operation in OPERATIONS.items() if operation.method in REPEATED and not operation.repeatable
    }
    assert {"mini_message", "delete_incoming_callbacks"} <= unsafe


async def test_what_may_be_repeated_survives_a_connection_that_was_closed(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    server.answer("GET", f"{API}/telephony/state", drop=True)
    server.answer("GET", f"{API}/telephony/state", json={}, then=True)
    await client.telephony.telephonic_state()
    assert len(server.asked("GET", f"{API}/telephony/state")) == 2


async def test_a_dial_that_was_not_sent(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    client._session._base_url = f"http://127.0.0.1:{port}{API}"
    with pytest.raises(ConnectionFailed, match="cannot be reached") as caught:
        await client.telephony.make_call(DIAL)
    assert caught.value.transient


async def test_a_host_that_is_not_there(make: Any) -> None:
    client: O2gClient = make(url="http://127.0.0.1:9", request_timeout=1)
    with pytest.raises(ConnectionFailed) as caught:
        await client.open()
    assert caught.value.transient
    assert "http://127.0.0.1:9" in str(caught.value)


# ------------------------------------------------------------------------------------------------------------ redirects


def to(url: str) -> list[tuple[str, str]]:
    return [("Location", url)]


async def test_the_same_site_is_followed(connect: Connect, server: O2gServer) -> None:
    server.answer("GET", "/api/rest/authenticate", status=302, headers=to("/login/here?x=1"))
    sessions = f"{server.url}{API}/sessions"
    server.answer(
        "GET",
        "/login/here",
        json={"publicUrl": sessions, "internalUrl": sessions},
        headers=[("Set-Cookie", "AlcUserId=followed-cookie")],
    )
    client = await connect()
    (followed,) = server.asked("GET", "/login/here")
    assert followed.headers["Authorization"].startswith("Basic ")
    server.answer("POST", CALLS, status=307, headers=to(f"{server.url}/moved/calls"))
    server.answer("POST", "/moved/calls", status=201, json="ref")
    assert await client.telephony.make_call(DIAL) == "ref"
    (moved,) = server.asked("POST", "/moved/calls")
    assert moved.json == {"deviceId": "1000", "callee": "1001"}
    assert moved.cookies["AlcUserId"] == "followed-cookie"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("trusted", [False, True])
async def test_another_host_gets_nothing_unless_it_is_trusted(
    connect: Connect, server: O2gServer, status: int, trusted: bool
) -> None:
    async with O2gServer(host="127.0.0.2") as other:
        server.answer("GET", "/api/rest/authenticate", status=status, headers=to(f"{other.url}/api/rest/authenticate"))
        if trusted:
            client = await connect(trusted_redirects=["127.0.0.2"])
            assert other.asked("GET", "/api/rest/authenticate")[0].headers["Authorization"].startswith("Basic ")
            await client.close()
            return
        with pytest.raises(ConnectionFailed, match=r"redirects to 127\.0\.0\.2.*trusted_redirects") as caught:
            await connect()
        assert not caught.value.transient
        assert other.requests == []


async def test_an_untrusted_root_leads_nowhere(connect: Connect, server: O2gServer) -> None:
    async with O2gServer(host="127.0.0.2") as other:
        server.answer("GET", "/api/rest", status=302, headers=to(f"{other.url}/api/rest"))
        with pytest.raises(ConnectionFailed, match="redirects"):
            await connect()
        assert other.requests == []


async def test_cookies_do_not_follow_either(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    async with O2gServer(host="127.0.0.2") as other:
        server.answer("GET", CALLS, status=302, headers=to(f"{other.url}{CALLS}"))
        with pytest.raises(ConnectionFailed, match="redirects"):
            await client.telephony.calls()
        assert other.requests == []


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_a_dial_is_not_turned_into_something_else(connect: Connect, server: O2gServer, status: int) -> None:
    client = await connect()
    server.answer("POST", CALLS, status=status, headers=to("/moved"))
    with pytest.raises(ConnectionFailed, match="cannot be redirected"):
        await client.telephony.make_call(DIAL)
    assert not server.asked("GET", "/moved")


@pytest.mark.parametrize("location", ["", "http://", "ftp://127.0.0.1/x", "//"])
async def test_a_redirect_to_nowhere(connect: Connect, server: O2gServer, location: str) -> None:
    client = await connect()
    server.answer("GET", CALLS, status=302, headers=to(location) if location else [])
    with pytest.raises(ConnectionFailed, match="redirects"):
        await client.telephony.calls()


async def test_a_circle(connect: Connect, server: O2gServer) -> None:
    server.answer("GET", "/api/rest", status=302, headers=to("/api/rest"))
    with pytest.raises(ConnectionFailed, match="circle"):
        await connect()
    assert len(server.requests) < 10


def test_https_is_not_given_up(make: Any) -> None:
    transport = make(url="https://pbx.example.com", trusted_redirects=["pbx2.example.com"])._transport
    assert transport.may_follow("https://pbx.example.com/a", "https://PBX.example.com:443/b")
    assert transport.may_follow("https://pbx.example.com/a", "https://pbx2.example.com:8443/b")
    assert transport.may_follow("http://pbx.example.com/a", "https://pbx.example.com/b")
    assert transport.may_follow("https://pbx.example.com/a", "https://pbx2.example.com/b")
    assert not transport.may_follow("https://pbx.example.com/a", "http://pbx.example.com/b")
    assert not transport.may_follow("https://pbx.example.com/a", "http://pbx2.example.com/b")
    assert not transport.may_follow("https://pbx.example.com/a", "https://pbx.example.com.evil.example/b")


@pytest.mark.parametrize(
    ("target", "followed"),
    [
        ("http://127.0.0.1:8080/b", True),
        ("http://127.0.0.1:8081/b", False),
        ("http://127.0.0.1/b", False),
        ("https://127.0.0.1/b", False),
        ("https://127.0.0.1:8443/b", True),
        ("http://[::1]:8443/b", True),
        ("http://[::1]/b", False),
        ("http://pbx.example.com/b", True),
        ("https://pbx.example.com/b", True),
        ("https://pbx.example.com:444/b", False),
        ("http://pbx.example.com:443/b", False),
        ("http://pbx2.example.com:5/b", True),
    ],
)
def test_another_port_is_another_site(make: Any, target: str, followed: bool) -> None:
    """Unless it is named; and only http as it usually is leads to https as it usually is."""
    trusted = ["127.0.0.1:8443", "[::1]:8443", "PBX2.example.com"]
    transport = make(url="http://pbx.example.com", trusted_redirects=trusted)._transport
    assert transport.may_follow("http://127.0.0.1:8080/a", target) is followed


async def test_another_port_gets_nothing_unless_it_is_named(connect: Connect, server: O2gServer) -> None:
    async with O2gServer() as other:
        server.answer("GET", "/api/rest/authenticate", status=302, headers=to(f"{other.url}/api/rest/authenticate"))
        with pytest.raises(ConnectionFailed, match=rf"127\.0\.0\.1:{other.port}, .*add 127\.0\.0\.1:{other.port} to"):
            await connect()
        assert other.requests == []
        await connect(trusted_redirects=f"127.0.0.1:{other.port}")
        assert other.asked("GET", "/api/rest/authenticate")[0].headers["Authorization"].startswith("Basic ")


# -------------------------------------------------------------------------------------------------------------- secrets


async def test_secrets_are_in_no_log_and_no_error(
    connect: Connect, server: O2gServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="aiopbx")
    client = await connect()
    subscription = await client.subscriptions.subscribe(SUBSCRIBE)
    channel = await client.open_channel(subscription)
    everything = f"{PASSWORD} {CREDENTIAL} {JSESSIONID} {SUBSCRIPTION_ID} 4711"
    texts = [repr(client), repr(subscription), repr(channel), repr(client.settings), repr(client._transport.secrets)]
    for status, body in (
        (403, {"code": 1002, "innerMessage": f"inner {everything}", "helpMessage": everything}),
        (400, {"code": 1006, "telephony": {"message": f"PIN 4711 of {everything}", "errorCause": everything}}),
    ):
        server.answer("POST", CALLS, status=status, json=body)
        with pytest.raises(RequestRefused) as caught:
            await client.telephony.make_call(
                MakeCallRequest(device_id="1", callee="2", pin="4711", secret_code="0815x")
            )
        error = caught.value
        texts += [str(error), repr(error), repr(vars(error))]
    server.answer("POST", CALLS, status=500, text=everything)
    with pytest.raises(RequestRefused) as caught:
        await client.telephony.make_call(MakeCallRequest(device_id="1", callee="2", pin="4711", secret_code="0815x"))
    texts += [str(caught.value), repr(vars(caught.value))]
    path = f"{API}/subscriptions/{SUBSCRIPTION_ID}"
    for scripted in ({"status": 500, "json": {"innerMessage": SUBSCRIPTION_ID}}, {"drop": True}):
        server.answer("DELETE", path, **scripted)  # type: ignore[arg-type]
        with pytest.raises((RequestRefused, ConnectionFailed)) as failed:
            await client.subscriptions.unsubscribe(SUBSCRIPTION_ID)
        texts += [str(failed.value), repr(vars(failed.value))]
        assert failed.value.__cause__ is None
    server.answer("POST", f"{API}/notifications/chunked", status=404, text=SUBSCRIPTION_ID)
    with pytest.raises(RequestRefused) as gone:
        await client.open_channel(subscription)
    texts += [str(gone.value), repr(vars(gone.value))]
    await client.close()
    await asyncio.sleep(0)
    texts.append(caplog.text)
    assert "POST /sessions" in caplog.text
    for secret in (PASSWORD, CREDENTIAL, JSESSIONID, SUBSCRIPTION_ID, "4711"):
        for text in texts:
            assert secret not in text


async def test_short_secrets_do_not_eat_words(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    server.answer("POST", CALLS, status=400, json={"helpMessage": "pin 12 is wrong, see 1200 and a12b"})
    with pytest.raises(RequestRefused) as caught:
        await client.telephony.make_call(MakeCallRequest(device_id="1", callee="2", pin="12", secret_code="99"))
    assert caught.value.help_message == "pin *** is wrong, see 1200 and a12b"


async def test_the_proxy_of_the_environment(
    connect: Connect, server: O2gServer, monkeypatch: pytest.MonkeyPatch, http: Any
) -> None:
    client = await connect()
    monkeypatch.setenv("http_proxy", "http://proxy.example.com:3128")
    monkeypatch.setenv("no_proxy", "pbx2.example.com")
    assert client._transport.proxy("http://pbx.example.com/x") is None
    http._trust_env = True
    assert client._transport.proxy("http://pbx.example.com/x") == "http://proxy.example.com:3128"
    assert client._transport.proxy("http://pbx2.example.com/x") is None
