"""The dial policy on the normal form, before every command that can make a telephone ring or send calls elsewhere.

The list is derived from the operations as they are declared: one that has no decision below fails by its name.
"""

import asyncio
import contextlib
import stat
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from aiopbx import DialPolicy, InvalidInput, NumberPlan, PolicyViolation
from aiopbx.istra.services import operations_of
from aiopbx.istra.types.session import Application
from aiopbx.numbers import Numbers
from aiopbx.o2g.services import OPERATIONS
from aiopbx.operations import Operations
from aiopbx.policy import DialGuard, Ledger
from aiopbx.requests import Requests
from tests.aiopbx.office import Opened

DENIED = "+49900*"
NUMBERS = Numbers(NumberPlan(country="DE"))
SPELLINGS = [
    "+49900123456",
    "+49 (0) 900 123456",
    "+490900123456",
    "0049 900 123456",
    "0900 123456",
    "tel:+49-900-123456",
    "*31#0900123456",
    "#31#+49900123456",
    "*21*0900123456#",
    "\u202a+49 900\u00a0123456\u202c",
    "\uff0b49900123456",
]


def to_number(kind: str, **more: Any) -> Any:
    return {"destinations": [{"type": "NUMBER", "number": kind}], **more}


# What each of them is given: {} stands for the number.
DIALLED: dict[str, dict[str, Any]] = {
    "basic_call": {"device_id": "1000", "callee": "{}"},
    "make_call": {"device_id": "1000", "callee": "{}"},
    "blind_transfer": {"call_ref": "1", "transfer_to": "{}"},
    "redirect": {"call_ref": "1", "redirect_to": "{}"},
    "request_callback": {"callee": "{}"},
    "set_routes": {"forward_routes": [to_number("{}")]},
    "set_forward_route": {"forward_route": to_number("{}")},
    "set_overflow_routes": {"overflow_routes": [to_number("{}", overflowType="BUSY")]},
    "set_associate": {"login_name": "a", "device_id": "1000", "number": "{}"},
    "set_programmeable_key": {"login_name": "a", "device_id": "1000", "position": 1, "number": "{}"},
    "set_soft_key": {"login_name": "a", "device_id": "1000", "position": 1, "number": "{}"},
    "select_route": {"rsi_number": "6500", "route_crid": "r1", "selected_route": "{}"},
    "myRCC place_call": {"id": "1", "destination": "{}"},
    "myRCC add_party": {"id": "1", "destination": "{}"},
    "myRCC redirect": {"id": "1", "destination": "{}"},
    "myCrm place_call": {"terminal_id": "1", "destination": "{}"},
    "myIstra place_call": {"id": "1", "destination": "{}"},
}
# Nothing rings, or only who was reached before, the user's own telephones, or what the system has chosen itself.
NOT_DIALLED: dict[str, str] = {
    "of the session, subscriptions and the user": "open_session close_session keepalive change_password "
    "update_preferences subscribe update_subscription unsubscribe activate_remote_extension desk_sharing_log_on "
    "desk_sharing_log_off",
    "with the call that is there": "basic_call_answer basic_call_drop_me release_call alternate answer attach_data "
    "callback switch_device drop_me hold merge overflow_to_voice_mail park drop_participant reconnect recording "
    "retrieve send_dtmf send_account_info transfer pickup unpark",
    "groups of the system": "hunting_group_log_on hunting_group_log_off join_hunting_group leave_hunting_group",
    "texts, logs, mailboxes, the directory": "delete_incoming_callbacks delete_incoming_callback mini_message "
    "send_mini_message start_search search_results stop_search start_search_by_dtmf acknowledge_records "
    "delete_records delete_record connect_mailbox delete_voicemails delete_voicemail",
    "snapshots": "telephony_snapshot routing_snapshot agent_snapshot",
    "to where calls go no longer": "set_dnd cancel_dnd cancel_forward_route cancel_overflow_routes",
    "of the telephone itself": "set_campon set_lock set_pin delete_programmeable_key delete_soft_key",
    "configuration by an administrator": "change_object delete_object create_object",
    "of the call centre, among its own": "enter_processing_group exit_processing_group intrude change_intrusion_mode "
    "agent_log_off agent_log_on agent_pause permanent_listening agent_ready request_supervisor_help "
    "cancel_supervisor_help agent_withdraw agent_wrap_up",
    "of the call centre, since 2.2": "stop_permanent_listening activate_skills deactivate_skills watch_pilot "
    "stop_watching_pilot open_pilot close_pilot pilot_transfer_info pilot_for add_transition add_transition_to_day "
    "change_transition delete_transition add_exception add_exception_to_date change_exception delete_exception "
    "enable_routing_point enable_routing_point_as_backup disable_routing_point end_route "
    "set_real_time_context delete_real_time_context real_time_snapshot create_scope delete_scope create_context "
    "delete_contexts change_context delete_context cancel_request create_schedule change_schedule delete_schedule "
    "enable_schedule",
    "with the call that is there, since 2.2": "intrude_on_call toggle_intercom_microphone collect_digits "
    "stop_collecting play_tone stop_tone play_voice_guide start_recording pause_recording resume_recording",
    "users, since 2.2": "create_users delete_user",
    "of Istra: session, listeners, logs, what others see": " ".join(
        [
            *(
                f"{one} {name}"
                for one in Application
                for name in ["login", "logout", "create_listener", "delete_listener"]
            ),
            *(
                f"myIstra {name}"
                for name in ["mark_voicemail", "delete_voicemail", "delete_phone_log", "set_caller_id"]
            ),
        ]
    ),
    "of Istra: with the call that is there": " ".join(
        f"myRCC {name}"
        for name in [
            "answer",
            "disconnect",
            "hold",
            "unhold",
            "leave",
            "merge",
            "send_dtmfs",
            "transfer",
            "start_record",
        ]
    ),
}


