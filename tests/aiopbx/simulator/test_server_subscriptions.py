"""Who may subscribe to what, and which events come of it."""

import asyncio
import re
from typing import Any

import pytest
from msgspec.structs import fields

from aiopbx.o2g.types.events import OnEventSummaryUpdated, OnRoutingStateChanged
from aiopbx.o2g.types.telephony import OnDeviceStateModified, OnTelephonyState, OnUserStateModified, UserState
from aiopbx.o2g.types.users import OnUserDeleted, OnUserInfoChanged
from aiopbx.simulator import UserSpec
from tests.scripted_server import ScriptedServer


def request(*selectors: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"filter": {"selectors": list(selectors)}, "version": "1.0", **more}


def busy(login: str) -> OnUserStateModified:
    return OnUserStateModified(login_name=login, state=UserState.BUSY)


def publish(api: Any, package: str, event: Any) -> None:
    api.simulator.server.subscriptions.publish(package, event.login_name, event)


async def test_accepted_subscription_says_where_its_events_are(admin: Any) -> None:
    reply = await admin.call("POST", "/subscriptions", request({"ids": ["*"], "names": ["telephony"]}, timeout=5))
    assert reply.status == 200
    key = reply.body["subscriptionId"]
    url = f"{admin.simulator.event_url}/OTEvents?subscriptionId={key}"
    assert reply.body == {
        "subscriptionId": key,
        "publicPollingUrl": url,
        "privatePollingUrl": url,
        "status": "ACCEPTED",
        "mode": "CHUNK",
        "format": "JSON",
    }


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "body"),
        (b"nonsense", "body"),
        ({"filter": {}}, "version"),
        (request(version="9.9"), "version"),
        (request(timeout=1), "timeout"),
        (request(timeout=61), "timeout"),
        (request(timeout=-1), "timeout"),
        (request({"ids": ["*"], "names": []}), "selectors[0].names"),
        (request({"ids": ["*"], "names": ["gossip"]}), "gossip"),
        (request({"ids": ["*"], "names": ["telephony", "user"]}), "selectors[0].names"),
        (request({"ids": ["*"], "names": ["OnCallCreated", "OnRoutingStateChanged"]}), "selectors[0].names"),
        (request({"ids": ["*"], "names": ["user"]}, {"names": ["telephony"]}), "selectors[1].ids"),
        (request({"ids": [], "names": ["telephony"]}), "selectors[0].ids"),
        (request({"ids": ["oxe1000", "nobody"], "names": ["telephony"]}), "nobody"),
    ],
)
async def test_wrong_requests_name_what_is_wrong(admin: Any, body: Any, named: str) -> None:
    raw = body if isinstance(body, bytes) else None
    reply = await admin.call("POST", "/subscriptions", None if raw is not None else body, raw=raw)
    assert (reply.status, reply.body["code"], reply.body["canRetry"]) == (400, 1006, True)
    assert named in reply.body["innerMessage"]
    assert len(admin.simulator.server.subscriptions) == 0


@pytest.mark.parametrize("timeout", [0, 2, 60])
async def test_timeouts_that_are_allowed(admin: Any, timeout: int) -> None:
    reply = await admin.call("POST", "/subscriptions", request({"ids": ["*"], "names": ["user"]}, timeout=timeout))
    assert reply.body["status"] == "ACCEPTED"


@pytest.mark.parametrize(
    "url", ["", "events", "/events", "ftp://example.com/events", "http://", "http://[::1", "ws://a/b"]
)
async def test_web_hooks_that_cannot_be(admin: Any, url: str) -> None:
    body = request({"ids": ["*"], "names": ["user"]}, webHookUrl=url)
    reply = await admin.call("POST", "/subscriptions", body)
    assert (reply.status, reply.body["code"], reply.body["type"]) == (400, 1006, "BAD_PARAMETER")
    assert "webHookUrl" in reply.body["innerMessage"]
    assert len(admin.simulator.server.subscriptions) == 0


