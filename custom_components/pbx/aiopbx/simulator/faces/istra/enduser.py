"""myIstra: what an end user has: voicemails, the call history, counters, caller ID."""

from typing import Final

from .context import Route

ROUTES: Final[tuple[Route, ...]] = ()