def all_operations() -> dict[str, tuple[Operations, str]]:
    found = {name: (OPERATIONS, name) for name, one in OPERATIONS.items() if one.changes}
    for application in Application:
        declared = operations_of(application)
        found |= {f"{application} {name}": (declared, name) for name, one in declared.items() if one.changes}
    return found


def filled(value: Any, number: str) -> Any:
    if isinstance(value, dict):
        return {name: filled(inner, number) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, number) for inner in value]
    return number if value == "{}" else value


def test_every_operation_has_a_decision() -> None:
    operations = all_operations()
    words = " ".join(NOT_DIALLED.values()).split()
    systems = set(map(str, Application))
    decided = {*DIALLED, *(one for one in words if one not in systems)}
    decided |= {f"{one} {words[at + 1]}" for at, one in enumerate(words) if one in systems}
    assert operations.keys() - decided == set(), "these change something and have no decision"
    assert DIALLED.keys() <= operations.keys()


@pytest.mark.parametrize("name", DIALLED)
def test_the_policy_stands_before_it(name: str) -> None:
    operations, plain = all_operations()[name]
    requests, guard = Requests(operations), DialGuard(DialPolicy(denied=(DENIED,)), numbers=NUMBERS)
    for number in SPELLINGS:
        with pytest.raises(PolicyViolation):
            requests.prepare(plain, filled(DIALLED[name], number), guard)
    for unreadable in ("sip:ada@example.com", "0900,1", "%30900"):
        with pytest.raises(InvalidInput):
            requests.prepare(plain, filled(DIALLED[name], unreadable), guard)


@pytest.mark.parametrize("name", DIALLED)
def test_what_is_checked_is_what_is_sent(name: str) -> None:
    operations, plain = all_operations()[name]
    guard = DialGuard(DialPolicy(denied=(DENIED,)), numbers=NUMBERS)
    request = Requests(operations).prepare(plain, filled(DIALLED[name], "\u202a+49 (0) 30\u00a023125100\u202c"), guard)
    assert "493023125100" in f"{request.target} {request.body}"
    assert not any(sign in f"{request.target}{request.body}" for sign in ("\u202a", "(0)", "%28"))


@pytest.mark.parametrize("number", SPELLINGS)
def test_no_spelling_passes(number: str) -> None:
    for denied in (DENIED, "+49 900*", "+49 (0) 900*", "0049900*", "0900 *", "tel:+49-900*", "+490900*"):
        with pytest.raises(PolicyViolation):
            DialPolicy(denied=(denied,)).check(number, numbers=NUMBERS)


