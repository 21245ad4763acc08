"""The command on the three applications of Istra: the same words, and what they have of their own."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aiopbx.cli.call import complete_argument, complete_operation
from aiopbx.istra.services import Rcc, operations_of
from aiopbx.istra.types.session import Application
from aiopbx.operations import operation_of
from aiopbx.simulator import SimulatorSettings, UserSpec

from .conftest import Served, ServerThread, _serve

if TYPE_CHECKING:
    from .conftest import Command


@pytest.fixture(scope="module")
def served(thread: ServerThread) -> Iterator[Served]:
    users = (
        UserSpec(login="anna", number="100", first_name="Anna", last_name="Weber"),
        UserSpec(login="bert", number="101", first_name="Bert", last_name="Klein"),
    )
    yield from _serve(thread, SimulatorSettings(users=users, istra=True))


@pytest.fixture
def rcc(served: Served) -> list[str]:
    account = ["--user", "admin|example", "--password", "admin"]
    return ["--url", served.simulator.istra_url, "--system", "myRCC", *account]


@pytest.fixture
def crm(served: Served) -> list[str]:
    return ["--url", served.simulator.istra_url, "--system", "mycrm", "--user", "anna", "--password", "secret"]


@pytest.fixture
def me(served: Served) -> list[str]:
    return ["--url", served.simulator.istra_url, "--system", "myistra", "--user", "anna", "--password", "secret"]


def clean(served: Served) -> None:
    def do() -> None:
        switch = served.simulator.switch
        for call in tuple(switch.calls.values()):
            for member in tuple(call.members):
                if member.login is not None and not call.ended:
                    switch.drop(member.login, call.ref)

    served.call(do)


def leave_message(served: Served) -> None:
    def begin() -> str:
        switch = served.simulator.switch
        call = switch.make_call("bert", "101", "100", auto_answer=True)
        switch.overflow_to_voicemail("bert", call.ref)
        return call.ref

    ref: str = served.call(begin)
    time.sleep(1.2)
    served.call(lambda: served.simulator.switch.drop("bert", ref))


def test_watch(aiopbx: Command, rcc: list[str], crm: list[str], me: list[str]) -> None:
    ran = aiopbx("watch", "--plain", "--seconds", "0.3", *rcc)
    assert ran.code == 0, ran.err
    assert "100 Anna Weber: idle" in ran.out
    assert "101 Bert Klein" in ran.out
    for account, name in ((crm, "SIP generic device"), (me, "Anna Weber")):
        ran = aiopbx("watch", "--plain", "--seconds", "0.3", *account)
        assert ran.code == 0, ran.err
        assert name in ran.out


def test_dial(aiopbx: Command, served: Served, rcc: list[str], me: list[str]) -> None:
    ran = aiopbx("dial", "101", "--line", "100", "--give-up-after", "0.5", *rcc)
    assert ran.code != 0, "no one answers"
    assert "lift your own telephone" in ran.out
    assert "hanging up" in ran.out
    ran = aiopbx("dial", "101", *me)
    assert ran.code == 0, ran.err
    assert "does not show" in ran.err
    assert served.call(lambda: len(served.simulator.switch.calls)) == 1
    clean(served)
    ran = aiopbx("dial", "  ", "--line", "100", *rcc)
    assert ran.code != 0
    assert "number" in ran.err
    ran = aiopbx("dial", "101", "--ring-first", "--line", "100", *rcc)
    assert "auto_answer" in ran.err


def test_log(aiopbx: Command, served: Served, me: list[str], rcc: list[str]) -> None:
    def ring() -> None:
        switch = served.simulator.switch
        call = switch.make_call("bert", "101", "100", auto_answer=True)
        switch.drop("bert", call.ref)

    served.call(ring)
    ran = aiopbx("log", "--json", "--missed", "--direction", "incoming", *me)
    assert ran.code == 0, ran.err
    (record, *_) = [json.loads(line) for line in ran.out.splitlines()]
    assert record["direction"] == "incoming"
    ran = aiopbx("log", "--acknowledge", "--missed", "--direction", "incoming", *me)
    assert "acknowledgement" in ran.err
    ran = aiopbx("log", "--line", "100", *rcc)
    assert ran.code != 0
    assert "call log" in ran.err


def test_voicemail(aiopbx: Command, served: Served, me: list[str], crm: list[str], tmp_path: Path) -> None:
    leave_message(served)
    ran = aiopbx("voicemail", "list", "--json", *me)
    assert ran.code == 0, ran.err
    (message, *_) = [json.loads(line) for line in ran.out.splitlines()]
    assert message["unread"] is True
    assert message["play_number"]
    ran = aiopbx("voicemail", "mark", *me, "--", message["id"])
    assert ran.code == 0, ran.err
    assert "1 marked" in ran.err
    assert message["id"] not in aiopbx("voicemail", "list", "--new", *me).out
    ran = aiopbx("voicemail", "mark", "--unread", "--json", *me, "--", message["id"])
    assert json.loads(ran.out)["unread"] is True
    ran = aiopbx("voicemail", "save", str(tmp_path), "--format", "au", *me)
    assert ran.code == 0, ran.err
    (path,) = tmp_path.iterdir()
    assert path.suffix == ".au"
    assert path.read_bytes().startswith(b".snd")
    ran = aiopbx("voicemail", "save", str(tmp_path), "--format", "wav", *me)
    assert "format" in ran.err
    assert "ogg" in ran.err
    ran = aiopbx("voicemail", "delete", "--all", *me)
    assert ran.code == 0, ran.err
    ran = aiopbx("voicemail", "list", *crm)
    assert ran.code != 0
    assert "mailbox" in ran.err


def test_caller_id(aiopbx: Command, served: Served, me: list[str], crm: list[str]) -> None:
    ran = aiopbx("caller-id", "+12025550123", *me)
    assert ran.code == 0, ran.err
    assert ran.out.strip() == "+12025550123 (manual)"
    ran = aiopbx("caller-id", "--json", *me)
    assert json.loads(ran.out) == {"choice": "manual", "number": "+12025550123"}
    ran = aiopbx("caller-id", "--from-presence", *me)
    assert "from presence" in ran.out
    assert "E.164" in aiopbx("caller-id", "Anna", *me).err
    assert "--from-presence" in aiopbx("caller-id", "+12025550123", "--from-presence", *me).err
    ran = aiopbx("caller-id", *crm)
    assert ran.code != 0
    assert "caller id" in ran.err


def test_probe(aiopbx: Command, served: Served, rcc: list[str], crm: list[str], me: list[str]) -> None:
    for account, said in ((rcc, "2 extensions"), (crm, "1 terminals"), (me, "1 terminals, Istra")):
        url, rest = account[1], account[2:]
        if "admin|example" in rest:
            rest = ["--system", "myrcc", "--user", "admin", "--enterprise", "example", "--password", "admin"]
        ran = aiopbx("probe", url, *rest)
        assert ran.code == 0, ran.out + ran.err
        assert said in ran.out
        assert "the socket stays open" in ran.out
        assert "failed" not in ran.out
    assert served.call(lambda: len(served.simulator.istra.sessions)) == 0  # type: ignore[union-attr]
    ran = aiopbx("probe", rcc[1], "--system", "myistra", "--user", "anna", "--password", "wrong")
    assert ran.code != 0
    assert "login" in ran.out
    ran = aiopbx("probe", rcc[1], "--system", "somesystem", "--user", "anna")
    assert "system" in ran.err
    assert "myrcc" in ran.err


def test_every_operation_by_its_name(
    aiopbx: Command, served: Served, rcc: list[str], crm: list[str], me: list[str]
) -> None:
    names = set()
    for account, application in ((rcc, "myRCC"), (crm, "myCrm"), (me, "myIstra")):
        ran = aiopbx("call", "--list", *account)
        assert ran.code == 0, ran.err
        listed = {line.split()[0] for line in ran.out.splitlines()}
        assert listed == set(operations_of(Application(application)))
        names |= listed
    ran = aiopbx("call", "extension_page", "-a", "offset=0", "-a", "length=1", *rcc)
    assert ran.code == 0, ran.err
    (extension,) = json.loads(ran.out)["items"]
    ran = aiopbx(
        "call", "place_call", "-a", f"id={extension['restUri'].rpartition('/')[2]}", "-a", "destination=101", *rcc
    )
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["state"] == "prompting"
    clean(served)
    ran = aiopbx("call", "terminals", "--json", *crm)
    assert "terminalId" in ran.out
    ran = aiopbx("call", "user", "-a", "id=1", *me)
    assert ran.code != 0
    ran = aiopbx("call", "hold", *rcc)
    assert "id" in ran.err
    ran = aiopbx("call", "make_call", *rcc)
    assert "no operation" in ran.err
    ran = aiopbx("call", "place-call", "--explain", *rcc)
    assert "v1/rcc/Extension/{id}/placeCall" in ran.out
    assert "destination" in ran.out
    assert ("hold", operation_of(Rcc.hold).summary) in complete_operation("ho", "myrcc")
    assert [name for name, _ in complete_argument("place_call", "d", "myrcc")] == ["destination="]


def test_mistakes_are_reported(aiopbx: Command, served: Served, rcc: list[str], me: list[str]) -> None:
    url = served.simulator.istra_url
    ran = aiopbx("watch", "--url", url, "--system", "myrcc", "--user", "admin", "--password", "admin")
    assert ran.code != 0
    assert "enterprise" in ran.err
    ran = aiopbx("watch", "--enterprise", "example", *me)
    assert "enterprise" in ran.err
    ran = aiopbx("watch", "--line", "100", *me)
    assert "lines" in ran.err
    for words in (["directory", "A"], ["agent"]):
        ran = aiopbx(*words, "--line", "100", *rcc)
        assert ran.code != 0
        assert ran.err.count("\n") <= 3, "one clear error"
