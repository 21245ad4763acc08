"""Any request of the wire as data: the search, the form, and what is sent; on a simulated office and another wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec
import pytest

from aiopbx import Answer, InvalidInput, Operation, ParameterKind, Pbx, Request
from notebooks_kit.models import ExplorerModel, Form, FormField
from notebooks_kit.models.explorer import request_text
from tests.aiopbx.office import Office, office, user


@pytest.fixture
async def one() -> AsyncIterator[Office]:
    async with office() as one:
        yield one


@pytest.fixture
async def model(one: Office) -> ExplorerModel:
    return ExplorerModel(await one.connect())


def fields(model: ExplorerModel) -> dict[str, FormField]:
    assert model.form is not None
    body = model.form.body.parts if model.form.body is not None else []
    return {one.parameter.name: one for one in (*model.form.parameters, *body)}


def put(model: ExplorerModel, **values: Any) -> None:
    for name, value in values.items():
        fields(model)[name].value = value
    model.changed()


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("make_call", "make_call"),
        ("make-call", "make_call"),
        ("POST /telephony/calls/ hold", "hold"),
        ("voicemail download", "download_voicemail"),
        ("who.is.nobody", None),
    ],
)
async def test_operations_are_found_by_whatever_is_said_of_them(
    model: ExplorerModel, text: str, first: str | None
) -> None:
    model.filter = text
    names = [one.name for one in model.found]
    assert (names[0] if names else None) == first


async def test_all_of_them_are_there(model: ExplorerModel) -> None:
    assert len(model.found) == len(model.pbx.operations) == 221


async def test_a_read_is_sent_and_answered(model: ExplorerModel) -> None:
    model.choose("user")
    request, problem = model.preview()
    assert request is None
    assert isinstance(problem, InvalidInput)
    assert not model.may_send
    put(model, loginName="oxe1001")
    assert model.may_send, "a read needs no confirmation"
    made = await model.send()
    assert made.status == 200
    assert '"lastName": "Keller"' in made.text
    assert request_text(made.request) == "GET /users/oxe1001"
    assert model.history[0] is made is model.exchange
    assert "user · 200" in made.words
    assert model.python == "await pbx.o2g.users.user('oxe1001')"


async def test_what_changes_something_is_confirmed_each_time(one: Office, model: ExplorerModel) -> None:
    model.choose("set_dnd")
    put(model, loginName="oxe1000")
    assert not model.may_send
    with pytest.raises(InvalidInput, match="Tick"):
        await model.send()
    model.confirm()
    assert model.may_send
    made = await model.send()
    assert made.error is None
    assert one.switch.users["oxe1000"].do_not_disturb
    assert not model.confirmed, "once is once"
    model.confirm()
    put(model, loginName="oxe1001")
    assert not model.confirmed, "that was another request"


async def test_a_refusal_says_everything_the_server_says(model: ExplorerModel) -> None:
    model.choose("user")
    put(model, loginName="nobody")
    made = await model.send()
    assert made.answer is None
    assert made.status == 400
    reasons = dict(made.reasons)
    assert reasons["error"] == "NotFound"
    assert reasons["code"] == "1003"
    assert model.history[0].status == 400


async def test_secrets_are_shown_and_remembered_nowhere(one: Office) -> None:
    model = ExplorerModel(await one.connect(**user()))
    model.choose("make_call")
    put(model, deviceId="1000", callee="1001", pin="471100", secretCode="081500")
    assert model.form is not None
    assert '"pin": "***"' in model.form.json
    model.confirm()
    made = await model.send()
    model.form.json = model.form.json.replace("1001", "1002")
    assert model.form.values["body"]["pin"] == "471100", "hidden is unchanged"
    assert model.form.values["body"]["callee"] == "1002"
    for text in (repr(made), request_text(made.request), made.text, str(made.values), model.python, repr(made.reasons)):
        assert "471100" not in text
        assert "081500" not in text
    model.recall(made)
    assert "pin" not in model.form.values["body"]
    assert model.form.values["body"]["callee"] == "1001"
    assert not model.confirmed


async def test_nested_objects_lists_and_one_of_several_kinds(one: Office, model: ExplorerModel) -> None:
    model.choose("start_search")
    criterion = fields(model)["filter"]
    assert criterion.given, "it is required"
    parts = {one.parameter.name: one for one in criterion.parts}
    parts["operation"].value = "AND"
    operand = parts["operand"]
    operand.choose(1)
    (many,) = operand.parts
    for name, value in (("lastName", "Kel"), ("firstName", "Bob")):
        item = many.add()
        item.give(True)
        inner = {one.parameter.name: one for one in item.parts}
        inner["field"].value = name
        inner["operation"].value = "BEGIN_WITH"
        inner["operand"].parts[0].value = value
    put(model, loginName="oxe1000")
    request, problem = model.preview()
    assert problem is None
    assert request is not None
    assert request.body == {
        "filter": {
            "operation": "AND",
            "operand": [
                {"field": "lastName", "operation": "BEGIN_WITH", "operand": "Kel"},
                {"field": "firstName", "operation": "BEGIN_WITH", "operand": "Bob"},
            ],
        }
    }
    model.confirm()
    assert (await model.send()).error is None
    many.remove(many.parts[0])
    assert len(model.form.values["body"]["filter"]["operand"]) == 1  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        (
            "make_call",
            {"deviceId": "1000", "callee": "1001", "autoAnswer": True, "acdCall": {"skills": {"skills": []}}},
        ),
        ("set_forward_route", {"forwardRoute": {"destinations": [{"type": "NUMBER", "number": "1002"}]}}),
        ("acknowledge_records", {"recordIds": [1, 2]}),
        ("change_object", {"attributes": [{"name": "a", "value": ["1", "2"], "complexValue": []}]}),
        ("start_search", {"filter": {"operation": "OR", "operand": [{"field": "lastName", "operand": "x"}]}}),
    ],
)
async def test_the_body_is_the_same_as_form_and_as_json(model: ExplorerModel, name: str, body: dict[str, Any]) -> None:
    model.choose(name)
    form = model.form
    assert form is not None
    form.json = msgspec.json.encode(body).decode()
    assert form.body is not None
    assert form.body.plain == _without_empty(body)
    again = Form(form.operation)
    again.json = form.json
    assert again.values == form.values
    form.json = ""
    assert form.values.get("body") in (None, {}, {"filter": {}})


def _without_empty(value: Any) -> Any:
    """Lists with nothing in them are not sent."""
    if isinstance(value, dict):
        return {key: _without_empty(each) for key, each in value.items() if each != []}
    return [_without_empty(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", "no JSON"),
        ("[]", "body: is no object"),
        ('{"colour": 1}', "body.colour: there is no such field"),
        ('{"acdCall": 5}', "body.acdCall: is no object"),
        ('{"acdCall": {"skills": {"skills": 1}}}', "body.acdCall.skills.skills: is no list"),
        ('{"callee": {"number": 1}}', "body.callee: is too much"),
    ],
)
async def test_json_that_does_not_fit_changes_nothing(model: ExplorerModel, text: str, word: str) -> None:
    model.choose("make_call")
    put(model, callee="1001")
    assert model.form is not None
    with pytest.raises(InvalidInput, match=word.replace(".", r"\.")):
        model.form.json = text
    assert model.form.values["body"] == {"callee": "1001"}


async def test_what_is_there_is_suggested(one: Office, model: ExplorerModel) -> None:
    ref = one.switch.make_call("oxe1000", "1000", "1001", auto_answer=True).ref
    await one.caught_up(model.pbx)  # type: ignore[arg-type]
    model.choose("hold")
    named = fields(model)
    assert "1000" in model.suggestions(named["deviceId"].parameter)
    assert ref in model.suggestions(named["callRef"].parameter)
    model.choose("make_call")
    assert "oxe1000" in model.suggestions(fields(model)["loginName"].parameter)
    assert "1001" in model.suggestions(fields(model)["callee"].parameter)
    assert model.suggestions(fields(model)["pin"].parameter) == ()


async def test_a_stream_is_read_bounded_and_closed(one: Office) -> None:
    pbx = await one.connect(**user())
    call = one.switch.make_call("oxe1001", "1001", "1000", auto_answer=True)
    one.switch.overflow_to_voicemail("oxe1001", call.ref)
    one.clock.advance(20)
    one.switch.drop("oxe1001", call.ref)
    (message,) = await pbx.line("1000").voicemails().list()
    model = ExplorerModel(pbx)
    model.choose("download_voicemail")
    put(model, mailboxId="1000", voicemailId=message.id)
    whole = await model.send()
    assert whole.data.startswith(b"RIFF")
    assert (whole.kind, whole.cut) == ("application/octet-stream", False)
    model.most_bytes = 100
    part = await model.send()
    assert (len(part.data), part.cut) == (100, True)
    assert part.text == "100 bytes of application/octet-stream, and more"


async def test_the_history_is_bounded(one: Office) -> None:
    model = ExplorerModel(await one.connect(), kept=3)
    model.choose("user")
    for number in ("1000", "1001", "1002", "1003"):
        put(model, loginName=f"oxe{number}")
        await model.send()
    assert [each.values["login_name"] for each in model.history] == ["oxe1003", "oxe1002", "oxe1001"]


async def test_offline_is_an_answer_like_any_other(one: Office, model: ExplorerModel) -> None:
    assert isinstance(model.pbx, Pbx)
    model.choose("user")
    put(model, loginName="oxe1000")
    await model.pbx.close()
    made = await model.send()
    assert dict(made.reasons)["error"] == "Offline"
    assert made.status is None


class OtherWire:
    """A system that is no O2G: what the explorer knows of any."""

    class Ring(msgspec.Struct, kw_only=True):
        times: int
        loud: bool = False

    def __init__(self) -> None:
        from aiopbx.operations import parameter_of

        self.sent: list[Request] = []
        body = parameter_of(self.Ring, name="body", keyword="body", required=True)
        self.operations: Mapping[str, Operation] = {
            "ring": Operation(name="ring", service="rcc", method="POST", path="/ring", body=body)
        }

    def prepare(self, name: str, /, **values: Any) -> Request:
        if "times" not in values.get("body", {}):
            raise InvalidInput("times", "is missing.")
        return Request(
            operation=self.operations[name], target="/ring", body=values["body"], python="await other.ring()"
        )

    async def request(self, request: Request, /) -> Answer:
        self.sent.append(request)
        return Answer(request=request, value=None, data={"rang": request.body["times"]}, status=202, seconds=0.5)


async def test_it_is_not_tied_to_one_wire() -> None:
    wire = OtherWire()
    model = ExplorerModel(wire)
    model.choose("ring")
    times = fields(model)["times"]
    assert times.parameter.kind is ParameterKind.INTEGER
    put(model, times="3", loud=True)
    model.confirm()
    made = await model.send()
    assert wire.sent[0].body == {"times": 3, "loud": True}
    assert (made.status, made.text, made.words.split(" · ")[1:]) == (
        202,
        '{\n  "rang": 3\n}',
        ["ring", "202", "500 ms"],
    )
    with pytest.raises(InvalidInput, match="Search"):
        model.choose("no_such")
    model.choose(None)
    assert model.preview() == (None, None)
    with pytest.raises(InvalidInput, match="Choose one"):
        await model.send()
