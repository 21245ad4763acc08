"""A plain IPython console: the client goes on at the prompt, or says that it does not."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from notebooks_kit.console_loop import RUNS, STANDS

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=[(), ("--simple-prompt",)], ids=["prompt", "simple-prompt"])
def console(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator["pexpect.spawn[str]"]:
    environment = {**os.environ, "TERM": "dumb", "IPYTHONDIR": str(tmp_path), "COLUMNS": "400"}
    child = pexpect.spawn(
        sys.executable,
        ["-m", "IPython", "--no-banner", "--colors=nocolor", *request.param],
        env=environment,
        cwd=str(ROOT),
        timeout=60,
        encoding="utf-8",
        dimensions=(50, 400),
    )
    child.expect(r"In \[1\]: ")
    yield child
    child.close(force=True)


def say(console: "pexpect.spawn[str]", line: str, expected: str) -> str:
    """Type a line, and return what was printed up to what is expected."""
    console.sendline(line)
    console.expect(expected)
    return str(console.before) + str(console.after)


def test_the_client_goes_on_at_the_prompt(console: "pexpect.spawn[str]", request: pytest.FixtureRequest) -> None:
    simple = "simple" in request.node.callspec.id
    say(console, "from notebooks_kit import connect", r"In \[2\]: ")
    said = say(console, "pbx = await connect(scenario='office')", r"In \[3\]: ")
    words = STANDS if simple else RUNS
    assert words.split(":")[0].split("(")[0].strip() in said.replace("\r\n", " ")
    say(console, "first = pbx.statistics.events", r"In \[4\]: ")
    if simple:
        say(console, "import time; time.sleep(2)", r"In \[5\]: ")
        say(console, "print('more:', pbx.statistics.events > first)", "more: False")
    else:
        # nothing is awaited: the prompt waits, and the office goes on
        for turn in range(60):
            console.sendline(f"print('more{turn}:', pbx.statistics.events > first)")
            console.expect(rf"more{turn}: (True|False)")
            if console.match.group(1) == "True":
                break
            with pytest.raises(pexpect.TIMEOUT):
                console.expect("no one says this", timeout=0.5)
        else:
            raise AssertionError("nothing has happened")
    say(console, "await pbx.close()", r"In \[\d+\]: ")
    console.sendline("exit")
    console.expect(pexpect.EOF)
