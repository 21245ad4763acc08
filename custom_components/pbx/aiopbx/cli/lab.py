"""``aiopbx lab``: the notebooks in JupyterLab."""

import runpy
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from .command import FAILED, OK
from .output import print_error

_NEEDED: Final = ("jupyterlab", "ipykernel", "ipywidgets", "anywidget", "pandas")
_PROGRAM: Final = "notebooks_kit.lab"
"""A program of the toolkit, and no import: the client knows nothing of Jupyter."""


def lab(folder: Path | None, *, port: int, browser: bool, fresh: bool) -> int:
    """Start it, and wait for its end; return the exit code."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        print_error(f"the notebooks need {', '.join(missing)}. Install everything with: pip install 'aiopbx[lab]'")
        return FAILED
    if find_spec("notebooks_kit") is None:
        print_error("the notebooks are not here, only the client. They are in the package: pip install 'aiopbx[lab]'")
        return FAILED
    words = ["--port", str(port), *(["--folder", str(folder)] if folder is not None else [])]
    words += [*(["--fresh"] if fresh else []), *([] if browser else ["--no-browser"])]
    former, sys.argv = sys.argv, ["aiopbx lab", *words]
    try:
        runpy.run_module(_PROGRAM, run_name="__main__")
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else OK
    finally:
        sys.argv = former
    return OK
