"""Pilots: their calls, their rules and calendars, and whether they are open. For administrators."""

from datetime import date

from ...operations import Send, Service, operation
from ..call_centre_rules import ON_A_DAY, TRANSITION, day_text
from ..types.base import CONTACTCENTER_SERVICE
from ..types.pilots import (
    Calendar,
    DayOfWeek,
    ExceptionCalendar,
    NormalCalendar,
    Pilot,
    PilotList,
    PilotQueryParam,
    PilotTransition,
)

# The first part of a path names the service: the session says where it is, and no place is usual.
_WATCHED = "/acdpilotmonitoring/{pilotNumber}"
_PILOTS = "/acdmanagement/{nodeId}/pilots"
_PILOT = _PILOTS + "/{pilotNumber}"
_NORMAL = _PILOT + "/calendar/normal"
_EXCEPTION = _PILOT + "/calendar/exception"


class PilotMonitoring(Service, service="AcdPilotMonitoring"):
    """Calls that come in at pilots, as events of the package ``pilot``; subscribe to it before."""

    @operation("POST", _WATCHED, CONTACTCENTER_SERVICE, repeatable=True, since="2.7")
    def watch_pilot(self, pilot_number: str) -> Send[None]:
        """Have the calls of a pilot come as events."""
        return Send(pilot_number)

    @operation("DELETE", _WATCHED, CONTACTCENTER_SERVICE, since="2.7")
    def stop_watching_pilot(self, pilot_number: str) -> Send[None]:
        """Have the calls of a pilot come as events no longer."""
        return Send(pilot_number)


class AcdManagement(Service, service="AcdManagement"):
    """Pilots of the nodes: state, rules and calendars. Times are on the clock of the node."""

    @operation("GET", _PILOTS, CONTACTCENTER_SERVICE)
    def pilots(self, node_id: str | int) -> Send[PilotList]:
        """List the pilots of a node."""
        return Send(node_id)

    @operation("GET", _PILOT, CONTACTCENTER_SERVICE)
    def pilot(self, node_id: str | int, pilot_number: str) -> Send[Pilot]:
        """Read a pilot: its state, its rules, and whether a call can be transferred to it."""
        return Send(node_id, pilot_number)

    @operation("POST", _PILOT, CONTACTCENTER_SERVICE, repeatable=True)
    def pilot_for(self, node_id: str | int, pilot_number: str, body: PilotQueryParam) -> Send[Pilot]:
        """Read a pilot, and whether a call can be transferred to it with these wishes."""
        return Send(node_id, pilot_number, body=body)

    @operation("GET", _PILOT + "/calendar", CONTACTCENTER_SERVICE)
    def calendar(self, node_id: str | int, pilot_number: str) -> Send[Calendar]:
        """Read both calendars of a pilot."""
        return Send(node_id, pilot_number)

    @operation("GET", _NORMAL, CONTACTCENTER_SERVICE)
    def normal_calendar(self, node_id: str | int, pilot_number: str) -> Send[NormalCalendar]:
        """Read how a pilot works on each day of the week."""
        return Send(node_id, pilot_number)

    @operation("POST", _NORMAL + "/{day}/transitions", CONTACTCENTER_SERVICE, ON_A_DAY, TRANSITION)
    def add_transition(
        self, node_id: str | int, pilot_number: str, day: DayOfWeek | str, body: PilotTransition
    ) -> Send[None]:
        """Add a transition to a day of the week, which has at most ten."""
        return Send(node_id, pilot_number, day, body=body)

    @operation("POST", _NORMAL + "/{day}", CONTACTCENTER_SERVICE, ON_A_DAY, TRANSITION)
    def add_transition_to_day(
        self, node_id: str | int, pilot_number: str, day: DayOfWeek | str, body: PilotTransition
    ) -> Send[None]:
        """Add a transition to a day of the week, for servers where ``add_transition`` finds nothing."""
        return Send(node_id, pilot_number, day, body=body)

    @operation(
        "PUT", _NORMAL + "/{day}/transitions/{index}", CONTACTCENTER_SERVICE, ON_A_DAY, TRANSITION, repeatable=True
    )
    def change_transition(
        self, node_id: str | int, pilot_number: str, day: DayOfWeek | str, index: int, body: PilotTransition
    ) -> Send[None]:
        """Change a transition of a day of the week. ``index`` counts from 1."""
        return Send(node_id, pilot_number, day, index, body=body)

    @operation("DELETE", _NORMAL + "/{day}/transitions/{index}", CONTACTCENTER_SERVICE, ON_A_DAY, repeatable=False)
    def delete_transition(self, node_id: str | int, pilot_number: str, day: DayOfWeek | str, index: int) -> Send[None]:
        """Delete a transition of a day of the week. Those behind it move up, so it is not repeated."""
        return Send(node_id, pilot_number, day, index)

    @operation("GET", _EXCEPTION, CONTACTCENTER_SERVICE)
    def exception_calendar(self, node_id: str | int, pilot_number: str) -> Send[ExceptionCalendar]:
        """Read how a pilot works on certain dates, which go before the days of the week."""
        return Send(node_id, pilot_number)

    @operation("POST", _EXCEPTION + "/{date}/transitions", CONTACTCENTER_SERVICE, ON_A_DAY, TRANSITION)
    def add_exception(
        self, node_id: str | int, pilot_number: str, date: date | str, body: PilotTransition
    ) -> Send[None]:
        """Add a transition to a date, which has at most ten."""
        return Send(node_id, pilot_number, day_text(date) or "", body=body)

    @operation("POST", _EXCEPTION + "/{date}", CONTACTCENTER_SERVICE, ON_A_DAY, TRANSITION)
    def add_exception_to_date(
        self, node_id: str | int, pilot_number: str, date: date | str, body: PilotTransition
    ) -> Send[None]:
        """Add a transition to a date, for servers where ``add_exception`` finds nothing."""
        return Send(node_id, pilot_number, day_text(date) or "", body=body)

    @operation(
        "PUT", _EXCEPTION + "/{date}/transitions/{index}", CONTACTCENTER_SERVICE, ON_A_DAY, TRANSITION, repeatable=True
    )
    def change_exception(
        self, node_id: str | int, pilot_number: str, date: date | str, index: int, body: PilotTransition
    ) -> Send[None]:
        """Change a transition of a date. ``index`` counts from 1."""
        return Send(node_id, pilot_number, day_text(date) or "", index, body=body)

    @operation("DELETE", _EXCEPTION + "/{date}/transitions/{index}", CONTACTCENTER_SERVICE, ON_A_DAY, repeatable=False)
    def delete_exception(self, node_id: str | int, pilot_number: str, date: date | str, index: int) -> Send[None]:
        """Delete a transition of a date. Those behind it move up, so it is not repeated."""
        return Send(node_id, pilot_number, day_text(date) or "", index)

    @operation("POST", _PILOT + "/open", CONTACTCENTER_SERVICE, repeatable=True)
    def open_pilot(self, node_id: str | int, pilot_number: str) -> Send[None]:
        """Open a pilot."""
        return Send(node_id, pilot_number)

    @operation("POST", _PILOT + "/close", CONTACTCENTER_SERVICE, repeatable=True)
    def close_pilot(self, node_id: str | int, pilot_number: str) -> Send[None]:
        """Close a pilot."""
        return Send(node_id, pilot_number)
