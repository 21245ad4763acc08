"""myCrm: the terminals of a user, and calling with them."""

from ..operations import Request, Service, operation
from ..types.crm import CrmTerminal
from ..types.session import Application


class Crm(Service, service="crm", applications=(Application.CRM,)):
    """Terminals. A listener is created for one of them, and then bound to it."""

    @operation("GET", "v1/crm/GetTerminals")
    def terminals(self) -> Request[tuple[CrmTerminal, ...]]:
        """List the terminals of the user."""
        return Request()

    @operation("GET", "v1/crm/CallLine")
    def listen(self, *, listener_name: str, terminal_id: str) -> Request[None]:
        """Let the events of a terminal be pushed for a listener from now on. What is in progress is not told."""
        return Request(listenerName=listener_name, terminalId=terminal_id)

    @operation("GET", "v1/crm/PlaceCall", safe=False)
    def place_call(self, *, terminal_id: str, destination: str) -> Request[None]:
        """Call with a terminal."""
        return Request(terminalId=terminal_id, destination=destination)
