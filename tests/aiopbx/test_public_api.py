"""The public API: whole, typed, explained, and small enough to read at once."""

import ast
import enum
import importlib.resources
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import aiopbx

SOURCE = Path(aiopbx.__file__)
API = {
    "CallCentre",
    "CentreAgent",
    "CentreChanged",
    "CentreGroup",
    "CentreOtherGroup",
    "CentrePilot",
    "CentreQueue",
    "CentreStatistics",
    "CentreTable",
    "Charging",
    "ChargingFile",
    "ChargingTicket",
    "Digits",
    "DigitsCollected",
    "Figures",
    "PilotCalendar",
    "PilotMode",
    "PilotRule",
    "PilotSnapshot",
    "Pilots",
    "PointSnapshot",
    "RouteEnded",
    "RouteRequest",
    "RouteRequested",
    "RouteSnapshot",
    "RoutingPoint",
    "Slot",
    "StatisticsProgress",
    "StatisticsRow",
    "StatisticsStep",
    "ToneChanged",
    "Transition",
    "WaitingCall",
    "WaitingChange",
    "WaitingChanged",
    "Weekday",
    "Contacts",
    "ContactSettings",
    "ContactSource",
    "Number",
    "NumberKind",
    "NumberPlan",
    "Numbers",
    "tel_uri",
    "WireMessage",
    "Recorder",
    "RecordingFailed",
    "Replay",
    "fingerprint_of",
    "read_sound",
    "replay",
    "connect",
    "Pbx",
    "Line",
    "Call",
    "EventStream",
    "CallbackRequest",
    "CallerId",
    "CallerIdChoice",
    "VOICEMAIL",
    "DVA",
    "ConnectionSettings",
    "DialKeywords",
    "SupervisedUser",
    "TunnelSettings",
    "WebhookSettings",
    "DialPolicy",
    "Status",
    "CallState",
    "LineState",
    "Direction",
    "Outcome",
    "Action",
    "Feature",
    "PartyKind",
    "Recording",
    "DeviceState",
    "Condition",
    "Target",
    "Party",
    "Leg",
    "CallSnapshot",
    "Device",
    "Forward",
    "Overflow",
    "Routing",
    "Counters",
    "LineSnapshot",
    "AvailableLine",
    "SystemInfo",
    "Statistics",
    "Obstacle",
    "ObstacleKind",
    "Event",
    "StatusChanged",
    "LineEvent",
    "LineAdded",
    "LineRemoved",
    "LineChanged",
    "CallEvent",
    "CallStarted",
    "CallChanged",
    "CallEnded",
    "PbxError",
    "InvalidInput",
    "PolicyViolation",
    "UnknownLine",
    "UnknownCall",
    "NotSupported",
    "ActionNotAllowed",
    "CallOver",
    "ConnectionFailed",
    "EventsLate",
    "CertificateFailed",
    "Conflict",
    "AuthenticationFailed",
    "TwoStepRequired",
    "Offline",
    "OutcomeUnknown",
    "RequestRefused",
    "NotFound",
    "NotASound",
    "NotAllowed",
    "NotReady",
    "SessionLost",
    "SubscriptionLost",
    "AcdCall",
    "Agent",
    "IntrusionMode",
    "WithdrawReason",
    "CallLog",
    "CallRecord",
    "LogChange",
    "Contact",
    "ContactSearch",
    "AgentChanged",
    "HelpCancelled",
    "HelpRequested",
    "LicenceExpiring",
    "LogChanged",
    "NodeChanged",
    "ObjectChanged",
    "ServerStarted",
    "TwinLinkChanged",
    "Trunk",
    "AgentSnapshot",
    "AgentState",
    "Skill",
    "Sound",
    "CtiLink",
    "Licence",
    "Nodes",
    "NodeSnapshot",
    "ObjectAttribute",
    "ObjectChange",
    "ObjectKind",
    "Objects",
    "PbxObject",
    "attribute",
    "field",
    "keys_of",
    "Key",
    "Pin",
    "Telephone",
    "TelephoneState",
    "Mailbox",
    "MailboxSnapshot",
    "VoicemailMessage",
    "Voicemails",
    "VoicemailSnapshot",
    "HuntingGroups",
    "Languages",
    "Preferences",
    "Text",
    "Answer",
    "CallRecorder",
    "Incident",
    "ManagedUser",
    "RecordedDevice",
    "Recurrence",
    "Report",
    "ReportPeriod",
    "ReportPlan",
    "ReportState",
    "CallRecording",
    "Incidents",
    "Reports",
    "Users",
    "Operation",
    "Parameter",
    "ParameterKind",
    "ParameterPlace",
    "Request",
}
WIRES = ("O2G", "myRCC", "myCrm", "myIstra")
ACTIONS = {
    "Pbx": {
        "line",
        "call",
        "subscribe",
        "wire",
        "record",
        "events",
        "wait_status",
        "available_lines",
        "charging",
        "directory",
        "incidents",
        "routing_point",
        "routing_points",
        "diagnostics",
        "prepare",
        "request",
        "run_threadsafe",
        "close",
    },
    "Line": {
        "subscribe",
        "dial",
        "answer",
        "hang_up",
        "pick_up",
        "wait_for_call",
        "unpark",
        "set_do_not_disturb",
        "set_forward",
        "cancel_forward",
        "set_overflow",
        "cancel_overflow",
        "set_remote_extension",
        "request_call_back",
        "toggle_microphone",
        "callbacks",
        "delete_callbacks",
        "refresh_counters",
        "mailboxes",
        "mailbox",
        "voicemails",
        "call_log",
        "device",
        "prefix",
        "preferences",
        "set_preferences",
        "languages",
        "change_password",
        "share_desk",
        "leave_desk",
        "hunting_groups",
        "join_hunting_group",
        "leave_hunting_group",
        "set_hunting_group_logged_on",
        "send_text",
        "read_text",
        "set_caller_id",
        "refresh_caller_id",
    },
    "Call": {
        "answer",
        "hang_up",
        "end",
        "hold",
        "retrieve",
        "alternate",
        "reconnect",
        "consult",
        "transfer",
        "blind_transfer",
        "redirect",
        "merge",
        "add_party",
        "drop",
        "overflow_to_voicemail",
        "park",
        "send_dtmf",
        "start_recording",
        "stop_recording",
        "pause_recording",
        "resume_recording",
        "attach_data",
        "send_account_info",
        "call_back",
        "intrude",
        "switch_device",
        "wait_for",
    },
}


