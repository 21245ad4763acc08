"""Logging in to Istra, staying logged in, and logging out."""

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import pytest

from aiopbx.errors import (
    AuthenticationFailed,
    ConnectionFailed,
    InvalidInput,
    NotAllowed,
    NotReady,
    Offline,
    PbxError,
    SessionLost,
    TwoStepRequired,
)
from aiopbx.http.tap import WireStatistics, Wiretap
from aiopbx.istra.client import IstraClient
from aiopbx.istra.transport import IstraTransport
from aiopbx.istra.types.session import Application
from aiopbx.settings.connection import ConnectionSettings
from tests.aiopbx.istra.conftest import Connect, Make
from tests.aiopbx.istra.istra_server import PASSWORD, SESSION, TOKEN, IstraServer
from tests.aiopbx.office import until

APPLICATIONS = {"myrcc": "myRCC", "mycrm": "myCrm", "myistra": "myIstra"}
LOGIN = "v1/service/Login"
LOGOUT = "v1/service/Logout"
HOLD = "v1/rcc/CallLine/-1/hold"
DIAL = "v1/rcc/Extension/-1/placeCall"
EXTENSION = {"restUri": "v1/rcc/Extension/-1", "addressNumber": "101"}
SECRETS = (PASSWORD, TOKEN, SESSION)


async def listening(connect: Connect, server: IstraServer) -> IstraClient:
    """A client that has a listener."""
    client = await connect()
    server.answer("POST", "v1/service/EventListener/bean", json={"name": "one"})
    await client.service.create_listener("one")
    return client


def name_sent(server: IstraServer) -> str:
    scheme, _, pair = server.asked("POST", LOGIN)[-1].headers["Authorization"].partition(" ")
    assert scheme == "Basic"
    return base64.b64decode(pair).decode()


# --------------------------------------------------------------------------------------------------------------- login


@pytest.mark.parametrize(
    ("system", "name"),
    [("myrcc", "jdoe|example"), ("mycrm", "ENDUSER:jdoe"), ("myistra", "ENDUSER:jdoe")],
)
async def test_the_name_is_as_the_application_wants_it(
    system: str, name: str, connect: Connect, server: IstraServer
) -> None:
    client = await connect(system)
    assert name_sent(server) == f"{name}:{PASSWORD}"
    assert client.application == APPLICATIONS[system]
    assert server.asked("POST", LOGIN)[0].headers["X-Application"] == APPLICATIONS[system]


@pytest.mark.parametrize(
    ("system", "typed", "sent"),
    [
        ("myrcc", "jdoe|other", "jdoe|other"),
        ("mycrm", "ENDUSER:jdoe", "ENDUSER:jdoe"),
        ("myistra", "jürgen@example.com", "ENDUSER:jürgen@example.com"),
    ],
)
async def test_a_name_in_full_is_taken(system: str, typed: str, sent: str, make: Make, server: IstraServer) -> None:
    values: dict[str, Any] = {"enterprise": "other"} if system == "myrcc" else {}
    await make(system, username=typed, **values).open()
    assert name_sent(server) == f"{sent}:{PASSWORD}"


def test_o2g_is_no_application(http: Any) -> None:
    settings = ConnectionSettings.make(url="https://o2g.example.com", username="-", password="-")
    with pytest.raises(InvalidInput, match="system"):
        IstraClient(settings, http)


@pytest.mark.parametrize(
    ("address", "likely", "other"),
    [
        ("https://istra.example.com", "https://istra.example.com/restletrouter", "https://istra.example.com"),
        (
            "https://restletrouter.example.com",
            "https://restletrouter.example.com",
            "https://restletrouter.example.com/restletrouter",
        ),
        ("https://istra.example.com:8443/restletrouter/", "https://istra.example.com:8443/restletrouter", None),
        ("http://istra.example.com/behind/restletrouter", "http://istra.example.com/behind/restletrouter", None),
        ("istra.example.com/restletrouter/v1/service/Login", "https://istra.example.com/restletrouter", None),
    ],
)
async def test_the_base_follows_from_the_address(address: str, likely: str, other: str | None, http: Any) -> None:
    settings = ConnectionSettings.make(system="mycrm", url=address, username="jdoe", password=PASSWORD)
    transport = IstraTransport(settings, http, Application.CRM, statistics=WireStatistics())
    assert transport.bases() == (likely, *([other] if other else []))
    assert transport.base == likely


