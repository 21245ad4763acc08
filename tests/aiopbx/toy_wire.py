"""A third wire, as short as one can be: extensions that dial, answer and hang up.

This is all that a wire has to bring: types and operations, a client, what becomes of its data, commands, a link and a
system. The toy system itself, a server of a few lines, stands at the end.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import aiohttp
import msgspec
from aiohttp import web
from msgspec.structs import replace

from aiopbx.errors import InvalidInput, NotFound, PbxError, RequestRefused, SessionLost
from aiopbx.events import LineAdded
from aiopbx.exchange import Session, WireClient
from aiopbx.http.download import Download
from aiopbx.http.tap import WireStatistics
from aiopbx.http.transport import Answer, HttpTransport, Outgoing
from aiopbx.link import Unconnected, WireLink, WireSystem
from aiopbx.model import (
    Action,
    AvailableLine,
    CallSnapshot,
    CallState,
    Direction,
    Feature,
    LineSnapshot,
    Outcome,
    Party,
    SystemInfo,
)
from aiopbx.operations import Operation, Operations, Query, Send, Service, Services, operation
from aiopbx.ports import DialOptions, Refusing
from aiopbx.requests import Requests
from aiopbx.settings.connection import ConnectionSettings
from aiopbx.store import Reduced, Store, with_calls
from aiopbx.wire import Wire

# ------------------------------------------------------------------------------------------------- types and operations


class Dial(Wire, kw_only=True):
    caller: str
    callee: str


class ToyCall(Dial, kw_only=True):
    ref: str
    answered: bool = False


class State(Wire, kw_only=True):
    extensions: tuple[str, ...] = ()
    calls: tuple[ToyCall, ...] = ()


class Phones(Service, service="phones"):
    """The extensions, and their calls."""

    @operation("GET", "/state")
    def state(self) -> Send[State]:
        """Read all extensions and calls."""
        return Send()

    @operation("GET", "/states")
    def states(self) -> Send[Download]:
        """Read the state now and after every change, a line each."""
        return Send()

    @operation("POST", "/calls", starts_call=True)
    def dial(self, body: Dial) -> Send[ToyCall]:
        """Call an extension."""
        return Send(body=body)

    @operation("POST", "/calls/{ref}/answer")
    def answer(self, ref: str) -> Send[None]:
        """Answer a call that rings."""
        return Send(ref)

    @operation("DELETE", "/calls/{ref}")
    def hang_up(self, ref: str) -> Send[None]:
        """End a call."""
        return Send(ref)


class ToyServices(Services, python="pbx.toy"):
    phones: Phones


OPERATIONS = Operations(ToyServices.declared, dials=frozenset({"callee"}))


# ----------------------------------------------------------------------------------------------------------- the client


class ToyTransport(HttpTransport):
    token = ""

    async def request(
        self, method: str, target: str, *, body: bytes | None = None, safe: bool, stream: bool = False
    ) -> Answer:
        name, headers = f"{method} {target}", {"Authorization": self.token}
        request = Outgoing(
            method=method, url=self.url + target, name=name, headers=headers, body=body, safe=safe, stream=stream
        )
        answer = await self._exchange(request)
        if not 200 <= answer.status < 300:
            kind = {401: SessionLost, 404: NotFound}.get(answer.status, RequestRefused)
            raise kind(f"{name} was refused: {answer.text}.", operation=name, status=answer.status)
        return answer


class ToyClient(ToyServices, WireClient):
    server = "a toy"
    _transport: ToyTransport

    def __init__(self, settings: ConnectionSettings, http: aiohttp.ClientSession, statistics: WireStatistics) -> None:
        transport = ToyTransport(settings, http, url=settings.url, statistics=statistics)
        WireClient.__init__(self, transport, Session(), statistics)
        ToyServices.__init__(self, self)

    async def open(self) -> None:
        await self._transport.open()
        self._transport.token = (await self._transport.request("POST", "/login", safe=True)).text
        self._session.opened = True

    async def close(self) -> None:
        self._close_downloads()
        await self._transport.close()

    async def _send(
        self, operation: Operation[Any], path: Mapping[str, str], query: Query, body: Wire | None
    ) -> Answer:
        return await self._transport.request(
            operation.method,
            operation.target(path, query),
            body=None if body is None else body.to_json(),
            safe=operation.repeatable,
            stream=operation.streams,
        )

    def _decode(self, body: bytes, kind: Any) -> Any:
        return msgspec.json.decode(body, type=kind)


# ------------------------------------------------------------------------------------------- what becomes of its data

FEATURES = frozenset({Feature.DIAL, Feature.ANSWER, Feature.HANG_UP, Feature.CALL_EVENTS})


def reduce(line: LineSnapshot, state: State, now: datetime) -> Reduced:
    """The line after a new state of the system."""
    calls = tuple(_seen(line, one, now) for one in state.calls if line.id in (one.caller, one.callee))
    refs = {call.ref for call in calls}
    return with_calls(line, calls, tuple(_over(call, now) for call in line.calls if call.ref not in refs), now)


def _seen(line: LineSnapshot, call: ToyCall, now: datetime) -> CallSnapshot:
    calling, former = call.caller == line.id, line.call_by_ref(call.ref)
    rings = CallState.RINGING_OUTGOING if calling else CallState.RINGING_INCOMING
    actions = {Action.HANG_UP} if calling or call.answered else {Action.HANG_UP, Action.ANSWER}
    return CallSnapshot(
        id=f"{line.id}-{call.ref}",
        ref=call.ref,
        line=line.id,
        state=CallState.ACTIVE if call.answered else rings,
        direction=Direction.OUTGOING if calling else Direction.INCOMING,
        parties=(Party(number=call.callee if calling else call.caller),),
        actions=frozenset(actions),
        own_actions=frozenset(actions),
        started_at=former.started_at if former is not None else now,
        answered=call.answered,
    )


def _over(call: CallSnapshot, now: datetime) -> CallSnapshot:
    unanswered = Outcome.CANCELLED if call.direction is Direction.OUTGOING else Outcome.MISSED
    return replace(call, outcome=Outcome.ANSWERED if call.answered else unanswered, ended_at=now)


# ------------------------------------------------------------------------------------------ commands, link and system


class ToyChecks:
    def check_number(self, number: str, *, field: str = "number") -> None:
        if not number.isdecimal():
            raise InvalidInput(field, f"{number!r} cannot be dialled.", remedy="Use digits.")

    def check_dial(self, line: LineSnapshot, options: DialOptions) -> None:
        pass


class ToyCommands(Refusing, ToyChecks):
    def __init__(self, phones: Phones) -> None:
        self._phones = phones

    async def dial(self, line: LineSnapshot, number: str, options: DialOptions) -> str | None:
        return (await self._phones.dial(Dial(caller=line.id, callee=number))).ref

    async def answer(self, line: LineSnapshot, call: CallSnapshot, device: str) -> None:
        await self._phones.answer(call.ref)

    async def leave(self, line: LineSnapshot, call: CallSnapshot) -> None:
        await self._phones.hang_up(call.ref)


class ToyLink(WireLink[ToyClient]):
    last_heard = None

    def __init__(self, client: ToyClient, settings: ConnectionSettings, store: Store) -> None:
        super().__init__("toy", client, settings, store)
        self.commands: Any = ToyCommands(client.phones)
        self._synced = asyncio.Event()

    async def open(self) -> None:
        try:
            await self.client.open()
            self._states = await self.client.phones.states()
            self._start(self._watch_session(), "session")
        except BaseException:
            await self.close()
            raise

    async def _bring_up_to_date(self) -> None:
        self._start(self._read(), "read")
        await self._synced.wait()

    async def _read(self) -> None:
        rest = b""
        try:
            async for chunk in self._states:
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._apply(msgspec.json.decode(line, type=State), datetime.now(UTC))
                    self._synced.set()
        except PbxError as error:
            self.lose(error.message)
        self.lose("The states ended.")

    def _apply(self, state: State, now: datetime) -> None:
        for number in state.extensions:
            line = self._store.lines.get(number)
            if line is None:
                line = LineSnapshot(id=number, number=number, features=FEATURES)
                self._store.put(line, (LineAdded(at=now, line=number, snapshot=line),))
            self._store.put(*reduce(replace(line, synced=True), state, now))

    async def _confirm(self, lines: frozenset[str] | None) -> None:
        self._apply(await self.client.phones.state(), datetime.now(UTC))

    async def available_lines(self) -> tuple[AvailableLine, ...]:
        return tuple(AvailableLine(id=one, number=one) for one in (await self.client.phones.state()).extensions)


class ToySystem(WireSystem[ToyClient]):
    features = FEATURES

    def __init__(self, settings: ConnectionSettings, store: Store, http: aiohttp.ClientSession | None = None) -> None:
        super().__init__(settings, store, http, aiohttp.DummyCookieJar, _Offline())
        self.requests = Requests(OPERATIONS, lambda: self.client)

    def missing(self, line: LineSnapshot | None) -> Mapping[Feature, str]:
        return {}

    async def serves(self, server: int) -> bool:
        return True

    async def open(self, server: int) -> ToyLink:
        link = ToyLink(ToyClient(self.settings, self._session(), self.wire), self.settings, self.store)
        await link.open()
        link.info = SystemInfo(system="toy", url=self.settings.url)
        return link


class _Offline(Unconnected, ToyChecks):
    pass


# ------------------------------------------------------------------------------------------------------ the other side


class ToyServer:
    """Everything that the toy system knows, and how it is asked."""

    def __init__(self, *extensions: str) -> None:
        self.state = State(extensions=extensions)
        self.session = 0
        self.requests: list[str] = []
        self.garbled = False
        """Whether answers are nothing that can be read."""
        self._changed = asyncio.Condition()
        self._calls = 0

    async def __aenter__(self) -> "ToyServer":
        app = web.Application(middlewares=[self._check])
        app.add_routes(
            [
                web.post("/login", self._login),
                web.get("/state", self._state),
                web.get("/states", self._states),
                web.post("/calls", self._dial),
                web.post("/calls/{ref}/answer", self._answer),
                web.delete("/calls/{ref}", self._hang_up),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._runner.cleanup()

    async def change(self, *calls: ToyCall) -> None:
        self.state = State(extensions=self.state.extensions, calls=calls)
        async with self._changed:
            self._changed.notify_all()

    def forget_session(self) -> None:
        """Refuse whoever has logged in so far."""
        self.session += 1

    @web.middleware
    async def _check(self, request: web.Request, handler: Any) -> Any:
        self.requests.append(f"{request.method} {request.path}")
        if request.path != "/login" and request.headers["Authorization"] != str(self.session):
            raise web.HTTPUnauthorized(text="who are you")
        answer = await handler(request)
        return web.Response(body=b"[") if self.garbled else answer

    async def _login(self, request: web.Request) -> web.Response:
        self.session += 1
        return web.Response(text=str(self.session))

    async def _state(self, request: web.Request) -> web.Response:
        return web.Response(body=self.state.to_json())

    async def _states(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        async with self._changed:
            while True:
                await response.write(self.state.to_json() + b"\n")
                await self._changed.wait()

    async def _dial(self, request: web.Request) -> web.Response:
        dial = msgspec.json.decode(await request.read(), type=Dial)
        if dial.callee not in self.state.extensions:
            raise web.HTTPNotFound(text=f"there is no {dial.callee}")
        self._calls += 1
        call = ToyCall(caller=dial.caller, callee=dial.callee, ref=str(self._calls))
        await self.change(*self.state.calls, call)
        return web.Response(body=call.to_json())

    async def _answer(self, request: web.Request) -> web.Response:
        ref = request.match_info["ref"]
        await self.change(*(replace(one, answered=one.answered or one.ref == ref) for one in self.state.calls))
        return web.Response()

    async def _hang_up(self, request: web.Request) -> web.Response:
        ref = request.match_info["ref"]
        await self.change(*(one for one in self.state.calls if one.ref != ref))
        return web.Response()
