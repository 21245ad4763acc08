"""What a line of O2G can do at all, from licences, rights and telephones."""

from collections.abc import Iterable, Mapping
from typing import Final

from ..model import Feature, LineSnapshot
from .operations import API_CONTACTCENTER_AGENT, API_PHONESETPROG, MANAGEMENT, MESSAGING
from .types.routing import Capabilities

ADVANCED_LICENCE: Final = "TELEPHONY_ADVANCED"

BASIC: Final = frozenset({Feature.DIAL, Feature.ANSWER, Feature.HANG_UP, Feature.PREFERENCES})
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
    Feature.CALL_LOG,
    Feature.DIRECTORY,
    Feature.HUNTING_GROUPS,
    Feature.DESK_SHARING,
    Feature.TEXTS,
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
"""What a line with TELEPHONY_ADVANCED can do at most, beside what needs other licences."""
LICENCES: Final[dict[str, frozenset[Feature]]] = {
    MESSAGING: frozenset({Feature.MAILBOX}),
    API_PHONESETPROG: frozenset({Feature.TELEPHONES}),
    API_CONTACTCENTER_AGENT: frozenset({Feature.AGENT}),
    MANAGEMENT: frozenset({Feature.OBJECTS}),
}
"""What the other licences are for. Nothing tells who has them but a refusal."""
MISSING: Final = dict.fromkeys(sorted(ALL - BASIC), ADVANCED_LICENCE)
"""What a user with TELEPHONY_BASIC lacks, and the licence for it."""
OF_THE_SYSTEM: Final = frozenset({Feature.NODES, Feature.OBJECTS})
"""What administrators may do."""
ADMINISTRATOR: Final = "administrator"
"""What others lack for it."""


def missing_of(*, basic: bool, lacking: Iterable[str]) -> Mapping[Feature, str]:
    """What is absent for want of a licence."""
    missing: dict[Feature, str] = dict(MISSING) if basic else {}
    for licence in lacking:
        missing |= dict.fromkeys(sorted(LICENCES.get(licence, ())), licence)
    return missing


_shared: dict[frozenset[Feature], frozenset[Feature]] = {}


def features_of(
    line: LineSnapshot, *, basic: bool, rights: Capabilities | None, lacking: Iterable[str] = ()
) -> frozenset[Feature]:
    """What this line can do; ``rights`` is none while they are not known, ``lacking`` are licences it has not."""
    features = set(BASIC if basic else ADVANCED)
    features.add(Feature.TELEPHONES)
    if line.voicemail_number is not None:
        features.add(Feature.MAILBOX)
    if line.agent is not None:
        features.add(Feature.AGENT)
    for licence in lacking:
        features -= LICENCES.get(licence, frozenset())
    if basic:
        made = frozenset(features)
        return _shared.setdefault(made, made)
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
