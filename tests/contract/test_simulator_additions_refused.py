"""What the simulator refuses alike in all of the additions, over plain HTTP, and what each refuses that comes in wrong.

One simulator serves them all: a request that is refused changes nothing.
"""

from typing import Any

import pytest

from tests.contract.additions import AddedOperationRow, operations
from tests.contract.call_centre import BOB, PILOT, POINT, Centre, centre_of, settings
from tests.contract.simulated import World, check_refusal

ROWS = [row for row in operations() if row.path != "{fullResPath}"]
CONTEXT = {"obsPeriod": 15, "notifFrequency": 5, "filter": {"pilotFilter": {"numbers": [PILOT], "attributes": []}}}
SUPERVISOR = {"identifier": "Team", "language": "EN", "timezone": "+02"}
SCOPE = {"supervisor": SUPERVISOR, "agents": [{"number": "1001"}]}
PILOTS = {"filter": {"pilotFilter": {"numbers": [PILOT], "attributes": ["ALL"]}}}
REPORT = {
    "name": "Weekly",
    "obsPeriod": {"periodType": "lastDays", "lastNb": 2},
    "frequency": {"periodicity": "daily"},
    "recipients": ["boss@example.com"],
    "fileType": "csv",
}
TRANSITION = {"time": "08:00", "ruleNumber": 1, "mode": "normal"}


async def services(world: World) -> dict[str, str]:
    """Where the session says that the services are."""
    reply = await world.ask("GET", "/sessions")
    return {one["serviceName"].lower(): one["relativeUrl"] for one in reply.body["services"]}


def path_of(row: AddedOperationRow, where: dict[str, str]) -> str:
    """The path of an operation, with a value for every parameter."""
    path = row.full_path or where[row.service.lower()] + row.path
    for name in row.path_params:
        path = path.replace(f"{{{name}}}", {"day": "monday", "date": "20260131", "nodeId": "1"}.get(name, "1"))
    return path


def recorded() -> Any:
    return settings({"recorders": [{"name": "One", "devices": ["1001"]}]})


async def test_without_a_session_while_starting_and_by_other_methods() -> None:
    async with centre_of(recorded()) as centre:
        world = centre.world
        await world.log_in("administrator")
        where = await services(world)
        served: dict[str, set[str]] = {}
        for row in operations():
            if row in ROWS:
                served.setdefault(path_of(row, where), set()).add(row.method)
        for row in ROWS:
            path = path_of(row, where)
            if row.full_path is None:
                for method in {"PATCH", "GET", "PUT", "POST", "DELETE"} - served[path]:
                    check_refusal(None, await world.ask(method, path), 405, "NOT_SUPPORTED")
            for raw in (b"{", b"[]", b"\xff") if row.body else ():
                check_refusal(None, await world.ask(row.method, path + "?loginName=" + BOB, raw=raw), 400, BAD)
        world.simulator.faults.not_ready()
        for row in ROWS:
            check_refusal(None, await world.ask(row.method, path_of(row, where)), 503, "NOT_READY")
        world.simulator.faults.not_ready(False)
        world.cookies = {}
        for row in ROWS:
            check_refusal(None, await world.ask(row.method, path_of(row, where)), 403, "INVALID_SESSION")


async def test_a_user_does_nothing_of_an_administrator() -> None:
    async with centre_of(recorded()) as centre:
        world = centre.world
        await world.log_in("administrator")
        where = await services(world)
        await world.log_in(BOB)
        mine = await services(world)
        for row in ROWS:
            if row.service not in mine and row.full_path is None:
                check_refusal(None, await world.ask(row.method, path_of(row, where)), 403, "NOT_ALLOWED")
        assert not mine.keys() & {"analytics", "acdmanagement", "acdrealtime", "acd statistics", "usermanagement"}


async def ready(centre: Centre) -> tuple[dict[str, str], dict[str, str]]:
    """Somebody who may do everything, with a requester, a context and a call at a routing point."""
    world = centre.world
    await world.log_in("administrator")
    where = await services(world)
    assert (await world.ask("POST", f"{where['acd statistics']}/scope", SCOPE)).status == 204
    reply = await world.ask("POST", f"{where['acd statistics']}/scope/Team/ctx", PILOTS)
    assert (await world.ask("POST", f"{where['acdrsi']}/{POINT}/enable")).status == 204
    ref = centre.calls(POINT)
    (dialogue,) = centre.switch.dialogues(POINT)
    return where, {"ctx": reply.body["id"], "ref": ref, "key": dialogue.key}


