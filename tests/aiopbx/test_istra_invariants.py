"""The nine invariants on Istra. Where the very test of O2G can run, it does."""

import asyncio
import json
import logging
import threading
from time import monotonic
from typing import Any

import pytest

import aiopbx
from aiopbx import (
    AuthenticationFailed,
    CallEnded,
    CallStarted,
    CallState,
    ConnectionFailed,
    DialPolicy,
    Direction,
    InvalidInput,
    LineState,
    NotReady,
    Offline,
    Outcome,
    OutcomeUnknown,
    Pbx,
    PolicyViolation,
    RequestRefused,
    Status,
    StatusChanged,
    UnknownLine,
)
from aiopbx.istra.services import Rcc
from aiopbx.simulator.faces.istra.identifiers import extension_id
from tests.aiopbx.istra_office import RCC, IstraOffice, compare, end_user, istra_office
from tests.aiopbx.office import Diary, client_tasks, lose_while, until

LOSSES = ["cut_channels", "close_cleanly", "expire_sessions"]
EACH = pytest.mark.parametrize(
    "account", [RCC, end_user("mycrm"), end_user("myistra")], ids=["myrcc", "mycrm", "myistra"]
)


def right(one: IstraOffice, pbx: Pbx) -> None:
    for login, user in one.switch.users.items():
        compare(pbx.line(user.number).snapshot, one.switch, login)


# 1: nothing hangs in "ringing"


@pytest.mark.parametrize("loss", LOSSES)
async def test_1_a_call_that_ended_while_offline_is_reported_ended_once(loss: str) -> None:
    async with istra_office() as one:
        pbx = await one.connect()
        ringing = one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True)
        await one.caught_up(pbx)
        bob = pbx.line("1001")
        call = bob.calls[0]
        assert bob.state is LineState.RINGING_INCOMING
        diary = Diary(pbx)
        await lose_while(one, pbx, loss, lambda: one.switch.drop("oxe1000", ringing.ref))
        assert bob.state is LineState.IDLE
        assert pbx.line("1000").state is LineState.IDLE
        assert sorted(event.line for event in diary.of(CallEnded)) == sorted((bob.id, pbx.line("1000").id))
        assert (call.outcome, call.ended_at) == (Outcome.UNKNOWN, None)
        assert call.started_at is not None


@pytest.mark.parametrize("loss", LOSSES)
async def test_1_a_call_that_came_while_offline_is_reported(loss: str) -> None:
    async with istra_office() as one:
        pbx = await one.connect()
        diary = Diary(pbx)
        await lose_while(one, pbx, loss, lambda: one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True))
        (bob,) = pbx.line("1001").calls
        assert (bob.state, bob.direction, bob.started_at) == (CallState.RINGING_INCOMING, Direction.INCOMING, None)
        assert len(diary.of(CallStarted)) == 2
        assert diary.of(CallEnded) == []
        await bob.answer()
        await bob.wait_for(CallState.ACTIVE, timeout=30)


async def test_1_a_call_that_went_on_is_the_same_call() -> None:
    async with istra_office() as one:
        pbx = await one.connect()
        ringing = one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True)
        await one.caught_up(pbx)
        call = pbx.line("1001").calls[0]
        await lose_while(one, pbx, "cut_channels", lambda: one.switch.answer("oxe1001", ringing.ref, "1001"))
        assert pbx.line("1001").calls[0] is call
        assert (call.state, call.answered, call.answered_at) == (CallState.ACTIVE, True, None)


@EACH
async def test_1_every_line_is_confirmed_after_a_loss(account: dict[str, str]) -> None:
    async with istra_office() as one:
        pbx = await one.connect(**account)
        assert pbx.lines
        assert all(line.synced for line in pbx.lines.values())
        one.faults.cut_channels()
        await until(lambda: not any(line.synced for line in pbx.lines.values()))
        await until(lambda: pbx.status is Status.ONLINE)
        assert all(line.synced for line in pbx.lines.values())