def test_plus_and_00_are_one() -> None:
    for pattern in ("00*", "+*"):
        for number in ("+493023125100", "0049 30 23125100"):
            with pytest.raises(PolicyViolation):
                DialPolicy(denied=(pattern,)).check(number)
            DialPolicy(allowed=(pattern,)).check(number)
        DialPolicy(denied=(pattern,)).check("03023125100")
        with pytest.raises(PolicyViolation):
            DialPolicy(allowed=(pattern,)).check("1001")


def test_what_begins_with_a_prefix_that_hides_is_allowed_as_the_number_is() -> None:
    DialPolicy(allowed=("1???",)).check("*31#1001")
    with pytest.raises(PolicyViolation):
        DialPolicy(allowed=("1???",)).check("*31#2001")


@pytest.mark.parametrize("pattern", ["", "abc", "+0*", "1+2", "[]"])
def test_a_pattern_that_matches_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(ValidationError, match="matches no number"):
        DialPolicy(denied=(pattern,))
    with pytest.raises(ValidationError, match="matches no number"):
        DialPolicy(allowed=("1*", pattern))


def test_emergency_numbers_are_denied_only_by_name() -> None:
    for numbers in (None, NUMBERS):
        for policy in (DialPolicy(denied=("*",)), DialPolicy(denied=("1*", "+*")), DialPolicy(allowed=("2*",))):
            policy.check("112", numbers=numbers)
            policy.check("1-1-2", numbers=numbers)
            with pytest.raises(PolicyViolation):
                policy.check("1122" if policy.denied != ("+*",) else "0", numbers=numbers)
        with pytest.raises(PolicyViolation):
            DialPolicy(denied=("112",)).check("112", numbers=numbers)


async def test_a_call_for_help_is_not_counted() -> None:
    guard = DialGuard(DialPolicy(calls_per_minute=1))
    await guard.start_call(guard.numbers.read("1001"))
    for _ in range(3):
        await guard.start_call(guard.numbers.read("112"))
    with pytest.raises(PolicyViolation):
        await guard.start_call(guard.numbers.read("1001"))


# ----------------------------------------------------------------------------------------------- for the whole machine


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_calls_are_counted_together(tmp_path: Path) -> None:
    clock = Clock()
    one, other, another = (Ledger(name, tmp_path / "state", clock) for name in ("a", "a", "b"))
    assert one.spend(2) is None
    clock.now += 10
    assert other.spend(2) is None
    assert one.spend(2) == pytest.approx(50)
    assert other.spend(2) == pytest.approx(50)
    assert another.spend(2) is None, "another configuration"
    clock.now += 50
    assert one.spend(2) is None
    assert other.spend(2) == pytest.approx(10)
    clock.now -= 3600  # set back
    assert other.spend(2) is None
    (file, _) = sorted((tmp_path / "state").iterdir())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_file_that_is_broken_is_begun_anew(tmp_path: Path) -> None:
    ledger = Ledger("a", tmp_path)
    ledger.spend(9)
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"\xff what\n1e400\nnan\n" + b"x" * 100_000)
    assert ledger.spend(1) is None
    assert ledger.spend(1) is not None


async def test_without_a_place_for_it_the_process_counts(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    guard = DialGuard(DialPolicy(calls_per_minute=1), ledger=Ledger("a", tmp_path / "file"))
    await guard.start_call("1001")
    with pytest.raises(PolicyViolation, match="1 calls a minute"):
        await guard.start_call("1001")


def test_a_link_that_somebody_has_laid_is_not_followed(tmp_path: Path) -> None:
    ledger = Ledger("a", tmp_path)
    ledger.spend(9)
    (file,) = tmp_path.iterdir()
    file.unlink()
    file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=r"\S"):
        ledger.spend(9)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.office("chunk", "istra")
async def test_two_programs_share_the_limit(office: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    async with office() as one:
        first, second = [await one.connect(dial_policy=DialPolicy(calls_per_minute=1)) for _ in range(2)]
        line = next(iter(first.lines.values()))
        target = next(each.number for each in first.lines.values() if each.id != line.id)
        call = await line.dial(target)
        assert call is not None
        with pytest.raises(PolicyViolation, match="1 calls a minute"):
            await list(second.lines.values())[2].dial(target)
        with contextlib.suppress(Exception):
            await call.hang_up()
        await asyncio.sleep(0)
