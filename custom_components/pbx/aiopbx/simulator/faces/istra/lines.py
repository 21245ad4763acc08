"""Istra's lines: one for each call of an extension, with a number that it keeps for its whole life."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from ...switch.calls import (
    ACTIVE,
    DIALING,
    EXTERNAL,
    HELD,
    RELEASING,
    RINGING_INCOMING,
    RINGING_OUTGOING,
    SERVICE,
    USER,
    CallView,
    Identity,
)
from ...switch.changes import CallChange, Change, UserChange
from ...switch.users import User
from .identifiers import extension_id

if TYPE_CHECKING:
    from ...clock import Clock
    from ...switch import Switch
    from .variants import Variants

PROMPTING: Final = "prompting"
TALKING: Final = "talking"
ON_HOLD: Final = "held"
DROPPED: Final = "dropped"
NORMAL: Final = "causeNormal"
_STATES: Final = {
    RINGING_INCOMING: PROMPTING,
    RINGING_OUTGOING: PROMPTING,
    DIALING: PROMPTING,
    ACTIVE: TALKING,
    HELD: ON_HOLD,
    RELEASING: DROPPED,
}
ACTIONS: Final = (
    "addParty",
    "answer",
    "disconnect",
    "hold",
    "unhold",
    "leave",
    "redirect",
    "transfer",
    "merge",
    "sendDtmfs",
    "startRecord",
)
"""In the order in which they are listed."""
_STEP: Final = 5
"""The distance between the numbers of two lines."""


@dataclass(frozen=True, slots=True)
class Display:
    """What is displayed as the other side of a line."""

    label: str = ""
    number: str = ""
    public: str = ""
    """The number as dialled from anywhere."""
    photo: str = ""
    kind: str = USER
    login: str | None = None

    @property
    def external(self) -> bool:
        """Whether it is outside the PBX."""
        return self.kind == EXTERNAL


def public_number(number: str) -> str:
    """Return an outside number as dialled from anywhere, if that is known: ``0015550100`` is ``+15550100``."""
    if number.startswith("00"):
        return "+" + number[2:]
    return number


def display_of(switch: "Switch", identity: Identity, *, anonymous: bool = False) -> Display:
    """Return how a party is displayed."""
    if anonymous:
        return Display(label="anonymous", kind=identity.kind)
    user = switch.users.get(identity.login) if identity.login is not None else None
    if user is not None:
        public = user.pstn_numbers[0] if user.pstn_numbers else ""
        return Display(user.name, identity.number, public, user.photo_url, USER, user.login)
    name = f"{identity.first_name} {identity.last_name}".strip()
    public = public_number(identity.number) if identity.kind == EXTERNAL else ""
    return Display(name or identity.number, identity.number, public, "", identity.kind)


def displayed(switch: "Switch", view: CallView) -> Display:
    """Return the other side of a call: all names if there are several, with the number of the first."""
    if not view.parties:
        return display_of(switch, view.initial_called)
    shown = [display_of(switch, party.identity, anonymous=party.anonymous) for party in view.parties]
    if len(shown) == 1:
        return shown[0]
    return replace(shown[0], label=", ".join(each.label for each in shown), photo="")


@dataclass(frozen=True, slots=True)
class Picture:
    """The visible state of a line, apart from its times."""

    state: str
    actions: tuple[str, ...]
    display: Display
    conference: bool
    recording: bool
    playing: bool


@dataclass(slots=True, eq=False)
class Line:
    """A line. Times are milliseconds since the epoch."""

    number: int
    login: str
    ref: str
    incoming: bool
    created: int
    picture: Picture
    modified: int = 0
    talking: int | None = None
    cause: str | None = None
    """Why it was dropped: the switch's cause."""
    _looks: int = field(default=0, repr=False)

    @property
    def id(self) -> str:
        """Its number as text."""
        return str(self.number)

    @property
    def dropped(self) -> bool:
        """Whether it is over."""
        return self.picture.state == DROPPED

    def uri_id(self, variants: "Variants") -> str:
        """Return its number in ``restUri``."""
        return str(self.number - 1) if variants.line_id_differs else self.id

    def wire(self, variants: "Variants", where: str) -> dict[str, Any]:
        """Return the line as sent; ``where`` is ``list``, ``answer`` (of a placed call) or ``push``."""
        picture, display = self.picture, self.picture.display
        created = self.created
        if variants.moving_creation_time:
            self._looks += 1
            created += 7 * self._looks
        found: dict[str, Any] = {
            "restUri": f"v1/rcc/CallLine/{self.uri_id(variants)}",
            "actions": list(picture.actions),
            "conference": picture.conference,
            "creationTime": str(created),
            "displayedExternalNumber": display.public,
            "displayedLabel": display.label,
            "displayedNumber": display.number,
            "displayedPhoto": display.photo,
            "isIncoming": self.incoming,
            "isMediaAvailable": picture.playing,
            "isPlaying": picture.playing,
            "isRecording": picture.recording,
            "lastModificationTime": str(self.modified),
            "lineId": self.id,
            "state": picture.state,
            "stateCause": self._cause(variants),
        }
        if self.dropped and not variants.actions_on_dropped:
            del found["actions"]
        if self.talking is not None:
            found["talkingTime"] = str(self.talking)
        found[_extension_key(variants, where)] = f"v1/rcc/Extension/{extension_id(self.login)}"
        if variants.sparse:
            keep = {"isIncoming", "actions"}
            found = {key: value for key, value in found.items() if key in keep or value not in ("", False)}
            if where == "answer":
                found.pop("lastModificationTime", None)
        return found

    def _cause(self, variants: "Variants") -> str:
        if not (variants.other_causes and self.dropped):
            return NORMAL
        cause = (self.cause or "rejected").replace("_", " ").title().replace(" ", "")
        return NORMAL if cause == "Cleared" else f"cause{cause}"


