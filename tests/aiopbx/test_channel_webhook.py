"""The webhook by itself: its listener, its secret, and deliveries that go wrong."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import aiopbx
from aiopbx import CallState, InvalidInput, Status
from aiopbx.o2g.channel.webhook import WebhookChannels
from aiopbx.o2g.client import O2gClient
from aiopbx.o2g.types.events import OnChannelInformation, UnknownEvent
from aiopbx.o2g.types.sessions import Filter, Selector, Subscription, SubscriptionRequest
from aiopbx.settings.connection import ConnectionSettings
from aiopbx.simulator import Simulator, SimulatorSettings
from aiopbx.simulator.faces.o2g.channel import Webhook
from tests.aiopbx.channels import free_port
from tests.aiopbx.office import Opened, client_tasks, until

SECRET = "only-the-server-knows-this-7261"
EVENT = b'{"eventName": "OnSomethingNew", "loginName": "oxe1000"}'


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator(SimulatorSettings(webhook_back_off=0.01, webhook_attempts=3)) as simulator:
        yield simulator


def settings(simulator: Simulator, public: int, /, **webhook: Any) -> ConnectionSettings:
    listener = {"host": "127.0.0.1", "public_url": f"http://127.0.0.1:{public}", "secret": SECRET, **webhook}
    listener = {key: value for key, value in listener.items() if value is not None}
    return ConnectionSettings.make(
        url=simulator.url, username="oxe1000", password="secret", channel="webhook", webhook=listener
    )


async def subscribed(client: O2gClient) -> Subscription:
    selectors = (Selector(ids=("oxe1000",), names=("telephony",)),)
    return await client.subscribe(SubscriptionRequest(version="2.0", timeout=0, filter=Filter(selectors=selectors)))


async def status(http: aiohttp.ClientSession, method: str, url: str, body: bytes = b"") -> int:
    async with http.request(method, url, data=body) as response:
        return response.status


async def test_who_gets_in(simulator: Simulator, http: aiohttp.ClientSession) -> None:
    port = free_port()
    client = O2gClient(settings(simulator, port), http)
    await client.open()
    channel = await client.open_channel(await subscribed(client))
    (number,) = client._ways._channels  # type: ignore[attr-defined]
    root = f"http://127.0.0.1:{port}"
    wrong = f"{SECRET[:-1]}0"
    for path in ("/", f"/{number}", f"/{wrong}", f"/{wrong}/{number}", f"/{SECRET}x/{number}", f"/{number}/x", "//"):
        for method in ("POST", "GET", "DELETE"):
            assert await status(http, method, root + path, EVENT) == 404, "as if nothing were there"
    for method in ("GET", "PUT", "DELETE", "OPTIONS", "PATCH"):
        assert await status(http, method, f"{root}/{SECRET}/{number}", EVENT) == 405
    assert await status(http, "POST", f"{root}/{SECRET}/{number}", b" " * (4 * 1024 * 1024 + 1)) == 413
    assert await status(http, "POST", f"{root}/{SECRET}/0123456789abcdef", EVENT) == 410
    assert await status(http, "POST", f"{root}/{SECRET}", EVENT) == 410
    events = aiter(channel)
    assert [type(event) for event in await anext(events)] == [OnChannelInformation]
    assert client.statistics.unknown_events == 0, "nothing of all that came through"
    # A proxy may have put something before it.
    assert await status(http, "POST", f"{root}/prefix/{SECRET}/{number}", EVENT) == 204
    assert [type(event) for event in await anext(events)] == [UnknownEvent]
    await client.close()
    with pytest.raises(aiohttp.ClientConnectionError):
        await status(http, "POST", f"{root}/{SECRET}/{number}", EVENT)
    assert client_tasks() == set()


async def test_what_is_delivered(simulator: Simulator, http: aiohttp.ClientSession) -> None:
    """One event, several, one over many lines, and what is none: in order, and the channel goes on."""
    port = free_port()
    client = O2gClient(settings(simulator, port), http)
    await client.open()
    channel = await client.open_channel(await subscribed(client))
    (number,) = client._ways._channels  # type: ignore[attr-defined]
    events = aiter(channel)
    await anext(events)
    url = f"http://127.0.0.1:{port}/{SECRET}/{number}"
    heard = channel.last_heard
    bodies = (
        b'{"eventName": "A"}',
        b'{\n  "eventName":\r\n "B"\n}\n',
        b'{"eventName": "C"}\n{"eventName": "D"}\n',
        b"",
        b'{"eventName": ',
        b"\xff\xfe",
        b'{"eventName": "E"}',
    )
    for body in bodies:
        assert await status(http, "POST", url, body) == 204
    assert channel.last_heard > heard
    seen: list[Any] = []
    while len(seen) < 5:
        seen += await anext(events)
    assert [event.name for event in seen] == ["A", "B", "C", "D", "E"]
    assert client.statistics.malformed_frames == 2
    await channel.close()
    assert channel.end == "closed"
    assert await status(http, "POST", url, EVENT) == 410
    await client.close()


async def test_the_same_address_after_a_restart(
    simulator: Simulator, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    """What is still delivered for the subscription of the former run is refused, and breaks nothing."""
    port, file = free_port(), tmp_path / "secret"
    chosen = settings(simulator, port, secret=None, secret_file=file)
    former = O2gClient(chosen, http)
    await former.open()
    await anext(aiter(await former.open_channel(await subscribed(former))))
    secret = file.read_text().strip()
    assert file.stat().st_mode & 0o077 == 0
    (old,) = former._ways._channels  # type: ignore[attr-defined]
    # It dies without a word: the session and its subscription live on.
    await former._ways.close()
    former._session.opened = False
    await former.close()
    assert len(simulator.server.subscriptions) == 1

    client = O2gClient(chosen, http)
    await client.open()
    channel = await client.open_channel(await subscribed(client))
    assert file.read_text().strip() == secret
    assert await status(http, "POST", f"http://127.0.0.1:{port}/{secret}/{old}", EVENT) == 410
    events = aiter(channel)
    assert len(simulator.server.subscriptions) == 2
    call = simulator.switch.make_call("oxe1001", "1001", "1000", auto_answer=True)
    await until(lambda: len(simulator.server.subscriptions) == 1, 5)
    seen: list[Any] = []
    async with asyncio.timeout(30):
        while not any(getattr(event, "call_ref", None) == call.ref for event in seen):
            seen += await anext(events)
    assert len({getattr(event, "call_ref", None) for event in seen if getattr(event, "call_ref", None)}) == 1
    assert client._ways.late >= 1  # type: ignore[attr-defined]
    await client.close()


async def test_without_a_secret_every_start_has_another(simulator: Simulator, http: aiohttp.ClientSession) -> None:
    port, secrets = free_port(), set()
    for _ in range(2):
        client = O2gClient(settings(simulator, port, secret=None), http)
        await client.open()
        secrets.add(client._ways._secret)  # type: ignore[attr-defined]
        await client.close()
    assert len(secrets) == 2
    assert all(len(secret) >= 43 for secret in secrets)


@pytest.mark.parametrize("text", ["short", "with space in it, and long", ""])
async def test_a_file_that_holds_no_secret(simulator: Simulator, text: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(text)
    with pytest.raises(InvalidInput, match="secret_file") as refused:
        await aiopbx.connect(settings(simulator, free_port(), secret=None, secret_file=file))
    assert not text or text not in str(refused.value)


async def test_a_listener_that_cannot_be(simulator: Simulator, tmp_path: Path) -> None:
    port = free_port()
    for changes, field in (
        ({"port": int(simulator.url.rpartition(":")[2])}, "webhook.port"),
        ({"host": "192.0.2.1"}, "webhook.host"),
        ({"public_url": f"https://127.0.0.1:{port}", "certificate": tmp_path / "none.pem"}, "webhook.certificate"),
    ):
        with pytest.raises(InvalidInput) as refused:
            await aiopbx.connect(settings(simulator, port, **changes))  # type: ignore[arg-type]
        assert refused.value.field == field
    assert client_tasks() == set()
    assert len(simulator.server.sessions) == 0


async def test_a_server_that_does_not_reach_it_is_told_at_once(simulator: Simulator) -> None:
    chosen = settings(simulator, free_port(), public_url=f"http://127.0.0.1:{free_port()}", port=free_port())
    with pytest.raises(aiopbx.ConnectionFailed, match="public_url"):
        await aiopbx.connect(chosen, request_timeout=0.5)
    await until(lambda: len(simulator.server.sessions) == 0)
    assert client_tasks() == set()


@pytest.mark.office("webhook")
async def test_a_server_that_says_nothing_of_its_own(office: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """No greeting: an event is provoked instead."""
    monkeypatch.setattr(Webhook, "started", b"")
    async with office() as one:
        pbx = await one.connect(request_timeout=2.0)
        assert pbx.status is Status.ONLINE


@pytest.mark.office("webhook")
async def test_a_delivery_that_breaks_is_repeated_and_nothing_is_lost(
    office: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = Webhook._post
    tries = 0

    async def flaky(self: Webhook, body: bytes) -> int:
        nonlocal tries
        tries += 1
        if tries % 3 == 0:
            self.cut()  # the connection breaks
        elif tries % 3 == 1:
            return 503
        return await post(self, body)

    async with office() as one:
        monkeypatch.setattr(Webhook, "_post", flaky)
        pbx = await one.connect()
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        ringing = await pbx.line("1001").wait_for_call(timeout=30)
        await ringing.answer()
        await call.wait_for(CallState.ACTIVE, timeout=30)
        await call.hang_up()
        await one.caught_up(pbx)
        assert tries > 10
        assert pbx.statistics.losses == 0
        monkeypatch.setattr(Webhook, "_post", post)


@pytest.mark.office("webhook")
async def test_a_webhook_that_takes_nothing_loses_its_subscription(
    office: Opened, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """After a bounded number of attempts; the client notices by the silence, and begins anew."""
    async with office(webhook_attempts=3) as one:
        pbx = await one.connect()
        one.hurry(pbx, silence_timeout=0.2, request_timeout=0.5)
        post, tries = Webhook._post, 0

        async def refused(self: Webhook, body: bytes) -> int:
            nonlocal tries
            tries += 1
            return 500

        monkeypatch.setattr(Webhook, "_post", refused)
        one.switch.set_dnd("oxe1000", True)
        await until(lambda: one.subscriptions == 0)
        assert tries == 3
        monkeypatch.setattr(Webhook, "_post", post)
        await until(lambda: pbx.statistics.losses == 1 and pbx.status is Status.ONLINE, 30)
        assert pbx.line("1000").do_not_disturb
        assert "takes no events (it answers 500)" in caplog.text


async def test_with_a_certificate_of_its_own() -> None:
    async with Simulator(SimulatorSettings(tls=True)) as simulator:
        certificate = simulator.certificate_path
        listener = {"certificate": certificate, "key": certificate.parent / "simulator-key.pem"}
        # The server does not trust it, so nothing is delivered.
        chosen = settings(simulator, free_port(), public_url=f"https://127.0.0.1:{(port := free_port())}", **listener)
        chosen = chosen.model_copy(update={"ca_file": certificate, "request_timeout": 0.5})
        with pytest.raises(aiopbx.ConnectionFailed, match="public_url"):
            await aiopbx.connect(chosen)
    async with Simulator(SimulatorSettings(tls=True, certificate_folder=certificate.parent)) as other:
        trusting = SimulatorSettings(
            tls=True, certificate_folder=certificate.parent, outgoing_ca_file=other.certificate_path
        )
        async with Simulator(trusting) as simulator:
            chosen = settings(simulator, port, public_url=f"https://localhost:{port}", **listener)
            chosen = chosen.model_copy(update={"ca_file": other.certificate_path})
            async with aiopbx.connect(chosen) as pbx:
                assert pbx.status is Status.ONLINE


async def test_the_secret_is_shown_nowhere(
    simulator: Simulator, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    port = free_port()
    chosen = settings(simulator, port)
    pbx = await aiopbx.connect(chosen)
    number = next(iter(pbx.o2g._ways._channels))  # type: ignore[attr-defined]
    await status(http, "POST", f"http://127.0.0.1:{port}/{SECRET}/gone", EVENT)
    await status(http, "POST", f"http://127.0.0.1:{port}/{SECRET}/{number}", b"no event")
    ways = pbx.o2g._ways
    assert isinstance(ways, WebhookChannels)
    link = pbx._core.system._link  # type: ignore[attr-defined]
    shown = [repr(one) for one in (chosen, pbx, pbx.o2g, ways, link, link.channel, pbx.diagnostics())]
    shown.append(str(chosen.model_dump()))
    simulator.faults.close_cleanly()
    await until(lambda: pbx.statistics.losses == 1 and pbx.status is Status.ONLINE)
    try:
        await pbx.o2g.subscriptions.subscribe(
            SubscriptionRequest(version="9", web_hook_url=f"http://127.0.0.1:{port}/{SECRET}/{number}")
        )
    except aiopbx.RequestRefused as error:
        shown += [repr(error), str(error)]
    await pbx.close()
    shown += [record.getMessage() for record in caplog.records]
    everything = "\n".join(shown)
    assert SECRET not in everything
    assert number not in everything
