"""Start, stop and restart: ports, certificate, and nothing left behind."""

import asyncio
import contextlib
import ssl
import stat
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr, ValidationError

from aiopbx.errors import InvalidInput
from aiopbx.simulator import DeviceSpec, ManualClock, Simulator, SimulatorSettings, UserSpec
from aiopbx.simulator.certificate import KEY_NAME, ensure_certificate
from tests.aiopbx.simulator.conftest import until


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def test_ports_are_known_once_started(clock: ManualClock) -> None:
    simulator = Simulator(clock=clock)
    with pytest.raises(RuntimeError, match="started"):
        _ = simulator.url
    async with simulator:
        urls = {simulator.url, simulator.event_url}
        assert len(urls) == 2
        assert all(url.startswith("http://127.0.0.1:") for url in urls)
        assert simulator.phones_url == f"{simulator.url}/phones"
        with pytest.raises(InvalidInput, match="tls"):
            _ = simulator.certificate_path
        with pytest.raises(InvalidInput, match="secondary_port"):
            _ = simulator.secondary_url


async def test_page_of_phones_is_there(api: Any) -> None:
    reply = await api.send("GET", api.simulator.phones_url)
    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("text/html")


async def test_only_loopback_by_default(clock: ManualClock) -> None:
    async with Simulator(clock=clock) as simulator:
        for port in simulator._ports:
            assert port.runner is not None
            assert {address[0] for address in port.runner.addresses} == {"127.0.0.1"}


async def test_https_and_http_at_once(start: Any, connect: Any) -> None:
    simulator = await start(tls=True)
    ports = {
        url.rpartition(":")[2]
        for url in (simulator.url, simulator.http_url, simulator.event_url, simulator._url("http_event_port"))
    }
    assert len(ports) == 4
    secure, plain = await connect(simulator), await connect(simulator)
    plain.root = simulator.http_url
    for api, scheme in ((secure, "https"), (plain, "http")):
        await api.log_in()
        assert api.session["publicBaseUrl"] == f"{api.root}/api/rest/1.0"
        subscription = await api.subscribe("user", ids=["*"])
        assert subscription["publicPollingUrl"].startswith(f"{scheme}://")
        await api.channel(subscription)


async def test_https_and_http_of_both_servers(start: Any, connect: Any) -> None:
    simulator = await start(tls=True, ha=True)
    assert len({port.number for port in simulator._ports}) == 8
    simulator.faults.switch_to_secondary()
    for root, scheme in ((simulator.secondary_url, "https"), (simulator.secondary_http_url, "http")):
        api = await connect(simulator)
        api.root = root
        assert root.startswith(f"{scheme}://")
        await api.log_in()
        subscription = await api.subscribe("user", ids=["*"])
        assert subscription["publicPollingUrl"].startswith(f"{scheme}://")
        await api.channel(subscription)
    with pytest.raises(ValidationError, match="secondary_http_event_port"):
        SimulatorSettings(tls=True, ha=True, port=9001, secondary_http_event_port=9001)
    async with Simulator(SimulatorSettings(ha=True)) as plain:
        assert plain.secondary_http_url == plain.secondary_url


async def test_certificate_verifies_for_every_local_name(start: Any) -> None:
    simulator = await start(tls=True)
    context = ssl.create_default_context(cafile=str(simulator.certificate_path))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    port = simulator.url.rpartition(":")[2]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as http:
        for host in ("localhost", "127.0.0.1"):
            async with http.get(f"https://{host}:{port}/api/rest") as response:
                assert response.status == 200
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await http.get(f"https://127.0.0.1:{port}/", server_hostname="pbx.example.com")
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await http.get(f"{simulator.url}/api/rest")


def test_certificate_is_kept_and_its_key_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    path = ensure_certificate(folder, "pbx.example.com")
    first = path.read_bytes()
    key = folder / KEY_NAME
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert ensure_certificate(folder, "pbx.example.com").read_bytes() == first
    assert ensure_certificate(folder, "127.0.0.1").read_bytes() == first
    # another host needs another one, and so does a key that does not belong to it
    second = ensure_certificate(folder, "192.0.2.7").read_bytes()
    assert second != first
    key.write_bytes(b"not a key")
    assert ensure_certificate(folder, "192.0.2.7").read_bytes() != second


async def test_certificate_outlives_the_simulator_in_its_folder(tmp_path: Path, clock: ManualClock) -> None:
    settings = SimulatorSettings(tls=True, certificate_folder=tmp_path)
    async with Simulator(settings, clock=clock) as simulator:
        first = simulator.certificate_path.read_bytes()
    async with Simulator(settings, clock=clock) as simulator:
        assert simulator.certificate_path.read_bytes() == first


async def test_temporary_certificate_goes_and_comes_back(clock: ManualClock) -> None:
    simulator = Simulator(SimulatorSettings(tls=True), clock=clock)
    await simulator.start()
    path, first = simulator.certificate_path, simulator.certificate_path.read_bytes()
    await simulator.restart()
    assert path.read_bytes() == first
    await simulator.stop()
    assert not path.parent.exists()
    await simulator.start()
    assert simulator.certificate_path == path
    assert path.read_bytes() == first
    assert stat.S_IMODE((path.parent / KEY_NAME).stat().st_mode) == 0o600
    await simulator.stop()


