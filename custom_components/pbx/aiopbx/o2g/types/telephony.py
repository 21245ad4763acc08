"""Wire types of O2G: call control."""

from typing import ClassVar

import msgspec

from .base import O2gEvent, Wire, WireEnum


class CallCause(WireEnum):
    """Why a call event happened."""

    ABANDONED = "ABANDONED"
    ALL_TRUNK_BUSY = "ALL_TRUNK_BUSY"
    BUSY = "BUSY"
    CLEARED = "CLEARED"
    PARTICIPANT_LEFT = "PARTICIPANT_LEFT"
    CONFERENCED = "CONFERENCED"
    INVALID_NUMBER = "INVALID_NUMBER"
    DESTINATION_NOT_OBTAINABLE = "DESTINATION_NOT_OBTAINABLE"
    FORWARDED = "FORWARDED"
    PICKED_UP = "PICKED_UP"
    REDIRECTED = "REDIRECTED"
    TRANSFERRED = "TRANSFERRED"
    UNKNOWN = "UNKNOWN"
    PICKED_UP_TANDEM = "PICKED_UP_TANDEM"
    CALL_BACK = "CALL_BACK"
    RECALL = "RECALL"
    DISTRIBUTED = "DISTRIBUTED"
    SUPERVISOR_LISTENING = "SUPERVISOR_LISTENING"
    SUPERVISOR_INTRUSION = "SUPERVISOR_INTRUSION"
    SUPERVISOR_RESTRICT_INTRUSION = "SUPERVISOR_RESTRICT_INTRUSION"
    NO_AVAILABLE_AGENT = "NO_AVAILABLE_AGENT"
    LOCKOUT = "LOCKOUT"
    # Servers after 2.2
    DO_NOT_DISTURB = "DO_NOT_DISTURB"
    NOT_ANSWERED = "NOT_ANSWERED"
    PARKED = "PARKED"
    OVERFLOWN = "OVERFLOWN"
    CAMP_ON = "CAMP_ON"
    ACD_ENTER_DISTRIBUTION = "ACD_ENTER_DISTRIBUTION"
    RESOURCES_NOT_AVAILABLE = "RESOURCES_NOT_AVAILABLE"


class MainType(WireEnum):
    """Kind of a party."""

    USER = "USER"
    DEVICE = "DEVICE"
    SERVICE = "SERVICE"
    EXTERNAL = "EXTERNAL"
    UNKNOWN = "UNKNOWN"


class MediaState(WireEnum):
    """State of a call, leg or party."""

    UNKNOWN = "UNKNOWN"
    OFF_HOOK = "OFF_HOOK"
    IDLE = "IDLE"
    RELEASING = "RELEASING"
    DIALING = "DIALING"
    HELD = "HELD"
    RINGING_INCOMING = "RINGING_INCOMING"
    RINGING_OUTGOING = "RINGING_OUTGOING"
    ACTIVE = "ACTIVE"


class OperationalState(WireEnum):
    """State of service of a device."""

    IN_SERVICE = "IN_SERVICE"
    OUT_OF_SERVICE = "OUT_OF_SERVICE"
    UNKNOWN = "UNKNOWN"


class PilotStatus(WireEnum):
    """State of a pilot."""

    OPEN = "OPEN"
    BLOCKED = "BLOCKED"
    BLOCKED_ON_RULE = "BLOCKED_ON_RULE"
    BLOCKED_ON_BLOCKED_RULE = "BLOCKED_ON_BLOCKED_RULE"
    GENERAL_FORWARDING = "GENERAL_FORWARDING"
    GENERAL_FORWARDING_ON_RULE = "GENERAL_FORWARDING_ON_RULE"
    BLOCKED_ON_GENERAL_FORWARDING_RULE = "BLOCKED_ON_GENERAL_FORWARDING_RULE"
    OTHER = "OTHER"


class RecordState(WireEnum):
    """State of a recording."""

    PAUSED = "PAUSED"
    RECORDING = "RECORDING"


class UserState(WireEnum):
    """Whether a user is free."""

    FREE = "FREE"
    BUSY = "BUSY"
    UNKNOWN = "UNKNOWN"


