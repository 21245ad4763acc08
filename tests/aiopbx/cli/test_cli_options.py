"""The options of the connection: the same for every command, from the command line, the environment or a file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer

import aiopbx as library
from aiopbx.cli.command import command
from aiopbx.cli.options import Connection

from .conftest import logging_kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .conftest import Command

    Parse = Callable[..., library.ConnectionSettings]

CONNECTED = (
    "watch", "dial", "probe", "log", "voicemail list", "voicemail save", "voicemail mark", "voicemail delete",
    "caller-id", "directory", "agent", "queue", "charging", "call",
)  # fmt: skip
ALL = ("simulate", "replay", "bridge", "lab", *CONNECTED)
OPTIONS = {
    "--system": "AIOPBX_SYSTEM",
    "--url": "AIOPBX_URL",
    "--user": "AIOPBX_USERNAME",
    "--password": "AIOPBX_PASSWORD",
    "--enterprise": "AIOPBX_ENTERPRISE",
    "--ca-file": "AIOPBX_CA_FILE",
    "--tls": "AIOPBX_TLS",
    "--config": "AIOPBX_SETTINGS",
}


@pytest.mark.parametrize("name", CONNECTED)
def test_help_lists_every_option_of_the_connection(aiopbx: Command, name: str) -> None:
    ran = aiopbx(*name.split(), "--help")
    assert ran.code == 0, ran.err
    text = " ".join(ran.out.partition("\nConnection:\n")[2].split())
    for option, variable in OPTIONS.items():
        assert option in text
        assert variable in text


@pytest.mark.parametrize("name", ALL)
def test_help_describes_every_option(aiopbx: Command, name: str) -> None:
    ran = aiopbx(*name.split(), "--help")
    assert ran.code == 0, ran.err
    assert "--debug" in ran.out
    lines = ran.out.splitlines()
    bare = [
        line
        for line, after in zip(lines, [*lines[1:], ""], strict=True)
        if line.startswith("  -") and "  " not in line.strip() and not after.startswith("       ")
    ]
    assert not bare


def test_the_list_of_commands_is_complete(aiopbx: Command) -> None:
    ran = aiopbx("--help")
    assert ran.code == 0, ran.err
    listed = [line.split()[0] for line in ran.out.partition("Commands:\n")[2].splitlines()]
    assert sorted(listed) == sorted({name.split()[0] for name in ALL})
    assert "..." not in ran.out.partition("Commands:\n")[2], "a summary is cut off"


def test_version(aiopbx: Command) -> None:
    ran = aiopbx("--version")
    assert (ran.code, ran.out) == (0, f"aiopbx {library.__version__}\n")


# typer itself checks the values of a command's options with pydantic
@pytest.mark.parametrize(
    ("arguments", "more"),
    [(["--help"], {"pydantic"}), (["--version"], {"pydantic"}), (["watch", "--help"], set()), (["dial"], set())],
)
def test_nothing_is_imported_that_does_not_run(arguments: list[str], more: set[str]) -> None:
    """Help is what a newcomer waits for, and completion runs all of this whenever the tab key is pressed."""
    script = f"""
import sys, aiopbx, aiopbx.cli
before = set(sys.modules)
sys.argv = ["aiopbx", *{arguments!r}]
try:
    aiopbx.cli.main()
except SystemExit:
    pass
print("NEW", *(set(sys.modules) - before))
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    new = set(ran.stdout.rpartition("NEW ")[2].split())
    assert "aiopbx.cli.app" in new
    ours = {name for name in new if name.startswith("aiopbx")}
    assert ours <= {f"aiopbx.cli.{name}" for name in ("app", "command", "options", "output")}
    assert not {name for name in new if name.split(".")[0] in {"rich", "cryptography", "yaml"} | more}


@pytest.fixture
def parse(monkeypatch: pytest.MonkeyPatch) -> Iterator[Parse]:
    """Give a function that makes settings of what is typed after a command."""
    for name in [name for name in os.environ if name.startswith("AIOPBX_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    with logging_kept():
        yield _parse


def _parse(*arguments: str) -> library.ConnectionSettings:
    made: list[library.ConnectionSettings] = []
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.command()
    @command
    def show(connection: Connection) -> int:
        made.append(connection.settings())
        return 0

    if (code := app(list(arguments), standalone_mode=False)) != 0:
        raise SystemExit(code)
    return made[0]


LOGIN = ("--url", "https://pbx.example.com", "--user", "admin", "--password", "x")


@pytest.mark.parametrize(
    ("option", "field", "values"),
    [
        ("--url", "url", ("https://a.example.com", "https://b.example.com", "https://c.example.com")),
        ("--user", "username", ("anna", "bert", "cora")),
        ("--tls", "tls", ("none", "verify", "none")),
    ],
)
def test_typed_wins_over_the_environment_and_that_over_the_file(
    parse: Parse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, option: str, field: str, values: tuple[str, ...]
) -> None:
    typed, environment, file = values
    config = tmp_path / "pbx.toml"
    lines = {"url": "https://pbx.example.com", "username": "admin", "password": "x"} | {field: file}
    config.write_text("".join(f'{name} = "{value}"\n' for name, value in lines.items()), encoding="utf-8")
    assert getattr(parse("--config", str(config)), field) == file
    monkeypatch.setenv(OPTIONS[option], environment)
    assert getattr(parse("--config", str(config)), field) == environment
    assert getattr(parse("--config", str(config), option, typed), field) == typed


def test_the_environment_may_name_the_file(parse: Parse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(f"username: {name}\nlines: ['{name}']\n", encoding="utf-8")
    monkeypatch.setenv("AIOPBX_SETTINGS", str(tmp_path / "one.yaml"))
    rest = ("--url", "https://pbx.example.com", "--password", "x")
    assert parse(*rest).username == "one"
    settings = parse(*rest, "--config", str(tmp_path / "two.yaml"))
    assert (settings.username, settings.lines) == ("two", ("two",)), "the file that was typed, and nothing of the other"


def test_settings_without_an_option_come_from_the_environment(parse: Parse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIOPBX_LINES", "1000,1001")
    monkeypatch.setenv("AIOPBX_DIAL_POLICY__DENIED", "0*")
    settings = parse(*LOGIN)
    assert settings.lines == ("1000", "1001")
    assert settings.dial_policy.denied == ("0*",)


def test_a_file_needs_no_password(parse: Parse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = tmp_path / "pbx.yaml"
    config.write_text("url: https://pbx.example.com\nusername: admin\n", encoding="utf-8")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda prompt: f"typed after {prompt}")
    settings = parse("--config", str(config))
    assert settings.password.get_secret_value() == "typed after Password of admin: "


@pytest.mark.parametrize("missing", [["--url"], ["--user"], ["--password"], ["--url", "--user", "--password"]])
def test_other_mistakes_are_reported_before_what_is_missing(
    parse: Parse, capsys: pytest.CaptureFixture[str], missing: list[str]
) -> None:
    given = [
        part
        for name, value in zip(LOGIN[::2], LOGIN[1::2], strict=True)
        if name not in missing
        for part in (name, value)
    ]
    with pytest.raises(SystemExit, match="2"):
        parse(*given, "--tls", "perhaps")
    assert capsys.readouterr().err.startswith("error: tls:")
