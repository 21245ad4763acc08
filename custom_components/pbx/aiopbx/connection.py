"""The supervisor: keeps one system connected, and says how the connection is.

It is a state machine, and reads from top to bottom like this:

    start ──> attempt: connect + subscribe ──> sync ──> ONLINE ──> lost ──> OFFLINE ──> back off ──> attempt …
                                                          │
                                                          └─ on the secondary: the primary serves again ──> sync

``Link`` is one connection that is open, ``System`` opens them: how is up to the wire. The supervisor decides only when,
and which server. Three rules hold throughout:

- One attempt at a time, after a pause that grows: neither a server that is down nor one that accepts connections and
  drops them at once gets a storm.
- What was opened is given back, also where something fails or is cancelled half-way: a session that is left behind
  holds a licence of the server until it expires.
- It cannot die. A reconnect must not depend on code below raising only what it promises: whatever else is raised is
  logged with its traceback, counted, shown as offline, and followed by the next attempt.
"""

import asyncio
import logging
import random as _random
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final

from .backoff import Backoff
from .errors import AuthenticationFailed, ConnectionFailed, EventsLate, InvalidInput, PbxError
from .events import StatusChanged
from .loops import settle
from .model import Obstacle, ObstacleKind, Status, SystemInfo
from .ports import Link, System
from .store import Store

_LOG = logging.getLogger(__name__)

Sleep = Callable[[float], Awaitable[None]]

_STABLE: Final = 60.0
"""Seconds that a connection must have lasted for the next back-off to begin from the start."""
_FOR_A_PERSON: Final = (AuthenticationFailed, EventsLate)
"""Errors that only a person can mend."""
_SELDOM: Final = 10
"""How many times the fail-back interval is at most, for a primary that answers and does not serve."""


