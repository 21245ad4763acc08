"""Filters and attributes built from Python, and what the wire has no words for."""

import json

import msgspec
import pytest

from aiopbx.errors import InvalidInput
from aiopbx.filters import attribute, field, keys_of
from aiopbx.o2g import rules
from aiopbx.o2g.queries import NOTHING, ObjectPath, attributes, criterion_of, values
from aiopbx.o2g.types.base import to_json
from aiopbx.o2g.types.directory import Attribute, Criterion, Operation
from aiopbx.o2g.types.pbx_management import PbxAttribute, PbxAttributes, PbxObject

# ------------------------------------------------------------------------------------------------------------ contacts


def test_contacts() -> None:
    wanted = field("lastName").begins_with("Ma") & (
        field("firstName").equals("Ana") | field("id.phoneNumber").ends_with("42")
    )
    assert json.loads(to_json(criterion_of(wanted))) == {
        "operation": "AND",
        "operand": [
            {"field": "lastName", "operation": "BEGIN_WITH", "operand": "Ma"},
            {
                "operation": "OR",
                "operand": [
                    {"field": "firstName", "operation": "EQUAL_IGNORE_CASE", "operand": "Ana"},
                    {"field": "id.phoneNumber", "operation": "END_WITH", "operand": "42"},
                ],
            },
        ],
    }
    rules.check_criterion(criterion_of(wanted))
    assert str(wanted) == ("(last_name begins with 'Ma' and (first_name equals 'Ana' or number ends with '42'))")


def test_what_is_joined_alike_is_one_level() -> None:
    one, two, three = (field("login").contains(word) for word in "abc")
    for joined in (one & two & three, one & (two & three)):
        assert len(criterion_of(joined).operand) == 3
    assert len(criterion_of(one & two | three).operand) == 2


def test_what_contacts_cannot_be_searched_by() -> None:
    wanted = field("lastName").begins_with("Ma")
    with pytest.raises(InvalidInput, match="not"):
        wanted.__invert__()
    with pytest.raises(TypeError, match="&"):
        bool(wanted)
    with pytest.raises(TypeError):
        wanted & attribute("Annu_Name").equals("x")  # type: ignore[operator]
    with pytest.raises(InvalidInput, match="last_name, first_name"):
        field("shoeSize")
    with pytest.raises(InvalidInput, match="nothing"):
        field("lastName").equals("  ")


LEAF = Criterion(field=Attribute.LAST_NAME, operation=Operation.CONTAIN, operand="a")


@pytest.mark.parametrize(
    ("criterion", "where"),
    [
        (Criterion(operation=Operation.AND, operand=()), "filter.operand"),
        (Criterion(operation=Operation.OR, operand="a"), "filter.operand"),
        (Criterion(field=Attribute.LAST_NAME, operation=Operation.AND, operand=(LEAF,)), "filter.field"),
        (Criterion(field=Attribute.LAST_NAME, operation=Operation.CONTAIN, operand=(LEAF,)), "filter.operand"),
        (Criterion(field=Attribute.LAST_NAME, operation=Operation.CONTAIN, operand=""), "filter.operand"),
        (Criterion(operation=Operation.CONTAIN, operand="a"), "filter.field"),
        (Criterion(field=Attribute("shoeSize"), operation=Operation.CONTAIN, operand="a"), "filter.field"),
        (Criterion(field=Attribute.LAST_NAME, operation=Operation("LIKE"), operand="a"), "filter.operation"),
        (
            Criterion(
                operation=Operation.OR,
                operand=(
                    LEAF,
                    Criterion(
                        operation=Operation.AND, operand=(LEAF, Criterion(operation=Operation.CONTAIN, operand="a"))
                    ),
                ),
            ),
            "filter.operand[1].operand[1].field",
        ),
    ],
)
def test_criteria_are_checked_all_the_way_down(criterion: Criterion, where: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        rules.check_criterion(criterion)
    assert caught.value.field == where
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("name", "keys"),
    [("Martin", "627846"), ("Müller", "685537"), ("O'Brien", "627436"), ("Weiß", "93477"), ("Zoë 2", "9632")],
)
def test_keys(name: str, keys: str) -> None:
    assert keys_of(name) == keys


def test_a_name_without_keys() -> None:
    with pytest.raises(InvalidInput, match="typed"):
        keys_of("李")


# ------------------------------------------------------------------------------------------------------------- objects

NAME, KIND, NUMBER = attribute("Annu_Name"), attribute("Station_Type"), attribute("Directory_Number")


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (NAME.equals("Jones"), "Annu_Name==Jones"),
        (NAME.differs("Jones"), "Annu_Name!=Jones"),
        (NAME.begins_with("Jz"), "Annu_Name==Jz*"),
        (NAME.ends_with("es"), "Annu_Name==*es"),
        (NUMBER.at_least(7000), "Directory_Number=ge=7000"),
        (NUMBER.at_most("7999"), "Directory_Number=le=7999"),
        (attribute("Locked").equals(True), "Locked==true"),
        (KIND.one_of(["ANALOG", "Remote_Extension"]), "Station_Type==ANALOG or Station_Type==Remote_Extension"),
        (NAME.begins_with("J") & KIND.differs("ANALOG"), "Annu_Name==J* and Station_Type!=ANALOG"),
        (
            NAME.equals("J") | NUMBER.at_least(1) & NUMBER.at_most(2),
            "Annu_Name==J or Directory_Number=ge=1 and Directory_Number=le=2",
        ),
        (  # there are no brackets on the wire: it is multiplied out
            (KIND.equals("A") | KIND.equals("B")) & NAME.equals("J"),
            "Station_Type==A and Annu_Name==J or Station_Type==B and Annu_Name==J",
        ),
        (~NAME.equals("J"), "Annu_Name!=J"),
        (~(NAME.equals("J") & KIND.differs("A")), "Annu_Name!=J or Station_Type==A"),
        (~(NAME.equals("J") | KIND.equals("A")), "Annu_Name!=J and Station_Type!=A"),
        (NAME.equals("J") & NAME.equals("J"), "Annu_Name==J"),
        (NAME.equals("J") | NAME.equals("J"), "Annu_Name==J"),
        (NAME.equals("De la Cruz"), "Annu_Name==De la Cruz"),
        (NAME.equals("Sandor"), "Annu_Name==Sandor"),
    ],
)
def test_objects(wanted: object, text: str) -> None:
    assert str(wanted) == text


