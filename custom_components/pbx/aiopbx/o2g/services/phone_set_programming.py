"""Phone-set programming: keys, lock, camp-on, associate, PIN and remote extension of a user's sets."""

from typing import TypeVar

import msgspec

from ...operations import Send, Service, operation
from ..rules import ASSOCIATE, PIN, POSITION
from ..types.base import API_PHONESETPROG
from ..types.phone_set import (
    Addons,
    Associate,
    Device,
    Devices,
    DynamicState,
    Pin,
    Prefix,
    ProgrammeableKey,
    ProgrammeableKeys,
    REActivationState,
    SoftKey,
    SoftKeys,
)

Key = TypeVar("Key", ProgrammeableKey, SoftKey)

_DEVICE = "/users/{loginName}/devices/{deviceId}"


class PhoneSetProgramming(Service, service="PhoneSetProgramming"):
    """The sets of a user, who is part of every path."""

    @operation("GET", "/users/{loginName}/devices", API_PHONESETPROG)
    def user_devices(self, login_name: str) -> Send[Devices]:
        """List a user's sets."""
        return Send(login_name)

    @operation("GET", _DEVICE, API_PHONESETPROG)
    def user_device(self, login_name: str, device_id: str) -> Send[Device]:
        """Read one of a user's sets."""
        return Send(login_name, device_id)

    @operation("PUT", _DEVICE + "/REActive", API_PHONESETPROG, repeatable=True, since="1.0.1")
    def activate_remote_extension(self, login_name: str, device_id: str, *, activate: bool) -> Send[None]:
        """Activate a remote extension, or deactivate it."""
        return Send(login_name, device_id, activate=activate)

    @operation("GET", _DEVICE + "/REActiveState", API_PHONESETPROG, since="1.0.1")
    def remote_extension_state(self, login_name: str, device_id: str) -> Send[REActivationState]:
        """Read whether a remote extension is activated."""
        return Send(login_name, device_id)

    @operation("GET", _DEVICE + "/addons", API_PHONESETPROG)
    def addons(self, login_name: str, device_id: str) -> Send[Addons]:
        """List the key modules of a set."""
        return Send(login_name, device_id)

    @operation("PUT", _DEVICE + "/associate", API_PHONESETPROG, ASSOCIATE, repeatable=True, since="1.0.1")
    def set_associate(self, login_name: str, device_id: str, body: Associate) -> Send[None]:
        """Set the number that a set is associated with."""
        return Send(login_name, device_id, body=body)

    @operation("PUT", _DEVICE + "/campon", API_PHONESETPROG, repeatable=True)
    def set_campon(self, login_name: str, device_id: str, *, activate: bool) -> Send[None]:
        """Let further calls wait while the set is busy, or not."""
        return Send(login_name, device_id, activate=activate)

    @operation("GET", _DEVICE + "/dynamicState", API_PHONESETPROG)
    def dynamic_state(self, login_name: str, device_id: str) -> Send[DynamicState]:
        """Read lock, camp-on and associate of a set."""
        return Send(login_name, device_id)

    @operation("PUT", _DEVICE + "/lock", API_PHONESETPROG, repeatable=True)
    def set_lock(self, login_name: str, device_id: str, *, activate: bool) -> Send[None]:
        """Lock a set, or unlock it."""
        return Send(login_name, device_id, activate=activate)

    @operation("GET", _DEVICE + "/pin", API_PHONESETPROG, since="1.0.1")
    def pin(self, login_name: str, device_id: str) -> Send[Pin]:
        """Read the PIN of a set, and what it controls. No text shows it."""
        return Send(login_name, device_id)

    @operation("PUT", _DEVICE + "/pin", API_PHONESETPROG, PIN, repeatable=True, since="1.0.1")
    def set_pin(self, login_name: str, device_id: str, body: Pin) -> Send[None]:
        """Set the PIN of a set, and what it controls."""
        return Send(login_name, device_id, body=body)

    @operation("GET", _DEVICE + "/programmeableKeys", API_PHONESETPROG)
    def programmeable_keys(self, login_name: str, device_id: str) -> Send[ProgrammeableKeys]:
        """List the keys that can be programmed, those that are and those that are not."""
        return Send(login_name, device_id)

    @operation("PUT", _DEVICE + "/programmeableKeys/{position}", API_PHONESETPROG, POSITION, repeatable=True)
    def set_programmeable_key(
        self, login_name: str, device_id: str, position: int, body: ProgrammeableKey
    ) -> Send[None]:
        """Program a key; its position is filled in if it is missing."""
        return Send(login_name, device_id, position, body=_at(body, position))

    @operation("DELETE", _DEVICE + "/programmeableKeys/{position}", API_PHONESETPROG, POSITION)
    def delete_programmeable_key(self, login_name: str, device_id: str, position: int) -> Send[None]:
        """Erase what a key is programmed with."""
        return Send(login_name, device_id, position)

    @operation("GET", _DEVICE + "/programmedKeys", API_PHONESETPROG)
    def programmed_keys(self, login_name: str, device_id: str) -> Send[ProgrammeableKeys]:
        """List the keys that are programmed."""
        return Send(login_name, device_id)

    @operation("GET", _DEVICE + "/softKeys", API_PHONESETPROG)
    def soft_keys(self, login_name: str, device_id: str) -> Send[SoftKeys]:
        """List the soft keys."""
        return Send(login_name, device_id)

    @operation("PUT", _DEVICE + "/softKeys/{position}", API_PHONESETPROG, POSITION, repeatable=True)
    def set_soft_key(self, login_name: str, device_id: str, position: int, body: SoftKey) -> Send[None]:
        """Program a soft key; its position is filled in if it is missing."""
        return Send(login_name, device_id, position, body=_at(body, position))

    @operation("DELETE", _DEVICE + "/softKeys/{position}", API_PHONESETPROG, POSITION)
    def delete_soft_key(self, login_name: str, device_id: str, position: int) -> Send[None]:
        """Erase what a soft key is programmed with."""
        return Send(login_name, device_id, position)

    @operation("GET", "/users/{loginName}/prefixes", API_PHONESETPROG, since="1.0.1")
    def prefix(self, login_name: str, *, type: str, value: str) -> Send[Prefix]:
        """Find the prefix that is dialled for a service, such as ``Station_Facility_Type`` and ``Lock``.

        Both words are case-sensitive; the object model of the node has all of them.
        """
        return Send(login_name, type=type, value=value)


def _at(key: Key, position: int) -> Key:
    return msgspec.structs.replace(key, position=position) if key.position is None else key
