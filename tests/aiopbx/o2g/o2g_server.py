"""An O2G server that says what a test tells it to, and remembers what it was asked."""

import asyncio
import ssl
from typing import Any, Self

from aiohttp import web

from tests.scripted_server import Scripted, ScriptedServer

API = "/api/rest/1.0"
CREDENTIAL = "credential-that-is-secret.eyJhbGciOiJIUzI1NiJ9"
JSESSIONID = "88C00EA2B3C482E19825F1184D0BB50E.tomcat"
SUBSCRIPTION_ID = "subscription-that-is-secret-4711"


class Break:
    """In the chunks of a channel: break the connection."""


class O2gServer(ScriptedServer):
    """Logs in anybody with the password ``secret word``, unless told otherwise by ``answer``."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        super().__init__(tls=tls, host=host)
        self.chunks: asyncio.Queue[bytes | type[Break] | None] = asyncio.Queue()
        self.channel_open = asyncio.Event()
        self._serving = 0
        self.session: dict[str, Any] = {"admin": False, "timeToLive": 600, "login": "oxe1000"}

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._log_in()
        return self

    async def __aexit__(self, *raised: object) -> None:
        self.chunks.put_nowait(Break)
        await super().__aexit__(*raised)
        while self._serving:  # a handler whose client has gone is waited for by nobody else
            if self.chunks.empty():
                self.chunks.put_nowait(Break)
            await asyncio.sleep(0)

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

    async def unscripted(self, request: web.Request, path: str) -> web.StreamResponse:
        if path == f"{API}/notifications/chunked":
            return await self._serve_channel(request)
        return await super().unscripted(request, path)

    def respond(self, request: web.Request, path: str, scripted: Scripted) -> web.Response:
        if path == "/api/rest/authenticate" and scripted.status == 200 and not _may_log_in(request):
            return web.Response(status=401, body=b'{"httpStatus":"UNAUTHORIZED","code":1002,"type":"NOT_ALLOWED"}')
        return super().respond(request, path, scripted)

    async def _serve_channel(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        self.channel_open.set()
        self._serving += 1
        try:
            while True:
                chunk = await self.chunks.get()
                if chunk is None:
                    await response.write_eof()
                    return response
                if isinstance(chunk, type):
                    if request.transport is not None:  # else the client has gone before
                        request.transport.abort()
                    return response
                await response.write(chunk)
        finally:
            self._serving -= 1


def _may_log_in(request: web.Request) -> bool:
    return request.headers.get("Authorization", "").startswith("Basic ") and not request.headers[
        "Authorization"
    ].endswith("d3Jvbmc=")
