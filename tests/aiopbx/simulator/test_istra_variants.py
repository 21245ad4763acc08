"""What servers in the field do differently: each switched on by itself, and what is sent then."""

import json
from collections.abc import AsyncIterator
from dataclasses import asdict, fields
from itertools import combinations
from typing import Any

import aiohttp
import pytest

from aiopbx.simulator import UserSpec
from aiopbx.simulator.faces.istra.variants import CHOICES, Variants
from tests.aiopbx.simulator.istra_client import ALICE, BOB, Istra, office


@pytest.fixture
async def istra() -> AsyncIterator[Istra]:
    async with office() as istra:
        yield await istra.rcc()


async def test_lists(istra: Istra) -> None:
    user = await (await istra.other()).user()
    for value, lines, others in (
        ("documented", "results", "items"),
        ("items", "items", "items"),
        ("results", "results", "results"),
    ):
        istra.face.variants.set(lists=value)
        assert set(await istra.get("v1/rcc/CallLine")) == {"count", lines}
        assert others in await istra.get("v1/rcc/Extension")
        assert set(await user.get("v1/logs/Voicemail/bean")) == {"count", others}
        assert set(await user.get("v1/logs/Phone/bean")) == {"count", others}


@pytest.mark.parametrize("value", CHOICES["extension_key"])
async def test_extension_of_a_line(istra: Istra, value: str) -> None:
    uri = (await istra.extension("1000"))["restUri"]
    istra.face.variants.set(extension_key=value)
    push = await istra.listen()
    answer = await istra.place("1000", "1001")
    (pushed,) = await push.items()
    (listed,) = await istra.lines()
    names = (value,) * 3 if value != "mixed" else ("extension", "extensionURI", "uriExtension")
    for line, name in zip((listed, answer, pushed), names, strict=True):
        assert line[name] == uri
        assert {"extension", "extensionURI", "uriExtension"} & set(line) == {name}


async def test_departments(istra: Istra) -> None:
    for value, names in (
        ("department", ["department", "department"]),
        ("Department", ["Department", "Department"]),
        ("mixed", ["department", "Department"]),
    ):
        istra.face.variants.set(department_key=value)
        page = (await istra.get("v1/rcc/Extension?length=2"))["items"]
        assert [next(name for name in item if name.lower() == "department") for item in page] == names


async def test_actions_of_a_dropped_line(istra: Istra) -> None:
    istra.face.variants.set(actions_on_dropped=True)
    push = await istra.listen()
    line = await istra.place("1000", "1001")
    await istra.do(line, "disconnect")
    (line,) = await push.items()
    assert (line["state"], line["actions"]) == ("dropped", [])


async def test_line_id_and_uri_differ(istra: Istra) -> None:
    istra.face.variants.set(line_id_differs=True)
    line, other = await istra.talk()
    for each in (line, other):
        assert each["restUri"].rpartition("/")[2] != each["lineId"]
    assert (await istra.ask("POST", f"{line['restUri']}/hold")).status == 404, "the line's id is the key"
    await istra.do(line, "hold")
    second = await istra.place("1000", "1002")
    await istra.do(second, "answer")
    await istra.do(await istra.line_of("1002"), "answer")
    await istra.do(second, "merge", {"line": line["restUri"]})
    assert (await istra.find(second))["conference"] is True


async def test_creation_time_moves(istra: Istra) -> None:
    istra.face.variants.set(moving_creation_time=True)
    line = await istra.place("1000", "1001")
    times = [line["creationTime"]] + [(await istra.find(line))["creationTime"] for _ in range(3)]
    assert len(set(times)) == 4


async def test_numbers_and_truth_as_text(istra: Istra) -> None:
    istra.face.variants.set(numbers_as_strings=True, booleans_as_strings=True)
    page = await istra.get("v1/rcc/Extension")
    assert page["count"] == "4"
    line = await istra.place("1000", "1001")
    assert (line["isIncoming"], line["conference"]) == ("false", "false")
    user = await (await istra.other()).user()
    assert (await user.get("v1/logs/Notifications/bean"))["unreadMissedCalls"] == "0"
    push = await istra.socket(first=False)
    assert await push.next() == {"timeout_milliseconds": "300000"}


async def test_text_as_numbers(istra: Istra) -> None:
    istra.face.variants.set(strings_as_numbers=True)
    line = await istra.place("1000", "1001")
    for name in ("lineId", "creationTime", "lastModificationTime"):
        assert isinstance(line[name], int), name
    assert line["displayedNumber"] == "1001", "a number to dial is text"
    crm = await (await istra.other()).crm()
    assert all(isinstance(each["terminalId"], int) for each in await crm.get("v1/crm/GetTerminals"))


