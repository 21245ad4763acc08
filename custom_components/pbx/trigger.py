"""Triggers for automations: what happens to calls, messages, agents and the connection, on any line or chosen ones.

They listen to the PBX itself and not to entities, so they work where an entity is disabled, and stay when an entry is
reloaded.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, cast, override

import voluptuous as vol
from homeassistant.const import CONF_FOR, CONF_OPTIONS, CONF_TARGET
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.trigger import Trigger, TriggerActionRunner, TriggerConfig, TriggerNotTriggeredReporter
from homeassistant.helpers.typing import ConfigType
from homeassistant.util import dt as dt_util

from .aiopbx import AgentState, CallSnapshot, Outcome, Pbx
from .call_filters import CALL_OPTIONS, CallFilter, text
from .happenings import (
    AGENT_STATE_CHANGED,
    CALL_ANSWERED,
    CALL_ENDED,
    CALL_MISSED,
    CALL_WAITING,
    CALL_WAITING_OVER,
    INCOMING_CALL,
    OUTGOING_CALL,
    PBX_OFFLINE,
    PBX_ONLINE,
    TEXT_RECEIVED,
    VOICEMAIL_RECEIVED,
    Happening,
    happenings_of,
)
from .targets import TargetDevices
from .waiting import is_chosen, wanted_pilots
from .watcher import talk_seconds

CONF_OUTCOME: Final = "outcome"
CONF_LONGER_THAN: Final = "longer_than"
CONF_SHORTER_THAN: Final = "shorter_than"
CONF_FROM_STATE: Final = "from_state"
CONF_TO_STATE: Final = "to_state"
CONF_PILOT: Final = "pilot"
CONF_QUEUE: Final = "queue"

# So many calls are remembered that a trigger has fired for: it does once for each, however often it is queued.
_REMEMBERED: Final = 500

OUTCOMES: Final = [outcome.value for outcome in Outcome]
AGENT_STATES: Final = [state.value for state in AgentState]

type WaitingKey = tuple[str, str, str]


class PbxTrigger(Trigger):
    """Something happens on any line, or on one of the targeted ones."""

    kind: str
    options: Mapping[vol.Marker, Any] = {}

    @override
    @classmethod
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Validate what was chosen."""
        schema = vol.Schema(
            {vol.Optional(CONF_TARGET): cv.TARGET_FIELDS, vol.Required(CONF_OPTIONS, default={}): dict(cls.options)}
        )
        return cast(ConfigType, schema(config))

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Take what was chosen."""
        super().__init__(hass, config)
        self._devices = TargetDevices(hass, config.target)
        self._options: Mapping[str, Any] = config.options or {}

    def meant(self, happening: Happening) -> bool:
        """Whether it happened where it was chosen."""
        return self._devices.includes(happening.device_id, happening.pbx_device_id)

    def fits(self, happening: Happening) -> bool:
        """Whether the happening is one that was chosen; its line is."""
        return True

    @override
    async def async_attach_runner(
        self, run_action: TriggerActionRunner, did_not_trigger: TriggerNotTriggeredReporter | None = None
    ) -> CALLBACK_TYPE:
        """Run the action whenever it happens."""

        @callback
        def happened(happening: Happening) -> None:
            if self.meant(happening) and self.fits(happening):
                run_action(dict(happening.data), happening.what)

        return happenings_of(self._hass).async_listen(self.kind, happened)


class CallTrigger(PbxTrigger):
    """Something happens to a call."""

    options = CALL_OPTIONS

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Take what was chosen."""
        super().__init__(hass, config)
        self._filter = CallFilter.of(self._options)

    @override
    def fits(self, happening: Happening) -> bool:
        """Whether it is a call between those that were chosen."""
        call, pbx = happening.call, happening.pbx
        return call is not None and pbx is not None and self.fits_call(call, pbx)

    def fits_call(self, call: CallSnapshot, pbx: Pbx) -> bool:
        """Whether it is a call between those that were chosen."""
        return self._filter.matches(call, pbx)


class IncomingCallTrigger(CallTrigger):
    """A line rings."""

    kind = INCOMING_CALL


class OutgoingCallTrigger(CallTrigger):
    """A line dials, and the called party's telephone rings."""

    kind = OUTGOING_CALL


class CallAnsweredTrigger(CallTrigger):
    """A call is answered, at either end."""

    kind = CALL_ANSWERED


