"""Slips of the hand in what a method is given: text in place of an enumeration, a number in place of text.

They are told before anything is sent, with what is right. What a value may be is read from the method's own types, so
that no method has to say it twice; what types cannot say, such as whether a number can be dialled, the method checks.
``owned`` has coroutines looked through, ``checked`` plain methods.
"""

import functools
import inspect
import numbers
import types
import typing
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, Final, TypeVar, cast

from .errors import InvalidInput

_NOT_SECRET: Final = frozenset(
    {
        "at",
        "device",
        "files",
        "from_device",
        "group",
        "id",
        "key",
        "line",
        "mailbox",
        "number",
        "other",
        "party",
        "path",
        "pilot",
        "to",
    }
)
"""Parameters whose value may be repeated; codes and passwords are not, whoever reads the error."""
_SEVERAL: Final = (Collection, Iterable, Sequence)
_PLAIN: Final[Mapping[type, str]] = {
    str: "a text",
    bool: "True or False",
    int: "a number",
    float: "a number",
    type: "a class",
    tuple: "several in round brackets",
    **dict.fromkeys(_SEVERAL, "a list"),
}

Kinds = tuple[Any, ...]
Places = slice
"""Which of the positional arguments a parameter takes."""
M = TypeVar("M", bound=Callable[..., Any])


def checked(method: M) -> M:
    """Let a plain public method look through what it is given for slips first."""

    @functools.wraps(method)
    def look_first(self: Any, /, *arguments: Any, **keywords: Any) -> Any:
        check_arguments(method, arguments, keywords)
        return method(self, *arguments, **keywords)

    return cast("M", look_first)


@functools.cache
def _kinds(method: Callable[..., Any]) -> dict[str, tuple[Places, Kinds]]:
    """Return what each parameter may be, and its place among those after ``self``; without those of unknown types."""
    found: dict[str, tuple[Places, Kinds]] = {}
    scope = {**vars(typing), **getattr(method, "__globals__", {})}
    nowhere = slice(0)
    for place, parameter in enumerate(tuple(inspect.signature(method).parameters.values())[1:]):
        written = _meant(parameter.annotation, scope)
        if parameter.kind is parameter.VAR_KEYWORD:
            if typing.get_origin(written) is typing.Unpack:
                options = typing.get_type_hints(typing.get_args(written)[0])
                found |= {name: (nowhere, _alternatives(kind, scope)) for name, kind in options.items()}
            continue
        last = None if parameter.kind is parameter.VAR_POSITIONAL else place + 1
        places = nowhere if parameter.kind is parameter.KEYWORD_ONLY else slice(place, last)
        found[parameter.name] = (places, _alternatives(written, scope))
    return found


def _meant(annotation: Any, scope: dict[str, Any]) -> Any:
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, scope)  # noqa: S307 - the types that stand in our own code
    except (AttributeError, NameError, TypeError):
        return Any  # it is imported for type checkers only


def _alternatives(annotation: Any, scope: dict[str, Any]) -> Kinds:
    """Return the alternatives of a type; none where one of them cannot be checked."""
    annotation = _meant(annotation, scope)
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        parts = [_alternatives(part, scope) for part in typing.get_args(annotation)]
        return tuple(one for part in parts for one in part) if all(parts) else ()
    if annotation is None:
        return (type(None),)
    origin = typing.get_origin(annotation) or annotation
    if not isinstance(origin, type) or origin is inspect.Parameter.empty:
        return ()
    try:
        isinstance(None, origin)
    except TypeError:
        return ()  # Any, and protocols
    return (origin,)


def check_arguments(method: Callable[..., Any], given: tuple[Any, ...], keywords: Mapping[str, Any]) -> None:
    """Raise ``InvalidInput`` if something was given to a method that its types rule out, and say what is right."""
    for name, (places, kinds) in _kinds(method).items():
        for value in (keywords[name],) if name in keywords else given[places]:
            if kinds and not any(_is(value, kind) for kind in kinds):
                raise slip(name, value, kinds)


def _is(value: object, kind: type) -> bool:
    if kind is float:
        return isinstance(value, numbers.Real) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if kind in _SEVERAL and isinstance(value, str):
        return False  # each of its letters, which nobody means
    return isinstance(value, kind)


def slip(name: str, value: object, kinds: Kinds) -> InvalidInput:
    """Return the error that says what is wrong with a value that should be of these kinds, and what is right."""
    enums = [kind for kind in kinds if issubclass(kind, Enum)]
    if isinstance(value, Awaitable):
        close = getattr(value, "close", None)
        if callable(close):
            close()  # else Python adds that it was never awaited
        what = type(value).__name__
        return InvalidInput(name, f"this is a {what}, not what it gives.", remedy="Write await before it.")
    if isinstance(value, str) and enums:
        same = [f"{kind.__name__}.{one.name}" for kind in enums for one in kind if one.value == value.lower()]
        if same:
            return InvalidInput(name, f"{value!r} is a text.", remedy=f"Write {' or '.join(same)}.")
        known = ", ".join(f"{kind.__name__}.{one.name}" for kind in enums for one in kind)
        return InvalidInput(name, "there is no such choice.", remedy=f"Choose one of {known}.")
    if value is None:
        return InvalidInput(name, "it is missing.", remedy=f"Give {_words(kinds)}.")
    if isinstance(value, int) and not isinstance(value, bool) and str in kinds:
        quoted = f'"{value}"' if name in _NOT_SECRET else "it in quotes"
        return InvalidInput(name, "this is a number, not a text.", remedy=f"Write {quoted}.")
    if isinstance(value, str) and any(kind in _SEVERAL for kind in kinds):
        listed = f'["{value}"]' if name in _NOT_SECRET else "it in brackets"
        return InvalidInput(name, "this is one text, not a list.", remedy=f"Write {listed}.")
    if isinstance(value, str) and type in kinds and value.isidentifier():
        return InvalidInput(name, f"{value!r} is a text, not a class.", remedy=f"Write {value}, without quotes.")
    number = getattr(value, "number", None)
    if isinstance(number, str) and number and str in kinds:
        return InvalidInput(name, f"this is a {type(value).__name__}, not a text.", remedy="Write .number after it.")
    return InvalidInput(name, f"this is {_one(type(value))}.", remedy=f"Give {_words(kinds)}.")


def _words(kinds: Kinds) -> str:
    words = dict.fromkeys(_word(kind) for kind in kinds if kind is not type(None))
    return " or ".join(words)


def _word(kind: type) -> str:
    if issubclass(kind, Enum):
        return f"one of {kind.__name__}"
    if kind.__name__ == "Callable":
        return "a function"
    return _PLAIN.get(kind) or _one(kind)


def _one(kind: type) -> str:
    return f"{'an' if kind.__name__[0] in 'AEIOUaeio' else 'a'} {kind.__name__}"
