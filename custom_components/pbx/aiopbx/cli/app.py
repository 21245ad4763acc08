"""The commands and their options. What they do is in a module each, loaded when it is called."""

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.logging import RichHandler

from . import errors, screen
from .options import CaFile, Config, Debug, Given, Password, Tls, Url, User, settings_of
from .run import run_command, told

app = typer.Typer(
    name="aiopbx",
    help="Office telephone systems from the terminal: watch, dial, simulate, replay, probe.",
    no_args_is_help=True,
    add_completion=False,
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


@app.command()
def simulate(
    scenario: Annotated[
        str, typer.Option("--scenario", "-s", help="office, quiet, busy-day, or the path of a scenario file.")
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
    line: Line = None,
    plain: Annotated[bool, typer.Option("--plain", help="One line of text an event, for pipes.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object an event, for programs.")] = False,
    busy: Annotated[bool, typer.Option("--busy", help="Show only lines in a call.")] = False,
    seconds: Seconds = None,
    count: Annotated[int | None, typer.Option("--count", min=1, help="End after so many events.")] = None,
    debug: Debug = False,
) -> None:
    """Show lines and calls, live."""
    _log(debug)
    with told(debug=debug):
        if plain and json:
            raise typer.BadParameter("--plain and --json exclude each other.")
        settings = settings_of(Given(url, user, password, config, ca_file, tls, tuple(line or ())))
    from .watch import watch as command

    mode = "json" if json else "plain" if plain or not sys.stdout.isatty() else "table"
    run_command(command(settings, mode=mode, busy_only=busy, seconds=seconds, count=count), debug=debug)


@app.command()
def dial(
    number: Annotated[str, typer.Argument(help="Number to dial.")],
    url: Url = None,
    user: User = None,
    password: Password = None,
    config: Config = None,
    ca_file: CaFile = None,
    tls: Tls = None,
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
        wanted.check()
        settings = settings_of(Given(url, user, password, config, ca_file, tls, (line,) if line else ()))
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
    patience: Annotated[float, typer.Option("--patience", min=0.1, help="Seconds that a step may take.")] = 10.0,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a step, for programs.")] = False,
    debug: Debug = False,
) -> None:
    """Say step by step what works against a server and what does not, with the remedy."""
    _log(debug)
    from .probe import ProbeWanted, probe as command

    with told(debug=debug):
        wanted = ProbeWanted.make(url, user, password, ca_file, tls, patience)
    run_command(command(wanted, as_json=json), debug=debug)
