"""Call-centre agents: logging on and off, states, withdrawing, and what supervisors do."""

from ...operations import Send, Service, operation
from ..call_centre_rules import SKILLS
from ..rules import INTRUSION_MODE, NEEDS, NUMBER, OTHER_NUMBER, WITHDRAW_REASON
from ..types.agent import (
    AgentConfig,
    AgentSkillActivation,
    AgentState,
    ChangeIntrusionModeRequest,
    IntrusionRequest,
    LoggOnAgentRequest,
    PermanentListeningRequest,
    PGRequest,
    WithdrawAgentRequest,
    WithdrawReasons,
)
from ..types.base import API_CONTACTCENTER_AGENT

_AGENT = "/acd/agent"


class Agent(Service, service="AcdAgent"):
    """An agent or supervisor of the call centre. An administrator names the user by ``login_name``."""

    @operation("GET", _AGENT + "/config", API_CONTACTCENTER_AGENT)
    def agent_config(self, *, login_name: str | None = None) -> Send[AgentConfig]:
        """Read what the agent is: kind, set, processing groups, skills."""
        return Send(loginName=login_name)

    @operation("POST", _AGENT + "/enterPG", API_CONTACTCENTER_AGENT, NEEDS("pgGroupNumber"), since="2.1")
    def enter_processing_group(self, body: PGRequest, *, login_name: str | None = None) -> Send[None]:
        """Let a supervisor who is logged on enter a processing group."""
        return Send(body=body, loginName=login_name)

    @operation("POST", _AGENT + "/exitPG", API_CONTACTCENTER_AGENT, since="2.1")
    def exit_processing_group(self, body: PGRequest, *, login_name: str | None = None) -> Send[None]:
        """Let a supervisor leave a processing group; an empty number logs the supervisor off."""
        return Send(body=body, loginName=login_name)

    @operation(
        "POST",
        _AGENT + "/intrusion",
        API_CONTACTCENTER_AGENT,
        NEEDS("agentNumber"),
        NUMBER("agentNumber"),
        INTRUSION_MODE,
    )
    def intrude(self, body: IntrusionRequest, *, login_name: str | None = None) -> Send[None]:
        """Let a supervisor into the call of an agent: to talk to both, to the agent only, or only to listen."""
        return Send(body=body, loginName=login_name)

    @operation("PUT", _AGENT + "/intrusion", API_CONTACTCENTER_AGENT, INTRUSION_MODE, since="2.1")
    def change_intrusion_mode(self, body: ChangeIntrusionModeRequest, *, login_name: str | None = None) -> Send[None]:
        """Change how a supervisor intrudes; the mode that is on already ends the intrusion."""
        return Send(body=body, loginName=login_name)

    @operation("POST", _AGENT + "/logoff", API_CONTACTCENTER_AGENT)
    def agent_log_off(self, *, login_name: str | None = None) -> Send[None]:
        """Log off."""
        return Send(loginName=login_name)

    @operation(
        "POST", _AGENT + "/logon", API_CONTACTCENTER_AGENT, NEEDS("proAcdDeviceNumber"), NUMBER("proAcdDeviceNumber")
    )
    def agent_log_on(self, body: LoggOnAgentRequest, *, login_name: str | None = None) -> Send[None]:
        """Log on at a set, and in a processing group; a supervisor without one stays outside of them."""
        return Send(body=body, loginName=login_name)

    @operation("POST", _AGENT + "/pause", API_CONTACTCENTER_AGENT)
    def agent_pause(self, *, login_name: str | None = None) -> Send[None]:
        """Take a pause."""
        return Send(loginName=login_name)

    @operation(
        "POST", _AGENT + "/permanentListening", API_CONTACTCENTER_AGENT, NEEDS("agentNumber"), NUMBER("agentNumber")
    )
    def permanent_listening(self, body: PermanentListeningRequest, *, login_name: str | None = None) -> Send[None]:
        """Let a supervisor listen to all calls of an agent."""
        return Send(body=body, loginName=login_name)

    @operation("DELETE", _AGENT + "/permanentListening", API_CONTACTCENTER_AGENT)
    def stop_permanent_listening(self, *, login_name: str | None = None) -> Send[None]:
        """Let a supervisor listen no longer to all calls of an agent."""
        return Send(loginName=login_name)

    @operation("POST", _AGENT + "/config/skills/activate", API_CONTACTCENTER_AGENT, SKILLS, repeatable=True)
    def activate_skills(self, body: AgentSkillActivation, *, login_name: str | None = None) -> Send[None]:
        """Switch skills of the agent on, those with these numbers."""
        return Send(body=body, loginName=login_name)

    @operation("POST", _AGENT + "/config/skills/deactivate", API_CONTACTCENTER_AGENT, SKILLS, repeatable=True)
    def deactivate_skills(self, body: AgentSkillActivation, *, login_name: str | None = None) -> Send[None]:
        """Switch skills of the agent off, those with these numbers."""
        return Send(body=body, loginName=login_name)

    @operation("POST", _AGENT + "/ready", API_CONTACTCENTER_AGENT)
    def agent_ready(self, *, login_name: str | None = None) -> Send[None]:
        """Be ready for calls."""
        return Send(loginName=login_name)

    @operation("GET", _AGENT + "/state", API_CONTACTCENTER_AGENT)
    def agent_state(self, *, login_name: str | None = None) -> Send[AgentState]:
        """Read what the agent is doing."""
        return Send(loginName=login_name)

    @operation("POST", _AGENT + "/state/snapshot", API_CONTACTCENTER_AGENT, repeatable=True, everyone=True, since="2.1")
    def agent_snapshot(self, *, login_name: str | None = None) -> Send[None]:
        """Have the state sent on the channel; without a login name an administrator asks for all agents."""
        return Send(loginName=login_name)

    @operation("POST", _AGENT + "/supervisorHelp", API_CONTACTCENTER_AGENT)
    def request_supervisor_help(self, *, login_name: str | None = None) -> Send[None]:
        """Ask the supervisor for help."""
        return Send(loginName=login_name)

    @operation("DELETE", _AGENT + "/supervisorHelp", API_CONTACTCENTER_AGENT, OTHER_NUMBER)
    def cancel_supervisor_help(self, *, login_name: str | None = None, other: str | None = None) -> Send[None]:
        """Need no help any more; or, as a supervisor, refuse it. ``other`` is who helps, or asks."""
        return Send(loginName=login_name, other=other)

    @operation("POST", _AGENT + "/withdraw", API_CONTACTCENTER_AGENT, WITHDRAW_REASON)
    def agent_withdraw(self, body: WithdrawAgentRequest, *, login_name: str | None = None) -> Send[None]:
        """Withdraw, with a reason of the processing group."""
        return Send(body=body, loginName=login_name)

    @operation("GET", _AGENT + "/withdrawReasons", API_CONTACTCENTER_AGENT)
    def withdraw_reasons(self, *, login_name: str | None = None, pg_number: str | None = None) -> Send[WithdrawReasons]:
        """List the reasons to withdraw in a processing group."""
        return Send(loginName=login_name, pgNumber=pg_number)

    @operation("POST", _AGENT + "/wrapUp", API_CONTACTCENTER_AGENT)
    def agent_wrap_up(self, *, login_name: str | None = None) -> Send[None]:
        """Wrap up the last call."""
        return Send(loginName=login_name)
