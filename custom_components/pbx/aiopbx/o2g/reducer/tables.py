"""The words of the wire, and what the model calls them."""

from typing import Final

from ...model import Action, CallState, Condition, DeviceState, Outcome, Recording
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
# Never actions, because no operation is behind them: reject, mute, unMute, addDevice, addParticipant, intruded,
# muteParticipant, holdParticipant.

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
