"""Event summary: what waits for a user."""

from ..operations import TELEPHONY_ADVANCED, Request, Service, operation
from ..types.event_summary import EventSummary


class EventSummaryService(Service, service="EventSummary"):
    """Counters of a user."""

    @operation("GET", "/eventSummary", TELEPHONY_ADVANCED)
    def event_summary(self, *, login_name: str | None = None) -> Request[EventSummary]:
        """Read missed calls, voicemails, call-back requests, faxes and texts; absent is unknown."""
        return Request(loginName=login_name)
