"""What every handle stands on: system, store, policy and owning loop, and the checks before a command."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from .connection import Connection
from .errors import InvalidInput, NotSupported, Offline, UnknownLine
from .model import Feature, LineSnapshot, Status
from .numbers import Number
from .ports import Commands, System
from .slips import slip
from .store import Store

if TYPE_CHECKING:
    from .policy import DialGuard


_CHANGES_THE_LINE: Final = frozenset(
    {Feature.DO_NOT_DISTURB, Feature.FORWARD, Feature.OVERFLOW, Feature.REMOTE_EXTENSION, Feature.PICK_UP}
)
"""What the commands of these do is reported by an event of the line."""


class Core:
    """One connected client, as its handles share it. It belongs to the event loop that it was made in."""

    def __init__(self, system: System, store: Store, connection: Connection, guard: "DialGuard") -> None:
        """Stand on these. Made by ``connect`` and ``replay``."""
        self.system = system
        self.store = store
        self.connection = connection
        self.guard = guard
        """The dial policy, which stands before whatever makes a telephone ring or sends calls elsewhere."""
        self.loop = asyncio.get_running_loop()

    # Whether there is a connection

    def offline(self) -> Offline:
        """Return the error of a command while there is no connection; it says why there is none."""
        connection = self.connection
        if connection.status is Status.CLOSED:
            return Offline("The client is closed.", remedy="Connect again.")
        why = f" {connection.error.message}" if connection.error else ""
        return Offline(
            f"There is no connection at the moment ({connection.status}).{why}",
            remedy="It is being restored; try again later.",
        )

    @property
    def online(self) -> bool:
        """Whether commands can be sent."""
        return self.connection.status is Status.ONLINE

    def require_online(self) -> None:
        """Raise ``Offline`` unless commands can be sent."""
        if not self.online:
            raise self.offline()

    # What the system and its lines can do

    def cannot(self, feature: Feature) -> NotSupported:
        """Return the error of a command that the account has no right to, or the system does not know."""
        missing = self.system.missing(None).get(feature)
        return NotSupported(
            f"{_words(feature)}: this account cannot do this.",
            missing=missing or feature.value,
            remedy=f"It needs {missing}." if missing else "See pbx.features for what it can do.",
        )

    def features_of(self, line: LineSnapshot) -> frozenset[Feature]:
        """What this line can do."""
        return line.features

    def require(self, feature: Feature, line: LineSnapshot) -> None:
        """Raise ``NotSupported`` if this line cannot do it at all."""
        if feature in line.features:
            return
        missing = self.system.missing(line).get(feature)
        if missing is not None:
            raise NotSupported(
                f"{_words(feature)}: the licence of {line.id} does not include this.",
                missing=missing,
                remedy=f"It needs {missing}.",
            )
        if not line.described:
            raise NotSupported(
                f"{_words(feature)}: whether line {line.id} can do this is not known yet.",
                missing=feature.value,
                remedy="What the lines can do is being read; try again once line.snapshot.described is true.",
            )
        raise NotSupported(
            f"{_words(feature)}: line {line.id} cannot do this.",
            missing=feature.value,
            remedy="See line.features for what it can do.",
        )

    def commands_for(self, feature: Feature | None) -> Commands:
        """The commands of the system, once it is clear that the account has this feature and there is a connection."""
        self.require_online()
        if feature is not None and feature not in self.system.features:
            raise self.cannot(feature)
        return self.system.commands

    def unknown_line(self, key: object) -> UnknownLine:
        """Return the error that names the lines there are."""
        if isinstance(key, int):
            return UnknownLine(f"{key} is a number, and lines go by text.", remedy=f'Write pbx.line("{key}").')
        if isinstance(key, LineHandle):
            return UnknownLine(f"{key.id} is a line already.", remedy="Use it as it is.")
        if not isinstance(key, str):
            wrong = slip("key", key, (str,))
            return UnknownLine(f"No line goes by this: {wrong.problem}", remedy=wrong.remedy)
        known = sorted(self.store.lines)
        some = ", ".join(known[:10]) + (f" and {len(known) - 10} more" if len(known) > 10 else "")
        return UnknownLine(
            f"No line {key!r} is monitored.", remedy=f"There are: {some}." if known else "There are none."
        )


class LineHandle:
    """Reads the newest snapshot of a line, and checks what is asked of it before anything is sent."""

    __slots__ = ("__weakref__", "_core", "_last")

    def __init__(self, core: Core, snapshot: LineSnapshot) -> None:
        """Made by ``Pbx.lines`` only."""
        self._core = core
        self._last = snapshot

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that owns the client."""
        return self._core.loop

    @property
    def snapshot(self) -> LineSnapshot:
        """The newest snapshot: frozen, safe to keep and to compare."""
        newest = self._core.store.lines.get(self._last.id)
        if newest is not None:
            self._last = newest
        return self._last

    @property
    def id(self) -> str:
        """What the system calls it: the login name on O2G."""
        return self._last.id

    @property
    def features(self) -> frozenset[Feature]:
        """What this line can do at all; everything else raises ``NotSupported``."""
        return self._core.features_of(self.snapshot)

    @property
    def missing(self) -> Mapping[Feature, str]:
        """The features that are absent for want of a licence, and that licence."""
        return self._core.system.missing(self.snapshot)

    # The checks that stand before every command

    @property
    def _commands(self) -> Commands:
        """The commands of the system; those that send something raise ``Offline`` while there is no connection."""
        return self._core.system.commands

    def _commands_for(self, feature: Feature) -> Commands:
        """The commands of the system, once it is clear that the line has this feature and there is a connection."""
        self._require(feature)
        self._require_online()
        if feature in _CHANGES_THE_LINE:
            self._expect_event()
        return self._commands

    def _expect_event(self) -> None:
        """A command is about to change this line; where no event says so in time, one was lost, and it is read."""
        self._core.system.expect_event(self.id)

    def _require_online(self) -> None:
        self._core.require_online()
        if self._last.id not in self._core.store.lines:
            raise self._core.unknown_line(self._last.id)

    def _require(self, feature: Feature) -> None:
        """Raise ``NotSupported`` if this line cannot do it at all."""
        self._core.require(feature, self.snapshot)

    def _read_number(self, text: str, *, field: str = "number") -> Number:
        """Read a number that names a telephone, and check that the wire can send it. Raises ``InvalidInput``."""
        number = self._core.guard.numbers.read(text, field=field)
        self._commands.check_number(number.wire, field=field)
        return number

    def _check_number(self, text: str, *, field: str = "number") -> Number:
        """Read a number that calls may go to. Raises ``InvalidInput``, ``PolicyViolation``."""
        number = self._read_number(text, field=field)
        self._core.guard.check(number, field=field)
        return number

    async def _spend(self, number: Number, *, field: str = "number") -> None:
        """Check the number of a call that is about to be made, and count the call."""
        await self._core.guard.start_call(number, field=field)

    def _main_device(self) -> str:
        line = self.snapshot
        return line.devices[0].id if line.devices else line.number

    def _check_device(self, device: str) -> None:
        devices = self.snapshot.devices
        if devices and all(one.id != device for one in devices):
            raise InvalidInput(
                "device",
                f"{device!r} is not a device of line {self.id}.",
                remedy="It has: " + ", ".join(one.id for one in devices) + ".",
                reason="device",
                device=device,
                known=", ".join(one.id for one in devices),
            )

    def _named_device(self, device: str | None) -> str:
        """The device that was named, if the line has it; else the main one."""
        if device is None:
            return self._main_device()
        self._check_device(device)
        return device


def _words(feature: Feature) -> str:
    return feature.value.replace("_", " ")
