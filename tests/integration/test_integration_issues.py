"""Nodes, licences and what someone should mend: it is shown while it is true, and no longer."""

from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_platform, entity_registry as er, issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.pbx import issues
from custom_components.pbx.aiopbx.simulator import Simulator, SimulatorSettings, UserSpec
from custom_components.pbx.const import DOMAIN
from tests.integration.helpers import (
    administrator,
    attributes_of,
    make_entry,
    set_up,
    state_of,
    until,
    until_state,
    user,
)


def shown(hass: HomeAssistant) -> set[str]:
    """Return which kinds of issues there are."""
    return {str(one.translation_key) for (domain, _), one in ir.async_get(hass).issues.items() if domain == DOMAIN}


def link_of(hass: HomeAssistant) -> str:
    """Return the sensor of the one node's link."""
    [found] = [state.entity_id for state in hass.states.async_all("binary_sensor") if "cti_link" in state.entity_id]
    return found


async def test_a_link_that_is_down(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    """The sensor and the issue follow the events."""
    await until(lambda: any("cti_link" in state.entity_id for state in home.states.async_all("binary_sensor")))
    link = link_of(home)
    assert state_of(home, link) == "on"
    assert attributes_of(home, link)["link"] in {"main", "up"}
    assert "link_down" not in shown(home)
    simulator.faults.cti_link_down()
    await until_state(home, link, "off")
    assert "link_down" in shown(home)
    simulator.faults.cti_link_up(secondary=True)
    await until_state(home, link, "on")
    assert attributes_of(home, link)["link"] == "up"
    assert "link_down" not in shown(home)


async def test_a_node_that_cannot_be_managed(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    """The link for calls is another one: it stays as it is."""
    nodes = entry.runtime_data.pbx.nodes
    await until(lambda: len(nodes) == 1)
    simulator.switch.nodes.management_link_down("1")
    await until(lambda: shown(home) == {"management_link_down"})
    simulator.faults.cti_link_down()
    await until(lambda: shown(home) == {"management_link_down", "link_down"})
    simulator.switch.nodes.management_link_up("1")
    await until(lambda: shown(home) == {"link_down"})


async def test_servers_that_do_not_reach_each_other(home: HomeAssistant) -> None:
    """The server in use says so when the other one goes, and when it is back."""
    async with Simulator(SimulatorSettings(ha=True)) as simulator:
        entry = await set_up(
            home, make_entry(administrator(simulator, secondary_url=simulator.secondary_url, use_given_address=True))
        )
        assert shown(home) == set()
        await simulator.take_down("secondary")
        await until(lambda: shown(home) == {"twin_link_down"})
        [issue] = (one for (domain, _), one in ir.async_get(home).issues.items() if domain == DOMAIN)
        assert issue.translation_placeholders == {"title": "Office"}
        await simulator.bring_back("secondary", in_charge=False)
        await until(lambda: shown(home) == set())
        await home.config_entries.async_unload(entry.entry_id)


async def test_as_many_entities_as_there_may_be(
    home: HomeAssistant, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Home Assistant adds no more then, and says so only in its log; with fewer of them the issue goes."""
    monkeypatch.setattr(issues, "ENTITY_LIMIT", 12)
    monkeypatch.setattr(entity_platform, "MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY", 12)
    entry = await set_up(home, make_entry(administrator(simulator)))
    await until(lambda: shown(home) == {"too_many_entities"})
    registry = er.async_get(home)
    enabled = [one for one in er.async_entries_for_config_entry(registry, entry.entry_id) if not one.disabled]
    assert len(enabled) == 12
    registry.async_update_entity(enabled[0].entity_id, disabled_by=er.RegistryEntryDisabler.USER)
    await until(lambda: shown(home) == set())


async def test_an_issue_does_not_outlive_its_entry(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry
) -> None:
    """Nobody would know when it is mended."""
    await until(lambda: any("cti_link" in state.entity_id for state in home.states.async_all("binary_sensor")))
    simulator.faults.cti_link_down()
    await until(lambda: "link_down" in shown(home))
    await home.config_entries.async_unload(entry.entry_id)
    assert shown(home) == set()


@pytest.mark.parametrize(("days", "issue"), [(10, "licence_ends"), (-3, "licence_ended"), (200, None)])
async def test_licences_that_end(home: HomeAssistant, days: int, issue: str | None) -> None:
    """Told from their date; gone when there are new ones, at the next reading."""
    day = datetime.now(UTC).date() + timedelta(days=days)
    async with Simulator(SimulatorSettings(licence_expiration=day)) as simulator:
        entry = await set_up(home, make_entry(administrator(simulator)))
        await until_state(home, "sensor.office_licences_end_on", day.isoformat())
        await until(lambda: shown(home) == ({issue} if issue else set()))
        later = datetime.now(UTC).date() + timedelta(days=400)
        [server] = simulator.servers
        server.settings = server.settings.model_copy(update={"licence_expiration": later})
        async_fire_time_changed(home, datetime.now(UTC) + issues.READ_EVERY + timedelta(seconds=1))
        await until_state(home, "sensor.office_licences_end_on", later.isoformat())
        assert shown(home) == set()
        await home.config_entries.async_unload(entry.entry_id)


async def test_an_event_that_licences_end(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    """It says so before the next reading, which then says otherwise."""
    await until(lambda: home.states.get("sensor.office_licences_end_on") is not None)
    simulator.faults.license_expiration(5)
    await until(lambda: "licence_ends" in shown(home))
    async_fire_time_changed(home, datetime.now(UTC) + issues.READ_EVERY + timedelta(seconds=1))
    await until(lambda: "licence_ends" not in shown(home))


async def test_how_many_licences_are_in_use(home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry) -> None:
    """A sensor for each, with what is installed."""
    await until(lambda: home.states.get("sensor.office_licences_end_on") is not None)
    assert state_of(home, "sensor.office_licences_end_on") == "unknown"
    found = [state for state in home.states.async_all("sensor") if state.entity_id.endswith("_in_use")]
    assert found
    known = {f"Office Licences {one.name} in use": one for one in entry.runtime_data.pbx.nodes.licences}
    for state in found:
        licence = known[state.attributes["friendly_name"]]
        assert state.state == str(licence.used)
        assert state.attributes["total"] == licence.total
        assert state.attributes["expires"] is None


async def test_a_user_sees_no_nodes(home: HomeAssistant, simulator: Simulator) -> None:
    """So there is nothing to show or to mend."""
    await set_up(home, make_entry(user(simulator)))
    assert not [state for state in home.states.async_all() if "cti_link" in state.entity_id]
    assert home.states.get("sensor.office_licences_end_on") is None
    async_fire_time_changed(home, datetime.now(UTC) + issues.READ_EVERY + timedelta(seconds=1))
    await home.async_block_till_done(wait_background_tasks=True)
    assert shown(home) == set()


async def test_no_licence_is_left(home: HomeAssistant) -> None:
    """The session is refused; when there is a licence, the issue goes with the next attempt."""
    nobody = UserSpec(login="oxe1000", number="1000", first_name="Alice", last_name="Martin", licences=frozenset())
    async with Simulator(SimulatorSettings(users=(nobody,))) as simulator:
        entry = await set_up(home, make_entry(user(simulator)))
        assert entry.state is ConfigEntryState.SETUP_ERROR
        assert shown(home) == {"no_licence"}
        simulator.switch.users["oxe1000"].licences = frozenset({"TELEPHONY_ADVANCED"})
        assert await home.config_entries.async_reload(entry.entry_id)
        assert shown(home) == set()
        await home.config_entries.async_unload(entry.entry_id)


async def test_the_secondary_serves(home: HomeAssistant) -> None:
    """Told while it does."""
    async with Simulator(SimulatorSettings(ha=True)) as simulator:
        entry = await set_up(
            home, make_entry(administrator(simulator, secondary_url=simulator.secondary_url, use_given_address=True))
        )
        assert shown(home) == set()
        pbx = entry.runtime_data.pbx
        simulator.faults.switch_to_secondary()
        await until(lambda: pbx.info.server == "secondary", timeout=60)
        await until(lambda: "secondary_in_use" in shown(home), timeout=60)
        simulator.faults.switch_to_primary()
        await until(lambda: pbx.info.server == "primary" and "secondary_in_use" not in shown(home), timeout=60)
        await home.config_entries.async_unload(entry.entry_id)


async def test_a_certificate_that_ends(home: HomeAssistant) -> None:
    """The server's own is read; without TLS, and where no one listens, there is none."""
    async with Simulator(SimulatorSettings(tls=True)) as simulator:
        end = await issues.async_certificate_end(simulator.url)
        assert end is not None
        entry = await set_up(home, make_entry(administrator(simulator, tls="none")))
        assert entry.state is ConfigEntryState.LOADED
        await home.async_block_till_done(wait_background_tasks=True)
        assert shown(home) == set()
        with patch.object(issues, "CERTIFICATE_DAYS", 100_000):
            async_fire_time_changed(home, datetime.now(UTC) + issues.READ_EVERY + timedelta(seconds=1))
            await until(lambda: shown(home) == {"certificate_ends"})
        async_fire_time_changed(home, datetime.now(UTC) + 2 * issues.READ_EVERY + timedelta(seconds=2))
        await until(lambda: shown(home) == set())
        url = simulator.url
        await home.config_entries.async_unload(entry.entry_id)
    assert await issues.async_certificate_end(url) is None
    assert await issues.async_certificate_end("http://127.0.0.1:1") is None


async def test_what_cannot_be_read_changes_nothing(
    home: HomeAssistant, simulator: Simulator, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither while the connection is lost, nor when the server refuses."""
    await until(lambda: home.states.get("sensor.office_licences_end_on") is not None)
    simulator.faults.license_expiration(5)
    await until(lambda: "licence_ends" in shown(home))
    simulator.faults.refuse_requests(3)
    async_fire_time_changed(home, datetime.now(UTC) + issues.READ_EVERY + timedelta(seconds=1))
    await home.async_block_till_done(wait_background_tasks=True)
    assert "licence_ends" in shown(home)
