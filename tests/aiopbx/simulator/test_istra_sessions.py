"""Logging in to Istra, being logged in, and logging out; where the API is, and who may use it from a browser."""

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from websockets.exceptions import InvalidStatus

from aiopbx.errors import InvalidInput
from aiopbx.simulator import UserSpec
from aiopbx.simulator.faces.istra.identifiers import stable
from tests.aiopbx.simulator.conftest import until
from tests.aiopbx.simulator.istra_client import ALICE, Istra, office, settings


@pytest.fixture
async def istra() -> AsyncIterator[Istra]:
    async with office() as istra:
        yield istra


ENDUSER = f"ENDUSER:{ALICE}"


@pytest.mark.parametrize("scheme", ["Basic", "BASIC", "basic"])
@pytest.mark.parametrize(
    ("application", "user", "password"),
    [("myRCC", "admin|example", "admin"), ("myCrm", ENDUSER, "secret"), ("myIstra", ENDUSER, "secret")],
)
async def test_three_applications_log_in(istra: Istra, application: str, user: str, password: str, scheme: str) -> None:
    reply = await istra.log_in(application, user, password, scheme)
    assert reply.status == 200
    assert reply.body["application"] == application
    name, _, value = reply.headers["Set-Cookie"].partition("=")
    session, *attributes = value.split(";")
    assert name == f"{application}_SESSIONID"
    assert attributes == ["Path=/restletrouter", "HttpOnly"]
    assert -(2**63) <= int(session) < 2**63
    word, _, token = reply.headers["X-Application"].partition(";")
    assert word == application
    assert len(token) == 36


@pytest.mark.parametrize(
    ("application", "user", "password", "status"),
    [
        ("myRCC", "admin|example", "guess", 401),
        ("myRCC", "admin|other", "admin", 401),
        ("myRCC", "admin", "admin", 401),
        ("myRCC", f"{ALICE}|example", "secret", 401),
        ("myRCC", ENDUSER, "secret", 401),
        ("myCrm", ALICE, "secret", 401),
        ("myCrm", ENDUSER, "guess", 401),
        ("myIstra", "ENDUSER:admin", "admin", 401),
        ("myIstra", "ENDUSER:nobody", "secret", 401),
        ("myIstra", "ENDUSER:", "", 401),
        ("mySomething", ENDUSER, "secret", 400),
        ("", ENDUSER, "secret", 400),
    ],
)
async def test_wrong_credentials(istra: Istra, application: str, user: str, password: str, status: int) -> None:
    reply = await istra.log_in(application, user, password)
    assert reply.status == status
    assert reply.body["message"]
    assert "Set-Cookie" not in reply.headers
    assert len(istra.face.sessions) == 0


@pytest.mark.parametrize("value", [None, "Bearer x", "Basic %%%", "Basic", "Basic " + base64.b64encode(b"x").decode()])
async def test_odd_authorization(istra: Istra, value: str | None) -> None:
    headers = {"X-Application": "myIstra", "Authorization": value}
    assert (await istra.ask("POST", "v1/service/Login", headers=headers)).status == 401


async def test_a_public_number_is_a_login() -> None:
    people = [UserSpec(login="ann", number="2000", pstn_numbers=("+15550100",))]
    async with office(users=people) as istra:
        assert (await istra.log_in("myIstra", "ENDUSER:+15550100", "secret")).status == 200
        assert (await istra.get("v1/user/Info"))["user"]["login"] == "ann"


async def test_two_steps_are_refused_with_a_message() -> None:
    people = [UserSpec(login="ann", number="2000", two_step=True), UserSpec(login="ben", number="2001")]
    async with office(users=people) as istra:
        reply = await istra.log_in("myIstra", "ENDUSER:ann", "secret")
        assert reply.status == 412
        assert set(reply.body) == {"message"}
        assert (await istra.log_in("myIstra", "ENDUSER:ann", "wrong")).status == 401
        assert (await istra.log_in("myIstra", "ENDUSER:ben", "secret")).status == 200
        istra.face.variants.set(two_step=True)
        assert (await istra.log_in("myRCC", "admin|example", "admin")).status == 412


