"""The agent of a call centre that the user of a line is: what it does, and why it takes no calls."""

import logging
from typing import Any, Final, override

from homeassistant.components.select import SelectEntity
from homeassistant.core import callback

from .aiopbx import Agent, AgentState, Feature, PbxError
from .calls import label_of
from .entity import AGENT, PbxLineEntity, PbxSelectDescription
from .errors import invalid, pbx_errors

_LOGGER = logging.getLogger(__name__)

# What an agent can choose to do; the state that it is in then has the same name.
CHOICES: Final = (
    AgentState.LOGGED_OFF,
    AgentState.READY,
    AgentState.PAUSED,
    AgentState.WRAP_UP,
    AgentState.WITHDRAWN,
)
# What an agent is without having chosen it.
OTHERS: Final = (AgentState.OUT_OF_GROUP, AgentState.BUSY, AgentState.TRANSACTION_CODE)
AGENT_STATES: Final = [state.value for state in (*CHOICES, *OTHERS)]

AGENT_SELECT = PbxSelectDescription(
    key="agent",
    translation_key="agent",
    entity_registry_enabled_default=False,
    features=frozenset({Feature.AGENT}),
    watch=AGENT,
    options=AGENT_STATES,
)


class PbxAgentSelect(PbxLineEntity, SelectEntity):
    """What an agent does. The reasons of its group for being withdrawn are options, too, by their names."""

    # What the agent is, and not what it does: it would only fill the history.
    _unrecorded_attributes = frozenset({"skills"})
    entity_description: PbxSelectDescription
    _group: str | None = None
    _lost: bool = False
    _reasons: dict[str, int] = {}  # noqa: RUF012 - replaced, never changed

    @override
    async def async_added_to_hass(self) -> None:
        """Read the reasons, without letting anything wait for them."""
        await super().async_added_to_hass()
        self._read_reasons()

    @callback
    @override
    def _handle_line_update(self) -> None:
        """Show what the agent does; another group has other reasons."""
        if (agent := self.line.agent) is not None and agent.group != self._group:
            self._read_reasons()
        super()._handle_line_update()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Read the reasons again when the PBX is back."""
        super()._handle_coordinator_update()
        back, self._lost = self._lost and self.available, not self.available
        if back:
            self._read_reasons()

    @callback
    def _read_reasons(self) -> None:
        self.coordinator.config_entry.async_create_background_task(
            self.hass, self.async_update_ha_state(force_refresh=True), f"read the reasons of {self.entity_id}"
        )

    @override
    async def async_update(self) -> None:
        """Read the reasons of the agent's group."""
        if not self.available or (agent := self.line.agent) is None:
            return
        self._group = agent.group
        if (agent.group or agent.snapshot.preferred_group) is None:
            return
        try:
            reasons = await agent.withdraw_reasons()
        except PbxError as err:
            _LOGGER.debug("Cannot read the reasons of %s: %s", label_of(self.snapshot), err)
            return
        named: dict[str, int] = {}
        for reason in reasons:
            label = reason.label.strip() or str(reason.index)
            named[label if label not in AGENT_STATES and label not in named else f"{label} ({reason.index})"] = (
                reason.index
            )
        self._reasons = named

    @property
    @override
    def options(self) -> list[str]:
        """What an agent can be, and the reasons."""
        return [*AGENT_STATES, *self._reasons]

    @property
    @override
    def current_option(self) -> str | None:
        """What the agent is; None is unknown."""
        if (agent := self.snapshot.agent) is None or agent.state.value not in AGENT_STATES:
            return None
        if agent.state is AgentState.WITHDRAWN and agent.withdraw_reason is not None:
            for label, index in self._reasons.items():
                if index == agent.withdraw_reason:
                    return label
        return agent.state.value

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """What the agent can do, and which calls it therefore gets."""
        skills = self.snapshot.agent.skills if self.snapshot.agent is not None else ()
        return {
            "skills": [
                {"number": skill.number, "name": skill.name, "level": skill.level, "active": skill.active}
                for skill in skills
            ]
        }

    @override
    async def async_select_option(self, option: str) -> None:
        """Let the agent do it; one who is logged off is logged on first."""
        agent = self.line.agent
        if agent is None:
            raise invalid("no_agent", line=label_of(self.snapshot))
        if option in self._reasons:
            with pbx_errors():
                await agent.withdraw(self._reasons[option])
            return
        state = AgentState(option)
        if state not in CHOICES:
            raise invalid("agent_state_not_chosen", line=label_of(self.snapshot))
        with pbx_errors():
            await self._become(agent, state)

    @staticmethod
    async def _become(agent: Agent, state: AgentState) -> None:
        if state is AgentState.LOGGED_OFF:
            await agent.log_off()
        elif state is AgentState.READY:
            if agent.logged_on is False:
                await agent.log_on()
            else:
                await agent.ready()
        elif state is AgentState.PAUSED:
            await agent.pause()
        elif state is AgentState.WRAP_UP:
            await agent.wrap_up()
        else:
            await agent.withdraw()
