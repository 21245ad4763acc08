"""The simulated PBX as a whole: a switch, the servers in front of it, their sockets, and faults."""

import asyncio
import logging
import shutil
import socket
import ssl
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from aiohttp import web

from ..errors import InvalidInput
from ..numbers import Numbers
from ..phone_books import read_phone_book
from .certificate import CERTIFICATE_NAME, KEY_NAME, ensure_certificate, server_context
from .clock import Clock, RealClock
from .control import control_routes, user_state
from .faces.istra.face import IstraFace
from .faces.o2g import (
    agent,
    analytics,
    call_centre,
    comlog,
    directory,
    event_summary,
    maintenance,
    management,
    phone_set,
    pilot_monitoring,
    real_time,
    recording,
    routing,
    routing_points,
    statistics,
    telephony,
    user_management,
    views,
    voicemail,
)
from .faces.o2g.context import Route
from .faces.o2g.server import O2gServer
from .faces.o2g.sessions import Accounts
from .faces.o2g.tunnel import TunnelAgent
from .faces.phones.face import PAGE as PHONES_PAGE, attach as attach_phones
from .faults import Faults
from .hosts import Hosts, refuse_strangers
from .scenarios import Scenario, ScenarioPlayer, load_scenario
from .settings import SimulatorSettings, UserSpec, is_web_socket
from .switch import Change, Switch, UserChange
from .switch.directory import Contact

_log = logging.getLogger(__name__)

O2G_ROUTES: Final[tuple[Route, ...]] = (
    *telephony.ROUTES,
    *routing.ROUTES,
    *event_summary.ROUTES,
    *directory.ROUTES,
    *comlog.ROUTES,
    *voicemail.ROUTES,
    *maintenance.ROUTES,
    *phone_set.ROUTES,
    *management.ROUTES,
    *agent.ROUTES,
    *call_centre.ROUTES,
    *pilot_monitoring.ROUTES,
    *routing_points.ROUTES,
    *real_time.ROUTES,
    *statistics.ROUTES,
    *analytics.ROUTES,
    *user_management.ROUTES,
    *recording.ROUTES,
)
"""The operations beyond sessions, users and subscriptions."""
_ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - where to reach it from here


@dataclass(slots=True)
class _Port:
    """A socket to listen on. ``number`` is the port that it got, which it keeps after a restart."""

    name: str
    wanted: int
    https: bool
    server: O2gServer | IstraFace
    channel: bool
    number: int = 0
    runner: web.AppRunner | None = field(default=None, repr=False)


