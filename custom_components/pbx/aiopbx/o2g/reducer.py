"""From wire events to the model: ``(line, event, now) -> (line, events)``, pure, and touching one line.

What the reference leaves open is chosen here, tested in ``tests/aiopbx/o2g/test_reducer.py`` and told in
``docs/model.md``. This is the hot path: nothing is built that did not change, and what recurs (the same capabilities,
the same actions) is built once and shared.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeAlias

from msgspec.structs import replace

from ..call_log import LogChange
from ..events import (
    AgentChanged,
    CallChanged,
    CallEnded,
    CallStarted,
    Event,
    HelpCancelled,
    HelpRequested,
    LineChanged,
    LogChanged,
)
from ..model import (
    Action,
    AgentSnapshot,
    CallSnapshot,
    CallState,
    Condition,
    Counters,
    Device,
    DeviceState,
    Direction,
    Forward,
    Leg,
    LineSnapshot,
    Outcome,
    Overflow,
    Party,
    Recording,
    Routing,
    Target,
)
from .parties import name_of, party_of
from .records import agent_config_of, agent_state_of, record_of
from .types import comlog, telephony as wire
from .types.agent import (
    AgentConfig,
    AgentState,
    OnAgentStateChanged,
    OnSupervisorHelpCancelled,
    OnSupervisorHelpRequested,
)
from .types.base import O2gEvent
from .types.event_summary import EventSummary, OnEventSummaryUpdated
from .types.overview import DestinationType
from .types.routing import Destination, OnRoutingStateChanged, RoutingState
from .types.users import OnUserInfoChanged, User

Reduced: TypeAlias = tuple[LineSnapshot, tuple[Event, ...]]
_Actions: TypeAlias = frozenset[Action]

_NONE: Final[_Actions] = frozenset()
_MOST_SHARED: Final = 4096
"""How many different sets of capabilities are remembered; real servers send a few dozen."""

# ------------------------------------------------------------------------------------------------------- vocabulary

_STATE: Final[dict[str, CallState]] = {
    "ACTIVE": CallState.ACTIVE,
    "HELD": CallState.HELD,
    "DIALING": CallState.DIALING,
    "RINGING_INCOMING": CallState.RINGING_INCOMING,
    "RINGING_OUTGOING": CallState.RINGING_OUTGOING,
    "RELEASING": CallState.RELEASING,
    # OFF_HOOK, IDLE, UNKNOWN and whatever servers invent are UNKNOWN: engaged, and no more than that.
}
_CALL_CAPABILITIES: Final[tuple[tuple[str, Action], ...]] = (
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
_LEG_CAPABILITIES: Final[tuple[tuple[str, Action], ...]] = (
    ("answer", Action.ANSWER),
    ("drop", Action.HANG_UP),
    ("hold", Action.HOLD),
    ("retrieve", Action.RETRIEVE),
    ("reconnect", Action.RECONNECT),
    ("send_dtmf", Action.SEND_DTMF),
    ("switch_device", Action.SWITCH_DEVICE),
)
_DEVICE_CAPABILITIES: Final[tuple[tuple[str, Action], ...]] = (
    ("make_call", Action.DIAL),
    ("make_business_call", Action.DIAL_BUSINESS),
    ("make_private_call", Action.DIAL_PRIVATE),
    ("un_park_call", Action.UNPARK),
)
# Never actions, because no operation is behind them: reject, mute, unMute, addDevice, addParticipant, intruded,
# muteParticipant, holdParticipant.

_NO_DATA: Final = wire.CallData()
_DEVICE_STATE: Final[dict[str, DeviceState]] = {
    "IN_SERVICE": DeviceState.IN_SERVICE,
    "OUT_OF_SERVICE": DeviceState.OUT_OF_SERVICE,
}
_CONDITION: Final[dict[str, Condition]] = {
    "BUSY": Condition.BUSY,
    "NO_ANSWER": Condition.NO_ANSWER,
    "BUSY_NO_ANSWER": Condition.BUSY_NO_ANSWER,
}
_RECORDING: Final[dict[str, Recording]] = {"RECORDING": Recording.RECORDING, "PAUSED": Recording.PAUSED}

# Reading a member off its enumeration costs as much as building a small snapshot: the hot path has them at hand.
_UNKNOWN: Final = CallState.UNKNOWN
_ACTIVE: Final = CallState.ACTIVE
_HELD: Final = CallState.HELD
_RELEASING: Final = CallState.RELEASING
_RINGING: Final = CallState.RINGING_INCOMING
_INCOMING: Final = Direction.INCOMING
_END: Final = Action.END
_HANG_UP: Final = Action.HANG_UP
_DIAL: Final = Action.DIAL
_RETRIEVE: Final = Action.RETRIEVE

_OUTGOING: Final = frozenset({CallState.DIALING, CallState.RINGING_OUTGOING})
_TALKED: Final = frozenset({CallState.ACTIVE, CallState.HELD})

# Causes that decide the outcome whatever states were passed.
_DECIDED: Final[dict[str, Outcome]] = {
    "TRANSFERRED": Outcome.TRANSFERRED,
    "CONFERENCED": Outcome.MERGED,
    "PARKED": Outcome.PARKED,
    "PICKED_UP": Outcome.PICKED_UP,
    "PICKED_UP_TANDEM": Outcome.PICKED_UP,
}
# Causes that decide the outcome of a call that was never active.
_UNANSWERED: Final[dict[str, Outcome]] = {
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
# Causes under which even ACTIVE only means that a tone is heard.
_TONES: Final = frozenset(
    {"BUSY", "INVALID_NUMBER", "ALL_TRUNK_BUSY", "DESTINATION_NOT_OBTAINABLE", "RESOURCES_NOT_AVAILABLE", "LOCKOUT"}
)
# Causes that speak of the end, also where they come before the call is being released.
_ENDING: Final = _TONES | {"ABANDONED", "CLEARED", "NOT_ANSWERED", "DO_NOT_DISTURB", "REJECTED", "NO_AVAILABLE_AGENT"}
# These do so too for a call that rings here and was not taken.
_DIVERTING: Final = frozenset({"FORWARDED", "REDIRECTED", "OVERFLOWN", "PICKED_UP", "PICKED_UP_TANDEM"})

_STATE_CHANGED: Final = frozenset({"state", "calls"})
_STATE_AND_DEVICES_CHANGED: Final = frozenset({"state", "calls", "devices"})

# ------------------------------------------------------------------------------------------------------- the reducer


def reduce(line: LineSnapshot, event: O2gEvent, now: datetime) -> Reduced:
    """Apply one event of the channel to the line it is about."""
    handler = HANDLERS.get(type(event))
    if handler is None:
        return line, ()
    return handler(line, event, now)


def _created(line: LineSnapshot, event: wire.OnCallCreated, now: datetime) -> Reduced:
    ref = event.call_ref
    if ref is None:
        return line, ()
    devices = _devices(line.devices, event.device_capabilities)
    known = None
    if line.calls:
        known = line.call_by_ref(ref)
        if known is None:
            for call in line.calls:
                if call.replaced_by == ref:
                    # The call that takes over from one of this line is that call, under another name.
                    known = call
                    break
    if known is None:
        call = _new_call(line, ref, event.call_data, event.legs, event.participants, event.cause, now, devices=devices)
        if event.initiator and call.direction is Direction.UNKNOWN:
            others = {party.id for party in call.parties}
            direction = Direction.INCOMING if event.initiator in others else Direction.OUTGOING
            call = replace(call, direction=direction)
        if line.calls or line.busy:
            return _assemble(line, (*line.calls, call), devices, line.busy, (), now)
        # The first call of a line, which most are.
        after = replace(line, calls=(call,), devices=devices)
        changed = _STATE_CHANGED if devices is line.devices else _STATE_AND_DEVICES_CHANGED
        return after, (
            CallStarted(at=now, line=line.id, call=call),
            LineChanged(at=now, line=line.id, snapshot=after, previous=line, changed=changed),
        )
    call = known
    if call.ref != ref:
        call = replace(call, ref=ref, replaced_by=None, end_cause=None, called=None)
    call = _updated(call, event.call_data, event.cause, now, legs=event.legs, parties=event.participants)
    calls = tuple(call if one is known else one for one in line.calls)
    return _assemble(line, calls, devices, line.busy, (), now)


def _modified(line: LineSnapshot, event: wire.OnCallModified, now: datetime) -> Reduced:
    ref = event.call_ref
    if ref is None:
        return line, ()
    calls = line.calls
    capabilities = event.device_capabilities
    if len(calls) == 1 and calls[0].ref == ref and not capabilities and event.previous_call_ref is None:
        # The only call of a line, which most are.
        call = calls[0]
        changed = _changed(call, event, now, line.devices)
        if changed is call:
            return line, ()
        after = replace(line, calls=(changed,))
        told = CallChanged(at=now, line=line.id, call=changed, previous=call)
        if changed.state is call.state:
            return after, (told,)
        return after, (
            told,
            LineChanged(at=now, line=line.id, snapshot=after, previous=line, changed=_STATE_CHANGED),
        )
    devices = _devices(line.devices, capabilities) if capabilities else line.devices
    ended: tuple[CallSnapshot, ...] = ()
    previous = event.previous_call_ref
    if previous is not None and previous != ref:
        former = line.call_by_ref(previous)
        if former is not None:
            if line.call_by_ref(ref) is None:
                renamed = replace(former, ref=ref, called=None)
                calls = tuple(renamed if call is former else call for call in calls)
            else:
                # Two calls of the line become one: the one that goes on is the one the server goes on naming.
                ended = (_ended(former, event.cause or "CONFERENCED", now, replaced_by=ref),)
                calls = tuple(call for call in calls if call is not former)
    index = 0
    for call in calls:
        if call.ref == ref:
            break
        index += 1
    else:
        data = event.call_data
        state = _STATE.get(data.state) if data is not None and data.state is not None else None
        if state is None or state is CallState.RELEASING:
            # Of a call that is not known, and that is going or says nothing, nothing can be told.
            return _assemble(line, calls, devices, line.busy, ended, now)
        call = _new_call(
            line,
            ref,
            data,
            (*event.added_legs, *event.modified_legs),
            (*event.added_participants, *event.modified_participants),
            event.cause,
            None,
        )
        return _assemble(line, (*calls, call), devices, line.busy, ended, now)
    changed = _changed(call, event, now)
    if changed is not call:
        calls = (changed,) if len(calls) == 1 else _swapped(calls, index, changed)
    elif calls is line.calls and devices is line.devices:
        return line, ()
    return _assemble(line, calls, devices, line.busy, ended, now)


def _removed(line: LineSnapshot, event: wire.OnCallRemoved, now: datetime) -> Reduced:
    capabilities = event.device_capabilities
    devices = _devices(line.devices, capabilities) if capabilities else line.devices
    calls = line.calls
    if len(calls) == 1 and calls[0].ref == event.call_ref and devices is line.devices:
        gone = _ended(calls[0], event.cause, now, new_destination=event.new_destination)
        after = replace(line, calls=())
        return after, (
            CallEnded(at=now, line=line.id, call=gone),
            LineChanged(at=now, line=line.id, snapshot=after, previous=line, changed=_STATE_CHANGED),
        )
    call = line.call_by_ref(event.call_ref) if event.call_ref is not None else None
    if call is None:
        return _assemble(line, line.calls, devices, line.busy, (), now)
    ended = _ended(call, event.cause, now, new_destination=event.new_destination)
    left = tuple(other for other in line.calls if other is not call)
    return _assemble(line, left, devices, False, (ended,), now)


def _snapshot(line: LineSnapshot, event: wire.OnTelephonyState, now: datetime) -> Reduced:
    if event.state is None:
        return line, ()
    return resync(line, event.state, now)


def resync(line: LineSnapshot, state: wire.TelephonicState, now: datetime) -> Reduced:
    """Bring a line to what a snapshot says; the difference becomes events, without times that were not seen."""
    calls: list[CallSnapshot] = []
    refs: set[str] = set()
    for told in state.calls:
        ref = told.call_ref
        if ref is None or ref in refs:
            continue
        refs.add(ref)
        call = line.call_by_ref(ref)
        if call is None:
            call = _new_call(line, ref, told.call_data, told.legs, told.participants, None, None, calls)
        else:
            call = _updated(call, told.call_data, None, None, legs=told.legs, parties=told.participants)
        calls.append(call)
    ended = tuple(ended_unseen(call) for call in line.calls if call.ref not in refs)
    devices = _devices(line.devices, state.device_capabilities)
    if state.device_capabilities:
        told_of = {one.device_id for one in state.device_capabilities}
        if any(device.actions and device.id not in told_of for device in devices):
            devices = tuple(device if device.id in told_of else replace(device, actions=_NONE) for device in devices)
    if state.device_states is not None:
        devices = _device_states(devices, state.device_states.device_states)
    busy = line.busy
    if state.user_state is not None:
        busy = state.user_state == "BUSY"
    elif not line.synced or ended:
        # The state of the user comes only with a user who was busy when monitoring began.
        busy = False
    reduced, events = _assemble(line, tuple(calls), devices, busy, ended, now)
    return (reduced if reduced.synced else replace(reduced, synced=True)), events


def _user_state(line: LineSnapshot, event: wire.OnUserStateModified, now: datetime) -> Reduced:
    state = event.state
    if line.calls or state is None:
        return line, ()  # the calls say more
    busy = True if state == "BUSY" else False if state == "FREE" else line.busy
    if busy is line.busy:
        return line, ()
    return _assemble(line, line.calls, line.devices, busy, (), now)


def _device_state(line: LineSnapshot, event: wire.OnDeviceStateModified, now: datetime) -> Reduced:
    return device_states(line, event.device_states, now)


def device_states(line: LineSnapshot, states: tuple[wire.DeviceState, ...], now: datetime) -> Reduced:
    """Apply states of service."""
    return _assemble(line, line.calls, _device_states(line.devices, states), line.busy, (), now)


def _dynamic_state(line: LineSnapshot, event: wire.OnDynamicStateChanged, now: datetime) -> Reduced:
    if event.hunting_group_state is None:
        return line, ()
    return hunting_group(line, event.hunting_group_state, now)


def hunting_group(line: LineSnapshot, status: wire.HuntingGroupStatus, now: datetime) -> Reduced:
    """Apply whether the user is logged on in the hunting group."""
    if status.logon is None:
        return line, ()
    return _with(line, now, hunting_group_logged_on=status.logon)


def _routing(line: LineSnapshot, event: OnRoutingStateChanged, now: datetime) -> Reduced:
    if event.routing_state is None:
        return line, ()
    return routing(line, event.routing_state, now)


def routing(line: LineSnapshot, state: RoutingState, now: datetime) -> Reduced:
    """Apply a routing state: it is whole, but for a do-not-disturb and presentation routes that it leaves out."""
    before = line.routing or Routing()
    remote = before.remote_extension
    if state.presentation_routes:
        remote = None
        for route in state.presentation_routes:
            for destination in route.destinations:
                if destination.type == DestinationType.MOBILE:
                    remote = bool(destination.selected)
    activate = state.dnd_state.activate if state.dnd_state is not None else None
    forward: Forward | None = None
    for forward_route in state.forward_routes:
        if forward_route.destinations:
            kind = forward_route.forward_type
            # An immediate forward has no type.
            condition = Condition.IMMEDIATE if kind is None else _CONDITION.get(kind, Condition.UNKNOWN)
            target, number = _goal(forward_route.destinations[0])
            forward = Forward(condition=condition, target=target, number=number)
            break
    overflow: Overflow | None = None
    for overflow_route in state.overflow_routes:
        if overflow_route.destinations:
            when = overflow_route.overflow_type
            condition = Condition.UNKNOWN if when is None else _CONDITION.get(when, Condition.UNKNOWN)
            target, number = _goal(overflow_route.destinations[0])
            overflow = Overflow(condition=condition, target=target, number=number)
            break
    after = Routing(
        do_not_disturb=before.do_not_disturb if activate is None else activate,
        forward=forward,
        overflow=overflow,
        remote_extension=remote,
    )
    return _with(line, now, routing=after)


def _summary(line: LineSnapshot, event: OnEventSummaryUpdated, now: datetime) -> Reduced:
    if event.event_summary is None:
        return line, ()
    return counters(line, event.event_summary, now)


def counters(line: LineSnapshot, summary: EventSummary, now: datetime) -> Reduced:
    """Apply counters. One that is absent was not told: the last known value stays."""
    before = line.counters

    def newest(told: int | None, known: int | None) -> int | None:
        return known if told is None else told

    waiting = summary.event_waiting
    after = Counters(
        missed_calls=newest(summary.missed_calls_nb, before.missed_calls),
        voicemails=newest(summary.voice_messages_nb, before.voicemails),
        callback_requests=newest(summary.call_back_requests_nb, before.callback_requests),
        faxes=newest(summary.fax_nb, before.faxes),
        new_texts=newest(summary.new_text_nb, before.new_texts),
        old_texts=newest(summary.old_text_nb, before.old_texts),
        waiting=before.waiting if waiting is None else waiting,
    )
    return _with(line, now, counters=after)


def _user_info(line: LineSnapshot, event: OnUserInfoChanged, now: datetime) -> Reduced:
    if event.user is None:
        return line, ()
    return user(line, event.user, now)


def user(line: LineSnapshot, told: User, now: datetime) -> Reduced:
    """Apply what a user is: number, name, telephones, voicemail, node. A telephone that stays keeps its state."""
    changes: dict[str, Any] = {"voicemail_number": told.voicemail.number if told.voicemail is not None else None}
    if told.company_phone:
        changes["number"] = told.company_phone
    name = name_of(told.first_name, told.last_name, None)
    if name:
        changes["name"] = name
    if told.node_id is not None:
        changes["node"] = told.node_id
    if told.devices:
        known = {device.id: device for device in line.devices}
        devices = tuple(
            replace(
                known.get(device.id) or Device(id=device.id),
                kind=str(device.type.value) if device.type is not None else "",
                sub_kind=device.sub_type or "",
            )
            for device in told.devices
            if device.id
        )
        if devices != line.devices:
            changes["devices"] = devices
    return _with(line, now, **changes)


# ------------------------------------------------------------------------------------------------- agents and the log


def _agent_state(line: LineSnapshot, event: OnAgentStateChanged, now: datetime) -> Reduced:
    if event.state is None:
        return line, ()
    return agent_state(line, event.state, now)


def agent_state(line: LineSnapshot, state: AgentState, now: datetime) -> Reduced:
    """Apply what an agent does; the state is whole."""
    return _with_agent(line, agent_state_of(line.agent, state), now)


def agent_config(line: LineSnapshot, config: AgentConfig, now: datetime) -> Reduced:
    """Apply what an agent is."""
    return _with_agent(line, agent_config_of(line.agent, config), now)


def no_agent(line: LineSnapshot, now: datetime) -> Reduced:
    """The line of a user who is no agent any more."""
    return _with(line, now, agent=None)


def _with_agent(line: LineSnapshot, agent: AgentSnapshot, now: datetime) -> Reduced:
    after, told = _with(line, now, agent=agent)
    if after is line:
        return line, ()
    return after, (AgentChanged(at=now, line=line.id, agent=agent, previous=line.agent), *told)


def _help_requested(line: LineSnapshot, event: OnSupervisorHelpRequested, now: datetime) -> Reduced:
    return line, (HelpRequested(at=now, line=line.id, number=event.agent_number),)


def _help_cancelled(line: LineSnapshot, event: OnSupervisorHelpCancelled, now: datetime) -> Reduced:
    return line, (HelpCancelled(at=now, line=line.id, number=event.agent_number),)


def _logged(
    line: LineSnapshot, event: comlog.OnComRecordCreated | comlog.OnComRecordModified, now: datetime
) -> Reduced:
    record = record_of(line, event.record) if event.record is not None else None
    if record is None:
        return line, ()
    change = LogChange.ADDED if isinstance(event, comlog.OnComRecordCreated) else LogChange.CHANGED
    return line, (LogChanged(at=now, line=line.id, change=change, ids=(record.id,), record=record),)


_LOG_CHANGES: Final[dict[type[O2gEvent], LogChange]] = {
    comlog.OnComRecordsAck: LogChange.ACKNOWLEDGED,
    comlog.OnComRecordsUnAck: LogChange.UNACKNOWLEDGED,
    comlog.OnComRecordsDeleted: LogChange.DELETED,
}


def _log_marked(
    line: LineSnapshot,
    event: comlog.OnComRecordsAck | comlog.OnComRecordsUnAck | comlog.OnComRecordsDeleted,
    now: datetime,
) -> Reduced:
    return line, (LogChanged(at=now, line=line.id, change=_LOG_CHANGES[type(event)], ids=event.record_ids),)


def new_line(login: str) -> LineSnapshot:
    """A line of which nothing but the login name is known."""
    return LineSnapshot(id=login)


def stale(line: LineSnapshot) -> LineSnapshot:
    """The line after a loss of the connection: as it was, and not confirmed."""
    return replace(line, synced=False) if line.synced else line


# ------------------------------------------------------------------------------------------------------------- calls


def _new_call(
    line: LineSnapshot,
    ref: str,
    data: wire.CallData | None,
    legs: tuple[wire.Leg, ...],
    participants: tuple[wire.Participant, ...],
    cause: wire.CallCause | None,
    now: datetime | None,
    besides: "list[CallSnapshot] | tuple[CallSnapshot, ...]" = (),
    devices: tuple[Device, ...] = (),
) -> CallSnapshot:
    """A call that was not known; ``now`` is none where its beginning was not seen."""
    if data is None:
        data = _NO_DATA
    state = _STATE.get(data.state, _UNKNOWN) if data.state is not None else _UNKNOWN
    if state is _RINGING:
        direction = _INCOMING
    else:
        direction = Direction.OUTGOING if state in _OUTGOING else Direction.UNKNOWN
    answered = state in _TALKED and cause not in _TONES
    id_ = f"{line.id}:{ref}"
    if line.calls or besides:
        taken = {call.id for call in line.calls}
        taken.update(call.id for call in besides)
        number = 2
        while id_ in taken:
            # The server gave the former name of a call that is still there to another one.
            id_ = f"{line.id}:{ref}#{number}"
            number += 1
    capabilities = data.capabilities
    own = _NONE
    if capabilities is not None:
        own = _CALL_SHARED.get(capabilities) or _share(_CALL_SHARED, capabilities, _CALL_CAPABILITIES)
    new_legs = tuple([_leg(leg, None) for leg in legs if leg.device_id is not None])
    parties = tuple([_party(one) for one in participants])
    called = data.initial_called
    return CallSnapshot(
        id=id_,
        ref=ref,
        line=line.id,
        state=state,
        direction=direction,
        parties=parties,
        called=party_of(called) if called is not None else None,
        legs=new_legs,
        actions=_actions(own, new_legs, state, len(parties), False, devices),
        own_actions=own,
        started_at=now,
        answered_at=now if answered and state is _ACTIVE else None,
        answered=answered,
        cause=cause.value if cause is not None else None,
        end_cause=cause.value if cause is not None and cause in _ENDING and not answered else None,
        recording=_RECORDING.get(data.record_state) if data.record_state is not None else None,
        anonymous=data.anonymous is True,
        associated_data=_data(data),
        account_info=data.account_info,
        queue_wait=_queue_wait(data) if data.acd_call_data is not None else None,
    )


def _changed(
    call: CallSnapshot, event: wire.OnCallModified, now: datetime, devices: tuple[Device, ...] | None = None
) -> CallSnapshot:
    """The call after a delta; the very same object where nothing changed.

    With the devices of the line, the call is its only one, and what it allows is known at once.
    """
    changes: dict[str, Any] = {}
    cause = event.cause
    data = event.call_data
    if data is not None:
        _apply_data(changes, call, data, cause, now)
    if cause is not None:
        _apply_cause(changes, call, cause)
    replacement = event.replaced_by_call_ref
    if replacement is not None and replacement != call.ref and replacement != call.replaced_by:
        changes["replaced_by"] = replacement

    if event.modified_legs or event.added_legs or event.removed_legs:
        legs = call.legs
        if event.removed_legs:
            gone = {leg.device_id for leg in event.removed_legs}
            legs = tuple(leg for leg in legs if leg.device not in gone)
        for told in event.added_legs:
            legs = _with_leg(legs, told)
        for told in event.modified_legs:
            legs = _with_leg(legs, told)
        if legs != call.legs:
            changes["legs"] = legs

    if event.added_participants or event.modified_participants or event.removed_participant_ids:
        parties = _parties(call, event, changes.get("state", call.state))
        if parties != call.parties:
            changes["parties"] = parties

    if not changes:
        return call
    if devices is not None:
        get = changes.get
        actions = _actions(
            get("own_actions", call.own_actions),
            get("legs", call.legs),
            get("state", call.state),
            len(get("parties", call.parties)),
            False,
            devices,
        )
        if actions is not call.actions:
            changes["actions"] = actions
    return replace(call, **changes)


def _updated(
    call: CallSnapshot,
    data: wire.CallData | None,
    cause: wire.CallCause | None,
    now: datetime | None,
    *,
    legs: tuple[wire.Leg, ...],
    parties: tuple[wire.Participant, ...],
) -> CallSnapshot:
    """A known call after it was told whole: by a snapshot, or by being created once more."""
    changes: dict[str, Any] = {}
    if data is not None:
        _apply_data(changes, call, data, cause, now)
    if cause is not None:
        _apply_cause(changes, call, cause)
    known = {leg.device: leg for leg in call.legs}
    new_legs = tuple(_leg(leg, known.get(leg.device_id)) for leg in legs if leg.device_id is not None)
    if new_legs != call.legs:
        changes["legs"] = new_legs
    if parties:
        # In the order in which they came, which is not always that of the server.
        place = {party.id: index for index, party in enumerate(call.parties)}
        before = {party.id: party for party in call.parties}
        after = [_party(one, before.get(one.participant_id or "")) for one in parties]
        after.sort(key=lambda party: place.get(party.id, len(place)))
        if tuple(after) != call.parties:
            changes["parties"] = tuple(after)
    if not changes:
        return call
    changed = replace(call, **changes)
    return call if changed == call else changed


def _apply_data(
    changes: dict[str, Any],
    call: CallSnapshot,
    data: wire.CallData,
    cause: wire.CallCause | None,
    now: datetime | None,
) -> None:
    """Note what call data changes. It comes whole, but for what was attached to the call."""
    told = data.state
    if told is not None:
        state = _STATE.get(told, _UNKNOWN)
        if state is not call.state:
            changes["state"] = state
            if not call.answered and state in _TALKED and cause not in _TONES:
                changes["answered"] = True
                changes["end_cause"] = None
                if state is _ACTIVE and now is not None:
                    changes["answered_at"] = now
    capabilities = data.capabilities
    if capabilities is not None:
        own = _CALL_SHARED.get(capabilities)
        if own is None:
            own = _share(_CALL_SHARED, capabilities, _CALL_CAPABILITIES)
        if own is not call.own_actions:
            changes["own_actions"] = own
    if call.called is None and data.initial_called is not None:
        changes["called"] = party_of(data.initial_called, "")
    told_recording = data.record_state
    recording = None if told_recording is None else _RECORDING.get(told_recording)
    if recording is not call.recording:
        changes["recording"] = recording
    if data.anonymous is not None and data.anonymous != call.anonymous:
        changes["anonymous"] = data.anonymous
    attached = data.associated_data
    if attached is None:
        attached = data.associate_data
        if attached is None:
            attached = data.hexa_binary_associated_data
    if attached is not None and attached != call.associated_data:
        changes["associated_data"] = attached
    if data.account_info is not None and data.account_info != call.account_info:
        changes["account_info"] = data.account_info
    if data.acd_call_data is not None:
        wait = _queue_wait(data)
        if wait is not None and wait != call.queue_wait:
            changes["queue_wait"] = wait


def _apply_cause(changes: dict[str, Any], call: CallSnapshot, cause: wire.CallCause) -> None:
    """Note a cause, and whether it speaks of the end."""
    word = cause.value
    if word != call.cause:
        changes["cause"] = word
    state = changes.get("state", call.state)
    answered = changes.get("answered", call.answered)
    if (
        state is _RELEASING
        or (cause in _ENDING and not answered)
        or (cause in _DIVERTING and not answered and call.direction is _INCOMING)
    ) and word != call.end_cause:
        changes["end_cause"] = word


def _parties(call: CallSnapshot, event: wire.OnCallModified, state: CallState) -> tuple[Party, ...]:
    before = call.parties
    parties = before
    if event.removed_participant_ids:
        gone = event.removed_participant_ids
        parties = tuple(party for party in parties if party.id not in gone)
    for told in (*event.added_participants, *event.modified_participants):
        id_ = told.participant_id or ""
        for index, party in enumerate(parties):
            if party.id == id_:
                parties = _swapped(parties, index, _party(told, party))
                break
        else:
            parties = (*parties, _party(told))
    if not parties and state is _RELEASING:
        # Whoever it was stays the other party of a call that is ending.
        return before
    return parties


def _ended(
    call: CallSnapshot,
    cause: str | None,
    now: datetime | None,
    *,
    replaced_by: str | None = None,
    new_destination: str | None = None,
) -> CallSnapshot:
    """The call after its end."""
    word = str(cause.value) if isinstance(cause, wire.CallCause) else cause
    end_cause = word or call.end_cause
    return replace(
        call,
        state=_RELEASING,
        legs=(),
        actions=_NONE,
        own_actions=_NONE,
        ended_at=now,
        cause=word or call.cause,
        end_cause=end_cause,
        outcome=_outcome(call, end_cause),
        recording=None,
        replaced_by=replaced_by or call.replaced_by,
        new_destination=new_destination or call.new_destination,
    )


def ended_unseen(call: CallSnapshot) -> CallSnapshot:
    """A call whose end was not seen: it ended, at an unknown moment, and how is said only where it is known."""
    ended = _ended(call, None, None)
    if not call.answered and call.end_cause is None and call.state is not CallState.RELEASING:
        # It may have been taken or given up: nobody saw.
        return replace(ended, outcome=Outcome.UNKNOWN)
    return ended


def _outcome(call: CallSnapshot, cause: str | None) -> Outcome:
    """How a call ended, from the cause that the server named for its end and the states it passed."""
    if cause is not None:
        decided = _DECIDED.get(cause)
        if decided is not None:
            return decided
    if call.answered:
        return Outcome.ANSWERED
    if cause is not None:
        unanswered = _UNANSWERED.get(cause)
        if unanswered is not None:
            return unanswered
    if call.direction is Direction.INCOMING:
        return Outcome.MISSED
    if call.direction is Direction.OUTGOING:
        return Outcome.NO_ANSWER if cause == "NOT_ANSWERED" else Outcome.CANCELLED
    return Outcome.UNKNOWN


# ----------------------------------------------------------------------------------------------------- putting together


def _assemble(
    line: LineSnapshot,
    calls: tuple[CallSnapshot, ...],
    devices: tuple[Device, ...],
    busy: bool,
    ended: tuple[CallSnapshot, ...],
    now: datetime,
) -> Reduced:
    """The line with these calls and devices, and the events that tell the difference."""
    before = line.calls
    id_ = line.id
    if busy and calls:
        busy = False  # the calls say more
    if calls and (calls is not before or devices is not line.devices):
        calls = _with_actions(calls, devices)
    events: list[Event] = []
    if calls is not before:
        if ended:
            events.extend(CallEnded(at=now, line=id_, call=call) for call in ended)
        for call in calls:
            for former in before:
                if former.id == call.id:
                    if former is not call and former != call:
                        events.append(CallChanged(at=now, line=id_, call=call, previous=former))
                    break
            else:
                events.append(CallStarted(at=now, line=id_, call=call))
        if not events and len(calls) == len(before):
            calls = before
    if calls is before and devices is line.devices and busy is line.busy:
        return line, ()
    after = replace(line, calls=calls, devices=devices, busy=busy)
    if devices is line.devices and busy is line.busy:
        if after.state is not line.state:
            events.append(LineChanged(at=now, line=id_, snapshot=after, previous=line, changed=_STATE_CHANGED))
        return after, tuple(events)
    changed = set()
    if devices is not line.devices:
        changed.add("devices")
    if busy is not line.busy:
        changed.add("busy")
    if after.state is not line.state:
        changed.add("state")
    if calls is not before:
        changed.add("calls")
    events.append(LineChanged(at=now, line=id_, snapshot=after, previous=line, changed=frozenset(changed)))
    return after, tuple(events)


def _with(line: LineSnapshot, now: datetime, **changes: Any) -> Reduced:
    """The line with other fields that have nothing to do with its calls, and the event that tells."""
    for name in [name for name, value in changes.items() if getattr(line, name) == value]:
        del changes[name]
    if not changes:
        return line, ()
    after = replace(line, **changes)
    changed = set(changes)
    if after.state is not line.state:
        changed.add("state")
    return after, (LineChanged(at=now, line=line.id, snapshot=after, previous=line, changed=frozenset(changed)),)


def with_features(line: LineSnapshot, features: frozenset[Any], now: datetime) -> Reduced:
    """The line, able to do this."""
    return _with(line, now, features=features)


def _with_actions(calls: tuple[CallSnapshot, ...], devices: tuple[Device, ...]) -> tuple[CallSnapshot, ...]:
    """The calls with what is allowed now: their own, their legs', and what follows from each other and the devices."""
    if len(calls) == 1:
        call = calls[0]
        actions = _actions(call.own_actions, call.legs, call.state, len(call.parties), False, devices)
        return calls if actions is call.actions else (replace(call, actions=actions),)
    active = [call.id for call in calls if call.state is _ACTIVE]
    result = []
    same = True
    for call in calls:
        other = len(active) > 1 or (len(active) == 1 and active[0] != call.id)
        actions = _actions(call.own_actions, call.legs, call.state, len(call.parties), other, devices)
        if actions is call.actions:
            result.append(call)
        else:
            same = False
            result.append(replace(call, actions=actions))
    return calls if same else tuple(result)


