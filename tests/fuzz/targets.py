"""Everything that reads what others wrote, as functions of bytes. What one raises is its own kind of refusal, or a bug.

Each target takes any bytes and returns whether it made something of them. Beside it stand small inputs that it takes
apart well, from which a fuzzer makes others.
"""

import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from aiopbx import ConnectionSettings, DialPolicy, InvalidInput, LineSnapshot
from aiopbx.http.secrets import Mask, Secrets
from aiopbx.http.tap import WireStatistics
from aiopbx.istra import decoding as istra
from aiopbx.istra.reducer import crm, rcc, user
from aiopbx.istra.types.crm import CrmCallEvent
from aiopbx.istra.types.enduser import Notifications, PhoneLogs, UserInfo
from aiopbx.istra.types.rcc import CallLine, CallLines
from aiopbx.istra.types.session import Application
from aiopbx.o2g import decoding as o2g, reducer
from aiopbx.o2g.apply import Applier, Lines
from aiopbx.o2g.rights import Rights
from aiopbx.o2g.services import OPERATIONS
from aiopbx.o2g.types.telephony import TelephonicState
from aiopbx.o2g.types.tunnel import from_agent, to_agent
from aiopbx.policy import DialGuard
from aiopbx.recording.replay import Reader
from aiopbx.requests import Requests
from aiopbx.settings.files import read_environment
from aiopbx.settings.parsing import Unparsable, parse_json, parse_toml
from aiopbx.settings.yaml_loader import parse_yaml
from aiopbx.simulator.hosts import name_of
from aiopbx.simulator.replay import Capture
from aiopbx.simulator.scenarios.model import parse_scenario
from aiopbx.simulator.simulator import O2G_ROUTES
from aiopbx.store import Store

ROOT: Final = Path(__file__).resolve().parents[2]
NOW: Final = datetime(2026, 1, 5, 9, tzinfo=UTC)
CAPTURE: Final = (ROOT / "tests/aiopbx/o2g/captures/o2g-incoming-call.jsonl").read_bytes().splitlines()


@dataclass(frozen=True)
class Target:
    """Something that reads bytes."""

    read: Callable[[bytes], bool]
    seeds: tuple[bytes, ...]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def refuses(*kinds: type[Exception]) -> Callable[[Callable[[bytes], Any]], Callable[[bytes], bool]]:
    """These are how it says no."""

    def decorate(read: Callable[[bytes], Any]) -> Callable[[bytes], bool]:
        def wrapped(data: bytes) -> bool:
            try:
                return read(data) is not None
            except kinds:
                return False

        return wrapped

    return decorate


# ------------------------------------------------------------------------------------------------------------------ O2G


def o2g_events(data: bytes) -> bool:
    """The event channel, from bytes to subscribers: decoder, applier, reducer, store."""
    store = Store()
    logins = ("oxe1000", "oxe1001")
    for login in logins:
        store.lines[login] = reducer.new_line(login)
    lines = Lines(store, Rights(), logins, (), everybody=False)
    applier = Applier(lines, sole=None, on_other=_ignore, on_doubt=_ignore)
    applier.expect_repeats()
    events = o2g.EventDecoder().decode_lines(data)
    applier.apply(events)
    applier.apply(events)
    return bool(events)


def _ignore(*_: object) -> None:
    """Leave it."""


@refuses(ValueError)
def o2g_answers(data: bytes) -> Any:
    """The answer that has the most in it, and the line that it becomes."""
    state = o2g.read_answer(data, TelephonicState, WireStatistics())
    return reducer.resync(reducer.new_line("oxe1000"), state, NOW)


@refuses(msgspec.DecodeError, UnicodeDecodeError, RecursionError)
def tunnel_of_agents(data: bytes) -> Any:
    """What an agent sends; the listener ends a tunnel for these."""
    return from_agent(data)


@refuses(msgspec.DecodeError, UnicodeDecodeError, RecursionError)
def tunnel_to_agents(data: bytes) -> Any:
    """What an agent receives."""
    return to_agent(data)


# ---------------------------------------------------------------------------------------------------------------- Istra


def istra_rcc(data: bytes) -> bool:
    """Pushes of myRCC, and the line that they become."""
    state = rcc.RccState(line=LineSnapshot(id="-7", number="100"))
    found = False
    for one in (*istra.FrameDecoder(Application.RCC).pieces(data), istra.FrameDecoder(Application.RCC).decode(data)):
        for item in one.items if isinstance(one, istra.Push) else ():
            if isinstance(item, CallLine) and item.line_id:
                found = True
                state, _ = rcc.pushed(state, item, NOW)
    return found


