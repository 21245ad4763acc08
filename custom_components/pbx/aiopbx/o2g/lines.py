"""The lines that a connection monitors: how they come onto the board, change there, and leave it."""

from collections.abc import Callable
from datetime import UTC, datetime

from ..board import Board
from ..events import CallEnded, CallStarted, Event, LineAdded, LineRemoved
from ..model import LineSnapshot
from . import reducer
from .reducer import Reduced
from .rights import Rights
from .types.event_summary import EventSummary


class Lines:
    """The board as one connection fills it. A line is there quietly until its name is known; then it is told."""

    def __init__(self, board: Board, rights: Rights) -> None:
        """Monitor nobody yet."""
        self.board = board
        self.rights = rights
        self.logins: tuple[str, ...] = ()
        self.everybody = False
        """Whether users who are created meanwhile are monitored too."""
        self.quiet: set[str] = set()
        """Those that are on the board and not told yet."""

    @property
    def licensed(self) -> list[str]:
        """Those not known to lack the advanced licence."""
        basic = self.rights.basic
        return [login for login in self.logins if login not in basic]

    def get(self, login: str) -> LineSnapshot | None:
        """The newest snapshot."""
        return self.board.lines.get(login)

    def put(self, reduced: Reduced, before: LineSnapshot) -> None:
        """Show what became of a line, if anything did."""
        after, told = reduced
        if after is before:
            if told and after.id not in self.quiet:
                self.board.publish(*told)
            return
        self.board.put(after, () if after.id in self.quiet else told)

    def refresh_features(self, login: str) -> None:
        """Work out again what a line can do."""
        line = self.get(login)
        if line is not None:
            features = self.rights.features_of(line)
            if features != line.features:
                self.put(reducer.with_features(line, features, datetime.now(UTC)), line)

    def changed(self, login: str, change: Callable[[LineSnapshot], Reduced]) -> None:
        """A request found out how a line is now."""
        line = self.get(login)
        if line is not None:
            self.put(change(line), line)
            self.refresh_features(login)

    def lacks(self, login: str | None, licence: str) -> None:
        """A request was refused for want of a licence: the feature is gone until the next connection."""
        self.rights.lacks(login, licence)
        if login is not None:
            self.refresh_features(login)

    def counted(self, line: LineSnapshot, summary: EventSummary) -> None:
        """Show counters that were read for this line."""
        newest = self.get(line.id)
        if newest is not None:
            self.put(reducer.counters(newest, summary, datetime.now(UTC)), newest)

    # ------------------------------------------------------------------------------------------------ coming and going

    def add(self, login: str) -> None:
        """Put a line on the board, quietly."""
        self.quiet.add(login)
        self.board.lines[login] = reducer.new_line(login)

    def announce(self, login: str) -> None:
        """Tell of a line, and of the calls that it has already."""
        if login not in self.quiet:
            return
        self.quiet.discard(login)
        self.refresh_features(login)
        line = self.get(login)
        if line is not None:
            now = datetime.now(UTC)
            self.board.publish(
                LineAdded(at=now, line=login, snapshot=line),
                *(CallStarted(at=now, line=login, call=call) for call in line.calls),
            )

    def remove(self, login: str) -> None:
        """Take a line off the board, and tell that its calls are over."""
        line = self.board.lines.pop(login, None)
        if line is None:
            return
        self.logins = tuple(one for one in self.logins if one != login)
        self.rights.forget(login)
        if login in self.quiet:
            self.quiet.discard(login)
            return
        now = datetime.now(UTC)
        told: list[Event] = [CallEnded(at=now, line=login, call=reducer.ended_unseen(call)) for call in line.calls]
        self.board.publish(*told, LineRemoved(at=now, line=login))