async def test_mycrm_needs_the_right_to_it() -> None:
    people = [UserSpec(login="ann", number="2000", crm=False), UserSpec(login="ben", number="2001")]
    async with office(users=people) as istra:
        reply = await istra.log_in("myCrm", "ENDUSER:ann", "secret")
        assert (reply.status, reply.body["code"]) == (401, "MYCRM_ERR_403")
        assert (await istra.log_in("myIstra", "ENDUSER:ann", "secret")).status == 200
        await istra.log_in("myCrm", "ENDUSER:ben", "secret")
        istra.switch.users["ben"].crm = False
        for path in ("GetTerminals", "CallLine?listenerName=a&terminalId=1", "PlaceCall?terminalId=1&destination=2000"):
            reply = await istra.ask("GET", f"v1/crm/{path}")
            assert (reply.status, reply.body["code"]) == (401, "MYCRM_ERR_403")


async def test_cookie_and_token_belong_together(istra: Istra) -> None:
    await istra.user()
    good = istra.header
    wrong = stable("wrong")
    for headers, status, code in (
        ({"Cookie": f"myIstra_SESSIONID={wrong}"}, 401, "ROUTER_ERR_401"),
        ({"X-Application": None}, 403, "ROUTER_ERR_400"),
        ({"X-Application": "myIstra"}, 403, "ROUTER_ERR_400"),
        ({"X-Application": "myIstra;wrong"}, 403, "ROUTER_ERR_400"),
        ({"X-Application": (good or "").replace("myIstra", "myCrm")}, 403, "ROUTER_ERR_400"),
        ({"Authorization": "Basic " + base64.b64encode(b"ENDUSER:oxe1001:secret").decode()}, 403, "ROUTER_ERR_400"),
    ):
        reply = await istra.ask("GET", "v1/user/Info", headers=headers)
        assert (reply.status, reply.body["code"]) == (status, code), headers
    same = "Basic " + base64.b64encode(f"{ENDUSER}:secret".encode()).decode()
    assert (await istra.ask("GET", "v1/user/Info", headers={"Authorization": same})).status == 200
    assert (await istra.ask("GET", "v1/user/Info")).status == 200


async def test_an_application_has_only_its_own_resources(istra: Istra) -> None:
    await istra.user()
    for method, path in (("GET", "v1/rcc/Extension"), ("GET", "v1/crm/GetTerminals")):
        reply = await istra.ask(method, path)
        assert (reply.status, reply.body["code"]) == (403, "ROUTER_ERR_403")


async def test_credentials_with_every_request_need_no_login(istra: Istra) -> None:
    word = "Basic " + base64.b64encode(f"{ENDUSER}:secret".encode()).decode()
    reply = await istra.ask("GET", "v1/user/Info", headers={"X-Application": "myIstra", "Authorization": word})
    assert reply.status == 200
    assert reply.body["userName"] == "Alice Martin"
    assert istra.cookies
    assert (await istra.ask("GET", "v1/user/Info")).status == 200, "the session goes on"


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_logging_out(istra: Istra, method: str) -> None:
    await istra.rcc()
    push = await istra.listen()
    reply = await istra.ask(method, "v1/service/Logout")
    assert (reply.status, reply.raw) == (204, b"")
    assert reply.headers["Set-Cookie"].startswith("myRCC_SESSIONID=")
    assert "Expires=Thu, 01-Jan-1970" in reply.headers["Set-Cookie"]
    assert (await istra.ask("GET", "v1/rcc/CallLine")).status == 401
    assert await push.closed()
    assert istra.simulator.state()["istra"] == {
        "sessions": 0,
        "listeners": 0,
        "sockets": 0,
        "sockets_opened": 1,
        "requests": istra.face.requests,
    }


async def test_logging_out_as_some_servers_have_it(istra: Istra) -> None:
    istra.face.variants.set(logout="get", foreign_logout_cookie=True)
    await istra.rcc()
    reply = await istra.ask("POST", "v1/service/Logout")
    assert reply.status == 405
    assert reply.headers["Allow"] == "GET"
    reply = await istra.ask("GET", "v1/service/Logout")
    assert reply.status == 204
    assert reply.headers["Set-Cookie"].startswith("myIstra_SESSIONID=")
    assert len(istra.face.sessions) == 0


async def test_an_unused_session_ends(istra: Istra) -> None:
    await istra.user()
    push = await istra.socket()
    istra.clock.advance(1799)
    await istra.get("v1/user/Info")
    istra.clock.advance(1799)
    await push.socket.send('{"keepalive" : "true"}')
    (socket,) = istra.face.connections
    await until(lambda: socket.pings == 1)
    istra.clock.advance(1799)
    await istra.get("v1/user/Info")
    istra.clock.advance(1800)
    assert (await istra.ask("GET", "v1/user/Info")).status == 401
    assert await push.closed()


