"""The others in a call, as the model shows them."""

from typing import Final

from msgspec.structs import replace

from ...model import CallState, Party, PartyKind
from ..types import telephony as wire
from .devices import swapped
from .words import KIND

_NOBODY: Final = PartyKind.UNKNOWN
_RELEASING: Final = CallState.RELEASING


def party(told: wire.Participant, before: Party | None = None) -> Party:
    """A participant; who is told without an identity is who he was ``before``."""
    id_ = told.participant_id or ""
    if told.identity is not None:
        who = party_of(told.identity, id_)
        anonymous = bool(told.anonymous)
        if not anonymous and not told.undroppable:
            return who
        return replace(who, anonymous=anonymous, droppable=not told.undroppable)
    who = before if before is not None else Party(id=id_)
    anonymous = who.anonymous if told.anonymous is None else told.anonymous
    droppable = who.droppable if told.undroppable is None else not told.undroppable
    return replace(who, anonymous=anonymous, droppable=droppable)


def party_of(identity: wire.PartyInfo, id_: str = "") -> Party:
    """Somebody, as the model shows them."""
    type_ = identity.type
    kind = type_.main if type_ is not None else None
    who = identity.id
    first, last, display = identity.first_name, identity.last_name, identity.display_name
    return Party(
        id_,
        who.phone_number if who is not None else None,
        name_of(first, last, display) if first or last else display.strip() or None if display else None,
        who.login_name if who is not None else None,
        KIND.get(kind, _NOBODY) if kind is not None else _NOBODY,
    )


def name_of(first: str | None, last: str | None, display: str | None) -> str | None:
    """First and last name; once, where both are the same; else the display name."""
    first = first.strip() if first else ""
    last = last.strip() if last else ""
    if first == last:
        return first or (display or "").strip() or None
    return f"{first} {last}".strip()


def parties_after(before: tuple[Party, ...], event: wire.OnCallModified, state: CallState) -> tuple[Party, ...]:
    """Who is in the call after some came, changed or left."""
    parties = before
    if event.removed_participant_ids:
        gone = event.removed_participant_ids
        parties = tuple([one for one in parties if one.id not in gone])
    for told in (*event.added_participants, *event.modified_participants):
        id_ = told.participant_id or ""
        for index, one in enumerate(parties):
            if one.id == id_:
                parties = swapped(parties, index, party(told, one))
                break
        else:
            parties = (*parties, party(told))
    if not parties and state is _RELEASING:
        # Whoever it was stays the other party of a call that is ending.
        return before
    return parties


def parties_told(before: tuple[Party, ...], told: tuple[wire.Participant, ...]) -> tuple[Party, ...]:
    """Who is in the call, told whole: in the order in which they came, which is not always that of the server."""
    if not told:
        return before
    place = {one.id: index for index, one in enumerate(before)}
    known = {one.id: one for one in before}
    after = [party(one, known.get(one.participant_id or "")) for one in told]
    after.sort(key=lambda one: place.get(one.id, len(place)))
    return tuple(after)
