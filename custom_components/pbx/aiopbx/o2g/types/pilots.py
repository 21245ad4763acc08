"""Wire types of O2G: pilots, their rules and their calendars."""

from .base import Wire, WireEnum
from .telephony import ACRSkills, PilotStatus, PilotTransferInfo


class PilotOperatingMode(WireEnum):
    """How a pilot works: open by a rule, closed, or forwarded."""

    NORMAL = "normal"
    CLOSED = "closed"
    FORWARD = "forward"


class DayOfWeek(WireEnum):
    """A day of the week."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class ServiceState(WireEnum):
    """Whether a pilot, queue or group is open. Servers write the last in two ways."""

    CLOSED = "Closed"
    OPENED = "Opened"
    BLOCKED = "Blocked"
    UNKNOWN = "unknown"
    UNKNOWN_WITH_A_CAPITAL = "Unknown"


class PilotRule(Wire, kw_only=True):
    """A rule of a pilot. Some servers write its number as text; ``number`` reads both."""

    rule_number: int | str | None = None
    name: str | None = None
    active: bool | None = None

    @property
    def number(self) -> int | None:
        """The number of the rule, however the server writes it; None where it is none."""
        given = self.rule_number
        return int(given) if isinstance(given, int) or (given is not None and given.strip().isdecimal()) else None


class PilotRules(Wire, kw_only=True):
    """Rules of a pilot, by which it distributes calls."""

    rule_list: tuple[PilotRule, ...] = ()


class Pilot(Wire, kw_only=True):
    """A pilot: the number that calls to a service come in at."""

    number: str | None = None
    name: str | None = None
    state: ServiceState | None = None
    detailed_state: PilotStatus | None = None
    waiting_time: int | None = None
    """Seconds (presumably)."""
    saturation: bool | None = None
    """Whether its queues are full."""
    rules: PilotRules | None = None
    possible_transfer: bool | None = None
    """Whether a transfer to it can work now."""
    supervised_transfer: bool | None = None
    """Whether one may speak with the agent before."""


class PilotList(Wire, kw_only=True):
    """Pilots of a node."""

    pilot_list: tuple[Pilot, ...] = ()


class PilotTransition(Wire, kw_only=True):
    """From when on a pilot works by which rule."""

    time: str | None = None
    """As HH:mm, on the clock of the node."""
    rule_number: int | None = None
    mode: PilotOperatingMode | None = None


class PilotTransitions(Wire, kw_only=True):
    """One transition of a day, with its number, 1 to 10."""

    number: int | None = None
    """1 to 10; also the index in paths."""
    transition: PilotTransition | None = None


class NormalTransitions(Wire, kw_only=True):
    """Transitions of a day of the week."""

    day: DayOfWeek | None = None
    list: tuple[PilotTransitions, ...] = ()


class ExceptionTransitions(Wire, kw_only=True):
    """Transitions of a date."""

    date: str | None = None
    """As yyyyMMdd."""
    list: tuple[PilotTransitions, ...] = ()


class NormalCalendar(Wire, kw_only=True):
    """How a pilot works on each day of the week."""

    calendar: tuple[NormalTransitions, ...] = ()


class ExceptionCalendar(Wire, kw_only=True):
    """How a pilot works on certain dates, which go before the days of the week."""

    calendar: tuple[ExceptionTransitions, ...] = ()


class Calendar(Wire, kw_only=True):
    """Both calendars of a pilot."""

    normal_days: NormalCalendar | None = None
    exception_days: ExceptionCalendar | None = None


class PilotQueryParam(Wire, kw_only=True):
    """What is wished of a transfer to a pilot."""

    agent_number: str | None = None
    skills: ACRSkills | None = None
    """Those that the agent who takes the call must have."""
    priority_transfer: bool | None = None
    supervised_transfer: bool | None = None


class PilotInfo(Wire, kw_only=True):
    """Whether and how a transfer to a pilot would go."""

    number: str | None = None
    waiting_time: int | None = None
    saturation: bool | None = None
    supervised_transfer: bool | None = None
    pilot_transfer_info: PilotTransferInfo | None = None
