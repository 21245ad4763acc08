"""The communication log: one record for each user in a call, until the log is full."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from .calls import ACTIVE, HELD, SERVICE, Call, Identity, Member
from .changes import Change, CountersChange, LogChange, LogPart, LogRecord
from .errors import SwitchError
from .users import Missed

if TYPE_CHECKING:
    from .core import Core
    from .users import User

CALLER: Final = "CALLER"
CALLEE: Final = "CALLEE"

_REASONS: Final = {
    "ABANDONED": "ABANDONED",
    "NOT_ANSWERED": "ABANDONED",
    "ALL_TRUNK_BUSY": "ALL_TRUNK_BUSY",
    "BUSY": "BUSY",
    "DO_NOT_DISTURB": "BUSY",
    "CLEARED": "NORMAL",
    "PARKED": "NORMAL",
    "CONFERENCED": "CONFERENCED",
    "FORWARDED": "FORWARDED",
    "INVALID_NUMBER": "INVALID_NUMBER",
    "PICKED_UP": "PICKUP",
    "REDIRECTED": "REDIRECTED",
    "TRANSFERRED": "TRANSFERRED",
    "VOICEMAIL": "VOICEMAIL",
}
_LED_AWAY: Final = frozenset({"FORWARDED", "REDIRECTED", "PICKED_UP"})
"""Causes with which a ringing call goes to someone else."""
_BY_HAND: Final = frozenset({"REDIRECTED", "PICKED_UP"})
"""Those of them after which the call needs no attention: someone has dealt with it."""


def _reason(cause: str | None) -> str:
    return _REASONS.get(cause or "", "UNKNOWN")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """Selects records; ``None`` does not matter."""

    unanswered: bool = False
    unacknowledged: bool = False
    after: datetime | None = None
    """Begun at this time or later."""
    before: datetime | None = None
    """Begun before this time."""
    role: str | None = None
    ref: str | None = None
    remote: str | None = None
    """Login or number of another party."""

    @property
    def everything(self) -> bool:
        """Whether it selects everything."""
        return self == LogFilter()


@dataclass(slots=True, eq=False)
class _Party:
    """Another party of a call; ``talked`` once the owner of the record was connected to it."""

    identity: Identity
    anonymous: bool = False
    talked: bool = False
    provisional: bool = False
    """Only dialled so far."""


@dataclass(slots=True, eq=False)
class _Entry:
    """A record that is being written."""

    id: int
    login: str
    identity: Identity
    ref: str
    role: str
    begin: datetime
    end: datetime | None = None
    conversation: datetime | None = None
    answered: bool = False
    acknowledged: bool = False
    initial_called: Identity | None = None
    reason: str | None = None
    held: float = 0.0
    held_since: float | None = None
    transferred_by: str | None = None
    data: str | None = None
    device: str | None = None
    parties: dict[str, _Party] = field(default_factory=dict)
    led_away: bool = False
    """It rang here, but someone else took it."""
    taker: Identity | None = None
    """The user who took it."""
    rings: bool = False
    published: LogRecord | None = None
    deleted: bool = False

    @property
    def missed(self) -> bool:
        """Whether the owner was called, no longer rings, and no one has answered."""
        return self.role == CALLEE and not self.answered and not self.rings

    @property
    def waiting(self) -> bool:
        """Whether the owner should look at it."""
        return self.missed and not self.acknowledged

    def remote(self) -> str:
        """The number of the first other party that is not hidden."""
        return next((party.identity.number for party in self.parties.values() if not party.anonymous), "")

    def names(self, who: str) -> bool:
        """Whether another party has this login or number."""
        others = [party.identity for party in self.parties.values() if not party.anonymous]
        if self.taker is not None:
            others.append(self.taker)
        return any(who in (identity.login, identity.number) for identity in others)

    def record(self) -> LogRecord:
        """Return the record as it is now."""
        called = self.identity if self.led_away else self.initial_called
        own = LogPart(
            self.identity, self.role, self.answered, initial_called=called, reason=self.reason, device=self.device
        )
        parts = [own] if not self.led_away else []
        parts += [
            LogPart(_nobody(party.identity) if party.anonymous else party.identity, anonymous=party.anonymous)
            for party in self.parties.values()
        ]
        if self.led_away:
            # a user who was passed over is not a party of the record; the one who took the call is
            parts.append(replace(own, identity=self.taker) if self.taker is not None else own)
        return LogRecord(
            id=self.id,
            ref=self.ref,
            parts=tuple(parts),
            role=self.role,
            begin=self.begin,
            end=self.end,
            conversation=self.conversation,
            missed=self.missed,
            acknowledged=self.acknowledged,
            held=self.held if self.end is not None else 0.0,
            transferred_by=self.transferred_by,
            data=self.data,
        )


def _nobody(identity: Identity) -> Identity:
    return Identity(identity.kind, "")


class CallLog:
    """The logs of all users. The switch reports what happens; ``flush`` returns the changes that result.

    A record begins when a number is dialled or when a call rings at a user (even if it could not ring: the user was
    busy or refuses calls), changes when the call is answered or redirected, and ends with the user's part in it.
    """

    def __init__(self, core: "Core", size: int) -> None:
        """Start empty. ``size`` is the most records that a user has."""
        self._core = core
        self._size = size
        self._last = 0
        self._entries: dict[str, dict[int, _Entry]] = {}
        self._open: dict[str, dict[str, _Entry]] = {}
        """Reference of a call → login → record."""
        self._away: dict[str, list[_Entry]] = {}
        """Reference of a call → records of those whom it was led away from."""
        self._dirty: dict[int, _Entry] = {}
        self._looked: dict[str, None] = {}
        """Users whose missed calls have to be counted again."""
        self._removed: dict[str, list[int]] = {}

    # -- what happens -------------------------------------------------------------------------------------------

    def _begin(self, call: Call, user: "User", role: str, identity: Identity) -> _Entry:
        self._last += 1
        entry = _Entry(self._last, user.login, identity, call.ref, role, self._core.clock.utc())
        log = self._entries.setdefault(user.login, {})
        log[entry.id] = entry
        while len(log) > self._size:
            oldest = next((old for old in log.values() if old.end is not None), next(iter(log.values())))
            self._drop(oldest)
            self._removed.setdefault(user.login, []).append(oldest.id)
        self._touch(entry)
        return entry

    def _touch(self, entry: _Entry) -> None:
        if not entry.deleted:
            self._dirty[entry.id] = entry
            self._looked[entry.login] = None

    def _drop(self, entry: _Entry) -> None:
        entry.deleted = True
        self._entries[entry.login].pop(entry.id, None)
        self._dirty.pop(entry.id, None)
        self._looked[entry.login] = None

    def _user(self, member: Member) -> "User | None":
        return self._core.users.get(member.login) if member.login is not None else None

    def dialled(self, call: Call, caller: Member) -> None:
        """A user has dialled; so far only the number is known."""
        user = self._user(caller)
        if user is not None:
            entry = self._begin(call, user, CALLER, caller.identity)
            entry.parties["?"] = _Party(call.initial_called, provisional=True)
            self._open.setdefault(call.ref, {})[user.login] = entry

    def reached(self, call: Call, member: Member, cause: str | None) -> None:
        """It rings at a user, or a service answers. ``cause`` is why it is not where it was dialled to."""
        user = self._user(member)
        if user is not None:
            former = self._open.get(call.ref, {}).pop(user.login, None)
            if former is not None:
                self._end(former, None)
            for entry in self._away.get(call.ref, []):
                if entry.login == user.login and entry.end is None:  # it comes back: that was another attempt
                    self._end(entry, None)
            entry = self._begin(call, user, CALLEE, member.identity)
            entry.rings = True
            self._led(entry, call, member, cause)
            self._open.setdefault(call.ref, {})[user.login] = entry
        for login, entry in self._open.get(call.ref, {}).items():
            if login != member.login and entry.role == CALLER:
                self._led(entry, call, member, cause)
        for entry in self._away.get(call.ref, []):
            if entry.end is None:
                entry.taker = member.identity
                if _reason(cause) != "UNKNOWN":
                    entry.reason = _reason(cause)
                self._touch(entry)
        self._refresh(call)

    def _led(self, entry: _Entry, call: Call, member: Member, cause: str | None) -> None:
        """Note that a call did not go where it was dialled to."""
        if cause in _REASONS and cause != "CLEARED":
            entry.reason = _reason(cause)
            if member.identity != call.initial_called:
                entry.initial_called = call.initial_called

    def _refresh(self, call: Call) -> None:
        """Update the other parties of every open record; those who left without having talked are removed."""
        for login, entry in self._open.get(call.ref, {}).items():
            own = call.user(login)
            through = own is not None and own.state in (ACTIVE, HELD)
            present = {}
            for member in call.members:
                if member.login == login or member.place or member.queue or member.intrudes is not None:
                    continue
                key = member.login or f"{member.kind} {member.identity.number}"
                present[key] = member
                party = entry.parties.get(key)
                if party is None:
                    party = entry.parties[key] = _Party(member.identity)
                party.anonymous = member.anonymous
                party.talked = party.talked or (through and member.state in (ACTIVE, HELD))
            if present:
                entry.parties = {key: party for key, party in entry.parties.items() if key in present or party.talked}
            self._note(entry, call, own)
            self._touch(entry)

    def _note(self, entry: _Entry, call: Call, own: Member | None) -> None:
        """Take from a call what its record shows."""
        entry.transferred_by = call.transferred_by or entry.transferred_by
        entry.data = call.associated_data
        if own is not None and len(own.legs) == 1:
            entry.device = next(iter(own.legs))

    def held(self, call: Call, member: Member) -> None:
        """A user puts a call on hold, or takes it back."""
        entry = self._open.get(call.ref, {}).get(member.login or "")
        if entry is None:
            return
        now = self._core.clock.now()
        if entry.held_since is not None:
            entry.held += now - entry.held_since
        entry.held_since = now if member.state == HELD else None

    def refused(self, call: Call, user: "User", origin: Member, cause: str | None) -> None:
        """A user could not be rung, being busy or refusing calls: it has missed the call."""
        entry = self._begin(call, user, CALLEE, self._core.identity(user))
        entry.parties[origin.login or origin.identity.number] = _Party(origin.identity, origin.anonymous)
        if call.initial_called.number != user.number:
            entry.initial_called = call.initial_called
        self._end(entry, _reason(cause))

    def answered(self, call: Call, member: Member, *, deposit: bool = False) -> None:
        """A party answers. ``deposit``: it is a mailbox, so no person has answered."""
        now = self._core.clock.utc()
        for entry in self._open.get(call.ref, {}).values():
            entry.rings = False if entry.login == member.login else entry.rings
            if not entry.answered and (entry.login == member.login or not entry.rings):
                entry.answered = True
                entry.conversation = now
            if deposit and entry.role == CALLER:
                entry.reason = "VOICEMAIL"
        for entry in self._away.get(call.ref, []):
            if entry.end is None:
                if deposit:
                    entry.reason = "VOICEMAIL"
                else:
                    entry.answered = True
                    entry.conversation = entry.conversation or now
                self._touch(entry)
        self._refresh(call)

    def joined(self, call: Call, member: Member) -> None:
        """A user takes a call that was parked."""
        user = self._user(member)
        if user is not None:
            entry = self._begin(call, user, CALLEE, member.identity)
            entry.answered = True
            entry.conversation = entry.begin
            entry.reason = "PICKUP"
            self._open.setdefault(call.ref, {})[user.login] = entry
        self._refresh(call)

    def lift(self, held: Call, member: Member) -> _Entry | None:
        """A party is about to move from one call to another: its record moves along."""
        return self._open.get(held.ref, {}).pop(member.login or "", None)

    def moved(self, entry: _Entry | None, active: Call, member: Member, cause: str) -> None:
        """A party has moved here from another call, with its record from there."""
        if entry is not None and member.login is not None:
            former = self._open.setdefault(active.ref, {}).pop(member.login, None)
            if former is not None:
                self._end(former, _reason(cause))
            entry.reason = _reason(cause)
            self._open[active.ref][member.login] = entry
        for other in self._open.get(active.ref, {}).values():
            if cause == "CONFERENCED":
                other.reason = "CONFERENCED"
        self._refresh(active)

    def left(self, call: Call, member: Member, cause: str | None) -> None:
        """A party leaves a call, whatever the reason."""
        entry = self._open.get(call.ref, {}).pop(member.login or "", None)
        if entry is None:
            return
        self._note(entry, call, member)
        if entry.rings and cause in _LED_AWAY:
            entry.rings = False
            entry.led_away = True
            entry.reason = _reason(cause)
            entry.acknowledged = cause in _BY_HAND
            self._away.setdefault(call.ref, []).append(entry)
            self._touch(entry)
        else:
            self._end(entry, _reason(cause))

    def closed(self, call: Call, cause: str | None) -> None:
        """A call is over for all parties."""
        for entry in (*self._open.pop(call.ref, {}).values(), *self._away.pop(call.ref, ())):
            entry.data = call.associated_data
            self._end(entry, _reason(cause))

    def _end(self, entry: _Entry, reason: str | None) -> None:
        if entry.end is not None:
            return
        entry.end = self._core.clock.utc()
        entry.rings = False
        if entry.held_since is not None:
            entry.held += self._core.clock.now() - entry.held_since
            entry.held_since = None
        if entry.reason is None:
            entry.reason = reason or "UNKNOWN"
        self._touch(entry)

    def forget(self, login: str) -> None:
        """A user is deleted, with its log."""
        for entry in tuple(self._entries.get(login, {}).values()):
            self._drop(entry)
        self._entries.pop(login, None)
        self._looked.pop(login, None)
        self._removed.pop(login, None)

    # -- publishing -----------------------------------------------------------------------------------------------

    def changes(self) -> list[Change]:
        """Return the changes since the last time."""
        found: list[Change] = []
        removed, self._removed = self._removed, {}
        for login, ids in removed.items():
            found.append(LogChange(login=login, kind="deleted", ids=tuple(ids)))
        dirty, self._dirty = self._dirty, {}
        for entry in dirty.values():
            record = entry.record()
            if entry.published is None:
                found.append(LogChange(login=entry.login, kind="created", record=record))
            elif entry.published != record:
                found.append(LogChange(login=entry.login, kind="modified", record=record))
            entry.published = record
        looked, self._looked = self._looked, {}
        for login in looked:
            user = self._core.users.get(login)
            if user is not None:
                missed = [Missed(e.remote(), e.begin) for e in self._entries.get(login, {}).values() if e.waiting]
                if missed != user.missed:
                    user.missed[:] = missed
                    found.append(CountersChange(login=login))
        return found

    # -- reading ------------------------------------------------------------------------------------------------

    def records(self, login: str, wanted: LogFilter | None = None) -> tuple[LogRecord, ...]:
        """Return the selected records of a user, oldest first."""
        return tuple(entry.record() for entry in self._select(login, wanted or LogFilter()))

    def named(self, login: str, ids: Iterable[int]) -> tuple[LogRecord, ...]:
        """Return the records with these ids, oldest first; unknown ids are left out."""
        wanted = set(ids)
        return tuple(entry.record() for entry in self._log(login).values() if entry.id in wanted)

    def find(self, login: str, id: int) -> LogRecord:
        """Return a record; refuses an id that the user's log does not have."""
        entry = self._log(login).get(id)
        if entry is None:
            raise SwitchError("NOT_FOUND", None, f"The log of {login} has no record {id}.")
        return entry.record()

    def _log(self, login: str) -> dict[int, _Entry]:
        return self._entries.get(self._core.user(login).login, {})

    def _select(self, login: str, wanted: LogFilter) -> list[_Entry]:
        return [
            entry
            for entry in self._log(login).values()
            if (not wanted.unanswered or entry.missed)
            and (not wanted.unacknowledged or entry.waiting)
            and (wanted.after is None or entry.begin >= wanted.after)
            and (wanted.before is None or entry.begin < wanted.before)
            and (wanted.role is None or entry.role == wanted.role)
            and (wanted.ref is None or entry.ref == wanted.ref)
            and (wanted.remote is None or entry.names(wanted.remote))
        ]

    # -- what users do with it ----------------------------------------------------------------------------------

    def acknowledge(self, login: str, ids: Iterable[int], on: bool = True) -> tuple[int, ...]:
        """Acknowledge missed calls, or undo it; returns the ids that this changed. Others are ignored."""
        log = self._log(login)
        entries = [log[key] for key in dict.fromkeys(ids) if key in log]
        changed = [entry for entry in entries if entry.missed and entry.acknowledged != on]
        self._mark(login, changed, on)
        return tuple(entry.id for entry in changed)

    def _mark(self, login: str, entries: list[_Entry], on: bool) -> None:
        if not entries:
            return
        with self._core.acting() as after:
            for entry in entries:
                entry.acknowledged = on
                if entry.published is not None:
                    entry.published = replace(entry.published, acknowledged=on)  # that change is published as ids
                self._looked[login] = None
            ids = tuple(entry.id for entry in entries)
            after.append(LogChange(login=login, kind="acknowledged" if on else "unacknowledged", ids=ids))

    def acknowledge_all(self, login: str) -> None:
        """Acknowledge all missed calls of a user."""
        self._mark(login, [entry for entry in self._log(login).values() if entry.waiting], True)

    def met(self, login: str, number: str) -> None:
        """Acknowledge missed calls from a number that the user now talks to."""
        entries = [entry for entry in self._log(login).values() if entry.waiting and entry.remote() == number]
        self._mark(login, entries, True)

    def delete(self, login: str, ids: Iterable[int]) -> tuple[int, ...]:
        """Delete these records; returns those that existed."""
        log = self._log(login)
        return self._delete(login, [log[key] for key in dict.fromkeys(ids) if key in log])

    def delete_where(self, login: str, wanted: LogFilter) -> tuple[int, ...]:
        """Delete the selected records; an empty filter selects all of them."""
        return self._delete(login, self._select(login, wanted), everything=wanted.everything)

    def _delete(self, login: str, entries: list[_Entry], *, everything: bool = False) -> tuple[int, ...]:
        ids = tuple(entry.id for entry in entries)
        if ids:
            with self._core.acting() as after:
                for entry in entries:
                    self._drop(entry)
                after.append(LogChange(login=login, kind="deleted", ids=() if everything else ids))
        return ids

    # -- checking -----------------------------------------------------------------------------------------------

    def dump(self) -> dict[str, list[LogRecord]]:
        """Return everything, for comparison."""
        return {login: [entry.record() for entry in log.values()] for login, log in self._entries.items()}

    def check(self) -> None:
        """Raise ``AssertionError`` if the logs contradict the calls, or differ from what was published."""
        assert not self._dirty
        assert not self._looked
        assert not self._removed
        for ref, entries in self._open.items():
            for login, entry in entries.items():
                assert entry.end is None
                call = self._core.calls.get(ref)
                assert call is not None, f"the log has {ref} open"
                assert call.user(login) is not None, f"{login}: the log has {ref} open"
        going = {entry.id for entries in self._open.values() for entry in entries.values()}
        for ref, away in self._away.items():
            assert ref in self._core.calls, f"the log has {ref} open"
            going |= {entry.id for entry in away}
        for login, log in self._entries.items():
            assert login in self._core.users
            assert len(log) <= self._size
            waiting = 0
            for entry in log.values():
                assert entry.published == entry.record(), f"{login} did not get record {entry.id}"
                waiting += entry.waiting
                if entry.end is not None:
                    assert entry.begin <= entry.end
                assert entry.end is not None or entry.id in going, f"record {entry.id} of {login} has not ended"
            assert waiting == len(self._core.users[login].missed)
        for login in self._core.users:
            for call in self._core.calls_of(login):
                member = call.user(login)
                if member is not None and member.state != "DIALING" and member.intrudes is None:
                    mine = self._open.get(call.ref, {}).get(login)
                    assert mine is not None, f"{login}: {call.ref} is not in the log"
                    assert (member.state == "RINGING_INCOMING") == mine.rings, f"{login}: {call.ref} rings or not"


def is_deposit(service: Member, caller: Member) -> bool:
    """Whether a caller leaves a message with a service, rather than listening to its own."""
    return service.kind == SERVICE and service.box is not None and service.box != caller.login
