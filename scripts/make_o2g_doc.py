"""Write docs/o2g.md, the page of all operations of O2G, and docs/o2g-additions.md, how sure those after 2.2 are.

.venv-lib/bin/python scripts/make_o2g_doc.py [--check]

With --check nothing is written, and the exit code says whether the pages are current.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from model_names import NAMES, NONE
from operation_page import NOBODY, exchanged, heading, helpers, words, write_or_check

from aiopbx import errors
from aiopbx.o2g import rules
from aiopbx.o2g.services import OPERATIONS, O2gServices
from aiopbx.o2g.types.events import PACKAGES
from aiopbx.operations import Operation, Service

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.contract import additions
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
    "user_management": "User management",
    "analytics": "Analytics",
    "pilot_monitoring": "Calls at pilots",
    "acd_management": "Pilots and their calendars",
    "routing_points": "Routing by the application",
    "real_time": "The call centre in real time",
    "acd_statistics": "Statistics",
    "statistics_files": "Files of statistics",
    "recording": "Recording on demand",
}

INTRODUCTION = """\
# O2G: every operation and its Python method

*Written from the code by `scripts/make_o2g_doc.py`; a test holds it current.*

`client` is the wire of one server: `pbx.o2g` of a connection, or an `aiopbx.o2g.client.O2gClient` of your own. Its
services have a coroutine method for each of the {count} operations. Bodies and answers are the types of
`aiopbx.o2g.types`, named as on the wire, with fields in snake case. Paths are relative to the base URL of the session.

What stands from *User management* on came after O2G 2.2. Each of these says how sure it is and what the model calls it,
and [a page of its own](o2g-additions.md) has them as tables; all others are in the reference of O2G 2.2. Where the new
services are, only the session says, so the first part of their paths stands for that place. A server that does not list
the service lacks the feature, and `NotSupported` names it.

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


def in_the_model(operation: Operation[Any]) -> str:
    """Say what the model calls an operation, or why it has no method of its own."""
    name = operation.python.removeprefix("pbx.o2g.")
    return f"`{NAMES[name]}`" if name in NAMES else f"none: {NONE[name]}"


def sure(row: additions.AddedOperationRow) -> str:
    """Say how sure an operation is."""
    return SURE[row.confidence] + ("; administrators only" if row.administrators else "")


def entry(
    name: str,
    operation: Operation[Any],
    method: Any,
    rows: Mapping[tuple[str, str], additions.AddedOperationRow],
) -> Iterator[str]:
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
    row = rows.get((operation.method, operation.path))
    if row is not None:
        facts += [f"- in the model: {in_the_model(operation)}", f"- how sure: {sure(row)}"]
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
    rows = {(row.method, row.declared): row for row in additions.operations()}
    for name, title in TITLES.items():
        service: Service = getattr(services, name)
        mine = [one for one in OPERATIONS.values() if one.service == service.service]
        lines += [f"## {title}: `client.{name}`", "", words(type(service).__doc__), ""]
        lines += helpers(name, service)
        for operation in mine:
            lines += entry(name, operation, getattr(type(service), operation.name), rows)
    return "\n".join(lines).rstrip() + "\n"


ADDITIONS = PAGE.with_name("o2g-additions.md")
SURE = {
    "captured": "seen on a live server",
    "agreed": "two or more clients agree",
    "one": "one client only",
    "inferred": "inferred: nobody says so",
}
ABOUT = """\
# O2G after 2.2: what there is, and how sure it is

*Written by `scripts/make_o2g_doc.py`; a test holds it current.*

The reference ends with O2G 2.2. What newer servers have is known from four clients that their publisher has released,
and little of it was seen on a live server. So this page says for each of the {count} operations how sure it is. Clients
that agree have one publisher, so that this is no proof either. Where they disagree, both ways are read, and the
likelier is sent. Where a service is, only the session says; a server that does not list it lacks it, by its version,
its licence or the rights of the account, and `NotSupported` names it.

Dates and times are texts as the server writes them, on the clock of the node; numbers are numbers, in the unit that the
type says. What is wrong is refused before it is sent: see *checked* on [the page of operations](o2g.md).

*In the model* names a method of the model, which does what the operation does, most often with others; a class such as
`Reports` or `RouteRequest` is what a method of the model returns. `client` is `pbx.o2g`, the wire without the model.
"""


def render_additions() -> str:
    """Return the page of what came after 2.2."""
    rows = additions.operations()
    lines = [ABOUT.format(count=len(rows))]
    declared = {(one.method, one.path): one for one in OPERATIONS.values()}
    seen = ""
    for row in rows:
        if row.service != seen:
            seen = row.service
            lines += [
                "" if lines[-1].startswith("|") else None,
                f"## {row.chapter}: service `{row.service}`",
                "",
                "| Operation | In the model | On the wire | Licence | Since | Events | Refused with | How sure |",
                "| --- | --- | --- | --- | --- | --- | --- | --- |",
            ]
        operation = declared[row.method, row.declared]
        cells = (
            f"`{row.method} {row.full_path or row.path or '/'}`",
            in_the_model(operation),
            f"`client.{operation.python.removeprefix('pbx.o2g.')}`",
            operation.licence or "none",
            row.since or "not said",
            ", ".join(f"`{event.__name__}`" for event in events(operation)) or "none",
            ", ".join(str(status) for status in refusals(operation)),
            sure(row),
        )
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", "## Events", "", "| Event | Package | Since | How sure |", "| --- | --- | --- | --- |"]
    for event in additions.additions()["event_rows"]:
        package = f"`{event['package']}`" if event["package"] else "every channel"
        since = event["since"] or "not said"
        lines.append(f"| `{event['name']}` | {package} | {since} | {SURE[event['confidence']]} |")
    return "\n".join(line for line in lines if line is not None).rstrip() + "\n"


def main() -> int:
    """Write the pages, or look whether they are current."""
    first = write_or_check(PAGE, render(), "make_o2g_doc.py")
    return write_or_check(ADDITIONS, render_additions(), "make_o2g_doc.py") or first


if __name__ == "__main__":
    sys.exit(main())
