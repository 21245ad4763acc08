"""Wire types of O2G: the call centre in real time."""

import msgspec

from .base import O2gEvent, Wire
from .pilots import ServiceState
from .real_time_figures import (
    AgentPhoneState,
    AgentProcessingGroupType,
    AgentServiceState,
    OtherProcessingGroupType,
    QueueType,
    RtiAgentAttributes,
    RtiAgentProcessingGroupAttributes,
    RtiAgentType,
    RtiOtherProcessingGroupAttributes,
    RtiPilotAttributes,
    RtiQueueAttributes,
)


class RtiObjectIdentifier(Wire, kw_only=True):
    """Something that has figures in real time."""

    number: str | None = None
    name: str | None = None
    """Last name of an agent."""
    first_name: str | None = None
    """Agents only."""
    key: int | None = None


class RtiObjects(Wire, kw_only=True):
    """All that has figures in real time."""

    agents: tuple[RtiObjectIdentifier, ...] = ()
    pilots: tuple[RtiObjectIdentifier, ...] = ()
    queues: tuple[RtiObjectIdentifier, ...] = ()
    pg_agents: tuple[RtiObjectIdentifier, ...] = ()
    pg_others: tuple[RtiObjectIdentifier, ...] = ()


class RtiAgentFilter(Wire, kw_only=True):
    """Which agents, and which figures of them."""

    numbers: tuple[str, ...] = ()
    attributes: tuple[RtiAgentAttributes, ...] = ()
    """Attributes wanted, or ALL."""


class RtiPilotFilter(Wire, kw_only=True):
    """Which pilots, and which figures of them."""

    numbers: tuple[str, ...] = ()
    attributes: tuple[RtiPilotAttributes, ...] = ()
    """Attributes wanted, or ALL."""


class RtiQueueFilter(Wire, kw_only=True):
    """Which queues, and which figures of them."""

    numbers: tuple[str, ...] = ()
    attributes: tuple[RtiQueueAttributes, ...] = ()
    """Attributes wanted, or ALL."""


class RtiAgentProcessingGroupFilter(Wire, kw_only=True):
    """Which processing groups with agents, and which figures of them."""

    numbers: tuple[str, ...] = ()
    attributes: tuple[RtiAgentProcessingGroupAttributes, ...] = ()
    """Attributes wanted, or ALL."""


class RtiOtherProcessingGroupFilter(Wire, kw_only=True):
    """Which other processing groups, and which figures of them."""

    numbers: tuple[str, ...] = ()
    attributes: tuple[RtiOtherProcessingGroupAttributes, ...] = ()
    """Attributes wanted, or ALL."""


class RtiFilter(Wire, kw_only=True):
    """What to be notified of. Servers name the filters of groups in two ways; one of each is given."""

    agent_filter: RtiAgentFilter | None = None
    pilot_filter: RtiPilotFilter | None = None
    queue_filter: RtiQueueFilter | None = None
    pg_agent_filter: RtiAgentProcessingGroupFilter | None = None
    team_filter: RtiAgentProcessingGroupFilter | None = None
    pg_other_filter: RtiOtherProcessingGroupFilter | None = None
    other_pg_filter: RtiOtherProcessingGroupFilter | None = None


class RtiContext(Wire, kw_only=True):
    """What figures are wanted, over what time, and how often."""

    active: bool | None = None
    """False when set; true while notifications run (presumably)."""
    obs_period: int | None = None
    """Minutes, 15 to 60."""
    notif_frequency: int | None = None
    """Seconds, at least 5."""
    filter: RtiFilter | None = None


class OnAgentRtiChanged(O2gEvent, tag="OnAgentRtiChanged", kw_only=True):
    """Figures of an agent have changed. What is absent is as it was."""

    name: str | None = None
    first_name: str | None = None
    number: str | None = None
    type: RtiAgentType | None = None
    logon_date: str | None = None
    """ISO date and time without zone."""
    service_state: AgentServiceState | None = None
    service_state_date: str | None = None
    phone_state: AgentPhoneState | None = None
    phone_state_date: str | None = None
    pilot_name: str | None = None
    queue_name: str | None = None
    nb_of_withdrawals: int | None = None
    withdrawals_total_duration: int | None = None
    """Seconds."""
    nb_of_private_calls: int | None = None
    private_calls_total_duration: int | None = None
    """Seconds."""
    nb_of_served_acd_calls: int | None = msgspec.field(name="nbOfServedACDCalls", default=None)
    nb_of_outgoing_acd_calls: int | None = msgspec.field(name="nbOfOutgoingACDCalls", default=None)
    nb_of_refused_acd_calls: int | None = msgspec.field(name="nbOfRefusedACDCalls", default=None)
    nb_of_intercepted_acd_calls: int | None = msgspec.field(name="nbOfInterceptedACDCalls", default=None)
    nb_of_transfered_acd_calls: int | None = msgspec.field(name="nbOfTransferedACDCalls", default=None)
    """Spelt with one r; the attribute asked for has two."""
    current_pg: str | None = msgspec.field(name="currentPG", default=None)
    associated_set: str | None = None
    withdraw_reason: int | None = None
    afe_key: int | None = None
    """Inner key of the object."""