async def test_1_what_is_pushed_while_the_listing_is_on_its_way_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    """The listing still has the call that ended meanwhile, and not yet the one that began."""
    async with istra_office() as one:
        pbx = await one.connect()
        ringing = one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True)
        await one.caught_up(pbx)
        read = Rcc.call_lines

        async def slow(self: Rcc, **keywords: Any) -> Any:
            listing = await read(self, **keywords)
            pushed = pbx.statistics.events
            one.switch.drop("oxe1000", ringing.ref)
            one.switch.make_call("oxe1002", "1002", "1003", auto_answer=True)
            await until(lambda: pbx.statistics.events >= pushed + 4)
            await asyncio.sleep(0.01)
            return listing

        monkeypatch.setattr(Rcc, "call_lines", slow)
        diary = Diary(pbx)
        one.faults.cut_channels()
        await until(lambda: pbx.statistics.losses == 1 and pbx.status is Status.ONLINE)
        assert len(diary.of(CallEnded)) == 2
        assert len(diary.of(CallStarted)) == 2
        right(one, pbx)


async def test_1_a_loss_in_the_middle_of_synchronising() -> None:
    async with istra_office() as one:
        pbx = await one.connect()
        one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True)
        for _ in range(5):
            one.faults.cut_channels()
            await asyncio.sleep(0.02)
        await one.caught_up(pbx)
        right(one, pbx)


# 2: offline is told


@EACH
async def test_2_silence_is_noticed(account: dict[str, str]) -> None:
    async with istra_office() as one:
        pbx = await one.connect(**account, silence_timeout=0.05)
        await asyncio.sleep(0.2)
        assert pbx.statistics.losses == 0, "a quiet socket that lives is kept"
        diary = Diary(pbx, kind=StatusChanged)
        one.hurry(pbx, request_timeout=0.3)
        one.faults.freeze_channels()
        await until(lambda: pbx.statistics.losses == 1)
        reason = diary.events[0].reason  # type: ignore[attr-defined]
        assert reason is not None
        assert "socket" in reason
        one.faults.thaw()
        await until(lambda: pbx.status is Status.ONLINE)


@EACH
@pytest.mark.parametrize("loss", LOSSES)
async def test_2_a_clean_close_is_a_loss_like_any_other(account: dict[str, str], loss: str) -> None:
    async with istra_office() as one:
        pbx = await one.connect(**account)
        diary = Diary(pbx, kind=StatusChanged)
        getattr(one.faults, loss)()
        await until(lambda: pbx.statistics.losses == 1 and pbx.status is Status.ONLINE)
        assert [event.status.value for event in diary.events] == ["offline", "syncing", "online"]  # type: ignore[attr-defined]


@EACH
async def test_2_commands_fail_at_once_while_offline(account: dict[str, str]) -> None:
    async with istra_office() as one:
        pbx = await one.connect(**account, reconnect_min=5.0, reconnect_max=5.0)
        line = next(iter(pbx.lines.values()))
        one.faults.cut_channels()
        await until(lambda: pbx.status is Status.OFFLINE)
        began = monotonic()
        for ask in (lambda: line.dial("1002"), pbx.available_lines):
            with pytest.raises(Offline) as refused:
                await ask()
            assert refused.value.transient
        with pytest.raises(Offline):
            _ = pbx.istra
        assert monotonic() - began < 2


async def test_2_the_session_expires_while_a_command_is_under_way() -> None:
    """The refusal says that nothing was done, so the client logs in anew and asks again: once."""
    async with istra_office() as one:
        pbx = await one.connect()
        one.faults.expire_sessions()  # the socket has not told yet: the request is what finds out
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        await until(lambda: pbx.statistics.losses == 1 and pbx.status is Status.ONLINE)
        assert len(one.switch.calls) == 1
        await one.caught_up(pbx)
        right(one, pbx)


@EACH
async def test_2_nothing_is_leaked_by_many_losses(account: dict[str, str]) -> None:
    async with istra_office() as one:
        pbx = await one.connect(**account)
        tasks, listeners = client_tasks(), len(one.face.listeners)
        for number in range(1, 6):
            one.faults.cut_channels()
            await until(lambda number=number: pbx.statistics.losses == number and pbx.status is Status.ONLINE)  # type: ignore[misc]
        await until(lambda: one.sessions == 1)
        assert (len(one.face.connections), len(one.face.listeners)) == (1, listeners)
        assert client_tasks() == tasks


@EACH
async def test_2_closing_gives_everything_back(account: dict[str, str]) -> None:
    async with istra_office() as one:
        pbx = await one.connect(**account)
        diary = Diary(pbx)
        stream = pbx.events()
        await pbx.close()
        await pbx.close()
        assert pbx.status is Status.CLOSED
        assert [event.status for event in diary.of(StatusChanged)] == [Status.CLOSED]
        assert [event async for event in stream] == diary.events
        assert (one.sessions, one.subscriptions, len(one.face.connections)) == (0, 0, 0)
        assert client_tasks() == set()
        with pytest.raises(Offline):
            _ = pbx.istra


