"""myCrm: the terminals of a user, and calling with them."""

from ...operations import Send, operation
from ..types.crm import CrmTerminal
from ..types.session import Application
from .session import IstraService


class Crm(IstraService, service="crm", applications=(Application.CRM,)):
    """Terminals. A listener is created for one of them, and then bound to it."""

    @operation("GET", "v1/crm/GetTerminals")
    def terminals(self) -> Send[tuple[CrmTerminal, ...]]:
        """List the terminals of the user."""
        return Send()

    @operation("GET", "v1/crm/CallLine")
    def listen(self, *, listener_name: str, terminal_id: str) -> Send[None]:
        """Let the events of a terminal be pushed for a listener from now on. Calls in progress are not reported."""
        return Send(listenerName=listener_name, terminalId=terminal_id)

    @operation("GET", "v1/crm/PlaceCall", repeatable=False, starts_call=True)
    def place_call(self, *, terminal_id: str, destination: str) -> Send[None]:
        """Call with a terminal."""
        return Send(terminalId=terminal_id, destination=destination)
