"""The supervisor, with a system that does what a test tells it to, and a clock that does not wait."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from aiopbx import (
    AuthenticationFailed,
    ConnectionFailed,
    EventsLate,
    NotSupported,
    ObstacleKind,
    PbxError,
    Status,
    StatusChanged,
    SystemInfo,
    connection,
)
from aiopbx.backoff import Backoff
from aiopbx.connection import Connection
from aiopbx.store import Store

DOWN = ConnectionFailed("nobody there")
WRONG = AuthenticationFailed("wrong password")


class ScriptedLink:
    def __init__(self, system: "ScriptedSystem", server: int) -> None:
        self.info = SystemInfo(url=f"server {server}")
        self.server = server
        self.quiet: float | None = None
        self.failure: PbxError | None = None
        self.open = True
        self.reason: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._system = system

    async def sync(self) -> None:
        self._system.log.append(f"sync {self.server}")
        await asyncio.sleep(0)
        what = self._system.syncs.pop(0) if self._system.syncs else None
        if what == "hang":
            await asyncio.Event().wait()
        if isinstance(what, BaseException):
            raise what

    async def lost(self) -> str:
        return await asyncio.shield(self.reason)

    def lose(self, reason: str | BaseException = "cut") -> None:
        if isinstance(reason, BaseException):
            self.reason.set_exception(reason)
        else:
            self.reason.set_result(reason)

    async def close(self) -> None:
        assert self.open, "closed twice"
        self.open = False
        if not self.reason.done():
            self.reason.set_result("It was closed.")
        self._system.log.append(f"close {self.server}")
        await asyncio.sleep(0)
        if self._system.closes:
            raise self._system.closes.pop(0)


class ScriptedSystem:
    """Opens links as it is told; the very next answer of each server is popped from ``opens``."""

    def __init__(self, servers: int = 1) -> None:
        self.servers = servers
        self.opens: dict[int, list[Any]] = {0: [], 1: []}
        self.syncs: list[Any] = []
        self.closes: list[BaseException] = []
        self.uses: list[BaseException] = []
        self.serving: bool | BaseException = False
        self.links: list[ScriptedLink] = []
        self.log: list[str] = []
        self.used: ScriptedLink | None = None

    async def open(self, server: int) -> ScriptedLink:
        self.log.append(f"open {server}")
        await asyncio.sleep(0)
        answers = self.opens[server]
        answer = answers.pop(0) if answers else None
        if isinstance(answer, BaseException):
            raise answer
        link = ScriptedLink(self, server)
        self.links.append(link)
        return link

    async def serves(self, server: int) -> bool:
        self.log.append(f"probe {server}")
        if isinstance(self.serving, BaseException):
            raise self.serving
        return self.serving

    def use(self, link: Any) -> None:
        self.used = link
        if self.uses:
            raise self.uses.pop(0)

    @property
    def open_links(self) -> list[ScriptedLink]:
        return [link for link in self.links if link.open]


class Pauses:
    """Instead of sleeping: remembers how long, and lets the test go on."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        await asyncio.sleep(0)
        await self.gate.wait()


class Rig:
    def __init__(self, servers: int = 1, **options: Any) -> None:
        self.board = Store()
        self.system = ScriptedSystem(servers)
        self.pauses = Pauses()
        self.told: list[StatusChanged] = []
        self.board.subscribers.add(self.told.append, kind=StatusChanged)  # type: ignore[arg-type]
        values = {"minimum": 1.0, "maximum": 60.0, "random": lambda: 0.0, "sleep": self.pauses, **options}
        self.connection = Connection(self.system, self.board, **values)  # type: ignore[arg-type]

    @property
    def statuses(self) -> list[str]:
        return [event.status.value for event in self.told]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not condition():
                await asyncio.sleep(0)


@pytest.fixture
async def rig() -> Any:
    made: list[Rig] = []

    def make(*args: Any, **options: Any) -> Rig:
        made.append(Rig(*args, **options))
        return made[-1]

    yield make
    for one in made:
        await one.connection.close()
        assert one.system.open_links == [], "a link was leaked"
        assert one.system.used is None
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == [], "a task was leaked"


