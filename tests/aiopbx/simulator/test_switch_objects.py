"""The objects of the PBX: read, searched, created, changed and deleted, in step with the switch."""

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings as how

from aiopbx.simulator.settings import UserSpec
from aiopbx.simulator.switch import SwitchError, SwitchSettings
from aiopbx.simulator.switch.filters import parse
from aiopbx.simulator.switch.object_model import NODE, SUBSCRIBER, Part, Values
from aiopbx.simulator.switch.objects import ObjectChange, ObjectTree
from aiopbx.simulator.switch.settings import AgentSpec, PilotSpec
from tests.aiopbx.simulator.office import Office

ANN = (("Subscriber", "100"),)
OPERATORS = (("Application_Configuration", "1"), ("ACD2", "1"), ("ACD2_Operator", "1"))
ACD2 = OPERATORS[:2]


class Tree:
    """An office and its objects, and the changes that were published."""

    def __init__(self) -> None:
        pilot = PilotSpec(number="800", groups=("60",))
        self.office = Office(
            settings=SwitchSettings(pilots=(pilot,), seed=1),
            cleo={"agent": AgentSpec(groups=("60",))},
            dan={"node": "5"},
        )
        self.switch = self.office.switch
        self.objects: ObjectTree = self.switch.objects
        self.published: list[tuple[str, str, str]] = []
        self.changes: list[ObjectChange] = []
        self.objects.subscribe(self._on_change)

    def _on_change(self, change: ObjectChange) -> None:
        self.changes.append(change)
        self.published.append((change.kind, change.name, change.id))

    def values(self, *path: tuple[str, str], node: str = "1") -> Values:
        return self.objects.read(self.objects.find(node, path))

    def refuses(self, kind: str, action: str, *arguments: Any, says: str = "", **keywords: Any) -> None:
        before, switch, published = self.objects.dump(), self.switch.dump(), len(self.published)
        with pytest.raises(SwitchError) as refused:
            getattr(self.objects, action)(*arguments, **keywords)
        assert refused.value.kind == kind
        assert says in refused.value.message
        assert (self.objects.dump(), self.switch.dump(), len(self.published)) == (before, switch, published)


@pytest.fixture
def tree() -> Tree:
    return Tree()


class Somebody:
    """A reader: any object that can be distinguished."""


# -- reading --------------------------------------------------------------------------------------------------------


def test_nodes_and_their_objects(tree: Tree) -> None:
    assert tree.objects.nodes == ("1", "5")
    assert tree.objects.root("1").kind.paths() == (
        "Subscriber",
        "System_Parameters",
        "SIP/1/SIP_Gateway",
        "Translator/1/Prefix_Plan",
        "Application_Configuration/1/ACD2/1/ACD2_Operator/1/ACD2_Operator_data",
        "Application_Configuration/1/ACD2/1/ACD2_Pilot",
        "Application_Configuration/1/ACD2/1/ACD2_Processing_Group",
    )
    assert [item.id for item in tree.objects.search("5", (), "Subscriber")] == ["103"]
    tree.refuses("NODE_NOT_FOUND", "root", "9")
    tree.refuses("OBJECT_NOT_FOUND", "find", "1", (("Subscriber", "103"),))
    tree.refuses("OBJECT_NOT_FOUND", "find", "1", (("Nonsense", "1"),))
    tree.refuses("METHOD_NOT_ALLOWED", "get", "1", (("SIP", "1"),))


def test_the_model_as_a_whole_and_by_name(tree: Tree) -> None:
    assert tree.objects.model("1") is NODE
    assert tree.objects.model("1", "Subscriber") is SUBSCRIBER
    assert tree.objects.model("1", "Prefix_Plan").create is False
    tree.refuses("OBJECT_NOT_FOUND", "model", "1", "Nonsense")


def test_subscriber_is_the_user(tree: Tree) -> None:
    values = tree.values(*ANN)
    assert values["Annu_First_Name"] == ("Ann",)
    assert values["Attached_Devices"] == ("6100",)
    tree.switch.update_user("ann", first_name="Anna")
    tree.switch.lock_set("ann", "100", True)
    values = tree.values(*ANN)
    assert (values["Annu_First_Name"], values["Padlock"]) == (("Anna",), ("true",))
    assert tree.published == [("modified", "Subscriber", "100")]


