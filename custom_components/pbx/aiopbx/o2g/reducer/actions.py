"""What is allowed now: from capabilities to sets of actions, of which each is built once and shared."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeAlias

from msgspec.structs import replace

from ...model import Action, CallSnapshot, CallState, Device, Leg
from ..types import telephony as wire
from .tables import CALL_CAPABILITIES, DEVICE_CAPABILITIES, LEG_CAPABILITIES

Actions: TypeAlias = frozenset[Action]

NONE: Final[Actions] = frozenset()
_MOST_SHARED: Final = 4096
"""How many different sets of capabilities are remembered; real servers send a few dozen."""

# Reading a member off its enumeration costs as much as building a small snapshot: the hot path has them at hand.
_ACTIVE: Final = CallState.ACTIVE
_HELD: Final = CallState.HELD
_DIAL: Final = Action.DIAL
_CONSULT: Final = Action.CONSULT
_ALTERNATE: Final = Action.ALTERNATE


class _Shared(dict[Any, Actions]):
    """Sets of actions by what they follow from: found without a call into Python once they were made."""

    def __init__(self, make: Callable[[Any], Actions]) -> None:
        self._make = make

    def __missing__(self, key: Any) -> Actions:
        actions = self._make(key)
        if len(self) >= _MOST_SHARED:
            self.clear()
        actions = self[key] = _only(actions)
        return actions


def _only(actions: Actions) -> Actions:
    """The one object that stands for all equal sets."""
    if len(_EQUAL) >= _MOST_SHARED:
        _EQUAL.clear()
    return _EQUAL.setdefault(actions, actions)


def _offered(capabilities: Any, *, vocabulary: tuple[tuple[str, Action], ...]) -> Actions:
    return frozenset(action for name, action in vocabulary if getattr(capabilities, name))


_OF_DEVICES: dict[tuple[bool, bool, bool, bool], Actions] = {}
_EQUAL: dict[Actions, Actions] = {}

of_call: Final[Callable[[wire.CallCapabilities], Actions]] = _Shared(
    partial(_offered, vocabulary=CALL_CAPABILITIES)
).__getitem__
"""What a call itself offers: the same set is always the same object."""
of_leg: Final[Callable[[wire.LegCapabilities], Actions]] = _Shared(
    partial(_offered, vocabulary=LEG_CAPABILITIES)
).__getitem__
"""What a leg offers: the same set is always the same object."""


def of_device(data: wire.DeviceCapabilities) -> Actions:
    """What may be started on a device: the same set is always the same object."""
    key = (data.make_call, data.make_business_call, data.make_private_call, data.un_park_call)
    actions = _OF_DEVICES.get(key)
    if actions is None:
        actions = frozenset(action for name, action in DEVICE_CAPABILITIES if getattr(data, name))
        actions = _OF_DEVICES[key] = _only(actions)
    return actions


def together(
    own: Actions,
    legs: tuple[Leg, ...],
    state: CallState,
    parties: int,
    other_active: bool,
    devices: tuple[Device, ...],
) -> Actions:
    """Everything that a call offers: its own, its legs', and what follows; the same set is always the same object."""
    if len(legs) == 1:
        (leg,) = legs
        of_legs = leg.actions
    else:
        of_legs = NONE.union(*[leg.actions for leg in legs])
    follows = None
    if state is _ACTIVE:
        for device in devices:
            if _DIAL in device.actions:
                for leg in legs:
                    if leg.device == device.id:
                        follows = _CONSULT
    elif other_active and state is _HELD:
        follows = _ALTERNATE
    return _TOGETHER[own, of_legs, parties < 2, follows]


def _join(key: tuple[Actions, Actions, bool, Action | None]) -> Actions:
    """What such calls offer, found out once."""
    own, of_legs, of_two, follows = key
    actions = own | of_legs
    if of_two and Action.END in own and Action.HANG_UP not in actions:
        actions |= {Action.HANG_UP}
    if follows is Action.CONSULT or (follows is Action.ALTERNATE and Action.RETRIEVE in of_legs):
        actions |= {follows}
    return actions


_TOGETHER: Final = _Shared(_join)


def with_actions(calls: tuple[CallSnapshot, ...], devices: tuple[Device, ...]) -> tuple[CallSnapshot, ...]:
    """All calls of a line with what is allowed now; the very same objects where that is as it was."""
    active = [call.id for call in calls if call.state is _ACTIVE]
    result = []
    same = True
    for call in calls:
        other = len(active) > 1 or (len(active) == 1 and active[0] != call.id)
        actions = together(call.own_actions, call.legs, call.state, len(call.parties), other, devices)
        if actions is call.actions:
            result.append(call)
        else:
            same = False
            result.append(replace(call, actions=actions))
    return calls if same else tuple(result)
