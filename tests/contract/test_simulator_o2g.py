"""The simulator's side of the O2G catalogue, row by row.

Every operation is asked for as a user and as an administrator, in the state it needs, and has to answer with the
status and the type of its row; and it has to refuse what is wrong, with a status of its row and the reasons the
reference names. Every event has to be sent in a session, with nothing in it that the catalogue does not know.
"""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from aiopbx.o2g.types.events import PACKAGES
from aiopbx.simulator import (
    DeviceSpec,
    HuntingGroupSpec,
    ManualClock,
    Simulator,
    SimulatorSettings,
    SwitchSettings,
    UserSpec,
)
from tests.contract.rows import BEYOND_THE_TABLES, OperationRow, TypeRow, events, held, o2g, operations
from tests.contract.samples import sample

CHAPTERS = (
    "Session management",
    "User information",
    "Subscription management",
    "Call control",
    "Routing management",
    "Event summary",
)
"""What this module holds; the other services have modules of their own."""
ALICE, BOB, CAROL, DAVID = "oxe1000", "oxe1001", "oxe1002", "oxe1003"
GROUP, OTHER_GROUP, SHARED_SET = "400", "401", "1900"
CODES = {
    "NOT_READY": (1000, True),
    "INVALID_SESSION": (1001, True),
    "NOT_ALLOWED": (1002, False),
    "NOT_FOUND": (1003, True),
    "NOT_EXPECTED": (1004, True),
    "NOT_SUPPORTED": (1005, False),
    "BAD_PARAMETER": (1006, True),
    "SERVER_PROBLEM": (1007, False),
}


def settings() -> SimulatorSettings:
    private = {"pin": "1234", "secret_code": "9876"}
    return SimulatorSettings.model_validate(
        {
            "users": [
                {
                    "login": ALICE,
                    "number": "1000",
                    "first_name": "Alice",
                    "remote_extension": True,
                    "associate": "1003",
                    "hunting_group": GROUP,
                    "acd": True,
                    **private,
                },
                {"login": BOB, "number": "1001", "first_name": "Bob", "hunting_group": GROUP},
                {"login": CAROL, "number": "1002", "first_name": "Carol"},
                {"login": DAVID, "number": "1003", "first_name": "David"},
                {"login": "basic", "number": "1009", "licences": ["TELEPHONY_BASIC"]},
            ],
            "switch": SwitchSettings(
                hunting_groups=(HuntingGroupSpec(number=GROUP), HuntingGroupSpec(number=OTHER_GROUP)),
                desk_sharing_sets=(SHARED_SET,),
            ),
        }
    )


# ------------------------------------------------------------------------------------------------------- the catalogue

_PLAIN: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "int": lambda value: type(value) is int and -(2**31) <= value < 2**31,
    "long": lambda value: type(value) is int and -(2**63) <= value < 2**63,
    "nonNegativeInteger": lambda value: type(value) is int and value >= 0,
    "boolean": lambda value: type(value) is bool,
    "dateTime": lambda value: (
        isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value) is not None
    ),
    "any": lambda value: True,
}


# Words of newer servers that the reference does not list, and the simulator uses.
NEWER = {"CallCause": {"NOT_ANSWERED", "PARKED", "DO_NOT_DISTURB", "OVERFLOWN"}}


def misfits(value: Any, kind: str, chapter: str, where: str = "") -> list[str]:
    """Say what in a value is not as the catalogue has the type: unknown or missing fields, wrong types and words."""
    where = where or kind
    if kind in _PLAIN:
        return [] if _PLAIN[kind](value) else [f"{where}: {value!r} is no {kind}"]
    catalogue = o2g()
    for place in (chapter, "Overview", *catalogue["types"]):
        words = catalogue["enumerations"].get(place, {}).get(kind)
        if words is not None:
            if place == "Overview":  # what an error says of a service is in that service's words, too
                words = [word for chapter in catalogue["enumerations"].values() for word in chapter.get(kind, ())]
            fits = value in words or value in NEWER.get(kind, ())
            return [] if fits else [f"{where}: {value!r} is no {kind}"]
        fields = catalogue["types"].get(place, {}).get(kind)
        if fields is not None:
            break
    else:
        raise LookupError(f"the catalogue has no type {kind}")
    if not isinstance(value, dict):
        return [f"{where}: {value!r} is no {kind}"]
    known = {field["name"]: field for field in fields}
    found = [
        f"{where}.{name}: the catalogue does not know it"
        for name in value
        if name not in known and (kind, name) not in BEYOND_THE_TABLES
    ]
    for name, entry in known.items():
        if name not in value:
            if entry["cardinality"].startswith("1"):
                found.append(f"{where}.{name}: is missing")
        elif entry["cardinality"].endswith("*"):
            if not isinstance(value[name], list):
                found.append(f"{where}.{name}: {value[name]!r} is no list")
                continue
            for index, item in enumerate(value[name]):
                found += misfits(item, entry["type"], place, f"{where}.{name}[{index}]")
        else:
            found += misfits(value[name], entry["type"], place, f"{where}.{name}")
    return found


# ------------------------------------------------------------------------------------------------------------ the world


@dataclass
class Reply:
    status: int
    body: Any
    empty: bool


