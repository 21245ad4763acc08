"""The nodes of the PBX: their links and their data."""

import pytest

from aiopbx.simulator.switch import NodeChange, SwitchError
from tests.aiopbx.simulator.office import Office


def changes(office: Office) -> list[tuple[str, str]]:
    return [(change.node, change.kind) for change in office.changes if isinstance(change, NodeChange)]


def test_nodes_are_those_of_the_users() -> None:
    office = Office(ben={"node": "10"}, cleo={"node": "2"})
    assert [node.id for node in office.switch.nodes.all()] == ["1", "2", "10"]
    assert all(node.link == "CONNECTED_MAIN" and node.loaded for node in office.switch.nodes.all())


def test_a_link_goes_and_comes() -> None:
    office = Office(ben={"node": "2"})
    nodes = office.switch.nodes
    nodes.link_down("2")
    nodes.link_down("2")
    assert (nodes.linked("1"), nodes.linked("2")) == (True, False)
    assert nodes.find("2").link == "DISCONNECTED"
    nodes.link_up("2", secondary=True)
    assert nodes.find("2").link == "CONNECTED_SECONDARY"
    nodes.link_up("2")
    nodes.link_up("2")
    assert changes(office) == [("2", "link_down"), ("2", "link_up"), ("2", "link_up")]


def test_data_is_reported_when_it_is_loaded() -> None:
    office = Office()
    nodes = office.switch.nodes
    nodes.unload("1")
    assert not nodes.find("1").loaded
    assert changes(office) == []
    nodes.load("1")
    assert nodes.find("1").loaded
    assert changes(office) == [("1", "loaded")]


@pytest.mark.parametrize("action", ["link_down", "link_up", "load", "unload", "find"])
def test_a_node_that_is_not_there(action: str) -> None:
    with pytest.raises(SwitchError, match="no node '7'"):
        getattr(Office().switch.nodes, action)("7")
