"""What the model of a line must say, told independently from the switch itself."""

from aiopbx import Action, CallSnapshot, CallState, Condition, LineSnapshot, LineState, Target
from aiopbx.simulator.switch import Switch
from aiopbx.simulator.switch.calls import CallView
from aiopbx.simulator.switch.users import Route

CALL = {
    "transfer": Action.TRANSFER,
    "blindTransfer": Action.BLIND_TRANSFER,
    "merge": Action.MERGE,
    "redirect": Action.REDIRECT,
    "pickedUp": Action.PICK_UP,
    "redirectToVoiceMail": Action.REDIRECT_TO_VOICEMAIL,
    "redirectToDVA": Action.REDIRECT_TO_DVA,
    "overflowToVoiceMail": Action.OVERFLOW_TO_VOICEMAIL,
    "dropMe": Action.HANG_UP,
    "terminate": Action.END,
    "callBack": Action.CALL_BACK,
    "intrusion": Action.INTRUDE,
    "park": Action.PARK,
    "startRecord": Action.START_RECORDING,
    "stopRecord": Action.STOP_RECORDING,
    "pauseRecord": Action.PAUSE_RECORDING,
    "resumeRecord": Action.RESUME_RECORDING,
    "dropParticipant": Action.DROP_PARTICIPANT,
}
LEG = {
    "answer": Action.ANSWER,
    "drop": Action.HANG_UP,
    "hold": Action.HOLD,
    "retrieve": Action.RETRIEVE,
    "reconnect": Action.RECONNECT,
    "sendDtmf": Action.SEND_DTMF,
    "switchDevice": Action.SWITCH_DEVICE,
}
DEVICE = {
    "makeCall": Action.DIAL,
    "makeBusinessCall": Action.DIAL_BUSINESS,
    "makePrivateCall": Action.DIAL_PRIVATE,
    "unParkCall": Action.UNPARK,
}
ENGAGEMENT = ["ACTIVE", "RINGING_INCOMING", "RINGING_OUTGOING", "DIALING", "HELD", "RELEASING"]


def compare(line: LineSnapshot, switch: Switch, login: str) -> None:
    """Fail unless the line is what the switch knows of it."""
    user = switch.users[login]
    views = {view.ref: view for view in switch.call_views(login)}
    assert {call.ref for call in line.calls} == set(views)
    for call in line.calls:
        compare_call(call, views[call.ref], line, list(views.values()))
    devices = {device.id: device for device in line.devices}
    for device in user.devices.values():
        known = devices[device.id]
        assert known.state.value == device.state.lower()
        assert known.actions == {DEVICE[name] for name in switch.device_actions(login, device.id)}
    if line.busy:
        # Not the other way round: a user who became busy in a call is so because of it.
        assert user.state == "BUSY"
    states = [view.state for view in views.values()]
    if states:
        expected = next((state for state in ENGAGEMENT if state in states), "BUSY")
        assert line.state.value == expected.lower()
    elif line.devices and all(device.state.value == "out_of_service" for device in line.devices):
        assert line.state is LineState.OUT_OF_SERVICE
    else:
        assert line.state is (LineState.BUSY if line.busy else LineState.IDLE)
    routing = line.routing
    assert routing is not None
    assert routing.do_not_disturb is user.do_not_disturb
    assert routing.remote_extension == (user.remote_extension if user.has_remote_extension else None)
    for known_route, route in ((routing.forward, user.forward), (routing.overflow, user.overflow)):
        assert (None if known_route is None else (known_route.condition, known_route.target)) == _route(route)
        if known_route is not None and route is not None and route.target != "VOICEMAIL":
            assert known_route.number == route.number
    counted = switch.counters(login)
    assert line.counters.missed_calls == counted.missed_calls
    assert line.counters.callback_requests == counted.callbacks
    assert line.counters.new_texts == counted.new_texts
    if counted.voicemails is not None:
        assert line.counters.voicemails == counted.voicemails
    assert bool(line.hunting_group_logged_on) == user.logged_on


def compare_call(call: CallSnapshot, view: CallView, line: LineSnapshot, views: list[CallView]) -> None:
    assert call.state.value == view.state.lower()
    if view.parties:
        told = {
            (
                party.id,
                None if party.anonymous else party.identity.number or None,
                party.anonymous,
                not party.undroppable,
            )
            for party in view.parties
        }
        assert {(party.id, party.number, party.anonymous, party.droppable) for party in call.parties} == told
        assert len(call.parties) == len(view.parties)
    else:
        assert len(call.parties) < 2, "one who went may still be shown, but nobody else"
    legs = {leg.device: (leg.state.value, leg.actions, leg.remote_ringing) for leg in call.legs}
    truth = {
        leg.device: (leg.state.lower(), {LEG[name] for name in leg.actions}, leg.ringing_remote) for leg in view.legs
    }
    assert legs == truth
    own = {CALL[name] for name in view.actions}
    assert call.own_actions == own
    actions = own.union(*(leg.actions for leg in call.legs))
    if Action.END in actions and Action.HANG_UP not in actions and len(call.parties) < 2:
        actions.add(Action.HANG_UP)
    other_active = any(other.state == "ACTIVE" and other.ref != call.ref for other in views)
    if call.state is CallState.HELD and Action.RETRIEVE in actions and other_active:
        actions.add(Action.ALTERNATE)
    if call.state is CallState.ACTIVE:
        dialing = {device.id for device in line.devices if Action.DIAL in device.actions}
        if dialing & {leg.device for leg in view.legs}:
            actions.add(Action.CONSULT)
    assert call.actions == actions
    assert (call.recording.value if call.recording else None) == (
        view.record_state or ""
    ).lower() or view.record_state is None
    assert (call.recording is None) == (view.record_state is None)
    assert call.called is None or call.called.number == view.initial_called.number
    if view.associated_data is not None:
        assert call.associated_data == view.associated_data
    if view.account_info is not None:
        assert call.account_info == view.account_info
    if call.state in (CallState.ACTIVE, CallState.HELD) and call.end_cause is None:
        assert call.answered
    assert not call.ended


def _route(route: Route | None) -> tuple[Condition, Target] | None:
    if route is None:
        return None
    return Condition(route.condition.lower()), Target(route.target.lower())
