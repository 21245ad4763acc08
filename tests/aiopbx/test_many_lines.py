"""An administrator of hundreds of lines: online with the right states after a few requests, everything else later."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

from aiopbx import Feature, LineAdded, LineChanged, LineRemoved, LineState, NotSupported, Pbx, Status, UnknownLine
from aiopbx.backoff import Backoff
from aiopbx.errors import ConnectionFailed, PbxError, SessionLost
from aiopbx.http.tap import WireMessage
from aiopbx.o2g import details, rights, sync
from aiopbx.o2g.details import Background, Detail, Pace, Turn
from aiopbx.o2g.link import O2gLink
from aiopbx.o2g.services.agent import Agent as Agents
from aiopbx.o2g.services.telephony import Telephony
from aiopbx.o2g.services.users import Users
from aiopbx.simulator import UserSpec
from aiopbx.simulator.faces.o2g import context
from aiopbx.simulator.switch.settings import AgentSpec
from tests.aiopbx.model_truth import compare
from tests.aiopbx.office import Diary, Office, Opened, lose_while, until

MANY = 210
FIRST = 2000


def login(number: int) -> str:
    return f"user{number}"


def people(count: int = MANY) -> tuple[UserSpec, ...]:
    return tuple(
        UserSpec(login=login(number), number=str(number), first_name="Extension", last_name=str(number))
        for number in range(FIRST, FIRST + count)
    )


@pytest.fixture(autouse=True)
def snapshots_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulator sends the snapshots of all users at once; the clock need not be turned for them."""
    monkeypatch.setattr(context, "BATCH", 10_000)


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes later comes soon."""
    monkeypatch.setattr(details, "RATE", 20_000.0)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes later comes next to never."""
    monkeypatch.setattr(details, "RATE", 0.01)


class Requests:
    """What a client has asked for: how often which operation."""

    def __init__(self, pbx: Pbx) -> None:
        self.count: Counter[str] = Counter()
        self.stop = pbx.wire(self._see)

    def _see(self, message: WireMessage) -> None:
        if message.sent:
            self.count[re.sub(r"user\d+", "USER", message.what.removeprefix("GET "))] += 1

    def of(self, *parts: str) -> int:
        """How many had one of these in their name."""
        return sum(count for what, count in self.count.items() if any(part in what for part in parts))


def requests(pbx: Pbx) -> int:
    """How many requests were made for this client."""
    return pbx._core.system.wire.requests  # type: ignore[attr-defined,no-any-return]


def described(pbx: Pbx) -> int:
    return sum(line.snapshot.described for line in pbx.lines.values())


async def settled(pbx: Pbx) -> None:
    """Wait until nothing is left to be read."""
    background = pbx._core.system._link._sync._background  # type: ignore[attr-defined]
    await until(lambda: pbx.status is Status.ONLINE and not background._working, 30)


def right(one: Office, pbx: Pbx, logins: Iterable[str] | None = None) -> bool:
    """Whether the model is the switch's truth."""
    try:
        for name in one.switch.users if logins is None else logins:
            compare(pbx.lines[name].snapshot, one.switch, name)
    except AssertionError:
        return False
    return True


# ---------------------------------------------------------------------------------------------------------- the start


@pytest.mark.office("chunk", "webhook", "tunnel")
async def test_many_lines_are_online_with_their_states_after_a_few_requests(office: Opened, slow: None) -> None:
    async with office(users=people()) as one:
        ringing = one.switch.make_call(login(2000), "2000", "2209", auto_answer=True)
        one.switch.set_dnd(login(2150), True)
        pbx = await one.connect()
        # Whatever has come since was the first of what follows.
        assert requests(pbx) <= 25
        assert len(pbx.lines) == MANY
        assert all(line.synced for line in pbx.lines.values())
        states = Counter(line.state for line in pbx.lines.values())
        assert states == {
            LineState.IDLE: MANY - 2,
            LineState.RINGING_INCOMING: 1,
            LineState.RINGING_OUTGOING: 1,
        }
        assert pbx.lines[login(2209)].calls[0].ref == ringing.ref
        assert pbx.lines[login(2150)].do_not_disturb is True


