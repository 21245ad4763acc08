"""What every part of a line's handle stands on: the newest snapshot, and the checks before anything is asked."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from .errors import InvalidInput, NotSupported
from .model import Feature, LineSnapshot

if TYPE_CHECKING:
    from .pbx import Pbx
    from .ports import Commands

T = TypeVar("T")


class LineHandle:
    """Reads the newest snapshot of a line, and asks the system for it."""

    __slots__ = ("__weakref__", "_last", "_pbx")

    def __init__(self, pbx: "Pbx", snapshot: LineSnapshot) -> None:
        """Made by the ``Pbx`` only."""
        self._pbx = pbx
        self._last = snapshot

    @property
    def pbx(self) -> "Pbx":
        """The system this line belongs to."""
        return self._pbx

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that owns the client."""
        return self._pbx.loop

    @property
    def snapshot(self) -> LineSnapshot:
        """The newest snapshot: frozen, safe to keep and to compare."""
        newest = self._pbx._board.lines.get(self._last.id)
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
        return self._pbx._line_features(self.snapshot)

    @property
    def missing(self) -> Mapping[Feature, str]:
        """The features that are absent for want of a licence, and that licence."""
        return self._pbx._system.missing(self.snapshot)

    # The checks that stand before every action

    @property
    def _commands(self) -> "Commands":
        return self._pbx._system.commands

    async def _run(self, ask: "Callable[[Commands], Awaitable[T]]", *, safe: bool = False) -> T:
        return await self._pbx._system.run(ask, safe=safe)

    async def _ask(self, feature: Feature, ask: "Callable[[Commands], Awaitable[T]]", *, safe: bool = False) -> T:
        """Ask something of the system that this feature stands for."""
        self._require(feature)
        self._require_online()
        return await self._run(ask, safe=safe)

    def _require_online(self) -> None:
        self._pbx._require_online()
        if self._last.id not in self._pbx._board.lines:
            raise self._pbx._unknown_line(self._last.id)

    def _require(self, feature: Feature) -> None:
        """Raise ``NotSupported`` if this line cannot do it at all."""
        self._pbx._require_live(feature)
        if feature in self.snapshot.features:
            return
        missing = self.missing.get(feature)
        word = feature.value.replace("_", " ")
        if missing is not None:
            raise NotSupported(
                f"{word}: the licence of {self.id} does not have this.",
                missing=missing,
                remedy=f"It needs {missing}.",
            )
        raise NotSupported(
            f"{word}: line {self.id} cannot do this.",
            missing=feature.value,
            remedy="See line.features for what it can do.",
        )

    def _check_number(self, number: str, *, field: str = "number") -> None:
        self._commands.check_number(number, field=field)
        self._pbx._guard.check(number, field=field)

    def _spend(self, number: str, *, field: str = "number") -> None:
        self._pbx._guard.spend(number, field=field)

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
            )

    def _named_device(self, device: str | None) -> str:
        """The device that was named, if the line has it; else the main one."""
        if device is None:
            return self._main_device()
        self._check_device(device)
        return device