class AcdCallInfo(Wire, kw_only=True):
    """Waiting times (seconds) and group of a distributed call."""

    queue_waiting_time: int | None = None
    global_waiting_time: int | None = None
    agent_group: str | None = None
    local: bool | None = None


class ACRSkill(Wire, kw_only=True):
    """A skill that an agent must have."""

    skill_number: int | None = None
    acr_status: bool | None = None
    expert_eval_level: int | None = None


class ACRSkills(Wire, kw_only=True):
    """Skills asked for."""

    skills: tuple[ACRSkill, ...] = ()


class AlternateRequest(Wire, kw_only=True):
    """Swap the active and the held call, on this device."""

    device_id: str


class AnswerRequest(Wire, kw_only=True):
    """Answer on this device."""

    device_id: str


class BlindTransferRequest(Wire, kw_only=True):
    """Transfer without consultation."""

    transfer_to: str
    anonymous: bool | None = None


class CallbackRequest(Wire, kw_only=True):
    """Ask a user to call back."""

    callee: str


class CallCapabilities(Wire, kw_only=True):
    """What may be done with a call now. Absent is false."""

    add_device: bool = False
    add_participant: bool = False
    intruded: bool = False
    intrusion: bool = False
    transfer: bool = False
    blind_transfer: bool = False
    merge: bool = False
    redirect: bool = False
    picked_up: bool = False
    redirect_to_voice_mail: bool = False
    redirect_to_dva: bool = msgspec.field(name="redirectToDVA", default=False)
    overflow_to_voice_mail: bool = False
    drop_me: bool = False
    terminate: bool = False
    reject: bool = False
    call_back: bool = False
    park: bool = False
    start_record: bool = False
    stop_record: bool = False
    pause_record: bool = False
    resume_record: bool = False
    drop_participant: bool = False
    mute_participant: bool = False
    hold_participant: bool = False


class DeviceCapabilities(Wire, kw_only=True):
    """What may be started on a device now. Absent is false."""

    device_id: str | None = None
    make_call: bool = False
    make_business_call: bool = False
    make_private_call: bool = False
    un_park_call: bool = False


class DeviceState(Wire, kw_only=True):
    """Whether a device is in service."""

    device_id: str | None = None
    state: OperationalState | None = None


class DeviceStates(Wire, kw_only=True):
    """States of devices."""

    device_states: tuple[DeviceState, ...] = ()


class DSLogOnRequest(Wire, kw_only=True):
    """Log a desk-sharing user on a desk-sharing set."""

    dss_device_number: str


class HoldRequest(Wire, kw_only=True):
    """Put on hold, on this device."""

    device_id: str


class HuntingGroupResult(Wire, kw_only=True):
    """Hunting groups of the node, and the one the user belongs to."""

    hg_list: tuple[str, ...] = ()
    current_hg: str | None = None


class HuntingGroupStatus(Wire, kw_only=True):
    """Whether the user is logged on in the hunting group."""

    logon: bool | None = None


class Identifier(Wire, kw_only=True):
    """Login name and telephone number of a party."""

    login_name: str | None = None
    phone_number: str | None = None
    multi_line: bool | None = None


class LegCapabilities(Wire, kw_only=True):
    """What may be done with a leg now. Absent is false."""

    answer: bool = False
    drop: bool = False
    hold: bool = False
    retrieve: bool = False
    reconnect: bool = False
    mute: bool = False
    un_mute: bool = False
    send_dtmf: bool = False
    switch_device: bool = False


class MakeBasicCallRequest(Wire, kw_only=True):
    """A call with the basic licence."""

    device_id: str
    callee: str
    auto_answer: bool | None = None


class MergeRequest(Wire, kw_only=True):
    """Make a conference with this held call."""

    held_call_ref: str


class MiniMessage(Wire, kw_only=True):
    """A short text message; reading it erases it on the server."""

    sender: str | None = None
    date: str | None = None
    message: str | None = None
    date_time: str | None = None
    """As some servers may call the date."""


class MiniMessageRequest(Wire, kw_only=True):
    """Send a short text message."""

    recipient: str
    message: str


class OnCallRemoved(O2gEvent, tag="OnCallRemoved", kw_only=True):
    """A call is gone."""

    login_name: str | None = None
    call_ref: str | None = None
    cause: CallCause | None = None
    new_destination: str | None = None
    device_capabilities: tuple[DeviceCapabilities, ...] = ()