class World:
    """A simulator, somebody who is logged in, and what they do at their telephones."""

    def __init__(self, simulator: Simulator, clock: ManualClock, http: aiohttp.ClientSession) -> None:
        self.simulator = simulator
        self.switch = simulator.switch
        self.clock = clock
        self.http = http
        self.cookies: dict[str, str] = {}
        self.administrator = False

    async def ask(self, method: str, path: str, body: Any = None, raw: bytes | None = None) -> Reply:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        data = raw if raw is not None else (None if body is None else json.dumps(body).encode())
        url = f"{self.simulator.url}/api/rest/1.0{path}"
        async with self.http.request(method, url, data=data, headers=headers) as response:
            for line in response.headers.getall("Set-Cookie", []):
                name, _, value = line.partition(";")[0].partition("=")
                self.cookies[name] = value
            content = await response.read()
            if content:
                assert response.headers["Content-Type"].startswith("application/json")
            return Reply(response.status, json.loads(content) if content else None, not content)

    async def authenticate(self, login: str, password: str) -> None:
        basic = base64.b64encode(f"{login}:{password}".encode()).decode()
        url = f"{self.simulator.url}/api/rest/authenticate?version=1.0"
        async with self.http.get(url, headers={"Authorization": f"Basic {basic}"}) as response:
            assert response.status == 200
            self.cookies = {"AlcUserId": (await response.json())["credential"]}

    async def log_in(self, who: str, **request: Any) -> None:
        login, password = ("admin", "admin") if who == "administrator" else (who, "secret")
        self.administrator = who == "administrator"
        await self.authenticate(login, password)
        reply = await self.ask("POST", "/sessions", {"applicationName": "contract", **request})
        assert reply.status == 200

    def settle(self) -> None:
        self.clock.advance(0)

    def dial(self, caller: str, callee: str) -> str:
        device = next(iter(self.switch.users[caller].devices))
        ref = self.switch.make_call(caller, device, callee, auto_answer=True).ref
        self.settle()
        return ref

    def rings(self) -> str:
        """Bob calls Alice."""
        return self.dial(BOB, "1000")

    def calls_out(self) -> str:
        """Alice calls Bob, where it rings."""
        return self.dial(ALICE, "1001")

    def talks(self, caller: str = ALICE, callee: str = BOB) -> str:
        user = self.switch.users[callee]
        ref = self.dial(caller, user.number)
        self.switch.answer(callee, ref, next(iter(user.devices)))
        self.settle()
        return ref

    def holds(self) -> str:
        """Alice has Bob on hold."""
        ref = self.talks()
        self.switch.hold(ALICE, ref, "1000")
        return ref

    def consults(self) -> tuple[str, str]:
        """Alice has Bob on hold and talks with Carol."""
        held = self.holds()
        return self.talks(ALICE, CAROL), held

    def confers(self) -> str:
        active, held = self.consults()
        self.switch.merge(ALICE, active, held)
        return self.call()["ref"]

    def call(self) -> dict[str, Any]:
        """Alice's first call."""
        calls: list[dict[str, Any]] = self.state()["calls"]
        return calls[0]

    def state(self, login: str = ALICE) -> dict[str, Any]:
        found: dict[str, Any] = self.simulator.state()["users"][login]
        return found

    def states(self, login: str = ALICE) -> dict[str, str]:
        return {call["ref"]: call["state"] for call in self.state(login)["calls"]}

    def participant(self, number: str) -> str:
        return next(str(party["id"]) for party in self.call()["parties"] if party["number"] == number)

    async def subscribe(self, version: str = "2.0") -> str:
        selectors = [
            {"ids": ["*"] if self.administrator else [], "names": [name]}
            for name in ("telephony", "routingManagement", "eventSummary", "user")
        ]
        if self.administrator:
            selectors.append({"ids": ["*"], "names": ["userManagement"]})
        reply = await self.ask("POST", "/subscriptions", {"filter": {"selectors": selectors}, "version": version})
        assert reply.body["status"] == "ACCEPTED", reply.body
        self.polling = reply.body["publicPollingUrl"]
        return str(reply.body["subscriptionId"])

    def queued(self) -> list[dict[str, Any]]:
        """What waits for the channel."""
        (subscribed,) = self.simulator.server.subscriptions.all
        return [json.loads(line) for line in subscribed.queue]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    clock = ManualClock()
    async with (
        Simulator(settings(), clock=clock) as simulator,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
    ):
        yield World(simulator, clock, http)


# ------------------------------------------------------------------------------------------------------------ the cases

Values = dict[str, Any]


@dataclass
class Case:
    """How an operation is used rightly. ``prepare`` makes the state and returns what the path and the body name."""

    prepare: Callable[[World], Any] = lambda world: {}
    body: Callable[[Values], Any] = lambda values: None
    query: str = ""
    status: int = 204
    done: Callable[[World, Values, Any], bool] = lambda world, values, answer: True
    """Whether the switch did it, or the answer tells the truth."""


@dataclass
class Wrong:
    """A wrong use: the status, the type, and what the service adds as (part, type, cause)."""

    prepare: Callable[[World], Any] = lambda world: {}
    body: Callable[[Values], Any] = lambda values: None
    query: str = ""
    status: int = 400
    type: str = "BAD_PARAMETER"
    part: tuple[str, str | None, str | None] | None = None
    who: tuple[str, ...] = (ALICE, "administrator")


def telephony(kind: str, cause: str | None = None) -> tuple[str, str, str | None]:
    return ("telephony", kind, cause)


def routing(kind: str, cause: str | None = None) -> tuple[str, str, str | None]:
    return ("routing", kind, cause)


def const(value: Any) -> Callable[[Values], Any]:
    return lambda values: value


DESK = const({"deviceId": "1000"})
NO_CALL: Callable[[World], Values] = lambda world: {"callRef": "0123456789abcdef"}  # noqa: E731
NOT_FOUND_CALL = telephony("CALL_REFERENCE_NOT_FOUND", "INVALID_CALL_ID")
WRONG_STATE = telephony("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE")


def ref(name: str) -> Callable[[World], Values]:
    """Prepare a call with a method of the world, and name it."""
    return lambda world: {"callRef": getattr(world, name)()}


def pair(world: World) -> Values:
    active, held = world.consults()
    return {"callRef": active, "held": held}


def missing(status: int) -> dict[str, Any]:
    """Say how a call that does not exist is refused, for ``Wrong``."""
    return {"prepare": NO_CALL, "status": status, "type": "NOT_FOUND", "part": NOT_FOUND_CALL}


def asked_to_call_back(world: World) -> Values:
    world.switch.request_callback(BOB, "1000")
    (entry,) = world.switch.callbacks(ALICE)
    return {"callbackId": entry.id}


def texted(world: World) -> Values:
    world.switch.send_text(BOB, "1000", "Lunch?")
    return {}


def parked(world: World) -> Values:
    call = world.talks(BOB, CAROL)
    world.switch.park(BOB, call, "1000")
    return {"deviceId": "1000", "callRef": call}


def rings_elsewhere(world: World) -> Values:
    return {"deviceId": "1000", "callRef": world.dial(BOB, "1002")}


def logged_off(world: World) -> Values:
    world.switch.hunting_group_log(ALICE, False)
    return {}


def shared(world: World) -> Values:
    world.switch.desk_sharing_log_on(ALICE, SHARED_SET)
    return {}


def mobile_on(world: World) -> Values:
    world.switch.set_remote_extension(ALICE, True)
    return {"callRef": world.talks(), "legId": "1000"}


def forwarded(world: World) -> Values:
    world.switch.set_forward(ALICE, "1002", condition="BUSY")
    return {}


def overflown(world: World) -> Values:
    world.switch.set_overflow(ALICE, target="VOICEMAIL", condition="NO_ANSWER")
    return {}


def with_dnd(world: World) -> Values:
    world.switch.set_dnd(ALICE, True)
    return {}


def recorded(world: World) -> Values:
    call = world.talks()
    world.switch.recording(ALICE, call, "start")
    return {"callRef": call}


def conference(world: World) -> Values:
    return {"callRef": world.confers(), "participantId": world.participant("1001")}


def forward_to(kind: str | None, number: str | None = None, when: str | None = None) -> Callable[[Values], Any]:
    destination = {key: value for key, value in (("type", kind), ("number", number)) if value is not None}
    route: dict[str, Any] = {"destinations": [destination]}
    if when is not None:
        route["forwardType"] = when
    return const({"forwardRoute": route})


def overflow_to(kind: str, when: str | None = "NO_ANSWER") -> Callable[[Values], Any]:
    route: dict[str, Any] = {"destinations": [{"type": kind}]}
    if when is not None:
        route["overflowType"] = when
    return const({"overflowRoutes": [route]})


C = "/telephony/calls/{callRef}"
USER = {"prepare": lambda world: {"loginName": ALICE}}
ENDED: Callable[[World, Values, Any], bool] = lambda world, values, answer: not world.states()  # noqa: E731


def active(world: World, values: Values, answer: Any) -> bool:
    return list(world.states().values()) == ["ACTIVE"]


