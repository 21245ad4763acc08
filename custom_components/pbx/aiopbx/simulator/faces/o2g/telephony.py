"""The telephony service: operations on calls, telephones, call-backs, texts and hunting groups."""

from http import HTTPStatus
from typing import Any, Final, Literal

from ....o2g.types import telephony as wire
from ....o2g.types.base import Wire
from ...switch.calls import ACTIVE, DIALING, HELD, RELEASING, RINGING_INCOMING, RINGING_OUTGOING
from ...switch.errors import SwitchError, bad_value, wrong_state
from . import views
from .context import Answer, Context, Handler, Route, publish_snapshot
from .refusals import NOT_FOUND, Refusal, bad_parameter, refuse_with_details, telephony
from .users import party_info

MISSING: Final = HTTPStatus.NOT_FOUND


# -- basic calls ------------------------------------------------------------------------------------------------


def basic_make_call(ctx: Context) -> Answer | None:
    """Call a number; an administrator can also call from a set where no one is logged on."""
    body: wire.MakeBasicCallRequest = ctx.body
    if ctx.login is None:
        ctx.switch.make_set_call(body.device_id, body.callee)
        return None
    call = ctx.switch.make_call(ctx.login, body.device_id, body.callee, auto_answer=bool(body.auto_answer))
    return Answer(HTTPStatus.CREATED, call.ref)


def basic_answer(ctx: Context) -> None:
    """Answer the call that rings on a telephone."""
    body: wire.AnswerRequest = ctx.body
    for view in ctx.switch.call_views(ctx.user):
        if any(leg.device == body.device_id and leg.state == RINGING_INCOMING for leg in view.legs):
            ctx.switch.answer(ctx.user, view.ref, body.device_id)
            return
    if body.device_id not in ctx.switch.user(ctx.user).devices:
        raise SwitchError("UNAUTHORIZED", "INVALID_DEVICE", f"{body.device_id!r} is no telephone of {ctx.user}.")
    raise wrong_state(f"No call rings on {body.device_id}.")


def basic_drop_me(ctx: Context) -> None:
    """Leave the call that is most engaged, if there are several."""
    calls = ctx.switch.call_views(ctx.user)
    for state in (ACTIVE, RINGING_OUTGOING, DIALING, RELEASING, HELD, RINGING_INCOMING):
        for view in calls:
            if view.state == state:
                ctx.switch.drop(ctx.user, view.ref)
                return
    raise wrong_state(f"{ctx.user} has no call.")


def attached(body: wire.MakeCallRequest | wire.SendAssociatedDataRequest) -> str | None:
    """Return the data for a call: as text, or as official clients write it, in hexadecimal."""
    digits = body.hexa_binary_associated_data
    if body.associated_data is not None or digits is None:
        return body.associated_data
    try:
        return bytes.fromhex(digits).decode()
    except ValueError:
        raise bad_value("hexaBinaryAssociatedData is no UTF-8 in hexadecimal digits.") from None


# -- calls ------------------------------------------------------------------------------------------------------


def get_calls(ctx: Context) -> wire.Calls:
    """Return all calls of the user."""
    return wire.Calls(calls=tuple(views.call(view) for view in ctx.switch.call_views(ctx.user)))


def make_call(ctx: Context) -> Answer | None:
    """Call a number: a regular, private or business call, or one to the supervisor."""
    body: wire.MakeCallRequest = ctx.body
    supervisor = body.acd_call is not None and bool(body.acd_call.call_to_supervisor)
    if body.device_id is None:
        raise bad_value("deviceId is missing.", "INVALID_DEVICE")
    if body.callee is None and not supervisor:
        raise bad_value("callee is missing.", "INVALID_DESTINATION")
    if body.acd_call is not None and (body.pin is not None or body.secret_code is not None):
        raise bad_value("A private call takes no acdCall.")
    if ctx.login is None:
        ctx.switch.make_set_call(body.device_id, body.callee or "")
        return None
    call = ctx.switch.make_call(
        ctx.login,
        body.device_id,
        body.callee or "",
        auto_answer=bool(body.auto_answer),
        associated_data=attached(body),
        calling_number=body.calling_number,
        inhibit_progress_tone=bool(body.inhibit_progress_tone),
        pin=body.pin,
        secret_code=body.secret_code,
        business_code=body.business_code,
        to_supervisor=supervisor,
        skills=_skills(body.acd_call),
    )
    return Answer(HTTPStatus.CREATED, call.ref)


