"""What the files of the integration promise: quality, words, icons, diagnostics, triggers, no blocking."""

import ast
import json
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers import translation
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from syrupy.assertion import SnapshotAssertion
from syrupy.filters import props

from custom_components.pbx import (
    PLATFORMS,
    accounts,
    errors,
    forms,
    lookaround,
    options_flow,
    services,
    voicemail_sound,
)
from custom_components.pbx.aiopbx import AvailableLine
from custom_components.pbx.aiopbx.simulator import Simulator, SimulatorSettings
from custom_components.pbx.condition import CONDITIONS, CONF_BEHAVIOR
from custom_components.pbx.const import DOMAIN
from custom_components.pbx.diagnostics import async_get_config_entry_diagnostics
from custom_components.pbx.trigger import TRIGGERS
from tests.integration.helpers import administrator, istra, make_entry, ours, set_up, until_state

# Among what they look at are entities that are disabled by default.
pytestmark = pytest.mark.usefixtures("all_entities_enabled")

FOLDER = Path(services.__file__).parent
ROOT = FOLDER.parents[1]
WORDS: dict[str, Any] = json.loads((FOLDER / "translations" / "en.json").read_text(encoding="utf-8"))
ICONS: dict[str, Any] = json.loads((FOLDER / "icons.json").read_text(encoding="utf-8"))
MANIFEST: dict[str, Any] = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))

RULES = [
    "action-setup",
    "appropriate-polling",
    "brands",
    "common-modules",
    "config-flow",
    "config-flow-test-coverage",
    "dependency-transparency",
    "docs-actions",
    "docs-conditions",
    "docs-triggers",
    "docs-high-level-description",
    "docs-installation-instructions",
    "docs-removal-instructions",
    "entity-event-setup",
    "entity-unique-id",
    "has-entity-name",
    "runtime-data",
    "test-before-configure",
    "test-before-setup",
    "unique-config-entry",
    "action-exceptions",
    "config-entry-unloading",
    "docs-configuration-parameters",
    "docs-installation-parameters",
    "entity-unavailable",
    "integration-owner",
    "log-when-unavailable",
    "parallel-updates",
    "reauthentication-flow",
    "test-coverage",
    "devices",
    "diagnostics",
    "discovery",
    "discovery-update-info",
    "docs-data-update",
    "docs-examples",
    "docs-known-limitations",
    "docs-supported-devices",
    "docs-supported-functions",
    "docs-troubleshooting",
    "docs-use-cases",
    "dynamic-devices",
    "entity-category",
    "entity-device-class",
    "entity-disabled-by-default",
    "entity-translations",
    "exception-translations",
    "icon-translations",
    "reconfiguration-flow",
    "repair-issues",
    "stale-devices",
    "async-dependency",
    "inject-websession",
    "strict-typing",
]

PAGES = ROOT / "docs" / "home-assistant"

# The page of docs/home-assistant that a rule about the documentation is answered by, and the heading there.
HEADINGS = {
    "docs-actions": ("actions", "Actions"),
    "docs-triggers": ("triggers", "Triggers"),
    "docs-conditions": ("conditions", "Conditions"),
    "docs-high-level-description": ("README", "PBX Call Control for Home Assistant"),
    "docs-installation-instructions": ("installation", "Installation"),
    "docs-removal-instructions": ("removal", "Removal"),
    "docs-configuration-parameters": ("parameters", "Options"),
    "docs-installation-parameters": ("parameters", "Connection"),
    "docs-data-update": ("entities", "How data is updated"),
    "docs-examples": ("examples", "Examples"),
    "docs-known-limitations": ("limitations", "Known limitations"),
    "docs-supported-devices": ("README", "Supported systems"),
    "docs-supported-functions": ("entities", "Entities"),
    "docs-troubleshooting": ("troubleshooting", "Troubleshooting"),
    "docs-use-cases": ("README", "What it is for"),
}


# -------------------------------------------------------------------------------------------------------- the quality


def quality() -> dict[str, Any]:
    rules: dict[str, Any] = yaml.safe_load((FOLDER / "quality_scale.yaml").read_text(encoding="utf-8"))["rules"]
    return rules


def test_every_rule_is_answered() -> None:
    assert sorted(quality()) == sorted(RULES)
    for rule, answer in quality().items():
        if answer != "done":
            assert answer["status"] == "exempt", rule
            assert len(answer["comment"]) > 30, f"{rule}: say why"


