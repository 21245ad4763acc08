"""What can be typed: the options of the commands, each declared once, and the settings made of them."""

import getpass
import os
import sys
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from .. import Direction, InvalidInput

if TYPE_CHECKING:
    from .. import ConnectionSettings

SYSTEMS: Final = ("o2g", "myrcc", "mycrm", "myistra")
"""The kinds of system there are."""
_MAILBOX_PASSWORD: Final = "AIOPBX_MAILBOX_PASSWORD"  # noqa: S105 - the name of a variable
_SETTINGS_FILE: Final = "AIOPBX_SETTINGS"

Lines: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--line", "-l", metavar="LINE", help="Login name or number of a line; may be given several times."),
]
Line: TypeAlias = Annotated[
    str | None,
    typer.Option("--line", "-l", metavar="LINE", help="Login name or number of the line. A user's own if not given."),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]
Seconds: TypeAlias = Annotated[float | None, typer.Option("--seconds", min=0.0, help="End after so many seconds.")]
MailboxPassword: TypeAlias = Annotated[
    str | None,
    typer.Option("--mailbox-password", envvar=_MAILBOX_PASSWORD, help="The mailbox's own. The user's if not given."),
]


# ------------------------------------------------------------------------------------------------------- the connection


def _connection(*names: str, env: str | list[str], metavar: str, help: str) -> Any:
    return typer.Option(*names, envvar=env, rich_help_panel="Connection", metavar=metavar, help=help)


@dataclass(frozen=True)
class Connection:
    """The system and the account. What was typed comes first, then the environment, then the file."""

    system: Annotated[
        str | None,
        _connection(
            "--system",
            env="AIOPBX_SYSTEM",
            metavar="KIND",
            help="Kind of the system: o2g, myrcc, mycrm or myistra. O2G if not given.",
        ),
    ] = None
    url: Annotated[
        str | None,
        _connection(
            "--url", env="AIOPBX_URL", metavar="URL", help="Address of the server, such as https://o2g.example.com."
        ),
    ] = None
    user: Annotated[
        str | None,
        _connection(
            "--user", "-u", env=["AIOPBX_USERNAME", "AIOPBX_USER"], metavar="LOGIN", help="Login name of the account."
        ),
    ] = None
    password: Annotated[
        str | None,
        _connection(
            "--password",
            env="AIOPBX_PASSWORD",
            metavar="PASSWORD",
            help="Password. Better leave it to the environment, or wait to be asked: "
            "other users of the machine can read what is typed here.",
        ),
    ] = None
    enterprise: Annotated[
        str | None,
        _connection(
            "--enterprise",
            env="AIOPBX_ENTERPRISE",
            metavar="NAME",
            help="The enterprise whose extensions myrcc controls.",
        ),
    ] = None
    ca_file: Annotated[
        Path | None,
        _connection(
            "--ca-file",
            env="AIOPBX_CA_FILE",
            metavar="FILE",
            help="Certificates (PEM) to trust instead of the system's.",
        ),
    ] = None
    tls: Annotated[
        str | None,
        _connection("--tls", env="AIOPBX_TLS", metavar="MODE", help="verify, or none: trust any certificate."),
    ] = None
    config: Annotated[
        Path | None,
        _connection("--config", "-c", env=_SETTINGS_FILE, metavar="FILE", help="Settings from a YAML or TOML file."),
    ] = None

    def kind(self) -> str:
        """Return the kind of system. Raises ``InvalidInput`` if there is no such kind."""
        return _known_system(self._values().get("system"))

    def settings(self, *lines: str) -> "ConnectionSettings":
        """Make the settings, limited to these lines. Asks for a password that is missing. Raises ``InvalidInput``."""
        from .. import ConnectionSettings
        from ..settings.broker import is_mqtt

        values = self._values()
        if lines:
            values["lines"] = lines
        if is_mqtt(values.get("url")):
            return ConnectionSettings.make(**values)  # a broker may know who asks by a certificate
        for name, remedy in (
            ("url", "Say --url https://HOST, or set AIOPBX_URL."),
            ("username", "Say --user LOGIN, or set AIOPBX_USERNAME."),
        ):
            if not values.get(name):
                _check_without(values, name, "password")
                raise InvalidInput(name, "is missing.", remedy=remedy)
        if not values.get("password"):
            # Complain about anything else before asking anyone to type a password.
            _check_without(values, "password")
            values["password"] = ask_password(str(values["username"]))
        return ConnectionSettings.make(**values)

    def probe_settings(self, *, patience: float) -> tuple["ConnectionSettings", bool]:
        """Make the settings of a probe, which may do without a login; also return whether there is one."""
        from .. import ConnectionSettings

        values = self._values() | {"request_timeout": patience, "sync_timeout": patience}
        values["system"] = _known_system(values.get("system"))
        with_login = bool(values.get("username"))
        if not values.get("url"):
            raise InvalidInput("url", "is missing.", remedy="Write aiopbx probe https://HOST, or set AIOPBX_URL.")
        if with_login and not values.get("password"):
            _check_without(values, "password")
            values["password"] = ask_password(str(values["username"]))
        if not with_login:
            values = _filled(values, "username", "password")
        return ConnectionSettings.make(**values), with_login

    def _values(self) -> dict[str, Any]:
        from ..settings.files import read_environment, read_file

        values = read_file(self.config, field="config") if self.config is not None else {}
        # Settings without an option of their own, such as AIOPBX_CHANNEL, come from the environment as well.
        options = {_SETTINGS_FILE, _MAILBOX_PASSWORD}
        values |= read_environment(environ={name: text for name, text in os.environ.items() if name not in options})
        values.pop("user", None)
        typed = {
            "system": self.system,
            "url": self.url,
            "username": self.user,
            "password": self.password,
            "enterprise": self.enterprise,
            "ca_file": self.ca_file,
            "tls": self.tls,
        }
        return values | {name: value for name, value in typed.items() if value is not None}


