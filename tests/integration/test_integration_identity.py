"""One PBX is one entry, whatever address leads to it; and its ids outlive the entry."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.pbx.aiopbx.records import NodesSnapshot
from custom_components.pbx.aiopbx.simulator import Simulator, SimulatorSettings
from custom_components.pbx.const import DOMAIN
from custom_components.pbx.identity import async_identity, unique_id_of
from tests.integration.helpers import (
    ALICE,
    administrator,
    answer,
    entered,
    istra,
    ours,
    reconfigure,
    set_up,
    start,
    typed,
    user,
)

NAMED = "https://pbx.example.com"


@pytest.fixture
async def named(loopback: None) -> AsyncIterator[Simulator]:
    """An O2G server that calls itself by its own name, whatever name it was asked by."""
    async with Simulator(SimulatorSettings(public_url=NAMED, host="0.0.0.0")) as running:
        yield running


def elsewhere(url: str) -> str:
    """Return another address of the same server."""
    return url.replace("127.0.0.1", "127.0.0.2")


def as_of_version_1_1(data: dict[str, Any], unique_id: str, **options: Any) -> MockConfigEntry:
    """Return an entry as the integration made it before systems were asked who they are."""
    return MockConfigEntry(
        domain=DOMAIN, title="Office", unique_id=unique_id, data=data, options={"all_lines": True} | options
    )


# ---------------------------------------------------------------------------------------------- the same PBX is found


async def test_an_o2g_server_under_two_names(home: HomeAssistant, named: Simulator) -> None:
    data = user(named)
    first = await answer(home, await start(home, "o2g_user"), typed(data))
    assert first["type"] is FlowResultType.CREATE_ENTRY
    assert first["result"].unique_id == f"pbx.example.com:443_{ALICE}"
    assert "pbx.example.com:443" in first["result"].data["identity"]
    again = await answer(home, await start(home, "o2g_user"), typed(data | {"url": elsewhere(named.url)}))
    assert again["reason"] == "already_configured"
    await home.async_block_till_done()
    await home.config_entries.async_unload(first["result"].entry_id)


async def test_the_secondary_server_of_a_pair(home: HomeAssistant, loopback: None) -> None:
    async with Simulator(SimulatorSettings(ha=True)) as pair:
        data = user(pair, secondary_url=pair.secondary_url)
        first = await answer(home, await start(home, "o2g_user"), typed(data))
        assert first["type"] is FlowResultType.CREATE_ENTRY
        await home.async_block_till_done()
        pair.faults.switch_to_secondary()  # which alone accepts logins from now on
        again = typed(user(pair)) | {"url": pair.secondary_url}
        result = await answer(home, await start(home, "o2g_user"), again)
        assert result["type"] is FlowResultType.ABORT
        assert result["reason"] == "already_configured"
        # another account is another entry
        other = await answer(home, await start(home, "o2g_user"), again | {"username": "oxe1001"})
        assert other["type"] is FlowResultType.CREATE_ENTRY
        await home.async_block_till_done()
        for entry in home.config_entries.async_entries(DOMAIN):
            await home.config_entries.async_unload(entry.entry_id)


async def test_an_administrator_is_told_the_pair_by_name(home: HomeAssistant, named: Simulator) -> None:
    """The names of both servers are kept, so that an entry for the other one is found to be the same."""
    entry = await set_up(home, MockConfigEntry(domain=DOMAIN, data=administrator(named), options={"all_lines": True}))
    pbx = entry.runtime_data.pbx
    pbx._core.store.nodes = NodesSnapshot(primary="PBX-A.example.com", secondary="pbx-b.example.com")
    identity = await async_identity(pbx, entry.data, ())
    assert {"pbx-a.example.com", "pbx-b.example.com"} < set(identity)
    pbx._core.store.nodes = NodesSnapshot(primary="127.0.0.1", secondary="localhost")
    assert not {"127.0.0.1", "localhost"} & set(await async_identity(pbx, entry.data, ()))
    await home.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("kind", ["myrcc", "mycrm", "myistra"])
async def test_an_istra_platform_under_two_names(home: HomeAssistant, kind: str) -> None:
    settings = SimulatorSettings(istra=True, host="0.0.0.0")
    async with Simulator(settings) as simulator:
        data = typed(istra(simulator, kind))
        form = await answer(home, await start(home, kind), data)
        if kind != "myistra":
            form = await home.config_entries.flow.async_configure(form["flow_id"], {"all_lines": True})
        assert form["type"] is FlowResultType.CREATE_ENTRY
        entry = form["result"]
        await home.async_block_till_done()
        result = await answer(home, await start(home, kind), data | {"url": elsewhere(simulator.istra_url)})
        assert result["reason"] == "already_configured"
        # the marks say nothing of the lines
        assert not any(text in mark for mark in entry.data["identity"] for text in ("Alice", "Martin", "1000"))
        await home.config_entries.async_unload(entry.entry_id)


async def test_another_server_is_another_entry(home: HomeAssistant, simulator: Simulator) -> None:
    await answer(home, await start(home, "o2g_user"), typed(user(simulator)))
    async with Simulator() as other:
        result = await answer(home, await start(home, "o2g_user"), typed(user(other)))
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await home.async_block_till_done()
        await home.config_entries.async_unload(result["result"].entry_id)


# ------------------------------------------------------------------------------------------------------ ids that last


async def test_ids_outlive_the_entry(home: HomeAssistant, simulator: Simulator) -> None:
    """Removed and added again, by another name even, the entities are the same: their history goes on."""
    seen = []
    for _ in range(2):
        result = await answer(home, await start(home, "o2g_user"), typed(user(simulator)))
        await home.async_block_till_done()
        seen.append({item.entity_id: item.unique_id for item in ours(home)})
        await home.config_entries.async_remove(result["result"].entry_id)
        await home.async_block_till_done()
    assert seen[0] == seen[1]
    assert seen[0]


async def test_reconfigured_to_another_name_of_the_same_server(home: HomeAssistant, named: Simulator) -> None:
    result = await answer(home, await start(home, "o2g_user"), typed(user(named)))
    await home.async_block_till_done()
    entry = result["result"]
    before = {item.entity_id: item.unique_id for item in ours(home)}
    moved = typed(user(named, url=elsewhere(named.url)))
    result = await answer(home, await reconfigure(home, entry), moved)
    assert result["reason"] == "reconfigure_successful"
    await home.async_block_till_done()
    assert entry.data["url"] == elsewhere(named.url)
    assert {item.entity_id: item.unique_id for item in ours(home)} == before
    await home.config_entries.async_unload(entry.entry_id)


async def test_reconfigured_to_another_server(home: HomeAssistant, simulator: Simulator) -> None:
    """The ids are the new server's then; devices and entities, with what the user made of them, are kept."""
    result = await answer(home, await start(home, "o2g_user"), typed(user(simulator)))
    await home.async_block_till_done()
    entry = result["result"]
    registry = er.async_get(home)
    registry.async_update_entity("sensor.alice_martin_call_state", name="Desk")
    before = {item.id for item in ours(home)}
    devices = {device.id for device in dr.async_entries_for_config_entry(dr.async_get(home), entry.entry_id)}
    async with Simulator() as moved:
        result = await answer(home, await reconfigure(home, entry), typed(user(moved)))
        assert result["reason"] == "reconfigure_successful"
        await home.async_block_till_done()
        assert entry.unique_id == unique_id_of(entry.data, entry.data["identity"])
        assert {item.id for item in ours(home)} == before
        assert all(item.unique_id.startswith(f"{entry.unique_id}_") for item in ours(home))
        found = dr.async_entries_for_config_entry(dr.async_get(home), entry.entry_id)
        assert {device.id for device in found} == devices
        desk = registry.async_get("sensor.alice_martin_call_state")
        assert desk is not None
        assert desk.name == "Desk"
        await home.config_entries.async_unload(entry.entry_id)


