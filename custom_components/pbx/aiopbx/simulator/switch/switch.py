"""The whole switch."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..clock import Clock
from .centre import CallCentre
from .objects import ObjectTree
from .settings import SwitchSettings

if TYPE_CHECKING:
    from ..settings import UserSpec


class Switch(CallCentre):
    """A telephone system in memory: synchronous, on a clock that may be turned by hand, without any wire.

    Methods are what people do at a telephone or ask a server for. They raise ``SwitchError`` and change nothing when
    they refuse; what changed is told to the listeners before they return.
    """

    def __init__(self, clock: Clock, users: "Iterable[UserSpec]" = (), settings: SwitchSettings | None = None) -> None:
        """Start with these users and no call."""
        super().__init__(clock, users, settings)
        self.objects = ObjectTree(self)
        """Everything that PBX management shows."""