def test_users_who_come_and_go_are_published(tree: Tree) -> None:
    tree.switch.add_user(UserSpec(login="new", number="150", node="7"))
    assert tree.objects.nodes == ("1", "5", "7")
    tree.switch.remove_user("new")
    assert tree.published == [("created", "Subscriber", "150"), ("deleted", "Subscriber", "150")]
    assert tree.objects.search("7", (), "Subscriber") == ()


# -- searching ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        (None, ["100", "101", "102"]),
        ("", ["100", "101", "102"]),
        ("Directory_Number==101", ["101"]),
        ("Annu_First_Name==A*", ["100"]),
        ("Annu_First_Name==*n", ["100", "101"]),
        ("Annu_First_Name==*e*", ["101", "102"]),
        ("Annu_First_Name!=Ann", ["101", "102"]),
        ("Annu_First_Name!=*n", ["102"]),
        ("Directory_Number=ge=101", ["101", "102"]),
        ("Directory_Number=le=100", ["100"]),
        ("Entity_Number=ge=1 and Entity_Number=le=1", ["100", "101", "102"]),
        ("Annu_First_Name==Ann or Annu_First_Name==Ben and Directory_Number==102", ["100"]),
        ("Annu_First_Name==Ann OR Directory_Number == 102", ["100", "102"]),
        ("Voice_Mail_Dir_No==5000", ["100", "101", "102"]),
        ("Associated_Set_No==", ["100", "101", "102"]),
    ],
)
def test_filters(tree: Tree, filter: str | None, found: list[str]) -> None:
    assert [item.id for item in tree.objects.search("1", (), "Subscriber", filter)] == found


@pytest.mark.parametrize(
    ("filter", "says"),
    [
        ("Annu_Name", "is no comparison"),
        ("Annu_Name=Ann", "is no comparison"),
        ("Colour==red", "no such attribute"),
        ("Attached_Devices==6100", "cannot be filtered by"),
        ("Entity_Number=ge=one", "is no integer"),
        ("Annu_Name==A and", "is no comparison"),
    ],
)
def test_filters_that_are_wrong(tree: Tree, filter: str, says: str) -> None:
    tree.refuses("BAD_PARAMETER_VALUE", "search", "1", (), "Subscriber", filter, says=says)


@how(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), min_size=1, max_size=3), min_size=1, max_size=3)
)
def test_and_binds_closer_than_or(branches: list[list[tuple[str, bool]]]) -> None:
    text = " or ".join(
        " and ".join(f"Annu_Name{'==' if equal else '!='}{value}" for value, equal in branch) for branch in branches
    )
    fits = parse(text, SUBSCRIBER)
    for name in "abcd":
        expected = any(all((name == value) is equal for value, equal in branch) for branch in branches)
        assert fits({"Annu_Name": (name,)}.__getitem__) is expected


# -- creating -------------------------------------------------------------------------------------------------------


def test_creating_a_subscriber_creates_a_user(tree: Tree) -> None:
    given: Values = {
        "Directory_Number": ("150",),
        "Annu_Name": ("Moreau",),
        "Annu_First_Name": ("Eva",),
        "Attached_Devices": ("1150",),
        "Associated_Set_No": ("100",),
        "Voice_Mail_Dir_No": ("5000",),
        "Padlock": ("TRUE",),
    }
    tree.objects.create("1", (), "Subscriber", given)
    user = tree.switch.users["oxe150"]
    assert (user.first_name, user.last_name, user.node, user.associate, user.voicemail) == (
        ("Eva", "Moreau", "1", "100", True)
    )
    assert list(user.devices) == ["150", "1150"]
    values = tree.values(("Subscriber", "150"))
    assert {name: values[name] for name in given} == given | {"Padlock": ("true",)}
    assert (values["Entity_Number"], values["Station_Type"]) == (("1",), ("NOE_C_Color_IP",))
    assert tree.published == [("created", "Subscriber", "150")]
    tree.office.dial("ben", "150")
    tree.office.check()