async def test_tokens_that_are_renewed(istra: Istra) -> None:
    await istra.user()
    istra.face.variants.set(token_renewal=True)
    first = istra.header
    seen = {first}
    for _ in range(3):
        await istra.get("v1/user/Info")
        assert istra.header not in seen
        seen.add(istra.header)
    assert (await istra.ask("GET", "v1/user/Info", headers={"X-Application": first})).status == 200, "on its way"
    for _ in range(8):
        await istra.get("v1/user/Info")
    reply = await istra.ask("GET", "v1/user/Info", headers={"X-Application": first})
    assert (reply.status, reply.body["code"]) == (403, "ROUTER_ERR_400")


@pytest.mark.parametrize("status", [301, 302])
async def test_sent_to_another_host(istra: Istra, status: int) -> None:
    istra.face.variants.set(redirect=status)
    reply = await istra.log_in("myIstra", ENDUSER, "secret")
    assert reply.status == status
    port = istra.root.rpartition(":")[2]
    assert reply.headers["Location"] == f"http://localhost:{port}/restletrouter/v1/service/Login"
    istra.root = f"http://localhost:{port}"
    await istra.user()
    assert (await istra.get("v1/user/Info"))["userName"] == "Alice Martin"
    await istra.socket()
    istra.root = istra.simulator.istra_url
    reply = await istra.ask("GET", "ws-service/myIstra")
    assert (reply.status, reply.headers["Location"]) == (
        status,
        f"http://localhost:{port}/restletrouter/ws-service/myIstra",
    )
    istra.face.variants.set(redirect=status, redirect_to="https://other.example.com")
    reply = await istra.ask("GET", "v1/user/Info?rt=a,b")
    assert reply.headers["Location"] == "https://other.example.com/restletrouter/v1/user/Info?rt=a,b"


async def test_at_the_root_of_a_host(istra: Istra) -> None:
    istra.face.variants.set(base="root")
    assert (await istra.log_in("myIstra", ENDUSER, "secret")).status == 404
    istra.base = "/"
    reply = await istra.log_in("myIstra", ENDUSER, "secret")
    assert reply.status == 200
    assert "Path=/;" in reply.headers["Set-Cookie"]
    await istra.socket()
    istra.face.variants.set(base="router")
    assert (await istra.log_in("myIstra", ENDUSER, "secret")).status == 404


async def test_pages_in_browsers(istra: Istra) -> None:
    origin: dict[str, str | None] = {"Origin": "https://app.example.com"}
    reply = await istra.ask("OPTIONS", "v1/service/Login", headers=origin)
    assert reply.status == 204
    assert "X-Application" in reply.headers["Access-Control-Allow-Headers"]
    assert "PUT" in reply.headers["Access-Control-Allow-Methods"]
    await istra.user()
    for path in ("v1/user/Info", "v1/user/Nothing"):
        reply = await istra.ask("GET", path, headers=origin)
        assert reply.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
        assert reply.headers["Access-Control-Allow-Credentials"] == "true"
        assert reply.headers["Access-Control-Expose-Headers"].startswith("X-Application, ")
    async with office(istra_origins=("https://app.example.com",)) as other:
        reply = await other.ask("OPTIONS", "v1/service/Login", headers={"Origin": "https://evil.example.com"})
        assert "Access-Control-Allow-Origin" not in reply.headers


async def test_gzip_on_request(istra: Istra) -> None:
    await istra.user()
    url = istra.root + "/restletrouter/v1/user/Info"
    async with (
        aiohttp.ClientSession(auto_decompress=False) as http,
        http.get(url, headers=istra.headers | {"Accept-Encoding": "gzip,deflate"}) as response,
    ):
        assert response.headers["Content-Encoding"] == "gzip"
        packed = await response.read()
    plain = await istra.ask("GET", "v1/user/Info", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed) == plain.raw


async def test_what_is_not_there(istra: Istra) -> None:
    await istra.user()
    for method, path, status in (
        ("GET", "v1/nothing", 404),
        ("GET", "", 404),
        ("DELETE", "v1/user/Info", 405),
        ("GET", "v1/service/Login", 405),
        ("GET", "ws-service/mySomething", 404),
        ("GET", "ws-service/myIstra", 400),
        ("DELETE", "v1/service/EventListener/bean/none", 404),
        ("GET", "v1/logs/Notifications/bean?listenerName=none", 404),
        ("POST", "v1/service/EventListener/bean", 400),
    ):
        reply = await istra.ask(method, path)
        assert reply.status == status, (method, path, reply)
        assert reply.body["code"]
    async with istra.http.get(istra.root + "/v1/user/Info", headers=istra.headers) as response:
        assert response.status == 404


