"""The devices of a line in a call."""

from typing import Final

from ...model import CallState, Leg
from ..types import telephony as wire
from .actions import NONE, of_leg
from .devices import swapped
from .words import STATE

_UNKNOWN: Final = CallState.UNKNOWN


def leg(told: wire.Leg, before: Leg | None) -> Leg:
    """A leg; what was left out is as it was ``before``."""
    capabilities = told.capabilities
    if capabilities is not None:
        actions = of_leg(capabilities)
    else:
        actions = before.actions if before is not None else NONE
    if told.state is not None:
        state = STATE.get(told.state, _UNKNOWN)
    else:
        state = before.state if before is not None else _UNKNOWN
    # Whether the remote party rings is only told while it does.
    return Leg(told.device_id or "", state, told.ringing_remote is True, actions)


def legs_after(legs: tuple[Leg, ...], event: wire.OnCallModified) -> tuple[Leg, ...]:
    """The legs after some came, changed or left."""
    changed = event.modified_legs
    if len(changed) == 1 and len(legs) == 1 and not event.added_legs and not event.removed_legs:
        told = changed[0]
        if told.device_id == legs[0].device:
            return (leg(told, legs[0]),)
    if event.removed_legs:
        gone = {one.device_id for one in event.removed_legs}
        legs = tuple([one for one in legs if one.device not in gone])
    for told in event.added_legs:
        legs = _with(legs, told)
    for told in changed:
        legs = _with(legs, told)
    return legs


def legs_told(before: tuple[Leg, ...], told: tuple[wire.Leg, ...]) -> tuple[Leg, ...]:
    """The legs, told whole."""
    if not before:
        if len(told) == 1 and told[0].device_id is not None:
            return (leg(told[0], None),)
        return tuple([leg(one, None) for one in told if one.device_id is not None])
    known = {one.device: one for one in before}
    return tuple([leg(one, known.get(one.device_id)) for one in told if one.device_id is not None])


def _with(legs: tuple[Leg, ...], told: wire.Leg) -> tuple[Leg, ...]:
    device = told.device_id
    if device is None:
        return legs
    for index, one in enumerate(legs):
        if one.device == device:
            return swapped(legs, index, leg(told, one))
    return (*legs, leg(told, None))