CASES: dict[str, Case] = {
    # users
    "GET /logins": Case(status=200, done=lambda w, v, a: a["loginNames"][0] == ALICE),
    "GET /users": Case(query="companyPhone=1000", status=200, done=lambda w, v, a: a["loginName"] == ALICE),
    "GET /users/{loginName}": Case(**USER, status=200, done=lambda w, v, a: len(a["devices"]) == 2),
    "PUT /users/{loginName}/password": Case(
        **USER,
        body=const({"oldPassword": "secret", "newPassword": "better"}),
        done=lambda w, v, a: w.simulator.accounts.verify(ALICE, "better") is not None,
    ),
    "GET /users/{loginName}/preferences": Case(**USER, status=200, done=lambda w, v, a: a["guiLanguage"] == "en"),
    "POST /users/{loginName}/preferences": Case(
        **USER,
        body=const({"guiLanguage": "fr"}),
        done=lambda w, v, a: w.simulator.accounts.get(ALICE).gui_language == "fr",  # type: ignore[union-attr]
    ),
    "GET /users/{loginName}/preferences/supportedLanguages": Case(
        **USER, status=200, done=lambda w, v, a: "fr" in a["supportedGuiLanguages"]
    ),
    # basic calls
    "POST /telephony/basicCall": Case(
        body=const({"deviceId": "1000", "callee": "1001", "autoAnswer": True}),
        status=201,
        done=lambda w, v, a: a in w.states(),
    ),
    "POST /telephony/basicCall/answer": Case(ref("rings"), DESK, done=active),
    "POST /telephony/basicCall/dropme": Case(ref("talks"), done=ENDED),
    # calls
    "GET /telephony/calls": Case(pair, status=200, done=lambda w, v, a: len(a["calls"]) == 2),
    "POST /telephony/calls": Case(
        body=const({"deviceId": "1000", "callee": "1001", "autoAnswer": True, "associatedData": "order 7"}),
        status=201,
        done=lambda w, v, a: w.call()["ref"] == a and w.call()["associated_data"] == "order 7",
    ),
    f"GET {C}": Case(ref("talks"), status=200, done=lambda w, v, a: a["callRef"] == v["callRef"]),
    f"DELETE {C}": Case(ref("confers"), done=lambda w, v, a: not any(w.states(x) for x in (ALICE, BOB, CAROL))),
    f"POST {C}/alternate": Case(
        lambda w: dict(zip(("active", "callRef"), w.consults(), strict=True)),
        DESK,
        done=lambda w, v, a: w.states()[v["callRef"]] == "ACTIVE",
    ),
    f"POST {C}/answer": Case(ref("rings"), DESK, done=active),
    f"POST {C}/attachdata": Case(
        ref("talks"),
        const({"deviceId": "1000", "associatedData": "customer 42"}),
        done=lambda w, v, a: w.call()["associated_data"] == "customer 42",
    ),
    f"POST {C}/blindtransfer": Case(
        ref("talks"),
        const({"transferTo": "1002"}),
        done=lambda w, v, a: not w.states() and "RINGING_INCOMING" in w.states(CAROL).values(),
    ),
    f"POST {C}/callback": Case(ref("calls_out"), done=lambda w, v, a: len(w.switch.callbacks(BOB)) == 1),
    f"GET {C}/deviceLegs": Case(ref("talks"), status=200, done=lambda w, v, a: a["legs"][0]["deviceId"] == "1000"),
    f"GET {C}/deviceLegs/{{legId}}": Case(
        lambda w: {"callRef": w.talks(), "legId": "1000"}, status=200, done=lambda w, v, a: a["state"] == "ACTIVE"
    ),
    f"POST {C}/deviceLegs/{{legId}}": Case(
        mobile_on,
        const({"otherDeviceId": "61000"}),
        done=lambda w, v, a: w.call()["legs"] == [{"device": "61000", "state": "ACTIVE"}],
    ),
    f"POST {C}/dropme": Case(
        ref("confers"), done=lambda w, v, a: not w.states() and set(w.states(BOB).values()) == {"ACTIVE"}
    ),
    f"POST {C}/hold": Case(ref("talks"), DESK, done=lambda w, v, a: w.states() == {v["callRef"]: "HELD"}),
    f"POST {C}/merge": Case(
        pair, lambda v: {"heldCallRef": v["held"]}, done=lambda w, v, a: len(w.call()["parties"]) == 2
    ),
    f"POST {C}/overflowToVoiceMail": Case(
        ref("calls_out"), done=lambda w, v, a: w.call()["parties"][0]["number"] == "5000"
    ),
    f"POST {C}/park": Case(ref("talks"), const({"parkTo": "1002"}), done=ENDED),
    f"GET {C}/participants": Case(ref("confers"), status=200, done=lambda w, v, a: len(a["participants"]) == 2),
    f"GET {C}/participants/{{participantId}}": Case(
        conference, status=200, done=lambda w, v, a: a["identity"]["id"]["phoneNumber"] == "1001"
    ),
    f"DELETE {C}/participants/{{participantId}}": Case(
        conference, done=lambda w, v, a: not w.states(BOB) and len(w.call()["parties"]) == 1
    ),
    f"POST {C}/reconnect": Case(
        lambda w: dict(zip(("enquiry", "callRef"), w.consults(), strict=True)),
        lambda v: {"deviceId": "1000", "enquiryCallRef": v["enquiry"]},
        done=lambda w, v, a: w.states() == {v["callRef"]: "ACTIVE"},
    ),
    f"POST {C}/recording": Case(
        ref("talks"), query="action=start", done=lambda w, v, a: w.call()["recording"] == "RECORDING"
    ),
    f"POST {C}/redirect": Case(
        ref("rings"),
        const({"redirectTo": "1002"}),
        done=lambda w, v, a: not w.states() and "RINGING_INCOMING" in w.states(CAROL).values(),
    ),
    f"POST {C}/retrieve": Case(ref("holds"), DESK, done=active),
    f"POST {C}/sendDtmf": Case(
        ref("talks"),
        const({"deviceId": "1000", "number": "12#"}),
        done=lambda w, v, a: w.switch.calls[v["callRef"]].dtmf == [(ALICE, "12#")],
    ),
    f"POST {C}/sendaccountinfo": Case(
        ref("talks"),
        const({"deviceId": "1000", "accountInfo": "4711"}),
        done=lambda w, v, a: w.switch.calls[v["callRef"]].account_info == "4711",
    ),
    f"POST {C}/transfer": Case(
        pair,
        lambda v: {"heldCallRef": v["held"]},
        done=lambda w, v, a: not w.states() and set(w.states(BOB).values()) == {"ACTIVE"},
    ),
    # telephones
    "POST /telephony/deskSharing": Case(
        body=const({"dssDeviceNumber": SHARED_SET}), done=lambda w, v, a: SHARED_SET in w.switch.users[ALICE].devices
    ),
    "DELETE /telephony/deskSharing": Case(shared, done=lambda w, v, a: SHARED_SET not in w.switch.users[ALICE].devices),
    "GET /telephony/devices": Case(status=200, done=lambda w, v, a: len(a["deviceStates"]) == 2),
    "GET /telephony/devices/{deviceId}": Case(
        lambda w: {"deviceId": "1000"}, status=200, done=lambda w, v, a: a["state"] == "IN_SERVICE"
    ),
    "POST /telephony/devices/{deviceId}/pickup": Case(
        rings_elsewhere,
        lambda v: {"otherCallRef": v["callRef"], "otherPhoneNumber": "1002", "autoAnswer": True},
        done=active,
    ),
    "POST /telephony/devices/{deviceId}/unpark": Case(parked, const({"unParkFrom": "1000"}), done=active),
    # hunting groups
    "GET /telephony/huntingGroupLogOn": Case(status=200, done=lambda w, v, a: a == {"logon": True}),
    "POST /telephony/huntingGroupLogOn": Case(logged_off, done=lambda w, v, a: w.state()["logged_on"] is True),
    "DELETE /telephony/huntingGroupLogOn": Case(done=lambda w, v, a: w.state()["logged_on"] is False),
    "POST /telephony/huntingGroupMember/{hgNumber}": Case(
        lambda w: {"hgNumber": OTHER_GROUP}, done=lambda w, v, a: w.state()["hunting_group"] == OTHER_GROUP
    ),
    "DELETE /telephony/huntingGroupMember/{hgNumber}": Case(
        lambda w: {"hgNumber": GROUP}, done=lambda w, v, a: w.state()["hunting_group"] is None
    ),
    "GET /telephony/huntingGroups": Case(
        status=200, done=lambda w, v, a: a == {"hgList": [GROUP, OTHER_GROUP], "currentHg": GROUP}
    ),
    # call-backs and texts
    "GET /telephony/incomingCallbacks": Case(
        asked_to_call_back, status=200, done=lambda w, v, a: a["callbacks"][0]["callbackId"] == v["callbackId"]
    ),
    "DELETE /telephony/incomingCallbacks": Case(asked_to_call_back, done=lambda w, v, a: not w.switch.callbacks(ALICE)),
    "DELETE /telephony/incomingCallbacks/{callbackId}": Case(
        asked_to_call_back, done=lambda w, v, a: not w.switch.callbacks(ALICE)
    ),
    "GET /telephony/miniMessages": Case(
        texted, status=200, done=lambda w, v, a: (a["sender"], a["message"]) == ("1001", "Lunch?")
    ),
    "POST /telephony/miniMessages": Case(
        body=const({"recipient": "1001", "message": "At noon"}),
        done=lambda w, v, a: w.state(BOB)["counters"]["new_texts"] == 1,
    ),
    "POST /telephony/outgoingCallbacks": Case(
        body=const({"callee": "1001"}), done=lambda w, v, a: len(w.switch.callbacks(BOB)) == 1
    ),
    # state
    "GET /telephony/state": Case(ref("talks"), status=200, done=lambda w, v, a: len(a["calls"]) == 1),
    "POST /telephony/state/snapshot": Case(
        ref("talks"), done=lambda w, v, a: "OnTelephonyState" in [event["eventName"] for event in w.queued()]
    ),
    # routing
    "GET /routing": Case(
        status=200,
        done=lambda w, v, a: a == {"presentationRoute": True, "forwardRoute": True, "overflowRoute": True, "dnd": True},
    ),
    "POST /routing": Case(
        body=const({"presentationRoutes": [{"destinations": [{"type": "MOBILE", "selected": True}]}]}),
        done=lambda w, v, a: w.state()["remote_extension"] is True,
    ),
    "GET /routing/dnd": Case(with_dnd, status=200, done=lambda w, v, a: a == {"activate": True}),
    "POST /routing/dnd": Case(done=lambda w, v, a: w.state()["do_not_disturb"] is True),
    "DELETE /routing/dnd": Case(with_dnd, done=lambda w, v, a: w.state()["do_not_disturb"] is False),
    "GET /routing/forwardroute": Case(
        forwarded,
        status=200,
        done=lambda w, v, a: (a["forwardType"], a["destinations"][0]["number"]) == ("BUSY", "1002"),
    ),
    "POST /routing/forwardroute": Case(
        body=forward_to("NUMBER", "1002"),
        done=lambda w, v, a: w.state()["forward"] == {"condition": "IMMEDIATE", "target": "NUMBER", "number": "1002"},
    ),
    "DELETE /routing/forwardroute": Case(forwarded, done=lambda w, v, a: w.state()["forward"] is None),
    "GET /routing/overflowroute": Case(
        overflown, status=200, done=lambda w, v, a: a["destinations"][0]["type"] == "VOICEMAIL"
    ),
    "POST /routing/overflowroute": Case(
        body=overflow_to("ASSOCIATE", "BUSY_NO_ANSWER"),
        done=lambda w, v, a: w.state()["overflow"]["condition"] == "BUSY_NO_ANSWER",
    ),
    "DELETE /routing/overflowroute": Case(overflown, done=lambda w, v, a: w.state()["overflow"] is None),
    "GET /routing/state": Case(with_dnd, status=200, done=lambda w, v, a: a["dndState"] == {"activate": True}),
    "POST /routing/state/snapshot": Case(
        with_dnd, done=lambda w, v, a: "OnRoutingStateChanged" in [event["eventName"] for event in w.queued()]
    ),
    # counters
    "GET /eventSummary": Case(asked_to_call_back, status=200, done=lambda w, v, a: a["callBackRequestsNb"] == 1),
}

