"""From the channel to the board: every event comes through here, so it is fast."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from ..model import LineSnapshot
from . import reducer
from .lines import Lines
from .reading import Reader
from .reducer import reduce
from .types.agent import OnAgentStateChanged
from .types.events import OnChannelInformation
from .types.routing import OnRoutingStateChanged
from .types.telephony import OnTelephonyState
from .types.users import OnUserCreated, OnUserDeleted, OnUserInfoChanged

_OF_A_USER: Final = frozenset(reducer.HANDLERS)


class Intake:
    """Applies events to the lines, and hands on those that are about something else."""

    def __init__(
        self,
        lines: Lines,
        reader: Reader,
        *,
        sole: Callable[[], str | None],
        created: Callable[[OnUserCreated], None],
        said: Callable[[OnChannelInformation], None],
        news: Callable[[Any], None],
    ) -> None:
        """``sole`` names a session's one user; the others get who is created, words of the channel, other news."""
        self.waiting: dict[type, set[str]] = {
            OnTelephonyState: set(),
            OnRoutingStateChanged: set(),
            OnAgentStateChanged: set(),
        }
        """Logins whose snapshot has not come yet."""
        self._lines = lines
        self._reader = reader
        self._sole = sole
        self._created = created
        self._said = said
        self._news = news

    def take(self, events: list[Any]) -> None:
        """Apply a batch of events: the hot path."""
        now = datetime.now(UTC)
        board = self._lines.board
        lines, put = board.lines, board.put
        often = reducer.OFTEN.get
        special = bool(self._lines.quiet) or self._reader.touched is not None
        for event in events:
            line = lines.get(event.login_name)
            handler = often(type(event))
            if line is None or handler is None or special:
                self._seldom(event, line, now)
                continue
            after, told = handler(line, event, now)
            if after is not line:
                put(after, told)

    def overhear(self, events: list[Any]) -> None:
        """Take only what the channel says of itself: this connection is not in use yet, or no longer."""
        for event in events:
            if type(event) is OnChannelInformation:
                self._said(event)

    def _seldom(self, event: Any, line: LineSnapshot | None, now: datetime) -> None:
        kind = type(event)
        if kind is OnChannelInformation:
            self._said(event)
        elif kind is OnUserCreated:
            self._created(event)
        elif kind is OnUserDeleted:
            if line is not None:
                self._remove(line.id)
        elif kind in _OF_A_USER:
            if line is None:
                # The reference leaves the login name out of some events; a user's session has only one user.
                login = self._sole() if event.login_name is None else None
                line = self._lines.get(login) if login is not None else None
                if line is None:
                    return  # about somebody who is not monitored
            self._of_a_user(kind, event, line, now)
        else:
            self._news(event)

    def _of_a_user(self, kind: type, event: Any, line: LineSnapshot, now: datetime) -> None:
        login = line.id
        if self._reader.touched is not None:
            self._reader.touched.add((kind, login))
        self._lines.put(reduce(line, event, now), line)
        waiting = self.waiting.get(kind)
        if waiting:
            waiting.discard(login)
        if kind is OnRoutingStateChanged or kind is OnUserInfoChanged or kind is OnAgentStateChanged:
            self._lines.refresh_features(login)

    def _remove(self, login: str) -> None:
        self._lines.remove(login)
        for waiting in self.waiting.values():
            waiting.discard(login)
