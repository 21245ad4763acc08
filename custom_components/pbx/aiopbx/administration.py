"""What administrators of nodes deal with, as frozen values: costs, incidents, users, recorders, reports by mail."""

from datetime import date, datetime
from enum import StrEnum

from .centre import Weekday
from .model import Snapshot


class ChargingTicket(Snapshot, frozen=True, kw_only=True):
    """One call and what it cost."""

    caller: str | None = None
    name: str | None = None
    called: str | None = None
    dialled: str | None = None
    """What was dialled first."""
    started: datetime | None = None
    """On the clock of the node, without a zone."""
    duration: int | None = None
    """Seconds, presumably: no source says so."""
    talk_duration: int | None = None
    """Seconds, presumably."""
    cost: float | None = None
    """In the currency of the system."""
    units: int | None = None
    type: str | None = None
    """In the system's words."""
    facilities: tuple[str, ...] = ()


class ChargingFile(Snapshot, frozen=True, kw_only=True):
    """A file of charging tickets on a node."""

    name: str
    date: str | None = None
    """In the system's words: some put the day first, some the month."""
    time: str | None = None


class Incident(Snapshot, frozen=True, kw_only=True):
    """Something that went wrong on a node, and how often."""

    number: int | None = None
    """Which kind of incident it is, as the manuals of the node list them."""
    at: datetime | None = None
    """The last time, on the clock of the node and without a zone."""
    severity: int | None = None
    """0 to 5; no source says which end is the worse."""
    text: str | None = None
    count: int | None = None
    node: str | None = None
    main: bool | None = None
    """Whether it was on the main call server."""
    rack: str | None = None
    board: str | None = None
    equipment: str | None = None
    termination: str | None = None


class ManagedUser(Snapshot, frozen=True, kw_only=True):
    """A subscriber of a node whom the server knows as a user."""

    login: str
    number: str | None = None
    first_name: str = ""
    last_name: str = ""
    node: str | None = None
    devices: tuple[str, ...] = ()
    """The numbers of the telephones."""
    voicemail_number: str | None = None
    email: str | None = None

    @property
    def name(self) -> str:
        """First and last name; else the number or the login."""
        return f"{self.first_name} {self.last_name}".strip() or self.number or self.login


class RecordedDevice(Snapshot, frozen=True, kw_only=True):
    """A telephone that recorders record."""

    number: str
    on_demand: bool | None = None
    """Whether its calls are recorded on demand; all of them are, where it is False."""
    entire: bool | None = None
    """Whether a recording can be of the entire call; else it is from then on."""
    recorders: tuple[str, ...] = ()
    """By their names."""


class CallRecorder(Snapshot, frozen=True, kw_only=True):
    """A recorder that stands beside the nodes."""

    name: str
    host: str | None = None
    connected: bool | None = None
    status: str | None = None
    """In the system's words."""
    secured: bool | None = None
    devices: tuple[RecordedDevice, ...] = ()


class ReportPeriod(StrEnum):
    """What time a report is about."""

    CURRENT_DAY = "current_day"
    CURRENT_WEEK = "current_week"
    CURRENT_MONTH = "current_month"
    LAST_DAYS = "last_days"
    LAST_WEEKS = "last_weeks"
    LAST_MONTH = "last_month"
    DATES = "dates"
    """From ``first`` to ``last``."""
    UNKNOWN = "unknown"


class Recurrence(StrEnum):
    """How often a report is made."""

    ONCE = "once"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    UNKNOWN = "unknown"


class ReportState(StrEnum):
    """What became of a report."""

    WAITING = "waiting"
    """It has not been made yet."""
    IN_PROGRESS = "in_progress"
    MADE = "made"
    NO_FIGURES = "no_figures"
    """The figures could not be had."""
    NOT_MAILED = "not_mailed"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class ReportPlan(Snapshot, frozen=True, kw_only=True):
    """When a report is made, of what time it is, and whom it is mailed to."""

    name: str
    """What it goes by, once for all that is made of the same figures."""
    recipients: tuple[str, ...]
    """Mail addresses."""
    period: ReportPeriod = ReportPeriod.CURRENT_DAY
    count: int | None = None
    """How many days (1 to 31), weeks (1 to 4) or months (1) ``LAST_…`` means."""
    first: date | None = None
    last: date | None = None
    recurrence: Recurrence = Recurrence.ONCE
    """It has to fit the period: once always does, daily a current day, weekly a week, monthly a month."""
    weekdays: tuple[Weekday, ...] = ()
    """Of what is weekly."""
    day_of_month: int | None = None
    """Of what is monthly."""
    format: str = "csv"
    """``csv`` or ``xls``; it is mailed as a ZIP archive."""
    description: str | None = None


class Report(Snapshot, frozen=True, kw_only=True):
    """A report that is made and mailed by itself, and what became of it."""

    plan: ReportPlan
    context: str
    """The system's id of the figures that it is made of."""
    state: ReportState = ReportState.UNKNOWN
    enabled: bool | None = None
    made_at: datetime | None = None
    """When it was made last, on the clock of the requester and without a zone."""

    @property
    def name(self) -> str:
        """What it goes by."""
        return self.plan.name
