"""Call control one can touch, in Jupyter: ipywidgets on aiopbx.

``pbx = await connect()`` starts the demo PBX in the kernel and connects to it; ``LineBoard(pbx)`` shows everybody's
state, live. Models (``notebooks_kit.models``) know no widgets, views (``notebooks_kit.views``) hold no logic.
"""

from .connection import connect
from .frames import to_dataframe
from .models import BoardModel, BoardRow, ConnectionModel, Sort
from .views import (
    AgentPanel,
    ApiExplorer,
    CallLadder,
    CallLogTable,
    CallPanel,
    CallTimeline,
    ConnectionPanel,
    Console,
    DialPad,
    DirectorySearch,
    EventLog,
    LineBoard,
    LoadHeatMap,
    RoutingPanel,
    View,
    VoicemailPlayer,
)

__all__ = [
    "AgentPanel",
    "ApiExplorer",
    "BoardModel",
    "BoardRow",
    "CallLadder",
    "CallLogTable",
    "CallPanel",
    "CallTimeline",
    "ConnectionModel",
    "ConnectionPanel",
    "Console",
    "DialPad",
    "DirectorySearch",
    "EventLog",
    "LineBoard",
    "LoadHeatMap",
    "RoutingPanel",
    "Sort",
    "View",
    "VoicemailPlayer",
    "connect",
    "to_dataframe",
]
