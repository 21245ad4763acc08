"""From the switch to the wire: calls as O2G writes them, and the events for their changes.

Messages are as sparse as those of real servers: a false or unknown field is absent, capabilities replace the former
ones completely, and a modified call carries only what changed.
"""

from collections.abc import Callable
from typing import Any, Final

from ....o2g.types import routing as wire_routing, telephony as wire
from ....o2g.types.base import O2gEvent
from ....o2g.types.overview import DestinationType
from ....o2g.types.users import EventSummary, OnEventSummaryUpdated, OnUserCreated, OnUserDeleted, OnUserInfoChanged
from ...switch import Switch
from ...switch.calls import CallView, LegView, PartyView
from ...switch.changes import (
    AgentChange,
    CallChange,
    CapabilitiesChange,
    Change,
    CountersChange,
    DeviceChange,
    HelpChange,
    HuntingGroupChange,
    LogChange,
    NodeChange,
    PilotChange,
    PromptChange,
    RouteChange,
    RoutingChange,
    SkillChange,
    UserChange,
    UserStateChange,
)
from ...switch.users import Route, User
from . import agent, comlog, maintenance
from .users import describe, party_info

TELEPHONY: Final = "telephony"
ROUTING: Final = "routingManagement"
SUMMARY: Final = "eventSummary"
USERS: Final = "user"
ADMINISTRATION: Final = "userManagement"

Publish = Callable[[str, str | None, O2gEvent], None]


def _fields(kind: type[Any]) -> dict[str, str]:
    """Capability name on the wire → field of the wire type."""
    return dict(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))


_CALL_FIELDS: Final = _fields(wire.CallCapabilities)
_LEG_FIELDS: Final = _fields(wire.LegCapabilities)
_DEVICE_FIELDS: Final = _fields(wire.DeviceCapabilities)


# -- calls ------------------------------------------------------------------------------------------------------


def participant(party: PartyView) -> wire.Participant:
    """Return another party of a call; of an anonymous one only the kind."""
    if party.anonymous:
        kind = wire.ParticipantType(main=wire.MainType(party.identity.kind))
        return wire.Participant(
            participant_id=party.id,
            identity=wire.PartyInfo(id=wire.Identifier(), type=kind),
            anonymous=True,
            undroppable=party.undroppable or None,
        )
    return wire.Participant(
        participant_id=party.id, identity=party_info(party.identity), undroppable=party.undroppable or None
    )


def leg(view: LegView) -> wire.Leg:
    """Return a telephone in a call."""
    return wire.Leg(
        device_id=view.device,
        state=wire.MediaState(view.state),
        ringing_remote=view.ringing_remote or None,
        capabilities=wire.LegCapabilities(**{_LEG_FIELDS[name]: True for name in view.actions}),
    )


def call_data(view: CallView) -> wire.CallData:
    """Return state, data and capabilities of a call."""
    return wire.CallData(
        initial_called=wire.PartyInfo(id=wire.Identifier(phone_number=view.initial_called.number)),
        anonymous=view.anonymous or None,
        state=wire.MediaState(view.state),
        record_state=wire.RecordState(view.record_state) if view.record_state is not None else None,
        capabilities=wire.CallCapabilities(**{_CALL_FIELDS[name]: True for name in view.actions}),
        associate_data=view.associated_data,
        hexa_binary_associated_data=view.associated_data.encode().hex() if view.associated_data is not None else None,
        account_info=view.account_info,
        last_redirecting=party_info(view.last_redirecting) if view.last_redirecting is not None else None,
        trunk_identification=wire.TrunkIdentification(network_timeslot=view.trunk[0], trunk_neqt=view.trunk[1:])
        if view.trunk
        else None,
        acd_call_data=agent.acd_call_data(view.acd) if view.acd is not None else None,
    )


def call(view: CallView) -> wire.Call:
    """Return a call as one user sees it."""
    return wire.Call(
        call_ref=view.ref,
        call_data=call_data(view),
        legs=tuple(leg(item) for item in view.legs),
        participants=tuple(participant(item) for item in view.parties),
    )


def device_capabilities(switch: Switch, login: str) -> dict[str, wire.DeviceCapabilities]:
    """Return what can be started on each telephone of a user."""
    return {
        device: wire.DeviceCapabilities(
            device_id=device, **{_DEVICE_FIELDS[name]: True for name in switch.device_actions(login, device)}
        )
        for device in switch.user(login).devices
    }


def telephonic_state(switch: Switch, login: str) -> wire.TelephonicState:
    """Return all calls of a user, and what can be started on its telephones."""
    return wire.TelephonicState(
        calls=tuple(call(view) for view in switch.call_views(login)),
        device_capabilities=tuple(device_capabilities(switch, login).values()),
        user_state=wire.UserState.BUSY if switch.user(login).state == "BUSY" else None,
    )