_FILLERS: Final = {"url": "https://pbx.example.com", "username": "-", "password": "-"}


def _filled(values: dict[str, Any], *missing: str) -> dict[str, Any]:
    return values | {name: _FILLERS[name] for name in missing if not values.get(name)}


def _check_without(values: dict[str, Any], *missing: str) -> None:
    """Raise ``InvalidInput`` for what is wrong with the values, apart from those that are missing."""
    from .. import ConnectionSettings

    ConnectionSettings.make(**_filled(values, "username", *missing))


def _known_system(named: object) -> str:
    system = str(named or "o2g").strip().lower()
    if system not in SYSTEMS:
        raise InvalidInput("system", f"{system!r} is not known.", remedy=f"It is one of: {', '.join(SYSTEMS)}.")
    return system


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


# ------------------------------------------------------------------------------------------------------- the commands


class AgentAction(StrEnum):
    """What an agent can do."""

    STATE = "state"
    ON = "on"
    OFF = "off"
    READY = "ready"
    PAUSE = "pause"
    WRAP_UP = "wrap-up"
    WITHDRAW = "withdraw"
    REASONS = "reasons"
    ENTER = "enter"
    EXIT = "exit"
    HELP = "help"
    CANCEL_HELP = "cancel-help"


@dataclass(frozen=True)
class DialOptions:
    """How a call is dialled, and when it is hung up."""

    device: Annotated[str | None, typer.Option("--device", help="Telephone of the line that dials.")] = None
    auto_answer: Annotated[
        bool, typer.Option("--auto-answer/--ring-first", help="Dial at once, or let your own telephone ring first.")
    ] = True
    private: Annotated[
        bool,
        typer.Option("--private", help="A private call, with --pin and --secret-code; your own telephone rings first."),
    ] = False
    pin: Annotated[str | None, typer.Option("--pin", help="PIN of the private call.")] = None
    secret_code: Annotated[str | None, typer.Option("--secret-code", help="Secret code of the private call.")] = None
    business_code: Annotated[
        str | None, typer.Option("--business-code", help="Cost centre that pays; your own telephone rings first.")
    ] = None
    associated_data: Annotated[
        str | None, typer.Option("--associated-data", help="Data that goes with the call, at most 32 bytes.")
    ] = None
    calling_number: Annotated[
        str | None, typer.Option("--calling-number", help="Number that the called party sees.")
    ] = None
    inhibit_progress_tone: Annotated[
        bool, typer.Option("--inhibit-progress-tone", help="No progress tone on an outside call.")
    ] = False
    hang_up_after: Annotated[
        float | None, typer.Option("--hang-up-after", min=0.0, help="Hang up so many seconds after the answer.")
    ] = None
    give_up_after: Annotated[
        float | None, typer.Option("--give-up-after", min=0.0, help="Hang up after so many seconds without an answer.")
    ] = None


