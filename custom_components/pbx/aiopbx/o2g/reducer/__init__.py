"""From wire events to the model: ``(line, event, now) -> (line, events)``, pure, and touching one line.

What the reference leaves open is chosen here, tested in ``tests/aiopbx/o2g/test_reducer.py`` and described in
``docs/model.md``. This is the hot path: nothing is built that did not change, and what recurs (the same capabilities,
the same actions) is built once and shared.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from ...model import LineSnapshot
from ..types import comlog, telephony as wire
from ..types.agent import OnAgentSkillChanged, OnAgentStateChanged, OnSupervisorHelpCancelled, OnSupervisorHelpRequested
from ..types.base import O2gEvent
from ..types.routing import OnRoutingStateChanged
from ..types.users import OnEventSummaryUpdated, OnUserInfoChanged
from .call import ended_unseen
from .calls import created, modified, removed, resync, snapshot, user_state_modified
from .details import (
    agent_config,
    agent_skill_changed,
    agent_state,
    agent_state_changed,
    counters,
    dynamic_state_changed,
    help_cancelled,
    help_requested,
    hunting_group,
    log_marked,
    logged,
    no_agent,
    routing,
    routing_changed,
    summary_updated,
    user,
    user_info_changed,
)
from .line import Reduced, described, device_states, new_line, stale, state_modified, with_features

__all__ = [
    "HANDLERS",
    "OFTEN",
    "Reduced",
    "agent_config",
    "agent_state",
    "counters",
    "described",
    "device_states",
    "ended_unseen",
    "hunting_group",
    "new_line",
    "no_agent",
    "reduce",
    "resync",
    "routing",
    "stale",
    "user",
    "with_features",
]

OFTEN: Final[dict[type[O2gEvent], Callable[[LineSnapshot, Any, datetime], Reduced]]] = {
    wire.OnCallCreated: created,
    wire.OnCallModified: modified,
    wire.OnCallRemoved: removed,
    wire.OnUserStateModified: user_state_modified,
}
"""What happens all the time, and how it is applied."""
HANDLERS: Final[dict[type[O2gEvent], Callable[[LineSnapshot, Any, datetime], Reduced]]] = {
    **OFTEN,
    wire.OnTelephonyState: snapshot,
    wire.OnDeviceStateModified: state_modified,
    wire.OnDynamicStateChanged: dynamic_state_changed,
    OnRoutingStateChanged: routing_changed,
    OnEventSummaryUpdated: summary_updated,
    OnUserInfoChanged: user_info_changed,
    OnAgentStateChanged: agent_state_changed,
    OnAgentSkillChanged: agent_skill_changed,
    OnSupervisorHelpRequested: help_requested,
    OnSupervisorHelpCancelled: help_cancelled,
    comlog.OnComRecordCreated: logged,
    comlog.OnComRecordModified: logged,
    comlog.OnComRecordsAck: log_marked,
    comlog.OnComRecordsUnAck: log_marked,
    comlog.OnComRecordsDeleted: log_marked,
}


def reduce(line: LineSnapshot, event: O2gEvent, now: datetime) -> Reduced:
    """Apply one event of the channel to the line it is about."""
    handler = HANDLERS.get(type(event))
    if handler is None:
        return line, ()
    return handler(line, event, now)
