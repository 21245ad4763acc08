"""Any request by its name: what is described, how plain values become a request, and what is sent."""

import ast
import contextlib
import inspect
import subprocess
import sys
from typing import Any, ClassVar, get_type_hints

import pytest

import aiopbx
from aiopbx import (
    InvalidInput,
    Operation,
    Parameter,
    ParameterKind,
    ParameterPlace,
    Pbx,
    PolicyViolation,
    RequestRefused,
)
from aiopbx.http.secrets import Mask, secret_fields
from aiopbx.istra.services import IstraServices, operations_of
from aiopbx.istra.types.session import Application
from aiopbx.o2g.client import O2gClient
from aiopbx.o2g.services import OPERATIONS
from aiopbx.operations import Operations, operation_of
from aiopbx.policy import DialGuard
from aiopbx.requests import Requests
from aiopbx.settings.policy import DialPolicy
from aiopbx.wire import Wire
from tests.aiopbx.istra_office import istra_office
from tests.aiopbx.office import office, until, user

GUARD = DialGuard(DialPolicy())


def prepare(name: str, **values: Any) -> aiopbx.Request:
    return Requests(OPERATIONS).prepare(name, values, GUARD)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_is_described(name: str) -> None:
    one = OPERATIONS[name]
    assert one.name == name
    assert one.summary
    assert (one.answer == "") is (one.returns is None)
    assert (one.body is not None) is (one.sends is not None)
    assert tuple(each.name for each in one.parameters if each.place is ParameterPlace.PATH) == one.path_params


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_the_method_that_is_named_exists_and_takes_what_is_described(name: str) -> None:
    one = OPERATIONS[name]
    _, system, attribute, method = one.python.split(".")
    assert system == "o2g"
    made = getattr(get_type_hints(O2gClient)[attribute], method)
    keywords = set(inspect.signature(made).parameters) - {"self"}
    assert {each.keyword for each in one.parameters} | ({"body"} if one.body else set()) == keywords
    assert operation_of(made) is one


def walk(parameter: Parameter, depth: int = 0) -> None:
    assert parameter.words
    assert parameter.kind in ParameterKind
    if parameter.kind is ParameterKind.CHOICE:
        assert parameter.choices
    if depth > 6:
        return
    for one in (*parameter.fields, *parameter.options, *filter(None, [parameter.item])):
        walk(one, depth + 1)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_types_are_described_down_to_what_a_person_types(name: str) -> None:
    for parameter in OPERATIONS[name].takes:
        walk(parameter)


def test_a_description_of_a_call() -> None:
    one = OPERATIONS["make_call"]
    takes = {each.name: each for each in one.takes}
    assert one.changes
    assert one.body is not None
    assert takes["callee"].kind is ParameterKind.TEXT
    assert takes["deviceId"].required
    assert all(takes[name].secret for name in ("pin", "secretCode", "businessCode"))
    assert takes["loginName"].place is ParameterPlace.QUERY
    acd = takes["acdCall"]
    assert acd.kind is ParameterKind.OBJECT
    skills = next(each for each in acd.fields if each.name == "skills")
    (listed,) = skills.fields
    assert listed.words == "list of ACRSkill"
    assert listed.item is not None
    assert [each.name for each in listed.item.fields] == ["skillNumber", "acrStatus", "expertEvalLevel"]


def test_a_type_that_contains_itself_and_one_of_several_kinds() -> None:
    criterion = next(each for each in OPERATIONS["start_search"].takes if each.name == "filter")
    operand = next(each for each in criterion.fields if each.name == "operand")
    assert operand.kind is ParameterKind.EITHER
    text, many = operand.options
    assert text.kind is ParameterKind.TEXT
    assert many.item is not None
    assert [each.name for each in many.item.fields] == [each.name for each in criterion.fields]
    operation = next(each for each in criterion.fields if each.name == "operation")
    assert "BEGIN_WITH" in operation.choices


def test_what_may_change_something() -> None:
    assert not OPERATIONS["user"].changes
    assert OPERATIONS["make_call"].changes
    assert OPERATIONS["mini_message"].changes, "reading a text erases it"


