"""The integration on the real Home Assistant, with a real simulated PBX over real sockets."""

# Imported first: otherwise the test kit's own custom_components package is found instead of this one.
import custom_components.pbx  # noqa: F401, I001

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from unittest.mock import PropertyMock, patch

import pytest
import pytest_socket
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

from custom_components.pbx.aiopbx.simulator import Simulator, SimulatorSettings, SwitchError
from custom_components.pbx.const import DOMAIN
from tests.integration.helpers import administrator, make_entry, set_up


@pytest.fixture(autouse=True)
def loopback(socket_enabled: None) -> None:
    """Allow real sockets, on this machine only."""
    pytest_socket.socket_allow_hosts(["127.0.0.0/8", "::1"])


@pytest.fixture(autouse=True)
async def enable_event_loop_debug(request: pytest.FixtureRequest) -> None:
    """Use asyncio's debug mode, in place of the kit's fixture, where entries are set up and unloaded.

    It keeps a stack trace of every callback, which is half of the time of a test.
    """
    asyncio.get_running_loop().set_debug(request.path.stem == "test_integration_setup")


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Compare snapshots as Home Assistant's own tests do."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.fixture
def settings() -> SimulatorSettings:
    """Who is in the office; a file of tests may have another one.

    This is an office of four: Alice 1000, Bob 1001, Carol 1002, David 1003; Alice and Bob have a remote extension.
    """
    return SimulatorSettings()


@pytest.fixture
async def simulator(loopback: None, settings: SimulatorSettings) -> AsyncIterator[Simulator]:
    """The simulated PBX of the office."""
    async with Simulator(settings) as running:
        yield running
        # Calls in progress are ended, because the switch keeps a timer for each of them.
        for ref in list(running.switch.calls):
            with suppress(SwitchError):
                running.switch.external_hang_up(ref)
        for login in running.switch.users:
            for call in running.switch.calls_of(login):
                with suppress(SwitchError):
                    running.switch.drop(login, call.ref)


@pytest.fixture
async def home(
    simulator: Simulator, hass: HomeAssistant, enable_custom_integrations: None
) -> AsyncIterator[HomeAssistant]:
    """Home Assistant; what was set up in it is unloaded before the simulator ends."""
    yield hass
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.state is ConfigEntryState.LOADED:
            await hass.config_entries.async_unload(entry.entry_id)
        elif entry.state is ConfigEntryState.SETUP_RETRY:
            await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()


@pytest.fixture
async def entry(home: HomeAssistant, simulator: Simulator, all_entities_enabled: None) -> MockConfigEntry:
    """The office, set up as its administrator with all lines; entities that are disabled by default are enabled."""
    entry = await set_up(home, make_entry(administrator(simulator)))
    assert entry.state is ConfigEntryState.LOADED
    return entry


@pytest.fixture
def all_entities_enabled() -> Iterator[None]:
    """Enable the entities that are disabled by default, too."""
    with patch(
        "homeassistant.helpers.entity.Entity.entity_registry_enabled_default",
        new_callable=PropertyMock,
        return_value=True,
    ):
        yield
