"""The call centre: queues, agents who get the calls in turn, supervisors."""

from typing import Any

import pytest

from aiopbx.o2g.types import telephony as wire
from aiopbx.o2g.types.agent import OnAgentStateChanged
from aiopbx.simulator.faces.o2g import views
from aiopbx.simulator.switch import Call, SwitchSettings
from aiopbx.simulator.switch.changes import AgentChange, HelpChange
from aiopbx.simulator.switch.settings import AgentSpec, PilotSpec, ProcessingGroupSpec, SkillSpec
from tests.aiopbx.simulator.office import OUTSIDE, Office

PILOT, SALES, SUPPORT, FREE_SET = "800", "60", "61", "900"


def centre(**more: Any) -> Office:
    """Ann and Ben are agents of sales, Cleo of support; Dan supervises both."""
    pilot = {"number": PILOT, "name": "Sales", "groups": (SALES,), "queue_size": 3} | more.pop("pilot", {})
    people: dict[str, dict[str, Any]] = {
        "ann": {"agent": AgentSpec(groups=(SALES,), skills=(SkillSpec(number=7, level=4),))},
        "ben": {"agent": AgentSpec(groups=(SALES, SUPPORT), headset=True)},
        "cleo": {"agent": AgentSpec(groups=(SUPPORT,))},
        "dan": {"agent": AgentSpec(type="SUPERVISOR", groups=(SALES, SUPPORT))},
    }
    for login, given in more.items():
        people[login] = people.get(login, {}) | given
    settings = SwitchSettings(
        pilots=(PilotSpec.model_validate(pilot), PilotSpec(number="801", groups=(SUPPORT,))),
        processing_groups=(ProcessingGroupSpec(number=SALES, withdraw_reasons=("Lunch", "Training")),),
        pro_acd_sets=(FREE_SET,),
        seed=1,
    )
    return Office(settings=settings, **people)


@pytest.fixture
def office() -> Office:
    return centre()


def log_on(office: Office, *logins: str) -> None:
    for login in logins:
        office.switch.agent_log_on(login, office.number(login))


def comes(office: Office, number: int = 0, to: str = PILOT) -> Call:
    return office.switch.incoming_external(f"001555010{number}", to)


def sub(office: Office, login: str) -> str | None:
    return office.switch.agent_state(login).sub_state


def states(office: Office, login: str) -> list[str | None]:
    """The published states of an agent since the last time."""
    found = [c.state.sub_state for c in office.changes if isinstance(c, AgentChange) and c.login == login]
    office.changes.clear()
    return found


# -- the queue ----------------------------------------------------------------------------------------------------


def test_call_is_given_to_the_agent_at_once(office: Office) -> None:
    log_on(office, "ann")
    comes(office)
    assert office.state("ann") == ["RINGING_INCOMING"]
    assert office.cause("ann") == "DISTRIBUTED"
    assert sub(office, "ann") == "BUSY"
    office.check()


def test_longest_idle_first(office: Office) -> None:
    log_on(office, "ann", "ben")
    first = comes(office)
    assert office.state("ann") == ["RINGING_INCOMING"]
    office.answer("ann", first)
    office.switch.external_hang_up(first.ref)
    office.switch.agent_ready("ann")  # no wrap-up
    comes(office, 1)
    assert office.state("ben") == ["RINGING_INCOMING"], "Ben has been idle for longer"
    office.check()


def test_calls_wait_in_order_for_the_next_ready_agent(office: Office) -> None:
    log_on(office, "ann")
    office.switch.agent_pause("ann")
    first, second = comes(office), comes(office, 1)
    assert [call.ref for call in office.switch.waiting(PILOT)] == [first.ref, second.ref]
    office.clock.advance(42)
    office.switch.agent_ready("ann")
    assert [view.ref for view in office.switch.call_views("ann")] == [first.ref]
    assert office.switch.waiting(PILOT) == [second]
    view = office.switch.call_view("ann", first.ref)
    assert view.acd is not None
    assert (view.acd.pilot, view.acd.group, view.acd.queue_time, view.acd.global_time) == (PILOT, SALES, 42, 42)
    office.check()


