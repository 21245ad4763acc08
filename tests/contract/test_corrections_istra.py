"""What clients of Istra in the field do otherwise than the guides, row by row and on both sides; and their sequences.

The client's side is tested against a server that only plays back text, the simulator's with requests as the vendor's
own panel script and a call centre's client make them: with aiohttp and websockets, and nothing of ours.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from websockets.asyncio.client import connect

import aiopbx
from aiopbx import CallState, Pbx, Status, TwoStepRequired
from aiopbx.errors import AuthenticationFailed, InvalidInput, RequestRefused
from aiopbx.simulator import UserSpec
from tests.aiopbx.istra.istra_server import PASSWORD, IstraServer
from tests.aiopbx.office import until
from tests.aiopbx.simulator.istra_client import ALICE, BOB, Istra, office
from tests.contract.rows import Row, corrections, held

PANEL = {"X-Authenticate": "false", "X-RestletApiModuleEntityName": "MODULE_SERVER"}
"""What the panel sends with every request."""
MECHANISM = "X-Two-Level-Auth-Mechanism"
EXTENSIONS = {"count": 1, "items": [{"addressNumber": "1000", "restUri": "v1/rcc/Extension/7", "displayName": "Alice"}]}
LINE = {
    "lineId": "-48",
    "restUri": "v1/rcc/CallLine/-48",
    "extension": "v1/rcc/Extension/7",
    "state": "prompting",
    "isIncoming": True,
    "actions": ["answer", "disconnect"],
    "creationTime": "1764324000000",
    "lastModificationTime": "1764324000000",
}


def client(name: str) -> Any:
    return held("Istra corrections", "client", corrections([name]))


def simulator(name: str) -> Any:
    return held("Istra corrections", "simulator", corrections([name]))


@pytest.fixture
async def istra() -> AsyncIterator[Istra]:
    async with office() as istra:
        yield istra


@pytest.fixture
async def server() -> AsyncIterator[IstraServer]:
    """A server that has one extension and one terminal, in the form of the guides and of what the clients read."""
    async with IstraServer() as server:
        server.answer("GET", "v1/rcc/Extension", json=EXTENSIONS)
        server.answer("GET", "v1/rcc/CallLine", json={"count": 0, "results": []})
        server.answer("POST", "v1/service/EventListener/bean", json={"name": "renamed"})
        server.answer("GET", "v1/crm/GetTerminals", json=[{"deviceModel": "SIP generic device", "terminalId": "-9"}])
        yield server


@asynccontextmanager
async def connected(server: IstraServer, system: str = "myrcc", **settings: Any) -> AsyncIterator[Pbx]:
    values: dict[str, Any] = {"enterprise": "acme"} if system == "myrcc" else {}
    values |= {"url": server.url, "system": system, "username": "admin", "password": PASSWORD, "request_timeout": 2.0}
    async with asyncio.timeout(30):
        pbx = await aiopbx.connect(**values | settings)
    try:
        yield pbx
    finally:
        await pbx.close()


def basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


def passwords(server: IstraServer) -> list[str]:
    """What was sent as passwords, in order."""
    sent = [one.headers["Authorization"].partition(" ")[2] for one in server.asked("POST", "v1/service/Login")]
    return [base64.b64decode(pair).decode().rpartition(":")[2] for pair in sent]


# ------------------------------------------------------------------------------------------------ logging in


@pytest.mark.parametrize("body", ["", "{}", '{"login": "admin"}', "[]", "welcome"])
@client("login")
async def test_login_is_read_whatever_its_body_is(server: IstraServer, row: Row, body: str) -> None:
    headers = list(server.session_headers("myRCC").items())
    server.answer("POST", "v1/service/Login", text=body, headers=headers)
    async with connected(server) as pbx:
        assert pbx.status == "online"


@simulator("login")
async def test_login_is_answered_with_json_or_as_the_guide_has_it(istra: Istra, row: Row) -> None:
    for form, is_json in (("json", True), ("empty", False)):
        istra.face.variants.set(login_body=form)
        reply = await istra.log_in("myRCC", "admin|example", "admin")
        assert (reply.status, isinstance(reply.body, dict)) == (200, is_json)
        assert reply.headers["X-Application"].startswith("myRCC;")
        assert reply.headers["Set-Cookie"].startswith("myRCC_SESSIONID=")


@client("session")
async def test_session_of_a_token_alone_is_one(server: IstraServer, row: Row) -> None:
    """Where a login sets no cookie, requests carry the token; the socket is tried with what there is."""
    token = {"X-Application": f"myRCC;{server.token}"}
    server.answer("POST", "v1/service/Login", json={}, headers=list(token.items()))
    async with connected(server):
        (asked,) = server.asked("GET", "v1/rcc/Extension")
        assert asked.headers["X-Application"] == token["X-Application"]
        assert "Cookie" not in asked.headers


@simulator("session")
async def test_session_is_known_by_its_token_alone_unless_the_cookie_is_needed(istra: Istra, row: Row) -> None:
    await istra.rcc()
    alone: dict[str, str | None] = {"Cookie": None}
    assert (await istra.ask("GET", "v1/rcc/Extension", headers=alone)).status == 200
    for header in ("myRCC", "myRCC;other", istra.header.replace("myRCC", "myCrm") if istra.header else ""):
        refused = await istra.ask("GET", "v1/rcc/Extension", headers={"Cookie": None, "X-Application": header})
        assert refused.status == 401, header
    istra.clock.advance(1801)
    assert (await istra.ask("GET", "v1/rcc/Extension", headers=alone)).status == 401
    await istra.rcc()
    istra.face.variants.set(cookie_needed=True)
    assert (await istra.ask("GET", "v1/rcc/Extension", headers=alone)).status == 401
    assert (await istra.ask("GET", "v1/rcc/Extension")).status == 200


@client("`X-Authenticate: false`")
async def test_x_authenticate_is_no_matter_a_401_is_understood_without_it(server: IstraServer, row: Row) -> None:
    server.answer("POST", "v1/service/Login", status=401)
    with pytest.raises(AuthenticationFailed):
        async with connected(server):
            pass


@simulator("`X-Authenticate: false`")
async def test_x_authenticate_keeps_the_dialog_of_a_browser_away(istra: Istra, row: Row) -> None:
    asked = await istra.ask("GET", "v1/rcc/Extension")
    assert (asked.status, "WWW-Authenticate" in asked.headers) == (401, True)
    quiet = await istra.ask("GET", "v1/rcc/Extension", headers={"X-Authenticate": "false"})
    assert (quiet.status, "WWW-Authenticate" in quiet.headers) == (401, False)
    origin = {"Origin": "https://panel.example.com"}
    reply = await istra.ask("OPTIONS", "v1/service/Login", headers=origin)
    assert "X-Authenticate" in reply.headers["Access-Control-Allow-Headers"]
    assert MECHANISM in reply.headers["Access-Control-Expose-Headers"]


@client("`X-RestletApiModuleEntityName: MODULE_SERVER`")
async def test_x_restlet_api_module_entity_name_is_left_to_the_cluster(server: IstraServer, row: Row) -> None:
    async with connected(server):
        assert not any("X-RestletApiModuleEntityName" in one.headers for one in server.requests)


@simulator("`X-RestletApiModuleEntityName: MODULE_SERVER`")
async def test_x_restlet_api_module_entity_name_is_allowed(istra: Istra, row: Row) -> None:
    origin: dict[str, str | None] = {"Origin": "https://panel.example.com"}
    reply = await istra.ask("OPTIONS", "v1/service/Login", headers=origin)
    assert "X-RestletApiModuleEntityName" in reply.headers["Access-Control-Allow-Headers"]
    await istra.rcc()
    assert (await istra.ask("GET", "v1/rcc/Extension", headers=dict(PANEL))).status == 200


def second_step(server: IstraServer, sent_by: str | None = "authByMail", *, then: bool = False) -> None:
    headers = [(MECHANISM, sent_by)] if sent_by is not None else []
    server.answer(
        "POST",
        "v1/service/Login",
        status=412,
        json={"message": "two steps authentication"},
        headers=headers,
        then=then,
    )


@pytest.mark.parametrize(
    ("header", "sent_by"), [("authByMail", "Mail"), ("authBySms", "Sms"), (None, None), ("otherwise", None)]
)
@client("two steps")
async def test_two_steps_say_how_the_second_password_was_sent(
    server: IstraServer, row: Row, header: str | None, sent_by: str | None
) -> None:
    second_step(server, header)
    with pytest.raises(TwoStepRequired) as error:
        async with connected(server):
            pass
    assert error.value.sent_by == sent_by
    assert "second password" in str(error.value)
    assert ("by " + str(sent_by) in str(error.value)) is (sent_by is not None)
    assert passwords(server) == [PASSWORD]


@client("two steps")
async def test_two_steps_are_made_with_the_second_password(server: IstraServer, row: Row) -> None:
    server.answer("POST", "v1/service/Login", json={}, headers=list(server.session_headers("myRCC").items()))
    async with connected(server, second_password="2468") as pbx:
        assert pbx.status == "online"
        assert passwords(server) == ["2468"], "the first one would make the server send another"
        assert "2468" not in repr(pbx.settings)


@client("two steps")
async def test_two_steps_begin_again_when_the_second_password_is_void(server: IstraServer, row: Row) -> None:
    server.answer("POST", "v1/service/Login", status=401)
    second_step(server, then=True)
    with pytest.raises(TwoStepRequired) as error:
        async with connected(server, second_password="1357"):
            pass
    assert "not valid" in str(error.value)
    assert "1357" not in str(error.value)
    assert passwords(server) == ["1357", PASSWORD]


def test_two_steps_are_of_istra_alone() -> None:
    for values in ({"second_password": "2468"}, {"system": "mycrm", "second_password": ""}):
        with pytest.raises(InvalidInput) as error:
            aiopbx.ConnectionSettings.make(url="https://pbx.example.com", username="a", password="b", **values)
        assert error.value.field == "second_password"


@pytest.mark.parametrize("once", [False, True], ids=["stays valid", "once"])
@simulator("two steps")
async def test_two_steps_of_the_simulator(row: Row, once: bool) -> None:
    people = [UserSpec(login="ann", number="2000", two_step=True)]
    async with office(users=people, second_password="1357") as istra:
        istra.face.variants.set(two_step_once=once)
        assert (await istra.log_in("myIstra", "ENDUSER:ann", "1357")).status == 401, "it was not sent yet"
        first = await istra.log_in("myIstra", "ENDUSER:ann", "secret")
        assert (first.status, first.body) == (412, {"message": "two steps authentication"})
        assert first.headers[MECHANISM] == "authByMail"
        assert (await istra.log_in("myIstra", "ENDUSER:ann", "2468")).status == 401
        assert (await istra.log_in("myIstra", "ENDUSER:ann", "1357")).status == 200
        assert (await istra.log_in("myIstra", "ENDUSER:ann", "1357")).status == (401 if once else 200)
        istra.face.variants.set(two_step_by="")
        assert MECHANISM not in (await istra.log_in("myIstra", "ENDUSER:ann", "secret")).headers


@pytest.mark.parametrize("once", [False, True], ids=["stays valid", "once"])
async def test_two_steps_from_end_to_end(once: bool) -> None:
    """The session of a second password that is valid once goes on: after a loss, and with the next client."""
    people = [UserSpec(login="ann", number="2000", two_step=True)]
    async with office(users=people) as istra:
        istra.face.variants.set(two_step_once=once)
        account = {"url": istra.root, "system": "myistra", "username": "ann", "password": "secret"}
        with pytest.raises(TwoStepRequired) as error:
            await aiopbx.connect(**account)
        assert error.value.sent_by == "Mail"
        for _ in range(2):
            pbx = await aiopbx.connect(**account, second_password="2468", reconnect_min=0.01)
            assert pbx.status == "online"
            opened = istra.face.sockets_opened
            istra.simulator.faults.cut_channels()
            await until(lambda opened=opened: istra.face.sockets_opened > opened)
            await pbx.wait_status(Status.ONLINE, timeout=30)
            await pbx.close()
            assert len(istra.face.sessions) == 1
        istra.clock.advance(1801)
        assert len(istra.face.sessions) == 0
        if once:
            with pytest.raises(TwoStepRequired):
                await aiopbx.connect(**account, second_password="2468")
        else:
            await (await aiopbx.connect(**account, second_password="2468")).close()


# ------------------------------------------------------------------------------------------ listeners, keep-alive


@client("listener on myCrm")
async def test_listener_on_mycrm_is_posted_in_every_form_and_bound_by_the_name_it_gets(
    server: IstraServer, row: Row
) -> None:
    server.answer("POST", "v1/service/EventListener/bean", status=400, json={"code": "ERR_0", "message": "no"})
    server.answer("POST", "v1/service/EventListener/bean", json={"name": "renamed"}, then=True)
    async with connected(server, "mycrm") as pbx:
        assert pbx.status == "online"
        both, alone = [one.json for one in server.asked("POST", "v1/service/EventListener/bean")]
        assert both.keys() == {"name", "terminalId"}
        assert alone == {"name": both["name"]}
        (bound,) = server.asked("GET", "v1/crm/CallLine")
        assert "listenerName=renamed" in bound.path
        assert "terminalId=-9" in bound.path


@pytest.mark.parametrize("form", ["either", "terminal", "name"])
@simulator("listener on myCrm")
async def test_listener_on_mycrm_without_its_terminal(row: Row, form: str) -> None:
    async with office() as istra:
        await istra.crm()
        istra.face.variants.set(crm_listener=form)
        (first, *_) = [one["terminalId"] for one in await istra.get("v1/crm/GetTerminals")]
        for body, good in (({"name": "a"}, form != "terminal"), ({"name": "b", "terminalId": first}, form != "name")):
            reply = await istra.ask("POST", "v1/service/EventListener/bean", body)
            assert (reply.status == 200) is good
            if good:
                assert reply.body["name"] == body["name"]
                bound = await istra.ask("GET", f"v1/crm/CallLine?listenerName={body['name']}&terminalId={first}")
                assert bound.status == 204
        push = await istra.socket()
        istra.switch.make_call(BOB, "1001", "1000", auto_answer=True)
        assert (await push.items())[0]["event"] == "callRinging"
        account = {"url": istra.root, "system": "mycrm", "username": ALICE, "password": "secret"}
        pbx = await aiopbx.connect(**account)
        assert pbx.status == "online"
        await pbx.close()


@client("keep-alive")
async def test_keep_alive_of_this_client_is_whole_messages(server: IstraServer, row: Row) -> None:
    server.timeout_milliseconds = 60
    async with connected(server, "mycrm"):
        socket = await server.opened.get()
        await until(lambda: len(socket.heard) >= 3)
        assert set(socket.heard) == {"ping"}


@simulator("keep-alive")
async def test_keep_alive_by_fragments_of_one_message_that_never_ends(istra: Istra, row: Row) -> None:
    await istra.crm()
    first, *_ = [one["terminalId"] for one in await istra.get("v1/crm/GetTerminals")]
    await istra.ask("POST", "v1/service/EventListener/bean", {"name": "a"})
    await istra.ask("GET", f"v1/crm/CallLine?listenerName=a&terminalId={first}")
    push = await istra.socket()
    (open_socket,) = istra.face.connections
    turns = asyncio.Event()

    async def pings() -> AsyncIterator[bytes]:
        while True:
            await turns.wait()
            turns.clear()
            yield b"ping"

    sending = asyncio.create_task(push.socket.send(pings(), text=False))
    for _ in range(12):  # an hour and a half, where 300 s of silence are too much
        istra.clock.advance(250)
        heard = open_socket._heard
        turns.set()
        await until(lambda heard=heard: open_socket._heard > heard)
        istra.clock.advance(200)
        turns.set()
        await until(lambda: open_socket._heard == istra.clock.now())
    istra.switch.make_call(BOB, "1001", "1000", auto_answer=True)
    assert (await push.items())[0]["event"] == "callRinging"
    sending.cancel()
    istra.clock.advance(450)
    await until(lambda: not istra.face.connections)


# ------------------------------------------------------------------------------------------------ what is said


@client("order")
async def test_order_of_this_client_loses_nothing_that_is_pushed_at_once(server: IstraServer, row: Row) -> None:
    async with connected(server) as pbx:
        socket = await server.opened.get()
        asked = server.sequence
        assert asked.index("GET ws-service/myRCC") < asked.index("POST v1/service/EventListener/bean")
        socket.send({"listenerName": "renamed", "item": [LINE]})
        call = await pbx.line("7").wait_for_call(timeout=30)
        assert call.state is CallState.RINGING_INCOMING


@simulator("order")
async def test_order_of_the_panel(istra: Istra, row: Row) -> None:
    await istra.rcc()
    push = await istra.socket(first=False)
    assert "timeout_milliseconds" in await push.next(), "the first frame is the first"
    await istra.ask("POST", "v1/service/EventListener/bean", {"name": "a"})
    await istra.get("v1/rcc/CallLine?listenerName=a")
    istra.switch.make_call(BOB, "1001", "1000", auto_answer=True)
    listed = {item["restUri"] for item in (await istra.get("v1/rcc/Extension"))["items"]}
    assert {line["extension"] for line in await push.items()} <= listed


@client("call-control actions")
async def test_call_control_actions_are_made_by_get_where_post_is_refused(server: IstraServer, row: Row) -> None:
    server.answer("GET", "v1/rcc/CallLine", json={"count": 1, "results": [LINE]})
    server.answer("POST", "v1/rcc/CallLine/-48/answer", status=405)
    async with connected(server) as pbx:
        (call,) = pbx.line("7").calls
        await call.answer()
        assert [one.method for one in server.requests if one.path.endswith("/answer")] == ["POST", "GET"]


@simulator("call-control actions")
async def test_call_control_actions_by_get(istra: Istra, row: Row) -> None:
    await istra.rcc()
    istra.switch.make_call(BOB, "1001", "1000", auto_answer=True)
    line = await istra.line_of("1000")
    for action, state in (("answer", "talking"), ("hold", "held"), ("unhold", "talking"), ("disconnect", None)):
        assert (await istra.ask("GET", f"v1/rcc/CallLine/{line['lineId']}/{action}")).status in (200, 204)
        found = [one["state"] for one in await istra.lines() if one["lineId"] == line["lineId"]]
        assert [one for one in found if one != "dropped"] == ([state] if state else [])


@client("destinations")
async def test_destinations_are_sent_in_one_form_however_they_are_typed(server: IstraServer, row: Row) -> None:
    server.answer("POST", "v1/rcc/Extension/7/placeCall", json={**LINE, "isIncoming": False})
    async with connected(server) as pbx:
        await pbx.line("7").dial("+1 (555) 01-00")
        (asked,) = server.asked("POST", "v1/rcc/Extension/7/placeCall")
        assert asked.json == {"destination": "+15550100"}


@simulator("destinations")
async def test_destinations_as_people_write_them(istra: Istra, row: Row) -> None:
    await istra.rcc()
    extension = await istra.extension("1000")
    assert (await istra.ask("POST", f"{extension['restUri']}/placeCall", {"destination": " 10 01 "})).status == 200
    (call,) = istra.switch.call_views(ALICE)
    istra.switch.answer(ALICE, call.ref, "1000")
    assert istra.switch.call_views(ALICE)[0].initial_called.number == "1001"
    await istra.crm(BOB)
    terminal = (await istra.get("v1/crm/GetTerminals"))[0]["terminalId"]
    path = f"v1/crm/PlaceCall?terminalId={terminal}&destination=%2B1%20%28555%29%2001-00"
    assert (await istra.ask("GET", path)).status == 200
    assert istra.switch.call_views(BOB)[-1].initial_called.number == "+15550100"


@client("another push")
async def test_another_push_is_not_taken_and_the_error_says_what_is_needed(server: IstraServer, row: Row) -> None:
    """Why CometD is not the way out, ``docs/istra-wire-choices.md`` says."""
    server.refuse_upgrades = [404]
    with pytest.raises(RequestRefused) as error:
        async with connected(server):
            pass
    assert "WebSocket" in str(error.value)
    assert not any("cometd" in one for one in server.sequence)


@simulator("another push")
async def test_another_push_is_not_there(istra: Istra, row: Row) -> None:
    await istra.rcc()
    handshake = [{"channel": "/meta/handshake", "version": "1.0", "appName": "myRCC"}]
    assert (await istra.ask("POST", "cometd", handshake)).status == 404


# ------------------------------------------------------------------------- the sequences, made without anything of ours


@asynccontextmanager
async def foreign() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield http


async def test_sequence_of_the_panel(istra: Istra) -> None:
    """The vendor's panel for myRCC, in a page of another origin: only the socket carries the cookie."""
    base = f"{istra.root}/restletrouter/v1"
    headers = {**PANEL, "Origin": "https://panel.example.com", "X-Application": "myRCC"}

    async def ask(method: str, path: str, body: Any = None) -> tuple[int, Any, Any]:
        async with http.request(method, f"{base}/{path}", json=body, headers=headers) as response:
            assert response.headers["Access-Control-Allow-Origin"] == headers["Origin"]
            raw = await response.read()
            return response.status, json.loads(raw) if raw else None, response.headers

    async with foreign() as http:
        credentials = basic("admin|example:admin")
        headers["Authorization"] = credentials
        status, body, answered = await ask("POST", "service/Login")
        assert status == 200
        assert body, "an empty answer is a failure to the panel"
        del headers["Authorization"]
        cookie = answered["Set-Cookie"].partition(";")[0]
        headers["X-Application"] = answered["X-Application"]
        url = istra.root.replace("http", "ws", 1) + "/restletrouter/ws-service/myRCC"
        async with connect(url, additional_headers={"Cookie": cookie}, ping_interval=None, proxy=None) as socket:
            assert json.loads(await socket.recv())["timeout_milliseconds"] == 300_000
            status, listener, _ = await ask("POST", "service/EventListener/bean", {"name": "panel"})
            assert status == 200
            status, extensions, _ = await ask("GET", "rcc/Extension")
            alice = next(one for one in extensions["items"] if one["addressNumber"] == "1000")
            status, lines, _ = await ask("GET", f"rcc/CallLine?listenerName={listener['name']}")
            assert (status, lines["results"]) == (200, [])
            path = alice["restUri"].removeprefix("v1/")
            status, placed, _ = await ask("POST", f"{path}/placeCall", {"destination": "10 01"})
            assert status == 200
            istra.clock.advance(0.1)
            pushed = json.loads(await socket.recv())["item"]
            assert {line["extension"] for line in pushed} >= {alice["restUri"]}
            for action in ("answer", "hold", "unhold", "disconnect"):
                if action == "hold":
                    (call,) = istra.switch.call_views(BOB)
                    istra.switch.answer(BOB, call.ref, "1001")
                status, _, _ = await ask("GET", f"rcc/CallLine/{placed['lineId']}/{action}")
                assert status in (200, 204), action
            istra.clock.advance(0.1)
            assert "dropped" in {line["state"] for line in json.loads(await socket.recv())["item"]}
            status, _, _ = await ask("GET", "service/Logout")
            assert status == 204
            assert len(istra.face.sessions) == 0


