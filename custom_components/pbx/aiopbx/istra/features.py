"""What the three applications of Istra can do at all. None of them has do-not-disturb or a forward."""

from typing import Final

from ..model import Feature

FEATURES: Final[dict[str, frozenset[Feature]]] = {
    "myrcc": frozenset(
        {
            Feature.DIAL,
            Feature.ANSWER,
            Feature.HANG_UP,
            Feature.CALL_EVENTS,
            Feature.CALL_CONTROL,
            Feature.DTMF,
            Feature.TRANSFER,
            Feature.CONFERENCE,
            Feature.REDIRECT,
            Feature.RECORDING,
        }
    ),
    "mycrm": frozenset({Feature.DIAL, Feature.CALL_EVENTS, Feature.DEVICE_STATES}),
    "myistra": frozenset({Feature.DIAL, Feature.COUNTERS, Feature.CALL_LOG, Feature.MAILBOX, Feature.CALLER_ID}),
}
"""By the name of the system in the settings."""
