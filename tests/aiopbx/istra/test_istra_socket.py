"""The socket that pushes come over: greeting, keepalives, silence, what is pushed, and how it ends."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

import pytest

from aiopbx.errors import ConnectionFailed, NotFound, RequestRefused, SessionLost
from aiopbx.http.tap import WireMessage, Wiretap
from aiopbx.istra.client import IstraClient
from aiopbx.istra.decoding import PIECE, Push
from aiopbx.istra.socket import LONG_FRAME, LONGEST_FRAME, SHORTEST, PushSocket, SocketEnd
from aiopbx.istra.types.crm import CrmCallEvent
from aiopbx.istra.types.enduser import Notifications
from aiopbx.istra.types.rcc import CallLine
from tests.aiopbx.istra.conftest import Connect, Make
from tests.aiopbx.istra.istra_server import TOKEN, Cut, IstraServer, Shut, Socket
from tests.aiopbx.turned_clock import TurnedClock

QUICK = 60
"""Milliseconds of silence that a server bears in tests of keepalives."""


def a_line(line: str, **fields: Any) -> dict[str, Any]:
    return {"lineId": line, "state": "talking", "extensionURI": "v1/rcc/Extension/-1", **fields}


def lines(*ids: str, listener: str = "one") -> dict[str, Any]:
    return {"listenerName": listener, "item": [a_line(line) for line in ids]}


async def opened(client: IstraClient, server: IstraServer, **given: Any) -> tuple[PushSocket, Socket]:
    socket = await client.open_socket(**given)
    return socket, await server.opened.get()


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.001)


async def ended(socket: PushSocket) -> list[Push]:
    async with asyncio.timeout(30):
        return [push async for push in socket]


async def whole(socket: PushSocket) -> list[Push]:
    """As ``ended``, with a clock that is turned."""
    return [push async for push in socket]


async def take(socket: PushSocket, count: int = 1) -> list[Push]:
    found: list[Push] = []
    async with asyncio.timeout(30):
        async for push in socket:
            found.append(push)
            if len(found) == count:
                break
    return found


# ---------------------------------------------------------------------------------------------------------- greeting


@pytest.mark.parametrize(("system", "application"), [("myrcc", "myRCC"), ("mycrm", "myCrm"), ("myistra", "myIstra")])
async def test_the_upgrade_carries_what_the_application_wants(
    system: str, application: str, connect: Connect, server: IstraServer
) -> None:
    client = await connect(system)
    socket, seen = await opened(client, server)
    assert seen.application == application
    assert seen.headers["Cookie"] == f"{application}_SESSIONID={server.session}"
    assert seen.headers.get("X-Application") == ("myIstra" if system == "myistra" else None)
    assert "Authorization" not in seen.headers
    assert server.sequence[-1] == f"GET ws-service/{application}"
    assert not socket.closed


@pytest.mark.parametrize("timeout", [300000, "300000", 90000])
async def test_the_first_frame_says_how_often_to_ping(timeout: Any, connect: Connect, server: IstraServer) -> None:
    server.timeout_milliseconds = timeout
    socket, _ = await opened(await connect(), server)
    assert socket.timeout == int(timeout) / 1000
    assert socket.period == int(timeout) / 3000


@pytest.mark.parametrize("timeout", [0, -1, "soon", {}, ""])
async def test_a_first_frame_that_names_no_time_is_a_first_frame(
    timeout: Any, connect: Connect, server: IstraServer
) -> None:
    server.timeout_milliseconds = timeout
    socket, _ = await opened(await connect(request_timeout=5), server)
    assert (socket.timeout, socket.period) == (None, 30)


async def test_a_time_that_is_very_short_makes_no_storm(connect: Connect, server: IstraServer) -> None:
    server.timeout_milliseconds = 1
    socket, _ = await opened(await connect(), server)
    assert socket.period == SHORTEST


async def test_a_socket_that_says_nothing_is_none(connect: Connect, server: IstraServer) -> None:
    server.timeout_milliseconds = None
    client = await connect(impatient=0.5)
    with pytest.raises(ConnectionFailed, match="says nothing"):
        await client.open_socket()
    await server.sockets[0].gone.wait()


async def test_a_socket_that_is_closed_at_once_is_none(connect: Connect, server: IstraServer) -> None:
    server.timeout_milliseconds = None
    client = await connect()
    opening = asyncio.ensure_future(client.open_socket())
    (await server.opened.get()).send(Shut)
    with pytest.raises(ConnectionFailed, match="closed it at once"):
        await opening


async def test_what_is_pushed_before_the_first_frame_is_kept(connect: Connect, server: IstraServer) -> None:
    server.timeout_milliseconds = None
    client = await connect()
    opening = asyncio.ensure_future(client.open_socket())
    seen = await server.opened.get()
    seen.send(lines("-1"))
    seen.send({"timeout_milliseconds": 300000})
    seen.send(lines("-2"))
    pushes = await take(await opening, 2)
    assert [item.line_id for push in pushes for item in push.items if isinstance(item, CallLine)] == ["-1", "-2"]


async def test_a_session_that_has_expired_is_replaced_for_the_upgrade(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    server.refuse_upgrades = [401]
    server.session = "-2"
    _, seen = await opened(client, server)
    assert seen.headers["Cookie"] == "myRCC_SESSIONID=-2"
    assert len(server.asked("POST", "v1/service/Login")) == 2
    assert len(server.asked("GET", "ws-service/myRCC")) == 2


async def test_an_upgrade_that_is_refused_again_is_told(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    server.answer("GET", "ws-service/myRCC", status=401)
    with pytest.raises(SessionLost):
        await client.open_socket()
    assert client.lost.is_set()
    assert len(server.asked("POST", "v1/service/Login")) == 2


async def test_a_server_without_a_socket_is_told(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    server.answer("GET", "ws-service/myRCC", status=404)
    with pytest.raises(NotFound, match=r"WS ws-service/myRCC.*lets WebSockets through"):
        await client.open_socket()


async def test_a_page_instead_of_a_socket_is_told(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    server.answer("GET", "ws-service/myRCC", status=200, text="<html>Welcome</html>")
    with pytest.raises(RequestRefused, match="lets WebSockets through"):
        await client.open_socket()


async def test_a_server_that_cannot_be_reached_is_told(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    server.answer("GET", "ws-service/myRCC", drop=True)
    with pytest.raises(ConnectionFailed, match="the server hung up") as raised:
        await client.open_socket()
    assert raised.value.transient


# --------------------------------------------------------------------------------------------------------- keepalives


@pytest.mark.parametrize("system", ["myrcc", "mycrm"])
async def test_a_ping_goes_out_every_third(system: str, connect: Connect, server: IstraServer) -> None:
    server.timeout_milliseconds = QUICK
    socket, seen = await opened(await connect(system), server)
    begun = monotonic()
    await until(lambda: len(seen.heard) >= 5)
    assert monotonic() - begun >= 4 * QUICK / 3000
    assert set(seen.heard) == {"ping"}
    assert not socket.closed


@pytest.mark.parametrize(
    ("system", "period", "word"), [("myrcc", 100, "ping"), ("mycrm", 100, "ping"), ("myistra", 30, "{")]
)
async def test_keepalives_go_out_when_their_time_has_come_and_not_before(
    system: str, period: float, word: str, server: IstraServer, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that is turned."""
    loop, turned = asyncio.get_running_loop(), 0.0
    by_loop, by_system = loop.time, monotonic
    monkeypatch.setattr(loop, "time", lambda: by_loop() + turned)
    monkeypatch.setattr("aiopbx.istra.socket.monotonic", lambda: by_system() + turned)
    client = make(system, silence_timeout=100_000)
    await client.open()
    socket, seen = await opened(client, server)
    seen.send(lines("-1") if system == "myrcc" else "ping")
    heard = socket.last_heard

    async def read() -> None:
        async for _ in socket:
            pass

    reading = asyncio.ensure_future(read())
    await until(lambda: socket.last_heard > heard)
    for number in range(1, 4):
        turned += period - 1
        await asyncio.sleep(0.005)  # it has had its chance
        assert len(seen.heard) == number - 1
        turned += 1.1
        await until(lambda number=number: len(seen.heard) == number)  # type: ignore[misc]
    assert all(str(one).startswith(word) for one in seen.heard)
    await socket.close()
    await reading


