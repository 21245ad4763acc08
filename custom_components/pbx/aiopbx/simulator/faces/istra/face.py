"""The Istra server: finds the operation and the session of a request, calls the handler and writes the answer."""

import gzip
import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from aiohttp import web

from ...origin import Origin
from ...switch.errors import SwitchError
from .. import cors
from . import crm, enduser, rcc, shared
from .context import Answer, Context, Route
from .identifiers import Identifiers
from .lines import Lines
from .listeners import Listeners
from .refusals import Refusal, forbidden, mismatch, no_telephony, not_found, refusal_of, unauthorized, wrong_method
from .sessions import (
    APPLICATIONS,
    HEADER,
    MODULE,
    NO_DIALOG,
    TWO_LEVELS,
    USER,
    Session,
    Sessions,
    cookie_name,
)
from .sockets import Socket
from .variants import Variants

if TYPE_CHECKING:
    from ...clock import Clock
    from ...faults import Faults
    from ...settings import SimulatorSettings
    from ...switch import Switch
    from ...switch.changes import Change
    from ...switch.users import User
    from ..o2g.sessions import Accounts

_log = logging.getLogger(__name__)

ROUTER: Final = "restletrouter"
LOGIN: Final = ("v1", "service", "Login")
SOCKETS: Final = "ws-service"
ROUTES: Final[tuple[Route, ...]] = (
    *shared.ROUTES,
    *rcc.ROUTES,
    *crm.ROUTES,
    *enduser.ROUTES,
)
_ALLOWED_HEADERS: Final = f"{HEADER}, {NO_DIALOG}, {MODULE}, Authorization, Content-Type, Accept"
_ALLOWED_METHODS: Final = "GET, POST, PUT, DELETE, OPTIONS"


