"""The commands. What a command does is in a module that is imported when the command runs."""

import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from .. import InvalidInput, __version__
from .command import FAILED, INTERRUPTED, OK, PlainHelp, command
from .options import (
    AgentAction,
    ChargingOptions,
    Connection,
    DialOptions,
    Json,
    Line,
    Lines,
    LogOptions,
    MailboxPassword,
    Seconds,
    SimulateOptions,
)
from .output import one_line, print_error

Running = Coroutine[Any, Any, int]

_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 120}
app = typer.Typer(
    name="aiopbx",
    help="Office telephone systems from the terminal: watch, dial, log, voicemail and more, and every operation.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,  # help in boxes takes a third of a second to import
    pretty_exceptions_enable=False,
    context_settings=_HELP,
)
voicemail = typer.Typer(
    help="List, save and delete the messages of a mailbox.", no_args_is_help=True, rich_markup_mode=None
)


def run(arguments: list[str]) -> int:
    """Run the command line and return its exit code; only ``--debug`` lets an error out as a traceback."""
    try:
        app(arguments, prog_name="aiopbx")
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else OK
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if "--debug" in arguments:
            raise
        print_error(f"{type(error).__name__}: {one_line(error)} This is a defect of aiopbx; --debug shows where.")
        return FAILED
    return OK


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"aiopbx {__version__}")
        raise typer.Exit(OK)


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    pass


@app.command(cls=PlainHelp)
@command
def simulate(options: SimulateOptions) -> Running:
    """Run a simulated PBX with telephones to click on.

    An office lives in it, until Ctrl-C ends it.
    """
    from .simulate import simulate

    return simulate(options)


@app.command(cls=PlainHelp)
@command
def lab(
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Where your copies and all settings are kept (./aiopbx-lab).")
    ] = None,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port, the next free one if taken.")] = 8888,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser.")] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="The notebooks as they are stored; yours are renamed.")
    ] = False,
) -> int:
    """Copy the notebooks and open them in JupyterLab.

    Each has a simulated office of its own. Ctrl-C ends it.
    """
    from .lab import lab

    return lab(folder, port=port, browser=not no_browser, fresh=fresh)


@app.command(cls=PlainHelp)
@command
def watch(
    connection: Connection,
    line: Lines = None,
    plain: Annotated[bool, typer.Option("--plain", help="One line of text an event, for pipes.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object an event, for programs.")] = False,
    busy: Annotated[bool, typer.Option("--busy", help="Show only lines in a call.")] = False,
    seconds: Seconds = None,
    count: Annotated[int | None, typer.Option("--count", min=1, help="End after so many events.")] = None,
    record: Annotated[
        Path | None, typer.Option("--record", help="Also write a recording to this file, for aiopbx.replay in Python.")
    ] = None,
) -> Running:
    """Show lines and calls, live."""
    if plain and json:
        raise typer.BadParameter("--plain and --json exclude each other.")
    from .watch import watch

    mode = "json" if json else "plain" if plain or not sys.stdout.isatty() else "table"
    settings = connection.settings(*line or ())
    return watch(settings, mode=mode, busy_only=busy, seconds=seconds, count=count, record=record)


@app.command(cls=PlainHelp)
@command
def dial(
    number: Annotated[str, typer.Argument(help="Number to dial.")],
    connection: Connection,
    options: DialOptions,
    line: Line = None,
) -> Running:
    """Dial a number and follow the call to its end. Ctrl-C hangs up."""
    from .dial import check, dial

    check(number, options, connection.kind())
    return dial(connection.settings(*_one(line)), number, line, options)


@app.command(cls=PlainHelp)
@command
def replay(
    capture: Annotated[Path, typer.Argument(help="Events as a server sent them, one JSON object a line.")],
    speed: Annotated[
        float, typer.Option("--speed", min=0.0, help="Events a second; 0 is as fast as they can be read.")
    ] = 2.0,
    json: Annotated[bool, typer.Option("--json", help="One JSON object an event, for programs.")] = False,
) -> Running:
    """Send captured events through the real transport.

    They come from a small server of its own; what the client makes of them is printed.
    """
    from .replay import replay

    return replay(capture, speed=speed, as_json=json)


