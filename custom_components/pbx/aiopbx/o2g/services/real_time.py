"""The call centre in real time. For administrators."""

from ...operations import Send, Service, operation
from ..call_centre_rules import REAL_TIME
from ..types.base import CONTACTCENTER_SERVICE
from ..types.real_time import RtiContext, RtiObjects

# The first part of a path names the service: the session says where it is, and no place is usual.
_CONTEXT = "/acdrealtime/ctx"


class RealTime(Service, service="AcdRealTime"):
    """Figures of agents, pilots, queues and groups, as events of the package ``rti``; subscribe to it before.

    There is one context an administrator and session. Set it, then ask for a snapshot, which starts the events.
    """

    @operation("GET", "/acdrealtime", CONTACTCENTER_SERVICE, since="2.7.4")
    def objects(self) -> Send[RtiObjects]:
        """List everything that has figures."""
        return Send()

    @operation("GET", "/acdrealtime/agents", CONTACTCENTER_SERVICE, since="2.7.4")
    def agents(self) -> Send[RtiObjects]:
        """List the agents that have figures."""
        return Send()

    @operation("GET", "/acdrealtime/pilots", CONTACTCENTER_SERVICE, since="2.7.4")
    def real_time_pilots(self) -> Send[RtiObjects]:
        """List the pilots that have figures."""
        return Send()

    @operation("GET", "/acdrealtime/queues", CONTACTCENTER_SERVICE, since="2.7.4")
    def queues(self) -> Send[RtiObjects]:
        """List the queues that have figures."""
        return Send()

    @operation("GET", "/acdrealtime/pgAgents", CONTACTCENTER_SERVICE, since="2.7.4")
    def agent_groups(self) -> Send[RtiObjects]:
        """List the processing groups with agents that have figures."""
        return Send()

    @operation("GET", "/acdrealtime/pgOthers", CONTACTCENTER_SERVICE, since="2.7.4")
    def other_groups(self) -> Send[RtiObjects]:
        """List the other processing groups that have figures."""
        return Send()

    @operation("GET", _CONTEXT, CONTACTCENTER_SERVICE, since="2.7.4")
    def real_time_context(self) -> Send[RtiContext]:
        """Read what is wanted in this session."""
        return Send()

    @operation("POST", _CONTEXT, CONTACTCENTER_SERVICE, REAL_TIME, repeatable=True, since="2.7.4")
    def set_real_time_context(self, body: RtiContext) -> Send[None]:
        """Say what is wanted in this session, in place of what was wanted before."""
        return Send(body=body)

    @operation("DELETE", _CONTEXT, CONTACTCENTER_SERVICE, since="2.7.4")
    def delete_real_time_context(self) -> Send[None]:
        """Want nothing any more: the events stop."""
        return Send()

    @operation("POST", "/acdrealtime/snapshot", CONTACTCENTER_SERVICE, repeatable=True, since="2.7.4")
    def real_time_snapshot(self) -> Send[None]:
        """Have the events come; the first ones tell the state as it is."""
        return Send()
