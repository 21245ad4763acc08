"""What the views show, without a widget in it: plain objects that can be tested and used without a browser."""

from .agent import AgentModel
from .board import BoardModel, BoardRow, Sort
from .call_log import CallLogModel, LogRow, LogSort
from .calls import CallRow, CallsModel, Operation
from .connection import ConnectionModel
from .dial import DialModel
from .directory import DirectoryModel
from .explorer import Exchange, ExplorerModel, Form, FormField
from .routing import RoutingModel
from .voicemail import MessageRow, Sound, TooLong, VoicemailModel

__all__ = [
    "AgentModel",
    "BoardModel",
    "BoardRow",
    "CallLogModel",
    "CallRow",
    "CallsModel",
    "ConnectionModel",
    "DialModel",
    "DirectoryModel",
    "Exchange",
    "ExplorerModel",
    "Form",
    "FormField",
    "LogRow",
    "LogSort",
    "MessageRow",
    "Operation",
    "RoutingModel",
    "Sort",
    "Sound",
    "TooLong",
    "VoicemailModel",
]