@pytest.mark.parametrize("raw", ["{", "[]", '"text"', b"\xff", '{"name": "a"} trouble', '{"name": ""}', '{"name": []}'])
async def test_bodies_that_are_none(istra: Istra, raw: str | bytes) -> None:
    await istra.user()
    reply = await istra.ask("POST", "v1/service/EventListener/bean", raw=raw)
    assert (reply.status, reply.body["code"]) == (400, "ERR_0")


async def test_sockets_need_a_session(istra: Istra) -> None:
    istra.application = "myIstra"
    for headers, status in (({}, 401), ({"Cookie": "myIstra_SESSIONID=1"}, 401)):
        with pytest.raises(InvalidStatus) as refused:
            await istra.socket(headers=headers)
        assert refused.value.response.status_code == status
    await istra.user()
    cookie = istra.headers["Cookie"]
    for headers in ({"Cookie": cookie}, {"Cookie": cookie, "X-Application": "myCrm"}):
        with pytest.raises(InvalidStatus) as refused:
            await istra.socket(headers=headers)
        assert refused.value.response.status_code == 403
    await istra.socket(headers={"Cookie": cookie, "X-Application": "myIstra"})
    await istra.rcc()
    await istra.socket(headers={"Cookie": istra.headers["Cookie"]})


async def test_a_second_socket_takes_the_place_of_the_first(istra: Istra) -> None:
    await istra.rcc()
    first = await istra.listen()
    second = await istra.socket()
    assert await first.closed()
    istra.switch.make_call(ALICE, "1000", "1001")
    (line,) = await second.items()
    assert line["state"] == "prompting"


async def test_pings_go_both_ways(istra: Istra) -> None:
    await istra.rcc()
    push = await istra.socket(first=False)
    assert await push.frame() == '{"timeout_milliseconds":300000}'
    for _ in range(3):
        istra.clock.advance(100)
        assert await push.frame() == "ping"
    await push.socket.send("ping")
    (socket,) = istra.face.connections
    await until(lambda: socket.pings == 1)
    await push.socket.send(b"ping")
    await until(lambda: socket.pings == 2)
    istra.face.variants.set(ping="binary")
    istra.clock.advance(100)
    assert await push.frame() == b"ping"
    istra.clock.advance(300)
    assert await push.closed(), "the client is gone"


async def test_myistra_has_no_pings(istra: Istra) -> None:
    await istra.user()
    push = await istra.socket()
    istra.clock.advance(1000)
    assert await push.silent()


async def test_over_https_and_http_at_once() -> None:
    async with office(tls=True) as istra:
        assert istra.root.startswith("https://")
        await istra.user()
        assert (await istra.ask("GET", "v1/user/Info", root=istra.simulator.istra_http_url)).status == 200


async def test_a_restart_keeps_the_port_and_the_calls(istra: Istra) -> None:
    await istra.rcc()
    push = await istra.listen()
    line, _ = await istra.talk()
    root = istra.simulator.istra_url
    await istra.simulator.restart(abrupt=True)
    assert not await push.closed()
    assert istra.simulator.istra_url == root
    assert (await istra.ask("GET", "v1/rcc/CallLine")).status == 401
    await istra.rcc()
    assert (await istra.find(line))["state"] == "talking"
    await istra.simulator.stop()
    assert istra.face.connections == ()


async def test_a_user_who_is_deleted_is_logged_out(istra: Istra) -> None:
    await istra.user()
    push = await istra.listen("mixed")
    istra.simulator.remove_user(ALICE)
    assert await push.closed()
    assert (await istra.ask("GET", "v1/user/Info")).status == 401
    assert (await istra.log_in("myIstra", ENDUSER, "secret")).status == 401
    istra.simulator.add_user(UserSpec(login="eve", number="1009", last_name="Eden"))
    assert (await istra.log_in("myIstra", "ENDUSER:eve", "secret")).status == 200
    await istra.rcc()
    assert [each["addressNumber"] for each in (await istra.get("v1/rcc/Extension"))["items"]] == [
        "1001",
        "1002",
        "1003",
        "1009",
    ]


# -------------------------------------------------------------------------------------------------------------- faults