@pytest.mark.parametrize(
    ("station", "kind"), [("ANALOG", "DESKPHONE"), ("DECT", "DECT"), ("SIP_Extension", "SOFTPHONE")]
)
def test_station_types_are_kinds_of_telephones(tree: Tree, station: str, kind: str) -> None:
    tree.objects.create("1", (), "Subscriber", {"Directory_Number": ("150",), "Station_Type": (station,)})
    assert tree.switch.users["oxe150"].devices["150"].kind == kind
    assert tree.values(("Subscriber", "150"))["Station_Type"] == (station,)
    tree.office.dial("ben", "150")
    tree.refuses(
        "INCOMPATIBLE_WITH_STATE", "set", "1", (("Subscriber", "150"),), {"Station_Type": ("Remote_Extension",)}
    )
    tree.office.check()


def test_remote_extension_alone_rings(tree: Tree) -> None:
    tree.objects.create("1", (), "Subscriber", {"Directory_Number": ("150",), "Station_Type": ("Remote_Extension",)})
    tree.office.dial("ben", "150")
    assert tree.office.state("oxe150") == ["RINGING_INCOMING"]
    tree.office.check()


@pytest.mark.parametrize(
    ("kind", "given", "says"),
    [
        ("BAD_PARAMETER_VALUE", {"Annu_Name": ("X",)}, "Directory_Number: it is mandatory"),
        ("CONFLICT", {"Directory_Number": ("100",)}, "already"),
        ("NUMBER_TAKEN", {"Directory_Number": ("6100",)}, "taken"),
        ("NUMBER_TAKEN", {"Directory_Number": ("800",)}, "taken"),
        ("NUMBER_TAKEN", {"Directory_Number": ("150",), "Attached_Devices": ("101",)}, "101 is taken"),
        ("NUMBER_TAKEN", {"Directory_Number": ("150",), "Voice_Mail_Dir_No": ("101",)}, "101 is taken"),
        ("BAD_PARAMETER_VALUE", {"Directory_Number": ("abc",)}, "Directory_Number: 'abc' is no number"),
        ("BAD_PARAMETER_VALUE", {"Directory_Number": ("150",), "Colour": ("red",)}, "no such attribute"),
        ("BAD_PARAMETER_VALUE", {"Directory_Number": ("150",), "Entity_Number": ("x",)}, "no integer"),
        ("BAD_PARAMETER_VALUE", {"Directory_Number": ("150",), "Padlock": ("yes",)}, "neither true nor false"),
        ("BAD_PARAMETER_VALUE", {"Directory_Number": ("150",), "Station_Type": ("FAX",)}, "none of"),
        ("BAD_PARAMETER_VALUE", {"Directory_Number": ("150", "151")}, "no list"),
        ("BAD_PARAMETER_VALUE", {"Directory_Number": ("150",), "Annu_Name": ("x" * 41,)}, "too many"),
        ("BAD_PARAMETER_VALUE", {"Directory_Number": ("150",), "Annu_Name": (Part("a", {}),)}, "plain"),
        ("BAD_PARAMETER_VALUE", {"Directory_Number": ("150",), "Associated_Set_No": ("999",)}, "999"),
        ("BAD_PARAMETER_VALUE", {"Directory_Number": ("150",), "SIP_Authentication_Name": ("x",)}, "used only when"),
    ],
)
def test_creating_is_checked(tree: Tree, kind: str, given: Values, says: str) -> None:
    tree.refuses(kind, "create", "1", (), "Subscriber", given, says=says)


def test_objects_below_a_subscriber(tree: Tree) -> None:
    tree.objects.create("1", ANN, "Subscriber_Alias", {"Alias_Id": ("5",), "Annu_Name": ("Boss",)})
    assert [item.id for item in tree.objects.search("1", ANN, "Subscriber_Alias", "Annu_Name==B*")] == ["5"]
    tree.objects.set("1", (*ANN, ("Subscriber_Alias", "5")), {"Annu_Name": ("Chief",)})
    assert tree.changes[-1] == ObjectChange("modified", "1", "Subscriber_Alias", "5", ("Subscriber", "100"))
    tree.objects.delete("1", (*ANN, ("Subscriber_Alias", "5")))
    assert tree.objects.search("1", ANN, "Subscriber_Alias") == ()
    tree.refuses("OBJECT_NOT_FOUND", "delete", "1", (*ANN, ("Subscriber_Alias", "5")))