# Operations that act on the session of who asks: their states are made by the tests below.
SESSION = {
    "GET /sessions",
    "POST /sessions",
    "DELETE /sessions",
    "POST /sessions/keepalive",
    "POST /subscriptions",
    "PUT /subscriptions",
    "DELETE /subscriptions/{subscriptionId}",
}
ROWS = operations(CHAPTERS)


def expand(row: OperationRow, values: Values) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: str(values[match[1]]), row.path)


def names_user(row: OperationRow) -> bool:
    return any(parameter["name"] == "loginName" for parameter in row.query)


def url(world: World, row: OperationRow, values: Values, query: str = "", *, named: bool = True) -> str:
    parts = [query] if query else []
    if named and world.administrator and names_user(row):
        parts.append(f"loginName={ALICE}")
    return expand(row, values) + ("?" + "&".join(parts) if parts else "")


def check_answer(row: OperationRow, reply: Reply, status: int) -> None:
    assert reply.status == status, reply.body
    types = dict(row.success)
    assert status in types, f"{status} is no answer of {row.id}"
    if types[status] is None:
        assert reply.empty
    else:
        assert misfits(reply.body, types[status], row.chapter) == []


def check_refusal(row: OperationRow | None, reply: Reply, status: int, kind: str) -> None:
    """A refusal says everything that the reference has, and its status is one that the operation has."""
    assert (reply.status, (reply.body or {}).get("type")) == (status, kind), reply.body
    body = dict(reply.body)
    assert misfits(body, "RestErrorInfo", "Overview") == []
    assert (body["code"], body["canRetry"]) == CODES[kind]
    assert body["helpMessage"]
    assert body["innerMessage"]
    if row is not None:
        assert status in dict(row.answers), f"{status} is no answer of {row.id}"


# ----------------------------------------------------------------------------------------------------------- operations


def test_every_operation_has_a_case() -> None:
    assert {row.id for row in ROWS} == CASES.keys() | SESSION
    assert len(ROWS) == 78


