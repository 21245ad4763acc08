"""What the views show, without a widget in it: plain objects that can be tested and used without a browser."""

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
