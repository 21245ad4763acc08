"""Call control in Jupyter: ipywidgets on aiopbx.

``pbx = await connect()`` starts the demo PBX in the kernel and connects to it; ``LineBoard(pbx)`` shows the state of
every line, live. Models (``notebooks_kit.models``) know no widgets, views (``notebooks_kit.views``) hold no logic.
"""

from typing import TYPE_CHECKING

from .on_use import on_use

if TYPE_CHECKING:
    from .connection import connect, demo
    from .dataframes import to_dataframe
    from .demo_pbx import Demo
    from .models import BoardModel, BoardRow, ConnectionModel, Sort
    from .sample_calls import week_of_calls
    from .views import (
        AgentPanel,
        ApiExplorer,
        Bars,
        Beside,
        CallLadder,
        CallLogTable,
        CallPanel,
        CallTimeline,
        CentreBoard,
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
    "CentreBoard",
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

__getattr__ = on_use(
    __name__,
    {
        "connection": "connect demo",
        "dataframes": "to_dataframe",
        "models": "BoardModel BoardRow ConnectionModel Sort",
        "sample_calls": "week_of_calls",
        "views": (
            "AgentPanel ApiExplorer Bars Beside CallLadder CallLogTable CallPanel CallTimeline CentreBoard "
            "ConnectionPanel Console DialPad DirectorySearch EventLog FaultPanel LineBoard LoadHeatMap "
            "RoutingPanel View VoicemailPlayer"
        ),
        "demo_pbx": "Demo",  # a connection to a real PBX needs no simulator
    },
)