def test_wrap_up_after_the_call_then_the_next(office: Office) -> None:
    log_on(office, "ann")
    call, waiting = comes(office), comes(office, 1)
    office.answer("ann", call)
    states(office, "ann")
    office.switch.external_hang_up(call.ref)
    assert sub(office, "ann") == "WRAPUP"
    assert office.state("ann") == []
    office.clock.advance(office.switch.settings.wrap_up_time)
    assert [view.ref for view in office.switch.call_views("ann")] == [waiting.ref]
    assert states(office, "ann") == ["WRAPUP", "BUSY"]
    office.check()


def test_private_call_needs_no_wrap_up_and_keeps_others_away(office: Office) -> None:
    log_on(office, "ann")
    private = office.talk("cleo", "ann")
    assert sub(office, "ann") == "BUSY"
    waiting = comes(office)
    assert office.switch.waiting(PILOT) == [waiting]
    office.switch.drop("cleo", private.ref)
    assert office.state("ann") == ["RINGING_INCOMING"]
    office.check()


def test_call_that_is_not_taken_keeps_its_place_and_withdraws_the_agent(office: Office) -> None:
    log_on(office, "ann")
    first, second = comes(office), comes(office, 1)
    office.clock.advance(office.switch.settings.agent_ring_time)
    assert sub(office, "ann") == "WITHDRAW"
    assert office.state("ann") == []
    assert [call.ref for call in office.switch.waiting(PILOT)] == [first.ref, second.ref]
    assert office.switch.counters("ann").missed_calls == 1
    log_on(office, "ben")
    assert [view.ref for view in office.switch.call_views("ben")] == [first.ref]
    office.switch.release("ben", first.ref)  # refusing it does the same
    assert sub(office, "ben") == "WITHDRAW"
    assert [call.ref for call in office.switch.waiting(PILOT)] == [first.ref, second.ref]
    office.check()


def test_telephone_that_fails_gives_the_call_back(office: Office) -> None:
    log_on(office, "ann")
    call = comes(office)
    office.switch.set_device_state("100", "OUT_OF_SERVICE")
    assert office.switch.waiting(PILOT) == [call]
    office.check()
    office.switch.set_device_state("100", "IN_SERVICE")
    assert office.state("ann") == ["RINGING_INCOMING"]


def test_agent_who_is_deleted_gives_the_call_back(office: Office) -> None:
    log_on(office, "ann", "ben")
    call = comes(office)
    office.switch.remove_user("ann")
    assert [view.ref for view in office.switch.call_views("ben")] == [call.ref]
    office.check()


def test_caller_who_gives_up_is_gone(office: Office) -> None:
    log_on(office, "ann")
    office.switch.agent_pause("ann")
    call = comes(office)
    office.switch.external_hang_up(call.ref)
    assert call.ended
    assert office.switch.waiting(PILOT) == []
    office.switch.agent_ready("ann")
    assert office.state("ann") == []
    office.check()


def test_no_one_logged_on_is_a_tone(office: Office) -> None:
    call = comes(office)
    assert call.ended
    assert call.cause == "NO_AVAILABLE_AGENT"
    inside = office.dial("cleo", PILOT)
    assert office.state("cleo") == ["RELEASING"]
    assert inside.tone == "NO_AVAILABLE_AGENT"


def test_full_queue_is_busy(office: Office) -> None:
    log_on(office, "ann")
    office.switch.agent_pause("ann")
    calls = [comes(office, number) for number in range(4)]
    assert [call.ended for call in calls] == [False, False, False, True]
    assert calls[3].cause == "BUSY"
    assert [call.acd.saturated for call in calls[:3] if call.acd] == [False, False, True]