@app.command(cls=PlainHelp)
@command
def probe(
    connection: Connection,
    address: Annotated[
        str | None, typer.Argument(metavar="URL", help="Address of the server, such as https://o2g.example.com.")
    ] = None,
    patience: Annotated[float, typer.Option("--patience", min=0.1, help="Seconds that a step may take.")] = 10.0,
    stay: Annotated[
        float, typer.Option("--stay", min=0, help="Seconds to stay at the end, to see whether the connection is cut.")
    ] = 0.0,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a step, for programs.")] = False,
) -> Running:
    """Check a server step by step.

    Says what works and what does not, with the remedy.
    """
    from dataclasses import replace

    from .probe import probe

    if address is not None:
        connection = replace(connection, url=address)
    settings, with_login = connection.probe_settings(patience=patience)
    return probe(settings, with_login=with_login, patience=patience, stay=stay, as_json=json)


@app.command(cls=PlainHelp)
@command
def log(connection: Connection, options: LogOptions, line: Line = None, json: Json = False) -> Running:
    """Print, acknowledge or delete the calls that were logged."""
    from .line import log

    options.check()
    return log(connection.settings(*_one(line)), line, options, as_json=json)


@voicemail.command("list", cls=PlainHelp)
@command
def voicemail_list(
    connection: Connection,
    line: Line = None,
    mailbox_password: MailboxPassword = None,
    new: Annotated[bool, typer.Option("--new", help="Only messages that have not been heard.")] = False,
    json: Json = False,
) -> Running:
    """List the messages."""
    from .line import list_messages

    return list_messages(connection.settings(*_one(line)), line, mailbox_password, new_only=new, as_json=json)


@voicemail.command("save", cls=PlainHelp)
@command
def voicemail_save(
    target: Annotated[Path, typer.Argument(help="File for one message, or a folder for several.")],
    connection: Connection,
    ids: Annotated[
        list[str] | None,
        typer.Option("--id", metavar="ID", help="Message to save; may be given several times. All if not given."),
    ] = None,
    line: Line = None,
    mailbox_password: MailboxPassword = None,
    format: Annotated[
        str | None, typer.Option("--format", help="wav on O2G; ogg, aac, mp4 or au on myistra. The usual if not given.")
    ] = None,
    json: Json = False,
) -> Running:
    """Save messages as sound files. O2G counts them as heard."""
    from .line import save_messages

    settings = connection.settings(*_one(line))
    return save_messages(settings, line, mailbox_password, target, tuple(ids or ()), format, as_json=json)


@voicemail.command("mark", cls=PlainHelp)
@command
def voicemail_mark(
    ids: Annotated[list[str], typer.Argument(help="Messages to mark.")],
    connection: Connection,
    unread: Annotated[bool, typer.Option("--unread/--read", help="As new, or as heard.")] = False,
    line: Line = None,
    json: Json = False,
) -> Running:
    """Mark messages as heard or new. myistra only."""
    from .line import mark_messages

    return mark_messages(connection.settings(*_one(line)), line, tuple(ids), read=not unread, as_json=json)


@voicemail.command("delete", cls=PlainHelp)
@command
def voicemail_delete(
    connection: Connection,
    ids: Annotated[list[str] | None, typer.Argument(help="Messages to delete.")] = None,
    line: Line = None,
    mailbox_password: MailboxPassword = None,
    all: Annotated[bool, typer.Option("--all", help="Every message.")] = False,
    json: Json = False,
) -> Running:
    """Delete messages: those named, or all."""
    from .line import delete_messages

    settings = connection.settings(*_one(line))
    return delete_messages(settings, line, mailbox_password, tuple(ids or ()), all=all, as_json=json)


@app.command(cls=PlainHelp)
@command
def queue(
    connection: Connection,
    numbers: Annotated[list[str] | None, typer.Argument(help="Queues and pilots; all if not given.")] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on: a line whenever something changes.")] = False,
    seconds: Seconds = None,
    json: Json = False,
) -> Running:
    """Show who waits in the queues and at the pilots of a call centre. For administrators."""
    from .centre import queue

    settings = connection.settings().model_copy(update={"lines": ()})
    return queue(settings, tuple(numbers or ()), follow=follow, seconds=seconds, as_json=json)


@app.command(cls=PlainHelp)
@command
def charging(connection: Connection, options: ChargingOptions, json: Json = False) -> Running:
    """Show what calls have cost. For administrators."""
    from .centre import charging

    return charging(connection.settings().model_copy(update={"lines": ()}), options, as_json=json)