async def test_the_first_connection(rig: Any) -> None:
    one = rig()
    assert one.connection.status is Status.CONNECTING
    await one.connection.start()
    assert one.connection.status is Status.ONLINE
    assert one.statuses == ["syncing", "online"]
    assert one.connection.info.url == "server 0"
    await one.connection.close()
    assert one.statuses == ["syncing", "online", "closed"]
    await one.connection.close()
    assert one.statuses[-1] == "closed"


async def test_the_first_connection_fails_and_leaves_nothing(rig: Any) -> None:
    one = rig()
    one.system.opens[0] = [DOWN]
    with pytest.raises(ConnectionFailed, match="nobody there"):
        await one.connection.start()
    assert one.pauses.asked == [], "nothing is tried behind the caller's back"


async def test_the_first_synchronisation_fails_and_leaves_nothing(rig: Any) -> None:
    one = rig()
    one.system.syncs = [NotSupported("no licence", missing="X")]
    with pytest.raises(NotSupported):
        await one.connection.start()
    assert one.system.open_links == []


async def test_the_first_connection_may_go_to_the_secondary(rig: Any) -> None:
    one = rig(2)
    one.system.opens[0] = [DOWN]
    await one.connection.start()
    assert one.connection.info.url == "server 1"


async def test_a_wrong_password_is_not_tried_at_the_secondary(rig: Any) -> None:
    one = rig(2)
    one.system.opens[0] = [WRONG]
    with pytest.raises(AuthenticationFailed):
        await one.connection.start()
    assert one.system.log == ["open 0"]


async def test_a_loss_is_told_and_mended(rig: Any) -> None:
    one = rig()
    await one.connection.start()
    one.system.links[0].lose("the channel ended")
    await one.until(lambda: one.statuses[-1] == "online" and len(one.system.links) == 2)
    assert one.statuses == ["syncing", "online", "offline", "syncing", "online"]
    assert "the channel ended" in one.told[2].reason
    assert one.connection.losses == 1
    assert one.connection.error is None
    assert one.system.log == ["open 0", "sync 0", "close 0", "open 0", "sync 0"], "the old is given back first"


async def test_every_attempt_waits_longer_up_to_a_cap(rig: Any) -> None:
    one = rig(maximum=20.0)
    await one.connection.start()
    one.system.opens[0] = [DOWN] * 7
    one.system.links[0].lose()
    await one.until(lambda: one.statuses[-1] == "online" and len(one.system.links) == 2)
    assert one.pauses.asked == [1, 2, 4, 8, 16, 20, 20, 20]
    assert one.system.log.count("open 0") == 9, "one attempt for each pause"
    assert one.statuses.count("offline") == 1, "told once"


async def test_pauses_are_spread(rig: Any) -> None:
    one = rig(random=lambda: 1.0)
    await one.connection.start()
    one.system.opens[0] = [DOWN] * 2
    one.system.links[0].lose()
    await one.until(lambda: one.statuses[-1] == "online" and len(one.system.links) == 2)
    assert one.pauses.asked == [0.5, 1.0, 2.0], "half of 1, 2 and 4"


def test_the_back_off_neither_overflows_nor_exceeds_its_cap() -> None:
    backoff = Backoff(1.0, 60.0, lambda: 0.5)
    pauses = [backoff.next() for _ in range(5000)]
    assert pauses[:3] == [0.75, 1.5, 3.0]
    assert max(pauses) == 45.0
    backoff.reset()
    assert backoff.next() == 0.75


async def test_a_connection_that_dies_at_once_is_no_storm(rig: Any) -> None:
    """The channel opens and closes, again and again: pauses grow all the same."""
    one = rig(maximum=30.0)
    await one.connection.start()
    for number in range(6):
        await one.until(lambda number=number: len(one.system.links) == number + 1 and one.statuses[-1] == "online")
        one.system.links[-1].lose("clean end")
    await one.until(lambda: len(one.system.links) == 7)
    assert one.pauses.asked == [1, 2, 4, 8, 16, 30]


async def test_lost_while_synchronising(rig: Any) -> None:
    one = rig()
    await one.connection.start()
    one.system.syncs = ["hang"]
    one.system.links[0].lose()
    await one.until(lambda: len(one.system.links) == 2 and one.statuses[-1] == "syncing")
    one.system.links[1].lose("gone again")
    await one.until(lambda: len(one.system.links) == 3 and one.statuses[-1] == "online")
    assert one.statuses == ["syncing", "online", "offline", "syncing", "offline", "syncing", "online"]


