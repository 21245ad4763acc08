"""What all applications have: the session, and listeners."""

from ..operations import Request, Service, operation, sends
from ..types.session import Listener, ListenerRequest


class SessionService(Service, service="service"):
    """The session of this client, which opens and closes it by itself, and the listeners that pushes are for."""

    @operation("POST", "v1/service/Login", safe=True)
    def login(self) -> Request[None]:
        """Log in anew with the name and password of the settings; the session that there was is over."""
        return Request()

    @operation("POST", "v1/service/Logout", safe=True)
    def logout(self) -> Request[None]:
        """Log out. Servers that want it by GET get it so."""
        return Request()

    @operation("POST", "v1/service/EventListener/bean", safe=True)
    @sends(ListenerRequest)
    def create_listener(self, name: str, terminal: str | None = None) -> Request[Listener]:
        """Create a listener, on myCrm for a terminal. Any name will do that no other listener of the session has."""
        return Request(body=ListenerRequest(name=name, terminal_id=terminal))

    @operation("DELETE", "v1/service/EventListener/bean/{name}")
    def delete_listener(self, name: str) -> Request[None]:
        """Delete a listener; what it was for is not pushed any more."""
        return Request(name)
