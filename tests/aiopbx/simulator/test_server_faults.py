"""Every way to break the simulator, from code and over its control path, and what a client sees of it."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from aiopbx.errors import InvalidInput
from aiopbx.o2g.types.telephony import OnUserStateModified, UserState
from tests.aiopbx.simulator.conftest import until


def publish(api: Any, login: str = "oxe1000") -> None:
    event = OnUserStateModified(login_name=login, state=UserState.BUSY)
    api.simulator.server.subscriptions.publish("telephony", login, event)


async def test_cut_is_no_clean_end(admin: Any) -> None:
    lines = await admin.channel(await admin.subscribe("telephony", ids=["*"]))
    assert admin.simulator.faults.cut_channels() == 1
    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await lines.to_the_end()
    assert (await admin.call("GET", "/sessions")).status == 200


async def test_clean_end_is_an_end_of_the_body(admin: Any) -> None:
    lines = await admin.channel(await admin.subscribe("telephony", ids=["*"]))
    assert admin.simulator.faults.close_cleanly() == 1
    assert await lines.next() is None
    assert (await admin.call("GET", "/sessions")).status == 200


async def test_frozen_channel_says_nothing_and_catches_up(admin: Any, clock: Any) -> None:
    lines = await admin.channel(await admin.subscribe("telephony", ids=["*"], timeout=0))
    admin.simulator.faults.freeze_channels()
    publish(admin)
    clock.advance(300)
    reading = asyncio.ensure_future(lines.next())
    await asyncio.sleep(0.05)
    assert not reading.done()
    admin.simulator.faults.thaw()
    assert (await reading)["eventName"] == "OnUserStateModified"
    clock.advance(30)
    assert (await lines.next())["text"] == "keepalive"


async def test_duplicated_events(admin: Any) -> None:
    lines = await admin.channel(await admin.subscribe("telephony", ids=["*"]))
    admin.simulator.faults.duplicate_events()
    publish(admin)
    assert await lines.next() == await lines.next()
    admin.simulator.faults.duplicate_events(False)
    publish(admin, "oxe1001")
    publish(admin, "oxe1002")
    assert [(await lines.next())["loginName"] for _ in range(2)] == ["oxe1001", "oxe1002"]


async def test_malformed_events_are_counted_by_event(admin: Any) -> None:
    one = await admin.channel(await admin.subscribe("telephony", ids=["*"]))
    two = await admin.channel(await admin.subscribe("telephony", ids=["*"]))
    admin.simulator.faults.malform_next(1)
    publish(admin)
    publish(admin, "oxe1001")
    for lines in (one, two):
        broken = await lines.raw()
        assert broken.endswith(b"\n")
        with pytest.raises(ValueError, match=r"."):
            json.loads(broken)
        assert (await lines.next())["loginName"] == "oxe1001"


async def test_events_that_are_lost(admin: Any) -> None:
    lines = await admin.channel(await admin.subscribe("telephony", ids=["*"]))
    admin.simulator.faults.lose_next(1)
    publish(admin)
    admin.simulator.faults.lose_and_report(1)
    publish(admin)
    publish(admin, "oxe1001")
    report = await lines.next()
    assert report == {"eventName": "OnChannelInformation", "text": "queue overflow: 1 events lost"}
    assert (await lines.next())["loginName"] == "oxe1001"


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_refused_requests(admin: Any, status: int) -> None:
    admin.simulator.faults.refuse_requests(2, status)
    assert [(await admin.call("GET", "/sessions")).status for _ in range(3)] == [status, status, 200]


async def test_unknown_event(admin: Any) -> None:
    lines = await admin.channel(await admin.subscribe("telephony", ids=["*"]))
    assert admin.simulator.faults.unknown_event() == 1
    assert (await lines.next())["eventName"] == "OnSomethingNew"


async def test_expired_sessions(admin: Any) -> None:
    lines = await admin.channel(await admin.subscribe("telephony", ids=["*"]))
    assert admin.simulator.faults.expire_sessions() == 1
    assert await lines.next() is None
    reply = await admin.call("POST", "/sessions/keepalive")
    assert (reply.status, reply.body["code"]) == (403, 1001)
    admin.cookies.clear()
    await admin.log_in()


async def test_not_ready(admin: Any) -> None:
    with admin.simulator.faults.while_not_ready():
        for url in (f"{admin.root}/api/rest", f"{admin.base}/logins"):
            reply = await admin.send("GET", url)
            assert (reply.status, reply.body["httpStatus"]) == (503, "SERVICE_UNAVAILABLE")
            assert (reply.body["code"], reply.body["type"], reply.body["canRetry"]) == (1000, "NOT_READY", True)
    assert (await admin.call("GET", "/logins")).status == 200  # the session has lived on


async def test_refused_log_ins(api: Any) -> None:
    api.simulator.faults.refuse_logins()
    assert (await api.authenticate("admin", "admin")).status == 401
    api.simulator.faults.refuse_logins(False)
    assert (await api.authenticate("admin", "admin")).status == 200


@pytest.mark.parametrize("after", [False, True])
async def test_dropped_requests_were_carried_out_or_not(admin: Any, after: bool) -> None:
    admin.simulator.faults.drop_requests(1, after=after)
    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await admin.call("POST", "/users/oxe1000/preferences", {"guiLanguage": "de"})
    language = (await admin.call("GET", "/users/oxe1000/preferences")).body["guiLanguage"]
    assert language == ("de" if after else "en")


async def test_delay_is_by_the_clock(admin: Any, clock: Any) -> None:
    admin.simulator.faults.delay(30)
    pending = clock.pending
    asking = asyncio.ensure_future(admin.call("GET", "/logins"))
    await until(lambda: clock.pending > pending)
    clock.advance(29)
    await asyncio.sleep(0.02)
    assert not asking.done()
    clock.advance(1)
    assert (await asking).status == 200
    admin.simulator.faults.delay(0)
    assert (await admin.call("GET", "/logins")).status == 200


async def test_switch_over_and_back(connect: Any) -> None:
    api = await connect(ha=True)
    assert (await api.send("GET", f"{api.root}/api/rest")).body["serverInfo"]["haMode"] is True
    await api.log_in()
    lines = await api.channel(await api.subscribe("telephony", ids=["*"]))
    other = await connect(api.simulator)
    other.root = api.simulator.secondary_url
    reply = await other.authenticate("admin", "admin")
    assert (reply.status, reply.body["code"]) == (503, 1000)
    api.simulator.faults.switch_to_secondary()
    assert await lines.next() is None
    assert (await api.call("GET", "/sessions")).status == 503
    await other.log_in()
    moved = await other.subscribe("telephony", ids=["*"])
    assert moved["publicPollingUrl"].startswith(f"http://127.0.0.1:{other.simulator.servers[1].event_ports['http']}/")
    lines = await other.channel(moved)
    api.simulator.faults.switch_to_primary()
    assert await lines.next() is None
    api.cookies.clear()
    await api.log_in()


async def test_single_server_does_not_switch_over(api: Any) -> None:
    with pytest.raises(InvalidInput, match="ha: "):
        api.simulator.faults.switch_to_secondary()


@pytest.mark.parametrize(
    "call",
    [
        ("delay", -1),
        ("malform_next", -1),
        ("lose_next", -1),
        ("lose_and_report", -1),
        ("drop_requests", -1),
        ("refuse_requests", -1),
        ("refuse_requests", 1, 404),
        ("refuse_requests", 1, 600),
    ],
)
async def test_wrong_values_are_refused(api: Any, call: tuple[Any, ...]) -> None:
    with pytest.raises(InvalidInput):
        getattr(api.simulator.faults, call[0])(*call[1:])


async def test_clear_mends_everything(connect: Any) -> None:
    api = await connect(ha=True)
    faults = api.simulator.faults
    fine = faults.state
    faults.freeze_channels()
    faults.not_ready()
    faults.refuse_logins()
    faults.licence_server()
    faults.duplicate_events()
    faults.malform_next(3)
    faults.lose_next(3)
    faults.lose_and_report(3)
    faults.refuse_requests(3)
    faults.drop_requests(3)
    faults.drop_requests(3, after=True)
    faults.delay(3)
    faults.cti_link_down()
    faults.switch_to_secondary()
    faults.telephony_down()
    faults.item_without_id(3)
    assert all(faults.state[name] != fine[name] for name in fine)
    faults.clear()
    assert faults.state == fine
    assert (await api.authenticate("admin", "admin")).status == 200


async def test_control_path(admin: Any) -> None:
    url = admin.simulator.control_url
    listed = await admin.send("GET", f"{url}/faults")
    assert "cut_channels" in listed.body["names"]
    assert (await admin.send("POST", f"{url}/faults/not-ready")).body["now"]["not_ready"] is True
    assert (await admin.call("GET", "/sessions")).status == 503
    assert (await admin.send("POST", f"{url}/faults/not_ready", {"on": False})).body["now"]["not_ready"] is False
    assert (await admin.send("POST", f"{url}/faults/delay", {"seconds": 2})).body["now"]["delay"] == 2
    await admin.send("POST", f"{url}/faults/clear")
    assert (await admin.send("POST", f"{url}/faults/expire_sessions")).body["hit"] == 1


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("explode", b""),
        ("call", b""),
        ("delay", b'{"seconds": "long"}'),
        ("delay", b'{"minutes": 1}'),
        ("delay", b"[1]"),
        ("delay", b"{"),
        ("not_ready", b'{"on": 1}'),
        ("malform_next", b'{"count": true}'),
    ],
)
async def test_control_path_says_what_is_wrong(api: Any, name: str, raw: bytes) -> None:
    before = api.simulator.faults.state
    reply = await api.send("POST", f"{api.simulator.control_url}/faults/{name}", raw=raw)
    assert reply.status == 400
    assert reply.body["error"]
    assert api.simulator.faults.state == before


async def test_control_path_is_not_for_other_sites(api: Any) -> None:
    url = f"{api.simulator.control_url}/faults/not_ready"
    reply = await api.send("POST", url, headers={"Origin": "http://example.com"})
    assert reply.status == 403
    assert api.simulator.faults.state["not_ready"] is False
    assert (await api.send("POST", url, headers={"Origin": api.simulator.http_url})).status == 200


async def test_state_is_true(admin: Any) -> None:
    await admin.channel(await admin.subscribe("telephony", ids=["*"]))
    state = (await admin.send("GET", f"{admin.simulator.control_url}/state")).body
    assert state["users"].keys() == {"oxe1000", "oxe1001", "oxe1002", "oxe1003"}
    alice = state["users"]["oxe1000"]
    assert (alice["number"], alice["name"], alice["state"], alice["calls"]) == ("1000", "Alice Martin", "FREE", [])
    assert (alice["do_not_disturb"], alice["forward"], alice["overflow"]) == (False, None, None)
    (server,) = state["servers"]
    assert (server["sessions"], server["subscriptions"], server["channels"]) == (1, 1, 1)
    assert (server["name"], server["in_charge"]) == ("primary", True)