async def test_a_keepalive_of_myistra_is_json(connect: Connect, server: IstraServer) -> None:
    client = await connect("myistra")
    _, seen = await opened(client, server, keep_alive=0.02)
    await until(lambda: len(seen.heard) >= 2)
    assert isinstance(seen.heard[0], str)
    assert json.loads(seen.heard[0]) == {"keepalive": "true"}
    socket = await client.open_socket()
    assert socket.period == 30


@pytest.mark.parametrize("ping", ["ping", b"ping", '"ping"', "PING\n"])
async def test_a_ping_of_the_server_is_no_push_and_makes_no_storm(
    ping: str | bytes, connect: Connect, server: IstraServer
) -> None:
    """It is answered by the ping that is due anyway, brought forward; never by more than one in half a period."""
    client = await connect()
    socket, seen = await opened(client, server)
    for _ in range(20):
        seen.send(ping)
    seen.send(lines("-1"))
    assert len(await take(socket)) == 1
    assert seen.heard == []  # one went out less than half a period ago: when the socket was opened
    socket.last_sent -= socket.period / 2
    for _ in range(20):
        seen.send(ping)
    seen.send(lines("-2"))
    await take(socket)
    await until(lambda: seen.heard)
    seen.send(lines("-3"))
    await take(socket)
    assert seen.heard == ["ping"]
    assert client.statistics.malformed_frames == 0
    assert client.statistics.events == 3


