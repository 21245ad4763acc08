"""The rules of hassfest that a machine can check without it, so that a mistake is seen before the workflow runs.

Written for this integration from what the rules say; the workflow runs the real hassfest beside them.
"""

import ast
import json
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from homeassistant.const import Platform
from homeassistant.helpers import config_validation as cv, selector
from packaging.requirements import Requirement

from custom_components.pbx import services

FOLDER = Path(services.__file__).parent
ROOT = FOLDER.parents[1]
MANIFEST: dict[str, Any] = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
LANGUAGES = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (FOLDER / "translations").glob("*.json")
}
ENGLISH: dict[str, Any] = LANGUAGES["en"]
ICONS: dict[str, Any] = json.loads((FOLDER / "icons.json").read_text(encoding="utf-8"))

KEY = re.compile(r"[a-z0-9](?:[a-z0-9]|[_-](?![_-]))*(?<![_-])")
URL = re.compile(r"(?:\b(?:ftps?|scp|https?|mqtts?|socket|socks5)://|www\.)\S", re.IGNORECASE)

MANIFEST_KEYS = {
    "domain", "name", "after_dependencies", "codeowners", "config_flow", "dependencies", "documentation",
    "integration_type", "iot_class", "issue_tracker", "loggers", "quality_scale", "requirements", "single_config_entry",
    "version",
}  # fmt: skip
TOP_LEVEL = {
    "common", "conditions", "config", "config_subentries", "conversation", "device", "device_automation", "entity",
    "entity_component", "exceptions", "issues", "options", "selector", "services", "system_health", "title", "triggers",
}  # fmt: skip
STEP = {
    "title",
    "description",
    "data",
    "data_description",
    "menu_options",
    "menu_option_descriptions",
    "sections",
    "submit",
}
FLOW = {"step", "error", "abort", "progress", "create_entry", "flow_title", "initiate_flow"}
FIELD = {"name", "description", "example"}


def texts(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Return every text below a node, with its path."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from texts(value, f"{path}.{key}".lstrip("."))
    else:
        yield path, node


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


# -------------------------------------------------------------------------------------------------------- the manifest


def test_the_manifest() -> None:
    keys = list(MANIFEST)
    assert set(keys) <= MANIFEST_KEYS
    assert keys[:2] == ["domain", "name"]
    assert keys[2:] == sorted(keys[2:])
    assert MANIFEST["domain"] == FOLDER.name
    assert MANIFEST["iot_class"] in {
        "assumed_state", "calculated", "cloud_polling", "cloud_push", "local_polling", "local_push",
    }  # fmt: skip
    assert MANIFEST["integration_type"] in {"device", "entity", "hardware", "helper", "hub", "service", "system"}
    assert MANIFEST["quality_scale"] in {"bronze", "silver", "gold", "platinum"}
    assert re.fullmatch(r"\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?", MANIFEST["version"])
    assert all(owner.startswith("@") for owner in MANIFEST["codeowners"])
    for key in ("documentation", "issue_tracker"):
        assert MANIFEST[key].startswith("https://")
    for requirement in MANIFEST["requirements"]:
        assert re.fullmatch(r"[A-Za-z0-9._-]+(?:\[[a-z,]+\])?>=[0-9.]+", requirement), "a lower bound alone, no spaces"
        Requirement(requirement)
    assert MANIFEST["requirements"] == sorted(MANIFEST["requirements"])


def test_what_hacs_reads() -> None:
    hacs = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))
    assert hacs["name"]
    assert set(hacs) <= {
        "name", "content_in_root", "country", "filename", "hacs", "hide_default_branch", "homeassistant", "llm",
        "persistent_directory", "render_readme", "zip_release",
    }  # fmt: skip


def test_the_brand() -> None:
    """PNG, square, 256 pixels and twice that, interlaced or not; a logo is not needed beside an icon."""
    for name, size in (("icon.png", 256), ("icon@2x.png", 512)):
        head = (FOLDER / "brand" / name).read_bytes()[:24]
        assert head.startswith(b"\x89PNG\r\n\x1a\n"), name
        assert (int.from_bytes(head[16:20]), int.from_bytes(head[20:24])) == (size, size), name


