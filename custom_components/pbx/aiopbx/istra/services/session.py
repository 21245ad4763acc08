"""What all applications have: the session, and listeners."""

from typing import ClassVar, Final

from ...operations import Send, Service, operation
from ..types.session import Application, Listener, ListenerRequest

EVERY: Final = tuple(Application)


class IstraService(Service):
    """A service of Istra. Commas stand in its queries as they are: servers read a list of fields in no other way."""

    applications: ClassVar[tuple[str, ...]] = EVERY
    literal: ClassVar[str] = ","


class SessionService(IstraService, service="service"):
    """The session of this client, which opens and closes it by itself, and the listeners that pushes are for."""

    @operation("POST", "v1/service/Login", repeatable=True)
    def login(self) -> Send[None]:
        """Log in anew with the name and password of the settings; the session that there was is over."""
        return Send()

    @operation("POST", "v1/service/Logout", repeatable=True)
    def logout(self) -> Send[None]:
        """Log out. Servers that want it by GET get it so."""
        return Send()

    @operation("POST", "v1/service/EventListener/bean", repeatable=True, sends=ListenerRequest)
    def create_listener(self, name: str, terminal: str | None = None) -> Send[Listener]:
        """Create a listener, on myCrm for a terminal. Any name will do that no other listener of the session has."""
        return Send(body=ListenerRequest(name=name, terminal_id=terminal))

    @operation("DELETE", "v1/service/EventListener/bean/{name}")
    def delete_listener(self, name: str) -> Send[None]:
        """Delete a listener; what it was for is not pushed any more."""
        return Send(name)