def telephony_snapshot(switch: Switch, login: str) -> wire.OnTelephonyState:
    """Return the event with all of that."""
    return wire.OnTelephonyState(login_name=login, state=telephonic_state(switch, login))


def device_state(device: str, state: str) -> wire.DeviceState:
    """Return whether a telephone is in service."""
    return wire.DeviceState(device_id=device, state=wire.OperationalState(state))


# -- routing and counters ---------------------------------------------------------------------------------------


def _destination(user: User, route: Route) -> wire_routing.Destination:
    number = user.voicemail_number if route.target == "VOICEMAIL" else route.number
    return wire_routing.Destination(type=DestinationType(route.target), number=number)


def forward_route(user: User) -> wire_routing.ForwardRoute | None:
    """Return where calls are forwarded; an immediate forward has no type."""
    route = user.forward
    if route is None:
        return None
    return wire_routing.ForwardRoute(
        forward_type=None if route.condition == "IMMEDIATE" else wire_routing.ForwardType(route.condition),
        destinations=(_destination(user, route),),
    )


def overflow_route(user: User) -> wire_routing.OverflowRoute | None:
    """Return where unanswered calls go."""
    route = user.overflow
    if route is None:
        return None
    return wire_routing.OverflowRoute(
        overflow_type=wire_routing.OverflowType(route.condition), destinations=(_destination(user, route),)
    )


def routing_state(switch: Switch, login: str) -> wire_routing.RoutingState:
    """Return all of a user's routing."""
    user = switch.user(login)
    presented = [
        wire_routing.Destination(type=DestinationType.OFFICE, device_id=device.id, selected=True)
        for device in user.devices.values()
        if not device.mobile
    ]
    presented += [
        wire_routing.Destination(type=DestinationType.MOBILE, device_id=device.id, selected=user.remote_extension)
        for device in user.devices.values()
        if device.mobile
    ]
    forward, overflow = forward_route(user), overflow_route(user)
    return wire_routing.RoutingState(
        presentation_routes=(wire_routing.PresentationRoute(destinations=tuple(presented)),),
        forward_routes=(forward,) if forward is not None else (),
        overflow_routes=(overflow,) if overflow is not None else (),
        dnd_state=wire_routing.DNDState(activate=user.do_not_disturb),
    )


def routing_snapshot(switch: Switch, login: str) -> wire_routing.OnRoutingStateChanged:
    """Return the event with all of that."""
    return wire_routing.OnRoutingStateChanged(login_name=login, routing_state=routing_state(switch, login))


def event_summary(switch: Switch, login: str) -> EventSummary:
    """Return the counters of a user. Faxes are absent: there is no fax server."""
    counters = switch.counters(login)
    return EventSummary(
        missed_calls_nb=counters.missed_calls,
        voice_messages_nb=counters.voicemails,
        call_back_requests_nb=counters.callbacks,
        new_text_nb=counters.new_texts,
        old_text_nb=counters.old_texts,
        event_waiting=counters.waiting,
    )


# -- events -----------------------------------------------------------------------------------------------------


def user_state(switch: Switch, login: str) -> wire.OnUserStateModified:
    """Return the event for whether a user is free."""
    return _user_state(login, switch.user(login).state)


def _user_state(login: str, state: str) -> wire.OnUserStateModified:
    return wire.OnUserStateModified(login_name=login, state=wire.UserState(state))


def device_states(switch: Switch, login: str) -> wire.OnDeviceStateModified:
    """Return the event for which telephones of a user are in service."""
    devices = switch.user(login).devices.values()
    states = tuple(device_state(device.id, device.state) for device in devices)
    return wire.OnDeviceStateModified(login_name=login, device_states=states)


def attach(switch: Switch, publish: Publish) -> Callable[[], None]:
    """Publish every change of the switch as events from now on. Returns a function that stops it."""
    return switch.subscribe(_Teller(switch, publish))