def _skills(parameters: wire.AcdCallParam | None) -> tuple[tuple[int, int], ...]:
    """Return number and minimum level of the skills that are needed; one that is switched off does not count."""
    if parameters is None or parameters.skills is None:
        return ()
    for skill in parameters.skills.skills:
        if skill.skill_number is None:
            raise bad_value("acdCall.skills: a skill has no skillNumber.")
    return tuple(
        (skill.skill_number or 0, skill.expert_eval_level or 1)
        for skill in parameters.skills.skills
        if skill.acr_status is not False
    )


def get_call(ctx: Context, call_ref: str) -> wire.Call:
    """Return a call."""
    return views.call(ctx.switch.call_view(ctx.user, call_ref))


def release(ctx: Context, call_ref: str) -> None:
    """End a call for all parties."""
    ctx.switch.release(ctx.user, call_ref)


def alternate(ctx: Context, call_ref: str) -> None:
    """Hold the active call and retrieve this one."""
    ctx.switch.alternate(ctx.user, call_ref, ctx.body.device_id)


def answer(ctx: Context, call_ref: str) -> None:
    """Answer a ringing call."""
    ctx.switch.answer(ctx.user, call_ref, ctx.body.device_id)


def attach_data(ctx: Context, call_ref: str) -> None:
    """Attach data to a call."""
    ctx.switch.attach_data(ctx.user, call_ref, attached(ctx.body), ctx.body.device_id)


def blind_transfer(ctx: Context, call_ref: str) -> None:
    """Transfer without consultation."""
    ctx.switch.blind_transfer(ctx.user, call_ref, ctx.body.transfer_to, bool(ctx.body.anonymous))


def callback(ctx: Context, call_ref: str) -> None:
    """Ask the called user to call back."""
    ctx.switch.callback(ctx.user, call_ref)


def get_legs(ctx: Context, call_ref: str) -> wire.Legs:
    """Return the user's telephones in a call."""
    return wire.Legs(legs=tuple(views.leg(item) for item in ctx.switch.call_view(ctx.user, call_ref).legs))


def get_leg(ctx: Context, call_ref: str, leg_id: str) -> wire.Leg:
    """Return one of them; the leg's id is that of the telephone."""
    for item in ctx.switch.call_view(ctx.user, call_ref).legs:
        if item.device == leg_id:
            return views.leg(item)
    raise SwitchError("LEG_NOT_FOUND", "INVALID_DEVICE", f"The telephone {leg_id!r} is not in this call.")


def switch_device(ctx: Context, call_ref: str, leg_id: str) -> None:
    """Move a call to another telephone of the user."""
    login = ctx.login or ctx.server.owner(leg_id)
    if login is None:
        raise SwitchError("LEG_NOT_FOUND", "INVALID_DEVICE", f"There is no telephone {leg_id!r}.")
    ctx.switch.switch_device(login, call_ref, leg_id, ctx.body.other_device_id)


def drop_me(ctx: Context, call_ref: str) -> None:
    """Leave a call."""
    ctx.switch.drop(ctx.user, call_ref)


def hold(ctx: Context, call_ref: str) -> None:
    """Put a call on hold."""
    ctx.switch.hold(ctx.user, call_ref, ctx.body.device_id)


def merge(ctx: Context, call_ref: str) -> None:
    """Make a conference of two calls."""
    ctx.switch.merge(ctx.user, call_ref, ctx.body.held_call_ref)


def overflow_to_voicemail(ctx: Context, call_ref: str) -> None:
    """Send the user's own call, which rings, to the called user's mailbox."""
    ctx.switch.overflow_to_voicemail(ctx.user, call_ref)


def park(ctx: Context, call_ref: str) -> None:
    """Park a call."""
    ctx.switch.park(ctx.user, call_ref, ctx.body.park_to if ctx.body is not None else None)


def get_participants(ctx: Context, call_ref: str) -> wire.Participants:
    """Return the other parties of a call."""
    parties = ctx.switch.call_view(ctx.user, call_ref).parties
    return wire.Participants(participants=tuple(views.participant(item) for item in parties))


