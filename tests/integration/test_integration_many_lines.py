"""An office of more than a hundred: what a line is and can do becomes known after Home Assistant is connected."""

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er

from custom_components.pbx.aiopbx.o2g import details, rights
from custom_components.pbx.aiopbx.simulator import Simulator, SimulatorSettings, UserSpec
from tests.integration.helpers import administrator, make_entry, set_up, until

PEOPLE = tuple(
    UserSpec(login=f"user{number}", number=str(number), first_name="Extension", last_name=str(number))
    for number in range(2000, 2110)
)


async def test_entities_come_with_the_names_of_their_lines(
    home: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not before: their ids would be made of logins. And each line gets all that it can do, like those of a few."""
    monkeypatch.setattr(details, "RATE", 0.1)
    async with Simulator(SimulatorSettings(users=PEOPLE)) as simulator:
        entry = await set_up(home, make_entry(administrator(simulator)))
        assert entry.state is ConfigEntryState.LOADED
        coordinator = entry.runtime_data
        registry = er.async_get(home)

        def lines() -> set[str]:
            return {line.id for line in coordinator.data.values() if line.described}

        def entities(line: str) -> set[str]:
            prefix = f"{coordinator.identifier(line)[1]}_"
            found = er.async_entries_for_config_entry(registry, entry.entry_id)
            return {one.unique_id.removeprefix(prefix) for one in found if one.unique_id.startswith(prefix)}

        assert len(coordinator.data) == 110
        unknown = next(line for line in coordinator.data if line not in lines())
        assert entities(unknown) == set()
        assert not dr.async_get(home).async_get_device_by_identifier(coordinator.identifier(unknown), entry.entry_id)
        monkeypatch.setattr(details, "RATE", 5000.0)
        simulator.faults.cut_channels()
        await until(lambda: len(lines()) == 110, timeout=60)
        await home.async_block_till_done()
        assert "do_not_disturb" in entities(unknown)
        assert home.states.get(f"sensor.extension_{unknown.removeprefix('user')}_call_state") is not None
        assert {frozenset(entities(line)) for line in coordinator.data} == {frozenset(entities(unknown))}
        await home.config_entries.async_unload(entry.entry_id)


async def test_entities_go_and_come_with_what_a_line_can_do(
    home: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A licence is withdrawn and granted again; what a person has changed of an entity is there again, too."""
    monkeypatch.setattr(rights, "RIGHTS_LAST", -1.0)
    async with Simulator(SimulatorSettings(users=PEOPLE[:3])) as simulator:
        entry = await set_up(home, make_entry(administrator(simulator)))
        registry = er.async_get(home)

        def entities(line: str) -> dict[str, str]:
            prefix = f"{entry.runtime_data.identifier(line)[1]}_"
            found = er.async_entries_for_config_entry(registry, entry.entry_id)
            return {
                one.unique_id.removeprefix(prefix): one.entity_id for one in found if one.unique_id.startswith(prefix)
            }

        before = entities("user2000")
        assert entities("user2001").keys() == before.keys()
        assert "call_state" in before
        registry.async_update_entity(before["call_state"], name="Reception")
        user = simulator.switch.users["user2000"]
        granted, user.licences = user.licences, user.licences - {"TELEPHONY_ADVANCED"} | {"TELEPHONY_BASIC"}
        simulator.faults.cut_channels()
        await until(lambda: "call_state" not in entities("user2000"), timeout=30)
        await until(lambda: entry.runtime_data.last_update_success, timeout=30)
        assert home.states.get(before["call_state"]) is None
        assert entities("user2001").keys() == before.keys()
        user.licences = granted
        simulator.faults.cut_channels()
        await until(lambda: entities("user2000").keys() == before.keys(), timeout=30)
        assert entities("user2000") == before
        assert registry.async_get(before["call_state"]).name == "Reception"  # type: ignore[union-attr]
        await until(lambda: home.states.get(before["call_state"]) is not None)
        await home.config_entries.async_unload(entry.entry_id)


async def test_what_is_gone_after_a_restart_has_no_entity(home: HomeAssistant) -> None:
    """What a line could do when Home Assistant stopped is no promise of what it can do now."""
    async with Simulator(SimulatorSettings(users=PEOPLE[:1])) as simulator:
        entry = await set_up(home, make_entry(administrator(simulator)))
        registry = er.async_get(home)
        [state] = [one for one in registry.entities.values() if one.unique_id.endswith("_user2000_call_state")]
        await home.config_entries.async_unload(entry.entry_id)
        simulator.switch.users["user2000"].licences = frozenset()
        await home.config_entries.async_setup(entry.entry_id)
        await home.async_block_till_done()
        assert registry.async_get(state.entity_id) is None
        await home.config_entries.async_unload(entry.entry_id)