async def test_a_web_hook_gets_each_event_by_itself_in_order(admin: Any) -> None:
    """Somebody else's listener, which knows nothing of aiopbx."""
    async with ScriptedServer() as listener:
        listener.answer("POST", "/events")

        async def got() -> Any:
            async with asyncio.timeout(30):
                taken = await listener.arrivals.get()
            assert (taken.method, taken.path, taken.headers["Content-Type"]) == ("POST", "/events", "application/json")
            assert not taken.cookies
            return taken.json

        body = request({"ids": ["*"], "names": ["telephony"]}, webHookUrl=f"{listener.url}/events")
        reply = await admin.call("POST", "/subscriptions", body)
        assert (reply.body["status"], reply.body["mode"]) == ("ACCEPTED", "WEBHOOK")
        assert "publicPollingUrl" not in reply.body
        logins = ["oxe1000", "oxe1001", "oxe1002"]
        for login in logins:
            publish(admin, "telephony", busy(login))
        seen = [await got() for _ in range(4)]
        assert seen[0] == {"eventName": "OnChannelInformation", "text": "Webhook started"}
        assert [event["loginName"] for event in seen[1:]] == logins
        admin.simulator.clock.advance(admin.simulator.settings.heartbeat)
        assert (await got())["text"] == "keepalive"
        await admin.call("DELETE", f"/subscriptions/{reply.body['subscriptionId']}")
        assert (await got())["text"] == "Subscription ended"


async def test_a_user_without_any_licence_may_do_nothing_of_call_control(connect: Any) -> None:
    api = await connect(users=[UserSpec(login="none", number="300", licences=frozenset())])
    await api.log_in("none", "secret")
    assert (await api.subscribe("telephony"))["status"] == "REFUSED"
    routes = [route for route in api.simulator.server.table.routes if route.path.startswith("/telephony/")]
    assert len(routes) == 53
    for route in routes:
        path = re.sub(r"\{.*?\}", "1", route.path)
        needed = [field for field in fields(route.body) if field.required] if route.body is not None else []
        reply = await api.call(route.method, path, {field.encode_name: "1" for field in needed})
        assert (reply.status, reply.body["type"]) == (403, "NOT_ALLOWED"), route.path
        assert "TELEPHONY" in reply.body["innerMessage"]


async def test_user_gets_its_own_events_only(api: Any) -> None:
    await api.log_in("oxe1000", "secret")
    lines = await api.channel(await api.subscribe("telephony", "user"), greetings=2)
    publish(api, "telephony", busy("oxe1001"))
    publish(api, "telephony", busy("oxe1000"))
    assert await lines.next() == {"eventName": "OnUserStateModified", "loginName": "oxe1000", "state": "BUSY"}


async def test_a_channel_begins_with_how_its_user_is(api: Any) -> None:
    """As in the capture of a real server; what happens before the channel is opened comes after it."""
    switch = api.simulator.switch
    switch.set_device_state("61000", "OUT_OF_SERVICE")
    await api.log_in("oxe1000", "secret")
    subscription = await api.subscribe("telephony")
    publish(api, "telephony", busy("oxe1000"))
    lines = await api.channel(subscription)
    assert [await lines.next() for _ in range(3)] == [
        {
            "eventName": "OnDeviceStateModified",
            "loginName": "oxe1000",
            "deviceStates": [
                {"deviceId": "1000", "state": "IN_SERVICE"},
                {"deviceId": "61000", "state": "OUT_OF_SERVICE"},
            ],
        },
        {"eventName": "OnUserStateModified", "loginName": "oxe1000", "state": "FREE"},
        {"eventName": "OnUserStateModified", "loginName": "oxe1000", "state": "BUSY"},
    ]
    lines.close()
    again = await api.channel(subscription)
    assert await again.silent(), "only once"