async def test_a_failed_synchronisation_is_tried_again(rig: Any) -> None:
    one = rig()
    await one.connection.start()
    one.system.syncs = [DOWN, DOWN]
    one.system.links[0].lose()
    await one.until(lambda: len(one.system.links) == 4 and one.statuses[-1] == "online")
    assert len(one.system.open_links) == 1


async def test_a_wrong_password_is_tried_seldom(rig: Any) -> None:
    one = rig(maximum=50.0)
    await one.connection.start()
    one.system.opens[0] = [WRONG, WRONG]
    one.system.links[0].lose()
    await one.until(lambda: one.statuses[-1] == "online" and len(one.system.links) == 2)
    assert one.pauses.asked == [1, 50, 50]


async def test_why_it_is_offline_can_be_asked(rig: Any) -> None:
    one = rig()
    await one.connection.start()
    one.system.opens[0] = [WRONG]
    one.system.links[0].lose()
    await one.until(lambda: one.connection.error is WRONG)
    await one.until(lambda: one.connection.status is Status.ONLINE)
    assert one.connection.error is None


# --------------------------------------------------------------------------------------- what nothing should raise

UNFORESEEN = [ZeroDivisionError("boom"), asyncio.CancelledError(), RecursionError("boom")]
"""The second is what a future gives that something below cancelled by accident."""


def counted(one: Rig, caplog: pytest.LogCaptureFixture, times: int = 1) -> None:
    """It was counted, and logged with its traceback, each time."""
    assert one.connection.unforeseen == times
    logged = [record for record in caplog.records if "not foreseen" in record.getMessage()]
    assert len(logged) == times
    assert all(record.exc_info is not None and record.exc_info[1] is not None for record in logged)


@pytest.mark.parametrize(
    ("where", "error"),
    [
        *itertools.product(["connecting", "synchronising", "farewell", "watching"], UNFORESEEN),
        ("leaving", UNFORESEEN[0]),  # nothing is waited for there, so nothing can be cancelled
    ],
    ids=lambda one: one if isinstance(one, str) else type(one).__name__,
)
async def test_whatever_is_raised_the_supervisor_goes_on(
    rig: Any, caplog: pytest.LogCaptureFixture, where: str, error: BaseException
) -> None:
    one = rig()
    await one.connection.start()
    link = one.system.links[0]
    reason: str | BaseException = "cut"
    if where == "connecting":
        one.system.opens[0] = [error]
    elif where == "synchronising":
        one.system.syncs = [error]
    elif where == "farewell":
        one.system.closes = [error]
    elif where == "watching":
        reason = error
    else:
        one.system.uses = [error]
    if isinstance(reason, asyncio.CancelledError):
        link.reason.cancel()
    else:
        link.lose(reason)
    online = 3 if where == "synchronising" else 2
    await one.until(lambda: one.statuses[-1] == "online" and len(one.system.links) == online)
    counted(one, caplog)
    assert one.connection.losses == 1
    assert "offline" in one.statuses, "it was told"
    assert not link.open, "the old session is given back"
    assert one.pauses.asked == ([1, 2] if where in {"connecting", "synchronising"} else [1]), (
        "each attempt after a pause"
    )
    assert one.connection.error is None


async def test_what_fails_again_and_again_backs_off(rig: Any, caplog: pytest.LogCaptureFixture) -> None:
    one = rig(maximum=10.0)
    await one.connection.start()
    one.system.opens[0] = [ValueError("boom")] * 6
    one.system.links[0].lose()
    await one.until(lambda: one.statuses[-1] == "online" and len(one.system.links) == 2)
    assert one.pauses.asked == [1, 2, 4, 8, 10, 10, 10]
    counted(one, caplog, 6)
    assert one.statuses.count("offline") == 1, "told once"


async def test_why_it_is_offline_names_what_was_raised_and_nothing_of_its_text(rig: Any) -> None:
    one = rig()
    await one.connection.start()
    one.system.opens[0] = [ValueError("a secret, perhaps"), DOWN]
    one.system.links[0].lose()
    await one.until(lambda: one.connection.error is not None and "ValueError" in one.connection.error.message)
    assert "secret" not in str(one.connection.error)


