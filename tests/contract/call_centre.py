"""A simulated call centre for the additions: who works there, a client over HTTP, and the events that wait for it."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec

from aiopbx.o2g.client import O2gClient
from aiopbx.o2g.types.sessions import Filter, Selector, SubscriptionRequest
from aiopbx.settings.connection import ConnectionSettings
from aiopbx.simulator import Simulator, SimulatorSettings
from aiopbx.simulator.switch import Switch
from tests.contract.additions import additions
from tests.contract.rows import o2g
from tests.contract.simulated import ALICE, BOB, World, office
from tests.contract.test_simulator_agent import PILOT, SALES, SUPPORT, call_centre

__all__ = [
    "ALICE",
    "BOB",
    "CALLER",
    "PILOT",
    "SALES",
    "SUPPORT",
    "Case",
    "Centre",
    "centre_of",
    "logged_in",
]

CALLER = "0015550100"
POINT = "700"
EMPTY_POINT = "701"


@dataclass
class Centre:
    """A call centre: Alice supervises Bob, and both are logged on. Alice pauses."""

    world: World
    client: O2gClient
    http: aiohttp.ClientSession
    others: list[O2gClient] = field(default_factory=list)

    @property
    def switch(self) -> Switch:
        return self.world.switch

    async def listen(self, *packages: str, client: O2gClient | None = None) -> None:
        """Subscribe to packages."""
        await (client or self.client).subscriptions.subscribe(
            SubscriptionRequest(
                filter=Filter(selectors=tuple(Selector(ids=("*",), names=(package,)) for package in packages)),
                version="2.0",
            )
        )

    def events(self, index: int = 0) -> list[dict[str, Any]]:
        """Take what waits for the channel, each as the file has it."""
        subscribed = self.world.simulator.server.subscriptions.all[index]
        found = [json.loads(line) for line in subscribed.queue]
        subscribed.queue.clear()
        for event in found:
            if event["eventName"] in additions()["events"]:
                assert unknown(event) == []
        return found

    async def another(self, login: str | None = None) -> O2gClient:
        """Log in once more, by default as the administrator again."""
        client = await logged_in(self.world.simulator, self.http, login)
        self.others.append(client)
        return client

    def calls(self, number: str = PILOT, caller: str = CALLER) -> str:
        """Someone calls from outside."""
        return self.switch.incoming_external(caller, number).ref

    def talks(self, caller: str = CALLER) -> str:
        """Bob talks to a caller."""
        ref = self.calls(caller=caller)
        self.switch.answer(BOB, ref, "1001")
        return ref

    def after(self, seconds: float) -> None:
        """Turn the clock."""
        self.world.clock.advance(seconds)


Case = Callable[[Centre], Awaitable[None]]
"""What a row of the file does, seen at the switch."""


def unknown(event: dict[str, Any]) -> list[str]:
    """Return what an event has that neither the file nor the catalogue knows."""
    return _unknown(event, event["eventName"], event["eventName"])


def _unknown(value: Any, kind: str, where: str) -> list[str]:
    enumerations = {**_named(o2g()["enumerations"]), **_named(additions()["enumerations"])}
    if kind in enumerations:
        newer = [row.get("value") for row in additions()["amendments"] if row.get("type") == kind]
        return [] if value in enumerations[kind] or value in newer else [f"{where}: {value!r} is no {kind}"]
    types = {**_named(o2g()["types"]), **_named(additions()["types"])}
    if kind not in types:
        return []
    fields = {one["name"]: one for one in types[kind]} | {
        row["field"]: {"type": row["json_type"], "cardinality": "0..1"}
        for row in additions()["amendments"]
        if row["kind"] == "field" and row["type"] == kind
    }
    found = [f"{where}.{name} is not in the file" for name in value if name not in fields]
    found += [
        f"{where}.{name} is missing"
        for name, one in fields.items()
        if one["cardinality"].startswith("1") and name not in value
    ]
    for name, inner in value.items():
        if name in fields:
            for item in inner if isinstance(inner, list) else [inner]:
                found += _unknown(item, fields[name]["type"], f"{where}.{name}")
    return found


def _named(chapters: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {name: one for named in chapters.values() for name, one in named.items()}


def settings(switch: dict[str, Any] | None = None, **more: Any) -> SimulatorSettings:
    """The call centre of the agents' tests, with rules, routing points, and what else is asked for."""
    chosen = call_centre(supervisor=True).model_dump()
    pilot = {**chosen["switch"]["pilots"][0]}
    pilot["rules"] = [{"number": 2, "name": "Support helps", "groups": [SALES, SUPPORT]}]
    chosen["switch"] |= {
        "pilots": [pilot],
        "routing_points": [
            {"number": POINT, "name": "Front door", "overflow": "1002"},
            {"number": EMPTY_POINT, "name": "Back door"},
        ],
        **(switch or {}),
    }
    for user in chosen["users"]:
        for secret in ("password", "pin", "secret_code"):
            user[secret] = user[secret].get_secret_value()
    return SimulatorSettings.model_validate(
        {"users": chosen["users"], "switch": chosen["switch"], "time_to_live": 86_400, **more}
    )


@asynccontextmanager
async def centre_of(chosen: SimulatorSettings | None = None) -> AsyncIterator[Centre]:
    """A call centre with the administrator logged in."""
    async with office(chosen or settings()) as world, aiohttp.ClientSession() as http:
        world.switch.agent_log_on(ALICE, "1000", SALES)
        world.switch.agent_log_on(BOB, "1001", SALES)
        world.switch.agent_pause(ALICE)
        centre = Centre(world, await logged_in(world.simulator, http), http)
        yield centre
        for client in (centre.client, *centre.others):
            await client.close()
        world.switch.check()


async def logged_in(simulator: Simulator, http: aiohttp.ClientSession, login: str | None = None) -> O2gClient:
    chosen = simulator.settings
    name, password = (chosen.admin_login, chosen.admin_password) if login is None else (login, "secret")
    client = O2gClient(ConnectionSettings.make(url=simulator.url, username=name, password=password), http)
    await client.open()
    return client


def plain(value: Any) -> Any:
    """Return an answer as it came over the wire."""
    return msgspec.to_builtins(value)
