"""The connection form as data: what was typed, what is wrong with it, and the state of the connection."""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final, get_args

from pydantic import SecretStr

from aiopbx import ConnectionSettings, Event, InvalidInput, Pbx, PbxError, Status, StatusChanged, connect as connect_pbx

from ..connection import connect, connect_demo
from .formatting import counted
from .model import Model

Connect = Callable[[ConnectionSettings], Awaitable[Pbx]]
Demo = Callable[[], Awaitable[Pbx]]

SYSTEMS: Final[tuple[str, ...]] = get_args(ConnectionSettings.model_fields["system"].annotation)
"""The kinds of system that can be chosen."""
_SYSTEM_WORDS: Final = {
    "o2g": "O2G (OmniPCX Enterprise)",
    "myrcc": "Istra, by myRCC",
    "mycrm": "Istra, by myCrm",
    "myistra": "Istra, by myIstra",
    "mqtt": "A bridge on an MQTT broker",
}
TLS_WORDS: Final = {"verify": "Verify the certificate", "none": "Do not verify (others could listen in)"}
LABELS: Final = {
    "system": "System",
    "url": "Address",
    "username": "Login",
    "password": "Password",
    "enterprise": "Enterprise",
    "tls": "TLS",
    "ca_file": "CA file",
}
"""The fields of the form, as the settings call them, and what a person reads."""
# Stands in for a field that is wrong, so that what is wrong with the next one can be said at once.
_STAND_INS: Final[dict[str, Any]] = {
    "system": SYSTEMS[0],
    "url": "https://pbx.example.com",
    "username": "login",
    "password": "password",
    "enterprise": "enterprise",
    "tls": "verify",
    "ca_file": None,
}
_RATE_OVER: Final = 5.0


def system_words(system: str) -> str:
    """Return what a kind of system is called."""
    return _SYSTEM_WORDS.get(system, system)


