"""The two places where the command writes."""

import sys

from rich.console import Console


def output() -> Console:
    """Return the console of results, on standard output as it is now."""
    return Console(file=sys.stdout, highlight=False, soft_wrap=not sys.stdout.isatty())


def errors() -> Console:
    """Return the console of errors and notes, on standard error as it is now."""
    return Console(file=sys.stderr, highlight=False)
