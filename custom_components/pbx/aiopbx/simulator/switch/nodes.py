"""The nodes of the PBX: whether the link to each is up, and its data loaded."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from .changes import NodeChange
from .errors import SwitchError

if TYPE_CHECKING:
    from .core import Core

MAIN: Final = "CONNECTED_MAIN"
SECONDARY: Final = "CONNECTED_SECONDARY"
DOWN: Final = "DISCONNECTED"


@dataclass(frozen=True, slots=True)
class Node:
    """A node. ``link`` is which of its call servers has a link, if any."""

    id: str
    link: str = MAIN
    loaded: bool = True
    management_link: bool = True
    """Whether there is a link for the management of its objects."""


class Nodes:
    """The nodes that users belong to; the first always exists."""

    def __init__(self, core: "Core") -> None:
        """Create them, all linked and loaded."""
        self._core = core
        self._changed: dict[str, Node] = {}

    def all(self) -> tuple[Node, ...]:
        """Return every node, by number."""
        numbers = {"1", *(user.node for user in self._core.users.values())}
        return tuple(self._changed.get(key) or Node(key) for key in sorted(numbers, key=lambda key: (int(key), key)))

    def find(self, id: str) -> Node:
        """Return a node; refuses the number of a node without users."""
        node = next((node for node in self.all() if node.id == id), None)
        if node is None:
            raise SwitchError("BAD_PARAMETER_VALUE", "INVALID_DATA", f"There is no node {id!r}.")
        return node

    def linked(self, id: str) -> bool:
        """Whether there is a link to a node."""
        node = self._changed.get(id)
        return node is None or node.link != DOWN

    def link_down(self, id: str) -> None:
        """Lose the link to a node. Requests to it are refused until the link is back."""
        node = self.find(id)
        if node.link != DOWN:
            with self._core.acting() as after:
                self._changed[id] = replace(node, link=DOWN)
                after.append(NodeChange(node=id, kind="link_down"))

    def link_up(self, id: str, *, secondary: bool = False) -> None:
        """Restore the link to a node, to its main or its secondary call server."""
        node = self.find(id)
        link = SECONDARY if secondary else MAIN
        if node.link != link:
            with self._core.acting() as after:
                self._changed[id] = replace(node, link=link)
                after.append(NodeChange(node=id, kind="link_up"))

    def management_link_down(self, id: str) -> None:
        """Lose the link to a node over which its objects are managed."""
        self._set_management_link(id, False)

    def management_link_up(self, id: str) -> None:
        """Restore that link."""
        self._set_management_link(id, True)

    def _set_management_link(self, id: str, up: bool) -> None:
        node = self.find(id)
        if node.management_link is not up:
            with self._core.acting() as after:
                self._changed[id] = replace(node, management_link=up)
                after.append(NodeChange(node=id, kind="management_link_up" if up else "management_link_down"))

    def unload(self, id: str) -> None:
        """Forget the data of a node, as after a restart of it; that is published only once it is loaded again."""
        self._changed[id] = replace(self.find(id), loaded=False)

    def load(self, id: str) -> None:
        """Load all data of a node."""
        node = self.find(id)
        with self._core.acting() as after:
            self._changed[id] = replace(node, loaded=True)
            after.append(NodeChange(node=id, kind="loaded"))