def test_names_are_those_of_the_wire_or_of_python_and_text_stands_for_anything() -> None:
    wire = prepare("records", unanswered="yes", afterDate="2026-01-31T18:17:15+01:00", loginName="oxe1000", limit="5")
    python = prepare("records", unanswered=True, after_date="2026-01-31T17:17:15Z", login_name="oxe1000", limit=5)
    assert wire.target == python.target
    assert wire.target == (
        "/comlog/records?unanswered=true&afterDate=2026-01-31T17%3A17%3A15.000Z&limit=5&loginName=oxe1000"
    )
    made = prepare("acknowledge_records", recordIds="[1, 2]", acknowledge="true")
    assert made.body == {"recordIds": [1, 2]}
    assert prepare("acknowledge-records", recordIds="1,2", acknowledge="1").body == made.body
    body = prepare("make_call", body='{"deviceId": "1000", "callee": "1"}', callee="1001").body
    assert body == {"deviceId": "1000", "callee": "1001"}
    key = prepare("set_soft_key", loginName="oxe1000", deviceId="1000", position="2", number="1001", mnemonic="Bob")
    assert key.body["position"] == 2, "the path says it, so the body does"


@pytest.mark.parametrize(
    ("name", "values", "word"),
    [
        ("no_such", {}, "no operation"),
        ("make-cal", {"callee": "1001"}, "make_call"),
        ("user", {}, "loginName: is missing"),
        ("user", {"loginName": " "}, "loginName: must not be empty"),
        ("user", {"loginName": "a", "colour": 1}, "It takes: loginName"),
        ("user", {"loginName": "a", "body": {}}, "takes none"),
        ("make_call", {"body": "{"}, "no JSON"),
        ("make_call", {"body": "[]"}, "no JSON object"),
        ("make_call", {"callee": "1001"}, "deviceId"),
        ("make_call", {"deviceId": "1000", "callee": "call me"}, "callee"),
        ("logins", {"onlyACD": "perhaps"}, "neither"),
        ("acknowledge_records", {"recordIds": [1]}, "acknowledge: is missing"),
        ("delete_records", {}, "all"),
        ("records", {"afterDate": "2026-01-31T18:00:00"}, "zone"),
    ],
)
def test_what_is_wrong_is_named_before_anything_is_sent(name: str, values: dict[str, Any], word: str) -> None:
    with pytest.raises(InvalidInput, match=word):
        prepare(name, **values)


def test_secrets_are_in_nothing_that_can_be_read() -> None:
    made = prepare("make_call", deviceId="1000", callee="1001", pin="471100", secretCode="0815", loginName="oxe1000")
    for text in (repr(made), str(made), str(made.body), made.python, made.target):
        assert "471100" not in text
        assert "0815" not in text
    assert made.body["pin"] == "***"
    gone = prepare("unsubscribe", subscriptionId="s3cr3t-subscription")
    assert "s3cr3t" not in gone.target + gone.python + repr(gone)
    assert gone.target.endswith("/***")


def test_the_secrets_of_a_wire_that_is_imported_later_are_known() -> None:
    before = secret_fields()

    class Door(Wire, kw_only=True):
        _secrets: ClassVar[frozenset[str]] = frozenset({"door_code"})

        door_code: str

    assert secret_fields() - before == {"doorCode"}
    assert Mask().body(Door(door_code="4711").to_json()) == '{"doorCode":"***"}'


def test_the_dial_policy_stands_before_it() -> None:
    guard = DialGuard(DialPolicy(denied=("0*",), calls_per_minute=1))
    with pytest.raises(PolicyViolation):
        Requests(OPERATIONS).prepare("make_call", {"deviceId": "1000", "callee": "0015550100"}, guard)


async def test_an_answer_is_typed_and_plain() -> None:
    async with office() as one:
        pbx = await one.connect()
        assert pbx.operations is OPERATIONS
        answer = await pbx.request("user", login_name="oxe1001")
        assert (answer.status, answer.value.last_name, answer.data["lastName"]) == (200, "Keller", "Keller")
        assert answer.seconds >= 0
        assert "Keller" not in repr(answer)
        nothing = await pbx.request("set_dnd", loginName="oxe1000")
        assert (nothing.value, nothing.data) == (None, None)
        assert one.switch.users["oxe1000"].do_not_disturb


async def test_what_is_refused_before_and_after() -> None:
    async with office() as one:
        pbx = await one.connect()
        before = one.simulator.server.requests
        with pytest.raises(InvalidInput, match="administrator"):
            await pbx.request("calls")
        with pytest.raises(InvalidInput, match="Prepare it again"):
            await pbx.request(pbx.prepare("user", loginName="oxe1000"), loginName="oxe1001")
        assert one.simulator.server.requests == before
        with pytest.raises(RequestRefused):
            await pbx.request("user", loginName="nobody")


async def test_the_policy_counts_calls_made_this_way() -> None:
    async with office() as one:
        pbx = await one.connect(dial_policy={"calls_per_minute": 1}, **user())
        made = pbx.prepare("make_call", deviceId="1000", callee="1001")
        await pbx.request(made)
        with pytest.raises(PolicyViolation, match="minute"):
            await pbx.request(made)
        assert len(one.switch.calls_of("oxe1000")) == 1