@pytest.mark.parametrize(
    "value", ["", " J", "J ", "J*", "a=b", "a!b", "a;b", "a,b", "(a)", "'a'", 'a"b', "a and b", "a OR b", "or", "a<b"]
)
def test_values_that_would_mean_something_else(value: str) -> None:
    with pytest.raises(InvalidInput, match="Annu_Name"):
        NAME.equals(value)


def test_what_objects_cannot_be_filtered_by() -> None:
    for wanted in (
        NAME.begins_with("J"),
        NAME.ends_with("J"),
        NUMBER.at_least(1),
        NAME.equals("J") & NUMBER.at_most(1),
    ):
        with pytest.raises(InvalidInput, match="opposite"):
            wanted.__invert__()
    with pytest.raises(TypeError, match="&"):
        bool(NAME.equals("J"))
    with pytest.raises(TypeError):
        NAME.equals("J") & field("lastName").equals("x")  # type: ignore[operator]
    with pytest.raises(TypeError):
        NAME.equals("J") | "x"  # type: ignore[operator]
    with pytest.raises(InvalidInput):
        attribute("Annu Name")
    with pytest.raises(InvalidInput, match="nothing"):
        KIND.one_of([])


def test_a_filter_that_is_too_long_without_brackets() -> None:
    many = KIND.one_of([f"K{number}" for number in range(30)])
    with pytest.raises(InvalidInput, match="brackets"):
        many & NAME.one_of([f"N{number}" for number in range(30)])


# ---------------------------------------------------------------------------------------------------------- attributes


def test_attributes() -> None:
    made = attributes(
        {
            "Annu_Name": "Doe",
            "Count": 3,
            "Locked": False,
            "Devices": ["1", "2"],
            "Emptied": [],
            "One": {"Skill_Nb": 1},
            "Skills": [{"Skill_Nb": 1, "Skill_Level": 2}, {"Skill_Nb": 2}],
        }
    )
    assert json.loads(to_json(made)) == {
        "attributes": [
            {"name": "Annu_Name", "value": ["Doe"]},
            {"name": "Count", "value": ["3"]},
            {"name": "Locked", "value": ["false"]},
            {"name": "Devices", "value": ["1", "2"]},
            {"name": "Emptied", "value": []},
            {
                "name": "One",
                "complexValue": [{"name": "One", "attributes": [{"name": "Skill_Nb", "value": ["1"]}]}],
            },
            {
                "name": "Skills",
                "complexValue": [
                    {
                        "name": "Skills",
                        "attributes": [
                            {"name": "Skill_Nb", "value": ["1"]},
                            {"name": "Skill_Level", "value": ["2"]},
                        ],
                    },
                    {"name": "Skills", "attributes": [{"name": "Skill_Nb", "value": ["2"]}]},
                ],
            },
        ]
    }
    read = PbxObject(attributes=msgspec.json.decode(to_json(made), type=PbxAttributes).attributes)
    assert values(read) == {
        "Annu_Name": "Doe",
        "Count": "3",
        "Locked": "false",
        "Devices": ("1", "2"),
        "Emptied": (),
        "One": ({"Skill_Nb": "1"},),
        "Skills": ({"Skill_Nb": "1", "Skill_Level": "2"}, {"Skill_Nb": "2"}),
    }
    assert values(PbxObject(attributes=(PbxAttribute(value=("nameless",)),))) == {}
    assert NOTHING == ()


def test_values_of_one_kind() -> None:
    with pytest.raises(InvalidInput, match="mixes"):
        attributes({"Skills": [{"Skill_Nb": 1}, "2"]})  # type: ignore[list-item]
    with pytest.raises(InvalidInput, match="Ratio"):
        attributes({"Ratio": [1.5]})  # type: ignore[list-item]


# --------------------------------------------------------------------------------------------------------------- paths


def test_paths() -> None:
    subscriber = ObjectPath("Subscriber", 4722)
    assert (subscriber, subscriber.name, subscriber.id, subscriber.parent) == (
        "Subscriber/4722",
        "Subscriber",
        "4722",
        None,
    )
    aliases = subscriber / "Subscriber_Alias"
    assert (aliases.is_object, aliases.name, aliases.id, aliases.parent) == (
        False,
        "Subscriber_Alias",
        None,
        subscriber,
    )
    assert (aliases / 5).parent == subscriber
    assert ObjectPath("Top", "1") / "SIP/1/SIP_Gateway" == "Top/1/SIP/1/SIP_Gateway"
    assert subscriber / ObjectPath("A", "1") == "Subscriber/4722/A/1"
    assert (ObjectPath("Name") / "a/b").segments == ("Name", "a/b")  # an id, whatever is in it
    assert ObjectPath.of("/Subscriber/4722/").segments == ("Subscriber", "4722")
    assert ObjectPath.of(subscriber) is subscriber
    for wrong in ("", "Subscriber//5", "Subscriber/..", "a/ /b"):
        with pytest.raises(InvalidInput, match="objectPath"):
            ObjectPath.of(wrong)
