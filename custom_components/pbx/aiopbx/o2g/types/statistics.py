"""Wire types of O2G: statistics of the call centre, and reports that are made by themselves."""

from .base import O2gEvent, Wire, WireEnum
from .pilots import DayOfWeek
from .statistics_figures import (
    StatsAgentAttributes,
    StatsAgentByPilotAttributes,
    StatsPilotAbandonedCallsAttributes,
    StatsPilotAttributes,
)
from .statistics_rows import AgentStatisticsRow, PilotAbandonedCallRow, PilotStatisticsRow


class Language(WireEnum):
    """The language of a report."""

    EN = "EN"
    FR = "FR"
    DE = "DE"


class StatsFormat(WireEnum):
    """The kind of file of a report."""

    CSV = "csv"
    XLS = "xls"


class TimeInterval(WireEnum):
    """How long a slot of a day is."""

    A_QUARTER_OF_AN_HOUR = "aQuarterOfAnHour"
    HALF_AN_HOUR = "halfAnHour"
    AN_HOUR = "anHour"


class DataObservationPeriod(WireEnum):
    """Whether figures are of one day or of several."""

    ONE_DAY = "oneDay"
    ON_SEVERAL_DAYS = "onSeveralDays"


class ReportPeriodType(WireEnum):
    """What time a scheduled report is about."""

    CURRENT_DAY = "currentDay"
    CURRENT_WEEK = "currentWeek"
    CURRENT_MONTH = "currentMonth"
    LAST_DAYS = "lastDays"
    LAST_WEEKS = "lastWeeks"
    LAST_MONTH = "lastMonth"
    FROM_DATE_TO_DATE = "fromDateToDate"


class Periodicity(WireEnum):
    """How often a report is made."""

    ONCE = "once"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class ScheduledReportState(WireEnum):
    """What became of a scheduled report."""

    NOT_EXECUTED = "Not_executed"
    EXECUTED = "Executed"
    FAILED_ON_GET_DATA = "Failed_On_Get_Data"
    FAILED_ON_SEND_MAIL = "Failed_On_Send_Mail"
    IN_PROGRESS = "In_progress"
    EXPIRED = "Expired"


class AcdStatsProgressStep(WireEnum):
    """How far a file of statistics is. ``FORMATED`` is what servers write."""

    COLLECT = "COLLECT"
    PROCESSED = "PROCESSED"
    FORMATED = "FORMATED"
    ERROR = "ERROR"
    CANCELLED = "CANCELLED"


class Supervisor(Wire, kw_only=True):
    """Who asks for statistics."""

    identifier: str | None = None
    language: Language | None = None
    timezone: str | None = None


class Supervised(Wire, kw_only=True):
    """An agent whose figures may be seen."""

    number: str
    """Directory number of an agent."""


class StatsScope(Wire, kw_only=True):
    """Who asks for statistics, and of which agents."""

    supervisor: Supervisor
    agents: tuple[Supervised, ...]
    """Agents whose figures the requester may see."""


class RespId(Wire, kw_only=True):
    """The id of what was created."""

    id: str | None = None


class StatsAgentFilter(Wire, kw_only=True):
    """Which agents, and which figures of them."""

    numbers: tuple[str, ...] = ()
    agent_attributes: tuple[StatsAgentAttributes, ...] = ()
    pilot_attributes: tuple[StatsAgentByPilotAttributes, ...] = ()
    """Attributes of the rows by pilot."""


class StatsPilotFilter(Wire, kw_only=True):
    """Which pilots, and which figures of them."""

    numbers: tuple[str, ...] = ()
    attributes: tuple[StatsPilotAttributes, ...] = ()


class StatsPilotAbandonedCallFilter(Wire, kw_only=True):
    """Whose calls that were given up, and what of them."""

    numbers: tuple[str, ...] = ()
    attributes: tuple[StatsPilotAbandonedCallsAttributes, ...] = ()


class StatsFilter(Wire, kw_only=True):
    """What statistics are about: exactly one of these."""

    agent_filter: StatsAgentFilter | None = None
    pilot_filter: StatsPilotFilter | None = None
    pilot_abandoned_call_filter: StatsPilotAbandonedCallFilter | None = None