@pytest.mark.parametrize("who", [ALICE, "administrator"])
@held("O2G operations", "simulator", [row for row in ROWS if row.id not in SESSION])
async def test_served(world: World, row: OperationRow, who: str) -> None:
    case = CASES[row.id]
    await world.log_in(who)
    if row.path.endswith("/snapshot"):
        await world.subscribe()
    values = case.prepare(world)
    reply = await world.ask(row.method, url(world, row, values, case.query), case.body(values))
    check_answer(row, reply, case.status)
    world.settle()
    assert case.done(world, values, reply.body), f"{row.id} was answered, but not carried out"


@held("O2G operations", "simulator", [row for row in ROWS if row.id in SESSION])
async def test_session_served(world: World, row: OperationRow) -> None:
    body: Any = None
    selectors = {"selectors": [{"ids": [BOB], "names": ["telephony"]}]}
    path = row.path
    if row.id == "POST /sessions":
        await world.authenticate("admin", "admin")
        body = {"applicationName": "contract", "applicationAddress": "192.0.2.1"}
    else:
        await world.log_in("administrator")
    if row.path.startswith("/subscriptions"):
        key = await world.subscribe()
        path = path.replace("{subscriptionId}", key)
        body = {"PUT": selectors, "POST": {"filter": selectors, "version": "2.0", "timeout": 0}}.get(row.method)
    reply = await world.ask(row.method, path, body)
    check_answer(row, reply, 204 if row.success[0][0] == 204 or row.id == "POST /sessions/keepalive" else 200)
    server = world.simulator.server
    match row.id:
        case "DELETE /sessions":
            assert len(server.sessions) == 0
        case "GET /sessions" | "POST /sessions":
            assert (reply.body["admin"], reply.body["login"]) == (True, "admin")
            assert len(server.sessions) == 1
        case "POST /subscriptions":
            assert reply.body["status"] == "ACCEPTED"
            assert len(server.subscriptions) == 2
        case "PUT /subscriptions":
            assert server.subscriptions.all[0].wanted["OnCallCreated"] == {BOB}
        case "DELETE /subscriptions/{subscriptionId}":
            assert len(server.subscriptions) == 0


@held("O2G operations", "simulator", [row for row in ROWS if row.id == "POST /sessions/keepalive"])
async def test_keepalive_of_a_token_has_its_other_answer(world: World, row: OperationRow) -> None:
    await world.log_in(ALICE, applicationName="token;expires=2026-01-06T09:00:00Z")
    check_answer(row, await world.ask(row.method, row.path), 200)


@pytest.mark.parametrize("path", ["/telephony/basicCall", "/telephony/calls"])
async def test_call_from_a_set_without_user_has_its_other_answer(world: World, path: str) -> None:
    row = next(row for row in ROWS if row.id == f"POST {path}")
    await world.log_in("administrator")
    reply = await world.ask("POST", path, {"deviceId": SHARED_SET, "callee": "1001"})
    check_answer(row, reply, 204)
    world.settle()
    assert "RINGING_INCOMING" in world.states(BOB).values()
    await world.log_in(ALICE)
    reply = await world.ask("POST", path, {"deviceId": SHARED_SET, "callee": "1002"})
    assert reply.status in dict(row.answers)
    assert reply.status >= 400


@pytest.mark.parametrize("path", ["/routing/forwardroute", "/routing/overflowroute"])
async def test_route_that_is_not_set_is_an_empty_answer(world: World, path: str) -> None:
    await world.log_in(ALICE)
    reply = await world.ask("GET", path)
    assert reply.status == 200
    assert reply.empty


# ------------------------------------------------------------------------------------------------------------- refusals


def anything(row: OperationRow) -> Values:
    """Values for a path that nobody looks at."""
    names = re.findall(r"\{(\w+)\}", row.path)
    return dict.fromkeys(names, "x") | ({"loginName": ALICE} if "loginName" in names else {})


@held("O2G operations", "simulator", ROWS)
async def test_refused_without_a_session(world: World, row: OperationRow) -> None:
    body = {"applicationName": "contract"} if row.id == "POST /sessions" else None
    for cookies in ({}, {"AlcUserId": "nothing", "JSESSIONID": "nothing"}):
        world.cookies = dict(cookies)
        check_refusal(row, await world.ask(row.method, expand(row, anything(row)), body), 403, "INVALID_SESSION")


@held("O2G operations", "simulator", ROWS)
async def test_refused_while_the_server_starts(world: World, row: OperationRow) -> None:
    await world.log_in(ALICE)
    world.simulator.faults.not_ready()
    reply = await world.ask(row.method, expand(row, anything(row)))
    # the one operation whose row does not list it is refused so, too: the server is not there for any
    listed = None if row.id == "DELETE /subscriptions/{subscriptionId}" else row
    check_refusal(listed, reply, 503, "NOT_READY")


@held("O2G operations", "simulator", ROWS)
async def test_other_methods_are_refused(world: World, row: OperationRow) -> None:
    await world.log_in(ALICE)
    served = {
        other.method for other in ROWS if re.sub(r"\{\w+\}", "{}", other.path) == re.sub(r"\{\w+\}", "{}", row.path)
    }
    for method in {"GET", "POST", "PUT", "DELETE", "PATCH"} - served:
        check_refusal(None, await world.ask(method, expand(row, anything(row))), 405, "NOT_SUPPORTED")


@pytest.mark.parametrize("raw", [b"{", b"[]", b'"text"', b"\xff", b'{"applicationName": []}'])
@held("O2G operations", "simulator", [row for row in ROWS if row.body is not None])
async def test_refused_with_a_malformed_body(world: World, row: OperationRow, raw: bytes) -> None:
    if row.id == "POST /sessions":
        await world.authenticate("admin", "admin")
    else:
        await world.log_in(ALICE)
    if raw.endswith(b"}"):  # every field of the wrong type
        raw = json.dumps({name: [[]] for name in field_names(row.body or "", row.chapter)}).encode()
    reply = await world.ask(row.method, expand(row, anything(row)), raw=raw)
    check_refusal(row, reply, 400, "BAD_PARAMETER")


def field_names(kind: str, chapter: str) -> list[str]:
    return [field["name"] for field in o2g()["types"][chapter][kind]]


def required_fields(row: OperationRow) -> list[str]:
    return [
        field["name"]
        for field in o2g()["types"][row.chapter].get(row.body or "", [])
        if field["cardinality"].startswith("1")
    ]


@held("O2G operations", "simulator", [row for row in ROWS if required_fields(row)])
async def test_refused_without_what_the_body_needs(world: World, row: OperationRow) -> None:
    if row.id == "POST /sessions":
        await world.authenticate("admin", "admin")
        whole: Any = {"applicationName": "contract"}
        path = row.path
    elif row.id == "POST /subscriptions":
        await world.log_in(ALICE)
        whole, path = {"filter": {"selectors": []}, "version": "1.0"}, row.path
    else:
        await world.log_in(ALICE)
        values = CASES[row.id].prepare(world)
        whole, path = CASES[row.id].body(values), expand(row, values)
    for name in required_fields(row):
        lacking = {key: value for key, value in whole.items() if key != name}
        reply = await world.ask(row.method, path, lacking)
        check_refusal(row, reply, 400, "BAD_PARAMETER")
        assert name in reply.body["innerMessage"], reply.body