@EACH
async def test_2_connecting_can_be_given_up_at_any_moment(account: dict[str, str]) -> None:
    async with istra_office() as one:
        for steps in (*range(0, 40, 3), *range(40, 400, 30)):
            connecting = asyncio.ensure_future(one.connect(**account))
            for _ in range(steps):
                await asyncio.sleep(0)
            if connecting.done():  # where the machine is busy, it takes fewer steps
                await connecting.result().close()
                break
            connecting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await connecting
            await until(lambda: one.sessions == 0)
        assert client_tasks() == set()


async def test_2_a_dial_as_the_session_expires_is_made_once() -> None:
    async with istra_office() as one:
        pbx = await one.connect()
        for session in one.face.sessions.all:
            session.deadline = -1.0  # it is over, and the socket has not been told
        call = await pbx.line("1000").dial("1001")
        await until(lambda: pbx.statistics.losses == 1 and pbx.status is Status.ONLINE)
        assert len(one.switch.calls) == 1
        assert call is not None
        await call.hang_up()
        await until(lambda: call.ended)
        assert one.sessions == 1


async def test_2_a_first_connection_that_fails_leaves_nothing() -> None:
    async with istra_office() as one:
        for account in (RCC, end_user("mycrm"), end_user("myistra")):
            with pytest.raises(AuthenticationFailed):
                await one.connect(**account | {"password": "wrong"})
        with pytest.raises((AuthenticationFailed, RequestRefused)):
            await one.connect(enterprise="another")
        with pytest.raises(UnknownLine, match="nobody"):
            await one.connect(lines=["1000", "nobody"])
        one.faults.not_ready()
        with pytest.raises(NotReady):
            await one.connect()
        one.faults.not_ready(False)
        with pytest.raises(ConnectionFailed):
            await aiopbx.connect(url="http://127.0.0.1:9", **RCC)
        assert (one.sessions, one.subscriptions, len(one.face.connections)) == (0, 0, 0)
        assert client_tasks() == set()


async def test_2_a_wrong_password_after_a_loss_is_told() -> None:
    async with istra_office() as one:
        pbx = await one.connect()
        one.faults.refuse_logins()
        one.faults.cut_channels()
        await until(lambda: isinstance(pbx.error, AuthenticationFailed))
        assert pbx.status is Status.OFFLINE
        one.faults.refuse_logins(False)
        await until(lambda: pbx.status is Status.ONLINE)


# 3: fail-over


async def test_3_there_is_no_pair_and_a_move_to_another_host_is_followed_again_and_again() -> None:
    async with istra_office() as one:
        with pytest.raises(InvalidInput, match="secondary_url"):
            await one.connect(secondary_url="http://127.0.0.1:9")
        one.face.variants.redirect = 302
        pbx = await one.connect(trusted_redirects=["localhost", "127.0.0.1"])
        assert "localhost" in pbx.info.url
        assert await pbx.line("1000").dial("1001") is not None
        one.faults.cut_channels()
        await until(lambda: pbx.statistics.losses == 1 and pbx.status is Status.ONLINE)
        assert pbx.statistics.fail_overs == 0


# 4: the server's reason arrives


async def test_4_a_refusal_carries_everything() -> None:
    async with istra_office() as one:
        pbx = await one.connect()
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        snapshot = call.snapshot
        await call.hang_up()
        await call.wait_for(lambda now: now.ended, timeout=30)
        link = pbx._core.system._link  # type: ignore[attr-defined]
        with pytest.raises(RequestRefused) as refused:
            await link.commands.hold(pbx.line("1000").snapshot, snapshot, "")
        error = refused.value
        assert error.operation == "POST v1/rcc/CallLine/{id}/hold"
        assert error.status == 404
        assert error.help_message
        assert not error.transient


async def test_4_a_dial_that_was_not_answered_is_found_by_its_events_and_never_repeated() -> None:
    async with istra_office() as one:
        pbx = await one.connect()
        one.faults.drop_requests(1, after=True)
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        assert call.direction is Direction.OUTGOING
        await one.caught_up(pbx)
        assert len(one.switch.calls) == 1
        one.faults.drop_requests(1)
        with pytest.raises(OutcomeUnknown):
            await pbx.line("1002").dial("1003", timeout=0.2)
        assert len(one.switch.calls) == 1


