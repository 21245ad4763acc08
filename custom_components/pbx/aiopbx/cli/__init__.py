"""The ``aiopbx`` command. It needs the extra ``cli`` (typer and rich), which is loaded only when it is called."""

import sys
from importlib.util import find_spec
from typing import NoReturn

__all__ = ["main"]


def main() -> NoReturn:
    """Run the command and leave with its exit code."""
    missing = [name for name in ("typer", "rich") if find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f"aiopbx: the command needs {' and '.join(missing)}, which the library does not. "
            "Install them with: pip install 'aiopbx[cli]'\n"
        )
        raise SystemExit(2)
    from .app import run

    raise SystemExit(run(sys.argv[1:]))
