"""The worker of a bridge: one session to a telephone system, shared with everyone through an MQTT 5 broker."""

from .settings import BridgeSettings
from .worker import Worker

__all__ = ["BridgeSettings", "Worker"]
