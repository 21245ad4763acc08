"""Whatever is typed into the forms: nothing raises, nothing is logged as an error, and every refusal is a sentence."""

import random
from typing import Any, Final
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData

from custom_components.pbx import accounts, client, config_flow
from custom_components.pbx.aiopbx import ConnectionFailed, ConnectionSettings
from custom_components.pbx.aiopbx.simulator import Simulator, SimulatorSettings
from custom_components.pbx.lookaround import Found
from tests.integration.helpers import (
    ALICE,
    WORDS,
    administrator,
    answer,
    answer_options,
    istra,
    make_entry,
    reconfigure,
    set_up,
    start,
    user,
)

pytestmark = pytest.mark.timeout(180)

ODD: Final = (
    "", " ", "\t", "\0", "\n", "\r\n", "\ud800", "\u202e", "\u2028", "\ufeff", "é", "e\u0301", "٣", "🔔",
    "\uff0b", "\U0001d7d9", "'", '"', "\\", "%", "%s", "%00", "{", "}", "{0}", "{value}", "{{ 1 }}", "$x", "<b>",
    "&amp;", "../", "/", "//", ":", "::", "[", "]", "[::1]", "@", "a:b@", "?", "#", ";", ",", "*", "**", "+", "-",
    "-1", "0", "00", "1e9", "NaN", "true", "null", "oxe1000", "Alice Martin", "1000", "1000-1001", "3-5", "5-3",
    "(?=", "http", "https://", "ftp://", "HTTPS://", "http:/", "javascript:", "9" * 21, "x" * 300, "9" * 200,
)  # fmt: skip
MULTIPLE = ("allowed", "denied", "contact_files", "night_lines", "lines")


def assert_sentences(form: dict[str, Any], flow: str) -> None:
    """Every error has a sentence, with every placeholder; what is in them may be the server's own words."""
    for key in form["errors"].values():
        text = WORDS[flow]["error"][key].format_map(form["description_placeholders"] or {})
        assert text.endswith("."), text


