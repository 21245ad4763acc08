"""A server that says what a test tells it to, and remembers what it was asked."""

import asyncio
import json as jsonlib
import ssl
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

API = "/api/rest/1.0"
CREDENTIAL = "credential-that-is-secret.eyJhbGciOiJIUzI1NiJ9"
JSESSIONID = "88C00EA2B3C482E19825F1184D0BB50E.tomcat"
SUBSCRIPTION_ID = "subscription-that-is-secret-4711"


@dataclass
class Recorded:
    """One request as it came."""

    method: str
    path: str
    """Raw: as it was on the wire, with the query."""
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return jsonlib.loads(self.body)

    @property
    def cookies(self) -> dict[str, str]:
        pairs = (pair.partition("=") for pair in self.headers.get("Cookie", "").split("; ") if pair)
        return {key: value for key, _, value in pairs}


@dataclass
class Scripted:
    """One answer."""

    status: int = 200
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    hang: bool = False
    """Never answer."""
    drop: bool = False
    """Hang up instead of answering."""


class Break:
    """In the chunks of a channel: break the connection."""


class ScriptedServer:
    """Logs in anybody with the password ``secret word``, unless told otherwise by ``answer``."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.requests: list[Recorded] = []
        self.chunks: asyncio.Queue[bytes | type[Break] | None] = asyncio.Queue()
        self.channel_open = asyncio.Event()
        self.session: dict[str, Any] = {"admin": False, "timeToLive": 600, "login": "oxe1000"}
        self._host = host
        self._tls = tls
        self._answers: dict[tuple[str, str], list[Scripted]] = defaultdict(list)
        self._runner: web.AppRunner | None = None
        self._released = asyncio.Event()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, 0, ssl_context=self._tls)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"{'https' if self._tls else 'http'}://{self._host}:{port}"
        self.port = port
        self._log_in()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._released.set()
        self.chunks.put_nowait(Break)
        assert self._runner is not None
        await self._runner.cleanup()

    def _log_in(self) -> None:
        """Script the way from nothing to a session."""
        login = f"{self.url}/api/rest/authenticate?version=1.0"
        self.answer("GET", "/api/rest", json=self.root(login, login))
        self.answer(
            "GET",
            "/api/rest/authenticate",
            json={
                "credential": CREDENTIAL,
                "publicUrl": f"{self.url}{API}/sessions",
                "internalUrl": f"{self.url}{API}/sessions",
            },
            headers=[("Set-Cookie", f"AlcUserId={CREDENTIAL}; Path=/")],
        )
        self.open_session()
        self.answer(
            "POST",
            f"{API}/subscriptions",
            json={
                "subscriptionId": SUBSCRIPTION_ID,
                "message": "Your subscription is accepted.",
                "publicPollingUrl": f"{self.url}{API}/notifications/chunked?subscriptionId={SUBSCRIPTION_ID}",
                "privatePollingUrl": f"{self.url}{API}/notifications/chunked?subscriptionId={SUBSCRIPTION_ID}",
                "status": "ACCEPTED",
                "mode": "CHUNK",
                "format": "JSON",
            },
        )

    def open_session(self, **changes: Any) -> None:
        """Script the session that is opened; what is given as None is left out."""
        base = f"{self.url}{API}"
        given = {**self.session, "publicBaseUrl": base, "privateBaseUrl": base, "services": [], **changes}
        self.session = {key: value for key, value in given.items() if value is not None}
        self.answer("GET", f"{API}/sessions", json=self.session)
        self.answer(
            "POST",
            f"{API}/sessions",
            json=self.session,
            headers=[("Set-Cookie", f"JSESSIONID={JSESSIONID}; Path=/api; HttpOnly")],
        )

    @staticmethod
    def root(public: str | None, internal: str | None) -> dict[str, Any]:
        version = {"id": "1.0", "status": "CURRENT", "publicUrl": public, "internalUrl": internal}
        return {
            "serverInfo": {
                "productName": "O2G Solution",
                "productType": "O2G",
                "productVersion": {"major": "2.3", "minor": "000.041"},
                "haMode": False,
            },
            "versions": [{key: value for key, value in version.items() if value is not None}],
            "custoFeatures": ["one", {"name": "two"}],
        }

    def answer(
        self,
        method: str,
        path: str,
        *,
        status: int = 200,
        json: Any = None,
        text: str | bytes = b"",
        headers: list[tuple[str, str]] | None = None,
        then: bool = False,
        hang: bool = False,
        drop: bool = False,
    ) -> None:
        """Script the answer to a method and a path; with ``then`` it comes after those scripted before, once each."""
        body = jsonlib.dumps(json).encode() if json is not None else text.encode() if isinstance(text, str) else text
        scripted = Scripted(status, body, headers or [], hang, drop)
        if json is not None:
            scripted.headers = [("Content-Type", "application/json"), *scripted.headers]
        if then:
            self._answers[method, path].append(scripted)
        else:
            self._answers[method, path] = [scripted]

    def asked(self, method: str, path: str) -> list[Recorded]:
        """Requests with this method and this path, whatever their query."""
        return [one for one in self.requests if one.method == method and one.path.partition("?")[0] == path]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        raw = request.raw_path
        path = raw.partition("?")[0]
        self.requests.append(Recorded(request.method, raw, dict(request.headers), await request.read()))
        if path == f"{API}/notifications/chunked" and (request.method, path) not in self._answers:
            return await self._serve_channel(request)
        scripted = self._answers.get((request.method, path), [Scripted(204)])
        one = scripted.pop(0) if len(scripted) > 1 else scripted[0]
        if one.hang:
            await self._released.wait()
        if one.drop:
            assert request.transport is not None
            request.transport.abort()
        if path == "/api/rest/authenticate" and one.status == 200 and not _may_log_in(request):
            return web.Response(status=401, body=b'{"httpStatus":"UNAUTHORIZED","code":1002,"type":"NOT_ALLOWED"}')
        response = web.Response(status=one.status, body=one.body)
        for key, value in one.headers:
            if key == "Content-Type":
                response.headers[key] = value
            else:
                response.headers.add(key, value)
        return response

    async def _serve_channel(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        self.channel_open.set()
        while True:
            chunk = await self.chunks.get()
            if chunk is None:
                await response.write_eof()
                return response
            if isinstance(chunk, type):
                assert request.transport is not None
                request.transport.abort()
                return response
            await response.write(chunk)


def _may_log_in(request: web.Request) -> bool:
    return request.headers.get("Authorization", "").startswith("Basic ") and not request.headers[
        "Authorization"
    ].endswith("d3Jvbmc=")
