"""``aiopbx directory``: search the telephone book."""

from ..records import Contact
from ..settings.connection import ConnectionSettings
from . import errors, screen
from .shared import connected, print_json, print_table, progress, without


async def directory(
    settings: ConnectionSettings, what: str, line_key: str | None, *, limit: int | None, keys: bool, as_json: bool
) -> int:
    """Print the contacts as they are found, in JSON; else as a table at the end. None found is exit code 1."""
    async with connected(settings, line_key) as (pbx, line):
        search = pbx.directory(None if keys else what, keys=what if keys else None, limit=limit, line=line)
        contacts: list[Contact] = []
        with progress() as bar:
            task = bar.add_task("searching", total=None)
            async for contact in search:
                contacts.append(contact)
                bar.update(task, completed=len(contacts), description=f"searching: {len(contacts)} found")
                if as_json:
                    with without(bar):
                        print_json(contact)
        if not as_json:
            print_table(
                ("name", "number", "login", "mail"),
                ((one.name, one.number or "", one.login or "", one.email or "") for one in contacts),
            )
        if not search.complete:
            screen.errors().print("The server gave up for lack of time: there may be more.")
        if not contacts:
            screen.errors().print("nobody found")
            return errors.FAILED
    return errors.OK
