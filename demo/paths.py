"""Where the demo keeps its files, and how it loads the client from the integration's folder."""

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
INTEGRATION = ROOT / "custom_components" / "pbx"


@dataclass(frozen=True)
class Folder:
    """The demo's private folder: everything it writes is in here."""

    path: Path

    @property
    def config(self) -> Path:
        """Home Assistant's configuration folder."""
        return self.path / "config"

    @property
    def certificate(self) -> Path:
        """Where the simulated PBX keeps its certificate."""
        return self.path / "certificate"

    @property
    def ports(self) -> Path:
        """The ports that the demo used last."""
        return self.path / "ports.json"

    @property
    def lock(self) -> Path:
        """Locked by a running demo, so that there are never two in one folder."""
        return self.path / "demo.lock"

    def log(self, name: str) -> Path:
        """Return the file that a process writes its output to."""
        return self.path / f"{name}.log"


def load_client() -> None:
    """Make the client importable as ``aiopbx``, straight from the integration's folder.

    That folder itself is never put on the path: its ``select.py`` would hide the standard library's.
    """
    if "aiopbx" in sys.modules:
        return
    folder = INTEGRATION / "aiopbx"
    spec = importlib.util.spec_from_file_location(
        "aiopbx", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["aiopbx"] = module
    spec.loader.exec_module(module)
