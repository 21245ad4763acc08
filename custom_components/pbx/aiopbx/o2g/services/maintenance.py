"""Maintenance: how the server and its nodes are, and which licences there are."""

from ..operations import Request, Service, operation
from ..types.maintenance import SystemStatus


class Maintenance(Service, service="Maintenance"):
    """The state of the system. Reading it is for administrators."""

    @operation("GET", "/system/licenses", since="2.2")
    def license_available(self, *, lic: str | None = None) -> Request[None]:
        """Ask whether there is a licence of this name, such as ``ROXE_HA``; refused where there is none."""
        return Request(lic=lic)

    @operation("GET", "/system/status")
    def system_status(self) -> Request[SystemStatus]:
        """Read how the server and its nodes are, and how many licences of each kind there are (administrators only)."""
        return Request()
