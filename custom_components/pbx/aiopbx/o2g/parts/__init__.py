"""The parts of O2G beside calls and routing, as the model asks for them: each turns questions into requests."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from ...errors import NotAllowed, NotSupported, SessionLost
from ...model import LineSnapshot
from ..client import O2gClient

T = TypeVar("T")

Lacks = Callable[[str | None, str], None]
"""Notes that a user (None: the account) is without a licence."""


class Part:
    """Asks through one client, in the name of a line's user."""

    def __init__(self, client: O2gClient, lacks: Lacks) -> None:
        """Ask this client; ``lacks`` notes which licences are missing."""
        self._client = client
        self._lacks = lacks

    def _as(self, line: LineSnapshot) -> str | None:
        """The login name that an administrator's request needs."""
        return line.id if self._client.administrator else None

    async def _licensed(self, login: str | None, licence: str, ask: Awaitable[T]) -> T:
        """Ask what is only refused to users without this licence; a refusal becomes ``NotSupported``."""
        try:
            return await ask
        except SessionLost:
            raise
        except NotAllowed as error:
            self._lacks(login, licence)
            said = error.inner_message or error.help_message
            raise NotSupported(
                f"{login or 'This account'} may not do this." + (f" The server says: {said}" if said else ""),
                missing=licence,
                remedy=f"It needs {licence}.",
            ) from error
