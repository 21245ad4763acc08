"""The simulator's side of the voicemail service, row by row."""

import io
import wave
from collections.abc import AsyncIterator
from typing import Any

import pytest

from aiopbx.simulator import SimulatorSettings
from tests.contract.rows import OperationRow, held, operations
from tests.contract.simulated import (
    ALICE,
    BOB,
    Case,
    Values,
    World,
    Wrong,
    acts_for_itself,
    const,
    needs_licence,
    needs_user,
    office,
    refuses_wrong_use,
    serves,
    settings,
    wrong_uses,
)

ROWS = operations(["Voicemail"])
BOX = "/messaging/mailboxes/1000"


def with_passwords(**more: Any) -> SimulatorSettings:
    """Alice's mailbox has a password of its own."""
    chosen = settings(**more)
    users = [user.model_dump() for user in chosen.users]
    users[0]["voicemail_password"] = "4711"
    return SimulatorSettings.model_validate({"users": users, **more})


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with office(with_passwords()) as world:
        yield world


def named(world: World) -> str:
    return f"?loginName={ALICE}" if world.administrator else ""


async def connected(world: World) -> Values:
    reply = await world.ask("POST", f"{BOX}{named(world)}", {"password": "4711"})
    assert reply.status == 200, reply.body
    return {"mailboxId": "1000"}


async def with_messages(world: World) -> Values:
    """A message from Bob, and a newer one from outside."""
    first = world.leaves_message(BOB, seconds=4)
    world.switch.set_forward(ALICE, target="VOICEMAIL")
    call = world.switch.incoming_external("0015550100", "1000", "Example Ltd")
    world.clock.advance(7)
    world.switch.external_hang_up(call.ref)
    world.switch.cancel_forward(ALICE)
    second = world.switch.mailboxes.messages(ALICE)[0].id
    return {**await connected(world), "voicemailId": first, "second": second}


def left(world: World) -> list[str]:
    return [message.id for message in world.switch.mailboxes.messages(ALICE)]


def listed(world: World, values: Values, answer: Any) -> bool:
    newest, oldest = answer["voicemails"]
    bob = {"id": {"loginName": BOB, "phoneNumber": "1001"}, "firstName": "Bob", "lastName": "Keller"}
    assert (newest["voicemailId"], newest["duration"], newest["unread"]) == (values["second"], 7, True)
    assert newest["from"] == {"id": {"phoneNumber": "0015550100"}, "displayName": "Example Ltd"}
    return (oldest["voicemailId"], oldest["duration"], oldest["from"]) == (values["voicemailId"], 4, bob)


CASES: dict[str, Case] = {
    "GET /messaging/mailboxes": Case(
        status=200,
        done=lambda w, v, a: [(box["id"], box["name"]) for box in a["mailboxes"]] == [("1000", "Alice Martin")],
    ),
    "POST /messaging/mailboxes/{mailboxId}": Case(
        with_messages,
        const({"password": "4711"}),
        status=200,
        done=lambda w, v, a: a == {"totalVoiceMsg": 2, "newVoiceMsg": 2, "storageUsage": 4},
    ),
    "GET /messaging/mailboxes/{mailboxId}/voicemails": Case(with_messages, status=200, done=listed),
    "DELETE /messaging/mailboxes/{mailboxId}/voicemails": Case(
        with_messages, done=lambda w, v, a: left(w) == [] and w.state()["counters"]["voicemails"] == 0
    ),
    "DELETE /messaging/mailboxes/{mailboxId}/voicemails/{voicemailId}": Case(
        with_messages, done=lambda w, v, a: left(w) == [v["second"]] and w.state()["counters"]["voicemails"] == 1
    ),
    "GET /messaging/mailboxes/{mailboxId}/voicemails/{voicemailId}": Case(
        with_messages, status=200, done=lambda w, v, a: w.state()["counters"]["voicemails"] == 1
    ),
}


