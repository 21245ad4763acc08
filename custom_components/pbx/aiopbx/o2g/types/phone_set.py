"""Wire types of O2G: phone-set programming."""

from typing import ClassVar

import msgspec

from .base import Wire, WireEnum
from .users import Device, DeviceType

__all__ = [
    "AddonType",
    "Addons",
    "Associate",
    "Device",
    "DeviceType",
    "Devices",
    "DynamicState",
    "Pin",
    "Prefix",
    "ProgrammeableKey",
    "ProgrammeableKeys",
    "REActivationState",
    "SoftKey",
    "SoftKeys",
]


class AddonType(WireEnum):
    """Kind of a key module."""

    NO_EXTENSIONS = "NO_EXTENSIONS"
    ADDON_10_KEYS = "ADDON_10_KEYS"
    ADDON_20_KEYS = "ADDON_20_KEYS"
    ADDON_40_KEYS = "ADDON_40_KEYS"
    ADDON_EL_14_KEYS = "ADDON_EL_14_KEYS"


class Addons(Wire, kw_only=True):
    """Key modules of a set."""

    addon_types: tuple[AddonType, ...] = ()


class Associate(Wire, kw_only=True):
    """The number that a set is associated with."""

    number: str | None = None


class Devices(Wire, kw_only=True):
    """Telephones."""

    devices: tuple[Device, ...] = ()


class DynamicState(Wire, kw_only=True):
    """Whether a set is locked, whether camp-on is on, and the associate."""

    lock: bool | None = None
    campon: bool | None = None
    associate: str | None = None


class Pin(Wire, kw_only=True):
    """The PIN of a set, and what it controls."""

    _secrets: ClassVar[frozenset[str]] = frozenset({"pin_number"})

    pin_number: str | None = msgspec.field(name="Pin_Number", default=None)
    with_secret_code: bool | None = msgspec.field(name="With_Secret_Code", default=None)
    pin_type_of_control: str | None = msgspec.field(name="Pin_Type_Of_Control", default=None)
    pin_group: int | None = msgspec.field(name="Pin_Group", default=None)


class Prefix(Wire, kw_only=True):
    """A prefix of the numbering plan."""

    value: str | None = None
    number: str | None = None


class ProgrammeableKey(Wire, kw_only=True):
    """A key of a set, or what a key is programmed with."""

    position: int | None = None
    number: str | None = None
    mnemonic: str | None = None
    locked: bool | None = None


class ProgrammeableKeys(Wire, kw_only=True):
    """Keys of a set."""

    pkeys: tuple[ProgrammeableKey, ...] = ()


class REActivationState(Wire, kw_only=True):
    """Whether the remote extension is activated."""

    active: bool | None = None


class SoftKey(Wire, kw_only=True):
    """A soft key of a set, or what it is programmed with."""

    position: int | None = None
    number: str | None = None
    mnemonic: str | None = None


class SoftKeys(Wire, kw_only=True):
    """Soft keys of a set."""

    skeys: tuple[SoftKey, ...] = ()
