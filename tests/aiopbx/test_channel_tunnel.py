"""The tunnel by itself: its messages, its agents, and what happens to requests when it goes."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

import aiopbx
from aiopbx import CallState, ConnectionFailed, InvalidInput, NotFound, OutcomeUnknown, Status
from aiopbx.http.tap import WireStatistics
from aiopbx.o2g.channel.tunnel import TunnelChannels
from aiopbx.o2g.client import O2gClient
from aiopbx.o2g.types import tunnel as tunnel_messages
from aiopbx.o2g.types.sessions import Filter, Selector, SubscriptionRequest
from aiopbx.o2g.types.telephony import MakeCallRequest
from aiopbx.o2g.types.tunnel import (
    Answer,
    Cancel,
    Event,
    Message,
    Piece,
    Request,
    encode,
    from_agent,
    payload,
    to_agent,
)
from aiopbx.settings.connection import ConnectionSettings
from aiopbx.simulator import Simulator, SimulatorSettings
from tests.aiopbx.channels import free_port
from tests.aiopbx.office import Opened, client_tasks, until

SECRET = "only-the-agent-knows-this-9138"
CALL = MakeCallRequest(device_id="1000", callee="1001")
DOCS = Path(__file__).parents[2] / "docs/o2g-tunnel.md"


def settings(port: int, /, **more: Any) -> ConnectionSettings:
    tunnel = {"host": "127.0.0.1", "port": port, "secret": SECRET, "agent_timeout": 2.0, **more.pop("tunnel", {})}
    values = {"url": "http://o2g.example.com", "username": "oxe1000", "password": "secret", **more}
    return ConnectionSettings.make(**values, channel="tunnel", tunnel=tunnel)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


# ------------------------------------------------------------------------------------------------------------ messages


@pytest.mark.parametrize(
    ("body", "member"),
    [
        (b'{"a": [1, null]}', "json"),
        (b'"text"', "json"),
        (b"17", "json"),
        (b'{"a": ', "text"),
        ("späte Zeile\n".encode(), "text"),
        (b"RIFF\xff\xfe\x00", "data"),
    ],
)
def test_a_body_arrives_as_it_left(body: bytes, member: str) -> None:
    frame = encode(Answer(id="1", status=200, **payload(body)))
    assert set(json.loads(frame)) == {"type", "id", "status", member}
    answer = from_agent(frame)
    assert isinstance(answer, Answer)
    assert answer.body == body


def test_no_body_is_no_member() -> None:
    frame = encode(Request(id="1", method="GET", path="/api/rest"))
    assert json.loads(frame) == {"type": "request", "id": "1", "method": "GET", "path": "/api/rest"}
    assert to_agent(frame).body == b""  # type: ignore[union-attr]


def test_messages_show_nothing() -> None:
    request = Request(id="1", method="GET", path="/" + SECRET, headers={"Cookie": SECRET}, text=SECRET)
    event = Event(identifier=SECRET, text=SECRET)
    assert SECRET not in f"{request!r}{request}{event!r}{[event]}"


def test_the_page_shows_messages_as_they_are() -> None:
    """Every kind of message has an example in the documentation, which is one."""
    shown: set[str] = set()
    for block in re.findall(r"```json\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL):
        raw = json.loads(block)
        read = to_agent if raw["type"] in {"request", "cancel"} else from_agent
        message: Message = read(block.encode())
        assert raw.keys() <= {"type", *type(message).__struct_encode_fields__}, "a member that does not exist"
        shown.add(raw["type"])
    kinds = {str(kind.__struct_config__.tag) for kind in (Request, Cancel, Answer, Piece, Event)}
    assert shown == kinds
    for name in ("IDENTIFIER", "BEARER"):
        assert getattr(tunnel_messages, name).strip() in DOCS.read_text(encoding="utf-8")


# -------------------------------------------------------------------------------------------------- who may connect


async def test_only_who_has_the_secret_may_connect() -> None:
    port = free_port()
    tunnel = TunnelChannels(settings(port), WireStatistics())
    await tunnel.open()
    root = f"ws://127.0.0.1:{port}"
    for path in ("", "/", "/wrong", f"/{SECRET}x", f"/{SECRET}/x", f"/?{SECRET}", f"/{SECRET[:-1]}"):
        with pytest.raises(InvalidStatus) as refused:
            await connect(root + path, proxy=None)
        assert refused.value.response.status_code == 404
    with pytest.raises(InvalidStatus):
        await connect(root, additional_headers={"Authorization": f"Bearer {SECRET}x"}, proxy=None)
    assert tunnel.refused == 8
    assert tunnel.present(0) is None
    async with connect(f"{root}/{SECRET}", proxy=None):
        await until(lambda: tunnel.present(0))
    await until(lambda: tunnel.present(0) is None)
    async with connect(f"{root}/behind/a/proxy/{SECRET}/", proxy=None):
        await until(lambda: tunnel.present(0))
    await until(lambda: tunnel.present(0) is None)
    async with connect(root, additional_headers={"Authorization": f"Bearer {SECRET}"}, proxy=None) as agent:
        await until(lambda: tunnel.present(0))
        await tunnel.close()
        await agent.wait_closed()
    await tunnel.close()


async def test_a_proxy_that_passes_no_websockets_on(http: aiohttp.ClientSession) -> None:
    """As nginx does it that is not told otherwise: the request comes, and its upgrade does not."""
    port = free_port()
    opening = asyncio.ensure_future(_connected(aiopbx.connect(settings(port, tunnel={"agent_timeout": 0.5}))))
    status = None
    while status is None:
        try:
            async with http.get(f"http://127.0.0.1:{port}/{SECRET}") as answer:
                status = answer.status
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.01)
    assert status == 426
    with pytest.raises(ConnectionFailed, match=r"without an upgrade.*proxy_http_version") as refused:
        await opening
    assert SECRET not in str(refused.value)


async def _connected(connecting: Any) -> Any:
    return await connecting


async def test_no_agent_comes() -> None:
    with pytest.raises(ConnectionFailed, match="agent") as refused:
        await aiopbx.connect(settings(free_port(), tunnel={"agent_timeout": 0.1}))
    assert refused.value.transient
    assert client_tasks() == set()


async def test_a_listener_that_cannot_be(tmp_path: Path) -> None:
    taken = free_port()
    async with Simulator(SimulatorSettings(port=taken)):
        with pytest.raises(InvalidInput) as refused:
            await aiopbx.connect(settings(taken))
        assert refused.value.field == "tunnel.port"
    with pytest.raises(InvalidInput) as refused:
        await aiopbx.connect(settings(taken, tunnel={"certificate": tmp_path / "none.pem"}))
    assert refused.value.field == "tunnel.certificate"


async def test_the_settings_of_the_simulator_open_it() -> None:
    """Its secret in a header here, and the client waits for it."""
    port = free_port()
    connecting = asyncio.ensure_future(aiopbx.connect(settings(port)).__aenter__())
    async with Simulator(
        SimulatorSettings(tunnel_url=f"ws://127.0.0.1:{port}", tunnel_secret=SECRET, tunnel_retry=0.02)  # type: ignore[arg-type]
    ) as simulator:
        pbx = await connecting
        assert pbx.info.url == "http://o2g.example.com"
        assert pbx.status is Status.ONLINE
        assert SECRET not in repr(simulator.settings) + repr(simulator.tunnels)
        await simulator.restart()
        await until(lambda: pbx.statistics.losses == 1 and pbx.status is Status.ONLINE)
        await pbx.close()
        await until(lambda: len(simulator.server.sessions) == 0)


async def test_an_agent_verifies_this_side() -> None:
    port = free_port()
    async with Simulator(SimulatorSettings(tls=True)) as other:
        certificate = other.certificate_path
        listener = {"certificate": certificate, "key": certificate.parent / "simulator-key.pem"}

        def chosen(agent_timeout: float) -> aiopbx.ConnectionSettings:
            tunnel = listener | {"agent_timeout": agent_timeout}
            return settings(port, url="https://o2g.example.com", tunnel=tunnel)

        url = f"wss://127.0.0.1:{port}/{SECRET}"
        async with Simulator(SimulatorSettings(tunnel_url=url, tunnel_retry=0.02)):  # type: ignore[arg-type]
            with pytest.raises(ConnectionFailed, match="agent"):
                await aiopbx.connect(chosen(0.5))
        trusting = SimulatorSettings(tunnel_url=url, tunnel_retry=0.02, outgoing_ca_file=certificate)  # type: ignore[arg-type]
        async with Simulator(trusting), aiopbx.connect(chosen(30)) as pbx:
            assert pbx.status is Status.ONLINE


@pytest.mark.office("tunnel")
async def test_a_new_connection_of_the_agent_replaces_the_old(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        (former,) = one.simulator.tunnels
        await former.connected.wait()
        agent = pbx.o2g._transport.agent  # type: ignore[attr-defined]
        newer = one.simulator.open_tunnel(former._url)
        await until(lambda: agent.gone)
        await former.stop()  # else the two would go on replacing each other
        await until(lambda: pbx.statistics.losses >= 1 and pbx.status is Status.ONLINE)
        assert newer.connections >= 1
        assert pbx.o2g._transport.agent is not agent  # type: ignore[attr-defined]
        assert pbx.line("1000").calls == (call,)
        await call.hang_up()
        await one.caught_up(pbx)
        assert call.ended


# -------------------------------------------------------------------------------------- an agent that a test speaks for


class Scripted:
    """An agent that answers as a test says."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.requests: list[Request] = []
        self.cancelled: list[str] = []
        self.on: Callable[[Request], Awaitable[None]] | None = None

    async def run(self) -> None:
        async for frame in self.connection:
            message = to_agent(frame)
            if isinstance(message, Cancel):
                self.cancelled.append(message.id)
                continue
            self.requests.append(message)
            await (self.on or self.usual)(message)

    async def send(self, message: Message) -> None:
        await self.connection.send(encode(message), text=True)

    async def answer(self, request: Request, body: Any = None, status: int = 200, **more: Any) -> None:
        parts = {} if body is None else payload(msgspec.json.encode(body))
        await self.send(Answer(id=request.id, status=status, **parts, **more))

    async def usual(self, request: Request) -> None:
        base = "http://o2g.example.com/api/rest"
        if request.path == "/api/rest":
            url = f"{base}/authenticate?version=1.0"
            await self.answer(request, {"versions": [{"id": "1.0", "status": "CURRENT", "publicUrl": url}]})
        elif request.path == "/api/rest/authenticate?version=1.0":
            assert request.headers["Authorization"].startswith("Basic ")
            await self.answer(
                request,
                {"credential": "c" * 20, "publicUrl": f"{base}/1.0/sessions"},
                headers=(("Set-Cookie", f"AlcUserId={'c' * 20}; Path=/"), ("Set-Cookie", f"Other={'d' * 20}")),
            )
        elif request.method == "DELETE":
            await self.answer(request, status=204)
        elif request.path == "/api/rest/1.0/sessions":
            await self.answer(
                request, {"admin": False, "login": "oxe1000", "timeToLive": 900, "publicBaseUrl": f"{base}/1.0"}
            )
        else:
            await self.answer(request, status=404)