async def test_4_a_transfer_that_is_refused_does_not_say_how_a_call_ended() -> None:
    async with istra_office() as one:
        pbx = await one.connect()
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        ringing = await pbx.line("1001").wait_for_call(timeout=30)
        with pytest.raises(RequestRefused):
            await ringing.redirect("99999999")
        if not ringing.ended:
            await call.hang_up()
        await ringing.wait_for(Outcome.MISSED, timeout=30)


# 5: the future does not break it


async def test_5_what_nobody_knows_is_counted_and_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with istra_office() as one:
        pbx = await one.connect()
        (socket,) = one.face.connections
        alice = extension_id("oxe1000")
        line = {"lineId": "-1", "extension": f"v1/rcc/Extension/{alice}", "isIncoming": True, "displayedNumber": "1"}
        novelty = line | {"state": "teleporting", "actions": ["beam", "hold"], "stateCause": "causeNovel", "new": [1]}
        for _ in range(3):
            socket.push({"listenerName": "x", "item": [novelty]})
        call = await pbx.line("1000").wait_for_call(CallState.UNKNOWN, timeout=30)
        assert call.cause == "causeNovel"
        assert pbx.line("1000").state is LineState.BUSY
        assert {action.value for action in call.actions} == {"hold"}
        for frame in ("{", "[]", "7", '{"listenerName": "x", "item": [{"state": "talking"}]}', "\x00", ""):
            socket.send(frame)
        socket.push({"listenerName": "x", "item": [line | {"state": "dropped"}]})
        await call.wait_for(Outcome.MISSED, timeout=30)
        told = pbx.statistics
        assert told.unknown_values >= 3
        assert told.unknown_fields >= 1
        assert told.malformed_frames >= 4
        assert (told.losses, pbx.status) == (0, Status.ONLINE)
        logged = [record.getMessage() for record in caplog.records if "teleporting" in record.getMessage()]
        assert len(logged) == 1, "told once"


async def test_5_faults_on_the_wire_are_lived_with() -> None:
    async with istra_office() as one:
        pbx = await one.connect()
        one.faults.duplicate_events()
        diary = Diary(pbx)
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        await pbx.line("1001").wait_for_call(timeout=30)
        await call.hang_up()
        await until(lambda: len(diary.of(CallEnded)) == 2)
        await one.caught_up(pbx)
        assert len(diary.of(CallStarted)) == len(diary.of(CallEnded)) == 2
        one.faults.duplicate_events(False)
        malformed = pbx.statistics.malformed_frames
        one.faults.malform_next(1)
        made = one.switch.make_call("oxe1002", "1002", "1003", auto_answer=True)
        await until(lambda: pbx.statistics.malformed_frames > malformed)
        malformed = pbx.statistics.malformed_frames
        one.faults.item_without_id(1)
        one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True)
        await until(lambda: pbx.statistics.malformed_frames > malformed)
        one.switch.answer("oxe1003", made.ref, "1003")
        await one.caught_up(pbx)
        assert pbx.line("1003").state is LineState.ACTIVE, "the next snapshot makes up for it"
        assert pbx.statistics.losses == 0


# 7: one loop; more of it, and 6, is with the tests of O2G


async def test_7_callbacks_run_in_the_owning_loop() -> None:
    async with istra_office() as one:
        pbx = await one.connect()
        threads: set[int] = set()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, lambda: pbx.subscribe(lambda event: threads.add(threading.get_ident())))
        one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True)
        await until(lambda: threads)
        assert threads == {threading.get_ident()}


# 8: secrets stay secret


