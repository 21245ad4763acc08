"""The client's side of what servers after O2G 2.2 have, row by row."""

import json
from collections.abc import AsyncIterator
from types import ModuleType
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from aiopbx.errors import InvalidInput, NotSupported
from aiopbx.http.download import Download
from aiopbx.o2g.client import O2gClient
from aiopbx.o2g.decoding import EventDecoder
from aiopbx.o2g.services import OPERATIONS
from aiopbx.o2g.types import (
    agent,
    analytics,
    comlog,
    directory,
    events as all_events,
    maintenance,
    pbx_management,
    pilot_monitoring,
    pilots,
    real_time,
    real_time_figures,
    recording,
    rsi,
    sessions,
    statistics,
    statistics_figures,
    statistics_rows,
    telephony,
    user_management,
    users,
    voicemail,
)
from aiopbx.o2g.types.base import Wire, WireEnum, to_json
from aiopbx.o2g.types.events import PACKAGES
from aiopbx.operations import Operation
from aiopbx.settings.connection import ConnectionSettings
from tests.aiopbx.o2g.o2g_server import API, O2gServer
from tests.contract import consequences
from tests.contract.additions import (
    AddedOperationRow,
    AmendmentRow,
    EnumerationRow,
    amendments,
    enumerations,
    events,
    operations,
    other_spellings,
    sample,
    types,
)
from tests.contract.rows import TypeRow, additions, held

one_loop = pytest.mark.asyncio(loop_scope="module")
"""One server serves them all."""

MODULES: dict[str, tuple[ModuleType, ...]] = {
    "Analytics": (analytics,),
    "User management": (user_management,),
    "Pilot monitoring": (pilot_monitoring, telephony),
    "RSI": (rsi,),
    "ACD management": (pilots,),
    "ACD real-time": (real_time, real_time_figures),
    "ACD statistics": (statistics, statistics_figures, statistics_rows),
    "Recording": (recording,),
    "Call control": (telephony, pilots),
    "Call Center Agent": (agent,),
    "Maintenance": (maintenance,),
    "Session management": (sessions,),
    "Subscription management": (sessions, all_events),
    "User information": (users,),
    "Directory search": (directory,),
    "Communication log": (comlog,),
    "Voicemail": (voicemail,),
    "PBX management": (pbx_management,),
}
BASES = {
    # Where this server has them: nothing that a client could know.
    row["service"]: f"/else/where{index}" + ("/" if index % 2 else "")
    for index, row in enumerate(additions()["services"])
    if row["base"] is None
}
PATHS: dict[str, tuple[Any, str]] = {
    "nodeId": (7, "7"),
    "day": (pilots.DayOfWeek.MONDAY, "monday"),
    "date": ("20260131", "20260131"),
    "index": (10, "10"),
    "fullResPath": ("/files/a b/one.zip", "files/a%20b/one.zip"),
}
ANY = ("Team ü/+", quote("Team ü/+", safe=""))
QUERIES: dict[str, tuple[Any, str | None]] = {
    "nodeId": (7, "7"),
    "last": (5, "5"),
    "top": (5, "5"),
    "all": (True, "true"),
    "fromDate": ("20260101", "20260101"),
    "toDate": ("20260131", "20260131"),
    "files": (["a.DAT", "b.DAT"], "a.DAT%2Cb.DAT"),
    "nodeIds": (["1", "2"], "1%3B2"),
    "deviceNumber": ("1001", "1001"),
    "loginName": ("oxe1000", "oxe1000"),
    "backup": (True, None),
    "begindate": ("2026-01-01 00:00", "2026-01-01%2000%3A00"),
    "enddate": ("2026-01-31 23:59", "2026-01-31%2023%3A59"),
    "date": ("2026-01-31", "2026-01-31"),
    "slotType": (statistics.TimeInterval.AN_HOUR, "anHour"),
    "format": ("csv", "csv"),
    "shortHeader": (True, "true"),
    "async": (True, "true"),
    "enable": (False, "false"),
}
USES = {"analytics GET /charging": (frozenset({"files"}), frozenset({"fromDate", "toDate"}))}
"""Parameters that rule one another out: in each use these are left out."""
FITTING: dict[str, dict[str, Any]] = {
    "CreateUsersRequest": {"all": False},
    "StartDataCollectionRequest": {"flushChar": "#"},
    "PilotTransition": {"time": "08:30"},
    "RtiContext": {"obsPeriod": 15, "notifFrequency": 5},
    "StatsScope": {"supervisor": {"identifier": "Team ü", "language": "FR", "timezone": "+05:30"}},
    "StatsScheduleRequest": {
        "recipients": ["team@example.com"],
        "obsPeriod": {"periodType": "lastDays", "lastNb": 31},
        "frequency": {"periodicity": "monthly", "dayInMonth": 31},
    },
}
"""What the rules want to be more than any word."""
LEFT_OUT = {
    "RtiContext": frozenset({"teamFilter", "otherPgFilter"}),
    "StatsContextRequest": frozenset({"pilotFilter", "pilotAbandonedCallFilter"}),
}
"""Parts that another part rules out."""
IN_TELEPHONY = {"TrunkIdentification"}
ROWS = operations()


