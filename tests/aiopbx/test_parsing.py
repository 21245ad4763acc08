"""Text that people write: what is deep, endless or ambiguous is refused before or while it is parsed."""

import json
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec
import pytest

from aiopbx import ConnectionSettings, DialPolicy, InvalidInput, replay
from aiopbx.cli import call
from aiopbx.o2g.services import OPERATIONS
from aiopbx.policy import DialGuard
from aiopbx.requests import Requests
from aiopbx.settings.parsing import DEEPEST, LONGEST_NUMBER, Unparsable, check_keys, parse_json, parse_toml
from aiopbx.settings.yaml_loader import LARGEST, parse_yaml
from aiopbx.simulator.replay import Capture
from aiopbx.simulator.scenarios.model import load_scenario, parse_scenario

READERS = {"json": parse_json, "toml": parse_toml, "yaml": lambda text: parse_yaml(text)[1]}
LONG = "7" * (LONGEST_NUMBER + 200)


def deep(levels: int) -> str:
    """A list in a list, in brackets that JSON, TOML and YAML share."""
    return "[" * levels + "]" * levels


def refused(kind: str, text: str) -> Unparsable:
    with pytest.raises(Unparsable) as caught:
        READERS[kind](text)
    return caught.value


def within(kind: str, levels: int) -> str:
    """A mapping with this many levels in all."""
    inner = deep(levels - 1)
    return {"json": f'{{"a": {inner}}}', "toml": f"a = {inner}", "yaml": f"a: {inner}"}[kind]


@pytest.mark.parametrize("kind", READERS)
def test_as_deep_as_may_be(kind: str) -> None:
    assert isinstance(READERS[kind](within(kind, DEEPEST)), dict)
    error = refused(kind, within(kind, DEEPEST + 1))
    assert error.bound
    assert "nested more than 50 deep" in error.problem


@pytest.mark.parametrize("kind", READERS)
def test_brackets_in_text_are_no_levels(kind: str) -> None:
    text = "[{" * DEEPEST + r"\"]" + "'"
    assert READERS[kind]({"json": f'{{"a": "{text}"}}', "toml": f'a = "{text}"', "yaml": f'a: "{text}"'}[kind])