def test_patience_ends_the_wait(office: Office) -> None:
    log_on(office, "ann")
    office.switch.agent_pause("ann")
    call = comes(office)
    office.clock.advance(300)
    assert (call.ended, call.cause) == (True, "NO_AVAILABLE_AGENT")


def test_overflow_of_a_pilot() -> None:
    office = centre(pilot={"overflow": "103", "patience": 30})
    comes(office)
    assert office.state("dan") == ["RINGING_INCOMING"], "no one is logged on"
    log_on(office, "ann")
    office.switch.agent_pause("ann")
    second = comes(office, 1)
    office.clock.advance(30)
    assert second.ref in [view.ref for view in office.switch.call_views("dan")]
    assert office.cause("dan") == "FORWARDED"
    office.check()


def test_blocked_pilot(office: Office) -> None:
    log_on(office, "ann")
    office.switch.block_pilot(PILOT)
    assert comes(office).cause == "NO_AVAILABLE_AGENT"
    office.switch.block_pilot(PILOT, False)
    assert not comes(office).ended


def test_skills_decide_which_agent_gets_a_call(office: Office) -> None:
    log_on(office, "ben", "ann")
    call = office.dial("cleo", PILOT, skills=((7, 4),))
    assert [view.ref for view in office.switch.call_views("ann")] == [call.ref]
    assert office.state("ben") == []
    second = office.dial("dan", PILOT, skills=((7, 5),))
    assert office.switch.waiting(PILOT) == [second], "no one is that good"
    office.check()


def test_caller_inside_sees_the_queue(office: Office) -> None:
    log_on(office, "ann")
    office.switch.agent_pause("ann")
    call = office.dial("cleo", PILOT)
    view = office.switch.call_view("cleo", call.ref)
    assert (view.state, office.party("cleo")) == ("RINGING_OUTGOING", [PILOT])
    data = views.call_data(view).acd_call_data
    assert data is not None
    assert data.pilot_number == PILOT
    assert data.queue_data == wire.QueueData(waiting_time=60, saturated=False)
    assert data.call_info is None
    office.switch.agent_ready("ann")
    data = views.call_data(office.switch.call_view("ann", call.ref)).acd_call_data
    assert data is not None
    assert data.call_info == wire.AcdCallInfo(
        queue_waiting_time=0, global_waiting_time=0, agent_group=SALES, local=True
    )
    assert office.party("cleo") == ["100"]


def test_estimate_follows_how_long_calls_take(office: Office) -> None:
    log_on(office, "ann")
    for _ in range(3):
        call = comes(office)
        office.answer("ann", call)
        office.clock.advance(600)
        office.switch.external_hang_up(call.ref)
        office.switch.agent_ready("ann")
    office.switch.agent_pause("ann")
    waiting = comes(office)
    assert waiting.acd is not None
    assert 300 < waiting.acd.estimate < 600


def test_transfer_to_the_queue(office: Office) -> None:
    log_on(office, "ann")
    office.switch.agent_pause("ann")
    outside = office.switch.incoming_external(OUTSIDE, "102")
    office.answer("cleo", outside)
    asking = office.dial("cleo", PILOT)
    view = office.switch.call_view("cleo", asking.ref)
    assert view.acd is not None
    assert view.acd.transfer_possible is True
    office.switch.transfer("cleo", asking.ref, outside.ref)
    assert office.state("cleo") == []
    office.switch.agent_ready("ann")
    view = office.switch.call_view("ann", asking.ref)
    assert office.party("ann") == [OUTSIDE]
    assert view.acd is not None
    assert view.acd.supervised
    office.check()


def test_headset_mode_puts_calls_through() -> None:
    office = centre()
    office.switch.agent_log_on("ben", "101", SALES, headset=True)
    comes(office)
    assert office.state("ben") == ["ACTIVE"]
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_DATA", "agent_log_on", "ann", "100", SALES, headset=True)