def named(name: str, chapter: str) -> Any:
    return next(getattr(module, name) for module in MODULES[chapter] if hasattr(module, name))


def body_of(row: AddedOperationRow) -> Any:
    assert row.body is not None
    if row.body in LEFT_OUT:
        whole = sample(row.body, row.chapter, leave_out=frozenset({"filter"}))
        whole["filter"] = sample(
            "RtiFilter" if row.body == "RtiContext" else "StatsFilter", row.chapter, leave_out=LEFT_OUT[row.body]
        )
    else:
        whole = sample(row.body, row.chapter)
    return {**whole, **FITTING.get(row.body, {})}


def the_operation(row: AddedOperationRow) -> Operation[Any]:
    (found,) = [one for one in OPERATIONS.values() if (one.method, one.path) == (row.method, row.declared)]
    return found


def method_of(client: O2gClient, operation: Operation[Any]) -> Any:
    _, _, service, name = operation.python.split(".")
    return getattr(getattr(client, service), name)


async def opened(server: O2gServer, http: aiohttp.ClientSession, **session: Any) -> O2gClient:
    server.open_session(**session)
    client = O2gClient(ConnectionSettings.make(url=server.url, username="oxe1000", password="secret"), http)
    await client.open()
    return client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def recording_server() -> AsyncIterator[O2gServer]:
    async with O2gServer() as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(recording_server: O2gServer) -> AsyncIterator[O2gClient]:
    services = [{"serviceName": name.upper(), "relativeUrl": base} for name, base in BASES.items()]
    async with aiohttp.ClientSession() as http:
        client = await opened(recording_server, http, services=services)
        yield client
        await client.close()


# ---------------------------------------------------------------------------------------------------------- operations


@one_loop
@held("O2G additions", "client", ROWS)
async def test_an_operation(row: AddedOperationRow, client: O2gClient, recording_server: O2gServer) -> None:
    """Send exactly this method, path below what the session says, query and body, and read that answer."""
    operation = the_operation(row)
    assert operation.summary
    assert operation.since == row.since
    assert consequences.refusals(operation) == tuple(status for status, _ in row.answers if status >= 300)
    assert (operation.licence or "No license").removeprefix("API_") in (row.licence or "No license")
    assert {one.name for one in operation.query} == {one["name"] for one in row.query}
    assert operation.sends is (None if row.body is None else _type_of(row.body, row.chapter))
    for leave_out in USES.get(row.id, (frozenset(),)):
        await is_sent_and_read(row, operation, client, recording_server, leave_out)


def _type_of(name: str, chapter: str) -> Any:
    places = MODULES.get(chapter, ())
    return next(getattr(module, name) for module in (*places, *sum(MODULES.values(), ())) if hasattr(module, name))


async def is_sent_and_read(
    row: AddedOperationRow, operation: Operation[Any], client: O2gClient, server: O2gServer, leave_out: frozenset[str]
) -> None:
    keywords, query = {}, {}
    for parameter in row.query:
        name = parameter["name"]
        (declared,) = (one for one in operation.query if one.name == name)
        assert declared.valueless is bool(parameter.get("valueless"))
        assert declared.required is bool(parameter.get("required"))
        if name not in leave_out:
            keywords[declared.keyword], query[name] = QUERIES[name]
    positional = [PATHS.get(name, ANY)[0] for name in operation.path_params]
    body = None if row.body is None else body_of(row)
    if body is not None:
        positional.append(msgspec.json.decode(json.dumps(body), type=operation.sends))

    filled = row.full_path or row.path
    for name in row.path_params or operation.path_params:
        filled = filled.replace("{" + name + "}", PATHS.get(name, ANY)[1])
    if row.path == "{fullResPath}":
        path = "/" + filled
    else:
        path = API + BASES.get(row.service, "").rstrip("/") + filled
    for status, kind in row.success:
        expected = None if kind is None else sample(kind, row.chapter)
        if operation.returns is Download:
            server.answer(row.method, path, status=status, text=b"PK", headers=[("Content-Type", "application/zip")])
        elif operation.returns is str:
            server.answer(row.method, path, status=status, headers=[("Location", f"{server.url}{path}/key-1")])
        else:
            server.answer(row.method, path, status=status, json=expected)
        before = len(server.requests)
        answer = await method_of(client, operation)(*positional, **keywords)

        (sent,) = server.requests[before:]
        sent_path, _, sent_query = sent.path.partition("?")
        assert (sent.method, sent_path) == (row.method, path)
        pairs = [pair.partition("=") for pair in sent_query.split("&") if pair]
        assert {key: value if equals else None for key, equals, value in pairs} == query
        assert (json.loads(sent.body) if sent.body else None) == body
        if isinstance(answer, Download):
            assert b"".join([piece async for piece in answer]) == b"PK"
        elif operation.returns is str:
            assert answer == "key-1"
        elif kind is None:
            assert answer is None
        else:
            assert type(answer) is _type_of(kind, row.chapter)
            assert json.loads(to_json(answer)) == expected


