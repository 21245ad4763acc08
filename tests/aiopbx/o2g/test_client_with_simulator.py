"""The wire client against the simulator: two that never saw each other's code."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from aiopbx.errors import AuthenticationFailed, CertificateFailed, NotAllowed, RequestRefused
from aiopbx.o2g.client import O2gClient
from aiopbx.o2g.decoding import Event
from aiopbx.o2g.types.events import OnChannelInformation
from aiopbx.o2g.types.routing import DNDState
from aiopbx.o2g.types.sessions import Filter, Selector, SubscriptionRequest, SubscriptionState
from aiopbx.o2g.types.telephony import (
    AnswerRequest,
    MakeCallRequest,
    OnCallCreated,
    OnCallModified,
    OnCallRemoved,
    OnTelephonyState,
)
from aiopbx.settings.connection import ConnectionSettings
from aiopbx.simulator import Simulator, SimulatorSettings


@pytest.fixture(params=[False, True], ids=["http", "https"])
async def simulator(request: pytest.FixtureRequest) -> AsyncIterator[Simulator]:
    async with Simulator(SimulatorSettings(tls=request.param)) as simulator:
        yield simulator


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def settings(simulator: Simulator, username: str, password: str = "secret", **more: object) -> ConnectionSettings:
    if simulator.url.startswith("https:"):
        more = {"ca_file": simulator.certificate_path, **more}
    return ConnectionSettings.make(url=simulator.url, username=username, password=password, **more)


async def test_a_call_from_ring_to_end(simulator: Simulator, http: aiohttp.ClientSession) -> None:
    alice = O2gClient(settings(simulator, "oxe1000"), http)
    bob = O2gClient(settings(simulator, "oxe1001"), http)
    try:
        await alice.open()
        await bob.open()
        assert (alice.login, bob.login, alice.administrator) == ("oxe1000", "oxe1001", False)
        selectors = (Selector(ids=("oxe1001",), names=("telephony",)),)
        subscription = await bob.subscriptions.subscribe(
            SubscriptionRequest(version="2.0", timeout=0, filter=Filter(selectors=selectors))
        )
        assert subscription.status is SubscriptionState.ACCEPTED
        channel = await bob.open_channel(subscription)
        batches = aiter(channel)
        seen: list[Event] = []

        async def until(kind: type[Event]) -> Event:
            async with asyncio.timeout(30):
                while not any(type(event) is kind for event in seen):
                    seen.extend(await anext(batches))
            return next(event for event in seen if type(event) is kind)

        await until(OnChannelInformation)
        await bob.telephony.telephony_snapshot()
        await until(OnTelephonyState)
        reference = await alice.telephony.make_call(MakeCallRequest(device_id="1000", callee="1001", auto_answer=True))
        created = await until(OnCallCreated)
        assert isinstance(created, OnCallCreated)
        assert created.call_ref == reference
        assert reference is not None
        await bob.telephony.answer(reference, AnswerRequest(device_id="1001"))
        await until(OnCallModified)
        assert len((await bob.telephony.calls()).calls) == 1
        await alice.telephony.release_call(reference)
        await until(OnCallRemoved)
        assert (await bob.telephony.calls()).calls == ()
        assert bob.statistics.unknown_events == bob.statistics.bad_fields == bob.statistics.malformed_frames == 0
    finally:
        await alice.close()
        await bob.close()


async def test_an_administrator(simulator: Simulator, http: aiohttp.ClientSession) -> None:
    client = O2gClient(settings(simulator, "admin", "admin"), http)
    await client.open()
    assert client.administrator
    logins = (await client.users.logins()).login_names
    assert {"oxe1000", "oxe1001"} <= set(logins)
    user = await client.users.user("oxe1000")
    assert user.company_phone == "1000"
    assert (await client.users.find_user(company_phone="1001")).login_name == "oxe1001"
    assert await client.routing.forward_route(login_name="oxe1000") is None
    await client.routing.set_dnd(login_name="oxe1000")
    assert await client.routing.dnd(login_name="oxe1000") == DNDState(activate=True)
    await client.routing.cancel_dnd(login_name="oxe1000")
    await client.event_summary.event_summary(login_name="oxe1000")
    await client.sessions.keepalive()
    assert not client.lost.is_set()
    await client.close()


async def test_a_supervised_session(simulator: Simulator, http: aiohttp.ClientSession) -> None:
    client = O2gClient(settings(simulator, "admin", "admin", supervised={"id": "1002", "by": "phone_number"}), http)
    await client.open()
    assert (client.login, client.administrator) == ("oxe1002", False)
    with pytest.raises(RequestRefused):
        await client.telephony.release_call("0000000000000000")
    await client.close()


async def test_refusals(simulator: Simulator, http: aiohttp.ClientSession) -> None:
    client = O2gClient(settings(simulator, "oxe1000"), http)
    await client.open()
    with pytest.raises(RequestRefused) as caught:
        await client.telephony.make_call(MakeCallRequest(device_id="1000", callee="4711"))
    assert caught.value.cause == "INVALID_DESTINATION"
    assert caught.value.error_type == "CALL_SERVER_ERROR"
    with pytest.raises(RequestRefused):
        await client.telephony.make_call(MakeCallRequest(device_id="1001", callee="1002"))
    await client.close()
    with pytest.raises(AuthenticationFailed):
        await O2gClient(settings(simulator, "oxe1000", "wrong"), http).open()


async def test_opening_a_session_twice(simulator: Simulator, http: aiohttp.ClientSession) -> None:
    client = O2gClient(settings(simulator, "oxe1000"), http)
    await client.open()
    first = client._transport.cookies["AlcUserId"]
    with pytest.raises(NotAllowed):
        await client._transport.request(
            "POST", client._session._sessions_url, name="again", body=b'{"applicationName": "x"}', safe=True
        )
    assert client._transport.cookies["AlcUserId"] == first
    assert not client.lost.is_set()
    await client.sessions.keepalive()
    await client.close()


async def test_a_certificate_nobody_knows(http: aiohttp.ClientSession) -> None:
    async with Simulator(SimulatorSettings(tls=True)) as simulator:
        with pytest.raises(CertificateFailed):
            await O2gClient(settings(simulator, "oxe1000", ca_file=None), http).open()
        client = O2gClient(settings(simulator, "oxe1000", ca_file=None, tls="none"), http)
        await client.open()
        await client.close()
