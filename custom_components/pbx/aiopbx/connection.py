"""The supervisor: connects, notices the loss, reconnects with back-off, fails over and back, and says how it stands."""

import asyncio
import contextlib
import logging
import random as _random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

from .errors import AuthenticationFailed, ConnectionFailed, NotSupported, PbxError
from .events import StatusChanged
from .loops import settle
from .model import Status, SystemInfo
from .ports import Link, System
from .store import Board

_LOG = logging.getLogger(__name__)

Sleep = Callable[[float], Awaitable[None]]

_STABLE: Final = 60.0
"""Seconds that a connection must have lasted for the next back-off to begin from the start."""


class Backoff:
    """Pauses that double up to a cap, each shortened at random by up to half, so that many clients spread out."""

    def __init__(self, minimum: float, maximum: float, random: Callable[[], float]) -> None:
        """Begin with the shortest; ``random`` gives 0 to 1."""
        self.minimum = minimum
        self.maximum = maximum
        self._random = random
        self._step = 0

    def next(self) -> float:
        """Seconds to wait before the next attempt."""
        # 2 ** 30 of anything is above every cap; the exponent must not grow for weeks.
        pause = min(self.maximum, self.minimum * 2.0 ** min(self._step, 30))
        self._step += 1
        return pause * (1 - self._random() / 2)

    def longest(self) -> float:
        """Wait the longest from now on."""
        self._step = 30
        return self.next()

    def reset(self) -> None:
        """Begin with the shortest again."""
        self._step = 0