@one_loop
@pytest.mark.parametrize("service", sorted(BASES))
async def test_a_service_that_is_missing_is_told_and_nothing_is_sent(service: str, recording_server: O2gServer) -> None:
    (row, *_) = [one for one in ROWS if one.service == service]
    operation = the_operation(row)
    async with aiohttp.ClientSession() as http:
        client = await opened(recording_server, http, services=[])
        positional = [PATHS.get(name, ANY)[0] for name in operation.path_params]
        if row.body is not None:
            positional.append(msgspec.json.decode(json.dumps(body_of(row)), type=operation.sends))
        keywords = {one.keyword: QUERIES[one.name][0] for one in operation.query if one.required}
        before = len(recording_server.requests)
        with pytest.raises(NotSupported, match="has no service") as raised:
            await method_of(client, operation)(*positional, **keywords)
        assert raised.value.missing.lower() == service
        assert "\n" not in str(raised.value)
        assert len(recording_server.requests) == before
        await client.close()


# --------------------------------------------------------------------------------------------- types and enumerations


@held("O2G types of the additions", "client", types())
def test_a_type(row: TypeRow) -> None:
    """Have exactly these fields, read and write every one; what is sent needs what it needs."""
    kind = named(row.name, row.chapter)
    assert issubclass(kind, Wire)
    assert kind.__doc__
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    wanted = {name for name, _, _ in row.fields if name != "eventName"} | other_spellings()[row.name]
    event = {"loginName"} if row.name in additions()["events"] else set()  # what all events have
    assert set(fields) - event == wanted - event

    whole = sample(row.name, row.chapter)
    assert json.loads(to_json(msgspec.json.decode(json.dumps(whole), type=kind))) == whole
    answered = {kind for one in ROWS for _, kind in one.answers if kind}
    if row.name in answered or row.name in additions()["events"]:
        msgspec.json.decode(json.dumps({"eventName": row.name}), type=kind)  # what is left out is no error


@held("O2G enumerations of the additions", "client", enumerations())
def test_an_enumeration(row: EnumerationRow) -> None:
    kind = named(row.name, row.chapter)
    assert issubclass(kind, WireEnum)
    assert [str(one) for one in kind] == list(row.values)
    for value in row.values:
        read = msgspec.json.decode(json.dumps(value), type=kind)
        assert read.listed
        assert to_json(read) == json.dumps(value).encode()
    assert not msgspec.json.decode(b'"SOMETHING_NEW"', type=kind).listed


@held("O2G events of the additions", "client", events())
def test_an_event(row: TypeRow) -> None:
    """Decode an event of every field, by its name, with nothing lost and nothing to complain of."""
    whole = sample(row.name, row.chapter)
    decoder = EventDecoder()
    event = decoder.decode(json.dumps(whole).encode())
    assert type(event) is named(row.name, row.chapter)
    assert json.loads(to_json(event)) == whole
    (package,) = [one["package"] for one in additions()["event_rows"] if one["name"] == row.name]
    assert package is None or type(event) in PACKAGES[package]
    counted = decoder.statistics
    assert (counted.events, counted.unknown_events, counted.unknown_values) == (1, 0, 0)
    assert (counted.malformed_frames, counted.bad_fields) == (0, 0)


