"""Which of the monitored users are agents of the call centre."""

from ..doors import each
from ..errors import NotAllowed, PbxError, SessionLost
from .client import O2gClient
from .lines import Lines
from .operations import API_CONTACTCENTER_AGENT
from .reading import answered
from .types.agent import AgentConfig


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
