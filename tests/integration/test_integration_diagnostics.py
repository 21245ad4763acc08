"""Diagnostics and system health: there in every state of an entry, and without anything that says whose they are."""

import json
from typing import Any

import pytest
from homeassistant.components.diagnostics import DOMAIN as DIAGNOSTICS
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import get_system_health_info
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.pbx.aiopbx.simulator import Simulator, SimulatorSettings, UserSpec
from custom_components.pbx.const import DOMAIN
from custom_components.pbx.diagnostics import _address
from tests.integration.helpers import administrator, istra, make_entry, set_up, until, until_state

PLANTED = {
    "password": "planted-password",
    "second_password": "planted-second",
    "username": "planted-login",
    "enterprise": "planted-enterprise",
    "url": "https://planted-user:planted-userinfo@planted-host.example.com:8443/planted-path",
    "secondary_url": "https://planted-secondary.example.com",
    "ca_file": "/planted/folder/planted.pem",
    "identity": ["planted-site.example.com:443"],
    "fingerprints": ["planted-fingerprint"],
    "unheard_of": "planted-future-field",
}
OPTIONS = {
    "lines": ["planted-line"],
    "allowed": ["+1555planted*"],
    "denied": ["+1555plantedtoo"],
    "outside_prefix": "planted-prefix",
    "contact_files": ["planted.vcf"],
    "unheard_of": "planted-future-option",
}


async def downloaded(home: HomeAssistant, hass_client: ClientSessionGenerator, path: str) -> dict[str, Any]:
    """Download diagnostics as the frontend does."""
    assert await async_setup_component(home, DIAGNOSTICS, {})
    await home.async_block_till_done()
    client = await hass_client()
    answer = await client.get(f"/api/diagnostics/{path}")
    assert answer.status == 200
    data: dict[str, Any] = (await answer.json())["data"]
    return data


async def everything(home: HomeAssistant, hass_client: ClientSessionGenerator, entry: Any) -> str:
    """Return all that can be downloaded about an entry, as one text."""
    texts = [await downloaded(home, hass_client, f"config_entry/{entry.entry_id}")]
    texts += [
        await downloaded(home, hass_client, f"config_entry/{entry.entry_id}/device/{device.id}")
        for device in dr.async_entries_for_config_entry(dr.async_get(home), entry.entry_id)
    ]
    assert await async_setup_component(home, "system_health", {})
    texts.append(await get_system_health_info(home, DOMAIN))
    return json.dumps(texts)


@pytest.mark.parametrize("kind", ["o2g_user", "o2g_administrator", "myrcc", "mycrm", "myistra"])
async def test_nothing_that_was_planted_is_in_them_while_the_pbx_is_down(
    home: HomeAssistant, hass_client: ClientSessionGenerator, kind: str
) -> None:
    """Every field of an entry holds a secret: those of today, and one of tomorrow."""
    entry = make_entry({"kind": kind, "tls": "own_ca", **PLANTED}, **OPTIONS)
    entry.add_to_hass(home)
    device = dr.async_get(home).async_get_or_create(config_entry_id=entry.entry_id, identifiers={(DOMAIN, "office_x")})
    assert await async_setup_component(home, DOMAIN, {})
    await home.async_block_till_done()
    text = await everything(home, hass_client, entry)
    assert "planted" not in text
    assert "555" not in text
    found = await downloaded(home, hass_client, f"config_entry/{entry.entry_id}/device/{device.id}")
    assert found["available"] is False
    assert found["state"] == ConfigEntryState.SETUP_ERROR.value
    assert found["entry"]["data"]["url"] == "https with a port and a path"
    assert found["entry"]["data"]["ca_file"] == "set"
    assert found["entry"]["options"]["lines"] == "1 values"


@pytest.mark.parametrize("kind", ["o2g_administrator", "myrcc", "mycrm", "myistra"])
async def test_nothing_of_people_is_in_them_in_the_middle_of_a_call(
    home: HomeAssistant, hass_client: ClientSessionGenerator, kind: str
) -> None:
    person = UserSpec(login="planted-login", number="1000", first_name="Planted", last_name="Plantedson")
    settings = SimulatorSettings(istra=True, users=(person,))
    async with Simulator(settings) as simulator:
        data = (
            administrator(simulator) if kind == "o2g_administrator" else istra(simulator, kind, login="planted-login")
        )
        entry = await set_up(home, make_entry(data, denied=["+15550199"]))
        assert entry.state is ConfigEntryState.LOADED
        coordinator = entry.runtime_data
        call = simulator.switch.incoming_external("+15550123", "1000", "Planted Bakery")
        if kind != "myistra":
            await until(lambda: coordinator.pbx.recent_events, "the call is noticed")
        text = await everything(home, hass_client, entry)
        lowered = text.lower()
        for secret in (
            "planted", "bakery", "5550123", "5550199", "sessionid", "127.0.0.1", "admin\"", str(simulator.url)[-5:],
            *(f'"{line}"' for line in coordinator.data),
        ):  # fmt: skip
            assert secret not in lowered, secret
        assert '"client"' in text
        assert '"line"' in text
        simulator.switch.external_hang_up(call.ref)
        await home.config_entries.async_unload(entry.entry_id)


async def test_while_the_connection_is_lost(
    home: HomeAssistant, hass_client: ClientSessionGenerator, simulator: Simulator
) -> None:
    entry = await set_up(home, make_entry(administrator(simulator)))
    await simulator.stop(abrupt=True)
    await until_state(home, "binary_sensor.office_connection", "off")
    found = await downloaded(home, hass_client, f"config_entry/{entry.entry_id}")
    assert found["available"] is False
    assert found["client"]["status"] in {"offline", "connecting"}
    assert "127.0.0.1" not in json.dumps(found)


async def test_while_an_entry_is_retried(home: HomeAssistant, hass_client: ClientSessionGenerator) -> None:
    data = {"kind": "o2g_user", "url": "http://127.0.0.1:1", "username": "x", "password": "y", "tls": "verify"}
    entry = await set_up(home, make_entry(data))
    assert entry.state is ConfigEntryState.SETUP_RETRY
    found = await downloaded(home, hass_client, f"config_entry/{entry.entry_id}")
    assert found["reason"] == "cannot_connect"
    assert found["state"] == "setup_retry"


async def test_system_health(home: HomeAssistant, simulator: Simulator) -> None:
    assert await async_setup_component(home, "system_health", {})
    entry = await set_up(home, make_entry(administrator(simulator)))
    assert await get_system_health_info(home, DOMAIN) == {
        "systems": 1, "connected": 1, "lines": 4, "lost_connections": 0
    }  # fmt: skip
    await simulator.stop(abrupt=True)
    await until_state(home, "binary_sensor.office_connection", "off")
    await until(lambda: entry.runtime_data.pbx.statistics.losses == 1)
    assert await get_system_health_info(home, DOMAIN) == {
        "systems": 1, "connected": 0, "lines": 4, "lost_connections": 1
    }  # fmt: skip


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://pbx.example.com", "https"),
        ("http://pbx.example.com:8080", "http with a port"),
        ("https://pbx.example.com/o2g/", "https with a path"),
        ("https://pbx.example.com:99999", "https"),
        ("pbx", "no scheme with a path"),
    ],
)
def test_what_is_said_of_an_address(url: str, said: str) -> None:
    assert _address(url) == said