# ---------------------------------------------------------------------------------------------------- the translations


def test_there_is_no_strings_file_and_no_reference() -> None:
    assert not (FOLDER / "strings.json").exists()
    assert not [path for path, text in texts(ENGLISH) if "[%key" in text]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text(language: str) -> None:
    for path, text in texts(LANGUAGES[language]):
        assert isinstance(text, str), path
        assert text, path
        assert text == text.strip(), f"{path}: spaces around it"
        assert not URL.search(text), f"{path}: a URL belongs into a placeholder"
        assert not re.search(r"'\{\w+\}'", text), f"{path}: a placeholder in single quotes is not replaced"
        assert all(name.isidentifier() for name in placeholders(text)), path
        assert cv.string_with_no_html(text) == text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_key(language: str) -> None:
    words = LANGUAGES[language]
    assert set(words) <= TOP_LEVEL
    for path, _ in texts(words):
        for key in path.split("."):
            assert KEY.fullmatch(key), path


def test_flows_have_what_a_flow_may_have() -> None:
    for flow in ("config", "options"):
        assert set(ENGLISH[flow]) <= FLOW
        for name, step in ENGLISH[flow]["step"].items():
            assert set(step) <= STEP, name
            for form in (step, *step.get("sections", {}).values()):
                assert set(form.get("data_description", {})) <= set(form.get("data", {})), name
            assert set(step.get("menu_option_descriptions", {})) <= set(step.get("menu_options", {})), name
            for section in step.get("sections", {}).values():
                assert set(section) <= {"name", "description", "data", "data_description"}, name


def test_entities_exceptions_and_issues_have_what_they_may_have() -> None:
    for platform, entities in ENGLISH["entity"].items():
        assert platform in set(Platform), platform
        for key, entity in entities.items():
            assert set(entity) <= {"name", "state", "state_attributes", "unit_of_measurement"}, key
            for attribute in entity.get("state_attributes", {}).values():
                assert set(attribute) <= {"name", "state"}, key
            for path, text in texts({name: value for name, value in entity.items() if name != "name"}):
                assert not placeholders(text), f"{platform}.{key}.{path}"
    assert all(set(one) == {"message"} for one in ENGLISH["exceptions"].values())
    for key, issue in ENGLISH["issues"].items():
        assert "title" in issue, key
        assert ("description" in issue) is not ("fix_flow" in issue), key
    for key, choices in ENGLISH["selector"].items():
        assert set(choices) <= {"options", "choices", "fields", "unit_of_measurement"}, key
    assert set(ENGLISH.get("system_health", {})) <= {"info"}


@pytest.mark.parametrize("kind", ["services", "triggers", "conditions"])
def test_words_of_actions_triggers_and_conditions(kind: str) -> None:
    for key, words in ENGLISH[kind].items():
        assert {"name", "description"} <= set(words) <= {"name", "description", "fields", "sections"}, key
        for name, field in words.get("fields", {}).items():
            assert {"name", "description"} <= set(field) <= FIELD, f"{key}.{name}"
        for name, section in words.get("sections", {}).items():
            assert set(section) <= {"name", "description"}, f"{key}.{name}"


# ------------------------------------------------------------------------------------ actions, triggers and conditions


