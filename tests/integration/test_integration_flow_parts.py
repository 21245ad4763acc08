"""What the flows are made of: errors as forms show them, certificates to accept, and lists of ten thousand lines."""

import json
import ssl
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock, patch

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.pbx import aiopbx
from custom_components.pbx.accounts import Problem, problem_of
from custom_components.pbx.aiopbx import AvailableLine
from custom_components.pbx.aiopbx.settings.pinning import PinnedContext
from custom_components.pbx.aiopbx.simulator import Simulator, SimulatorSettings
from custom_components.pbx.certificate import async_shown_certificate, describe
from custom_components.pbx.config_flow import title_of
from custom_components.pbx.errors import error_key
from custom_components.pbx.forms import flat, label, lines_schema, matching, pages_of, resolve
from custom_components.pbx.identity import unique_id_of
from custom_components.pbx.lines_form import answer_of
from custom_components.pbx.lookaround import Found, async_look
from custom_components.pbx.options_flow import PbxOptionsFlow
from tests.integration.helpers import (
    ALICE,
    WORDS,
    administrator,
    answer,
    answer_options,
    choose,
    fields_of,
    istra,
    make_entry,
    reconfigure,
    running_elsewhere,
    set_up,
    start,
    suggested,
    told,
    typed,
    until,
    user,
)

REFUSAL: dict[str, Any] = {"operation": "POST /x", "status": 403}

ISTRA = ("myrcc", "mycrm", "myistra")
EVERY = ("o2g_user", "o2g_administrator", *ISTRA)


@pytest.mark.parametrize(
    ("error", "kinds", "field", "key"),
    [
        (aiopbx.InvalidInput("url", "x"), EVERY, "url", "invalid_url"),
        (aiopbx.InvalidInput("secondary_url", "x"), EVERY, "network", "invalid_secondary_url"),
        (aiopbx.InvalidInput("event_port", "x"), EVERY, "network", "invalid_event_port"),
        (aiopbx.InvalidInput("ca_file", "x"), EVERY, "security", "invalid_ca_file"),
        (aiopbx.InvalidInput("username", "x"), EVERY, "username", "invalid_username"),
        (aiopbx.InvalidInput("enterprise", "x"), EVERY, "enterprise", "invalid_enterprise"),
        (aiopbx.InvalidInput("lines", "x"), EVERY, "base", "invalid_input"),
        (aiopbx.TwoStepRequired("x"), ISTRA, "base", "two_step"),
        (aiopbx.TwoStepRequired("x"), ("o2g_user",), "base", "invalid_auth"),
        (aiopbx.NotAllowed("x", **REFUSAL), ISTRA, "username", "extension_forbidden"),  # type: ignore[arg-type]
        (aiopbx.NotAllowed("x", **REFUSAL), ("o2g_user",), "base", "refused"),  # type: ignore[arg-type]
        (aiopbx.AuthenticationFailed("x"), ("myrcc",), "base", "invalid_auth_enterprise"),
        (aiopbx.AuthenticationFailed("x"), ("mycrm", "myistra", "o2g_user"), "base", "invalid_auth"),
        (aiopbx.NotReady("x", **REFUSAL), ISTRA, "base", "telephony_down"),  # type: ignore[arg-type]
        (aiopbx.NotReady("x", **REFUSAL), ("o2g_user",), "base", "not_ready"),  # type: ignore[arg-type]
        (aiopbx.ConnectionFailed("x"), (*EVERY, "bridge"), "base", "cannot_connect"),
        (aiopbx.ConnectionFailed("x", reason="broker_version"), ("bridge",), "base", "broker_version"),
        (aiopbx.ConnectionFailed("x", reason="bridge_away"), ("bridge",), "base", "bridge_away"),
        (aiopbx.ConnectionFailed("x", reason="no_system"), ("bridge",), "system_name", "no_such_system"),
        (
            aiopbx.ConnectionFailed("x", reason="broker_certificate"),
            ("bridge",),
            "client",
            "client_certificate_refused",
        ),
        (aiopbx.AuthenticationFailed("x"), ("bridge",), "base", "broker_refuses"),
        (aiopbx.NotAllowed("x", **REFUSAL), ("bridge",), "base", "broker_forbids"),  # type: ignore[arg-type]
        (aiopbx.NotReady("x", **REFUSAL), ("bridge",), "base", "not_ready"),  # type: ignore[arg-type]
        (aiopbx.InvalidInput("client_certificate", "x"), ("bridge",), "client", "invalid_client_certificate"),
    ],
)
def test_what_a_form_shows_for_an_error(error: aiopbx.PbxError, kinds: tuple[str, ...], field: str, key: str) -> None:
    for kind in kinds:
        problem = problem_of({"kind": kind, "url": "https://pbx.example.com/office"}, error)
        assert problem.errors == {field: key}, kind
        sentence = WORDS["config"]["error"][key].format_map({"example": "-"} | problem.words)
        assert "x" not in sentence.split()


