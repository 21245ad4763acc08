"""Bad input and trouble on Istra: each is the right error with the server's words, and the connection lives on."""

from typing import Any

import pytest

from aiopbx import (
    AuthenticationFailed,
    NotAllowed,
    NotReady,
    Offline,
    Pbx,
    RequestRefused,
    SessionLost,
    Status,
    TwoStepRequired,
)
from aiopbx.simulator import UserSpec
from tests.aiopbx.istra_office import RCC, IstraOffice, end_user, istra_office
from tests.aiopbx.office import until

ONE = (UserSpec(login="a", number="100"), UserSpec(login="b", number="101"))
CRM, ME = end_user("mycrm", "a"), end_user("myistra", "a")
FORMS = pytest.mark.parametrize("form", ["documented", "code", "cause"])


async def refused(work: Any) -> RequestRefused:
    with pytest.raises(RequestRefused) as error:
        await work
    return error.value


async def lives_on(one: IstraOffice, pbx: Pbx, losses: int = 0) -> None:
    """It is online, and has not been anything else."""
    await until(lambda: pbx.status is Status.ONLINE and pbx.statistics.losses == losses)
    assert await pbx.available_lines()
    assert len(one.face.connections) == 1


@FORMS
@pytest.mark.parametrize("account", [CRM, ME], ids=["mycrm", "myistra"])
async def test_a_bad_terminal(account: dict[str, str], form: str) -> None:
    async with istra_office(users=ONE) as one:
        pbx = await one.connect(**account)
        one.face.variants.errors = form  # type: ignore[assignment]
        wire = pbx.istra
        if account is CRM:
            error = await refused(wire.crm.place_call(terminal_id="42", destination="101"))
        else:
            error = await refused(wire.enduser.place_call("42", "101"))
        assert error.status == 400
        assert "bad terminal ID" in str(error)
        assert error.can_retry, "another terminal may do"
        assert not error.transient
        await lives_on(one, pbx)


@FORMS
async def test_an_extension_that_is_forbidden(form: str) -> None:
    async with istra_office(users=ONE) as one:
        pbx = await one.connect(**CRM)
        one.face.variants.errors = form  # type: ignore[assignment]
        one.switch.users["a"].crm = False
        error = await refused(next(iter(pbx.lines.values())).dial("101"))
        assert error.status == 401
        assert isinstance(error, NotAllowed)
        assert error.remedy
        one.switch.users["a"].crm = True
        await until(lambda: pbx.status is Status.ONLINE)
        assert await pbx.available_lines()


async def test_a_cookie_of_another_session_begins_a_new_one() -> None:
    async with istra_office(users=ONE) as one:
        pbx = await one.connect()
        (session,) = one.face.sessions.all
        session.tokens.clear()
        session.tokens.append("of-another-session")
        with pytest.raises((SessionLost, Offline)) as error:
            await pbx.line("100").dial("101")
        assert error.value.transient
        assert "doesn't match" in str(error.value)
        assert not one.switch.calls
        await until(lambda: pbx.statistics.losses >= 1 and pbx.status is Status.ONLINE)
        assert await pbx.line("100").dial("101") is not None
        await pbx.close()
        assert one.face.sessions.all in ((), (session,))
        one.face.sessions.clear()  # nobody can log out of it any more


@FORMS
async def test_a_terminal_that_is_out_of_service(form: str) -> None:
    async with istra_office(users=ONE) as one:
        one.face.variants.errors = form  # type: ignore[assignment]
        one.switch.set_device_state("100", "OUT_OF_SERVICE")
        for account in (RCC, CRM, ME):
            pbx = await one.connect(**account)
            line = next(line for line in pbx.lines.values() if line.number in ("", "100"))
            error = await refused(line.dial("101"))
            assert error.status == 512
            assert error.transient, "the same request works when it is plugged in again"
            assert "out of service" in str(error)
            assert pbx.statistics.losses == 0
            await pbx.close()


@FORMS
async def test_the_telephony_is_down(form: str) -> None:
    async with istra_office(users=ONE) as one:
        one.face.variants.errors = form  # type: ignore[assignment]
        pbx = await one.connect()
        one.faults.telephony_down()
        error = await refused(pbx.line("100").dial("101"))
        assert isinstance(error, NotReady)
        assert (error.status, error.transient) == (503, True)
        assert "IPTC not started" in str(error)
        one.faults.telephony_down(False)
        await lives_on(one, pbx)
        assert await pbx.line("100").dial("101") is not None


async def test_telephony_that_is_down_at_a_reconnection_is_waited_for() -> None:
    async with istra_office(users=ONE) as one:
        pbx = await one.connect()
        one.faults.not_ready()
        one.faults.cut_channels()
        await until(lambda: isinstance(pbx.error, NotReady))
        assert pbx.status is Status.OFFLINE
        one.faults.not_ready(False)
        await until(lambda: pbx.status is Status.ONLINE)
        await pbx.close()
        one.face.sessions.clear()  # what could not be logged out of while nothing was answered


async def test_two_steps() -> None:
    async with istra_office(users=ONE) as one:
        one.face.variants.two_step = True
        for account in (RCC, CRM, ME):
            with pytest.raises(TwoStepRequired) as error:
                await one.connect(**account)
            assert isinstance(error.value, AuthenticationFailed)
            assert error.value.remedy


@pytest.mark.parametrize("account", [RCC, CRM, ME], ids=["myrcc", "mycrm", "myistra"])
async def test_frames_that_are_nothing(account: dict[str, str]) -> None:
    async with istra_office(users=ONE) as one:
        pbx = await one.connect(**account)
        (socket,) = one.face.connections
        frames = ["not JSON", "{", '{"listenerName": "x", "item": [{"no": "id"}]}', '{"item": {"no": "id"}}', "[1, 2"]
        for frame in frames:
            socket.send(frame)
        await until(lambda: pbx.statistics.malformed_frames >= len(frames))
        await lives_on(one, pbx)