BAD = "BAD_PARAMETER"
_MONDAY = f"/1/pilots/{PILOT}/calendar/normal/monday/transitions"
WRONG: list[tuple[str, str, str, Any, str]] = [
    ("POST", "acdmanagement", _MONDAY, TRANSITION | {"time": "8:00"}, "time"),
    ("POST", "acdmanagement", _MONDAY, TRANSITION | {"mode": "sometimes"}, "mode"),
    ("POST", "acdmanagement", _MONDAY, TRANSITION | {"ruleNumber": 9}, "ruleNumber"),
    ("POST", "acdmanagement", _MONDAY, {"time": "08:00", "mode": "normal"}, "ruleNumber"),
    ("POST", "acdmanagement", _MONDAY, {"mode": "closed"}, "time"),
    ("POST", "acdmanagement", f"/1/pilots/{PILOT}/calendar/normal/someday", TRANSITION, "day"),
    ("POST", "acdmanagement", f"/1/pilots/{PILOT}/calendar/exception/20260231", TRANSITION, "20260231"),
    ("PUT", "acdmanagement", _MONDAY + "/first", TRANSITION, "index"),
    ("POST", "acdrealtime", "/ctx", CONTEXT | {"obsPeriod": 14}, "obsPeriod"),
    ("POST", "acdrealtime", "/ctx", CONTEXT | {"obsPeriod": 61}, "obsPeriod"),
    ("POST", "acdrealtime", "/ctx", CONTEXT | {"notifFrequency": 4}, "notifFrequency"),
    ("POST", "acdrealtime", "/ctx", {"obsPeriod": 15, "notifFrequency": 5}, "filter"),
    ("POST", "acdrealtime", "/ctx", CONTEXT | {"filter": {"pilotFilter": {"attributes": ["Mood"]}}}, "Mood"),
    ("POST", "acd statistics", "/scope", {"supervisor": SUPERVISOR, "agents": []}, "agents"),
    ("POST", "acd statistics", "/scope", SCOPE | {"supervisor": SUPERVISOR | {"timezone": "CET"}}, "timezone"),
    ("POST", "acd statistics", "/scope", SCOPE | {"supervisor": SUPERVISOR | {"language": "XX"}}, "language"),
    ("POST", "acd statistics", "/scope", SCOPE | {"supervisor": SUPERVISOR | {"identifier": " "}}, "identifier"),
    ("POST", "acd statistics", "/scope/Team/ctx", {"filter": {}}, "filter"),
    ("POST", "acd statistics", "/scope/Team/ctx", {"filter": {"pilotFilter": {"attributes": ["mood"]}}}, "mood"),
    ("POST", "acd statistics", "/scope/Team/ctx", {"filter": {"pilotFilter": {"numbers": ["9"]}}}, "no pilot 9"),
    ("POST", "acd statistics", "/scope/Team/ctx/{ctx}/schedule", REPORT | {"name": ""}, "name"),
    ("POST", "acd statistics", "/scope/Team/ctx/{ctx}/schedule", REPORT | {"recipients": ["boss"]}, "recipients"),
    ("POST", "acd statistics", "/scope/Team/ctx/{ctx}/schedule", REPORT | {"fileType": "doc"}, "fileType"),
    (
        "POST",
        "acd statistics",
        "/scope/Team/ctx/{ctx}/schedule",
        REPORT | {"obsPeriod": {"periodType": "lastDays", "lastNb": 32}},
        "lastNb",
    ),
    (
        "POST",
        "acd statistics",
        "/scope/Team/ctx/{ctx}/schedule",
        REPORT | {"obsPeriod": {"periodType": "currentMonth"}},
        "periodicity",
    ),
    (
        "POST",
        "acd statistics",
        "/scope/Team/ctx/{ctx}/schedule",
        REPORT | {"frequency": {"periodicity": "weekly"}},
        "daysInWeek",
    ),
    (
        "POST",
        "acd statistics",
        "/scope/Team/ctx/{ctx}/schedule",
        REPORT | {"frequency": {"periodicity": "monthly", "dayInMonth": 32}},
        "dayInMonth",
    ),
    ("GET", "acd statistics", "/scope/Team/ctx/{ctx}/oneday/data?format=json&date=today", None, "date"),
    ("GET", "acd statistics", "/scope/Team/ctx/{ctx}/oneday/data?format=json&date=2024-01-01", None, "12 months"),
    ("GET", "acd statistics", "/scope/Team/ctx/{ctx}/oneday/data?format=pdf&date=2026-01-05", None, "format"),
    ("GET", "acd statistics", "/scope/Team/ctx/{ctx}/oneday/data?format=csv&date=2026-01-05", None, "async"),
    (
        "GET",
        "acd statistics",
        "/scope/Team/ctx/{ctx}/oneday/data?format=json&date=2026-01-05&slotType=aWhile",
        None,
        "slotType",
    ),
    (
        "GET",
        "acd statistics",
        "/scope/Team/ctx/{ctx}/days/data?format=json&begindate=2025-12-01&enddate=2026-01-05",
        None,
        "31",
    ),
    (
        "GET",
        "acd statistics",
        "/scope/Team/ctx/{ctx}/days/data?format=json&begindate=2026-01-05&enddate=2026-01-04",
        None,
        "enddate",
    ),
    ("POST", "acdrsi", f"/{POINT}/collectDigits", {"callRef": "{ref}"}, "numChars"),
    ("POST", "acdrsi", f"/{POINT}/collectDigits", {"callRef": "{ref}", "numChars": 0}, "numChars"),
    ("POST", "acdrsi", f"/{POINT}/collectDigits", {"callRef": "{ref}", "flushChar": "##"}, "flushChar"),
    ("POST", "acdrsi", f"/{POINT}/collectDigits", {"callRef": "{ref}", "timeout": 0}, "timeout"),
    ("POST", "acdrsi", f"/{POINT}/playTone", {"callRef": "{ref}", "type": "JAZZ", "duration": 3}, "tone"),
    ("POST", "acdrsi", f"/{POINT}/playTone", {"callRef": "{ref}", "type": "MUSIC", "duration": 0}, "duration"),
    ("POST", "acdrsi", f"/{POINT}/playVoiceGuide", {"callRef": "{ref}", "guideNumber": -1}, "guideNumber"),
    ("POST", "acdrsi", f"/{POINT}/routeSelect", {"routeCrid": "{key}", "selectedRoute": "x"}, "x"),
    ("GET", "analytics", "/incidents", None, "nodeId"),
    ("GET", "analytics", "/incidents?nodeId=1&last=0", None, "last"),
    ("GET", "analytics", "/charging?nodeId=1&top=many", None, "top"),
    ("GET", "analytics", "/charging?nodeId=1&fromDate=20260101", None, "toDate"),
    ("GET", "analytics", "/charging?nodeId=1&fromDate=20260102&toDate=20260101", None, "toDate"),
    ("GET", "analytics", "/charging/files?nodeId=1&fromDate=2026&toDate=20260101", None, "fromDate"),
    ("GET", "analytics", "/charging?nodeId=1&fromDate=20260101&toDate=20260102&files=a", None, "files"),
    ("GET", "usermanagement", "?nodeIds=one", None, "nodeIds"),
    ("POST", "usermanagement", "", {"nodeId": 1}, "deviceNumbers"),
    ("POST", "usermanagement", "", {"nodeId": 7, "all": True}, "nodeId"),
]