class Connection:
    """Keeps one system connected. See the module for how."""

    def __init__(
        self,
        system: System,
        store: Store,
        *,
        minimum: float = 1.0,
        maximum: float = 60.0,
        fail_back_interval: float = 30.0,
        random: Callable[[], float] = _random.random,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Supervise this system, and publish its status through this store. Times are seconds.

        While the secondary serves, the primary server is probed every ``fail_back_interval``.
        """
        self.status = Status.CONNECTING
        self.error: PbxError | None = None
        """Why it is not online."""
        self.info = SystemInfo()
        self.losses = 0
        self.fail_overs = 0
        self.unforeseen = 0
        """Exceptions that nothing below should have raised. Each is logged with its traceback."""
        self._silences = Silences()
        self._online_since = monotonic()
        self._system = system
        self._store = store
        self._backoff = Backoff(minimum, maximum, random)
        self._fail_back_interval = fail_back_interval
        self._sleep = sleep
        self._link: Link | None = None
        """The connection in use. Without one, the supervisor's next step is an attempt."""
        self._server = 0
        """The server that served last."""
        self._tried = 0
        """Attempts since the last loss."""
        self._not_before: dict[int, float] = {}
        """When a server wants to be asked again, by the loop's clock, where it has said so."""
        self._supervisor: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None

    # ------------------------------------------------------------------------------------------------ start and close

    async def start(self) -> None:
        """Connect for the first time, then supervise. Raises what went wrong, and leaves nothing behind then.

        The first attempt has no back-off: the caller is waiting, and should see a wrong address or password at once.
        """
        first: PbxError | None = None
        for server in range(self._system.servers):
            try:
                await self._attempt(server)
                break
            except (AuthenticationFailed, InvalidInput) as error:
                # The other server has the same accounts, and two wrong passwords lock one sooner than one does. What
                # is wrong with the settings is wrong for both.
                self.error = first or error
                raise self.error from None
            except PbxError as error:
                # Whatever else one server answers says nothing about the other: before each may stand a proxy of its
                # own, and each has its own certificate, its own licences, and its own day.
                first = first or error
                self.error = first
        if self._link is None:
            raise first or ConnectionFailed("There is no server to connect to.")
        if first is not None:
            _LOG.warning("Connected to the secondary server, as the primary one does not serve: %s", first)
        self._supervisor = asyncio.create_task(self._supervise(), name="aiopbx supervisor")

    async def close(self) -> None:
        """End it: link given back, status ``closed``. Never raises; more than once is fine.

        The end is a task of its own, so that a ``close`` that is cancelled half-way still ends everything: it waits for
        that, which takes seconds at most, before it is cancelled itself.
        """
        if self._ending is None or (self._ending.done() and self.status is not Status.CLOSED):
            self._ending = asyncio.create_task(self._end(), name="aiopbx closing")
        await _uninterrupted(self._ending)

    async def _end(self) -> None:
        try:
            await settle(self._supervisor)
        finally:
            try:
                await self._drop_link()
            finally:
                self._set(Status.CLOSED)

    @property
    def obstacles(self) -> tuple[Obstacle, ...]:
        """What stands in the way between here and the system, as far as it has shown."""
        late = self.error if isinstance(self.error, EventsLate) else None
        found = [] if late is None else [Obstacle(kind=ObstacleKind.EVENTS_LATE, text=late.message, remedy=late.remedy)]
        if (words := self._silences.words) is not None and not self._lasts():
            found.append(Obstacle(kind=ObstacleKind.IDLE_TIMEOUT, text=words, remedy=IDLE_REMEDY))
        return tuple(found)

    def _lasts(self) -> bool:
        """Whether the connection has lasted so long that what ended the last ones is gone."""
        return self.status is Status.ONLINE and monotonic() - self._online_since > _LASTS

    # ------------------------------------------------------------------------------------------------- state machine

    async def _supervise(self) -> None:
        """Take step after step, until ``close`` cancels it: stay online until the loss, or try to get there again."""
        while True:
            try:
                link = self._link
                if link is not None:
                    await self._stay_online(link)
                else:
                    await self._try_again()
            except PbxError as error:
                _LOG.info("Not connected yet: %s", error.message)
                self._set_offline(error)
            except (Exception, asyncio.CancelledError) as error:
                if _is_cancelled(error):
                    raise  # by close, or by the end of the event loop
                self._note(error, "The connection")
                self._set_offline(ConnectionFailed(f"The connection failed: {type(error).__name__}."))
                await self._drop_link()
                await asyncio.sleep(0)  # what fails without ever waiting must not stop the event loop

    async def _stay_online(self, link: Link) -> None:
        """Wait for the loss, then go offline; or, on the secondary, move to the primary when it serves again."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        lost = asyncio.create_task(link.lost())
        primary = asyncio.create_task(self._open_primary()) if self._server != 0 else None
        moving = False
        try:
            await asyncio.wait([task for task in (lost, primary) if task], return_when=asyncio.FIRST_COMPLETED)
            if primary is not None and primary.done():
                moving = True
                await self._adopt(primary.result(), 0, instead_of=link)
                return
            try:
                reason, remedy = lost.result(), self._silences.add(link.quiet)
                error = link.failure or ConnectionFailed(reason, remedy=remedy)
            except (Exception, asyncio.CancelledError) as failed:
                # A link that cannot say whether it is there is taken for lost.
                self._note(failed, "Watching the connection")
                error = ConnectionFailed(f"Watching the connection failed ({type(failed).__name__}).")
        except (Exception, asyncio.CancelledError) as raised:
            if not _is_cancelled(raised):
                self.losses += 1  # moving failed, and the old connection has been left by then
            raise
        finally:
            await settle(lost, primary)
            if primary is not None and not moving and not primary.cancelled() and primary.exception() is None:
                # It was opened in the very moment of the loss, or of the close.
                await self._give_back(primary.result())
            if loop.time() - began >= _STABLE:
                self._backoff.reset()
        self.losses += 1
        self._set_offline(error)
        # The old session is given back before a new one is asked for: both together may need one licence too many.
        await self._drop_link()

    async def _try_again(self) -> None:
        """Pause, then try one server."""
        servers = self._system.servers
        if isinstance(self.error, AuthenticationFailed):
            # An account is locked by being asked too often; only a person can mend this.
            pause = self._backoff.longest()
        elif self._tried % servers == 0:
            pause = self._backoff.next()
        else:
            # The other server of a pair, in the same round: it may have taken over already.
            pause = self._backoff.spread(self._backoff.minimum)
        # Every server once a round, beginning with the one that served last: mostly it was only the connection.
        server = (self._server + self._tried) % servers
        # A server that has named a time to come back is left alone for it; the other of a pair is none the busier.
        left_alone = self._not_before.pop(server, 0.0) - asyncio.get_running_loop().time()
        await self._sleep(max(pause, left_alone))
        self._tried += 1
        await self._attempt(server)

    async def _attempt(self, server: int) -> None:
        """Try this server once: connect, synchronise, be online. Raises what went wrong, with nothing left behind."""
        try:
            link = await self._system.open(server)
            await self._adopt(link, server)
        except PbxError as error:
            wanted = _retry_after(error)
            if wanted is not None:
                self._not_before[server] = asyncio.get_running_loop().time() + wanted
            raise

    async def _open_primary(self) -> Link:
        """Wait until the primary server serves again, and connect to it while the secondary is still in use.

        Whatever goes wrong here says nothing about the secondary, which serves on.
        """
        pause = self._fail_back_interval
        wanted = 0.0
        while True:
            await self._sleep(max(self._backoff.spread(pause), wanted))
            wanted = 0.0
            try:
                if not await self._system.serves(0):
                    continue
                return await self._system.open(0)
            except PbxError as error:
                _LOG.info("The primary server answers and does not serve yet: %s", error.message)
                wanted = max(wanted, _retry_after(error) or 0.0)
            except (Exception, asyncio.CancelledError) as error:
                if _is_cancelled(error):
                    raise
                self._note(error, "Probing the primary server")
            # A login each time would be seen by the server: less and less often.
            pause = min(pause * 2, self._fail_back_interval * _SELDOM)

    async def _adopt(self, link: Link, server: int, instead_of: Link | None = None) -> None:
        """Use an open link: synchronise over it, then be online. The link that it replaces is given back before.

        From here on the new link is the one that ``close`` and a failure give back.
        """
        self._link = link
        try:
            self.info = link.info
            self._system.use(link)
            # Not online from the moment that the old channel ends: nothing is confirmed until the new one has synced.
            self._set(Status.SYNCING)
            if instead_of is not None:
                await self._give_back(instead_of)
            await _while_alive(link, link.sync())
        except BaseException as error:
            if isinstance(error, PbxError):
                self._set_offline(error)
            await self._drop_link()
            raise
        if server != self._server:
            self.fail_overs += 1
            self._server = server
        self._tried = 0
        self._online_since = monotonic()
        self._set(Status.ONLINE)

    # ------------------------------------------------------------------------------------------------ giving links back

    async def _drop_link(self) -> None:
        """Use no link, and give back the one there was. Raises nothing but a cancellation."""
        link, self._link = self._link, None
        if link is None:
            return
        try:
            self._system.use(None)
        except Exception as error:
            self._note(error, "Leaving the old connection")
        await self._give_back(link)

    async def _give_back(self, link: Link) -> None:
        """Close a link to the end, also if this is cancelled meanwhile: half a farewell leaves a session behind.

        That the farewell of an old link fails says nothing about the next one, so it is only logged and counted.
        """
        await _uninterrupted(asyncio.create_task(self._close(link), name="aiopbx farewell"))

    async def _close(self, link: Link) -> None:
        try:
            await link.close()
        except (Exception, asyncio.CancelledError) as error:
            if _is_cancelled(error):
                raise
            self._note(error, "Giving the old session back")

    # ------------------------------------------------------------------------------------------------------- status

    def _set(self, status: Status, reason: str | None = None) -> None:
        previous = self.status
        if previous is status:
            return
        self.status = status
        if status is Status.ONLINE:
            self.error = None
        _LOG.info("%s is %s%s", self.info.url or "The system", status.value, f": {reason}" if reason else "")
        self._store.publish(StatusChanged(at=datetime.now(UTC), status=status, previous=previous, reason=reason))

    def _set_offline(self, error: PbxError) -> None:
        asks = any(isinstance(error, kind) and not isinstance(self.error, kind) for kind in _FOR_A_PERSON)
        self.error = error
        if asks and isinstance(error, EventsLate):
            _LOG.warning("%s", error)
        if asks and self.status is Status.OFFLINE:
            # It was offline before, but now this asks for a person, so it is published again.
            self._store.publish(
                StatusChanged(at=datetime.now(UTC), status=Status.OFFLINE, previous=Status.OFFLINE, reason=str(error))
            )
            return
        # The first connection raises instead: until it has succeeded there is no client that could be offline.
        if self.status is not Status.CONNECTING or self._supervisor is not None:
            self._set(Status.OFFLINE, str(error))

    def _note(self, error: BaseException, what: str) -> None:
        """Log and count what nothing should have raised."""
        self.unforeseen += 1
        _LOG.error("%s failed in a way that was not foreseen", what, exc_info=error)


IDLE_REMEDY: Final = (
    "Something between here and the server, a proxy or a firewall, closes connections on which nothing goes for so "
    "long: raise its idle time-out (nginx: proxy_read_timeout and proxy_send_timeout, HAProxy: timeout client, timeout "
    "server and timeout tunnel, Apache: ProxyTimeout)."
)
_ALIKE: Final = 3
"""So many losses in a row after the same silence have one cause."""
_LASTS: Final = 3600.0
"""Seconds online, after which an idle time-out is not spoken of any more."""
_SHORTEST_SILENCE: Final = 4.0
"""Seconds; no one sets an idle time-out that is shorter."""


class Silences:
    """The silences that losses came after: of the same length again and again, they are an idle time-out's."""

    def __init__(self) -> None:
        """No loss yet."""
        self._lengths: deque[float] = deque(maxlen=_ALIKE)
        self.words: str | None = None
        """What is known of an idle time-out; None while there seems to be none."""

    def add(self, seconds: float | None) -> str | None:
        """A loss, after so many seconds of silence; None is one for another reason. Return what to do about it."""
        if seconds is None or seconds < _SHORTEST_SILENCE:
            self._lengths.clear()
        else:
            self._lengths.append(seconds)
        lengths = self._lengths
        if len(lengths) < _ALIKE or max(lengths) - min(lengths) > max(1.5, 0.03 * max(lengths)):
            self.words = None
            return None
        if self.words is None:
            _LOG.warning("The connection has ended %s times after %.0f s of silence. %s", _ALIKE, seconds, IDLE_REMEDY)
        self.words = f"The connection ends again and again after {seconds:.0f} seconds of silence."
        return f"{self.words} {IDLE_REMEDY}"


def _retry_after(error: BaseException | None) -> float | None:
    """Seconds after which the server wants to be asked again, as this error or what it was made of says."""
    while error is not None:
        if isinstance(error, PbxError) and error.retry_after is not None:
            return error.retry_after
        error = error.__cause__
    return None


def _is_cancelled(error: BaseException) -> bool:
    """Whether this ends the running task because someone asked it to.

    A ``CancelledError`` without a cancellation comes from a future below that was cancelled by accident. It would end a
    task without a word, so it counts as any other exception.
    """
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


async def _uninterrupted(task: "asyncio.Task[None]") -> None:
    """Wait until this is done, also if the waiting is cancelled meanwhile: then it is done first, and cancelled after.

    A second cancellation is obeyed at once; the task goes on by itself.
    """
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.done():
            await asyncio.wait([task])
        raise


async def _while_alive(link: Link, work: Coroutine[Any, Any, None]) -> None:
    """Do this, unless the link is lost meanwhile: then raise ``ConnectionFailed``."""
    task = asyncio.create_task(work)
    lost = asyncio.create_task(link.lost())
    try:
        await asyncio.wait([task, lost], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        else:
            raise ConnectionFailed(lost.result())
    finally:
        await settle(task, lost)
