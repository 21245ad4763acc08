"""The services of O2G, a file each. Importing this package fills ``OPERATIONS``."""

from .event_summary import EventSummaryService
from .routing import Routing
from .sessions import Sessions
from .subscriptions import Subscriptions
from .telephony import Telephony
from .users import Users

__all__ = ["EventSummaryService", "Routing", "Sessions", "Subscriptions", "Telephony", "Users"]
