"""Pilots of the call centre as administrators see and change them, and what there is to watch in real time."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from ....o2g.types import pilots as wire, real_time, telephony
from ....o2g.types.base import Wire
from .context import Context, Handler, Route
from .refusals import NOT_FOUND, Refusal, bad_parameter, refuse_plainly

if TYPE_CHECKING:
    from ...switch.agents import Pilot

MANAGEMENT: Final = ("AcdManagement", "/acd-config")
REAL_TIME: Final = ("AcdRealTime", "/acd-now")
"""Names of the services and where they are: nobody knows where servers have them, so clients must not either."""
_RULE: Final = 1
"""Pilots here have one rule: the longest-waiting call goes to the agent who has been free longest."""


def _pilot(ctx: Context, number: str) -> "Pilot":
    pilot = ctx.switch.pilots.get(number)
    if pilot is None:
        raise Refusal(NOT_FOUND, f"pilotNumber: there is no pilot {number}.", status=HTTPStatus.NOT_FOUND)
    return pilot


def _check_node(ctx: Context, node_id: str) -> None:
    if node_id not in {node.id for node in ctx.switch.nodes.all()}:
        raise bad_parameter("nodeId", f"there is no node {node_id}")


def _wait(ctx: Context, pilot: "Pilot") -> int:
    """Seconds that a call which came now would wait, in all likelihood."""
    return ctx.switch.expected_wait(pilot.number)


def _transferable(ctx: Context, pilot: "Pilot") -> bool:
    return not pilot.blocked and not _saturated(ctx, pilot) and ctx.switch.staff(pilot.number) > 0


def _saturated(ctx: Context, pilot: "Pilot") -> bool:
    return len(ctx.switch.waiting(pilot.number)) >= pilot.queue_size


def pilot_of(ctx: Context, pilot: "Pilot") -> wire.Pilot:
    """Return a pilot as the wire shows it."""
    return wire.Pilot(
        number=pilot.number,
        name=pilot.name,
        state=wire.ServiceState.BLOCKED if pilot.blocked else wire.ServiceState.OPENED,
        detailed_state=telephony.PilotStatus.BLOCKED if pilot.blocked else telephony.PilotStatus.OPEN,
        waiting_time=_wait(ctx, pilot),
        saturation=_saturated(ctx, pilot),
        rules=wire.PilotRules(
            rule_list=(wire.PilotRule(rule_number=_RULE, name="Longest waiting first", active=True),)
        ),
        possible_transfer=_transferable(ctx, pilot),
        supervised_transfer=_transferable(ctx, pilot),
    )


def pilots(ctx: Context, node_id: str) -> wire.PilotList:
    """List the pilots."""
    _check_node(ctx, node_id)
    return wire.PilotList(pilot_list=tuple(pilot_of(ctx, pilot) for pilot in ctx.switch.pilots.values()))


def pilot(ctx: Context, node_id: str, pilot_number: str) -> wire.Pilot:
    """Return one; the wishes of a transfer change nothing here, for there is one rule for all."""
    _check_node(ctx, node_id)
    return pilot_of(ctx, _pilot(ctx, pilot_number))


def open_pilot(ctx: Context, node_id: str, pilot_number: str) -> None:
    """Open a pilot."""
    _check_node(ctx, node_id)
    ctx.switch.block_pilot(_pilot(ctx, pilot_number).number, False)


def close_pilot(ctx: Context, node_id: str, pilot_number: str) -> None:
    """Close a pilot; calls that wait already stay."""
    _check_node(ctx, node_id)
    ctx.switch.block_pilot(_pilot(ctx, pilot_number).number)


def transfer_info(ctx: Context, node_id: str, pilot_number: str) -> wire.PilotInfo:
    """Say whether a transfer to a pilot would go."""
    _check_node(ctx, node_id)
    found = _pilot(ctx, pilot_number)
    possible = _transferable(ctx, found)
    return wire.PilotInfo(
        number=found.number,
        waiting_time=_wait(ctx, found),
        saturation=_saturated(ctx, found),
        supervised_transfer=possible,
        pilot_transfer_info=telephony.PilotTransferInfo(
            transfer_possible=possible,
            pilot_status=telephony.PilotStatus.BLOCKED if found.blocked else telephony.PilotStatus.OPEN,
        ),
    )


def _agents(ctx: Context) -> tuple[real_time.RtiObjectIdentifier, ...]:
    return tuple(
        real_time.RtiObjectIdentifier(number=user.number, name=user.last_name, first_name=user.first_name)
        for user in ctx.switch.users.values()
        if user.agent is not None
    )


def _pilots(ctx: Context) -> tuple[real_time.RtiObjectIdentifier, ...]:
    return tuple(
        real_time.RtiObjectIdentifier(number=pilot.number, name=pilot.name) for pilot in ctx.switch.pilots.values()
    )


def _groups(ctx: Context) -> tuple[real_time.RtiObjectIdentifier, ...]:
    return tuple(
        real_time.RtiObjectIdentifier(number=group.number, name=group.name)
        for group in ctx.switch.processing_groups.values()
    )


def everything(ctx: Context) -> real_time.RtiObjects:
    """List all that has figures. Each pilot has a queue of its own number; groups without agents there are none."""
    return real_time.RtiObjects(agents=_agents(ctx), pilots=_pilots(ctx), queues=_pilots(ctx), pg_agents=_groups(ctx))


def _only(name: str) -> Handler:
    def listed(ctx: Context) -> real_time.RtiObjects:
        return real_time.RtiObjects(**{name: getattr(everything(ctx), name)})

    return listed


def _managed(method: str, below: str, handler: Handler, body: type[Wire] | None = None) -> Route:
    return Route(method, MANAGEMENT[1] + below, refuse_plainly(handler), body, administrators=True)


_PILOT: Final = "/{nodeId}/pilots/{pilotNumber}"
ROUTES: Final = (
    _managed("GET", "/{nodeId}/pilots", pilots),
    _managed("GET", _PILOT, pilot),
    _managed("POST", _PILOT, pilot, wire.PilotQueryParam),
    _managed("POST", _PILOT + "/open", open_pilot),
    _managed("POST", _PILOT + "/close", close_pilot),
    Route(
        "POST",
        "/telephony/pilots/{nodeId}/{pilotNumber}/transferInfo",
        refuse_plainly(transfer_info, HTTPStatus.BAD_REQUEST),
        wire.PilotQueryParam,
        body_required=False,
        licence="advanced",
        user="named",
    ),
    Route("GET", REAL_TIME[1], everything, administrators=True),
    Route("GET", REAL_TIME[1] + "/agents", _only("agents"), administrators=True),
    Route("GET", REAL_TIME[1] + "/pilots", _only("pilots"), administrators=True),
    Route("GET", REAL_TIME[1] + "/queues", _only("queues"), administrators=True),
    Route("GET", REAL_TIME[1] + "/pgAgents", _only("pg_agents"), administrators=True),
    Route("GET", REAL_TIME[1] + "/pgOthers", _only("pg_others"), administrators=True),
)
