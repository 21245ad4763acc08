"""Call control: the fifty operations on calls, devices, hunting groups, call-backs and mini messages."""

from ...operations import Send, Service, operation
from ..rules import (
    ACCOUNT_INFO,
    ASSOCIATED_DATA,
    DTMF,
    MAKE_CALL,
    NEEDS,
    NUMBER,
    RECORDING_ACTION,
    REDIRECT,
)
from ..types.base import TELEPHONY_ADVANCED, TELEPHONY_BASIC
from ..types.pilots import PilotInfo, PilotQueryParam
from ..types.telephony import (
    AlternateRequest,
    AnswerRequest,
    BlindTransferRequest,
    Call,
    CallbackRequest,
    Callbacks,
    Calls,
    DeviceState,
    DeviceStates,
    DSLogOnRequest,
    HoldRequest,
    HuntingGroupResult,
    HuntingGroupStatus,
    Leg,
    Legs,
    MakeBasicCallRequest,
    MakeCallRequest,
    MergeRequest,
    MiniMessage,
    MiniMessageRequest,
    ParkRequest,
    Participant,
    Participants,
    PickupRequest,
    ReconnectRequest,
    RedirectRequest,
    RetrieveRequest,
    SendAccountInfoRequest,
    SendAssociatedDataRequest,
    SendDtmfRequest,
    SwitchDeviceRequest,
    TelephonicState,
    TransferRequest,
    UnParkRequest,
)

_CALL = "/telephony/calls/{callRef}"