@held("O2G amendments", "client", amendments())
def test_an_amendment(row: AmendmentRow) -> None:
    """Have it; what only slips of others have is passed over, and costs nothing else."""
    if row.kind == "query":
        (operation,) = [one for one in OPERATIONS.values() if str(one) == row.operation]
        (parameter,) = [one for one in operation.query if one.name == row.name]
        assert parameter.valueless
    elif row.kind == "value" and row.type == "(event package names)":
        assert PACKAGES[row.name]
    elif row.kind == "value":
        assert row.name in tuple(named(row.type or "", row.chapter))
    else:
        kind = named(row.type or "", row.chapter)
        fields = {field.encode_name for field in msgspec.structs.fields(kind)}
        assert (row.name in fields) is ("Ignore" not in row.meaning)
        value = sample(row.json_type or "", row.chapter)
        if row.name in {"otherSessions", "removedLeg", "removedParticipants"}:
            value = [value]
        if kind.__name__ in {"MakeCallRequest", "SendAssociatedDataRequest"}:
            return
        raw = {"eventName": row.type, row.name: value}
        read = json.loads(to_json(msgspec.json.decode(json.dumps(raw), type=kind)))
        assert read.get(row.name) == (value if row.name in fields else None)


# ------------------------------------------------------------------------------------------------------------- refusals


def transition(**changes: Any) -> pilots.PilotTransition:
    given = {"time": "08:30", "rule_number": 1, "mode": pilots.PilotOperatingMode.NORMAL, **changes}
    return pilots.PilotTransition(**given)


def context(period: int = 15, often: int = 5, **filters: Any) -> real_time.RtiContext:
    wanted = filters or {
        "queue_filter": real_time.RtiQueueFilter(attributes=(real_time_figures.RtiQueueAttributes.ALL,))
    }
    return real_time.RtiContext(obs_period=period, notif_frequency=often, filter=real_time.RtiFilter(**wanted))


def schedule(**changes: Any) -> statistics.StatsScheduleRequest:
    given: dict[str, Any] = {
        "name": "weekly",
        "obs_period": statistics.ScheduledSelPeriod(period_type=statistics.ReportPeriodType.CURRENT_DAY),
        "frequency": statistics.ReportFrequency(periodicity=statistics.Periodicity.DAILY),
        "recipients": ("team@example.com",),
        "file_type": statistics.StatsFormat.CSV,
        **changes,
    }
    return statistics.StatsScheduleRequest(**given)


