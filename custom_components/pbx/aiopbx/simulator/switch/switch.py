"""The whole switch."""

from .centre import CallCentre


class Switch(CallCentre):
    """A telephone system in memory: synchronous, on a clock that may be turned by hand, without any wire.

    Methods are what people do at a telephone or ask a server for. They raise ``SwitchError`` and change nothing when
    they refuse; what changed is told to the listeners before they return.
    """
