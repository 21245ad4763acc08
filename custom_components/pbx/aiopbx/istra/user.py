"""myIstra on one connection: a user, who is one line without calls."""

from collections.abc import Collection
from datetime import UTC, datetime

from msgspec.structs import asdict, replace

from ..errors import UnknownLine
from ..model import AvailableLine, LineSnapshot
from ..ports import DialOptions, Refusing
from ..settings.connection import ConnectionSettings
from ..store import Reduced
from .client import IstraClient, Push
from .lines import IstraChecks, Lines, Listeners, Monitored, Start
from .parts import IstraCallerId, IstraCallLog, IstraVoicemail
from .reducer import user as reducer
from .reducer.tables import ended_unseen
from .types.enduser import Notifications, User, UserInfo


class EndUser:
    """The user. See ``Monitor``."""

    reads_calls = False

    def __init__(
        self, client: IstraClient, settings: ConnectionSettings, lines: Lines, listeners: Listeners, start: Start
    ) -> None:
        """Begin with nothing known."""
        self.login = settings.username
        self.user_id: str | None = None
        self.commands = UserCommands(client, self)
        self._client = client
        self._wanted = settings.lines
        self._lines = lines
        self._listeners = listeners
        self._info = UserInfo()
        self._pushed = Notifications()
        """What was pushed before the state was known: it is newer."""

    async def discover(self) -> Monitored:
        """``GET v1/user/Info``."""
        info = self._info = await self._client.enduser.info()
        self.user_id = info.user.id if info.user is not None else None
        if self._wanted not in ("all", (self.login,), ()):
            raise UnknownLine("lines: a user of myIstra is one line.", remedy="Leave it out.")
        lines = (LineSnapshot(id=self.login, name=info.user_name or ""),) if self._wanted else ()
        return Monitored(lines, version=info.istra_version or "")

    async def sync(self, monitored: Monitored) -> None:
        """Register the listener with the counters, which is their state as well."""
        self._lines.set(monitored.lines, ended_unseen)
        if not monitored.lines:
            return
        now = datetime.now(UTC)
        self._lines.change(self.login, lambda line: reducer.user(line, self._info, now))
        name = await self._listeners.create()
        state = await self._client.enduser.notifications(listener_name=name)
        self.counted(_over(state, self._pushed))
        line = self._lines.get(self.login)
        if line is not None and line.caller_id is None and self.user_id is not None:
            self.shows(await self._client.enduser.user(self.user_id))
        self._lines.confirmed(self.login)

    def apply(self, push: Push) -> None:
        """Apply the counters that were pushed."""
        for counters in push.items:
            if isinstance(counters, Notifications):
                self._pushed = _over(self._pushed, counters)
                self.counted(counters)

    async def confirm(self, lines: Collection[str] | None) -> None:
        """Read the counters again."""
        if self._lines.get(self.login) is not None:
            self.counted(await self._client.enduser.notifications())

    async def available_lines(self) -> tuple[AvailableLine, ...]:
        """The own line."""
        return (AvailableLine(id=self.login, name=self._info.user_name or ""),)

    def counted(self, counters: Notifications) -> None:
        """Apply how many messages and missed calls wait."""

        def change(line: LineSnapshot) -> Reduced:
            return reducer.counters(line, counters, datetime.now(UTC))

        self._lines.change(self.login, change)

    def shows(self, user: User) -> None:
        """Apply the number that others see."""

        def change(line: LineSnapshot) -> Reduced:
            return reducer.caller_id(line, user, datetime.now(UTC))

        self._lines.change(self.login, change)


def _over(older: Notifications, newer: Notifications) -> Notifications:
    """The newer counters; those that it leaves out, as the older has them."""
    return replace(older, **{name: value for name, value in asdict(newer).items() if value is not None})


class UserCommands(Refusing, IstraChecks):
    """The requests of myIstra."""

    def __init__(self, client: IstraClient, user: EndUser) -> None:
        """Send through this client, and have this user apply the answers."""
        super().__init__(devices=True)
        self._enduser = client.enduser
        self._user = user
        self._voicemail = IstraVoicemail(client.enduser, user.counted)
        self._call_log = IstraCallLog(client.enduser)
        self._caller_id = IstraCallerId(client.enduser, user)

    @property
    def voicemail(self) -> IstraVoicemail:
        """The mailbox."""
        return self._voicemail

    @property
    def call_log(self) -> IstraCallLog:
        """The history."""
        return self._call_log

    @property
    def caller_id(self) -> IstraCallerId:
        """The number that others see."""
        return self._caller_id

    async def dial(self, line: LineSnapshot, number: str, options: DialOptions) -> str | None:
        """``POST v1/user/Terminal/{id}/placeCall``. Calls are not pushed to this application."""
        await self._enduser.place_call(options.device or "", number)
        return None

    async def refresh_counters(self, line: LineSnapshot) -> None:
        """``GET v1/logs/Notifications/bean``."""
        self._user.counted(await self._enduser.notifications())