WRONG: list[tuple[str, tuple[Any, ...], dict[str, Any], str, str]] = [
    ("change_transition", (1, "6000", "monday", 11, transition()), {}, "index", "at most 10"),
    ("change_transition", (1, "6000", "monday", 0, transition()), {}, "index", "from 1"),
    ("add_transition", (1, "6000", "Monday", transition()), {}, "day", "monday"),
    ("add_transition", (1, "6000", "monday", transition(time="24:00")), {}, "time", "08:30"),
    ("add_transition", (1, "6000", "monday", transition(time=None)), {}, "time", "08:30"),
    ("add_transition", (1, "6000", "monday", transition(rule_number=-1)), {}, "ruleNumber", "0 or more"),
    ("add_exception", (1, "6000", "20260231", transition()), {}, "date", "20260131"),
    ("set_real_time_context", (context(14),), {}, "obsPeriod", "15 to 60 minutes"),
    ("set_real_time_context", (context(61),), {}, "obsPeriod", "15 to 60 minutes"),
    ("set_real_time_context", (context(often=4),), {}, "notifFrequency", "5 or more seconds"),
    (
        "set_real_time_context",
        (context(pilot_filter=real_time.RtiPilotFilter(attributes=(real_time_figures.RtiPilotAttributes("state"),))),),
        {},
        "pilot_filter.attributes",
        "State",
    ),
    (
        "several_days",
        ("Team", "1"),
        {"begin": "2026-01-01", "end": "2026-02-02", "format": "json"},
        "enddate",
        "At most 31",
    ),
    (
        "several_days",
        ("Team", "1"),
        {"begin": "2026-02-01", "end": "2026-01-01", "format": "json"},
        "enddate",
        "earlier",
    ),
    (
        "several_days",
        ("Team", "1"),
        {"begin": "1.2.2026", "end": "2026-01-01", "format": "json"},
        "begindate",
        "2026-01-31",
    ),
    ("one_day", ("Team", "1"), {"date": "2026-01-31", "format": "pdf"}, "format", "json, csv, xls"),
    ("one_day", ("Team", "1"), {"date": "2026-01-31", "format": "json", "background": True}, "async", "files"),
    ("one_day", ("Team", "1"), {"date": "2026-01-31", "slot_type": "hour", "format": "csv"}, "slotType", "anHour"),
    ("charging", (), {"node_id": 1, "files": "a", "from_date": "20260101", "to_date": "20260102"}, "files", "by days"),
    ("charging", (), {"node_id": 1, "files": [f"f{n}" for n in range(101)]}, "files", "At most 100"),
    ("charging", (), {"node_id": 1, "from_date": "20260101"}, "toDate", "fromDate"),
    ("charging_files", (), {"node_id": 1, "from_date": "20260102", "to_date": "20260101"}, "toDate", "earlier"),
    ("incidents", (), {"node_id": 1, "last": 0}, "last", "1 or more"),
    ("create_users", (user_management.CreateUsersRequest(node_id=1),), {}, "deviceNumbers", "all"),
    (
        "create_users",
        (user_management.CreateUsersRequest(node_id=1, all=True, device_numbers=("1",)),),
        {},
        "all",
        "numbers",
    ),
    (
        "play_tone",
        ("6500", rsi.PlayToneRequest(call_ref="c1", type=rsi.Tones("BEEP"), duration=1)),
        {},
        "type",
        "MUSIC",
    ),
    ("play_tone", ("6500", rsi.PlayToneRequest(call_ref="c1", type=rsi.Tones.BUSY, duration=0)), {}, "duration", "1"),
    (
        "select_route",
        ("6500", rsi.RouteSelect(route_crid="r1", selected_route="nobody")),
        {},
        "selectedRoute",
        "1 to 49",
    ),
    (
        "collect_digits",
        ("6500", rsi.StartDataCollectionRequest(call_ref="c1", flush_char="##")),
        {},
        "flushChar",
        "one of",
    ),
    (
        "create_context",
        ("Team", statistics.StatsContextRequest(supervisor_id="Team", filter=statistics.StatsFilter())),
        {},
        "filter",
        "agents",
    ),
    ("create_schedule", ("Team", "1", schedule(recipients=())), {}, "recipients", "at least one"),
    ("create_schedule", ("Team", "1", schedule(recipients=("team",))), {}, "recipients", "@"),
    (
        "create_schedule",
        (
            "Team",
            "1",
            schedule(
                obs_period=statistics.ScheduledSelPeriod(period_type=statistics.ReportPeriodType.LAST_DAYS, last_nb=32)
            ),
        ),
        {},
        "obsPeriod.lastNb",
        "1 to 31",
    ),
    (
        "create_schedule",
        ("Team", "1", schedule(frequency=statistics.ReportFrequency(periodicity=statistics.Periodicity.MONTHLY))),
        {},
        "frequency.periodicity",
        "daily",
    ),
    ("statistics_file", ("/files/../../secret",), {}, "fullResPath", "as it is"),
    ("activate_skills", (agent.AgentSkillActivation(skills=()),), {}, "skills", "at least one"),
]


@one_loop
@pytest.mark.parametrize(
    ("name", "positional", "keywords", "field", "rule"),
    WRONG,
    ids=[f"{one[0]}-{one[3]}-{n}" for n, one in enumerate(WRONG)],
)
async def test_what_is_wrong_is_refused_before_it_is_sent(
    name: str,
    positional: tuple[Any, ...],
    keywords: dict[str, Any],
    field: str,
    rule: str,
    client: O2gClient,
    recording_server: O2gServer,
) -> None:
    before = len(recording_server.requests)
    with pytest.raises(InvalidInput) as raised:
        await method_of(client, OPERATIONS[name])(*positional, **keywords)
    assert raised.value.field == field
    assert rule in (raised.value.remedy or "")
    assert len(recording_server.requests) == before


# ---------------------------------------------------------------------------------------------- where sources disagree


def test_both_spellings_are_read() -> None:
    decoder = EventDecoder()
    for spelt in ("tonesTypes", "toneType"):
        event = decoder.decode(json.dumps({"eventName": "OnToneGeneratedStart", spelt: "MUSIC"}).encode())
        assert isinstance(event, rsi.OnToneGeneratedStart)
        assert (event.tones_types or event.tone_type) is rsi.Tones.MUSIC


@one_loop
@pytest.mark.parametrize(
    "rules", [[{"ruleNumber": 2, "active": True}], {"ruleList": [{"ruleNumber": "2", "active": True}]}]
)
async def test_rules_of_a_pilot_are_read_as_a_list_or_an_object(
    rules: Any, client: O2gClient, recording_server: O2gServer
) -> None:
    path = f"{API}{BASES['acdmanagement'].rstrip('/')}/1/pilots/6000"
    recording_server.answer("GET", path, json={"number": "6000", "rules": rules})
    read = (await client.acd_management.pilot(1, "6000")).rules
    assert read is not None
    assert [(one.number, one.active) for one in read.rule_list] == [(2, True)]