class IstraFace:
    """The three applications in front of one switch."""

    def __init__(
        self,
        switch: "Switch",
        settings: "SimulatorSettings",
        clock: "Clock",
        faults: "Faults",
        accounts: "Accounts",
    ) -> None:
        """Serve this switch, including the calls that exist already."""
        self.switch = switch
        self.settings = settings
        self.clock = clock
        self.faults = faults
        self.accounts = accounts
        self.variants = Variants()
        """How this server differs from the guides."""
        self.ids = Identifiers(switch)
        self.sessions = Sessions(self)
        self.lines = Lines(switch, clock)
        self.listeners = Listeners(self, self.lines)
        self.sockets: dict[Socket, None] = {}
        """The open sockets."""
        self.sockets_opened = 0
        """The number of sockets opened since the start."""
        self.requests = 0
        """The number of requests since the start."""
        switch.subscribe(self._seen)

    @property
    def connections(self) -> tuple[Socket, ...]:
        """The sockets that are open."""
        return tuple(self.sockets)

    @property
    def cookie_path(self) -> str:
        """The path of the cookies."""
        return "/" if self.variants.base == "root" else f"/{ROUTER}"

    def close(self) -> None:
        """Forget every session; their sockets end."""
        self.sessions.clear()
        for socket in self.connections:
            socket.close()

    def cut(self) -> None:
        """Break every socket, as if the process were killed."""
        for socket in self.connections:
            socket.cut()

    def _seen(self, change: "Change") -> None:
        self.listeners.apply(change)
        self.sessions.apply(change)

    def check_link(self, user: "User") -> None:
        """Refuse telephony for a user whose node has no link."""
        if not self.switch.nodes.linked(user.node):
            raise no_telephony()

    # -- requests -----------------------------------------------------------------------------------------------

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer any request."""
        self.requests += 1
        try:
            if await self.faults.before_request(request):
                return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)  # the connection is gone
            response = await self._answer(request)
        except Refusal as refusal:
            response = self._refusal(request, refusal)
        except SwitchError as error:
            response = self._refusal(request, refusal_of(error))
        except ConnectionError:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)  # whoever asked hung up before all was said
        except web.HTTPException as error:
            response = self._refusal(request, Refusal(error.status, f"ROUTER_ERR_{error.status}", error.reason))
        except Exception as error:
            _log.exception("A request (%s) failed in the simulator", request.method)  # paths may hold secrets
            response = self._refusal(
                request, Refusal(500, "ROUTER_ERR_500", f"{type(error).__name__} in the simulator")
            )
        self.faults.after_request(request)
        return response

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        elsewhere = self._elsewhere(request)
        if elsewhere is not None:
            return self._finish(request, Answer(self.variants.redirect, headers=(("Location", elsewhere),)), None)
        if request.method == "OPTIONS":
            return self._finish(request, Answer(HTTPStatus.NO_CONTENT), None)
        segments = self._path(request)
        if self.faults.is_not_ready:
            raise no_telephony()
        if segments[:1] == (SOCKETS,):
            return await self._socket(request, segments[1:])
        if segments == LOGIN:
            return await self._log_in(request)
        return await self._serve(request, segments)

    def _elsewhere(self, request: web.BaseRequest) -> str | None:
        """Return the URL that a request is redirected to, if it is."""
        variants = self.variants
        if not variants.redirect:
            return None
        to = variants.redirect_to
        origin = Origin(request.scheme, request.host).forwarded(request.headers)
        if not to:
            port = origin.host.removeprefix(origin.hostname)
            to = f"{origin.scheme}://localhost{port}{origin.prefix}"
        if to.rstrip("/") == origin.base:
            return None
        return to.rstrip("/") + request.rel_url.raw_path_qs

    def _path(self, request: web.BaseRequest) -> tuple[str, ...]:
        """Return the segments of the path below the base."""
        segments = tuple(unquote(part) for part in request.rel_url.raw_path.split("/") if part)
        if self.variants.base == "router":
            if segments[:1] != (ROUTER,):
                raise not_found(f"the API is below /{ROUTER}")
            return segments[1:]
        if segments[:1] == (ROUTER,):
            raise not_found("the API is at the root of this host")
        return segments

    async def _log_in(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method != "POST":
            raise wrong_method(request.method, ["POST"])
        await request.read()
        session = self.sessions.log_in(request.headers.get(HEADER), request.headers.get("Authorization"))
        body = None
        if self.variants.login_body == "json":
            body = {"login": session.login, "application": session.application}
        return self._finish(request, Answer(body=body, headers=self._opened(session)), session)

    def _opened(self, session: Session) -> tuple[tuple[str, str], ...]:
        """Return the headers that carry the session."""
        cookie = f"{cookie_name(session.application)}={session.id};Path={self.cookie_path};HttpOnly"
        return (("Set-Cookie", cookie), (HEADER, session.header))

    async def _serve(self, request: web.BaseRequest, segments: tuple[str, ...]) -> web.StreamResponse:
        found, allowed = _find(segments)
        if not found:
            raise not_found("there is no such resource")
        raw = await request.read()
        before = len(self.sessions)
        session = self.sessions.find(request.cookies, request.headers.get(HEADER), request.headers.get("Authorization"))
        opened = self._opened(session) if len(self.sessions) > before else ()
        route, parameters = self._route(request, session, found, allowed)
        if route.telephony and self.faults.telephony_is_down:
            raise no_telephony()
        if self.variants.token_renewal and not opened:
            self.sessions.renew(session)
        context = Context(self, session, request.rel_url.query, raw)
        result: Any = route.handler(context, **parameters)
        answer = result if isinstance(result, Answer) else Answer(body=result)
        if opened:
            answer = Answer(answer.status, answer.body, (*answer.headers, *opened), answer.pieces, answer.length)
        if answer.pieces is not None:
            return await self._stream(request, answer)
        return self._finish(request, answer, session)

    def _route(
        self,
        request: web.BaseRequest,
        session: Session,
        found: list[tuple[Route, dict[str, str]]],
        allowed: Iterable[str],
    ) -> tuple[Route, dict[str, str]]:
        """Choose among the routes that a path may mean."""
        methods = set(allowed)
        if self.variants.logout == "get" and any(route.path.endswith("/Logout") for route, _ in found):
            methods.discard("POST")
        for route, parameters in found:
            if request.method in route.methods and request.method in methods:
                if route.application not in ("*", session.application):
                    raise forbidden(f"this is no resource of {session.application}")
                return route, parameters
        raise wrong_method(request.method, sorted(methods))

    # -- answers ------------------------------------------------------------------------------------------------

    def _refusal(self, request: web.BaseRequest, refusal: Refusal) -> web.Response:
        body = refusal.body(self.variants.errors, self.lines.now())
        headers = dict(refusal.headers)
        if request.headers.get(NO_DIALOG, "").strip().lower() == "false":
            headers.pop("WWW-Authenticate", None)
        return self._finish(request, Answer(refusal.status, body, tuple(headers.items())), None)

    def _finish(self, request: web.BaseRequest, answer: Answer, session: Session | None) -> web.Response:
        """Write an answer, compressed if the client accepts that."""
        response = web.Response(status=answer.status)
        if answer.body is not None:
            data = self.variants.encode(answer.body)
            response.content_type = "application/json"
            response.charset = "utf-8"
            if "gzip" in request.headers.get("Accept-Encoding", "").lower():
                data = gzip.compress(data, 1, mtime=0)
                response.headers["Content-Encoding"] = "gzip"
            response.body = data
        for name, value in answer.headers:
            response.headers.add(name, value)
        if session is not None and session.alive and self.variants.token_renewal:
            response.headers[HEADER] = session.header
        self._cors(request, response)
        return response

    async def _stream(self, request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
        response = web.StreamResponse(status=answer.status)
        for name, value in answer.headers:
            response.headers.add(name, value)
        response.content_length = answer.length
        self._cors(request, response)
        await response.prepare(request)
        for piece in answer.pieces or ():
            await response.write(piece)
        await response.write_eof()
        return response

    def _cors(self, request: web.BaseRequest, response: web.StreamResponse) -> None:
        """Let pages in browsers use the API and read the token."""
        cors.allow(
            request,
            response,
            self.settings.istra_origins,
            expose=f"{HEADER}, {TWO_LEVELS}",
            methods=_ALLOWED_METHODS,
            headers=_ALLOWED_HEADERS,
        )

    # -- the socket ---------------------------------------------------------------------------------------------

    async def _socket(self, request: web.BaseRequest, rest: tuple[str, ...]) -> web.StreamResponse:
        if len(rest) != 1 or rest[0] not in APPLICATIONS:
            raise not_found("there is no such resource")
        application = rest[0]
        session = self.sessions.of({cookie_name(application): request.cookies.get(cookie_name(application), "")})
        if session is None:
            raise unauthorized("unknown session id")
        named = request.headers.get(HEADER)
        if named is None and application == USER:
            raise mismatch(f"{HEADER}: must be {USER}")
        if named is not None and named.partition(";")[0].strip() != application:
            raise mismatch()
        if not web.WebSocketResponse().can_prepare(request).ok:
            raise Refusal(HTTPStatus.BAD_REQUEST, "ROUTER_ERR_426", "this is a WebSocket: ask for an upgrade")
        self.sessions.touch(session)
        return await Socket(self, session, request).run()


def _find(segments: tuple[str, ...]) -> tuple[list[tuple[Route, dict[str, str]]], set[str]]:
    """Return the routes that match a path, literal segments first, and the methods that it allows."""
    found: list[tuple[int, Route, dict[str, str]]] = []
    for route in ROUTES:
        parts = _SEGMENTS[route.path]
        if len(parts) != len(segments):
            continue
        parameters: dict[str, str] = {}
        for part, segment in zip(parts, segments, strict=True):
            if part.startswith("{"):
                parameters[part[1:-1]] = segment
            elif part != segment:
                break
        else:
            found.append((len(parameters), route, parameters))
    least = min((count for count, _, _ in found), default=0)
    chosen = [(route, parameters) for count, route, parameters in found if count == least]
    return chosen, {method for route, _ in chosen for method in route.methods}


_SEGMENTS: Final = {route.path: tuple(route.path.split("/")) for route in ROUTES}