def public_classes() -> Iterator[Any]:
    for name in aiopbx.__all__:
        value = getattr(aiopbx, name)
        if inspect.isclass(value):
            yield pytest.param(value, id=name)


def own_members(kind: type) -> Iterator[tuple[str, Any]]:
    ours = [one for one in kind.__mro__ if one.__module__.startswith("aiopbx")]
    for name, member in ((name, member) for one in ours for name, member in vars(one).items()):
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, (property, classmethod))):
            yield name, member


def toplevel(source: Path) -> list[ast.stmt]:
    """The statements of a module, those under ``if TYPE_CHECKING`` among them, and those in functions not."""
    body = ast.parse(source.read_text()).body
    return [one for node in body for one in (node.body if isinstance(node, ast.If) else [node])]


def test_this_is_the_whole_api() -> None:
    assert set(aiopbx.__all__) == API
    assert len(set(aiopbx.__all__)) == len(aiopbx.__all__)


def test_all_names_everything_that_is_imported() -> None:
    imported = {
        alias.asname or alias.name
        for node in toplevel(SOURCE)
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
    }
    assert imported == set(aiopbx.__all__)
    for name in aiopbx.__all__:
        assert getattr(aiopbx, name) is not None


def test_it_fits_one_page() -> None:
    assert len(SOURCE.read_text().splitlines()) < 260


def test_it_is_typed() -> None:
    assert importlib.resources.files("aiopbx").joinpath("py.typed").is_file()


