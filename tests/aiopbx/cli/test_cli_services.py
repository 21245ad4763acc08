"""The commands for log, mailbox, telephone book, agents, and every operation by its name."""

from __future__ import annotations

import json
import sys
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from aiopbx.cli.call import complete_argument, complete_operation
from aiopbx.o2g.services import OPERATIONS
from aiopbx.simulator import SimulatorSettings, UserSpec
from aiopbx.simulator.switch.settings import AgentSpec, ProcessingGroupSpec, SwitchSettings

from .conftest import Served, ServerThread, _serve

if TYPE_CHECKING:
    from .conftest import Command


@pytest.fixture(scope="module")
def served(thread: ServerThread) -> Iterator[Served]:
    users = (
        UserSpec(
            login="oxe1000", number="1000", first_name="Alice", last_name="Martin", agent=AgentSpec(groups=("60",))
        ),
        UserSpec(login="oxe1001", number="1001", first_name="Bob", last_name="Keller"),
    )
    switch = SwitchSettings(
        processing_groups=(ProcessingGroupSpec(number="60", withdraw_reasons=("Lunch", "Training")),)
    )
    yield from _serve(thread, SimulatorSettings(users=users, switch=switch))


@pytest.fixture
def alice(served: Served) -> list[str]:
    return ["--url", served.url, "--user", "oxe1000", "--password", "secret"]


@pytest.fixture
def admin(served: Served) -> list[str]:
    return ["--url", served.url, "--user", "admin", "--password", "admin"]


def ring(served: Served) -> None:
    def do() -> None:
        switch = served.simulator.switch
        call = switch.make_call("oxe1001", "1001", "1000", auto_answer=True)
        switch.drop("oxe1001", call.ref)

    served.call(do)


def leave_message(served: Served) -> str:
    def begin() -> str:
        switch = served.simulator.switch
        call = switch.make_call("oxe1001", "1001", "1000", auto_answer=True)
        switch.overflow_to_voicemail("oxe1001", call.ref)
        return call.ref

    ref: str = served.call(begin)
    time.sleep(1.2)
    served.call(lambda: served.simulator.switch.drop("oxe1001", ref))
    found: str = served.call(lambda: served.simulator.switch.mailboxes.messages("oxe1000")[0].id)
    return found


def test_log(aiopbx: Command, served: Served, alice: list[str], admin: list[str]) -> None:
    assert aiopbx("log", "--delete", "--all", *alice).code == 0  # what other tests left
    ring(served)
    ran = aiopbx("log", "--json", *alice)
    assert ran.code == 0, ran.err
    records = [json.loads(line) for line in ran.out.splitlines()]
    assert records[-1]["direction"] == "incoming"
    assert records[-1]["parties"][0]["number"] == "1001"
    ran = aiopbx("log", "--missed", "--acknowledge", "--line", "1000", *admin)
    assert ran.code == 0, ran.err
    assert "Bob Keller (1001)" in ran.out
    assert "acknowledged" in ran.err
    assert aiopbx("log", "--unseen", *alice).out == ""
    assert aiopbx("log", "--delete", *alice).code == 2
    assert aiopbx("log", "--delete", "--all", *alice).code == 0
    assert aiopbx("log", "--json", *alice).out == ""


def test_log_with_wrong_input(aiopbx: Command, alice: list[str]) -> None:
    ran = aiopbx("log", "--after", "yesterday", *alice)
    assert ran.code == 2
    assert "after" in ran.err
    assert aiopbx("log", "--all", *alice).code == 2
    assert aiopbx("log", "--delete", "--acknowledge", *alice).code == 2


def test_voicemail(aiopbx: Command, served: Served, alice: list[str], tmp_path: Path) -> None:
    one = leave_message(served)
    ran = aiopbx("voicemail", "list", "--json", *alice)
    assert ran.code == 0, ran.err
    assert one in [json.loads(line)["id"] for line in ran.out.splitlines()]
    assert "new" in aiopbx("voicemail", "list", *alice).out
    file = tmp_path / "message.wav"
    ran = aiopbx("voicemail", "save", str(file), "--id", one, *alice)
    assert ran.code == 0, ran.err
    with wave.open(str(file)) as sound:
        assert sound.getnframes() > 0
    ran = aiopbx("voicemail", "save", str(tmp_path / "none" / "x.wav"), "--id", one, *alice)
    assert ran.code == 2
    assert "cannot be written" in ran.err
    assert aiopbx("voicemail", "delete", *alice).code == 2
    ran = aiopbx("voicemail", "delete", "4711", *alice)
    assert ran.code == 2
    assert "4711" in ran.err
    ran = aiopbx("voicemail", "delete", one, "--json", *alice)
    assert ran.code == 0, ran.err
    assert json.loads(ran.out) == {"id": one, "deleted": True}
    left = aiopbx("voicemail", "list", "--json", *alice)
    assert left.code == 0, left.err
    assert one not in [json.loads(line)["id"] for line in left.out.splitlines()]


