"""The event loop in a plain IPython console, where it stands still while nothing is awaited."""

import sys
from typing import Any, Final

from IPython.core.getipython import get_ipython

_TERMINAL: Final = "IPython.terminal.interactiveshell"
RUNS: Final = "The event loop runs at the prompt from now on (%gui asyncio), so that this client stays up to date."
STANDS: Final = (
    "The event loop of this console stands still at the prompt: this client learns what happens only while you await "
    "something, such as asyncio.sleep(1). Jupyter keeps it up to date, and so does a console without --simple-prompt "
    "and without another %gui."
)


def keep_running() -> str | None:
    """Let the loop run at the prompt of a plain console; return what is to be said about it, once, if anything.

    Kernels run it by themselves, and so do scripts.
    """
    shell: Any = get_ipython()
    terminal = sys.modules.get(_TERMINAL)
    if shell is None or terminal is None or not isinstance(shell, terminal.TerminalInteractiveShell):
        return None
    if shell.active_eventloop == "asyncio":
        return None
    if shell.simple_prompt or shell.active_eventloop is not None:
        return STANDS
    shell.enable_gui("asyncio")
    return RUNS