NAMED = [row for row in ROWS if names_user(row) and not row.path.endswith("/snapshot")]


@held("O2G operations", "simulator", NAMED)
async def test_administrator_must_name_the_user(world: World, row: OperationRow) -> None:
    await world.log_in("administrator")
    case = CASES[row.id]
    values = case.prepare(world)
    reply = await world.ask(row.method, url(world, row, values, case.query, named=False), case.body(values))
    check_refusal(row, reply, 400, "BAD_PARAMETER")
    assert "loginName" in reply.body["innerMessage"]
    wrong = url(world, row, values, "&".join(filter(None, [case.query, "loginName=nobody"])), named=False)
    reply = await world.ask(row.method, wrong, case.body(values))
    check_refusal(row, reply, 400, "NOT_FOUND")


@held("O2G operations", "simulator", [row for row in ROWS if names_user(row)])
async def test_user_always_acts_for_itself(world: World, row: OperationRow) -> None:
    await world.log_in(ALICE)
    if row.path.endswith("/snapshot"):
        await world.subscribe()
    case = CASES[row.id]
    values = case.prepare(world)
    query = "&".join(filter(None, [case.query, f"loginName={DAVID}"]))
    reply = await world.ask(row.method, f"{expand(row, values)}?{query}", case.body(values))
    check_answer(row, reply, case.status)
    world.settle()
    assert case.done(world, values, reply.body)


@held("O2G operations", "simulator", [row for row in ROWS if row.licence != "No license required."])
async def test_licence_is_asked_for(world: World, row: OperationRow) -> None:
    await world.log_in("basic")
    if row.chapter == "Subscription management":
        body: Any = {"selectors": [{"names": ["telephony"]}]}
        if row.method == "PUT":
            assert (await world.ask("POST", "/subscriptions", {"version": "1.0"})).body["status"] == "ACCEPTED"
            check_refusal(row, await world.ask("PUT", "/subscriptions", body), 403, "NOT_ALLOWED")
        else:
            reply = await world.ask("POST", "/subscriptions", {"filter": body, "version": "1.0"})
            check_answer(row, reply, 200)
            assert (reply.body["status"], "TELEPHONY_ADVANCED" in reply.body["message"]) == ("REFUSED", True)
        return
    body = sample_body(row, "1009")
    reply = await world.ask(row.method, expand(row, anything(row)), body)
    if "BASIC" in row.licence:
        assert reply.status == 201 or reply.body["type"] == "NOT_EXPECTED", reply.body
    else:
        check_refusal(row, reply, 403, "NOT_ALLOWED")
        assert "TELEPHONY_ADVANCED" in reply.body["innerMessage"]


def sample_body(row: OperationRow, device: str) -> Any:
    if row.body is None:
        return None
    body = sample(row.body, row.chapter, leave_out=frozenset({"pin", "secretCode", "businessCode"}))
    return body | ({"deviceId": device} if "deviceId" in body else {})


