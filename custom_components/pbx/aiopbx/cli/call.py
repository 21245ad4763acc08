"""``aiopbx call``: any operation of a system by its name, with arguments made from its types."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from .. import ConnectionSettings, DialPolicy, InvalidInput, Operation, Parameter, ParameterPlace, connect
from ..http.download import Download
from ..istra.client import APPLICATIONS
from ..istra.services import operations_of
from ..numbers import Numbers
from ..o2g.services import OPERATIONS
from ..policy import DialGuard
from ..requests import Requests
from ..settings.parsing import Unparsable, parse_json
from .command import OK
from .options import SYSTEMS
from .output import console, print_json, print_line, print_note, progress


def requests_of(system: str = "o2g") -> Requests:
    """Return the operations of a kind of system."""
    return Requests(OPERATIONS if system == "o2g" else operations_of(APPLICATIONS[system]))


def operation_of(name: str, system: str = "o2g") -> Operation:
    """Return the operation with this name. Raises ``InvalidInput`` with similar names if there is none."""
    return requests_of(system).operations.find(name)


def names_of(operation: Operation) -> list[tuple[str, str]]:
    """Return what ``--arg`` can set, each with a description: parts of the path, the query, fields of the body."""
    return [(one.name, _description(one)) for one in operation.takes]


def _description(one: Parameter) -> str:
    if one.place is ParameterPlace.PATH:
        return "part of the path"
    need = "required" if one.required else "optional"
    return f"{one.words}, {need}{', in the body' if one.place is ParameterPlace.BODY else ''}"


def complete_operation(incomplete: str, system: str | None = None) -> list[tuple[str, str]]:
    """Return the operations that begin so, with what they do, for the shell."""
    begun = incomplete.replace("-", "_")
    known = _known(system)
    return [(name, one.summary) for name, one in sorted(known.items()) if name.startswith(begun)]


def _known(system: str | None) -> Mapping[str, Operation]:
    """Return the operations of the kind of system, which may be typed only halfway."""
    return requests_of(system if system in SYSTEMS else "o2g").operations


def complete_argument(operation: str | None, incomplete: str, system: str | None = None) -> list[tuple[str, str]]:
    """Return the arguments that begin so, with descriptions, for the shell."""
    found = _known(system).get((operation or "").replace("-", "_"))
    if found is None:
        return []
    return [(f"{name}=", what) for name, what in names_of(found) if name.startswith(incomplete)]


def print_list(system: str = "o2g") -> int:
    """Print every operation of a kind of system."""
    for name, one in sorted(requests_of(system).operations.items()):
        print_line(f"{name:32}{one.summary}")
    return OK


def explain(name: str, system: str = "o2g") -> int:
    """Print what an operation does and takes."""
    one = operation_of(name, system)
    print_line(f"{one.name}: {one.summary}")
    print_line(f"{one}")
    if system == "o2g":
        print_line(f"licence: {one.licence or 'none'}")
    for argument, what in names_of(one):
        print_line(f"  --arg {argument}=…   {what}")
    if one.body is not None:
        print_line(f"  --body JSON   {one.body.words}{'' if one.body.required else ', optional'}")
    return OK


def values_of(arguments: Iterable[str], body: str | None) -> dict[str, Any]:
    """Return the values typed, by name. Raises ``InvalidInput`` that names the field."""
    values: dict[str, Any] = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals or not name:
            raise InvalidInput("arg", f"{argument!r} names no value.", remedy="Write it as name=value.")
        values[name] = value
    if body is not None:
        values["body"] = _json(body)
    return values


def _json(text: str) -> dict[str, Any]:
    if text == "-":
        text = sys.stdin.read()
    elif text.startswith("@"):
        try:
            text = Path(text[1:]).read_text(encoding="utf-8")
        except OSError as error:
            raise InvalidInput("body", f"{text[1:]} cannot be read: {error.strerror}.") from None
        except UnicodeDecodeError:
            raise InvalidInput("body", f"{text[1:]} is not UTF-8 text.", remedy="Save it as UTF-8.") from None
    try:
        value = parse_json(text)
    except Unparsable as error:
        what = error.problem if error.bound else f"is no JSON: {error.detail}"
        raise InvalidInput("body", f"{what}.", remedy="Write an object, @FILE, or - to read it.") from None
    if not isinstance(value, dict):
        raise InvalidInput("body", "is no JSON object.", remedy='Write it like {"callee": "1001"}.')
    return value


def check(name: str, values: Mapping[str, Any], system: str = "o2g") -> None:
    """Raise ``InvalidInput`` for a request that would never be sent, whatever the account."""
    requests_of(system).prepare(name, values, DialGuard(DialPolicy()))


async def call(
    settings: ConnectionSettings,
    name: str,
    values: Mapping[str, Any],
    *,
    output: Path | None,
    as_json: bool,
) -> int:
    """Send the request and print the server's answer."""
    request = requests_of(settings.system).prepare(
        name, values, DialGuard(settings.dial_policy, numbers=Numbers(settings.number_plan))
    )
    async with connect(settings, lines=()) as pbx:
        answer = (await pbx.request(request)).value
        if isinstance(answer, Download):
            return await _save(answer, output, as_json=as_json)
        if answer is None:
            print_note("done")
        elif as_json:
            print_json(answer)
        else:
            plain = msgspec.to_builtins(answer)
            console().print_json(msgspec.json.encode(plain).decode())
    return OK


async def _save(answer: Download, output: Path | None, *, as_json: bool) -> int:
    if output is None:
        answer.close()
        raise InvalidInput("output", "is missing: the answer is a recording.", remedy="Say --output FILE.")
    with progress() as bar:
        task = bar.add_task(output.name, total=answer.size)
        async with answer:
            try:
                size = await answer.to_file(output, on_progress=lambda done: bar.update(task, completed=done))
            except OSError as error:
                raise InvalidInput("output", f"{output} cannot be written: {error.strerror}.") from None
    if as_json:
        print_json({"path": str(output), "bytes": size})
    else:
        print_line(f"{output}, {size} bytes")
    return OK