async def test_commas_and_spaces_too_many(istra: Istra) -> None:
    istra.face.variants.set(trailing_commas=True)
    istra.switch.users[ALICE].first_name = 'Al"ice, }]'
    reply = await istra.http.get(istra.root + "/restletrouter/v1/rcc/Extension", headers=istra.headers)
    text = await reply.text()
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)
    assert text.endswith(",}")
    assert ",}" in text
    assert ",]" in text
    istra.face.variants.set(trailing_commas=False, spaced_keys=True)
    page = await istra.get("v1/rcc/Extension")
    assert " count" in page
    assert page[" items"][0][" displayName"] == 'Al"ice, }] Martin'


async def test_items_in_the_other_shape(istra: Istra) -> None:
    istra.face.variants.set(item_shape="swapped")
    push = await istra.listen()
    istra.switch.make_call(ALICE, "1000", "1001", auto_answer=True)
    istra.clock.advance(0.1)
    for _ in range(2):
        assert (await push.next())["item"]["state"] == "prompting"
    user = await (await istra.other()).user()
    counters = await user.listen("mixed")
    istra.switch.send_text(BOB, "1000", "Lunch?")
    istra.clock.advance(0.1)
    assert (await counters.next())["item"][0]["unreadTextMessages"] == 1


async def test_what_is_empty_is_left_out(istra: Istra) -> None:
    istra.face.variants.set(sparse=True)
    line = await istra.place("1000", "1001")
    assert "lastModificationTime" not in line
    assert "displayedPhoto" not in line
    assert "isRecording" not in line
    assert line["isIncoming"] is False
    listed = await istra.find(line)
    assert "lastModificationTime" in listed
    assert "pstnNumbers" not in (await istra.get("v1/rcc/Extension"))["items"][0]


async def test_forms_of_refusals(istra: Istra) -> None:
    path = "v1/rcc/CallLine/1/hold"
    assert set((await istra.ask("POST", path)).body) == {"code", "message"}
    istra.face.variants.set(errors="code")
    body = (await istra.ask("POST", path)).body
    assert set(body) == {"code"}
    assert "there is no line" in body["code"]
    istra.face.variants.set(errors="cause")
    body = (await istra.ask("POST", path)).body
    assert set(body) == {"message", "exceptionId", "cause", "firstMessage"}


async def test_204_where_nothing_is_said(istra: Istra) -> None:
    istra.face.variants.set(empty="no_content")
    crm = await (await istra.other()).crm()
    terminal = (await crm.get("v1/crm/GetTerminals"))[0]["terminalId"]
    await crm.ask("POST", "v1/service/EventListener/bean", {"name": "a", "terminalId": terminal})
    assert (await crm.ask("GET", f"v1/crm/CallLine?listenerName=a&terminalId={terminal}")).status == 204


@pytest.mark.parametrize(
    ("do", "cause"), [("dnd", "causeDoNotDisturb"), ("release", "causeNormal"), ("reject", "causeBusy")]
)
async def test_causes_that_no_guide_lists(istra: Istra, do: str, cause: str) -> None:
    istra.face.variants.set(other_causes=True)
    push = await istra.listen()
    if do == "dnd":
        istra.switch.set_dnd(BOB, True)
    call = istra.switch.make_call(ALICE, "1000", "1001", auto_answer=True)
    if do == "release":
        istra.switch.answer(BOB, call.ref, "1001")
        istra.switch.release(ALICE, call.ref)
    if do == "reject":
        istra.switch.release(BOB, call.ref)
    lines = {each["displayedNumber"]: each for each in await push.items()}
    assert lines["1001"]["stateCause"] == cause


async def test_set_and_reset(istra: Istra) -> None:
    variants = istra.face.variants
    with pytest.raises(ValueError, match="nothing_like_it"):
        variants.set(nothing_like_it=True)
    with pytest.raises(ValueError, match="errors is one of"):
        variants.set(errors="none")
    for wrong in ({"redirect": False}, {"sparse": 1}, {"redirect_to": None}, {"sparse": True, "lists": "none"}):
        with pytest.raises(ValueError, match="variants: "):
            variants.set(**wrong)
    assert variants == Variants(), "all or nothing"
    variants.set(errors="cause", sparse=True, redirect_to="https://other.example.com")
    variants.reset()
    assert variants == Variants()
    variants.copy_from(Variants(sparse=True))
    assert variants.sparse


