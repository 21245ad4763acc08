"""Values of Istra made from the rows of the catalogue, as they are on the wire."""

from typing import Any

from tests.contract.rows import istra, istra_types

_VALUES: dict[str, Any] = {
    "actions": ["hold", "sendDtmfs"],
    "conference": True,
    "isIncoming": True,
    "isMediaAvailable": True,
    "isPlaying": True,
    "isRecording": True,
    "isMissed": True,
    "isRejected": True,
    "isWritten": True,
    "incoming": True,
    "read": True,
    "creationTime": "1420707629436",
    "lastModificationTime": "1420707629443",
    "ringingTime": "262",
    "durationSecond": 12,
    "ringDurationSecond": 4,
    "talkDurationSecond": 81,
    "pstnNumbers": ["+15550101", "+15550102"],
    "state": "talking",
    "stateCause": "causeNormal",
    "lineId": "-5499",
    "restUri": "v1/rcc/CallLine/-5499",
    "extension": "v1/rcc/Extension/-102",
    "event": "callTalking",
    "type": "internal",
    "talkCause": "unHold",
    "dropCause": "noAnswer",
    "talkingTime": "1420707629443",
    "remoteType": "EXTERNAL_NUMBER",
    "customCallerIDChoice": "ManualSetting",
    "count": 2,
    "unreadMissedCalls": 2,
    "unreadTextMessages": 3,
    "unreadVoiceMails": 4,
}


def value(name: str) -> Any:
    """A value that fits a field of this name."""
    if name in {"extensionURI", "uriExtension"}:
        return _VALUES["extension"]
    return _VALUES.get(name, f"the {name}")


def fields_of(kind: str) -> tuple[tuple[str, ...], ...]:
    """The fields of a type, each with every spelling of its name."""
    return next(row.fields for row in istra_types() if row.name == kind)


def sample(kind: str, *, spelling: int = 0) -> dict[str, Any]:
    """A whole value of this type; of the spellings of a name, this one."""
    names = [spellings[min(spelling, len(spellings) - 1)] for spellings in fields_of(kind)]
    return {name: value(name) for name in names}


def enumeration(name: str) -> list[str]:
    """The words of an enumeration."""
    values = istra()["types"][name]
    return list(values["seen"] if isinstance(values, dict) else values)
