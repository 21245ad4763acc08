"""The command against servers that are none, or odd, and at ends that are not its own doing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import typer

import aiopbx as library
from aiopbx.cli import command, dial as dial_module, output, probe as probe_module, watch as watch_module
from aiopbx.cli.options import DialOptions
from aiopbx.cli.probe import PACKAGES, IstraProbe, O2gProbe, Step
from aiopbx.settings.connection import ConnectionSettings
from aiopbx.simulator import Simulator
from tests import processes
from tests.aiopbx.holding_proxy import HoldingProxy
from tests.scripted_server import ScriptedServer

if TYPE_CHECKING:
    from .conftest import Command, Served, ServerThread

Odd = Callable[..., str]


@pytest.fixture
def odd_server(thread: ServerThread) -> Iterator[Odd]:
    """Start a server that answers GET /api/rest like this, and return its URL."""
    servers: list[ScriptedServer] = []

    def start(status: int = 200, body: str = "", *, hang: bool = False, to: str = "") -> str:
        server = ScriptedServer()
        headers = [("Content-Type", "application/json"), *([("Location", to)] if to else [])]
        server.answer("GET", "/api/rest", status=status, text=body, headers=headers, hang=hang)
        servers.append(thread.do(server.__aenter__()))
        return server.url

    yield start
    for server in servers:
        thread.do(server.__aexit__())


@pytest.mark.parametrize(
    ("status", "body", "step", "said"),
    [
        (404, "", "server", "answers 404"),
        (200, "<html>", "server", "something else"),
        (503, "", "server", "answers 503"),
        (200, "{}", "versions", "names no version"),
        (200, '{"serverInfo": {"productName": "Some\\u001b[31mthing"}}', "versions", "names no version"),
    ],
)
def test_probe_of_something_else_than_a_server(
    aiopbx: Command, odd_server: Odd, status: int, body: str, step: str, said: str
) -> None:
    ran = aiopbx("probe", odd_server(status, body), "--json")
    assert ran.code == 3
    assert "\x1b" not in ran.out
    found = {each["name"]: each for each in map(json.loads, ran.out.splitlines())}
    assert found[step]["result"] == "failed"
    assert said in found[step]["text"]
    assert found[step]["remedy"]


def test_probe_follows_redirects_as_the_client_does(
    aiopbx: Command, pbx: Served, odd_server: Odd, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = odd_server(307, to=f"{pbx.url}/api/rest")
    with monkeypatch.context() as patched:
        patched.setenv("AIOPBX_TRUSTED_REDIRECTS", pbx.url.removeprefix("http://"))
        ran = aiopbx("probe", elsewhere, "--json")
    assert ran.code == 0, ran.out
    found = {each["name"]: each for each in map(json.loads, ran.out.splitlines())}
    assert f"after a redirect to {pbx.url}" in found["server"]["text"]
    ran = aiopbx("probe", elsewhere, "--json")
    assert ran.code == 3
    found = {each["name"]: each for each in map(json.loads, ran.out.splitlines())}
    assert "is not followed" in found["server"]["text"]
    assert "trusted_redirects" in found["server"]["remedy"]


@pytest.mark.parametrize("system", ["o2g", "mycrm"])
@pytest.mark.parametrize(
    ("quiet", "said", "remedy"),
    [(60.2, "ended after 60 s of silence: it broke", "idle time-out"), (0.1, "ended: it broke", "log"), (None, "", "")],
)
async def test_probe_stays_and_says_after_which_silence_it_was_cut(
    system: str, quiet: float | None, said: str, remedy: str
) -> None:
    settings = ConnectionSettings.make(system=system, url="http://127.0.0.1:1", username="x", password="x")
    ends = quiet is not None

    class Events:
        def __init__(self) -> None:
            self.quiet, self.end_reason = quiet, "it broke"

        async def __aiter__(self) -> AsyncIterator[list[object]]:
            yield []
            if not ends:
                await asyncio.Event().wait()

    steps: list[Step] = []
    events: Any = Events()
    probing: O2gProbe | IstraProbe
    if system == "o2g":
        probing = O2gProbe(settings, steps.append, stay=0.01, channel=events, batches=aiter(events))
    else:
        probing = IstraProbe(settings, steps.append, stay=1.01, socket=events)
    alive = {name: do for name, do, _ in probing.more()}["alive"]
    assert await probing._step("alive", alive) is not ends
    assert said in steps[0].text
    assert remedy in steps[0].remedy
    if not ends:
        assert f"stays open for {probing.stay:g} s" in steps[0].text


@pytest.mark.parametrize(
    ("block", "prompt", "result", "said"),
    [
        (0, 2.0, "ok", "came after"),
        (0, 0.0, "late", "Events arrive late: a proxy between here and http://127.0.0.1:"),
        (1024 * 1024, 2.0, "silent", "gives no events"),
    ],
)
async def test_probe_says_that_a_proxy_holds_events_back(
    monkeypatch: pytest.MonkeyPatch, block: int, prompt: float, result: str, said: str
) -> None:
    """All of them, a whole answer, or none: what is late is measured, so the bound is moved and not the time."""
    monkeypatch.setattr(probe_module, "PROMPT", prompt)
    found: dict[str, Step] = {}
    async with Simulator() as simulator, HoldingProxy(simulator, block=block) as proxy:
        settings = ConnectionSettings.make(url=proxy.url, username="admin", password="admin", lines=[])
        await O2gProbe(settings, lambda step: found.update({step.name: step}), True, patience=1.5).run()
    step = found["snapshot" if result == "ok" else "channel"]
    assert step.result == ("ok" if result == "ok" else "failed")
    assert said in step.text
    assert ("proxy_buffering off" in step.remedy) is (result != "ok")


@pytest.mark.parametrize("answers", ["late", "never"])
async def test_probe_says_so_of_a_state_that_was_asked_for(monkeypatch: pytest.MonkeyPatch, answers: str) -> None:
    found: dict[str, Step] = {}
    opened = O2gProbe.open_channel

    async def then_held(self: O2gProbe) -> str:
        said = await opened(self)
        monkeypatch.setattr(probe_module, "PROMPT", 0.0)
        if answers == "never":
            simulator.faults.freeze_channels()
        return said

    monkeypatch.setattr(O2gProbe, "open_channel", then_held)
    async with Simulator() as simulator:
        settings = ConnectionSettings.make(url=simulator.url, username="admin", password="admin", lines=[])
        await O2gProbe(settings, lambda step: found.update({step.name: step}), True, patience=1.0).run()
    step = found["snapshot"]
    assert step.result == "failed"
    assert ("Events arrive late" if answers == "late" else "no state of") in step.text
    assert "proxy_buffering off" in step.remedy


def test_probe_stays_only_where_it_is_told_to(aiopbx: Command, pbx: Served) -> None:
    ran = aiopbx("probe", pbx.url, "--user", "admin", "--password", "admin", "--stay", "0.1")
    assert ran.code == 0, ran.out
    assert "the channel stays open for 0.1 s" in ran.out


def test_probe_goes_on_with_another_version(aiopbx: Command, odd_server: Odd) -> None:
    body = '{"versions": [{"id": "7.0", "publicUrl": "http://127.0.0.1:1/x"}]}'
    ran = aiopbx("probe", odd_server(200, body))
    assert ran.code == 0
    assert "1.0 is not among them" in ran.out


def test_probe_does_not_wait_for_ever(aiopbx: Command, odd_server: Odd) -> None:
    ran = aiopbx("probe", odd_server(200, "{}", hang=True), "--patience", "0.3")
    assert ran.code == 3
    assert "no answer from" in ran.out


def test_probe_of_events_that_do_not_come(aiopbx: Command, pbx: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    from aiopbx.o2g.client import O2gClient

    async def refuse(*_: Any) -> Any:
        raise library.ConnectionFailed("The event channel cannot be reached.")

    monkeypatch.setattr(O2gClient, "open_channel", refuse)
    ran = aiopbx("probe", pbx.url, "--user", "admin", "--password", "admin")
    assert ran.code == 3
    assert "Firewalls" in ran.out
    assert pbx.call(lambda: len(pbx.simulator.server.sessions)) == 0


def test_probe_of_a_subscription_that_is_refused(aiopbx: Command, pbx: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pbx.simulator.server.subscriptions, "missing_licence", lambda *_, **__: "no licences left")
    ran = aiopbx("probe", pbx.url, "--user", "admin", "--password", "admin")
    assert ran.code == 4
    assert "refused: no licences left" in ran.out
    assert len(PACKAGES) == 3


def test_a_certificate_that_ends_soon(monkeypatch: pytest.MonkeyPatch, tls_pbx: Served) -> None:
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    pem = tls_pbx.simulator.certificate_path.read_bytes()
    certificate = x509.load_pem_x509_certificate(pem)
    raw = certificate.public_bytes(Encoding.DER)

    class Later(datetime):
        moment = certificate.not_valid_after_utc

        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return cls.moment

    monkeypatch.setattr(probe_module, "datetime", Later)
    Later.moment = certificate.not_valid_after_utc - timedelta(days=3, hours=1)
    assert "(in 3 days)" in probe_module.describe_certificate(raw)
    Later.moment = certificate.not_valid_after_utc + timedelta(days=3)
    assert "expired on" in probe_module.describe_certificate(raw)
    assert certificate.not_valid_after_utc > datetime.now(UTC)


# ------------------------------------------------------------------------------------------------ in this process


async def test_the_table_is_drawn_until_the_end(pbx: Served, capsys: pytest.CaptureFixture[str]) -> None:
    settings = ConnectionSettings(url=pbx.url, username="admin", password="admin")
    code = await watch_module.watch(settings, mode="table", busy_only=False, seconds=0.5, count=None)
    assert code == 0
    out = capsys.readouterr().out
    assert "Ada Brooks" in out
    assert "Ctrl-C ends" in out


def test_the_table_says_how_many_do_not_fit_and_for_how_long(pbx: Served) -> None:
    async def look() -> tuple[str, str]:
        async with library.connect(url=pbx.url, username="admin", password="admin") as client:
            call = await client.line("1000").dial("1001")
            assert call is not None
            await call.wait_for(library.CallState.ACTIVE, timeout=30)
            console = output.console()
            console.width = 150
            with console.capture() as captured:
                console.print(watch_module.board(client, height=5))
            await call.hang_up()
            await call.wait_for(lambda now: now.ended, timeout=30)
            return captured.get(), str(len(client.lines))

    text, count = asyncio.run(look())
    assert count == "5"
    assert "0:00" in text


async def test_a_dial_that_no_event_names(
    pbx: Served, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: Any, **__: Any) -> None:
        return None

    monkeypatch.setattr(library.Line, "dial", nothing)
    settings = ConnectionSettings(url=pbx.url, username="oxe1000", password="secret")
    code = await dial_module.dial(settings, "1001", None, DialOptions())
    assert code == command.FAILED
    assert "No event has named the call" in capsys.readouterr().err


@pytest.mark.parametrize("refused", [False, True])
async def test_cancelling_dial_hangs_up(
    pbx: Served, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, refused: bool
) -> None:
    if refused:

        async def refuse(*_: Any) -> None:
            raise library.Offline("There is no connection.")

        monkeypatch.setattr(library.Call, "hang_up", refuse)
    settings = ConnectionSettings(url=pbx.url, username="oxe1000", password="secret")
    task = asyncio.create_task(dial_module.dial(settings, "1003", None, DialOptions()))
    while "ringing outgoing" not in capsys.readouterr().out:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    captured = capsys.readouterr()
    if refused:
        assert "could not be hung up: There is no connection." in captured.err
        pbx.call(lambda: pbx.simulator.switch.release("oxe1000", pbx.simulator.switch.calls_of("oxe1000")[0].ref))
    else:
        assert "hung up" in captured.out
    assert not pbx.call(lambda: pbx.simulator.switch.calls_of("oxe1000"))


async def _raise(error: BaseException) -> int:
    raise error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (library.InvalidInput("number", "no."), 2),
        (library.Offline("no."), 3),
        (library.OutcomeUnknown("no."), 3),
        (library.CallOver("no.", outcome="missed"), 5),
        (library.ActionNotAllowed("hold", ()), 4),
        (library.NotSupported("no.", missing="x"), 4),
        (library.PbxError("no."), 1),
    ],
)
def test_every_error_has_a_code(error: library.PbxError, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as left:
        command.run_to_the_end(_raise(error), debug=False)
    assert left.value.exit_code == code
    assert capsys.readouterr().err.startswith("error: ")
    with pytest.raises(type(error)):
        command.run_to_the_end(_raise(error), debug=True)


def test_ctrl_c_and_terminate_have_one_code() -> None:
    async def end(number: int) -> int:
        os.kill(os.getpid(), number)
        await asyncio.sleep(10)
        return 0

    for number in (signal.SIGINT, signal.SIGTERM):
        with processes.signals(), pytest.raises(typer.Exit) as left:
            command.run_to_the_end(end(number), debug=False)
        assert left.value.exit_code == command.INTERRUPTED


def test_an_error_is_one_line_whatever_the_server_says(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_error(library.PbxError("first\nsecond \x1b[31mred\x07", remedy="[bold]do[/bold] that."))
    assert capsys.readouterr().err == "error: first second [31mred [bold]do[/bold] that.\n"