class Connection:
    """Keeps one system connected. One attempt per step: a pause, then one server; never two at once, never a storm."""

    def __init__(
        self,
        system: System,
        board: Board,
        *,
        minimum: float = 1.0,
        maximum: float = 60.0,
        fail_back_interval: float = 30.0,
        random: Callable[[], float] = _random.random,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Supervise this system, and tell its status on this board. Times are seconds.

        ``fail_back_interval`` is between two looks whether the primary server serves again, while the secondary does.
        """
        self.status = Status.CONNECTING
        self.error: PbxError | None = None
        """Why it is not online."""
        self.info = SystemInfo()
        self.losses = 0
        self.fail_overs = 0
        self._system = system
        self._board = board
        self._backoff = Backoff(minimum, maximum, random)
        self._fail_back_interval = fail_back_interval
        self._random = random
        self._sleep = sleep
        self._link: Link | None = None
        self._server = 0
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    async def start(self) -> None:
        """Connect for the first time and go on by itself. Raises what went wrong, and leaves nothing behind then."""
        first: PbxError | None = None
        for server in range(self._system.servers):
            try:
                await self._attempt(server)
                break
            except (AuthenticationFailed, NotSupported) as error:
                # The other server would refuse the same account.
                self.error = first or error
                raise self.error from None
            except PbxError as error:
                first = first or error
                self.error = first
                if not error.transient:
                    break
        if self._link is None:
            raise first or ConnectionFailed("There is no server to connect to.")
        self._task = asyncio.create_task(self._supervise(), name="aiopbx supervisor")

    async def close(self) -> None:
        """End it. Never raises; more than once is fine."""
        if self.status is Status.CLOSED:
            return
        self._closing = True
        await settle(self._task)
        await self._drop_link()
        self._set(Status.CLOSED)

    def _set(self, status: Status, reason: str | None = None) -> None:
        previous = self.status
        if previous is status:
            return
        self.status = status
        if status is Status.ONLINE:
            self.error = None
        _LOG.info("%s is %s%s", self.info.url or "The system", status.value, f": {reason}" if reason else "")
        self._board.publish(StatusChanged(at=datetime.now(UTC), status=status, previous=previous, reason=reason))

    async def _drop_link(self) -> None:
        link, self._link = self._link, None
        self._system.use(None)
        if link is not None:
            await _give_back(link)

    async def _attempt(self, server: int) -> None:
        """Try this server once: connect, synchronise, be online. Raises what went wrong, with nothing left behind."""
        link = await self._system.open(server)
        await self._adopt(link, server)

    async def _adopt(self, link: Link, server: int) -> None:
        """Make an open link the one that is used."""
        self._link = link
        self.info = link.info
        try:
            self._system.use(link)
            self._set(Status.SYNCING)
            await _while_alive(link, link.sync())
        except BaseException as error:
            await self._drop_link()
            if isinstance(error, PbxError):
                self._set_offline(error)
            raise
        if server != self._server:
            self.fail_overs += 1
            self._server = server
        self._set(Status.ONLINE)

    def _set_offline(self, error: PbxError) -> None:
        refused = isinstance(error, AuthenticationFailed) and not isinstance(self.error, AuthenticationFailed)
        self.error = error
        if refused and self.status is Status.OFFLINE:
            # It was offline before, but now this asks for a person, so it is told again.
            self._board.publish(
                StatusChanged(at=datetime.now(UTC), status=Status.OFFLINE, previous=Status.OFFLINE, reason=str(error))
            )
            return
        if self.status is not Status.CONNECTING or self._task is not None:
            self._set(Status.OFFLINE, str(error))

    async def _supervise(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._closing:
            began = loop.time()
            reason = await self._watch()
            if reason is None:
                continue  # it moved to the primary by itself
            self.losses += 1
            if loop.time() - began >= _STABLE:
                self._backoff.reset()
            self._set_offline(ConnectionFailed(reason))
            await self._drop_link()
            await self._recover()

    async def _watch(self) -> str | None:
        """Wait until the link is lost and say why; or, on the secondary, until the primary has taken over again."""
        link = self._link
        if link is None:
            return "There is no connection."
        lost = asyncio.create_task(link.lost())
        back = asyncio.create_task(self._fail_back()) if self._server != 0 else None
        try:
            await asyncio.wait([task for task in (lost, back) if task], return_when=asyncio.FIRST_COMPLETED)
            if back is not None and (back.done() or self._link is not link):
                # It is moving, or has moved; that the old link is closed is part of it.
                await asyncio.wait([back])
                try:
                    back.result()
                except PbxError as error:
                    return error.message
                return None
            return lost.result()
        finally:
            await settle(lost, back)

    async def _fail_back(self) -> None:
        """Go back to the primary server as soon as it serves: the new link is open before the old one is left."""
        pause = self._fail_back_interval
        while True:
            await self._sleep(pause * (1 - self._random() / 2))
            if not await self._system.serves(0):
                continue
            try:
                link = await self._system.open(0)
            except PbxError as error:
                _LOG.info("The primary server answers and does not serve yet: %s", error.message)
                pause = min(pause * 2, self._fail_back_interval * 10)
                continue
            old, self._link = self._link, None
            try:
                if old is not None:
                    await _give_back(old)
            except BaseException:
                await link.close()
                raise
            await self._adopt(link, 0)
            return

    async def _recover(self) -> None:
        """Try again until it works."""
        servers = self._system.servers
        step = 0
        while not self._closing:
            # Every server once per round, the one that served last before the others.
            server = (self._server + step) % servers
            if step % servers == 0 or step == 0:
                pause = self._backoff.next()
            else:
                pause = self._backoff.minimum * (1 - self._random() / 2)
            if isinstance(self.error, AuthenticationFailed):
                # An account is locked by being asked too often; only a person can mend this.
                pause = self._backoff.longest()
            await self._sleep(pause)
            step += 1
            try:
                await self._attempt(server)
            except PbxError as error:
                _LOG.info("Not connected yet: %s", error.message)
                self._set_offline(error)
            except Exception as error:
                _LOG.exception("Connecting failed in a way that was not foreseen")
                self._set_offline(ConnectionFailed(f"Connecting failed: {type(error).__name__}."))
            else:
                return


async def _give_back(link: Link) -> None:
    """Close a link to the end, also if this is cancelled meanwhile: half a farewell leaves a session behind."""
    closing = asyncio.ensure_future(link.close())
    try:
        await asyncio.shield(closing)
    except asyncio.CancelledError:
        await closing
        raise


async def _while_alive(link: Link, work: Awaitable[None]) -> None:
    """Do this, unless the link is lost meanwhile: then raise ``ConnectionFailed``."""
    task = asyncio.ensure_future(work)
    lost = asyncio.create_task(link.lost())
    try:
        await asyncio.wait([task, lost], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        else:
            raise ConnectionFailed(lost.result())
    finally:
        for one in (task, lost):
            one.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(task, lost, return_exceptions=True)