_FALL_BACK: Final = 1
_CONSULT: Final = 2
_ALTERNATE: Final = 4
_ACTIONS_SHARED: dict[tuple[_Actions, _Actions, int], _Actions] = {}


def _actions(
    own: _Actions,
    legs: tuple[Leg, ...],
    state: CallState,
    parties: int,
    other_active: bool,
    devices: tuple[Device, ...],
) -> _Actions:
    """Everything that a call offers: the same set is always the same object."""
    if len(legs) == 1:
        of_legs = legs[0].actions
    else:
        of_legs = _NONE.union(*(leg.actions for leg in legs))
    also = 0
    if parties < 2 and _END in own and _HANG_UP not in own and _HANG_UP not in of_legs:
        also = _FALL_BACK
    if state is _ACTIVE:
        for device in devices:
            if _DIAL in device.actions:
                for leg in legs:
                    if leg.device == device.id:
                        also |= _CONSULT
    elif other_active and state is _HELD and _RETRIEVE in of_legs:
        also |= _ALTERNATE
    key = (own, of_legs, also)
    actions = _ACTIONS_SHARED.get(key)
    if actions is None:
        derived = set()
        if also & _FALL_BACK:
            derived.add(Action.HANG_UP)
        if also & _CONSULT:
            derived.add(Action.CONSULT)
        if also & _ALTERNATE:
            derived.add(Action.ALTERNATE)
        actions = own | of_legs | derived
        if len(_ACTIONS_SHARED) >= _MOST_SHARED:
            _ACTIONS_SHARED.clear()
        _ACTIONS_SHARED[key] = actions
    return actions


