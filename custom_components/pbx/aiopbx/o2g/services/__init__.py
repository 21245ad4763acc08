"""The services of O2G, a file each, and all of their operations."""

from typing import Final

from ...operations import Operations, Services
from ..rules import REDIRECT_WORDS
from .agent import Agent
from .analytics import Analytics, UserManagement
from .communication_log import CommunicationLog
from .directory import Directory
from .management import Maintenance, PbxManagement
from .phone_set_programming import PhoneSetProgramming
from .pilots import AcdManagement, PilotMonitoring
from .real_time import RealTime
from .recording import Recording
from .routing import Routing
from .routing_points import RoutingPoints
from .sessions import Sessions, Subscriptions
from .statistics import Statistics, StatisticsFiles
from .telephony import Telephony
from .users import EventSummaryService, Users
from .voicemail import Voicemail


class O2gServices(Services, python="pbx.o2g"):
    """All of them, through one caller."""

    sessions: Sessions
    users: Users
    subscriptions: Subscriptions
    telephony: Telephony
    routing: Routing
    event_summary: EventSummaryService
    directory: Directory
    communication_log: CommunicationLog
    maintenance: Maintenance
    voicemail: Voicemail
    phone_set_programming: PhoneSetProgramming
    pbx_management: PbxManagement
    agent: Agent
    user_management: UserManagement
    analytics: Analytics
    pilot_monitoring: PilotMonitoring
    acd_management: AcdManagement
    routing_points: RoutingPoints
    real_time: RealTime
    acd_statistics: Statistics
    statistics_files: StatisticsFiles
    recording: Recording


OPERATIONS: Final = Operations(
    O2gServices.declared,
    dials=frozenset({"callee", "redirect_to", "transfer_to", "number", "selected_route"}),
    words=frozenset(REDIRECT_WORDS),
)
"""Every operation by name."""
