"""Widgets that mirror a model, each usable alone."""

from .agent import AgentPanel
from .board import LineBoard
from .call_log import CallLogTable
from .calls import CallPanel
from .connection import ConnectionPanel
from .dial import DialPad
from .directory import DirectorySearch
from .routing import RoutingPanel
from .view import View
from .voicemail import VoicemailPlayer

__all__ = [
    "AgentPanel",
    "CallLogTable",
    "CallPanel",
    "ConnectionPanel",
    "DialPad",
    "DirectorySearch",
    "LineBoard",
    "RoutingPanel",
    "View",
    "VoicemailPlayer",
]
