"""``aiopbx call``: any operation of O2G by its name, with arguments made from its types."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, get_args, get_origin

import msgspec

from ..errors import InvalidInput
from ..o2g.client import O2gClient
from ..o2g.download import Download
from ..o2g.operations import OPERATIONS, Operation, Parameter
from ..o2g.rules import REDIRECT_WORDS
from ..o2g.types.base import Wire
from ..pbx import connect
from ..policy import DialGuard
from ..settings import ConnectionSettings
from . import errors, screen
from .shared import print_json, progress

_DIALLED: Final = frozenset({"callee", "redirect_to", "transfer_to", "number"})
"""Fields of bodies that say where calls go."""
_NO_DIAL: Final = frozenset({"send_dtmf"})
"""Its number is tones."""
_WORDS: Final = frozenset(REDIRECT_WORDS)
_TRUE: Final = frozenset({"true", "yes", "1", "on"})
_FALSE: Final = frozenset({"false", "no", "0", "off"})


def operation_of(name: str) -> Operation[Any]:
    """The operation of this name. Raises ``InvalidInput``, with the names that are like it."""
    found = OPERATIONS.get(name.replace("-", "_"))
    if found is not None:
        return found
    like = [known for known in sorted(OPERATIONS) if name.replace("-", "_").lower() in known]
    raise InvalidInput(
        "operation",
        f"there is no operation {name!r}.",
        remedy=f"Do you mean {', '.join(like[:6])}?" if like else "aiopbx call --list names them all.",
    )


def names_of(operation: Operation[Any]) -> list[tuple[str, str]]:
    """What ``--arg`` can give an operation, with what it is: parts of the path, the query, fields of the body."""
    named = [(name, "part of the path") for name in operation.path_params]
    named += [(one.name, _word(one)) for one in (*operation.query, *operation.guards)]
    if operation.body is not None:
        taken = {name for name, _ in named}
        for field in msgspec.structs.fields(operation.body):
            need = "required" if field.required else "optional"
            if field.encode_name not in taken:
                named.append((field.encode_name, f"{_type_word(field.type)}, {need}, in the body"))
    return named


def _word(parameter: Parameter) -> str:
    return f"{parameter.type.__name__}, {'required' if parameter.required else 'optional'}"


def _type_word(kind: Any) -> str:
    inner = [one for one in get_args(kind) if one is not type(None)]
    if get_origin(kind) is tuple:
        return f"list of {_type_word(inner[0])}"
    if inner:
        return " or ".join(_type_word(one) for one in inner)
    return getattr(kind, "__name__", str(kind))


def complete_operation(incomplete: str) -> list[tuple[str, str]]:
    """Names of operations that begin so, with what they do, for the shell."""
    begun = incomplete.replace("-", "_")
    return [(name, one.summary) for name, one in sorted(OPERATIONS.items()) if name.startswith(begun)]


def complete_argument(operation: str | None, incomplete: str) -> list[tuple[str, str]]:
    """Names of arguments that begin so, with what they are, for the shell."""
    found = OPERATIONS.get((operation or "").replace("-", "_"))
    if found is None:
        return []
    return [(f"{name}=", what) for name, what in names_of(found) if name.startswith(incomplete)]


def print_list() -> int:
    """Print every operation."""
    for name, one in sorted(OPERATIONS.items()):
        screen.output().print(f"{name:32}{one.summary}", markup=False, soft_wrap=True)
    return errors.OK


def explain(name: str) -> int:
    """Print what an operation is and takes."""
    one = operation_of(name)
    out = screen.output()
    out.print(f"{one.name}: {one.summary}", markup=False)
    out.print(f"{one}", markup=False, style="dim")
    out.print(f"licence: {one.licence or 'none'}", markup=False)
    for argument, what in names_of(one):
        out.print(f"  --arg {argument}=…   {what}", markup=False)
    if one.body is not None:
        out.print(f"  --body JSON   {one.body.__name__}{', optional' if one.body_optional else ''}", markup=False)
    return errors.OK


def made(
    operation: Operation[Any], arguments: Iterable[str], body: str | None
) -> tuple[dict[str, str], dict[str, str | bool], Wire | None]:
    """Path, query and body of what was typed. Raises ``InvalidInput`` that names the field."""
    path: dict[str, str] = {}
    query: dict[str, str | bool] = {}
    content: dict[str, Any] = {}
    parameters = {one.name: one for one in (*operation.query, *operation.guards)}
    keywords = {one.keyword: one.name for one in parameters.values()}
    fields = {one.encode_name: one for one in msgspec.structs.fields(operation.body)} if operation.body else {}
    keywords |= {one.name: one.encode_name for one in fields.values()}
    keywords |= {_snake(name): name for name in operation.path_params}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals or not name:
            raise InvalidInput("arg", f"{argument!r} names no value.", remedy="Write it as name=value.")
        if name not in operation.path_params and name not in parameters and name not in fields:
            name = keywords.get(name, name)
        if name in operation.path_params and name not in path:
            path[name] = value
        elif name in parameters:
            query[name] = _flag(name, value) if parameters[name].type is bool else value
        elif name in fields:
            content[name] = _value(value, fields[name].type)
        else:
            known = ", ".join(known for known, _ in names_of(operation))
            raise InvalidInput(
                name, f"{operation.name} takes no such argument.", remedy=f"It takes: {known}." if known else None
            )
    if body is not None:
        content = _json(body) | content
    if operation.body is None:
        if body is not None:
            raise InvalidInput("body", f"{operation.name} takes none.", remedy="Leave it out.")
        return path, query, None
    if not content and operation.body_optional:
        return path, query, None
    try:
        return path, query, msgspec.convert(content, operation.body, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidInput(
            "body", f"{error}.", remedy=f"aiopbx call {operation.name} --explain says what it takes."
        ) from None


def _json(text: str) -> dict[str, Any]:
    if text == "-":
        text = sys.stdin.read()
    elif text.startswith("@"):
        try:
            text = Path(text[1:]).read_text(encoding="utf-8")
        except OSError as error:
            raise InvalidInput("body", f"{text[1:]} cannot be read: {error.strerror}.") from None
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise InvalidInput("body", f"is no JSON: {error}.", remedy="Write an object, @FILE, or - to read it.") from None
    if not isinstance(value, dict):
        raise InvalidInput("body", "is no JSON object.", remedy='Write it like {"callee": "1001"}.')
    return value


def _flag(name: str, value: str) -> bool:
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise InvalidInput(name, f"{value!r} is neither true nor false.")


def _value(text: str, kind: Any) -> Any:
    """A value of the body: JSON where the field is no text, else as it was typed."""
    kinds = {kind, *get_args(kind)}
    if str in kinds or any(isinstance(one, type) and issubclass(one, str) for one in kinds):
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text.split(",") if get_origin(kind) is tuple else text


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


async def call(
    settings: ConnectionSettings,
    name: str,
    arguments: tuple[str, ...],
    body: str | None,
    *,
    output: Path | None,
    as_json: bool,
) -> int:
    """Make the request, and print what the server answers."""
    operation = operation_of(name)
    path, query, content = made(operation, arguments, body)
    operation.check(path, query, content)
    _obey(settings, operation, content)
    async with connect(settings, lines=()) as pbx:
        client: O2gClient = pbx.o2g
        answer = await client.call(operation, path=path, query=query, body=content)
        if isinstance(answer, Download):
            return await _save(answer, output, as_json=as_json)
        if answer is None:
            screen.errors().print("done")
        elif as_json:
            print_json(answer)
        else:
            plain = msgspec.to_builtins(answer)
            screen.output().print_json(msgspec.json.encode(plain).decode())
    return errors.OK


def _obey(settings: ConnectionSettings, operation: Operation[Any], body: Wire | None) -> None:
    """Raise ``PolicyViolation`` for a number that the dial policy forbids."""
    if body is None or operation.name in _NO_DIAL:
        return
    guard = DialGuard(settings.dial_policy)
    for field, number in _numbers(body):
        if number not in _WORDS:
            guard.check(number, field=field)


def _numbers(body: Any) -> Iterator[tuple[str, str]]:
    """Every number in a body that calls may go to, at any depth."""
    for field in msgspec.structs.fields(body):
        value = getattr(body, field.name)
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, msgspec.Struct):
                yield from _numbers(one)
            elif isinstance(one, str) and field.name in _DIALLED:
                yield field.encode_name, one


async def _save(answer: Download, output: Path | None, *, as_json: bool) -> int:
    if output is None:
        answer.close()
        raise InvalidInput("output", "is missing: the answer is a recording.", remedy="Say --output FILE.")
    with progress() as bar:
        task = bar.add_task(output.name, total=answer.size)
        async with answer:
            try:
                size = await answer.to_file(output, told=lambda done: bar.update(task, completed=done))
            except OSError as error:
                raise InvalidInput("output", f"{output} cannot be written: {error.strerror}.") from None
    if as_json:
        print_json({"path": str(output), "bytes": size})
    else:
        screen.output().print(f"{output}, {size} bytes", markup=False)
    return errors.OK
