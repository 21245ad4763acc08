"""A simulator on a clock that tests turn, and a plain HTTP client that knows nothing of aiopbx."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from aiopbx.simulator import ManualClock, Simulator, SimulatorSettings


@dataclass
class Reply:
    status: int
    body: Any
    headers: Any
    raw: bytes = b""


class Lines:
    """The lines of an event channel as they come."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def next(self, timeout: float = 30) -> Any:
        """The next line as JSON; none when the body has ended."""
        line = await asyncio.wait_for(self.response.content.readline(), timeout)
        return json.loads(line) if line else None

    async def raw(self, timeout: float = 30) -> bytes:
        return await asyncio.wait_for(self.response.content.readline(), timeout)

    async def to_the_end(self) -> None:
        """Read until the body ends."""
        while await self.raw():
            pass

    async def silent(self, seconds: float = 0.05) -> bool:
        """Whether nothing comes for a moment."""
        try:
            await asyncio.wait_for(self.response.content.readline(), seconds)
        except TimeoutError:
            return True
        return False

    def close(self) -> None:
        self.response.close()


class Api:
    """Somebody who speaks plain HTTP with the simulator: cookies by hand, URLs as they were given."""

    def __init__(self, simulator: Simulator, http: aiohttp.ClientSession, stack: AsyncExitStack) -> None:
        self.simulator = simulator
        self.http = http
        self.stack = stack
        self.root = simulator.url
        self.cookies: dict[str, str] = {}
        self.session: dict[str, Any] = {}

    @property
    def base(self) -> str:
        return f"{self.root}/api/rest/1.0"

    async def send(
        self,
        method: str,
        url: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Reply:
        sent = dict(headers or {})
        if self.cookies and "Cookie" not in sent:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        data = raw if raw is not None else (None if body is None else json.dumps(body).encode())
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        async with self.http.request(method, url, data=data, headers=sent) as response:
            content = await response.read()
            for line in response.headers.getall("Set-Cookie", []):
                name, _, value = line.partition(";")[0].partition("=")
                self.cookies[name] = value
            is_json = response.headers.get("Content-Type", "").startswith("application/json")
            return Reply(response.status, json.loads(content) if is_json else None, response.headers, content)

    async def call(self, method: str, path: str, body: Any = None, **more: Any) -> Reply:
        return await self.send(method, self.base + path, body, **more)

    async def authenticate(self, login: str, password: str) -> Reply:
        basic = base64.b64encode(f"{login}:{password}".encode()).decode()
        url = f"{self.root}/api/rest/authenticate?version=1.0"
        return await self.send("GET", url, headers={"Authorization": f"Basic {basic}"})

    async def log_in(self, login: str = "admin", password: str = "admin", **request: Any) -> "Api":
        assert (await self.authenticate(login, password)).status == 200
        reply = await self.call("POST", "/sessions", {"applicationName": "test", **request})
        assert reply.status == 200, reply.body
        self.session = reply.body
        return self

    async def subscribe(
        self, *packages: str, ids: list[str] | None = None, timeout: int = 10, version: str = "1.0"
    ) -> dict[str, Any]:
        selectors = [{"names": [package], **({} if ids is None else {"ids": ids})} for package in packages]
        body = {"filter": {"selectors": selectors}, "version": version, "timeout": timeout}
        reply = await self.call("POST", "/subscriptions", body)
        assert reply.status == 200, reply.body
        answer: dict[str, Any] = reply.body
        return answer

    async def channel(self, subscription: dict[str, Any], method: str = "POST", *, greetings: int = 0) -> Lines:
        """Open a channel and read its first line, and the events with the first state of a few users."""
        data = b"" if method == "POST" else None
        response = await self.http.request(method, subscription["publicPollingUrl"], data=data)
        self.stack.callback(response.close)
        assert response.status == 200
        lines = Lines(response)
        assert await lines.next() == {"eventName": "OnChannelInformation", "text": "Chunk started"}
        for _ in range(greetings):
            assert (await lines.next())["eventName"] in {"OnDeviceStateModified", "OnUserStateModified"}
        return lines


async def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Let the loop run until something is so."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.001)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def start(clock: ManualClock) -> AsyncIterator[Callable[..., Awaitable[Simulator]]]:
    """Start simulators with these settings; they are stopped at the end."""
    async with AsyncExitStack() as stack:

        async def start(**settings: Any) -> Simulator:
            return await stack.enter_async_context(Simulator(SimulatorSettings(**settings), clock=clock))

        yield start


@pytest.fixture
async def connect(start: Callable[..., Awaitable[Simulator]]) -> AsyncIterator[Callable[..., Awaitable[Api]]]:
    """Speak with a simulator; without one, with an office of four."""
    async with AsyncExitStack() as stack:

        async def connect(simulator: Simulator | None = None, **settings: Any) -> Api:
            simulator = simulator or await start(**settings)
            http = await stack.enter_async_context(
                aiohttp.ClientSession(
                    cookie_jar=aiohttp.DummyCookieJar(), connector=aiohttp.TCPConnector(ssl=False, limit=0)
                )
            )
            return Api(simulator, http, stack)

        yield connect


@pytest.fixture
async def api(connect: Callable[..., Awaitable[Api]]) -> Api:
    """An office of four, no one logged in."""
    return await connect()


@pytest.fixture
async def admin(api: Api) -> Api:
    """An office of four, the administrator logged in."""
    return await api.log_in()
