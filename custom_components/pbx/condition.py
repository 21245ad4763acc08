"""Conditions for automations: what a line does now, of any line or chosen ones.

They ask the PBX's newest state and not entities, so they work where an entity is disabled. What is not known, because
the PBX is not connected, is neither true nor false: the condition is an error then, and ``not`` is one as well, so that
no automation takes a lost connection for a call that has ended.
"""

from collections.abc import Mapping
from typing import Any, Final, Unpack, cast, override

import voluptuous as vol
from homeassistant.const import CONF_OPTIONS, CONF_TARGET
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConditionErrorMessage
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.condition import Condition, ConditionCheckParams, ConditionConfig
from homeassistant.helpers.typing import ConfigType

from .aiopbx import CallState, Condition as ForwardCondition, Feature, LineSnapshot, Pbx, Status
from .call_filters import CONF_TO, fits, who
from .const import DOMAIN
from .forward import CONDITIONS as FORWARD_CONDITIONS
from .targets import TargetDevices

CONF_BEHAVIOR: Final = "behavior"
CONF_WHEN: Final = "when"
ANY_LINE: Final = "any"
ALL_LINES: Final = "all"

_TALKING: Final = (CallState.ACTIVE, CallState.HELD)


class LineCondition(Condition):
    """Something holds for any, or for all, of the lines that were chosen."""

    key: str
    options: Mapping[vol.Marker, Any] = {}

    @override
    @classmethod
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Validate what was chosen."""
        schema = vol.Schema(
            {
                vol.Optional(CONF_TARGET): cv.TARGET_FIELDS,
                vol.Required(CONF_OPTIONS, default={}): {
                    vol.Required(CONF_BEHAVIOR, default=ANY_LINE): vol.In([ANY_LINE, ALL_LINES]),
                    **cls.options,
                },
            }
        )
        return cast(ConfigType, schema(config))

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Take what was chosen."""
        super().__init__(hass, config)
        self._devices = TargetDevices(hass, config.target)
        self._options: Mapping[str, Any] = config.options or {}

    def holds(self, snapshot: LineSnapshot, pbx: Pbx) -> bool | None:
        """Whether it holds for a line; None is not known."""
        raise NotImplementedError

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        """Whether it holds. Raises where that depends on lines of which nothing is known now."""
        lines, others = self._devices.lines()
        wanted: bool = self._options.get(CONF_BEHAVIOR, ANY_LINE) == ANY_LINE
        known = [
            self.holds(one.line.snapshot, one.coordinator.pbx) if one.coordinator.pbx.status is Status.ONLINE else None
            for one in lines
        ]
        if wanted in known:
            return wanted
        if not known or others or None in known:
            raise ConditionErrorMessage(
                f"{DOMAIN}.{self.key}",
                "it is not known now: the PBX is not connected, or the line does not report it"
                if known or others
                else "the target has no line of a PBX in it",
            )
        return not wanted


class IsOnACall(LineCondition):
    """A line is on a call, one on hold included."""

    key = "is_on_a_call"

    @override
    def holds(self, snapshot: LineSnapshot, pbx: Pbx) -> bool | None:
        """Whether a call of the line is answered."""
        if Feature.CALL_EVENTS not in snapshot.features:
            return None
        return any(call.state in _TALKING for call in snapshot.calls)


class IsRinging(LineCondition):
    """A line rings."""

    key = "is_ringing"

    @override
    def holds(self, snapshot: LineSnapshot, pbx: Pbx) -> bool | None:
        """Whether someone calls the line."""
        if Feature.CALL_EVENTS not in snapshot.features:
            return None
        return any(call.state is CallState.RINGING_INCOMING for call in snapshot.calls)


class IsDoNotDisturb(LineCondition):
    """A line has do not disturb."""

    key = "is_do_not_disturb"

    @override
    def holds(self, snapshot: LineSnapshot, pbx: Pbx) -> bool | None:
        """Whether do not disturb is on."""
        return snapshot.routing.do_not_disturb if snapshot.routing is not None else None


class IsForwarded(LineCondition):
    """A line is forwarded, perhaps to a number and in a case."""

    key = "is_forwarded"
    options: Mapping[vol.Marker, Any] = {
        vol.Optional(CONF_TO): vol.All(cv.ensure_list, [who]),
        vol.Optional(CONF_WHEN): vol.All(cv.ensure_list, [vol.In(FORWARD_CONDITIONS)]),
    }

    @override
    def holds(self, snapshot: LineSnapshot, pbx: Pbx) -> bool | None:
        """Whether it is forwarded like that."""
        if snapshot.routing is None or Feature.FORWARD not in snapshot.features:
            return None
        if (forward := snapshot.routing.forward) is None:
            return False
        to: list[str] = self._options.get(CONF_TO, [])
        when: list[str] = self._options.get(CONF_WHEN, [])
        if when and forward.condition is ForwardCondition.UNKNOWN:
            return None
        return (not when or forward.condition.value in when) and (
            not to
            or any(
                one.casefold() == forward.target.value
                or pbx.numbers.same(one, forward.number)
                or fits((one,), forward.number, pbx)
                for one in to
            )
        )


class IsInService(LineCondition):
    """A telephone of a line is in service."""

    key = "is_in_service"

    @override
    def holds(self, snapshot: LineSnapshot, pbx: Pbx) -> bool | None:
        """Whether any telephone of the line works."""
        return snapshot.in_service


CONDITIONS: Final[dict[str, type[Condition]]] = {
    one.key: one for one in (IsOnACall, IsRinging, IsDoNotDisturb, IsForwarded, IsInService)
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions of the integration."""
    return CONDITIONS