class Simulator:
    """A simulated PBX with its O2G servers, in this process and event loop.

        async with Simulator() as simulator:
            print(simulator.url)
            simulator.switch.make_call("oxe1000", "1000", "1001")

    Without settings it is an office of four on free ports of loopback, over http.
    """

    def __init__(self, settings: SimulatorSettings | None = None, *, clock: Clock | None = None) -> None:
        """Create the switch and the servers; they listen once ``start`` is called. With a scenario this reads files."""
        self.settings = settings or SimulatorSettings()
        scenario = None
        if self.settings.scenario is not None:
            scenario = load_scenario(self.settings.scenario)
            self.settings = _with_people(self.settings, scenario)
        self.clock: Clock = clock or RealClock()
        self.switch = Switch(self.clock, self.settings.users, self.settings.switch)
        _know(self.switch, self.settings.contacts)
        self.faults = Faults(self.clock)
        self.accounts = Accounts(self.settings)
        self.servers = [self._server("primary")]
        if self.settings.ha:
            self.servers.append(self._server("secondary", standby=True))
        self.istra: IstraFace | None = None
        """Istra in front of the same switch, with ``istra``."""
        if self.settings.istra:
            self.istra = IstraFace(self.switch, self.settings, self.clock, self.faults, self.accounts)
        self.faults.attach(self.servers, self.istra)
        self.switch.subscribe(self._people)
        for user in self.settings.users:
            if not user.managed:
                self.switch.release_user(user.login)
        self.player: ScenarioPlayer | None = None
        """Plays the scenario, if there is one, while the simulator runs."""
        if scenario is not None:
            self.player = ScenarioPlayer(scenario, self.switch, self.clock, speed=self.settings.speed)
        self.running = False
        self._ports = self._plan()
        self._detach: list[Callable[[], object]] = []
        self._folder: Path | None = self.settings.certificate_folder
        self._context: ssl.SSLContext | None = None
        self._down: set[str] = set()
        self.tunnels: list[TunnelAgent] = []
        """The agents that open tunnels."""
        self._kept: tuple[bytes, bytes] | None = None

    def _server(self, name: str, *, standby: bool = False) -> O2gServer:
        return O2gServer(
            self.switch,
            self.settings,
            self.clock,
            self.faults,
            self.accounts,
            name=name,
            standby=standby,
            routes=O2G_ROUTES,
        )

    def _plan(self) -> list[_Port]:
        """Return the sockets to open."""
        settings, tls = self.settings, self.settings.tls
        ports = []
        for server, prefix in zip(self.servers, ("", "secondary_"), strict=False):
            for kind, https in (("", tls), ("http_", False)) if tls else (("", False),):
                for what, channel in (("port", False), ("event_port", True)):
                    name = prefix + kind + what
                    ports.append(_Port(name, getattr(settings, name), https, server, channel))
        if self.istra is not None:
            ports.append(_Port("istra_port", settings.istra_port, tls, self.istra, channel=False))
            if tls:
                ports.append(_Port("istra_http_port", settings.istra_http_port, False, self.istra, channel=False))
        return ports

    # -- where it is --------------------------------------------------------------------------------------------

    @property
    def host(self) -> str:
        """The host at which this machine reaches it, an IPv6 address in brackets."""
        host = _ANYWHERE.get(self.settings.host, self.settings.host)
        return f"[{host}]" if ":" in host else host

    def _url(self, name: str) -> str:
        for port in self._ports:
            if port.name == name:
                if not port.number:
                    raise RuntimeError("The simulator has not been started yet: its ports are not known.")
                return f"{'https' if port.https else 'http'}://{self.host}:{port.number}"
        raise InvalidInput(name, "this simulator has no such port")

    @property
    def url(self) -> str:
        """URL of the API, without a path; https with ``tls``."""
        return self._url("port")

    @property
    def http_url(self) -> str:
        """URL of the API over plain http."""
        return self._url("http_port" if self.settings.tls else "port")

    @property
    def event_url(self) -> str:
        """URL of the event channel, without a path."""
        return self._url("event_port")

    @property
    def secondary_url(self) -> str:
        """URL of the API of the secondary server, with ``ha``."""
        return self._url("secondary_port")

    @property
    def secondary_http_url(self) -> str:
        """URL of the API of the secondary server over plain http."""
        return self._url("secondary_http_port" if self.settings.tls else "secondary_port")

    @property
    def istra_url(self) -> str:
        """URL of Istra, without a path, with ``istra``; https with ``tls``. The API is below ``/restletrouter``."""
        return self._url("istra_port")

    @property
    def istra_http_url(self) -> str:
        """URL of Istra over plain http."""
        return self._url("istra_http_port" if self.settings.tls else "istra_port")

    @property
    def phones_url(self) -> str:
        """URL of the page of phones, over plain http."""
        return self.http_url + PHONES_PAGE

    @property
    def control_url(self) -> str:
        """URL of the control path, ``/simulator``: state and faults. Only this machine may use it."""
        return f"{self.http_url}/simulator"

    @property
    def certificate_path(self) -> Path:
        """The certificate (PEM) for clients to trust; it exists once the simulator has started with ``tls``."""
        if not self.settings.tls or self._folder is None:
            raise InvalidInput("tls", "this simulator has no certificate", remedy="Start it with tls=True.")
        return self._folder / CERTIFICATE_NAME

    @property
    def server(self) -> O2gServer:
        """The server in charge."""
        return next(server for server in self.servers if not server.standby)

    # -- start and stop -----------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen. A port in use raises ``InvalidInput`` with its name, and nothing is left running."""
        if self.running:
            return
        try:
            context = await self._tls()
            for port in self._ports:
                await self._open(port, context if port.https else None)
            self._down.clear()
            self._context = context
            for server in self.servers:
                server.event_ports = {
                    "https" if port.https else "http": port.number
                    for port in self._ports
                    if port.server is server and port.channel
                }
                self._detach.append(views.attach(self.switch, server.subscriptions.publish))
                self._detach.append(pilot_monitoring.attach(server))
                self._detach.append(management.attach(self.switch, server.subscriptions.publish))
                self._detach.append(server.alarm.stop)
                server.started = self.clock.utc()
                server.alarm.start()
        except BaseException:
            await self._close(abrupt=True)
            raise
        self._open_tunnels()
        self.running = True
        if self.player is not None:
            self.player.start()

    async def stop(self, *, abrupt: bool = False, playing: bool = False) -> None:
        """End every session, channel and connection, and stop listening. The calls of the switch stay.

        ``abrupt`` looks from outside like a killed process: connections are reset without notice. With
        ``playing`` the scenario goes on, so that ``start`` finds different calls.
        """
        self.running = False
        if self.player is not None and not playing:
            self.player.stop()
        await self._close(abrupt=abrupt)
        if self.settings.certificate_folder is None and self._folder is not None:
            await asyncio.to_thread(shutil.rmtree, self._folder, True)

    async def restart(self, *, abrupt: bool = False) -> None:
        """Stop and start again on the same ports, like a server that was rebooted: sessions are gone, calls are not."""
        self.running = False
        await self._close(abrupt=abrupt)
        await self.start()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _tls(self) -> ssl.SSLContext | None:
        if not self.settings.tls:
            return None
        return await asyncio.to_thread(self._load_certificate)

    def _load_certificate(self) -> ssl.SSLContext:
        """Find or make the certificate. A temporary one stays the same while this simulator exists."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="aiopbx-simulator-"))
        elif self._kept is not None and self.settings.certificate_folder is None and not self._folder.exists():
            self._folder.mkdir(mode=0o700)
            key = self._folder / KEY_NAME
            key.touch(mode=0o600)
            key.write_bytes(self._kept[1])
            (self._folder / CERTIFICATE_NAME).write_bytes(self._kept[0])
        path = ensure_certificate(self._folder, self.settings.host)
        self._kept = (path.read_bytes(), (self._folder / KEY_NAME).read_bytes())
        return server_context(path)

    async def _open(self, port: _Port, context: ssl.SSLContext | None) -> None:
        listener = await self._listen(port)
        app = web.Application(middlewares=[refuse_strangers(Hosts(self.settings))])
        if isinstance(port.server, IstraFace):
            app.router.add_route("*", "/{path:.*}", port.server.handle)
        elif port.channel:
            app.router.add_route("*", "/{path:.*}", port.server.channels.handle)
        else:
            control_routes(app, self)
            attach_phones(app, self.switch)
            app.router.add_route("*", "/{path:.*}", port.server.handle)
        # a channel's handler ends when its client goes away; a request is carried out once it was read
        port.runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=0.5, handler_cancellation=port.channel
        )
        try:
            await port.runner.setup()
            await web.SockSite(port.runner, listener, ssl_context=context, backlog=1024).start()
        except BaseException:
            listener.close()
            raise
        port.number = listener.getsockname()[1]

    async def _listen(self, port: _Port) -> socket.socket:
        host, number = self.settings.host or "0.0.0.0", port.number or port.wanted  # noqa: S104 - as set
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                host, number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
            family, kind, protocol, _, address = found[0]
        except OSError as error:
            raise InvalidInput("host", f"{host} is no address of this machine ({error})") from error
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                with suppress(OSError):
                    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.setblocking(False)
            listener.bind(address)
        except OSError as error:
            listener.close()
            raise InvalidInput(
                port.name,
                f"cannot listen on {host}:{number} ({error.strerror or error})",
                remedy="Choose another port, or 0 for any that is free.",
            ) from error
        return listener

    async def _close(self, *, abrupt: bool) -> None:
        for detach in self._detach:
            detach()
        self._detach.clear()
        self.faults.drop_delayed()
        if self.istra is not None:
            await self._close_istra(self.istra, abrupt=abrupt)
        await self._close_servers(self.servers, abrupt=abrupt)

    async def _close_istra(self, face: IstraFace, *, abrupt: bool) -> None:
        ports = [port for port in self._ports if port.server is face]
        if abrupt:
            _abort(ports)
            face.cut()
        face.close()
        await _cleanup(ports)

    async def _close_servers(self, servers: list[O2gServer], *, abrupt: bool) -> None:
        """End everything that these servers have open."""
        ports = [port for port in self._ports if port.server in servers]
        tunnels = [tunnel for tunnel in self.tunnels if tunnel.server in servers]
        if abrupt:
            _abort(ports)
            for server in servers:
                server.pushes.abort()
            for tunnel in tunnels:
                tunnel.cut()
        for server in servers:
            server.close()
        await asyncio.gather(*(server.pushes.close() for server in servers))
        await asyncio.gather(*(tunnel.stop(abrupt=abrupt) for tunnel in tunnels))
        await _cleanup(ports)

    # -- tunnels ------------------------------------------------------------------------------------------------

    def _open_tunnels(self) -> None:
        """Start the agents: those in the settings, and after a stop those that ran before."""
        settings = self.settings
        if self.tunnels:
            for tunnel in self.tunnels:
                tunnel.start()
            return
        wanted = (
            ("primary", settings.tunnel_url, settings.tunnel_secret),
            ("secondary", settings.secondary_tunnel_url, settings.secondary_tunnel_secret),
        )
        for name, url, secret in wanted:
            if url is not None:
                secret_text = secret.get_secret_value() if secret is not None else None
                self.open_tunnel(url.get_secret_value(), secret_text, server=name)

    def open_tunnel(self, url: str, secret: str | None = None, *, server: str = "primary") -> TunnelAgent:
        """Let an agent of a server connect to this URL, and stay connected until the simulator stops."""
        if not is_web_socket(url):
            raise InvalidInput("url", "is no URL of a WebSocket", remedy="It begins with ws:// or wss://.")
        tunnel = TunnelAgent(self._named(server), url, secret)
        self.tunnels.append(tunnel)
        tunnel.start()
        return tunnel

    # -- the pair -----------------------------------------------------------------------------------------------

    def _named(self, name: str) -> O2gServer:
        for server in self.servers:
            if server.name == name:
                return server
        raise InvalidInput("server", f"there is no {name} server", remedy="Start the simulator with ha=True.")

    async def take_down(self, name: str = "primary", *, abrupt: bool = True) -> None:
        """Take one server of the pair down: its ports are closed, and the other takes over.

        ``abrupt`` is a process that is killed; otherwise it ends properly. The calls of the switch go on.
        """
        down = self._named(name)
        others = [server for server in self.servers if server is not down and server.name not in self._down]
        if not others or name in self._down:
            raise InvalidInput("server", "there is no other that could take over")
        self._down.add(name)
        await self._close_servers([down], abrupt=abrupt)
        self.faults.put_in_charge(others[0].name)
        self._twin(others[0], connected=False)

    async def bring_back(self, name: str = "primary", *, in_charge: bool = True) -> None:
        """Start a server that was taken down; it takes over again, or stands by."""
        server = self._named(name)
        if name not in self._down:
            return
        for port in self._ports:
            if port.server is server:
                await self._open(port, self._context if port.https else None)
        self._down.discard(name)
        for tunnel in self.tunnels:
            if tunnel.server is server:
                tunnel.start()
        for other in self.servers:
            if other is not server:
                self._twin(other, connected=True)
        if in_charge:
            self.faults.put_in_charge(name)
        maintenance.announce_start(server)

    def _twin(self, server: O2gServer, *, connected: bool) -> None:
        """Let a server report its link to the other one of the pair."""
        host = maintenance.host_of("secondary" if server.name == "primary" else "primary")
        server.subscriptions.publish(maintenance.PACKAGE, None, maintenance.twin(host, connected))

    def announce_start(self) -> None:
        """Let every server report that it has started and loaded all nodes; see ``OnServerStart``."""
        for server in self.servers:
            maintenance.announce_start(server)

    # -- people -------------------------------------------------------------------------------------------------

    def _people(self, change: Change) -> None:
        """Apply a change of the switch: users created or deleted there, by any means, get or lose accounts."""
        if not isinstance(change, UserChange):
            return
        if change.kind == "deleted":
            for server in self.servers:
                server.sessions.close_of(change.login)
            self.accounts.remove(change.login, kept=change.kept)
        elif change.kind == "created" and change.kept:
            self.accounts.restore(change.login)
        elif change.kind == "created" and self.accounts.get(change.login) is None:
            user = self.switch.users[change.login]
            self.accounts.add(UserSpec(login=user.login, number=user.number))

    def add_user(self, spec: UserSpec) -> None:
        """Create a user at run time: administrators get an event."""
        self.accounts.add(spec)
        self.switch.add_user(spec)

    def remove_user(self, login: str) -> None:
        """Delete a user at run time: its sessions end, administrators get an event."""
        for server in self.servers:
            server.sessions.close_of(login)
        self.switch.remove_user(login)
        self.accounts.remove(login)

    # -- the truth ----------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return the state of the switch as plain data: users with their calls and routing, sessions, channels."""
        return {
            "users": {login: user_state(self.switch, login) for login in self.switch.users},
            "servers": [
                {
                    "name": server.name,
                    "in_charge": not server.standby,
                    "sessions": len(server.sessions),
                    "subscriptions": len(server.subscriptions),
                    "channels": sum(subscribed.channel is not None for subscribed in server.subscriptions.all),
                    "channels_opened": server.channels.opened,
                    "requests": server.requests,
                }
                for server in self.servers
            ],
            "istra": self._istra_state(),
            "faults": self.faults.state,
        }

    def _istra_state(self) -> dict[str, Any] | None:
        face = self.istra
        if face is None:
            return None
        return {
            "sessions": len(face.sessions),
            "listeners": len(face.listeners),
            "sockets": len(face.sockets),
            "sockets_opened": face.sockets_opened,
            "requests": face.requests,
        }