# ------------------------------------------------------------------------------------------------- from wire to model

_CALL_SHARED: dict[Any, _Actions] = {}
_LEG_SHARED: dict[Any, _Actions] = {}
_DEVICE_SHARED: dict[tuple[bool, bool, bool, bool], _Actions] = {}
_EQUAL_SHARED: dict[_Actions, _Actions] = {}


def _share(shared: dict[Any, _Actions], capabilities: Any, vocabulary: tuple[tuple[str, Action], ...]) -> _Actions:
    """The actions of these capabilities, made once: the same set is always the same object."""
    actions = frozenset(action for name, action in vocabulary if getattr(capabilities, name))
    actions = _EQUAL_SHARED.setdefault(actions, actions)
    if len(shared) >= _MOST_SHARED:
        shared.clear()
    shared[capabilities] = actions
    return actions


def _with_leg(legs: tuple[Leg, ...], told: wire.Leg) -> tuple[Leg, ...]:
    device = told.device_id
    if device is None:
        return legs
    if len(legs) == 1 and legs[0].device == device:
        return (_leg(told, legs[0]),)
    for index, leg in enumerate(legs):
        if leg.device == device:
            return _swapped(legs, index, _leg(told, leg))
    return (*legs, _leg(told, None))


def _leg(told: wire.Leg, before: Leg | None) -> Leg:
    """A leg; what was left out is as it was."""
    capabilities = told.capabilities
    if capabilities is not None:
        actions = _LEG_SHARED.get(capabilities)
        if actions is None:
            actions = _share(_LEG_SHARED, capabilities, _LEG_CAPABILITIES)
    else:
        actions = before.actions if before is not None else _NONE
    if told.state is not None:
        state = _STATE.get(told.state, _UNKNOWN)
    else:
        state = before.state if before is not None else _UNKNOWN
    # Whether the remote party rings is only told while it does.
    remote = told.ringing_remote is True
    return Leg(device=told.device_id or "", state=state, remote_ringing=remote, actions=actions)


