"""Scenario files, and what plays them, hours long in seconds of the test."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from aiopbx.errors import InvalidInput
from aiopbx.simulator import ManualClock, Simulator, SimulatorSettings, Switch, SwitchError, SwitchSettings
from aiopbx.simulator.scenarios import Scenario, ScenarioPlayer, available_scenarios, load_scenario
from aiopbx.simulator.scenarios.model import parse_scenario
from aiopbx.simulator.scenarios.player import LEFT_ALONE
from aiopbx.simulator.switch import CallChange, Change
from aiopbx.simulator.switch.calls import Call
from aiopbx.simulator.switch.figures import pilots
from aiopbx.simulator.switch.statistics import Window

TWO = """
name: two
users:
  - {number: 1000, name: Ada Brooks}
  - {number: 1001, name: Ben Castillo}
"""


class Office:
    """A scenario that is being played on a clock of the test."""

    def __init__(self, scenario: Scenario, **keywords: float) -> None:
        self.scenario = scenario
        self.clock = ManualClock()
        self.switch = Switch(self.clock, scenario.specs, scenario.switch_settings(SwitchSettings()))
        self.player = ScenarioPlayer(scenario, self.switch, self.clock, **keywords)  # type: ignore[arg-type]
        self.states: Counter[str] = Counter()
        self.changes: Counter[str] = Counter()
        self._ran = 0
        self.switch.subscribe(self._seen)
        self.player.start()

    def _seen(self, change: Change) -> None:
        self.changes[type(change).__name__] += 1
        if isinstance(change, CallChange) and change.view is not None:
            self.states[change.view.state] += 1

    def run(self, seconds: int) -> None:
        for second in range(seconds):
            self.clock.advance(1)
            # The check reads every record of every log again: each second costs the square of a long run. No second of
            # the beginning is left out, and later each second of a minute has its turn.
            self._ran += 1
            if self._ran < 300 or self._ran % 7 == 0 or second == seconds - 1:
                self.switch.check()

    def until(self, condition: Callable[[], bool], *, within: int = 600) -> None:
        for _ in range(within):
            if condition():
                return
            self.clock.advance(1)
        raise AssertionError("It did not come to that.")


def quiet(**keywords: object) -> Scenario:
    """An office in which nothing happens by itself, but people answer."""
    data = load_scenario("office").model_dump() | {"acts": {}} | keywords
    return Scenario.model_validate(data)


def states(call: Call) -> dict[str, str]:
    """The states of those who are in a call, by login name or number."""
    return {member.login or member.identity.number: member.state for member in call.members}


# ------------------------------------------------------------------------------------------------------------ the files


def test_the_scenarios_that_come_with_it() -> None:
    assert available_scenarios() == ("busy-day", "call-centre", "office", "practice", "quiet")


@pytest.mark.parametrize("name", ["busy-day", "call-centre", "office", "practice", "quiet"])
def test_a_scenario_is_an_office_of_twenty(name: str) -> None:
    scenario = load_scenario(name)
    assert [person.number for person in scenario.users] == [str(number) for number in range(1000, 1020)]
    assert [spec.login for spec in scenario.specs] == [f"oxe{number}" for number in range(1000, 1020)]
    assert all("555" in outsider.number for outsider in scenario.outside)
    assert scenario.description


def test_every_act_of_the_office_has_a_card() -> None:
    both = load_scenario("office").acts.deck() + load_scenario("call-centre").acts.deck()
    assert set(both) == set(type(load_scenario("office").acts).model_fields)


def test_two_people_are_left_to_the_visitor() -> None:
    assert [person.number for person in load_scenario("office").hands_off] == ["1018", "1019"]


def test_in_quiet_nothing_is_planned_and_no_one_answers() -> None:
    scenario = load_scenario("quiet")
    assert not scenario.acts.deck()
    assert not scenario.answering.people
    assert not scenario.answering.outside


def test_numbers_keep_their_zeros() -> None:
    scenario = parse_scenario(TWO + "outside:\n  - {number: 0015550101}\n")
    assert scenario.outside[0].number == "0015550101"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("name: [", 1, "expected"),
        (TWO.replace("1001", "1x01"), 5, "users.1.number"),
        (TWO.replace("1001", "1000"), 3, "users: the number 1000 stands there twice"),
        (TWO + "pace: {talk: [5, 2]}\n", 6, "pace.talk"),
        (TWO + "acts: {dance: 1}\n", 6, "acts.dance: there is no such field"),
        (TWO + "acts: {transfer: 1}\n", 6, "acts.transfer: at least three"),
        (TWO + "acts: {incoming: 1}\n", 6, "acts.incoming: outside is empty"),
        (TWO + "acts: {queue: 1}\noutside: [{number: '0015550101'}]\n", 6, "acts.queue: there is no group"),
        (TWO + "groups: [{name: Desk, members: [1007]}]\n", 6, "the member 1007"),
        (TWO + "acts: {pilot: 1}\noutside: [{number: '0015550101'}]\n", 6, "acts.pilot: there is no pilot"),
        (TWO + "acts: {routed: 1}\noutside: [{number: '0015550101'}]\n", 6, "acts.routed: there is no routing point"),
        (TWO + "acts: {agent_pause: 1}\n", 6, "acts.agent_pause: there is no agent"),
        (TWO + "pilots: [{number: 3000, groups: []}]\n", 6, "pilots.0.groups"),
        (TWO + "name: again\n", 6, "name stands there twice"),
        ("users: []\n", 1, "name: is missing"),
        ("name: x\nusers: [{number: 1, name: A}]\nacts: {talk: 1}\n", 3, "at least two users"),
    ],
)
def test_an_error_names_the_line_and_the_field(text: str, line: int, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_scenario(text, name="my.yaml")
    assert caught.value.field == "scenario"
    assert f"my.yaml, line {line}" in str(caught.value)
    assert said in str(caught.value)
    assert caught.value.remedy


def test_a_scenario_is_a_mapping() -> None:
    with pytest.raises(InvalidInput, match="does not hold a mapping"):
        parse_scenario("- 1\n")


def test_an_unknown_name_says_which_there_are() -> None:
    with pytest.raises(InvalidInput, match="office, practice, quiet"):
        load_scenario("offfice")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        load_scenario(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9\n")
    with pytest.raises(InvalidInput, match="UTF-8"):
        load_scenario(tmp_path / "latin.yaml")
    with (tmp_path / "large.yaml").open("wb") as large:
        large.truncate(2_000_000)
    with pytest.raises(InvalidInput, match="larger than"):
        load_scenario(tmp_path / "large.yaml")


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(TWO + "acts: {talk: 1}\n", encoding="utf-8")
    office = Office(load_scenario(path))
    office.run(120)
    assert office.player.played["talk"] >= 3


def test_practice_is_quiet_but_answers() -> None:
    office = Office(load_scenario("practice"))
    office.run(60)
    assert not office.changes
    call = office.switch.make_call("oxe1018", "1018", "1012", auto_answer=True)
    office.until(lambda: states(call) == {"oxe1018": "ACTIVE", "oxe1012": "ACTIVE"}, within=3)
    outside = office.switch.make_call("oxe1019", "1019", "0015550101", auto_answer=True)
    office.until(lambda: states(outside) == {"oxe1019": "ACTIVE", "0015550101": "ACTIVE"}, within=3)
    mine = office.switch.make_call("oxe1012", "1012", "1018", auto_answer=True)
    office.run(20)
    assert states(mine)["oxe1018"] == "RINGING_INCOMING"


# ------------------------------------------------------------------------------------------------------ the call centre


def agents(office: Office) -> dict[str, str | None]:
    """What those who act by themselves do."""
    return {person.user: office.switch.agent_state(person.user).sub_state for person in office.scenario.agents}


def test_customers_wait_are_answered_or_give_up() -> None:
    office = Office(load_scenario("call-centre"))
    seen: Counter[str | None] = Counter()
    waited = most = 0
    distributed: set[str] = set()
    for _ in range(300):
        office.run(1)
        seen.update(agents(office).values())
        most = max(most, len(office.switch.waiting("3001")), len(office.switch.waiting("3002")))
        for call in office.switch.calls.values():
            if call.acd is not None and call.acd.queue_time is not None:
                distributed.add(call.ref)
                waited = max(waited, call.acd.queue_time)
    assert {"READY", "BUSY", "WRAPUP", "PAUSE", "WITHDRAW"} <= seen.keys()
    assert most >= 2
    assert 3 <= waited <= 40
    assert len(distributed) > 20
    assert len(distributed) < office.player.played["pilot"], "no one has given up"


def test_agents_log_on_and_off_with_the_scenario() -> None:
    office = Office(load_scenario("call-centre"))
    assert agents(office) == {
        "oxe1000": "OUT_OF_PG",
        **{f"oxe{number}": "READY" for number in range(1003, 1011)},
    }
    assert not office.switch.agent_state("oxe1018").logged_on
    office.run(200)
    office.player.stop()
    office.switch.check()
    assert not office.switch.calls
    assert not office.clock.pending
    assert set(agents(office).values()) == {None}
    office.player.start()
    assert set(agents(office).values()) == {"OUT_OF_PG", "READY"}


def test_a_visitor_who_logs_on_gets_customers_and_answers_them() -> None:
    office = Office(load_scenario("call-centre"))
    office.switch.agent_log_on("oxe1018", "1018")
    office.until(lambda: bool(office.switch.calls_of("oxe1018")))
    (call,) = office.switch.calls_of("oxe1018")
    office.run(8)
    assert states(call)["oxe1018"] == "RINGING_INCOMING"
    office.switch.answer("oxe1018", call.ref, "1018")
    office.run(10)
    assert states(call)["oxe1018"] == "ACTIVE"
    office.until(lambda: call.ended, within=31)
    assert office.switch.agent_state("oxe1018").sub_state == "WRAPUP"


def test_customers_come_in_at_the_front_door_and_figures_know_of_them() -> None:
    office = Office(load_scenario("call-centre"))
    office.switch.enable_routing_point("3000", "front desk")
    office.until(lambda: bool(office.switch.dialogues("3000")), within=120)
    (dialogue,) = office.switch.dialogues("3000")
    office.switch.select_route("3000", dialogue.key, "front desk", "3002")
    assert dialogue.call.acd is not None
    assert dialogue.call.acd.pilot == "3002"
    office.run(600)
    rows = pilots(office.switch, 15)
    assert all(int(str(row["Efficiency"])) > 0 for row in rows.values())
    whole = Window(office.switch, office.clock.utc() - timedelta(hours=1), office.clock.utc())
    assert all(int(whole.pilot(number)["dnbTotServedCalls"]) > 5 for number in ("3001", "3002"))
    office.switch.check()


async def test_the_call_centre_is_there_in_the_simulator_at_its_speed() -> None:
    async with Simulator(SimulatorSettings(scenario="call-centre", speed=4)) as simulator:
        assert {pilot.name for pilot in simulator.switch.pilots.values()} == {"Sales line", "Support line"}
        assert simulator.switch.pilots["3001"].patience == 30
        assert simulator.switch.processing_groups["702"].wrap_up_time == 2
        assert simulator.switch.routing_points["3000"].patience == 5
        assert simulator.switch.agent_state("oxe1003").logged_on


# ------------------------------------------------------------------------------------------------------------ the play


@pytest.mark.parametrize("name", ["office", "busy-day"])
def test_every_state_and_act_in_any_two_minutes(name: str) -> None:
    office = Office(load_scenario(name))
    office.run(60)
    for _ in range(15):
        office.states.clear()
        office.changes.clear()
        before = dict(office.player.played)
        office.run(120)
        assert set(office.states) >= {"DIALING", "RINGING_OUTGOING", "RINGING_INCOMING", "ACTIVE", "HELD", "RELEASING"}
        assert set(office.changes) >= {"CallChange", "UserStateChange", "RoutingChange", "CountersChange"}
        assert len([act for act in office.player.played if office.player.played[act] > before.get(act, 0)]) >= 15


def test_hours_leave_nothing_behind(caplog: pytest.LogCaptureFixture) -> None:
    office = Office(load_scenario("office"))
    most = 0
    for _ in range(4 * 60):
        office.clock.advance(60)
        most = max(most, len(office.switch.calls))
    office.switch.check()
    assert most <= 12
    assert max(len(user.missed) for user in office.switch.users.values()) < 20
    assert max(len(user.voicemails) for user in office.switch.users.values()) < 20
    assert office.clock.pending < 60
    office.player.stop()
    office.switch.check()
    assert not office.switch.calls
    assert not office.clock.pending
    assert not [user.login for user in office.switch.users.values() if user.do_not_disturb or user.forward]
    assert not caplog.records


def test_a_state_changes_every_few_seconds() -> None:
    office = Office(load_scenario("office"))
    office.run(30)
    for _ in range(20):
        office.changes.clear()
        office.run(10)
        assert office.changes["CallChange"]


def test_the_same_seed_is_the_same_day() -> None:
    days = []
    for seed in (3, 3, 4):
        office = Office(load_scenario("office"), seed=seed)
        office.run(300)
        days.append((office.states, office.player.played))
    assert days[0] == days[1]
    assert days[0] != days[2]


def test_speed_is_a_factor() -> None:
    slow, fast = Office(load_scenario("office")), Office(load_scenario("office"), speed=4)
    slow.run(400)
    fast.run(100)
    assert sum(fast.player.played.values()) == pytest.approx(sum(slow.player.played.values()), rel=0.15)
    with pytest.raises(ValueError, match="speed"):
        Office(load_scenario("office"), speed=0)


def test_your_people_are_left_alone() -> None:
    office = Office(load_scenario("office"))
    yours = {person.user for person in office.scenario.hands_off}
    touched: set[str] = set()
    office.switch.subscribe(lambda change: touched.add(change.login))
    office.run(900)
    assert touched
    assert not touched & yours


def test_stopped_is_stopped() -> None:
    office = Office(load_scenario("office"))
    office.run(60)
    office.player.start()  # a second time does nothing
    office.player.stop()
    office.player.stop()
    assert not office.player.running
    office.changes.clear()
    office.run(300)
    assert not office.changes


# ---------------------------------------------------------------------------------------------- what visitors do


def test_people_answer_your_call_and_hang_up_after_a_while() -> None:
    office = Office(quiet())
    call = office.switch.make_call("oxe1018", "1018", "1003", auto_answer=True)
    office.run(5)
    assert call.answered
    office.run(41)
    assert call.ended
    assert not office.player.snapshot()["visits"]


def test_the_world_outside_answers_you() -> None:
    office = Office(quiet())
    call = office.switch.make_call("oxe1018", "1018", "0015550142", auto_answer=True)
    office.run(6)
    assert call.answered
    office.run(41)
    assert call.ended


def test_a_person_in_a_call_answers_you_afterwards() -> None:
    office = Office(quiet())
    first = office.switch.make_call("oxe1018", "1018", "1003", auto_answer=True)
    office.run(5)
    second = office.switch.make_call("oxe1019", "1019", "1003", auto_answer=True)
    office.run(6)
    assert not second.answered
    office.until(lambda: first.ended)
    office.run(3)
    assert second.answered


def test_no_one_answers_for_you() -> None:
    office = Office(quiet())
    call = office.switch.make_call("oxe1018", "1018", "1019", auto_answer=True)
    office.run(20)
    assert not call.answered


def test_people_lift_their_own_telephone_where_it_rings_before_it_dials() -> None:
    office = Office(quiet())
    call = office.switch.make_call("oxe1003", "1003", "1004")
    office.run(10)
    assert call.answered
    office.until(lambda: call.ended)
    office.until(lambda: not office.player.snapshot()["visits"])
    yours = office.switch.make_call("oxe1018", "1018", "1004")
    office.run(10)
    assert not yours.answered, "yours is for you to lift"


def test_in_quiet_a_call_just_rings() -> None:
    office = Office(load_scenario("quiet"))
    call = office.switch.make_call("oxe1018", "1018", "1003", auto_answer=True)
    office.run(20)
    assert not call.answered
    assert not call.ended


def test_a_call_that_you_touch_is_yours() -> None:
    office = Office(quiet(acts={"talk": 1}, pace={"pause": [5, 5], "talk": [50, 60], "at_once": 1}))
    office.until(lambda: any(call.answered for call in office.switch.calls.values()))
    call = next(iter(office.switch.calls.values()))
    member = next(member for member in call.members if member.login)
    assert member.login is not None
    office.switch.hold(member.login, call.ref, next(iter(member.legs)))
    office.run(60)
    assert not call.ended, "it was hung up although it was touched"
    assert member.state == "HELD"
    office.run(int(LEFT_ALONE))
    assert call.ended, "it was left, and has not been tidied up"


def test_a_forward_that_you_set_stays() -> None:
    office = Office(load_scenario("office"))
    office.switch.set_forward("oxe1005", "1019")
    office.switch.set_dnd("oxe1006", True)
    office.run(600)
    assert office.switch.users["oxe1005"].forward is not None
    assert office.switch.users["oxe1006"].do_not_disturb


def test_dnd_that_you_take_over_is_not_taken_back() -> None:
    office = Office(quiet(acts={"do_not_disturb": 1}, pace={"pause": [2, 2], "at_once": 1}))
    office.until(lambda: any(user.do_not_disturb for user in office.switch.users.values()))
    login = next(login for login, user in office.switch.users.items() if user.do_not_disturb)
    office.switch.set_dnd(login, False)
    office.switch.set_dnd(login, True)
    office.run(200)
    assert office.switch.users[login].do_not_disturb


def test_the_office_goes_on_while_you_telephone() -> None:
    office = Office(load_scenario("office"))
    for second in range(900):
        if second % 45 == 0:
            for login, number in (("oxe1018", "1003"), ("oxe1019", "0015550142")):
                if not office.switch.calls_of(login):
                    office.switch.make_call(login, login[3:], number, auto_answer=True)
        office.clock.advance(1)
    office.switch.check()
    office.until(lambda: not office.switch.calls_of("oxe1018"))
    assert len(office.switch.calls) <= 12


# ----------------------------------------------------------------------------------------------------- bad days at work


def test_a_switch_that_says_no_ends_the_act(monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(quiet(acts={"talk": 1}, pace={"pause": [5, 5], "at_once": 1}))
    monkeypatch.setattr(office.switch, "answer", refuse)
    office.run(100)
    assert office.player.played["talk"] > 10
    assert len(office.switch.calls) <= 1


def refuse(*_: object) -> None:
    raise SwitchError("CALL_SERVER_ERROR", "RESOURCE_BUSY", "Not now.")


def test_a_defect_in_an_act_ends_only_that_act(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    office = Office(quiet(acts={"talk": 1, "hold": 1}, pace={"pause": [5, 5], "at_once": 2}))
    monkeypatch.setattr(office.switch, "hold", lambda *_: 1 / 0)
    office.run(300)
    assert office.player.played["talk"] > 5
    assert "cannot go on with hold" in caplog.text
    assert len(office.switch.calls) <= 2


def test_visits_survive_that_the_switch_says_no(monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(quiet())
    call = office.switch.make_call("oxe1018", "1018", "1003", auto_answer=True)
    with monkeypatch.context() as patched:
        patched.setattr(office.switch, "answer", refuse)
        office.run(10)
    assert not call.answered
    assert not office.player.snapshot()["visits"]
    office.switch.release("oxe1018", call.ref)
    call = office.switch.make_call("oxe1018", "1018", "1003", auto_answer=True)
    office.run(5)
    assert call.answered
    with monkeypatch.context() as patched:
        patched.setattr(office.switch, "release", refuse)
        patched.setattr(office.switch, "drop", refuse)
        office.run(60)
    assert not call.ended
    assert not office.player.snapshot()["visits"]


def test_a_deleted_person_is_not_missed() -> None:
    office = Office(load_scenario("office"))
    office.run(60)
    office.switch.remove_user("oxe1005")
    office.run(600)
    assert "oxe1005" not in office.switch.users
    assert office.switch.calls