@pytest.mark.parametrize(
    ("kind", "text", "line"),
    [
        ("toml", ".".join("a" * (DEEPEST + 1)) + ".b = 1", 1),
        ("toml", "x = 1\n" + " . ".join(['"a"'] * (DEEPEST + 2)) + " = 1", 2),
        ("toml", "[" + ".".join("a" * DEEPEST) + "]\nb.c = 1", None),
        ("toml", "x = '''\n'''''\na = " + deep(DEEPEST + 1), 3),
        ("toml", 'x = """\n\\""""""\na = ' + deep(DEEPEST + 1), 3),
        ("toml", "# it's\na = '[' # \"\nb = " + deep(DEEPEST + 1), 3),
        ("yaml", "\n".join(" " * level + "a:" for level in range(DEEPEST + 2)), DEEPEST + 1),
        ("yaml", "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, DEEPEST + 1)), DEEPEST + 1),
        ("json", '{"a":\n' + deep(DEEPEST + 1) + "}", 2),
    ],
)
def test_levels_in_other_ways(kind: str, text: str, line: int | None) -> None:
    error = refused(kind, text)
    assert "nested" in error.problem
    assert error.line == line


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("sign", ["", "-"])
def test_long_numbers(kind: str, sign: str) -> None:
    def text(digits: str) -> str:
        return {"json": f'{{"a":\n{sign}{digits}}}', "toml": f"\na = {sign}{digits}", "yaml": f"\na: {sign}{digits}"}[
            kind
        ]

    most = LONGEST_NUMBER - len(sign)
    assert READERS[kind](text("7" * most)) == {"a": int(sign + "7" * most)}
    error = refused(kind, text(LONG))
    assert "a number of more than 100 digits" in error.problem
    assert error.line == 2
    assert READERS[kind]({"json": f'{{"a": "{LONG}"}}', "toml": f'a = "{LONG}"', "yaml": f'a: "{LONG}"'}[kind])


def test_many_short_numbers() -> None:
    """It is one number that may not be long, and one key that may not have many parts."""
    numbers = ", ".join(["1.5"] * 200)
    assert parse_json(f"[{numbers}]") == parse_toml(f"a = [{numbers}]")["a"] == [1.5] * 200
    assert len(parse_toml("\n".join(f"a.b{number} = 1" for number in range(200)))["a"]) == 200


@pytest.mark.parametrize(
    ("kind", "text", "line"),
    [
        ("json", '{"a": 1, "a": 1}', None),
        ("json", '[{"b": {"a": 1, "c": 2, "\\u0061": 3}}]', None),
        ("toml", "a = 1\na = 2\nb = 3", 2),
        ("toml", "[a]\nb = 1\n[a]\nc = 1", 3),
        ("yaml", "a: 1\nb: 2\na: 3", 3),
        ("yaml", "x:\n  - {a: 1, 'a': 2}", 2),
    ],
)
def test_the_same_key_twice(kind: str, text: str, line: int | None) -> None:
    error = refused(kind, text)
    assert error.line == line
    assert error.problem == ("cannot be parsed" if kind == "toml" else "has the same key twice")


def test_yaml_may_refer_to_what_it_has() -> None:
    text = "base: &base {a: 1, b: 2}\nmine: {<<: *base, b: 3}\nagain: *base\n? [x]\n: y\n"
    with pytest.raises(Unparsable) as caught:  # a list as a key is YAML, and nothing that Python could look up
        parse_yaml(text)
    assert not caught.value.bound
    _, values = parse_yaml(text.partition("?")[0])
    assert values == {"base": {"a": 1, "b": 2}, "mine": {"a": 1, "b": 3}, "again": {"a": 1, "b": 2}}


def test_references_that_multiply() -> None:
    """Each line is ten times the one before. The values are counted, and never made."""
    text = "a0: &a0 [" + "x, " * 9 + "x]\n"
    text += "".join(f"a{n}: &a{n} [" + f"*a{n - 1}, " * 9 + f"*a{n - 1}]\n" for n in range(1, 8))
    error = refused("yaml", text)
    assert error.problem == f"has more than {LARGEST} values"
    assert error.line == 5
    assert "itself" in refused("yaml", "a: &a\n  - *a").problem


@pytest.mark.parametrize(
    "text",
    ["a: 2001-02-30", "a: !!int x", "a: !!bool perhaps", "a: !!timestamp x", 'a: "\\Uffffffff"', "a: *no", "a: !x 1"],
)
def test_yaml_that_its_own_parser_trips_over(text: str) -> None:
    assert not refused("yaml", "b: 1\n" + text).bound


@pytest.mark.parametrize("text", [b"\xff", '"\ud800"', '"\\ud800"', "NaN", "{", '"', "[1,]", ""])
def test_no_json(text: str | bytes) -> None:
    with pytest.raises(Unparsable) as caught:
        parse_json(text)
    assert not caught.value.bound


@pytest.mark.parametrize("text", ["a = 1979-13-01", "a = 25:00:00", "a = [", "a = '", 'a = """x', "a = 1 2"])
def test_no_toml(text: str) -> None:
    assert not refused("toml", text).bound


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        "{" * 200_000,
        '"' * 200_000,
        "'" * 200_000,
        '"""\n' * 50_000,
        "'''\n'" * 40_000,
        "a." * 100_000,
        "7" * 200_000,
    ],
    ids=["lists", "mappings", "quotes", "apostrophes", "long quotes", "long apostrophes", "dots", "digits"],
)
@pytest.mark.parametrize("kind", ["json", "toml"])
def test_what_is_refused_is_refused_at_once(kind: str, text: str) -> None:
    start = perf_counter()
    refused(kind, text if kind == "json" else "a = " + text)
    assert perf_counter() - start < 2


def test_deep_in_other_calls() -> None:
    """Whoever calls from far down gets the same error, and no RecursionError; or it is read (since 3.14, JSON is)."""

    def down(levels: int, kind: str) -> str:
        if levels:
            return down(levels - 1, kind)
        try:
            READERS[kind](within(kind, DEEPEST))
        except Unparsable as error:
            return error.problem
        return ""

    frame, used = sys._getframe(), 0
    while frame.f_back is not None:
        frame, used = frame.f_back, used + 1
    problems = [down(sys.getrecursionlimit() - used - 60, kind) for kind in READERS]
    assert any(problems)
    assert all("nested" in problem for problem in problems if problem)


# ------------------------------------------------------------------------------------------------ whoever reads files


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.yaml", f"url: pbx\nwebhook: {deep(DEEPEST + 1)}", "nested more than 50 deep in line 2"),
        ("a.toml", f"url = 'pbx'\nwebhook = {deep(DEEPEST + 1)}", "nested more than 50 deep in line 2"),
        ("a.yaml", f"url: pbx\npassword: {LONG}", "a number of more than 100 digits in line 2"),
        ("a.toml", f"url = 'pbx'\npassword = {LONG}", "a number of more than 100 digits in line 2"),
        ("a.yaml", "password: one\nurl: pbx\npassword: two", "has the same key twice in line 3"),
        ("a.toml", "password = 'one'\nurl = 'pbx'\npassword = 'two'\n", "cannot be parsed in line 3"),
        ("a.yaml", "#" * 250_001, "larger than 250000 bytes"),
    ],
)
def test_settings(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InvalidInput, match=said) as caught:
        ConnectionSettings.from_file(tmp_path / name)
    assert caught.value.field == "file"
    assert "777" not in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize("read", [ConnectionSettings.from_file, load_scenario])
