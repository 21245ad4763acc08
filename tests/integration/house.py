"""A Home Assistant that is really stopped and started again, with the files that it has written; and a phone in it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from copy import deepcopy
from datetime import timedelta
from typing import Any, Self

from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant import bootstrap, loader
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import (
    area_registry as ar,
    category_registry as cr,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    frame,
    issue_registry as ir,
    label_registry as lr,
    restore_state as rs,
    translation,
)
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_test_home_assistant,
)

from custom_components.pbx.aiopbx.simulator import Simulator
from custom_components.pbx.const import DOMAIN
from tests.integration.automations import connected
from tests.integration.helpers import until

Furnish = Callable[[HomeAssistant], Awaitable[None]]


class House:
    """A house with a PBX and with automations."""

    def __init__(self, data: dict[str, Any], files: dict[str, Any], furnish: Furnish, **options: Any) -> None:
        """Set nothing up yet; ``furnish`` is what is in the house before Home Assistant has started.

        ``files`` is the kit's fixture ``hass_storage``.
        """
        self._data = data
        self._files = files
        self._furnish = furnish
        self._options = options
        self._config: dict[str, Any] = {}
        self._stack = AsyncExitStack()
        self.hass: HomeAssistant
        self.entry: ConfigEntry[Any]

    async def __aenter__(self) -> Self:
        """Start it for the first time."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop it for good."""
        await self.stop()

    async def start(self) -> None:
        """Start Home Assistant as its bootstrap does: files first, then what is set up, and then it is running."""
        self._stack = AsyncExitStack()
        self.hass = hass = await self._stack.enter_async_context(
            async_test_home_assistant(load_registries=False, initial_state=CoreState.not_running)
        )
        hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
        frame.async_setup(hass)
        await translation.async_load_integrations(hass, {"homeassistant"})
        dr.async_setup(hass)
        for registry in (ar, cr, dr, er, fr, ir, lr, rs):
            await registry.async_load(hass)
        hass.data[bootstrap.DATA_REGISTRIES_LOADED] = None
        # The same entry, as it would be read from the file of entries.
        self.entry = entry = MockConfigEntry(
            domain=DOMAIN,
            title="Office",
            entry_id="office",
            unique_id="office",
            minor_version=2,
            data=self._data,
            options={"all_lines": True} | self._options,
        )
        entry.add_to_hass(hass)
        await self._furnish(hass)
        assert await async_setup_component(hass, DOMAIN, {})
        for domain, config in self._config.items():
            assert await async_setup_component(hass, domain, {domain: config})
        await hass.async_start()
        await settle()
        # Automations listen soon after the start.
        async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=3))
        if entry.state is ConfigEntryState.LOADED:
            await until(lambda: connected(entry), "it is connected", timeout=30)
        await settle()

    async def use(self, **config: Any) -> None:
        """Set up automations and scripts, now and at every start."""
        self._config |= config
        for domain, items in config.items():
            assert await async_setup_component(self.hass, domain, {domain: items})
        await self.hass.async_block_till_done()
        assert all(state.state == "on" for state in self.hass.states.async_all("automation"))

    async def go_away(self, simulator: Simulator) -> None:
        """Take the PBX away, and wait until that was seen."""
        await simulator.stop(abrupt=True)
        await until(lambda: not connected(self.entry), "the loss is seen")
        await settle()

    async def come_back(self, simulator: Simulator) -> None:
        """Bring the PBX back, and wait until everything is known again."""
        await simulator.start()
        await until(lambda: connected(self.entry), "it is connected again", timeout=30)
        await settle()

    async def stop(self) -> None:
        """Stop Home Assistant; what it remembers is written."""
        await self.hass.async_stop(force=True)
        written = deepcopy(self._files)
        # At a real stop entries are not unloaded, but the process ends. Nothing that this writes is seen by the next.
        for entry in self.hass.config_entries.async_entries():
            if entry.state is ConfigEntryState.LOADED:
                await self.hass.config_entries.async_unload(entry.entry_id)
        await self._stack.aclose()
        self._files.clear()
        self._files.update(written)


async def settle() -> None:
    """Let everything happen that is about to; an automation that waits for something may go on waiting."""
    for _ in range(50):
        await asyncio.sleep(0)


class Phone:
    """A phone with the Home Assistant app: what is pushed to it, over a real socket, and its buttons."""

    def __init__(self) -> None:
        """Receive nothing yet."""
        self.received: list[dict[str, Any]] = []
        app = web.Application()
        app.router.add_post("/push", self._push)
        self._server = TestServer(app)

    async def __aenter__(self) -> Self:
        """Begin to receive."""
        await self._server.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Receive no longer."""
        await self._server.close()

    async def _push(self, request: web.Request) -> web.Response:
        self.received.append(await request.json())
        return web.json_response({}, status=201)

    async def register(self, hass: HomeAssistant) -> str:
        """Let the app register, as it does when it is set up, and return the id of its device."""
        entry = MockConfigEntry(
            domain="mobile_app",
            title="Phone",
            entry_id="phone",
            data={
                "app_data": {"push_token": "token", "push_url": str(self._server.make_url("/push"))},
                "app_id": "app",
                "app_name": "App",
                "app_version": "1",
                "device_id": "phone",
                "device_name": "Phone",
                "manufacturer": "Example",
                "model": "Example",
                "os_version": "1",
                "supports_encryption": False,
                "user_id": "nobody",
                "webhook_id": "webhook",
            },
        )
        entry.add_to_hass(hass)
        assert await async_setup_component(hass, "mobile_app", {})
        device = dr.async_get(hass).async_get_device_by_identifier(("mobile_app", "phone"), "phone")
        assert device is not None
        return device.id

    def press(self, hass: HomeAssistant, notification: dict[str, Any]) -> None:
        """Press the only button of a notification: the app fires this event."""
        [button] = notification["data"]["actions"]
        hass.bus.async_fire("mobile_app_notification_action", {"action": button["action"]})
