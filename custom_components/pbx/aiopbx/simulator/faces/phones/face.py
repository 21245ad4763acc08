"""Serves the page of phones, sends it events, and does what its buttons ask.

``GET /phones`` is the page. Behind it, for this page only and not part of any wire: ``GET /simulator/phones/state``,
``GET /simulator/phones/events`` (server-sent events), ``POST /simulator/phones/LOGIN/ACTION`` and ``POST
/simulator/phones/outside/ACTION`` with JSON. Only this machine and the simulator's own page are let in.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from ....settings.parsing import Unparsable, parse_json
from ...control import refused
from ...switch.changes import Change, NodeChange, PilotChange, PromptChange, RouteChange, UserChange
from ...switch.errors import SwitchError
from .actions import ACTIONS, OUTSIDE_ACTIONS
from .views import outside_view, phone_view

if TYPE_CHECKING:
    from ...switch import Switch

FOLDER: Final = Path(__file__).parent / "static"
PAGE: Final = "/phones"
API: Final = "/simulator/phones"
FRAME: Final = 0.1
"""Seconds between two messages to a page; changes in between go together."""
ALIVE: Final = 10.0
"""Seconds of silence after which a page gets a sign that the simulator is alive."""
LARGEST_BODY: Final = 10_000
_TYPES: Final = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def attach(app: web.Application, switch: "Switch") -> None:
    """Serve the phones of ``switch`` in this application; everything is released when the application is cleaned up."""
    face = PhonesFace(switch)
    app.router.add_get(PAGE, face.page)
    app.router.add_get(PAGE + "/{name}", face.file)
    app.router.add_get(API, face.moved)
    app.router.add_get(API + "/state", face.state)
    app.router.add_get(API + "/events", face.events)
    app.router.add_post(API + "/outside/{action}", face.outside)
    app.router.add_post(API + "/{login}/{action}", face.act)
    app.on_shutdown.append(face.close)


class _Reader:
    """An open page: the changes that it has not received yet."""

    def __init__(self) -> None:
        self.logins: set[str] = set()
        self.everything = True
        self.wake = asyncio.Event()


class PhonesFace:
    """The phones of a switch, for any number of pages."""

    def __init__(self, switch: "Switch") -> None:
        """Subscribe to the switch once the first page is open."""
        self._switch = switch
        self._readers: set[_Reader] = set()
        self._unsubscribe: Callable[[], None] | None = None
        self._closing = False

    async def close(self, _: web.Application) -> None:
        """End every stream."""
        self._closing = True
        for reader in self._readers:
            reader.wake.set()

    # ------------------------------------------------------------------------------------------------------ the page

    async def page(self, request: web.Request) -> web.Response:
        """Serve the page."""
        return refused(request) or await _static("index.html")

    async def file(self, request: web.Request) -> web.Response:
        """Serve the files of the page."""
        name = request.match_info["name"]
        if name not in {"phones.css", "phones.js"}:
            raise web.HTTPNotFound
        return refused(request) or await _static(name)

    async def moved(self, request: web.Request) -> web.Response:
        """Redirect to the page."""
        raise web.HTTPFound(PAGE)

    # -------------------------------------------------------------------------------------------------- what happens

    async def state(self, request: web.Request) -> web.Response:
        """Answer with the present state of all phones and the world outside."""
        return refused(request) or web.json_response(self._message(set(), everything=True))

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Send a page everything, and then changes until it is closed."""
        no = refused(request)
        if no is not None:
            return no
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        reader = _Reader()
        self._readers.add(reader)
        if self._unsubscribe is None:
            self._unsubscribe = self._switch.subscribe(self._seen)
        try:
            while not self._closing:
                reader.wake.clear()
                logins, reader.logins = reader.logins, set()
                everything, reader.everything = reader.everything, False
                if everything or logins:
                    text = json.dumps(self._message(logins, everything=everything))
                    await response.write(f"event: state\ndata: {text}\n\n".encode())
                else:
                    await response.write(b": alive\n\n")
                await asyncio.sleep(FRAME)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(reader.wake.wait(), ALIVE)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the page was closed
        finally:
            self._readers.discard(reader)
            if not self._readers and self._unsubscribe is not None:
                self._unsubscribe()
                self._unsubscribe = None
        return response

    def _seen(self, change: Change) -> None:
        if isinstance(change, NodeChange | PilotChange | RouteChange | PromptChange):
            return  # telephones do not show it
        for reader in self._readers:
            reader.logins.add(change.login)
            if isinstance(change, UserChange):
                reader.everything = True
            reader.wake.set()

    def _message(self, logins: set[str], *, everything: bool) -> dict[str, Any]:
        users = self._switch.users
        chosen = (
            sorted(users, key=lambda login: (len(users[login].number), users[login].number)) if everything else logins
        )
        return {
            "now": self._switch.clock.utc().timestamp(),
            "all": everything,
            "phones": [phone_view(self._switch, login) for login in chosen if login in users],
            "outside": outside_view(self._switch),
        }

    # --------------------------------------------------------------------------------------------------- what is asked

    async def act(self, request: web.Request) -> web.Response:
        """Act on a phone."""
        login, action = request.match_info["login"], request.match_info["action"]
        if login not in self._switch.users or action not in ACTIONS:
            raise web.HTTPNotFound
        return await self._carry_out(request, lambda body: ACTIONS[action](self._switch, login, body))

    async def outside(self, request: web.Request) -> web.Response:
        """Act outside."""
        action = request.match_info["action"]
        if action not in OUTSIDE_ACTIONS:
            raise web.HTTPNotFound
        return await self._carry_out(request, lambda body: OUTSIDE_ACTIONS[action](self._switch, body))

    async def _carry_out(self, request: web.Request, do: Callable[[dict[str, str]], None]) -> web.Response:
        no = refused(request)
        if no is not None:
            return no
        if request.content_type != "application/json":  # a form on another site cannot send this
            return _refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send JSON.")
        if (request.content_length or 0) > LARGEST_BODY:
            return _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "That is too much.")
        try:
            body = parse_json(await request.read())
        except Unparsable:
            body = None
        if not isinstance(body, dict):
            return _refusal(HTTPStatus.BAD_REQUEST, "Send a JSON object.")
        try:
            do(body)
        except SwitchError as error:
            return _refusal(HTTPStatus.CONFLICT, error.message, error.cause or error.kind)
        except ValueError as error:
            return _refusal(HTTPStatus.BAD_REQUEST, str(error))
        return web.json_response({})


async def _static(name: str) -> web.Response:
    text = await asyncio.to_thread((FOLDER / name).read_text, encoding="utf-8")
    kind = _TYPES[name.rpartition(".")[2]]
    return web.Response(text=text, content_type=kind, charset="utf-8", headers=_HEADERS)


def _refusal(status: HTTPStatus, message: str, cause: str | None = None) -> web.Response:
    return web.json_response({"message": message, "cause": cause}, status=status)
