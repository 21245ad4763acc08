"""Which lines there are, and which of them are meant."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from ..doors import each
from ..errors import InvalidInput, RequestRefused, SessionLost, UnknownLine
from ..model import AvailableLine, LineSnapshot
from . import reducer
from .client import O2gClient
from .reading import answered
from .types.users import User


class Found(NamedTuple):
    """Whom to monitor."""

    logins: tuple[str, ...]
    everybody: bool = False
    user: User | None = None
    """The own user, which a user's session has read for this."""


async def find_lines(client: O2gClient, wanted: Literal["all"] | tuple[str, ...]) -> Found:
    """Find the logins of lines named by login or number. Raises ``UnknownLine`` for those that do not exist."""
    if not client.administrator:
        return await _find_own(client, wanted)
    if wanted == "all":
        return Found((await client.users.logins()).login_names, everybody=True)
    if not wanted:
        return Found(())
    known = set((await client.users.logins()).login_names)
    found: dict[str, str | None] = {key: key if key in known else None for key in wanted}

    async def look_up(number: str) -> None:
        try:
            found[number] = (await client.users.find_user(company_phone=number)).login_name
        except SessionLost:
            raise
        except (RequestRefused, InvalidInput):
            return

    await each([key for key in wanted if found[key] is None], look_up)
    unknown = [key for key, login in found.items() if login is None]
    if unknown:
        some = ", ".join(sorted(known)[:10]) + (f" and {len(known) - 10} more" if len(known) > 10 else "")
        raise UnknownLine(
            f"The server does not know {', '.join(unknown)}.",
            remedy=f"Use login names or numbers; there are: {some}.",
        )
    return Found(tuple(dict.fromkeys(login for login in found.values() if login is not None)))


async def _find_own(client: O2gClient, wanted: Literal["all"] | tuple[str, ...]) -> Found:
    login = client.login
    user = await client.users.user(login)
    own = {login, user.login_name, user.company_phone}
    unknown = [key for key in wanted if key not in own] if wanted != "all" else []
    if unknown:
        raise UnknownLine(
            f"{login} may not monitor {', '.join(unknown)}.",
            remedy="A user monitors the own line only; log in as an administrator for others.",
        )
    return Found((login,) if wanted else (), user=user)


async def available_lines(client: O2gClient, known: Mapping[str, LineSnapshot]) -> tuple[AvailableLine, ...]:
    """Every user for an administrator, oneself for a user. What is ``known`` already is not asked for."""
    logins = (await client.users.logins()).login_names if client.administrator else (client.login,)
    found: dict[str, AvailableLine] = {login: AvailableLine(id=login) for login in logins}

    async def look(login: str) -> None:
        line = known.get(login)
        if line is None or not line.number:
            user = await answered(client.users.user(login))
            if user is None:
                return
            line = reducer.user(reducer.new_line(login), user, datetime.now(UTC))[0]
        found[login] = AvailableLine(id=login, number=line.number, name=line.name)

    await each(logins, look)
    return tuple(found.values())