async def test_sequence_of_the_call_centre(istra: Istra) -> None:
    """A call centre's client of myCrm: the token alone, JSON announced on GETs too, the cookie only on the socket."""
    base = f"{istra.root}/restletrouter/v1"
    headers = {"Content-Type": "application/json", "X-Application": "myCrm"}
    async with foreign() as http:
        login = {**headers, "Authorization": basic(f"ENDUSER:{ALICE}:secret")}
        async with http.post(f"{base}/service/Login", data=b"", headers=login) as response:
            assert response.status == 200
            cookie = response.headers["Set-Cookie"].partition(";")[0]
            headers["X-Application"] = response.headers["X-Application"]

        async def ask(method: str, path: str, body: Any = None) -> tuple[int, Any]:
            data = None if body is None else json.dumps(body)
            async with http.request(method, f"{base}/{path}", data=data, headers=headers) as response:
                raw = await response.read()
                return response.status, json.loads(raw) if raw else None

        status, listener = await ask("POST", "service/EventListener/bean", {"name": "calls"})
        assert status == 200
        status, terminals = await ask("GET", "crm/GetTerminals")
        terminal = terminals[0]["terminalId"]
        assert await ask("GET", f"crm/CallLine?listenerName={listener['name']}&terminalId={terminal}") == (204, None)
        url = istra.root.replace("http", "ws", 1) + "/restletrouter/ws-service/myCrm"
        async with connect(url, additional_headers={"Cookie": cookie}, ping_interval=None, proxy=None) as socket:
            assert "timeout_milliseconds" in json.loads(await socket.recv())
            assert (await ask("GET", f"crm/PlaceCall?terminalId={terminal}&destination=10%2001"))[0] == 200
            (call,) = istra.switch.call_views(ALICE)
            istra.switch.answer(ALICE, call.ref, "1000")
            istra.clock.advance(0.1)
            events = json.loads(await socket.recv())["item"]
            assert [event["event"] for event in events] == ["callAlerting"]
