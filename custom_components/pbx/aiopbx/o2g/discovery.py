"""Which lines there are, which of them are meant, and who of them has which licence."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple

from ..errors import (
    InvalidInput,
    NotAllowed,
    NotSupported,
    OutcomeUnknown,
    PbxError,
    RequestRefused,
    SessionLost,
    UnknownLine,
)
from ..loops import each
from ..model import AvailableLine, LineSnapshot
from . import reducer
from .apply import Lines, answered
from .client import O2gClient
from .operations import API_CONTACTCENTER_AGENT
from .rights import ADVANCED_LICENCE
from .types.agent import AgentConfig
from .types.telephony import AnswerRequest
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


class Agents:
    """The monitored users who are agents, with the licence for it."""

    def __init__(self, client: O2gClient, lines: Lines) -> None:
        """Nobody is known to be one yet."""
        self.logins: tuple[str, ...] = ()
        self._client = client
        self._lines = lines

    async def find(self) -> None:
        """Find them. An administrator is told who they are; of oneself one asks what one is."""
        logins = self._lines.logins
        if not self._client.administrator:
            self.logins = logins if logins and await self.config(logins[0]) is not None else ()
            return
        told = await answered(self._client.users.logins(only_acd=True)) if logins else None
        operators = set(told.login_names) if told is not None else set()
        if operators and operators.issuperset(logins) and len(logins) > 1:
            # A server that leaves the restriction out tells everybody.
            operators = {login for login in operators if await self.config(login) is not None}
        self.logins = tuple(login for login in logins if login in operators)

    async def config(self, login: str) -> AgentConfig | None:
        """What an agent is; none where the user is no agent, or lacks the licence."""
        try:
            config = await self._client.agent.agent_config(login_name=login if self._client.administrator else None)
        except SessionLost:
            raise
        except NotAllowed:
            self._lines.rights.lacks(login, API_CONTACTCENTER_AGENT)
            return None
        except PbxError as error:
            if error.transient:
                raise
            return None
        return config if config != AgentConfig() else None

    async def drop_unlicensed(self) -> bool:
        """Leave out those without a licence; false where there are none."""
        licensed: set[str] = set()

        async def look(login: str) -> None:
            if await self.config(login) is not None:
                licensed.add(login)

        await each(self.logins, look)
        before = self.logins
        self.logins = tuple(login for login in before if login in licensed)
        return len(self.logins) < len(before)


ANY_LICENCE: Final = f"TELEPHONY_BASIC or {ADVANCED_LICENCE}"
_NO_DEVICE: Final = "none"
"""No telephone has this number, so a request for it does nothing."""


async def without_advanced(client: O2gClient, logins: tuple[str, ...]) -> set[str]:
    """Which of these users have no TELEPHONY_ADVANCED: they may not read their own telephonic state."""
    lacking: set[str] = set()

    async def look(login: str) -> None:
        try:
            await client.telephony.telephonic_state(login_name=login if client.administrator else None)
        except SessionLost:
            raise
        except NotAllowed:
            lacking.add(login)
        except RequestRefused:
            return

    await each(logins, look)
    return lacking


async def check_basic(client: O2gClient) -> None:
    """Raise ``NotSupported`` if the user of this session has not even TELEPHONY_BASIC.

    That licence has nothing to read, only calls to make, answer and drop. So a call is "answered" on a telephone that
    does not exist: without a licence the server refuses that before it looks for the telephone.
    """
    try:
        await client.telephony.basic_call_answer(AnswerRequest(device_id=_NO_DEVICE))
    except SessionLost:
        raise
    except NotAllowed as error:
        if error.error_type is None:  # else call control itself was reached, and misses the telephone
            raise NotSupported(
                f"{client.login} has no licence for telephony at all.",
                missing=ANY_LICENCE,
                remedy=f"Have {ADVANCED_LICENCE} assigned to the user, or TELEPHONY_BASIC, which can dial, answer and "
                "hang up, no more; or log in as another.",
            ) from error
    except (RequestRefused, OutcomeUnknown):
        return
