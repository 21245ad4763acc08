"""A telephone system behind a bridge: the form of an account takes the address of a broker."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.pbx.aiopbx.bridge import BridgeSettings, Worker
from custom_components.pbx.aiopbx.simulator import Simulator
from custom_components.pbx.identity import unique_id_of
from tests.integration.helpers import answer, start, typed, until
from tests.mqtt.mosquitto import Mosquitto


@pytest.fixture
async def bridge(simulator: Simulator, tmp_path: Path) -> AsyncIterator[str]:
    """The address of the simulated office behind a bridge."""
    broker = Mosquitto(tmp_path / "broker").start()
    system = {"url": simulator.url, "username": "admin", "password": "admin"}
    settings = BridgeSettings(broker={"url": broker.url}, systems={"office": system}, pulse_interval=0.2)
    worker = Worker(settings, "office")
    running = asyncio.create_task(worker.run())
    try:
        await until(lambda: worker.state == "serving")
        yield f"{broker.url}/office"
    finally:
        worker.stop()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(running, 30)
        broker.stop()


async def test_an_entry_behind_a_bridge(home: HomeAssistant, simulator: Simulator, bridge: str) -> None:
    account = {"url": bridge, "username": "home", "password": "of the broker", "tls": "verify"}
    form = await answer(home, await start(home, "o2g_administrator"), typed(account))
    assert not form["errors"], form
    assert form["step_id"] == "lines"
    assert form["description_placeholders"]["count"] == "4"
    result = await answer(home, form, {"all_lines": True})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await home.async_block_till_done()
    assert len(result["result"].runtime_data.data) == 4
    simulator.switch.incoming_external("0015550142", "1000")
    await until(lambda: home.states.get("sensor.alice_martin_call_state").state == "ringing_incoming")
    await home.services.async_call(
        "switch", "turn_on", {"entity_id": "switch.alice_martin_do_not_disturb"}, blocking=True
    )
    await until(lambda: simulator.switch.users["oxe1000"].do_not_disturb)
    assert await home.config_entries.async_remove(result["result"].entry_id)


async def test_istra_is_not_behind_the_address_of_a_broker(home: HomeAssistant) -> None:
    account = {"url": "mqtts://broker.example.com/office", "username": "home", "password": "secret", "tls": "verify"}
    form = await answer(home, await start(home, "mycrm"), typed(account))
    assert form["errors"] == {"url": "url_wrong_scheme"}


def test_two_systems_of_one_broker_are_two() -> None:
    ids = {
        unique_id_of({"kind": "o2g_administrator", "url": url, "username": "home"}, ())
        for url in (f"mqtts://broker.example.com{rest}" for rest in ("/one", ":8883/one/", "/two"))
    }
    assert ids == {"broker.example.com:8883/one_home", "broker.example.com:8883/two_home"}
