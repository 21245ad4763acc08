"""The services of O2G, a file each. Importing this package fills ``OPERATIONS``."""

from .agent import Agent
from .communication_log import CommunicationLog
from .directory import Directory
from .management import Maintenance, PbxManagement
from .phone_set_programming import PhoneSetProgramming
from .routing import Routing
from .sessions import Sessions, Subscriptions
from .telephony import Telephony
from .users import EventSummaryService, Users
from .voicemail import Voicemail

__all__ = [
    "Agent",
    "CommunicationLog",
    "Directory",
    "EventSummaryService",
    "Maintenance",
    "PbxManagement",
    "PhoneSetProgramming",
    "Routing",
    "Sessions",
    "Subscriptions",
    "Telephony",
    "Users",
    "Voicemail",
]
