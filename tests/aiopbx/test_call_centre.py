"""The call centre in real time: one set of figures for a connection, merged from what each event says."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from aiopbx import CentreChanged, Feature, InvalidInput, NotSupported, Status
from aiopbx.call_centre import Watching, together
from aiopbx.centre import FiguresWanted
from aiopbx.o2g.reducer.figures import FIGURES, figures
from aiopbx.o2g.types.real_time import (
    OnAgentRtiChanged,
    OnPGAgentRtiChanged,
    OnPGOtherRtiChanged,
    OnPilotRtiChanged,
    OnQueueRtiChanged,
)
from tests.aiopbx.centre_server import CentreServer, centre
from tests.aiopbx.o2g.o2g_server import API
from tests.aiopbx.office import until


@pytest.fixture
async def server() -> AsyncIterator[CentreServer]:
    async with CentreServer() as server:
        server.begin()
        yield server


def contexts(server: CentreServer) -> list[Any]:
    return [one.json for one in server.asked("POST", f"{API}/realtime/ctx")]


async def test_figures_come_while_they_are_watched(server: CentreServer) -> None:
    async with centre(server) as pbx:
        assert Feature.CALL_CENTRE in pbx.features
        changes: list[CentreChanged] = []
        async with pbx.call_centre.watch(agents=["1000"], groups=False, other_groups=False, period=30) as live:
            (context,) = contexts(server)
            assert context == {
                "obsPeriod": 30,
                "notifFrequency": 5,
                "filter": {
                    "agentFilter": {"numbers": ["1000"], "attributes": ["ALL"]},
                    "pilotFilter": {"numbers": ["2000"], "attributes": ["ALL"]},
                    "queueFilter": {"numbers": ["2001", "2002"], "attributes": ["ALL"]},
                },
            }, "numbers are named: whether none means all is not known"
            assert len(server.asked("POST", f"{API}/realtime/snapshot")) == 1
            assert list(live.queues) == ["2001", "2002"]
            assert not live.groups
            assert (live.queues["2001"].name, live.queues["2001"].waiting) == ("First", None)
            assert not live.queues["2001"].confirmed

            stop = live.queues.subscribe(changes.append, number="2001")
            server.say("OnQueueRtiChanged", number="2001", nbOfWaitingCalls=3, longestWaitingTimeInList=40, afeKey=3)
            server.say("OnQueueRtiChanged", number="2002", nbOfWaitingCalls=1, afeKey=4)
            server.say("OnQueueRtiChanged", number="2001", nbOfWaitingCalls=0, state="Opened")
            server.say("OnAgentRtiChanged", afeKey=1, number="1000", serviceState="Assigned", phoneState="Idle")
            await until(lambda: live.agents["1000"].ready)
            row = live.queues["2001"]
            assert (row.waiting, row.longest_wait, row.name, row.key, row.open) == (0, 40, "First", 3, True)
            assert [sorted(one.changed) for one in changes] == [
                ["confirmed", "longest_wait", "waiting"],
                ["state", "waiting"],
            ]
            stop()
            server.say("OnQueueRtiChanged", afeKey=4, nbOfWaitingCalls=7)
            await until(lambda: live.queues["2002"].waiting == 7)
            assert len(changes) == 2
            table = live.queues.to_dataframe()
            assert table.loc["2002", "waiting"] == 7
            assert table.attrs["units"]["longest_wait"] == "s"
            assert "waiting 7" in live.queues._repr_html_()
        assert len(server.asked("DELETE", f"{API}/realtime/ctx")) == 1
        assert not pbx.call_centre.queues
        server.say("OnQueueRtiChanged", number="2001", nbOfWaitingCalls=3, afeKey=3)
        server.say("OnQueueRtiChanged", nbOfWaitingCalls=3, afeKey=99)
        server.say("OnUnheardOf")
        await until(lambda: pbx.statistics.unknown_events)
        assert not pbx.call_centre.queues, "a late one brings nothing back"


async def test_several_watch_one_set_of_figures(server: CentreServer) -> None:
    async with centre(server) as pbx:
        few = await pbx.call_centre.watch(agents=False, pilots=False, queues=["2001"], groups=False, other_groups=False)
        more = await pbx.call_centre.watch(agents=False, pilots=False, groups=False, other_groups=False, every=10)
        assert list(pbx.call_centre.queues) == ["2001", "2002"]
        assert contexts(server)[-1]["notifFrequency"] == 5
        same = await pbx.call_centre.watch(agents=False, pilots=False, groups=False, other_groups=False, every=10)
        assert len(contexts(server)) == 2, "nothing new is wanted"
        await same.stop()
        await more.stop()
        await more.stop()
        assert list(pbx.call_centre.queues) == ["2001"]
        await few.stop()
        assert not pbx.call_centre.queues
        assert await pbx.call_centre.objects() == {
            "agents": {"1000": "Alice Martin"},
            "pilots": {"2000": "Support"},
            "queues": {"2001": "First", "2002": "Second"},
            "groups": {"2003": "Day"},
            "other_groups": {"2004": "Guide"},
        }


async def test_two_who_begin_at_once_both_watch(server: CentreServer) -> None:
    def only(number: str) -> Watching:
        return pbx.call_centre.watch(agents=False, pilots=False, queues=[number], groups=False, other_groups=False)

    async def begin(watching: Watching) -> Watching:
        return await watching

    async with centre(server) as pbx:
        first, second = await asyncio.gather(begin(only("2001")), begin(only("2002")))
        assert list(pbx.call_centre.queues) == ["2001", "2002"]
        await asyncio.gather(first.stop(), second.stop())
        assert not pbx.call_centre.queues


async def test_after_a_loss_the_figures_are_asked_for_again(server: CentreServer) -> None:
    async with centre(server) as pbx, pbx.call_centre.watch(agents=False) as live:
        server.say("OnQueueRtiChanged", number="2001", nbOfWaitingCalls=3, fillingRate=20, afeKey=3)
        await until(lambda: live.queues["2001"].waiting == 3)
        server.chunks.put_nowait(None)
        server.say("OnChannelInformation", text="subscription")
        await until(lambda: len(contexts(server)) == 2)
        await until(lambda: pbx.status is Status.ONLINE)
        row = live.queues["2001"]
        assert (row.waiting, row.confirmed) == (3, False), "shown, and not confirmed"
        server.say("OnQueueRtiChanged", number="2001", nbOfWaitingCalls=1, afeKey=3)
        await until(lambda: live.queues["2001"].confirmed)
        row = live.queues["2001"]
        assert (row.waiting, row.filling, row.name) == (1, None, "First"), "what is not said again is unknown"


async def test_what_is_wrong_is_refused_before_it_is_sent(server: CentreServer) -> None:
    async with centre(server) as pbx:
        for keywords, field, rule in (
            ({"period": 14}, "period", "15 to 60 minutes"),
            ({"period": 61}, "period", "15 to 60 minutes"),
            ({"every": 4}, "every", "5 seconds"),
            ({"queues": "2001"}, "queues", "list of numbers"),
        ):
            with pytest.raises(InvalidInput, match=rule) as caught:
                pbx.call_centre.watch(**keywords)  # type: ignore[arg-type]
            assert caught.value.field == field
        assert not contexts(server)


async def test_a_server_without_the_service_lacks_the_feature(
    server: CentreServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server.begin(without=("AcdRealTime", "Analytics"))
    async with centre(server) as pbx:
        assert Feature.CALL_CENTRE not in pbx.features
        assert Feature.PILOTS in pbx.features
        with pytest.raises(NotSupported, match="AcdRealTime") as caught:
            await pbx.call_centre.watch()
        assert "AcdRealTime" in caught.value.missing
        assert "rti" not in server.subscriptions()[0]
        said = [one.message for one in caplog.records if "does not offer" in one.message]
        assert len(said) == 1
        assert "call_centre (AcdRealTime), charging (Analytics)" in said[0]


# ------------------------------------------------------------------------------------------------------- subscriptions


async def test_every_package_of_what_the_server_has_is_subscribed_to(server: CentreServer) -> None:
    async with centre(server):
        (packages,) = server.subscriptions()
        assert {"rti", "acdstats", "pilot", "rsi", "system"} <= set(packages)
        (asked,) = server.asked("POST", f"{API}/subscriptions")
        ids = {one["names"][0]: one.get("ids") for one in asked.json["filter"]["selectors"]}
        assert (ids["rti"], ids["acdstats"], ids["rsi"]) == (["*"], ["*"], None)


@pytest.mark.parametrize("status", [400, 403])
async def test_a_package_that_is_refused_by_name_is_left_out(
    server: CentreServer, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    server.refuse("there is no package and no event 'rti'", status=status)
    if status == 400:
        server.answer("POST", f"{API}/subscriptions", status=400, json={"innerMessage": "no package 'rti'"}, then=True)
    server.accept()
    async with centre(server) as pbx:
        assert pbx.status is Status.ONLINE
        assert "rti" in server.subscriptions()[0]
        assert "rti" not in server.subscriptions()[-1]
        assert {"acdstats", "pilot", "rsi", "system", "pbxManagement"} <= set(server.subscriptions()[-1])
        assert Feature.CALL_CENTRE not in pbx.features
        assert Feature.WAITING_CALLS in pbx.features
        assert "rti" in pbx.missing[Feature.CALL_CENTRE]
        assert [one.message for one in caplog.records if "refuses events of rti" in one.message]
        server.chunks.put_nowait(None)
        server.say("OnChannelInformation", text="subscription")
        before = len(server.subscriptions())
        await until(lambda: len(server.subscriptions()) > before)
        assert "rti" not in server.subscriptions()[before], "it is remembered"


async def test_a_package_that_is_refused_without_a_word_is_found(server: CentreServer) -> None:
    refused = {"httpStatus": "FORBIDDEN", "code": 403, "type": "NOT_ALLOWED"}
    server.answer("POST", f"{API}/subscriptions", status=403, json=refused)
    for _ in range(2):  # without acdstats, then without rti
        server.answer("POST", f"{API}/subscriptions", status=403, json=refused, then=True)
    server.accept()
    async with centre(server) as pbx:
        assert "pilot" not in server.subscriptions()[-1]
        assert {"rti", "acdstats", "rsi"} <= set(server.subscriptions()[-1])
        assert Feature.WAITING_CALLS not in pbx.features
        assert Feature.CALL_CENTRE in pbx.features


# ------------------------------------------------------------------------------------------------------------- merging

CALLED: dict[type, dict[str, str]] = {
    OnAgentRtiChanged: {
        "logon_date": "logged_on",
        "service_state": "service",
        "service_state_date": "service_since",
        "phone_state": "phone",
        "phone_state_date": "phone_since",
        "pilot_name": "pilot",
        "queue_name": "queue",
        "nb_of_withdrawals": "withdrawals",
        "withdrawals_total_duration": "withdrawn_time",
        "nb_of_private_calls": "private_calls",
        "private_calls_total_duration": "private_time",
        "nb_of_served_acd_calls": "served_calls",
        "nb_of_outgoing_acd_calls": "outgoing_calls",
        "nb_of_refused_acd_calls": "refused_calls",
        "nb_of_intercepted_acd_calls": "intercepted_calls",
        "nb_of_transfered_acd_calls": "transferred_calls",
        "current_pg": "group",
        "associated_set": "device",
        "afe_key": "key",
    },
    OnPilotRtiChanged: {
        "nb_of_running_calls": "running_calls",
        "nb_of_waiting_calls": "waiting",
        "nb_of_ringing_acd_calls": "ringing",
        "nb_of_mutual_aid_calls": "mutual_aid",
        "nb_of_dissuaded_calls": "dissuaded",
        "nb_of_calls_in_conversation": "talking",
        "nb_of_calls_in_general_forwarding": "forwarded",
        "nb_of_calls_in_remote_pg": "remote",
        "incoming_traffic": "incoming",
        "average_waiting_time": "average_wait",
        "worst_service_level_in_list": "worst_service_level",
        "worst_efficiency_in_list": "worst_efficiency",
        "best_service_level_in_list": "best_service_level",
        "best_efficiency_in_list": "best_efficiency",
        "afe_key": "key",
    },
    OnQueueRtiChanged: {
        "nb_of_agents_in_distribution": "agents",
        "incoming_traffic": "incoming",
        "outgoing_traffic": "outgoing",
        "nb_of_waiting_calls": "waiting",
        "current_waiting_time": "current_wait",
        "filling_rate": "filling",
        "expected_waiting_time": "expected_wait",
        "longest_waiting_time_in_list": "longest_wait",
        "afe_key": "key",
    },
    OnPGAgentRtiChanged: {
        "nb_of_withdrawn_agents": "withdrawn",
        "nb_of_agents_in_private_call": "in_private_call",
        "nb_of_agents_in_acd_call": "in_acd_call",
        "nb_of_agents_in_acd_ringing": "ringing",
        "nb_of_agents_in_acd_conv": "talking",
        "nb_of_agents_in_wrapup_and_transaction": "in_wrap_up",
        "nb_of_agents_in_pause": "in_pause",
        "nb_of_busy_agents": "busy",
        "nb_of_logged_on_agents": "logged_on",
        "nb_of_free_agents": "free",
        "nb_of_idle_agents": "idle",
        "nb_of_logged_on_and_not_withdrawn_agents": "available",
        "incoming_traffic": "incoming",
        "consolidated_pilots_service_level": "service_level",
        "consolidated_pilots_efficiency": "efficiency",
        "consolidated_queues_waiting_time": "queues_wait",
        "consolidated_queues_nb_of_waiting_calls": "queues_waiting",
        "consolidated_queues_ewt": "queues_expected_wait",
        "pilots_worst_service_level": "worst_service_level",
        "pilots_worst_efficiency": "worst_efficiency",
        "pilots_best_service_level": "best_service_level",
        "pilots_best_efficiency": "best_efficiency",
        "queues_longest_waiting_time": "longest_wait",
        "afe_key": "key",
    },
    OnPGOtherRtiChanged: {
        "nb_of_acd_calls": "calls",
        "incoming_traffic": "incoming",
        "afe_key": "key",
    },
}
"""What a figure of an event is called in the row, where that is something else."""


@given(kind=st.sampled_from(sorted(FIGURES, key=lambda kind: kind.__name__)), data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_row_holds_the_newest_of_what_was_said(kind: type, data: st.DataObject) -> None:
    """Whatever events say in whatever order, each figure is the last that was said of it."""
    _, row, _ = FIGURES[kind]
    fields = [name for name in kind.__struct_fields__ if name not in ("number", "login_name")]  # type: ignore[attr-defined]
    figure = st.one_of(st.none(), st.integers(0, 9))
    events = data.draw(st.lists(st.fixed_dictionaries(dict.fromkeys(fields, figure)), min_size=1, max_size=5))
    after: Any = None
    for one in events:
        after = figures(kind, kind(number="1", **one), after)
    seen = {"number", "confirmed"}
    for name in fields:
        place = CALLED[kind].get(name, "key" if name == "afe_key" else name)
        expected = next((one[name] for one in events[::-1] if one[name] is not None), None)
        assert getattr(after, place) == expected, (name, place)
        seen.add(place)
    assert seen == set(row.__struct_fields__)
    assert set(row.units) <= seen


@given(
    st.lists(
        st.builds(
            FiguresWanted,
            period=st.integers(15, 60),
            every=st.integers(5, 60),
            tables=st.dictionaries(
                st.sampled_from(("agents", "queues")),
                st.one_of(st.none(), st.frozensets(st.sampled_from(("1", "2", "3")))),
            ),
        ),
        max_size=4,
    )
)
def test_all_is_wanted_that_anyone_wants(wishes: list[FiguresWanted]) -> None:
    all_of_them = together(wishes)
    if not wishes:
        assert all_of_them is None
        return
    assert all_of_them is not None
    for wish in wishes:
        assert all_of_them.period >= wish.period
        assert all_of_them.every <= wish.every
        for name, numbers in wish.tables.items():
            known = all_of_them.tables[name]
            assert known is None or (numbers is not None and numbers <= known)
