"""A telephone of a line: its keys, its lock, what it is programmed with."""

from typing import TYPE_CHECKING

from .errors import InvalidInput
from .loops import owned
from .model import Device, Feature
from .ports import TelephoneCommands
from .records import Key, Pin, TelephoneState

if TYPE_CHECKING:
    import asyncio

    from .line import Line


class Telephone:
    """One telephone of a line: ``line.device("1000")``."""

    __slots__ = ("_last", "_line")

    def __init__(self, line: "Line", device: Device) -> None:
        """Made by ``Line.device`` only."""
        self._line = line
        self._last = device

    def __repr__(self) -> str:
        """Say which one it is."""
        return f"<Telephone {self.id} of {self._line.id}: {self.snapshot.kind} {self.snapshot.state}>"

    @property
    def loop(self) -> "asyncio.AbstractEventLoop":
        """The event loop that owns the client."""
        return self._line.loop

    @property
    def line(self) -> "Line":
        """Whose it is."""
        return self._line

    @property
    def id(self) -> str:
        """Its number, which requests name it by."""
        return self._last.id

    @property
    def snapshot(self) -> Device:
        """Its kind, whether it is in service, and what may be started on it."""
        for device in self._line.devices:
            if device.id == self._last.id:
                self._last = device
        return self._last

    @owned
    async def keys(self, *, programmed: bool = False) -> tuple[Key, ...]:
        """The keys that can be programmed, or only those that are. O2G: GET …/programmeableKeys, …/programmedKeys."""
        return await self._commands.keys(self._line.snapshot, self.id, programmed)

    @owned
    async def set_key(
        self, position: int, number: str, *, label: str | None = None, locked: bool | None = None
    ) -> None:
        """Program a key. O2G: PUT …/programmeableKeys/{position}."""
        wire = self._line._check_number(number).wire
        key = Key(position=_position(position), number=wire, label=label, locked=locked)
        await self._commands.set_key(self._line.snapshot, self.id, key)

    @owned
    async def delete_key(self, position: int) -> None:
        """Free a key. O2G: DELETE …/programmeableKeys/{position}."""
        await self._commands.delete_key(self._line.snapshot, self.id, _position(position))

    @owned
    async def soft_keys(self) -> tuple[Key, ...]:
        """The soft keys. O2G: GET …/softKeys."""
        return await self._commands.soft_keys(self._line.snapshot, self.id)

    @owned
    async def set_soft_key(self, position: int, number: str, *, label: str | None = None) -> None:
        """Program a soft key. O2G: PUT …/softKeys/{position}."""
        wire = self._line._check_number(number).wire
        key = Key(position=_position(position), number=wire, label=label)
        await self._commands.set_soft_key(self._line.snapshot, self.id, key)

    @owned
    async def delete_soft_key(self, position: int) -> None:
        """Free a soft key. O2G: DELETE …/softKeys/{position}."""
        await self._commands.delete_soft_key(self._line.snapshot, self.id, _position(position))

    @owned
    async def state(self) -> TelephoneState:
        """Whether it is locked, whether calls wait, and its associate. O2G: GET …/dynamicState."""
        return await self._commands.state(self._line.snapshot, self.id)

    @owned
    async def set_lock(self, on: bool) -> None:
        """Lock it, or unlock it. O2G: PUT …/lock."""
        await self._commands.set_lock(self._line.snapshot, self.id, on)

    @owned
    async def set_camp_on(self, on: bool) -> None:
        """Let further calls wait while it is busy, or not. O2G: PUT …/campon."""
        await self._commands.set_camp_on(self._line.snapshot, self.id, on)

    @owned
    async def set_associate(self, number: str) -> None:
        """Associate it with a number. O2G: PUT …/associate."""
        wire = self._line._check_number(number).wire
        await self._commands.set_associate(self._line.snapshot, self.id, wire)

    @owned
    async def pin(self) -> Pin:
        """Its PIN and what it controls; no text shows it. O2G: GET …/pin."""
        return await self._commands.pin(self._line.snapshot, self.id)

    @owned
    async def set_pin(
        self,
        number: str,
        *,
        with_secret_code: bool | None = None,
        control: str | None = None,
        group: int | None = None,
    ) -> None:
        """Give it a PIN, and say what it controls. O2G: PUT …/pin."""
        pin = Pin(number=number, with_secret_code=with_secret_code, control=control, group=group)
        await self._commands.set_pin(self._line.snapshot, self.id, pin)

    @owned
    async def addons(self) -> tuple[str, ...]:
        """Its key modules, in the system's words. O2G: GET …/addons."""
        return await self._commands.addons(self._line.snapshot, self.id)

    @owned
    async def remote_extension(self) -> bool | None:
        """Whether it is activated, where it is a remote extension. O2G: GET …/REActiveState."""
        return await self._commands.remote_extension(self._line.snapshot, self.id)

    @owned
    async def set_remote_extension(self, on: bool) -> None:
        """Activate this remote extension, or deactivate it. O2G: PUT …/REActive."""
        await self._commands.set_remote_extension(self._line.snapshot, self.id, on)

    @property
    def _commands(self) -> TelephoneCommands:
        return self._line._commands_for(Feature.TELEPHONES).telephones


def _position(position: int) -> int:
    if position < 0:
        raise InvalidInput("position", f"{position} is no position of a key.", remedy="They are 0 or more.")
    return position


if TYPE_CHECKING:
    from typing import TypeVar

    T = TypeVar("T")