def filled(value: Any, named: dict[str, str]) -> Any:
    """Put what there is in the place of names in braces."""
    if isinstance(value, str):
        for name, one in named.items():
            value = value.replace(f"{{{name}}}", one)
        return value
    if isinstance(value, dict):
        return {key: filled(inner, named) for key, inner in value.items()}
    return value


async def test_wrong_input_is_refused_with_its_field_and_changes_nothing() -> None:
    async with centre_of(recorded()) as centre:
        where, named = await ready(centre)
        before = centre.switch.dump()
        for method, service, below, body, said in WRONG:
            reply = await centre.world.ask(method, where[service] + filled(below, named), filled(body, named))
            assert (reply.status, (reply.body or {}).get("type")) == (400, BAD), (method, below, body, reply.body)
            check_refusal(None, reply, 400, BAD)
            assert said in reply.body["innerMessage"], (below, reply.body)
        assert centre.switch.dump() == before
        assert (await centre.world.ask("GET", f"{where['acd statistics']}/scope/Team/ctx")).body["contexts"] != []


async def test_a_second_application_of_someone_else_is_refused() -> None:
    """Whoever has a point keeps it, apart from who logs in as the same."""
    async with centre_of() as centre:
        centre.switch.enable_routing_point(POINT, "of someone else")
        await centre.world.log_in("administrator")
        where = await services(centre.world)
        reply = await centre.world.ask("POST", f"{where['acdrsi']}/{POINT}/enable")
        check_refusal(None, reply, 400, "NOT_EXPECTED")
        assert centre.switch.routing_points[POINT].applications == ["of someone else"]


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_files_at_the_root_are_only_read(method: str) -> None:
    async with (
        centre_of() as centre,
        centre.http.request(method, f"{centre.world.simulator.url}/acd-report-files/Team/some.zip") as response,
    ):
        assert response.status == 405
