"""Somebody who speaks with Istra and knows nothing of aiopbx: aiohttp, websockets, and the words of the guides."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from aiopbx.simulator import ManualClock, Simulator, SimulatorSettings

ALICE, BOB, CAROL, DAVID = "oxe1000", "oxe1001", "oxe1002", "oxe1003"
Json = Any


@dataclass
class Reply:
    status: int
    body: Json
    headers: Any
    raw: bytes


class Push:
    """The socket of a session."""

    def __init__(self, socket: ClientConnection, clock: ManualClock) -> None:
        self.socket = socket
        self.clock = clock

    async def frame(self, timeout: float = 30) -> str | bytes:
        return await asyncio.wait_for(self.socket.recv(), timeout)

    async def next(self) -> Json:
        """The next push, pings left out."""
        while True:
            frame = await self.frame()
            if frame not in ("ping", b"ping"):
                return json.loads(frame)

    async def items(self) -> list[Json]:
        """Turn the clock until what waits is pushed, and return its items."""
        self.clock.advance(0.1)
        pushed = await self.next()
        return pushed["item"] if isinstance(pushed["item"], list) else [pushed["item"]]

    async def answered(self) -> None:
        """Wait until the server has answered twice: what it had to push before is here then, however long it took."""
        for _ in range(2):
            async with asyncio.timeout(30):
                await (await self.socket.ping())

    async def all_items(self) -> list[Json]:
        """Turn the clock, and return the items of every push that comes."""
        self.clock.advance(0.1)
        await self.answered()
        found: list[Json] = []
        while True:
            try:
                frame = await asyncio.wait_for(self.socket.recv(), 0.05)
            except TimeoutError:
                return found
            if frame not in ("ping", b"ping"):
                item = json.loads(frame)["item"]
                found += item if isinstance(item, list) else [item]

    async def silent(self) -> bool:
        """Whether nothing comes, also when the clock is turned."""
        self.clock.advance(0.2)
        try:
            await asyncio.wait_for(self.socket.recv(), 0.05)
        except TimeoutError:
            return True
        return False

    async def closed(self) -> bool:
        """Read until the socket ends; whether it ended with a goodbye."""
        try:
            while True:
                await self.frame()
        except ConnectionClosed as end:
            return end.rcvd is not None


class Istra:
    """One session, or a client without one yet."""

    def __init__(self, simulator: Simulator, http: aiohttp.ClientSession, stack: AsyncExitStack) -> None:
        assert isinstance(simulator.clock, ManualClock)
        self.simulator = simulator
        self.switch = simulator.switch
        self.clock = simulator.clock
        self.http = http
        self.stack = stack
        self.root = simulator.istra_url
        self.base = "/restletrouter/"
        self.application = ""
        self.cookies: dict[str, str] = {}
        self.header: str | None = None

    @property
    def face(self) -> Any:
        assert self.simulator.istra is not None
        return self.simulator.istra

    @property
    def headers(self) -> dict[str, str]:
        found = {"Content-Type": "application/json"}
        if self.header is not None:
            found["X-Application"] = self.header
        if self.cookies:
            found["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return found

    async def ask(
        self,
        method: str,
        path: str,
        body: Json = None,
        *,
        raw: str | bytes | None = None,
        headers: dict[str, str | None] | None = None,
        root: str | None = None,
    ) -> Reply:
        sent = {k: v for k, v in (self.headers | (headers or {})).items() if v is not None}
        data = raw if raw is not None else None if body is None else json.dumps(body)
        url = (root or self.root) + self.base + path
        async with self.http.request(method, url, data=data, headers=sent, allow_redirects=False) as response:
            content = await response.read()
            for line in response.headers.getall("Set-Cookie", []):
                name, _, value = line.partition(";")[0].partition("=")
                self.cookies[name] = value
            token = response.headers.get("X-Application")
            if token is not None:
                self.header = token
            is_json = response.headers.get("Content-Type", "").startswith("application/json")
            return Reply(response.status, json.loads(content) if is_json else None, response.headers, content)

    async def get(self, path: str) -> Json:
        reply = await self.ask("GET", path)
        assert reply.status == 200, (path, reply)
        return reply.body

    async def log_in(self, application: str, user: str, password: str, scheme: str = "Basic", **more: Any) -> Reply:
        word = base64.b64encode(f"{user}:{password}".encode()).decode()
        headers: dict[str, str | None] = {"X-Application": application, "Authorization": f"{scheme} {word}"}
        self.application = application
        return await self.ask("POST", "v1/service/Login", headers=headers, **more)

    async def rcc(self) -> "Istra":
        """Log in as an application that controls the enterprise."""
        assert (await self.log_in("myRCC", "admin|example", "admin")).status == 200
        return self

    async def crm(self, login: str = ALICE) -> "Istra":
        assert (await self.log_in("myCrm", f"ENDUSER:{login}", "secret")).status == 200
        return self

    async def user(self, login: str = ALICE) -> "Istra":
        assert (await self.log_in("myIstra", f"ENDUSER:{login}", "secret")).status == 200
        return self

    async def other(self) -> "Istra":
        """Somebody else at the same server."""
        return Istra(self.simulator, self.http, self.stack)

    # -- pushes -------------------------------------------------------------------------------------------------

    async def socket(self, *, first: bool = True, headers: dict[str, str] | None = None) -> Push:
        """Open the socket; read its first frame where there is one."""
        sent = {"Cookie": self.headers.get("Cookie", "")}
        if self.application == "myIstra":
            sent["X-Application"] = "myIstra"
        url = self.root.replace("http", "ws", 1) + self.base + f"ws-service/{self.application}"
        socket = await connect(
            url, additional_headers=sent if headers is None else headers, ping_interval=None, proxy=None
        )
        self.stack.push_async_callback(socket.close)
        push = Push(socket, self.clock)
        if first and self.application != "myIstra":
            assert "timeout_milliseconds" in await push.next()
        return push

    async def listen(self, name: str = "CallLines") -> Push:
        """Open the socket and have the state of lines, or what waits, pushed over it."""
        push = await self.socket()
        created = await self.ask("POST", "v1/service/EventListener/bean", {"name": name})
        assert created.body == {"name": name, "restUri": f"v1/service/EventListener/bean/{name}"}
        resource = "v1/rcc/CallLine" if self.application == "myRCC" else "v1/logs/Notifications/bean"
        await self.get(f"{resource}?listenerName={name}")
        return push

    async def listen_to(self, terminal: str, name: str = "CallLines") -> Push:
        """Open the socket of myCrm and have the calls of a terminal pushed."""
        push = await self.socket()
        await self.listen_also(terminal, name)
        return push

    async def listen_also(self, terminal: str, name: str) -> None:
        raw = json.dumps({"name": name}) + json.dumps({"terminalId": terminal})
        assert (await self.ask("POST", "v1/service/EventListener/bean", raw=raw)).status == 200
        reply = await self.ask("GET", f"v1/crm/CallLine?listenerName={name}&terminalId={terminal}")
        assert (reply.status, reply.raw) == (204, b"")

    # -- lines --------------------------------------------------------------------------------------------------

    async def extension(self, number: str) -> Json:
        found = [item for item in (await self.get("v1/rcc/Extension"))["items"] if item["addressNumber"] == number]
        return found[0]

    async def lines(self) -> list[Json]:
        return (await self.get("v1/rcc/CallLine"))["results"]

    async def line_of(self, number: str) -> Json:
        """The newest line of an extension."""
        uri = (await self.extension(number))["restUri"]
        return [line for line in await self.lines() if line["extension"] == uri][-1]

    async def act(self, line: Json, action: str, body: Json = None, method: str = "POST") -> Reply:
        return await self.ask(method, f"v1/rcc/CallLine/{line['lineId']}/{action}", body)

    async def do(self, line: Json, action: str, body: Json = None) -> None:
        reply = await self.act(line, action, body)
        assert (reply.status, reply.raw) == (204, b""), reply

    async def place(self, number: str, destination: str) -> Json:
        uri = (await self.extension(number))["restUri"]
        reply = await self.ask("POST", f"{uri}/placeCall", {"destination": destination})
        assert reply.status == 200, reply
        return reply.body

    async def talk(self, caller: str = "1000", called: str = "1001") -> tuple[Json, Json]:
        """Call a user who answers; returns the two lines."""
        line = await self.place(caller, called)
        await self.do(line, "answer")
        other = await self.line_of(called)
        await self.do(other, "answer")
        return await self.find(line), await self.find(other)

    async def find(self, line: Json) -> Json:
        return next(each for each in await self.lines() if each["lineId"] == line["lineId"])


def settings(**more: Any) -> SimulatorSettings:
    return SimulatorSettings.model_validate({"istra": True} | more)


@asynccontextmanager
async def office(**more: Any) -> AsyncIterator[Istra]:
    """An office of four with Istra, on a clock that tests turn, and a client that is not logged in."""
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(Simulator(settings(**more), clock=ManualClock()))
        http = await stack.enter_async_context(
            aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),
                connector=aiohttp.TCPConnector(ssl=False, limit=0),
                auto_decompress=True,
            )
        )
        yield Istra(simulator, http, stack)