# ----------------------------------------------------------------------------------------------------------- migration


@pytest.mark.parametrize("kind", ["o2g_user", "myrcc"])
async def test_an_entry_of_before_keeps_devices_and_entities(home: HomeAssistant, kind: str) -> None:
    async with Simulator(SimulatorSettings(istra=True, public_url=NAMED)) as simulator:
        data = user(simulator) if kind == "o2g_user" else istra(simulator, kind)
        entry = as_of_version_1_1(data, "127.0.0.1:1_old")
        entry.add_to_hass(home)
        devices, entities = dr.async_get(home), er.async_get(home)
        pbx = devices.async_get_or_create(
            config_entry_id=entry.entry_id,
            identifiers={(DOMAIN, entry.entry_id)},
            entry_type=dr.DeviceEntryType.SERVICE,
        )
        connection = entities.async_get_or_create(
            "binary_sensor", DOMAIN, f"{entry.entry_id}_connected", config_entry=entry, device_id=pbx.id
        )
        await home.config_entries.async_setup(entry.entry_id)
        await home.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED
        assert (entry.version, entry.minor_version) == (1, 2)
        assert entered(entry.data) == data
        assert entry.data["identity"]
        assert entry.unique_id == unique_id_of(entry.data, entry.data["identity"])
        now = entities.async_get(connection.entity_id)
        assert now is not None
        assert now.id == connection.id
        assert now.unique_id == f"{entry.unique_id}_connected"
        device = devices.async_get_device_by_identifier((DOMAIN, entry.unique_id), entry.entry_id)
        assert device is not None
        assert device.id == pbx.id
        # once more changes nothing
        identity, unique_id = entry.data["identity"], entry.unique_id
        await home.config_entries.async_reload(entry.entry_id)
        assert (entry.data["identity"], entry.unique_id) == (identity, unique_id)
        await home.config_entries.async_unload(entry.entry_id)


async def test_an_entry_of_before_without_the_pbx(home: HomeAssistant) -> None:
    """It is migrated while the PBX is away; who the PBX is, is asked when it is back."""
    entry = as_of_version_1_1(
        {"kind": "o2g_user", "url": "http://127.0.0.1:1", "username": ALICE, "password": "x", "tls": "verify"}, "old"
    )
    await set_up(home, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.minor_version == 2
    assert entry.data["identity"] == []
    assert entry.unique_id == "old"


async def test_two_entries_of_before_that_are_the_same_go_on(home: HomeAssistant, named: Simulator) -> None:
    first = await set_up(home, as_of_version_1_1(user(named), "a"))
    second = await set_up(home, as_of_version_1_1(user(named, url=elsewhere(named.url)), "b"))
    assert first.unique_id == f"pbx.example.com:443_{ALICE}"
    assert second.unique_id == "b"
    assert first.state is second.state is ConfigEntryState.LOADED
    for entry in (first, second):
        await home.config_entries.async_unload(entry.entry_id)


async def test_the_demo_of_before(home: HomeAssistant) -> None:
    entry = await set_up(home, as_of_version_1_1({"kind": "demo"}, "demo"))
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data == {"kind": "demo"}
    await home.config_entries.async_unload(entry.entry_id)


async def test_an_entry_of_a_newer_version_is_left_alone(home: HomeAssistant, simulator: Simulator) -> None:
    entry = await set_up(home, MockConfigEntry(domain=DOMAIN, data=user(simulator), version=2))
    assert entry.state is ConfigEntryState.MIGRATION_ERROR
