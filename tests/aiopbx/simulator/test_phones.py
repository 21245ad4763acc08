"""The page of phones: its events, its buttons, and which clients it lets in."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from aiopbx.simulator import Simulator, SimulatorSettings

ALICE, BOB, CAROL = "oxe1000", "oxe1001", "oxe1002"
Json = dict[str, Any]


class Page:
    """What the page does, without a browser."""

    def __init__(self, simulator: Simulator, http: aiohttp.ClientSession) -> None:
        self.simulator = simulator
        self.http = http
        self.url = simulator.url

    async def ask(self, path: str, expect: int = 200, **body: Any) -> Json:
        async with self.http.post(f"{self.url}/simulator/phones/{path}", json=body) as response:
            answer: Json = await response.json()
            assert response.status == expect, answer
            return answer

    async def state(self) -> Json:
        async with self.http.get(f"{self.url}/simulator/phones/state") as response:
            assert response.status == 200
            answer: Json = await response.json()
            return answer

    async def phone(self, login: str) -> Json:
        phones = (await self.state())["phones"]
        found: Json = next(phone for phone in phones if phone["login"] == login)
        return found

    async def call(self, login: str, index: int = 0) -> Json:
        found: Json = (await self.phone(login))["calls"][index]
        return found

    async def press(self, login: str, action: str, index: int = 0, **body: Any) -> None:
        call = await self.call(login, index)
        assert action in call["actions"], call
        await self.ask(f"{login}/call", ref=call["ref"], action=action, **body)


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with Simulator() as simulator, aiohttp.ClientSession() as http:
        yield Page(simulator, http)


# --------------------------------------------------------------------------------------------------------- the page


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/phones", "text/html"), ("/phones/phones.css", "text/css"), ("/phones/phones.js", "text/javascript")],
)
async def test_the_page_and_what_belongs_to_it(page: Page, path: str, kind: str) -> None:
    async with page.http.get(page.url + path) as response:
        assert response.status == 200
        assert response.content_type == kind
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
        assert await response.text()


async def test_the_address_that_the_simulator_names_is_the_page(page: Page) -> None:
    async with page.http.get(page.simulator.phones_url) as response:
        assert response.status == 200
        assert "<title>Phones" in await response.text()


@pytest.mark.parametrize("path", ["/phones/face.py", "/phones/..%2Fface.py", "/phones/index.htm"])
async def test_nothing_else_is_served(page: Page, path: str) -> None:
    async with page.http.get(page.url + path) as response:
        assert response.status == 404


# ------------------------------------------------------------------------------------------------- what buttons do


async def test_a_call_from_dialling_to_hanging_up(page: Page) -> None:
    await page.ask(f"{ALICE}/dial", number="1001")
    assert (await page.phone(ALICE))["state"] == "ringing_outgoing"
    ringing = await page.phone(BOB)
    assert ringing["state"] == "ringing_incoming"
    assert ringing["calls"][0]["with"] == "Alice Martin 1000"
    assert set(ringing["calls"][0]["actions"]) >= {"answer", "redirect", "hang_up"}
    await page.press(BOB, "answer")
    assert (await page.phone(BOB))["state"] == "active"
    await page.press(BOB, "hold")
    assert (await page.phone(BOB))["state"] == "held"
    await page.press(BOB, "retrieve")
    await page.press(ALICE, "hang_up")
    assert (await page.phone(ALICE))["calls"] == []
    assert (await page.phone(BOB))["state"] == "idle"


async def test_lifting_and_putting_back(page: Page) -> None:
    await page.ask(f"{ALICE}/off_hook", on=True)
    assert (await page.phone(ALICE))["state"] == "lifted"
    await page.ask(f"{ALICE}/dial", number="1001")
    assert (await page.phone(ALICE))["state"] == "ringing_outgoing"
    await page.press(ALICE, "hang_up")
    await page.ask(f"{ALICE}/off_hook", on=True)
    await page.ask(f"{ALICE}/off_hook", on=False)
    assert (await page.phone(ALICE))["state"] == "idle"


async def consultation(page: Page) -> None:
    await page.ask(f"{ALICE}/dial", number="1001")
    await page.press(BOB, "answer")
    await page.press(BOB, "consult", number="1002")
    await page.press(CAROL, "answer")
    assert {call["state"] for call in (await page.phone(BOB))["calls"]} == {"held", "active"}


async def test_a_transfer(page: Page) -> None:
    await consultation(page)
    active = next(i for i, call in enumerate((await page.phone(BOB))["calls"]) if call["state"] == "active")
    await page.press(BOB, "transfer", active)
    assert (await page.phone(BOB))["calls"] == []
    assert (await page.call(CAROL))["with"] == "Alice Martin 1000"


async def test_a_conference_and_swapping_before_it(page: Page) -> None:
    await consultation(page)
    held = next(i for i, call in enumerate((await page.phone(BOB))["calls"]) if call["state"] == "held")
    await page.press(BOB, "alternate", held)
    assert (await page.phone(BOB))["calls"][held]["state"] == "active"
    await page.press(BOB, "merge", held)
    assert (await page.call(BOB))["note"] == "conference"
    await page.press(CAROL, "hang_up")
    assert (await page.phone(BOB))["state"] == "active"


async def test_sending_a_call_elsewhere(page: Page) -> None:
    await page.ask(f"{ALICE}/dial", number="1001")
    await page.press(BOB, "redirect", number="1002")
    assert (await page.phone(CAROL))["state"] == "ringing_incoming"
    assert (await page.call(CAROL))["note"] == "for 1001"
    await page.press(CAROL, "answer")
    await page.press(CAROL, "blind_transfer", number="1001")
    assert (await page.phone(BOB))["state"] == "ringing_incoming"


async def test_to_the_voicemail(page: Page) -> None:
    await page.ask(f"{ALICE}/dial", number="1001")
    await page.press(ALICE, "voicemail")
    assert (await page.phone(BOB))["state"] == "idle"
    await page.press(ALICE, "hang_up")
    assert (await page.phone(BOB))["voicemails"] == 1


async def test_routing(page: Page) -> None:
    await page.ask(f"{ALICE}/do_not_disturb", on=True)
    assert (await page.phone(ALICE))["do_not_disturb"] is True
    await page.ask(f"{ALICE}/do_not_disturb", on=False)
    await page.ask(f"{ALICE}/forward", number="1002", condition="no_answer")
    assert (await page.phone(ALICE))["forward"] == {
        "number": "1002",
        "condition": "no_answer",
        "words": "1002 when not answered",
    }
    await page.ask(f"{ALICE}/forward", number="voicemail", condition="immediate")
    assert (await page.phone(ALICE))["forward"]["words"] == "voicemail"
    await page.ask(f"{ALICE}/cancel_forward")
    assert (await page.phone(ALICE))["forward"] is None


async def test_the_world_outside_rings(page: Page) -> None:
    await page.ask("outside/ring", **{"from": "0015550123", "to": "1000", "name": "<b>Bold</b>"})
    assert (await page.call(ALICE))["with"] == "<b>Bold</b> 0015550123"
    [call] = (await page.state())["outside"]
    assert call["actions"] == ["hang_up"]
    await page.press(ALICE, "answer")
    await page.ask("outside/call", ref=call["ref"], number="0015550123", action="hang_up")
    assert (await page.state())["outside"] == []


async def test_the_world_outside_answers(page: Page) -> None:
    await page.ask(f"{ALICE}/dial", number="0015550123")
    [call] = (await page.state())["outside"]
    assert call["state"] == "ringing_incoming"
    await page.ask("outside/call", ref=call["ref"], number="0015550123", action="answer")
    assert (await page.phone(ALICE))["state"] == "active"


# --------------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        (f"{ALICE}/dial", {"number": ""}, 400, "number"),
        (f"{ALICE}/dial", {"number": "x" * 61}, 400, "number"),
        (f"{ALICE}/dial", {"number": 1001}, 400, "number"),
        (f"{ALICE}/dial", {"number": "4711"}, 409, "4711"),
        (f"{ALICE}/do_not_disturb", {"on": "yes"}, 400, "on"),
        (f"{ALICE}/forward", {"number": "1001", "condition": "never"}, 400, "condition"),
        (f"{ALICE}/call", {"ref": "0", "action": "answer"}, 409, "over"),
        (f"{ALICE}/call", {"ref": "0", "action": "dance"}, 400, "action"),
        ("outside/ring", {"from": "1001", "to": "1000"}, 400, "from"),
        ("outside/ring", {"from": "0015550123", "to": "4711"}, 409, "4711"),
        ("outside/call", {"ref": "0", "number": "0015550123", "action": "dance"}, 400, "action"),
    ],
)
async def test_a_refusal_says_why(page: Page, path: str, body: Json, status: int, said: str) -> None:
    before = page.simulator.switch.dump()
    answer = await page.ask(path, status, **body)
    assert said in answer["message"]
    assert page.simulator.switch.dump() == before


@pytest.mark.parametrize("path", ["nobody/dial", f"{ALICE}/dance", "outside/dance"])
async def test_what_does_not_exist(page: Page, path: str) -> None:
    async with page.http.post(f"{page.url}/simulator/phones/{path}", json={}) as response:
        assert response.status == 404


@pytest.mark.parametrize(
    ("headers", "data", "status"),
    [
        ({"Origin": "https://elsewhere.example.com", "Content-Type": "application/json"}, b'{"number": "1001"}', 403),
        ({"Content-Type": "text/plain"}, b'{"number": "1001"}', 415),
        ({"Content-Type": "application/json"}, b"[1]", 400),
        ({"Content-Type": "application/json"}, b"{", 400),
        ({"Content-Type": "application/json"}, b" " * 20_000, 413),
    ],
)
async def test_pages_of_others_cannot_telephone(page: Page, headers: Json, data: bytes, status: int) -> None:
    url = f"{page.url}/simulator/phones/{ALICE}/dial"
    async with page.http.post(url, data=data, headers=headers) as response:
        assert response.status == status
    assert not page.simulator.switch.calls


# ------------------------------------------------------------------------------------------------------- the stream


async def follow(response: aiohttp.ClientResponse) -> Json:
    """Return the next message of the stream."""
    while True:
        line = await asyncio.wait_for(response.content.readline(), 20)
        assert line, "the stream has ended"
        if line.startswith(b"data: "):
            message: Json = json.loads(line[6:])
            return message


async def test_the_stream_has_everything_and_then_changes(page: Page) -> None:
    async with page.http.get(f"{page.url}/simulator/phones/events") as stream:
        assert stream.content_type == "text/event-stream"
        first = await follow(stream)
        assert first["all"] is True
        assert [phone["number"] for phone in first["phones"]] == ["1000", "1001", "1002", "1003"]
        page.simulator.switch.set_dnd(CAROL, True)
        second = await follow(stream)
        assert second["all"] is False
        assert [phone["login"] for phone in second["phones"]] == [CAROL]
        # simultaneous changes are sent together
        page.simulator.switch.make_call(ALICE, "1000", "1001", auto_answer=True)
        page.simulator.switch.set_dnd(CAROL, False)
        third = await follow(stream)
        assert {phone["login"] for phone in third["phones"]} == {ALICE, BOB, CAROL}


async def test_a_page_that_is_closed_is_forgotten(page: Page) -> None:
    listeners = len(page.simulator.switch._listeners)
    stream = await page.http.get(f"{page.url}/simulator/phones/events")
    await follow(stream)
    assert len(page.simulator.switch._listeners) == listeners + 1
    stream.close()
    for _ in range(100):
        page.simulator.switch.set_dnd(CAROL, not page.simulator.switch.users[CAROL].do_not_disturb)
        await asyncio.sleep(0.05)
        if len(page.simulator.switch._listeners) == listeners:
            return
    raise AssertionError("The page still listens.")


async def test_the_stream_ends_with_the_simulator() -> None:
    simulator = Simulator(SimulatorSettings())
    await simulator.start()
    async with aiohttp.ClientSession() as http, http.get(f"{simulator.url}/simulator/phones/events") as stream:
        await follow(stream)
        async with asyncio.timeout(30):
            await simulator.stop()
            with pytest.raises(AssertionError, match="has ended"):
                await follow(stream)
