"""Istra's identifiers: signed 64-bit integers, written as text, the same in every run."""

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...switch import Switch
    from ...switch.users import Device, User


def stable(*parts: str) -> str:
    """Return the identifier for these names. About half of them are negative."""
    digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=8).digest()
    return str(int.from_bytes(digest, "big", signed=True))


def extension_id(login: str) -> str:
    """Return the identifier of an extension of myRCC."""
    return stable("extension", login)


def user_id(login: str) -> str:
    """Return the identifier of a user of myIstra."""
    return stable("user", login)


def terminal_id(login: str, device: str) -> str:
    """Return the identifier of a telephone."""
    return stable("terminal", login, device)


def voicemail_id(login: str, id: str) -> str:
    """Return the identifier of a message in a mailbox."""
    return stable("voicemail", login, id)


def record_id(id: int) -> str:
    """Return the identifier of a record of the call history."""
    return stable("record", str(id))


class Identifiers:
    """Finds what the identifier in a request refers to."""

    def __init__(self, switch: "Switch") -> None:
        """Start with an empty cache."""
        self._switch = switch
        self._logins: dict[Callable[[str], str], dict[str, str]] = {}

    def forget(self) -> None:
        """Clear the cache: users were created or deleted."""
        self._logins.clear()

    def login(self, kind: Callable[[str], str], id: str) -> str | None:
        """Return the login name of the user with this identifier, or ``None``."""
        found = self._logins.get(kind)
        if found is None:
            found = self._logins[kind] = {kind(login): login for login in self._switch.users}
        return found.get(id)

    def terminal(self, user: "User", id: str) -> "Device | None":
        """Return the telephone of a user with this identifier."""
        return next((device for device in user.devices.values() if terminal_id(user.login, device.id) == id), None)
