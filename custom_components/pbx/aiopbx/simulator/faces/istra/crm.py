"""myCrm: calls as events of a terminal, and the operations on terminals. Calls that began earlier are not reported."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from ...switch.calls import (
    ACTIVE,
    DIALING,
    HELD,
    RELEASING,
    RINGING_INCOMING,
    RINGING_OUTGOING,
    USER,
    CallView,
    LegView,
)
from ...switch.changes import CallChange, Change
from . import shared
from .context import NOTHING, OK, Answer, Context, Route
from .identifiers import terminal_id
from .lines import Display, displayed
from .refusals import bad_request, no_crm, out_of_service
from .sessions import CRM

if TYPE_CHECKING:
    from ...switch import Switch
    from .lines import Lines

RINGING: Final = "callRinging"
ALERTING: Final = "callAlerting"
TALKING: Final = "callTalking"
HOLDING: Final = "callHeld"
DROPPED: Final = "callDropped"
_NAMES: Final = {
    RINGING_INCOMING: RINGING,
    RINGING_OUTGOING: ALERTING,
    DIALING: ALERTING,
    ACTIVE: TALKING,
    HELD: HOLDING,
}
_DROPPED: Final = {
    "BUSY": "busy",
    "DO_NOT_DISTURB": "unavailable",
    "DESTINATION_NOT_OBTAINABLE": "unavailable",
    "NO_AVAILABLE_AGENT": "unavailable",
    "INVALID_NUMBER": "error",
    "ALL_TRUNK_BUSY": "error",
    "NOT_ANSWERED": "noAnswer",
    "FORWARDED": "noAnswer",
    "TRANSFERRED": "transferred",
    "REDIRECTED": "transferred",
    "PICKED_UP": "transferred",
    "PARKED": "transferred",
    "CONFERENCED": "transferred",
}
"""Why a call ended, by the switch's cause; any other is ``disconnect``."""
_ELSEWHERE: Final = "TRANSFERRED"
"""The call continues on another terminal of the user."""

Publish = Callable[[str, str, dict[str, Any]], None]


@dataclass(slots=True, eq=False)
class _Call:
    """A call at a terminal. Times are milliseconds since the epoch."""

    id: str
    incoming: bool
    began: int
    display: Display
    pilot: str | None = None
    state: str = ""
    last_event: str = ""
    """The last event that was sent."""
    dialled: bool = False
    """Whether it may be reported: not while the user's own telephone rings before it dials."""
    talking: int | None = None

    def event(self, name: str) -> dict[str, Any]:
        """Return what all its events have in common."""
        found: dict[str, Any] = {"event": name, "callId": self.id, "incoming": self.incoming}
        found["type"] = "external" if self.display.external else "internal"
        if self.pilot is not None:
            found["acdId"] = self.pilot
        found["displayLabel"] = self.display.label
        found["displayNumber"] = self.display.number
        found["displayNumberE164"] = self.display.public if self.display.external else self.display.number
        return found


