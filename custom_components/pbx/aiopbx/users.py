"""Which subscribers of the nodes the server knows as users."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from .administration import ManagedUser
from .charging import the_node
from .core import Core
from .errors import InvalidInput
from .loops import owned
from .model import Feature
from .ports import Commands

if TYPE_CHECKING:
    import asyncio


class Users:
    """The users of a server: ``pbx.users``. For administrators.

    A subscriber who is taken in becomes a line, and one who is let go is a line no longer: ``LineAdded`` and
    ``LineRemoved`` say so where all lines are monitored. On the nodes nothing changes.
    """

    def __init__(self, core: Core) -> None:
        """Made by ``Pbx.users`` only."""
        self._core = core

    @property
    def loop(self) -> "asyncio.AbstractEventLoop":
        """The event loop that owns the client."""
        return self._core.loop

    @owned
    async def logins(self, *, nodes: Collection[str | int] = (), device: str | None = None) -> tuple[str, ...]:
        """The login names: all, those of these nodes, or that of whose telephone has this number.

        O2G: GET of the service UserManagement.
        """
        wanted = tuple(str(one) for one in nodes)
        for one in wanted:
            if not (one.isascii() and one.isdecimal()):
                raise InvalidInput("nodes", f"{one[:20]!r} is no node.", remedy="Nodes go by their numbers.")
        number = None if device is None else self._number(device, "device")
        return await self._commands.users.logins(wanted, number)

    @owned
    async def get(self, login: str) -> ManagedUser:
        """Read a user. O2G: GET /{loginName} of the service UserManagement."""
        return await self._commands.users.read(_login(login))

    @owned
    async def create(self, *numbers: str, node: int | None = None, all: bool = False) -> tuple[ManagedUser, ...]:
        """Take subscribers of a node in, those with these numbers, or all of them only with ``all=True``.

        O2G: POST of the service UserManagement.
        """
        if bool(numbers) is all:
            raise InvalidInput(
                "numbers",
                "say which subscribers are meant, or that all are.",
                remedy="Give numbers, or all=True.",
            )
        chosen = tuple(self._number(one, "numbers") for one in numbers)
        return await self._commands.users.create(the_node(self._core, node), chosen)

    @owned
    async def delete(self, login: str) -> None:
        """Let a subscriber be a user no longer. O2G: DELETE /{loginName} of the service UserManagement."""
        await self._commands.users.delete(_login(login))

    @property
    def _commands(self) -> Commands:
        return self._core.commands_for(Feature.USERS)

    def _number(self, text: str, field: str) -> str:
        number = self._core.guard.numbers.read(text, field=field).wire
        self._core.system.commands.check_number(number, field=field)
        return number


def _login(login: str) -> str:
    if not login.strip():
        raise InvalidInput("login", "is empty.", remedy="Give the login name of a user.")
    return login