@pytest.mark.parametrize("frame", ["pong", b"pong", "", {"keepalive": "true"}, {"keepalive": True}])
async def test_other_signs_of_life_are_nothing_more(frame: Any, connect: Connect, server: IstraServer) -> None:
    client = await connect()
    socket, seen = await opened(client, server)
    before = socket.last_heard
    seen.send(frame)
    seen.send(lines("-1"))
    await take(socket)
    assert socket.last_heard > before
    assert client.statistics.malformed_frames == 0


async def test_a_timeout_that_changes_is_followed(connect: Connect, server: IstraServer) -> None:
    socket, seen = await opened(await connect(), server)
    seen.send({"timeout_milliseconds": QUICK})
    seen.send(lines("-1"))
    await take(socket)
    assert socket.period == QUICK / 3000
    await until(lambda: len(seen.heard) >= 2)


# ------------------------------------------------------------------------------------------------------------ silence


@pytest.mark.parametrize("system", ["myrcc", "mycrm", "myistra"])
async def test_silence_alone_is_no_death(system: str, connect: Connect, server: IstraServer) -> None:
    """The other side is asked, and as long as it answers, the socket lives."""
    socket, _ = await opened(await connect(system, silence_timeout=0.02), server)
    reading = asyncio.ensure_future(ended(socket))
    begun, heard = monotonic(), socket.last_heard
    await until(lambda: socket.last_heard > heard + 0.06)
    assert monotonic() - begun < 5
    assert not socket.closed
    await socket.close()
    assert await reading == []


@pytest.mark.parametrize("system", ["myrcc", "mycrm", "myistra"])
async def test_a_server_that_is_frozen_is_noticed(system: str, connect: Connect, server: IstraServer) -> None:
    socket, seen = await opened(await connect(system, silence_timeout=0.05, impatient=0.5), server)
    seen.freeze()
    assert await ended(socket) == []
    assert socket.end is SocketEnd.SILENT
    assert "does not answer" in (socket.end_reason or "")