def test_distributed_call_ignores_the_agents_routing(office: Office) -> None:
    office.switch.set_dnd("ann", True)
    log_on(office, "ann")
    comes(office)
    assert office.state("ann") == ["RINGING_INCOMING"]


# -- operators ----------------------------------------------------------------------------------------------------


def test_log_on_and_off_are_published(office: Office) -> None:
    log_on(office, "ann")
    assert office.switch.agent_state("ann").group == SALES
    assert states(office, "ann") == ["READY"]
    office.refuses("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE", "agent_log_on", "ann", "100")
    office.switch.agent_log_off("ann")
    assert not office.switch.agent_state("ann").logged_on
    event = [event for event in office.events if isinstance(event, OnAgentStateChanged)][-1]
    assert event.state is not None
    assert event.state.main_state == "LOG_OFF"
    office.refuses("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE", "agent_ready", "ann")


def test_log_on_at_a_free_set(office: Office) -> None:
    office.switch.agent_log_on("ann", FREE_SET)
    assert FREE_SET in office.switch.users["ann"].devices
    call = comes(office)
    assert list(office.switch.call_view("ann", call.ref).legs[0].device) == list(FREE_SET)
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_DEVICE", "agent_log_on", "ben", FREE_SET)
    office.refuses("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE", "agent_log_off", "ann")  # it rings
    office.refuses("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE", "desk_sharing_log_off", "ann")
    office.switch.external_hang_up(call.ref)
    office.switch.agent_log_off("ann")
    assert FREE_SET not in office.switch.users["ann"].devices
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_DEVICE", "desk_sharing_log_on", "ann", FREE_SET)
    office.switch.agent_log_on("ben", FREE_SET)
    office.check()


def test_log_on_is_checked() -> None:
    office = centre(ann={"agent": AgentSpec(groups=(SALES,), pro_acd=FREE_SET)}, ben={"remote_extension": True})
    refuses = office.refuses
    refuses("BAD_PARAMETER_VALUE", "INVALID_DEVICE", "agent_log_on", "ann", "100")
    refuses("BAD_PARAMETER_VALUE", "INVALID_DEVICE", "agent_log_on", "ben", "100")
    refuses("BAD_PARAMETER_VALUE", "INVALID_DEVICE", "agent_log_on", "ben", "6101")
    refuses("BAD_PARAMETER_VALUE", "INVALID_DATA", "agent_log_on", "ben", "101", "99")
    refuses("UNAUTHORIZED", None, "agent_log_on", "cleo", "102", SALES)
    office.switch.set_device_state("101", "OUT_OF_SERVICE")
    refuses("CALL_SERVER_ERROR", "DEVICE_OUT_OF_SERVICE", "agent_log_on", "ben", "101")
    office.switch.agent_log_on("ann", FREE_SET)


def test_a_user_who_is_no_operator_is_refused() -> None:
    office = Office()
    office.refuses("UNAUTHORIZED", None, "agent_log_on", "ann", "100")
    office.refuses("UNAUTHORIZED", None, "agent_state", "ann")


def test_self_assignment_and_withdrawn_at_log_on() -> None:
    office = centre(cleo={"agent": AgentSpec(groups=(SUPPORT,), self_assign=True, withdrawn=True)})
    office.switch.agent_log_on("cleo", "102", SALES)
    state = office.switch.agent_state("cleo")
    assert (state.group, state.sub_state, state.withdrawn) == (SALES, "WITHDRAW", True)


def test_withdraw_with_a_reason(office: Office) -> None:
    log_on(office, "ann", "cleo")
    assert office.switch.withdraw_reasons("ann") == ("Lunch", "Training")
    office.switch.agent_withdraw("ann", 2)
    assert (sub(office, "ann"), office.switch.agent_state("ann").reason) == ("WITHDRAW", 2)
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_DATA", "agent_withdraw", "ann", 3)
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_DATA", "agent_withdraw", "cleo", 1)
    office.switch.agent_withdraw("cleo")
    assert not comes(office).ended  # she is logged on, so calls may wait