WRONG: dict[str, list[Wrong]] = {
    "GET /logins": [Wrong(query="nodeIds=a", who=("administrator",))],
    "GET /users": [Wrong(), Wrong(query="companyPhone=4711", status=404, type="NOT_FOUND")],
    "GET /users/{loginName}": [Wrong(lambda w: {"loginName": "nobody"}, type="NOT_FOUND")],
    "PUT /users/{loginName}/password": [
        Wrong(**USER, body=const({"oldPassword": "guess", "newPassword": "x"}), status=403, type="NOT_ALLOWED")
    ],
    "GET /users/{loginName}/preferences": [
        Wrong(lambda w: {"loginName": BOB}, status=403, type="NOT_ALLOWED", who=(ALICE,)),
        Wrong(lambda w: {"loginName": "nobody"}, type="NOT_FOUND", who=("administrator",)),
    ],
    "POST /users/{loginName}/preferences": [
        Wrong(
            **USER,
            body=const({"guiLanguage": "tlh"}),
            part=("userPreferences", "WRONG_VALUE", None),
        )
    ],
    "GET /users/{loginName}/preferences/supportedLanguages": [
        Wrong(lambda w: {"loginName": BOB}, status=403, type="NOT_ALLOWED", who=(ALICE,))
    ],
    "POST /telephony/basicCall": [
        Wrong(
            body=const({"deviceId": "1000", "callee": "4711"}),
            part=telephony("CALL_SERVER_ERROR", "INVALID_DESTINATION"),
        ),
        Wrong(
            body=const({"deviceId": "1001", "callee": "1002"}),
            status=403,
            type="NOT_ALLOWED",
            part=telephony("UNAUTHORIZED", "INVALID_DEVICE"),
            who=(ALICE,),
        ),
    ],
    "POST /telephony/basicCall/answer": [Wrong(body=DESK, type="NOT_EXPECTED", part=WRONG_STATE)],
    "POST /telephony/basicCall/dropme": [Wrong(type="NOT_EXPECTED", part=WRONG_STATE)],
    "POST /telephony/calls": [
        Wrong(
            body=const({"deviceId": "1000", "callee": "1001", "associatedData": "x" * 33}),
            part=telephony("BAD_PARAMETER_VALUE", "INVALID_DATA"),
        ),
        Wrong(
            body=const({"deviceId": "1000", "callee": "not a number"}),
            part=telephony("BAD_PARAMETER_VALUE", "INVALID_DESTINATION"),
        ),
    ],
    f"GET {C}": [Wrong(**missing(404))],
    f"DELETE {C}": [Wrong(**missing(404))],
    f"POST {C}/alternate": [
        Wrong(body=DESK, **missing(400)),
        Wrong(ref("talks"), DESK, type="NOT_EXPECTED", part=WRONG_STATE),
    ],
    f"POST {C}/answer": [
        Wrong(body=DESK, **missing(400)),
        Wrong(ref("talks"), DESK, type="NOT_EXPECTED", part=WRONG_STATE),
    ],
    f"POST {C}/attachdata": [
        Wrong(body=const({"deviceId": "1000", "associatedData": "x"}), **missing(400)),
        Wrong(
            ref("talks"),
            const({"deviceId": "1000", "associatedData": "x" * 33}),
            part=telephony("BAD_PARAMETER_VALUE", "INVALID_DATA"),
        ),
    ],
    f"POST {C}/blindtransfer": [
        Wrong(body=const({"transferTo": "1002"}), **missing(400)),
        Wrong(ref("talks"), const({"transferTo": "4711"}), part=telephony("CALL_SERVER_ERROR", "INVALID_DESTINATION")),
        Wrong(ref("holds"), const({"transferTo": "1002"}), type="NOT_EXPECTED", part=WRONG_STATE),
    ],
    f"POST {C}/callback": [Wrong(**missing(400)), Wrong(ref("talks"), type="NOT_EXPECTED", part=WRONG_STATE)],
    f"GET {C}/deviceLegs": [Wrong(**missing(404))],
    f"GET {C}/deviceLegs/{{legId}}": [
        Wrong(
            lambda w: {"callRef": w.talks(), "legId": "61000"},
            status=404,
            type="NOT_FOUND",
            part=telephony("LEG_NOT_FOUND", "INVALID_DEVICE"),
        )
    ],
    f"POST {C}/deviceLegs/{{legId}}": [
        Wrong(
            lambda w: {"callRef": w.talks(), "legId": "1000"},
            const({"otherDeviceId": "1002"}),
            status=403,
            type="NOT_ALLOWED",
            part=telephony("UNAUTHORIZED", "INVALID_DEVICE"),
        )
    ],
    f"POST {C}/dropme": [Wrong(**missing(400))],
    f"POST {C}/hold": [
        Wrong(body=DESK, **missing(400)),
        Wrong(ref("rings"), DESK, type="NOT_EXPECTED", part=WRONG_STATE),
    ],
    f"POST {C}/merge": [
        Wrong(body=const({"heldCallRef": "0123"}), **missing(400)),
        Wrong(ref("talks"), const({"heldCallRef": "0123"}), type="NOT_FOUND", part=NOT_FOUND_CALL),
        Wrong(ref("talks"), lambda v: {"heldCallRef": v["callRef"]}, type="NOT_EXPECTED", part=WRONG_STATE),
    ],
    f"POST {C}/overflowToVoiceMail": [
        Wrong(**missing(400)),
        Wrong(ref("talks"), type="NOT_EXPECTED", part=WRONG_STATE),
    ],
    f"POST {C}/park": [Wrong(**missing(400)), Wrong(ref("holds"), type="NOT_EXPECTED", part=WRONG_STATE)],
    f"GET {C}/participants": [Wrong(**missing(404))],
    f"GET {C}/participants/{{participantId}}": [
        Wrong(
            lambda w: {"callRef": w.talks(), "participantId": "4711"},
            status=404,
            type="NOT_FOUND",
            part=("telephony", None, None),
        )
    ],
    f"DELETE {C}/participants/{{participantId}}": [
        Wrong(
            lambda w: {"callRef": w.confers(), "participantId": "4711"},
            part=telephony("BAD_PARAMETER_VALUE"),
        )
    ],
    f"POST {C}/reconnect": [
        Wrong(body=const({"deviceId": "1000", "enquiryCallRef": "0123"}), **missing(400)),
        Wrong(
            ref("talks"),
            lambda v: {"deviceId": "1000", "enquiryCallRef": v["callRef"]},
            type="NOT_EXPECTED",
            part=WRONG_STATE,
        ),
    ],
    f"POST {C}/recording": [
        Wrong(ref("talks")),
        Wrong(ref("talks"), query="action=sing", part=telephony("BAD_PARAMETER_VALUE", "INVALID_DATA")),
        Wrong(ref("holds"), query="action=start", type="NOT_FOUND", part=telephony("LEG_NOT_FOUND")),
        Wrong(recorded, query="action=resume", type="NOT_EXPECTED", part=("telephony", None, None)),
    ],
    f"POST {C}/redirect": [
        Wrong(body=const({"redirectTo": "1002"}), **missing(404)),
        Wrong(ref("talks"), const({"redirectTo": "1002"}), type="NOT_EXPECTED", part=WRONG_STATE),
        Wrong(ref("rings"), const({"redirectTo": "4711"}), part=telephony("CALL_SERVER_ERROR", "INVALID_DESTINATION")),
    ],
    f"POST {C}/retrieve": [
        Wrong(body=DESK, **missing(404)),
        Wrong(ref("talks"), DESK, type="NOT_EXPECTED", part=WRONG_STATE),
    ],
    f"POST {C}/sendDtmf": [
        Wrong(body=const({"deviceId": "1000", "number": "1"}), **missing(404)),
        Wrong(
            ref("talks"),
            const({"deviceId": "1000", "number": "hello"}),
            part=telephony("BAD_PARAMETER_VALUE", "INVALID_DATA"),
        ),
    ],
    f"POST {C}/sendaccountinfo": [
        Wrong(body=const({"deviceId": "1000", "accountInfo": "1"}), **missing(400)),
        Wrong(
            ref("talks"),
            const({"deviceId": "1000", "accountInfo": "abc"}),
            part=telephony("BAD_PARAMETER_VALUE", "INVALID_DATA"),
        ),
    ],
    f"POST {C}/transfer": [
        Wrong(body=const({"heldCallRef": "0123"}), **missing(404)),
        Wrong(ref("talks"), lambda v: {"heldCallRef": v["callRef"]}, type="NOT_EXPECTED", part=WRONG_STATE),
    ],
    "POST /telephony/deskSharing": [
        Wrong(body=const({"dssDeviceNumber": "1001"}), part=telephony("BAD_PARAMETER_VALUE", "INVALID_DEVICE"))
    ],
    "DELETE /telephony/deskSharing": [Wrong(type="NOT_EXPECTED", part=WRONG_STATE)],
    "GET /telephony/devices/{deviceId}": [
        Wrong(
            lambda w: {"deviceId": "1001"},
            status=404,
            type="NOT_FOUND",
            part=("telephony", None, "INVALID_DEVICE"),
        )
    ],
    "POST /telephony/devices/{deviceId}/pickup": [
        Wrong(
            lambda w: {"deviceId": "1000"},
            const({"otherPhoneNumber": "1002"}),
            type="NOT_EXPECTED",
            part=WRONG_STATE,
        )
    ],
    "POST /telephony/devices/{deviceId}/unpark": [
        Wrong(lambda w: {"deviceId": "1000"}, type="NOT_FOUND", part=NOT_FOUND_CALL)
    ],
    "POST /telephony/huntingGroupMember/{hgNumber}": [
        Wrong(lambda w: {"hgNumber": "499"}, status=404, type="NOT_FOUND")
    ],
    "DELETE /telephony/huntingGroupMember/{hgNumber}": [
        Wrong(lambda w: {"hgNumber": "499"}, status=404, type="NOT_FOUND")
    ],
    "DELETE /telephony/incomingCallbacks/{callbackId}": [
        Wrong(lambda w: {"callbackId": "cb99"}, part=telephony("BAD_PARAMETER_VALUE"))
    ],
    "GET /telephony/miniMessages": [Wrong(type="NOT_EXPECTED", part=("telephony", None, None))],
    "POST /telephony/miniMessages": [
        Wrong(body=const({"recipient": "4711", "message": "?"}), part=("telephony", None, "INVALID_DESTINATION"))
    ],
    "POST /telephony/outgoingCallbacks": [
        Wrong(body=const({"callee": "4711"}), part=("telephony", None, "INVALID_DESTINATION"))
    ],
    "POST /routing": [
        Wrong(body=const({}), part=routing("BAD_PARAMETER_VALUE", "NULL_OR_EMPTY_PARAMETER")),
    ],
    "POST /routing/forwardroute": [
        Wrong(body=const({}), part=routing("BAD_PARAMETER_VALUE", "NULL_PARAMETER")),
        Wrong(body=forward_to("NUMBER", "what?"), part=routing("BAD_PARAMETER_VALUE", "BAD_PHONE_NUMBER_FORMAT")),
        Wrong(body=forward_to("ASSOCIATE"), part=routing("BAD_PARAMETER_VALUE", "INVALID_FORWARD_ROUTE")),
        Wrong(body=forward_to("NUMBER", "4711"), part=routing("UNKNOWN_PHONE_NUMBER")),
        Wrong(  # a loop: Carol's calls come to Alice already
            lambda w: w.switch.set_forward(CAROL, "1000") or {},
            forward_to("NUMBER", "1002"),
            part=routing("BAD_PARAMETER_VALUE", "INVALID_FORWARD_ROUTE"),
        ),
    ],
    "POST /routing/overflowroute": [
        Wrong(body=const({}), part=routing("BAD_PARAMETER_VALUE", "NULL_OR_EMPTY_PARAMETER")),
        Wrong(body=overflow_to("VOICEMAIL", None), part=routing("BAD_PARAMETER_VALUE", "INVALID_OVERFLOW_ROUTE")),
        Wrong(body=overflow_to("NUMBER"), part=routing("BAD_PARAMETER_VALUE", "INVALID_OVERFLOW_ROUTE")),
    ],
    "POST /telephony/huntingGroupLogOn": [
        Wrong(
            lambda w: w.switch.hunting_group_member(ALICE, GROUP, False) or {},
            type="NOT_EXPECTED",
            part=("telephony", None, None),
        )
    ],
    "DELETE /telephony/huntingGroupLogOn": [
        Wrong(
            lambda w: w.switch.hunting_group_member(ALICE, GROUP, False) or {},
            type="NOT_EXPECTED",
            part=("telephony", None, None),
        )
    ],
}


