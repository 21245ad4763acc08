"""Any request of a wire by the name of its operation: made of plain values, checked, shown as Python, and sent.

``pbx.operations`` describes what there is, ``pbx.prepare`` makes a request and sends nothing, ``pbx.request`` sends it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import msgspec

from .errors import InvalidInput, not_connected
from .http.secrets import HIDDEN, Mask, secret_fields
from .numbers import Numbers
from .operations import Operation, Operations, Send
from .parameters import Parameter, ParameterKind, ParameterPlace
from .policy import DialGuard
from .settings.parsing import Unparsable, parse_json
from .wire import secrets_of

if TYPE_CHECKING:
    from .exchange import WireClient

_TRUE: Final = frozenset({"true", "yes", "1", "on"})
_FALSE: Final = frozenset({"false", "no", "0", "off"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that was checked and not sent. Secrets cannot be read in any of its fields."""

    operation: Operation
    target: str
    """Path and query, as they are behind the address of the interface."""
    body: Any = field(default=None, repr=False)
    """The body as plain data; None where there is none."""
    python: str = field(default="", repr=False)
    """A line of Python, perhaps after imports, that makes the same request; it asks for what is secret."""
    sent: Send[Any] | None = field(default=None, repr=False, compare=False)
    """What goes out, with secrets."""

    def __repr__(self) -> str:
        """Name the operation; never a value."""
        return f"<Request {self.operation.name}: {self.operation}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the system answered."""

    request: Request
    value: Any = field(repr=False)
    """Typed, as the method of the wire returns it. A stream of bytes has to be read or closed."""
    data: Any = field(default=None, repr=False)
    """As it came: plain data without what is secret; text where it was no JSON, None where there was nothing."""
    status: int | None = None
    """The HTTP status."""
    seconds: float = 0.0
    """From sending it to the whole answer, the beginning of a stream."""

    def __repr__(self) -> str:
        """Say how it went; no value."""
        return f"<Answer {self.status} to {self.request.operation.name} in {self.seconds * 1000:.0f} ms>"


class Requests:
    """The operations of a wire by name, of plain values. Preparing needs no connection."""

    def __init__(self, operations: Operations, client: "Callable[[], WireClient | None]" = lambda: None) -> None:
        """Send by the client that this gives; None while there is no connection."""
        self.operations = operations
        self._client = client

    def prepare(self, name: str, values: Mapping[str, Any], guard: DialGuard) -> Request:
        """Make a request, check it, and send nothing. Raises ``InvalidInput`` with the field, ``PolicyViolation``."""
        operation = self.operations.find(name)
        given, content = _sorted(operation, values)
        _check_required(operation, given)
        body = _typed(operation, content)
        if body is not None or (operation.body is not None and operation.body.required):
            sent = operation.build(**given, body=body)
        else:
            sent = operation.build(**given)
        self._write_numbers(operation, sent, guard.numbers)
        path, client = operation.named(sent.path), self._client()
        if client is None:
            operation.check(path, sent.query, sent.body)
        else:
            client.check(operation, path, sent.query, sent.body)
        for field_, number in self._numbers(operation, sent):
            guard.check(number, field=field_)
        mask = client.mask if client is not None else Mask()
        hidden = {one.name: HIDDEN for one in operation.parameters if one.secret}
        target = operation.target(
            {key: hidden.get(key, value) for key, value in path.items()},
            {key: hidden.get(key, value) for key, value in sent.query.items()},
        )
        return Request(
            operation=operation,
            target=mask.text(target).replace("%2A%2A%2A", HIDDEN),
            body=None if sent.body is None else msgspec.json.decode(mask.body(sent.body.to_json())),
            python=_python_call(operation, given, body),
            sent=sent,
        )

    async def send(self, request: Request, guard: DialGuard) -> Answer:
        """Send what was prepared."""
        client, operation, sent = self._client(), request.operation, request.sent
        if client is None or sent is None:
            raise not_connected()
        for field_, number in self._numbers(operation, sent):
            if operation.starts_call:
                await guard.start_call(number, field=field_)
            else:
                guard.check(number, field=field_)
        began = monotonic()
        came = await client.exchange(operation, path=operation.named(sent.path), query=sent.query, body=sent.body)
        seconds = monotonic() - began
        data = _plain_answer(client.mask.body(came.body, secrets_of(sent.body)))
        return Answer(request=request, value=came.result, data=data, status=came.status, seconds=seconds)

    def _write_numbers(self, operation: Operation[Any], sent: Send[Any], numbers: Numbers) -> None:
        """Put numbers that calls may go to as the wire wants them: what is checked then is what is sent."""
        if not operation.dials:
            return
        dials, words = self.operations.dials, self.operations.words
        for one in operation.query:
            if one.keyword in dials and one.name in sent.query:
                sent.query[one.name] = numbers.read(str(sent.query[one.name]), field=one.name).wire
        if sent.body is not None:
            sent.body = _with_numbers(sent.body, dials, words, numbers)

    def _numbers(self, operation: Operation, sent: Send[Any]) -> Iterator[tuple[str, str]]:
        """The field and the number of everything that calls may go to."""
        if not operation.dials:
            return
        dials, words = self.operations.dials, self.operations.words
        for one in operation.query:
            if one.keyword in dials and one.name in sent.query:
                yield one.name, str(sent.query[one.name])
        if sent.body is not None:
            yield from ((name, number) for name, number in _dialled(sent.body, dials) if number not in words)