def _party(told: wire.Participant, before: Party | None = None) -> Party:
    id_ = told.participant_id or ""
    if told.identity is not None:
        party = party_of(told.identity, id_)
        anonymous = bool(told.anonymous)
        if not anonymous and not told.undroppable:
            return party
        return replace(party, anonymous=anonymous, droppable=not told.undroppable)
    party = before if before is not None else Party(id=id_)
    anonymous = party.anonymous if told.anonymous is None else told.anonymous
    droppable = party.droppable if told.undroppable is None else not told.undroppable
    return replace(party, anonymous=anonymous, droppable=droppable)


def _data(data: wire.CallData) -> str | None:
    """What applications attached, under whichever of its names."""
    if data.associated_data is not None:
        return data.associated_data
    return data.associate_data if data.associate_data is not None else data.hexa_binary_associated_data


def _queue_wait(data: wire.CallData) -> int | None:
    acd = data.acd_call_data
    return acd.call_info.queue_waiting_time if acd is not None and acd.call_info is not None else None


def _goal(destination: Destination) -> tuple[Target, str | None]:
    kind = destination.type
    number = destination.number or None
    if kind == DestinationType.VOICEMAIL:
        return Target.VOICEMAIL, number
    if kind == DestinationType.ASSOCIATE:
        return Target.ASSOCIATE, number
    return (Target.NUMBER if number is not None else Target.UNKNOWN), number