@pytest.fixture
async def pair(
    request: pytest.FixtureRequest, http: aiohttp.ClientSession
) -> AsyncIterator[tuple[O2gClient, Scripted]]:
    """A client that has logged in through a tunnel, and the agent at its other end; the parameter is its time-out."""
    port = free_port()
    client = O2gClient(settings(port, request_timeout=getattr(request, "param", 1.0)), http)
    opening = asyncio.ensure_future(client.open())
    await until(lambda: client._ways._server is not None)  # type: ignore[attr-defined]
    async with connect(f"ws://127.0.0.1:{port}/{SECRET}", proxy=None) as connection:
        agent = Scripted(connection)
        running = asyncio.ensure_future(agent.run())
        await opening
        yield client, agent
        await client.close()
        await asyncio.wait_for(running, 30)
    assert client_tasks() == set()


async def test_requests_as_http_has_them(pair: tuple[O2gClient, Scripted]) -> None:
    client, agent = pair
    root, login, session = agent.requests[:3]
    assert (root.method, root.path, root.headers["Host"]) == ("GET", "/api/rest", "o2g.example.com")
    assert "Cookie" not in root.headers
    assert (session.method, json.loads(session.body)) == ("POST", {"applicationName": "aiopbx"})
    assert session.headers["Cookie"] == f"AlcUserId={'c' * 20}; Other={'d' * 20}"
    assert session.headers["Content-Type"] == "application/json"
    assert len({request.id for request in agent.requests}) == 3
    with pytest.raises(NotFound):
        await client.users.user("nobody/else")
    assert agent.requests[-1].path == "/api/rest/1.0/users/nobody%2Felse"
    assert client.info.login == "oxe1000"
    assert login.headers["Host"] == "o2g.example.com"


