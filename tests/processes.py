"""Child processes of the tests. Every one that may get a signal is started here."""

import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ASKED_TO_END = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def signals(*ignored: signal.Signals) -> Iterator[None]:
    """Ignore these of the signals that ask a process to end, in what is started meanwhile, and no others.

    A process inherits which signals are ignored. A shell that runs the suite in the background ignores Ctrl-C, nohup
    ignores the end of the terminal; a test of either would depend on how the suite was started. A handler of ours is
    not inherited: the child gets the default.
    """
    before = {}
    for number in ASKED_TO_END:
        if (number in ignored) is not (signal.getsignal(number) is signal.SIG_IGN):
            default = signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL
            before[number] = signal.signal(number, signal.SIG_IGN if number in ignored else default)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def start(
    command: Sequence[str | Path], *, ignoring: Sequence[signal.Signals] = (), **options: Any
) -> "subprocess.Popen[Any]":
    """Start a process as from a terminal, or as from a shell that ignores some signals."""
    with signals(*ignoring):
        return subprocess.Popen(command, **options)