def _devices(devices: tuple[Device, ...], told: tuple[wire.DeviceCapabilities, ...]) -> tuple[Device, ...]:
    """The devices with what may be started on them; an empty list changes nothing."""
    for one in told:
        if one.device_id is None:
            continue
        key = (one.make_call, one.make_business_call, one.make_private_call, one.un_park_call)
        actions = _DEVICE_SHARED.get(key)
        if actions is None:
            actions = frozenset(action for name, action in _DEVICE_CAPABILITIES if getattr(one, name))
            actions = _DEVICE_SHARED[key] = _EQUAL_SHARED.setdefault(actions, actions)
        for index, device in enumerate(devices):
            if device.id == one.device_id:
                if device.actions != actions:
                    devices = _swapped(devices, index, replace(device, actions=actions))
                break
        else:
            devices = (*devices, Device(id=one.device_id, actions=actions))
    return devices


def _device_states(devices: tuple[Device, ...], told: tuple[wire.DeviceState, ...]) -> tuple[Device, ...]:
    for one in told:
        if one.device_id is None or one.state is None:
            continue
        state = _DEVICE_STATE.get(one.state, DeviceState.UNKNOWN)
        for index, device in enumerate(devices):
            if device.id == one.device_id:
                if device.state is not state:
                    devices = _swapped(devices, index, replace(device, state=state))
                break
        else:
            devices = (*devices, Device(id=one.device_id, state=state))
    return devices