@dataclass(frozen=True)
class LogOptions:
    """Which records of the call log, and what to do with them."""

    missed: Annotated[bool, typer.Option("--missed", help="Only calls that were not answered.")] = False
    unseen: Annotated[bool, typer.Option("--unseen", help="Only missed calls that are not acknowledged.")] = False
    after: Annotated[
        str | None, typer.Option("--after", help="From then on: 2026-01-31, or with a time and a zone.")
    ] = None
    before: Annotated[str | None, typer.Option("--before", help="Until before then.")] = None
    direction: Annotated[Direction | None, typer.Option("--direction", help="incoming or outgoing.")] = None
    party: Annotated[str | None, typer.Option("--with", help="Login name or number of the other party.")] = None
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most so many.")] = None
    acknowledge: Annotated[
        bool, typer.Option("--acknowledge", help="Acknowledge the missed calls that are printed.")
    ] = False
    delete: Annotated[bool, typer.Option("--delete", help="Delete the selected calls instead of printing them.")] = (
        False
    )
    all: Annotated[bool, typer.Option("--all", help="With --delete and no filter: the whole log.")] = False

    def check(self) -> None:
        """Raise ``InvalidInput`` for options that do not go together, or a moment that cannot be read."""
        if self.all and not self.delete:
            raise InvalidInput("all", "goes with --delete only.", remedy="Leave it out.")
        if self.delete and self.acknowledge:
            raise InvalidInput("acknowledge", "does not go with --delete.", remedy="Leave one of them out.")
        if self.delete and self.limit is not None:
            raise InvalidInput("limit", "does not go with --delete.", remedy="Select calls with filters.")
        moment(self.after, field="after")
        moment(self.before, field="before")


@dataclass(frozen=True)
class ChargingOptions:
    """Which tickets."""

    first: Annotated[str | None, typer.Option("--from", help="The first day, such as 2026-01-31; with --to.")] = None
    last: Annotated[str | None, typer.Option("--to", help="The last day.")] = None
    file: Annotated[list[str] | None, typer.Option("--file", help="A file of tickets, instead of days. Repeat.")] = None
    node: Annotated[int | None, typer.Option("--node", help="The node; the only one if not given.")] = None
    top: Annotated[int | None, typer.Option("--top", min=1, help="At most so many.")] = None
    free: Annotated[bool, typer.Option("--free", help="Also calls that cost nothing.")] = False
    list_files: Annotated[bool, typer.Option("--list-files", help="List the files of tickets instead.")] = False

    def days(self) -> tuple[date | None, date | None]:
        """The days. Raises ``InvalidInput`` for what is none."""
        return _day(self.first, field="from"), _day(self.last, field="to")


def _day(text: str | None, *, field: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(field, f"{text[:20]!r} is no day.", remedy="It is like 2026-01-31.") from None


def moment(text: str | None, *, field: str) -> datetime | None:
    """Read a moment; without a zone it is local time."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise InvalidInput(
            field, f"{text!r} is no moment.", remedy="It is like 2026-01-31, 2026-01-31T18:00 or …T18:00:00Z."
        ) from None


@dataclass(frozen=True)
class SimulateOptions:
    """The simulated PBX: what happens in it, where it listens, for how long."""

    scenario: Annotated[
        str,
        typer.Option(
            "--scenario", "-s", help="office, busy-day, practice, call-centre, quiet, or the path of a scenario file."
        ),
    ] = "office"
    users: Annotated[
        int | None,
        typer.Option("--users", min=1, max=10_000, help="So many users, invented; the scenario's if not given."),
    ] = None
    host: Annotated[str, typer.Option("--host", help="Address to listen on; others than loopback let others in.")] = (
        "127.0.0.1"
    )
    host_names: Annotated[
        list[str] | None,
        typer.Option("--host-name", help="A name others reach it by, such as that of this machine; * is any. Repeat."),
    ] = None
    public_url: Annotated[
        str | None, typer.Option("--public-url", help="What O2G names as its public URL, such as that of a proxy.")
    ] = None
    public_event_url: Annotated[
        str | None, typer.Option("--public-event-url", help="The same for the channel of events, without a path.")
    ] = None
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port of the API; 0 is any.")] = 8080
    event_port: Annotated[int, typer.Option("--event-port", min=0, max=65535, help="Port of the events; 0 is any.")] = (
        8014
    )
    tls: Annotated[bool, typer.Option("--tls", help="Speak https, with a certificate it makes itself.")] = False
    certificates: Annotated[
        Path | None, typer.Option("--certificates", help="Folder where the certificate is kept from run to run.")
    ] = None
    istra: Annotated[
        bool, typer.Option("--istra", help="Offer the same PBX through Istra, too: myRCC, myCrm and myIstra.")
    ] = False
    istra_port: Annotated[int, typer.Option("--istra-port", min=0, max=65535, help="Port of Istra; 0 is any.")] = 8078
    speed: Annotated[float, typer.Option("--speed", min=0.01, max=100.0, help="How fast the scenario goes.")] = 1.0
    seed: Annotated[int | None, typer.Option("--seed", help="Another day of the same scenario.")] = None
    contacts: Annotated[
        list[Path] | None, typer.Option("--contacts", help="Phone book (.vcf or .csv) of who calls by name. Repeat.")
    ] = None
    seconds: Seconds = None
