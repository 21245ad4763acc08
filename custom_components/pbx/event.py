"""Events: what happens to the calls of a line, one event for each step."""

from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .aiopbx import CallChanged, CallEnded, CallEvent, CallSnapshot, CallState, Feature, Outcome
from .calls import describe_call
from .coordinator import PbxConfigEntry
from .entity import PbxLineDescription, PbxLineEntity, async_add_line_entities

PARALLEL_UPDATES = 0

# The event that is fired when a call enters a state.
_STATES = {
    CallState.DIALING: "dialing",
    CallState.RINGING_OUTGOING: "ringing_there",
    CallState.RINGING_INCOMING: "ringing",
    CallState.ACTIVE: "answered",
    CallState.HELD: "held",
}
# How a call ended; one that was a conversation, or of which this is unknown, simply "ended".
_OUTCOMES = {outcome: outcome.value for outcome in Outcome} | {Outcome.ANSWERED: "ended", Outcome.UNKNOWN: "ended"}

ENDS = tuple(dict.fromkeys(_OUTCOMES.values()))
"""The types of the events that report the end of a call."""


@dataclass(frozen=True, kw_only=True)
class PbxEventDescription(PbxLineDescription, EventEntityDescription):
    """An event entity of a line."""


CALL = PbxEventDescription(
    key="call",
    translation_key="call",
    entity_registry_enabled_default=False,
    features=frozenset({Feature.CALL_EVENTS}),
    event_types=[*_STATES.values(), "retrieved", "party_changed", *ENDS],
)


def event_type_of(event: CallEvent) -> str | None:
    """Return the type of the event to fire; None where nothing happened that an automation would wait for."""
    call = event.call
    if isinstance(event, CallEnded):
        return _OUTCOMES[call.outcome or Outcome.UNKNOWN]
    if not isinstance(event, CallChanged):
        return _STATES.get(call.state)
    previous = event.previous
    if call.state is not previous.state:
        if call.state is CallState.ACTIVE and previous.answered:
            return "retrieved"
        return _STATES.get(call.state)
    # A call that had no party yet has only just got to know its first one.
    if _parties(call) != _parties(previous) and previous.parties:
        return "party_changed"
    return None


def _parties(call: CallSnapshot) -> set[tuple[str | None, str | None]]:
    return {(party.number, party.name) for party in call.parties}


async def async_setup_entry(
    hass: HomeAssistant, entry: PbxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add an event entity to each line."""
    async_add_line_entities(entry, async_add_entities, PbxCallEvent, [CALL])


class PbxCallEvent(PbxLineEntity, EventEntity):
    """What happens to the calls of a line."""

    entity_description: PbxEventDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to the calls of the line."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_add_call_listener(self._line, self._handle_call))

    @callback
    def _handle_call(self, event: CallEvent) -> None:
        """Fire an event for what happened."""
        if (event_type := event_type_of(event)) is None:
            return
        call, hide = event.call, self.coordinator.hides_callers
        data: dict[str, Any] = describe_call(call, hide_callers=hide) | {
            "line": self.snapshot.id,
            "line_number": self.snapshot.number,
            "answered": call.answered,
            "outcome": call.outcome.value if call.outcome is not None else None,
            "cause": call.cause,
            "new_destination": None if hide else call.new_destination,
            "ring_seconds": call.ring_seconds,
            "talk_seconds": call.talk_seconds,
        }
        self._trigger_event(event_type, data)
        self.async_write_ha_state()
