"""O2G over plain HTTP, without the client: what a proxy does to bytes."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.proxies.lab import Certificate, Lab, behind

BASIC: Final = {"Authorization": "Basic YWRtaW46YWRtaW4="}  # admin:admin
NEVER: Final = aiohttp.ClientTimeout(total=None)
BODY: Final = {"filter": {"selectors": [{"ids": ["*"], "names": ["telephony"]}]}, "version": "1.0", "timeout": 0}


class Raw:
    """Who speaks HTTP with what a proxy leads to."""

    def __init__(self, lab: Lab, http: aiohttp.ClientSession) -> None:
        self.lab = lab
        self.http = http
        self.api = lab.proxy.address() + "/api/rest"
        self.cookies: list[str] = []

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Return the status and the body, read as JSON where it is."""
        if self.cookies:
            headers["Cookie"] = "; ".join(self.cookies)
        async with self.http.request(method, self.api + path, json=body, headers=headers) as response:
            self.cookies += [value.partition(";")[0] for value in response.headers.getall("Set-Cookie", [])]
            is_json = response.content_type == "application/json"
            return response.status, await (response.json() if is_json else response.text())

    async def subscribe(self) -> str:
        """Log in and subscribe; returns the path of the channel."""
        assert (await self.ask("GET", "/authenticate?version=1.0", **BASIC))[0] == 200
        assert (await self.ask("POST", "/1.0/sessions", {"applicationName": "raw"}))[0] == 200
        status, subscription = await self.ask("POST", "/1.0/subscriptions", BODY)
        assert status == 200
        return f"/OTEvents?subscriptionId={subscription['subscriptionId']}"

    async def channel(self) -> aiohttp.ClientResponse:
        """Open the channel through the proxy; waits for the headers."""
        return await self.http.post(self.lab.proxy.address(8016) + await self.subscribe())


@asynccontextmanager
async def raw_behind(name: str, folder: Path, certificate: Certificate, **settings: Any) -> AsyncIterator[Raw]:
    """Who speaks plain HTTP with a simulator behind a proxy; the settings are those of ``behind``."""
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=certificate.path))
    jar = aiohttp.DummyCookieJar()
    async with (
        behind(name, folder, certificate, **settings) as lab,
        aiohttp.ClientSession(connector=connector, cookie_jar=jar, max_field_size=65_536, timeout=NEVER) as http,
    ):
        try:
            yield Raw(lab, http)
        finally:
            for server in lab.simulator.servers:
                server.sessions.clear()