def test_what_is_exempt_is_really_not_there() -> None:
    exempt = {rule for rule, answer in quality().items() if answer != "done"}
    assert exempt == {"appropriate-polling", "discovery", "discovery-update-info"}
    sources = "\n".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py"))
    assert "update_interval=None" in sources
    assert "SCAN_INTERVAL" not in sources
    assert not {"zeroconf", "ssdp", "dhcp", "bluetooth", "usb", "mqtt", "homekit"} & MANIFEST.keys()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_platform_says_how_much_it_does_at_once(platform: str) -> None:
    assert "PARALLEL_UPDATES = 0" in (FOLDER / f"{platform}.py").read_text(encoding="utf-8")


def test_the_documentation_has_what_the_rules_ask_for() -> None:
    for rule, (page, heading) in HEADINGS.items():
        text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
        assert heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE), rule
    actions, triggers = ((PAGES / name).read_text(encoding="utf-8") for name in ("actions.md", "triggers.md"))
    for action in services.ACTIONS:
        assert f"pbx.{action}" in actions, action
    for trigger in TRIGGERS:
        assert f"pbx.{trigger}" in triggers, trigger
    conditions = (PAGES / "conditions.md").read_text(encoding="utf-8")
    for condition in CONDITIONS:
        assert f"pbx.{condition}" in conditions, condition


def test_every_page_of_the_documentation_is_in_its_index() -> None:
    index = (PAGES / "README.md").read_text(encoding="utf-8")
    assert {path.name for path in PAGES.glob("*.md")} - {"README.md"} == set(
        re.findall(r"^- .*?\]\((\w+\.md)\)", index, re.MULTILINE)
    )


def test_every_link_of_the_documentation_leads_somewhere() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert "://" in link or (page.parent / link).exists(), f"{page.relative_to(ROOT)}: {link}"


def test_the_manifest_leads_to_the_documentation() -> None:
    _, _, path = MANIFEST["documentation"].partition("/blob/main/")
    assert path == (PAGES / "README.md").relative_to(ROOT).as_posix()


def test_the_manifest() -> None:
    assert list(MANIFEST)[:2] == ["domain", "name"]
    assert list(MANIFEST)[2:] == sorted(list(MANIFEST)[2:])
    assert MANIFEST["integration_type"] == "hub"
    assert MANIFEST["iot_class"] == "local_push"
    assert MANIFEST["quality_scale"] == "platinum"
    assert all(re.fullmatch(r"[a-z]+>=[0-9.]+", requirement) for requirement in MANIFEST["requirements"])
    assert (FOLDER / "brand" / "icon.png").read_bytes().startswith(b"\x89PNG")


NOT_LOADED = {
    "cli": {"rich", "typer"},
    "o2g/channel/stream.py": {"httptools"},
    "call_centre.py": {"pandas"},
    "centre_statistics.py": {"pandas"},
}
"""What Home Assistant never imports of the client: the command, the channel over an HTTP session of its own, frames."""