async def wrong_message(world: World) -> Values:
    return {**await connected(world), "voicemailId": "vm99"}


MINE = const({"mailboxId": "1000", "voicemailId": "vm1"})
BOBS = const({"mailboxId": "1001", "voicemailId": "vm1"})
WRONG: dict[str, list[Wrong]] = {
    "POST /messaging/mailboxes/{mailboxId}": [
        Wrong(MINE),
        Wrong(MINE, const({})),
        Wrong(MINE, const({"password": "guess"}), status=403, type="NOT_ALLOWED"),
        Wrong(MINE, const({"password": "secret"}), status=403, type="NOT_ALLOWED"),  # of the user, not of the mailbox
        Wrong(MINE, query="withUserPwd", status=403, type="NOT_ALLOWED"),
        Wrong(BOBS, const({"password": "secret"}), type="NOT_FOUND"),
    ],
    "GET /messaging/mailboxes/{mailboxId}/voicemails": [
        Wrong(MINE, type="NOT_EXPECTED"),
        Wrong(BOBS, type="NOT_FOUND"),
        Wrong(connected, query="offset=-1"),
        Wrong(connected, query="limit=-2"),
        Wrong(connected, query="newOnly=some"),
    ],
    "DELETE /messaging/mailboxes/{mailboxId}/voicemails": [
        Wrong(MINE, type="NOT_EXPECTED"),
        Wrong(with_messages, query="msgIds="),
    ],
    "DELETE /messaging/mailboxes/{mailboxId}/voicemails/{voicemailId}": [
        Wrong(MINE, type="NOT_EXPECTED"),
        Wrong(wrong_message, type="NOT_FOUND"),
    ],
    "GET /messaging/mailboxes/{mailboxId}/voicemails/{voicemailId}": [
        Wrong(MINE, type="NOT_EXPECTED"),
        Wrong(wrong_message, type="NOT_FOUND"),
    ],
}


def test_every_operation_has_a_case() -> None:
    assert {row.id for row in ROWS} == CASES.keys()


@pytest.mark.parametrize("who", [ALICE, "administrator"])
@held("O2G operations", "simulator", ROWS)
async def test_served(world: World, row: OperationRow, who: str) -> None:
    await serves(world, row, CASES[row.id], who)


@held("O2G operations", "simulator", ROWS)
async def test_user_always_acts_for_itself(world: World, row: OperationRow) -> None:
    await acts_for_itself(world, row, CASES[row.id])


@held("O2G operations", "simulator", ROWS)
async def test_administrator_must_name_the_user(world: World, row: OperationRow) -> None:
    await needs_user(world, row, CASES[row.id])


@held("O2G operations", "simulator", ROWS)
async def test_licence_is_asked_for(world: World, row: OperationRow) -> None:
    await needs_licence(world, row, None)


@pytest.mark.parametrize(("row", "wrong", "who"), wrong_uses(ROWS, WRONG))
async def test_refused_with_its_reason(world: World, row: OperationRow, wrong: Wrong, who: str) -> None:
    await refuses_wrong_use(world, row, wrong, who)


# --------------------------------------------------------------------------------------------------------- the mailbox


async def test_the_users_password_opens_a_mailbox_without_one_of_its_own(world: World) -> None:
    await world.log_in(BOB)
    box = "/messaging/mailboxes/1001"
    assert (await world.ask("POST", f"{box}?withUserPwd")).status == 200
    assert (await world.ask("GET", f"{box}/voicemails")).body == {"voicemails": []}
    body = {"oldPassword": "secret", "newPassword": "better"}
    assert (await world.ask("PUT", f"/users/{BOB}/password", body)).status == 204
    await world.authenticate(BOB, "better")
    await world.ask("POST", "/sessions", {"applicationName": "again"})
    assert (await world.ask("POST", box, {"password": "secret"})).status == 403
    assert (await world.ask("POST", box, {"password": "better"})).status == 200