def get_participant(ctx: Context, call_ref: str, participant_id: str) -> wire.Participant:
    """Return one of them."""
    for item in ctx.switch.call_view(ctx.user, call_ref).parties:
        if item.id == participant_id:
            return views.participant(item)
    message = f"There is no other participant {participant_id!r} in the call."
    raise telephony(NOT_FOUND, message, error_type="BAD_PARAMETER_VALUE", error_cause="INVALID_DATA", status=MISSING)


def drop_participant(ctx: Context, call_ref: str, participant_id: str) -> None:
    """Drop another party."""
    ctx.switch.drop_participant(ctx.user, call_ref, participant_id)


def reconnect(ctx: Context, call_ref: str) -> None:
    """Cancel a consultation."""
    body: wire.ReconnectRequest = ctx.body
    ctx.switch.reconnect(ctx.user, call_ref, body.enquiry_call_ref, body.device_id)


def recording(ctx: Context, call_ref: str) -> None:
    """Start, stop, pause or resume a recording."""
    action = ctx.query.get("action")
    if not action:
        raise bad_parameter("action", "it is missing; start, stop, pause and resume are possible")
    ctx.switch.recording(ctx.user, call_ref, action.lower())  # some clients write Start


def redirect(ctx: Context, call_ref: str) -> None:
    """Send a ringing call elsewhere."""
    ctx.switch.redirect(ctx.user, call_ref, ctx.body.redirect_to, bool(ctx.body.anonymous))


def retrieve(ctx: Context, call_ref: str) -> None:
    """Take a held call back."""
    ctx.switch.retrieve(ctx.user, call_ref, ctx.body.device_id)


def send_dtmf(ctx: Context, call_ref: str) -> None:
    """Send tones."""
    ctx.switch.send_dtmf(ctx.user, call_ref, ctx.body.device_id, ctx.body.number)


def send_account_info(ctx: Context, call_ref: str) -> None:
    """Send a transaction code."""
    ctx.switch.account_info(ctx.user, call_ref, ctx.body.account_info, ctx.body.device_id)


def transfer(ctx: Context, call_ref: str) -> None:
    """Transfer to the held call."""
    ctx.switch.transfer(ctx.user, call_ref, ctx.body.held_call_ref)


# -- telephones -------------------------------------------------------------------------------------------------


def desk_sharing_log_on(ctx: Context) -> None:
    """Log on at a desk-sharing set."""
    ctx.switch.desk_sharing_log_on(ctx.user, ctx.body.dss_device_number)


def desk_sharing_log_off(ctx: Context) -> None:
    """Log off at a desk-sharing set."""
    ctx.switch.desk_sharing_log_off(ctx.user)


def get_devices(ctx: Context) -> wire.DeviceStates:
    """Return the user's telephones, in service or not."""
    devices = ctx.switch.user(ctx.user).devices.values()
    return wire.DeviceStates(device_states=tuple(views.device_state(device.id, device.state) for device in devices))


def get_device(ctx: Context, device_id: str) -> wire.DeviceState:
    """Return one of them."""
    device = ctx.switch.user(ctx.user).devices.get(device_id)
    if device is None:
        message = f"{device_id!r} is no telephone of {ctx.user}."
        raise telephony(
            NOT_FOUND, message, error_type="BAD_PARAMETER_VALUE", error_cause="INVALID_DEVICE", status=MISSING
        )
    return views.device_state(device.id, device.state)


def pickup(ctx: Context, device_id: str) -> None:
    """Pick up a call that rings elsewhere."""
    body: wire.PickupRequest = ctx.body
    ctx.switch.pickup(ctx.user, device_id, body.other_phone_number, body.other_call_ref, bool(body.auto_answer))


def unpark(ctx: Context, device_id: str) -> None:
    """Take a parked call."""
    ctx.switch.unpark(ctx.user, device_id, ctx.body.un_park_from if ctx.body is not None else None)


# -- hunting groups ---------------------------------------------------------------------------------------------


def get_hunting_group_status(ctx: Context) -> wire.HuntingGroupStatus:
    """Return whether the user is logged on in its group."""
    return wire.HuntingGroupStatus(logon=ctx.switch.user(ctx.user).logged_on)


def hunting_group_log_on(ctx: Context) -> None:
    """Log on in the group."""
    ctx.switch.hunting_group_log(ctx.user, True)


def hunting_group_log_off(ctx: Context) -> None:
    """Log off in the group."""
    ctx.switch.hunting_group_log(ctx.user, False)