class CallMissedTrigger(CallTrigger):
    """A call to a line was not answered, be it while the PBX was not connected."""

    kind = CALL_MISSED


class CallEndedTrigger(CallTrigger):
    """A call ends, in a chosen way and after a chosen time."""

    kind = CALL_ENDED
    options = CALL_OPTIONS | {
        vol.Optional(CONF_OUTCOME): vol.All(cv.ensure_list, [vol.In(OUTCOMES)]),
        vol.Optional(CONF_LONGER_THAN): cv.positive_time_period,
        vol.Optional(CONF_SHORTER_THAN): cv.positive_time_period,
    }

    @override
    def fits_call(self, call: CallSnapshot, pbx: Pbx) -> bool:
        """Whether it ended as was chosen. Of a call whose duration is not known, none is said."""
        outcomes: list[str] = self._options.get(CONF_OUTCOME, [])
        if outcomes and (call.outcome is None or call.outcome.value not in outcomes):
            return False
        longer: timedelta | None = self._options.get(CONF_LONGER_THAN)
        shorter: timedelta | None = self._options.get(CONF_SHORTER_THAN)
        if longer is not None or shorter is not None:
            seconds = talk_seconds(call)
            if seconds is None:
                return False
            if longer is not None and seconds <= longer.total_seconds():
                return False
            if shorter is not None and seconds >= shorter.total_seconds():
                return False
        return super().fits_call(call, pbx)


class VoicemailReceivedTrigger(PbxTrigger):
    """There are more unread voicemails than there were."""

    kind = VOICEMAIL_RECEIVED


class TextReceivedTrigger(PbxTrigger):
    """There are more unread texts than there were."""

    kind = TEXT_RECEIVED


class AgentStateChangedTrigger(PbxTrigger):
    """An agent of the call centre does something else."""

    kind = AGENT_STATE_CHANGED
    options: Mapping[vol.Marker, Any] = {
        vol.Optional(CONF_FROM_STATE): vol.All(cv.ensure_list, [vol.In(AGENT_STATES)]),
        vol.Optional(CONF_TO_STATE): vol.All(cv.ensure_list, [vol.In(AGENT_STATES)]),
    }

    @override
    def fits(self, happening: Happening) -> bool:
        """Whether the states are chosen ones."""
        return all(
            not (chosen := self._options.get(key)) or happening.data[key] in chosen
            for key in (CONF_FROM_STATE, CONF_TO_STATE)
        )


class ConnectionTrigger(PbxTrigger):
    """Something happens to the connection of a PBX."""

    @override
    def meant(self, happening: Happening) -> bool:
        """Whether it is the PBX that was chosen, or that of a line that was chosen: the editor offers this there."""
        devices = dr.async_entries_for_config_entry(dr.async_get(self._hass), happening.data["pbx"]["entry_id"])
        return self._devices.everything or any(self._devices.includes(one.id, None) for one in devices)


class PbxOnlineTrigger(ConnectionTrigger):
    """A PBX that was away is connected again."""

    kind = PBX_ONLINE


class PbxOfflineTrigger(ConnectionTrigger):
    """A PBX cannot be reached, perhaps for some time."""

    kind = PBX_OFFLINE
    options: Mapping[vol.Marker, Any] = {vol.Optional(CONF_FOR): cv.positive_time_period}

    @override
    async def async_attach_runner(
        self, run_action: TriggerActionRunner, did_not_trigger: TriggerNotTriggeredReporter | None = None
    ) -> CALLBACK_TYPE:
        """Run the action when a PBX was away for that long."""
        patience: timedelta | None = self._options.get(CONF_FOR)
        if not patience:
            return await super().async_attach_runner(run_action, did_not_trigger)
        waiting: dict[str | None, CALLBACK_TYPE] = {}

        @callback
        def offline(happening: Happening) -> None:
            pbx = happening.device_id

            @callback
            def still_offline(_now: datetime) -> None:
                del waiting[pbx]
                run_action(dict(happening.data), happening.what)

            if pbx not in waiting and self.meant(happening):
                waiting[pbx] = async_call_later(self._hass, patience, still_offline)

        @callback
        def online(happening: Happening) -> None:
            if (stop := waiting.pop(happening.device_id, None)) is not None:
                stop()

        happenings = happenings_of(self._hass)
        ends = (happenings.async_listen(PBX_OFFLINE, offline), happenings.async_listen(PBX_ONLINE, online))

        @callback
        def detach() -> None:
            for end in (*ends, *waiting.values()):
                end()

        return detach