@pytest.mark.parametrize("status", [404, 405])
async def test_a_host_that_is_the_router_itself_is_found(status: int, make_at: Callable[..., Any]) -> None:
    async with IstraServer(router="") as server:
        server.answer("POST", "restletrouter/v1/service/Login", status=status)
        client = await make_at(server)
        assert client.url == server.url
        server.answer("GET", "v1/rcc/Extension/-1", json=EXTENSION)
        assert (await client.rcc.extension("-1")).address_number == "101"
        assert [one.path for one in server.requests][:2] == ["/restletrouter/v1/service/Login", "/v1/service/Login"]


async def test_a_host_without_the_interface_is_told(make_at: Callable[..., Any]) -> None:
    async with IstraServer(router="/elsewhere") as server:
        with pytest.raises(ConnectionFailed, match="is the address of an Istra server") as raised:
            await make_at(server)
        assert not raised.value.transient


async def test_a_server_that_gives_no_session_is_told(make: Make, server: IstraServer) -> None:
    server.answer("POST", LOGIN, text="<html>Welcome</html>")
    with pytest.raises(ConnectionFailed, match="holds no session"):
        await make().open()


@pytest.fixture
async def make_at(http: Any) -> Any:
    made: list[IstraClient] = []

    async def make_at(server: IstraServer, system: str = "myrcc", **settings: Any) -> IstraClient:
        values = {"system": system, "url": server.url, "username": "jdoe", "password": PASSWORD, **settings}
        if system == "myrcc":
            values.setdefault("enterprise", "example")
        client = IstraClient(ConnectionSettings.make(**values), http)
        made.append(client)
        await client.open()
        return client

    yield make_at
    for client in made:
        await client.close()


@pytest.mark.parametrize("system", APPLICATIONS)
async def test_a_wrong_password_is_told(system: str, make: Make, server: IstraServer) -> None:
    with pytest.raises(AuthenticationFailed, match="does not accept the login of jdoe") as raised:
        await make(system, password="wrong secret").open()
    assert "wrong secret" not in str(raised.value)
    assert not raised.value.transient
    assert server.sequence == [f"POST {LOGIN}"]


@pytest.mark.parametrize("system", APPLICATIONS)
@pytest.mark.parametrize("body", [{"message": "Enter the code that was sent."}, {}])
async def test_a_second_step_is_told_clearly(
    system: str, body: dict[str, str], make: Make, server: IstraServer
) -> None:
    server.answer("POST", LOGIN, status=412, json=body)
    with pytest.raises(TwoStepRequired, match="two-step authentication") as raised:
        await make(system).open()
    assert body.get("message", "two-step") in str(raised.value)
    assert "account without two-step authentication" in str(raised.value)
    assert "second_password" in str(raised.value)


async def test_a_user_without_the_right_for_crm_is_told(make: Make, server: IstraServer) -> None:
    server.answer("POST", LOGIN, status=401, json={"code": "MYCRM_ERR_403", "message": "not allowed for it"})
    with pytest.raises(NotAllowed, match="not allowed for it") as raised:
        await make("mycrm").open()
    assert raised.value.code == "MYCRM_ERR_403"


async def test_an_account_that_may_not_log_in_is_told(make: Make, server: IstraServer) -> None:
    server.answer("POST", LOGIN, status=403)
    with pytest.raises(AuthenticationFailed, match="may not log in to myIstra"):
        await make("myistra").open()


async def test_a_server_that_is_starting_can_be_tried_again(make: Make, server: IstraServer) -> None:
    server.answer("POST", LOGIN, status=503, json={"code": "ROUTER_ERR_503", "message": "not started"})
    with pytest.raises(NotReady) as raised:
        await make().open()
    assert raised.value.transient


async def test_without_a_session_nothing_is_sent(make: Make, server: IstraServer) -> None:
    client = make()
    with pytest.raises(Offline):
        await client.rcc.hold("-1")
    with pytest.raises(Offline):
        await client.open_socket()
    assert not server.requests


# ------------------------------------------------------------------------------------------------- token and cookies


