"""The rules of the quality scale that a machine can check: what is called done is looked for in the code.

Those about documentation, manifest, translations, icons and platforms have their tests beside the things themselves.
"""

import ast
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import custom_components.pbx

FOLDER = Path(custom_components.pbx.__file__).parent
QUALITY: dict[str, Any] = yaml.safe_load((FOLDER / "quality_scale.yaml").read_text(encoding="utf-8"))["rules"]
MANIFEST: dict[str, Any] = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
TREES = {path.name: ast.parse(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.py")}
CLIENT = [ast.parse(path.read_text(encoding="utf-8")) for path in (FOLDER / "aiopbx").rglob("*.py")]

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(module: str) -> dict[str, Function]:
    nodes = ast.walk(TREES[module])
    return {node.name: node for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}


def calls(node: ast.AST) -> set[str]:
    """Return the names of what is called below a node."""
    found = [one.func for one in ast.walk(node) if isinstance(one, ast.Call)]
    return {
        one.attr if isinstance(one, ast.Attribute) else one.id
        for one in found
        if hasattr(one, "attr") or hasattr(one, "id")
    }


def assigned(node: ast.AST) -> set[str]:
    targets = [target for one in ast.walk(node) if isinstance(one, ast.Assign) for target in one.targets]
    targets += [one.target for one in ast.walk(node) if isinstance(one, ast.AnnAssign)]
    return {ast.unparse(target) for target in targets}


def modules_imported(tree: ast.Module) -> set[str]:
    found = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return found | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level}


def errors_without_a_translation() -> list[str]:
    """Return where an error of Home Assistant is raised whose sentence is not in the translations."""
    return [
        f"{name}:{one.lineno}"
        for name, tree in TREES.items()
        for one in ast.walk(tree)
        if isinstance(one, ast.Call)
        and isinstance(one.func, ast.Name)
        and one.func.id
        in {"HomeAssistantError", "ServiceValidationError", "ConfigEntryError", "ConfigEntryNotReady", "UpdateFailed"}
        and "translation_key" not in {keyword.arg for keyword in one.keywords}
    ]


CHECKS: dict[str, Callable[[], bool]] = {
    "action-setup": lambda: (
        "async_setup_services" in calls(functions("__init__.py")["async_setup"])
        and "async_setup_services" not in calls(functions("__init__.py")["async_setup_entry"])
    ),
    "common-modules": lambda: {"coordinator.py", "entity.py"} <= set(TREES),
    "config-flow": lambda: MANIFEST["config_flow"] is True and "async_step_user" in functions("config_flow.py"),
    "dependency-transparency": lambda: not any("@" in one or "://" in one for one in MANIFEST["requirements"]),
    "entity-event-setup": lambda: "async_added_to_hass" in functions("entity.py"),
    "entity-unique-id": lambda: "self._attr_unique_id" in assigned(TREES["entity.py"]),
    "has-entity-name": lambda: "_attr_has_entity_name" in assigned(TREES["entity.py"]),
    "runtime-data": lambda: "entry.runtime_data" in assigned(functions("__init__.py")["async_setup_entry"]),
    "test-before-configure": lambda: "async_validate" in calls(TREES["config_flow.py"]),
    "test-before-setup": lambda: (
        "async_config_entry_first_refresh" in calls(functions("__init__.py")["async_setup_entry"])
    ),
    "unique-config-entry": lambda: (
        {"async_set_unique_id", "_abort_if_unique_id_configured"} <= calls(TREES["config_flow.py"])
    ),
    "config-entry-unloading": lambda: "async_unload_platforms" in calls(functions("__init__.py")["async_unload_entry"]),
    "integration-owner": lambda: bool(MANIFEST["codeowners"]),
    "reauthentication-flow": lambda: (
        {"async_step_reauth", "async_step_reauth_confirm"} <= set(functions("config_flow.py"))
    ),
    "reconfiguration-flow": lambda: "async_step_reconfigure" in functions("config_flow.py"),
    "action-exceptions": lambda: "pbx_errors" in calls(functions("services.py")["async_setup_services"]),
    "exception-translations": lambda: not errors_without_a_translation(),
    "icon-translations": lambda: not any("_attr_icon" in ast.unparse(tree) for tree in TREES.values()),
    "diagnostics": lambda: (
        {"async_get_config_entry_diagnostics", "async_get_device_diagnostics"} <= set(functions("diagnostics.py"))
    ),
    "stale-devices": lambda: "async_remove_config_entry_device" in functions("__init__.py"),
    "repair-issues": lambda: "async_create_issue" in calls(TREES["issues.py"]),
    "async-dependency": lambda: not any({"requests", "urllib3"} & modules_imported(tree) for tree in CLIENT),
    "inject-websession": lambda: "async_get_clientsession" in calls(functions("client.py")["async_connect"]),
    "strict-typing": lambda: (
        (FOLDER / "aiopbx" / "py.typed").exists()
        and tomllib.loads((FOLDER.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]["strict"]
    ),
}


@pytest.mark.parametrize("rule", CHECKS)
def test_a_rule_that_is_done_is_done_in_the_code(rule: str) -> None:
    assert QUALITY[rule] == "done"
    assert CHECKS[rule]() is True, rule