def add_hunting_group_member(ctx: Context, hg_number: str) -> None:
    """Put the user into a group."""
    _group(ctx, hg_number)
    ctx.switch.hunting_group_member(ctx.user, hg_number, True)


def delete_hunting_group_member(ctx: Context, hg_number: str) -> None:
    """Take the user out of a group."""
    _group(ctx, hg_number)
    ctx.switch.hunting_group_member(ctx.user, hg_number, False)


def _group(ctx: Context, number: str) -> None:
    if number not in ctx.switch.groups:
        raise Refusal(NOT_FOUND, f"There is no hunting group {number!r}.", status=MISSING)


def get_hunting_groups(ctx: Context) -> wire.HuntingGroupResult:
    """Return all groups, and the user's own."""
    return wire.HuntingGroupResult(hg_list=tuple(ctx.switch.groups), current_hg=ctx.switch.user(ctx.user).hunting_group)


# -- call-backs and texts ---------------------------------------------------------------------------------------


def get_callbacks(ctx: Context) -> wire.Callbacks:
    """Return the requests to call back."""
    entries = ctx.switch.callbacks(ctx.user)
    return wire.Callbacks(
        callbacks=tuple(
            wire.Callback(callback_id=entry.id, party_info=party_info(ctx.switch.who(entry.number)))
            for entry in entries
        )
    )


def delete_callbacks(ctx: Context) -> None:
    """Delete all of them."""
    ctx.switch.delete_callbacks(ctx.user)


def delete_callback(ctx: Context, callback_id: str) -> None:
    """Delete one."""
    ctx.switch.delete_callbacks(ctx.user, callback_id)


def request_callback(ctx: Context) -> None:
    """Ask a user to call back."""
    ctx.switch.request_callback(ctx.user, ctx.body.callee)


def get_mini_message(ctx: Context) -> wire.MiniMessage:
    """Return the newest text, which deletes it."""
    message = ctx.switch.read_text(ctx.user)
    date = f"{message.at:%Y-%m-%dT%H:%M:%S}.{message.at.microsecond // 1000:03d}Z"
    return wire.MiniMessage(sender=message.sender, date=date, message=message.text)


def send_mini_message(ctx: Context) -> None:
    """Send a text."""
    ctx.switch.send_text(ctx.user, ctx.body.recipient, ctx.body.message)


# -- state ------------------------------------------------------------------------------------------------------


def get_state(ctx: Context) -> wire.TelephonicState:
    """Return the calls and capabilities of the user."""
    return views.telephonic_state(ctx.switch, ctx.user)


def ask_snapshot(ctx: Context) -> None:
    """Send the state of the user, or of all users, as events."""
    publish_snapshot(ctx, views.TELEPHONY, views.telephony_snapshot)


_CALL: Final = "/telephony/calls/{callRef}"


def intrude(ctx: Context, device_id: str) -> None:
    """Break into the call of whom this device has found busy."""
    ctx.switch.break_in(ctx.user, device_id)


def toggle_microphone(ctx: Context, device_id: str) -> None:
    """Switch the microphone of an intercom call on or off."""
    ctx.switch.toggle_microphone(ctx.user, device_id)


def _route(
    method: str,
    path: str,
    handler: Handler,
    body: type[Wire] | None = None,
    *,
    user: Literal["named", "optional", "device", "set"] = "named",
    licence: Literal["basic", "advanced"] = "advanced",
    missing: int = HTTPStatus.BAD_REQUEST,
    **more: Any,
) -> Route:
    """``missing`` is the status of this operation for an unknown call or leg in the reference: 404, or only 400."""
    return Route(method, path, refuse_with_details(handler, missing), body, licence=licence, user=user, **more)