async def test_a_keepalive_that_fails_in_an_unforeseen_way_ends_the_socket(
    connect: Connect, server: IstraServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server.timeout_milliseconds = QUICK
    socket, _ = await opened(await connect(), server)

    async def fail() -> None:
        raise ValueError("boom")

    monkeypatch.setattr(socket, "_send_keepalive", fail)
    assert await ended(socket) == []
    assert (socket.end, socket.end_reason) == (SocketEnd.SILENT, "keeping it alive failed (ValueError)")
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ValueError]


async def test_pings_that_have_ceased_are_noticed(connect: Connect, server: IstraServer) -> None:
    """A server that was heard to ping always does: what lies between may answer in its place."""
    server.timeout_milliseconds = QUICK
    socket, seen = await opened(await connect(), server)
    seen.send("ping")
    assert await ended(socket) == []
    assert (socket.end, socket.end_reason) == (SocketEnd.SILENT, "its pings have ceased")


async def test_a_session_that_only_listens_is_kept_alive(connect: Connect, server: IstraServer) -> None:
    requests = {"myrcc": "v1/rcc/Extension", "mycrm": "v1/crm/GetTerminals", "myistra": "v1/user/Info"}
    for system, path in requests.items():
        client = await connect(system)
        client.touch_every = 0.01
        server.answer("GET", path, text="[]" if system == "mycrm" else "{}")
        await client.open_socket()
        await until(lambda path=path: len(server.asked("GET", path)) >= 2)
        await client.close()