@pytest.mark.parametrize(("action", "then"), [("agent_pause", "PAUSE"), ("agent_withdraw", "WITHDRAW")])
def test_what_is_chosen_during_a_call_comes_after_it(office: Office, action: str, then: str) -> None:
    log_on(office, "ann")
    call = comes(office)
    office.answer("ann", call)
    getattr(office.switch, action)("ann")
    assert sub(office, "ann") == "BUSY"
    office.switch.external_hang_up(call.ref)
    assert sub(office, "ann") == then
    office.clock.advance(1000)
    assert sub(office, "ann") == then
    office.check()


def test_wrap_up_by_hand_does_not_end_by_itself(office: Office) -> None:
    log_on(office, "ann")
    office.switch.agent_wrap_up("ann")
    office.clock.advance(1000)
    assert sub(office, "ann") == "WRAPUP"
    office.switch.agent_ready("ann")
    assert sub(office, "ann") == "READY"


def test_supervisor_logs_on_in_two_steps(office: Office) -> None:
    log_on(office, "dan")
    assert (sub(office, "dan"), office.switch.agent_state("dan").group) == ("OUT_OF_PG", None)
    office.refuses("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE", "agent_ready", "dan")
    office.switch.agent_enter_group("dan", SALES)
    assert sub(office, "dan") == "READY"
    comes(office)
    assert office.state("dan") == ["RINGING_INCOMING"], "in a group a supervisor gets calls"
    office.refuses("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE", "agent_exit_group", "dan", SALES)
    office.answer("dan", office.switch.call_views("dan")[0].ref)
    office.switch.drop("dan", office.switch.call_views("dan")[0].ref)
    office.refuses("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE", "agent_exit_group", "dan", SUPPORT)
    office.switch.agent_exit_group("dan", SALES)
    assert sub(office, "dan") == "OUT_OF_PG"
    office.switch.agent_log_on("dan", "103", SUPPORT)  # the other way to enter a group
    assert office.switch.agent_state("dan").group == SUPPORT
    office.switch.agent_exit_group("dan", "")
    assert not office.switch.agent_state("dan").logged_on
    office.clock.advance(100)
    office.check()


def test_groups_are_entered_by_supervisors_only(office: Office) -> None:
    log_on(office, "ann")
    office.refuses("UNAUTHORIZED", None, "agent_enter_group", "ann", SALES)


# -- help -----------------------------------------------------------------------------------------------------------


def helped(office: Office) -> list[tuple[str, str, str]]:
    found = [(c.login, c.kind, c.number) for c in office.changes if isinstance(c, HelpChange)]
    office.changes.clear()
    return found


def test_help_is_asked_for_and_refused(office: Office) -> None:
    log_on(office, "ann")
    office.refuses("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE", "request_help", "ann")  # no one is there
    log_on(office, "dan")
    office.switch.request_help("ann")
    assert helped(office) == [("ann", "requested", "103"), ("dan", "requested", "100")]
    office.refuses("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE", "request_help", "ann")
    office.switch.cancel_help("dan", "100")
    assert helped(office) == [("ann", "cancelled", "103"), ("dan", "cancelled", "100")]
    office.refuses("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE", "cancel_help", "ann")
    office.switch.request_help("ann")
    office.switch.cancel_help("ann")
    assert [kind for _, kind, _ in helped(office)] == ["requested"] * 2 + ["cancelled"] * 2
    office.switch.request_help("ann")
    office.switch.agent_log_off("dan")
    assert [kind for _, kind, _ in helped(office)] == ["requested"] * 2 + ["cancelled"] * 2
    office.refuses("UNAUTHORIZED", None, "intrude", "ann", "101")