ROUTES: Final = [
    _route("POST", "/telephony/basicCall", basic_make_call, wire.MakeBasicCallRequest, user="device", licence="basic"),
    _route("POST", "/telephony/basicCall/answer", basic_answer, wire.AnswerRequest, user="device", licence="basic"),
    _route("POST", "/telephony/basicCall/dropme", basic_drop_me, licence="basic"),
    _route("GET", "/telephony/calls", get_calls),
    _route("POST", "/telephony/devices/{deviceId}/intrusion", intrude, user="device"),
    _route("PUT", "/telephony/devices/{deviceId}/ithmicro", toggle_microphone, user="device"),
    _route("POST", "/telephony/calls", make_call, wire.MakeCallRequest, user="set"),
    _route("GET", _CALL, get_call, missing=MISSING),
    _route("DELETE", _CALL, release, missing=MISSING),
    _route("POST", _CALL + "/alternate", alternate, wire.AlternateRequest, user="device"),
    _route("POST", _CALL + "/answer", answer, wire.AnswerRequest, user="device"),
    _route("POST", _CALL + "/attachdata", attach_data, wire.SendAssociatedDataRequest, user="device"),
    _route("POST", _CALL + "/blindtransfer", blind_transfer, wire.BlindTransferRequest),
    _route("POST", _CALL + "/callback", callback),
    _route("GET", _CALL + "/deviceLegs", get_legs, missing=MISSING),
    _route("GET", _CALL + "/deviceLegs/{legId}", get_leg, missing=MISSING),
    _route("POST", _CALL + "/deviceLegs/{legId}", switch_device, wire.SwitchDeviceRequest, user="device"),
    _route("POST", _CALL + "/dropme", drop_me),
    _route("POST", _CALL + "/hold", hold, wire.HoldRequest, user="device"),
    _route("POST", _CALL + "/merge", merge, wire.MergeRequest),
    _route("POST", _CALL + "/overflowToVoiceMail", overflow_to_voicemail),
    _route("POST", _CALL + "/park", park, wire.ParkRequest, body_required=False),
    _route("GET", _CALL + "/participants", get_participants, missing=MISSING),
    _route("GET", _CALL + "/participants/{participantId}", get_participant, missing=MISSING),
    _route("DELETE", _CALL + "/participants/{participantId}", drop_participant),
    _route("POST", _CALL + "/reconnect", reconnect, wire.ReconnectRequest),
    _route("POST", _CALL + "/recording", recording),
    _route("POST", _CALL + "/redirect", redirect, wire.RedirectRequest, missing=MISSING),
    _route("POST", _CALL + "/retrieve", retrieve, wire.RetrieveRequest, user="device", missing=MISSING),
    _route("POST", _CALL + "/sendDtmf", send_dtmf, wire.SendDtmfRequest, user="device", missing=MISSING),
    _route("POST", _CALL + "/sendaccountinfo", send_account_info, wire.SendAccountInfoRequest, user="device"),
    _route("POST", _CALL + "/transfer", transfer, wire.TransferRequest, missing=MISSING),
    _route("POST", "/telephony/deskSharing", desk_sharing_log_on, wire.DSLogOnRequest),
    _route("DELETE", "/telephony/deskSharing", desk_sharing_log_off),
    _route("GET", "/telephony/devices", get_devices),
    _route("GET", "/telephony/devices/{deviceId}", get_device, missing=MISSING),
    _route("POST", "/telephony/devices/{deviceId}/pickup", pickup, wire.PickupRequest, user="device"),
    _route(
        "POST", "/telephony/devices/{deviceId}/unpark", unpark, wire.UnParkRequest, user="device", body_required=False
    ),
    _route("GET", "/telephony/huntingGroupLogOn", get_hunting_group_status),
    _route("POST", "/telephony/huntingGroupLogOn", hunting_group_log_on),
    _route("DELETE", "/telephony/huntingGroupLogOn", hunting_group_log_off),
    _route("POST", "/telephony/huntingGroupMember/{hgNumber}", add_hunting_group_member, missing=MISSING),
    _route("DELETE", "/telephony/huntingGroupMember/{hgNumber}", delete_hunting_group_member, missing=MISSING),
    _route("GET", "/telephony/huntingGroups", get_hunting_groups),
    _route("GET", "/telephony/incomingCallbacks", get_callbacks),
    _route("DELETE", "/telephony/incomingCallbacks", delete_callbacks),
    _route("DELETE", "/telephony/incomingCallbacks/{callbackId}", delete_callback),
    _route("GET", "/telephony/miniMessages", get_mini_message),
    _route("POST", "/telephony/miniMessages", send_mini_message, wire.MiniMessageRequest),
    _route("POST", "/telephony/outgoingCallbacks", request_callback, wire.CallbackRequest),
    _route("GET", "/telephony/state", get_state),
    _route("POST", "/telephony/state/snapshot", ask_snapshot, user="optional"),
]
