"""What a client has seen on the wire, in numbers that only grow."""

import logging
from dataclasses import dataclass, field

from .wiretap import Wiretap

_LOGGER = logging.getLogger(__name__)
_MOST_TOLD = 1000


@dataclass(slots=True)
class WireStatistics:
    """Counters of one client over all its connections. Whoever reads them sees the newest values."""

    requests: int = 0
    bytes: int = 0
    """Of the event channel."""
    events: int = 0
    unknown_events: int = 0
    unknown_values: int = 0
    """Values that an enumeration does not list."""
    unknown_fields: int = 0
    """Different fields of events that the types do not have; see ``decoding.LOOK_EVERY``."""
    malformed_frames: int = 0
    """Lines of the channel that were no event, or too long."""
    bad_fields: int = 0
    """Fields of the wrong type, each of which was left out."""
    told: set[str] = field(default_factory=set, repr=False)
    tap: Wiretap = field(default_factory=Wiretap, repr=False, compare=False)
    """Who listens in: what is counted here passes there first."""

    def tell_once(self, what: str) -> bool:
        """Log something the first time it happens, and say whether it is. ``what`` must hold nothing secret."""
        if what in self.told or len(self.told) >= _MOST_TOLD:
            return False
        self.told.add(what)
        _LOGGER.info("%s (told once)", what)
        return True
