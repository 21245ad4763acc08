"""Write docs/o2g.md, the page of all operations of O2G, from the code.

.venv-lib/bin/python scripts/make_o2g_doc.py [--check]

With --check nothing is written, and the exit code says whether the page is current.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from operation_page import NOBODY, exchanged, heading, helpers, words, write_or_check

from aiopbx import errors
from aiopbx.o2g import rules
from aiopbx.o2g.services import OPERATIONS, O2gServices
from aiopbx.o2g.types.events import PACKAGES
from aiopbx.operations import Operation, Service

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.contract.consequences import RAISED, events, refusals

PAGE = Path(__file__).resolve().parents[1] / "docs/o2g.md"
TITLES = {
    "sessions": "Sessions",
    "users": "Users",
    "subscriptions": "Subscriptions",
    "telephony": "Call control",
    "routing": "Routing",
    "event_summary": "Event summary",
    "directory": "Directory",
    "communication_log": "Communication log",
    "voicemail": "Voicemail",
    "phone_set_programming": "Phone-set programming",
    "pbx_management": "PBX management",
    "agent": "Call-centre agents",
    "maintenance": "Maintenance",
}

INTRODUCTION = """\
# O2G: every operation and its Python method

*Written from the code by `scripts/make_o2g_doc.py`; a test holds it current.*

`client` is the wire of one server: `pbx.o2g` of a connection, or an `aiopbx.o2g.client.O2gClient` of your own. Its
services have a coroutine method for each of the {count} operations. Bodies and answers are the types of
`aiopbx.o2g.types`, named as on the wire, with fields in snake case. Paths are relative to the base URL of the session.

Everything raises `InvalidInput` before anything is sent where the rule under *checked* is broken, an argument is empty,
or an administrator does not name the user (`login_name`, where a method has it). A request that cannot be made
raises `ConnectionFailed`, and without a session `Offline`. One that was sent and not answered raises `ConnectionFailed`
if it *may be repeated*, and otherwise `OutcomeUnknown`: the events tell.

## What a refusal raises

All are `RequestRefused`, with `status`, `code`, `type`, `cause`, `help_message`, `can_retry` and `detail` as the server
sent them. The server's code decides; without one, the status does.

{errors}

## Events

What a selector of a subscription names, and the events that come with it. `OnChannelInformation` comes with every
channel.

{packages}
"""


def checks(operation: Operation[Any]) -> str:
    """Say what is checked before it is sent."""
    said = []
    for check in operation.checks:
        text = words(check.__doc__)
        for name in re.findall(r"`(check_\w+)`", text):
            text = words(getattr(rules, name).__doc__)
            said.append(text)
        if "`check_" not in words(check.__doc__):
            said.append(text)
    plain = [text.removeprefix("Check that ").removeprefix("Check ").rstrip(".") for text in said]
    return "; ".join(dict.fromkeys(plain))


def entry(name: str, operation: Operation[Any], method: Any) -> Iterator[str]:
    """Describe an operation."""
    yield from heading(operation, f"client.{name}.{operation.name}", method)
    facts = [exchanged(operation)]
    facts.append(
        f"- licence: {operation.licence or 'none'}" + (f"; since {operation.since}" if operation.since else "")
    )
    caused = events(operation)
    if caused:
        facts.append("- events: " + ", ".join(f"`{event.__name__}`" for event in caused))
    facts.append("- refused with: " + ", ".join(str(status) for status in refusals(operation)))
    if operation.checks:
        facts.append(f"- checked: {checks(operation)}")
    if operation.guards:
        names = ", ".join(f"`{one.keyword}`" for one in operation.guards)
        facts.append(f"- {names} is not sent: it says that you mean it")
    yield from facts
    yield ""


def render() -> str:
    """Return the page."""
    services = O2gServices(NOBODY)
    refused = ["| Status | Raises | Which means |", "| --- | --- | --- |"]
    for status, kind in RAISED.items():
        refused.append(f"| {status} | `{kind.__name__}` | {words(kind.__doc__)} |")
    refused.append(f"| code 1001 | `SessionLost` | {words(errors.SessionLost.__doc__)} |")
    packages = ["| Package | Events |", "| --- | --- |"]
    for package, kinds in PACKAGES.items():
        packages.append(f"| `{package}` | {', '.join(f'`{kind.__name__}`' for kind in kinds)} |")
    lines = [
        INTRODUCTION.format(count=len(OPERATIONS), errors="\n".join(refused), packages="\n".join(packages)),
    ]
    for name, title in TITLES.items():
        service: Service = getattr(services, name)
        mine = [one for one in OPERATIONS.values() if one.service == service.service]
        lines += [f"## {title}: `client.{name}`", "", words(type(service).__doc__), ""]
        lines += helpers(name, service)
        for operation in mine:
            lines += entry(name, operation, getattr(type(service), operation.name))
    return "\n".join(lines).rstrip() + "\n"


def main() -> int:
    """Write the page, or look whether it is current."""
    return write_or_check(PAGE, render(), "make_o2g_doc.py")


if __name__ == "__main__":
    sys.exit(main())