def _abort(ports: list[_Port]) -> None:
    """Break every connection of these ports."""
    for port in ports:
        if port.runner is not None and port.runner.server is not None:
            for connection in port.runner.server.connections:
                if connection.transport is not None:
                    connection.transport.abort()


async def _cleanup(ports: list[_Port]) -> None:
    """Stop listening on these ports."""
    runners = [port.runner for port in ports if port.runner is not None]
    for port in ports:
        port.runner = None
    await asyncio.gather(*(runner.cleanup() for runner in runners))


def _know(switch: Switch, phone_books: tuple[Path, ...]) -> None:
    """Put who is in these phone books into the directory, and name them when they call from outside."""
    numbers = Numbers()
    for path in phone_books:
        for entry in read_phone_book(path):
            try:
                number = numbers.read(entry.number).wire
            except InvalidInput:
                continue
            first, _, last = entry.name.rpartition(" ")
            switch.directory.add(Contact(number, first, last))
            for spelled in {number, number.replace("+", "00", 1), f"+{number[2:]}" if number[:2] == "00" else number}:
                known = switch.external.of(spelled)
                if known.name is None:
                    switch.external.set(spelled, known.model_copy(update={"name": entry.name}))


def _with_people(settings: SimulatorSettings, scenario: Scenario) -> SimulatorSettings:
    """Return the settings with the people of a scenario in addition to those given."""
    people = list(scenario.specs)
    if "users" in settings.model_fields_set:
        known = {user.login for user in people}
        people += [user for user in settings.users if user.login not in known]
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    switch = scenario.switch_settings(settings.switch, speed=settings.speed)
    return SimulatorSettings.model_validate(given | {"users": people, "switch": switch})