def test_a_path_that_no_system_takes(read: Any) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        read(Path("a\0b.yaml"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"name: x\nusers: {deep(DEEPEST + 1)}", "line 2: is nested more than 50 deep"),
        ("name: x\nusers: []\nname: y", "line 3: name stands there twice"),
        ("name: x\nusers: !!int x", "line 2: cannot be read"),
        (f"name: x\nusers: !!int {LONG}", "line 2: has a number of more than 100 digits"),
        ("a: &a {x: 1, <<: {y: 2}}\nb: {<<: *a}\nc: {<<: [*a, *a]}", "is missing. (4 more)"),
    ],
)
def test_scenarios(text: str, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_scenario(text, name="mine.yaml")
    assert said in str(caught.value)


def test_a_number_in_a_scenario_is_text() -> None:
    with pytest.raises(InvalidInput, match="does not fit"):
        parse_scenario(f"name: x\nusers: [{{login: a, number: {LONG}}}]")


HEADER = {
    "format": "aiopbx recording",
    "version": 1,
    "at": "2026-01-05T09:30:00Z",
    "info": {},
    "status": "online",
    "wire": False,
    "lines": 1,
}
LINE = '{"t":0.0,"kind":"line","line":"oxe1000","set":{"number":"1000"}}'


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('{"t":1.0,"kind":"line","line":"oxe1000","t":2.0}', "has the same key twice"),
        ('{"t":1.0,"kind":"line","line":"oxe1000","set":{"name":"A","name":"B"}}', "has the same key twice"),
        (
            '{"t":1.0, "kind":"line", "line":"oxe1000", "set":{"more":' + deep(DEEPEST) + "}}",
            "nested more than 50 deep",
        ),
        ('{"t":1.0,"kind":"line","line":"oxe1000","set":{"name":' + LONG + "}}", "number"),
    ],
)
async def test_recordings(tmp_path: Path, row: str, said: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join([json.dumps(HEADER), LINE, row, '{"t":3.0,"kind":"end"}', ""]))
    with pytest.raises(InvalidInput, match=f"line 3 of .*{said}"):
        await replay(path)


@pytest.mark.parametrize(
    "header", [json.dumps(HEADER)[:-1] + ', "wire": true}', json.dumps(HEADER)[:-1] + f', "x": {deep(60)}}}']
)
async def test_headers_of_recordings(tmp_path: Path, header: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(header + "\n" + LINE + "\n")
    with pytest.raises(InvalidInput, match=r"line 1 of .*(twice|nested)"):
        await replay(path)


async def test_a_line_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiopbx.recording.replay.LONGEST", 1 << 20)
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(HEADER) + "\n" + LINE + " " * (1 << 20) + "\n")
    with pytest.raises(InvalidInput, match="longer than 1 MiB"):
        await replay(path)


def test_rows_with_many_brackets_in_text() -> None:
    check_keys(msgspec.json.encode({"body": "[" * 2 * DEEPEST, "b": {"c": 1.0}}))
    check_keys(b'{ "spaced" : [ 1e2 ] }\n')


def test_captures_keep_what_is_too_deep() -> None:
    """Servers send anything; what is no event is kept as it came."""
    lines = (deep(5000).encode(), b'{"eventName": "OnChannelInformation"}')
    assert Capture.parse(b"\n".join(lines)).lines == lines


BODY = '{"deviceId": "1000", "callee": "1001", "deviceId": "1002"}'


@pytest.mark.parametrize("body", [BODY, f'{{"callee": {deep(DEEPEST + 1)}}}', f'{{"callee": {LONG}}}', "{"])
def test_bodies_of_requests(tmp_path: Path, body: str) -> None:
    requests = Requests(OPERATIONS)
    with pytest.raises(InvalidInput, match="body"):
        requests.prepare("make_call", {"body": body}, DialGuard(DialPolicy()))
    with pytest.raises(InvalidInput, match="body"):
        call._json(body)


def test_a_body_in_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(b"\xff")
    with pytest.raises(InvalidInput, match="UTF-8"):
        call._json(f"@{tmp_path / 'body'}")