def istra_crm(data: bytes) -> bool:
    """Pushes of myCrm, and the line that they become."""
    state = crm.CrmState(line=crm.new_terminal("5985", "SIP"))
    found = False
    for one in istra.FrameDecoder(Application.CRM).pieces(data):
        for item in one.items if isinstance(one, istra.Push) else ():
            if isinstance(item, CrmCallEvent):
                found = True
                state, _ = crm.happened(state, item, NOW)
    return found


def istra_user(data: bytes) -> bool:
    """Pushes of myIstra, and the line that they become."""
    line = LineSnapshot(id="7")
    found = False
    for one in istra.FrameDecoder(Application.USER).pieces(data):
        for item in one.items if isinstance(one, istra.Push) else ():
            if isinstance(item, Notifications):
                found = True
                line, _ = user.counters(line, item, NOW)
    return found


@refuses(ValueError)
def istra_lines(data: bytes) -> Any:
    """The listing of myRCC."""
    return istra.read_answer(data, CallLines, WireStatistics())


@refuses(ValueError)
def istra_log(data: bytes) -> Any:
    """The log of myIstra."""
    logs: PhoneLogs = istra.read_answer(data, PhoneLogs, WireStatistics())
    return [user.record_of(one) for one in logs.items] if hasattr(logs, "items") else logs


@refuses(ValueError)
def istra_info(data: bytes) -> Any:
    """Who a user is."""
    return user.user(LineSnapshot(id="7"), istra.read_answer(data, UserInfo, WireStatistics()), NOW)


# -------------------------------------------------------------------------------------------------------- what is shown


def mask(data: bytes) -> bool:
    """What listeners of the wire and logs receive."""
    secrets = Secrets()
    secrets.add("secret word")
    shown = Mask(secrets.found_in, secrets.hide).body(data)
    assert "secret word" not in shown
    return bool(shown)


# ---------------------------------------------------------------------------------------------------------------- files


@refuses(Unparsable)
def json_(data: bytes) -> Any:
    """JSON that someone wrote."""
    return parse_json(data)


@refuses(Unparsable)
def toml(data: bytes) -> Any:
    """TOML that someone wrote."""
    return parse_toml(_text(data))


@refuses(Unparsable)
def yaml(data: bytes) -> Any:
    """YAML that someone wrote."""
    return parse_yaml(_text(data))[1]


@refuses(InvalidInput)
def scenario(data: bytes) -> Any:
    """A scenario."""
    return parse_scenario(_text(data))


@refuses(InvalidInput)
def settings(data: bytes) -> Any:
    """Settings, as TOML or as the environment has them."""
    text = _text(data)
    pairs = [line.partition("=") for line in text.replace("\0", "").splitlines()]
    environment = {name.strip(): value for name, _, value in pairs if name.strip() != "AIOPBX_SETTINGS"}
    return ConnectionSettings.make(**read_environment(environ=environment))


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="aiopbx-fuzz-"))


@refuses(InvalidInput)
def settings_file(data: bytes) -> Any:
    """A file of settings."""
    path = _folder() / "settings.toml"
    path.write_bytes(data)
    return ConnectionSettings.from_file(path)


@refuses(InvalidInput)
def recording(data: bytes) -> Any:
    """A recording, from its header to its end."""
    return list(Reader(Path("x"), io.BufferedReader(io.BytesIO(data))))  # type: ignore[type-var, arg-type]


@refuses(InvalidInput)
def capture(data: bytes) -> Any:
    """A capture of the wire."""
    return Capture.parse(data)


# ---------------------------------------------------------------------------------------------------------------- faces


@cache
def _bodies() -> tuple[Any, ...]:
    kinds = dict.fromkeys(route.body for route in O2G_ROUTES if route.body is not None)
    return tuple(msgspec.json.Decoder(kind).decode for kind in kinds)


def o2g_bodies(data: bytes) -> bool:
    """Whatever the simulated O2G reads as a body."""
    found = False
    for decode in _bodies():
        try:
            found = decode(data) is not None or found
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
    return found


@refuses(InvalidInput)
def requests(data: bytes) -> Any:
    """A request by its name, and a body as text."""
    name, _, body = _text(data).partition("\n")
    return Requests(OPERATIONS).prepare(name, {"body": body}, DialGuard(DialPolicy()))