def test_free_ranges_under_the_system(tree: Tree) -> None:
    system = (("System_Parameters", "1"),)
    given: Values = {"Range_Name": ("range1",), "First_Number": ("2000",), "Last_Number": ("3000",)}
    tree.objects.create("1", system, "Free_Range_List", given)
    assert tree.values(*system, ("Free_Range_List", "range1")) == given
    tree.refuses("CONFLICT", "create", "1", system, "Free_Range_List", given)
    tree.refuses("METHOD_NOT_ALLOWED", "create", "1", (), "System_Parameters", {})
    tree.refuses("METHOD_NOT_ALLOWED", "delete", "1", system)
    tree.refuses("METHOD_NOT_ALLOWED", "set", "1", (("Translator", "1"), ("Prefix_Plan", "*60")), {"Number": ("*1",)})


# -- changing -------------------------------------------------------------------------------------------------------


def test_changing_a_subscriber_changes_the_user(tree: Tree) -> None:
    given: Values = {
        "Annu_Name": ("Nova",),
        "Associated_Set_No": ("101",),
        "Attached_Devices": ("6100", "1100"),
        "Padlock": ("true",),
        "Camp_On": ("true",),
        "Voice_Mail_Dir_No": (),
        "Cost_Center_Id": ("12",),
    }
    tree.objects.set("1", ANN, given)
    user = tree.switch.users["ann"]
    assert (user.last_name, user.associate, list(user.devices), user.voicemail) == (
        "Nova",
        "101",
        ["100", "6100", "1100"],
        False,
    )
    assert user.devices["100"].locked
    assert {name: tree.values(*ANN)[name] for name in given} == given
    assert tree.published == [("modified", "Subscriber", "100")], "once"
    tree.objects.set("1", ANN, {"Attached_Devices": ()})
    assert list(user.devices) == ["100"]
    tree.refuses("BAD_PARAMETER_VALUE", "set", "1", ANN, {"Directory_Number": ("199",)}, says="stays")
    tree.refuses("NUMBER_TAKEN", "set", "1", ANN, {"Annu_Name": ("Y",), "Attached_Devices": ("102",)})
    tree.office.check()


def test_a_value_that_stays_is_not_published(tree: Tree) -> None:
    tree.objects.set("1", ANN, {"Annu_First_Name": ("Ann",)})
    assert tree.published == []


def test_changes_of_others_are_a_conflict_until_looked_at(tree: Tree) -> None:
    one, other = Somebody(), Somebody()
    tree.objects.get("1", ANN, one)
    tree.objects.set("1", ANN, {"Annu_Name": ("First",)}, other)
    tree.refuses("CONFLICT", "set", "1", ANN, {"Annu_Name": ("Second",)}, one, says="read it again")
    tree.objects.act("1", ANN, "add", {"Attached_Devices": ("1100",)}, one)  # adding is always possible
    tree.objects.set("1", ANN, {"Annu_Name": ("Second",)}, one)  # and is a look
    tree.objects.set("1", ANN, {"Annu_Name": ("Third",)}, one)
    tree.refuses("CONFLICT", "set", "1", ANN, {"Annu_Name": ("Fourth",)}, other)
    tree.objects.get("1", ANN, other)
    tree.objects.set("1", ANN, {"Annu_Name": ("Fourth",)}, other)
    tree.objects.set("1", ANN, {"Annu_Name": ("Fifth",)}, Somebody())  # who has not looked overwrites nothing it knows