class _Teller:
    """Turns changes into events; remembers what was sent, to send only the difference."""

    def __init__(self, switch: Switch, publish: Publish) -> None:
        self._switch = switch
        self._publish = publish
        self._calls = {login: {view.ref: view for view in switch.call_views(login)} for login in switch.users}
        self._devices = {login: device_capabilities(switch, login) for login in switch.users}

    def __call__(self, change: Change) -> None:
        if isinstance(change, CallChange):
            self._publish(TELEPHONY, change.login, self._call(change))
        elif isinstance(change, UserStateChange):
            self._publish(TELEPHONY, change.login, _user_state(change.login, change.state))
        elif isinstance(change, DeviceChange):
            states = (device_state(change.device, change.state),)
            self._publish(
                TELEPHONY, change.login, wire.OnDeviceStateModified(login_name=change.login, device_states=states)
            )
        elif isinstance(change, UserChange):
            self._user(change)
        elif isinstance(change, AgentChange | HelpChange | SkillChange):
            self._publish(agent.AGENT, change.login, agent.event_of(change))
        elif isinstance(change, NodeChange):
            self._publish(maintenance.PACKAGE, None, maintenance.event(change))
        elif isinstance(change, PilotChange | RouteChange | PromptChange):
            pass  # each is for certain sessions: see pilot_monitoring
        elif change.login in self._switch.users:  # otherwise it was deleted meanwhile
            self._other(change)

    def _other(
        self, change: CapabilitiesChange | RoutingChange | CountersChange | HuntingGroupChange | LogChange
    ) -> None:
        login = change.login
        if isinstance(change, LogChange):
            self._publish(comlog.PACKAGE, login, comlog.event(change))
        elif isinstance(change, CapabilitiesChange):
            # no call event can carry it, so the whole state is sent
            if self._new_device_capabilities(login):
                self._publish(TELEPHONY, login, telephony_snapshot(self._switch, login))
        elif isinstance(change, RoutingChange):
            self._publish(ROUTING, login, routing_snapshot(self._switch, login))
        elif isinstance(change, CountersChange):
            summary = event_summary(self._switch, login)
            self._publish(SUMMARY, login, OnEventSummaryUpdated(login_name=login, event_summary=summary))
        else:
            status = wire.HuntingGroupStatus(logon=self._switch.user(login).logged_on)
            self._publish(TELEPHONY, login, wire.OnDynamicStateChanged(login_name=login, hunting_group_state=status))

    def _user(self, change: UserChange) -> None:
        login = change.login
        if change.kind == "deleted":
            self._calls.pop(login, None)
            self._devices.pop(login, None)
            self._publish(ADMINISTRATION, login, OnUserDeleted(login_name=login))
            return
        user = self._switch.users.get(login)
        if user is None:
            return
        if change.kind == "created":
            self._calls[login] = {}
            self._devices[login] = device_capabilities(self._switch, login)
            self._publish(ADMINISTRATION, login, OnUserCreated(user=describe(user)))
        else:
            self._publish(USERS, login, OnUserInfoChanged(login_name=login, user=describe(user)))

    def _new_device_capabilities(self, login: str) -> tuple[wire.DeviceCapabilities, ...]:
        """Send what can be started on the user's telephones, where it has changed."""
        if login not in self._switch.users:
            return ()
        before, now = self._devices.get(login, {}), device_capabilities(self._switch, login)
        self._devices[login] = now
        changed = tuple(item for device, item in now.items() if before.get(device) != item)
        if not changed and before.keys() != now.keys():
            return tuple(now.values())
        return changed

    def _call(self, change: CallChange) -> O2gEvent:
        login, view = change.login, change.view
        calls = self._calls.setdefault(login, {})
        cause = wire.CallCause(change.cause) if change.cause is not None else None
        devices = self._new_device_capabilities(login)
        if view is None:
            calls.pop(change.ref, None)
            return wire.OnCallRemoved(
                login_name=login,
                call_ref=change.ref,
                cause=cause,
                new_destination=change.new_destination,
                device_capabilities=devices,
            )
        before = calls.pop(change.previous_ref, None) if change.previous_ref is not None else calls.get(change.ref)
        calls[change.ref] = view
        if change.kind == "created" or before is None:
            return wire.OnCallCreated(
                login_name=login,
                call_ref=view.ref,
                cause=cause,
                call_data=call_data(view),
                initiator=view.initiator,
                legs=tuple(leg(item) for item in view.legs),
                participants=tuple(participant(item) for item in view.parties),
                device_capabilities=tuple(self._devices.get(login, {}).values()),
            )
        old_legs = {item.device: item for item in before.legs}
        new_legs = {item.device: item for item in view.legs}
        old_parties = {item.id: item for item in before.parties}
        new_parties = {item.id: item for item in view.parties}
        data = call_data(view)
        return wire.OnCallModified(
            login_name=login,
            call_ref=view.ref,
            cause=cause,
            previous_call_ref=change.previous_ref,
            replaced_by_call_ref=change.replaced_by,
            call_data=data if data != call_data(before) else None,
            modified_legs=tuple(leg(item) for item in view.legs if old_legs.get(item.device, item) != item),
            added_legs=tuple(leg(item) for item in view.legs if item.device not in old_legs),
            removed_legs=tuple(
                wire.Leg(device_id=item.device, state=wire.MediaState(item.state))
                for item in before.legs
                if item.device not in new_legs
            ),
            modified_participants=tuple(
                participant(item) for item in view.parties if old_parties.get(item.id, item) != item
            ),
            added_participants=tuple(participant(item) for item in view.parties if item.id not in old_parties),
            removed_participant_ids=tuple(key for key in old_parties if key not in new_parties),
            device_capabilities=devices,
        )