class Typist:
    """Types anything, and what is nearly right more often; the same seed types the same."""

    def __init__(self, seed: int) -> None:
        """Begin with this seed."""
        self._random = random.Random(seed)

    def text(self, *right: str) -> str:
        """Return a text: as it should be, with something odd in it, or odd altogether."""
        choose = self._random
        word = choose.choice(right) if right and choose.random() < 0.8 else ""
        for _ in range(choose.choice((0, 0, 0, 1, 2))):
            at = choose.randrange(len(word) + 1)
            word = word[:at] + choose.choice(ODD) + word[at + choose.randrange(2) :]
        return word

    def one_of(self, *values: Any) -> Any:
        """Return one of these."""
        return self._random.choice(values)

    def some(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return most of these fields."""
        return {key: value for key, value in fields.items() if self._random.random() < 0.8}


def account(typist: Typist, simulator: Simulator, kind: str) -> dict[str, Any]:
    """Return what is typed into the form of an account."""
    istra = not kind.startswith("o2g")
    url = simulator.istra_url if istra else simulator.url
    other = simulator.url if istra else simulator.istra_url
    one_of_several = kind in ("o2g_administrator", "myrcc")
    login, password = ("admin", "admin") if one_of_several else (ALICE, "secret")
    # What all of is right, but for one field, comes further than what nothing of is.
    if typist.one_of(True, False):
        right: dict[str, Any] = {"url": url, "username": login, "password": password, "tls": "verify"}
        right |= {"enterprise": "example"} if kind == "myrcc" else {}
        field = typist.one_of(*right)
        return right | ({field: typist.text(right[field])} if field != "tls" else {})
    near = (url, url, other, f"{url}/api/rest", f"{url}/restletrouter", "http://127.0.0.1:9", "127.0.0.1")
    needed = {
        "url": typist.text(*near),
        "username": typist.text(login),
        "password": typist.text(password),
    }
    if kind == "myrcc":
        needed["enterprise"] = typist.text("example")
    optional: dict[str, Any] = {
        "tls": typist.one_of("verify", "fingerprint", "own_ca", "none"),
        "ca_file": typist.text("", "ca.pem"),
    }
    if not istra:
        optional |= {
            "secondary_url": typist.text("", url, "http://127.0.0.1:9"),
            "use_given_address": typist.one_of(True, False),
            "event_port": typist.one_of(1, 443, 65535, 8016.5),
        }
    return needed | typist.some(optional)


def options(typist: Typist) -> dict[str, Any]:
    """Return what is typed into the form of the options."""
    texts = {
        "allowed": ("*", "1*", "0*", "+*"),
        "denied": ("0900*", "00*"),
        "outside_prefix": ("0", "9"),
        "internal_lengths": ("4", "3-5", "3,4"),
        "contact_files": ("contacts.csv", "people.vcf"),
        "night_lines": (ALICE, "1000", "Alice Martin"),
        "night_number": ("1001", "+15550123"),
        "voice_line": (ALICE, "1000"),
        "lines": (ALICE, "1001", "Alice Martin", "Martin, Alice"),
        "search": ("alice", "10"),
    }
    values: dict[str, Any] = {
        name: [typist.text(*right) for _ in range(typist.one_of(0, 1, 3))] if name in MULTIPLE else typist.text(*right)
        for name, right in texts.items()
    }
    values |= {
        "all_lines": typist.one_of(True, False),
        "calls_per_minute": typist.one_of(1, 30, 2.5, 1000),
        "country": typist.one_of("DE", "US", "FR"),
        "hide_callers": typist.one_of(True, False),
        "contact_directory": False,
    }
    return typist.some(values)


@pytest.fixture
def settings() -> SimulatorSettings:
    return SimulatorSettings(istra=True)


@pytest.fixture
def nothing_elsewhere() -> Any:
    """Let nothing be asked of other machines, whatever address has come out."""
    connect, look, show = client.connect, accounts.async_look, config_flow.async_shown_certificate

    def here(url: str) -> bool:
        return urlsplit(url).hostname in ("127.0.0.1", "::1")

    async def connecting(settings: ConnectionSettings, **rest: Any) -> Any:
        if not here(settings.url):
            raise ConnectionFailed("Nothing is there.")
        return await connect(settings, **rest)

    async def looking(hass: HomeAssistant, url: str) -> Found:
        return await look(hass, url) if here(url) else Found.NOTHING

    async def showing(hass: HomeAssistant, url: str) -> Any:
        return await show(hass, url) if here(url) else None

    with (
        patch.object(client, "connect", connecting),
        patch.object(accounts, "async_look", looking),
        patch.object(config_flow, "async_shown_certificate", showing),
    ):
        yield


@pytest.mark.parametrize("kind", ["o2g_user", "o2g_administrator", "myrcc", "mycrm", "myistra"])
async def test_an_account(
    home: HomeAssistant, simulator: Simulator, kind: str, nothing_elsewhere: None, caplog: pytest.LogCaptureFixture
) -> None:
    """The form comes again with what is wrong in a sentence, or the flow goes on."""
    typist, refused, went_on = Typist(sum(map(ord, kind))), set[str](), 0
    form = await start(home, kind)
    for _ in range(40):
        typed = account(typist, simulator, kind)
        try:
            result = await answer(home, form, typed)
        except InvalidData:
            continue  # Home Assistant's own refusal, before anything of ours
        if result["type"] is FlowResultType.FORM and result["step_id"] == kind:
            assert result["errors"], typed
            refused.update(result["errors"].values())
            assert_sentences(result, "config")
            form = result
            continue
        went_on += 1
        if result["type"] is FlowResultType.FORM:
            assert result["step_id"] == "lines"
            result = await answer(home, result, {"all_lines": True})
        assert result["type"] in (FlowResultType.CREATE_ENTRY, FlowResultType.ABORT), typed
        await home.async_block_till_done()
        form = await start(home, kind)
    assert went_on, "nothing that was typed is right"
    assert len(refused) > 5, refused
    assert "unknown" not in refused, caplog.text


ENTRIES: Final = {
    "o2g_user": user,
    "o2g_administrator": administrator,
    "myrcc": lambda simulator: istra(simulator, "myrcc"),
    "mycrm": lambda simulator: istra(simulator, "mycrm"),
    "myistra": lambda simulator: istra(simulator, "myistra"),
}


@pytest.mark.parametrize("kind", ENTRIES)
async def test_a_reconfiguration(
    home: HomeAssistant, simulator: Simulator, kind: str, nothing_elsewhere: None, caplog: pytest.LogCaptureFixture
) -> None:
    """What is refused changes nothing; what is taken works, and its entry is loaded."""
    entry = await set_up(home, make_entry(ENTRIES[kind](simulator)))
    typist, refused, taken = Typist(sum(map(ord, kind)) + 1), set[str](), 0
    form = await reconfigure(home, entry)
    for _ in range(30):
        before = dict(entry.data)
        typed = account(typist, simulator, kind)
        try:
            result = await answer(home, form, typed)
        except InvalidData:
            continue
        if result["type"] is FlowResultType.FORM:
            assert result["step_id"] == "reconfigure"
            assert result["errors"], typed
            refused.update(result["errors"].values())
            assert_sentences(result, "config")
            assert dict(entry.data) == before
            form = result
            continue
        assert result["type"] is FlowResultType.ABORT, typed
        assert WORDS["config"]["abort"].get(result["reason"]), result["reason"]
        await home.async_block_till_done()
        if result["reason"] == "reconfigure_successful":
            taken += 1
            assert entry.state is ConfigEntryState.LOADED, typed
        else:
            assert dict(entry.data) == before
        form = await reconfigure(home, entry)
    assert taken, "nothing that was typed is right"
    assert len(refused) > 3, refused
    assert "unknown" not in refused, caplog.text


@pytest.mark.parametrize("kind", ENTRIES)
async def test_a_reauthentication(
    home: HomeAssistant, simulator: Simulator, kind: str, nothing_elsewhere: None, caplog: pytest.LogCaptureFixture
) -> None:
    """Any password but the right one is refused in a sentence and kept nowhere; with that one the entry is loaded."""
    right = ENTRIES[kind](simulator)
    entry = await set_up(home, make_entry(right | {"password": "another"}))
    typist, taken = Typist(sum(map(ord, kind)) + 2), 0
    for _ in range(40):
        [flow] = home.config_entries.flow.async_progress()
        assert flow["step_id"] == "reauth_confirm"
        form: Any = await home.config_entries.flow.async_configure(flow["flow_id"])
        password = typist.text(right["password"])
        try:
            result = await answer(home, form, {"password": password})
        except InvalidData:
            continue
        if result["type"] is FlowResultType.FORM:
            assert result["errors"], password
            assert "unknown" not in result["errors"].values(), caplog.text
            assert_sentences(result, "config")
            assert entry.data["password"] == "another"
            continue
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reauth_successful")
        await home.async_block_till_done()
        assert entry.data["password"] == right["password"]
        assert entry.state is ConfigEntryState.LOADED
        taken += 1
        home.config_entries.async_update_entry(entry, data={**entry.data, "password": "another"})
        await home.config_entries.async_reload(entry.entry_id)
        await home.async_block_till_done()
    assert taken, "it was never typed right"


async def test_the_options(home: HomeAssistant, simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """The same of what may be dialled, how numbers are read, which lines and what for."""
    entry = await set_up(home, make_entry(administrator(simulator)))
    typist, refused, kept = Typist(7), set[str](), 0
    form = await home.config_entries.options.async_init(entry.entry_id)
    for _ in range(120):
        typed = options(typist)
        try:
            result = await answer_options(home, form, typed)
        except InvalidData:
            continue
        if result["type"] is FlowResultType.FORM:
            if result["errors"]:
                refused.update(result["errors"].values())
                assert_sentences(result, "options")
            form = result
            continue
        assert result["type"] is FlowResultType.CREATE_ENTRY
        kept += 1
        await home.async_block_till_done()
        assert entry.state.recoverable, typed
        form = await home.config_entries.options.async_init(entry.entry_id)
    assert kept, "nothing that was typed is right"
    assert len(refused) > 3, refused
    assert "invalid_option" not in refused, caplog.text


@pytest.mark.parametrize(("field", "key"), [("username", "invalid_username"), ("password", "invalid_password")])
async def test_half_a_character(home: HomeAssistant, simulator: Simulator, field: str, key: str) -> None:
    """JSON can hold it, and nothing else can: it is refused with the field, before anything is sent."""
    form = await start(home, "o2g_user")
    typed = {"url": simulator.url, "username": ALICE, "password": "secret"} | {field: "a\ud83d"}
    result = await answer(home, form, typed)
    assert result["errors"] == {field: key}
    assert_sentences(result, "config")
    assert all(server.requests == 0 for server in simulator.servers)