async def test_faults_reach_istra(istra: Istra) -> None:
    faults = istra.simulator.faults
    await istra.rcc()
    push = await istra.listen()
    faults.refuse_logins()
    assert (await istra.log_in("myRCC", "admin|example", "admin")).status == 401
    faults.refuse_logins(False)
    faults.telephony_down()
    for path in ("v1/rcc/CallLine", "v1/rcc/Extension"):
        reply = await istra.ask("GET", path)
        assert (reply.status, reply.body) == (503, {"code": "ROUTER_ERR_503", "message": "IPTC not started"})
    assert (await (await istra.other()).rcc()).header
    faults.telephony_down(False)
    faults.not_ready()
    assert (await istra.log_in("myRCC", "admin|example", "admin")).status == 503
    faults.clear()
    faults.cti_link_down()
    uri = (await istra.extension("1000"))["restUri"]
    assert (await istra.ask("POST", f"{uri}/placeCall", {"destination": "1001"})).status == 503
    faults.clear()
    faults.drop_requests()
    with pytest.raises(aiohttp.ClientError):
        await istra.ask("POST", "v1/service/EventListener/bean", {"name": "a"})
    faults.delay(2)
    waiting = asyncio.create_task(istra.ask("GET", "v1/rcc/CallLine"))
    await until(lambda: istra.clock.pending > 3)
    assert not waiting.done()
    istra.clock.advance(2)
    assert (await waiting).status == 200
    faults.clear()
    assert faults.expire_sessions() == 1 + 1
    assert await push.closed()
    assert (await istra.ask("GET", "v1/rcc/CallLine")).status == 401


async def test_sockets_break_and_end(istra: Istra) -> None:
    faults = istra.simulator.faults
    await istra.rcc()
    push = await istra.listen()
    assert faults.cut_channels() == 1
    assert not await push.closed()
    push = await istra.socket()
    assert faults.close_cleanly() == 1
    assert await push.closed()
    istra.switch.make_call(ALICE, "1000", "1001")
    push = await istra.socket()
    (line,) = await push.items()
    assert line["state"] == "prompting", "what happened meanwhile comes over the next"


async def test_frozen_sockets_say_nothing(istra: Istra) -> None:
    faults = istra.simulator.faults
    await istra.rcc()
    push = await istra.listen()
    assert faults.freeze_channels() == 1
    istra.switch.make_call(ALICE, "1000", "1001")
    assert await push.silent()
    pong = await push.socket.ping()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(pong), 0.05)
    faults.thaw()
    (line,) = (await push.next())["item"]
    assert line["state"] == "prompting"
    await asyncio.wait_for(await push.socket.ping(), 30)


async def test_pushes_that_are_odd(istra: Istra) -> None:
    faults = istra.simulator.faults
    await istra.rcc()
    push = await istra.listen()
    faults.malform_next()
    call = istra.switch.make_call(ALICE, "1000", "1001")
    istra.clock.advance(0.1)
    frame = await push.frame()
    with pytest.raises(json.JSONDecodeError):
        json.loads(frame)
    faults.item_without_id()
    istra.switch.answer(ALICE, call.ref, "1000")
    for line in await push.items():
        assert not {"lineId", "restUri"} & line.keys()
    faults.duplicate_events()
    istra.switch.release(ALICE, call.ref)
    assert await push.items() == await push.items()
    faults.clear()
    assert faults.unknown_event("somethingNew") == 1
    (item,) = await push.items()
    assert item["event"] == "somethingNew"


# ------------------------------------------------------------------------------------------------------------ settings


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("enterprise", ""),
        ("enterprise", "a|b"),
        ("rcc_page", 0),
        ("istra_port", -1),
        ("istra_timeout", 0),
        ("istra_idle", 0),
        ("users", [{"login": "a", "number": "1", "caller_id": "1234"}]),
        ("users", [{"login": "a", "number": "1", "pstn_numbers": ["0100"]}]),
        (
            "users",
            [
                {"login": "a", "number": "1", "pstn_numbers": ["+15550100"]},
                {"login": "b", "number": "2", "pstn_numbers": ["+15550100"]},
            ],
        ),
    ],
)
def test_wrong_settings_are_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=field):
        settings(**{field: value})


def test_two_ports_that_are_the_same() -> None:
    with pytest.raises(ValueError, match="istra_port"):
        settings(port=5000, istra_port=5000)


async def test_no_istra_unless_asked_for(start: Any) -> None:
    simulator = await start()
    assert simulator.istra is None
    assert simulator.state()["istra"] is None
    with pytest.raises(InvalidInput, match="istra_port"):
        _ = simulator.istra_url


def test_identifiers_are_stable_and_of_either_sign() -> None:
    found = [stable("extension", f"oxe{number}") for number in range(100)]
    assert found == [stable("extension", f"oxe{number}") for number in range(100)]
    assert len(set(found)) == 100
    assert 20 < sum(text.startswith("-") for text in found) < 80
    assert all(-(2**63) <= int(text) < 2**63 for text in found)