class OnDeviceStateModified(O2gEvent, tag="OnDeviceStateModified", kw_only=True):
    """Devices changed their state of service."""

    login_name: str | None = None
    device_states: tuple[DeviceState, ...] = ()


class OnDynamicStateChanged(O2gEvent, tag="OnDynamicStateChanged", kw_only=True):
    """The user logged on or off in the hunting group."""

    login_name: str | None = None
    hunting_group_state: HuntingGroupStatus | None = None


class OnUserStateModified(O2gEvent, tag="OnUserStateModified", kw_only=True):
    """A user became free or busy."""

    login_name: str | None = None
    state: UserState | None = None


class ParkRequest(Wire, kw_only=True):
    """Where to park a call; none is the own device."""

    park_to: str | None = None


class ParticipantType(Wire, kw_only=True):
    """Whether a party is a user, a device, a service or outside."""

    main: MainType | None = None
    sub_type: str | None = None


class PartyInfo(Wire, kw_only=True):
    """Who a party is."""

    id: Identifier | None = None
    first_name: str | None = None
    last_name: str | None = None
    display_name: str | None = None
    type: ParticipantType | None = None


class PickupRequest(Wire, kw_only=True):
    """Pick up a call that rings elsewhere."""

    other_call_ref: str | None = None
    other_phone_number: str
    auto_answer: bool | None = None


class PilotTransferInfo(Wire, kw_only=True):
    """Whether a transfer to a pilot is possible."""

    transfer_possible: bool | None = None
    pilot_status: PilotStatus | None = None


class QueueData(Wire, kw_only=True):
    """A queue of the call centre; times in seconds."""

    waiting_time: int | None = None
    saturated: bool | None = None


class ReconnectRequest(Wire, kw_only=True):
    """Give up the consultation call, go back to the held one."""

    device_id: str
    enquiry_call_ref: str


class RedirectRequest(Wire, kw_only=True):
    """Redirect a ringing call to a number, ``VOICEMAIL`` or ``DVA``."""

    redirect_to: str
    anonymous: bool | None = None


class RetrieveRequest(Wire, kw_only=True):
    """Retrieve from hold, on this device."""

    device_id: str


class SendAccountInfoRequest(Wire, kw_only=True):
    """A transaction code (digits)."""

    device_id: str | None = None
    account_info: str


class SendAssociatedDataRequest(Wire, kw_only=True):
    """Data to go with a call, 32 bytes at most."""

    device_id: str | None = None
    associated_data: str | None = None
    hexa_binary_associated_data: str | None = None


class SendDtmfRequest(Wire, kw_only=True):
    """DTMF digits to send, which may be someone's PIN."""

    _secrets: ClassVar[frozenset[str]] = frozenset({"number"})

    device_id: str
    number: str


class SwitchDeviceRequest(Wire, kw_only=True):
    """Move a call to another device of the user."""

    other_device_id: str


class Tag(Wire, kw_only=True):
    """A named value on a call."""

    name: str | None = None
    value: str | None = None
    visibilities: tuple[str, ...] = ()


class TransferRequest(Wire, kw_only=True):
    """Transfer to this held call."""

    held_call_ref: str


class TrunkIdentification(Wire, kw_only=True):
    """Where a call comes in from outside: timeslot and equipment numbers of its trunk."""

    network_timeslot: int | None = None
    trunk_neqt: tuple[int, ...] = ()


class UnParkRequest(Wire, kw_only=True):
    """From where to retrieve a parked call; none is the own device."""

    un_park_from: str | None = None


class AcdCallData(Wire, kw_only=True):
    """What the call centre knows of a call."""

    call_info: AcdCallInfo | None = None
    queue_data: QueueData | None = None
    pilot_number: str | None = None
    rsi_number: str | None = None
    supervised_transfer: bool | None = None
    pilot_transfer_info: PilotTransferInfo | None = None


class AcdCallParam(Wire, kw_only=True):
    """How a call to or from the call centre is made."""

    supervised_transfer: bool | None = None
    skills: ACRSkills | None = None
    call_to_supervisor: bool | None = None


class Callback(Wire, kw_only=True):
    """A call-back request."""

    callback_id: str | None = None
    party_info: PartyInfo | None = None