async def test_what_is_not_known_yet_is_marked_and_what_does_not_depend_on_it_works(office: Opened, slow: None) -> None:
    async with office(users=people()) as one:
        pbx = await one.connect()
        line = pbx.lines[login(2120)]
        snapshot = line.snapshot
        assert (snapshot.described, snapshot.synced, snapshot.name, snapshot.number) == (False, True, "", "")
        assert {Feature.DIAL, Feature.CALL_EVENTS, Feature.TRANSFER} <= line.features
        assert Feature.FORWARD not in line.features
        with pytest.raises(NotSupported, match="not known yet"):
            await line.set_forward("2001")
        assert pbx.line("2120") is line, "by the number of its device"
        with pytest.raises(UnknownLine):
            pbx.line("9999")
        call = await line.dial("2121")
        assert call is not None
        await pbx.line("2121").wait_for_call(timeout=30)


async def test_names_and_rights_follow_and_are_published(office: Opened, fast: None) -> None:
    async with office(users=people()) as one:
        pbx = await one.connect()
        diary = Diary(pbx, kind=(LineAdded, LineChanged))
        before = described(pbx)
        await settled(pbx)
        assert described(pbx) == MANY
        assert right(one, pbx)
        assert Feature.FORWARD in pbx.line("2209").features
        assert pbx.line("2209").name == "Extension 2209"
        await pbx.line("2209").set_forward("2001")
        published = [event for event in diary.events if isinstance(event, LineChanged) and "described" in event.changed]
        assert len(published) == MANY - before
        assert not diary.of(LineAdded)
        # Of each: the user, the rights, device states, counters, the hunting group; and once who is there.
        assert MANY * 5 < requests(pbx) < MANY * 5 + 25


async def test_a_few_lines_are_known_when_online(office: Opened, slow: None) -> None:
    async with office(users=people(100)) as one:
        pbx = await one.connect()
        assert described(pbx) == 100
        assert right(one, pbx)


@pytest.mark.parametrize("agents", [False, True])
async def test_a_server_that_lists_everybody_as_an_agent(
    office: Opened, monkeypatch: pytest.MonkeyPatch, slow: None, agents: bool
) -> None:
    """It may ignore the restriction. A few are tried, and only if one of them is an agent, all of them are."""
    asked: list[str | None] = []
    logins, config = Users.logins, Agents.agent_config

    async def everybody(self: Users, **keywords: Any) -> Any:
        return await logins(self)

    async def count(self: Agents, **keywords: Any) -> Any:
        asked.append(keywords["login_name"])
        return await config(self, **keywords)

    monkeypatch.setattr(Users, "logins", everybody)
    monkeypatch.setattr(Agents, "agent_config", count)
    some = tuple(user.model_copy(update={"acd": agents, "agent": AgentSpec() if agents else None}) for user in people())
    async with office(users=some) as one:
        pbx = await one.connect()
        assert sum(line.agent is not None for line in pbx.lines.values()) == (MANY if agents else 0)
        assert (len(asked) >= MANY) if agents else (10 <= len(asked) <= 20)


async def test_lines_that_were_named_by_number_have_their_names_when_online(office: Opened, slow: None) -> None:
    """They had to be looked up, which says whose they are."""
    async with office(users=people()) as one:
        numbers = [str(FIRST + count) for count in range(150)]
        pbx = await one.connect(lines=numbers)
        assert [line.number for line in pbx.lines.values()] == numbers
        assert pbx.line("2100").name == "Extension 2100"
        assert described(pbx) < 10


# -------------------------------------------------------------------------------------------------------- a reconnect


async def test_a_reconnect_reads_states_at_once_and_later_only_what_may_have_changed(
    office: Opened, fast: None
) -> None:
    async with office(users=people()) as one:
        pbx = await one.connect(audit_interval=0)  # which reads rights, too, slowly
        await settled(pbx)
        seen = Requests(pbx)
        diary = Diary(pbx, kind=(LineAdded, LineChanged))

        def meanwhile() -> None:
            one.switch.make_call(login(2000), "2000", "2001", auto_answer=True)
            one.switch.set_device_state("2209", "OUT_OF_SERVICE")

        await lose_while(one, pbx, "cut_channels", meanwhile)
        assert pbx.lines[login(2001)].state is LineState.RINGING_INCOMING
        assert pbx.lines[login(2208)].name == "Extension 2208", "what was known stays"
        await settled(pbx)
        assert right(one, pbx)
        assert pbx.lines[login(2209)].state is LineState.OUT_OF_SERVICE
        assert seen.of("/telephony/state?", "/routing/state?") == 0, "states came as snapshots"
        assert seen.of("/routing?") == 0, "rights are not read again"
        assert seen.of("/users/USER") == MANY, "names may have changed unseen"
        assert seen.of("/telephony/devices", "/eventSummary", "/huntingGroupLogOn") == MANY * 3
        assert not diary.of(LineAdded)
        assert {event.line for event in diary.of(LineChanged)} == {login(2000), login(2001), login(2209)}


