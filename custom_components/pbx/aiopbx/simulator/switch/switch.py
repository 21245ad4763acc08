"""The whole switch."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..clock import Clock
from .calls import ACTIVE, Call, Member
from .changes import UserChange
from .errors import SwitchError, bad_value, server_error, wrong_state
from .objects import ObjectTree
from .recorders import Recorders
from .routing_points import RoutingPoints
from .settings import SwitchSettings
from .tickets import Incidents, Tickets
from .users import User

if TYPE_CHECKING:
    from ..settings import UserSpec


class Switch(RoutingPoints):
    """A telephone system in memory: synchronous, on a clock that tests can turn by hand, without any wire.

    Methods are what people do at a telephone or request from a server. A refused one raises ``SwitchError`` and changes
    nothing; the changes of the others are published to listeners before they return.
    """

    def __init__(self, clock: Clock, users: "Iterable[UserSpec]" = (), settings: SwitchSettings | None = None) -> None:
        """Start with these users and no call."""
        self.tickets = Tickets(self)
        """Charging tickets."""
        self._muted: set[tuple[str, str]] = set()
        super().__init__(clock, users, settings)
        self.recorders = Recorders(self, self.settings.recorders)
        self.incidents = Incidents(self)
        self.subscribe(self.incidents.see)
        self.subscribers: dict[str, User] = {}
        """Who has a telephone at the node and is no user of the server, by login."""
        self.objects = ObjectTree(self)
        """The objects of PBX management."""

    # -- tickets ----------------------------------------------------------------------------------------------------

    def _join(self, call: Call, member: Member) -> None:
        super()._join(call, member)
        self.tickets.joined(call, member)

    def _answered(self, call: Call, member: Member, device: str | None = None) -> None:
        super()._answered(call, member, device)
        self.tickets.answered(call)

    def _close(self, call: Call, cause: str | None) -> None:
        super()._close(call, cause)
        self.tickets.closed(call)
        if self._muted:
            self._muted = {(ref, device) for ref, device in self._muted if ref != call.ref}

    # -- users of the server ----------------------------------------------------------------------------------------

    def release_user(self, login: str) -> None:
        """Let a subscriber be a user of the server no longer; ``take_in`` makes it one again, as it was."""
        user = self.user(login)
        self.subscribers[login] = user
        self.remove_user(login, kept=True)
        user.devices = {number: device for number, device in user.devices.items() if not device.shared}

    def take_in(self, node: str, numbers: Iterable[str] | None) -> list[User]:
        """Take subscribers of a node in as users: those with these numbers, or all. Returns them.

        Users of that node are left as they are, and are returned if their numbers are named.
        """
        waiting = {user.number: user for user in self.subscribers.values() if user.node == node}
        chosen: list[User] = []
        for number in waiting if numbers is None else numbers:
            known = waiting.get(number) or self.by_number(number)
            if known is None or known.node != node:
                raise bad_value(f"deviceNumbers: the node {node} has no subscriber {number}.")
            chosen.append(known)
        for user in chosen:
            if user.login in self.users:
                continue
            if any(number in self._numbers for number in (user.number, *user.devices)):
                raise SwitchError("NUMBER_TAKEN", None, f"deviceNumbers: {user.number} is another's now.")
        for user in chosen:
            if user.login not in self.users:
                del self.subscribers[user.login]
                self._add(user)
                with self._acting():
                    self._touched[user.login] = None
                    self._after.append(UserChange(login=user.login, kind="created", kept=True))
        return chosen

    # -- intrusion --------------------------------------------------------------------------------------------------

    def _call_actions(self, user: User, call: Call, member: Member) -> frozenset[str]:
        actions = super()._call_actions(user, call, member)
        if self.settings.intrusion and call.tone == "BUSY" and call.rung in self.users and call.rung != user.login:
            return actions | {"intrusion"}
        return actions

    def break_in(self, login: str, device: str) -> None:
        """Break into the call for which this telephone has found someone busy: all three talk then."""
        user = self.user(login)
        self._device(user, device)
        met = next((call for call, _, _ in self._legs_on(user, device) if call.tone == "BUSY"), None)
        member = met.user(login) if met is not None else None
        if met is None or member is None or "intrusion" not in self._call_actions(user, met, member):
            raise wrong_state(f"The telephone {device} has found nobody busy whose call it could break into.")
        busy = self.users[met.rung or ""]
        call = self._breakable(user, busy)
        if call is None:
            raise server_error("RESOURCE_BUSY", f"The call of {busy.number} cannot be broken into now.")
        with self._acting():
            self._engage(user, device)  # which ends the tone
            identity = self.identity(user)
            member = Member(self._member_id(call, identity), identity, ACTIVE, {device: ACTIVE})
            self._join(call, member)
            self.log.joined(call, member)
            call.controller = busy.login
            for one in call.members:
                self._note(one.login, call.ref, "CONFERENCED")

    def _breakable(self, user: User, busy: User) -> Call | None:
        """Return the conversation of a busy user that another may join."""
        for call in self.calls_of(busy.login):
            member = call.user(busy.login)
            if member is None or member.state != ACTIVE or call.private or call.conference or call.intruder is not None:
                continue
            others = call.others(member)
            if call.user(user.login) is None and others and all(one.person and one.state == ACTIVE for one in others):
                return call
        return None

    def toggle_microphone(self, login: str, device: str) -> bool:
        """Switch the microphone of a telephone in a call off, or on again; returns whether it is on."""
        user = self.user(login)
        self._device(user, device)
        call = next((call for call, _, state in self._legs_on(user, device) if state == ACTIVE), None)
        if call is None:
            raise wrong_state(f"The telephone {device} is in no call.")
        self._muted ^= {(call.ref, device)}
        return (call.ref, device) not in self._muted

    def microphone(self, ref: str, device: str) -> bool:
        """Whether the microphone of a telephone in a call is on."""
        return (ref, device) not in self._muted

    def dump(self) -> dict[str, Any]:
        """Return the whole state, for comparison."""
        return super().dump() | {"muted": sorted(self._muted), "subscribers": list(self.subscribers)}
