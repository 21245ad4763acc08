"""``aiopbx caller-id``: the number that others see."""

from ..model import CallerIdChoice
from ..settings.connection import ConnectionSettings
from . import errors, screen
from .shared import connected, print_json
from .words import plain


async def caller_id(
    settings: ConnectionSettings, line_key: str | None, number: str | None, *, from_presence: bool, as_json: bool
) -> int:
    """Show it, or choose it first."""
    async with connected(settings, line_key) as (_, line):
        if from_presence:
            shown = await line.set_caller_id(choice=CallerIdChoice.FROM_PRESENCE)
        elif number is not None:
            shown = await line.set_caller_id(number)
        else:
            shown = await line.refresh_caller_id()
        if shown is None:
            screen.errors().print("The server does not tell it.")
        elif as_json:
            print_json(shown)
        else:
            screen.output().print(f"{shown.number or 'no number'} ({plain(shown.choice.value)})", markup=False)
    return errors.OK