def host(data: bytes) -> bool:
    """The name in a Host header."""
    return bool(name_of(_text(data)))


PUSH: Final = (
    b'{"listenerName":"one","item":[{"lineId":"-1","state":"prompting","isIncoming":true,"displayedNumber":"101",'
    b'"actions":["answer","disconnect"],"creationTime":"1700000000000","lastModificationTime":"1700000000000"}]}'
)
CRM: Final = b'{"listenerName":"one","item":[{"event":"callRinging","callId":"-428","displayNumber":"104"}]}'
TOML: Final = b"url = 'pbx.example.com'\nusername = \"oxe1000\"\npassword = 'secret'\n[dial_policy]\ndenied = ['0*']\n"
RECORDING: Final = (
    b'{"format":"aiopbx recording","version":1,"at":"2026-01-05T09:30:00Z","info":{},"status":"online","wire":false,'
    b'"lines":1}\n{"t":0.0,"kind":"line","line":"oxe1000","set":{"number":"1000"}}\n'
    b'{"t":1.5,"kind":"LineRemoved","line":"oxe1000","gone":true,"event":{"at":"2026-01-05T09:30:01Z","line":"oxe1000"}}\n'
    b'{"t":3.0,"kind":"end"}\n'
)
STATE: Final = (
    b'{"calls":[{"callRef":"a1","callData":{"state":"ACTIVE","initialCalled":{"participantId":"1"}},'
    b'"legs":[{"deviceId":"1000","state":"ACTIVE"}],"participants":[{"participantId":"1"}]}],"userState":"BUSY"}'
)

TARGETS: Final[dict[str, Target]] = {
    "o2g-events": Target(o2g_events, (*CAPTURE, b"\n".join(CAPTURE))),
    "o2g-answers": Target(o2g_answers, (STATE,)),
    "tunnel-of-agents": Target(
        tunnel_of_agents,
        (b'{"type":"answer","id":"1","status":200,"text":"x"}', b'{"type":"event","identifier":"a","json":{}}'),
    ),
    "tunnel-to-agents": Target(tunnel_to_agents, (b'{"type":"request","id":"1","method":"GET","path":"/api/rest"}',)),
    "istra-rcc": Target(istra_rcc, (PUSH, b"pong")),
    "istra-crm": Target(istra_crm, (CRM,)),
    "istra-user": Target(istra_user, (b'{"listenerName":"one","item":[{"missedCalls":1,"unreadTextMessages":"2"}]}',)),
    "istra-lines": Target(istra_lines, (b'{"item":[{"lineId":"-1","state":"talking"}],"total":1}',)),
    "istra-log": Target(istra_log, (b'{"item":[{"id":"1","date":1700000000000,"duration":"5"}]}',)),
    "istra-info": Target(istra_info, (b'{"firstName":"Ada","lastName":"Berg","userId":"7"}',)),
    "mask": Target(mask, (b'{"password":"secret word","x":[1,{"pin":"1234"}]}', b"a=secret word")),
    "json": Target(json_, (b'{"a":[1,2.5e3,"\\u00e4",{"b":null}],"c":true}',)),
    "toml": Target(toml, (TOML, b"a.b = '''x'''\nc = {d = [1979-05-27T07:32:00Z]}\n")),
    "yaml": Target(
        yaml, (b"a: &x [1, 2.5, '3']\nb: {<<: {c: d}, e: *x}\nf: |\n  text\n", b"- 2001-01-02\n- !!int 3\n")
    ),
    "scenario": Target(
        scenario,
        (b"name: two\nusers:\n  - {number: 1000, name: Ada Brooks}\n  - {number: 1001, name: Ben Castillo}\n",),
    ),
    "settings": Target(
        settings, (b"AIOPBX_URL=pbx\nAIOPBX_USERNAME=a\nAIOPBX_PASSWORD=b\nAIOPBX_DIAL_POLICY__DENIED=0*,1*",)
    ),
    "settings-file": Target(settings_file, (TOML,)),
    "recording": Target(recording, (RECORDING,)),
    "capture": Target(capture, (b"\n".join(CAPTURE),)),
    "o2g-bodies": Target(o2g_bodies, (b'{"deviceId":"1000","callee":"1001","autoAnswer":true}',)),
    "requests": Target(requests, (b'make_call\n{"deviceId":"1000","callee":"1001"}',)),
    "host": Target(host, (b"[::1]:8080", b"Example.com.:80")),
}