@pytest.mark.parametrize("abrupt", [False, True])
async def test_restart_keeps_ports_and_forgets_sessions(connect: Any, abrupt: bool) -> None:
    api = await (await connect()).log_in()
    simulator = api.simulator
    lines = await api.channel(await api.subscribe("telephony", ids=["*"]))
    before = (simulator.url, simulator.event_url)
    await simulator.restart(abrupt=abrupt)
    assert (simulator.url, simulator.event_url) == before
    if abrupt:
        with pytest.raises((aiohttp.ClientError, ConnectionError)):
            await lines.to_the_end()
    else:
        assert await lines.next() is None
    reply = await api.call("GET", "/sessions")
    assert (reply.status, reply.body["code"]) == (403, 1001)
    api.cookies.clear()
    await api.log_in()


async def test_stopped_simulator_is_not_there(connect: Any) -> None:
    api = await connect()
    await api.simulator.stop()
    with pytest.raises(aiohttp.ClientConnectorError):
        await api.send("GET", f"{api.root}/api/rest")


@pytest.mark.parametrize("abrupt", [False, True])
async def test_nothing_is_left_behind(abrupt: bool) -> None:
    clock = ManualClock()
    simulator = Simulator(SimulatorSettings(ha=True), clock=clock)
    await simulator.start()  # once before: what Python opens for good is open now
    await simulator.stop()
    files, tasks = open_files(), asyncio.all_tasks()
    await simulator.start()
    simulator.faults.delay(10)
    async with aiohttp.ClientSession() as http:
        # a request that hangs in a fault when the simulator stops
        asking = asyncio.ensure_future(http.get(f"{simulator.url}/api/rest"))
        await until(lambda: clock.pending > 0)
        await simulator.stop(abrupt=abrupt)
        with contextlib.suppress(aiohttp.ClientError, ConnectionError):
            (await asking).close()
    await until(lambda: open_files() <= files)
    await until(lambda: asyncio.all_tasks() <= tasks)
    assert clock.pending == 0


async def test_stop_twice_and_start_twice_do_nothing(clock: ManualClock) -> None:
    simulator = Simulator(clock=clock)
    await simulator.stop()
    await simulator.start()
    url = simulator.url
    await simulator.start()
    assert simulator.url == url
    await simulator.stop()
    await simulator.stop()


async def test_taken_port_is_named_and_nothing_runs(clock: ManualClock) -> None:
    async with Simulator(clock=clock) as first:
        taken = int(first.event_url.rpartition(":")[2])
        second = Simulator(SimulatorSettings(event_port=taken), clock=clock)
        files = open_files()
        with pytest.raises(InvalidInput, match=f"event_port: .*{taken}") as caught:
            await second.start()
        assert caught.value.field == "event_port"
        assert "0 for any" in str(caught.value)
        assert not second.running
        assert open_files() == files


async def test_foreign_host_is_named(clock: ManualClock) -> None:
    with pytest.raises(InvalidInput, match=r"port|host"):
        await Simulator(SimulatorSettings(host="192.0.2.1"), clock=clock).start()


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"port": 70000}, "port"),
        ({"colour": "blue"}, "colour"),
        ({"port": 8443, "event_port": 8443}, "event_port"),
        ({"heartbeat": 0}, "heartbeat"),
        ({"admin_login": "oxe1000"}, "admin_login"),
        ({"users": [{"login": "a b", "number": "1"}]}, "login"),
        ({"users": [{"login": "a", "number": "one"}]}, "number"),
        ({"users": [{"login": "a", "number": "1"}, {"login": "a", "number": "2"}]}, "login a"),
        ({"users": [{"login": "a", "number": "1"}, {"login": "b", "number": "1"}]}, "number 1"),
        ({"users": [{"login": "a", "number": "1", "devices": [{"id": "1"}, {"id": "1"}]}]}, "devices"),
    ],
)
def test_wrong_settings_name_the_field(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        SimulatorSettings.model_validate(settings)


def test_users_are_given_what_they_need() -> None:
    user = UserSpec(login="a", number="77", remote_extension=True, password=SecretStr("hunter2"))
    assert [(device.id, device.type) for device in user.devices] == [("77", "DESKPHONE"), ("677", "MOBILE")]
    own = UserSpec(login="a", number="77", remote_extension=True, devices=(DeviceSpec(id="9", type="MOBILE"),))
    assert [device.id for device in own.devices] == ["9"]
    assert "hunter2" not in repr(user)


async def test_scenario_brings_its_people_and_plays(clock: ManualClock) -> None:
    more = UserSpec(login="guest", number="7777")
    settings = SimulatorSettings(scenario="office", users=(more,))
    simulator = await asyncio.to_thread(Simulator, settings, clock=clock)
    assert len(simulator.switch.users) > 10
    assert "guest" in simulator.switch.users
    assert simulator.player is not None
    async with simulator:
        assert simulator.player.running
        for _ in range(600):
            clock.advance(0.1)
        assert simulator.player.played
        await simulator.restart()
        assert simulator.player.running
    assert not simulator.player.running
    with pytest.raises(InvalidInput, match="scenario"):
        await asyncio.to_thread(Simulator, SimulatorSettings(scenario="no-such-office"), clock=clock)
