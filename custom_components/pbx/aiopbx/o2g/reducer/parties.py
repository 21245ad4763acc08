"""The others in a call, as the model shows them."""

from typing import Final

from msgspec.structs import replace

from ...model import CallState, Party
from ..parties import party_of
from ..types import telephony as wire
from .devices import swapped

_RELEASING: Final = CallState.RELEASING


def party(told: wire.Participant, before: Party | None = None) -> Party:
    """A participant; who is told without an identity is who he was ``before``."""
    identity = told.identity
    if identity is not None:
        return party_of(identity, told.participant_id or "", told.anonymous is True, not told.undroppable)
    who = before if before is not None else Party(id=told.participant_id or "")
    anonymous = who.anonymous if told.anonymous is None else told.anonymous
    droppable = who.droppable if told.undroppable is None else not told.undroppable
    return replace(who, anonymous=anonymous, droppable=droppable)


def parties_after(before: tuple[Party, ...], event: wire.OnCallModified, state: CallState) -> tuple[Party, ...]:
    """Who is in the call after some came, changed or left."""
    parties = before
    added, changed, gone = event.added_participants, event.modified_participants, event.removed_participant_ids
    if not added and not gone and len(changed) == 1 and len(before) == 1:
        (told,) = changed
        if told.participant_id == before[0].id:
            return (party(told, before[0]),)
    if gone:
        if state is _RELEASING and len(before) == 1 and before[0].id in gone and not added and not changed:
            return before
        parties = tuple([one for one in parties if one.id not in gone])
    for told in (*added, *changed):
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
