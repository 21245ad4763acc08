"""What is remembered of licences and rights from one connection to the next, and for how long."""

import pytest

from aiopbx.o2g.rights import RIGHTS_LAST, Rights
from aiopbx.o2g.types.base import MESSAGING
from aiopbx.o2g.types.routing import Capabilities

MAY = Capabilities(presentation_route=True, forward_route=True, overflow_route=True, dnd=True)


def known(server: str) -> Rights:
    rights = Rights()
    rights.connected(server, 0.0)
    rights.mark_basic(["alice"])
    rights.learn("bob", MAY)
    return rights


def test_a_reconnect_reads_nothing_again_that_is_known() -> None:
    rights = known("2.7.5")
    rights.connected("2.7.5", RIGHTS_LAST)
    assert rights.advanced(["alice", "bob"]) == ["bob"]
    assert not rights.stale("alice")
    assert not rights.stale("bob")


@pytest.mark.parametrize(("server", "later"), [("2.7.5", RIGHTS_LAST + 1), ("2.8.0", 1.0)])
def test_what_was_known_long_ago_or_of_another_server_is_found_out_again(server: str, later: float) -> None:
    """A licence may have been granted since: without this, a line would be basic until the client is made anew."""
    rights = known("2.7.5")
    rights.connected(server, later)
    assert rights.advanced(["alice", "bob"]) == ["alice", "bob"]
    assert rights.stale("alice")
    assert rights.stale("bob")


def test_what_needs_another_licence_is_tried_with_each_connection() -> None:
    rights = known("2.7.5")
    rights.lacks("bob", MESSAGING)
    rights.lacks(None, MESSAGING)
    assert rights.lacking("bob") == (MESSAGING,)
    rights.connected("2.7.5", 1.0)
    assert rights.lacking("bob") == ()
    assert rights.account_lacks == set()
