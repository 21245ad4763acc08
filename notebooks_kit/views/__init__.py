"""Widgets that mirror a model, each usable alone."""

from typing import TYPE_CHECKING

from ..on_use import on_use

if TYPE_CHECKING:
    from .agent import AgentPanel
    from .bars import Bars
    from .beside import Beside
    from .board import LineBoard
    from .call_log import CallLogTable
    from .calls import CallPanel
    from .centre import CentreBoard
    from .connection import ConnectionPanel
    from .console import Console
    from .dial import DialPad
    from .directory import DirectorySearch
    from .event_log import EventLog
    from .explorer import ApiExplorer
    from .faults import FaultPanel
    from .ladder import CallLadder
    from .load import LoadHeatMap
    from .routing import RoutingPanel
    from .timeline import CallTimeline
    from .view import View
    from .voicemail import VoicemailPlayer

__all__ = [
    "AgentPanel",
    "ApiExplorer",
    "Bars",
    "Beside",
    "CallLadder",
    "CallLogTable",
    "CallPanel",
    "CallTimeline",
    "CentreBoard",
    "ConnectionPanel",
    "Console",
    "DialPad",
    "DirectorySearch",
    "EventLog",
    "FaultPanel",
    "LineBoard",
    "LoadHeatMap",
    "RoutingPanel",
    "View",
    "VoicemailPlayer",
]

__getattr__ = on_use(
    __name__,
    {
        "agent": "AgentPanel",
        "bars": "Bars",
        "beside": "Beside",
        "board": "LineBoard",
        "call_log": "CallLogTable",
        "calls": "CallPanel",
        "centre": "CentreBoard",
        "connection": "ConnectionPanel",
        "console": "Console",
        "dial": "DialPad",
        "directory": "DirectorySearch",
        "event_log": "EventLog",
        "explorer": "ApiExplorer",
        "faults": "FaultPanel",
        "ladder": "CallLadder",
        "load": "LoadHeatMap",
        "routing": "RoutingPanel",
        "timeline": "CallTimeline",
        "view": "View",
        "voicemail": "VoicemailPlayer",
    },
)