async def test_a_loss_before_everything_was_known_is_followed_by_the_rest(
    office: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(details, "RATE", 0.01)
    async with office(users=people()) as one:
        pbx = await one.connect()
        before = described(pbx)
        assert before < 5
        monkeypatch.setattr(details, "RATE", 20_000.0)
        one.faults.cut_channels()
        await until(lambda: pbx.statistics.losses == 1 and pbx.status is Status.ONLINE)
        await settled(pbx)
        assert described(pbx) == MANY
        assert right(one, pbx)


async def test_who_was_created_while_offline_comes_with_a_name(office: Opened, fast: None) -> None:
    async with office(users=people()) as one:
        pbx = await one.connect()
        await settled(pbx)
        diary = Diary(pbx, kind=LineAdded)
        new = UserSpec(login="new", number="1999", first_name="Nora", last_name="New")
        await lose_while(one, pbx, "cut_channels", lambda: one.switch.add_user(new))
        assert [event.snapshot.name for event in diary.of(LineAdded)] == ["Nora New"]
        await settled(pbx)
        assert pbx.line("1999").snapshot.described
        assert Feature.FORWARD in pbx.line("1999").features


async def test_many_who_were_created_while_offline_are_added_at_once(
    office: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(details, "RATE", 20_000.0)
    async with office(users=people(10)) as one:
        pbx = await one.connect()
        diary = Diary(pbx, kind=(LineAdded, LineChanged))

        def meanwhile() -> None:
            for user in people(MANY)[10:]:
                one.switch.add_user(user)

        await lose_while(one, pbx, "cut_channels", meanwhile)
        assert len(pbx.lines) == len(diary.of(LineAdded)) + 10 == MANY
        await settled(pbx)
        assert right(one, pbx)


async def test_rights_are_read_again_after_long_or_from_another_server(office: Opened, fast: None) -> None:
    async with office(users=people()) as one:
        pbx = await one.connect(audit_interval=0)  # which reads rights, too, slowly
        await settled(pbx)
        known = pbx._core.system.rights  # type: ignore[attr-defined]
        for change in ("old", "other"):
            seen = Requests(pbx)
            if change == "old":
                known._begun -= rights.RIGHTS_LAST + 1
            else:
                known._server = ("http://other.example.com", None)
            losses = pbx.statistics.losses
            one.faults.cut_channels()
            await until(lambda losses=losses: pbx.statistics.losses > losses and pbx.status is Status.ONLINE)
            await settled(pbx)
            assert seen.of("/routing?") == MANY, change
            seen.stop()


# ----------------------------------------------------------------------------------- a channel that cannot carry them


@pytest.mark.parametrize("queue", [1, 150])
@pytest.mark.office("chunk", "webhook", "tunnel")
async def test_a_queue_smaller_than_the_snapshots_does_not_feed_itself(office: Opened, fast: None, queue: int) -> None:
    async with office(users=people(), event_queue=queue) as one:
        one.switch.make_call(login(2000), "2000", "2209", auto_answer=True)
        pbx = await one.connect(request_timeout=30.0)
        assert right_calls(one, pbx)
        await settled(pbx)
        await one.caught_up(pbx)
        assert right(one, pbx)
        # Everything once: of each its state, its routing, and five details. A second round would make it twice as many.
        assert requests(pbx) <= MANY * 7 + 40
        assert (pbx.status, pbx.statistics.losses) == (Status.ONLINE, 0)


def right_calls(one: Office, pbx: Pbx) -> bool:
    """Whether every line has the calls that it has on the switch, confirmed."""
    return all(
        pbx.lines[name].synced
        and {call.ref for call in pbx.lines[name].calls} == {call.ref for call in one.switch.calls_of(name)}
        for name in one.switch.users
    )


async def test_a_resync_over_a_small_queue_comes_to_an_end(office: Opened, fast: None) -> None:
    """The storm: the server drops events, and every resync has it drop more."""
    async with office(users=people(), event_queue=50) as one:
        pbx = await one.connect(request_timeout=30.0)
        await settled(pbx)
        before = requests(pbx)
        one.faults.freeze_channels()
        call = one.switch.make_call(login(2000), "2000", "2001", auto_answer=True)
        for number in range(2100, 2200):
            one.switch.set_dnd(login(number), True)
        one.switch.drop(login(2000), call.ref)
        one.faults.thaw()
        await until(lambda: right(one, pbx), 30)
        await settled(pbx)
        await one.caught_up(pbx)
        assert requests(pbx) - before <= MANY * 7 + 40
        assert pbx.statistics.losses == 0


async def test_users_who_come_and_go_while_events_are_dropped_are_found(office: Opened) -> None:
    async with office(event_queue=2) as one:
        pbx = await one.connect()
        one.faults.freeze_channels()
        one.switch.add_user(UserSpec(login="new", number="1009", first_name="Nora", last_name="New"))
        one.switch.remove_user("oxe1003")
        for _ in range(3):
            one.switch.set_dnd("oxe1000", True)
            one.switch.set_dnd("oxe1000", False)
        diary = Diary(pbx, kind=(LineAdded, LineRemoved))
        one.faults.thaw()
        await until(lambda: len(diary.events) == 2)
        await until(lambda: sorted(pbx.lines) == sorted(one.switch.users))
        assert [event.snapshot.name for event in diary.of(LineAdded)] == ["Nora New"]
        assert [event.line for event in diary.of(LineRemoved)] == ["oxe1003"]
        assert pbx.statistics.losses == 0


async def test_what_came_before_the_notice_is_read_again(office: Opened, slow: None) -> None:
    """A snapshot that came before events were dropped may be out of date; one that came after is not."""
    async with office(users=people()) as one:
        pbx = await one.connect()
        link = pbx._core.system._link  # type: ignore[attr-defined]
        assert link._sync.events_lost() is False, "nothing is being asked for, so nothing makes it good"
        seen = Requests(pbx)
        one.faults.freeze_channels()
        resync = asyncio.ensure_future(link._sync.again())
        await until(lambda: seen.of("/telephony/state/snapshot"))
        (subscribed,) = one.simulator.server.subscriptions.all
        await until(lambda: len(subscribed.queue) >= 2 * MANY)
        lines = list(subscribed.queue)
        subscribed.queue.clear()
        subscribed.queue.extend(lines[:150])
        notice = b'{"eventName": "OnChannelInformation", "text": "queue overflow: 1 events lost"}\n'
        subscribed.queue.append(notice)
        subscribed.queue.extend(lines[150:])
        one.faults.thaw()
        await resync
        telephony_before = sum(b"OnTelephonyState" in line for line in lines[:150])
        assert seen.of("/telephony/state?") == telephony_before > 0
        await link._sync.lines([login(number) for number in range(2000, 2150)])
        assert seen.of("/telephony/state/snapshot") == 1, "and no more snapshots are asked for on this channel"


# ------------------------------------------------------------------------------------------------- slow or unlicensed


async def test_a_server_that_is_slow_with_many_snapshots_is_given_time(
    office: Opened, monkeypatch: pytest.MonkeyPatch, slow: None
) -> None:
    """It sends some, and pauses: whoever is tried then has the licence, so more will come."""
    monkeypatch.setattr(context, "BATCH", 75)
    tried: list[str] = []
    read = Telephony.telephonic_state

    async def count(self: Telephony, **keywords: Any) -> Any:
        tried.append(keywords["login_name"])
        return await read(self, **keywords)

    monkeypatch.setattr(Telephony, "telephonic_state", count)
    async with office(users=people()) as one:
        connecting = asyncio.ensure_future(one.connect(sync_timeout=600))
        while not connecting.done():
            seen = len(tried)
            await until(lambda seen=seen: len(tried) > seen or connecting.done(), 30)
            one.clock.advance(context.PAUSE)
        pbx = await connecting
        assert 2 <= len(tried) <= 10, "one for each pause, not all that were missing"
        assert right_calls(one, pbx)
        assert pbx.lines[login(2209)].snapshot.routing is not None


async def test_a_server_that_stops_in_the_middle_of_many_snapshots_is_not_waited_for(
    office: Opened, monkeypatch: pytest.MonkeyPatch, slow: None
) -> None:
    monkeypatch.setattr(context, "BATCH", 100)
    monkeypatch.setattr(sync, "STALL", 0.05)
    async with office(users=people()) as one:
        one.switch.make_call(login(2000), "2000", "2209", auto_answer=True)
        pbx = await one.connect(sync_timeout=600)
        assert right_calls(one, pbx)
        assert MANY - 100 <= requests(pbx) <= MANY - 100 + 25, "the calls of those that are missing were read"
        assert pbx.lines[login(2209)].snapshot.routing is None, "the rest of their states comes later"


async def test_snapshots_that_come_while_a_licence_is_tried_are_noticed(
    office: Opened, monkeypatch: pytest.MonkeyPatch, slow: None
) -> None:
    """All that the server had to send came in that moment; no more will, and the time-out is not waited for."""
    monkeypatch.setattr(context, "BATCH", 100)
    monkeypatch.setattr(sync, "STALL", 0.05)
    read = Telephony.telephonic_state
    async with office(users=people()) as one:
        one.faults.freeze_channels()

        async def meanwhile(self: Telephony, **keywords: Any) -> Any:
            one.faults.thaw()
            (link,) = links
            # Two hundred are sent.
            await until(lambda: link._applier.expected.left <= 2 * MANY - 190)
            return await read(self, **keywords)

        links: list[O2gLink] = []
        build = O2gLink._build

        def noted(self: O2gLink, *found: Any) -> None:
            build(self, *found)
            links.append(self)

        monkeypatch.setattr(O2gLink, "_build", noted)
        monkeypatch.setattr(Telephony, "telephonic_state", meanwhile)
        async with asyncio.timeout(30):
            pbx = await one.connect(sync_timeout=600)
        assert right_calls(one, pbx)


async def test_many_users_without_the_licence_are_not_waited_for(office: Opened, fast: None) -> None:
    """They get no snapshot, and nothing says so: each is tried, and the time-out is not waited for."""
    some = tuple(
        user.model_copy(update={"licences": frozenset({"TELEPHONY_BASIC"})}) if count % 3 else user
        for count, user in enumerate(people())
    )
    async with office(users=some) as one:
        async with asyncio.timeout(60):
            pbx = await one.connect(sync_timeout=600)
        assert requests(pbx) <= MANY + 25
        await settled(pbx)
        licensed = [line for line in pbx.lines.values() if Feature.CALL_EVENTS in line.features]
        assert len(licensed) == MANY / 3
        assert described(pbx) == MANY
        seen = Requests(pbx)
        one.faults.cut_channels()
        await until(lambda: pbx.statistics.losses == 1 and pbx.status is Status.ONLINE)
        await settled(pbx)
        assert seen.of("/telephony/state?") == 0, "it is known who has no licence"
        assert seen.of("/eventSummary") == MANY / 3


# ------------------------------------------------------------------------------------------------------- some of them


async def test_some_lines_are_read_again_and_the_others_are_not(office: Opened, fast: None) -> None:
    async with office(users=people()) as one:
        pbx = await one.connect()
        await settled(pbx)
        link = pbx._core.system._link  # type: ignore[attr-defined]
        seen = Requests(pbx)
        await link._sync.lines([login(2000), login(2001), "a stranger"])
        assert seen.of("/telephony/state?") == seen.of("/routing/state?") == 2
        assert seen.of("/eventSummary") == seen.of("/users/USER") == 2
        assert seen.of("/state/snapshot") == seen.of("/routing?") == 0
        await link._sync.lines([login(number) for number in range(2000, 2200)])
        await settled(pbx)
        assert seen.of("/telephony/state?") == 2, "of many, a snapshot of all costs less"
        assert seen.of("/telephony/state/snapshot") == 1
        await link._sync.calls([login(2000)])
        assert seen.of("/telephony/state?") == 3


# ------------------------------------------------------------------------------------------------------ the background


class Rig:
    """What a background reads, and how that fails."""

    def __init__(self, fails: dict[str, list[PbxError]] | None = None) -> None:
        self.read: list[tuple[Detail, str]] = []
        self.fails = fails or {}
        self.tasks: list[asyncio.Task[None]] = []
        self.background = Background(self._read, lambda work, name: self.tasks.append(asyncio.create_task(work)))

    async def _read(self, detail: Detail, login: str, turn: Turn) -> None:
        await turn()
        if self.fails.get(login):
            raise self.fails[login].pop()
        self.read.append((detail, login))

    async def finish(self) -> None:
        while self.tasks:
            await self.tasks.pop()


async def test_the_background_reads_the_most_urgent_first_and_nothing_twice(
    monkeypatch: pytest.MonkeyPatch, fast: None
) -> None:
    monkeypatch.setattr(details, "AT_A_TIME", 1)
    rig = Rig()
    rig.background.want(Detail.USER, [])
    assert not rig.tasks
    rig.background.want(Detail.USER, ["a", "b"])
    rig.background.want(Detail.DESCRIPTION, ["c"])
    rig.background.want(Detail.USER, ["b"])
    assert len(rig.background) == 3
    assert len(rig.tasks) == 1
    await rig.finish()
    assert rig.read == [(Detail.DESCRIPTION, "c"), (Detail.USER, "a"), (Detail.USER, "b")]
    rig.background.want(Detail.USER, ["a"])
    await rig.finish()
    assert rig.read[3:] == [(Detail.USER, "a")]


async def test_the_background_tries_again_what_may_pass_and_gives_up_at_last(
    monkeypatch: pytest.MonkeyPatch, fast: None
) -> None:
    monkeypatch.setattr(Backoff, "next", lambda self: 0.0)
    passing = ConnectionFailed("No answer.")
    never: list[PbxError] = [ConnectionFailed("No answer.") for _ in range(20)]
    final = ConnectionFailed("Refused.")
    final.transient = False
    rig = Rig({"once": [passing], "never": never, "refused": [final]})
    rig.background.want(Detail.CHANGING, ["once", "never", "refused", "fine"])
    await rig.finish()
    assert sorted(rig.read) == [(Detail.CHANGING, "fine"), (Detail.CHANGING, "once")]
    assert len(never) == 15, "five attempts"


async def test_the_background_ends_with_the_session(fast: None) -> None:
    lost: list[PbxError] = [SessionLost("It is gone.", operation="user", status=403) for _ in range(10)]
    rig = Rig({"a": lost})
    rig.background.want(Detail.USER, ["a", *(f"u{number}" for number in range(100))])
    await rig.finish()
    assert len(rig.background) == 0
    assert len(rig.read) < details.AT_A_TIME


async def test_a_pace_is_kept() -> None:
    pace = Pace(200.0)
    began = asyncio.get_running_loop().time()
    await asyncio.gather(*(pace.turn() for _ in range(21)))
    assert asyncio.get_running_loop().time() - began >= 0.0999


async def test_a_pace_makes_up_for_what_a_busy_loop_has_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """But not for the time in which nothing was wanted: that would be a flood."""
    loop, now, slept = asyncio.get_running_loop(), [1000.0], []

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 6))
        now[0] += seconds

    monkeypatch.setattr(loop, "time", lambda: now[0])
    monkeypatch.setattr(details.asyncio, "sleep", sleep)
    pace = Pace(100.0)
    for _ in range(3):
        await pace.turn()
    assert slept == [0.01, 0.01], "one begins at once, the others wait"
    now[0] += 0.055  # the loop was busy: five have had no turn
    slept.clear()
    for _ in range(7):
        await pace.turn()
    assert slept == [0.005, 0.01], "five begin at once"
    now[0] += 10
    slept.clear()
    for _ in range(3):
        await pace.turn()
    assert slept == [0.01, 0.01]


async def test_what_nothing_is_known_of_is_described_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(details, "RATE", 100.0)
    turns: list[tuple[Detail, float]] = []
    done = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def read(detail: Detail, login: str, turn: Turn) -> None:
        await turn()
        turns.append((detail, loop.time()))

    async def work(coroutine: Any) -> None:
        await coroutine
        done.set()

    tasks = []
    background = Background(read, lambda coroutine, _name: tasks.append(loop.create_task(work(coroutine))))
    background.want(Detail.USER, [f"u{number}" for number in range(10)])
    background.want(Detail.DESCRIPTION, [f"d{number}" for number in range(50)])
    began = loop.time()
    await done.wait()
    assert [detail for detail, _ in turns[:50]].count(Detail.DESCRIPTION) >= 46
    described = [at for detail, at in turns if detail is Detail.DESCRIPTION]
    assert described[-1] - began >= 49 / 250 - 0.001
    assert turns[-1][1] - began >= 9 / 100 - 0.001
