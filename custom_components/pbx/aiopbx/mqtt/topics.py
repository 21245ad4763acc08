"""The contract between a bridge and who reads it: topics and payloads. docs/mqtt-topics.md says it in words.

Everything here may grow: a reader passes over fields that it does not know. What would break a reader is a new version,
which is a level of every topic.
"""

import inspect
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote, unquote

import msgspec

from ..model import CallSnapshot, Feature, LineSnapshot, Routing, SystemInfo

VERSION: Final = "v1"
PREFIX: Final = "pbx"
"""The first level of every topic, where the settings name no other."""
ENDED_KEPT: Final = 8
"""How many calls that have ended the state of a line still tells of."""
STATE_QOS: Final = 0
"""How readers subscribe to states, pulses and events: with QoS 1 a broker gives a wildcard only its first thousand."""
COMMAND_QOS: Final = 1
"""How commands and answers go, both ways."""

CARRIED: Final = frozenset(Feature) - {
    Feature.PRIVATE_CALL,
    Feature.MAILBOX,
    Feature.TELEPHONES,
    Feature.NODES,
    Feature.OBJECTS,
    Feature.CALL_CENTRE,
    Feature.PILOTS,
    Feature.WAITING_CALLS,
    Feature.ROUTING_POINTS,
    Feature.CENTRE_STATISTICS,
    Feature.CHARGING,
    Feature.INCIDENTS,
    Feature.USERS,
    Feature.CALL_RECORDERS,
}
"""What can be done over a bridge. The rest would put PINs and passwords on topics, or is the administrator's."""


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What a topic carries, as JSON."""


# --------------------------------------------------------------------------------------------------- what a worker says


class WorkerStatus(StrEnum):
    """Whether a worker serves."""

    STARTING = "starting"
    """It publishes its lines. What stands on their topics belongs to an earlier one until it is complete."""
    ONLINE = "online"
    OFFLINE = "offline"
    """It does not run, or does not see the telephone system; ``reason`` says which."""


class Worker(Payload, frozen=True, kw_only=True):
    """A worker, retained; the broker publishes it as ``offline`` when the worker is gone (its last will)."""

    epoch: int
    """Grows with every connection of a worker of this shard to the broker. What has a smaller one is old."""
    status: WorkerStatus
    worker: str
    """Which process it is: two that serve one shard by mistake differ here."""
    shard: str = "0-of-1"
    reason: str | None = None
    """Why it is offline, in words for a person."""
    at: datetime | None = None
    """When that was, by the worker's clock; None in a last will."""
    since: int = 0
    """The revision that the newest round of states began with."""
    info: SystemInfo | None = None
    """The telephone system."""
    features: frozenset[Feature] = frozenset()
    """What the system and its account can do over the bridge."""
    version: str = ""
    """Of the bridge."""


class Manifest(Payload, frozen=True, kw_only=True):
    """Which lines a shard has, retained. They are complete once each has a state of this epoch from ``since`` on."""

    epoch: int
    since: int
    lines: tuple[str, ...]


class LineState(Payload, frozen=True, kw_only=True):
    """A line with its calls, retained."""

    epoch: int
    revision: int
    """Grows with every state that the worker publishes, of whatever line."""
    at: datetime
    shard: str
    """Which shard serves it: a level of the topic of its commands."""
    line: LineSnapshot
    ended: tuple[CallSnapshot, ...] = ()
    """Its last calls that have ended, the newest last, with their outcome."""


class CallPayload(Payload, frozen=True, kw_only=True):
    """A call in progress, retained; the topic is emptied when it has ended."""

    epoch: int
    revision: int
    call: CallSnapshot


class RoutingPayload(Payload, frozen=True, kw_only=True):
    """How calls reach a line, retained."""

    epoch: int
    revision: int
    routing: Routing | None


class Pulse(Payload, frozen=True, kw_only=True):
    """A sign of life, not retained: the newest revision of every line that changed since the one before.

    Who knows an older revision of a line has missed a state, and who misses a ``number`` may have missed many.
    """

    epoch: int
    number: int
    interval: float
    """Seconds until the next one."""
    revision: int
    lines: int
    """How many lines the shard has."""
    changed: dict[str, int] | None = {}
    """None where there are too many to list: all may have changed."""


class EventPayload(Payload, frozen=True, kw_only=True):
    """Something happened, not retained."""

    epoch: int
    number: int
    """Grows with every event of the worker."""
    kind: str
    """Such as ``CallStarted``: the class of the event in the client."""
    line: str | None = None
    event: dict[str, Any] = {}
    """Its fields; of what changed the new value, and the names of the fields in ``changed``."""


# ----------------------------------------------------------------------------------------------- what a worker is asked