async def test_set_from_outside(istra: Istra) -> None:
    url = istra.simulator.control_url + "/istra/variants"
    async with istra.http.post(url, json={"lists": "results", "redirect": 302}) as response:
        assert response.status == 200
        assert (await response.json())["lists"] == "results"
    assert (istra.face.variants.lists, istra.face.variants.redirect) == ("results", 302)
    for wrong in ({"lists": "none"}, {"nothing_like_it": True}, []):
        async with istra.http.post(url, json=wrong) as response:
            assert response.status == 400
            assert (await response.json())["error"]
    async with istra.http.get(url) as response:
        assert await response.json() == asdict(istra.face.variants)
    async with istra.http.get(url, headers={"Origin": "https://other.example.com"}) as response:
        assert response.status == 403


async def test_no_variants_without_istra(start: Any) -> None:
    simulator = await start()
    async with aiohttp.ClientSession() as http, http.get(simulator.control_url + "/istra/variants") as response:
        assert response.status == 404


def test_every_field_has_its_choices_and_a_word_about_it() -> None:
    assert set(CHOICES) | {"redirect_to"} == {each.name for each in fields(Variants)}
    for name, values in CHOICES.items():
        assert getattr(Variants(), name) == values[0], "the first is what the guides say"
        assert len(values) > 1


def test_every_combination_there_is_to_try() -> None:
    found = dict(Variants.every())
    assert len(found) == len(list(Variants.every())), "names differ"
    assert found["plain"] == Variants()
    names = [name for name in CHOICES if any(getattr(each, name) != CHOICES[name][0] for each in found.values())]
    assert set(CHOICES) - set(names) == {
        "base",
        "two_step",
        "two_step_by",
        "two_step_once",
        "redirect",
        "refuse_listening",
        "remote_type",
    }
    for name in names:
        for value in CHOICES[name][1:]:
            assert asdict(found[f"{name}={value}"]) == asdict(Variants()) | {name: value}
    rows = [each for key, each in found.items() if key.startswith("pairs")]
    assert len(rows) < 30
    for one, two in combinations(names, 2):
        seen = {(getattr(row, one), getattr(row, two)) for row in rows}
        assert seen == {(a, b) for a in CHOICES[one] for b in CHOICES[two]}, (one, two)
    assert dict(Variants.every()) == found, "always the same"


def loosely(text: str) -> Any:
    """Read JSON with commas too many: those before a closing bracket, outside of texts."""
    found, quoted, escaped = [], False, False
    for character in text:
        if not quoted and character in "]}" and found and found[-1] == ",":
            found.pop()
        found.append(character)
        if quoted:
            quoted = escaped or character != '"'
            escaped = character == "\\" and not escaped
        else:
            quoted = character == '"'
    return json.loads("".join(found))


@pytest.mark.parametrize("name", [name for name, _ in Variants.every()])
def test_all_say_the_same_in_other_words(name: str) -> None:
    variants = dict(Variants.every())[name]
    value = {"a": 1, "b": True, "lineId": "-5", "c": [], "d": {}, "e": [{"f": 'x",}]'}, None], "timestamp": "17"}
    read = loosely(variants.encode(value).decode())

    def plain(each: Any) -> Any:
        if isinstance(each, dict):
            return {key.strip(): plain(item) for key, item in each.items()}
        if isinstance(each, list):
            return [plain(item) for item in each]
        return str(each).lower() if isinstance(each, bool) else str(each)

    assert plain(read) == plain(value)


async def test_the_sequence_of_the_guide_in_every_combination() -> None:
    """The server still does what it says, however it says it."""
    async with office(users=[UserSpec(login=f"u{n}", number=str(1000 + n)) for n in range(4)]) as istra:
        for _, variants in Variants.every():
            istra.face.variants.reset()
            await istra.rcc()
            await istra.talk()
            istra.face.variants.copy_from(variants)
            lines = list(istra.face.lines.all())
            for action in ("hold", "unhold", "disconnect"):
                reply = await send(istra, f"v1/rcc/CallLine/{lines[0].id}/{action}")
                assert reply == 204
            assert await send(istra, "v1/service/Logout", "GET") == 204
            assert not istra.face.sessions.all
            istra.switch.check()


async def send(istra: Istra, path: str, method: str = "POST") -> int:
    url = istra.root + "/restletrouter/" + path
    async with istra.http.request(method, url, headers=istra.headers) as response:
        return response.status