async def test_answers_may_come_in_any_order(pair: tuple[O2gClient, Scripted]) -> None:
    client, agent = pair
    kept: list[Request] = []

    async def backwards(request: Request) -> None:
        kept.append(request)
        if len(kept) == 3:
            for one in reversed(kept):
                login = one.path.rpartition("/")[2]
                await agent.send(Answer(id="unknown", status=200))
                await agent.answer(one, {"loginName": login, "companyPhone": login})
            agent.on = None

    agent.on = backwards
    users = await asyncio.gather(*(client.users.user(login) for login in ("a", "b", "c")))
    assert [user.login_name for user in users] == ["a", "b", "c"]


async def test_what_is_not_answered(pair: tuple[O2gClient, Scripted]) -> None:
    """What may be repeated failed; what may not is unknown, however the answer was lost."""
    client, agent = pair

    async def silent(request: Request) -> None:
        pass

    async def unreachable(request: Request) -> None:
        await agent.send(Answer(id=request.id, status=502))

    for on in (silent, unreachable):
        agent.on = on
        with pytest.raises(ConnectionFailed):
            await client.users.user("a")
        with pytest.raises(OutcomeUnknown):
            await client.telephony.make_call(CALL)
    assert len(agent.cancelled) == 2, "of what nobody waits for any more"
    assert not client.lost.is_set()