def _swapped(items: tuple[Any, ...], index: int, item: Any) -> tuple[Any, ...]:
    return (*items[:index], item, *items[index + 1 :])


OFTEN: Final[dict[type[O2gEvent], Callable[[LineSnapshot, Any, datetime], Reduced]]] = {
    wire.OnCallCreated: _created,
    wire.OnCallModified: _modified,
    wire.OnCallRemoved: _removed,
    wire.OnUserStateModified: _user_state,
}
"""What happens all the time, and how it is applied."""
HANDLERS: Final[dict[type[O2gEvent], Callable[[LineSnapshot, Any, datetime], Reduced]]] = {
    **OFTEN,
    wire.OnTelephonyState: _snapshot,
    wire.OnDeviceStateModified: _device_state,
    wire.OnDynamicStateChanged: _dynamic_state,
    OnRoutingStateChanged: _routing,
    OnEventSummaryUpdated: _summary,
    OnUserInfoChanged: _user_info,
    OnAgentStateChanged: _agent_state,
    OnSupervisorHelpRequested: _help_requested,
    OnSupervisorHelpCancelled: _help_cancelled,
    comlog.OnComRecordCreated: _logged,
    comlog.OnComRecordModified: _logged,
    comlog.OnComRecordsAck: _log_marked,
    comlog.OnComRecordsUnAck: _log_marked,
    comlog.OnComRecordsDeleted: _log_marked,
}