class Telephony(Service, service="Telephony"):
    """Call control. An administrator names the user by ``login_name``, where no device of the user does."""

    # ------------------------------------------------------------------------------------ with the basic licence

    @operation("POST", "/telephony/basicCall", TELEPHONY_BASIC, NEEDS("deviceId"), NUMBER("callee"), starts_call=True)
    def basic_call(self, body: MakeBasicCallRequest) -> Send[str | None]:
        """Dial; answers with the reference of the call, or None for a set that belongs to no user."""
        return Send(body=body)

    @operation("POST", "/telephony/basicCall/answer", TELEPHONY_BASIC, NEEDS("deviceId"))
    def basic_call_answer(self, body: AnswerRequest) -> Send[None]:
        """Answer the call that rings."""
        return Send(body=body)

    @operation("POST", "/telephony/basicCall/dropme", TELEPHONY_BASIC)
    def basic_call_drop_me(self, *, login_name: str | None = None) -> Send[None]:
        """Leave the call: a call of two ends, a conference goes on."""
        return Send(loginName=login_name)

    # ------------------------------------------------------------------------------------------------------ calls

    @operation("GET", "/telephony/calls", TELEPHONY_ADVANCED)
    def calls(self, *, login_name: str | None = None) -> Send[Calls]:
        """Read the calls in progress."""
        return Send(loginName=login_name)

    @operation("POST", "/telephony/calls", TELEPHONY_ADVANCED, MAKE_CALL, starts_call=True)
    def make_call(self, body: MakeCallRequest, *, login_name: str | None = None) -> Send[str | None]:
        """Dial; answers with the reference of the call, or None for a set that belongs to no user.

        Without ``auto_answer`` the device rings first, and dials when it is lifted. A private call has ``pin`` and
        ``secret_code``, a business call ``business_code``; neither goes with ``associated_data`` (32 bytes).
        """
        return Send(body=body, loginName=login_name)

    @operation("GET", _CALL, TELEPHONY_ADVANCED)
    def call(self, call_ref: str, *, login_name: str | None = None) -> Send[Call]:
        """Read a call."""
        return Send(call_ref, loginName=login_name)

    @operation("DELETE", _CALL, TELEPHONY_ADVANCED)
    def release_call(self, call_ref: str, *, login_name: str | None = None) -> Send[None]:
        """End a call for everyone in it."""
        return Send(call_ref, loginName=login_name)

    @operation("POST", _CALL + "/alternate", TELEPHONY_ADVANCED, NEEDS("deviceId"))
    def alternate(self, call_ref: str, body: AlternateRequest) -> Send[None]:
        """Hold the active call and take this held one."""
        return Send(call_ref, body=body)

    @operation("POST", _CALL + "/answer", TELEPHONY_ADVANCED, NEEDS("deviceId"))
    def answer(self, call_ref: str, body: AnswerRequest) -> Send[None]:
        """Answer a call that rings; its leg says whether that is possible."""
        return Send(call_ref, body=body)

    @operation("POST", _CALL + "/attachdata", TELEPHONY_ADVANCED, ASSOCIATED_DATA, since="2.1")
    def attach_data(self, call_ref: str, body: SendAssociatedDataRequest) -> Send[None]:
        """Send data with a call, 32 bytes at most."""
        return Send(call_ref, body=body)

    @operation("POST", _CALL + "/blindtransfer", TELEPHONY_ADVANCED, NUMBER("transferTo"), starts_call=True)
    def blind_transfer(self, call_ref: str, body: BlindTransferRequest, *, login_name: str | None = None) -> Send[None]:
        """Transfer an active call without asking first."""
        return Send(call_ref, body=body, loginName=login_name)

    @operation("POST", _CALL + "/callback", TELEPHONY_ADVANCED)
    def callback(self, call_ref: str, *, login_name: str | None = None) -> Send[None]:
        """Ask to be called back, during a call."""
        return Send(call_ref, loginName=login_name)

    @operation("GET", _CALL + "/deviceLegs", TELEPHONY_ADVANCED)
    def device_legs(self, call_ref: str, *, login_name: str | None = None) -> Send[Legs]:
        """Read the user's devices in a call."""
        return Send(call_ref, loginName=login_name)

    @operation("GET", _CALL + "/deviceLegs/{legId}", TELEPHONY_ADVANCED)
    def device_leg(self, call_ref: str, leg_id: str, *, login_name: str | None = None) -> Send[Leg]:
        """Read one of the user's devices in a call."""
        return Send(call_ref, leg_id, loginName=login_name)

    @operation("POST", _CALL + "/deviceLegs/{legId}", TELEPHONY_ADVANCED, NEEDS("otherDeviceId"))
    def switch_device(self, call_ref: str, leg_id: str, body: SwitchDeviceRequest) -> Send[None]:
        """Move a call from this leg to another of the user's devices."""
        return Send(call_ref, leg_id, body=body)

    @operation("POST", _CALL + "/dropme", TELEPHONY_ADVANCED)
    def drop_me(self, call_ref: str, *, login_name: str | None = None) -> Send[None]:
        """Leave a call: a call of two ends, a conference goes on."""
        return Send(call_ref, loginName=login_name)

    @operation("POST", _CALL + "/hold", TELEPHONY_ADVANCED, NEEDS("deviceId"))
    def hold(self, call_ref: str, body: HoldRequest) -> Send[None]:
        """Hold an active call."""
        return Send(call_ref, body=body)

    @operation("POST", _CALL + "/merge", TELEPHONY_ADVANCED, NEEDS("heldCallRef"))
    def merge(self, call_ref: str, body: MergeRequest, *, login_name: str | None = None) -> Send[None]:
        """Make a conference of the active call and a held one."""
        return Send(call_ref, body=body, loginName=login_name)

    @operation("POST", _CALL + "/overflowToVoiceMail", TELEPHONY_ADVANCED)
    def overflow_to_voice_mail(self, call_ref: str, *, login_name: str | None = None) -> Send[None]:
        """Send a call that rings at the other end to the voicemail of whom was called."""
        return Send(call_ref, loginName=login_name)

    @operation("POST", _CALL + "/park", TELEPHONY_ADVANCED, NUMBER("parkTo"))
    def park(self, call_ref: str, body: ParkRequest, *, login_name: str | None = None) -> Send[None]:
        """Park an active call, on the own device or on another."""
        return Send(call_ref, body=body, loginName=login_name)

    @operation("GET", _CALL + "/participants", TELEPHONY_ADVANCED)
    def participants(self, call_ref: str, *, login_name: str | None = None) -> Send[Participants]:
        """Read the others in a call."""
        return Send(call_ref, loginName=login_name)

    @operation("GET", _CALL + "/participants/{participantId}", TELEPHONY_ADVANCED)
    def participant(self, call_ref: str, participant_id: str, *, login_name: str | None = None) -> Send[Participant]:
        """Read one of the others in a call."""
        return Send(call_ref, participant_id, loginName=login_name)

    @operation("DELETE", _CALL + "/participants/{participantId}", TELEPHONY_ADVANCED)
    def drop_participant(self, call_ref: str, participant_id: str, *, login_name: str | None = None) -> Send[None]:
        """Drop one of the others: a call of two ends, a conference goes on."""
        return Send(call_ref, participant_id, loginName=login_name)

    @operation("POST", _CALL + "/reconnect", TELEPHONY_ADVANCED, NEEDS("deviceId", "enquiryCallRef"), since="2.2.1")
    def reconnect(self, call_ref: str, body: ReconnectRequest, *, login_name: str | None = None) -> Send[None]:
        """Give a consultation up and take this held call back."""
        return Send(call_ref, body=body, loginName=login_name)

    @operation("POST", _CALL + "/recording", TELEPHONY_ADVANCED, RECORDING_ACTION)
    def recording(self, call_ref: str, *, action: str, login_name: str | None = None) -> Send[None]:
        """Control the recording of a call: ``start``, ``stop``, ``pause`` or ``resume``."""
        return Send(call_ref, loginName=login_name, action=action)

    @operation("POST", _CALL + "/redirect", TELEPHONY_ADVANCED, REDIRECT, starts_call=True)
    def redirect(self, call_ref: str, body: RedirectRequest, *, login_name: str | None = None) -> Send[None]:
        """Send a call that rings elsewhere: to a number, ``VOICEMAIL`` or ``DVA``."""
        return Send(call_ref, body=body, loginName=login_name)

    @operation("POST", _CALL + "/retrieve", TELEPHONY_ADVANCED, NEEDS("deviceId"))
    def retrieve(self, call_ref: str, body: RetrieveRequest) -> Send[None]:
        """Take a held call back."""
        return Send(call_ref, body=body)

    @operation("POST", _CALL + "/sendDtmf", TELEPHONY_ADVANCED, NEEDS("deviceId"), DTMF, dials=False)
    def send_dtmf(self, call_ref: str, body: SendDtmfRequest) -> Send[None]:
        """Send tones."""
        return Send(call_ref, body=body)

    @operation("POST", _CALL + "/sendaccountinfo", TELEPHONY_ADVANCED, ACCOUNT_INFO, since="2.1")
    def send_account_info(self, call_ref: str, body: SendAccountInfoRequest) -> Send[None]:
        """Send an agent's transaction code, digits only."""
        return Send(call_ref, body=body)

    @operation("POST", _CALL + "/transfer", TELEPHONY_ADVANCED, NEEDS("heldCallRef"))
    def transfer(self, call_ref: str, body: TransferRequest, *, login_name: str | None = None) -> Send[None]:
        """Connect the active call with a held one, and leave both."""
        return Send(call_ref, body=body, loginName=login_name)

    # ---------------------------------------------------------------------------------------------------- devices

    @operation("POST", "/telephony/deskSharing", TELEPHONY_ADVANCED, NEEDS("dssDeviceNumber"), since="2.1")
    def desk_sharing_log_on(self, body: DSLogOnRequest, *, login_name: str | None = None) -> Send[None]:
        """Log a desk-sharing user on at a shared set."""
        return Send(body=body, loginName=login_name)

    @operation("DELETE", "/telephony/deskSharing", TELEPHONY_ADVANCED, since="2.1")
    def desk_sharing_log_off(self, *, login_name: str | None = None) -> Send[None]:
        """Log a desk-sharing user off."""
        return Send(loginName=login_name)

    @operation("GET", "/telephony/devices", TELEPHONY_ADVANCED)
    def devices(self, *, login_name: str | None = None) -> Send[DeviceStates]:
        """Read whether the user's devices are in service."""
        return Send(loginName=login_name)

    @operation("GET", "/telephony/devices/{deviceId}", TELEPHONY_ADVANCED)
    def device(self, device_id: str, *, login_name: str | None = None) -> Send[DeviceState]:
        """Read whether a device is in service."""
        return Send(device_id, loginName=login_name)

    @operation("POST", "/telephony/devices/{deviceId}/pickup", TELEPHONY_ADVANCED, NUMBER("otherPhoneNumber"))
    def pickup(self, device_id: str, body: PickupRequest) -> Send[None]:
        """Take a call that rings at another user."""
        return Send(device_id, body=body)

    @operation("POST", "/telephony/devices/{deviceId}/unpark", TELEPHONY_ADVANCED, NUMBER("unParkFrom"))
    def unpark(self, device_id: str, body: UnParkRequest) -> Send[None]:
        """Take a parked call back, from this device or from another."""
        return Send(device_id, body=body)

    # --------------------------------------------------------------------------------------------- hunting groups

    @operation("GET", "/telephony/huntingGroupLogOn", TELEPHONY_ADVANCED, since="2.2")
    def hunting_group_status(self, *, login_name: str | None = None) -> Send[HuntingGroupStatus]:
        """Read whether the user is logged on in the hunting group."""
        return Send(loginName=login_name)

    @operation("POST", "/telephony/huntingGroupLogOn", TELEPHONY_ADVANCED, repeatable=True, since="2.2")
    def hunting_group_log_on(self, *, login_name: str | None = None) -> Send[None]:
        """Log the user on in the hunting group."""
        return Send(loginName=login_name)

    @operation("DELETE", "/telephony/huntingGroupLogOn", TELEPHONY_ADVANCED, since="2.2")
    def hunting_group_log_off(self, *, login_name: str | None = None) -> Send[None]:
        """Log the user off in the hunting group."""
        return Send(loginName=login_name)

    @operation("POST", "/telephony/huntingGroupMember/{hgNumber}", TELEPHONY_ADVANCED, repeatable=True, since="2.2")
    def join_hunting_group(self, hg_number: str, *, login_name: str | None = None) -> Send[None]:
        """Make the user a member of a hunting group."""
        return Send(hg_number, loginName=login_name)

    @operation("DELETE", "/telephony/huntingGroupMember/{hgNumber}", TELEPHONY_ADVANCED, since="2.2")
    def leave_hunting_group(self, hg_number: str, *, login_name: str | None = None) -> Send[None]:
        """Take the user out of a hunting group."""
        return Send(hg_number, loginName=login_name)

    @operation("GET", "/telephony/huntingGroups", TELEPHONY_ADVANCED, since="2.2")
    def hunting_groups(self, *, login_name: str | None = None) -> Send[HuntingGroupResult]:
        """List the hunting groups of the node, and which the user belongs to."""
        return Send(loginName=login_name)

    # ------------------------------------------------------------------------------- call-backs and mini messages

    @operation("GET", "/telephony/incomingCallbacks", TELEPHONY_ADVANCED)
    def incoming_callbacks(self, *, login_name: str | None = None) -> Send[Callbacks]:
        """List who asked to be called back."""
        return Send(loginName=login_name)

    @operation("DELETE", "/telephony/incomingCallbacks", TELEPHONY_ADVANCED, repeatable=False)
    def delete_incoming_callbacks(self, *, login_name: str | None = None) -> Send[None]:
        """Delete every request to be called back."""
        return Send(loginName=login_name)

    @operation("DELETE", "/telephony/incomingCallbacks/{callbackId}", TELEPHONY_ADVANCED)
    def delete_incoming_callback(self, callback_id: str, *, login_name: str | None = None) -> Send[None]:
        """Delete one request to be called back."""
        return Send(callback_id, loginName=login_name)

    @operation("GET", "/telephony/miniMessages", TELEPHONY_ADVANCED, repeatable=False, since="2.2")
    def mini_message(self, *, login_name: str | None = None) -> Send[MiniMessage]:
        """Read the newest short text, which erases it; a refusal with 400 says that there are no more."""
        return Send(loginName=login_name)

    @operation(
        "POST", "/telephony/miniMessages", TELEPHONY_ADVANCED, NUMBER("recipient"), NEEDS("message"), since="2.2"
    )
    def send_mini_message(self, body: MiniMessageRequest, *, login_name: str | None = None) -> Send[None]:
        """Send a short text to another user."""
        return Send(body=body, loginName=login_name)

    @operation("POST", "/telephony/outgoingCallbacks", TELEPHONY_ADVANCED, NUMBER("callee"))
    def request_callback(self, body: CallbackRequest, *, login_name: str | None = None) -> Send[None]:
        """Ask another user to call back, without a call."""
        return Send(body=body, loginName=login_name)

    # -------------------------------------------------------------------------------------------- intruding, pilots

    @operation("POST", "/telephony/devices/{deviceId}/intrusion", TELEPHONY_ADVANCED, since="2.4")
    def intrude_on_call(self, device_id: str) -> Send[None]:
        """Break into the call for which this device found someone busy; the call offers ``intrusion`` then."""
        return Send(device_id)

    @operation("PUT", "/telephony/devices/{deviceId}/ithmicro", TELEPHONY_ADVANCED, repeatable=False, since="2.6")
    def toggle_intercom_microphone(self, device_id: str) -> Send[None]:
        """Switch the microphone of an intercom call on, or off if it was on."""
        return Send(device_id)

    @operation(
        "POST",
        "/telephony/pilots/{nodeId}/{pilotNumber}/transferInfo",
        TELEPHONY_ADVANCED,
        repeatable=True,
        since="2.7",
    )
    def pilot_transfer_info(
        self,
        node_id: str | int,
        pilot_number: str,
        body: PilotQueryParam | None = None,
        *,
        login_name: str | None = None,
    ) -> Send[PilotInfo]:
        """Ask whether and how a transfer to a pilot would go, perhaps with wishes, which newer servers read."""
        return Send(node_id, pilot_number, body=body, loginName=login_name)

    # ------------------------------------------------------------------------------------------------------ state

    @operation("GET", "/telephony/state", TELEPHONY_ADVANCED)
    def telephonic_state(self, *, login_name: str | None = None) -> Send[TelephonicState]:
        """Read calls and what the devices allow."""
        return Send(loginName=login_name)

    @operation("POST", "/telephony/state/snapshot", TELEPHONY_ADVANCED, repeatable=True, everyone=True, since="2.0")
    def telephony_snapshot(self, *, login_name: str | None = None) -> Send[None]:
        """Have an OnTelephonyState sent on the channel: to an administrator who names no one, for every user."""
        return Send(loginName=login_name)
