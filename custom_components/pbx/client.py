"""From the data of a config entry to a connected client, for the flows and the coordinator."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any, Final, Literal

from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from pydantic import SecretStr

from .aiopbx import AvailableLine, ConnectionSettings, Contacts, Numbers, Pbx, SystemInfo, connect
from .bridge_address import whole_address
from .const import (
    CONF_ALL_LINES,
    CONF_ALLOWED,
    CONF_CA_FILE,
    CONF_CALLS_PER_MINUTE,
    CONF_CLIENT_CERTIFICATE,
    CONF_CLIENT_KEY,
    CONF_CONTACT_DIRECTORY,
    CONF_CONTACT_FILES,
    CONF_COUNTRY,
    CONF_DENIED,
    CONF_ENTERPRISE,
    CONF_EVENT_PORT,
    CONF_FINGERPRINTS,
    CONF_INTERNAL_LENGTHS,
    CONF_KIND,
    CONF_LINES,
    CONF_NIGHT_NUMBER,
    CONF_OUTSIDE_PREFIX,
    CONF_PASSWORD,
    CONF_SECOND_PASSWORD,
    CONF_SECONDARY_URL,
    CONF_TLS,
    CONF_URL,
    CONF_USE_GIVEN_ADDRESS,
    CONF_USERNAME,
    DEMO_SCENARIO,
    ISTRA_KINDS,
    KIND_BRIDGE,
    KIND_DEMO,
    KINDS_OF_ONE_LINE,
    TLS_FINGERPRINT,
    TLS_NONE,
    TLS_OWN_CA,
)
from .identity import async_identity

if TYPE_CHECKING:
    from .aiopbx.simulator import ScenarioPlayer, Simulator

# The name of this client in the log of an O2G server.
APPLICATION: Final = "Home Assistant"

# The fingerprint of no certificate.
NO_FINGERPRINT: Final = "00" * 32

type Lines = Literal["all"] | tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A connected client, and for the demo the simulated PBX behind it."""

    pbx: Pbx
    demo: Demo | None = None

    async def close(self) -> None:
        """Close the connection, then stop the simulated PBX."""
        await self.pbx.close()
        if self.demo is not None:
            await self.demo.stop()


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What a test of the connection has found."""

    info: SystemInfo
    lines: tuple[AvailableLine, ...]
    url: str
    """The address in the form that the client uses."""
    identity: list[str]
    """By what the system is known again, see identity.py."""
    account: dict[str, str]
    """The user name, and the enterprise where there is one: separately, and without the prefixes of the wire."""


def chosen_lines(data: Mapping[str, Any], options: Mapping[str, Any]) -> Lines:
    """Return which lines an entry monitors: a user's own, or those that were chosen among several."""
    if data[CONF_KIND] in KINDS_OF_ONE_LINE or options.get(CONF_ALL_LINES, True):
        return "all"
    return tuple(options.get(CONF_LINES, ()))


