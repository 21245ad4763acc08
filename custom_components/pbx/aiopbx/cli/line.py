"""The commands about one line and its user: call log, mailbox, caller ID, telephone book, agent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from .. import (
    Agent,
    AgentChanged,
    CallerIdChoice,
    CallRecord,
    ConnectionSettings,
    Contact,
    Direction,
    Feature,
    InvalidInput,
    Line,
    NotSupported,
    Pbx,
    VoicemailMessage,
    connect,
)
from .command import FAILED, OK
from .options import AgentAction, LogOptions, moment
from .output import paused, print_json, print_line, print_note, print_table, progress
from .text import day_and_time, duration, party_text, plain

PATIENCE: Final = 2.0
"""Seconds to wait for the event that reports an agent's new state."""
_DIRECTION: Final = {Direction.INCOMING: "in", Direction.OUTGOING: "out", Direction.UNKNOWN: ""}


@asynccontextmanager
async def connected(settings: ConnectionSettings, key: str | None) -> AsyncIterator[tuple[Pbx, Line]]:
    """Connect and choose the line."""
    async with connect(settings) as pbx:
        yield pbx, choose_line(pbx, key)


def choose_line(pbx: Pbx, key: str | None) -> Line:
    """Return the line with this login name or number, or the only one. Raises ``InvalidInput`` if there are several."""
    if key is not None:
        return pbx.line(key)
    if len(pbx.lines) == 1:
        return next(iter(pbx.lines.values()))
    some = ", ".join(line.number or line.id for line in list(pbx.lines.values())[:8])
    raise InvalidInput(
        "line", f"this account sees {len(pbx.lines)} lines.", remedy=f"Say --line with one of them: {some}."
    )


# ------------------------------------------------------------------------------------------------------------- call log


async def log(settings: ConnectionSettings, line_key: str | None, options: LogOptions, *, as_json: bool) -> int:
    """Print the selected calls and acknowledge them if asked to, or delete them instead."""
    async with connected(settings, line_key) as (_, line):
        calls = line.call_log(
            unanswered=options.missed,
            unacknowledged=options.unseen,
            after=moment(options.after, field="after"),
            before=moment(options.before, field="before"),
            direction=options.direction,
            party=options.party,
        )
        if options.delete:
            await calls.delete(all=options.all)
            print_note("deleted")
            return OK
        records: list[CallRecord] = []
        with progress() as bar:
            task = bar.add_task("reading the log", total=None)
            async for record in calls:
                records.append(record)
                bar.update(task, completed=len(records), total=options.limit or calls.total)
                if options.limit is not None and len(records) >= options.limit:
                    break
        if as_json:
            for record in records:
                print_json(record)
        else:
            print_table(("id", "when", "", "with", "length", "answered", "seen"), map(_log_row, records))
        if options.acknowledge:
            missed = [record for record in records if record.missed and not record.acknowledged]
            if missed:
                await line.call_log().acknowledge(*missed)
            print_note(f"{len(missed)} acknowledged")
    return OK


def _log_row(record: CallRecord) -> tuple[object, ...]:
    return (
        record.id,
        day_and_time(record.started_at),
        _DIRECTION[record.direction],
        ", ".join(party_text(party) for party in record.parties),
        duration(record.seconds),
        {True: "yes", False: "no", None: ""}[record.answered],
        "" if not record.missed else "yes" if record.acknowledged else "no",
    )


# -------------------------------------------------------------------------------------------------------------- mailbox


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
            print_table(("id", "when", "from", "length", ""), map(_message_row, messages))
    return OK


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
        selected = _selected(await mailbox.messages().list(), ids)
        folder = await asyncio.to_thread(target.is_dir)
        if len(selected) > 1 and not folder:
            raise InvalidInput(
                "target",
                f"{target} is no folder, and there are {len(selected)} messages.",
                remedy="Name a folder, or --id.",
            )
        with progress() as bar:
            for message in selected:
                path = target / f"{message.id}.{ending}" if folder else target
                task = bar.add_task(path.name, total=None)

                def on_progress(done: int, total: int | None, task: object = task) -> None:
                    bar.update(task, completed=done, total=total)  # type: ignore[arg-type]

                try:
                    size = await message.save(path, format, on_progress=on_progress)
                except OSError as error:
                    raise InvalidInput(
                        "target", f"{path} cannot be written: {error.strerror}.", remedy="Name another file."
                    ) from None
                with paused(bar):
                    if as_json:
                        print_json({"id": message.id, "path": str(path), "bytes": size})
                    else:
                        print_line(f"{message.id}: {path}, {size} bytes")
    return OK


async def mark_messages(
    settings: ConnectionSettings, line_key: str | None, ids: tuple[str, ...], *, read: bool, as_json: bool
) -> int:
    """Mark messages as heard, or as new."""
    async with connected(settings, line_key) as (_, line):
        for message in _selected(await line.voicemails().list(), ids):
            await message.set_read(read)
            if as_json:
                print_json(message.snapshot)
        if not as_json:
            print_note(f"{len(ids)} marked")
    return OK


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
        selected = _selected(await mailbox.messages().list(), ids)
        if all:
            await mailbox.delete(all=True)
        else:
            await mailbox.delete(*selected)
        if as_json:
            for message in selected:
                print_json({"id": message.id, "deleted": True})
        else:
            print_note(f"{len(selected)} deleted")
    return OK