class StatsContextRequest(Wire, kw_only=True):
    """A context: what statistics are about."""

    supervisor_id: str | None = None
    """Whom the path names; the method fills it in."""
    label: str | None = None
    description: str | None = None
    filter: StatsFilter


class StatsContext(Wire, kw_only=True):
    """A context: what statistics are about, with its id."""

    ctx_id: str | None = None
    supervisor_id: str | None = None
    label: str | None = None
    description: str | None = None
    is_scheduled: bool | None = None
    short_header: bool | None = None
    filter: StatsFilter | None = None


class StatsContexts(Wire, kw_only=True):
    """Contexts."""

    contexts: tuple[StatsContext, ...] = ()


class SelectedPeriod(Wire, kw_only=True):
    """What time figures are about."""

    period_type: DataObservationPeriod | None = None
    slot_type: TimeInterval | None = None
    begin_date: str | None = None
    """Yyyy-MM-ddTHH:mm, no zone."""
    end_date: str | None = None
    """Yyyy-MM-ddTHH:mm, no zone."""


class AgentStats(Wire, kw_only=True):
    """Figures of agents, of one slot or one time."""

    time_slot: str | None = None
    """Yyyy-MM-ddTHH:mm."""
    selected_period: SelectedPeriod | None = None
    rows: tuple[AgentStatisticsRow, ...] = ()


class PilotStats(Wire, kw_only=True):
    """Figures of pilots, of one slot or one time."""

    time_slot: str | None = None
    """Yyyy-MM-ddTHH:mm."""
    selected_period: SelectedPeriod | None = None
    rows: tuple[PilotStatisticsRow, ...] = ()


class PilotAbandonedCalls(Wire, kw_only=True):
    """Calls that were given up."""

    selected_period: SelectedPeriod | None = None
    rows: tuple[PilotAbandonedCallRow, ...] = ()


class Stats(Wire, kw_only=True):
    """Statistics."""

    supervisor: str | None = None
    agents_stats: tuple[AgentStats, ...] = ()
    pilots_stats: tuple[PilotStats, ...] = ()
    pilot_abandoned_calls: PilotAbandonedCalls | None = None


class ScheduledSelPeriod(Wire, kw_only=True):
    """What time a scheduled report is about."""

    period_type: ReportPeriodType
    last_nb: int | None = None
    """Days 1-31, weeks 1-4, or 1 month."""
    begin_date: str | None = None
    end_date: str | None = None


class ReportFrequency(Wire, kw_only=True):
    """When a scheduled report is made."""

    periodicity: Periodicity
    days_in_week: tuple[DayOfWeek, ...] = ()
    """Weekly only."""
    day_in_month: int | None = None
    """Monthly only, 1-31."""


class StatsScheduleRequest(Wire, kw_only=True):
    """A report that is made and mailed by itself."""

    name: str
    description: str | None = None
    obs_period: ScheduledSelPeriod
    frequency: ReportFrequency
    recipients: tuple[str, ...]
    """Mail addresses."""
    file_type: StatsFormat


class StatsSchedule(Wire, kw_only=True):
    """A report that is made and mailed by itself, and what became of it."""

    name: str | None = None
    """Also its key in paths."""
    description: str | None = None
    obs_period: ScheduledSelPeriod | None = None
    frequency: ReportFrequency | None = None
    recipients: tuple[str, ...] = ()
    file_type: StatsFormat | None = None
    state: ScheduledReportState | None = None
    enable: bool | None = None
    last_exec_date: str | None = None
    """Date and time."""
    short_header: bool | None = None


class StatsSchedules(Wire, kw_only=True):
    """Scheduled reports."""

    schedules: tuple[StatsSchedule, ...] = ()


class OnAcdStatsProgress(O2gEvent, tag="OnAcdStatsProgress", kw_only=True):
    """How far a file of statistics is."""

    supervisor: str | None = None
    """Requester of the data."""
    step: AcdStatsProgressStep | None = None
    nb_tot_objects: int | None = None
    """Objects to collect (step COLLECT)."""
    nb_processed_objects: int | None = None
    """Of these done."""
    res_path: str | None = None
    """The same, shorter (inferred)."""
    full_res_path: str | None = None
    """Path from the root of the server to the zip file (step FORMATED)."""
    xlsfull_res_path: str | None = None
    """Lower-case f; the same for a spreadsheet (inferred)."""
