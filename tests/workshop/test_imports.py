"""Who may import whom: the plan of the house, held by reading the sources.

Each rule is tried on a made-up offender, too, so that a rule that has gone blind is found out.
"""

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLIENT = "custom_components.pbx.aiopbx"
INTEGRATION = "custom_components.pbx"
KIT = "notebooks_kit"


@dataclass(frozen=True)
class Import:
    """One imported name: ``from module import name``, or ``import module`` (then ``name`` is none)."""

    module: str
    name: str | None
    level: int
    line: int

    def reaches(self, package: str) -> bool:
        """Whether this import brings ``package`` or something in it."""
        full = self.module if self.name is None else f"{self.module}.{self.name}"
        return within(self.module, package) or within(full, package)


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(source: str, module: str, *, is_package: bool) -> Iterator[Import]:
    """Every import of a source, wherever it stands, with relative ones made absolute and aiopbx under one name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(canonical(alias.name), None, 0, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            target = node.module or ""
            if node.level:
                package = module.split(".") if is_package else module.split(".")[:-1]
                package = package[: len(package) - node.level + 1]
                target = ".".join([*package, *([node.module] if node.module else [])])
            for alias in node.names:
                yield Import(canonical(target), alias.name, node.level, node.lineno)
        elif isinstance(node, ast.Call) and node.args:
            # import_module("x") and __import__("x")
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            first = node.args[0]
            if (
                called in {"import_module", "__import__"}
                and isinstance(first, ast.Constant)
                and isinstance(first.value, str)
                and not first.value.startswith(".")
            ):
                yield Import(canonical(first.value), None, 0, node.lineno)


def canonical(module: str) -> str:
    """Return the one name of aiopbx: in the wheel it is top-level, in Home Assistant it is not."""
    if within(module, "aiopbx"):
        return "custom_components.pbx." + module
    return module


@functools.cache
def public_names(package: str) -> frozenset[str]:
    """Return a package's ``__all__``, read without importing it."""
    path = ROOT / package.replace(".", "/")
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            return frozenset(ast.literal_eval(node.value))  # type: ignore[union-attr]
    return frozenset()


def attributes_of_the_client(source: str) -> Iterator[Import]:
    """Every ``aiopbx.something`` of a source that imported the package itself, as if ``something`` were imported."""
    aliases = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            aliases |= {alias.asname or alias.name for alias in node.names if canonical(alias.name) == CLIENT}
        elif isinstance(node, ast.ImportFrom):
            aliases |= {alias.asname or alias.name for alias in node.names if alias.name == "aiopbx"}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            yield Import(CLIENT, node.attr, 0, node.lineno)


# ---------------------------------------------------------------------------------------------------------------- rules

# The layers of the client, the lowest first. A module may import its own layer and those below, whether at the top, in
# a function or for types only: so no circle of imports can cross a layer.
LAYERS: tuple[tuple[str, ...], ...] = (
    (
        "errors",
        "model",
        "centre",
        "administration",
        "html_tables",
        "records",
        "events",
        "filters",
        "loops",
        "slips",
        "policy",
        "numbers",
        "phone_books",
        "contacts",
        "wire",
        "clean_text",
        "sounds",
        "backoff",
    ),
    ("settings",),
    ("http",),
    ("operations", "parameters", "store"),
    ("ports", "centre_ports", "administration_ports", "doubts", "link", "requests", "exchange"),
    ("connection",),
    ("o2g", "istra", "mqtt"),
    ("core", "recording.recorder"),
    (
        "pbx",
        "line",
        "call",
        "agent",
        "call_log",
        "mailbox",
        "preferences",
        "telephone",
        "directory",
        "nodes",
        "objects",
        "call_centre",
        "centre_statistics",
        "charging",
        "incidents",
        "users",
        "call_recording",
        "reports",
        "pilots",
        "routing_points",
    ),
    ("recording.replay",),
    ("connect",),
    ("",),  # the public API itself
    ("bridge",),
    ("simulator",),
    ("cli", "__main__"),
)
WIRES = (f"{CLIENT}.o2g", f"{CLIENT}.istra")
SIMULATOR = f"{CLIENT}.simulator"
# What the simulator may share with the O2G client: what things are called, never how they are used.
SHARED_WIRE = (
    f"{CLIENT}.o2g.types",
    f"{CLIENT}.o2g.catalogue",
    f"{CLIENT}.o2g.tunnel_messages",
    f"{CLIENT}.istra.types",
    f"{CLIENT}.istra.catalogue",
)
FOREIGN_TO_THE_CLIENT = ("homeassistant", "voluptuous", "probatio", "ipywidgets", "IPython", KIT, "tests", "benchmarks")
FOREIGN_TO_THE_KIT = ("homeassistant", "voluptuous", "probatio", "tests", "benchmarks")


