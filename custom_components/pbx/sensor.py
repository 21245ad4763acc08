"""Sensors: the state of a line, who it is talking to, and what is waiting for its user."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .aiopbx import CallSnapshot, Feature, LineSnapshot, LineState, Pbx
from .call_centre import async_add_centre_entities
from .calls import calls_by_engagement, describe_call
from .coordinator import PbxConfigEntry
from .entity import (
    CALLS,
    COUNTERS,
    STATE,
    PbxEntity,
    PbxLineDescription,
    PbxLineEntity,
    async_add_line_entities,
)
from .licences import async_add_licence_entities

PARALLEL_UPDATES = 0


def _call_state_attributes(
    snapshot: LineSnapshot, last: CallSnapshot | None, hide_callers: bool = False
) -> dict[str, Any]:
    calls = [describe_call(call, hide_callers=hide_callers) for call in calls_by_engagement(snapshot)]
    nothing = dict.fromkeys(
        (
            "call_id",
            "direction",
            "party_name",
            "party_number",
            "party_uri",
            "called_number",
            "started_at",
            "answered_at",
        )
    )
    shown = nothing | ({key: calls[0][key] for key in nothing} if calls else {})
    return {
        "line": snapshot.id,
        "number": snapshot.number,
        **shown,
        "last_outcome": last.outcome.value if last is not None and last.outcome is not None else None,
        "last_party": last.party.label if last is not None and last.party is not None and not hide_callers else None,
        "calls": calls,
    }


def _other_party(snapshot: LineSnapshot) -> str | None:
    calls = calls_by_engagement(snapshot)
    if not calls or not calls[0].parties:
        return None
    return ", ".join(party.label for party in calls[0].parties)[:255]


@dataclass(frozen=True, kw_only=True)
class PbxLineSensorDescription(PbxLineDescription, SensorEntityDescription):
    """A sensor of a line."""

    value: Callable[[LineSnapshot], StateType]
    attributes: Callable[[LineSnapshot, CallSnapshot | None, bool], dict[str, Any]] | None = None
    """The attributes, from the snapshot and the last call that has ended; with or without who is on the other end."""


@dataclass(frozen=True, kw_only=True)
class PbxSensorDescription(SensorEntityDescription):
    """A sensor of the PBX."""

    value: Callable[[Pbx], StateType]
    pairs: bool = False
    """Whether it needs a PBX that may have a secondary server."""


def _queue_wait(snapshot: LineSnapshot) -> int | None:
    return next((call.queue_wait for call in calls_by_engagement(snapshot) if call.queue_wait is not None), None)


LINE_SENSORS: tuple[PbxLineSensorDescription, ...] = (
    PbxLineSensorDescription(
        key="call_state",
        translation_key="call_state",
        device_class=SensorDeviceClass.ENUM,
        options=[state.value for state in LineState if state is not LineState.UNKNOWN],
        value=lambda snapshot: None if snapshot.state is LineState.UNKNOWN else snapshot.state.value,
        attributes=_call_state_attributes,
        watch=STATE,
        features=frozenset({Feature.CALL_EVENTS}),
    ),
    PbxLineSensorDescription(
        key="other_party",
        translation_key="other_party",
        shows_callers=True,
        entity_registry_enabled_default=False,
        value=_other_party,
        watch=CALLS,
        features=frozenset({Feature.CALL_EVENTS}),
    ),
    PbxLineSensorDescription(
        key="active_calls",
        translation_key="active_calls",
        entity_registry_enabled_default=False,
        value=lambda snapshot: len(snapshot.calls),
        watch=CALLS,
        features=frozenset({Feature.CALL_EVENTS}),
    ),
    PbxLineSensorDescription(
        key="queue_wait",
        translation_key="queue_wait",
        entity_registry_enabled_default=False,
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        value=_queue_wait,
        watch=CALLS,
        features=frozenset({Feature.CALL_EVENTS, Feature.AGENT}),
    ),
    PbxLineSensorDescription(
        key="missed_calls",
        translation_key="missed_calls",
        entity_registry_enabled_default=False,
        enabled_without_calls=True,
        value=lambda snapshot: snapshot.counters.missed_calls,
        watch=COUNTERS,
        features=frozenset({Feature.COUNTERS}),
    ),
    PbxLineSensorDescription(
        key="voicemails",
        translation_key="voicemails",
        value=lambda snapshot: snapshot.counters.voicemails,
        watch=COUNTERS,
        features=frozenset({Feature.COUNTERS}),
        any_of=frozenset({Feature.VOICEMAIL, Feature.MAILBOX}),
    ),
    PbxLineSensorDescription(
        key="callback_requests",
        translation_key="callback_requests",
        entity_registry_enabled_default=False,
        value=lambda snapshot: snapshot.counters.callback_requests,
        watch=COUNTERS,
        features=frozenset({Feature.COUNTERS, Feature.CALL_BACK}),
    ),
    PbxLineSensorDescription(
        key="new_texts",
        translation_key="new_texts",
        entity_registry_enabled_default=False,
        enabled_without_calls=True,
        value=lambda snapshot: snapshot.counters.new_texts,
        watch=COUNTERS,
        features=frozenset({Feature.COUNTERS}),
    ),
)

PBX_SENSORS: tuple[PbxSensorDescription, ...] = (
    PbxSensorDescription(
        key="server",
        translation_key="server",
        device_class=SensorDeviceClass.ENUM,
        options=["primary", "secondary"],
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda pbx: pbx.info.server,
        pairs=True,
    ),
    PbxSensorDescription(
        key="losses",
        translation_key="losses",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda pbx: pbx.statistics.losses,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: PbxConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of the PBX and of its lines."""
    coordinator = entry.runtime_data
    async_add_entities(
        PbxSensor(coordinator, description)
        for description in PBX_SENSORS
        if coordinator.kind.pairs or not description.pairs
    )
    async_add_line_entities(entry, async_add_entities, PbxLineSensor, LINE_SENSORS)
    async_add_licence_entities(entry, async_add_entities)
    async_add_centre_entities(entry, async_add_entities)


class PbxSensor(PbxEntity, SensorEntity):
    """A sensor of the PBX."""

    entity_description: PbxSensorDescription

    @property
    @override
    def native_value(self) -> StateType:
        """The value now."""
        return self.entity_description.value(self.coordinator.pbx)


class PbxLineSensor(PbxLineEntity, SensorEntity):
    """A sensor of a line."""

    # What is different in each call, or says again what is recorded: it would only fill the history.
    _unrecorded_attributes = frozenset(
        {"calls", "call_id", "started_at", "answered_at", "party_uri", "last_party", "line", "number"}
    )
    entity_description: PbxLineSensorDescription

    @property
    @override
    def native_value(self) -> StateType:
        """The value now; None is unknown."""
        return self.entity_description.value(self.snapshot)

    @override
    def shown(self) -> object:
        """The value, and what the attributes are made of: it is cheaper to compare than they are to make."""
        if self.entity_description.attributes is None:
            return (self.native_value,)
        calls = tuple(
            (
                call.id,
                call.state,
                call.direction,
                call.parties,
                call.called,
                call.started_at,
                call.answered_at,
                call.actions,
            )
            for call in self.snapshot.calls
        )
        return self.native_value, calls, self.snapshot.number, self.coordinator.memory[self._line].last_ended

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """What belongs to the value, where there is something."""
        if self.entity_description.attributes is None:
            return None
        return self.entity_description.attributes(
            self.snapshot, self.coordinator.memory[self._line].last_ended, self.coordinator.hides_callers
        )