def test_input_is_cleaned() -> None:
    typed = {
        "url": " https://pbx.example.com ",
        "username": "u",
        "password": " p ",
        "ca_file": "  ",
        "all_lines": False,
    }
    assert flat(typed) == {"url": "https://pbx.example.com", "username": "u", "password": " p ", "all_lines": False}
    assert flat({"password": ""}) == {}


@pytest.mark.parametrize(
    ("data", "unique_id", "title"),
    [
        (
            {"kind": "o2g_user", "url": "https://PBX.example.com:8443/x", "username": "u"},
            "pbx.example.com:8443_u",
            "pbx.example.com (u)",
        ),
        ({"kind": "o2g_user", "url": "https://a:b@pbx.example.com", "username": "u"}, "pbx.example.com:443_u", None),
        (
            {"kind": "myrcc", "url": "https://pbx.example.com", "username": "u", "enterprise": "e"},
            "myrcc|pbx.example.com:443|e|u",
            "pbx.example.com (myRCC, e)",
        ),
        (
            {"kind": "mycrm", "url": "https://pbx.example.com", "username": "u"},
            "mycrm|pbx.example.com:443|u",
            "pbx.example.com (myCrm, u)",
        ),
        (
            {"kind": "myistra", "url": "https://pbx.example.com", "username": "u"},
            "myistra|pbx.example.com:443|u",
            "pbx.example.com (myIstra, u)",
        ),
        (
            {"kind": "bridge", "url": "mqtts://broker.example.com/site/office", "username": ""},
            "broker.example.com:8883/site/office_",
            "office (broker.example.com)",
        ),
    ],
)
def test_the_id_and_the_title_of_an_entry(data: dict[str, str], unique_id: str, title: str | None) -> None:
    assert unique_id_of(data, ()) == unique_id
    assert title is None or title_of(data) == title


def test_the_lines_to_choose_from() -> None:
    lines = (
        AvailableLine(id="c", number="1002", name="Carol"),
        AvailableLine(id="b", number="1001"),
        AvailableLine(id="t2", name="Phone"),
        AvailableLine(id="t1", name="Phone"),
        AvailableLine(id="t3", name="Softphone"),
        AvailableLine(id="t4"),
    )
    every, chosen = lines_schema(lines).items()
    assert (str(every[0]), every[0].default()) == ("all_lines", True)
    assert chosen[1].config["options"] == [
        {"value": "t1", "label": "Phone (t1)"},
        {"value": "t2", "label": "Phone (t2)"},
        {"value": "t3", "label": "Softphone"},
        {"value": "t4", "label": "t4"},
        {"value": "b", "label": "1001 · b"},
        {"value": "c", "label": "1002 · Carol"},
    ]
    assert chosen[1].config["multiple"] is True
    assert label(AvailableLine(id="x", name="Phone"), Counter({"Phone": 1})) == "Phone"


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({"all_lines": True}, {}),
        ({"all_lines": True, "lines": []}, {}),
        ({"all_lines": False}, {"lines": "no_lines"}),
        ({"all_lines": False, "lines": []}, {"lines": "no_lines"}),
        ({"all_lines": False, "lines": ["a"]}, {}),
    ],
)
def test_at_least_one_line_is_chosen(data: dict[str, Any], errors: dict[str, str]) -> None:
    lines = (AvailableLine(id="a"),)
    answer = answer_of(lines, data)
    assert answer.errors == errors
    assert answer.done is not bool(errors)


