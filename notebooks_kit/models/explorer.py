"""Any request of the wire as data: finding an operation, filling in its form, sending it, and the answer.

It works for every wire: it only needs a table of operations and a way to prepare and send one, see ``Requester``.
"""

import json
from collections import deque
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final, Protocol

from aiopbx import (
    Answer,
    InvalidInput,
    Operation,
    Parameter,
    ParameterKind,
    PbxError,
    Request,
    RequestRefused,
)

from .model import Filtered, WordFilter

HIDDEN: Final = "***"
"""Stands for a secret in the JSON of a body; left as it is, the secret stays what it was."""
MOST_BYTES: Final = 4 * 1024 * 1024
"""How much of a stream of bytes is read."""
KEPT: Final = 20
"""How many requests are remembered."""
_MISSING: Final = object()
_LINES: Final = frozenset({"loginName", "login", "userId"})
_DEVICES: Final = frozenset({"deviceId", "terminalId"})
_CALLS: Final = frozenset({"callRef", "callId", "heldCallRef"})
_NUMBERS: Final = frozenset({"callee", "number", "transferTo", "redirectTo", "recipient"})


class Requester(Protocol):
    """What is explored: a ``Pbx``, or anything else with a table of operations."""

    @property
    def operations(self) -> Mapping[str, Operation]:
        """Every operation by name."""

    def prepare(self, name: str, /, **values: Any) -> Request:
        """Make a request, check it, and send nothing."""

    def request(self, request: Request, /) -> Awaitable[Answer]:
        """Send one that was prepared."""


# ------------------------------------------------------------------------------------------------------------ the form


class FormField:
    """One value of the form, or one part of a value. Nothing given is nothing sent."""

    def __init__(self, parameter: Parameter, value: Any = _MISSING) -> None:
        """Make the field of a parameter; required objects are there from the beginning, others when they are given."""
        self.parameter = parameter
        self.value: Any = None
        """Of a plain field: text, true or false; ``None`` if it is empty."""
        self.given = parameter.required and parameter.kind is ParameterKind.OBJECT
        """Of an object: whether it is there at all."""
        self.parts: list[FormField] = []
        """Of an object that is given: its fields. Of a list: its items. Of one of several kinds: the chosen one."""
        self.option = 0
        """Which of several kinds it is."""
        self._make_parts()
        if value is not _MISSING:
            self.fill(value)

    def _make_parts(self) -> None:
        kind = self.parameter.kind
        if kind is ParameterKind.OBJECT:
            self.parts = [FormField(one) for one in self.parameter.fields] if self.given else []
        elif kind is ParameterKind.EITHER:
            self.parts = [FormField(self.parameter.options[self.option])]

    @property
    def plain(self) -> Any:
        """What is sent of it, as plain data; ``MISSING`` is nothing. Text of other kinds is read later."""
        kind = self.parameter.kind
        if kind is ParameterKind.OBJECT:
            if not self.given:
                return _MISSING
            return {part.parameter.name: value for part in self.parts if (value := part.plain) is not _MISSING}
        if kind is ParameterKind.LIST:
            return [value for part in self.parts if (value := part.plain) is not _MISSING] or _MISSING
        if kind is ParameterKind.EITHER:
            return self.parts[0].plain
        if self.value is None or self.value == "":
            return _MISSING
        return _read(kind, self.value)

    def fill(self, value: Any, where: str = "") -> None:
        """Fill in plain data. Raises ``InvalidInput`` that names what does not fit."""
        kind = self.parameter.kind
        name = where or self.parameter.name
        if value is None or value is _MISSING:
            self.clear()
        elif kind is ParameterKind.OBJECT:
            if not isinstance(value, Mapping):
                raise InvalidInput(name, "is no object.", remedy=f"It is {self.parameter.words}.")
            self.give(True)
            known = {part.parameter.name: part for part in self.parts}
            unknown = [key for key in value if key not in known]
            if unknown:
                raise InvalidInput(
                    f"{name}.{unknown[0]}", "there is no such field.", remedy=f"There are: {', '.join(known)}."
                )
            for key, part in known.items():
                part.fill(value.get(key), f"{name}.{key}")
        elif kind is ParameterKind.LIST:
            if not isinstance(value, Sequence) or isinstance(value, str):
                raise InvalidInput(name, "is no list.", remedy=f"It is a {self.parameter.words}.")
            former, self.parts = self.parts, []
            for index, each in enumerate(value):
                item = former[index] if index < len(former) else self._item()
                item.fill(each, f"{name}[{index}]")
                self.parts.append(item)
        elif kind is ParameterKind.EITHER:
            self._fill_either(value, name)
        elif self.parameter.secret and value == HIDDEN:
            pass
        elif isinstance(value, Mapping | list):
            if kind is not ParameterKind.ANYTHING:
                raise InvalidInput(name, "is too much.", remedy=f"It is {self.parameter.words}.")
            self.value = json.dumps(value)
        else:
            self.value = value if isinstance(value, bool) else str(value)

    def _fill_either(self, value: Any, name: str) -> None:
        wanted = (
            ParameterKind.LIST
            if isinstance(value, list)
            else ParameterKind.OBJECT
            if isinstance(value, Mapping)
            else None
        )
        for index, one in enumerate(self.parameter.options):
            simple = one.kind not in (ParameterKind.LIST, ParameterKind.OBJECT)
            if one.kind is wanted or (wanted is None and simple):
                if index != self.option:
                    self.choose(index)
                self.parts[0].fill(value, name)
                return
        raise InvalidInput(name, "does not fit.", remedy=f"It is {self.parameter.words}.")

    def clear(self) -> None:
        """Give nothing."""
        self.value = None
        if self.parameter.kind is ParameterKind.OBJECT:
            self.give(self.parameter.required)
            for part in self.parts:
                part.clear()
        elif self.parameter.kind is ParameterKind.LIST:
            self.parts = []
        else:
            for part in self.parts:
                part.clear()

    def give(self, on: bool) -> None:
        """Give an object, or not."""
        if self.given is not on:
            self.given = on
            self._make_parts()

    def choose(self, option: int) -> None:
        """Choose which of several kinds it is."""
        self.option = option
        self._make_parts()

    def add(self) -> "FormField":
        """Add an item to a list."""
        item = self._item()
        self.parts.append(item)
        return item

    def remove(self, item: "FormField") -> None:
        """Take an item out of a list."""
        self.parts = [part for part in self.parts if part is not item]

    def _item(self) -> "FormField":
        inner = self.parameter.item
        if inner is None:
            raise InvalidInput(self.parameter.name, "is no list.")
        return FormField(inner)

    def shown(self) -> Any:
        """As ``plain``, with secrets hidden."""
        return self._without(HIDDEN)

    def kept(self) -> Any:
        """As ``plain``, without secrets: what may be remembered."""
        return self._without(_MISSING)

    def _without(self, instead: Any) -> Any:
        plain = self.plain
        if plain is _MISSING:
            return plain
        kind = self.parameter.kind
        if kind is ParameterKind.OBJECT:
            return {
                part.parameter.name: value for part in self.parts if (value := part._without(instead)) is not _MISSING
            }
        if kind is ParameterKind.LIST:
            return [value for part in self.parts if (value := part._without(instead)) is not _MISSING]
        if kind is ParameterKind.EITHER:
            return self.parts[0]._without(instead)
        return instead if self.parameter.secret else plain


