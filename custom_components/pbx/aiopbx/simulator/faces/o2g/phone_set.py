"""Phone-set programming: the telephones of a user, their keys, lock, camp-on, PIN and associate."""

from http import HTTPStatus
from typing import Final

from ....o2g.types import phone_set as wire
from ....o2g.types.base import Wire
from ...switch.users import Device, Key, User
from .context import Context, Handler, Route
from .refusals import NOT_FOUND, Refusal, bad_parameter, not_allowed, refuse_plainly


class Associate(wire.Associate, kw_only=True):
    """The associate, also as clients in the field name it."""

    associate: str | None = None


def _user(ctx: Context) -> User:
    """Return the user of the path; a user's session may name only its own."""
    if not ctx.administrator and ctx.user != ctx.session.login:
        raise not_allowed("loginName: only an administrator may name another user.")
    user = ctx.switch.users.get(ctx.user)
    if user is None:
        raise Refusal(NOT_FOUND, f"loginName: there is no user {ctx.user}.", status=HTTPStatus.NOT_FOUND)
    return user


def _set(ctx: Context, device_id: str) -> tuple[User, Device]:
    return ctx.switch.set_of(_user(ctx).login, device_id)


def _activate(ctx: Context) -> bool:
    """Return the mandatory on/off query parameter."""
    value = ctx.query.get("activate", "").lower()
    if value not in ("true", "false") or len(ctx.query.getall("activate")) > 1:
        raise bad_parameter("activate", "must be given, once, as true or false")
    return value == "true"


def _position(position: str, key: int | None = None) -> int:
    """Return the position in the path; the key's own, if it has one, must be the same."""
    if not (position.isascii() and position.isdecimal() and len(position) < 6):
        raise bad_parameter("position", f"{position!r} is no number")
    number = int(position)
    if key is not None and key != number:
        raise bad_parameter("position", f"the key's is {key}, that of the path {number}")
    return number


def _describe(device: Device) -> wire.Device:
    return wire.Device(type=wire.DeviceType(device.kind), id=device.id, sub_type=device.sub_kind or None)


def devices(ctx: Context) -> wire.Devices:
    """Return all telephones of the user."""
    return wire.Devices(devices=tuple(_describe(device) for device in _user(ctx).devices.values()))


def device(ctx: Context, device_id: str) -> wire.Device:
    """Return a telephone."""
    return _describe(_set(ctx, device_id)[1])


def activate_remote_extension(ctx: Context, device_id: str) -> None:
    """Switch the remote extension on or off."""
    user, _ = _set(ctx, device_id)
    ctx.switch.switch_remote_extension(user.login, device_id, _activate(ctx))


def remote_extension_state(ctx: Context, device_id: str) -> wire.REActivationState:
    """Return whether it is on."""
    user, found = _set(ctx, device_id)
    if not found.mobile:
        raise bad_parameter("deviceId", f"{device_id} is no remote extension")
    return wire.REActivationState(active=user.remote_extension)


def addons(ctx: Context, device_id: str) -> wire.Addons:
    """Return the key modules, or that there are none."""
    _, found = _set(ctx, device_id)
    return wire.Addons(addon_types=tuple(wire.AddonType(addon) for addon in found.addons or ("NO_EXTENSIONS",)))


def set_associate(ctx: Context, device_id: str) -> None:
    """Set or remove the associate of the user."""
    user, _ = _set(ctx, device_id)
    body: Associate = ctx.body
    ctx.switch.set_associate(user.login, body.number or body.associate or None)


def camp_on(ctx: Context, device_id: str) -> None:
    """Switch camp-on."""
    user, _ = _set(ctx, device_id)
    ctx.switch.set_camp_on(user.login, device_id, _activate(ctx))


def dynamic_state(ctx: Context, device_id: str) -> wire.DynamicState:
    """Return lock, camp-on and associate."""
    user, found = _set(ctx, device_id)
    return wire.DynamicState(lock=found.locked, campon=found.camp_on, associate=user.associate)


def lock(ctx: Context, device_id: str) -> None:
    """Lock or unlock."""
    user, _ = _set(ctx, device_id)
    ctx.switch.lock_set(user.login, device_id, _activate(ctx))


def get_pin(ctx: Context, device_id: str) -> wire.Pin:
    """Return the PIN and how it may be used."""
    user, _ = _set(ctx, device_id)
    return wire.Pin(
        pin_number=user.pin or None,
        with_secret_code=user.pin_with_secret_code,
        pin_type_of_control=user.pin_control,
        pin_group=user.pin_group,
    )


def set_pin(ctx: Context, device_id: str) -> None:
    """Change the fields that are given."""
    user, _ = _set(ctx, device_id)
    body: wire.Pin = ctx.body
    if body == wire.Pin():
        raise bad_parameter("body", "Pin_Number, With_Secret_Code, Pin_Type_Of_Control or Pin_Group must be given")
    ctx.switch.set_pin(
        user.login,
        body.pin_number,
        with_secret_code=body.with_secret_code,
        control=body.pin_type_of_control,
        group=body.pin_group,
    )