async def test_a_session_that_was_logged_out_is_not_kept_alive(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    await client.open_socket()
    await client.service.logout()
    client.touch_every = 0.001
    client._last_request -= 1000
    touching = asyncio.ensure_future(client._touch())
    for _ in range(5):
        await asyncio.sleep(0.001)  # it would not come back from here
    touching.cancel()
    assert server.sequence[-1] == "POST v1/service/Logout"


async def test_a_session_that_expired_while_listening_is_noticed(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    client.touch_every = 0.01
    server.answer("GET", "v1/rcc/Extension", status=401)
    server.answer("GET", "v1/rcc/Extension", text="{}", then=True)
    await client.open_socket()
    async with asyncio.timeout(30):
        await client.lost.wait()
    assert isinstance(client.lost_reason, SessionLost)


# ------------------------------------------------------------------------------------------------------------- pushes


async def test_two_listeners_on_one_socket_are_told_apart(connect: Connect, server: IstraServer) -> None:
    client = await connect("mycrm")
    for name, terminal in (("desk", "-598"), ("mobile", "-599")):
        server.answer("POST", "v1/service/EventListener/bean", json={"name": name, "restUri": f"x/{name}"})
        listener = await client.service.create_listener(name, terminal)
        assert listener.name == name
        await client.crm.listen(listener_name=name, terminal_id=terminal)
    assert [one.json for one in server.asked("POST", "v1/service/EventListener/bean")] == [
        {"name": "desk", "terminalId": "-598"},
        {"name": "mobile", "terminalId": "-599"},
    ]
    socket, seen = await opened(client, server)
    for name in ("desk", "mobile", "desk"):
        seen.send({"listenerName": name, "item": [{"event": "callRinging", "callId": f"-{name}"}]})
    pushes = await take(socket, 3)
    assert [push.listener for push in pushes] == ["desk", "mobile", "desk"]
    assert all(isinstance(push.items[0], CrmCallEvent) for push in pushes)


@pytest.mark.parametrize("wrapped", [False, True])
async def test_counters_come_as_an_object_or_as_a_list(wrapped: bool, connect: Connect, server: IstraServer) -> None:
    socket, seen = await opened(await connect("myistra"), server)
    counters = {"model": "v1/data/RestletApiSessionCounters", "unreadVoiceMails": 3}
    for _ in range(2):
        seen.send({"listenerName": "one", "item": [counters] if wrapped else counters})
        (push,) = await take(socket)
        (item,) = push.items
        assert isinstance(item, Notifications)
        assert item.unread_voice_mails == 3


@pytest.mark.parametrize(
    "frame",
    [
        "no JSON at all, and long enough to be some",
        b"\xff\xfe\x00 no text either, but bytes",
        '{"listenerName": "one", "item": [{"lineId": "-1", "state": "tal',
        "[1, 2, 3, 4, 5, 6, 7]",
        "42424242424242424242",
        "null" + " " * 20,
        '{"listenerName": "one", "item": "nothing of use"}',
        '{"listenerName": "one", "item": [{"state": "talking"}]}',
        '{"listenerName": "one", "item": [{"lineId": "", "state": "talking"}]}',
        '{"listenerName": "one", "item": [{"lineId": null, "state": "talking"}]}',
        "[" * 5000,
    ],
    ids=range(11),
)
async def test_a_frame_of_no_use_is_counted_and_skipped(
    frame: str | bytes, connect: Connect, server: IstraServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    client = await connect()
    socket, seen = await opened(client, server)
    for _ in range(3):
        seen.send(frame)
        seen.send(lines("-1"))
    assert len(await take(socket, 3)) == 3
    assert client.statistics.malformed_frames == 3
    assert caplog.text.count("was skipped") == 1
    assert not socket.closed


async def test_numbers_that_are_none_cost_nothing_but_themselves(connect: Connect, server: IstraServer) -> None:
    client = await connect("mycrm")
    socket, seen = await opened(client, server)
    large = "9" * 400
    seen.send(
        f'{{"listenerName": "one", "item": [{{"event": "callTalking", "callId": "-1", "ringingTime": {large}}}]}}'
    )
    ((item,),) = [push.items for push in await take(socket)]
    assert isinstance(item, CrmCallEvent)
    assert (item.call_id, item.ringing_time) == ("-1", None)
    assert client.statistics.bad_fields == 1


async def test_an_item_without_an_id_takes_nothing_else_with_it(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    socket, seen = await opened(client, server)
    for _ in range(2):
        seen.send({"listenerName": "one", "item": [a_line("-1"), {"state": "held"}, a_line("-3")]})
        (push,) = await take(socket)
        assert [item.line_id for item in push.items if isinstance(item, CallLine)] == ["-1", "-3"]
    assert client.statistics.malformed_frames == 2
    assert client.statistics.events == 4


@pytest.mark.parametrize("missing", ["callId", "event"])
async def test_an_event_that_lacks_its_key_is_skipped(missing: str, connect: Connect, server: IstraServer) -> None:
    client = await connect("mycrm")
    socket, seen = await opened(client, server)
    whole = {"event": "callRinging", "callId": "-428"}
    seen.send({"listenerName": "one", "item": [{key: whole[key] for key in whole if key != missing}, whole]})
    (push,) = await take(socket)
    assert len(push.items) == 1
    assert client.statistics.malformed_frames == 1


async def test_what_is_new_is_kept_and_told_once(
    connect: Connect, server: IstraServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    client = await connect()
    socket, seen = await opened(client, server)
    for _ in range(3):
        seen.send({"listenerName": "one", "item": [a_line("-1", state="floating", newField=7, actions=["dance"])]})
    for push in await take(socket, 3):
        (line,) = push.items
        assert isinstance(line, CallLine)
        assert (line.state, line.actions) == ("floating", ("dance",))
        assert line.state is not None
        assert not line.state.listed
    assert client.statistics.unknown_values == 6
    assert client.statistics.unknown_fields == 1
    assert caplog.text.count("newField") == 1
    assert caplog.text.count("'floating'") == 1


async def test_frames_are_told_to_whoever_listens_in(connect: Connect, server: IstraServer) -> None:
    told: list[WireMessage] = []
    tap = Wiretap()
    end = tap.listen(told.append)
    socket, seen = await opened(await connect(tap=tap), server)
    seen.send(lines("-1"))
    await take(socket)
    assert [one.body for one in told if one.what == "ws-service/myRCC" and not one.sent] == [
        '{"timeout_milliseconds": 300000}',
        json.dumps(lines("-1")),
    ]
    end()
    heard = len(told)
    seen.send(lines("-2"))
    await take(socket)
    assert len(told) == heard


# ---------------------------------------------------------------------------------------------------------------- end


# ------------------------------------------------------------------------------------------------------- long frames


@pytest.mark.parametrize("spelled", [str, int], ids=["strict", "forgiving"])
async def test_a_long_frame_comes_in_pieces_and_others_have_their_turn_between(
    spelled: type, connect: Connect, server: IstraServer
) -> None:
    socket, seen = await opened(await connect(), server)
    seen.send(lines("-1"))
    assert len(await take(socket)) == 1
    count = 3 * PIECE + 1
    seen.send({"listenerName": "one", "item": [a_line(spelled(n), displayedLabel="x" * 300) for n in range(count)]})
    assert count * 300 > LONG_FRAME
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    seen_turns = []
    pushes = []
    async with asyncio.timeout(30):
        async for push in socket:
            pushes.append(push)
            seen_turns.append(turns)
            if sum(len(one.items) for one in pushes) == count:
                break
    task.cancel()
    assert [len(push.items) for push in pushes] == [PIECE, PIECE, PIECE, 1]
    assert [line.line_id for push in pushes for line in push.items if isinstance(line, CallLine)] == [
        str(n) for n in range(count)
    ]
    assert sorted(set(seen_turns)) == seen_turns, "another task ran between any two pieces"
    seen.send(lines("-2"))
    assert len(await take(socket)) == 1, "and what comes after it is read"


async def test_a_long_frame_that_is_no_push_is_as_good_as_a_short_one(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    socket, seen = await opened(client, server)
    seen.send({"timeout_milliseconds": 90000, "more": "x" * LONG_FRAME})
    seen.send("x" * (LONG_FRAME + 1))
    seen.send(lines("-1"))
    assert len(await take(socket)) == 1
    assert socket.timeout == 90
    assert client.statistics.malformed_frames == 1


async def test_a_frame_that_is_too_long_ends_the_socket_and_is_counted(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    socket, seen = await opened(client, server)
    seen.send(lines("-1"))
    seen.send(json.dumps(lines("-2")) + " " * LONGEST_FRAME)
    assert [line.line_id for push in await ended(socket) for line in push.items if isinstance(line, CallLine)] == ["-1"]
    assert socket.end is SocketEnd.BROKEN, "what was in it is missed, so this is no clean end"
    assert socket.end_reason == "the connection ended (a frame was longer than 2 MiB)"
    assert client.statistics.malformed_frames == 1


async def test_a_first_frame_that_is_too_long_is_counted_too(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    server.timeout_milliseconds = "x" * LONGEST_FRAME
    with pytest.raises(ConnectionFailed, match="longer than 2 MiB"):
        await client.open_socket()
    assert client.statistics.malformed_frames == 1


@pytest.mark.parametrize(("frame", "end"), [(Shut, SocketEnd.CLEAN), (Cut, SocketEnd.BROKEN)])
async def test_how_a_socket_ends_is_told(frame: type, end: SocketEnd, connect: Connect, server: IstraServer) -> None:
    socket, seen = await opened(await connect(), server)
    seen.send(lines("-1"))
    seen.send(frame)
    assert len(await ended(socket)) == 1
    assert (socket.end, socket.closed) == (end, True)
    assert socket.end_reason
    assert await ended(socket) == []
    await socket.close()
    assert socket.end is end


async def test_what_the_server_says_at_the_end_is_shown(connect: Connect, server: IstraServer) -> None:
    """As Jetty does when nothing has come for so long."""
    socket, seen = await opened(await connect(), server)
    seen.send(Shut(1001, f"Idle timeout expired: 30000/30000 ms {TOKEN}"))
    assert await ended(socket) == []
    assert socket.end is SocketEnd.CLEAN
    assert socket.end_reason == "the connection ended (code 1001: Idle timeout expired: 30000/30000 ms ***)"


@pytest.mark.parametrize("how", [Shut(1001), Cut])
async def test_how_long_nothing_went_before_the_end(how: Any, connect: Connect, server: IstraServer) -> None:
    socket, seen = await opened(await connect(), server)
    begun = monotonic()
    await asyncio.sleep(0.05)
    seen.send(how)
    assert await ended(socket) == []
    assert socket.quiet is not None
    assert 0.04 < socket.quiet <= monotonic() - begun + 0.1


async def test_of_an_end_that_this_side_makes_no_one_else_is_suspected(connect: Connect, server: IstraServer) -> None:
    socket, seen = await opened(await connect(silence_timeout=0.05, impatient=0.2), server)
    seen.freeze()
    assert await ended(socket) == []
    assert socket.quiet is None


@pytest.mark.parametrize("system", ["myrcc", "mycrm", "myistra"])
async def test_a_ping_of_the_protocol_goes_out_again_and_again(
    system: str, connect: Connect, server: IstraServer
) -> None:
    """Also while the server says something all the time: what stands in between looks at each direction."""
    client = await connect(system, ping_interval=0.05)
    socket, seen = await opened(client, server)
    reading = asyncio.ensure_future(ended(socket))
    while seen.pings < 4:
        seen.send("ping" if system != "myistra" else {})
        await asyncio.sleep(0.01)
    await socket.close()
    assert await reading == []


async def test_none_goes_out_that_is_not_wanted(
    connect: Connect, server: IstraServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = TurnedClock(monkeypatch)
    client = await connect(ping_interval=0, silence_timeout=1e6)
    socket, seen = await opened(client, server)
    reading = asyncio.ensure_future(whole(socket))
    clock.turned += 99
    await asyncio.sleep(0.05)
    assert seen.pings == 0
    clock.turned += 2
    await until(lambda: seen.heard)
    await socket.close()
    assert await reading == []


async def test_a_ping_each_20_seconds_unless_the_settings_say_otherwise(
    connect: Connect, server: IstraServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = TurnedClock(monkeypatch)
    socket, seen = await opened(await connect(silence_timeout=1e6), server)
    reading = asyncio.ensure_future(whole(socket))
    for number in range(1, 5):
        seconds = await clock.turn_until(lambda n=number: seen.pings >= n, 22)  # type: ignore[misc]
        assert seconds > 18
    assert not seen.heard, "these are below what the application says"
    await socket.close()
    assert await reading == []


@pytest.mark.parametrize("closer", [lambda client, socket: socket.close(), lambda client, socket: client.close()])
async def test_closing_it_here_ends_whoever_reads(
    closer: Callable[[IstraClient, PushSocket], Awaitable[None]], connect: Connect, server: IstraServer
) -> None:
    client = await connect()
    socket, seen = await opened(client, server)
    reading = asyncio.ensure_future(ended(socket))
    await asyncio.sleep(0)
    await closer(client, socket)
    assert await reading == []
    assert socket.end in {SocketEnd.CLOSED, SocketEnd.CLEAN}
    async with asyncio.timeout(30):
        await seen.gone.wait()
    assert not [task for task in asyncio.all_tasks() if "istra-keepalive" in task.get_name()]


async def test_no_task_is_left_when_a_socket_breaks(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    socket, seen = await opened(client, server)
    seen.send(Cut)
    await ended(socket)
    await client.close()
    await until(lambda: not [one for one in asyncio.all_tasks() if one.get_name().startswith("istra-")])
