"""``aiopbx queue`` and ``aiopbx charging``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from aiopbx.simulator import SimulatorSettings
from aiopbx.simulator.switch.external import Behaviour
from tests.aiopbx.centre_server import CentreServer
from tests.aiopbx.o2g.o2g_server import API
from tests.aiopbx.test_centre_with_simulator import CALLER, PILOT, SETTINGS

from .conftest import Served, ServerThread, _serve

if TYPE_CHECKING:
    from .conftest import Command

TICKETS = [
    {"caller": "1000", "name": "Alice\u001b[31m", "called": "0015550100", "cost": 1.25, "duration": 65},
    {"caller": "1001", "called": "0015550101", "cost": 0.5, "startDate": "20260105 09:30:00"},
]


@pytest.fixture(scope="module")
def centre(thread: ServerThread) -> Iterator[list[str]]:
    """Options for a simulated call centre in which someone waits."""
    for served in _serve(thread, SimulatorSettings.model_validate(SETTINGS)):
        served.call(lambda served=served: _someone_waits(served))
        yield ["--url", served.url, "--user", "admin", "--password", "admin"]


def _someone_waits(served: Served) -> None:
    switch = served.simulator.switch
    switch.agent_log_on("oxe1000", "1000", "60121")
    switch.agent_pause("oxe1000")
    switch.incoming_external(CALLER, PILOT)
    switch.external.set("0015550199", Behaviour())
    ref = switch.make_call("oxe1002", "1002", "0015550199", auto_answer=True).ref
    switch.external_answer(ref)
    switch.drop("oxe1002", ref)
    (ticket,) = switch.tickets.of("1")
    assert ticket.answered is not None
    ticket.answered -= 90  # its clock is the real one


def test_who_waits(aiopbx: Command, centre: list[str]) -> None:
    ran = aiopbx("queue", *centre)
    assert ran.code == 0, ran.err
    heading, *rows = ran.out.splitlines()
    assert heading.split() == ["Number", "Name", "State", "Waiting", "Longest", "Expected", "Agents"]
    assert all(row.split()[:4] == [PILOT, "Sales", "Opened", "1"] for row in rows)
    assert len(rows) == 2, "the queue and the pilot"


def test_who_waits_for_programs_and_for_longer(aiopbx: Command, centre: list[str]) -> None:
    ran = aiopbx("queue", PILOT, "--json", "--follow", "--seconds", "0.1", *centre)
    assert ran.code == 0, ran.err
    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert {row["kind"] for row in rows} == {"queue", "pilot"}
    assert {row["waiting"] for row in rows} == {1}


def test_a_queue_that_there_is_not(aiopbx: Command, centre: list[str]) -> None:
    ran = aiopbx("queue", "4711", *centre)
    assert ran.code != 0
    assert "no queue and no pilot '4711'" in ran.error
    assert PILOT in ran.error


def test_who_may_not_see_queues(aiopbx: Command, centre: list[str]) -> None:
    ran = aiopbx("queue", "--url", centre[1], "--user", "oxe1002", "--password", "secret")
    assert ran.code != 0
    assert "call centre" in ran.error


@pytest.fixture(scope="module")
def costs(thread: ServerThread) -> Iterator[list[str]]:
    """Options for a server that has tickets."""
    server: CentreServer = thread.do(CentreServer().__aenter__())
    server.greets = True
    thread.call(server.begin)
    server.answer("GET", f"{API}/costs/charging", json={"chargings": TICKETS})
    server.answer("GET", f"{API}/costs/charging/files", json={"files": [{"name": "TAXA.DAT", "date": "05/01/26"}]})
    yield ["--url", server.url, "--user", "admin", "--password", "secret word"]
    thread.do(server.__aexit__(None, None, None))


def test_what_calls_have_cost(aiopbx: Command, costs: list[str]) -> None:
    ran = aiopbx("charging", "--from", "2026-01-05", "--to", "2026-01-06", *costs)
    assert ran.code == 0, ran.err
    assert "\u001b" not in ran.out, "a name is a stranger's text"
    assert [line.split()[-1] for line in ran.out.splitlines()] == ["Cost", "1.25", "0.50"]
    assert "2 calls, 1.75 in all" in ran.err


def test_tickets_and_files_for_programs(aiopbx: Command, costs: list[str]) -> None:
    ran = aiopbx("charging", "--json", *costs)
    assert [json.loads(line)["cost"] for line in ran.out.splitlines()] == [1.25, 0.5]
    ran = aiopbx("charging", "--list-files", *costs)
    assert ran.out.splitlines()[1].split() == ["TAXA.DAT", "05/01/26"]
    ran = aiopbx("charging", "--list-files", "--json", *costs)
    assert json.loads(ran.out)["name"] == "TAXA.DAT"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--from", "yesterday", "--to", "2026-01-06"], "from: 'yesterday' is no day"),
        (["--from", "2026-01-06"], "both days"),
        (["--list-files", "--file", "x"], "does not go with --list-files"),
    ],
)
def test_wrong_options(aiopbx: Command, costs: list[str], options: list[str], said: str) -> None:
    ran = aiopbx("charging", *options, *costs)
    assert ran.code != 0
    assert said in ran.error


def test_what_calls_of_the_simulated_office_have_cost(aiopbx: Command, centre: list[str]) -> None:
    ran = aiopbx("charging", *centre)
    assert ran.code == 0, ran.err
    heading, *rows = ran.out.splitlines()
    assert heading.split() == ["Started", "Caller", "Name", "Called", "Duration", "Cost"]
    (row,) = rows
    assert row.split()[2:] == ["1002", "Carol", "Diaz", "0015550199", "1:30", "0.20"]
    assert "1 calls, 0.20 in all" in ran.err
    ran = aiopbx("charging", "--list-files", "--json", *centre)
    (file,) = [json.loads(line) for line in ran.out.splitlines()]
    ran = aiopbx("charging", "--file", file["name"], "--json", *centre)
    assert [json.loads(line)["called"] for line in ran.out.splitlines()] == ["0015550199"]
    ran = aiopbx("charging", "--file", "TAX19990101.DAT", *centre)
    assert ran.code != 0
    assert "no file TAX19990101.DAT" in ran.error