async def test_every_session_connects_for_itself(world: World) -> None:
    await world.log_in(ALICE)
    await connected(world)
    assert (await world.ask("GET", f"{BOX}/voicemails")).status == 200
    await world.log_in(ALICE)
    assert (await world.ask("GET", f"{BOX}/voicemails")).body["type"] == "NOT_EXPECTED"


async def test_pages_and_new_messages_only(world: World) -> None:
    await world.log_in(ALICE)
    first = (await with_messages(world))["voicemailId"]
    third = world.leaves_message(BOB)
    everything = left(world)
    assert everything == [third, left(world)[1], first]
    world.switch.mailboxes.read(ALICE, third)
    for query, expected in (
        ("", everything),
        ("newOnly=true", everything[1:]),
        ("newOnly=false&limit=-1", everything),
        ("offset=1&limit=1", everything[1:2]),
        ("limit=0", []),
        ("offset=5", []),
        ("newOnly=true&offset=1", [first]),
    ):
        answer = (await world.ask("GET", f"{BOX}/voicemails?{query}")).body
        assert [message["voicemailId"] for message in answer.get("voicemails", [])] == expected, query


@pytest.mark.parametrize("separator", [",", ";"])
async def test_some_are_deleted(world: World, separator: str) -> None:
    await world.log_in(ALICE)
    values = await with_messages(world)
    third = world.leaves_message(BOB)
    gone = separator.join((values["voicemailId"], "vm99", third))
    assert (await world.ask("DELETE", f"{BOX}/voicemails?msgIds={gone}")).status == 204
    assert left(world) == [values["second"]]


async def test_a_recording_can_be_played(world: World) -> None:
    await world.log_in(ALICE)
    values = await with_messages(world)
    for key, seconds in (("voicemailId", 4), ("second", 7)):
        reply = await world.ask("GET", f"{BOX}/voicemails/{values[key]}")
        assert (reply.status, reply.media_type) == (200, "application/octet-stream")
        with wave.open(io.BytesIO(reply.raw)) as sound:
            assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 8000)
            assert sound.getnframes() == seconds * 8000
            samples = memoryview(sound.readframes(sound.getnframes())).cast("h")
        assert max(samples) > 5000  # it can be heard
    assert world.state()["counters"]["voicemails"] == 0


async def test_counters_are_told(world: World) -> None:
    await world.log_in(ALICE)
    await world.listen("eventSummary")
    values = await with_messages(world)
    (subscribed,) = world.simulator.server.subscriptions.all
    subscribed.queue.clear()
    await world.ask("GET", f"{BOX}/voicemails/{values['voicemailId']}")
    await world.ask("GET", f"{BOX}/voicemails/{values['voicemailId']}")  # heard already
    await world.ask("DELETE", f"{BOX}/voicemails")
    told = [event["eventSummary"]["voiceMessagesNb"] for event in world.queued()]
    assert told == [1, 0]


async def test_without_a_mailbox(world: World) -> None:
    chosen = with_passwords()
    users = [user.model_dump() for user in chosen.users]
    users[0]["voicemail"] = False
    async with office(SimulatorSettings.model_validate({"users": users})) as other:
        await other.log_in(ALICE)
        assert (await other.ask("GET", "/messaging/mailboxes")).body == {"mailboxes": []}
        assert (await other.ask("POST", f"{BOX}?withUserPwd")).body["type"] == "NOT_FOUND"


async def test_a_full_mailbox_takes_no_more() -> None:
    async with office(with_passwords(switch={"mailbox_size": 2})) as world:
        await world.log_in(ALICE)
        for _ in range(3):
            world.leaves_message(BOB)
        reply = await world.ask("POST", BOX, {"password": "4711"})
        assert reply.body == {"totalVoiceMsg": 2, "newVoiceMsg": 2, "storageUsage": 100}