def test_supervisor_names_whom_it_refuses(office: Office) -> None:
    log_on(office, "ann", "ben", "dan")
    office.switch.request_help("ann")
    office.switch.request_help("ben")
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_DATA", "cancel_help", "dan")
    office.refuses("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE", "cancel_help", "dan", "102")
    office.refuses("BAD_PARAMETER_VALUE", "INVALID_DESTINATION", "cancel_help", "ann", "102")
    office.switch.cancel_help("dan", "101")
    office.switch.cancel_help("dan")  # one is left
    office.refuses("UNAUTHORIZED", None, "request_help", "dan")


def test_call_to_the_supervisor_finds_one_who_is_logged_on(office: Office) -> None:
    log_on(office, "ann")
    office.refuses("SERVICE_NOT_PROVIDED", None, "make_call", "ann", "100", "", to_supervisor=True)
    log_on(office, "dan")
    office.switch.make_call("ann", "100", "", to_supervisor=True, auto_answer=True)
    assert office.state("dan") == ["RINGING_INCOMING"]


# -- supervision ----------------------------------------------------------------------------------------------------


def supervised() -> tuple[Office, Call]:
    """Cleo, who is no agent of sales, has called Ann through the pilot; Dan is logged on."""
    office = centre()
    log_on(office, "ann", "dan")
    call = office.dial("cleo", PILOT)
    office.answer("ann", call)
    return office, call


def test_intrusion_that_all_parties_hear() -> None:
    office, call = supervised()
    office.switch.intrude("dan", "100")
    assert office.party("ann") == ["102", "103"]
    assert office.party("cleo") == ["100", "103"]
    assert office.party("dan") == ["102", "100"]
    assert [office.cause(login) for login in ("ann", "cleo", "dan")] == ["SUPERVISOR_INTRUSION"] * 3
    assert sub(office, "dan") == "BUSY"
    assert office.switch.call_actions("dan", call.ref) == {"dropMe"}
    assert office.switch.leg_actions("dan", call.ref, "103") == {"drop"}
    office.check()
    office.refuses("UNAUTHORIZED", None, "drop_participant", "ann", call.ref, "103")
    office.switch.drop("dan", call.ref)
    assert (office.party("ann"), office.state("ann"), office.state("cleo")) == (["102"], ["ACTIVE"], ["ACTIVE"])
    office.check()


def test_restricted_intrusion_is_seen_by_the_agent_only() -> None:
    office, _ = supervised()
    office.switch.intrude("dan", "100", "RESTRICTED")
    assert office.party("ann") == ["102", "103"]
    assert office.party("cleo") == ["100"]
    assert office.cause("ann") == "SUPERVISOR_RESTRICT_INTRUSION"


def test_listening_is_invisible() -> None:
    office, _ = supervised()
    before = len([change for change in office.changes if getattr(change, "login", "") in ("ann", "cleo")])
    office.switch.intrude("dan", "100", "DISCRETE")
    assert len([change for change in office.changes if getattr(change, "login", "") in ("ann", "cleo")]) == before
    assert office.cause("dan") == "SUPERVISOR_LISTENING"
    assert office.party("dan") == ["102", "100"]


@pytest.mark.parametrize("mode", ["NORMAL", "RESTRICTED", "DISCRETE"])
@pytest.mark.parametrize("former", ["NORMAL", "RESTRICTED", "DISCRETE"])
def test_intrusion_changes_and_ends(former: str, mode: str) -> None:
    office, _ = supervised()
    office.switch.intrude("dan", "100", former)
    office.switch.change_intrusion("dan", mode)
    assert office.state("dan") == ([] if mode == former else ["ACTIVE"])
    assert office.party("cleo") == (["100", "103"] if mode == "NORMAL" != former else ["100"])
    assert office.state("ann") == ["ACTIVE"]
    office.check()


@pytest.mark.parametrize("who", ["ann", "cleo"])
def test_intrusion_ends_with_the_call(who: str) -> None:
    office, call = supervised()
    office.switch.intrude("dan", "100")
    office.switch.drop(who, call.ref)
    assert call.ended
    assert [office.state(login) for login in ("ann", "cleo", "dan")] == [[], [], []]
    office.check()


