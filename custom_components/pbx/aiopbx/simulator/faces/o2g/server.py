"""An O2G server: finds the operation, the session and the user of a request, calls the handler, and answers in JSON."""

import inspect
import logging
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

import msgspec
from aiohttp import web

from ....o2g.types.base import Wire
from ....o2g.types.overview import ProductVersion, RoxeRestApiDescriptor, ServerInfo, Version
from ...origin import Origin
from .. import cors
from . import maintenance, sessions, statistics_requesters, subscriptions, users
from .channel import ChannelRequests, Pushes
from .context import Answer, Context, Route, Stream, json_response, refusal_response
from .licences import NEEDED, Licences
from .refusals import (
    INVALID_SESSION,
    NOT_FOUND,
    SERVER_PROBLEM,
    Refusal,
    bad_parameter,
    invalid_session,
    not_allowed,
    not_ready,
    wrong_method,
)
from .requests import IncomingRequest, TunnelRequest
from .sessions import Accounts, Session, Sessions
from .subscriptions import Subscriptions

if TYPE_CHECKING:
    from ...clock import Clock
    from ...faults import Faults
    from ...settings import SimulatorSettings
    from ...switch import Switch

_log = logging.getLogger(__name__)

ROOT: Final = ("api", "rest")
VERSION: Final = "1.0"
_ALLOWED_METHODS: Final = "GET, POST, PUT, DELETE, OPTIONS"
_LINKED: Final = frozenset({"telephony", "routing"})
"""Services that need the link to the user's node."""


class RouteTable:
    """Finds the route of a path: literal segments before parameters; empty segments are ignored."""

    def __init__(self, routes: Iterable[Route]) -> None:
        """Add the routes; two for the same operation are a bug."""
        self._root: _Node = _Node()
        self.routes: list[Route] = []
        for route in routes:
            self.add(route)

    def add(self, route: Route) -> None:
        """Add a route."""
        node = self._root
        names: list[str] = []
        nodes: list[_Node] = []
        for segment in _segments(route.path):
            if segment.startswith("{"):
                names.append(_snake(segment[1:-1]))
                node.parameter = node.parameter or _Node()
                node = node.parameter
                nodes.append(node)
            else:
                node = node.literals.setdefault(segment, _Node())
        if route.method in node.routes:
            raise ValueError(f"{route.method} {route.path} is served twice")
        node.routes[route.method] = (route, tuple(names))
        if route.nested and len(names) == 3:  # below an object there are objects again
            nodes[2].parameter = nodes[1]
        self.routes.append(route)

    def find(self, method: str, segments: tuple[str, ...]) -> tuple[Route, dict[str, str]]:
        """Return the route and its parameters; refuses an unknown path (404) and a wrong method (405)."""
        found = _descend(self._root, segments, 0, ())
        if found is None:
            raise Refusal(NOT_FOUND, "There is no such resource.", status=HTTPStatus.NOT_FOUND)
        node, values = found
        if method not in node.routes:
            raise wrong_method(method, node.routes)
        route, names = node.routes[method]
        surplus = len(values) - len(names)
        if surplus:
            above = "/".join(quote(value, safe="") for value in values[1 : surplus + 2])
            values = (values[0], above, *values[surplus + 2 :])
        elif route.nested:
            values = (values[0], quote(values[1], safe=""), *values[2:])
        if route.nested and len(values) > 2:
            values = (*values[:2], quote(values[2], safe=""))
        return route, dict(zip(names, values, strict=True))


class _Node:
    """A node in the tree of paths."""

    __slots__ = ("literals", "parameter", "routes")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.routes: dict[str, tuple[Route, tuple[str, ...]]] = {}


def _descend(
    node: _Node, segments: tuple[str, ...], at: int, values: tuple[str, ...]
) -> tuple[_Node, tuple[str, ...]] | None:
    if at == len(segments):
        return (node, values) if node.routes else None
    literal = node.literals.get(segments[at])
    if literal is not None and (found := _descend(literal, segments, at + 1, values)) is not None:
        return found
    if node.parameter is not None:
        return _descend(node.parameter, segments, at + 1, (*values, segments[at]))
    return None