def _extension_key(variants: "Variants", where: str) -> str:
    if variants.extension_key == "mixed":
        return {"list": "extension", "answer": "extensionURI"}.get(where, "uriExtension")
    return variants.extension_key


class Lines:
    """Follows the switch. Every call of every user is a line until its end has been published."""

    def __init__(self, switch: "Switch", clock: "Clock") -> None:
        """Take the present calls."""
        self._switch = switch
        self._clock = clock
        self._last = -2898
        self._by_number: dict[int, Line] = {}
        self._of: dict[str, dict[str, Line]] = {}
        self.on_change: Callable[[Line], None] = lambda line: None
        """Called with each line that changed."""
        for login in switch.users:
            for view in switch.call_views(login):
                if view.state != RELEASING:
                    self._begin(login, view)

    # -- looking ------------------------------------------------------------------------------------------------

    def all(self) -> Iterator[Line]:
        """Return every line that is not dropped, oldest first."""
        return (line for line in self._by_number.values() if not line.dropped)

    def of(self, login: str) -> list[Line]:
        """Return the lines of a user that are not dropped, oldest first."""
        return [line for line in self._of.get(login, {}).values() if not line.dropped]

    def get(self, id: str) -> Line | None:
        """Return the line with this number, unless it is dropped."""
        try:
            line = self._by_number.get(int(id))
        except ValueError:
            return None
        return line if line is not None and not line.dropped else None

    def line(self, login: str, ref: str) -> Line | None:
        """Return the line of a user's call, even if it was just dropped."""
        return self._of.get(login, {}).get(ref)

    def now(self) -> int:
        """Return the time of day in milliseconds."""
        return round(self._clock.utc().timestamp() * 1000)

    # -- following ----------------------------------------------------------------------------------------------

    def apply(self, change: Change) -> None:
        """Apply a change of the switch."""
        if isinstance(change, CallChange):
            self._call(change)
            self._refresh(change.login)
        elif isinstance(change, UserChange) and change.kind == "deleted":
            for line in tuple(self._of.get(change.login, {}).values()):
                self._drop(line, "CLEARED")
            self._forget(change.login)
        elif (login := getattr(change, "login", None)) in self._of:
            self._refresh(login)

    def _call(self, change: CallChange) -> None:
        own = self._of.setdefault(change.login, {})
        if change.previous_ref is not None and change.previous_ref in own and change.ref not in own:
            own[change.ref] = own.pop(change.previous_ref)
            own[change.ref].ref = change.ref
        line = own.get(change.ref)
        if change.kind == "removed":
            if line is not None:
                self._drop(line, change.cause)
                del own[change.ref]
                self._by_number.pop(line.number, None)
        elif change.view is not None and change.view.state == RELEASING:
            if line is not None:
                self._drop(line, change.cause)
        elif line is None and change.view is not None:
            self._begin(change.login, change.view)

    def _forget(self, login: str) -> None:
        for line in self._of.pop(login, {}).values():
            self._by_number.pop(line.number, None)

    def _begin(self, login: str, view: CallView) -> Line:
        user = self._switch.users[login]
        self._last -= _STEP
        now = self.now()
        line = Line(self._last, login, view.ref, self._incoming(login, view), now, self._picture(user, view), now)
        if line.picture.state == TALKING:
            line.talking = now
        self._by_number[line.number] = line
        self._of.setdefault(login, {})[view.ref] = line
        self.on_change(line)
        return line

    def _incoming(self, login: str, view: CallView) -> bool:
        if view.state == RINGING_INCOMING:
            return True
        call = self._switch.calls.get(view.ref)
        member = call.user(login) if call is not None else None
        return member is not None and member.id != view.initiator

    def _drop(self, line: Line, cause: str | None) -> None:
        if not line.dropped:
            line.cause = cause
            self._change(line, replace(line.picture, state=DROPPED, actions=(), recording=False, playing=False))

    def _refresh(self, login: str) -> None:
        """Update all lines of a user: the actions of a line depend on the others."""
        user = self._switch.users.get(login)
        own = self._of.get(login)
        if user is None or not own:
            return
        for view in self._switch.call_views(login):
            line = own.get(view.ref)
            if line is None or line.dropped or view.state == RELEASING:
                continue
            picture = self._picture(user, view)
            if picture != line.picture:
                self._change(line, picture)

    def _change(self, line: Line, picture: Picture) -> None:
        line.picture = picture
        line.modified = max(self.now(), line.modified + 1)
        if picture.state == TALKING and line.talking is None:
            line.talking = line.modified
        self.on_change(line)

    # -- what is seen -------------------------------------------------------------------------------------------

    def _picture(self, user: User, view: CallView) -> Picture:
        allowed = self._allowed(user, view)
        call = self._switch.calls.get(view.ref)
        playing = (
            call is not None
            and call.message is not None
            and any(member.kind == SERVICE and member.box == user.login for member in call.members)
        )
        return Picture(
            state=_STATES.get(view.state, PROMPTING),
            actions=tuple(name for name in ACTIONS if name in allowed),
            display=displayed(self._switch, view),
            conference=len(view.parties) > 1,
            recording=view.record_state == "RECORDING",
            playing=playing and view.state == ACTIVE,
        )

    def _allowed(self, user: User, view: CallView) -> set[str]:
        """Return the actions that the switch allows on a line, by their names in Istra."""
        legs = frozenset[str]().union(*(leg.actions for leg in view.legs))
        calls, allowed = view.actions, set()
        if "answer" in legs:
            allowed.add("answer")
        if "terminate" in calls:
            allowed.add("disconnect")
        if view.state in (ACTIVE, HELD) and "drop" in legs:
            allowed.add("leave")
        if "hold" in legs:
            allowed.add("hold")
        if "retrieve" in legs:
            allowed.add("unhold")
        if "redirect" in calls or "blindTransfer" in calls:
            allowed.add("redirect")
        allowed |= {"transfer", "merge"} & calls
        if "sendDtmf" in legs:
            allowed.add("sendDtmfs")
        if "startRecord" in calls:
            allowed.add("startRecord")
        if view.state == ACTIVE and self._switch.can_add_party(user.login, view.ref):
            allowed.add("addParty")
        return allowed