def dialling(hass: HomeAssistant, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of an entry that say what may be dialled, how numbers are read, and who they are."""
    limit = options.get(CONF_CALLS_PER_MINUTE)
    return {
        "dial_policy": {
            "allowed": tuple(options.get(CONF_ALLOWED) or ("*",)),
            "denied": tuple(options.get(CONF_DENIED) or ()),
            "calls_per_minute": None if limit is None else int(limit),
        },
        "number_plan": {
            "country": options.get(CONF_COUNTRY),
            "outside_prefix": options.get(CONF_OUTSIDE_PREFIX, ""),
            "internal_lengths": options.get(CONF_INTERNAL_LENGTHS),
        },
        "contacts": {
            "files": tuple(Path(hass.config.path(name)) for name in options.get(CONF_CONTACT_FILES) or ()),
            "directory": options.get(CONF_CONTACT_DIRECTORY, False),
        },
    }


def check_dialling(hass: HomeAssistant, options: Mapping[str, Any]) -> None:
    """Raise the client's error for options that cannot be used. Blocks: it reads the phone books."""
    settings = ConnectionSettings.make(
        url="https://pbx.invalid",
        username="-",
        password="-",  # noqa: S106 - nothing is connected to
        **dialling(hass, options),
    )
    numbers = Numbers(settings.number_plan)
    Contacts(numbers).load(*settings.contacts.files)
    if number := options.get(CONF_NIGHT_NUMBER):
        numbers.read(number, field=CONF_NIGHT_NUMBER)


async def async_connect(
    hass: HomeAssistant, data: Mapping[str, Any], options: Mapping[str, Any], *, lines: Lines | None = None
) -> Connection:
    """Connect with the data and options of an entry; ``lines`` replaces its lines. Raises the client's errors."""
    demo = await _async_start_demo(hass) if data[CONF_KIND] == KIND_DEMO else None
    try:
        reach = _reach_demo(demo) if demo is not None else _reach(hass, data)
        # Settings read the certificate file, so they are made in an executor.
        settings = await hass.async_add_executor_job(
            partial(
                ConnectionSettings.make,
                **reach,
                lines=chosen_lines(data, options) if lines is None else lines,
                **dialling(hass, options),
            )
        )
        # Of the shared session the client uses only the connections: it keeps the cookies of its PBX itself.
        return Connection(pbx=await connect(settings, session=async_get_clientsession(hass)), demo=demo)
    except BaseException:
        if demo is not None:
            await demo.stop()
        raise


async def async_probe(hass: HomeAssistant, data: Mapping[str, Any]) -> Probe:
    """Connect, list the lines, and disconnect. Raises the client's errors."""
    connection = await async_connect(hass, data, {}, lines="all" if data[CONF_KIND] in KINDS_OF_ONE_LINE else ())
    try:
        pbx = connection.pbx
        settings = pbx.settings
        account = {CONF_USERNAME: settings.username}
        if settings.enterprise is not None:
            account[CONF_ENTERPRISE] = settings.enterprise
        lines = await pbx.available_lines()
        identity = await async_identity(pbx, {**data, CONF_URL: settings.url, **account}, lines)
        return Probe(info=pbx.info, lines=lines, url=settings.url, account=account, identity=identity)
    finally:
        await connection.close()


def _reach(hass: HomeAssistant, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that say how to reach a real PBX."""
    reach: dict[str, Any] = {
        "url": whole_address(data) if data[CONF_KIND] == KIND_BRIDGE else data[CONF_URL],
        "username": data.get(CONF_USERNAME, ""),
        "password": data.get(CONF_PASSWORD, ""),
        "tls": "none" if data[CONF_TLS] == TLS_NONE else "verify",
    }
    if data[CONF_KIND] in ISTRA_KINDS:
        reach["system"] = data[CONF_KIND]
        if enterprise := data.get(CONF_ENTERPRISE):
            reach["enterprise"] = enterprise
        if second := data.get(CONF_SECOND_PASSWORD):
            reach["second_password"] = second
    elif data[CONF_KIND] == KIND_BRIDGE:
        for key in (CONF_CLIENT_CERTIFICATE, CONF_CLIENT_KEY):
            if path := data.get(key):
                reach[key] = Path(hass.config.path(path))
    else:
        # On Istra the name of the application selects the interface, and there is no secondary server.
        reach["application_name"] = APPLICATION
        if secondary := data.get(CONF_SECONDARY_URL):
            reach["secondary_url"] = secondary
        if data.get(CONF_USE_GIVEN_ADDRESS):
            reach["use_given_address"] = True
        if port := data.get(CONF_EVENT_PORT):
            reach["event_port"] = int(port)
    if data[CONF_TLS] == TLS_FINGERPRINT:
        # Without any, no certificate is trusted, rather than every one.
        reach["fingerprints"] = tuple(data.get(CONF_FINGERPRINTS) or (NO_FINGERPRINT,))
    if data[CONF_TLS] == TLS_OWN_CA:
        reach["ca_file"] = Path(hass.config.path(data[CONF_CA_FILE]))
    return reach


@dataclass(frozen=True, kw_only=True)
class Demo:
    """A simulated PBX, and the player of its office's day."""

    simulator: Simulator
    player: ScenarioPlayer

    async def stop(self) -> None:
        """Stop both."""
        self.player.stop()
        await self.simulator.stop()


async def _async_start_demo(hass: HomeAssistant) -> Demo:
    """Start a simulated PBX in this process; it listens on loopback only."""
    demo = await hass.async_add_executor_job(_make_demo)
    await demo.simulator.start()
    demo.player.start()
    return demo


def _make_demo() -> Demo:
    """Import and create the simulated PBX; this reads files, so it runs in an executor."""
    from .aiopbx.simulator import ScenarioPlayer, Simulator, SimulatorSettings, load_scenario

    scenario = load_scenario(DEMO_SCENARIO)
    simulator = Simulator(
        SimulatorSettings(
            users=tuple(person.spec() for person in scenario.users),
            # A password of this process: other users of the machine must not be able to log in.
            admin_password=SecretStr(token_urlsafe()),
        )
    )
    return Demo(simulator=simulator, player=ScenarioPlayer(scenario, simulator.switch, simulator.clock))


def _reach_demo(demo: Demo) -> dict[str, Any]:
    """Return the settings that say how to reach the simulated PBX, as its administrator."""
    settings = demo.simulator.settings
    return {
        "url": demo.simulator.url,
        "username": settings.admin_login,
        "password": settings.admin_password.get_secret_value(),
        "application_name": APPLICATION,
    }