async def run(pbx: Pbx, code: str) -> None:
    """Run what a person would paste into a cell."""
    tree = compile(code, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    await eval(tree, {"pbx": pbx})


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("make_call", {"deviceId": "1000", "callee": "1001", "autoAnswer": True}),
        ("records", {"unanswered": True, "afterDate": "2026-01-31T18:17:15Z", "role": "CALLER"}),
        ("set_forward_route", {"forwardRoute": {"destinations": [{"type": "NUMBER", "number": "1002"}]}}),
        ("start_search", {"filter": {"field": "lastName", "operation": "BEGIN_WITH", "operand": "Kel"}}),
        ("acknowledge_records", {"recordIds": [1, 2], "acknowledge": False}),
        ("user", {"loginName": "oxe1000"}),
    ],
)
async def test_the_python_that_is_shown_makes_the_same_request(name: str, values: dict[str, Any]) -> None:
    async with office() as one:
        pbx = await one.connect(**user())
        sent: list[aiopbx.WireMessage] = []
        made = pbx.prepare(name, **values)
        stop = pbx.wire(sent.append)
        for code in (f"await pbx.request({name!r}, **{values!r})", made.python):
            with contextlib.suppress(RequestRefused):
                await run(pbx, code)
        stop()
        first, second = [(each.what, each.body) for each in sent if each.sent]
        assert first == second


async def test_a_system_without_operations_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async with office() as one:
        pbx = await one.connect()
        monkeypatch.setattr(pbx._core.system, "requests", None)
        assert pbx.operations == {}
        with pytest.raises(aiopbx.NotSupported, match="by name"):
            pbx.prepare("user")


def test_two_operations_of_one_name_are_found_out() -> None:
    one = Operation(name="ring", service="S", method="POST", path="/ring")
    other = Operation(name="ring", service="T", method="POST", path="/other")
    assert Operations(lambda: [one])["ring"] is one
    with pytest.raises(TypeError, match="two operations are called ring"):
        len(Operations(lambda: [one, other]))


@pytest.mark.parametrize("services", ["o2g.services.O2gServices", "istra.services.IstraServices"])
def test_importing_a_wire_reads_no_declaration(services: str) -> None:
    """There are 180 of them, and most programs use a dozen."""
    look = f"""
import aiopbx.{services.rpartition(".")[0]}
from aiopbx.operations import _declarations
declared = [one for kind in aiopbx.{services}._kinds.values() for one in _declarations(kind)]
print(len(declared) > 30, [one for one in declared if "operation" in vars(one)])
"""
    ran = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "True []"


def test_an_operation_says_what_it_is() -> None:
    one = Operation(name="x", service="S", method="GET", path="/x", repeatable=True)
    assert (str(one), one.changes, one.takes) == ("GET /x", False, ())


# ------------------------------------------------------------------------------------------------------------- Istra


@pytest.mark.parametrize("application", list(Application))
def test_every_operation_of_istra_is_described(application: Application) -> None:
    known = operations_of(application)
    everything = [one for one in IstraServices.declared() if application in one.applications]
    assert list(known.values()) == everything
    for name, one in known.items():
        assert one.summary, name
        assert one.python == f"pbx.istra.{one.service}.{name}"
        for parameter in one.takes:
            walk(parameter)


def test_what_may_change_something_on_istra() -> None:
    known = operations_of(Application.CRM)
    assert known["place_call"].changes, "a GET that dials"
    assert not known["terminals"].changes


async def test_a_request_of_istra_by_its_name() -> None:
    async with istra_office() as one:
        pbx = await one.connect(dial_policy={"denied": ["0*"]})
        line = pbx.line("1000")
        made = pbx.prepare("place_call", extension_id=line.id, destination="1001")
        assert (made.target, made.body) == (f"v1/rcc/Extension/{line.id}/placeCall", {"destination": "1001"})
        assert made.python == f"await pbx.istra.rcc.place_call({line.id!r}, destination='1001')"
        answer = await pbx.request(made)
        assert answer.status == 200
        assert answer.data
        await until(lambda: line.calls)
        with pytest.raises(PolicyViolation):
            pbx.prepare("place_call", extension_id=line.id, destination="0015550100")
        with pytest.raises(InvalidInput, match="destination: is missing"):
            pbx.prepare("place_call", extension_id=line.id)
        with pytest.raises(InvalidInput, match="place_call"):
            pbx.prepare("place", line_id="1")
        with pytest.raises(aiopbx.RequestRefused):
            await pbx.request("extension", extension_id="-1")
        await run(pbx, f"await pbx.request('extension', extension_id={line.id!r})")