def test_lists_are_added_to_and_removed_from(tree: Tree) -> None:
    tree.objects.act("1", ANN, "add", {"Attached_Devices": ("1100", "1101")})
    assert tree.values(*ANN)["Attached_Devices"] == ("6100", "1100", "1101")
    tree.objects.act("1", ANN, "remove", {"Attached_Devices": ("1100",)})
    assert tree.values(*ANN)["Attached_Devices"] == ("6100", "1101")
    tree.refuses(
        "BAD_PARAMETER_VALUE", "act", "1", ANN, "remove", {"Attached_Devices": ("1100",)}, says="not in the list"
    )
    tree.refuses("BAD_PARAMETER_VALUE", "act", "1", ANN, "add", {"Annu_Name": ("X",)}, says="no list")
    tree.refuses("BAD_PARAMETER_VALUE", "act", "1", ANN, "add", {}, says="nothing is given")


def test_named_actions(tree: Tree) -> None:
    tree.switch.lock_set("ann", "100", True)
    tree.objects.act("1", ANN, "ReinitMemory", {})
    assert not tree.switch.users["ann"].devices["100"].locked
    assert tree.published == [("modified", "Subscriber", "100")]
    tree.refuses("BAD_PARAMETER_VALUE", "act", "1", ANN, "Dance", {}, says="ReinitMemory")
    tree.refuses("BAD_PARAMETER_VALUE", "act", "1", ANN, "FORCED_DELETE", {})
    tree.refuses("BAD_PARAMETER_VALUE", "act", "1", ANN, "ReinitMemory", {"Annu_Name": ("X",)})
    tree.objects.act("1", (("SIP", "1"), ("SIP_Gateway", "1")), "Resynchro", {})


# -- deleting -------------------------------------------------------------------------------------------------------


def test_deleting_a_subscriber_deletes_the_user(tree: Tree) -> None:
    tree.objects.delete("1", ANN)
    assert "ann" not in tree.switch.users
    assert tree.published == [("deleted", "Subscriber", "100")]
    tree.refuses("OBJECT_NOT_FOUND", "delete", "1", ANN)


def test_subscriber_in_a_call_is_deleted_by_force_only(tree: Tree) -> None:
    tree.office.talk("ann", "ben")
    tree.refuses("INCOMPATIBLE_WITH_STATE", "delete", "1", ANN, says="FORCED_DELETE")
    tree.objects.delete("1", ANN, force=True)
    assert tree.office.state("ben") == []
    tree.office.check()
    tree.objects.create("1", (("Subscriber", "101"),), "Subscriber_Alias", {"Alias_Id": ("1",)})
    path = (("Subscriber", "101"), ("Subscriber_Alias", "1"))
    tree.refuses("BAD_PARAMETER_VALUE", "delete", "1", path, force=True, says="FORCED_DELETE")


# -- the call centre --------------------------------------------------------------------------------------------------

CLEO = (*OPERATORS, ("ACD2_Operator_data", "102"))


def skill(number: int, level: int = 1, active: bool = True) -> Part:
    return Part(
        "Skill_Set",
        {"Skill_Nb": (str(number),), "Skill_Level": (str(level),), "Skill_Activate": (str(active).lower(),)},
    )


def test_operator_is_an_agent_with_skills(tree: Tree) -> None:
    agent = tree.switch.users["cleo"].agent
    assert agent is not None
    tree.objects.set("1", CLEO, {"Skill_Set": (skill(1), skill(2))})
    tree.objects.act(
        "1", CLEO, "add", {"Skill_Set": (Part("x", {"Skill_Nb": ("3",), "Skill_Level": ("5",)}), skill(2, 9))}
    )
    assert {number: item.level for number, item in agent.skills.items()} == {1: 1, 2: 9, 3: 5}
    tree.objects.act("1", CLEO, "remove", {"Skill_Set": (Part("x", {"Skill_Nb": ("1",)}),)})
    assert list(agent.skills) == [3, 2]
    assert tree.values(*CLEO)["Skill_Set"] == (skill(3, 5), skill(2, 9))
    refuses = tree.refuses
    refuses("BAD_PARAMETER_VALUE", "set", "1", CLEO, {"Skill_Set": (skill(1), skill(1))}, says="twice")
    refuses("BAD_PARAMETER_VALUE", "set", "1", CLEO, {"Skill_Set": (Part("x", {}),)}, says="Skill_Nb is mandatory")
    refuses("BAD_PARAMETER_VALUE", "set", "1", CLEO, {"Skill_Set": (Part("x", {"Colour": ("red",)}),)}, says="Colour")
    refuses("BAD_PARAMETER_VALUE", "set", "1", CLEO, {"Skill_Set": ("1",)}, says="complex")
    refuses("BAD_PARAMETER_VALUE", "set", "1", CLEO, {"Skill_Set": (skill(1, 10),)}, says="none of")
    refuses("BAD_PARAMETER_VALUE", "set", "1", CLEO, {"Preferred_Processing_Group": ("99",)})