def test_lines_that_are_picked_while_all_are_wanted_are_asked_about_once() -> None:
    lines = (AvailableLine(id="a"), AvailableLine(id="b"))
    asked = answer_of(lines, {"all_lines": True, "lines": ["a"]})
    assert (asked.done, asked.errors) == (False, {"lines": "all_or_lines"})
    assert asked.suggested["all_lines"] is False
    assert asked.suggested["lines"] == ["a"]
    these = answer_of(lines, {"all_lines": False, "lines": ["a"]}, before=asked.suggested)
    assert (these.done, these.everything, these.chosen) == (True, False, ["a"])
    every = answer_of(lines, {"all_lines": True, "lines": ["a"]}, before=asked.suggested)
    assert (every.done, every.everything) == (True, True)
    others = answer_of(lines, {"all_lines": True, "lines": ["b"]}, before=asked.suggested)
    assert others.errors == {"lines": "all_or_lines"}
    unknown = answer_of(lines, {"all_lines": True, "lines": ["c"]})
    assert (unknown.errors, unknown.unknown) == ({"lines": "line_unknown"}, "c")


async def test_the_lines_that_a_pbx_does_not_tell() -> None:
    error = aiopbx.Offline("gone")
    pbx = SimpleNamespace(available_lines=AsyncMock(side_effect=error))
    entry = SimpleNamespace(state=ConfigEntryState.LOADED, runtime_data=SimpleNamespace(pbx=pbx))
    entry.data = {"kind": "myrcc", "url": "https://istra.example.com"}
    flow: Any = SimpleNamespace(config_entry=entry)
    with pytest.raises(Problem) as refused:
        await PbxOptionsFlow._async_lines(flow)
    assert refused.value.errors == {"base": error_key(error)}
    assert refused.value.words["host"] == "istra.example.com"


# ----------------------------------------------------------------------------------------------- what is at an address


@pytest.fixture
def secure(loopback: None, tmp_path: Path) -> Iterator[Simulator]:
    """A PBX elsewhere that speaks TLS, with a certificate that it has made for itself."""
    settings = SimulatorSettings(istra=True, tls=True, certificate_folder=tmp_path)
    with running_elsewhere(settings) as simulator:
        yield simulator


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_http_and_https_confused(home: HomeAssistant, simulator: Simulator, secure: Simulator) -> None:
    plain = typed(user(simulator)) | {"url": simulator.url.replace("http:", "https:")}
    form = await answer(home, await start(home, "o2g_user"), plain)
    assert form["errors"] == {"url": "speaks_http"}
    assert "answers without encryption" in told(form)
    assert simulator.url.removeprefix("http://") in told(form)
    form = await answer(home, form, typed(user(simulator)) | {"url": secure.url.replace("https:", "http:")})
    assert form["errors"] == {"url": "speaks_https"}
    assert '"https:"' in told(form)
    result = await answer(home, form, typed(user(simulator)))
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_o2g_and_istra_confused(home: HomeAssistant, secure: Simulator) -> None:
    none = {"tls": "none"}
    form = await answer(home, await start(home, "o2g_user"), typed(user(secure, url=secure.istra_url)) | none)
    assert form["errors"] == {"url": "is_istra"}
    assert "choose Istra" in told(form)
    for kind in ("myrcc", "mycrm", "myistra"):
        form = await answer(home, await start(home, kind), typed(istra(secure, kind)) | none | {"url": secure.url})
        assert form["errors"] == {"url": "is_o2g"}, kind
        assert "choose O2G" in told(form)


async def test_something_else_at_the_address(home: HomeAssistant, simulator: Simulator) -> None:
    port = int(simulator.event_url.rpartition(":")[2])
    form = await answer(home, await start(home, "o2g_user"), typed(user(simulator, url=f"http://127.0.0.1:{port}")))
    assert form["errors"] == {"url": "not_a_pbx"}
    assert f"127.0.0.1:{port}" in told(form)


async def test_a_right_address_that_fails_keeps_its_own_error(home: HomeAssistant, simulator: Simulator) -> None:
    error = aiopbx.ConnectionFailed("the channel broke")
    with patch("custom_components.pbx.client.connect", side_effect=error):
        form = await answer(home, await start(home, "o2g_user"), typed(user(simulator)))
    assert form["errors"] == {"base": "cannot_connect"}
    assert "the channel broke" not in told(form)


async def test_looking_sends_nothing_that_was_typed(home: HomeAssistant, simulator: Simulator) -> None:
    assert await async_look(home, simulator.url) is Found.O2G
    assert await async_look(home, "http://127.0.0.1:1") is Found.NOTHING
    assert simulator.state()["servers"][0]["sessions"] == 0