def offences(source: str, module: str, *, is_package: bool = False) -> list[str]:
    """Return what a source does against the rules, each as ``line: reason``."""
    found = []
    items = list(imports_of(source, module, is_package=is_package))
    if not within(module, CLIENT):
        items += attributes_of_the_client(source)
    for item in items:
        reason = offence(item, module)
        if reason:
            found.append(f"{module}:{item.line}: {reason}")
    return found


def offence(item: Import, module: str) -> str | None:
    if within(module, CLIENT):
        return client_offence(item, module)
    if within(module, INTEGRATION):
        return integration_offence(item)
    if within(module, KIT):
        return kit_offence(item)
    return None


def client_offence(item: Import, module: str) -> str | None:
    for foreign in FOREIGN_TO_THE_CLIENT:
        if item.reaches(foreign):
            return f"aiopbx imports {foreign}"
    if not item.reaches(INTEGRATION):
        return None
    if item.level == 0:
        return "aiopbx imports itself by an absolute name"
    if not item.reaches(CLIENT):
        return "aiopbx reaches out of its folder, into the integration"
    inside_simulator = within(module, SIMULATOR)
    if item.reaches(SIMULATOR) and not inside_simulator and not may_use_simulator(module):
        return "only the command, the demo and the tests may import the simulator"
    higher = above(item, module)
    if higher is not None:
        return f"{module.removeprefix(CLIENT + '.')} is below {higher} and imports it"
    for own, other in (WIRES, WIRES[::-1]):
        if within(module, own) and item.reaches(other):
            return f"{own.rpartition('.')[2]} imports {other.rpartition('.')[2]}"
    if inside_simulator:
        for wire in WIRES:
            if item.reaches(wire) and not any(item.reaches(shared) for shared in SHARED_WIRE):
                return "the simulator uses a client's logic"
        for logic in ("pbx", "connection"):
            if item.reaches(f"{CLIENT}.{logic}"):
                return f"the simulator imports {logic}"
    return None


def layer_of(module: str) -> int | None:
    """The layer of a module of the client; None for a package that only holds modules of several layers."""
    inner = module.removeprefix(CLIENT).removeprefix(".")
    return next(
        (
            number
            for number, layer in enumerate(LAYERS)
            for name in layer
            if (inner == name if not name else within(inner, name))
        ),
        None,
    )


def above(item: Import, module: str) -> str | None:
    """The module of a higher layer that a module of the client imports, if it does."""
    own = layer_of(module)
    if own is None or not item.reaches(CLIENT):
        return None
    full = f"{item.module}.{item.name}"
    target = full if item.name is not None and full in modules() else item.module
    layer = layer_of(target)
    return target.removeprefix(CLIENT + ".") if layer is not None and layer > own else None


@functools.cache
def modules() -> frozenset[str]:
    """Every module there is."""
    return frozenset(module_of(path) for path in sources())


def may_use_simulator(module: str) -> bool:
    return any(within(module, f"{CLIENT}.{part}") for part in ("cli", "__main__"))


def integration_offence(item: Import) -> str | None:
    for foreign in ("ipywidgets", "IPython", KIT, "tests", "benchmarks"):
        if item.reaches(foreign):
            return f"the integration imports {foreign}"
    return public_only(item, "the integration")


def kit_offence(item: Import) -> str | None:
    for foreign in FOREIGN_TO_THE_KIT:
        if item.reaches(foreign):
            return f"notebooks_kit imports {foreign}"
    if item.reaches(INTEGRATION) and not item.reaches(CLIENT):
        return "notebooks_kit imports the integration"
    return public_only(item, "notebooks_kit")


def public_only(item: Import, who: str) -> str | None:
    """Only ``from aiopbx import X``, and for a demo ``from aiopbx.simulator import X``, with X in ``__all__``."""
    if not item.reaches(CLIENT):
        return None
    if item.module == INTEGRATION and item.name == "aiopbx":
        return None  # the package itself; what is read from it is looked at by itself
    if item.module == CLIENT and item.name is None:
        return None
    if item.module in {CLIENT, SIMULATOR} and item.name is not None:
        if item.module == CLIENT and item.name == "simulator":
            return None
        if item.name in public_names(item.module):
            return None
        return f"{who} imports {item.name}, which is not in __all__ of {item.module.removeprefix(INTEGRATION + '.')}"
    return f"{who} reaches into {item.module.removeprefix(INTEGRATION + '.')}"


# ---------------------------------------------------------------------------------------------------------------- tests


def sources() -> list[Path]:
    rooms = (ROOT / "custom_components", ROOT / KIT)
    return sorted(path for room in rooms for path in room.rglob("*.py") if "__pycache__" not in path.parts)


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_source_keeps_the_rules(path: Path) -> None:
    found = offences(path.read_text(encoding="utf-8"), module_of(path), is_package=path.name == "__init__.py")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("room", [INTEGRATION, KIT])
