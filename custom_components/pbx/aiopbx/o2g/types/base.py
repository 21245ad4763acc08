"""What the types of every chapter share, and the licences that operations need."""

from typing import Final

from ...wire import UNLISTED, Unlisted, Wire, WireEnum, to_json

__all__ = [
    "ANALYTICS",
    "API_CONTACTCENTER_AGENT",
    "API_PHONESETPROG",
    "CONTACTCENTER_RSI",
    "CONTACTCENTER_SERVICE",
    "MANAGEMENT",
    "MESSAGING",
    "TELEPHONY_ADVANCED",
    "TELEPHONY_BASIC",
    "UNLISTED",
    "O2gEvent",
    "Unlisted",
    "Wire",
    "WireEnum",
    "to_json",
]

# The licences, by the names that the reference gives them.
TELEPHONY_BASIC: Final = "TELEPHONY_BASIC"
TELEPHONY_ADVANCED: Final = "TELEPHONY_ADVANCED"
MESSAGING: Final = "MESSAGING"
API_PHONESETPROG: Final = "API_PHONESETPROG"
MANAGEMENT: Final = "MANAGEMENT"
API_CONTACTCENTER_AGENT: Final = "API_CONTACTCENTER_AGENT"
ANALYTICS: Final = "ANALYTICS"
CONTACTCENTER_RSI: Final = "CONTACTCENTER_RSI"
CONTACTCENTER_SERVICE: Final = "CONTACTCENTER_SERVICE"


class O2gEvent(Wire, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False, tag_field="eventName"):
    """An event of the channel. ``login_name`` is the user it is about, None where it is about the system."""

    login_name: str | None = None