def described(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return {key: value or {} for key, value in found.items() if not key.startswith(".")}


def fields_of(form: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the fields of an action, those in sections as well."""
    for key, field in form.get("fields", {}).items():
        if "fields" in (field or {}):
            yield from fields_of(field)
        else:
            yield key, field or {}


@pytest.mark.parametrize("kind", ["services", "triggers", "conditions"])
def test_forms_of_actions_triggers_and_conditions(kind: str) -> None:
    forms = described(kind)
    assert forms
    for name, form in forms.items():
        assert KEY.fullmatch(name)
        assert set(form) <= {"fields", "target"}, name
        if form.get("target") is not None:
            selector.validate_selector({"target": form["target"]})
        for key, field in fields_of(form):
            assert set(field) <= {"required", "default", "example", "selector", "advanced", "filter", "context"}, key
            selector.validate_selector(field["selector"])
            assert isinstance(field.get("required", False), bool), key
    for name, form in forms.items():
        words = ENGLISH[kind][name]
        assert {key for key, _ in fields_of(form)} == set(words.get("fields", {})), name
        sections = {key for key, field in form.get("fields", {}).items() if "fields" in (field or {})}
        assert sections == set(words.get("sections", {})), name


@pytest.mark.parametrize("kind", ["services", "triggers", "conditions"])
def test_every_choice_of_a_select_has_words(kind: str) -> None:
    for name, form in described(kind).items():
        for key, field in fields_of(form):
            select = (field.get("selector") or {}).get("select")
            if isinstance(select, dict) and (words := select.get("translation_key")):
                options = {one if isinstance(one, str) else one["value"] for one in select["options"]}
                assert options <= set(ENGLISH["selector"][words]["options"]), f"{name}.{key}"


# ----------------------------------------------------------------------------------------------------------- the icons


def test_the_icons() -> None:
    assert set(ICONS) <= {"entity", "services", "triggers", "conditions"}
    for path, text in texts(ICONS):
        assert re.fullmatch(r"mdi:[a-z0-9]+(?:-[a-z0-9]+)*", text), path
    for kind, key in (("services", "service"), ("triggers", "trigger"), ("conditions", "condition")):
        assert set(ICONS[kind]) == set(described(kind)), kind
        for name, icon in ICONS[kind].items():
            assert key in icon, name
            assert set(icon) <= {key, "sections"}, name
    for platform, entities in ICONS["entity"].items():
        for name, icon in entities.items():
            assert "default" in icon, f"{platform}.{name}"
            assert set(icon) <= {"default", "state", "range", "state_attributes"}, f"{platform}.{name}"
            assert icon["default"] not in icon.get("state", {}).values(), f"{platform}.{name}: the default once more"
            assert name in ENGLISH["entity"][platform], f"{platform}.{name}: an icon of nothing"


# ---------------------------------------------------------------------------------------------------- the code itself


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in FOLDER.glob("*.py"):
        yield path.name, ast.parse(path.read_text(encoding="utf-8"))


def test_platforms_are_modules_and_config_entries_are_all_there_is() -> None:
    for platform in set(Platform):
        if (FOLDER / f"{platform}.py").exists():
            source = (FOLDER / "__init__.py").read_text(encoding="utf-8")
            assert f"Platform.{platform.upper()}" in source, platform
    source = (FOLDER / "__init__.py").read_text(encoding="utf-8")
    assert "config_entry_only_config_schema" in source


def test_a_platform_of_an_integration_that_is_used_is_declared() -> None:
    """What is imported from another integration has to be set up before: it is a dependency, or a part of the core."""
    core = {
        *map(str, Platform), "automation", "config_flow", "conversation", "diagnostics", "frontend", "http", "intent",
        "lovelace", "media_player", "media_source", "persistent_notification", "repairs", "system_health",
        "system_log", "websocket_api", "homeassistant", "llm",
    }  # fmt: skip
    declared = {*MANIFEST.get("dependencies", ()), *MANIFEST.get("after_dependencies", ())}
    for name, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("homeassistant.components"):
                parts = (node.module or "").split(".")
                used = {parts[2]} if len(parts) > 2 else {alias.name for alias in node.names}
                assert used <= core | declared, name


def test_the_languages() -> None:
    assert set(LANGUAGES) == {"en", "de", "fr"}


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_a_language_is_complete(language: str) -> None:
    """Every sentence, with the same places for words; and none that was left in English."""
    english, words = dict(texts(ENGLISH)), dict(texts(LANGUAGES[language]))
    assert set(words) == set(english)
    for path, text in words.items():
        assert placeholders(text) == placeholders(english[path]), path
    # A sentence, rather than a name that is the same everywhere.
    assert not [path for path, text in english.items() if len(text.split()) > 4 and words[path] == text]