def test_intrusion_ends_when_the_agent_gives_the_call_away() -> None:
    office, call = supervised()
    office.switch.intrude("dan", "100", "DISCRETE")
    office.switch.blind_transfer("ann", call.ref, "101")
    assert office.state("dan") == []
    assert office.state("ben") == ["RINGING_INCOMING"]
    office.check()


def test_intrusion_is_checked(office: Office) -> None:
    log_on(office, "ann", "cleo")
    refuses = office.refuses
    refuses("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE", "intrude", "dan", "100")  # not logged on
    log_on(office, "dan")
    refuses("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE", "intrude", "dan", "100")  # no call
    refuses("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE", "intrude", "dan", "101")  # not logged on
    refuses("BAD_PARAMETER_VALUE", "INVALID_DESTINATION", "intrude", "dan", "5000")
    refuses("BAD_PARAMETER_VALUE", "INVALID_DATA", "intrude", "dan", "100", "LOUD")
    refuses("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE", "change_intrusion", "dan", "NORMAL")
    call = comes(office)
    office.answer("ann", call)
    office.switch.intrude("dan", "100")
    refuses("INCOMPATIBLE_WITH_STATE", "INVALID_CONNECTION_STATE", "intrude", "dan", "100")  # there already


def test_supervisor_of_another_group_may_not_listen() -> None:
    office = centre(dan={"agent": AgentSpec(type="SUPERVISOR", groups=(SUPPORT,))})
    log_on(office, "ann", "dan")
    office.answer("ann", comes(office))
    office.refuses("UNAUTHORIZED", None, "intrude", "dan", "100")


def test_permanent_listening_goes_from_call_to_call(office: Office) -> None:
    log_on(office, "ann", "dan")
    office.switch.listen_permanently("dan", "100")
    assert office.state("dan") == []
    for number in range(2):
        call = comes(office, number)
        office.answer("ann", call)
        assert office.state("dan") == ["ACTIVE"]
        assert office.cause("dan") == "SUPERVISOR_LISTENING"
        office.switch.external_hang_up(call.ref)
        assert office.state("dan") == []
        office.switch.agent_ready("ann")
    office.switch.listen_permanently("dan", "100")  # again ends it
    office.answer("ann", comes(office))
    assert office.state("dan") == []
    office.switch.listen_permanently("dan", "100")
    assert office.state("dan") == ["ACTIVE"], "the present call is listened to, too"
    office.switch.drop("dan", office.switch.call_views("dan")[0].ref)
    assert office.state("dan") == []
    assert office.state("ann") == ["ACTIVE"]
    office.check()


def test_help_comes_when_the_supervisor_intrudes() -> None:
    office, _ = supervised()
    office.switch.request_help("ann")
    helped(office)
    office.switch.intrude("dan", "100", "RESTRICTED")
    assert helped(office) == [], "it was given, not cancelled"
    office.switch.change_intrusion("dan", "RESTRICTED")
    office.switch.request_help("ann")


# -- settings -------------------------------------------------------------------------------------------------------


def test_numbers_of_the_centre_are_taken() -> None:
    with pytest.raises(ValueError, match="800 of ann is that of a pilot"):
        centre(ann={"number": PILOT})
    with pytest.raises(ValueError, match="pro_acd_sets: the number 900 is taken"):
        centre(ann={"number": FREE_SET})


def test_wrong_specifications_name_the_field() -> None:
    with pytest.raises(ValueError, match="preferred: 61 is not one of the groups"):
        AgentSpec(groups=(SALES,), preferred=SUPPORT)
    with pytest.raises(ValueError, match="skills: the same skill stands there twice"):
        AgentSpec(skills=(SkillSpec(number=1), SkillSpec(number=1)))
