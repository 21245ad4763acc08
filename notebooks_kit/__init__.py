"""Call control one can touch, in Jupyter: ipywidgets on aiopbx.

``pbx = await connect()`` starts the demo PBX in the kernel and connects to it; ``LineBoard(pbx)`` shows everybody's
state, live. Models (``notebooks_kit.models``) know no widgets, views (``notebooks_kit.views``) hold no logic.
"""

from .connection import connect, demo
from .frames import to_dataframe
from .models import BoardModel, BoardRow, ConnectionModel, Sort
from .sample import week_of_calls
from .simulated import Demo
from .views import (
    AgentPanel,
    ApiExplorer,
    Bars,
    Beside,
    CallLadder,
    CallLogTable,
    CallPanel,
    CallTimeline,
    ConnectionPanel,
    Console,
    DialPad,
    DirectorySearch,
    EventLog,
    FaultPanel,
    LineBoard,
    LoadHeatMap,
    RoutingPanel,
    View,
    VoicemailPlayer,
)

__all__ = [
    "AgentPanel",
    "ApiExplorer",
    "Bars",
    "Beside",
    "BoardModel",
    "BoardRow",
    "CallLadder",
    "CallLogTable",
    "CallPanel",
    "CallTimeline",
    "ConnectionModel",
    "ConnectionPanel",
    "Console",
    "Demo",
    "DialPad",
    "DirectorySearch",
    "EventLog",
    "FaultPanel",
    "LineBoard",
    "LoadHeatMap",
    "RoutingPanel",
    "Sort",
    "View",
    "VoicemailPlayer",
    "connect",
    "demo",
    "to_dataframe",
    "week_of_calls",
]
