"""Sends recorded events through a real server, so that a client reads a capture as it reads the wire."""

import asyncio
from pathlib import Path
from typing import Any, Final, Self

import msgspec

from ..errors import InvalidInput
from .settings import DeviceSpec, SimulatorSettings, UserSpec
from .simulator import Simulator

LARGEST: Final = 256 * 1024 * 1024
"""The most bytes that a capture may have."""


class Capture:
    """Recorded lines of an event channel, unchanged, and the users that they are about."""

    def __init__(self, lines: tuple[bytes, ...], users: tuple[UserSpec, ...]) -> None:
        """Take lines without their newlines."""
        self.lines = lines
        self.users = users

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file with one JSON object a line; raises ``InvalidInput``. It blocks: not for an event loop."""
        try:
            if path.stat().st_size > LARGEST:
                raise InvalidInput(
                    "capture", f"{path} is larger than {LARGEST >> 20} MiB.", remedy="Replay a part of it."
                )
            data = path.read_bytes()
        except OSError as error:
            raise InvalidInput(
                "capture", f"{path} cannot be read: {error.strerror or error}.", remedy="Check the path and its rights."
            ) from None
        return cls.parse(data, name=str(path))

    @classmethod
    def parse(cls, data: bytes, *, name: str = "capture") -> Self:
        """Read recorded lines. At least one must be an event. Lines that are not JSON stay: servers send those, too."""
        lines = tuple(line.strip() for line in data.split(b"\n") if line.strip())
        numbers: dict[str, dict[str, None]] = {}
        names: dict[str, dict[str, Any]] = {}
        events = 0
        for line in lines:
            try:
                event = msgspec.json.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
            if not isinstance(event, dict) or "eventName" not in event:
                continue
            events += 1
            login = event.get("loginName")
            if isinstance(login, str) and login:
                numbers.setdefault(login, {}).update(dict.fromkeys(_devices(event)))
            _learn_names(event, names)
        if not events:
            raise InvalidInput(
                "capture",
                f"{name} holds no event of O2G.",
                remedy='It is one JSON object a line, each with an "eventName", as the event channel sends them.',
            )
        return cls(lines, tuple(_users(numbers, names)))


def _devices(event: dict[str, Any]) -> list[str]:
    """Return the telephones of the user of an event."""
    lists = [event.get(key) for key in ("legs", "modifiedLegs", "addedLegs", "deviceStates", "deviceCapabilities")]
    items = [item for items in lists if isinstance(items, list) for item in items if isinstance(item, dict)]
    devices = [item.get("deviceId") for item in items]
    return [device for device in devices if isinstance(device, str) and device.isdecimal()]


def _learn_names(value: Any, names: dict[str, dict[str, Any]]) -> None:
    """Collect the names of users from all events that have them."""
    if isinstance(value, dict):
        identity = value.get("id")
        if isinstance(identity, dict) and isinstance(identity.get("loginName"), str):
            names[identity["loginName"]] = value | identity
        for inner in value.values():
            _learn_names(inner, names)
    elif isinstance(value, list):
        for inner in value:
            _learn_names(inner, names)


def _users(numbers: dict[str, dict[str, None]], names: dict[str, dict[str, Any]]) -> list[UserSpec]:
    users, taken = [], set[str]()
    for index, (login, devices) in enumerate(numbers.items()):
        known = names.get(login, {})
        own = [device for device in devices if device not in taken]
        listed = known.get("phoneNumber")
        number = listed if isinstance(listed, str) and listed.isdecimal() and listed not in taken else None
        number = number or (own[0] if own else f"9{index:05}")
        taken.update({number, *own})
        first, last = str(known.get("firstName") or ""), str(known.get("lastName") or "")
        try:
            users.append(
                UserSpec(
                    login=login,
                    number=number,
                    first_name=first,
                    last_name=last,
                    devices=tuple(DeviceSpec(id=device) for device in own or [number]),
                )
            )
        except ValueError as error:
            raise InvalidInput(
                "capture", f"the user {login!r} cannot be: {error}.", remedy="Mend its loginName."
            ) from None
    return users


class ReplayServer:
    """A server whose only events are those of a capture. Connect to ``simulator.url`` as its administrator."""

    def __init__(self, capture: Capture) -> None:
        """Serve the users of the capture, all of them idle."""
        self.capture = capture
        self.simulator = Simulator(SimulatorSettings(users=capture.users)) if capture.users else Simulator()

    async def __aenter__(self) -> Self:
        """Start, on any free port of this machine."""
        await self.simulator.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.simulator.stop()

    async def play(self, speed: float = 0.0) -> int:
        """Send the capture to every open channel, ``speed`` lines a second (0: all at once); returns how many."""
        for number, line in enumerate(self.capture.lines):
            if speed and number:
                await asyncio.sleep(1 / speed)
            self._send(line)
        return len(self.capture.lines)

    def _send(self, line: bytes) -> None:
        for subscribed in self.simulator.server.subscriptions.all:
            subscribed.put(line + b"\n")