def test_the_password_of_a_mailbox_may_come_from_the_environment(
    aiopbx: Command, alice: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIOPBX_MAILBOX_PASSWORD", "secret")
    assert aiopbx("voicemail", "list", *alice).code == 0
    monkeypatch.setenv("AIOPBX_MAILBOX_PASSWORD", "another")
    ran = aiopbx("voicemail", "list", *alice)
    assert ran.code == 4, ran.err
    assert "another" not in ran.err


def test_directory(aiopbx: Command, alice: list[str]) -> None:
    ran = aiopbx("directory", "Kel", "--json", *alice)
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["number"] == "1001"
    ran = aiopbx("directory", "535", "--keys", *alice)
    assert "Bob Keller" in ran.out
    ran = aiopbx("directory", "Nobody", *alice)
    assert ran.code == 1
    assert "no contact found" in ran.err
    ran = aiopbx("directory", "Kel", "--limit", "101", *alice)
    assert ran.code == 2
    assert "limit" in ran.err


@pytest.mark.parametrize("typed", [["directory", "Kel", "--json"], ["log", "--json"], ["voicemail", "save", "."]])
def test_what_takes_long_shows_a_bar_and_answers_stay_where_they_belong(
    aiopbx: Command,
    served: Served,
    alice: list[str],
    typed: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A person looks at standard error, while standard output goes into a file."""
    ring(served)
    if typed[0] == "voicemail":
        leave_message(served)
        typed = ["voicemail", "save", str(tmp_path), "--json"]
    before = aiopbx(*typed, *alice)
    assert before.code == 0, before.err
    assert before.err == "", "no bar without a terminal"
    monkeypatch.setattr("aiopbx.cli.output.error_console", lambda: Console(file=sys.stderr, force_terminal=True))
    ran = aiopbx(*typed, *alice)
    assert ran.code == 0, ran.err
    assert ran.out == before.out
    assert all(json.loads(line) for line in ran.out.splitlines())
    assert "\u2501" in ran.err, "the bar"
    assert '"id"' not in ran.err


def test_agent(aiopbx: Command, alice: list[str], admin: list[str]) -> None:
    assert "logged off" in aiopbx("agent", *alice).out
    ran = aiopbx("agent", "on", "--group", "60", "--json", *alice)
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["state"] == "ready"
    assert "Training" in aiopbx("agent", "reasons", *alice).out
    ran = aiopbx("agent", "withdraw", "--reason", "2", "--line", "1000", "--json", *admin)
    assert json.loads(ran.out)["withdraw_reason"] == 2
    assert "logged off" in aiopbx("agent", "off", *alice).out
    ran = aiopbx("agent", "--line", "1001", *admin)
    assert ran.code == 4
    assert "no agent" in ran.err
    assert aiopbx("agent", "pause", *alice).code == 4


def test_call_any_operation(aiopbx: Command, alice: list[str], admin: list[str]) -> None:
    ran = aiopbx("call", "user", "--arg", "loginName=oxe1001", "--json", *admin)
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["lastName"] == "Keller"
    ran = aiopbx("call", "update-preferences", "-a", "login_name=oxe1000", "-a", "guiLanguage=de", *alice)
    assert ran.code == 0, ran.err
    ran = aiopbx("call", "preferences", "-a", "loginName=oxe1000", *alice)
    assert '"de"' in ran.out
    body = '{"filter": {"field": "lastName", "operation": "BEGIN_WITH", "operand": "Kel"}}'
    assert aiopbx("call", "start_search", "--body", body, *alice).code == 0
    ran = aiopbx("call", "user", "-a", "loginName=nobody", *admin)
    assert ran.code == 4


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        (["no_such"], "no operation"),
        ([], "operation"),
        (["user"], "loginName"),
        (["user", "-a", "loginName"], "name=value"),
        (["user", "-a", "loginName=x", "-a", "colour=red"], "colour"),
        (["user", "-a", "loginName=x", "--body", "{}"], "body"),
        (["make_call", "--body", "{"], "JSON"),
        (["make_call", "--body", "[]"], "object"),
        (["make_call", "-a", "callee=1001"], "deviceId"),
        (["make_call", "-a", "deviceId=1000", "-a", "callee=call me"], "callee"),
        (["start_search", "--body", '{"filter": {"operation": "AND", "operand": []}}'], "filter"),
        (["logins", "-a", "onlyACD=perhaps"], "neither"),
    ],
)
def test_call_with_wrong_input(aiopbx: Command, alice: list[str], typed: list[str], word: str) -> None:
    ran = aiopbx("call", *typed, *alice)
    assert ran.code == 2, ran.out
    assert word in ran.err


CALL = ["make_call", "-a", "deviceId=1000", "-a", "callee=1001"]
SEARCH = '{"limit": LIMIT, "filter": {"field": "lastName", "operation": "BEGIN_WITH", "operand": "Kel"}}'
WRONG: dict[str, tuple[list[str], str, str]] = {
    "a PIN call without its secret code": ([*CALL, "-a", "pin=4711"], "secretCode", "private"),
    "associated data over 32 bytes": ([*CALL, "-a", "associatedData=" + "é" * 17], "associatedData", "32 bytes"),
    "a directory limit of 0": (["start_search", "--body", SEARCH.replace("LIMIT", "0")], "limit", "1 to 100"),
    "a directory limit of 101": (["start_search", "--body", SEARCH.replace("LIMIT", "101")], "limit", "1 to 100"),
    "two parameters where one is allowed": (
        ["records", "-a", "recordIdList=1", "-a", "unanswered=true"],
        "unanswered",
        "recordIdList",
    ),
    "a date without a zone": (["records", "-a", "afterDate=2026-01-31T18:00:00"], "afterDate", "zone"),
    "an object without its id": (["pbx_object", "-a", "nodeId=1", "-a", "objectPath=Subscriber"], "objectPath", "id"),
}


@pytest.mark.parametrize("case", WRONG)
def test_call_refuses_wrong_input_before_it_is_sent(
    aiopbx: Command, served: Served, admin: list[str], case: str
) -> None:
    typed, field, rule = WRONG[case]
    before = served.simulator.server.requests
    ran = aiopbx("call", *typed, *admin)
    assert ran.code == 2, ran.out
    assert f"error: {field}" in ran.err
    assert rule in ran.err
    assert served.simulator.server.requests == before
    assert "4711" not in ran.err + ran.out


def test_the_dial_policy_stands_before_every_request(aiopbx: Command, served: Served, tmp_path: Path) -> None:
    config = tmp_path / "settings.yaml"
    config.write_text(
        f"url: {served.url}\nusername: oxe1000\npassword: secret\ndial_policy:\n  denied: ['0*']\n", encoding="utf-8"
    )
    forward = '{"forwardRoute": {"destinations": [{"type": "NUMBER", "number": "0015550100"}]}}'
    for typed in (
        ["make_call", "-a", "deviceId=1000", "-a", "callee=0015550100"],
        ["set_forward_route", "--body", forward],
        ["request_callback", "-a", "callee=0015550100"],
    ):
        ran = aiopbx("call", *typed, "--config", str(config))
        assert ran.code == 2, ran.err
        assert "policy" in ran.err


def test_call_explains_and_completes(aiopbx: Command) -> None:
    listed = aiopbx("call", "--list").out
    assert len(listed.splitlines()) == len(OPERATIONS) == 221
    ran = aiopbx("call", "make_call", "--explain")
    assert ran.code == 0
    assert "POST /telephony/calls" in ran.out
    assert "callee" in ran.out
    assert [name for name, _ in complete_operation("mailb")] == ["mailboxes"]
    assert "callee=" in [name for name, _ in complete_argument("make_call", "cal")]
    assert complete_argument("nothing", "") == []


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_is_explained(aiopbx: Command, name: str) -> None:
    ran = aiopbx("call", name, "--explain")
    assert ran.code == 0
    assert OPERATIONS[name].path in ran.out
