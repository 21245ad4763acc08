"""``aiopbx bridge``: the program, on a real broker. What it publishes is shown by the other tests."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from aiopbx import Pbx, PbxError, Status
from aiopbx.bridge import Worker
from aiopbx.bridge.probe import PLENTY, queue_of
from aiopbx.cli.app import run
from aiopbx.cli.bridge import bridge
from aiopbx.mqtt.broker import Address, BrokerUnfit
from tests import processes
from tests.aiopbx.bridge_office import BridgeOffice
from tests.aiopbx.cli.conftest import logging_kept
from tests.aiopbx.office import until
from tests.mqtt.conftest import Bridged
from tests.mqtt.mosquitto import Mosquitto


def written(one: BridgeOffice, folder: Path, **changes: Any) -> Path:
    """A bridge.yaml for this office, as an administrator would write it."""
    (folder / "o2g-password").write_text("admin\n")
    system = {"url": one.simulator.url, "username": "admin", "password_file": "o2g-password"}
    values = {
        "broker": {"url": one.broker.url},
        "prefix": one.prefix,
        "pulse_interval": 0.1,
        "systems": {"office": system},
        "http": {"port": 0},
        **changes,
    }
    path = folder / "bridge.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


class Log:
    """What it has logged, a JSON object a line."""

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read

    @property
    def lines(self) -> list[dict[str, Any]]:
        whole = self._read().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def said(self, words: str) -> str | None:
        return next((one["message"] for one in self.lines if words in one["message"]), None)


@asynccontextmanager
async def program(config: Path, *options: str) -> AsyncIterator[tuple["subprocess.Popen[bytes]", Log]]:
    """The command in a process of its own."""
    log = config.with_suffix(".log")
    with log.open("wb") as place:
        command = [sys.executable, "-m", "aiopbx", "bridge", "--config", config, *options]
        process = processes.start(command, stdout=place, stderr=place, env={**os.environ, "NO_COLOR": "1"})
    try:
        yield process, Log(log.read_text)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)


@asynccontextmanager
async def here(config: Path) -> AsyncIterator["asyncio.Task[int]"]:
    """The command in the process of the tests, which sees how it works."""
    with logging_kept():
        work = bridge(config, None, check=False)
        assert not isinstance(work, int)
        running = asyncio.create_task(work)
        try:
            yield running
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def answer(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as http, http.get(url) as got:
        return got.status, await got.text()


async def online(one: BridgeOffice, **settings: Any) -> Pbx:
    """A client of the program, which the office does not know of."""
    one.worker = Worker.__new__(Worker)  # there is one already
    try:
        return await one.connect(sync_timeout=10.0, **settings)
    finally:
        one.worker = None


async def test_it_serves_shows_its_health_and_drains_when_it_is_asked_to_end(bridged: Bridged, tmp_path: Path) -> None:
    async with bridged() as one, program(written(one, tmp_path)) as (process, log):
        await until(lambda: log.said("serving 4 lines") or process.poll() is not None, 20)
        shown = log.said("Health and metrics are on")
        assert shown is not None, log.lines
        url = shown.rpartition(" ")[2]
        pbx = await online(one)
        assert json.loads((await answer(f"{url}/healthz"))[1]) == {"office": "serving"}
        assert await answer(f"{url}/readyz") == (200, '{"office": {"state": "serving", "why": null}}')
        await pbx.line("1000").set_do_not_disturb(True)
        status, text = await answer(f"{url}/metrics")
        assert status == 200
        for line in ("lines", "serving", "commands_done_total", "epochs_total"):
            value = {"lines": 4}.get(line, 1)
            assert f'aiopbx_bridge_{line}{{system="office",shard="0-of-1"}} {value}\n' in text
        assert {"at", "level", "logger", "message"} <= set(log.lines[0])

        one.faults.delay(5.0)
        command = asyncio.create_task(pbx.line("1000").set_do_not_disturb(False))
        await until(lambda: one.faults._delayed)
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.05)
        assert process.poll() is None  # it waits for the command
        one.faults.delay(0)
        one.clock.advance(5.0)
        await command
        await until(lambda: process.poll() is not None, 30)
        assert process.returncode == 0
        await until(lambda: pbx.status is Status.OFFLINE)
        assert "was stopped" in str(pbx.error)
        assert not one.switch.users["oxe1000"].do_not_disturb
        assert one.sessions == 0
        assert not [line for line in log.lines if line["level"] == "error"]
        assert "admin" not in (tmp_path / "bridge.log").read_text()


async def test_it_ends_on_ctrl_c_in_this_process_as_well(bridged: Bridged, tmp_path: Path) -> None:
    """In the process of the tests, which sees how it works."""
    async with bridged() as one:
        before = signal.getsignal(signal.SIGTERM)
        async with here(written(one, tmp_path)) as running:
            pbx = await online(one)
            assert pbx.status is Status.ONLINE
            os.kill(os.getpid(), signal.SIGINT)
            assert await running == 0
        assert signal.getsignal(signal.SIGTERM) is before
        await until(lambda: pbx.status is Status.OFFLINE)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"shard": "4/4"}, ("shard:", "0/4, 1/4, 2/4 and 3/4")),
        ({"broker": {}}, ("broker.url:", "is missing")),
        ({"broker": {"url": "mqtt://broker.example.com", "pasword": "x"}}, ("broker.pasword:", "password_file")),
        ({"systems": {}}, ("systems:", "at least 1")),
        ({"systems": {"office": {"url": "https://pbx.example.com"}}}, ("systems.office.username:",)),
        (
            {"systems": {"office": {"url": "https://pbx.example.com", "username": "a", "password_file": "none"}}},
            ("systems.office.password_file:", "Make it readable"),
        ),
        ({"http": {"port": 99999}}, ("http.port:", "65535")),
        ({"drain_timeout": -1}, ("drain_timeout:", "0")),
    ],
)
def test_a_mistake_is_one_line_with_field_and_remedy(
    changes: dict[str, Any], words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    system = {"url": "https://pbx.example.com", "username": "admin", "password": "correct-horse"}
    values = {"broker": {"url": "mqtt://broker.example.com"}, "systems": {"office": system}, **changes}
    path = tmp_path / "bridge.yaml"
    path.write_text(yaml.safe_dump(values))
    with logging_kept():
        assert run(["bridge", "--config", str(path), "--check"]) == 2
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1, said
    for word in words:
        assert word in said, said
    assert "correct-horse" not in said


def test_check_says_what_it_has_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bridge.yaml"
    path.write_text(
        "broker: {url: mqtt://broker.example.com}\n"
        "systems: {office: {url: https://pbx.example.com, username: admin, password: secret}}\n"
    )
    with logging_kept():
        assert run(["bridge", "--config", str(path), "--shard", "1/4", "--check"]) == 0
        assert capsys.readouterr().err == f"{path}: 1 systems, shard 1/4.\n"
        assert run(["bridge", "--config", str(tmp_path / "none.yaml"), "--check"]) == 2
    assert "none.yaml" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"systems": "wrong"}, "the login"),
        ({"http": "taken"}, "http.port: "),
    ],
)
async def test_what_time_does_not_mend_ends_it(
    bridged: Bridged, tmp_path: Path, changes: dict[str, str], words: str
) -> None:
    async with bridged() as one:
        made: dict[str, Any] = {}
        if "systems" in changes:
            made["systems"] = {"office": {"url": one.simulator.url, "username": "admin", "password": "wrong-password"}}
        else:
            made["http"] = {"port": one.broker.port}
        async with here(written(one, tmp_path, **made)) as running:
            with pytest.raises(PbxError, match=words) as raised:
                await asyncio.wait_for(running, 30)
        assert raised.value.remedy
        assert "wrong-password" not in str(raised.value)


# ------------------------------------------------------------------------------------------------ what the broker lacks


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Log:
    """What the command logs in this process."""
    parts: list[str] = []

    def read() -> str:
        parts.append(capsys.readouterr().err)
        return "".join(parts)

    return Log(read)


@pytest.mark.parametrize("name", ["mosquitto", "mosquitto-newest"])
async def test_it_says_what_the_broker_lacks(bridged: Bridged, tmp_path: Path, name: str, log: Log) -> None:
    poor = ("max_queued_messages 300", "max_inflight_messages 20", "max_packet_size 65536", "persistence false")
    async with bridged(*poor, name=name) as one, here(written(one, tmp_path)) as running:
        await until(lambda: log.said("max_queued_messages 1000000"), 30)
        await until(lambda: log.said("max_inflight_messages 1000"), 30)
        await until(lambda: log.said("raise max_packet_size"), 30)
        await until(lambda: log.said("serving 4 lines"), 30)
        one.broker.kill()
        one.broker.start()
        await until(lambda: log.said("has forgotten what was retained"), 30)
        assert "persistence true" in str(log.said("has forgotten what was retained"))
        os.kill(os.getpid(), signal.SIGTERM)
        assert await running == 0


async def test_a_good_broker_is_not_criticised(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "broker", "max_queued_messages 1000000", "max_inflight_messages 1000").start()
    try:
        address = Address(host="127.0.0.1", port=broker.port)
        assert await queue_of(address, "test/probe") == PLENTY
    finally:
        broker.stop()


async def test_a_broker_without_retained_messages_ends_it(bridged: Bridged, tmp_path: Path) -> None:
    async with bridged("retain_available false", "max_qos 0") as one, here(written(one, tmp_path)) as running:
        with pytest.raises(BrokerUnfit, match="has no retained messages, QoS 1") as raised:
            await asyncio.wait_for(running, 30)
        assert "Switch them on" in str(raised.value.remedy)


async def test_a_broker_of_an_older_protocol_ends_it(bridged: Bridged, tmp_path: Path) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"\x20\x02\x00\x01")  # as one of 3.1.1 answers
        await reader.read()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with bridged() as one, server:
        port = server.sockets[0].getsockname()[1]
        config = written(one, tmp_path, broker={"url": f"mqtt://127.0.0.1:{port}"})
        async with here(config) as running:
            with pytest.raises(BrokerUnfit, match="does not speak MQTT 5") as raised:
                await asyncio.wait_for(running, 30)
        assert "Mosquitto 2" in str(raised.value.remedy)
        assert raised.value.reason == "broker_version"
