"""Events of one administrator for hundreds of users, with the wildcard, over each channel."""

import pytest

from aiopbx import CallEnded, CallStarted, LineState
from aiopbx.simulator import UserSpec
from tests.aiopbx.model_truth import compare
from tests.aiopbx.office import Diary, Opened, until

USERS = 300


@pytest.mark.office("chunk", "webhook", "tunnel")
async def test_an_administrator_of_many(office: Opened) -> None:
    people = tuple(UserSpec(login=f"u{number}", number=str(number)) for number in range(2000, 2000 + USERS))
    async with office(users=people) as one:
        pbx = await one.connect(sync_timeout=10.0, request_timeout=30.0)
        assert len(pbx.lines) == USERS
        assert all(line.synced for line in pbx.lines.values())
        (subscribed,) = one.simulator.server.subscriptions.all
        assert all(logins is None for logins in subscribed.wanted.values()), "one wildcard, and no list of names"
        diary = Diary(pbx, kind=(CallStarted, CallEnded))
        calls = []
        for number in range(2000, 2000 + USERS, 2):
            call = one.switch.make_call(f"u{number}", str(number), str(number + 1), auto_answer=True)
            one.switch.answer(f"u{number + 1}", call.ref, str(number + 1))
            calls.append((f"u{number}", call.ref))
        await until(lambda: all(line.state is LineState.ACTIVE for line in pbx.lines.values()), 30)
        for login, ref in calls:
            one.switch.release(login, ref)
        await until(lambda: len(diary.of(CallEnded)) >= USERS, 30)
        one.clock.advance(60)
        await one.caught_up(pbx)
        assert len(diary.of(CallStarted)) == len(diary.of(CallEnded)) == USERS

        def right() -> bool:
            try:
                for login in one.switch.users:
                    compare(pbx.line(login).snapshot, one.switch, login)
            except AssertionError:
                return False
            return True

        await until(right, 30)  # counters and device states of so many are read when it is online already
        assert pbx.statistics.losses == 0
        assert pbx.statistics.malformed_frames == 0
