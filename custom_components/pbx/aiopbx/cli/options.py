"""The options that every command with a connection has, and the settings made of them."""

import getpass
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import typer

from ..errors import InvalidInput
from ..settings.connection import ConnectionSettings
from ..settings.files import read_environment

_PANEL: Final = "Connection"
SYSTEMS: Final = ("o2g", "myrcc", "mycrm", "myistra")
"""The kinds of system there are."""

Url: TypeAlias = Annotated[
    str | None,
    typer.Option("--url", help="Address of the server, such as https://o2g.example.com.", rich_help_panel=_PANEL),
]
User: TypeAlias = Annotated[
    str | None, typer.Option("--user", "-u", help="Login name of the account.", rich_help_panel=_PANEL)
]
Password: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--password",
        help="Password. Better: AIOPBX_PASSWORD, or wait to be asked; others on the machine see what is typed here.",
        rich_help_panel=_PANEL,
    ),
]
Config: TypeAlias = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Settings from a YAML or TOML file; options win.", rich_help_panel=_PANEL),
]
CaFile: TypeAlias = Annotated[
    Path | None,
    typer.Option("--ca-file", help="Certificates (PEM) to trust instead of the system's.", rich_help_panel=_PANEL),
]
Tls: TypeAlias = Annotated[
    str | None,
    typer.Option("--tls", help="verify, or none: trust any certificate.", metavar="MODE", rich_help_panel=_PANEL),
]
System: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--system", help="Kind of the system: o2g, myrcc, mycrm or myistra. O2G if not given.", rich_help_panel=_PANEL
    ),
]
Enterprise: TypeAlias = Annotated[
    str | None,
    typer.Option("--enterprise", help="The enterprise whose extensions myrcc controls.", rich_help_panel=_PANEL),
]
Debug: TypeAlias = Annotated[
    bool, typer.Option("--debug", help="Log everything, and show errors with their traceback.", rich_help_panel=_PANEL)
]


@dataclass(frozen=True)
class Given:
    """What was typed about the connection."""

    url: str | None = None
    user: str | None = None
    password: str | None = None
    config: Path | None = None
    ca_file: Path | None = None
    tls: str | None = None
    lines: tuple[str, ...] = ()
    system: str | None = None
    enterprise: str | None = None


def settings_of(given: Given) -> ConnectionSettings:
    """Make the settings: options before the environment (AIOPBX_…) before the file. Asks for a missing password."""
    values = _values_of(given)
    if not values.get("url"):
        raise InvalidInput("url", "is missing.", remedy="Say --url https://HOST, or set AIOPBX_URL.")
    if not values.get("username"):
        raise InvalidInput("username", "is missing.", remedy="Say --user LOGIN, or set AIOPBX_USERNAME.")
    # what is wrong should be told before a password is asked for
    ConnectionSettings.make(**({"password": "-"} | values))
    if not values.get("password"):
        values["password"] = ask_password(str(values["username"]))
    return ConnectionSettings.make(**values)


def system_of(given: Given) -> str:
    """Say which kind of system is meant. Raises ``InvalidInput`` for one that there is not."""
    return checked_system(_values_of(given).get("system"))


def checked_system(named: object) -> str:
    """The name of a kind of system; none is O2G. Raises ``InvalidInput`` for one that there is not."""
    system = str(named or "o2g").strip().lower()
    if system not in SYSTEMS:
        raise InvalidInput("system", f"{system!r} is not known.", remedy=f"It is one of: {', '.join(SYSTEMS)}.")
    return system


def _values_of(given: Given) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if given.config is not None:
        values |= _set_fields(ConnectionSettings.from_file(given.config))
    typed: dict[str, Any] = {
        "system": given.system,
        "enterprise": given.enterprise,
        "url": given.url,
        "username": given.user,
        "password": given.password,
        "ca_file": given.ca_file,
        "tls": given.tls,
        "lines": given.lines or None,
    }
    typed = {name: value for name, value in typed.items() if value is not None}
    return values | from_environment() | typed


def from_environment() -> dict[str, Any]:
    """Return what the environment says; AIOPBX_USER is AIOPBX_USERNAME."""
    values = read_environment()
    user = values.pop("user", None)
    if user:
        values.setdefault("username", user)
    return values


def ask_password(user: str) -> str:
    """Ask for the password without showing it."""
    if not sys.stdin.isatty():
        raise InvalidInput(
            "password", "is missing.", remedy="Set AIOPBX_PASSWORD, or run this in a terminal to be asked."
        )
    password = getpass.getpass(f"Password of {user}: ")
    if not password:
        raise InvalidInput("password", "is empty.", remedy="Type it when asked, or set AIOPBX_PASSWORD.")
    return password


def _set_fields(settings: ConnectionSettings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.model_fields_set}