class CrmCalls:
    """Follows the calls of all terminals and publishes their events."""

    def __init__(self, switch: "Switch", lines: "Lines", publish: Publish) -> None:
        """Take the present calls without reporting them. ``lines`` has applied each change before this does."""
        self._switch = switch
        self._lines = lines
        self._publish: Publish = lambda login, device, event: None
        self._of: dict[tuple[str, str], dict[str, _Call]] = {}
        """Login and reference → telephone → call."""
        for login in switch.users:
            for view in switch.call_views(login):
                self._view(login, view, None, moved=False)
        self._publish = publish

    def apply(self, change: Change) -> None:
        """Apply a change of the switch."""
        if not isinstance(change, CallChange):
            return
        if change.previous_ref is not None and (change.login, change.previous_ref) in self._of:
            self._of[change.login, change.ref] = self._of.pop((change.login, change.previous_ref))
        if change.view is None or change.view.state == RELEASING:
            for device, call in self._of.pop((change.login, change.ref), {}).items():
                self._drop(change.login, device, call, change.cause)
        else:
            self._view(change.login, change.view, change.cause, moved=change.previous_ref is not None)

    def _view(self, login: str, view: CallView, cause: str | None, *, moved: bool) -> None:
        line = self._lines.line(login, view.ref)
        if line is None or view.state == RELEASING:
            return
        calls = self._of.setdefault((login, view.ref), {})
        display = displayed(self._switch, view)
        legs = {leg.device: leg for leg in view.legs}
        elsewhere = bool(calls) and not (calls.keys() & legs.keys())
        for device in [device for device in calls if device not in legs]:
            self._drop(login, device, calls.pop(device), _ELSEWHERE)
        for device, leg in legs.items():
            call = calls.get(device)
            if call is None:
                call = calls[device] = _Call(line.id, line.incoming, self._lines.now(), display)
            if view.acd is not None:
                call.pilot = view.acd.pilot
            former, call.display = call.display, display
            moved = moved or elsewhere or (cause == "TRANSFERRED" and former != display)
            self._step(login, call, leg, view, moved=moved)

    def _step(self, login: str, call: _Call, leg: LegView, view: CallView, *, moved: bool) -> None:
        """Publish what changed at a terminal."""
        own = leg.state == RINGING_INCOMING and view.state == DIALING
        call.state = leg.state
        call.dialled = call.dialled or not own
        name = None if own else _NAMES.get(leg.state)
        if leg.state == DIALING and not call.last_event:
            name = None  # it does not ring anywhere yet
        if name is None or (name == call.last_event and not (moved and name == TALKING)):
            return
        was, call.last_event = call.last_event, name
        if name == HOLDING:
            self._publish(login, leg.device, {"event": name, "callId": call.id})
            return
        event = call.event(name)
        if name == TALKING:
            event["talkCause"] = "transferred" if moved else "unHold" if was == HOLDING else "answer"
            if call.talking is None:
                call.talking = self._lines.now()
        elif name == ALERTING and was in (TALKING, HOLDING):
            call.talking = None  # it now rings at someone else
        self._publish(login, leg.device, event)

    def _drop(self, login: str, device: str, call: _Call, cause: str | None) -> None:
        if not call.dialled:
            return
        now = self._lines.now()
        event = call.event(DROPPED)
        event["ringingTime"] = str((call.talking if call.talking is not None else now) - call.began)
        event["talkingTime"] = str(now - call.talking if call.talking is not None else 0)
        event["dropCause"] = self._cause(call, cause)
        self._publish(login, device, event)

    def _cause(self, call: _Call, cause: str | None) -> str:
        if cause is None:
            return "rejected" if call.state == RINGING_INCOMING else "disconnect"
        if cause == "BUSY" and call.state == RINGING_OUTGOING and call.display.kind == USER:
            return "rejected"  # it rang there, so it was rejected rather than busy
        return _DROPPED.get(cause, "disconnect")


# -- operations -------------------------------------------------------------------------------------------------

_MODELS: Final = {
    "DESKPHONE": "SIP generic device",
    "SOFTPHONE": "SIP softphone",
    "DECT": "DECT handset",
    "MOBILE": "Mobile extension",
}


def model_of(kind: str) -> str:
    """Return the model name of a kind of telephone."""
    return _MODELS.get(kind, kind)


def _allowed(ctx: Context) -> None:
    """Refuse a user without the right to myCrm, which may have been withdrawn since the login."""
    if not ctx.user.crm:
        raise no_crm()


def terminals(ctx: Context) -> list[dict[str, str]]:
    """``GET v1/crm/GetTerminals``: a bare list."""
    _allowed(ctx)
    user = ctx.user
    return [
        {"deviceModel": model_of(device.kind), "terminalId": terminal_id(user.login, device.id)}
        for device in user.devices.values()
    ]


def listen(ctx: Context) -> Answer:
    """``GET v1/crm/CallLine``: bind a listener to its terminal. Calls that began earlier are not reported."""
    _allowed(ctx)
    if not ctx.query.get("listenerName", "").strip():
        raise bad_request("listenerName: a text is missing")
    device = shared.terminal(ctx, ctx.parameter("terminalId"))
    if ctx.face.variants.refuse_listening and not ctx.user.usable(device):
        raise out_of_service()
    shared.bound(ctx, device=device)
    return NOTHING if ctx.face.variants.empty == "no_content" else OK


def place_call(ctx: Context) -> Answer:
    """``GET v1/crm/PlaceCall``."""
    _allowed(ctx)
    device = shared.terminal(ctx, ctx.parameter("terminalId"))
    shared.place(ctx, ctx.user, device, ctx.parameter("destination"))
    return Answer(HTTPStatus.OK)


ROUTES: Final = (
    Route(CRM, ("GET",), "v1/crm/GetTerminals", terminals),
    Route(CRM, ("GET",), "v1/crm/CallLine", listen),
    Route(CRM, ("GET",), "v1/crm/PlaceCall", place_call),
)