class Callbacks(Wire, kw_only=True):
    """Call-back requests."""

    callbacks: tuple[Callback, ...] = ()


class CallData(Wire, kw_only=True):
    """State, called party, recording, data and capabilities of a call."""

    initial_called: PartyInfo | None = None
    device_call: bool | None = None
    anonymous: bool | None = None
    call_uuid: str | None = msgspec.field(name="callUUID", default=None)
    state: MediaState | None = None
    record_state: RecordState | None = None
    tags: tuple[Tag, ...] = ()
    capabilities: CallCapabilities | None = None
    associate_data: str | None = None
    account_info: str | None = None
    acd_call_data: AcdCallData | None = None
    associated_data: str | None = None
    hexa_binary_associated_data: str | None = None
    last_redirecting: PartyInfo | None = None
    """Who redirected it last. Servers from 2.7.4 on."""
    trunk_identification: TrunkIdentification | None = None


class Leg(Wire, kw_only=True):
    """A user's device in a call."""

    device_id: str | None = None
    state: MediaState | None = None
    ringing_remote: bool | None = None
    capabilities: LegCapabilities | None = None


class Legs(Wire, kw_only=True):
    """Legs."""

    legs: tuple[Leg, ...] = ()


class MakeCallRequest(Wire, kw_only=True):
    """A call: regular, private, business or to the call centre."""

    _secrets: ClassVar[frozenset[str]] = frozenset({"pin", "secret_code"})

    device_id: str | None = None
    callee: str | None = None
    auto_answer: bool | None = None
    inhibit_progress_tone: bool | None = None
    associated_data: str | None = None
    hexa_binary_associated_data: str | None = None
    pin: str | None = None
    secret_code: str | None = None
    business_code: str | None = None
    calling_number: str | None = None
    acd_call: AcdCallParam | None = None


class Participant(Wire, kw_only=True):
    """A party of a call."""

    participant_id: str | None = None
    identity: PartyInfo | None = None
    anonymous: bool | None = None
    undroppable: bool | None = None
    state: MediaState | None = None


class Participants(Wire, kw_only=True):
    """Parties of a call."""

    participants: tuple[Participant, ...] = ()


class Call(Wire, kw_only=True):
    """A call as one user sees it."""

    call_ref: str | None = None
    call_data: CallData | None = None
    legs: tuple[Leg, ...] = ()
    participants: tuple[Participant, ...] = ()


class Calls(Wire, kw_only=True):
    """Calls."""

    calls: tuple[Call, ...] = ()


class OnCallCreated(O2gEvent, tag="OnCallCreated", kw_only=True):
    """A call came to be."""

    login_name: str | None = None
    call_ref: str | None = None
    cause: CallCause | None = None
    call_data: CallData | None = None
    initiator: str | None = None
    legs: tuple[Leg, ...] = ()
    participants: tuple[Participant, ...] = ()
    device_capabilities: tuple[DeviceCapabilities, ...] = ()


class OnCallModified(O2gEvent, tag="OnCallModified", kw_only=True):
    """A call changed: a delta. Capabilities replace the former ones whole."""

    login_name: str | None = None
    call_ref: str | None = None
    cause: CallCause | None = None
    previous_call_ref: str | None = None
    replaced_by_call_ref: str | None = None
    call_data: CallData | None = None
    modified_legs: tuple[Leg, ...] = ()
    added_legs: tuple[Leg, ...] = ()
    removed_legs: tuple[Leg, ...] = ()
    modified_participants: tuple[Participant, ...] = ()
    added_participants: tuple[Participant, ...] = ()
    removed_participant_ids: tuple[str, ...] = ()
    device_capabilities: tuple[DeviceCapabilities, ...] = ()


class TelephonicState(Wire, kw_only=True):
    """Calls and device capabilities of a user."""

    calls: tuple[Call, ...] = ()
    device_capabilities: tuple[DeviceCapabilities, ...] = ()
    user_state: UserState | None = None
    device_states: DeviceStates | None = None


class OnTelephonyState(O2gEvent, tag="OnTelephonyState", kw_only=True):
    """A snapshot of the calls of one user."""

    login_name: str | None = None
    state: TelephonicState | None = None
