"""A client that was written from the public description of log-in and events alone: no aiopbx, no asyncio.

It insists on https, finds services by their lower-cased names, sends both cookies, and uses every URL exactly
as the server gave it.
"""

import asyncio
import base64
import http.client
import json
import ssl
from queue import Queue
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest

from aiopbx.simulator import Simulator, SimulatorSettings


class ForeignClient:
    """Blocking; for a thread of its own."""

    def __init__(self, host: str, port: int, certificate: str) -> None:
        self.address = (host, port)
        self.tls = ssl.create_default_context(cafile=certificate)
        self.cookies: dict[str, str] = {}
        self.services: dict[str, str] = {}
        self.base = ""
        self.stream: http.client.HTTPResponse | None = None

    def ask(self, method: str, url: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        target = urlsplit(url)
        assert target.scheme == "https", f"{url} is not https"
        connection = http.client.HTTPSConnection(target.netloc, context=self.tls, timeout=30)
        if self.cookies:
            headers["Cookie"] = ";".join(f"{name}={value}" for name, value in self.cookies.items())
        data = None if body is None else json.dumps(body)
        if data is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, target.path + ("?" + target.query if target.query else ""), data, headers)
        answer = connection.getresponse()
        for line in answer.msg.get_all("Set-Cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name.strip()] = value
        content = answer.read()
        connection.close()
        return answer.status, json.loads(content) if content else None

    def log_in(self, login: str, password: str) -> dict[str, Any]:
        host, port = self.address
        status, descriptor = self.ask("GET", f"https://{host}:{port}/api/rest")
        assert status == 200
        current = next(version for version in descriptor["versions"] if version["status"] == "CURRENT")
        secret = base64.b64encode(f"{login}:{password}".encode()).decode()
        status, entry = self.ask("GET", current["publicUrl"], Authorization=f"Basic {secret}")
        assert status == 200
        assert "AlcUserId" in self.cookies
        status, session = self.ask("POST", entry["publicUrl"], {"applicationName": "Foreign"})
        assert status == 200
        assert "JSESSIONID" in self.cookies
        self.base = session["publicBaseUrl"]
        self.services = {entry["serviceName"].lower(): entry["relativeUrl"] for entry in session["services"]}
        return dict(session)

    def service(self, name: str, rest: str = "") -> str:
        return self.base + self.services[name] + rest

    def listen(self, packages: list[str], ids: list[str], events: "Queue[Any]") -> Thread:
        selectors = [{"ids": ids, "names": [package]} for package in packages]
        body = {"filter": {"selectors": selectors}, "version": "1.0", "timeout": 10, "notificationMode": "CHUNK"}
        status, subscription = self.ask("POST", self.service("subscriptions"), body)
        assert (status, subscription["status"]) == (200, "ACCEPTED")
        target = urlsplit(subscription["publicPollingUrl"])
        assert target.scheme == "https"
        channel = http.client.HTTPSConnection(target.netloc, context=self.tls, timeout=20)
        channel.request(
            "POST", f"{target.path}?{target.query}", headers={"Content-Length": "0"}
        )  # no cookies, no credentials
        self.stream = channel.getresponse()
        assert self.stream.status == 200
        started = json.loads(self.stream.readline())
        assert started == {"eventName": "OnChannelInformation", "text": "Chunk started"}

        def read() -> None:
            assert self.stream is not None
            while line := self.stream.readline():
                events.put(json.loads(line))
            channel.close()
            events.put(None)

        thread = Thread(target=read)
        thread.start()
        return thread


def until(events: "Queue[Any]", name: str, **fields: Any) -> dict[str, Any]:
    """The next event with this name and these fields."""
    while True:
        event = events.get(timeout=30)
        assert event is not None, f"the channel ended before {name}"
        if event["eventName"] == name and all(event.get(key) == value for key, value in fields.items()):
            return dict(event)


@pytest.mark.parametrize("account", [("admin", "admin"), ("oxe1000", "secret")])
async def test_login_call_and_events(account: tuple[str, str]) -> None:
    async with Simulator(SimulatorSettings(tls=True)) as simulator:
        host, port = urlsplit(simulator.url).hostname, urlsplit(simulator.url).port
        assert host is not None
        assert port is not None
        await asyncio.to_thread(_use, host, port, str(simulator.certificate_path), account)


def _use(host: str, port: int, certificate: str, account: tuple[str, str]) -> None:
    client = ForeignClient(host, port, certificate)
    session = client.log_in(*account)
    administrator = session["admin"]
    suffix = "?loginName=oxe1000" if administrator else ""
    status, me = client.ask("GET", client.service("users", "/oxe1000"))
    assert (status, me["companyPhone"]) == (200, "1000")
    status, logins = client.ask("GET", client.service("users").removesuffix("/users") + "/logins")
    assert "oxe1000" in logins["loginNames"]
    status, dnd = client.ask("GET", client.service("routing", "/dnd" + suffix))
    assert (status, dnd["activate"]) == (200, False)
    status, counters = client.ask("GET", client.service("eventsummary", suffix))
    assert status == 200
    assert isinstance(counters["missedCallsNb"], int)

    events: Queue[Any] = Queue()
    reader = client.listen(["telephony", "eventSummary", "routingManagement"], ["oxe1000"], events)
    status, ref = client.ask(
        "POST",
        client.service("telephony", "/calls" + suffix),
        {"deviceId": me["devices"][0]["id"], "callee": "1001", "autoAnswer": True, "somethingNew": True},
    )
    assert status == 201
    assert isinstance(ref, str)
    created = until(events, "OnCallCreated", loginName="oxe1000")
    assert created["callRef"] == ref
    assert {"loginName", "callData", "legs", "deviceCapabilities"} <= created.keys()
    while (event := until(events, "OnCallModified", callRef=ref))["callData"]["state"] != "RINGING_OUTGOING":
        pass
    (other,) = event["addedParticipants"]
    assert other["identity"]["id"]["phoneNumber"] == "1001"
    status, call = client.ask("GET", client.service("telephony", f"/calls/{ref}{suffix}"))
    assert (status, call["callRef"]) == (200, ref)
    status, _ = client.ask("POST", client.service("telephony", f"/calls/{ref}/dropme{suffix}"))
    assert status == 204
    until(events, "OnCallRemoved", callRef=ref)
    status, _ = client.ask("POST", client.service("routing", "/dnd" + suffix))
    assert status == 204
    assert until(events, "OnRoutingStateChanged")["routingState"]["dndState"] == {"activate": True}
    # a refusal says why, as JSON
    status, error = client.ask("POST", client.service("telephony", f"/calls/{ref}/hold"), {"deviceId": "1000"})
    assert status >= 400
    assert {"httpStatus", "code", "type", "helpMessage", "innerMessage", "canRetry"} <= error.keys()

    status, _ = client.ask("POST", client.base + "//sessions/keepalive/")
    assert status == 204
    status, _ = client.ask("DELETE", client.base + "/sessions")
    assert status == 204
    reader.join(timeout=30)
    assert not reader.is_alive()
    status, error = client.ask("GET", client.service("users", "/oxe1000"))
    assert (status, error["code"]) == (403, 1001)
