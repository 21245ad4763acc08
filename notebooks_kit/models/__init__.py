"""What the views show, without a widget in it: plain objects that can be tested and used without a browser."""

from typing import TYPE_CHECKING

from ..on_use import on_use

if TYPE_CHECKING:
    from .agent import AgentModel
    from .board import BoardModel, BoardRow, Sort
    from .call_log import CallLogModel, LogRow, LogSort
    from .calls import CallRow, CallsModel, Operation
    from .centre import AgentsModel, CentreModel, CentreRow, QueuesModel, WaitingModel
    from .connection import ConnectionModel
    from .console import ConsoleModel
    from .dial import DialModel
    from .directory import DirectoryModel
    from .event_log import Entry, EventLogModel
    from .explorer import Exchange, ExplorerModel, Form, FormField
    from .faults import FaultsModel
    from .ladder import LadderModel, Step
    from .load import LoadModel
    from .routing import RoutingModel
    from .timeline import TimelineModel
    from .voicemail import MessageRow, Sound, TooLong, VoicemailModel

__all__ = [
    "AgentModel",
    "AgentsModel",
    "BoardModel",
    "BoardRow",
    "CallLogModel",
    "CallRow",
    "CallsModel",
    "CentreModel",
    "CentreRow",
    "ConnectionModel",
    "ConsoleModel",
    "DialModel",
    "DirectoryModel",
    "Entry",
    "EventLogModel",
    "Exchange",
    "ExplorerModel",
    "FaultsModel",
    "Form",
    "FormField",
    "LadderModel",
    "LoadModel",
    "LogRow",
    "LogSort",
    "MessageRow",
    "Operation",
    "QueuesModel",
    "RoutingModel",
    "Sort",
    "Sound",
    "Step",
    "TimelineModel",
    "TooLong",
    "VoicemailModel",
    "WaitingModel",
]

__getattr__ = on_use(
    __name__,
    {
        "agent": "AgentModel",
        "board": "BoardModel BoardRow Sort",
        "call_log": "CallLogModel LogRow LogSort",
        "calls": "CallRow CallsModel Operation",
        "centre": "AgentsModel CentreModel CentreRow QueuesModel WaitingModel",
        "connection": "ConnectionModel",
        "console": "ConsoleModel",
        "dial": "DialModel",
        "directory": "DirectoryModel",
        "event_log": "Entry EventLogModel",
        "explorer": "Exchange ExplorerModel Form FormField",
        "faults": "FaultsModel",
        "ladder": "LadderModel Step",
        "load": "LoadModel",
        "routing": "RoutingModel",
        "timeline": "TimelineModel",
        "voicemail": "MessageRow Sound TooLong VoicemailModel",
    },
)