class Form:
    """Everything an operation takes, to be filled in."""

    def __init__(self, operation: Operation) -> None:
        """Begin with nothing filled in."""
        self.operation = operation
        self.parameters = [FormField(one) for one in operation.parameters]
        """Parts of the path, the query, and confirmations."""
        self.body = FormField(operation.body) if operation.body is not None else None
        """The body, an object."""

    @property
    def values(self) -> dict[str, Any]:
        """What is filled in, as ``prepare`` takes it."""
        values = {one.parameter.keyword: plain for one in self.parameters if (plain := one.plain) is not _MISSING}
        if self.body is not None and (plain := self.body.plain) is not _MISSING:
            values["body"] = plain
        return values

    @property
    def kept(self) -> dict[str, Any]:
        """The same without secrets."""
        values = {one.parameter.keyword: plain for one in self.parameters if (plain := one.kept()) is not _MISSING}
        if self.body is not None and (plain := self.body.kept()) is not _MISSING:
            values["body"] = plain
        return values

    def fill(self, values: Mapping[str, Any]) -> None:
        """Fill in these, and nothing else. Raises ``InvalidInput`` that names what does not fit."""
        for one in self.parameters:
            one.fill(values.get(one.parameter.keyword, values.get(one.parameter.name)))
        if self.body is not None:
            self.body.fill(values.get("body"))

    @property
    def json(self) -> str:
        """The body as JSON, with secrets hidden; empty without a body."""
        if self.body is None or (shown := self.body.shown()) is _MISSING:
            return ""
        return json.dumps(shown, indent=2, ensure_ascii=False)

    @json.setter
    def json(self, text: str) -> None:
        if self.body is None:
            raise InvalidInput("body", "this operation takes no body.")
        if not text.strip():
            self.body.clear()
            return
        try:
            value = json.loads(text, object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            raise InvalidInput("body", f"is no JSON: {error}.") from None
        trial = FormField(self.body.parameter)  # what does not fit changes nothing
        trial.fill(value, "body")
        self.body.fill(value, "body")


# ------------------------------------------------------------------------------------------------------ what came of it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exchange:
    """A request with its answer or error, without secrets."""

    at: datetime
    """When it was sent, in UTC."""
    request: Request
    values: dict[str, Any] = field(repr=False)
    """What was filled in, without secrets."""
    answer: Answer | None = None
    error: PbxError | None = None
    seconds: float = 0.0
    data: bytes = field(default=b"", repr=False)
    """What was read of a stream of bytes."""
    kind: str = ""
    """What such a stream is, such as ``audio/wav``."""
    cut: bool = False
    """Whether there was more of it than was read."""

    @property
    def status(self) -> int | None:
        """The HTTP status, of the answer or of the refusal."""
        if self.answer is not None:
            return self.answer.status
        return getattr(self.error, "status", None)

    @property
    def words(self) -> str:
        """In one line."""
        came = str(self.status or type(self.error).__name__)
        return (
            f"{self.at.astimezone():%H:%M:%S} · {self.request.operation.name} · {came} · {self.seconds * 1000:.0f} ms"
        )

    @property
    def text(self) -> str:
        """The answer, for reading."""
        if self.data or self.kind:
            return f"{len(self.data)} bytes of {self.kind}{', and more' if self.cut else ''}"
        if self.answer is None or self.answer.data is None:
            return ""
        data = self.answer.data
        return data if isinstance(data, str) else json.dumps(data, indent=2, ensure_ascii=False)

    @property
    def reasons(self) -> list[tuple[str, str]]:
        """What an error says, by name."""
        error = self.error
        if error is None:
            return []
        reasons = [("error", type(error).__name__), ("message", error.message)]
        if error.remedy:
            reasons.append(("remedy", error.remedy))
        if isinstance(error, RequestRefused):
            reasons += [
                (name.replace("_", " "), str(value))
                for name in ("code", "type", "cause", "error_type", "help_message", "inner_message", "can_retry")
                if (value := getattr(error, name)) is not None
            ]
            if error.detail:
                reasons.append(("detail", json.dumps(error.detail, ensure_ascii=False, default=str)))
        return reasons


class ExplorerModel(Filtered):
    """Finds operations, holds the form of the one that is chosen, sends it, and remembers the last requests.

    Knows no widgets, and belongs to the client's loop.
    """

    def __init__(self, pbx: Requester, *, kept: int = KEPT, most_bytes: int = MOST_BYTES) -> None:
        """Explore the operations of ``pbx``; ``most_bytes`` of a stream are read."""
        self.pbx = pbx
        self.most_bytes = most_bytes
        self.form: Form | None = None
        """The form of the operation that is chosen."""
        self.confirmed = False
        """Whether the user has confirmed it; a request that may change something is not sent without."""
        self.exchange: Exchange | None = None
        """The request that is shown with its answer."""
        self.history: deque[Exchange] = deque(maxlen=kept)
        """The last requests, the newest first."""
        self.sending = False

    # ------------------------------------------------------------------------------------------------ finding

    @property
    def found(self) -> list[Operation]:
        """The operations with all the words: first those that are called so, then by service and name."""
        wanted = WordFilter(self.filter.replace("-", "_"))  # names are the same on the command line, with dashes
        fitting = [one for one in self.pbx.operations.values() if wanted.matches(_everything(one))]

        def key(one: Operation) -> tuple[int, str, str]:
            named = max((_likeness(word, one.name) for word in wanted.words), default=0)
            return (-named, one.service, one.name)

        return sorted(fitting, key=key)

    @property
    def operation(self) -> Operation | None:
        """The one that is chosen."""
        return self.form.operation if self.form is not None else None

    def choose(self, name: str | None) -> None:
        """Choose an operation, with an empty form."""
        if name is None:
            self.form = None
        elif self.operation is None or self.operation.name != name:
            found = self.pbx.operations.get(name)
            if found is None:
                raise InvalidInput("operation", f"there is no operation {name!r}.", remedy="Search for it.")
            self.form = Form(found)
        self.confirmed = False
        self.exchange = None
        self._notify()

    def suggestions(self, parameter: Parameter) -> tuple[str, ...]:
        """What may be meant: lines, devices, numbers and calls that are there now."""
        lines = list(getattr(self.pbx, "lines", {}).values())
        name = parameter.name
        if name in _LINES:
            return tuple(line.id for line in lines)
        if name in _DEVICES:
            return tuple(dict.fromkeys(device.id for line in lines for device in line.devices))
        if name in _NUMBERS:
            return tuple(line.number for line in lines if line.number)
        if name in _CALLS:
            return tuple(dict.fromkeys(call.ref for line in lines for call in line.calls))
        return ()

    # ------------------------------------------------------------------------------------------------ the request

    def changed(self) -> None:
        """The form was changed, so the confirmation, which was for another request, is void."""
        self.confirmed = False
        self._notify()

    def confirm(self, on: bool = True) -> None:
        """Confirm the request, or take that back."""
        self.confirmed = on
        self._notify()

    def preview(self) -> tuple[Request | None, InvalidInput | PbxError | None]:
        """The request that would be sent, or why there is none."""
        form = self.form
        if form is None:
            return None, None
        try:
            return self.pbx.prepare(form.operation.name, **form.values), None
        except PbxError as error:
            return None, error

    @property
    def may_send(self) -> bool:
        """Whether it can be sent now."""
        form = self.form
        if form is None or self.sending or (form.operation.changes and not self.confirmed):
            return False
        return self.preview()[0] is not None

    async def send(self) -> Exchange:
        """Send what is filled in. What the system refuses is in what is returned; wrong input is raised."""
        form = self.form
        if form is None:
            raise InvalidInput("operation", "none is chosen.", remedy="Choose one.")
        if form.operation.changes and not self.confirmed:
            raise InvalidInput("confirm", "this may change something.", remedy="Tick the box to confirm.")
        request = self.pbx.prepare(form.operation.name, **form.values)
        self.confirmed = False
        self.sending = True
        self._notify()
        at, began = datetime.now(UTC), monotonic()
        kept = form.kept
        try:
            try:
                answer = await self.pbx.request(request)
            except PbxError as error:
                made = Exchange(at=at, request=request, values=kept, error=error, seconds=monotonic() - began)
            else:
                data, kind, cut = await self._stream(answer)
                made = Exchange(
                    at=at,
                    request=request,
                    values=kept,
                    answer=answer,
                    seconds=answer.seconds,
                    data=data,
                    kind=kind,
                    cut=cut,
                )
        finally:
            self.sending = False
            self._notify()
        self.exchange = made
        self.history.appendleft(made)
        return made

    async def _stream(self, answer: Answer) -> tuple[bytes, str, bool]:
        """Read what came as a stream, if it is one, and close it."""
        stream = answer.value
        if not hasattr(stream, "__aiter__"):
            return b"", "", False
        data = bytearray()
        try:
            async for chunk in stream:
                data += chunk
                if len(data) > self.most_bytes:
                    break
        finally:
            close = getattr(stream, "close", None)
            if close is not None:
                close()
        kind = getattr(stream, "content_type", None) or "bytes"
        return bytes(data[: self.most_bytes]), str(kind), len(data) > self.most_bytes

    def recall(self, exchange: Exchange) -> None:
        """Fill the form with a former request, without its secrets, and show what came of it."""
        self.form = Form(exchange.request.operation)
        self.form.fill(exchange.values)
        self.confirmed = False
        self.exchange = exchange
        self._notify()

    @property
    def python(self) -> str:
        """The Python that makes the request which is filled in; empty where it cannot be made."""
        request, _ = self.preview()
        return request.python if request is not None else ""


def request_text(request: Request) -> str:
    """A request as it goes over the wire: method, path and query, body. Secrets are hidden."""
    text = f"{request.operation.method} {request.target}"
    if request.body is not None:
        text += "\n\n" + json.dumps(request.body, indent=2, ensure_ascii=False)
    return text


def walk(fields: Sequence[FormField]) -> Iterator[FormField]:
    """These fields and all the parts of them."""
    for one in fields:
        yield one
        yield from walk(one.parts)


def _everything(one: Operation) -> str:
    return f"{one.name} {one.method} {one.path} {one.service} {one.summary} {one.description} {one.python}"


def _likeness(word: str, name: str) -> int:
    return 3 if name == word else 2 if name.startswith(word) else 1 if word in name else 0


def _read(kind: ParameterKind, value: Any) -> Any:
    """Text as what it is meant to be, where it can be read so; else the check says what is wrong with it."""
    if not isinstance(value, str):
        return value
    if kind is ParameterKind.BOOLEAN:
        return {"true": True, "false": False}.get(value.strip().lower(), value)
    if kind in (ParameterKind.INTEGER, ParameterKind.NUMBER, ParameterKind.ANYTHING):
        try:
            return json.loads(value, object_pairs_hook=_once)
        except (ValueError, RecursionError):
            return value
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that has a key twice: the later one would win without a word."""
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("the same key stands there twice")
    return values


__all__ = [
    "Exchange",
    "ExplorerModel",
    "Form",
    "FormField",
    "Requester",
    "request_text",
    "walk",
]
