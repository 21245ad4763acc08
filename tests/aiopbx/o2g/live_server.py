"""An O2G server that answers and sends events in the form that others captured from live ones.

Nothing of the simulator and none of our wire types are in it: it is text over HTTP. What was captured, and what only
clients in the field agree on, is said in ``docs/o2g-wire-choices.md``.
"""

import asyncio
import json as jsonlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

import aiopbx
from aiopbx import Pbx
from tests.aiopbx.o2g.o2g_server import API, SUBSCRIPTION_ID, O2gServer
from tests.aiopbx.office import until

LOGIN, NUMBER = "oxe19141", "19141"
USER: dict[str, Any] = {
    "companyPhone": NUMBER,
    "firstName": "SE19141",
    "lastName": "SE19141",
    "loginName": LOGIN,
    "devices": [{"type": "DESKPHONE", "id": NUMBER, "subType": "NOE_C_Color_IP"}],
    "nodeId": "7",
}
STATUS: dict[str, Any] = {
    "logicalAddress": {"fqdn": "o2g.example.com", "ip": "192.0.2.12"},
    "startDate": "2025-12-19T16:26:23.940Z",
    "ha": False,
    "primary": "o2g.example.com",
    "primaryVersion": "14.7.005.000",
    "primaryServicesStatus": {
        "services": [{"name": "flexlm", "status": "STARTED"}, {"name": "tomcat", "status": "STARTED"}],
        "globalIPAdress": "",
        "drbd": "",
    },
    "pbxs": [
        {
            "name": "pbx7",
            "nodeId": 7,
            "mainAddress": {"fqdn": "pbx7.example.com", "ip": "192.0.2.29"},
            "secondaryAddress": {},
            "version": "n4.513.9",
            "connected": True,
            "loaded": True,
            "ctiLinkState": "CONNECTED_MAIN",
            "secured": True,
            "monitoredUserNumber": 3879,
            "lmsConnectionStatus": False,
        }
    ],
    "license": {
        "type": "FLEXLM",
        "context": "",
        "currentServer": "localhost",
        "status": "NORMAL",
        "statusMessage": "",
        "lics": [
            {
                "name": name,
                "total": total,
                "currentUsed": 0,
                "expiration": "31-dec-2026",
                "application": True,
            }
            for name, total in (
                ("ROXE_HA", 1),
                ("ROXE_API_TOKEN_MODE", 1),
                ("ROXE_API_TEL_BASIC", 200_000),
                ("ROXE_API_TEL_ADVANCED", 200_000),
                ("ROXE_API_CONTACTCENTER_SVCS", 1),
            )
        ],
    },
    "systemResources": {"fqdn": "o2g.example.com", "ip": "192.0.2.12"},
    "recordingStatus": {"oxrs": [], "devices": []},
    "tcollected": False,
    "callCenterFeaturesActive": True,
    "configurationType": "FULL_SERVICES",
    "subscriberFilter": "ALL",
}


class LiveServer(O2gServer):
    """Serves one user, to itself or to an administrator. Its events come from ``/OTEvents``."""

    def __init__(self, *, administrator: bool = False) -> None:
        super().__init__()
        self.session |= {"admin": administrator, "login": "admin" if administrator else LOGIN}

    async def __aenter__(self) -> "LiveServer":
        await super().__aenter__()
        url = f"{self.url}/OTEvents?subscriptionId={SUBSCRIPTION_ID}"
        self.get("/logins", {"loginNames": [LOGIN]})
        self.get(f"/users/{LOGIN}", USER)
        self.get("/telephony/state", {"calls": [], "deviceCapabilities": [], "userState": "FREE"})
        self.get("/routing/state", {"presentationRoutes": [], "forwardRoutes": [], "overflowRoutes": []})
        self.get("/system/status", STATUS)
        self.answer(
            "POST",
            f"{API}/subscriptions",
            json={
                "subscriptionId": SUBSCRIPTION_ID,
                "message": "Your subscription is accepted.",
                "publicPollingUrl": url,
                "privatePollingUrl": url,
                "status": "ACCEPTED",
                "mode": "CHUNK",
                "format": "JSON",
            },
        )
        self.send({"eventName": "OnChannelInformation", "text": "Chunk started"})
        return self

    def get(self, path: str, answer: Any) -> None:
        """Answer a GET with this."""
        self.answer("GET", f"{API}{path}", json=answer)

    def send(self, event: dict[str, Any] | str) -> None:
        """Send an event."""
        text = event if isinstance(event, str) else jsonlib.dumps(event)
        self.chunks.put_nowait(text.encode() + b"\n")

    async def unscripted(self, request: web.Request, path: str) -> web.StreamResponse:
        if path.partition("?")[0] == "/OTEvents":
            return await self._serve_channel(request)
        if request.method == "GET" and path.startswith(API):
            refusal = {"httpStatus": "NOT_FOUND", "code": 1003, "type": "NOT_FOUND", "canRetry": False}
            return web.json_response(refusal, status=404)
        return await super().unscripted(request, path)


@asynccontextmanager
async def connected(
    prepare: Callable[[LiveServer], None] = lambda server: None, *, administrator: bool = False, **settings: Any
) -> AsyncIterator[tuple[LiveServer, Pbx]]:
    """A live server that was prepared, and the client of it, online."""
    async with LiveServer(administrator=administrator) as server:
        prepare(server)
        values = {"url": server.url, "username": server.session["login"], "password": "secret", **settings}
        async with asyncio.timeout(30):
            pbx = await aiopbx.connect(**{"sync_timeout": 0.05, "request_timeout": 2.0, **values})
        try:
            yield server, pbx
        finally:
            await pbx.close()


async def caught_up(server: LiveServer, pbx: Pbx) -> None:
    """Wait until the client has applied all that was sent."""
    before = pbx.statistics.unknown_events
    server.send({"eventName": "OnMarkOfATest"})
    await until(lambda: pbx.statistics.unknown_events > before)