# ----------------------------------------------------------------------------------------------------- the certificate


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("kind", ["o2g_user", "o2g_administrator", "myrcc", "mycrm", "myistra"])
async def test_a_certificate_is_shown_and_accepted(home: HomeAssistant, secure: Simulator, kind: str) -> None:
    data = {"o2g_user": user, "o2g_administrator": administrator}.get(kind, lambda one: istra(one, kind))(secure)
    menu = await answer(home, await start(home, kind), typed(data))
    assert menu["step_id"] == "certificate"
    shown = menu["description_placeholders"]
    url = secure.istra_url if kind.startswith("my") else secure.url
    real = await async_shown_certificate(home, url)
    assert real is not None
    assert shown["fingerprint"] == real.fingerprint
    assert shown["host"] == "127.0.0.1"
    assert shown["ends"] > shown["starts"]
    WORDS["config"]["step"]["certificate"]["description"].format_map(shown)
    result = await choose(home, menu, "accept_certificate")
    if result["type"] is FlowResultType.FORM:
        result = await answer(home, result, {"all_lines": True})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["tls"] == "fingerprint"
    assert result["data"]["fingerprints"] == [real.fingerprint]
    await home.async_block_till_done()
    entry = result["result"]
    assert entry.state is ConfigEntryState.LOADED
    assert isinstance(await entry.runtime_data.pbx.settings.load_ssl(), PinnedContext)
    await home.config_entries.async_unload(entry.entry_id)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_an_accepted_certificate_is_not_that_of_another_server(
    home: HomeAssistant, secure: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What was accepted at one address is not kept for another one that was typed instead."""
    typo = typed(user(secure, password="wrong"))
    form = await choose(home, await answer(home, await start(home, "o2g_user"), typo), "accept_certificate")
    assert form["errors"] == {"base": "invalid_auth"}
    assert suggested(form)["tls"] == "fingerprint"
    folder = tmp_path_factory.mktemp("other")
    with running_elsewhere(SimulatorSettings(tls=True, certificate_folder=folder)) as other:
        menu = await answer(home, form, typed(user(other)) | {"tls": "fingerprint"})
        assert menu["step_id"] == "certificate"
        form = await choose(home, menu, "change_account")
    menu = await answer(home, form, typed(user(secure)) | {"tls": "fingerprint"})
    result = await choose(home, menu, "accept_certificate")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    real = await async_shown_certificate(home, secure.url)
    assert real is not None
    assert result["data"]["fingerprints"] == [real.fingerprint]
    await home.async_block_till_done()
    await home.config_entries.async_unload(result["result"].entry_id)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_an_accepted_certificate_is_not_shown_again(home: HomeAssistant, secure: Simulator) -> None:
    typo = typed(user(secure, password="wrong"))
    form = await choose(home, await answer(home, await start(home, "o2g_user"), typo), "accept_certificate")
    assert form["errors"] == {"base": "invalid_auth"}
    result = await answer(home, form, typed(user(secure)) | {"tls": "fingerprint"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await home.async_block_till_done()
    await home.config_entries.async_unload(result["result"].entry_id)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_certificate_that_changes_is_shown_again(
    home: HomeAssistant, secure: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The entry does not connect to another certificate; reconfiguring shows it, and forgets the one of before."""
    menu = await answer(home, await start(home, "o2g_user"), typed(user(secure)))
    entry = (await choose(home, menu, "accept_certificate"))["result"]
    await home.async_block_till_done()
    [before] = entry.data["fingerprints"]
    await home.config_entries.async_unload(entry.entry_id)
    renewed = SimulatorSettings(tls=True, certificate_folder=tmp_path_factory.mktemp("renewed"))
    with running_elsewhere(renewed) as other:
        home.config_entries.async_update_entry(entry, data=entry.data | {"url": other.url})
        await home.config_entries.async_setup(entry.entry_id)
        assert entry.state is ConfigEntryState.SETUP_RETRY
        assert entry.error_reason_translation_key == "certificate"
        form = await reconfigure(home, entry)
        assert suggested(form)["tls"] == "fingerprint"
        menu = await answer(home, form, typed(user(other)) | {"tls": "fingerprint"})
        assert menu["step_id"] == "certificate"
        assert menu["description_placeholders"]["fingerprint"] != before
        result = await choose(home, menu, "accept_certificate")
        assert result["reason"] == "reconfigure_successful"
        await home.async_block_till_done()
        assert before not in entry.data["fingerprints"]
        assert entry.state is ConfigEntryState.LOADED
        await home.config_entries.async_unload(entry.entry_id)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_the_secondary_server_has_a_certificate_of_its_own(
    home: HomeAssistant, secure: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("secondary")
    with running_elsewhere(SimulatorSettings(tls=True, certificate_folder=folder)) as second:
        data = typed(user(secure, secondary_url=second.url))
        menu = await answer(home, await start(home, "o2g_user"), data)
        first = menu["description_placeholders"]["fingerprint"]
        menu = await choose(home, menu, "accept_certificate")
        assert menu["step_id"] == "certificate"
        other = menu["description_placeholders"]["fingerprint"]
        assert other != first
        result = await choose(home, menu, "accept_certificate")
        assert result["data"]["fingerprints"] == [first, other]
        await home.async_block_till_done()
        await home.config_entries.async_unload(result["result"].entry_id)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_certificate_that_ones_own_authority_does_not_vouch_for(
    home: HomeAssistant, secure: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with running_elsewhere(SimulatorSettings(tls=True, certificate_folder=tmp_path_factory.mktemp("other"))) as other:
        wrong = {"tls": "own_ca", "ca_file": str(other.certificate_path)}
        form = await answer(home, await start(home, "o2g_user"), typed(user(secure)) | wrong)
        assert form["errors"] == {"base": "certificate"}
        assert "127.0.0.1 cannot be verified" in told(form)


async def test_a_certificate_that_cannot_be_had(home: HomeAssistant, simulator: Simulator) -> None:
    error = aiopbx.CertificateFailed("no")
    error.where = "https://127.0.0.1:1"
    with patch("custom_components.pbx.client.connect", side_effect=error):
        form = await answer(home, await start(home, "o2g_user"), typed(user(simulator)))
    assert form["errors"] == {"base": "certificate"}
    assert told(form)


def test_a_certificate_that_cannot_be_read() -> None:
    shown = describe(b"no certificate", "pbx.example.com")
    assert (shown.host, shown.subject, shown.issuer, shown.starts, shown.ends) == (
        "pbx.example.com",
        "?",
        "?",
        "?",
        "?",
    )
    assert len(shown.fingerprint) == 95


async def test_without_a_fingerprint_no_certificate_is_trusted(home: HomeAssistant) -> None:
    from custom_components.pbx.client import _reach

    made = _reach(home, user(SimpleNamespace(url="https://pbx.example.com"), tls="fingerprint"))  # type: ignore[arg-type]
    context = aiopbx.ConnectionSettings.make(**made).ssl_context()
    assert isinstance(context, PinnedContext)
    assert context.fingerprints == {":".join(["00"] * 32)}
    assert context.verify_mode is ssl.CERT_NONE


# -------------------------------------------------------------------------------------------------- ten thousand lines

PEOPLE = tuple(
    AvailableLine(id=f"oxe{number}", number=str(number), name=f"Person {number % 5000:04}")
    for number in range(10_000, 20_000)
)


def test_a_form_of_ten_thousand_lines_is_small() -> None:
    """What a browser has to read: 12 kB in place of 600, made in milliseconds."""
    begun = perf_counter()
    fields = lines_schema(PEOPLE)
    seconds = perf_counter() - begun
    assert [str(key) for key in fields] == ["all_lines", "search", "page", "lines"]
    options = next(value for key, value in fields.items() if key == "lines").config["options"]
    assert len(options) == 100
    assert len(json.dumps(options)) < 12_000
    assert seconds < 1


def test_a_search_among_ten_thousand_lines() -> None:
    assert [line.id for line in matching(PEOPLE, "person 0042")] == ["oxe10042", "oxe15042"]
    assert [line.id for line in matching(PEOPLE, "42 oxe19042")] == ["oxe19042"]
    assert matching(PEOPLE, "nobody") == []
    assert (pages_of(0), pages_of(100), pages_of(101), pages_of(10_000)) == (1, 1, 2, 100)


def test_lines_can_be_typed() -> None:
    lines = (
        AvailableLine(id="oxe1000", number="1000", name="Alice Martin"),
        AvailableLine(id="oxe1001", number="1001", name="Bob Keller"),
        AvailableLine(id="oxe1002", number="1002", name="Bob Keller"),
    )
    assert resolve(lines, ["1000", "oxe1001", "alice martin", " 1002 "]) == (["oxe1000", "oxe1001", "oxe1002"], None)
    assert resolve(lines, ["1000", "Bob Keller"]) == (["oxe1000"], "Bob Keller")
    assert resolve(lines, ["4711"]) == ([], "4711")


async def test_searching_and_paging_in_the_options(home: HomeAssistant, simulator: Simulator) -> None:
    entry = await set_up(home, make_entry(administrator(simulator), all_lines=False, lines=[ALICE]))
    people = (AvailableLine(id=ALICE, number="1000", name="Alice Martin"), *PEOPLE)
    with patch.object(aiopbx.Pbx, "available_lines", AsyncMock(return_value=people)):
        form = await home.config_entries.options.async_init(entry.entry_id)
        assert fields_of(form)[:4] == ["all_lines", "search", "page", "lines"]
        assert form["description_placeholders"]["count"] == "10001"
        # another page, with what was chosen still there
        form = await answer_options(home, form, {"all_lines": False, "page": 3, "lines": [ALICE]})
        assert form["errors"] == {}
        listed = [option["value"] for option in options_of(form)]
        assert listed[:2] == [ALICE, "oxe10199"]
        assert suggested(form)["page"] == 3
        # a search begins at its first page
        form = await answer_options(
            home, form, {"all_lines": False, "page": 3, "search": "person 0042", "lines": [ALICE]}
        )
        assert [option["value"] for option in options_of(form)] == [ALICE, "oxe10042", "oxe15042"]
        assert form["description_placeholders"]["found"] == "2"
        assert "page" not in fields_of(form)
        form = await answer_options(
            home, form, {"all_lines": False, "search": "person 0042", "lines": [ALICE, "nobody"]}
        )
        assert form["errors"] == {"lines": "line_unknown"}
        assert "nobody" in told(form, "options")
        result = await answer_options(
            home, form, {"all_lines": False, "search": "person 0042", "lines": [ALICE, "15042"]}
        )
    assert result["data"]["lines"] == [ALICE, "oxe15042"]
    assert not {"search", "page"} & set(result["data"])
    await home.async_block_till_done()


def options_of(form: dict[str, Any]) -> list[dict[str, str]]:
    """Return what there is to choose from."""
    return list(next(value for key, value in form["data_schema"].schema.items() if key == "lines").config["options"])


# --------------------------------------------------------------------------------------- a flow that is needed no more


async def test_a_reauthentication_that_mended_itself_ends(home: HomeAssistant, simulator: Simulator) -> None:
    """The account is locked for a while and then works again: no one is asked for a password any more."""
    entry = await set_up(home, make_entry(administrator(simulator)))
    account = simulator.accounts.get("admin")
    assert account is not None
    account.password = "another"
    await simulator.restart(abrupt=True)
    await until(lambda: home.config_entries.flow.async_progress(), "the user is asked for the password")
    account.password = "admin"
    await home.config_entries.async_reload(entry.entry_id)
    await home.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert home.config_entries.flow.async_progress() == []


async def test_a_reauthentication_ends_when_the_connection_is_back(home: HomeAssistant, simulator: Simulator) -> None:
    entry = await set_up(home, make_entry(user(simulator)))
    entry.async_start_reauth(home)
    await home.async_block_till_done()
    assert home.config_entries.flow.async_progress()
    await simulator.restart(abrupt=True)
    await until(lambda: not entry.runtime_data.last_update_success, "the loss is noticed")
    await until(lambda: entry.runtime_data.last_update_success, "the connection is back", timeout=30)
    assert home.config_entries.flow.async_progress() == []


@pytest.mark.parametrize("looked_for", [{"search": "person 0042"}, {"page": 2}])
def test_whoever_looks_for_lines_wants_to_choose(looked_for: dict[str, Any]) -> None:
    """The switch says all at first; a search or another page does not set up all of them, but lists what was meant."""
    lines = tuple(AvailableLine(id=f"p{n:04}", number=str(n), name=f"Person {n:04}") for n in range(150))
    shown = answer_of(lines, None)
    answer = answer_of(lines, {"all_lines": True} | looked_for, before=shown.suggested)
    assert (answer.done, answer.everything, answer.errors) == (False, False, {})
    again = answer_of(lines, {"all_lines": True} | looked_for, before=answer.suggested)
    assert (again.done, again.everything) == (True, True), "who then still says all has all"