def wrong_uses() -> list[Any]:
    parameters = []
    for row in ROWS:
        for number, wrong in enumerate(WRONG.get(row.id, ())):
            for who in wrong.who:
                marks = pytest.mark.contract("O2G operations", row.id, "simulator")
                parameters.append(pytest.param(row, wrong, who, id=f"{row.id}-{number}-{who}", marks=marks))
    return parameters


@pytest.mark.parametrize(("row", "wrong", "who"), wrong_uses())
async def test_refused_with_its_reason(world: World, row: OperationRow, wrong: Wrong, who: str) -> None:
    await world.log_in(who)
    values = wrong.prepare(world)
    before = world.switch.dump()
    reply = await world.ask(row.method, url(world, row, values, wrong.query), wrong.body(values))
    check_refusal(row, reply, wrong.status, wrong.type)
    if wrong.part is not None:
        part, kind, cause = wrong.part
        assert part in reply.body, reply.body
        if kind is not None:
            assert reply.body[part]["errorType"] == kind, reply.body
        if cause is not None:
            assert reply.body[part]["errorCause"] == cause, reply.body
    assert world.switch.dump() == before, "a refused request changed something"


def test_wrong_uses_are_of_operations_that_exist() -> None:
    assert WRONG.keys() <= {row.id for row in ROWS}


# --------------------------------------------------------------------------------------------------------------- events

PACKAGES_HERE = ("telephony", "routingManagement", "eventSummary", "user", "userManagement")
SENT = [row for row in events(CHAPTERS) if row.name != "OnChannelInformation"]


async def a_day(world: World) -> None:
    """Whatever makes a switch speak."""
    switch = world.switch
    world.confers()
    switch.release(ALICE, world.call()["ref"])
    world.rings()
    world.clock.advance(200)  # missed
    held = world.holds()
    switch.retrieve(ALICE, held, "1000")
    switch.recording(ALICE, held, "start")
    switch.attach_data(ALICE, held, "customer 42")
    switch.account_info(ALICE, held, "4711")
    switch.blind_transfer(ALICE, held, "1002")
    world.clock.advance(1)
    switch.redirect(CAROL, next(iter(world.states(CAROL))), "1003")
    world.clock.advance(1)
    switch.answer(DAVID, next(iter(world.states(DAVID))), "1003")
    switch.park(DAVID, next(iter(world.states(DAVID))), "1000")
    switch.unpark(CAROL, "1002", "1000")
    for login in (BOB, CAROL):
        for call in world.states(login):
            switch.drop(login, call)
            break
    outside = switch.incoming_external("0015550100", "1000", "Example Ltd")
    world.clock.advance(1)
    switch.answer(ALICE, outside.ref, "1000")
    switch.external_hang_up(outside.ref, "0015550100")
    secret = switch.incoming_external("0015550101", "1001", anonymous=True)
    world.clock.advance(1)
    switch.answer(BOB, secret.ref, "1001")
    switch.release(BOB, secret.ref)
    switch.make_call(CAROL, "1002", "1003", auto_answer=True, anonymous=True)
    world.clock.advance(200)
    switch.set_dnd(ALICE, True)
    switch.set_dnd(ALICE, False)
    switch.set_forward(ALICE, "1002")
    switch.cancel_forward(ALICE)
    switch.set_overflow(ALICE, target="VOICEMAIL", condition="NO_ANSWER")
    switch.set_remote_extension(ALICE, True)
    switch.request_callback(BOB, "1000")
    switch.send_text(BOB, "1000", "Lunch?")
    switch.hunting_group_log(ALICE, False)
    switch.set_device_state("1000", "OUT_OF_SERVICE")
    switch.set_device_state("1000", "IN_SERVICE")
    switch.update_user(BOB, last_name="Kellermann")
    world.simulator.add_user(UserSpec(login="new", number="1050", devices=(DeviceSpec(id="1050"),)))
    world.simulator.remove_user("new")
    world.calls_out()
    for path in ("/telephony/state/snapshot", "/routing/state/snapshot"):
        assert (await world.ask("POST", path)).status == 204
    world.clock.advance(5)


@pytest.fixture
async def sent(world: World) -> list[dict[str, Any]]:
    """All that comes over the channel on such a day, first line and all."""
    await world.log_in("administrator")
    await world.subscribe()
    await a_day(world)
    count = len(world.queued())
    got: list[dict[str, Any]] = []
    async with world.http.post(world.polling, data=b"") as response:
        while len(got) < count + 1:
            got.append(json.loads(await asyncio.wait_for(response.content.readline(), 30)))
    assert got[0] == {"eventName": "OnChannelInformation", "text": "Chunk started"}
    return got[1:]


def test_every_event_is_asked_for() -> None:
    packages = {event.__name__ for package in PACKAGES_HERE for event in PACKAGES[package]}
    assert {row.name for row in SENT} == packages
    assert len(SENT) == 12


@held("O2G events", "simulator", SENT)
async def test_event_is_sent_as_it_is_defined(sent: list[dict[str, Any]], row: TypeRow) -> None:
    mine = [event for event in sent if event["eventName"] == row.name]
    assert mine, f"{row.name} was never sent"
    problems = {problem for event in mine for problem in misfits(event, row.name, row.chapter)}
    assert problems == set()


async def test_nothing_else_is_sent(sent: list[dict[str, Any]]) -> None:
    assert {event["eventName"] for event in sent} <= {row.name for row in SENT}


async def test_day_is_rich_enough(sent: list[dict[str, Any]]) -> None:
    """Causes and states that a client has to know are among the events."""
    causes = {event["cause"] for event in sent if "cause" in event}
    assert {"CONFERENCED", "REDIRECTED", "PARKED", "NOT_ANSWERED"} <= causes
    states = {event["callData"]["state"] for event in sent if "state" in event.get("callData", {})}
    assert {"ACTIVE", "HELD", "RINGING_INCOMING", "RINGING_OUTGOING"} <= states
