"""What the three applications of Istra have in common: the steps of a link, its lines, and its listeners."""

from collections.abc import Callable, Collection, Coroutine, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, Protocol

from msgspec.structs import replace

from ..doubts import Doubts
from ..errors import InvalidInput, UnknownLine
from ..events import CallEnded, Event, LineAdded, LineRemoved
from ..model import AvailableLine, CallSnapshot, Feature, LineSnapshot
from ..ports import Commands, DialOptions
from ..store import Reduced, Store, with_fields
from .client import IstraClient, Push

Start = Callable[[Coroutine[Any, Any, None], str], None]


@dataclass(frozen=True, slots=True)
class Monitored:
    """What a link monitors, as it was when the link was opened."""

    lines: tuple[LineSnapshot, ...] = ()
    everybody: bool = False
    """Whether lines that are created later are monitored, too."""
    version: str = ""
    """Of the server, where it says."""


class Monitor(Protocol):
    """One application on one link: what the link does, step by step."""

    reads_calls: bool
    """Whether calls in progress can be read."""

    @property
    def commands(self) -> Commands:
        """The requests."""

    async def discover(self) -> Monitored:
        """Find out which lines there are. Raises ``UnknownLine`` for one that is wanted and does not exist."""

    async def sync(self, monitored: Monitored) -> None:
        """Subscribe to these lines, and bring the store up to date.

        One step, because it is one request here: registering a listener answers with the state of what it listens to.
        """

    def apply(self, push: Push) -> None:
        """Apply what was pushed."""

    async def confirm(self, lines: Collection[str] | None) -> None:
        """Have the state of these lines confirmed, of all if it is None: something that was pushed has been missed."""

    async def available_lines(self) -> tuple[AvailableLine, ...]:
        """All lines that could be monitored."""


class Lines:
    """The lines that one link monitors, and the only way from it to their snapshots in the store."""

    def __init__(
        self, store: Store, features: frozenset[Feature], doubts: Doubts, unconfirmed: dict[str, float] | None = None
    ) -> None:
        """Every line can do this; those of which something may have been missed go into ``doubts``.

        ``unconfirmed`` outlives the link.
        """
        self.store = store
        self.unconfirmed: dict[str, float] = {} if unconfirmed is None else unconfirmed
        """Since when, monotonic, nothing is known of calls that were there when a connection was lost, by their id."""
        self.features = features
        self.doubts = doubts

    def get(self, id: str) -> LineSnapshot | None:
        """The newest snapshot."""
        return self.store.lines.get(id)

    def put(self, reduced: Reduced) -> None:
        """Store what became of a line, if anything did, and publish the events that led to it."""
        line, events = reduced
        if events or self.store.lines.get(line.id) is not line:
            self.store.put(line, events)

    def change(self, id: str, change: Callable[[LineSnapshot], Reduced]) -> None:
        """Store what becomes of a line by this change, if it is monitored."""
        line = self.get(id)
        if line is not None:
            self.put(change(line))

    def set(self, lines: Iterable[LineSnapshot], over: Callable[[CallSnapshot], CallSnapshot]) -> None:
        """Monitor these, and no others. What is known of one that was monitored before stays."""
        now = datetime.now(UTC)
        wanted = tuple(lines)
        ids = {line.id for line in wanted}
        for line in [line for line in self.store.lines.values() if line.id not in ids]:
            del self.store.lines[line.id]
            ended: list[Event] = [CallEnded(at=now, line=line.id, call=over(call)) for call in line.calls]
            self.store.publish(*ended, LineRemoved(at=now, line=line.id))
        for line in wanted:
            known = self.get(line.id)
            if known is None:
                self.add(line)
            else:
                self.put(with_fields(known, now, number=line.number or known.number, name=line.name or known.name))

    def add(self, line: LineSnapshot) -> None:
        """Monitor one more."""
        line = LineSnapshot(
            id=line.id, number=line.number, name=line.name, devices=line.devices, features=self.features
        )
        self.store.lines[line.id] = line
        self.store.publish(LineAdded(at=datetime.now(UTC), line=line.id, snapshot=line))

    def confirmed(self, id: str) -> None:
        """What is stored of a line is confirmed; that alone is no event."""
        self.change(id, lambda line: (line if line.synced else replace(line, synced=True), ()))


class Listeners:
    """The listeners of a session. The client deletes them when it is closed."""

    def __init__(self, client: IstraClient, prefix: str) -> None:
        """Make none yet; their names will begin with ``prefix``."""
        self._client = client
        self._prefix = prefix
        self._made = 0

    async def create(self, terminal: str | None = None) -> str:
        """Create one, on myCrm for a terminal, and return its name."""
        self._made += 1
        name = f"{self._prefix}{self._made}"
        listener = await self._client.service.create_listener(name, terminal)
        return listener.name or name


def choose(found: list[LineSnapshot], wanted: Literal["all"] | tuple[str, ...]) -> tuple[LineSnapshot, ...]:
    """The lines that are wanted, by id or number. Raises ``UnknownLine`` for the first that does not exist."""
    if wanted == "all":
        return tuple(found)
    chosen: dict[str, LineSnapshot] = {}
    for key in wanted:
        line = next((one for one in found if one.id == key), None) or next(
            (one for one in found if one.number and one.number == key), None
        )
        if line is None:
            there = ", ".join((one.number or one.id) for one in found[:10])
            more = f" and {len(found) - 10} more" if len(found) > 10 else ""
            raise UnknownLine(
                f"lines: there is no {key!r}.", remedy=f"There are: {there}{more}." if there else "There are none."
            )
        chosen[line.id] = line
    return tuple(chosen.values())


_TONES: Final = frozenset("0123456789ABCDabcd*#")
_ONLY_O2G: Final = {
    "calling_number": "The number that others see is changed by line.set_caller_id, on myIstra.",
    "inhibit_progress_tone": "Leave it out.",
    "acd": "Leave it out: there is no call centre.",
}


class IstraChecks:
    """The checks. ``devices`` says whether a telephone can be chosen to dial with."""

    def __init__(self, *, devices: bool) -> None:
        """Check for an application that chooses telephones, or not."""
        self._devices = devices

    def check_number(self, number: str, *, field: str = "number") -> None:
        """Raise ``InvalidInput`` if Istra cannot dial this number."""
        if not number.strip("+"):
            raise InvalidInput(field, "is empty.", remedy="Say what to dial.", reason="number_missing")

    def check_dial(self, line: LineSnapshot, options: DialOptions) -> None:
        """Raise ``InvalidInput`` for what means nothing to Istra."""
        for field, remedy in _ONLY_O2G.items():
            if getattr(options, field) is not None:
                raise InvalidInput(field, "means nothing to this system.", remedy=remedy, reason="not_here")
        if not options.auto_answer:
            raise InvalidInput(
                "auto_answer",
                "is the server's choice on this system.",
                remedy="Leave it out: a telephone that cannot be taken off the hook rings first.",
                reason="auto_answer",
            )
        if options.device is not None and not self._devices and options.device != line.number:
            raise InvalidInput(
                "device", "an extension of myRCC has none to choose from.", remedy="Leave it out.", reason="not_here"
            )

    def check_digits(self, digits: str, *, field: str = "digits") -> None:
        """Raise ``InvalidInput`` if these are not DTMF digits."""
        if not digits or not _TONES.issuperset(digits):
            raise InvalidInput(
                field, f"{digits!r} are not tones.", remedy="Use 0 to 9, A to D, * and #.", reason="tones"
            )

    def check_data(self, data: str, *, field: str = "data") -> None:
        """Nothing can be associated with a call here, which the feature says that is absent."""


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
