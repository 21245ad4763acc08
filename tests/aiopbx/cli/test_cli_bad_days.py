"""Wrong input and bad days: one clear line, the remedy, an exit code, and nothing else changes."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Command, Served

CONNECTED = (["watch", "--seconds", "0"], ["dial", "1001"])


@pytest.mark.parametrize("command", CONNECTED)
@pytest.mark.parametrize("url", ["htp://pbx.example.com", "https://", "https://a b", "https://user:x@pbx.example.com"])
def test_a_malformed_url(aiopbx: Command, command: list[str], url: str) -> None:
    ran = aiopbx(*command, "--url", url, "--user", "admin", "--password", "admin")
    assert ran.code == 2
    assert ran.error.startswith("error: url:")


def test_a_malformed_url_to_probe(aiopbx: Command) -> None:
    ran = aiopbx("probe", "htp://pbx.example.com")
    assert ran.code == 2
    assert ran.error.startswith("error: url:")
    assert not ran.out


@pytest.mark.parametrize("command", CONNECTED)
def test_an_unreachable_host(aiopbx: Command, command: list[str]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    ran = aiopbx(*command, "--url", f"http://127.0.0.1:{port}", "--user", "admin", "--password", "admin")
    assert ran.code == 3
    assert f"127.0.0.1:{port}" in ran.error
    assert "Check" in ran.error


@pytest.mark.parametrize("command", CONNECTED)
def test_a_certificate_that_does_not_verify(aiopbx: Command, tls_pbx: Served, command: list[str]) -> None:
    ran = aiopbx(*command, "--url", tls_pbx.url, "--user", "admin", "--password", "admin")
    assert ran.code == 3
    assert "ertificate" in ran.error
    assert "ca_file" in ran.error
    assert not ran.out


@pytest.mark.parametrize("trust", ["ca_file", "none"])
def test_a_certificate_that_is_trusted(aiopbx: Command, tls_pbx: Served, trust: str) -> None:
    option = ["--tls", "none"] if trust == "none" else ["--ca-file", str(tls_pbx.simulator.certificate_path)]
    ran = aiopbx(
        "watch", "--plain", "--seconds", "0.2", "--url", tls_pbx.url, "--user", "admin", "--password", "admin", *option
    )
    assert ran.code == 0, ran.err
    assert "1000 Ada Brooks: idle" in ran.out


@pytest.mark.parametrize("command", CONNECTED)
def test_wrong_credentials(aiopbx: Command, pbx: Served, command: list[str]) -> None:
    ran = aiopbx(*command, "--url", pbx.url, "--user", "admin", "--password", "a-wrong-one")
    assert ran.code == 3
    assert "login" in ran.error
    assert "Check user name and password." in ran.error
    assert "a-wrong-one" not in ran.err + ran.out


@pytest.mark.parametrize("command", CONNECTED)
def test_a_user_without_a_telephony_licence(aiopbx: Command, unlicensed_pbx: Served, command: list[str]) -> None:
    ran = aiopbx(*command, "--url", unlicensed_pbx.url, "--user", "nothing", "--password", "secret")
    assert ran.code == 4
    assert "nothing has no licence for telephony at all" in ran.error
    assert "Have TELEPHONY_ADVANCED assigned to the user, or TELEPHONY_BASIC" in ran.error
    assert not ran.out
    assert not unlicensed_pbx.simulator.server.sessions, "nothing is left running"


def test_a_user_with_the_basic_licence(aiopbx: Command, unlicensed_pbx: Served) -> None:
    login = ["--url", unlicensed_pbx.url, "--user", "basic", "--password", "secret"]
    ran = aiopbx("watch", "--plain", "--seconds", "0", *login)
    assert (ran.code, ran.out.split()[0]) == (0, "1100:"), ran.err
    ran = aiopbx("dial", "1001", "--associated-data", "x", *login)
    assert ran.code == 4
    assert "TELEPHONY_ADVANCED" in ran.error


def test_an_unknown_line(aiopbx: Command, as_admin: list[str]) -> None:
    ran = aiopbx("dial", "1001", "--line", "4711", *as_admin)
    assert ran.code == 2
    assert "4711" in ran.error
    assert "oxe1000" in ran.error


def test_a_line_is_missing(aiopbx: Command, as_admin: list[str]) -> None:
    ran = aiopbx("dial", "1001", *as_admin)
    assert ran.code == 2
    assert "error: line:" in ran.error
    assert "1000" in ran.error


# These are refused before anything is sent: the address would not even answer.
NOWHERE = ["--url", "http://127.0.0.1:1", "--user", "admin", "--password", "admin", "--line", "1000"]


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("", "is empty"),
        ("+", "no digit"),
        ("12x", "letters"),
        ("1" * 50, "longer than 49"),
        ("0015550123;1", "pause"),
        ("1000\n1001", "several lines"),
    ],
)
def test_a_number_that_cannot_be_dialled(aiopbx: Command, number: str, why: str) -> None:
    ran = aiopbx("dial", number, *NOWHERE)
    assert ran.code == 2
    assert "error: number:" in ran.error
    assert why in ran.error


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (["--private"], "pin"),
        (["--private", "--pin", "1"], "secret_code"),
        (["--secret-code", "1"], "pin"),
        (["--pin", "1", "--secret-code", "1", "--business-code", "7"], "business_code"),
        (["--calling-number", "x"], "calling_number"),
    ],
)
def test_a_private_call_needs_its_codes(aiopbx: Command, options: list[str], field: str) -> None:
    ran = aiopbx("dial", "1001", *options, *NOWHERE)
    assert ran.code == 2
    assert f"error: {field}:" in ran.error


@pytest.mark.parametrize("data", ["x" * 33, "é" * 17])
def test_associated_data_over_32_bytes(aiopbx: Command, data: str) -> None:
    ran = aiopbx("dial", "1001", "--associated-data", data, *NOWHERE)
    assert ran.code == 2
    assert "error: associated_data:" in ran.error
    assert "32 bytes" in ran.error


def test_an_action_that_is_not_offered(aiopbx: Command, pbx: Served, as_admin: list[str]) -> None:
    """The telephone is dialling, so it offers no other call; the one that is there goes on."""
    switch = pbx.simulator.switch
    ref = pbx.call(lambda: switch.make_call("oxe1002", "1002", "1003", auto_answer=True).ref)
    before = pbx.call(lambda: pbx.simulator.state()["users"]["oxe1002"])
    try:
        ran = aiopbx("dial", "1001", "--line", "1002", *as_admin)
        after = pbx.call(lambda: pbx.simulator.state()["users"]["oxe1002"])
    finally:
        pbx.call(lambda: switch.drop("oxe1002", ref))
    assert ran.code == 4
    assert "dial: device 1002 does not offer this now." in ran.error
    assert "It offers" in ran.error
    assert after == before
    assert len(after["calls"]) == 1
    assert not pbx.simulator.server.sessions, "nothing is left running"


@pytest.mark.parametrize(
    "wrong",
    [
        ["dial", "12x", "--line", "1000"],
        ["dial", "1001", "--line", "1000", "--private"],
        ["dial", "1001", "--line", "1000", "--associated-data", "x" * 33],
        ["watch", "--plain", "--json"],
        ["watch", "--ca-file", "/nowhere.pem"],
    ],
)
def test_mistakes_are_reported_before_anything_is_sent(
    aiopbx: Command, pbx: Served, as_admin: list[str], wrong: list[str]
) -> None:
    before = pbx.simulator.server.requests
    ran = aiopbx(*wrong, *as_admin)
    assert ran.code == 2
    assert pbx.simulator.server.requests == before


@pytest.mark.parametrize("missing", ["url", "username", "password"])
def test_something_is_missing(aiopbx: Command, missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"url": "https://pbx.example.com", "username": "admin", "password": "x"}
    names = {"url": "--url", "username": "--user", "password": "--password"}
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    given = [part for name, value in options.items() if name != missing for part in (names[name], value)]
    ran = aiopbx("watch", *given)
    assert ran.code == 2
    assert f"error: {missing}: is missing" in ran.error
    assert "AIOPBX_" in ran.error


def test_the_password_is_asked_for_and_not_shown(aiopbx: Command, pbx: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda prompt: "admin")
    ran = aiopbx("watch", "--plain", "--seconds", "0", "--url", pbx.url, "--user", "admin")
    assert ran.code == 0, ran.err
    monkeypatch.setattr("getpass.getpass", lambda prompt: "")
    ran = aiopbx("watch", "--seconds", "0", "--url", pbx.url, "--user", "admin")
    assert ran.code == 2
    assert "password: is empty" in ran.error


def test_settings_from_the_environment_and_a_file(
    aiopbx: Command, pbx: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "pbx.yaml"
    config.write_text(f"url: {pbx.url}\nusername: somebody\npassword: wrong\nlines: [oxe1001]\n", encoding="utf-8")
    monkeypatch.setenv("AIOPBX_USER", "admin")
    ran = aiopbx("watch", "--plain", "--seconds", "0", "--config", str(config), "--password", "admin")
    assert ran.code == 0, ran.err
    assert ran.out.splitlines() == ["1001 Ben Castillo: idle"]


@pytest.mark.parametrize(
    ("content", "said"), [("url: [", "YAML"), ("colour: red\nurl: x", "colour"), ("- 1", "settings")]
)
def test_a_file_without_settings(aiopbx: Command, tmp_path: Path, content: str, said: str) -> None:
    config = tmp_path / "pbx.yaml"
    config.write_text(content, encoding="utf-8")
    ran = aiopbx("watch", "--config", str(config))
    assert ran.code == 2
    assert said in ran.error


def test_a_ca_file_that_does_not_exist(aiopbx: Command, tls_pbx: Served, tmp_path: Path) -> None:
    ran = aiopbx(
        "watch", "--url", tls_pbx.url, "--user", "admin", "--password", "admin", "--ca-file", str(tmp_path / "none.pem")
    )
    assert ran.code == 2
    assert "ca_file" in ran.error


@pytest.mark.parametrize(
    "arguments",
    [["watch", "--nonsense"], ["dial"], ["nothing"], ["watch", "--plain", "--json"], ["simulate", "--users", "0"]],
)
def test_usage_errors(aiopbx: Command, arguments: list[str]) -> None:
    ran = aiopbx(*arguments)
    assert ran.code == 2
    assert "Traceback" not in ran.err


def test_debug_shows_the_traceback(aiopbx: Command) -> None:
    with pytest.raises(Exception, match="cannot be dialled"):
        aiopbx("dial", "12x", "--debug", *NOWHERE)


def test_a_defect_is_one_line_too(aiopbx: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiopbx.cli.options.Connection.settings", lambda *_: 1 / 0)
    ran = aiopbx("watch")
    assert ran.code == 1
    assert "ZeroDivisionError" in ran.error
    assert "--debug" in ran.error


def test_without_the_extra_it_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from aiopbx import cli

    monkeypatch.setattr(cli, "find_spec", lambda name: None)
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 2
    assert "pip install 'aiopbx[cli]'" in capsys.readouterr().err