@app.command("caller-id", cls=PlainHelp)
@command
def caller_id(
    connection: Connection,
    number: Annotated[
        str | None, typer.Argument(help="Number that others are to see, such as +12025550123. Shows it if not given.")
    ] = None,
    from_presence: Annotated[
        bool, typer.Option("--from-presence", help="Let the user's presence choose the number.")
    ] = False,
    line: Line = None,
    json: Json = False,
) -> Running:
    """Show or choose the number that others see. myistra only."""
    from .line import caller_id

    if number is not None and from_presence:
        raise InvalidInput("number", "does not go with --from-presence.", remedy="Leave one of them out.")
    return caller_id(connection.settings(*_one(line)), line, number, from_presence=from_presence, as_json=json)


@app.command(cls=PlainHelp)
@command
def directory(
    what: Annotated[str, typer.Argument(help="Beginning of a last name, a first name or a number.")],
    connection: Connection,
    line: Line = None,
    limit: Annotated[int | None, typer.Option("--limit", help="At most so many contacts, 1 to 100.")] = None,
    keys: Annotated[bool, typer.Option("--keys", help="The word is digits: a last name typed on a telephone.")] = False,
    json: Json = False,
) -> Running:
    """Search the telephone book."""
    from .line import directory

    return directory(connection.settings(*_one(line)), what, line, limit=limit, keys=keys, as_json=json)


@app.command(cls=PlainHelp)
@command
def agent(
    connection: Connection,
    action: Annotated[AgentAction, typer.Argument(help="What to do.")] = AgentAction.STATE,
    line: Line = None,
    device: Annotated[str | None, typer.Option("--device", help="Set to log on at.")] = None,
    group: Annotated[str | None, typer.Option("--group", help="Processing group.")] = None,
    reason: Annotated[
        int | None, typer.Option("--reason", help="Index of the reason to withdraw; agent reasons lists them.")
    ] = None,
    json: Json = False,
) -> Running:
    """Show or change the state of an agent of the call centre."""
    from .line import agent

    settings = connection.settings(*_one(line))
    return agent(settings, action, line, device=device, group=group, reason=reason, as_json=json)


def _complete_argument(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    from .call import complete_argument

    return complete_argument(ctx.params.get("operation"), incomplete, ctx.params.get("system"))


def _complete_operation(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    from .call import complete_operation

    return complete_operation(incomplete, ctx.params.get("system"))


@app.command(cls=PlainHelp)
@command
def call(
    connection: Connection,
    operation: Annotated[
        str | None,
        typer.Argument(
            help="Name of an operation: one of O2G's 221, or of the application of Istra.",
            autocompletion=_complete_operation,
        ),
    ] = None,
    arg: Annotated[
        list[str] | None,
        typer.Option(
            "--arg",
            "-a",
            metavar="NAME=VALUE",
            help="A value of the path, the query or the body; may be given several times.",
            autocompletion=_complete_argument,
        ),
    ] = None,
    body: Annotated[
        str | None, typer.Option("--body", help="The body as JSON; @FILE, or - for standard input.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File for a recording.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say what the operation is and takes.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="List all operations.")] = False,
    json: Json = False,
) -> Running | int:
    """Make any request by its name.

    Such as: aiopbx call make_call --arg deviceId=1000 --arg callee=1001
    """
    from . import call as requests

    kind = connection.kind()
    if list_:
        return requests.print_list(kind)
    if operation is None:
        raise InvalidInput("operation", "is missing.", remedy="aiopbx call --list names them all.")
    if explain:
        return requests.explain(operation, kind)
    values = requests.values_of(arg or (), body)
    requests.check(operation, values, kind)
    return requests.call(connection.settings(), operation, values, output=output, as_json=json)


@app.command(cls=PlainHelp)
@command
def bridge(
    config: Annotated[
        Path, typer.Option("--config", "-c", envvar="AIOPBX_BRIDGE", metavar="FILE", help="bridge.yaml: see the docs.")
    ],
    shard: Annotated[
        str | None,
        typer.Option("--shard", envvar="AIOPBX_SHARD", metavar="I/N", help="Part of the lines: 0/4, 1/4 and so on."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only read the file, and say what is wrong with it.")] = False,
) -> Running | int:
    """Publish telephone systems on an MQTT broker.

    It takes commands from there, too, until SIGTERM or Ctrl-C ends it; commands that run are carried out first.
    """
    from .bridge import bridge

    return bridge(config, shard, check=check)


def _one(line: str | None) -> tuple[str, ...]:
    return () if line is None else (line,)


app.add_typer(voicemail, name="voicemail")
