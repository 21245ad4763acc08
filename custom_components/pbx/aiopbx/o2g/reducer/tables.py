"""The words of the wire, and what the model calls them."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeAlias

from msgspec.structs import replace

from ...model import Action, CallSnapshot, CallState, Condition, Device, DeviceState, Leg, Outcome, Recording
from ..types import telephony as wire
from ..types.telephony import MediaState

# A key that is found because it is the very same object is found twice as fast as one that is only equal.
STATE: Final[dict[str, CallState]] = {
    MediaState.ACTIVE: CallState.ACTIVE,
    MediaState.HELD: CallState.HELD,
    MediaState.DIALING: CallState.DIALING,
    MediaState.RINGING_INCOMING: CallState.RINGING_INCOMING,
    MediaState.RINGING_OUTGOING: CallState.RINGING_OUTGOING,
    MediaState.RELEASING: CallState.RELEASING,
    # OFF_HOOK, IDLE, UNKNOWN and whatever servers invent are UNKNOWN: engaged, and no more than that.
}
OUTGOING: Final = frozenset({CallState.DIALING, CallState.RINGING_OUTGOING})
CALL_CAPABILITIES: Final[tuple[tuple[str, Action], ...]] = (
    ("transfer", Action.TRANSFER),
    ("blind_transfer", Action.BLIND_TRANSFER),
    ("merge", Action.MERGE),
    ("redirect", Action.REDIRECT),
    ("redirect_to_voice_mail", Action.REDIRECT_TO_VOICEMAIL),
    ("redirect_to_dva", Action.REDIRECT_TO_DVA),
    ("overflow_to_voice_mail", Action.OVERFLOW_TO_VOICEMAIL),
    ("drop_me", Action.HANG_UP),
    ("terminate", Action.END),
    ("call_back", Action.CALL_BACK),
    ("intrusion", Action.INTRUDE),
    ("park", Action.PARK),
    ("start_record", Action.START_RECORDING),
    ("stop_record", Action.STOP_RECORDING),
    ("pause_record", Action.PAUSE_RECORDING),
    ("resume_record", Action.RESUME_RECORDING),
    ("drop_participant", Action.DROP_PARTICIPANT),
    ("picked_up", Action.PICK_UP),
)
LEG_CAPABILITIES: Final[tuple[tuple[str, Action], ...]] = (
    ("answer", Action.ANSWER),
    ("drop", Action.HANG_UP),
    ("hold", Action.HOLD),
    ("retrieve", Action.RETRIEVE),
    ("reconnect", Action.RECONNECT),
    ("send_dtmf", Action.SEND_DTMF),
    ("switch_device", Action.SWITCH_DEVICE),
)
DEVICE_CAPABILITIES: Final[tuple[tuple[str, Action], ...]] = (
    ("make_call", Action.DIAL),
    ("make_business_call", Action.DIAL_BUSINESS),
    ("make_private_call", Action.DIAL_PRIVATE),
    ("un_park_call", Action.UNPARK),
)
DEVICE_STATE: Final[dict[str, DeviceState]] = {
    "IN_SERVICE": DeviceState.IN_SERVICE,
    "OUT_OF_SERVICE": DeviceState.OUT_OF_SERVICE,
}
CONDITION: Final[dict[str, Condition]] = {
    "BUSY": Condition.BUSY,
    "NO_ANSWER": Condition.NO_ANSWER,
    "BUSY_NO_ANSWER": Condition.BUSY_NO_ANSWER,
}
RECORDING: Final[dict[str, Recording]] = {"RECORDING": Recording.RECORDING, "PAUSED": Recording.PAUSED}
DECIDED: Final[dict[str, Outcome]] = {
    "TRANSFERRED": Outcome.TRANSFERRED,
    "CONFERENCED": Outcome.MERGED,
    "PARKED": Outcome.PARKED,
    "PICKED_UP": Outcome.PICKED_UP,
    "PICKED_UP_TANDEM": Outcome.PICKED_UP,
}
"""Causes that decide the outcome whatever states were passed."""
UNANSWERED: Final[dict[str, Outcome]] = {
    "BUSY": Outcome.BUSY,
    "CAMP_ON": Outcome.BUSY,
    "INVALID_NUMBER": Outcome.FAILED,
    "ALL_TRUNK_BUSY": Outcome.FAILED,
    "DESTINATION_NOT_OBTAINABLE": Outcome.FAILED,
    "RESOURCES_NOT_AVAILABLE": Outcome.FAILED,
    "NO_AVAILABLE_AGENT": Outcome.FAILED,
    "LOCKOUT": Outcome.FAILED,
    "FORWARDED": Outcome.FORWARDED,
    "REDIRECTED": Outcome.FORWARDED,
    "OVERFLOWN": Outcome.FORWARDED,
    "DO_NOT_DISTURB": Outcome.REJECTED,
    "REJECTED": Outcome.REJECTED,
}
"""Causes that decide the outcome of a call that was never active."""
TONES: Final = frozenset(
    {"BUSY", "INVALID_NUMBER", "ALL_TRUNK_BUSY", "DESTINATION_NOT_OBTAINABLE", "RESOURCES_NOT_AVAILABLE", "LOCKOUT"}
)
"""Causes under which even ACTIVE only means that a tone is heard."""
ENDING: Final = TONES | {"ABANDONED", "CLEARED", "NOT_ANSWERED", "DO_NOT_DISTURB", "REJECTED", "NO_AVAILABLE_AGENT"}
"""Causes that speak of the end, also where they come before the call is being released."""
DIVERTING: Final = frozenset({"FORWARDED", "REDIRECTED", "OVERFLOWN", "PICKED_UP", "PICKED_UP_TANDEM"})
"""These do so too for a call that rings here and was not taken."""
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
    follows = None
    of_legs = legs[0].actions if len(legs) == 1 else NONE.union(*[leg.actions for leg in legs])
    if state is _ACTIVE:
        for device in devices:
            if _DIAL in device.actions:
                id_ = device.id
                for leg in legs:
                    if leg.device == id_:
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