@pytest.mark.parametrize("pair", [60.0], indirect=True)  # megabytes take their time where others work as well
async def test_answers_without_end(pair: tuple[O2gClient, Scripted]) -> None:
    """Of a refusal the beginning is read; both are called off."""
    client, agent = pair
    status = 200

    async def pour(request: Request) -> None:
        async def on() -> None:
            await agent.send(Answer(id=request.id, status=status, more=True))
            while request.id not in agent.cancelled:
                await agent.send(Piece(id=request.id, data=b" " * 2**20, more=True))

        pouring.append(asyncio.ensure_future(on()))

    pouring: list[asyncio.Future[None]] = []
    agent.on = pour
    with pytest.raises(ConnectionFailed, match=r"GET /users/\{.*longer than 16,777,216 bytes") as caught:
        await client.users.user("a")
    assert not caught.value.transient
    with pytest.raises(OutcomeUnknown, match="longer than"):
        await client.telephony.make_call(CALL)
    status = 404
    with pytest.raises(NotFound):
        await client.users.user("a")
    await asyncio.gather(*pouring)
    assert len(agent.cancelled) == 3


async def test_the_tunnel_goes_while_an_answer_is_due(pair: tuple[O2gClient, Scripted]) -> None:
    client, agent = pair

    async def hang_up(request: Request) -> None:
        await agent.connection.close()

    agent.on = hang_up
    with pytest.raises(OutcomeUnknown):
        await client.telephony.make_call(CALL)
    with pytest.raises(ConnectionFailed, match="not connected"):
        await client.users.user("a")


async def test_events_by_their_identifier(pair: tuple[O2gClient, Scripted]) -> None:
    """Of others, and what is no message, nothing comes; nor does it break anything."""
    client, agent = pair

    async def accept(request: Request) -> None:
        path, _, query = request.path.partition("?")
        assert path == "/api/rest/1.0/subscriptions"
        name, _, identifier = query.partition("=")
        assert name == "identifier"
        for frame in ("{", "[]", '{"type": "event"}', '{"type": "other"}', '{"type": "event", "identifier": 5}'):
            await agent.connection.send(frame)
        await agent.connection.send(b"\xff\xfe")
        await agent.send(Event(identifier="of-another-run", **payload(b'{"eventName": "Foreign"}')))
        await agent.send(Event(identifier=identifier, **payload(b'{"eventName": "Early"}')))
        await agent.answer(request, {"subscriptionId": "s" * 20, "status": "ACCEPTED"})
        await agent.send(Event(identifier=identifier, **payload(b'{"eventName": "Broken')))
        await agent.send(Event(identifier=identifier, **payload(b'{"eventName": "Late"}')))
        agent.on = None

    agent.on = accept
    subscription = await client.subscribe(
        SubscriptionRequest(version="2.0", filter=Filter(selectors=(Selector(ids=("oxe1000",), names=("telephony",)),)))
    )
    channel = await client.open_channel(subscription)
    seen: list[Any] = []
    async with asyncio.timeout(30):
        async for events in channel:
            seen += events
            if len(seen) == 2:
                await agent.connection.close()
    assert [event.name for event in seen] == ["Early", "Late"]
    assert client.statistics.malformed_frames == 7
    assert (channel.end, channel.end_reason) == ("broken", "the tunnel is gone")