class ConnectionModel(Model):
    """The form, the connection that was made with it, and what there is to say about both.

    It belongs to one event loop.
    """

    def __init__(self, *, connect: Connect = connect, probe: Connect = connect_pbx, demo: Demo = connect_demo) -> None:
        """Connect, test and start the demo with these; others are for tests."""
        self.fields: dict[str, str] = {"system": SYSTEMS[0], "url": "", "username": "", "enterprise": ""}
        self.fields |= {"tls": "verify", "ca_file": ""}
        """What was typed, without the password."""
        self.problems: dict[str, str] = {}
        """What is wrong with which field."""
        self.working = ""
        """What is in progress, in words; empty if nothing is."""
        self.found = ""
        """The result of the last test."""
        self.pbx: Pbx | None = None
        """The connected client."""
        self._password = SecretStr("")
        self._settings: ConnectionSettings | None = None
        self._connect, self._probe, self._demo = connect, probe, demo
        self._unsubscribe: Callable[[], None] | None = None
        self._samples: deque[tuple[float, int]] = deque()

    def __repr__(self) -> str:
        """Show the connection, without the password."""
        return f"<ConnectionModel {self.pbx!r}>" if self.pbx is not None else "<ConnectionModel: not connected>"

    # ------------------------------------------------------------------------------------------------------- the form

    @property
    def shown(self) -> tuple[str, ...]:
        """The fields that this kind of system needs, in order."""
        known = ConnectionSettings.model_fields
        return tuple(
            name
            for name in LABELS
            if name in known
            and not (name == "system" and len(SYSTEMS) == 1)
            and not (name == "enterprise" and self.fields["system"] != "myrcc")
            and not (name == "ca_file" and self.fields["tls"] == "none")
        )

    def set(self, name: str, value: str) -> None:
        """Take what was typed into a field. What was wrong with it is forgotten."""
        if name == "password":
            self._password = SecretStr(value)
        else:
            self.fields[name] = value
        self.problems.pop(name, None)
        self.found = ""
        self._notify()

    @property
    def password_kept(self) -> bool:
        """Whether the password of the last connection is still there, so that the field may stay empty."""
        former = self._settings
        return former is not None and all(
            (getattr(former, name) or "") == self.fields[name].strip()
            for name in ("system", "url", "username", "enterprise")
            if name in self.shown or name == "system"
        )

    def settings(self) -> ConnectionSettings | None:
        """Return the settings that were typed; ``None`` if something is wrong, and ``problems`` says what."""
        values: dict[str, Any] = {"system": self.fields["system"], "password": self._password.get_secret_value()}
        if not values["password"] and self.password_kept and self._settings is not None:
            values["password"] = self._settings.password.get_secret_value()
        for name in self.shown:
            if name not in values and (self.fields[name].strip() or name not in ("ca_file", "enterprise")):
                values[name] = self.fields[name].strip()
        self.problems = {}
        while True:
            try:
                settings = ConnectionSettings.make(**values)
            except InvalidInput as error:
                name = error.field.partition(".")[0]
                if name in self.problems or name not in _STAND_INS:
                    raise  # nothing that the form could show
                self.problems[name] = f"{error.problem} {error.remedy}" if error.remedy else error.problem
                values[name] = _STAND_INS[name]
                continue
            return None if self.problems else settings

    # ------------------------------------------------------------------------------------------------- what one can do

    async def test(self) -> bool:
        """Log in, count the lines and log out. Raises what ``connect`` raises."""
        settings = self._checked()
        if settings is None:
            return False
        async with _Working(self, "Testing …"):
            async with await self._probe(settings.model_copy(update={"lines": ()})) as pbx:
                lines = await pbx.available_lines()
                info = pbx.info
            who = "administrator" if info.administrator else "user"
            count = counted(len(lines), "line")
            self.found = f"It works: {info.product} {info.version}, as {who} {info.login}, who sees {count}.".replace(
                "  ", " "
            )
        return True

    async def connect(self) -> Pbx | None:
        """Connect with what was typed; ``None`` if something is wrong with it. Raises what ``connect`` raises."""
        settings = self._checked()
        if settings is None:
            return None
        await self.disconnect()
        async with _Working(self, "Connecting …"):
            self._keep(await self._connect(settings))
            self._settings = settings
            self._password = SecretStr("")  # the settings keep it; the form forgets it
        return self.pbx

    async def start_demo(self) -> Pbx | None:
        """Start the demo PBX in this kernel and connect to it."""
        self.problems = {}
        await self.disconnect()
        async with _Working(self, "Starting the demo …"):
            self._keep(await self._demo())
        return self.pbx

    async def disconnect(self) -> None:
        """Close the connection, if there is one."""
        pbx = self.pbx
        if pbx is not None:
            async with _Working(self, "Disconnecting …"):
                await pbx.close()
                self._drop(pbx)

    def release(self) -> Pbx | None:
        """Stop following the connection, and return it."""
        pbx = self.pbx
        self.on_change = None
        if pbx is not None:
            self._drop(pbx)
        return pbx

    # ----------------------------------------------------------------------------------------------- the connection

    def sample(self, now: float) -> None:
        """Count the events, at this time of a clock in seconds: about once a second."""
        if self.pbx is None:
            return
        former = self.rate
        self._samples.append((now, self.pbx.statistics.events))
        while len(self._samples) > 2 and self._samples[1][0] <= now - _RATE_OVER:
            self._samples.popleft()
        if self.rate != former:
            self._notify()

    @property
    def rate(self) -> float:
        """Events a second, over the last five."""
        if len(self._samples) < 2:
            return 0.0
        (first, before), (last, after) = self._samples[0], self._samples[-1]
        return (after - before) / (last - first) if last > first else 0.0

    @property
    def status(self) -> Status | None:
        """The status of the client; ``None`` without a connection."""
        return None if self.pbx is None else self.pbx.status

    @property
    def reason(self) -> str:
        """Why it is not online, if that is known."""
        error = None if self.pbx is None else self.pbx.error
        return str(error) if isinstance(error, PbxError) else ""

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Facts about the connection: names and values."""
        pbx = self.pbx
        if pbx is None:
            return ()
        info, statistics = pbx.info, pbx.statistics
        facts = [
            ("System", f"{info.product} {info.version}".strip() or system_words(info.system)),
            ("Address", info.url or pbx.settings.url),
            ("Login", info.login + (", administrator" if info.administrator else "")),
            ("Lines", str(len(pbx.lines))),
            ("Events", f"{self.rate:.1f} a second, {statistics.events} so far"),
            ("Reconnects", str(statistics.losses)),
        ]
        if info.high_availability or statistics.fail_overs:
            facts.append(("Server", f"{info.server}, {statistics.fail_overs} changes"))
        return tuple(facts)

    # --------------------------------------------------------------------------------------------------------- inside

    def _checked(self) -> ConnectionSettings | None:
        self.found = ""
        try:
            return self.settings()
        finally:
            self._notify()

    def _keep(self, pbx: Pbx) -> None:
        if self.pbx is not None:
            self._drop(self.pbx)
        self.pbx = pbx
        self._unsubscribe = pbx.subscribe(self._status_changed, kind=StatusChanged)

    def _drop(self, pbx: Pbx) -> None:
        if self.pbx is not pbx:
            return
        self.pbx = None
        self._samples.clear()
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self._notify()

    def _status_changed(self, event: Event) -> None:
        if isinstance(event, StatusChanged):
            if event.status is Status.CLOSED and self.pbx is not None:
                self._drop(self.pbx)  # it was closed elsewhere
            self._notify()


class _Working:
    """Show what is in progress while it is."""

    def __init__(self, model: ConnectionModel, words: str) -> None:
        self.model, self.words = model, words

    async def __aenter__(self) -> None:
        self.model.working, self.model.found = self.words, ""
        self.model._notify()

    async def __aexit__(self, *_: object) -> None:
        self.model.working = ""
        self.model._notify()