@EACH
async def test_8_nothing_secret_is_shown_anywhere(account: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with istra_office() as one:
        password = "this-is-not-the-word-8271"
        shown: list[str] = []
        with pytest.raises(AuthenticationFailed) as refused:
            await one.connect(**account | {"password": password})
        shown.append(f"{refused.value!r} {refused.value} {refused.value.__dict__}")
        pbx = await one.connect(**account)
        diary = Diary(pbx)
        line = next(iter(pbx.lines.values()))
        one.faults.drop_requests(1)
        try:
            await line.dial("1002", timeout=0.1)
        except aiopbx.PbxError as error:
            shown.append(f"{error!r} {error} {error.__dict__}")
        one.switch.make_call("oxe1001", "1001", "1000", auto_answer=True)
        one.faults.cut_channels()
        await until(lambda: pbx.statistics.losses == 1 and pbx.status is Status.ONLINE)
        link = pbx._core.system._link  # type: ignore[attr-defined]
        secrets = [password, *link.client._transport.cookies.values()]
        secrets += [session.token for session in one.face.sessions.all]
        diagnostics = json.dumps(pbx.diagnostics())
        shown += [diagnostics, repr(pbx), repr(line), repr(line.calls), repr(pbx.settings), repr(pbx.istra), repr(link)]
        shown += [repr(link.client.rcc), repr(link.socket), *(repr(event) for event in diary.events)]
        shown += [record.getMessage() for record in caplog.records if record.name.startswith("aiopbx")]
        everything = "\n".join(shown)
        assert len(secrets) >= 3
        for secret in secrets:
            assert len(secret) >= 8
            assert secret not in everything
        for private in ("oxe1000", "Alice", "Martin", '"1001"', 'example"'):
            assert private not in diagnostics, "diagnostics name nobody"


async def test_8_tls_is_one_setting_for_requests_and_socket() -> None:
    async with istra_office(tls=True) as one:
        with pytest.raises(aiopbx.CertificateFailed):
            await one.connect()
        for trust in ({"ca_file": one.simulator.certificate_path}, {"tls": "none"}):
            pbx = await one.connect(**trust)
            call = await pbx.line("1000").dial("1001")
            assert call is not None
            await pbx.line("1001").wait_for_call(timeout=30)
            await call.hang_up()
            await pbx.close()


# 9: dialling costs money


async def test_9_nothing_gets_past_the_policy() -> None:
    async with istra_office() as one:
        pbx = await one.connect(dial_policy=DialPolicy(allowed=("1???", "0*"), denied=("0900*",)))
        alice, bob = pbx.line("1000"), pbx.line("1001")
        call = await alice.dial("1001")
        assert call is not None
        ringing = await bob.wait_for_call(timeout=30)
        requests = one.face.requests
        for ask in (
            lambda: alice.dial("0900 555 0100"),
            lambda: alice.dial("+15550100"),
            lambda: alice.dial("555;lra=144;cd msgid=1"),
            lambda: ringing.redirect("09005550100"),
        ):
            with pytest.raises(PolicyViolation):
                await ask()
        assert one.face.requests == requests, "nothing was sent"
        await ringing.answer()
        await call.wait_for(CallState.ACTIVE, timeout=30)
        requests = one.face.requests
        for ask_too in (call.consult, call.blind_transfer, call.add_party):
            with pytest.raises(PolicyViolation):
                await ask_too("09005550100")  # type: ignore[operator]
        assert one.face.requests == requests
        assert call.state is CallState.ACTIVE, "not even held"


async def test_9_requests_by_name_are_dialling_too() -> None:
    async with istra_office() as one:
        pbx = await one.connect(dial_policy=DialPolicy(denied=("0900*",), calls_per_minute=1))
        alice = pbx.line("1000")
        assert {"place_call", "redirect", "add_party", "hold"} <= set(pbx.operations)
        requests = one.face.requests
        for name in ("place_call", "redirect", "add_party"):
            with pytest.raises(PolicyViolation):
                pbx.prepare(name, id=alice.id, destination="0900 555 0100")
        assert one.face.requests == requests
        answer = await pbx.request("place_call", id=alice.id, destination="1001")
        assert answer.data["lineId"] == answer.value.line_id
        assert answer.request.target.endswith(f"v1/rcc/Extension/{alice.id}/placeCall")
        with pytest.raises(PolicyViolation, match="1 calls a minute"):
            await pbx.request("place_call", id=alice.id, destination="1001")
        with pytest.raises(InvalidInput, match="destination"):
            pbx.prepare("place_call", id=alice.id)
        with pytest.raises(InvalidInput, match="operation"):
            pbx.prepare("make_call", id=alice.id)


@pytest.mark.parametrize("account", [end_user("mycrm"), end_user("myistra")], ids=["mycrm", "myistra"])
async def test_9_for_users_too(account: dict[str, str]) -> None:
    async with istra_office() as one:
        pbx = await one.connect(**account, dial_policy=DialPolicy(calls_per_minute=1, denied=("0900*",)))
        line = next(iter(pbx.lines.values()))
        requests = one.face.requests
        with pytest.raises(PolicyViolation):
            await line.dial("09005550100")
        assert one.face.requests == requests
        await line.dial("1001", timeout=0.01)
        with pytest.raises(PolicyViolation, match="1 calls a minute"):
            await line.dial("1001", timeout=0.01)