@pytest.mark.parametrize(("count", "events"), [(2, 4), (10, 20), (11, 0)])
async def test_a_channel_of_many_users_begins_with_nothing(connect: Any, count: int, events: int) -> None:
    users = [UserSpec(login=f"u{number}", number=f"3{number:02}") for number in range(count)]
    api = await (await connect(users=users)).log_in()
    named = await api.channel(await api.subscribe("telephony", ids=[user.login for user in users]), greetings=events)
    everyone = await api.channel(await api.subscribe("telephony", ids=["*"]))
    other = await api.channel(await api.subscribe("user", ids=["u0"]))
    for lines in (named, everyone, other):
        assert await lines.silent()


@pytest.mark.parametrize("ids", [["*"], ["oxe1001"], ["oxe1000", "oxe1001"]])
async def test_user_may_not_ask_for_others(api: Any, ids: list[str]) -> None:
    await api.log_in("oxe1000", "secret")
    reply = await api.call("POST", "/subscriptions", request({"ids": ids, "names": ["telephony"]}))
    assert (reply.status, reply.body["code"]) == (403, 1002)
    for package in ("userManagement", "system"):
        reply = await api.call("POST", "/subscriptions", request({"ids": ids, "names": [package]}))
        assert (reply.status, reply.body["code"]) == (403, 1002), package


async def test_filter_is_by_user_and_by_event(admin: Any) -> None:
    selectors = [
        {"ids": ["oxe1000", "oxe1001"], "names": ["telephony"]},
        {"ids": ["*"], "names": ["OnRoutingStateChanged"]},
        {"ids": ["oxe1003"], "names": ["OnDeviceStateModified"]},
    ]
    reply = await admin.call("POST", "/subscriptions", request(*selectors))
    lines = await admin.channel(reply.body, greetings=5)
    publish(admin, "eventSummary", OnEventSummaryUpdated(login_name="oxe1000"))
    publish(admin, "telephony", busy("oxe1002"))
    publish(admin, "telephony", busy("oxe1003"))
    publish(admin, "user", OnUserInfoChanged(login_name="oxe1000"))
    publish(admin, "telephony", OnDeviceStateModified(login_name="oxe1003"))
    publish(admin, "telephony", busy("oxe1001"))
    publish(admin, "routingManagement", OnRoutingStateChanged(login_name="oxe1002"))
    got = [await lines.next() for _ in range(3)]
    assert [(event["eventName"], event["loginName"]) for event in got] == [
        ("OnDeviceStateModified", "oxe1003"),
        ("OnUserStateModified", "oxe1001"),
        ("OnRoutingStateChanged", "oxe1002"),
    ]


async def test_user_management_has_no_ids(admin: Any) -> None:
    reply = await admin.call("POST", "/subscriptions", request({"names": ["userManagement"]}))
    assert reply.body["status"] == "ACCEPTED"
    lines = await admin.channel(reply.body)
    publish(admin, "userManagement", OnUserDeleted(login_name="oxe1003"))
    assert await lines.next() == {"eventName": "OnUserDeleted", "loginName": "oxe1003"}


async def test_snapshots_need_version_two(admin: Any) -> None:
    old = await admin.channel(await admin.subscribe("telephony", ids=["*"], version="1.0"))
    new = await admin.channel(await admin.subscribe("telephony", ids=["*"], version="2.0"))
    publish(admin, "telephony", OnTelephonyState(login_name="oxe1000"))
    publish(admin, "telephony", busy("oxe1000"))
    assert (await old.next())["eventName"] == "OnUserStateModified"
    assert (await new.next())["eventName"] == "OnTelephonyState"


async def test_licence_is_checked_for_a_user(connect: Any) -> None:
    api = await connect(users=[UserSpec(login="basic", number="300", licences={"TELEPHONY_BASIC"})])
    await api.log_in("basic", "secret")
    reply = await api.call("POST", "/subscriptions", request({"names": ["telephony"]}))
    assert reply.status == 200
    assert reply.body.keys() == {"status", "message"}
    assert reply.body["status"] == "REFUSED"
    assert "TELEPHONY_ADVANCED" in reply.body["message"]
    assert (await api.subscribe("user"))["status"] == "ACCEPTED"  # needs no licence


