"""The configuration of telephones: keys, lock, camp-on, PIN, associate."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from .changes import DeviceChange, RoutingChange, UserChange
from .errors import SwitchError, bad_value, unauthorized, wrong_state
from .routing import RoutingOfUsers
from .users import Device, Key, User

ADDONS: Final[Mapping[str, int]] = {
    "ADDON_10_KEYS": 10,
    "ADDON_20_KEYS": 20,
    "ADDON_40_KEYS": 40,
    "ADDON_EL_14_KEYS": 14,
}
"""Key modules, and how many keys each has."""

KEYS: Final[Mapping[str, tuple[int, int]]] = {
    "DESKPHONE": (12, 6),
    "SOFTPHONE": (12, 6),
    "DECT": (0, 4),
    "MOBILE": (0, 0),
}
"""Return how many keys and soft keys a kind of telephone has; an analogue one has none."""

PIN_CONTROLS: Final = (
    "PIN_Category",
    "PIN_Restricted_To_Owner_Set",
    "PIN_Universal_Access",
    "PIN_Group_Control",
)
PIN_LENGTH: Final = range(4, 9)
"""The number of digits that a PIN may have."""
LONGEST_MNEMONIC: Final = 16

_STATION, _GENERAL, _LOCAL = "Station_Facility_Type", "General_Facility_Type", "Local_Facility_Type"
PREFIXES: Final[Mapping[tuple[str, str], str]] = {
    (_STATION, "Do_not_disturb"): "*60",
    (_STATION, "Lock"): "*61",
    (_STATION, "Overflow_on_busy_on_associated"): "*62",
    (_STATION, "Overflow_busy_noreply_on_associated"): "*63",
    (_STATION, "Overflow_no_reply_on_associated"): "*64",
    (_STATION, "Cancel_Overflow_on_associated"): "*65",
    (_STATION, "Immediate_forwarding"): "*51",
    (_STATION, "Immediate_forwarding_on_busy"): "*52",
    (_STATION, "Forwarding_on_no_reply"): "*53",
    (_STATION, "Forwarding_on_busy_or_no_reply"): "*54",
    (_STATION, "Forwarding_cancellation"): "*41",
    (_STATION, "Cancel_automatic_call_back_on_busy_station"): "*42",
    (_GENERAL, "Direct_call_pick_up"): "*55",
    (_GENERAL, "Group_call_pick_up"): "*56",
    (_LOCAL, "Speed_call_to_associated_station"): "*57",
    (_LOCAL, "Voice_Mail_Deposit"): "*58",
    (_LOCAL, "Wake_up"): "*70",
    (_LOCAL, "Wake_up_cancellation"): "*71",
}
"""The prefixes of a new system: type and value, and the number."""


def no_device(login: str, device: str) -> SwitchError:
    """The user has no telephone with this number."""
    return SwitchError("DEVICE_NOT_FOUND", None, f"{device!r} is no telephone of {login}.")


def no_key(device: str, position: int) -> SwitchError:
    """The telephone has no such key."""
    return SwitchError("KEY_NOT_FOUND", None, f"The telephone {device} has no key at position {position}.")


class PhoneSets(RoutingOfUsers):
    """Programming telephones."""

    def set_of(self, login: str, device: str) -> tuple[User, Device]:
        """Return a telephone of a user, in service or not."""
        user = self.user(login)
        found = user.devices.get(device)
        if found is None:
            raise no_device(login, device)
        return user, found

    # -- lock, camp-on, associate -----------------------------------------------------------------------------------

    def lock_set(self, login: str, device: str, on: bool) -> None:
        """Lock a telephone: it cannot dial until it is unlocked. Calls still come in."""
        _, found = self.set_of(login, device)
        if found.locked != on:
            with self._acting():
                found.locked = on
                self._touched[login] = None

    def _may_dial(self, device: Device) -> None:
        super()._may_dial(device)
        if device.locked:
            raise unauthorized(f"The telephone {device.id} is locked.", "INVALID_DEVICE_STATE")

    def _device_actions(self, user: User, device: Device) -> frozenset[str]:
        actions = super()._device_actions(user, device)
        if device.locked:
            return frozenset(action for action in actions if not action.startswith("make"))
        if "makeCall" in actions and user.pin and not user.pin_with_secret_code:
            return actions | {"makePrivateCall"}
        return actions

    def set_camp_on(self, login: str, device: str, on: bool) -> None:
        """Let calls camp on a telephone, or not."""
        _, found = self.set_of(login, device)
        with self._acting():
            found.camp_on = on

    def set_associate(self, login: str, number: str | None) -> None:
        """Give a user an associate, whom an overflow may lead to; ``None`` removes it, along with such an overflow."""
        user = self.user(login)
        associate = self._destination(user, number, "INVALID_OVERFLOW_ROUTE", "ASSOCIATE") if number else None
        if associate == user.associate:
            return
        with self._acting():
            user.associate = associate
            if user.overflow is not None and user.overflow.target == "ASSOCIATE":
                user.overflow = replace(user.overflow, number=associate) if associate is not None else None
                self._after.append(RoutingChange(login=login))

    def switch_remote_extension(self, login: str, device: str, on: bool) -> None:
        """Switch a remote extension on or off."""
        _, found = self.set_of(login, device)
        if not found.mobile:
            raise bad_value(f"{device} is no remote extension.", "INVALID_DEVICE")
        self.set_remote_extension(login, on)

    # -- keys -------------------------------------------------------------------------------------------------------

    def _key_counts(self, device: Device) -> tuple[int, int]:
        if device.sub_kind.upper().startswith("ANALOG"):
            return 0, 0
        keys, soft = KEYS.get(device.kind, (0, 0))
        return keys + sum(ADDONS.get(addon, 0) for addon in device.addons), soft

    def keys(self, login: str, device: str) -> tuple[Key, ...]:
        """Return all keys of a telephone, programmed or not. The first are its lines, and locked."""
        user, found = self.set_of(login, device)
        count, _ = self._key_counts(found)
        return tuple(
            Key(position, user.number, f"Line {position}", locked=True)
            if position <= user.lines
            else found.keys.get(position, Key(position))
            for position in range(1, count + 1)
        )

    def soft_keys(self, login: str, device: str) -> tuple[Key, ...]:
        """Return all soft keys of a telephone, programmed or not."""
        _, found = self.set_of(login, device)
        _, count = self._key_counts(found)
        return tuple(found.soft_keys.get(position, Key(position)) for position in range(1, count + 1))

    def _key(self, keys: tuple[Key, ...], device: str, position: int) -> Key:
        if not 1 <= position <= len(keys):
            raise no_key(device, position)
        key = keys[position - 1]
        if key.locked:
            raise unauthorized(f"The key {position} of {device} is locked.")
        return key

    def program_key(
        self,
        login: str,
        device: str,
        position: int,
        number: str | None,
        mnemonic: str | None = None,
        *,
        soft: bool = False,
    ) -> None:
        """Program a key to call ``number``; the display shows ``mnemonic``, at most 16 characters."""
        _, found = self.set_of(login, device)
        self._key(self.soft_keys(login, device) if soft else self.keys(login, device), device, position)
        if not number and not mnemonic:
            raise bad_value("The key needs a number or a mnemonic; delete it to erase it.")
        if mnemonic is not None and len(mnemonic) > LONGEST_MNEMONIC:
            raise bad_value(f"mnemonic: {len(mnemonic)} characters are too many; {LONGEST_MNEMONIC} are the most.")
        key = Key(position, self._number(number) if number else None, mnemonic or None)
        with self._acting():
            (found.soft_keys if soft else found.keys)[position] = key

    def erase_key(self, login: str, device: str, position: int, *, soft: bool = False) -> None:
        """Erase the program of a key."""
        _, found = self.set_of(login, device)
        key = self._key(self.soft_keys(login, device) if soft else self.keys(login, device), device, position)
        if not key.programmed:
            raise SwitchError("KEY_NOT_FOUND", None, f"The key {position} of {device} is not programmed.")
        with self._acting():
            (found.soft_keys if soft else found.keys).pop(position, None)

    # -- PIN --------------------------------------------------------------------------------------------------------

    def set_pin(
        self,
        login: str,
        pin: str | None = None,
        *,
        with_secret_code: bool | None = None,
        control: str | None = None,
        group: int | None = None,
    ) -> None:
        """Give a user a PIN for private calls: 4 to 8 digits, or empty for no PIN. ``None`` leaves a field as it is."""
        user = self.user(login)
        if pin and not (pin.isascii() and pin.isdecimal() and len(pin) in PIN_LENGTH):
            raise bad_value(f"Pin_Number: it must be {PIN_LENGTH[0]} to {PIN_LENGTH[-1]} digits.")
        if control is not None and control not in PIN_CONTROLS:
            raise bad_value(f"Pin_Type_Of_Control: {control!r} is none of {', '.join(PIN_CONTROLS)}.")
        if group is not None and group < 0:
            raise bad_value("Pin_Group: it must not be negative.")
        if with_secret_code and not user.secret_code:
            raise bad_value(f"With_Secret_Code: the set of {login} has no secret code.")
        with self._acting():
            user.pin = user.pin if pin is None else pin
            user.pin_with_secret_code = user.pin_with_secret_code if with_secret_code is None else with_secret_code
            user.pin_control = control or user.pin_control
            user.pin_group = user.pin_group if group is None else group
            self._touched[login] = None

    def _pin_fits(self, user: User, pin: str, secret_code: str) -> bool:
        for owner in (user, *self.users.values()):
            if not owner.pin or owner.pin != pin:
                continue
            if owner.pin_with_secret_code and owner.secret_code != secret_code:
                continue
            if owner is user or owner.pin_control in ("PIN_Universal_Access", "PIN_Category"):
                return True
            if owner.pin_control == "PIN_Group_Control" and owner.pin_group == user.pin_group:
                return True
        return False

    # -- prefixes ---------------------------------------------------------------------------------------------------

    @property
    def prefixes(self) -> Mapping[tuple[str, str], str]:
        """Return the numbers of services by type and value, both case-sensitive."""
        return PREFIXES

    # -- the sets of a user -----------------------------------------------------------------------------------------

    def add_device(self, login: str, device: str, kind: str = "DESKPHONE", sub_kind: str = "") -> None:
        """Give a user one more telephone."""
        user = self.user(login)
        number = self._number(device)
        if self.known(number) or number in self.sets:
            raise SwitchError("NUMBER_TAKEN", None, f"The number {device} is taken.")
        with self._acting():
            user.devices[number] = Device(number, kind, sub_kind)
            self._numbers[number] = login
            self._touched[login] = None
            self._after.append(UserChange(login=login, kind="changed"))
            self._after.append(DeviceChange(login=login, device=number, state=user.devices[number].state))
            self._after.append(RoutingChange(login=login))

    def remove_device(self, login: str, device: str) -> None:
        """Take a telephone away from a user, except for its last; calls on it end."""
        user, found = self.set_of(login, device)
        if len(user.devices) == 1 or found.shared or device == user.number:
            raise wrong_state(f"{device} is not a further telephone of {login}.")
        if device in self.parked:
            raise wrong_state(f"A call is parked at {device}.")
        with self._acting():
            self._lose_device(user, device)
            del user.devices[device]
            del self._numbers[device]
            if user.remote_extension and not user.has_remote_extension:
                user.remote_extension = False
            self._touched[login] = None
            self._after.append(UserChange(login=login, kind="changed"))
            self._after.append(RoutingChange(login=login))

    def change_device(self, login: str, device: str, kind: str, sub_kind: str = "") -> None:
        """Turn a telephone into another kind; not while it is in a call."""
        user, found = self.set_of(login, device)
        if any(True for _ in self._legs_on(user, device)):
            raise wrong_state(f"The telephone {device} is in a call.")
        with self._acting():
            found.kind, found.sub_kind = kind, sub_kind
            if found.mobile:
                user.remote_extension = True
            self._touched[login] = None
            self._after.append(UserChange(login=login, kind="changed"))
            self._after.append(RoutingChange(login=login))

    def reinitialise(self, login: str) -> None:
        """Reset a user's telephones: no keys, lock, camp-on, forward, overflow, do-not-disturb."""
        user = self.user(login)
        with self._acting():
            for device in user.devices.values():
                device.keys.clear()
                device.soft_keys.clear()
                device.locked = device.camp_on = False
            self.cancel_forward(login)
            self.cancel_overflow(login)
            self.set_dnd(login, False)
            self._touched[login] = None

    def set_voicemail(self, login: str, number: str | None) -> None:
        """Give a user a mailbox at a voicemail number, or take it away."""
        user = self.user(login)
        if number and self.known(number) and number not in self.voicemail_numbers:
            raise SwitchError("NUMBER_TAKEN", None, f"{number} is no number of a voicemail.")
        with self._acting():
            user.voicemail = bool(number)
            if number and number != user.voicemail_number:
                self._mailboxes -= Counter([user.voicemail_number])
                user.voicemail_number = number
                self._mailboxes[number] += 1
            self._touched[login] = None
            self._after.append(UserChange(login=login, kind="changed"))
            self._count(login)

    # -- checking ---------------------------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """Return the whole state, for comparison."""
        return super().dump() | {
            "programming": {
                login: (
                    [
                        (d.locked, d.camp_on, d.addons, tuple(d.keys.values()), tuple(d.soft_keys.values()))
                        for d in user.devices.values()
                    ],
                    (user.pin, user.pin_with_secret_code, user.pin_control, user.pin_group),
                )
                for login, user in self.users.items()
            }
        }
