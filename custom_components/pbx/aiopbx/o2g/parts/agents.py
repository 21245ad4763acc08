"""The call centre of O2G."""

from collections.abc import Callable
from datetime import UTC, datetime

from ...model import LineSnapshot
from ...records import IntrusionMode, WithdrawReason
from .. import reducer
from ..client import O2gClient
from ..reducer import Reduced
from ..types import agent as wire
from ..types.base import API_CONTACTCENTER_AGENT
from . import Lacks, Part

Apply = Callable[[str, Callable[[LineSnapshot], Reduced]], None]
"""Applies a change to a line, by its login."""


class O2gAgents(Part):
    """Agents and supervisors."""

    def __init__(self, client: O2gClient, lacks: Lacks, apply: Apply) -> None:
        """Ask this client, and apply what it reads."""
        super().__init__(client, lacks)
        self._apply = apply

    async def log_on(self, line: LineSnapshot, device: str, group: str | None, headset: bool | None) -> None:
        """``POST /acd/agent/logon``."""
        await self._client.agent.agent_log_on(
            wire.LoggOnAgentRequest(pro_acd_device_number=device, pg_group_number=group, headset=headset),
            login_name=self._as(line),
        )

    async def log_off(self, line: LineSnapshot) -> None:
        """``POST /acd/agent/logoff``."""
        await self._client.agent.agent_log_off(login_name=self._as(line))

    async def enter_group(self, line: LineSnapshot, group: str) -> None:
        """``POST /acd/agent/enterPG``."""
        await self._client.agent.enter_processing_group(
            wire.PGRequest(pg_group_number=group), login_name=self._as(line)
        )

    async def exit_group(self, line: LineSnapshot, group: str) -> None:
        """``POST /acd/agent/exitPG``."""
        await self._client.agent.exit_processing_group(wire.PGRequest(pg_group_number=group), login_name=self._as(line))

    async def ready(self, line: LineSnapshot) -> None:
        """``POST /acd/agent/ready``."""
        await self._client.agent.agent_ready(login_name=self._as(line))

    async def pause(self, line: LineSnapshot) -> None:
        """``POST /acd/agent/pause``."""
        await self._client.agent.agent_pause(login_name=self._as(line))

    async def wrap_up(self, line: LineSnapshot) -> None:
        """``POST /acd/agent/wrapUp``."""
        await self._client.agent.agent_wrap_up(login_name=self._as(line))

    async def withdraw(self, line: LineSnapshot, reason: int | None) -> None:
        """``POST /acd/agent/withdraw``."""
        await self._client.agent.agent_withdraw(
            wire.WithdrawAgentRequest(reason_index=reason), login_name=self._as(line)
        )

    async def withdraw_reasons(self, line: LineSnapshot, group: str | None) -> tuple[WithdrawReason, ...]:
        """``GET /acd/agent/withdrawReasons``."""
        answer = await self._client.agent.withdraw_reasons(login_name=self._as(line), pg_number=group)
        return tuple(
            WithdrawReason(index=one.index, label=one.label or "") for one in answer.reasons if one.index is not None
        )

    async def request_help(self, line: LineSnapshot) -> None:
        """``POST /acd/agent/supervisorHelp``."""
        await self._client.agent.request_supervisor_help(login_name=self._as(line))

    async def cancel_help(self, line: LineSnapshot, other: str | None) -> None:
        """``DELETE /acd/agent/supervisorHelp``."""
        await self._client.agent.cancel_supervisor_help(login_name=self._as(line), other=other)

    async def intrude(self, line: LineSnapshot, number: str, mode: IntrusionMode) -> None:
        """``POST /acd/agent/intrusion``."""
        await self._client.agent.intrude(
            wire.IntrusionRequest(agent_number=number, mode=wire.IntrusionMode(mode.value.upper())),
            login_name=self._as(line),
        )

    async def change_intrusion(self, line: LineSnapshot, mode: IntrusionMode) -> None:
        """``PUT /acd/agent/intrusion``."""
        await self._client.agent.change_intrusion_mode(
            wire.ChangeIntrusionModeRequest(mode=wire.IntrusionMode(mode.value.upper())), login_name=self._as(line)
        )

    async def stop_intrusion(self, line: LineSnapshot) -> None:
        """``PUT /acd/agent/intrusion`` with STOP."""
        await self._client.agent.change_intrusion_mode(
            wire.ChangeIntrusionModeRequest(mode=wire.IntrusionMode.STOP), login_name=self._as(line)
        )

    async def listen(self, line: LineSnapshot, number: str) -> None:
        """``POST /acd/agent/permanentListening``."""
        await self._client.agent.permanent_listening(
            wire.PermanentListeningRequest(agent_number=number), login_name=self._as(line)
        )

    async def stop_listening(self, line: LineSnapshot) -> None:
        """``DELETE /acd/agent/permanentListening``."""
        await self._client.agent.stop_permanent_listening(login_name=self._as(line))

    async def set_skills(self, line: LineSnapshot, numbers: tuple[int, ...], on: bool) -> None:
        """``POST /acd/agent/config/skills/activate`` or ``…/deactivate``."""
        body, service = wire.AgentSkillActivation(skills=numbers), self._client.agent
        ask = service.activate_skills if on else service.deactivate_skills
        await self._licensed(line.id, API_CONTACTCENTER_AGENT, ask(body, login_name=self._as(line)))

    async def refresh(self, line: LineSnapshot) -> None:
        """``GET /acd/agent/config`` and ``/acd/agent/state``."""
        name = self._as(line)
        config = await self._licensed(
            line.id, API_CONTACTCENTER_AGENT, self._client.agent.agent_config(login_name=name)
        )
        self._apply(line.id, lambda newest: reducer.agent_config(newest, config, datetime.now(UTC)))
        state = await self._client.agent.agent_state(login_name=name)
        self._apply(line.id, lambda newest: reducer.agent_state(newest, state, datetime.now(UTC)))