def _with_numbers(body: Any, dials: frozenset[str], words: frozenset[str], numbers: Numbers) -> Any:
    """The body with every number in it as the wire wants it. Raises ``InvalidInput``."""

    def written(each: Any, one: msgspec.structs.FieldInfo) -> Any:
        if isinstance(each, msgspec.Struct):
            return _with_numbers(each, dials, words, numbers)
        if each and isinstance(each, str) and one.name in dials and each not in words:
            return numbers.read(each, field=one.encode_name).wire
        return each

    changed: dict[str, Any] = {}
    for one in msgspec.structs.fields(body):
        value = getattr(body, one.name)
        new = tuple(written(each, one) for each in value) if isinstance(value, tuple) else written(value, one)
        if new is not value and new != value:
            changed[one.name] = new
    return msgspec.structs.replace(body, **changed) if changed else body


def _dialled(body: msgspec.Struct, dials: frozenset[str]) -> Iterator[tuple[str, str]]:
    for one in msgspec.structs.fields(body):
        value = getattr(body, one.name)
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, msgspec.Struct):
                yield from _dialled(each, dials)
            elif isinstance(each, str) and one.name in dials:
                yield one.encode_name, each


# -------------------------------------------------------------------------------------------------------- plain values


def _sorted(operation: Operation, values: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    """Sort values, given by their names on the wire or in Python, into parameters by keyword and the body.

    The body is None, or plain data: ``body`` as it was given, with fields that were given by name in it. Text stands
    for any kind: it is read as JSON where the field is no text. Raises ``InvalidInput`` for what nothing is called.
    """
    parameters: dict[str, Any] = {}
    content: dict[str, Any] = {}
    inside = operation.body.fields if operation.body is not None else ()
    given = dict(values)
    body = given.pop("body", None) if "body" not in {one.name for one in inside} else None
    for name, value in given.items():
        own = next((one for one in operation.parameters if name in (one.name, one.keyword)), None)
        if own is not None:
            parameters[own.keyword] = _read(own, value)
            continue
        part = next((one for one in inside if name in (one.name, one.keyword)), None)
        if part is None:
            known = ", ".join(one.name for one in operation.takes)
            raise InvalidInput(
                name,
                f"{operation.name} takes no such argument.",
                remedy=f"It takes: {known}." if known else None,
                reason="argument_unknown",
                argument=name[:60],
                operation=operation.name,
                known=known or "-",
            )
        content[part.name] = _read(part, value)
    if operation.body is None:
        if body is not None:
            raise InvalidInput(
                "body",
                f"{operation.name} takes none.",
                remedy="Leave it out.",
                reason="argument_unknown",
                argument="body",
                operation=operation.name,
                known=", ".join(one.name for one in operation.takes) or "-",
            )
        return parameters, None
    if body is not None:
        content = {**_plain(body), **content}
    return parameters, content or (None if not operation.body.required and body is None else {})


def _read(parameter: Parameter, value: Any) -> Any:
    """A value as its kind: text is what a person typed. Raises ``InvalidInput`` for a word that is no truth value."""
    if not isinstance(value, str) or isinstance(value, Enum):
        return value
    kind = parameter.kind
    if kind is ParameterKind.BOOLEAN:
        if value.lower() in _TRUE:
            return True
        if value.lower() in _FALSE:
            return False
        raise InvalidInput(
            parameter.name,
            f"{value!r} is neither true nor false.",
            reason="argument_kind",
            argument=parameter.name,
            kind="true, false",
        )
    if kind in (ParameterKind.TEXT, ParameterKind.CHOICE, ParameterKind.TIME):
        return value
    if kind is ParameterKind.EITHER and any(one.kind is ParameterKind.TEXT for one in parameter.options):
        return value
    if parameter.place is not ParameterPlace.BODY:
        return int(value) if kind is ParameterKind.INTEGER and value.strip().isdecimal() else value
    try:
        return parse_json(value)
    except Unparsable as error:
        if error.bound:
            raise InvalidInput(parameter.name, f"{error.problem}.") from None
        return value.split(",") if kind is ParameterKind.LIST else value


def _check_required(operation: Operation, parameters: Mapping[str, Any]) -> None:
    """Raise ``InvalidInput`` for a parameter that is missing, or an empty part of the path."""
    for one in operation.parameters:
        given = parameters.get(one.keyword)
        if one.required and given is None:
            raise InvalidInput(
                one.name, "is missing.", remedy=f"{operation} needs it.", reason="argument_missing", argument=one.name
            )
        if one.place is ParameterPlace.PATH and not str(given).strip():
            raise InvalidInput(
                one.name,
                "must not be empty.",
                remedy=f"{operation} needs it.",
                reason="argument_missing",
                argument=one.name,
            )


def _typed(operation: Operation, content: Any) -> Any:
    """The body as its type. Raises ``InvalidInput`` that says which field is wrong."""
    if operation.body is None or content is None:
        return None
    try:
        return msgspec.convert(content, operation.body.hint, strict=False)
    except msgspec.ValidationError as error:
        need = ", ".join(one.name for one in operation.body.fields if one.required)
        reason, words = _reason(str(error))
        raise InvalidInput(
            "body",
            f"{error}.",
            remedy=f"It needs: {need}." if need else "See what its fields are.",
            reason=reason,
            **words,
        ) from None


_MISSING: Final = re.compile(r"Object missing required field `([^`]+)`")
_WRONG_KIND: Final = re.compile(r"Expected `([^`]+)`.*? - at `\$\.?([^`]*)`")


def _reason(message: str) -> tuple[str, dict[str, str]]:
    """The reason of what is wrong with a body, and its words, from what msgspec says of it."""
    if (missing := _MISSING.match(message)) is not None:
        return "argument_missing", {"argument": missing[1]}
    if (wrong := _WRONG_KIND.match(message)) is not None:
        return "argument_kind", {"argument": wrong[2] or "body", "kind": wrong[1]}
    return "", {}


def _plain(body: Any) -> dict[str, Any]:
    plain = msgspec.to_builtins(body) if isinstance(body, msgspec.Struct) else body
    if isinstance(plain, str):
        try:
            plain = parse_json(plain)
        except Unparsable as error:
            what = error.problem if error.bound else f"is no JSON: {error.detail}"
            raise InvalidInput("body", f"{what}.", remedy='Write it like {"callee": "1001"}.') from None
    if not isinstance(plain, Mapping):
        raise InvalidInput("body", "is no JSON object.", remedy='Write it like {"callee": "1001"}.')
    return dict(plain)


# ------------------------------------------------------------------------------------------------------------ as Python


def _python_of(value: Any, imports: set[tuple[str, str]], *, secret: str | None = None) -> str:
    """Python that makes this value; what it imports is added. ``secret`` is what to ask for instead of showing it."""
    if secret is not None and value not in (None, ""):
        imports.add(("getpass", "getpass"))
        return f"getpass({secret!r})"
    kind = type(value)
    if isinstance(value, Enum):
        if kind.__members__.get(value.name) is value:
            imports.add((kind.__module__, kind.__name__))
            return f"{kind.__name__}.{value.name}"
        return repr(value.value)
    if isinstance(value, msgspec.Struct):
        imports.add((kind.__module__, kind.__name__))
        secrets = secret_fields()
        given = []
        for one in msgspec.structs.fields(kind):
            each = getattr(value, one.name)
            if one.required or each != _default(one):
                hidden = one.encode_name if one.encode_name in secrets else None
                given.append(f"{one.name}={_python_of(each, imports, secret=hidden)}")
        return f"{kind.__name__}({', '.join(given)})"
    if isinstance(value, tuple):
        inner = [_python_of(one, imports) for one in value]
        return f"({', '.join(inner)}{',' if len(inner) == 1 else ''})"
    if isinstance(value, list):
        return f"[{', '.join(_python_of(one, imports) for one in value)}]"
    if isinstance(value, datetime):
        return repr(value.isoformat())
    return repr(value)


def _python_call(operation: Operation, parameters: Mapping[str, Any], body: Any = None) -> str:
    """The call of the typed method, after what it imports: the path, the body, and the rest by name."""
    imports: set[tuple[str, str]] = set()
    given = {
        one.keyword: (one, _python_of(parameters[one.keyword], imports, secret=one.name if one.secret else None))
        for one in operation.parameters
        if one.keyword in parameters
    }
    words = [text for one, text in given.values() if one.place is ParameterPlace.PATH]
    if body is not None:
        words.append(_python_of(body, imports))
    words += [f"{name}={text}" for name, (one, text) in given.items() if one.place is not ParameterPlace.PATH]
    return f"{_imports_of(imports)}await {operation.python}({', '.join(words)})"


def _plain_answer(text: str) -> Any:
    """An answer as plain data; text where it is no JSON, None where there is nothing."""
    try:
        return msgspec.json.decode(text) if text.strip() else None
    except (msgspec.DecodeError, RecursionError):
        return text


def _imports_of(imports: Iterable[tuple[str, str]]) -> str:
    """The lines that import these."""
    modules: dict[str, set[str]] = {}
    for module, name in imports:
        modules.setdefault(module, set()).add(name)
    return "".join(f"from {module} import {', '.join(sorted(names))}\n" for module, names in sorted(modules.items()))


def _default(one: msgspec.structs.FieldInfo) -> Any:
    if one.default_factory is not msgspec.NODEFAULT:
        return one.default_factory()
    return one.default