def _segments(path: str) -> tuple[str, ...]:
    return tuple(unquote(segment) for segment in path.split("/") if segment)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()


def origin_of(request: IncomingRequest) -> Origin:
    """Return where a request was sent to, by its headers and a proxy's, or by its socket if it has no Host header."""
    host = request.headers.get("Host")
    if not host:
        name = request.transport.get_extra_info("sockname") if request.transport else None
        address, port = name[:2] if name else ("localhost", 80)
        host = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    return Origin(request.scheme, host).forwarded(request.headers)


class O2gServer:
    """A server: its sessions and subscriptions, on a switch that it may share with another server."""

    def __init__(
        self,
        switch: "Switch",
        settings: "SimulatorSettings",
        clock: "Clock",
        faults: "Faults",
        accounts: Accounts,
        *,
        name: str = "primary",
        standby: bool = False,
        routes: Iterable[Route] = (),
    ) -> None:
        """Serve this switch. ``routes`` are the operations beyond sessions, users and subscriptions."""
        self.switch = switch
        self.settings = settings
        self.clock = clock
        self.faults = faults
        self.accounts = accounts
        self.name = name
        self.standby = standby
        """Whether the other server of the pair is active: everything is refused with NOT_READY."""
        self.event_ports: dict[str, int] = {}
        """The port of the event channel by scheme; set when the sockets are open."""
        self.sessions = Sessions(self)
        self.subscriptions = Subscriptions(self)
        self.channels = ChannelRequests(self)
        self.pushes = Pushes(self)
        self.licences = Licences(self)
        self.statistics = statistics_requesters.Statistics(self)
        self.started = clock.utc()
        """When it started."""
        self.alarm = maintenance.LicenceAlarm(self)
        self.table = RouteTable((*sessions.ROUTES, *users.ROUTES, *subscriptions.ROUTES, *routes))
        self.requests = 0
        """The number of requests to the API since the start."""

    def close(self) -> None:
        """Forget every session; their channels end."""
        self.sessions.clear()
        self.statistics.clear()

    # -- requests -----------------------------------------------------------------------------------------------

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer any request to the API."""
        asked = cors.preflight(request, self.settings.origins)
        answer = await self.answer(request) if asked is None else asked
        if isinstance(answer, Stream):
            if request.transport is None or request.transport.is_closing():  # a fault has broken the connection
                return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
            return await self._send(request, answer)
        self.cors(request, answer)
        return answer

    def cors(self, request: web.BaseRequest, response: web.StreamResponse) -> None:
        """Let pages in browsers use the API and the event ports, if their origin is in the list."""
        wanted = request.headers.get("Access-Control-Request-Headers", "")
        cors.allow(request, response, self.settings.origins, methods=_ALLOWED_METHODS, headers=wanted)

    async def _send(self, request: web.BaseRequest, stream: Stream) -> web.StreamResponse:
        """Answer piece by piece, so that it is never all in memory."""
        response = web.StreamResponse(status=stream.status, headers=stream.headers)
        response.content_length = stream.length
        self.cors(request, response)
        await response.prepare(request)
        for piece in stream.pieces:
            await response.write(piece)
        await response.write_eof()
        return response

    async def answer(self, request: IncomingRequest) -> web.Response | Stream:
        """Return the answer to a request, over any kind of connection."""
        response: web.Response | Stream
        self.requests += 1
        try:
            if await self.faults.before_request(request):
                return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)  # the connection is gone
            response = await self._answer(request)
        except Refusal as refusal:
            response = refusal_response(refusal)
        except ConnectionError:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)  # whoever asked hung up before all was said
        except web.HTTPException as error:
            response = refusal_response(_http_refusal(error))
        except Exception as error:
            _log.exception("A request (%s) failed in the simulator", request.method)  # paths may hold secrets
            response = refusal_response(Refusal(SERVER_PROBLEM, f"{type(error).__name__} in the simulator."))
        self.faults.after_request(request)
        return response

    async def _answer(self, request: IncomingRequest) -> web.Response | Stream:
        segments = _segments(request.rel_url.raw_path)
        if segments[:1] == (statistics_requesters.FILES,):
            return self._file(request, segments)
        if segments[:2] != ROOT:
            raise Refusal(NOT_FOUND, "The API is below /api/rest.", status=HTTPStatus.NOT_FOUND)
        if self.standby or self.faults.is_not_ready:
            raise not_ready("The other server of the pair is in charge." if self.standby else "The server is starting.")
        origin = origin_of(request)
        rest = segments[2:]
        if not rest:
            if request.method != "GET":
                raise wrong_method(request.method, ["GET"])
            return json_response(self.descriptor(origin))
        if rest == ("authenticate",):
            return self._authenticate(request, origin)
        if rest[0] != VERSION:
            raise Refusal(
                NOT_FOUND, f"The version {rest[0]} does not exist, only {VERSION}.", status=HTTPStatus.NOT_FOUND
            )
        route, parameters = self.table.find(request.method, rest[1:])
        if route.without_session:
            plain: Any = route.handler(self, request.rel_url.query)
            return self._response(plain)
        return await self._serve(request, origin, route, parameters, rest[1])

    def _file(self, request: IncomingRequest, segments: tuple[str, ...]) -> Stream:
        """Return a file of statistics, which is at the root of the server and not below the API."""
        if request.method != "GET":
            raise wrong_method(request.method, ["GET"])
        if self.standby or self.faults.is_not_ready:
            raise not_ready("The server is starting.")
        session = self.sessions.find(request.cookies)
        return self.statistics.file(session, segments[-1]).ranged(request.headers.get("Range"))

    def public(self, origin: Origin) -> Origin:
        """Return what the public URLs are built from: a setting, or where the request was sent to."""
        url = self.settings.public_url if self.name == "primary" else None
        return origin if url is None else Origin.of(url)

    def event_urls(self, origin: Origin) -> tuple[str, str]:
        """Return the public and the private URL of the event port. A path of a proxy's does not count there."""
        named = self.settings.public_event_url if self.name == "primary" else None
        public = self._at_event_port(self.public(origin)) if named is None else named.rstrip("/")
        return public, self._at_event_port(origin)

    def _at_event_port(self, origin: Origin) -> str:
        ports = self.event_ports
        # (https to a proxy, which speaks plain http with this server)
        return origin.at_port(ports.get(origin.scheme) or next(iter(ports.values())))

    def descriptor(self, origin: Origin) -> RoxeRestApiDescriptor:
        """Return what the server is, and where to log in."""
        path = f"/api/rest/authenticate?version={VERSION}"
        public, internal = self.public(origin).base + path, origin.base + path
        return RoxeRestApiDescriptor(
            server_info=ServerInfo(
                product_name="O2G simulator",
                product_type="O2G",
                product_version=ProductVersion(major="2.7", minor="000.000"),
                ha_mode=self.settings.ha,
            ),
            versions=(Version(id=VERSION, status="CURRENT", public_url=public, internal_url=internal),),
        )

    def _authenticate(self, request: IncomingRequest, origin: Origin) -> web.Response:
        if request.method != "GET":
            raise wrong_method(request.method, ["GET"])
        version = request.rel_url.query.get("version", VERSION)
        if version != VERSION:
            raise bad_parameter("version", f"{version} does not exist, only {VERSION}")
        credential = self.sessions.authenticate(request.headers.get("Authorization"))
        path = f"/api/rest/{VERSION}/sessions"
        public, internal = self.public(origin).base + path, origin.base + path
        body = sessions.Authenticated(credential=credential, public_url=public, internal_url=internal)
        return json_response(body, headers=[("Set-Cookie", f"{sessions.CREDENTIAL_COOKIE}={credential}; Path=/")])

    async def _serve(
        self, request: IncomingRequest, origin: Origin, route: Route, parameters: dict[str, str], service: str
    ) -> web.Response | Stream:
        cookies = request.cookies
        if route.opens_session:
            body = await self._body(request, route)
            answer = sessions.open_session(self, cookies.get(sessions.CREDENTIAL_COOKIE), body, origin)
            return json_response(answer.body, answer.status, answer.headers, empty_lists=self.settings.empty_lists)
        session = self.sessions.find(cookies)
        if not session.may_use(service):
            raise not_allowed(f"The token of this session does not include {service}.")
        if route.administrators and not session.administrator:
            raise not_allowed("Only an administrator may do this.")
        body = await self._body(request, route)
        if not session.alive:  # it may have ended while the body was being read
            raise invalid_session()
        query = request.rel_url.query
        login = self._target(route, session, query, parameters, body)
        self._check_licence(route, session, login)
        self._check_link(service, login)
        if route.user == "path":
            parameters.pop("login_name", None)
        context = Context(server=self, session=session, login=login, query=query, body=body, origin=origin)
        if isinstance(request, TunnelRequest):
            context.tunnel = request.tunnel
        result: Any = route.handler(context, **parameters)
        if inspect.isawaitable(result):
            result = await result
        if isinstance(result, Stream):
            return result.ranged(request.headers.get("Range"))
        return self._response(result)

    async def _body(self, request: IncomingRequest, route: Route) -> Wire | None:
        raw = await request.read()
        if route.body is None:
            return None
        if not raw.strip():
            if route.body_required:
                raise bad_parameter("body", f"{route.method} {route.path} needs one, as JSON")
            return None
        try:
            body: Wire | None = msgspec.json.decode(raw, type=route.body)
        except msgspec.ValidationError as error:
            raise bad_parameter("body", str(error)) from None
        except RecursionError:
            raise bad_parameter("body", "goes too deep") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise bad_parameter("body", f"is not JSON: {error}") from None
        return body

    def _response(self, result: Answer | Wire | None) -> web.Response:
        if result is None:
            return json_response(None, HTTPStatus.NO_CONTENT)
        lists = self.settings.empty_lists
        if isinstance(result, Answer):
            return json_response(result.body, result.status, result.headers, empty_lists=lists)
        return json_response(result, empty_lists=lists)

    # -- for whom -----------------------------------------------------------------------------------------------

    def _target(
        self, route: Route, session: Session, query: Mapping[str, str], parameters: Mapping[str, str], body: Any
    ) -> str | None:
        """Return the user that a request is for; see ``Route.user``."""
        if route.user == "path":
            return parameters["login_name"]
        if not session.administrator or route.user == "none":
            return session.login
        named = query.get("loginName")
        if named:
            if named not in self.switch.users:
                raise Refusal(NOT_FOUND, f"loginName: there is no user {named}.", status=HTTPStatus.BAD_REQUEST)
            return named
        owner = None
        if route.user in ("device", "set"):
            device = getattr(body, "device_id", None) or parameters.get("device_id")
            owner = self.owner(device) if device else None
        if route.user == "named" or (route.user == "set" and owner is not None):
            raise bad_parameter("loginName", "an administrator must name the user")
        return owner

    def owner(self, device: str) -> str | None:
        """Return the login of the owner of a device, or ``None``."""
        user = self.switch.by_number(device)
        return user.login if user is not None else None

    def _check_link(self, service: str, login: str | None) -> None:
        """Refuse call control for users whose node has no link."""
        user = self.switch.users.get(login) if login is not None and service in _LINKED else None
        if user is not None and not self.switch.nodes.linked(user.node):
            raise not_ready(f"There is no link to the node {user.node} of {login}.")

    def _check_licence(self, route: Route, session: Session, login: str | None) -> None:
        if route.licence == "none" or session.token is not None:
            return
        self.licences.take(session, NEEDED[route.licence], login)


def _http_refusal(error: web.HTTPException) -> Refusal:
    """Turn aiohttp's own refusals, such as a body that is too large, into JSON."""
    kind = INVALID_SESSION if error.status == HTTPStatus.FORBIDDEN else "BAD_PARAMETER"
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        kind = SERVER_PROBLEM
    return Refusal(kind, error.reason, status=error.status)
