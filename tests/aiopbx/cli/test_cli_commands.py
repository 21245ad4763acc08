"""What the command does on good days: watch, dial, replay, probe, simulate."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aiopbx.cli.simulate import with_users
from aiopbx.cli.watch import board
from aiopbx.simulator import load_scenario
from aiopbx.simulator.switch import CallChange
from tests import processes

if TYPE_CHECKING:
    from .conftest import Command, Served

CAPTURE = Path(__file__).parents[1] / "o2g/captures/o2g-incoming-call.jsonl"


def ring_soon(pbx: Served, caller: str, number: str, *, after: float = 0.4) -> threading.Thread:
    """Make a call while the command runs."""

    def ring() -> None:
        deadline = time.monotonic() + 20
        while not pbx.simulator.server.subscriptions.all and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(after)
        pbx.call(lambda: pbx.simulator.switch.make_call(caller, caller[3:], number, auto_answer=True))

    thread = threading.Thread(target=ring, daemon=True)
    thread.start()
    return thread


@pytest.fixture(autouse=True)
def _no_calls_left(pbx: Served) -> Any:
    yield

    def clear() -> None:
        switch = pbx.simulator.switch
        for call in list(switch.calls.values()):
            for member in list(call.members):
                if member.login and not call.ended:
                    switch.release(member.login, call.ref)

    pbx.call(clear)


# ---------------------------------------------------------------------------------------------------------------- watch


def test_watch_as_lines(aiopbx: Command, pbx: Served, as_admin: list[str]) -> None:
    ringing = ring_soon(pbx, "oxe1000", "1003")
    ran = aiopbx("watch", "--plain", "--seconds", "1.5", *as_admin)
    ringing.join()
    assert ran.code == 0, ran.err
    assert "1000 Ada Brooks: idle" in ran.out
    assert re.search(r"\d\d:\d\d:\d\d 1003 Daniel Eriksen: idle → ringing incoming", ran.out)
    assert re.search(r"1003 Daniel Eriksen: call \S+ ringing incoming from Ada Brooks \(1000\)", ran.out)


def test_watch_as_json(aiopbx: Command, pbx: Served, as_admin: list[str]) -> None:
    ringing = ring_soon(pbx, "oxe1000", "1003")
    ran = aiopbx("watch", "--json", "--count", "3", *as_admin)
    ringing.join()
    assert ran.code == 0, ran.err
    events = [json.loads(line) for line in ran.out.splitlines()]
    assert len(events) == 3
    assert events[0]["event"] == "CallStarted"
    assert events[0]["call"]["state"] == "dialing"
    line = next(event for event in events if event["event"] == "LineChanged")
    assert line["snapshot"]["state"] == "dialing"
    assert line["previous"]["state"] == "idle"
    assert "state" in line["changed"]


def test_watch_writes_a_recording(aiopbx: Command, pbx: Served, as_admin: list[str], tmp_path: Path) -> None:
    import aiopbx as library

    path = tmp_path / "x.jsonl"
    ringing = ring_soon(pbx, "oxe1000", "1003")
    ran = aiopbx("watch", "--json", "--count", "3", "--record", str(path), *as_admin)
    ringing.join()
    assert ran.code == 0, ran.err
    kinds: list[str] = []

    async def play() -> None:
        async with library.replay(path, 0) as again:
            again.subscribe(lambda event: kinds.append(type(event).__name__))
            await again.wait_finished()
            assert again.complete

    asyncio.run(play())
    assert kinds[:3] == [json.loads(line)["event"] for line in ran.out.splitlines()]
    path.write_text("something else")
    ran = aiopbx("watch", "--json", "--count", "1", "--record", str(path), *as_admin)
    assert ran.code != 0
    assert "is no recording" in ran.err
    assert path.read_text() == "something else"


async def test_watch_as_a_table(pbx: Served) -> None:
    import rich.console

    import aiopbx

    console = rich.console.Console(width=150, record=True, file=io.StringIO())
    async with aiopbx.connect(url=pbx.url, username="admin", password="admin") as client:
        call = await client.line("1000").dial("1003")
        assert call is not None
        await call.wait_for(aiopbx.CallState.RINGING_OUTGOING, timeout=30)
        while client.line("1003").state is not aiopbx.LineState.RINGING_INCOMING:
            await asyncio.sleep(0.01)
        console.print(board(client))
        everything = console.export_text()
        console.print(board(client, busy_only=True))
        busy = console.export_text()
        console.print(board(client, height=11))
        few = console.export_text()
        await call.hang_up()
    assert re.search(r"1003 Daniel Eriksen\s+│ ringing incoming\s+│ Ada Brooks \(1000\)", everything)
    assert "1001 Ben Castillo" in everything
    assert "online  5 lines, 2 in a call" in everything
    assert "1001 Ben Castillo" not in busy
    assert "1003 Daniel Eriksen" in busy
    assert "lines more than fit" not in few


def test_a_pipe_that_is_closed_ends_watch(pbx: Served) -> None:
    command = [
        sys.executable,
        "-m",
        "aiopbx",
        "watch",
        "--plain",
        "--seconds",
        "20",
        "--url",
        pbx.url,
        "--user",
        "admin",
    ]
    process = processes.start(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {"AIOPBX_PASSWORD": "admin"}
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline()
    process.stdout.close()
    ringing = ring_soon(pbx, "oxe1000", "1003", after=0.1)
    ringing.join()
    assert process.wait(15) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


# ----------------------------------------------------------------------------------------------------------------- dial


def test_dial_follows_the_call(aiopbx: Command, as_admin: list[str]) -> None:
    ran = aiopbx("dial", "1001", "--line", "1000", "--hang-up-after", "0.1", *as_admin)
    assert ran.code == 0, ran.err
    states = [line.split(" ", 1)[1] for line in ran.out.splitlines()]
    assert states[0] == "dialing to 1001"
    assert states[1] == "ringing outgoing to Ben Castillo (1001)"
    assert states[2] == "active to Ben Castillo (1001)"
    assert states[-1].startswith("ended: answered to Ben Castillo (1001), 0 s")


def test_dial_outside_with_everything(aiopbx: Command, as_admin: list[str], pbx: Served) -> None:
    seen: list[str | None] = []
    switch = pbx.simulator.switch
    unsubscribe = pbx.call(
        lambda: switch.subscribe(lambda _: seen.extend(call.associated_data for call in switch.calls.values()))
    )
    ran = aiopbx(
        "dial", "0015550142", "--line", "oxe1000", "--device", "1000", "--associated-data", "order 4711",
        "--calling-number", "1001", "--inhibit-progress-tone", "--hang-up-after", "0", *as_admin,
    )  # fmt: skip
    pbx.call(unsubscribe)
    assert ran.code == 0, ran.err
    assert "order 4711" in seen


def test_dial_without_an_answer(aiopbx: Command, as_admin: list[str]) -> None:
    ran = aiopbx("dial", "1003", "--line", "1000", "--give-up-after", "0.3", *as_admin)
    assert ran.code == 5, ran.err
    assert "not answered within 0.3 s, hanging up" in ran.out
    assert "ended: cancelled" in ran.out


def test_dial_as_a_user_needs_no_line(aiopbx: Command, pbx: Served) -> None:
    ran = aiopbx("dial", "1001", "--url", pbx.url, "--user", "oxe1000", "--password", "secret", "--hang-up-after", "0")
    assert ran.code == 0, ran.err


def test_a_private_call_with_its_codes(aiopbx: Command, pbx: Served) -> None:
    """The caller's own telephone rings first on calls with codes, and has to be lifted."""
    switch = pbx.simulator.switch

    def lift(change: Any) -> None:
        if isinstance(change, CallChange) and change.login == "private" and change.kind == "created":
            pbx.thread.loop.call_soon(switch.answer, "private", change.ref, "1102")

    unsubscribe = pbx.call(lambda: switch.subscribe(lift))
    login = ["--url", pbx.url, "--user", "private", "--password", "secret", "--hang-up-after", "0"]
    try:
        ran = aiopbx("dial", "1001", *login, "--private", "--pin", "4711", "--secret-code", "0815")
        assert ran.code == 0, ran.out
        assert "lift the telephone 1102" in ran.out
        assert aiopbx("dial", "1001", *login, "--business-code", "77").code == 0
    finally:
        pbx.call(unsubscribe)
    wrong = aiopbx("dial", "1001", *login, "--pin", "4711", "--secret-code", "9999")
    assert wrong.code == 4
    assert "9999" not in wrong.err + wrong.out


