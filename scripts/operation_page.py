"""What the pages of operations have in common: how a method is shown, and that a page is written or compared."""

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from aiopbx.http.download import Download
from aiopbx.operations import Caller, Operation, Service

NOBODY = cast("Caller", None)
"""Stands where the client would be: nothing is sent."""


def words(text: str | None) -> str:
    """Return the first sentence of a docstring, with the quotes that Markdown has."""
    return (inspect.cleandoc(text or "")).partition("\n\n")[0].replace("\n", " ").replace("``", "`").rstrip(":")


def signature(method: Any) -> str:
    """Return the arguments as a person writes them."""
    parts, keywords = [], False
    for parameter in inspect.signature(method).parameters.values():
        if parameter.name == "self":
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not keywords:
            keywords = True
            parts.append("*")
        default = parameter.default
        shown = "" if default is parameter.empty else f"={default!s}" if default is None else f"={default!r}"
        parts.append(parameter.name + re.sub(r"<(\w+)\.(\w+): .*>", r"\1.\2", shown))
    return ", ".join(parts)


def type_name(kind: Any) -> str:
    """Return the name of a type, as it is in the code."""
    if kind is None:
        return "nothing"
    if kind is Download:
        return "a stream of bytes, `Download`"
    if isinstance(kind, type) and not hasattr(kind, "__args__"):
        return f"`{kind.__name__}`"
    return f"a tuple of `{kind.__args__[0].__name__}`"


def heading(operation: Operation, called: str, method: Any) -> Iterator[str]:
    """Say how the method of an operation is called, and what it is for."""
    yield f"### `{called}({signature(method)})`"
    yield ""
    yield f"`{operation}` — {words(method.__doc__)}"
    yield ""


def exchanged(operation: Operation) -> str:
    """Say what goes out and what comes back."""
    body = f"takes {type_name(operation.sends)}" if operation.sends else "takes no body"
    body += ", or none" if operation.body_optional else ""
    answer = f"answers {type_name(operation.returns)}" + (", or none" if operation.optional else "")
    return f"- {body}, {answer}; " + ("may be repeated" if operation.repeatable else "may not be repeated")


def helpers(name: str, service: Service) -> Iterator[str]:
    """Describe what a service does beyond its operations."""
    own = [
        (key, member)
        for key, member in vars(type(service)).items()
        if not key.startswith("_") and inspect.isfunction(member) and not hasattr(member, "declaration")
    ]
    if not own:
        return
    yield "Made of several requests:"
    yield ""
    for key, member in own:
        yield f"- `client.{name}.{key}({signature(member)})` — {words(member.__doc__)}"
    yield ""


def write_or_check(page: Path, text: str, script: str) -> int:
    """Write the page; with ``--check``, look whether it is current."""
    if "--check" in sys.argv[1:]:
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            print(f"{page.name} is not current: run scripts/{script}", file=sys.stderr)
            return 1
        return 0
    page.write_text(text, encoding="utf-8")
    return 0
