"""What a line of O2G can do at all, from licences, rights and telephones."""

from typing import Final

from ..model import Feature, LineSnapshot
from .types.routing import Capabilities

ADVANCED_LICENCE: Final = "TELEPHONY_ADVANCED"

BASIC: Final = frozenset({Feature.DIAL, Feature.ANSWER, Feature.HANG_UP})
"""With TELEPHONY_BASIC."""
ADVANCED: Final = BASIC | {
    Feature.CALL_EVENTS,
    Feature.CALL_CONTROL,
    Feature.DTMF,
    Feature.TRANSFER,
    Feature.CONFERENCE,
    Feature.REDIRECT,
    Feature.PARK,
    Feature.PICK_UP,
    Feature.RECORDING,
    Feature.ASSOCIATED_DATA,
    Feature.CALL_BACK,
    Feature.PRIVATE_CALL,
    Feature.BUSINESS_CALL,
    Feature.COUNTERS,
    Feature.DEVICE_STATES,
}
"""With TELEPHONY_ADVANCED, whatever the user's rights and telephones are."""
ALL: Final = ADVANCED | {
    Feature.SWITCH_DEVICE,
    Feature.DO_NOT_DISTURB,
    Feature.FORWARD,
    Feature.OVERFLOW,
    Feature.REMOTE_EXTENSION,
    Feature.VOICEMAIL,
}
MISSING: Final = dict.fromkeys(sorted(ALL - BASIC), ADVANCED_LICENCE)
"""What a user with TELEPHONY_BASIC lacks, and the licence for it."""

_shared: dict[frozenset[Feature], frozenset[Feature]] = {}


def features_of(line: LineSnapshot, *, basic: bool, rights: Capabilities | None) -> frozenset[Feature]:
    """What this line can do; ``rights`` is none while they are not known."""
    if basic:
        return BASIC
    features = set(ADVANCED)
    if len(line.devices) > 1:
        features.add(Feature.SWITCH_DEVICE)
    if line.voicemail_number is not None:
        features.add(Feature.VOICEMAIL)
    if rights is not None:
        if rights.dnd:
            features.add(Feature.DO_NOT_DISTURB)
        if rights.forward_route:
            features.add(Feature.FORWARD)
        if rights.overflow_route:
            features.add(Feature.OVERFLOW)
        if rights.presentation_route and line.routing is not None and line.routing.remote_extension is not None:
            features.add(Feature.REMOTE_EXTENSION)
    made = frozenset(features)
    return _shared.setdefault(made, made)
