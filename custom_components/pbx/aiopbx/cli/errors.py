"""How errors are told, and the exit code that goes with each."""

from typing import Final

from rich.text import Text

from ..errors import (
    ActionNotAllowed,
    AuthenticationFailed,
    CallOver,
    ConnectionFailed,
    InvalidInput,
    NotSupported,
    Offline,
    OutcomeUnknown,
    PbxError,
    RequestRefused,
    UnknownCall,
    UnknownLine,
)
from . import screen

OK: Final = 0
FAILED: Final = 1
"""Something that should not happen."""
INPUT: Final = 2
"""What was typed cannot be used."""
CONNECTION: Final = 3
"""The server cannot be reached, its certificate does not verify, or the login is refused."""
REFUSED: Final = 4
"""The server, the licence or the call does not allow it."""
NOT_ANSWERED: Final = 5
"""The call ended without having been answered."""
INTERRUPTED: Final = 130

_CODES: Final[tuple[tuple[type[PbxError], int], ...]] = (
    (InvalidInput, INPUT),
    (UnknownLine, INPUT),
    (AuthenticationFailed, CONNECTION),
    (ConnectionFailed, CONNECTION),
    (Offline, CONNECTION),
    (OutcomeUnknown, CONNECTION),
    (CallOver, NOT_ANSWERED),
    (ActionNotAllowed, REFUSED),
    (NotSupported, REFUSED),
    (UnknownCall, REFUSED),
    (RequestRefused, REFUSED),
)


def exit_code(error: PbxError) -> int:
    """Return the exit code that goes with an error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), FAILED)


def one_line(text: object) -> str:
    """Return a text as one line without control characters: it may come from a server."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())


def tell(error: PbxError) -> None:
    """Print what happened and what to do about it, as one line on standard error."""
    line = Text("error: ", style="bold red")
    line.append(one_line(error), style="default not bold")
    screen.errors().print(line, soft_wrap=True)
