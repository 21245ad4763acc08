"""Call control one can touch, in Jupyter: ipywidgets on aiopbx.

``pbx = await connect()`` starts the demo PBX in the kernel and connects to it; ``LineBoard(pbx)`` shows everybody's
state, live. Models (``notebooks_kit.models``) know no widgets, views (``notebooks_kit.views``) hold no logic.
"""

from .connection import connect
from .frames import to_dataframe
from .models import BoardModel, BoardRow, ConnectionModel, Sort
from .views import (
    AgentPanel,
    CallLogTable,
    CallPanel,
    ConnectionPanel,
    DialPad,
    DirectorySearch,
    LineBoard,
    RoutingPanel,
    View,
    VoicemailPlayer,
)

__all__ = [
    "AgentPanel",
    "BoardModel",
    "BoardRow",
    "CallLogTable",
    "CallPanel",
    "ConnectionModel",
    "ConnectionPanel",
    "DialPad",
    "DirectorySearch",
    "LineBoard",
    "RoutingPanel",
    "Sort",
    "View",
    "VoicemailPlayer",
    "connect",
    "to_dataframe",
]
