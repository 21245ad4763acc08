"""The commands and their options. What they do is in a module each, loaded when it is called."""

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.logging import RichHandler

from ..errors import InvalidInput
from ..model import Direction
from . import errors, screen
from .agent import AgentAction
from .call import complete_argument, complete_operation
from .options import (
    CaFile,
    Config,
    Debug,
    Enterprise,
    Given,
    Password,
    System,
    Tls,
    Url,
    User,
    settings_of,
    system_of,
)
from .run import run_command, told

app = typer.Typer(
    name="aiopbx",
    help="Office telephone systems from the terminal: watch, dial, log, voicemail and more, and every operation.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def run(arguments: list[str]) -> int:
    """Run the command and return its exit code; no error leaves as a traceback unless ``--debug`` asks for it."""
    try:
        app(arguments, prog_name="aiopbx")
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else errors.OK
    except KeyboardInterrupt:
        return errors.INTERRUPTED
    except Exception as error:
        if "--debug" in arguments:
            raise
        screen.errors().print(
            f"error: {type(error).__name__}: {errors.one_line(error)} This is a defect of aiopbx; --debug shows where.",
            markup=False,
            soft_wrap=True,
        )
        return errors.FAILED
    return errors.OK


def _log(debug: bool) -> None:
    logging.basicConfig(
        level=logging.DEBUG if debug else logging.ERROR,
        format="%(name)s: %(message)s",
        handlers=[RichHandler(console=screen.errors(), show_path=False)],
        force=True,
    )


Seconds = Annotated[float | None, typer.Option("--seconds", min=0.0, help="End after so many seconds.")]
Line = Annotated[
    list[str] | None, typer.Option("--line", "-l", help="Login name or number of a line; may be given several times.")
]

OneLine = Annotated[
    str | None, typer.Option("--line", "-l", help="Login name or number of the line. A user's own if not given.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]


@app.command()
def simulate(
    scenario: Annotated[
        str,
        typer.Option(
            "--scenario", "-s", help="office, busy-day, practice, call-centre, quiet, or the path of a scenario file."
        ),
    ] = "office",
    users: Annotated[
        int | None,
        typer.Option("--users", min=1, max=10_000, help="So many users, invented; the scenario's if not given."),
    ] = None,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; others than loopback let others in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port of the API; 0 is any.")] = 8080,
    event_port: Annotated[
        int, typer.Option("--event-port", min=0, max=65535, help="Port of the events; 0 is any.")
    ] = 8014,
    tls: Annotated[bool, typer.Option("--tls", help="Speak https, with a certificate it makes itself.")] = False,
    certificates: Annotated[
        Path | None, typer.Option("--certificates", help="Folder where the certificate is kept from run to run.")
    ] = None,
    istra: Annotated[
        bool, typer.Option("--istra", help="Show the same PBX through Istra, too: myRCC, myCrm and myIstra.")
    ] = False,
    istra_port: Annotated[int, typer.Option("--istra-port", min=0, max=65535, help="Port of Istra; 0 is any.")] = 8078,
    speed: Annotated[float, typer.Option("--speed", min=0.01, max=100.0, help="How fast the scenario goes.")] = 1.0,
    seed: Annotated[int | None, typer.Option("--seed", help="Another day of the same scenario.")] = None,
    seconds: Seconds = None,
    debug: Debug = False,
) -> None:
    """Run a simulated PBX until Ctrl-C, with phones to click on and an office that lives."""
    _log(debug)
    from .simulate import Wanted, simulate as command

    wanted = Wanted(
        scenario=scenario,
        users=users,
        host=host,
        port=port,
        event_port=event_port,
        tls=tls,
        certificates=certificates,
        istra=istra,
        istra_port=istra_port,
        speed=speed,
        seed=seed,
        seconds=seconds,
    )
    run_command(command(wanted), debug=debug)


@app.command()
def watch(
    url: Url = None,
    user: User = None,
    password: Password = None,
    config: Config = None,
    ca_file: CaFile = None,
    tls: Tls = None,
    system: System = None,
    enterprise: Enterprise = None,
    line: Line = None,
    plain: Annotated[bool, typer.Option("--plain", help="One line of text an event, for pipes.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object an event, for programs.")] = False,
    busy: Annotated[bool, typer.Option("--busy", help="Show only lines in a call.")] = False,
    seconds: Seconds = None,
    count: Annotated[int | None, typer.Option("--count", min=1, help="End after so many events.")] = None,
    record: Annotated[
        Path | None, typer.Option("--record", help="Write a recording to this file, too, for aiopbx.replay in Python.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Show lines and calls, live."""
    _log(debug)
    with told(debug=debug):
        if plain and json:
            raise typer.BadParameter("--plain and --json exclude each other.")
        settings = settings_of(
            Given(url, user, password, config, ca_file, tls, tuple(line or ()), system=system, enterprise=enterprise)
        )
    from .watch import watch as command

    mode = "json" if json else "plain" if plain or not sys.stdout.isatty() else "table"
    watching = command(settings, mode=mode, busy_only=busy, seconds=seconds, count=count, record=record)
    run_command(watching, debug=debug)


@app.command()
def dial(
    number: Annotated[str, typer.Argument(help="Number to dial.")],
    url: Url = None,
    user: User = None,
    password: Password = None,
    config: Config = None,
    ca_file: CaFile = None,
    tls: Tls = None,
    system: System = None,
    enterprise: Enterprise = None,
    line: Annotated[
        str | None,
        typer.Option("--line", "-l", help="Line that dials: login name or number. A user's own if not given."),
    ] = None,
    device: Annotated[str | None, typer.Option("--device", help="Telephone of the line that dials.")] = None,
    auto_answer: Annotated[
        bool, typer.Option("--auto-answer/--ring-first", help="Dial at once, or let the own telephone ring first.")
    ] = True,
    private: Annotated[
        bool,
        typer.Option("--private", help="A private call, with --pin and --secret-code; the own telephone rings first."),
    ] = False,
    pin: Annotated[str | None, typer.Option("--pin", help="PIN of the private call.")] = None,
    secret_code: Annotated[str | None, typer.Option("--secret-code", help="Secret code of the private call.")] = None,
    business_code: Annotated[
        str | None, typer.Option("--business-code", help="Cost centre that pays; the own telephone rings first.")
    ] = None,
    associated_data: Annotated[
        str | None, typer.Option("--associated-data", help="Data that goes with the call, at most 32 bytes.")
    ] = None,
    calling_number: Annotated[
        str | None, typer.Option("--calling-number", help="Number that the called one sees.")
    ] = None,
    inhibit_progress_tone: Annotated[
        bool, typer.Option("--inhibit-progress-tone", help="No progress tone on an outside call.")
    ] = False,
    hang_up_after: Annotated[
        float | None, typer.Option("--hang-up-after", min=0.0, help="Hang up so many seconds after the answer.")
    ] = None,
    give_up_after: Annotated[
        float | None, typer.Option("--give-up-after", min=0.0, help="Hang up after so many seconds without an answer.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Dial a number and follow the call to its end. Ctrl-C hangs up."""
    _log(debug)
    from .dial import DialWanted, dial as command

    with told(debug=debug):
        wanted = DialWanted(
            number=number,
            line=line,
            device=device,
            auto_answer=auto_answer,
            private=private,
            pin=pin,
            secret_code=secret_code,
            business_code=business_code,
            associated_data=associated_data,
            calling_number=calling_number,
            inhibit_progress_tone=inhibit_progress_tone,
            hang_up_after=hang_up_after,
            give_up_after=give_up_after,
        )
        given = Given(
            url, user, password, config, ca_file, tls, (line,) if line else (), system=system, enterprise=enterprise
        )
        wanted.check(system_of(given))
        settings = settings_of(given)
    run_command(command(settings, wanted), debug=debug)


@app.command()
def replay(
    capture: Annotated[Path, typer.Argument(help="Events as a server sent them, one JSON object a line.")],
    speed: Annotated[
        float, typer.Option("--speed", min=0.0, help="Events a second; 0 is as fast as they can be read.")
    ] = 2.0,
    json: Annotated[bool, typer.Option("--json", help="One JSON object an event, for programs.")] = False,
    debug: Debug = False,
) -> None:
    """Send a capture through the real transport, from a small server of its own, and print what the client sees."""
    _log(debug)
    from .replay import replay as command

    run_command(command(capture, speed=speed, as_json=json), debug=debug)


@app.command()
def probe(
    url: Annotated[str, typer.Argument(help="Address of the server, such as https://o2g.example.com.")],
    user: User = None,
    password: Password = None,
    ca_file: CaFile = None,
    tls: Tls = None,
    system: System = None,
    enterprise: Enterprise = None,
    patience: Annotated[float, typer.Option("--patience", min=0.1, help="Seconds that a step may take.")] = 10.0,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a step, for programs.")] = False,
    debug: Debug = False,
) -> None:
    """Say step by step what works against a server and what does not, with the remedy."""
    _log(debug)
    from .probe import ProbeWanted, probe as command

    with told(debug=debug):
        wanted = ProbeWanted.make(url, user, password, ca_file, tls, patience, system, enterprise)
    run_command(command(wanted, as_json=json), debug=debug)


@app.command()
def log(
    url: Url = None,
    user: User = None,
    password: Password = None,
    config: Config = None,
    ca_file: CaFile = None,
    tls: Tls = None,
    system: System = None,
    enterprise: Enterprise = None,
    line: OneLine = None,
    missed: Annotated[bool, typer.Option("--missed", help="Only calls that were not answered.")] = False,
    unseen: Annotated[bool, typer.Option("--unseen", help="Only missed calls that are not acknowledged.")] = False,
    after: Annotated[
        str | None, typer.Option("--after", help="From then on: 2026-01-31, or with a time and a zone.")
    ] = None,
    before: Annotated[str | None, typer.Option("--before", help="Until before then.")] = None,
    direction: Annotated[Direction | None, typer.Option("--direction", help="incoming or outgoing.")] = None,
    party: Annotated[str | None, typer.Option("--with", help="Login name or number of the other party.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most so many.")] = None,
    acknowledge: Annotated[
        bool, typer.Option("--acknowledge", help="Acknowledge the missed calls that are printed.")
    ] = False,
    delete: Annotated[bool, typer.Option("--delete", help="Delete what is meant, instead of printing it.")] = False,
    all: Annotated[bool, typer.Option("--all", help="With --delete and no filter: the whole log.")] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Print the calls that the system has logged; acknowledge or delete them."""
    _log(debug)
    from .log import LogWanted, log as command, moment

    with told(debug=debug):
        wanted = LogWanted(
            line=line,
            unanswered=missed,
            unacknowledged=unseen,
            after=moment(after, field="after"),
            before=moment(before, field="before"),
            direction=direction,
            party=party,
            limit=limit,
            acknowledge=acknowledge,
            delete=delete,
            all=all,
        )
        wanted.check()
        settings = settings_of(
            Given(
                url, user, password, config, ca_file, tls, (line,) if line else (), system=system, enterprise=enterprise
            )
        )
    run_command(command(settings, wanted, as_json=json), debug=debug)


voicemail = typer.Typer(help="List, save and delete the messages of a mailbox.", no_args_is_help=True)
app.add_typer(voicemail, name="voicemail")

MailboxPassword = Annotated[
    str | None,
    typer.Option(
        "--mailbox-password", envvar="AIOPBX_MAILBOX_PASSWORD", help="The mailbox's own; else the user's is taken."
    ),
]


@voicemail.command("list")
def voicemail_list(
    url: Url = None,
    user: User = None,
    password: Password = None,
    config: Config = None,
    ca_file: CaFile = None,
    tls: Tls = None,
    system: System = None,
    enterprise: Enterprise = None,
    line: OneLine = None,
    mailbox_password: MailboxPassword = None,
    new: Annotated[bool, typer.Option("--new", help="Only those that nobody has heard.")] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """List the messages."""
    _log(debug)
    from .voicemail import list_messages

    with told(debug=debug):
        settings = settings_of(
            Given(
                url, user, password, config, ca_file, tls, (line,) if line else (), system=system, enterprise=enterprise
            )
        )
    run_command(list_messages(settings, line, mailbox_password, new_only=new, as_json=json), debug=debug)


@voicemail.command("save")
def voicemail_save(
    target: Annotated[Path, typer.Argument(help="File for one message, or a folder for several.")],
    ids: Annotated[
        list[str] | None, typer.Option("--id", help="Message to save; may be given several times. All if not given.")
    ] = None,
    url: Url = None,
    user: User = None,
    password: Password = None,
    config: Config = None,
    ca_file: CaFile = None,
    tls: Tls = None,
    system: System = None,
    enterprise: Enterprise = None,
    line: OneLine = None,
    mailbox_password: MailboxPassword = None,
    format: Annotated[
        str | None, typer.Option("--format", help="wav on O2G; ogg, aac, mp4 or au on myistra. The usual if not given.")
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Save messages as sound files. O2G counts them as heard."""
    _log(debug)
    from .voicemail import save_messages

    with told(debug=debug):
        settings = settings_of(
            Given(
                url, user, password, config, ca_file, tls, (line,) if line else (), system=system, enterprise=enterprise
            )
        )
    run_command(
        save_messages(settings, line, mailbox_password, target, tuple(ids or ()), format, as_json=json), debug=debug
    )


@voicemail.command("mark")
def voicemail_mark(
    ids: Annotated[list[str], typer.Argument(help="Messages to mark.")],
    unread: Annotated[bool, typer.Option("--unread/--read", help="As new, or as heard.")] = False,
    url: Url = None,
    user: User = None,
    password: Password = None,
    config: Config = None,
    ca_file: CaFile = None,
    tls: Tls = None,
    system: System = None,
    enterprise: Enterprise = None,
    line: OneLine = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Mark messages as heard or new. myistra only."""
    _log(debug)
    from .voicemail import mark_messages

    with told(debug=debug):
        settings = settings_of(
            Given(
                url, user, password, config, ca_file, tls, (line,) if line else (), system=system, enterprise=enterprise
            )
        )
    run_command(mark_messages(settings, line, tuple(ids), read=not unread, as_json=json), debug=debug)


@voicemail.command("delete")
def voicemail_delete(
    ids: Annotated[list[str] | None, typer.Argument(help="Messages to delete.")] = None,
    url: Url = None,
    user: User = None,
    password: Password = None,
    config: Config = None,
    ca_file: CaFile = None,
    tls: Tls = None,
    system: System = None,
    enterprise: Enterprise = None,
    line: OneLine = None,
    mailbox_password: MailboxPassword = None,
    all: Annotated[bool, typer.Option("--all", help="Every message.")] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Delete messages: those named, or all."""
    _log(debug)
    from .voicemail import delete_messages

    with told(debug=debug):
        settings = settings_of(
            Given(
                url, user, password, config, ca_file, tls, (line,) if line else (), system=system, enterprise=enterprise
            )
        )
    run_command(delete_messages(settings, line, mailbox_password, tuple(ids or ()), all=all, as_json=json), debug=debug)


@app.command("caller-id")
def caller_id(
    number: Annotated[
        str | None, typer.Argument(help="Number that others shall see, such as +12025550123. Shows it if not given.")
    ] = None,
    from_presence: Annotated[
        bool, typer.Option("--from-presence", help="Let it go by the presence of the user.")
    ] = False,
    url: Url = None,
    user: User = None,
    password: Password = None,
    config: Config = None,
    ca_file: CaFile = None,
    tls: Tls = None,
    system: System = None,
    enterprise: Enterprise = None,
    line: OneLine = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Show or choose the number that others see. myistra only."""
    _log(debug)
    from .caller_id import caller_id as command

    with told(debug=debug):
        if number is not None and from_presence:
            raise InvalidInput("number", "does not go with --from-presence.", remedy="Leave one of them out.")
        settings = settings_of(
            Given(
                url, user, password, config, ca_file, tls, (line,) if line else (), system=system, enterprise=enterprise
            )
        )
    run_command(command(settings, line, number, from_presence=from_presence, as_json=json), debug=debug)


@app.command()
def directory(
    what: Annotated[str, typer.Argument(help="Beginning of a last name, a first name or a number.")],
    url: Url = None,
    user: User = None,
    password: Password = None,
    config: Config = None,
    ca_file: CaFile = None,
    tls: Tls = None,
    system: System = None,
    enterprise: Enterprise = None,
    line: OneLine = None,
    limit: Annotated[int | None, typer.Option("--limit", help="At most so many contacts, 1 to 100.")] = None,
    keys: Annotated[bool, typer.Option("--keys", help="It is digits: a last name typed on a telephone.")] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Search the telephone book."""
    _log(debug)
    from .directory import directory as command

    with told(debug=debug):
        settings = settings_of(
            Given(
                url, user, password, config, ca_file, tls, (line,) if line else (), system=system, enterprise=enterprise
            )
        )
    run_command(command(settings, what, line, limit=limit, keys=keys, as_json=json), debug=debug)


@app.command()
def agent(
    action: Annotated[AgentAction, typer.Argument(help="What to do.")] = AgentAction.STATE,
    url: Url = None,
    user: User = None,
    password: Password = None,
    config: Config = None,
    ca_file: CaFile = None,
    tls: Tls = None,
    system: System = None,
    enterprise: Enterprise = None,
    line: OneLine = None,
    device: Annotated[str | None, typer.Option("--device", help="Set to log on at.")] = None,
    group: Annotated[str | None, typer.Option("--group", help="Processing group.")] = None,
    reason: Annotated[
        int | None, typer.Option("--reason", help="Index of the reason to withdraw; agent reasons lists them.")
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Show or change what an agent of the call centre does."""
    _log(debug)
    from .agent import agent as command

    with told(debug=debug):
        settings = settings_of(
            Given(
                url, user, password, config, ca_file, tls, (line,) if line else (), system=system, enterprise=enterprise
            )
        )
    run_command(command(settings, action, line, device=device, group=group, reason=reason, as_json=json), debug=debug)


def _complete_argument(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    return complete_argument(ctx.params.get("operation"), incomplete, ctx.params.get("system"))


def _complete_operation(ctx: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    return complete_operation(incomplete, ctx.params.get("system"))


@app.command()
def call(
    operation: Annotated[
        str | None,
        typer.Argument(
            help="Name of an operation: one of O2G's 142, or of the application of Istra.",
            autocompletion=_complete_operation,
        ),
    ] = None,
    arg: Annotated[
        list[str] | None,
        typer.Option(
            "--arg",
            "-a",
            help="name=value, of the path, the query or the body; several times.",
            autocompletion=_complete_argument,
        ),
    ] = None,
    body: Annotated[
        str | None, typer.Option("--body", help="The body as JSON; @FILE, or - for standard input.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File for a recording.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say what the operation is and takes.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="List all operations.")] = False,
    url: Url = None,
    user: User = None,
    password: Password = None,
    config: Config = None,
    ca_file: CaFile = None,
    tls: Tls = None,
    system: System = None,
    enterprise: Enterprise = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Make any request by its name: aiopbx call make_call --arg deviceId=1000 --arg callee=1001."""
    _log(debug)
    from . import call as command

    with told(debug=debug):
        given = Given(url, user, password, config, ca_file, tls, system=system, enterprise=enterprise)
        kind = system_of(given)
        if list_:
            raise typer.Exit(command.print_list(kind))
        if operation is None:
            raise InvalidInput("operation", "is missing.", remedy="aiopbx call --list names them all.")
        if explain:
            raise typer.Exit(command.explain(operation, kind))
        values = command.values_of(arg or (), body)
        command.check(operation, values, kind)
        settings = settings_of(given)
    run_command(command.call(settings, operation, values, output=output, as_json=json), debug=debug)