class Command(Payload, frozen=True, kw_only=True):
    """Something to be done, with a response topic and correlation data in the properties of the message."""

    id: str
    """Of this command and of no other, 16 characters or more: it is carried out at most once."""
    issued_at: datetime
    """When it was issued; a worker refuses what is older than it allows, whenever it is delivered."""
    line: str
    """The id of the line, as in the topic."""
    method: str
    """Such as ``dial``."""
    call: str | None = None
    """The id or the reference of the call that is meant, for methods of a call."""
    arguments: dict[str, Any] = {}


class ErrorPayload(Payload, frozen=True, kw_only=True, omit_defaults=True):
    """Why a command was not carried out, with everything that the telephone system said."""

    type: str
    """The class of the error in the client, such as ``PolicyViolation``."""
    message: str
    remedy: str | None = None
    details: dict[str, Any] = {}
    """What else the error has: the field, the licence that is missing, the server's status, code and cause."""


class Answer(Payload, frozen=True, kw_only=True):
    """What came of a command, on its response topic."""

    id: str
    epoch: int
    at: datetime
    result: Any = None
    error: ErrorPayload | None = None


PAYLOADS: Final[tuple[type[Payload], ...]] = (
    Worker,
    Manifest,
    LineState,
    CallPayload,
    RoutingPayload,
    Pulse,
    EventPayload,
    Command,
    Answer,
)
"""All of the contract, in the order of the documentation."""


def schema() -> dict[str, Any]:
    """Return the JSON Schema of all payloads."""
    _, components = msgspec.json.schema_components(PAYLOADS, ref_template="#/$defs/{name}")
    for component in components.values():
        if "description" in component:  # of a docstring, whose indentation Python keeps before 3.13
            component["description"] = inspect.cleandoc(component["description"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Payloads of the bridge, {VERSION}",
        "anyOf": [{"$ref": f"#/$defs/{one.__name__}"} for one in PAYLOADS],
        "$defs": dict(sorted(components.items())),
    }


# --------------------------------------------------------------------------------------------------------------- topics


@lru_cache(65_536)
def level(text: str) -> str:
    """Write an id as one level of a topic: everything but letters, digits and ``-_.~@`` as ``%`` and two digits."""
    return quote(text, safe="@")


def text_of(level: str) -> str:
    """Read an id from a level of a topic."""
    return unquote(level)


def shard_name(index: int, count: int) -> str:
    """Name a shard, as a level of topics."""
    return f"{index}-of-{count}"


def shard_of(line: str, count: int) -> int:
    """Which of so many shards a line belongs to: the same in every process, on every machine and for all time."""
    return int.from_bytes(sha256(line.encode("utf-8", "surrogatepass")).digest()[:8], "big") % count


class Topics:
    """The topics of one telephone system."""

    def __init__(self, prefix: str, pbx: str) -> None:
        """Below this prefix, which may have several levels; ``pbx`` names the telephone system."""
        self.base = f"{prefix}/{VERSION}/{level(pbx)}"

    def worker(self, shard: str) -> str:
        """``Worker``, retained."""
        return f"{self.base}/worker/{shard}"

    def manifest(self, shard: str) -> str:
        """``Manifest``, retained."""
        return f"{self.base}/manifest/{shard}"

    def pulse(self, shard: str) -> str:
        """``Pulse``."""
        return f"{self.base}/pulse/{shard}"

    def line(self, line: str) -> str:
        """``LineState``, retained."""
        return f"{self.base}/line/{level(line)}"

    def call(self, line: str, call: str) -> str:
        """``CallPayload``, retained until the call has ended."""
        return f"{self.base}/call/{level(line)}/{level(call)}"

    def routing(self, line: str) -> str:
        """``RoutingPayload``, retained."""
        return f"{self.base}/routing/{level(line)}"

    def event(self, line: str | None, kind: str) -> str:
        """``EventPayload``; those of no line stand under ``-``."""
        return f"{self.base}/event/{'-' if line is None else level(line)}/{kind}"

    def command(self, shard: str, line: str) -> str:
        """``Command``."""
        return f"{self.base}/command/{shard}/{level(line)}"

    def commands(self, shard: str, epoch: int) -> str:
        """What a worker subscribes to, in a group of its own: one that is frozen takes no share from the next.

        In one group for all of a shard a broker gives half of the commands to who is frozen, while its session lives.
        """
        return f"$share/{shard}-{epoch}/{self.base}/command/{shard}/+"

    def reply(self, user: str, client: str) -> str:
        """``Answer``: where this client of this account waits for its answers."""
        return f"{self.base}/reply/{level(user) or '-'}/{level(client)}"

    @property
    def replies(self) -> str:
        """How every response topic begins. A worker answers nowhere else."""
        return f"{self.base}/reply/"

    def parts(self, topic: str) -> list[str]:
        """The levels below the telephone system, as they are written; empty for a topic of another."""
        base = self.base + "/"
        return topic[len(base) :].split("/") if topic.startswith(base) else []


_ENCODER: Final = msgspec.json.Encoder()
encode = _ENCODER.encode
"""A payload as it goes over the wire."""
