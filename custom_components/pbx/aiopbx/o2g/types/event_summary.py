"""Wire types of O2G: event summary."""

from .base import O2gEvent, Wire


class EventSummary(Wire, kw_only=True):
    """Counters of a user. An absent counter is unknown, not zero."""

    missed_calls_nb: int | None = None
    voice_messages_nb: int | None = None
    call_back_requests_nb: int | None = None
    fax_nb: int | None = None
    new_text_nb: int | None = None
    old_text_nb: int | None = None
    event_waiting: bool | None = None


class OnEventSummaryUpdated(O2gEvent, tag="OnEventSummaryUpdated", kw_only=True):
    """Counters of a user changed."""

    login_name: str | None = None
    event_summary: EventSummary | None = None
