"""The event summary service."""

from typing import Final

from ....o2g.types.users import EventSummary
from . import views
from .context import Context, Route
from .refusing import refusing


def summary(ctx: Context) -> EventSummary:
    """What waits for the user."""
    return views.event_summary(ctx.switch, ctx.user)


ROUTES: Final = [Route("GET", "/eventSummary", refusing(summary), licence="advanced", user="named")]
