"""Write docs/istra.md, the page of all operations of Istra, from the code.

.venv-lib/bin/python scripts/make_istra_doc.py [--check]

With --check nothing is written, and the exit code says whether the page is current.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from operation_page import NOBODY, exchanged, heading, helpers, signature, type_name, words, write_or_check

from aiopbx import errors
from aiopbx.istra import transport as refusals
from aiopbx.istra.client import IstraClient
from aiopbx.istra.services import SOCKETS, IstraServices
from aiopbx.istra.types.session import Application
from aiopbx.operations import Operation, Service

PAGE = Path(__file__).resolve().parents[1] / "docs/istra.md"
SERVICES = {
    "service": "Session and listeners",
    "rcc": "myRCC: the extensions of an enterprise",
    "crm": "myCrm: the terminals of a user",
    "enduser": "myIstra: voicemails, call history, caller ID and counters",
}
REFUSALS: list[tuple[str, type[errors.PbxError], str]] = [
    (f"400 `{refusals.BAD_REQUEST}`", errors.RequestRefused, "what the request names is wrong, such as the terminal"),
    ("401", errors.SessionLost, "the session has expired, and the one that took its place is refused as well"),
    ("401 at the login", errors.AuthenticationFailed, "user name, password or enterprise are wrong"),
    (f"401 `{refusals.NOT_ALLOWED_FOR_CRM}`", errors.NotAllowed, "the user has no right for myCrm"),
    ("403", errors.NotAllowed, "not for this account"),
    ("403 at the login", errors.AuthenticationFailed, "the account may not log in to this application"),
    (f"403 `{refusals.COOKIE_MISMATCH}`", errors.SessionLost, "cookie and token are not of one session"),
    ("404", errors.NotFound, "there is no such thing"),
    ("412 at the login", errors.TwoStepRequired, "the account asks for a second step"),
    (f"503, 503 `{refusals.NOT_STARTED}`", errors.NotReady, "the telephony is not started; may be repeated"),
    (f"512 `{refusals.INVALID_STATE}`", errors.RequestRefused, "the terminal is out of service; may be repeated later"),
]

INTRODUCTION = """\
# Istra: every operation and its Python method

*Written from the code by `scripts/make_istra_doc.py`; a test holds it current.*

`client` is the wire of one server as one application: `pbx.istra` of a connection, or an
`aiopbx.istra.client.IstraClient` of your own. Its services have a coroutine method for each of the {count} operations.
Bodies and answers are the types of `aiopbx.istra.types`, named as on the wire, with fields in snake case. Paths are
relative to the base, which is `/restletrouter` unless the address says otherwise.

Everything raises `InvalidInput` before anything is sent where an argument is empty, and `NotSupported` where the
application does not have the operation. A request that cannot be made raises `ConnectionFailed`, and without a session
`Offline`. One that was sent and not answered raises `ConnectionFailed` if it *may be repeated*, and otherwise
`OutcomeUnknown`: what is pushed tells. A session that has expired is replaced by another, once, and the request
repeated; then `client.lost` is set if anything was listened to.

## What a refusal raises

All but those at the login are `RequestRefused`, with `status`, `code` (a text such as `ERR_100`), `help_message` (the
server's), `cause`, `transient`, `can_retry` and, whole, `detail`. The code decides; without one, the status does.

| Answer | Raises | Which means |
| --- | --- | --- |
{refusals}

## All operations

| Application | Operation | Method |
| --- | --- | --- |
{table}
"""


def place(operation: Operation[Any]) -> str:
    """Return how the method is called, without arguments."""
    name = operation.name.partition("(")[0]
    return f"client.{name}" if operation.service == "client" else f"client.{operation.service}.{name}"


def entry(operation: Operation[Any], method: Any) -> Iterator[str]:
    """Describe an operation."""
    yield from heading(operation, place(operation), method)
    yield exchanged(operation)
    if operation.alias:
        yield f"- where a server does not have that: `{operation.method} {operation.alias}`"
    yield ""


def render() -> str:
    """Return the page."""
    services = IstraServices(NOBODY)
    everything = [*services.declared(), *SOCKETS.values()]
    refused = [f"| {said} | `{kind.__name__}` | {meaning} |" for said, kind, meaning in REFUSALS]
    table = [
        f"| {'all' if len(one.applications) > 1 else one.applications[0]} | `{one}` | `{place(one)}` |"
        for one in sorted(everything, key=_order)
    ]
    lines = [INTRODUCTION.format(count=len(everything), refusals="\n".join(refused), table="\n".join(table))]
    for name, title in SERVICES.items():
        service: Service = getattr(services, name)
        lines += [f"## {title}: `client.{name}`", "", words(type(service).__doc__), ""]
        lines += helpers(name, service)
        for operation in everything:
            if operation.service == name:
                lines += entry(operation, getattr(type(service), operation.name))
    lines += ["## The socket", "", words(IstraClient.open_socket.__doc__), ""]
    lines += [f"- `{operation}` pushes {type_name(operation.returns)}" for operation in SOCKETS.values()]
    lines += ["", f"### `client.open_socket({signature(IstraClient.open_socket)})`", "", PUSHES]
    return "\n".join(lines).rstrip() + "\n"


PUSHES = """\
Iterating over the socket gives a `Push(listener, items)` for every frame, in order, until it ends; `end` and
`end_reason` say how it did. Keepalives go out by themselves. `last_heard` is when anything came, by the monotonic
clock."""


def _order(operation: Operation[Any]) -> int:
    if len(operation.applications) > 1:
        return 0
    return 1 + list(Application).index(operation.applications[0])


def main() -> int:
    """Write the page, or look whether it is current."""
    return write_or_check(PAGE, render(), "make_istra_doc.py")


if __name__ == "__main__":
    sys.exit(main())
