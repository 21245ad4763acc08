"""The whole switch."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..clock import Clock
from .objects import ObjectTree
from .routing_points import RoutingPoints
from .settings import SwitchSettings

if TYPE_CHECKING:
    from ..settings import UserSpec


class Switch(RoutingPoints):
    """A telephone system in memory: synchronous, on a clock that tests can turn by hand, without any wire.

    Methods are what people do at a telephone or request from a server. A refused one raises ``SwitchError`` and changes
    nothing; the changes of the others are published to listeners before they return.
    """

    def __init__(self, clock: Clock, users: "Iterable[UserSpec]" = (), settings: SwitchSettings | None = None) -> None:
        """Start with these users and no call."""
        super().__init__(clock, users, settings)
        self.objects = ObjectTree(self)
        """The objects of PBX management."""