def test_the_simulator_is_for_the_demo_alone(room: str) -> None:
    """One module of the integration and one of the notebooks at most start a simulated PBX."""
    using = [
        module_of(path)
        for path in sources()
        if within(module_of(path), room)
        and not within(module_of(path), CLIENT)
        and any(
            item.reaches(SIMULATOR)
            for item in imports_of(
                path.read_text(encoding="utf-8"), module_of(path), is_package=path.name == "__init__.py"
            )
        )
    ]
    assert len(using) <= 1, using


def test_every_module_of_the_client_has_a_layer() -> None:
    packages = {module for module in modules() if any(other.startswith(module + ".") for other in modules())}
    lost = [module for module in modules() if within(module, CLIENT) and layer_of(module) is None]
    assert set(lost) <= packages, lost


def imports_between_modules() -> dict[str, set[str]]:
    """For each module of the client, the modules of it that it imports: at the top, in functions and for types."""
    graph: dict[str, set[str]] = {}
    for path in sources():
        module = module_of(path)
        if within(module, CLIENT):
            found = graph.setdefault(module, set())
            for item in imports_of(path.read_text(encoding="utf-8"), module, is_package=path.name == "__init__.py"):
                full = f"{item.module}.{item.name}"
                target = full if item.name is not None and full in modules() else item.module
                if target in modules() and target != module and within(target, CLIENT):
                    found.add(target)
    return graph


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Groups of modules each of which reaches all others of its group."""
    reach: dict[str, set[str]] = {}
    for start in graph:
        seen: set[str] = set()
        todo = [start]
        while todo:
            for target in graph.get(todo.pop(), ()):
                if target not in seen:
                    seen.add(target)
                    todo.append(target)
        reach[start] = seen
    groups = {frozenset(other for other in reach[one] if one in reach[other]) for one in graph if one in reach[one]}
    return [set(group) for group in groups]


def test_the_page_about_the_house_names_the_same_layers() -> None:
    page = (ROOT / "docs/house.md").read_text(encoding="utf-8")
    rows = [line.split("|")[2] for line in page.split("| layer | modules |")[1].split("\n\n")[0].splitlines()[2:]]
    written = [sorted(name.strip("/").replace("/", ".") for name in re.findall(r"`([^`]+)`", row)) for row in rows]
    meant = {"": "__init__", "__main__": "cli"}
    wanted = [sorted({meant.get(name, name) for name in layer}) for layer in LAYERS]
    # the page has the composition root and the public API in one row
    root = next(index for index, layer in enumerate(LAYERS) if layer == ("connect",))
    wanted[root : root + 2] = [sorted(wanted[root] + wanted[root + 1])]
    assert written == wanted


def test_no_circle_of_imports_crosses_a_layer() -> None:
    found = circles(imports_between_modules())
    crossing = [sorted(group) for group in found if len({layer_of(module) for module in group}) > 1]
    assert not crossing
    # The handles name each other for types: a line has calls, and a call has its line. Nothing else is that large.
    client = [sorted(group) for group in found if not any(within(module, SIMULATOR) for module in group)]
    assert max(map(len, client), default=0) <= 8, client


def test_a_circle_is_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [{"a", "b", "c"}]
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []


def test_there_are_sources_to_read() -> None:
    assert any(module_of(path) == CLIENT for path in sources())


OFFENDERS = {
    "absolute self-import": (f"{CLIENT}.pbx", "import aiopbx.model"),
    "absolute self-import of a name": (f"{CLIENT}.pbx", "from aiopbx import Line"),
    "self-import by the long name": (f"{CLIENT}.pbx", "from custom_components.pbx.aiopbx import model"),
    "self-import in a function": (f"{CLIENT}.pbx", "def late():\n    from aiopbx.model import Line"),
    "self-import by import_module": (f"{CLIENT}.pbx", "import importlib\nimportlib.import_module('aiopbx.model')"),
    "client imports Home Assistant": (f"{CLIENT}.pbx", "from homeassistant.core import HomeAssistant"),
    "client imports Home Assistant for types": (
        f"{CLIENT}.pbx",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import homeassistant.core",
    ),
    "client imports ipywidgets": (f"{CLIENT}.cli.watch", "import ipywidgets as widgets"),
    "client imports notebooks_kit": (f"{CLIENT}.cli.watch", "from notebooks_kit import board"),
    "client reaches into the integration": (f"{CLIENT}.pbx", "from ..const import DOMAIN"),
    "client takes the integration": (f"{CLIENT}.pbx", "from .. import const"),
    "o2g imports istra": (f"{CLIENT}.o2g.reducer", "from ..istra.rcc import Rcc"),
    "o2g imports istra as a name": (f"{CLIENT}.o2g.reducer", "from .. import istra"),
    "istra imports o2g": (f"{CLIENT}.istra.crm", "from ..o2g import types"),
    "o2g imports pbx": (f"{CLIENT}.o2g.reducer", "from ..pbx import Pbx"),
    "simulator uses the transport": (f"{CLIENT}.simulator.faces.o2g", "from ...o2g.transport import Transport"),
    "simulator uses the reducer": (f"{CLIENT}.simulator.switch", "from ..o2g import reducer"),
    "simulator uses services": (f"{CLIENT}.simulator.faces.o2g", "from ...o2g.services.telephony import Telephony"),
    "simulator takes all of o2g": (f"{CLIENT}.simulator.switch", "from .. import o2g"),
    "simulator uses pbx": (f"{CLIENT}.simulator.switch", "from ..pbx import Pbx"),
    "model imports pbx": (f"{CLIENT}.model", "from .pbx import Pbx"),
    "events import o2g": (f"{CLIENT}.events", "from .o2g.types import events"),
    "errors import connection": (f"{CLIENT}.errors", "from . import connection"),
    "a wire imports a handle for types": (
        f"{CLIENT}.o2g.link",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..line import Line",
    ),
    "the store imports a wire in a function": (f"{CLIENT}.store", "def late():\n    from .o2g import system"),
    "settings import the policy's user": (f"{CLIENT}.settings.policy", "from ..core import Core"),
    "pbx imports the simulator": (f"{CLIENT}.pbx", "from .simulator import Switch"),
    "the public API imports the simulator": (CLIENT, "from . import simulator"),
    "o2g imports the simulator": (f"{CLIENT}.o2g.transport", "from ..simulator.switch import Switch"),
    "integration reaches into aiopbx": (f"{INTEGRATION}.coordinator", "from .aiopbx.model import Line"),
    "integration takes what is not public": (f"{INTEGRATION}.coordinator", "from .aiopbx import _secret_of_nobody"),
    "integration reaches into o2g": (f"{INTEGRATION}.coordinator", "from .aiopbx import o2g"),
    "integration imports the top-level aiopbx's room": (f"{INTEGRATION}.coordinator", "import aiopbx.connection"),
    "integration reaches into the simulator": (f"{INTEGRATION}.demo", "from .aiopbx.simulator.switch import Switch"),
    "integration takes from the package what is not public": (
        f"{INTEGRATION}.coordinator",
        "from . import aiopbx\ntransport = aiopbx.o2g.transport",
    ),
    "kit takes from the package what is not public": (
        f"{KIT}.views.board",
        "import aiopbx as p\np._secret_of_nobody()",
    ),
    "integration imports notebooks_kit": (f"{INTEGRATION}.coordinator", "import notebooks_kit"),
    "kit reaches into aiopbx": (f"{KIT}.views.board", "from aiopbx.pbx import Pbx"),
    "kit takes what is not public": (f"{KIT}.views.board", "from aiopbx import _secret_of_nobody"),
    "kit imports the integration": (f"{KIT}.views.board", "from custom_components.pbx import coordinator"),
    "kit imports Home Assistant": (f"{KIT}.views.board", "import homeassistant"),
}


@pytest.mark.parametrize("offender", OFFENDERS)
def test_an_offender_is_found(offender: str) -> None:
    module, source = OFFENDERS[offender]
    assert offences(source, module, is_package=module == CLIENT)


ALLOWED = {
    "relative self-import": (f"{CLIENT}.pbx", "from .model import Line\nfrom . import errors"),
    "relative self-import from below": (f"{CLIENT}.o2g.reducer", "from ..model import Line\nfrom .types import events"),
    "the standard library's select": (f"{CLIENT}.pbx", "import select"),
    "a name that only begins alike": (f"{CLIENT}.pbx", "import homeassistant_free\nimport aiopbx_tools"),
    "simulator shares wire types": (f"{CLIENT}.simulator.faces.o2g", "from ...o2g.types.telephony import Call"),
    "simulator shares the package of wire types": (f"{CLIENT}.simulator.switch", "from ..o2g import types"),
    "simulator uses itself": (f"{CLIENT}.simulator.faces.o2g", "from ..switch import Switch"),
    "the command runs the simulator": (f"{CLIENT}.cli.simulate", "from ..simulator import Switch"),
    "integration imports the client": (f"{INTEGRATION}.coordinator", "from . import aiopbx\nfrom .const import DOMAIN"),
    "kit imports the client": (f"{KIT}.views.board", "import aiopbx\nimport ipywidgets\nfrom ..models import board"),
}


@pytest.mark.parametrize("allowed", ALLOWED)
def test_what_is_allowed_is_let_through(allowed: str) -> None:
    module, source = ALLOWED[allowed]
    assert not offences(source, module)
