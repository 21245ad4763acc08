"""The event summary service."""

from typing import Final

from ....o2g.types.users import EventSummary
from . import views
from .context import Context, Route
from .refusals import refuse_with_details


def summary(ctx: Context) -> EventSummary:
    """Return the counters of the user."""
    return views.event_summary(ctx.switch, ctx.user)


ROUTES: Final = [Route("GET", "/eventSummary", refuse_with_details(summary), licence="advanced", user="named")]