async def test_licences_are_counted_for_an_administrator(connect: Any) -> None:
    users = [UserSpec(login=f"u{n}", number=f"30{n}") for n in range(4)]
    users.append(UserSpec(login="basic", number="309", licences={"TELEPHONY_BASIC"}))
    api = await (await connect(users=users, telephony_licences=3)).log_in()

    async def status(*selectors: dict[str, Any]) -> str:
        reply = await api.call("POST", "/subscriptions", request(*selectors))
        return str(reply.body["status"])

    assert await status({"ids": ["*"], "names": ["telephony"]}) == "REFUSED"
    assert await status({"ids": ["basic"], "names": ["telephony"]}) == "REFUSED"
    assert await status({"ids": ["*"], "names": ["user"]}) == "ACCEPTED"
    # one licence a user, however many packages
    two = [{"ids": ["u0", "u1"], "names": [name]} for name in ("telephony", "eventSummary", "routingManagement")]
    assert await status(*two) == "ACCEPTED"
    assert await status({"ids": ["u1", "u2"], "names": ["telephony"]}) == "ACCEPTED"  # three in all
    assert await status({"ids": ["u3"], "names": ["telephony"]}) == "REFUSED"  # the fourth


async def test_all_users_means_those_with_a_licence(connect: Any) -> None:
    users = [UserSpec(login="a", number="301"), UserSpec(login="b", number="302", licences={"TELEPHONY_BASIC"})]
    api = await (await connect(users=users)).log_in()
    lines = await api.channel(await api.subscribe("telephony", ids=["*"]))
    publish(api, "telephony", busy("b"))
    publish(api, "telephony", busy("a"))
    assert (await lines.next())["loginName"] == "a"


async def test_update_replaces_the_filter(admin: Any) -> None:
    none = await admin.call("PUT", "/subscriptions", request({"ids": ["oxe1001"], "names": ["telephony"]})["filter"])
    assert (none.status, none.body["code"]) == (400, 1003)
    lines = await admin.channel(await admin.subscribe("telephony", ids=["oxe1000"]), greetings=2)
    wrong = await admin.call("PUT", "/subscriptions", {"selectors": [{"ids": ["*"], "names": ["gossip"]}]})
    assert (wrong.status, wrong.body["code"]) == (400, 1006)
    changed = await admin.call("PUT", "/subscriptions", {"selectors": [{"ids": ["oxe1001"], "names": ["telephony"]}]})
    assert changed.status == 204
    publish(admin, "telephony", busy("oxe1000"))
    publish(admin, "telephony", busy("oxe1001"))
    assert (await lines.next())["loginName"] == "oxe1001"


async def test_delete_closes_the_channel_and_drops_the_queue(admin: Any) -> None:
    subscription = await admin.subscribe("telephony", ids=["*"])
    lines = await admin.channel(subscription)
    assert (await admin.call("DELETE", f"/subscriptions/{subscription['subscriptionId']}")).status == 204
    assert await lines.next() is None
    reply = await admin.send("POST", subscription["publicPollingUrl"])
    assert (reply.status, reply.body["code"]) == (404, 1003)
    again = await admin.call("DELETE", f"/subscriptions/{subscription['subscriptionId']}")
    assert (again.status, again.body["code"]) == (400, 1003)


async def test_a_session_cannot_delete_the_subscription_of_another(connect: Any) -> None:
    first = await (await connect()).log_in()
    subscription = await first.subscribe("telephony", ids=["*"])
    second = await (await connect(first.simulator)).log_in("oxe1000", "secret")
    assert (await second.call("DELETE", f"/subscriptions/{subscription['subscriptionId']}")).status == 400
    await first.channel(subscription)


async def test_subscriptions_of_a_session_are_bounded(admin: Any) -> None:
    for _ in range(20):
        await admin.subscribe("user", ids=["*"])
    reply = await admin.call("POST", "/subscriptions", request({"ids": ["*"], "names": ["user"]}))
    assert (reply.status, reply.body["code"]) == (403, 1002)
    await admin.call("DELETE", "/sessions")
    assert len(admin.simulator.server.subscriptions) == 0