HEAVY = (
    "aiopbx.simulator",
    "aiopbx.cli",
    "phonenumbers",
    "vobject",
    "typer",
    "rich",
    "yaml",
    "cryptography",
    "ipywidgets",
    "pandas",
)
WIRE_MODULES = ("aiopbx.o2g", "aiopbx.istra", "aiohttp", "websockets", "pydantic")


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import aiopbx", (*HEAVY, *WIRE_MODULES)),
        ("import aiopbx; aiopbx.ConnectionSettings", (*HEAVY, "aiopbx.o2g", "aiopbx.istra")),
        ("import aiopbx.o2g.system", (*HEAVY, "aiopbx.istra")),
        ("import aiopbx.istra.system", (*HEAVY, "aiopbx.o2g")),
    ],
)
def test_importing_brings_only_what_is_needed(code: str, absent: tuple[str, ...]) -> None:
    """Neither the simulator, YAML, certificates nor the command; a wire and pydantic only where they are used."""
    look = f"{code}; import sys; print([one for one in sys.modules if {{one, one.split('.')[0]}} & {set(absent)}])"
    ran = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_what_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = aiopbx.no_such_name
    assert not hasattr(aiopbx, "Problem"), "what the settings import is no part of the API"


def test_connect_takes_what_the_settings_have() -> None:
    from aiopbx.settings.keywords import ConnectKeywords

    assert ConnectKeywords.__annotations__.keys() == aiopbx.ConnectionSettings.model_fields.keys()


@pytest.mark.parametrize("kind", list(public_classes()))
def test_every_class_and_method_is_explained(kind: type) -> None:
    assert (kind.__doc__ or "").strip()
    if issubclass(kind, enum.Enum):
        return
    for name, member in own_members(kind):
        doc = inspect.getdoc(member.fget if isinstance(member, property) else member)
        assert (doc or "").strip(), f"{kind.__name__}.{name} has no docstring"


@pytest.mark.parametrize("kind", list(public_classes()))
def test_every_method_is_typed(kind: type) -> None:
    if issubclass(kind, (enum.Enum, msgspec.Struct)):
        return
    for name, member in own_members(kind):
        function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        function = inspect.unwrap(function)
        if not function.__module__.startswith("aiopbx"):
            continue  # pydantic's
        assert "return" in function.__annotations__, f"{kind.__name__}.{name}"
        for parameter in list(inspect.signature(function).parameters.values())[1:]:
            assert parameter.annotation is not parameter.empty, f"{kind.__name__}.{name}({parameter.name})"


@pytest.mark.parametrize("kind", ["Pbx", "Line", "Call"])
def test_what_can_be_done(kind: str) -> None:
    methods = {name for name, member in own_members(getattr(aiopbx, kind)) if inspect.isfunction(member)}
    assert methods == ACTIONS[kind]


@pytest.mark.parametrize(
    "kind", ["Line", "Call", "Agent", "CallLog", "Mailbox", "VoicemailMessage", "Telephone", "Objects", "Nodes"]
)
def test_every_action_names_its_wire_operation(kind: str) -> None:
    for name, member in own_members(getattr(aiopbx, kind)):
        if inspect.isfunction(member) and inspect.iscoroutinefunction(inspect.unwrap(member)):
            if name.startswith("wait_for"):
                continue  # sends nothing
            doc = inspect.getdoc(member) or ""
            assert any(f"{wire}:" in doc for wire in WIRES), f"{kind}.{name} does not say what it sends"


@pytest.mark.parametrize("name", sorted([*aiopbx.CallSnapshot.__struct_fields__, "party", "conference", "ended"]))
def test_a_call_has_every_field_of_its_snapshot(name: str) -> None:
    assert isinstance(getattr(aiopbx.Call, name), property)


def test_snapshots_and_events_are_frozen() -> None:
    for name in (
        "Party",
        "Leg",
        "CallSnapshot",
        "Device",
        "LineSnapshot",
        "Counters",
        "Event",
        "CallEnded",
        "LineChanged",
    ):
        assert getattr(aiopbx, name).__struct_config__.frozen, name
    line = aiopbx.LineSnapshot(id="a")
    with pytest.raises(AttributeError):
        line.id = "b"  # type: ignore[misc]


def test_every_error_is_a_pbx_error() -> None:
    errors = [getattr(aiopbx, name) for name in aiopbx.__all__]
    for error in errors:
        if inspect.isclass(error) and issubclass(error, Exception):
            assert issubclass(error, aiopbx.PbxError)
