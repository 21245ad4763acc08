"""What the tests of the integration share besides fixtures."""

import asyncio
import gc
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, ConfigEntry
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.data_entry_flow import FlowResultType, section
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

import custom_components.pbx
from custom_components.pbx.aiopbx.simulator import Simulator, SimulatorSettings
from custom_components.pbx.const import DOMAIN

WORDS: dict[str, Any] = json.loads(
    (Path(custom_components.pbx.__file__).parent / "translations" / "en.json").read_text(encoding="utf-8")
)
MENUS = {"o2g": ["o2g_user", "o2g_administrator"], "istra": ["myrcc", "mycrm", "myistra"]}
ALICE, BOB, CAROL, DAVID = "oxe1000", "oxe1001", "oxe1002", "oxe1003"


@contextmanager
def running_elsewhere(settings: SimulatorSettings) -> Iterator[Simulator]:
    """Run a simulator in a loop of its own, like a server elsewhere: its errors are not errors of the test."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="simulator")
    thread.start()
    simulator = None
    try:
        simulator = asyncio.run_coroutine_threadsafe(_made(settings), loop).result(30)
        yield simulator
        asyncio.run_coroutine_threadsafe(simulator.stop(), loop).result(30)
    finally:
        # A connection whose handshake failed is dropped by asyncio after 30 s, and no event says that its reset was
        # handled. What is left is collected here and not in the middle of another test, which would be blamed for it.
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.2), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        simulator = None
        gc.collect()


async def _made(settings: SimulatorSettings) -> Simulator:
    simulator = Simulator(settings)
    await simulator.start()
    return simulator


def administrator(simulator: Simulator, **data: Any) -> dict[str, Any]:
    """Return the data of an entry for the administrator."""
    return {
        "kind": "o2g_administrator",
        "url": simulator.url,
        "username": "admin",
        "password": "admin",
        "tls": "verify",
    } | data


def user(simulator: Simulator, login: str = ALICE, **data: Any) -> dict[str, Any]:
    """Return the data of an entry for a user."""
    return {
        "kind": "o2g_user",
        "url": simulator.url,
        "username": login,
        "password": "secret",
        "tls": "verify",
    } | data


def istra(simulator: Simulator, kind: str, login: str = ALICE, **data: Any) -> dict[str, Any]:
    """Return the data of an entry for one of the interfaces of Istra: myrcc as administrator, the others as a user."""
    account = {"username": login, "password": "secret"}
    if kind == "myrcc":
        account = {"username": "admin", "password": "admin", "enterprise": "example"}
    return {"kind": kind, "url": simulator.istra_url, **account, "tls": "verify"} | data


def make_entry(data: dict[str, Any], **options: Any) -> MockConfigEntry:
    """Return an entry as the config flow makes it."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Office",
        unique_id="office",
        minor_version=2,
        data=data,
        options={"all_lines": True} | options,
    )


