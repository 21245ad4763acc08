"""The edges of the supervisor: which server is asked when, how long it waits, and what exactly it tells."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from aiopbx import (
    AuthenticationFailed,
    CertificateFailed,
    ConnectionFailed,
    InvalidInput,
    NotSupported,
    PbxError,
    Status,
    StatusChanged,
    SystemInfo,
)
from aiopbx.connection import Backoff, Connection
from aiopbx.store import Store
from tests.aiopbx.test_connection import DOWN, WRONG, Pauses, Rig, ScriptedSystem

PROBE = 7.25
"""Seconds between two looks at the primary: no pause of the back-off is like it."""


@pytest.fixture
async def rig() -> AsyncIterator[Callable[..., Rig]]:
    made: list[Rig] = []

    def make(servers: int = 1, **options: Any) -> Rig:
        made.append(Rig(servers, **{"fail_back_interval": PROBE, **options}))
        made[-1].system.opens = {number: [] for number in range(servers)}
        return made[-1]

    yield make
    for one in made:
        one.pauses.gate.set()
        await one.connection.close()
        assert one.system.open_links == [], "a link was leaked"
        assert one.system.used is None
        assert one.connection.unforeseen == getattr(one, "unforeseen", 0)


async def lost_and_back(one: Rig, reason: str = "cut") -> None:
    links = len(one.system.links)
    one.system.open_links[0].lose(reason)
    await one.until(lambda: len(one.system.links) > links and one.connection.status is Status.ONLINE)


def pauses(one: Rig) -> list[float]:
    return [seconds for seconds in one.pauses.asked if seconds != PROBE]


def opened(one: Rig) -> list[int]:
    return [int(entry.split()[1]) for entry in one.system.log if entry.startswith("open")]


# ---------------------------------------------------------------------------------------------------------------- start


async def test_of_two_servers_that_are_down_the_first_says_why(rig: Any) -> None:
    one = rig(2)
    one.system.opens = {0: [DOWN], 1: [ConnectionFailed("another reason")]}
    with pytest.raises(ConnectionFailed) as failed:
        await one.connection.start()
    assert failed.value is DOWN
    assert one.connection.error is DOWN
    assert one.system.log == ["open 0", "open 1"]
    assert one.told == [], "it never was online"


@pytest.mark.parametrize("failure", [CertificateFailed("self-signed"), NotSupported("no licence", missing="X")])
async def test_what_one_server_answers_says_nothing_about_the_other(
    rig: Any, failure: PbxError, caplog: pytest.LogCaptureFixture
) -> None:
    one = rig(2)
    one.system.opens[0] = [failure]
    await one.connection.start()
    assert one.connection.error is None
    assert one.system.log == ["open 0", "open 1", "sync 1"]
    assert f"the primary one does not serve: {failure}" in caplog.text


async def test_of_two_servers_that_fail_for_good_the_first_says_why(rig: Any) -> None:
    one = rig(2)
    wrong = CertificateFailed("self-signed")
    one.system.opens = {0: [wrong], 1: [NotSupported("no licence", missing="X")]}
    with pytest.raises(CertificateFailed) as failed:
        await one.connection.start()
    assert failed.value is wrong
    assert one.connection.error is wrong
    assert one.system.log == ["open 0", "open 1"]


@pytest.mark.parametrize("refusal", [WRONG, InvalidInput("ca_file", "there is no such file.")])
async def test_a_refusal_ends_the_start(rig: Any, refusal: Exception) -> None:
    one = rig(2)
    one.system.opens[0] = [refusal]
    with pytest.raises(type(refusal)) as failed:
        await one.connection.start()
    assert failed.value is refusal
    assert one.connection.error is refusal
    assert one.system.log == ["open 0"]


async def test_a_refusal_of_the_secondary_does_not_hide_why_the_primary_is_down(rig: Any) -> None:
    one = rig(3)
    one.system.opens = {0: [DOWN], 1: [WRONG], 2: []}
    with pytest.raises(ConnectionFailed) as failed:
        await one.connection.start()
    assert failed.value is DOWN
    assert one.connection.error is DOWN
    assert one.system.log == ["open 0", "open 1"]


async def test_no_server_at_all(rig: Any) -> None:
    one = rig(0)
    with pytest.raises(ConnectionFailed, match=r"^There is no server to connect to\.$"):
        await one.connection.start()


async def test_the_first_server_that_serves_is_enough(rig: Any) -> None:
    one = rig(2)
    assert one.connection.error is None
    await one.connection.start()
    assert one.system.log == ["open 0", "sync 0"]
    assert one.connection.fail_overs == 0
    assert one.connection.losses == 0
    assert "aiopbx supervisor" in {task.get_name() for task in asyncio.all_tasks()}


async def test_a_first_synchronisation_that_fails_is_told_as_offline(rig: Any) -> None:
    one = rig()
    one.system.syncs = [DOWN]
    with pytest.raises(ConnectionFailed):
        await one.connection.start()
    assert [(event.status, event.previous, event.reason) for event in one.told] == [
        (Status.SYNCING, Status.CONNECTING, None),
        (Status.OFFLINE, Status.SYNCING, str(DOWN)),
    ]


async def test_what_nobody_foresaw_in_the_first_synchronisation_is_raised(rig: Any) -> None:
    one = rig()

    async def fail(self: Any) -> None:
        raise ZeroDivisionError

    opening = one.system.open

    async def open_(server: int) -> Any:
        link = await opening(server)
        link.sync = fail.__get__(link)
        return link

    one.system.open = open_
    with pytest.raises(ZeroDivisionError):
        await one.connection.start()
    assert one.statuses == ["syncing"]
    assert one.system.open_links == []


# ----------------------------------------------------------------------------------------------------------------- told


async def test_every_change_of_the_status_is_told_whole(rig: Any) -> None:
    one = rig()
    before = datetime.now(UTC)
    await one.connection.start()
    await lost_and_back(one, "the channel ended")
    await one.connection.close()
    assert one.connection.losses == 1, "to close it is no loss"
    assert [(event.previous, event.status, event.reason) for event in one.told] == [
        (Status.CONNECTING, Status.SYNCING, None),
        (Status.SYNCING, Status.ONLINE, None),
        (Status.ONLINE, Status.OFFLINE, "the channel ended"),
        (Status.OFFLINE, Status.SYNCING, None),
        (Status.SYNCING, Status.ONLINE, None),
        (Status.ONLINE, Status.CLOSED, None),
    ]
    for event in one.told:
        assert before <= event.at <= datetime.now(UTC)
        assert event.at.tzinfo is UTC


async def test_closing_what_never_started(rig: Any) -> None:
    one = rig()
    await one.connection.close()
    await one.connection.close()
    assert [(event.previous, event.status) for event in one.told] == [(Status.CONNECTING, Status.CLOSED)]


async def test_why_it_is_offline(rig: Any) -> None:
    one = rig()
    await one.connection.start()
    one.pauses.gate.clear()
    one.system.links[0].lose("the channel ended")
    await one.until(lambda: one.pauses.asked)
    assert one.connection.status is Status.OFFLINE
    assert isinstance(one.connection.error, ConnectionFailed)
    assert one.connection.error.message == "the channel ended"
    assert one.connection.losses == 1
    assert one.system.used is None, "nothing can be sent meanwhile"
    assert one.system.open_links == []
    one.pauses.gate.set()
    await one.until(lambda: one.connection.status is Status.ONLINE)
    assert one.system.used is one.system.links[1]


async def test_a_wrong_password_is_told_once_although_it_was_offline_before(rig: Any) -> None:
    one = rig()
    await one.connection.start()
    one.system.opens[0] = [DOWN, WRONG, WRONG, DOWN, DOWN, WRONG]
    await lost_and_back(one)
    offline = [(event.previous, event.reason) for event in one.told if event.status is Status.OFFLINE]
    assert offline == [
        (Status.ONLINE, "cut"),
        (Status.OFFLINE, str(WRONG)),
        (Status.OFFLINE, str(WRONG)),  # another one: the server was down between
    ]
    assert all(event.at.tzinfo is UTC for event in one.told)


async def test_a_wrong_password_while_synchronising_is_told_as_the_loss(rig: Any) -> None:
    one = rig()
    await one.connection.start()
    one.system.syncs = [WRONG]
    await lost_and_back(one)
    await one.until(lambda: one.connection.status is Status.ONLINE)
    assert [(event.previous, event.reason) for event in one.told if event.status is Status.OFFLINE] == [
        (Status.ONLINE, "cut"),
        (Status.SYNCING, str(WRONG)),
    ]


async def test_what_nobody_foresaw_is_why_it_is_offline(rig: Any, caplog: pytest.LogCaptureFixture) -> None:
    errors: list[str] = []

    async def look(seconds: float) -> None:
        errors.append(one.connection.error.message)
        await asyncio.sleep(0)

    one = rig(sleep=look)
    await one.connection.start()
    one.system.opens[0] = [ZeroDivisionError()]
    await lost_and_back(one)
    assert errors == ["cut", "The connection failed: ZeroDivisionError."]
    assert "The connection failed in a way that was not foreseen" in caplog.text
    one.unforeseen = 1


async def test_a_link_that_cannot_say_whether_it_is_there_is_lost(rig: Any, caplog: pytest.LogCaptureFixture) -> None:
    one = rig()
    opening = one.system.open

    async def fail() -> str:
        await asyncio.shield(one.system.links[0].reason)
        raise ZeroDivisionError

    async def open_(server: int) -> Any:
        link = await opening(server)
        if len(one.system.links) == 1:
            link.lost = fail
        return link

    one.system.open = open_
    await one.connection.start()
    await lost_and_back(one)
    assert [event.reason for event in one.told if event.status is Status.OFFLINE] == [
        "Watching the connection failed (ZeroDivisionError)."
    ]
    assert "Watching the connection failed in a way that was not foreseen" in caplog.text
    assert one.connection.losses == 1
    one.unforeseen = 1


@pytest.mark.parametrize(
    ("where", "what"),
    [
        ("serves", "Probing the primary server"),
        ("use", "Leaving the old connection"),
        ("close", "Giving the old session back"),
    ],
)
async def test_what_nobody_foresaw_is_noted_where_it_happened(
    rig: Any, caplog: pytest.LogCaptureFixture, where: str, what: str
) -> None:
    one = rig(2)
    one.system.opens[0] = [DOWN]
    failing = one.system

    async def fail(*args: object) -> None:
        if where == "close":
            link.open = False
        raise ZeroDivisionError

    def fail_once(link: object) -> None:
        if link is None and not one.connection.unforeseen:
            raise ZeroDivisionError
        using(link)

    using = one.system.use
    if where == "use":
        one.system.use = fail_once
    await one.connection.start()
    link = one.system.links[0]
    if where == "serves":
        failing.serves = fail
        await one.until(lambda: one.connection.unforeseen > 0)
        del failing.serves
    elif where == "close":
        link.close = fail
    await lost_and_back(one)
    assert f"{what} failed in a way that was not foreseen" in caplog.text
    assert one.connection.losses == 1
    one.unforeseen = one.connection.unforeseen


async def test_what_fails_at_once_does_not_stop_the_loop(rig: Any) -> None:
    failed = 0

    async def fail(seconds: float) -> None:
        nonlocal failed
        failed += 1
        if failed < 50:
            raise ZeroDivisionError

    one = rig(sleep=fail)
    await one.connection.start()
    one.system.links[0].lose()
    turns = 0
    while failed < 50:
        turns += 1
        await asyncio.sleep(0)
    assert turns >= 50
    await one.until(lambda: one.connection.status is Status.ONLINE)
    one.unforeseen = 49


@pytest.mark.parametrize("where", ["serves", "open"])
async def test_to_close_while_the_primary_is_probed(rig: Any, where: str) -> None:
    one = rig(2)
    one.system.opens[0] = [DOWN]
    one.system.serving = True
    await one.connection.start()
    probed = asyncio.Event()

    async def hang(server: int) -> Any:
        probed.set()
        await asyncio.Event().wait()

    setattr(one.system, where, hang)
    await one.until(probed.is_set)
    await one.connection.close()
    assert one.statuses == ["syncing", "online", "closed"]
    assert one.connection.losses == 0


async def test_to_close_twice_at_once_is_to_close_once(rig: Any) -> None:
    one = rig()
    await one.connection.start()
    link = one.system.links[0]
    farewell = asyncio.Event()
    saying = link.close

    async def slow() -> None:
        await farewell.wait()
        await saying()

    link.close = slow
    closing = [asyncio.create_task(one.connection.close()) for _ in range(2)]
    for _ in range(5):
        await asyncio.sleep(0)
    assert [task.get_name() for task in asyncio.all_tasks()].count("aiopbx closing") == 1
    farewell.set()
    await asyncio.gather(*closing)
    await one.connection.close()
    assert one.statuses[-1] == "closed"
    assert [task.get_name() for task in asyncio.all_tasks()].count("aiopbx closing") == 0


async def test_a_loss_in_the_middle_of_a_synchronisation_is_why(rig: Any) -> None:
    one = rig()
    await one.connection.start()
    one.system.syncs = ["hang"]
    one.system.links[0].lose()
    await one.until(lambda: len(one.system.links) == 2 and one.statuses[-1] == "syncing")
    one.system.links[1].lose("gone again")
    await one.until(lambda: one.connection.status is Status.ONLINE)
    assert [event.reason for event in one.told if event.status is Status.OFFLINE] == ["cut", "gone again"]


# --------------------------------------------------------------------------------------------------------------- pauses


async def test_pauses_unless_one_says_otherwise() -> None:
    system, asked = ScriptedSystem(2), Pauses()
    connection = Connection(system, Store(), random=lambda: 0.0, sleep=asked)  # type: ignore[arg-type]
    await connection.start()
    system.opens = {0: [DOWN] * 9, 1: [DOWN] * 8}
    system.links[0].lose()
    async with asyncio.timeout(30):
        while asked.asked.count(30.0) < 1:
            await asyncio.sleep(0)
    assert asked.asked[:-1] == [1, 1, 2, 1, 4, 1, 8, 1, 16, 1, 32, 1, 60, 1, 60, 1, 60, 1]
    await connection.close()


@pytest.mark.parametrize(("lasted", "first"), [(59.0, 4), (60.0, 1)])
async def test_a_connection_that_lasted_a_minute_is_a_good_one(
    rig: Any, monkeypatch: pytest.MonkeyPatch, lasted: float, first: int
) -> None:
    one = rig()
    await one.connection.start()
    await lost_and_back(one)
    await lost_and_back(one)
    assert one.connection.losses == 2
    assert pauses(one) == [1, 2]
    loop = asyncio.get_running_loop()
    await asyncio.sleep(0)
    time = loop.time
    monkeypatch.setattr(loop, "time", lambda: time() + lasted)
    await lost_and_back(one)
    assert pauses(one) == [1, 2, first]


async def test_each_pause_is_spread_by_up_to_half(rig: Any) -> None:
    one = rig(2, random=lambda: 0.5, minimum=2.0)
    await one.connection.start()
    one.system.opens = {0: [DOWN] * 2, 1: [DOWN]}
    await lost_and_back(one)
    assert [seconds for seconds in one.pauses.asked if seconds != PROBE * 0.75] == [1.5, 1.5, 3.0, 1.5]


async def test_after_a_wrong_password_pauses_stay_long(rig: Any) -> None:
    one = rig(maximum=50.0)
    await one.connection.start()
    one.system.opens[0] = [WRONG, DOWN]
    await lost_and_back(one)
    assert pauses(one) == [1, 50, 50]


def test_a_back_off_in_numbers() -> None:
    backoff = Backoff(1e-9, 60.0, lambda: 0.0)
    doubled = [backoff.next() for _ in range(40)]
    assert doubled[:3] == pytest.approx([1e-9, 2e-9, 4e-9])
    assert doubled[30:] == pytest.approx([1e-9 * 2**30] * 10), "doubled thirty times at most"
    backoff.reset()
    assert backoff.next() == 1e-9
    assert backoff.longest() == pytest.approx(1e-9 * 2**30)
    assert Backoff(1.0, 60.0, lambda: 1.0).next() == 0.5


# -------------------------------------------------------------------------------------------------------- which server


async def test_the_order_of_servers_after_a_loss_on_the_primary(rig: Any) -> None:
    one = rig(2)
    await one.connection.start()
    one.system.opens = {0: [DOWN, DOWN], 1: [DOWN, DOWN]}
    await lost_and_back(one)
    assert opened(one) == [0, 0, 1, 0, 1, 0]
    assert pauses(one) == [1, 1, 2, 1, 4], "every server once per round"
    assert one.connection.fail_overs == 0


async def test_the_order_of_servers_after_a_loss_on_the_secondary(rig: Any) -> None:
    one = rig(2)
    one.system.opens[0] = [DOWN]
    await one.connection.start()
    assert one.connection.fail_overs == 1
    one.system.opens = {0: [DOWN, DOWN], 1: [DOWN, DOWN]}
    await lost_and_back(one)
    assert opened(one) == [0, 1, 1, 0, 1, 0, 1], "the one that served last comes first"
    assert one.connection.fail_overs == 1, "the same server again"
    assert one.connection.info == SystemInfo(url="server 1")


async def test_the_order_of_three_servers(rig: Any) -> None:
    one = rig(3)
    one.system.opens[0] = [DOWN]
    await one.connection.start()
    one.system.opens = {0: [DOWN, DOWN], 1: [DOWN, DOWN], 2: [DOWN]}
    await lost_and_back(one)
    assert opened(one) == [0, 1, 1, 2, 0, 1, 2]
    assert pauses(one) == [1, 1, 1, 2, 1]


async def test_only_on_the_secondary_the_primary_is_looked_at(rig: Any) -> None:
    one = rig(2)
    await one.connection.start()
    for _ in range(20):
        await asyncio.sleep(0)
    assert one.pauses.asked == []
    assert "probe 0" not in one.system.log


async def test_looks_at_the_primary_are_spread_and_regular(rig: Any) -> None:
    one = rig(2, random=lambda: 1.0, fail_back_interval=10.0)
    one.system.opens[0] = [DOWN]
    await one.connection.start()
    await one.until(lambda: one.system.log.count("probe 0") >= 3)
    assert set(one.pauses.asked) == {5.0}
    assert "open 0" not in one.system.log[1:], "it does not serve"


async def test_a_loss_after_it_went_back(rig: Any) -> None:
    one = rig(2)
    one.system.opens[0] = [DOWN]
    one.system.serving = True
    await one.connection.start()
    await one.until(lambda: one.connection.info.url == "server 0" and one.connection.status is Status.ONLINE)
    await lost_and_back(one)
    assert one.connection.losses == 1
    assert opened(one) == [0, 1, 0, 0]


async def test_going_back_fails_after_the_secondary_was_left(rig: Any) -> None:
    errors: list[str] = []

    async def look(seconds: float) -> None:
        if one.connection.error is not None:
            errors.append(one.connection.error.message)
        await asyncio.sleep(0)

    one = rig(2, sleep=look)
    one.system.opens[0] = [DOWN]
    await one.connection.start()
    await lost_and_back(one)
    errors.clear()
    one.system.syncs = [ConnectionFailed("the primary changed its mind")]
    one.system.serving = True
    await one.until(lambda: "sync 0" in one.system.log)
    one.system.serving = False
    await one.until(lambda: len(one.system.links) == 4 and one.connection.status is Status.ONLINE)
    offline = [event.reason for event in one.told if event.status is Status.OFFLINE]
    assert offline == ["cut", "the primary changed its mind"]
    assert set(errors) == {"the primary changed its mind"}
    assert one.connection.losses == 2
    assert opened(one) == [0, 1, 1, 0, 1], "the one that served last comes first"


async def test_a_primary_that_answers_in_the_moment_of_the_loss(rig: Any) -> None:
    """Nobody waits for it any more when it is open: it is given back."""
    one = rig(2)
    one.system.opens[0] = [DOWN]
    await one.connection.start()
    opening = one.system.open
    asked, gate = asyncio.Event(), asyncio.Event()

    async def open_(server: int) -> Any:
        if server == 0 and not asked.is_set():
            asked.set()
            try:
                await gate.wait()
            except asyncio.CancelledError:
                return await opening(0)  # it was too late to stop it
        return await opening(server)

    one.system.open = open_
    one.system.serving = True
    await one.until(asked.is_set)
    one.system.serving = False
    await lost_and_back(one)
    await one.until(lambda: one.connection.status is Status.ONLINE and len(one.system.links) == 3)
    assert [link.server for link in one.system.links] == [1, 0, 1]
    assert [link.server for link in one.system.open_links] == [1]
    assert one.connection.losses == 1


async def test_an_account_that_the_primary_refuses_is_not_asked_for_ever(rig: Any) -> None:
    one = rig(2)
    one.system.opens[0] = [DOWN, AuthenticationFailed("not here")]
    one.system.serving = True
    await one.connection.start()
    await one.until(lambda: one.connection.info.url == "server 0" and one.connection.status is Status.ONLINE)
    assert one.pauses.asked[:2] == [PROBE, 2 * PROBE]
    assert one.connection.fail_overs == 2
    assert [type(event) for event in one.told] == [StatusChanged] * len(one.told)


async def test_the_primary_serves_while_the_secondary_dies(rig: Any) -> None:
    """That the old link is closed is part of moving, and no loss."""
    one = rig(2)
    one.system.opens[0] = [DOWN]
    await one.connection.start()
    opening = one.system.open

    async def open_(server: int) -> Any:
        link = await opening(server)
        if not one.system.links[0].reason.done():
            one.system.links[0].lose("the secondary died meanwhile")
        return link

    one.system.open = open_
    one.system.serving = True
    await one.until(lambda: one.connection.info.url == "server 0" and one.connection.status is Status.ONLINE)
    assert len(one.system.open_links) == 1
