"""The number that others see, on myIstra."""

from typing import Final, Protocol

from ...errors import NotSupported
from ...model import CallerIdChoice, LineSnapshot
from ..services.enduser import EndUser
from ..types import enduser as wire

_WORD: Final = {
    CallerIdChoice.MANUAL: wire.CallerIdChoice.MANUAL_SETTING,
    CallerIdChoice.FROM_PRESENCE: wire.CallerIdChoice.FROM_PRESENCE_STATE,
}


class Shown(Protocol):
    """Who is told what others see."""

    user_id: str | None

    def shows(self, told: wire.User) -> None:
        """It is this."""


class IstraCallerId:
    """Reads and chooses it."""

    def __init__(self, service: EndUser, user: Shown) -> None:
        """Ask this service, and tell this user."""
        self._service = service
        self._user = user

    def _id(self) -> str:
        if self._user.user_id is None:
            raise NotSupported("The server does not say under which id the user can be changed.", missing="caller_id")
        return self._user.user_id

    async def set(self, line: LineSnapshot, choice: CallerIdChoice, number: str | None) -> None:
        """``PUT v1/user/IUser/{id}``; then it is read, because the answer only says what was sent."""
        id_ = self._id()
        await self._service.set_caller_id(id_, _WORD[choice], number)
        self._user.shows(await self._service.user(id_))

    async def refresh(self, line: LineSnapshot) -> None:
        """``GET v1/user/IUser/{id}``."""
        self._user.shows(await self._service.user(self._id()))
