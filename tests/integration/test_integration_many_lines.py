"""An office of more than a hundred: what a line is and can do becomes known after Home Assistant is connected."""

from typing import Any

import pytest
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er

from custom_components.pbx import entity, later
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
    """Not before: their ids would be made of logins. And each line gets all that it can do, like those of a few.

    What nobody sees is registered when everything that someone sees is there.
    """
    monkeypatch.setattr(details, "RATE", 0.1)
    monkeypatch.setattr(later, "QUIET", 3600.0)
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
        seen = frozenset(entities(unknown))
        assert {frozenset(entities(line)) for line in coordinator.data} == {seen}
        assert not [one for one in er.async_entries_for_config_entry(registry, entry.entry_id) if _of_a_line(one)]
        # A licence is withdrawn and a line is gone before the rest comes.
        left, gone = (line for line in list(coordinator.data)[-2:])
        monkeypatch.setattr(rights, "RIGHTS_LAST", -1.0)
        simulator.switch.users[left].licences = frozenset({"TELEPHONY_BASIC"})
        simulator.remove_user(gone)
        simulator.faults.cut_channels()
        await until(lambda: gone not in coordinator.data and "call_state" not in entities(left), timeout=60)
        monkeypatch.setattr(later, "QUIET", 0.0)
        await until(lambda: not len(coordinator.later), timeout=60)
        await home.async_block_till_done()
        everything = entities(unknown)
        assert everything > seen
        assert {"ringing", "missed_calls", "park"} < everything - seen
        others = set(coordinator.data) - {left}
        assert {frozenset(entities(line)) for line in others} == {frozenset(everything)}
        assert not entities(left) & {"call_state", "ringing", "other_party"}
        assert entities(gone) == set()
        # What is still waiting ends with the entry.
        monkeypatch.setattr(later, "QUIET", 3600.0)
        coordinator.later.put_off(lambda line: pytest.fail(line), unknown)
        await home.config_entries.async_unload(entry.entry_id)


def _of_a_line(one: er.RegistryEntry) -> bool:
    return one.disabled_by is not None and "_user" in one.unique_id


async def test_what_is_disabled_is_not_made_again(home: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a restart the registry knows it. Whoever enables it has it, and it goes with its feature all the same."""
    made: list[str] = []
    begin = entity.PbxLineEntity.__init__

    def noting(self: entity.PbxLineEntity, *args: Any) -> None:
        begin(self, *args)
        made.append(str(self.unique_id))

    monkeypatch.setattr(entity.PbxLineEntity, "__init__", noting)
    async with Simulator(SimulatorSettings(users=PEOPLE[:2])) as simulator:
        entry = await set_up(home, make_entry(administrator(simulator)))
        registry = er.async_get(home)

        def of_lines(*, disabled: bool) -> dict[str, str]:
            found = er.async_entries_for_config_entry(registry, entry.entry_id)
            return {
                one.unique_id: one.entity_id
                for one in found
                if "_user" in one.unique_id and (one.disabled_by is not None) is disabled
            }

        enabled, disabled = of_lines(disabled=False), of_lines(disabled=True)
        assert len(disabled) > len(enabled)
        assert sorted(made) == sorted(enabled | disabled)
        [ringing] = [one for one in disabled if one.endswith("_user2000_ringing")]
        [dnd] = [one for one in enabled if one.endswith("_user2001_do_not_disturb")]
        registry.async_update_entity(disabled[ringing], disabled_by=None)
        registry.async_update_entity(enabled[dnd], disabled_by=er.RegistryEntryDisabler.USER)
        made.clear()
        await home.config_entries.async_reload(entry.entry_id)
        await home.async_block_till_done()
        assert sorted(made) == sorted({*enabled, ringing} - {dnd})
        assert home.states.get(disabled[ringing]) is not None
        assert home.states.get(enabled[dnd]) is None
        await home.config_entries.async_unload(entry.entry_id)
        simulator.switch.users["user2000"].licences = frozenset()
        await home.config_entries.async_setup(entry.entry_id)
        await home.async_block_till_done()
        assert not [one for one in of_lines(disabled=True) if one.endswith("_user2000_other_party")]
        assert [one for one in of_lines(disabled=True) if one.endswith("_user2001_other_party")]
        await home.config_entries.async_unload(entry.entry_id)


async def test_an_entry_that_was_disabled_has_all_its_entities_back(home: HomeAssistant) -> None:
    """Home Assistant has disabled them with the entry, and enables them with it: they are not taken for disabled."""
    async with Simulator(SimulatorSettings(users=PEOPLE[:1])) as simulator:
        entry = await set_up(home, make_entry(administrator(simulator)))
        entity_id = "sensor.extension_2000_call_state"

        def shown() -> set[str]:
            return {one.entity_id for one in home.states.async_all() if one.state != "unavailable"}

        before = shown()
        assert entity_id in before
        await home.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
        await home.async_block_till_done()
        assert entity_id not in shown()
        assert er.async_get(home).async_get(entity_id).disabled_by is er.RegistryEntryDisabler.CONFIG_ENTRY  # type: ignore[union-attr]
        await home.config_entries.async_set_disabled_by(entry.entry_id, None)
        await home.async_block_till_done()
        assert shown() == before
        await home.config_entries.async_unload(entry.entry_id)


async def test_a_line_has_one_device_that_follows_it(home: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is registered once for all the entities of the line; a disabled one has no states, and comes back enabled."""
    registered: list[Any] = []
    begin = dr.DeviceRegistry.async_get_or_create

    def noting(self: dr.DeviceRegistry, **info: Any) -> dr.DeviceEntry:
        registered.append(info["identifiers"])
        return begin(self, **info)

    monkeypatch.setattr(dr.DeviceRegistry, "async_get_or_create", noting)
    async with Simulator(SimulatorSettings(users=PEOPLE[:2])) as simulator:
        entry = await set_up(home, make_entry(administrator(simulator)))
        coordinator = entry.runtime_data
        assert all(registered.count({coordinator.identifier(line)}) == 1 for line in ("user2000", "user2001"))
        devices, states = dr.async_get(home), "sensor.extension_2000_call_state"
        device = devices.async_get_device_by_identifier(coordinator.identifier("user2000"), entry.entry_id)
        assert device is not None
        assert (device.name, device.model) == ("Extension 2000", "Line 2000")
        devices.async_update_device(device.id, disabled_by=dr.DeviceEntryDisabler.USER)
        await home.config_entries.async_reload(entry.entry_id)
        await home.async_block_till_done()
        assert home.states.get(states) is None
        devices.async_update_device(device.id, disabled_by=None)
        await home.config_entries.async_reload(entry.entry_id)
        await home.async_block_till_done()
        assert home.states.get(states) is not None
        # The line goes, and its device with it; it comes back.
        simulator.remove_user("user2000")
        await until(lambda: "user2000" not in entry.runtime_data.data)
        assert devices.async_get(device.id) is None
        simulator.add_user(PEOPLE[0])
        await until(lambda: home.states.get(states) is not None)
        assert er.async_get(home).async_get(states).device_id in {  # type: ignore[union-attr]
            one.id for one in dr.async_entries_for_config_entry(devices, entry.entry_id)
        }
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
