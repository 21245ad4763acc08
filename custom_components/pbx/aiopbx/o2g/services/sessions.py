"""Session management: what a client needs before anything else."""

from ..operations import Request, Service, operation
from ..types.sessions import SessionInfo, SessionRequest, SessionTokenInfo


class Sessions(Service, service="Sessions"):
    """The session of this client. Opening and closing it is the client's own business."""

    @operation("GET", "/sessions")
    def session(self) -> Request[SessionInfo]:
        """Read what the open session is."""
        return Request()

    @operation("POST", "/sessions")
    def open_session(self, body: SessionRequest) -> Request[SessionInfo]:
        """Open a session with the account that has authenticated; it can be opened once."""
        return Request(body=body)

    @operation("DELETE", "/sessions")
    def close_session(self) -> Request[None]:
        """Close the session, and give its licences back."""
        return Request()

    @operation("POST", "/sessions/keepalive", safe=True)
    def keepalive(self) -> Request[SessionTokenInfo | None]:
        """Restart the session's timer; answers with the end of a token, if the session was opened with one."""
        return Request()
