"""``aiopbx voicemail``: list, save, mark and delete the messages of a mailbox."""

import asyncio
from pathlib import Path

from ..errors import InvalidInput
from ..mailbox import VoicemailMessage
from ..settings.connection import ConnectionSettings
from . import errors, screen
from .shared import connected, print_json, print_table, progress, seconds, when, who, without


async def list_messages(
    settings: ConnectionSettings, line_key: str | None, mailbox_password: str | None, *, new_only: bool, as_json: bool
) -> int:
    """Print the messages."""
    async with connected(settings, line_key) as (_, line):
        messages = await line.voicemails(new_only=new_only, password=mailbox_password).list()
        if as_json:
            for message in messages:
                print_json(message.snapshot)
        else:
            print_table(("id", "when", "from", "length", ""), (_row(message) for message in messages))
    return errors.OK


async def save_messages(
    settings: ConnectionSettings,
    line_key: str | None,
    mailbox_password: str | None,
    target: Path,
    ids: tuple[str, ...],
    format: str | None = None,
    *,
    as_json: bool,
) -> int:
    """Save messages: one to a file, several into a folder."""
    async with connected(settings, line_key) as (_, line):
        mailbox = await line.mailbox(password=mailbox_password)
        ending = format or (mailbox.formats[0] if mailbox.formats else "wav")
        found = _chosen(await mailbox.messages().list(), ids)
        folder = await asyncio.to_thread(target.is_dir)
        if len(found) > 1 and not folder:
            raise InvalidInput(
                "target",
                f"{target} is no folder, and there are {len(found)} messages.",
                remedy="Name a folder, or --id.",
            )
        with progress() as bar:
            for message in found:
                path = target / f"{message.id}.{ending}" if folder else target
                task = bar.add_task(path.name, total=None)

                def told(done: int, total: int | None, task: object = task) -> None:
                    bar.update(task, completed=done, total=total)  # type: ignore[arg-type]

                try:
                    size = await message.save(path, format, on_progress=told)
                except OSError as error:
                    raise InvalidInput(
                        "target", f"{path} cannot be written: {error.strerror}.", remedy="Name another file."
                    ) from None
                with without(bar):
                    if as_json:
                        print_json({"id": message.id, "path": str(path), "bytes": size})
                    else:
                        screen.output().print(f"{message.id}: {path}, {size} bytes", markup=False)
    return errors.OK


async def mark_messages(
    settings: ConnectionSettings, line_key: str | None, ids: tuple[str, ...], *, read: bool, as_json: bool
) -> int:
    """Mark messages as heard, or as new."""
    async with connected(settings, line_key) as (_, line):
        for message in _chosen(await line.voicemails().list(), ids):
            await message.set_read(read)
            if as_json:
                print_json(message.snapshot)
        if not as_json:
            screen.errors().print(f"{len(ids)} marked")
    return errors.OK


async def delete_messages(
    settings: ConnectionSettings,
    line_key: str | None,
    mailbox_password: str | None,
    ids: tuple[str, ...],
    *,
    all: bool,
    as_json: bool,
) -> int:
    """Delete messages: those named, or all."""
    if bool(ids) == all:
        raise InvalidInput("ids", "say which messages.", remedy="Give their ids, or --all for every one.")
    async with connected(settings, line_key) as (_, line):
        mailbox = await line.mailbox(password=mailbox_password)
        found = _chosen(await mailbox.messages().list(), ids)
        if all:
            await mailbox.delete(all=True)
        else:
            await mailbox.delete(*found)
        if as_json:
            for message in found:
                print_json({"id": message.id, "deleted": True})
        else:
            screen.errors().print(f"{len(found)} deleted")
    return errors.OK


def _chosen(messages: tuple[VoicemailMessage, ...], ids: tuple[str, ...]) -> tuple[VoicemailMessage, ...]:
    there = {message.id: message for message in messages}
    for wanted in ids:
        if wanted not in there:
            raise InvalidInput(
                "id",
                f"there is no message {wanted!r}.",
                remedy=f"There are: {', '.join(there)}." if there else "There is none.",
            )
    return tuple(there[wanted] for wanted in ids) if ids else messages


def _row(message: VoicemailMessage) -> tuple[object, ...]:
    marks = [word for word, on in (("new", message.unread), ("urgent", message.urgent)) if on]
    return (message.id, when(message.at), who(message.caller), seconds(message.seconds), ", ".join(marks))