def entered(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of an entry without what the system has said of itself."""
    return {key: value for key, value in data.items() if key != "identity"}


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Add an entry and wait until it has tried."""
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


async def until(condition: Callable[[], Any], what: str = "", timeout: float = 30) -> None:
    """Wait until something holds; pushes arrive while this waits."""
    try:
        async with asyncio.timeout(timeout):
            while not condition():
                await asyncio.sleep(0.005)
    except TimeoutError:
        pytest.fail(f"not within {timeout} s: {what or condition}")


async def until_state(hass: HomeAssistant, entity_id: str, state: str, timeout: float = 30) -> None:
    """Wait until an entity has a state."""

    def now() -> str:
        found = hass.states.get(entity_id)
        return found.state if found is not None else "missing"

    changed = asyncio.Event()

    @callback
    def on_change(event: Event[EventStateChangedData]) -> None:
        if event.data["entity_id"] == entity_id:
            changed.set()

    end = hass.bus.async_listen(EVENT_STATE_CHANGED, on_change)
    try:
        async with asyncio.timeout(timeout):
            while now() != state:
                changed.clear()
                await changed.wait()
    except TimeoutError:
        pytest.fail(f"{entity_id} is {now()}, not {state}")
    finally:
        end()


def state_of(hass: HomeAssistant, entity_id: str) -> str:
    """Return a state that must be there."""
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found.state


def attributes_of(hass: HomeAssistant, entity_id: str) -> dict[str, Any]:
    """Return the attributes of an entity that must be there."""
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return dict(found.attributes)


def ours(hass: HomeAssistant) -> list[er.RegistryEntry]:
    """Return the integration's entities."""
    return [entry for entry in er.async_get(hass).entities.values() if entry.platform == DOMAIN]


async def do(hass: HomeAssistant, action: str, *, respond: bool = False, **data: Any) -> Any:
    """Call an action of the integration."""
    return await hass.services.async_call(DOMAIN, action, data, blocking=True, return_response=respond)


async def act(hass: HomeAssistant, action: str, entity_id: str, **data: Any) -> None:
    """Call an action on an entity."""
    domain, _, name = action.partition(".")
    await hass.services.async_call(domain, name, {"entity_id": entity_id, **data}, blocking=True)


def typed(data: dict[str, Any]) -> dict[str, Any]:
    """Return what a user enters in the form for an entry."""
    return {key: value for key, value in data.items() if key not in ("kind", "identity")}


def filled(form: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """Return what a browser sends for a form: the fields in their sections, the empty ones as well."""
    values = dict(data)
    for key, inside in form["data_schema"].schema.items():
        if isinstance(inside, section):
            names = [str(name) for name in inside.schema.schema]
            values[str(key)] = {name: values.pop(name) for name in names if name in values}
    return values


def suggested(form: dict[str, Any]) -> dict[str, Any]:
    """Return what the fields of a form are filled in with, whichever section they are in."""
    found: dict[str, Any] = {}
    for key, inside in form["data_schema"].schema.items():
        if isinstance(inside, section):
            found |= suggested({"data_schema": inside.schema})
        elif key.description and "suggested_value" in key.description:
            found[str(key)] = key.description["suggested_value"]
    return found


def fields_of(form: dict[str, Any]) -> list[str]:
    """Return the fields of a form in their order, those in sections without them."""
    return [
        name
        for key, inside in form["data_schema"].schema.items()
        for name in (map(str, inside.schema.schema) if isinstance(inside, section) else [str(key)])
    ]


async def start(hass: HomeAssistant, kind: str) -> dict[str, Any]:
    """Start a config flow and choose from its menus: the system, then the account."""
    configure = hass.config_entries.flow.async_configure
    menu = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert menu["type"] is FlowResultType.MENU
    assert menu["step_id"] == "user"
    assert menu["menu_options"] == ["o2g", "istra", "bridge", "demo"]
    if kind in ("bridge", "demo"):
        return await configure(menu["flow_id"], {"next_step_id": kind})
    system = "o2g" if kind.startswith("o2g") else "istra"
    menu = await configure(menu["flow_id"], {"next_step_id": system})
    assert menu["type"] is FlowResultType.MENU
    assert menu["step_id"] == system
    assert menu["menu_options"] == MENUS[system]
    return await configure(menu["flow_id"], {"next_step_id": kind})


async def reconfigure(hass: HomeAssistant, entry: ConfigEntry) -> dict[str, Any]:
    """Start the reconfiguration of an entry."""
    context = {"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    return await hass.config_entries.flow.async_init(DOMAIN, context=context)


async def choose(hass: HomeAssistant, menu: dict[str, Any], step: str) -> dict[str, Any]:
    """Choose from a menu."""
    assert menu["type"] is FlowResultType.MENU
    return await hass.config_entries.flow.async_configure(menu["flow_id"], {"next_step_id": step})


def told(form: dict[str, Any], flow: str = "config") -> str:
    """Return what a form says is wrong, in whole sentences: with every placeholder, and in nobody else's language."""
    sentences = [
        WORDS[flow]["error"][key].format_map({"example": ""} | (form["description_placeholders"] or {}))
        for key in form["errors"].values()
    ]
    text = " ".join(sentences)
    assert text.endswith("."), text
    assert not re.search(r"\b(GET|POST|PUT|DELETE|WS) |\('|None|Error", text), text
    return text


async def answer_options(hass: HomeAssistant, form: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """Fill in a form of options."""
    assert form["type"] is FlowResultType.FORM
    return await hass.config_entries.options.async_configure(form["flow_id"], filled(form, data))


async def answer(hass: HomeAssistant, form: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """Fill in a form."""
    assert form["type"] is FlowResultType.FORM
    return await hass.config_entries.flow.async_configure(form["flow_id"], filled(form, data))