def _selected(messages: tuple[VoicemailMessage, ...], ids: tuple[str, ...]) -> tuple[VoicemailMessage, ...]:
    by_id = {message.id: message for message in messages}
    for wanted in ids:
        if wanted not in by_id:
            raise InvalidInput(
                "id",
                f"there is no message {wanted!r}.",
                remedy=f"There are: {', '.join(by_id)}." if by_id else "There is none.",
            )
    return tuple(by_id[wanted] for wanted in ids) if ids else messages


def _message_row(message: VoicemailMessage) -> tuple[object, ...]:
    marks = [word for word, on in (("new", message.unread), ("urgent", message.urgent)) if on]
    return (
        message.id,
        day_and_time(message.at),
        party_text(message.caller),
        duration(message.seconds),
        ", ".join(marks),
    )


# -------------------------------------------------------------------------------------------- caller ID, telephone book


async def caller_id(
    settings: ConnectionSettings, line_key: str | None, number: str | None, *, from_presence: bool, as_json: bool
) -> int:
    """Choose the number that others see, if one is given; then print it."""
    async with connected(settings, line_key) as (_, line):
        if from_presence:
            shown = await line.set_caller_id(choice=CallerIdChoice.FROM_PRESENCE)
        elif number is not None:
            shown = await line.set_caller_id(number)
        else:
            shown = await line.refresh_caller_id()
        if shown is None:
            print_note("The server does not report the number.")
        elif as_json:
            print_json(shown)
        else:
            print_line(f"{shown.number or 'no number'} ({plain(shown.choice.value)})")
    return OK


async def directory(
    settings: ConnectionSettings, what: str, line_key: str | None, *, limit: int | None, keys: bool, as_json: bool
) -> int:
    """Print contacts: JSON as they are found, or a table at the end. The exit code is 1 if there are none."""
    async with connected(settings, line_key) as (pbx, line):
        search = pbx.directory(None if keys else what, keys=what if keys else None, limit=limit, line=line)
        contacts: list[Contact] = []
        with progress() as bar:
            task = bar.add_task("searching", total=None)
            async for contact in search:
                contacts.append(contact)
                bar.update(task, completed=len(contacts), description=f"searching: {len(contacts)} found")
                if as_json:
                    with paused(bar):
                        print_json(contact)
        if not as_json:
            print_table(
                ("name", "number", "login", "mail"),
                ((one.name, one.number or "", one.login or "", one.email or "") for one in contacts),
            )
        if not search.complete:
            print_note("The server ran out of time: there may be more.")
        if not contacts:
            print_note("no contact found")
            return FAILED
    return OK


# ---------------------------------------------------------------------------------------------------------------- agent


async def agent(
    settings: ConnectionSettings,
    action: AgentAction,
    line_key: str | None,
    *,
    device: str | None,
    group: str | None,
    reason: int | None,
    as_json: bool,
) -> int:
    """Do what is asked and print the state that it led to."""
    async with connected(settings, line_key) as (_, line):
        handle = line.agent
        if handle is None:
            missing = line.missing.get(Feature.AGENT)
            raise NotSupported(
                f"{line.id} is no agent of the call centre" + (", or has no licence for it." if missing else "."),
                missing=missing or Feature.AGENT.value,
            )
        if action is AgentAction.REASONS:
            reasons = await handle.withdraw_reasons(group)
            if as_json:
                for each in reasons:
                    print_json(each)
            else:
                print_table(("index", "reason"), ((each.index, each.label) for each in reasons))
            return OK
        changed = asyncio.Event()
        unsubscribe = line.subscribe(lambda event: changed.set(), kind=AgentChanged)
        try:
            if action is not AgentAction.STATE:
                await _act(handle, action, device=device, group=group, reason=reason)
                try:
                    async with asyncio.timeout(PATIENCE):
                        await changed.wait()
                except TimeoutError:
                    await handle.refresh()
        finally:
            unsubscribe()
        if as_json:
            print_json(handle.snapshot, line=line.id)
        else:
            row = (
                line.number or line.id,
                plain(handle.state.value),
                handle.group or "",
                handle.device or "",
                ", ".join(handle.groups),
                "supervisor" if handle.supervisor else "",
            )
            print_table(("line", "state", "group", "set", "groups", ""), [row])
    return OK


async def _act(
    handle: Agent, action: AgentAction, *, device: str | None, group: str | None, reason: int | None
) -> None:
    match action:
        case AgentAction.ON:
            await handle.log_on(device, group=group)
        case AgentAction.OFF:
            await handle.log_off()
        case AgentAction.READY:
            await handle.ready()
        case AgentAction.PAUSE:
            await handle.pause()
        case AgentAction.WRAP_UP:
            await handle.wrap_up()
        case AgentAction.WITHDRAW:
            await handle.withdraw(reason)
        case AgentAction.ENTER:
            await handle.enter_group(group or "")
        case AgentAction.EXIT:
            await handle.exit_group(group)
        case AgentAction.HELP:
            await handle.request_help()
        case AgentAction.CANCEL_HELP:
            await handle.cancel_help()
        case _:
            return