async def test_a_recording_comes_in_pieces(pair: tuple[O2gClient, Scripted], tmp_path: Path) -> None:
    client, agent = pair
    pieces = [bytes([number]) * 50_000 for number in range(5)]

    async def stream(request: Request) -> None:
        headers = (("Content-Type", "audio/wav"), ("Content-Length", "250000"))
        await agent.send(Answer(id=request.id, status=200, headers=headers, more=True))
        for piece in pieces:
            await agent.send(Piece(id=request.id, data=piece, more=True))
        await agent.send(Piece(id=request.id))

    agent.on = stream
    async with await client.voicemail.download_voicemail("1000", "7") as recording:
        assert (recording.size, recording.content_type) == (250_000, "audio/wav")
        assert await recording.to_file(tmp_path / "7.wav") == 250_000
    assert (tmp_path / "7.wav").read_bytes() == b"".join(pieces)

    async def half(request: Request) -> None:
        await agent.send(Answer(id=request.id, status=200, more=True, data=b"\x00" * 1000))

    agent.on = half
    recording = await client.voicemail.download_voicemail("1000", "7")
    recording.close()
    await until(lambda: agent.cancelled)
    recording = await client.voicemail.download_voicemail("1000", "7")
    reading = asyncio.ensure_future(recording.to_file(tmp_path / "8.wav"))
    await asyncio.sleep(0.05)
    agent.on = None
    await agent.connection.close()
    with pytest.raises(ConnectionFailed):
        await reading
    assert not (tmp_path / "8.wav").exists()


# --------------------------------------------------------------------------------------------------------- whole office


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.office("tunnel")
async def test_a_dial_whose_answer_is_lost(office: Opened, after: bool) -> None:
    async with office() as one:
        pbx = await one.connect()
        one.faults.drop_requests(1, after=after)
        if after:
            call = await pbx.line("1000").dial("1001")
            assert call is not None, "its events tell"
        else:
            with pytest.raises(OutcomeUnknown):
                await pbx.line("1000").dial("1001", timeout=0.2)
        assert len(one.switch.calls) == int(after), "it was not repeated"


@pytest.mark.office("tunnel")
async def test_a_cut_tunnel_leaks_nothing(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        tasks = client_tasks()
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        for number in range(1, 6):
            one.faults.cut_channels()
            await until(lambda number=number: pbx.statistics.losses == number and pbx.status is Status.ONLINE)  # type: ignore[misc]
        await until(lambda: one.sessions == one.subscriptions == 1)
        assert client_tasks() == tasks
        assert call.state is CallState.RINGING_OUTGOING
        assert one.simulator.tunnels[0].connections == 6


async def test_the_secret_is_shown_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    port = free_port()
    chosen = settings(port)
    url = f"ws://127.0.0.1:{port}/{SECRET}"
    async with Simulator(SimulatorSettings(tunnel_url=url, tunnel_retry=0.02)) as simulator:  # type: ignore[arg-type]
        pbx = await aiopbx.connect(chosen)
        cookies = list(pbx.o2g._transport.cookies.values())
        subscription = next(iter(pbx.o2g._subscriptions))
        shown = [repr(one) for one in (chosen, chosen.model_dump(), pbx, pbx.o2g, pbx.o2g._ways, pbx.diagnostics())]
        shown += [repr(simulator.settings), repr(simulator.tunnels), str(simulator.state())]
        simulator.faults.cut_channels()
        await until(lambda: pbx.statistics.losses == 1 and pbx.status is Status.ONLINE)
        try:
            await pbx.line("1000").dial("4711")
        except aiopbx.PbxError as error:
            shown += [repr(error), str(error)]
        await pbx.close()
    shown += [record.getMessage() for record in caplog.records]
    everything = "\n".join(shown)
    for secret in (SECRET, subscription, *cookies):
        assert secret not in everything
