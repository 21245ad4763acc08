"""Incidents and charging of the nodes, and which of their subscribers are users. For administrators."""

from collections.abc import Sequence
from datetime import date

from ...operations import Send, Service, operation
from ..call_centre_rules import AT_LEAST_ONE, CHARGING, DAYS, NEW_USERS, day_text
from ..rules import joined
from ..types.analytics import ChargingFiles, ChargingResult, Incidents
from ..types.base import ANALYTICS
from ..types.user_management import CreateUsersRequest, Users
from ..types.users import LoginsResponse, User

# The first part of a path names the service: the session says where it is, and no place is usual.


class Analytics(Service, service="Analytics"):
    """Incidents and charging tickets. The server fetches them from the node over SSH, which takes its time."""

    @operation("GET", "/analytics/incidents", ANALYTICS, AT_LEAST_ONE("last"))
    def incidents(self, *, node_id: int, last: int | None = None) -> Send[Incidents]:
        """List the incidents of a node, all or the ``last`` ones."""
        return Send(nodeId=node_id, last=last)

    @operation("GET", "/analytics/charging/files", ANALYTICS, DAYS)
    def charging_files(
        self, *, node_id: int, from_date: date | str | None = None, to_date: date | str | None = None
    ) -> Send[ChargingFiles]:
        """List the files of charging tickets on a node, all or those of these days.

        Servers disagree about the date of a file: some put the day first, some the month.
        """
        return Send(nodeId=node_id, fromDate=day_text(from_date), toDate=day_text(to_date))

    @operation("GET", "/analytics/charging", ANALYTICS, CHARGING, AT_LEAST_ONE("top"))
    def charging(
        self,
        *,
        node_id: int,
        from_date: date | str | None = None,
        to_date: date | str | None = None,
        files: str | Sequence[str] | None = None,
        top: int | None = None,
        all: bool | None = None,
    ) -> Send[ChargingResult]:
        """Read charging tickets of a node, by days or by at most 100 files.

        ``top`` are only so many; with ``all`` come those that cost nothing, too.
        """
        return Send(
            nodeId=node_id,
            fromDate=day_text(from_date),
            toDate=day_text(to_date),
            files=joined(files, field="files"),
            top=top,
            all=all or None,
        )


class UserManagement(Service, service="UserManagement"):
    """Which subscribers the server knows as users."""

    @operation("GET", "/usermanagement")
    def managed_logins(
        self, *, node_ids: str | Sequence[str | int] | None = None, device_number: str | None = None
    ) -> Send[LoginsResponse]:
        """List the login names of all nodes, of these nodes, or of whose device has this number."""
        return Send(nodeIds=joined(node_ids, field="nodeIds", by=";"), deviceNumber=device_number)

    @operation("POST", "/usermanagement", None, NEW_USERS)
    def create_users(self, body: CreateUsersRequest) -> Send[Users]:
        """Take subscribers of a node in as users, those with these numbers or all."""
        return Send(body=body)

    @operation("GET", "/usermanagement/{loginName}")
    def managed_user(self, login_name: str) -> Send[User]:
        """Read a user."""
        return Send(login_name)

    @operation("DELETE", "/usermanagement/{loginName}")
    def delete_user(self, login_name: str) -> Send[None]:
        """Let a subscriber be a user no longer. On the node nothing changes."""
        return Send(login_name)