@pytest.mark.parametrize("error", UNFORESEEN, ids=lambda error: type(error).__name__)
async def test_a_probe_that_raises_leaves_the_secondary_alone(
    rig: Any, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    one = rig(2)
    one.system.opens[0] = [DOWN]
    one.system.serving = error
    await one.connection.start()
    await one.until(lambda: one.system.log.count("probe 0") == 3)
    assert one.statuses == ["syncing", "online"]
    assert one.system.links[0].open
    assert one.connection.unforeseen >= 2
    one.system.serving = True
    await one.until(lambda: one.connection.info.url == "server 0" and one.statuses[-1] == "online")
    assert one.connection.losses == 0
    counted(one, caplog, one.connection.unforeseen)


async def test_a_primary_that_cannot_even_be_opened_leaves_the_secondary_alone(rig: Any) -> None:
    one = rig(2)
    one.system.opens[0] = [DOWN, ValueError("boom")]
    one.system.serving = True
    await one.connection.start()
    await one.until(lambda: one.connection.info.url == "server 0" and one.statuses[-1] == "online")
    assert one.statuses == ["syncing", "online", "syncing", "online"]
    assert one.connection.unforeseen == 1


@pytest.mark.parametrize("error", UNFORESEEN, ids=lambda error: type(error).__name__)
async def test_a_farewell_that_fails_at_fail_back_does_not_keep_a_dead_channel(
    rig: Any, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    """The old link is gone then; the new one is used."""
    one = rig(2)
    one.system.opens[0] = [DOWN]
    one.system.closes = [error]
    one.system.serving = True
    await one.connection.start()
    await one.until(lambda: one.connection.info.url == "server 0" and one.statuses[-1] == "online")
    assert one.system.used is one.system.links[1]
    assert one.statuses == ["syncing", "online", "syncing", "online"]
    counted(one, caplog)
    one.system.links[1].lose()
    await one.until(lambda: one.connection.losses == 1 and one.statuses[-1] == "online")
    assert len(one.system.open_links) == 1


async def test_it_is_not_online_while_the_old_channel_ends(rig: Any) -> None:
    """The farewell to the secondary takes its time: the old channel confirms nothing any more, the new one not yet."""
    one = rig(2)
    one.system.opens[0] = [DOWN]
    await one.connection.start()
    old = one.system.links[0]
    farewell = asyncio.Event()

    async def slow() -> None:
        old.open = False
        await farewell.wait()

    old.close = slow
    one.system.serving = True
    await one.until(lambda: not old.open)
    assert one.connection.status is Status.SYNCING
    assert one.system.used is one.system.links[1]
    farewell.set()
    await one.until(lambda: one.statuses[-1] == "online")


@pytest.mark.parametrize("error", [DOWN, ValueError("boom")], ids=lambda error: type(error).__name__)
async def test_a_move_to_the_primary_that_fails_is_a_loss(rig: Any, error: Exception) -> None:
    """It connects and does not synchronise, and the secondary has been left: back to it, after a pause."""
    one = rig(2, fail_back_interval=30.0)
    one.system.opens[0] = [DOWN]
    one.system.serving = True
    await one.connection.start()
    one.system.syncs = [error]
    await one.until(lambda: len(one.system.links) == 3 and one.statuses[-1] == "online")
    assert one.statuses == ["syncing", "online", "syncing", "offline", "syncing", "online"]
    assert one.pauses.asked[:2] == [30, 1]
    assert one.connection.info.url == "server 1"
    assert one.connection.unforeseen == (0 if error is DOWN else 1)
    assert one.connection.losses == 1
    await one.until(lambda: one.connection.info.url == "server 0" and one.statuses[-1] == "online")


async def test_a_primary_that_opens_in_the_moment_of_the_loss_is_used(rig: Any) -> None:
    one = rig(2)
    one.system.opens[0] = [DOWN]
    await one.connection.start()
    old = one.system.links[0]
    opened = one.system.open

    async def open_and_lose(server: int) -> Any:
        link = await opened(server)
        if old.open and not old.reason.done():
            old.lose("gone at the same time")
        return link

    one.system.open = open_and_lose
    one.system.serving = True
    await one.until(lambda: one.connection.info.url == "server 0" and one.statuses[-1] == "online")
    assert len(one.system.open_links) == 1


async def test_over_to_the_secondary_and_back(rig: Any) -> None:
    one = rig(2)
    await one.connection.start()
    one.pauses.gate.set()
    one.system.opens[0] = [DOWN]
    one.system.links[0].lose()
    await one.until(lambda: one.connection.info.url == "server 1" and one.statuses[-1] == "online")
    assert one.system.log[:6] == ["open 0", "sync 0", "close 0", "open 0", "open 1", "sync 1"]
    assert one.connection.fail_overs == 1
    await one.until(lambda: one.system.log.count("probe 0") > 3)
    assert one.connection.info.url == "server 1", "the primary does not serve yet"
    one.system.serving = True
    await one.until(lambda: one.connection.info.url == "server 0" and one.statuses[-1] == "online")
    assert one.connection.fail_overs == 2
    assert one.connection.losses == 1, "going back is no loss"
    assert one.statuses.count("offline") == 1, "going back tells no loss either"
    back = one.system.log.index("close 1")
    assert one.system.log[back - 1] == "open 0", "the new is open before the old is given up"
    assert len(one.system.open_links) == 1


async def test_a_primary_that_answers_and_does_not_serve_is_asked_less_and_less(rig: Any) -> None:
    one = rig(2, fail_back_interval=10.0)
    one.system.opens[0] = [DOWN, *[DOWN] * 6]
    one.system.serving = True
    await one.connection.start()
    await one.until(lambda: one.system.log.count("open 0") == 8 and one.statuses[-1] == "online")
    assert one.pauses.asked[:6] == [10, 20, 40, 80, 100, 100]


async def test_the_secondary_is_lost_while_the_primary_is_looked_at(rig: Any) -> None:
    one = rig(2)
    one.system.opens[0] = [DOWN]
    await one.connection.start()
    one.system.links[0].lose("the secondary died")
    await one.until(lambda: len(one.system.links) == 2 and one.statuses[-1] == "online")
    assert len(one.system.open_links) == 1
    assert one.connection.losses == 1


async def test_closing_while_reconnecting(rig: Any) -> None:
    one = rig()
    await one.connection.start()
    one.system.opens[0] = [DOWN] * 1000
    one.system.links[0].lose()
    await one.until(lambda: len(one.pauses.asked) > 5)
    await one.connection.close()
    tried = len(one.system.log)
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(one.system.log) == tried


async def test_closing_while_a_lost_link_is_given_back(rig: Any) -> None:
    """The farewell is under way when somebody closes: it is still said to its end."""
    one = rig()
    await one.connection.start()
    link = one.system.links[0]
    farewell = asyncio.Event()
    said: list[str] = []

    async def slow() -> None:
        said.append("begun")
        await farewell.wait()
        said.append("done")
        link.open = False

    link.close = slow
    link.lose()
    await one.until(lambda: said)
    closing = asyncio.create_task(one.connection.close())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not closing.done()
    farewell.set()
    await closing
    assert said == ["begun", "done"]


async def test_closing_never_raises(rig: Any, caplog: pytest.LogCaptureFixture) -> None:
    one = rig()
    await one.connection.start()
    one.system.closes = [ValueError("boom")]
    one.system.uses = [ValueError("boom")]
    await one.connection.close()
    assert one.statuses[-1] == "closed"
    counted(one, caplog, 2)
    await one.connection.close()
    counted(one, caplog, 2)


@pytest.mark.parametrize("steps", range(8))
@pytest.mark.parametrize("state", ["online", "reconnecting", "synchronising"])
async def test_a_close_that_is_cancelled_ends_all_the_same(rig: Any, state: str, steps: int) -> None:
    one = rig()
    await one.connection.start()
    if state == "reconnecting":
        one.system.opens[0] = [DOWN] * 1000
        one.system.links[0].lose()
        await one.until(lambda: len(one.pauses.asked) > 2)
    elif state == "synchronising":
        one.system.syncs = ["hang"]
        one.system.links[0].lose()
        await one.until(lambda: one.system.log[-1] == "sync 0" and len(one.system.links) == 2)
    closing = asyncio.create_task(one.connection.close())
    await asyncio.sleep(0)
    for _ in range(steps):
        await asyncio.sleep(0)
    cancelled = closing.cancel()
    if cancelled:
        with pytest.raises(asyncio.CancelledError):
            await closing
    assert one.connection.status is Status.CLOSED
    assert one.system.open_links == []
    assert one.system.used is None
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


async def test_a_close_that_is_cancelled_while_the_farewell_is_said_waits_for_it(rig: Any) -> None:
    one = rig()
    await one.connection.start()
    link = one.system.links[0]
    farewell = asyncio.Event()
    said: list[str] = []

    async def slow() -> None:
        said.append("begun")
        await farewell.wait()
        said.append("done")
        link.open = False

    link.close = slow
    closing = asyncio.create_task(one.connection.close())
    await one.until(lambda: said)
    closing.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not closing.done()
    farewell.set()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert said == ["begun", "done"]
    assert one.connection.status is Status.CLOSED


# ------------------------------------------------------------------------------------------------------ idle time-outs


async def lose_after(one: Rig, *silences: float | None) -> None:
    """Lose the connection after each of these silences, and let it come back."""
    for quiet in silences:
        link = one.system.links[-1]
        link.quiet = quiet
        losses = one.connection.losses
        link.lose("The channel ended.")
        await one.until(lambda n=losses: one.connection.losses > n and one.connection.status is Status.ONLINE)  # type: ignore[misc]


async def test_losses_after_the_same_silence_have_a_cause(rig: Any, caplog: pytest.LogCaptureFixture) -> None:
    one = rig()
    await one.connection.start()
    await lose_after(one, 60.1, 60.0)
    assert one.connection.obstacles == ()
    assert "idle" not in caplog.text
    await lose_after(one, 60.4)
    reason = [event.reason for event in one.told if event.status is Status.OFFLINE][-1]
    assert "again and again after 60 seconds of silence" in reason
    assert "proxy_read_timeout" in reason
    assert "timeout tunnel" in reason
    (obstacle,) = one.connection.obstacles
    assert obstacle.kind is ObstacleKind.IDLE_TIMEOUT
    assert obstacle.text == "The connection ends again and again after 60 seconds of silence."
    assert "HAProxy" in obstacle.remedy
    await lose_after(one, 59.8, 60.2)
    assert len(one.connection.obstacles) == 1
    assert caplog.text.count("has ended 3 times after 60 s of silence") == 1


@pytest.mark.parametrize(
    "silences", [(60.0, 20.0, 60.0), (60.0, None, 60.0), (0.5, 0.5, 0.5), (30.0, 60.0, 90.0), (60.0, 60.0, 62.5)]
)
async def test_other_losses_have_other_causes(rig: Any, silences: tuple[float | None, ...]) -> None:
    one = rig()
    await one.connection.start()
    await lose_after(one, *silences)
    assert one.connection.obstacles == ()
    assert not any("silence" in (event.reason or "") for event in one.told)


async def test_a_loss_for_another_reason_ends_the_suspicion(rig: Any) -> None:
    one = rig()
    await one.connection.start()
    await lose_after(one, 50, 50, 50, None)
    assert one.connection.obstacles == ()


async def test_a_connection_that_lasts_ends_it_too(rig: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    one = rig()
    await one.connection.start()
    await lose_after(one, 50, 50, 50)
    assert one.connection.obstacles
    now = connection.monotonic()
    monkeypatch.setattr(connection, "monotonic", lambda: now + 3601)
    assert one.connection.obstacles == ()


async def test_a_link_may_say_more_than_words_of_its_end(rig: Any) -> None:
    one = rig()
    await one.connection.start()
    one.pauses.gate.clear()
    late = EventsLate("They come late.", remedy="Let them come.")
    one.system.links[-1].failure = late
    one.system.links[-1].lose(str(late))
    await one.until(lambda: one.connection.status is Status.OFFLINE)
    assert one.connection.error is late
    (obstacle,) = one.connection.obstacles
    assert (obstacle.kind, obstacle.text, obstacle.remedy) == ("events_late", "They come late.", "Let them come.")
    one.pauses.gate.set()
    await one.until(lambda: one.connection.status is Status.ONLINE)
    assert one.connection.obstacles == ()