def test_the_server_refuses(aiopbx: Command, as_admin: list[str]) -> None:
    ran = aiopbx("dial", "4711", "--line", "1000", *as_admin)
    assert ran.code == 4
    assert "INVALID_DESTINATION" in ran.error


def test_interrupting_dial_hangs_up(pbx: Served) -> None:
    command = [sys.executable, "-m", "aiopbx", "dial", "1003", "--line", "1000", "--url", pbx.url, "--user", "admin"]
    process = processes.start(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"AIOPBX_PASSWORD": "admin", "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "ringing" in line:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=15)
    assert process.returncode == 130
    assert "hung up" in out
    assert "Traceback" not in err
    assert not pbx.call(lambda: pbx.simulator.switch.calls_of("oxe1000"))


# --------------------------------------------------------------------------------------------------------------- replay


def test_replay_of_a_real_capture(aiopbx: Command) -> None:
    ran = aiopbx("replay", str(CAPTURE), "--speed", "0")
    assert ran.code == 0, ran.err
    assert "ringing incoming from SE19140 (19140)" in ran.out
    assert "ended: answered" in ran.out
    assert "19141  idle → ringing incoming → active → releasing → idle" in ran.out
    assert "9 lines sent, 9 read as events; 0 of a kind not known, 0 with something that cannot be read" in ran.err
    assert "ERROR" not in ran.err


def test_replay_as_json(aiopbx: Command) -> None:
    ran = aiopbx("replay", str(CAPTURE), "--speed", "200", "--json")
    assert ran.code == 0, ran.err
    events = [json.loads(line) for line in ran.out.splitlines()]
    assert [event["snapshot"]["state"] for event in events if event["event"] == "LineChanged"] == [
        "ringing_incoming",
        "active",
        "releasing",
        "idle",
    ]


def test_replay_survives_what_it_does_not_know(aiopbx: Command, tmp_path: Path) -> None:
    path = tmp_path / "odd.jsonl"
    path.write_bytes(CAPTURE.read_bytes() + b'{"eventName":"OnSomethingNew","loginName":"oxe19141"}\nnot json\n')
    ran = aiopbx("replay", str(path), "--speed", "0")
    assert ran.code == 0, ran.err
    assert "1 of a kind not known, 1 with something that cannot be read" in ran.err


@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot be read"), (b"", "no event"), (b'{"a": 1}\n', "no event")]
)
def test_a_file_that_is_not_a_capture(aiopbx: Command, tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "capture.jsonl"
    if content is not None:
        path.write_bytes(content)
    ran = aiopbx("replay", str(path))
    assert ran.code == 2
    assert "capture:" in ran.error
    assert said in ran.error


# ---------------------------------------------------------------------------------------------------------------- probe

STEPS = [
    "name", "tcp", "certificate", "server", "versions", "login", "services", "lines", "licence", "subscription",
    "channel", "snapshot",
]  # fmt: skip


def steps(ran: Any) -> dict[str, dict[str, Any]]:
    found = [json.loads(line) for line in ran.out.splitlines()]
    assert [step["name"] for step in found] == STEPS
    return {step["name"]: step for step in found}


def test_probe_of_a_server_that_works(aiopbx: Command, tls_pbx: Served) -> None:
    ran = aiopbx(
        "probe", tls_pbx.url, "--user", "admin", "--password", "admin", "--json",
        "--ca-file", str(tls_pbx.simulator.certificate_path),
    )  # fmt: skip
    assert ran.code == 0, ran.out
    found = steps(ran)
    assert {step["result"] for step in found.values()} == {"ok"}
    assert "signed by itself" in found["certificate"]["text"]
    assert "verifies" in found["certificate"]["text"]
    assert "administrator" in found["login"]["text"]
    assert tls_pbx.thread.call(lambda: len(tls_pbx.simulator.server.sessions)) == 0


def test_probe_for_a_person(aiopbx: Command, pbx: Served) -> None:
    ran = aiopbx("probe", pbx.url, "--user", "oxe1000", "--password", "secret")
    assert ran.code == 0, ran.out
    assert re.search(r"^ok +login +\d\.\d\d s  oxe1000, a user", ran.out, re.MULTILINE)
    assert re.search(r"^skipped +certificate +plain http", ran.out, re.MULTILINE)


def test_probe_without_a_login(aiopbx: Command, pbx: Served) -> None:
    ran = aiopbx("probe", pbx.url, "--json")
    assert ran.code == 0
    found = steps(ran)
    assert found["versions"]["result"] == "ok"
    assert found["login"]["result"] == "skipped"
    assert "--user" in found["login"]["remedy"]


def test_probe_of_a_certificate_that_does_not_verify(aiopbx: Command, tls_pbx: Served) -> None:
    ran = aiopbx("probe", tls_pbx.url, "--json")
    assert ran.code == 3
    found = steps(ran)
    assert found["tcp"]["result"] == "ok"
    assert found["certificate"]["result"] == "failed"
    assert "does not verify" in found["certificate"]["text"]
    assert "--ca-file" in found["certificate"]["remedy"]
    assert found["server"] | {"seconds": 0} == {
        "name": "server", "result": "skipped", "seconds": 0, "text": "needs certificate", "remedy": ""
    }  # fmt: skip


@pytest.mark.parametrize(
    ("url", "failed"),
    [("https://no-such-host.invalid", "name"), ("http://127.0.0.1:1", "tcp")],
)
def test_probe_of_nothing(aiopbx: Command, url: str, failed: str) -> None:
    ran = aiopbx("probe", url, "--json", "--patience", "3")
    assert ran.code == 3
    found = steps(ran)
    assert found[failed]["result"] == "failed"
    assert found[failed]["remedy"]


def test_probe_of_https_where_http_is_spoken(aiopbx: Command, pbx: Served) -> None:
    ran = aiopbx("probe", pbx.url.replace("http:", "https:"), "--json")
    assert ran.code == 3
    assert steps(ran)["certificate"]["result"] == "failed"


def test_probe_with_a_wrong_password(aiopbx: Command, pbx: Served) -> None:
    ran = aiopbx("probe", pbx.url, "--json", "--user", "admin", "--password", "a-wrong-one")
    assert ran.code == 3
    found = steps(ran)
    assert found["login"]["result"] == "failed"
    assert "a-wrong-one" not in ran.out + ran.err


def test_probe_of_a_user_without_a_licence(aiopbx: Command, unlicensed_pbx: Served) -> None:
    ran = aiopbx("probe", unlicensed_pbx.url, "--json", "--user", "nothing", "--password", "secret")
    assert ran.code == 4
    found = steps(ran)
    assert found["login"]["result"] == "ok"
    assert found["licence"]["result"] == "failed"
    assert "at all" in found["licence"]["text"]
    assert "TELEPHONY_ADVANCED" in found["licence"]["remedy"]


def test_probe_of_a_user_with_the_basic_licence(aiopbx: Command, unlicensed_pbx: Served) -> None:
    found = steps(aiopbx("probe", unlicensed_pbx.url, "--json", "--user", "basic", "--password", "secret"))
    assert found["licence"]["result"] == "failed"
    assert "at all" not in found["licence"]["text"]
    assert "with TELEPHONY_BASIC one can dial" in found["licence"]["remedy"]


def test_probe_of_a_server_that_starts(aiopbx: Command, pbx: Served) -> None:
    pbx.call(lambda: pbx.simulator.faults.not_ready(True))
    try:
        ran = aiopbx("probe", pbx.url, "--json")
    finally:
        pbx.call(lambda: pbx.simulator.faults.not_ready(False))
    assert ran.code == 3
    assert "starting" in steps(ran)["server"]["remedy"]


# ------------------------------------------------------------------------------------------------------------- simulate


def test_simulate_says_where_everything_is(aiopbx: Command) -> None:
    ran = aiopbx(
        "simulate", "--port", "0", "--event-port", "0", "--seconds", "0.2", "--scenario", "quiet", "--users", "5"
    )
    assert ran.code == 0, ran.err
    assert re.search(r"O2G server +http://127\.0\.0\.1:\d+", ran.out)
    assert re.search(r"Phones +http://127\.0\.0\.1:\d+/", ran.out)
    assert "admin / admin" in ran.out
    assert "5: oxe1000 (1000) to oxe1004 (1004), password secret" in ran.out
    assert "has stopped" in ran.err


def test_simulate_with_tls_names_the_certificate(aiopbx: Command, tmp_path: Path) -> None:
    ran = aiopbx(
        "simulate", "--port", "0", "--event-port", "0", "--seconds", "0.1", "--tls", "--certificates", str(tmp_path)
    )
    assert ran.code == 0, ran.err
    assert re.search(r"O2G server +https://", ran.out)
    assert re.search(rf"Certificate +{re.escape(str(tmp_path))}", ran.out)


@pytest.mark.parametrize("tls", [False, True])
def test_simulate_istra_says_how_to_log_in(aiopbx: Command, tmp_path: Path, tls: bool) -> None:
    ports = ["--port", "0", "--event-port", "0", "--istra-port", "0", "--seconds", "0.1", "--scenario", "quiet"]
    more = ["--tls", "--certificates", str(tmp_path)] if tls else []
    ran = aiopbx("simulate", "--istra", *ports, *more)
    assert ran.code == 0, ran.err
    assert re.search(rf"Istra +http{'s' if tls else ''}://127\.0\.0\.1:\d+/restletrouter", ran.out)
    assert re.search(r"myRCC +admin\|example / admin", ran.out)
    assert re.search(r"myCrm, myIstra +ENDUSER:oxe1000 / secret", ran.out)
    assert re.search(r"aiopbx watch --system myrcc --url https?://\S+ --enterprise example --user admin", ran.out)
    ran = aiopbx("simulate", *ports, *more)
    assert ran.code == 0, ran.err
    assert "Istra" not in ran.out


def test_simulate_istra_on_a_port_that_is_taken(aiopbx: Command, pbx: Served) -> None:
    port = pbx.url.rpartition(":")[2]
    ran = aiopbx("simulate", "--istra", "--istra-port", port, "--port", "0", "--event-port", "0", "--seconds", "1")
    assert ran.code == 2
    assert "istra_port:" in ran.error
    assert port in ran.error


def test_simulate_on_a_port_that_is_taken(aiopbx: Command, pbx: Served) -> None:
    port = pbx.url.rpartition(":")[2]
    ran = aiopbx("simulate", "--port", port, "--event-port", "0", "--seconds", "1")
    assert ran.code == 2
    assert "port:" in ran.error
    assert port in ran.error


def test_simulate_of_an_unknown_scenario(aiopbx: Command) -> None:
    ran = aiopbx("simulate", "--scenario", "party")
    assert ran.code == 2
    assert "office" in ran.error


def simulating(**options: Any) -> tuple[subprocess.Popen[str], str]:
    """A simulator in a process of its own, and what it says of its end."""
    command = [sys.executable, "-m", "aiopbx", "simulate", "--port", "0", "--event-port", "0"]
    process = processes.start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    assert process.stdout is not None
    return process, next(line for line in process.stdout if line.startswith("End"))


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_simulate_ends_cleanly(end: signal.Signals) -> None:
    process, words = simulating()
    assert words.split() == ["End", "Ctrl-C"]
    process.send_signal(end)
    _, err = process.communicate(timeout=15)
    assert process.returncode == 130
    assert "has stopped" in err
    assert "Traceback" not in err


def test_simulate_in_the_background_outlives_its_terminal() -> None:
    process, words = simulating(ignoring=[signal.SIGINT, signal.SIGHUP])
    assert words.split() == ["End", "kill", str(process.pid)]
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGINT)
    process.terminate()
    _, err = process.communicate(timeout=15)
    assert process.returncode == 130
    assert "has stopped" in err


@pytest.mark.parametrize("count", [1, 2, 3, 4, 19, 20, 35])
def test_as_many_users_as_wanted(count: int) -> None:
    scenario = with_users(load_scenario("office"), count)
    numbers = [person.number for person in scenario.users]
    assert numbers == [str(1000 + index) for index in range(count)]
    assert len({person.name for person in scenario.users}) == count
    deck = scenario.acts.deck()
    assert bool(deck) == (count > 1)
    assert ("transfer" in deck) == (count > 2)