async def test_the_newest_token_of_any_answer_is_used(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    path = "v1/rcc/CallLine/-1/hold"
    server.answer("POST", path, status=204, headers=[("X-Application", "myRCC; token-two-of-three ")])
    server.answer("POST", path, status=404, headers=[("X-Application", "myRCC;token-three-of-three")], then=True)
    server.answer("POST", path, status=204, headers=[("X-Application", "myRCC")], then=True)
    await client.rcc.hold("-1")
    with pytest.raises(Exception, match="404"):
        await client.rcc.hold("-1")
    await client.rcc.hold("-1")
    await client.rcc.hold("-1")
    sent = [one.headers["X-Application"] for one in server.asked("POST", path)]
    assert sent == [f"myRCC;{TOKEN}", "myRCC;token-two-of-three", *["myRCC;token-three-of-three"] * 2]


async def test_the_token_of_another_application_is_not_taken(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    server.answer("GET", "v1/rcc/Extension/-1", json=EXTENSION, headers=[("X-Application", "myIstra;not-ours")])
    await client.rcc.extension("-1")
    await client.rcc.extension("-1")
    assert server.requests[-1].headers["X-Application"] == f"myRCC;{TOKEN}"


async def test_a_token_of_the_upgrade_is_taken_too(connect: Connect, server: IstraServer) -> None:
    client = await connect("myistra")
    server.answer("GET", "ws-service/myIstra", status=503, headers=[("X-Application", "myIstra;token-of-the-upgrade")])
    with pytest.raises(NotReady):
        await client.open_socket()
    server.answer("GET", "v1/user/Info", json={"userName": "Jane"})
    await client.enduser.info()
    assert server.requests[-1].headers["X-Application"] == "myIstra;token-of-the-upgrade"


async def test_cookies_of_the_given_session_are_its_own(http: Any, connect: Connect, server: IstraServer) -> None:
    http.cookie_jar.update_cookies({"foreign": "cookie"})
    await connect()
    assert all("foreign" not in one.cookies for one in server.requests)
    assert not [cookie for cookie in http.cookie_jar if "SESSIONID" in cookie.key]


async def test_three_applications_side_by_side_keep_apart(connect: Connect, server: IstraServer) -> None:
    clients = [await connect(system) for system in APPLICATIONS]
    server.answer("GET", "v1/crm/GetTerminals", text="[]")
    await clients[0].rcc.hold("-1")
    await clients[1].crm.terminals()
    await clients[2].enduser.delete_voicemail("-1")
    assert [list(one.cookies) for one in server.requests[-3:]] == [
        ["myRCC_SESSIONID"],
        ["myCrm_SESSIONID"],
        ["myIstra_SESSIONID"],
    ]


async def test_gzip_is_asked_for_and_read(http: Any, make_at: Callable[..., Any]) -> None:
    async with IstraServer(gzip=True) as server:
        client = await make_at(server)
        server.answer("GET", "v1/rcc/Extension/-1", json=EXTENSION)
        assert (await client.rcc.extension("-1")).address_number == "101"
        assert "gzip" in server.requests[-1].headers["Accept-Encoding"]
        server.answer("GET", "v1/rcc/Extension/-1", status=400, json={"code": "ERR_0", "message": "bad id"})
        with pytest.raises(Exception, match="bad id"):
            await client.rcc.extension("-1")


async def test_no_secret_is_told_to_whoever_listens_in(
    connect: Connect, server: IstraServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    told: list[str] = []
    tap = Wiretap()
    tap.listen(lambda message: told.append(repr(message)))
    client = await connect("myistra", tap=tap)
    server.answer("GET", "v1/user/Info", json={"userName": f"{PASSWORD} {TOKEN} {SESSION}"})
    await client.enduser.info()
    socket = await client.open_socket()
    (await server.opened.get()).send({"listenerName": "l", "item": {"model": f"{TOKEN} {SESSION}"}})
    async for _ in socket:
        break
    server.answer("GET", "v1/user/Info", status=400, json={"code": "ERR_0", "message": f"no: {TOKEN}, {SESSION}"})
    with pytest.raises(Exception, match="400") as raised:
        await client.enduser.info()
    await client.close()
    everything = "\n".join([*told, caplog.text, str(raised.value), repr(raised.value.__dict__), repr(client)])
    pair = base64.b64encode(f"ENDUSER:jdoe:{PASSWORD}".encode()).decode()
    assert not [secret for secret in (*SECRETS, pair) if secret in everything]
    assert any("POST v1/service/Login" in one for one in told)
    assert any("ws-service/myIstra" in one for one in told)
    assert any("status=200" in one for one in told)


# ------------------------------------------------------------------------------------------------------------- expiry


def expired(server: IstraServer, method: str, path: str, **then: Any) -> None:
    server.answer(method, path, status=401)
    server.answer(method, path, **then, then=True)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_session_that_has_expired_is_replaced_once(method: str, connect: Connect, server: IstraServer) -> None:
    client = await connect()
    server.session, server.token = "-2", "token-of-the-second"
    if method == "GET":
        expired(server, "GET", "v1/rcc/Extension/-1", json=EXTENSION)
        assert (await client.rcc.extension("-1")).id == "-1"
    else:
        path = "v1/rcc/Extension/-1/placeCall"
        expired(server, "POST", path, json={"lineId": "-7"})
        assert (await client.rcc.place_call("-1", "102")).line_id == "-7"
        assert [one.json for one in server.asked("POST", path)] == [{"destination": "102"}] * 2
    assert len(server.asked("POST", LOGIN)) == 2
    again = server.asked("POST", LOGIN)[1]
    assert "Cookie" not in again.headers
    assert again.headers["X-Application"] == "myRCC"
    assert server.requests[-1].cookies == {"myRCC_SESSIONID": "-2"}
    assert server.requests[-1].headers["X-Application"] == "myRCC;token-of-the-second"
    assert not client.lost.is_set()


async def test_many_requests_log_in_once(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    for line in range(5):
        expired(server, "POST", f"v1/rcc/CallLine/{line}/hold", status=204)
    await asyncio.gather(*(client.rcc.hold(str(line)) for line in range(5)))
    assert len(server.asked("POST", LOGIN)) == 2


async def test_a_new_session_means_that_listening_is_over(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    server.answer("POST", "v1/service/EventListener/bean", json={"name": "one"})
    await client.service.create_listener("one")
    expired(server, "POST", "v1/rcc/CallLine/-1/hold", status=204)
    await client.rcc.hold("-1")
    assert client.lost.is_set()
    assert isinstance(client.lost_reason, SessionLost)
    assert client.lost_reason.transient


async def test_a_session_that_cannot_be_replaced_is_lost(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    server.answer("POST", "v1/rcc/CallLine/-1/hold", status=401)
    with pytest.raises(SessionLost) as raised:
        await client.rcc.hold("-1")
    assert raised.value.transient
    assert client.lost.is_set()
    assert len(server.asked("POST", LOGIN)) == 2


async def test_a_password_that_was_changed_is_told(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    expired(server, "POST", "v1/rcc/CallLine/-1/hold", status=204)
    server.answer("POST", LOGIN, status=401)
    with pytest.raises(AuthenticationFailed):
        await client.rcc.hold("-1")
    assert client.lost.is_set()
    assert isinstance(client.lost_reason, AuthenticationFailed)
    assert len(server.asked("POST", "v1/rcc/CallLine/-1/hold")) == 1


async def test_a_mismatched_cookie_ends_the_session(connect: Connect, server: IstraServer) -> None:
    client = await connect("mycrm")
    server.answer("GET", "v1/crm/GetTerminals", status=403, json={"code": "ROUTER_ERR_400", "message": "no match"})
    with pytest.raises(SessionLost, match="no match"):
        await client.crm.terminals()
    assert client.lost.is_set()


async def test_a_user_who_is_not_allowed_is_not_logged_in_again(connect: Connect, server: IstraServer) -> None:
    client = await connect("mycrm")
    server.answer("GET", "v1/crm/GetTerminals", status=401, json={"code": "MYCRM_ERR_403", "message": "forbidden"})
    with pytest.raises(NotAllowed):
        await client.crm.terminals()
    assert len(server.asked("POST", LOGIN)) == 1
    assert not client.lost.is_set()


@pytest.mark.parametrize("status", [503, 500, 403])
async def test_what_was_listened_to_is_over_even_if_there_is_no_new_session(
    status: int, connect: Connect, server: IstraServer
) -> None:
    client = await listening(connect, server)
    expired(server, "POST", HOLD, status=204)
    server.answer("POST", LOGIN, status=status)
    with pytest.raises(PbxError):
        await client.rcc.hold("-1")
    assert client.lost.is_set()
    server.answer("POST", LOGIN, headers=list(server.session_headers("myRCC").items()))
    await client.rcc.hold("-1")


async def test_that_listening_is_over_is_told_when_the_request_was_made_again(
    connect: Connect, server: IstraServer
) -> None:
    """Whoever hears of it logs out, and what is under way would go with the session."""
    client = await listening(connect, server)
    server.answer("POST", DIAL, status=401)
    server.answer("POST", DIAL, json={"lineId": "-7"}, hang=True, then=True)
    dialling = asyncio.ensure_future(client.rcc.place_call("-1", "102"))
    await until(lambda: len(server.asked("POST", DIAL)) == 2)
    assert not client.lost.is_set()
    server.release()
    assert (await dialling).line_id == "-7"
    assert client.lost.is_set()


async def test_what_a_listener_is_for_is_not_asked_for_in_another_session(
    connect: Connect, server: IstraServer
) -> None:
    client = await listening(connect, server)
    server.answer("GET", "v1/rcc/CallLine", status=401)
    with pytest.raises(SessionLost) as raised:
        await client.rcc.call_lines(listener_name="one")
    assert raised.value.transient
    assert client.lost.is_set()
    assert len(server.asked("GET", "v1/rcc/CallLine")) == 1


async def test_what_is_answered_late_says_nothing_of_the_new_session(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    late = "v1/rcc/CallLine/-2/hold"
    over = [("Set-Cookie", "myRCC_SESSIONID=;Max-Age=0"), ("X-Application", f"myRCC;{TOKEN}")]
    server.answer("POST", late, status=401, headers=over, hang=True)
    server.answer("POST", late, status=204, then=True)
    waiting = asyncio.ensure_future(client.rcc.hold("-2"))
    await until(lambda: server.asked("POST", late))
    server.session, server.token = "-2", "token-of-the-second"
    expired(server, "POST", HOLD, status=204)
    await client.rcc.hold("-1")
    server.release()
    await waiting
    assert server.requests[-1].cookies == {"myRCC_SESSIONID": "-2"}
    assert server.requests[-1].headers["X-Application"] == "myRCC;token-of-the-second"
    assert len(server.asked("POST", LOGIN)) == 2


async def test_tokens_that_change_with_every_answer_are_not_kept_for_ever(
    connect: Connect, server: IstraServer
) -> None:
    client = await connect()
    for number in range(300):
        new = [("X-Application", f"myRCC;token-number-{number}"), ("Set-Cookie", f"STICKY=cookie-number-{number}")]
        server.answer("POST", HOLD, status=204, headers=new)
        await client.rcc.hold("-1")
    hidden = client._transport.secrets
    assert hidden.hide(f"token-number-299 cookie-number-280 {PASSWORD}") == "*** *** ***"
    assert len(hidden._values) < 150


# ------------------------------------------------------------------------------------------------------------- logout


async def test_logging_in_after_logging_out(make: Make, server: IstraServer) -> None:
    client = make()
    with pytest.raises(Offline):
        await client.service.login()
    await client.open()
    await client.service.logout()
    with pytest.raises(Offline):
        await client.rcc.hold("-1")
    await client.service.login()
    await client.rcc.hold("-1")
    await client.close()
    assert server.sequence[-2:] == ["POST v1/rcc/CallLine/-1/hold", "POST v1/service/Logout"]


async def test_closing_during_a_new_login_leaves_no_session(make: Make, server: IstraServer) -> None:
    client = make()
    await client.open()
    server.answer("POST", HOLD, status=401)
    server.session, server.token = "-2", "token-of-the-second"
    given = list(server.session_headers("myRCC").items())
    server.answer("POST", LOGIN, headers=given, hang=True)
    holding = asyncio.ensure_future(client.rcc.hold("-1"))
    await until(lambda: len(server.asked("POST", LOGIN)) == 2)
    closing = asyncio.ensure_future(client.close())
    await asyncio.sleep(0)
    server.release()
    await closing
    with pytest.raises(PbxError):
        await holding
    farewells = server.asked("POST", LOGOUT)
    assert [one.cookies for one in farewells] == [{"myRCC_SESSIONID": "-2"}]
    assert not client.opened


async def test_a_login_that_is_cancelled_leaves_no_session(make: Make, server: IstraServer) -> None:
    server.answer("POST", LOGIN, headers=list(server.session_headers("myRCC").items()), hang=True)
    client = make()
    opening = asyncio.ensure_future(client.open())
    await until(lambda: server.asked("POST", LOGIN))
    opening.cancel()
    await asyncio.sleep(0)
    server.release()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert [one.cookies for one in server.asked("POST", LOGOUT)] == [{"myRCC_SESSIONID": SESSION}]
    assert "istra-login" not in {task.get_name() for task in asyncio.all_tasks()}


@pytest.mark.parametrize("cookie", ["myRCC_SESSIONID", "myIstra_SESSIONID", None])
@pytest.mark.parametrize("post", [204, 200, 405])
async def test_logging_out(post: int, cookie: str | None, make: Make, server: IstraServer) -> None:
    over = [("Set-Cookie", f"{cookie}={SESSION};Path=/restletrouter;Expires=Thu, 01-Jan-1970 00:00:00")]
    server.answer("POST", LOGOUT, status=post, headers=over if cookie and post != 405 else [])
    server.answer("GET", LOGOUT, status=204, headers=over if cookie else [])
    client = make()
    await client.open()
    await client.service.logout()
    assert len(server.asked("POST", LOGOUT)) == 1
    assert len(server.asked("GET", LOGOUT)) == (post == 405)
    assert all(one.cookies == {"myRCC_SESSIONID": SESSION} for one in server.requests[1:])
    assert not client.opened
    assert not client._transport.cookies
    await client.close()
    assert len(server.asked("POST", LOGOUT)) == 1


async def test_closing_deletes_listeners_and_logs_out(make: Make, server: IstraServer) -> None:
    client = make()
    await client.open()
    for name in ("one", "two as the server calls it", "three"):
        server.answer("POST", "v1/service/EventListener/bean", json={"name": name}, then=True)
    await client.service.create_listener("one")
    await client.service.create_listener("two words")
    await client.service.create_listener("three")
    await client.service.delete_listener("three")
    await client.close()
    await client.close()
    assert server.sequence[-3:] == [
        "DELETE v1/service/EventListener/bean/one",
        "DELETE v1/service/EventListener/bean/two%20as%20the%20server%20calls%20it",
        "POST v1/service/Logout",
    ]


async def test_closing_does_not_wait_for_a_server_that_is_gone(
    make: Make, server: IstraServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aiopbx.istra.session.FAREWELL", 0.05)
    client = make()
    await client.open()
    server.answer("POST", LOGOUT, hang=True)
    async with asyncio.timeout(30):
        await client.close()
    assert not client.opened


@pytest.mark.parametrize("what", ["listener", "logout"])
async def test_closing_goes_on_after_what_nothing_should_raise(
    make: Make, server: IstraServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    """Giving the session back fails in a way that nobody expected: the rest is done, and nothing is raised."""
    client = make()
    await client.open()
    server.answer("POST", "v1/service/EventListener/bean", json={"name": "one"})
    await client.service.create_listener("one")
    request = client._transport.request

    async def fail(method: str, target: str, **keywords: Any) -> Any:
        if what in target.lower():
            raise ValueError("boom")
        return await request(method, target, **keywords)

    monkeypatch.setattr(client._transport, "request", fail)
    await client.close()
    assert bool(server.asked("POST", LOGOUT)) is (what == "listener")
    assert not client.opened
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ValueError]


async def test_a_login_that_fails_leaves_nothing_behind(make: Make, server: IstraServer) -> None:
    server.answer("POST", LOGIN, status=500)
    client = make()
    with pytest.raises(Exception, match="500"):
        await client.open()
    assert not client.opened
    assert not client._transport.cookies
    assert not server.asked("POST", LOGOUT)
