"""The simulator's control path, ``/simulator``: its state, and faults to inject. For this machine only, not O2G."""

import ipaddress
from dataclasses import asdict
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from ..errors import InvalidInput, PbxError
from ..settings.parsing import Unparsable, parse_json
from .faults import NAMES

if TYPE_CHECKING:
    from .simulator import Simulator
    from .switch import Switch
    from .switch.agents import Agent
    from .switch.users import Route

PREFIX: Final = "/simulator"


def control_routes(app: web.Application, simulator: "Simulator") -> None:
    """Serve the control path in this application."""

    async def state(request: web.Request) -> web.Response:
        return refused(request) or web.json_response(simulator.state())

    async def faults(request: web.Request) -> web.Response:
        return refused(request) or web.json_response({"names": NAMES, "now": simulator.faults.state})

    async def fault(request: web.Request) -> web.Response:
        no = refused(request)
        if no is not None:
            return no
        try:
            arguments = _arguments(await request.read())
            hit: Any = simulator.faults.call(request.match_info["name"], arguments)
        except PbxError as error:
            return _error(HTTPStatus.BAD_REQUEST, str(error))
        return web.json_response({"hit": hit, "now": simulator.faults.state})

    async def variants(request: web.Request) -> web.Response:
        no = refused(request)
        if no is not None:
            return no
        if simulator.istra is None:
            return _error(HTTPStatus.NOT_FOUND, "This simulator has no Istra: start it with istra.")
        chosen = simulator.istra.variants
        if request.method == "POST":
            try:
                chosen.set(**_arguments(await request.read()))
            except (PbxError, ValueError) as error:
                return _error(HTTPStatus.BAD_REQUEST, str(error))
        return web.json_response(asdict(chosen))

    app.router.add_get(f"{PREFIX}/state", state)
    app.router.add_get(f"{PREFIX}/istra/variants", variants)
    app.router.add_post(f"{PREFIX}/istra/variants", variants)
    app.router.add_get(f"{PREFIX}/faults", faults)
    app.router.add_post(f"{PREFIX}/faults/{{name}}", fault)


def refused(request: web.Request) -> web.Response | None:
    """Refuse other machines, and pages of other sites in a browser on this one; ``None`` lets the request in."""
    try:
        local = ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        local = False
    if not local:
        return _error(HTTPStatus.FORBIDDEN, "Only the machine that the simulator runs on may use this.")
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"{request.scheme}://{request.host}":
        return _error(HTTPStatus.FORBIDDEN, "Only the simulator's own pages may use this.")
    return None


def _arguments(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        arguments = parse_json(body)
    except Unparsable as error:
        raise InvalidInput("body", f"{error.problem}: it must be a JSON object, or empty") from None
    if not isinstance(arguments, dict):
        raise InvalidInput("body", "must be a JSON object with the arguments of the fault, or empty")
    return arguments


def _error(status: HTTPStatus, message: str) -> web.Response:
    return web.json_response({"error": message}, status=status)


def user_state(switch: "Switch", login: str) -> dict[str, Any]:
    """Return the state of a user of the switch as plain data."""
    user = switch.users[login]
    counters = switch.counters(login)
    return {
        "login": login,
        "number": user.number,
        "name": f"{user.first_name} {user.last_name}".strip(),
        "state": user.state,
        "do_not_disturb": user.do_not_disturb,
        "forward": _route(user.forward),
        "overflow": _route(user.overflow),
        "caller_id": user.caller_id,
        "remote_extension": user.remote_extension if user.has_remote_extension else None,
        "hunting_group": user.hunting_group,
        "logged_on": user.logged_on,
        "agent": _agent(user.agent) if user.agent is not None else None,
        "devices": [
            {
                "id": device.id,
                "type": device.kind,
                "state": device.state,
                "off_hook": device.off_hook,
                "locked": device.locked,
            }
            for device in user.devices.values()
        ],
        "counters": {
            "missed_calls": counters.missed_calls,
            "voicemails": counters.voicemails,
            "callback_requests": counters.callbacks,
            "new_texts": counters.new_texts,
        },
        "calls": [
            {
                "ref": view.ref,
                "state": view.state,
                "parties": [{"id": party.id, "number": party.identity.number} for party in view.parties],
                "legs": [{"device": leg.device, "state": leg.state} for leg in view.legs],
                "recording": view.record_state,
                "associated_data": view.associated_data,
            }
            for view in switch.call_views(login)
        ],
    }


def _agent(agent: "Agent") -> dict[str, Any]:
    state = agent.state
    return {
        "type": agent.type,
        "state": state.sub_state if state.logged_on else None,
        "device": state.device,
        "group": state.group,
        "reason": state.reason,
    }


def _route(route: "Route | None") -> dict[str, Any] | None:
    if route is None:
        return None
    return {"condition": route.condition, "target": route.target, "number": route.number}
