"""The first step of a link: which lines there are, which of them are monitored, and who of them is an agent."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Final, Literal

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
from .client import O2gClient
from .rights import ADVANCED_LICENCE, Rights
from .types.agent import AgentConfig
from .types.base import API_CONTACTCENTER_AGENT
from .types.telephony import AnswerRequest
from .types.users import User

_LOG = logging.getLogger(__name__)

_ALL_TRIED: Final = 100
"""Of so many users, at most, each is asked for the configuration as an agent, if the server lists everybody as one."""
_TRIED: Final = 20
"""So many of more are asked first."""


@dataclass(frozen=True, slots=True)
class Monitored:
    """What a link monitors, as it was when the link was opened."""

    logins: tuple[str, ...] = ()
    everybody: bool = False
    """Whether users who are created later are monitored, too."""
    agents: tuple[str, ...] = ()
    """Those who are agents."""
    users: Mapping[str, User] = field(default_factory=dict)
    """Those who were read to find their lines, by login."""


async def discover(client: O2gClient, wanted: Literal["all"] | tuple[str, ...], rights: Rights) -> Monitored:
    """Find the lines that are wanted, by login or number. Raises ``UnknownLine`` for those that do not exist."""
    server = client.descriptor.server_info
    rights.connected((client.url, server.product_version if server is not None else None), monotonic())
    users: dict[str, User] = {}
    everybody = False
    if not client.administrator:
        logins, users = await _find_own(client, wanted)
    elif wanted == "all":
        logins, everybody = (await client.users.logins()).login_names, True
    else:
        logins, users = await _find_named(client, wanted)
    return Monitored(logins, everybody, await _find_agents(client, logins, rights), users)


async def _find_named(client: O2gClient, wanted: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str, User]]:
    users: dict[str, User] = {}
    if not wanted:
        return (), users
    known = set((await client.users.logins()).login_names)
    found: dict[str, str | None] = {key: key if key in known else None for key in wanted}

    async def look_up(number: str) -> None:
        try:
            user = await client.users.find_user(company_phone=number)
        except SessionLost:
            raise
        except (RequestRefused, InvalidInput):
            return
        found[number] = user.login_name
        if user.login_name is not None:
            users[user.login_name] = user

    await each([key for key in wanted if found[key] is None], look_up)
    unknown = [key for key, login in found.items() if login is None]
    if unknown:
        some = ", ".join(sorted(known)[:10]) + (f" and {len(known) - 10} more" if len(known) > 10 else "")
        raise UnknownLine(
            f"The server does not know {', '.join(unknown)}.",
            remedy=f"Use login names or numbers; there are: {some}.",
        )
    return tuple(dict.fromkeys(login for login in found.values() if login is not None)), users


async def _find_own(
    client: O2gClient, wanted: Literal["all"] | tuple[str, ...]
) -> tuple[tuple[str, ...], dict[str, User]]:
    login = client.login
    user = await client.users.user(login)
    own = {login, user.login_name, user.company_phone}
    unknown = [key for key in wanted if key not in own] if wanted != "all" else []
    if unknown:
        raise UnknownLine(
            f"{login} may not monitor {', '.join(unknown)}.",
            remedy="A user monitors the own line only; log in as an administrator for others.",
        )
    return ((login,) if wanted else ()), {login: user}


async def available_lines(client: O2gClient, known: Mapping[str, LineSnapshot]) -> tuple[AvailableLine, ...]:
    """Every user for an administrator, the own line for a user. A line that is ``known`` is not read again."""
    logins = (await client.users.logins()).login_names if client.administrator else (client.login,)
    found: dict[str, AvailableLine] = {login: AvailableLine(id=login) for login in logins}

    async def look(login: str) -> None:
        line = known.get(login)
        if line is None or not line.number:
            try:
                user = await client.users.user(login)
            except SessionLost:
                raise
            except RequestRefused as error:
                if error.transient:
                    raise
                return
            line = reducer.user(reducer.new_line(login), user, datetime.now(UTC))[0]
        found[login] = AvailableLine(id=login, number=line.number, name=line.name)

    await each(logins, look)
    return tuple(found.values())


# --------------------------------------------------------------------------------------------------------------- agents


async def _find_agents(client: O2gClient, logins: tuple[str, ...], rights: Rights) -> tuple[str, ...]:
    if not logins:
        return ()
    if not client.administrator:
        # A user cannot list the agents, only read the own configuration as one.
        return logins if await agent_config(client, logins[0], rights) is not None else ()
    try:
        agents = set((await client.users.logins(only_acd=True)).login_names)
    except SessionLost:
        raise
    except RequestRefused as error:
        if error.transient:
            raise
        return ()  # a server without a call centre
    if agents and agents.issuperset(logins) and len(logins) > 1:
        # Perhaps the server ignores the restriction and lists everybody.
        if len(logins) > _ALL_TRIED and not await licensed_agents(client, _some(logins), rights):
            _LOG.info(
                "The server lists every user as an agent, and some that were tried are none: agents are not shown"
            )
            return ()
        return await licensed_agents(client, logins, rights)
    return tuple(login for login in logins if login in agents)


def _some(logins: tuple[str, ...]) -> tuple[str, ...]:
    """A few of these, from all over the list."""
    return logins[:: -(-len(logins) // _TRIED)]


async def licensed_agents(client: O2gClient, logins: tuple[str, ...], rights: Rights) -> tuple[str, ...]:
    """Those of these users who are agents with the licence for it."""
    licensed: set[str] = set()

    async def look(login: str) -> None:
        if await agent_config(client, login, rights) is not None:
            licensed.add(login)

    await each(logins, look)
    return tuple(login for login in logins if login in licensed)


async def agent_config(client: O2gClient, login: str, rights: Rights) -> AgentConfig | None:
    """How an agent is configured; None for a user who is no agent, or has no licence for it."""
    try:
        config = await client.agent.agent_config(login_name=login if client.administrator else None)
    except SessionLost:
        raise
    except NotAllowed:
        rights.lacks(login, API_CONTACTCENTER_AGENT)
        return None
    except PbxError as error:
        if error.transient:
            raise
        return None
    return config if config != AgentConfig() else None


# ------------------------------------------------------------------------------------------------------------- licences

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