def _imported(path: Path) -> set[str]:
    """Return the top-level packages that a module imports, at its beginning or when it needs them."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "import_module":
            names.update(one.value for one in node.args if isinstance(one, ast.Constant))
    return {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names)


def _installed_with(*distributions: str) -> set[str]:
    """Return the names of these distributions and of all that pip installs because of them."""
    there: set[str] = set()
    wanted = list(distributions)
    while wanted:
        name = canonicalize_name(wanted.pop())
        if name in there:
            continue
        try:
            required = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        there.add(name)
        wanted += [
            requirement.name
            for requirement in map(Requirement, required)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        ]
    return there


def test_everything_that_is_imported_is_in_the_manifest_or_comes_with_home_assistant() -> None:
    """A developer's environment has more than a user's: what only this one has would fail there, and not here."""
    available = _installed_with("homeassistant") | {
        canonicalize_name(Requirement(one).name) for one in MANIFEST["requirements"]
    }
    distributions = metadata.packages_distributions()
    missing: dict[str, str] = {}
    for path in FOLDER.rglob("*.py"):
        inside = path.relative_to(FOLDER / "aiopbx").as_posix() if path.is_relative_to(FOLDER / "aiopbx") else ""
        spared = {name for part, names in NOT_LOADED.items() if inside.startswith(part) for name in names}
        for name in _imported(path) - spared - {"homeassistant"}:
            if available.isdisjoint(map(canonicalize_name, distributions.get(name, [name]))):
                missing[name] = path.relative_to(FOLDER).as_posix()
    assert missing == {}


def test_the_manifest_asks_for_nothing_that_is_not_imported() -> None:
    imported = {name for path in FOLDER.rglob("*.py") for name in _imported(path)}
    distributions = metadata.packages_distributions()
    used = {canonicalize_name(one) for name in imported for one in distributions.get(name, [name])}
    assert {canonicalize_name(Requirement(one).name) for one in MANIFEST["requirements"]} <= used


# ---------------------------------------------------------------------------------------------------------- the words


def test_every_action_has_words_an_icon_and_a_form() -> None:
    described = yaml.safe_load((FOLDER / "services.yaml").read_text(encoding="utf-8"))
    assert set(described) == set(services.ACTIONS) == set(WORDS["services"]) == set(ICONS["services"])
    for name, (_, schema) in services.ACTIONS.items():
        accepted = {str(key) for key in schema.schema}
        fields = dict(described[name]["fields"])
        sections = {key for key, field in fields.items() if "fields" in field}
        shown = {*(fields.keys() - sections), *(inner for key in sections for inner in fields[key]["fields"])}
        targets = {"entity_id", "device_id", "area_id", "floor_id", "label_id"}
        targets = targets if "target" in described[name] else set()
        assert shown | targets == accepted, name
        assert shown == set(WORDS["services"][name]["fields"]), name
        assert sections == set(WORDS["services"][name].get("sections", {})), name
        assert sections == set(ICONS["services"][name].get("sections", {})), name


def test_every_trigger_has_words_an_icon_and_a_form() -> None:
    described = yaml.safe_load((FOLDER / "triggers.yaml").read_text(encoding="utf-8"))
    described = {name: form for name, form in described.items() if not name.startswith(".")}
    assert set(TRIGGERS) == set(described) == set(WORDS["triggers"]) == set(ICONS["triggers"])
    for name, trigger in TRIGGERS.items():
        accepted = {str(key) for key in trigger.options}  # type: ignore[attr-defined]
        assert set(described[name].get("fields", {})) == accepted == set(WORDS["triggers"][name].get("fields", {})), (
            name
        )


def test_every_condition_has_words_an_icon_and_a_form() -> None:
    described = yaml.safe_load((FOLDER / "conditions.yaml").read_text(encoding="utf-8"))
    described = {name: form for name, form in described.items() if not name.startswith(".")}
    assert set(CONDITIONS) == set(described) == set(WORDS["conditions"]) == set(ICONS["conditions"])
    for name, condition in CONDITIONS.items():
        accepted = {CONF_BEHAVIOR, *map(str, condition.options)}  # type: ignore[attr-defined]
        assert set(described[name]["fields"]) == accepted == set(WORDS["conditions"][name]["fields"]), name


def test_every_error_has_words() -> None:
    raised = {key for _, key in errors._KEYS} | {"pbx_error"} | set(voicemail_sound._NO_SOUND.values())
    raised |= {f"input_{reason}" for reason in errors._REASONS}
    for path in FOLDER.glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
                continue
            if call.func.id in ("invalid", "failure"):
                key = call.args[0]
                keys = [key.body, key.orelse] if isinstance(key, ast.IfExp) else [key]
                raised |= {key.value for key in keys if isinstance(key, ast.Constant)}
            elif call.func.id.endswith(("Error", "Failed", "Unresolvable")):
                raised |= {
                    keyword.value.value
                    for keyword in call.keywords
                    if keyword.arg == "translation_key" and isinstance(keyword.value, ast.Constant)
                }
    assert raised - set(WORDS["exceptions"]) == set()
    assert set(WORDS["exceptions"]) - raised == set(), "texts that nothing uses"
    # the flows show the same errors
    shown_in_calls = {"unknown_call", "call_over", "action_not_allowed", "policy_violation"}
    assert {key for _, key in errors._KEYS} - shown_in_calls <= set(WORDS["config"]["error"])


def _literals(path: Path) -> set[str]:
    """Return the texts that stand in a module."""
    return {
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_the_flows_have_a_sentence_for_every_error_and_no_other() -> None:
    written = _literals(FOLDER / "accounts.py") | _literals(FOLDER / "lookaround.py") | _literals(FOLDER / "errors.py")
    written |= _literals(FOLDER / "config_flow.py") | _literals(FOLDER / "lines_form.py")
    assert set(WORDS["config"]["error"]) <= written, "sentences that nothing uses"
    raised = {
        call.args[1].value
        for call in ast.walk(ast.parse((FOLDER / "accounts.py").read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "Problem"
        and isinstance(call.args[1], ast.Constant)
    }
    raised |= {found.value for found in lookaround.Found} | set(accounts._FIELD_ERRORS.values())
    raised |= set(accounts._NEEDED.values()) | {"line_unknown", "no_lines", "all_or_lines"}
    assert raised <= set(WORDS["config"]["error"])
    options = {key for _, key in options_flow._ERRORS.values()} | {
        "invalid_option",
        "line_unknown",
        "no_lines",
        "all_or_lines",
    }
    assert options == set(WORDS["options"]["error"])


def _words_of(schema: Any, words: dict[str, Any], where: str) -> None:
    """Compare the fields of a form, those in sections as well, with their labels and explanations."""
    sections = {str(key) for key, value in schema.items() if isinstance(value, section)}
    fields = {str(key) for key in schema} - sections
    assert fields <= set(words.get("data", {})), where
    assert set(words.get("data", {})) == set(words.get("data_description", {})), where
    assert sections <= set(words.get("sections", {})), where
    for key, value in schema.items():
        if isinstance(value, section):
            inside = words["sections"][str(key)]
            assert inside["name"], where
            assert {str(name) for name in value.schema.schema} == set(inside["data"]), f"{where}.{key}"
            assert set(inside["data"]) == set(inside["data_description"]), f"{where}.{key}"


def test_every_field_of_every_form_has_a_label_and_an_explanation() -> None:
    steps = WORDS["config"]["step"]
    for kind, schema in forms.ACCOUNT_SCHEMAS.items():
        _words_of(schema.schema, steps[kind], kind)
        _words_of(schema.schema, steps["reconfigure"], "reconfigure")
        assert set(map(str, schema.schema)) == set(steps[kind]["data"]) | set(steps[kind]["sections"]), kind
    _words_of(forms.SECOND_SCHEMA.schema, steps["second_password"], "second_password")
    _words_of(forms.REAUTH_SCHEMA.schema, steps["reauth_confirm"], "reauth_confirm")
    many = tuple(AvailableLine(id=str(number)) for number in range(300))
    _words_of(forms.lines_schema(many), steps["lines"], "lines")
    init = WORDS["options"]["step"]["init"]
    _words_of(forms.lines_schema(many), init, "init")
    sections = options_flow.sections_of("o2g_user"), options_flow.sections_of("myistra")
    assert set(sections[0]) == set(init["sections"])
    for name in sections[0]:
        fields = sections[0][name] | sections[1][name]
        assert set(map(str, fields)) == set(init["sections"][name]["data"]), name


@pytest.mark.parametrize("kind", ["o2g", "myrcc", "mycrm", "myistra"])
async def test_every_entity_has_words_and_an_icon(home: HomeAssistant, kind: str) -> None:
    async with Simulator(SimulatorSettings(istra=True)) as simulator:
        entry = make_entry(administrator(simulator) if kind == "o2g" else istra(simulator, kind))
        await set_up(home, entry)
        words_and_icons(home)
        loaded = await translation.async_get_translations(home, "en", "entity", {DOMAIN})
        assert loaded["component.pbx.entity.sensor.call_state.name"] == "Call state"
        await home.config_entries.async_unload(entry.entry_id)


def words_and_icons(home: HomeAssistant) -> None:
    """Look for the words and the icon of every entity there is."""
    assert ours(home)
    for item in ours(home):
        words = WORDS["entity"][item.domain][item.translation_key]
        assert words["name"], item.entity_id
        if item.original_device_class is None or item.domain != "binary_sensor":
            assert item.translation_key in ICONS["entity"][item.domain], item.entity_id
        state = home.states.get(item.entity_id)
        if state is not None and "options" in state.attributes:
            assert set(state.attributes["options"]) == set(words["state"]), item.entity_id
        if item.domain == "event" and state is not None:
            types = words["state_attributes"]["event_type"]["state"]
            assert set(state.attributes["event_types"]) == set(types)


# ------------------------------------------------------------------------------------------------------- diagnostics


async def test_diagnostics(home: HomeAssistant, simulator: Simulator, snapshot: SnapshotAssertion) -> None:
    entry = await set_up(home, make_entry(administrator(simulator), lines=["oxe1000", "oxe1001"], all_lines=False))
    simulator.switch.incoming_external("+15550123", "1000", "Northwind Bakery")
    await until_state(home, "binary_sensor.alice_martin_ringing", "on")
    diagnostics = await async_get_config_entry_diagnostics(home, entry)
    text = json.dumps(diagnostics, default=str)
    for secret in ("Alice", "Bakery", "5550123", "oxe1000", '"1000"', '"admin"', '"secret"', "JSESSIONID"):
        assert secret not in text, secret
    assert diagnostics["client"]["recent_events"]
    volatile = props("url", "statistics", "recent_events", "version", "node")
    assert diagnostics == snapshot(exclude=volatile)