class OnPilotRtiChanged(O2gEvent, tag="OnPilotRtiChanged", kw_only=True):
    """Figures of a pilot have changed. What is absent is as it was."""

    name: str | None = None
    number: str | None = None
    state: ServiceState | None = None
    nb_of_running_calls: int | None = None
    service_level: int | None = None
    """Per cent."""
    efficiency: int | None = None
    """Per cent."""
    nb_of_waiting_calls: int | None = None
    nb_of_ringing_acd_calls: int | None = msgspec.field(name="nbOfRingingACDCalls", default=None)
    nb_of_mutual_aid_calls: int | None = None
    nb_of_dissuaded_calls: int | None = None
    nb_of_calls_in_conversation: int | None = None
    nb_of_calls_in_general_forwarding: int | None = None
    nb_of_calls_in_remote_pg: int | None = msgspec.field(name="nbOfCallsInRemotePG", default=None)
    incoming_traffic: int | None = None
    """Calls within the last minute."""
    average_waiting_time: int | None = None
    """Seconds."""
    worst_service_level_in_list: int | None = None
    worst_efficiency_in_list: int | None = None
    best_service_level_in_list: int | None = None
    best_efficiency_in_list: int | None = None
    afe_key: int | None = None
    """Inner key of the object."""


class OnQueueRtiChanged(O2gEvent, tag="OnQueueRtiChanged", kw_only=True):
    """Figures of a queue have changed. What is absent is as it was."""

    name: str | None = None
    number: str | None = None
    type: QueueType | None = None
    state: ServiceState | None = None
    nb_of_agents_in_distribution: int | None = None
    incoming_traffic: int | None = None
    """Calls within the last minute."""
    outgoing_traffic: int | None = None
    """Calls within the last minute."""
    nb_of_waiting_calls: int | None = None
    current_waiting_time: int | None = None
    """Seconds."""
    filling_rate: int | None = None
    """Per cent."""
    expected_waiting_time: int | None = None
    """Seconds."""
    longest_waiting_time_in_list: int | None = None
    """Seconds, over the queues joined with this one."""
    afe_key: int | None = None
    """Inner key of the object."""


class OnPGAgentRtiChanged(O2gEvent, tag="OnPGAgentRtiChanged", kw_only=True):
    """Figures of a processing group with agents have changed. What is absent is as it was."""

    name: str | None = None
    number: str | None = None
    type: AgentProcessingGroupType | None = None
    state: ServiceState | None = None
    nb_of_withdrawn_agents: int | None = None
    nb_of_agents_in_private_call: int | None = None
    nb_of_agents_in_acd_call: int | None = msgspec.field(name="nbOfAgentsInACDCall", default=None)
    nb_of_agents_in_acd_ringing: int | None = msgspec.field(name="nbOfAgentsInACDRinging", default=None)
    nb_of_agents_in_acd_conv: int | None = msgspec.field(name="nbOfAgentsInACDConv", default=None)
    nb_of_agents_in_wrapup_and_transaction: int | None = None
    nb_of_agents_in_pause: int | None = None
    nb_of_busy_agents: int | None = None
    nb_of_logged_on_agents: int | None = None
    nb_of_free_agents: int | None = None
    nb_of_idle_agents: int | None = None
    nb_of_logged_on_and_not_withdrawn_agents: int | None = None
    incoming_traffic: int | None = None
    """Calls within the last minute."""
    consolidated_pilots_service_level: int | None = None
    consolidated_pilots_efficiency: int | None = None
    consolidated_queues_waiting_time: int | None = None
    consolidated_queues_nb_of_waiting_calls: int | None = None
    consolidated_queues_ewt: int | None = msgspec.field(name="consolidatedQueuesEWT", default=None)
    pilots_worst_service_level: int | None = None
    pilots_worst_efficiency: int | None = None
    pilots_best_service_level: int | None = None
    pilots_best_efficiency: int | None = None
    queues_longest_waiting_time: int | None = None
    afe_key: int | None = None
    """Inner key of the object."""


class OnPGOtherRtiChanged(O2gEvent, tag="OnPGOtherRtiChanged", kw_only=True):
    """Figures of another processing group have changed. What is absent is as it was."""

    name: str | None = None
    number: str | None = None
    type: OtherProcessingGroupType | None = None
    state: ServiceState | None = None
    nb_of_acd_calls: int | None = msgspec.field(name="nbOfACDCalls", default=None)
    incoming_traffic: int | None = None
    """Calls within the last minute."""
    afe_key: int | None = None
    """Inner key of the object."""
