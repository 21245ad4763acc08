"""Triggers for automations: something happened to a call of a line."""

from typing import override

from homeassistant.components.event import DOMAIN as EVENT_DOMAIN
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import NotTriggeredReasonReporter, StatelessEntityTriggerBase, Trigger

from .const import DOMAIN
from .event import ENDS


class CallTrigger(StatelessEntityTriggerBase):
    """Something happened to a call of one of the targeted lines."""

    _domain_specs = {EVENT_DOMAIN: DomainSpec()}  # noqa: RUF012 - as the base class has it
    _event_types: frozenset[str]

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Leave out the event entities of other integrations."""
        registry = er.async_get(self._hass)
        return {
            entity_id
            for entity_id in super().entity_filter(entities)
            if (entry := registry.async_get(entity_id)) is not None and entry.platform == DOMAIN
        }

    @override
    def is_valid_state(self, state: State, report_not_triggered: NotTriggeredReasonReporter) -> bool:
        """Whether the event has one of the types of this trigger."""
        return state.attributes.get("event_type") in self._event_types


def _trigger(*event_types: str) -> type[Trigger]:
    return type("CallTrigger", (CallTrigger,), {"_event_types": frozenset(event_types)})


TRIGGERS: dict[str, type[Trigger]] = {
    "incoming_call": _trigger("ringing"),
    "outgoing_call": _trigger("dialing", "ringing_there"),
    "call_answered": _trigger("answered"),
    "call_ended": _trigger(*ENDS),
    "call_missed": _trigger("missed"),
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers of the integration."""
    return TRIGGERS
