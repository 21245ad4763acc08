"""Slips of the hand in a notebook, told in a sentence: a number in place of a line, an ``await`` that was forgotten."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from aiopbx import InvalidInput, Line, Pbx

Choice = TypeVar("Choice", bound=StrEnum)


def no_slip(name: str, value: object) -> None:
    """Raise ``InvalidInput`` if something was given that has to be awaited first."""
    if not isinstance(value, Awaitable):
        return
    close = getattr(value, "close", None)
    if callable(close):
        close()  # else Python adds that it was never awaited
    raise InvalidInput(name, f"this is a {type(value).__name__}, not what it gives.", remedy="Write await before it.")


def a_line(name: str, value: object) -> None:
    """Raise ``InvalidInput`` if this is one of the things that are given in place of a line."""
    no_slip(name, value)
    match value:
        case str() | int():
            raise InvalidInput(name, f"{value!r} is no line.", remedy=f'Write pbx.line("{value}").')
        case Pbx():
            raise InvalidInput(name, "this is the whole system.", remedy='Choose a line, such as pbx.line("1000").')
        case None:
            raise InvalidInput(name, "it is missing.", remedy='Give a line, such as pbx.line("1000").')


def a_pbx(name: str, value: object) -> None:
    """Raise ``InvalidInput`` if this is one of the things that are given in place of a client."""
    no_slip(name, value)
    match value:
        case Line():
            raise InvalidInput(name, f"this is the line {value.number or value.id}.", remedy="Write line.pbx.")
        case str() | int():
            raise InvalidInput(name, f"{value!r} is no client.", remedy="pbx = await connect(url=…) makes one.")
        case Mapping():
            raise InvalidInput(name, "these are lines.", remedy="Give pbx itself.")
        case None:
            raise InvalidInput(name, "it is missing.", remedy="pbx = await connect() makes one.")


_CHECKS = {"line": a_line, "pbx": a_pbx, "source": a_pbx}


def check_arguments(function: Callable[..., Any], arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> None:
    """Look through the arguments of a call for slips: those that are called ``line``, ``pbx`` or ``source`` first."""
    signature = inspect.signature(function)
    try:
        given = signature.bind_partial(None, *arguments, **keywords).arguments
    except TypeError:
        return  # Python says it better, when the call is made
    for name, value in given.items():
        for each in value if isinstance(value, tuple) else (value,):
            no_slip(name, each)
        check, kind = _CHECKS.get(name), str(signature.parameters[name].annotation)
        may = (value is None and "None" in kind) or (isinstance(value, str) and "str" in kind)
        if check is not None and not may:
            check(name, value)


def chosen(choices: type[Choice], value: Choice | str, name: str) -> Choice:
    """Return the choice with this value. Raises ``InvalidInput``, which names them all."""
    try:
        return choices(value)
    except ValueError:
        known = ", ".join(repr(one.value) for one in choices)
        raise InvalidInput(name, f"there is no {value!r}.", remedy=f"Choose one of {known}.") from None