def test_subscribers_become_operators_and_cease_to_be(tree: Tree) -> None:
    given: Values = {"Directory_Number": ("101",), "Processing_Groups": ("60", "62"), "Operator_Type": ("Supervisor",)}
    tree.objects.create("1", OPERATORS, "ACD2_Operator_data", given)
    tree.switch.agent_log_on("ben", "101", "62")
    assert [item.id for item in tree.objects.search("1", ACD2, "ACD2_Processing_Group")] == ["60", "62"]
    path = (*OPERATORS, ("ACD2_Operator_data", "101"))
    tree.refuses("INCOMPATIBLE_WITH_STATE", "set", "1", path, {"Operator_Type": ("Agent",)})
    tree.refuses("INCOMPATIBLE_WITH_STATE", "delete", "1", path)
    tree.objects.delete("1", path, force=True)
    assert tree.switch.users["ben"].agent is None
    tree.refuses("BAD_PARAMETER_VALUE", "create", "1", OPERATORS, "ACD2_Operator_data", {"Directory_Number": ("103",)})
    tree.office.check()


def test_deleted_subscriber_is_no_operator_any_more(tree: Tree) -> None:
    tree.objects.delete("1", (("Subscriber", "102"),))
    assert tree.objects.search("1", OPERATORS, "ACD2_Operator_data") == ()


def test_pilot_can_be_blocked_and_led_elsewhere(tree: Tree) -> None:
    pilot = (*ACD2, ("ACD2_Pilot", "800"))
    tree.switch.agent_log_on("cleo", "102")
    tree.objects.set("1", pilot, {"State": ("Blocked",), "Overflow_Number": ("101",), "Name": ("Sales",)})
    tree.switch.incoming_external("0015550100", "800")
    assert tree.office.state("ben") == ["RINGING_INCOMING"]
    tree.refuses("BAD_PARAMETER_VALUE", "set", "1", pilot, {"Queue_Size": ("0",)})
    tree.refuses("BAD_PARAMETER_VALUE", "set", "1", pilot, {"Overflow_Number": ("800",)})
    tree.refuses("BAD_PARAMETER_VALUE", "set", "1", pilot, {"Processing_Groups": ("77",)})
    tree.refuses("BAD_PARAMETER_VALUE", "set", "1", pilot, {"Processing_Groups": ()})
    tree.refuses("METHOD_NOT_ALLOWED", "delete", "1", pilot)
    tree.office.check()


def test_processing_group_has_reasons_to_withdraw(tree: Tree) -> None:
    group = (*ACD2, ("ACD2_Processing_Group", "60"))
    tree.objects.set("1", group, {"Withdraw_Reasons": ("Lunch",), "Wrap_Up_Time": ("5",)})
    assert tree.switch.withdraw_reasons("cleo") == ("Lunch",)
    assert tree.values(*group)["Wrap_Up_Time"] == ("5",)
    tree.refuses("BAD_PARAMETER_VALUE", "set", "1", group, {"Withdraw_Reasons": tuple("abcdefghij")}, says="nine")
    tree.refuses("BAD_PARAMETER_VALUE", "set", "1", group, {"Wrap_Up_Time": ("-1",)})
    tree.refuses("CONFLICT", "create", "1", ACD2, "ACD2_Processing_Group", {"Directory_Number": ("60",)})
    tree.objects.create("1", ACD2, "ACD2_Processing_Group", {"Directory_Number": ("65",), "Name": ("New",)})
    assert tree.switch.processing_groups["65"].name == "New"
