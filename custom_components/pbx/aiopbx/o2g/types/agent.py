"""Wire types of O2G: call-centre agents."""

from .base import O2gEvent, Wire, WireEnum


class AgentMainState(WireEnum):
    """Whether an agent is logged on."""

    UNKNOWN = "UNKNOWN"
    LOG_ON = "LOG_ON"
    LOG_OFF = "LOG_OFF"
    ERROR = "ERROR"


class AgentSubState(WireEnum):
    """What an agent does while logged on."""

    READY = "READY"
    OUT_OF_PG = "OUT_OF_PG"
    BUSY = "BUSY"
    TRANSACTION_CODE_INPUT = "TRANSACTION_CODE_INPUT"
    WRAPUP = "WRAPUP"
    PAUSE = "PAUSE"
    WITHDRAW = "WITHDRAW"
    WRAPUP_IM = "WRAPUP_IM"
    WRAPUP_EMAIL = "WRAPUP_EMAIL"
    WRAPUP_EMAIL_INTERRUPTIBLE = "WRAPUP_EMAIL_INTERRUPTIBLE"
    WRAPUP_OUTBOUND = "WRAPUP_OUTBOUND"
    WRAPUP_CALLBACK = "WRAPUP_CALLBACK"


class AgentType(WireEnum):
    """Whether an agent is a supervisor."""

    AGENT = "AGENT"
    SUPERVISOR = "SUPERVISOR"


class IntrusionMode(WireEnum):
    """Who can hear an intruding supervisor."""

    NORMAL = "NORMAL"
    RESTRICTED = "RESTRICTED"
    DISCRETE = "DISCRETE"
    STOP = "STOP"
    """Ends the intrusion. Only when the mode is changed; not every server knows it."""


class AgentSkill(Wire, kw_only=True):
    """A skill of an agent."""

    number: int | None = None
    level: int | None = None
    active: bool | None = None
    domain: int | None = None
    name: str | None = None
    abv_name: str | None = None
    """The short name. Servers from 2.7.5 on name skills."""


class AgentSkills(Wire, kw_only=True):
    """Skills of an agent."""

    skills: tuple[AgentSkill, ...] = ()


class AgentSkillActivation(Wire, kw_only=True):
    """Which skills, by their numbers."""

    skills: tuple[int, ...]


class AgentState(Wire, kw_only=True):
    """What an agent is doing. ``withdrawn`` is called ``withdraw`` by some servers; ``is_withdrawn`` reads both."""

    main_state: AgentMainState | None = None
    sub_state: AgentSubState | None = None
    pro_acd_device_number: str | None = None
    pg_number: str | None = None
    withdraw_reason: int | None = None
    withdrawn: bool | None = None
    withdraw: bool | None = None

    @property
    def is_withdrawn(self) -> bool:
        """Whether the agent has withdrawn, however the server says so."""
        return bool(self.withdrawn or self.withdraw or self.sub_state == AgentSubState.WITHDRAW)


class ChangeIntrusionModeRequest(Wire, kw_only=True):
    """How to go on intruding."""

    mode: IntrusionMode


class IntrusionRequest(Wire, kw_only=True):
    """Intrude on the call of an agent."""

    agent_number: str
    mode: IntrusionMode | None = None


class LoggOnAgentRequest(Wire, kw_only=True):
    """Log an agent on at a set, and in a processing group."""

    pro_acd_device_number: str
    pg_group_number: str | None = None
    headset: bool | None = None


class OnAgentSkillChanged(O2gEvent, tag="OnAgentSkillChanged", kw_only=True):
    """Skills of an agent were changed, or switched on or off."""

    login_name: str | None = None
    skills: AgentSkills | None = None
    """Those that changed. Clients disagree whether they come as a list or as an object with one; both are read."""


class OnAgentStateChanged(O2gEvent, tag="OnAgentStateChanged", kw_only=True):
    """An agent does something else."""

    login_name: str | None = None
    state: AgentState | None = None


class OnSupervisorHelpCancelled(O2gEvent, tag="OnSupervisorHelpCancelled", kw_only=True):
    """An agent needs no help any more, or the supervisor gives none."""

    login_name: str | None = None
    agent_number: str | None = None


class OnSupervisorHelpRequested(O2gEvent, tag="OnSupervisorHelpRequested", kw_only=True):
    """An agent asks for help."""

    login_name: str | None = None
    agent_number: str | None = None


class PermanentListeningRequest(Wire, kw_only=True):
    """Whom to listen to."""

    agent_number: str


class PGRequest(Wire, kw_only=True):
    """Which processing group."""

    pg_group_number: str


class ProcessingGroups(Wire, kw_only=True):
    """The processing groups an agent may enter."""

    preferred: str | None = None
    groups: tuple[str, ...] = ()


class WithdrawAgentRequest(Wire, kw_only=True):
    """Why an agent withdraws."""

    reason_index: int | None = None


class WithdrawReason(Wire, kw_only=True):
    """A reason to withdraw."""

    index: int | None = None
    label: str | None = None


class WithdrawReasons(Wire, kw_only=True):
    """Reasons to withdraw."""

    number: int | None = None
    reasons: tuple[WithdrawReason, ...] = ()


class AgentConfig(Wire, kw_only=True):
    """What an agent is: kind, set, processing groups, skills."""

    type: AgentType | None = None
    proacd: str | None = None
    processing_groups: ProcessingGroups | None = None
    skills: AgentSkills | None = None
    self_assign: bool | None = None
    headset: bool | None = None
    help: bool | None = None
    multiline: bool | None = None