def _pkeys(keys: tuple[Key, ...]) -> wire.ProgrammeableKeys:
    return wire.ProgrammeableKeys(
        pkeys=tuple(
            wire.ProgrammeableKey(position=key.position, number=key.number, mnemonic=key.mnemonic, locked=key.locked)
            for key in keys
        )
    )


def keys(ctx: Context, device_id: str) -> wire.ProgrammeableKeys:
    """Return all keys, programmed or not."""
    return _pkeys(ctx.switch.keys(_set(ctx, device_id)[0].login, device_id))


def programmed_keys(ctx: Context, device_id: str) -> wire.ProgrammeableKeys:
    """Return the programmed keys."""
    found = ctx.switch.keys(_set(ctx, device_id)[0].login, device_id)
    return _pkeys(tuple(key for key in found if key.programmed))


def set_key(ctx: Context, device_id: str, position: str) -> None:
    """Program a key."""
    user, _ = _set(ctx, device_id)
    body: wire.ProgrammeableKey = ctx.body
    ctx.switch.program_key(user.login, device_id, _position(position, body.position), body.number, body.mnemonic)


def delete_key(ctx: Context, device_id: str, position: str) -> None:
    """Erase a key."""
    ctx.switch.erase_key(_set(ctx, device_id)[0].login, device_id, _position(position))


def soft_keys(ctx: Context, device_id: str) -> wire.SoftKeys:
    """Return all soft keys, programmed or not."""
    found = ctx.switch.soft_keys(_set(ctx, device_id)[0].login, device_id)
    return wire.SoftKeys(
        skeys=tuple(wire.SoftKey(position=key.position, number=key.number, mnemonic=key.mnemonic) for key in found)
    )


def set_soft_key(ctx: Context, device_id: str, position: str) -> None:
    """Program a soft key."""
    user, _ = _set(ctx, device_id)
    body: wire.SoftKey = ctx.body
    number = _position(position, body.position)
    ctx.switch.program_key(user.login, device_id, number, body.number, body.mnemonic, soft=True)


def delete_soft_key(ctx: Context, device_id: str, position: str) -> None:
    """Erase a soft key."""
    ctx.switch.erase_key(_set(ctx, device_id)[0].login, device_id, _position(position), soft=True)


def prefix(ctx: Context) -> wire.Prefix:
    """Return the number of a service."""
    _user(ctx)
    kind, value = ctx.query.get("type"), ctx.query.get("value")
    if not kind:
        raise bad_parameter("type", "must be given, such as Station_Facility_Type")
    if not value:
        raise bad_parameter("value", "must be given, such as Do_not_disturb")
    number = ctx.switch.prefixes.get((kind, value))
    if number is None:
        raise Refusal(NOT_FOUND, f"There is no prefix {kind} {value}.", status=HTTPStatus.NOT_FOUND)
    return wire.Prefix(value=value, number=number)


_DEVICE: Final = "/users/{loginName}/devices/{deviceId}"


def _route(method: str, path: str, handler: Handler, body: type[Wire] | None = None) -> Route:
    return Route(method, path, refuse_plainly(handler), body, licence="phoneset", user="path")


ROUTES: Final = (
    _route("GET", "/users/{loginName}/devices", devices),
    _route("GET", _DEVICE, device),
    _route("PUT", _DEVICE + "/REActive", activate_remote_extension),
    _route("GET", _DEVICE + "/REActiveState", remote_extension_state),
    _route("GET", _DEVICE + "/addons", addons),
    _route("PUT", _DEVICE + "/associate", set_associate, Associate),
    _route("PUT", _DEVICE + "/campon", camp_on),
    _route("GET", _DEVICE + "/dynamicState", dynamic_state),
    _route("PUT", _DEVICE + "/lock", lock),
    _route("GET", _DEVICE + "/pin", get_pin),
    _route("PUT", _DEVICE + "/pin", set_pin, wire.Pin),
    _route("GET", _DEVICE + "/programmeableKeys", keys),
    _route("PUT", _DEVICE + "/programmeableKeys/{position}", set_key, wire.ProgrammeableKey),
    _route("DELETE", _DEVICE + "/programmeableKeys/{position}", delete_key),
    _route("GET", _DEVICE + "/programmedKeys", programmed_keys),
    _route("GET", _DEVICE + "/softKeys", soft_keys),
    _route("PUT", _DEVICE + "/softKeys/{position}", set_soft_key, wire.SoftKey),
    _route("DELETE", _DEVICE + "/softKeys/{position}", delete_soft_key),
    _route("GET", "/users/{loginName}/prefixes", prefix),
)
