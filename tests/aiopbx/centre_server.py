"""A scripted O2G server with a call centre, and a client of it: what comes and goes is in the test's hands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web

import aiopbx
from aiopbx import Pbx
from tests.aiopbx.o2g.o2g_server import API, SUBSCRIPTION_ID, O2gServer

SERVICES = {
    "AcdRealTime": "/realtime",
    "AcdManagement": "/pilots",
    "AcdPilotMonitoring": "/watched",
    "AcdRsi": "/rsi",
    "Acd Statistics": "/figures",
    "Analytics": "/costs",
}
OBJECTS = {
    "agents": [{"number": "1000", "name": "Martin", "firstName": "Alice", "key": 1}],
    "pilots": [{"number": "2000", "name": "Support", "key": 2}],
    "queues": [{"number": "2001", "name": "First", "key": 3}, {"number": "2002", "name": "Second", "key": 4}],
    "pgAgents": [{"number": "2003", "name": "Day", "key": 5}],
    "pgOthers": [{"number": "2004", "name": "Guide", "key": 6}],
}


class CentreServer(O2gServer):
    """Has a call centre and no users, and belongs to an administrator."""

    greets = False
    """Whether every channel begins with an event; else the test says so."""

    async def _serve_channel(self, request: web.Request) -> web.StreamResponse:
        if self.greets:
            self.say("OnChannelInformation", text="subscription")
        return await super()._serve_channel(request)

    def begin(self, *, without: tuple[str, ...] = ()) -> None:
        """Script what there is."""
        services = [
            {"serviceName": name, "serviceVersion": "1.0", "relativeUrl": url}
            for name, url in SERVICES.items()
            if name not in without
        ]
        self.open_session(admin=True, login="admin", services=services)
        self.answer("GET", f"{API}/logins", json={"loginNames": []})
        self.answer("GET", f"{API}/system/status", json={"pbxs": [{"name": "1", "nodeId": 1, "connected": True}]})
        self.answer("GET", f"{API}/realtime", json=OBJECTS)
        self.say("OnChannelInformation", text="subscription")

    def say(self, name: str, **fields: Any) -> None:
        """Send an event."""
        self.chunks.put_nowait(msgspec.json.encode({"eventName": name, **fields}) + b"\n")

    def subscriptions(self) -> list[list[str]]:
        """The packages of each subscription that was asked for."""
        return [
            [name for one in asked.json["filter"]["selectors"] for name in one["names"]]
            for asked in self.asked("POST", f"{API}/subscriptions")
        ]

    def refuse(self, message: str, *, status: int = 400) -> None:
        """Refuse the next subscription, as one that is wrong."""
        self.answer(
            "POST",
            f"{API}/subscriptions",
            status=status,
            json={"httpStatus": "BAD_REQUEST", "code": 400, "type": "BAD_PARAMETER", "innerMessage": message},
        )

    def accept(self) -> None:
        """Accept one after those that are refused."""
        url = f"{self.url}{API}/notifications/chunked?subscriptionId={SUBSCRIPTION_ID}"
        self.answer(
            "POST",
            f"{API}/subscriptions",
            json={
                "subscriptionId": SUBSCRIPTION_ID,
                "publicPollingUrl": url,
                "privatePollingUrl": url,
                "status": "ACCEPTED",
            },
            then=True,
        )


@asynccontextmanager
async def centre(server: CentreServer, **settings: Any) -> AsyncIterator[Pbx]:
    """A client of this server."""
    async with aiopbx.connect(
        url=server.url,
        username="admin",
        password="secret word",
        reconnect_min=0.01,
        reconnect_max=0.05,
        request_timeout=10.0,
        sync_timeout=1.0,
        **settings,
    ) as pbx:
        yield pbx
