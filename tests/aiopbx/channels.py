"""Offices whose clients get their events over a webhook or through a tunnel: the same tests run on each."""

import itertools
import os
import socket
from typing import Any, ClassVar

from aiopbx import Pbx
from aiopbx.simulator import ManualClock, Simulator, SimulatorSettings
from tests.aiopbx.office import Office

_turn = itertools.count(os.getpid() * 101)


def free_port() -> int:
    """A port of loopback that nobody uses, now or by chance in a moment.

    Systems give ports above 32,768 to whoever binds port 0, as every server of the tests does: one that was free a
    moment ago may be another process's when it is used. These are below, and each process begins at its own place.
    """
    for turn in itertools.islice(_turn, 20_000):
        port = 12_000 + turn % 20_000
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("No port is free.")


def secret(number: int) -> str:
    return f"the-way-in-for-tests-{number:06}"


def channel_settings(channel: str, simulator: Simulator, **settings: Any) -> dict[str, Any]:
    """What a client of this simulator has in its settings for a channel; for a tunnel its agents are started."""
    if "channel" in settings:
        return {}
    port = free_port()
    word = secret(port)
    if channel == "webhook":
        listener: dict[str, Any] = {"host": "127.0.0.1", "public_url": f"http://127.0.0.1:{port}", "secret": word}
        if simulator.settings.tls:
            folder = simulator.certificate_path.parent
            listener |= {
                "public_url": f"https://127.0.0.1:{port}",
                "certificate": simulator.certificate_path,
                "key": folder / "simulator-key.pem",
            }
        return {"channel": "webhook", "webhook": listener}
    listener = {"host": "127.0.0.1", "port": port, "secret": word, "agent_timeout": 2.0}
    scheme = "ws"
    if simulator.settings.tls:
        folder = simulator.certificate_path.parent
        listener |= {"certificate": simulator.certificate_path, "key": folder / "simulator-key.pem"}
        scheme = "wss"
    simulator.open_tunnel(f"{scheme}://127.0.0.1:{port}/{word}")
    if "secondary_url" in settings:
        listener["secondary_secret"] = word[::-1]
        simulator.open_tunnel(f"{scheme}://127.0.0.1:{port}/", word[::-1], server="secondary")
    return {"channel": "tunnel", "tunnel": listener}


class ChannelOffice(Office):
    """An office whose clients use one channel."""

    channel: ClassVar[str]

    @staticmethod
    def settings(**settings: Any) -> SimulatorSettings:
        """Those of a simulator that tries again at once."""
        made = SimulatorSettings(**{"tunnel_retry": 0.02, "webhook_back_off": 0.01, **settings})
        if made.tls and made.outgoing_ca_file is None and made.certificate_folder is None:
            # The simulator and its clients' listeners share one certificate, which exists only when it has started.
            made = made.model_copy(update={"outgoing_tls": "none"})
        return made

    async def connect(self, **settings: Any) -> Pbx:
        """Connect over the channel of this office."""
        return await super().connect(**settings, **channel_settings(self.channel, self.simulator, **settings))


class TunnelOffice(ChannelOffice):
    """An office whose simulator opens a tunnel to its clients."""

    channel = "tunnel"


class WebhookOffice(ChannelOffice):
    """An office whose simulator calls its clients."""

    channel = "webhook"

    def __init__(self, simulator: Simulator, clock: ManualClock) -> None:
        super().__init__(simulator, clock)
        # A webhook has no connection that could break: what can be lost is its subscription.
        self.faults.cut_channels = self.faults.close_cleanly  # type: ignore[method-assign]

    @staticmethod
    def settings(**settings: Any) -> SimulatorSettings:
        """Those of any channel, with more room: a delivery takes a while, in which more events wait."""
        if "event_queue" in settings:
            settings["event_queue"] *= 3
        return ChannelOffice.settings(**settings)