class CallWaitingTrigger(ConnectionTrigger):
    """A call waits in a queue of the call center, perhaps for some time."""

    kind = CALL_WAITING
    options: Mapping[vol.Marker, Any] = {
        vol.Optional(CONF_PILOT): vol.All(cv.ensure_list, [text]),
        vol.Optional(CONF_QUEUE): vol.All(cv.ensure_list, [text]),
        vol.Optional(CONF_FOR): cv.positive_time_period,
    }

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Take what was chosen."""
        super().__init__(hass, config)
        self._pilots = frozenset[str](self._options.get(CONF_PILOT, ()))
        self._queues = frozenset[str](self._options.get(CONF_QUEUE, ()))
        self._patience: timedelta = self._options.get(CONF_FOR) or timedelta(0)
        self._timers: dict[WaitingKey, CALLBACK_TYPE] = {}
        self._fired: dict[WaitingKey, None] = {}

    @override
    def fits(self, happening: Happening) -> bool:
        """Whether it waits where it was chosen."""
        pilot, queue = happening.data["pilot"], happening.data["queue"]
        return is_chosen(self._pilots, pilot["number"], pilot["name"]) and is_chosen(
            self._queues, queue["number"], queue["name"]
        )

    @override
    async def async_attach_runner(
        self, run_action: TriggerActionRunner, did_not_trigger: TriggerNotTriggeredReporter | None = None
    ) -> CALLBACK_TYPE:
        """Run the action when a call has waited for that long, once for each."""

        @callback
        def fire(happening: Happening) -> None:
            self._fired[_key_of(happening)] = None
            if len(self._fired) > _REMEMBERED:
                del self._fired[next(iter(self._fired))]
            run_action(dict(happening.data), happening.what)

        @callback
        def waits(happening: Happening) -> None:
            key = _key_of(happening)
            if not self._queues and key in self._timers:
                return  # in whatever queue it is now, it goes on waiting
            self._forget(key)
            if key in self._fired or not (self.meant(happening) and self.fits(happening)):
                return
            left = self._patience - _waited(happening)

            @callback
            def still_waits(_now: datetime) -> None:
                del self._timers[key]
                fire(happening)

            if left > timedelta(0):
                self._timers[key] = async_call_later(self._hass, left, still_waits)
            else:
                fire(happening)

        @callback
        def over(happening: Happening) -> None:
            key = _key_of(happening)
            self._forget(key)
            # After a loss it may still wait; one that was seen to leave is another call when it comes back.
            if happening.waiting is not None and happening.waiting.left_at is not None:
                self._fired.pop(key, None)

        happenings, wanted = happenings_of(self._hass), wanted_pilots(self._hass)
        ends = (
            happenings.async_listen(CALL_WAITING, waits),
            happenings.async_listen(CALL_WAITING_OVER, over),
            wanted.async_add(self._pilots),
        )
        # What has waited for long enough when automations are loaded anew, the trigger of before has fired for.
        for watcher in wanted.watchers:
            for happening in watcher.waiting():
                if _waited(happening) < self._patience:
                    waits(happening)

        @callback
        def detach() -> None:
            for end in (*ends, *self._timers.values()):
                end()

        return detach

    @callback
    def _forget(self, key: WaitingKey) -> None:
        if (stop := self._timers.pop(key, None)) is not None:
            stop()


def _key_of(happening: Happening) -> WaitingKey:
    """Return what tells a waiting call from all others, of all PBXs."""
    return happening.data["pbx"]["entry_id"], happening.data["pilot"]["number"], happening.data["call"]["call_id"]


def _waited(happening: Happening) -> timedelta:
    """Return how long a call has waited in the queue that it is in."""
    call = happening.waiting
    if call is None or call.queued_since is None:
        return timedelta(0)
    return dt_util.utcnow() - call.queued_since


TRIGGERS: Final[dict[str, type[Trigger]]] = {
    one.kind: one
    for one in (
        IncomingCallTrigger,
        OutgoingCallTrigger,
        CallAnsweredTrigger,
        CallEndedTrigger,
        CallMissedTrigger,
        VoicemailReceivedTrigger,
        TextReceivedTrigger,
        AgentStateChangedTrigger,
        CallWaitingTrigger,
        PbxOfflineTrigger,
        PbxOnlineTrigger,
    )
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers of the integration."""
    return TRIGGERS
