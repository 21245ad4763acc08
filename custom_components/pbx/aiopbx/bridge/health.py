"""Health and Prometheus metrics of workers, over HTTP: ``/healthz``, ``/readyz`` and ``/metrics``."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aiohttp import web

from ..errors import InvalidInput
from .settings import HttpSettings

if TYPE_CHECKING:
    from .worker import Worker


class Health:
    """A small server. It shows counts and states: no name, no number, no secret."""

    def __init__(self, workers: "Sequence[Worker]", settings: HttpSettings) -> None:
        """Show these workers."""
        self._workers = workers
        self._settings = settings
        self._runner: web.AppRunner | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._runner is not None
        return int(self._runner.addresses[0][1])

    @property
    def url(self) -> str:
        """Its address."""
        host = self._settings.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    async def start(self) -> None:
        """Listen. Raises ``InvalidInput`` where that is not possible."""
        app = web.Application()
        app.add_routes([web.get("/healthz", self._live), web.get("/readyz", self._ready)])
        app.add_routes([web.get("/metrics", self._metrics)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._settings.host, self._settings.port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise InvalidInput(
                "http.port",
                f"{self._settings.port} on {self._settings.host} cannot be listened on ({error.strerror}).",
                remedy="Choose a port that is free.",
            ) from None

    async def close(self) -> None:
        """Listen no longer."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _live(self, request: web.Request) -> web.Response:
        """Whether the process runs: its loop has answered this."""
        return web.json_response({worker.name: worker.state for worker in self._workers})

    async def _ready(self, request: web.Request) -> web.Response:
        """Whether every worker does its part, or stands by for another that does."""
        states = {worker.name: {"state": worker.state, "why": worker.why} for worker in self._workers}
        ready = all(worker.state in ("serving", "standby") for worker in self._workers)
        return web.json_response(states, status=200 if ready else 503)

    async def _metrics(self, request: web.Request) -> web.Response:
        return web.Response(text=metrics(self._workers), content_type="text/plain")


_METRICS = (
    ("serving", "gauge", "Whether the worker serves its shard."),
    ("standby", "gauge", "Whether another worker serves the shard."),
    ("lines", "gauge", "Lines of the shard."),
    ("revision", "counter", "States of lines that were published in this epoch."),
    ("coalesced_states", "counter", "States that a newer one replaced before they were published."),
    ("dropped_messages", "counter", "Events and states that the broker did not take."),
    ("commands_done", "counter", "Commands that were carried out."),
    ("commands_refused", "counter", "Commands that were refused or failed."),
    ("commands_running", "gauge", "Commands that are being carried out."),
    ("epochs", "counter", "Connections to the broker."),
    ("pbx_losses", "counter", "Losses of the connection to the telephone system."),
)


def metrics(workers: "Sequence[Worker]") -> str:
    """All metrics, in the text format of Prometheus."""
    lines = []
    for name, kind, words in _METRICS:
        full = f"aiopbx_bridge_{name}" + ("_total" if kind == "counter" else "")
        lines += [f"# HELP {full} {words}", f"# TYPE {full} {kind}"]
        for worker in workers:
            labels = f'system="{worker.name}",shard="{worker.shard}"'
            lines.append(f"{full}{{{labels}}} {_value(worker, name)}")
    return "\n".join(lines) + "\n"


def _value(worker: "Worker", name: str) -> int:
    publisher, desk, pbx = worker.publisher, worker.desk, worker.pbx
    if name in ("serving", "standby"):
        return int(worker.state == name)
    if name == "epochs":
        return worker.epochs
    if name == "pbx_losses":
        return 0 if pbx is None else pbx.statistics.losses
    if name.startswith("commands"):
        return 0 if desk is None else int(getattr(desk, name.removeprefix("commands_")))
    if publisher is None:
        return 0
    return int(getattr(publisher, {"coalesced_states": "coalesced", "dropped_messages": "dropped"}.get(name, name)))
