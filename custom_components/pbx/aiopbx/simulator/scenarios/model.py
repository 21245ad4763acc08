"""Scenario files, validated: errors name the field, the file and the line."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from ...errors import InvalidInput
from ...settings.parsing import Unparsable
from ...settings.yaml_loader import StrictLoader, parse_yaml
from ..settings import Login, Number, UserSpec
from ..switch.settings import (
    AgentSpec,
    PilotSpec,
    ProcessingGroupSpec,
    RecorderSpec,
    RoutingPointSpec,
    SwitchSettings,
)

FOLDER: Final = Path(__file__).parent
LARGEST: Final = 1_000_000
"""The most bytes that a scenario file may have."""


def _ascending(span: tuple[float, float]) -> tuple[float, float]:
    if span[0] > span[1]:
        raise ValueError("the first number has to be the smaller one")
    return span


Seconds = Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)]
Span = Annotated[tuple[Seconds, Seconds], AfterValidator(_ascending)]
"""Two numbers of seconds: something takes at least the first and at most the second."""
Weight = Annotated[int, Field(ge=0, le=100)]
OutsideNumber = Annotated[str, Field(pattern=r"^(\+|0)[0-9]{3,20}$")]


class Part(BaseModel):
    """Frozen; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Person(Part):
    """A person with a telephone."""

    number: Number
    name: Annotated[str, Field(min_length=1, max_length=60)]
    """First name, then the rest."""
    department: Annotated[str, Field(max_length=40)] = ""
    login: Login | None = None
    """``None`` is ``oxe`` and the number."""
    password: SecretStr = SecretStr("secret")
    manual: bool = False
    """The scenario never acts for this person, who is yours: no one calls them, and they answer nothing."""
    remote_extension: bool = False
    """Whether there is also a mobile, with the number 6 and their own."""
    agent: AgentSpec | None = None
    """The kind of operator of the call centre, if any. Those who are not ``manual`` log on when the scenario starts."""

    @property
    def user(self) -> str:
        """The login name."""
        return self.login or f"oxe{self.number}"

    def spec(self) -> UserSpec:
        """Return the user of the switch for this person."""
        first, _, last = self.name.partition(" ")
        return UserSpec(
            login=self.user,
            number=self.number,
            first_name=first,
            last_name=last,
            password=self.password,
            remote_extension=self.remote_extension,
            department=self.department,
            agent=self.agent,
        )


class Outsider(Part):
    """A person outside, who calls and can be called."""

    number: OutsideNumber
    name: Annotated[str, Field(max_length=60)] = ""
    """``None`` shows the number only."""


class Group(Part):
    """People whom callers reach under one number: anyone free is rung, other callers queue."""

    name: Annotated[str, Field(min_length=1, max_length=40)]
    members: Annotated[tuple[Number, ...], Field(min_length=1)]
    queue: Annotated[int, Field(ge=0, le=20)] = 3
    """How many callers may wait."""


class Pace(Part):
    """How long things take, in seconds at speed 1, and how much happens at once."""

    pause: Span = (1.5, 4.5)
    """Between the beginnings of two acts."""
    ring: Span = (2, 4)
    """Until a call is answered."""
    patience: Span = (6, 9)
    """Until a caller gives up, in a queue as well."""
    talk: Span = (6, 14)
    hold: Span = (3, 5)
    routing: Span = (15, 25)
    """How long do-not-disturb, a forward or an agent's pause lasts."""
    queue: Span = (20, 40)
    """Until a caller who waits for an agent gives up."""
    at_once: Annotated[int, Field(ge=1, le=200)] = 6
    """How many acts run at once at most."""


class Answering(Part):
    """What people do with calls that the scenario did not make: yours."""

    people: bool = True
    """Whether people who are not ``manual`` answer."""
    outside: bool = True
    """Whether the outside world answers."""
    ring: Span = (2, 4)
    talk: Span = (20, 40)
    """Seconds after which they hang up, unless the other side did before."""


class Acts(Part):
    """What happens, and how often: each value is the number of cards of that kind in the deck."""

    talk: Weight = 0
    """One calls another, they talk, one hangs up."""
    missed: Weight = 0
    """No answer; the caller gives up."""
    busy: Weight = 0
    """A call to someone who is talking."""
    incoming: Weight = 0
    """A call from outside."""
    outgoing: Weight = 0
    """A call to the outside."""
    incoming_missed: Weight = 0
    """A call from outside that is not answered."""
    no_such_number: Weight = 0
    """A number that does not exist is dialled."""
    hold: Weight = 0
    """A call that is held for a while."""
    consult: Weight = 0
    """A consultation, swapped to and fro, and cancelled: the first call goes on."""
    transfer: Weight = 0
    """A consultation that ends in a transfer."""
    blind_transfer: Weight = 0
    """A transfer without consultation."""
    conference: Weight = 0
    """Three people talk."""
    redirect: Weight = 0
    """A ringing call is redirected to a colleague."""
    voicemail: Weight = 0
    """No answer; the caller leaves a message."""
    do_not_disturb: Weight = 0
    """Do-not-disturb for a while, and a call meanwhile."""
    forward: Weight = 0
    """A forward to a colleague for a while, and a call."""
    queue: Weight = 0
    """Callers from outside call a group; anyone free answers, others may have to wait."""
    catch_up: Weight = 0
    """Someone reviews missed calls and listens to messages."""
    pilot: Weight = 0
    """A call from outside to a pilot of the call centre: wait for an agent, talk."""
    routed: Weight = 0
    """A call from outside to a routing point: an application sends it somewhere, or it goes on to the overflow."""
    agent_pause: Weight = 0
    """An agent pauses or withdraws for a while."""

    def deck(self) -> list[str]:
        """Return one card for each act of a round."""
        return [name for name in type(self).model_fields for _ in range(getattr(self, name))]


class Scenario(Part):
    """An office, and what happens in it."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    description: str = ""
    seed: int | None = 1
    """The seed of the random numbers: the same seed, the same day. ``None`` is different each time."""
    users: Annotated[tuple[Person, ...], Field(min_length=1, max_length=10_000)]
    outside: tuple[Outsider, ...] = ()
    groups: tuple[Group, ...] = ()
    pilots: tuple[PilotSpec, ...] = ()
    """Numbers of the call centre. Their patience is by speed 1."""
    processing_groups: tuple[ProcessingGroupSpec, ...] = ()
    """Groups of agents. Their wrap-up is by speed 1."""
    routing_points: tuple[RoutingPointSpec, ...] = ()
    """Numbers that applications route. Their patience is by speed 1."""
    recorders: tuple[RecorderSpec, ...] = ()
    """Recorders beside the nodes."""
    pace: Pace = Pace()
    answering: Answering = Answering()
    acts: Acts = Acts()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        numbers = [person.number for person in self.users]
        if doubled := sorted(
            {number for number in numbers if numbers.count(number) > 1} if len(numbers) < 2000 else ()
        ):
            raise ValueError(f"users: the number {doubled[0]} stands there twice")
        known = set(numbers)
        for group in self.groups:
            if strangers := [number for number in group.members if number not in known]:
                raise ValueError(f"groups: {group.name} has the member {strangers[0]}, who is not among the users")
        acting = sum(1 for person in self.users if not person.manual)
        deck = set(self.acts.deck())
        if deck and acting < 2:
            raise ValueError("acts: at least two users who are not manual are needed for anything to happen")
        if acting < 3 and (three := sorted(deck & _THREE)):
            raise ValueError(f"acts.{three[0]}: at least three users who are not manual are needed")
        if not self.outside and (outside := sorted(deck & _OUTSIDE)):
            raise ValueError(f"acts.{outside[0]}: outside is empty")
        if "queue" in deck and not self.groups:
            raise ValueError("acts.queue: there is no group in groups")
        if "pilot" in deck and not self.pilots:
            raise ValueError("acts.pilot: there is no pilot in pilots")
        if "routed" in deck and not self.routing_points:
            raise ValueError("acts.routed: there is no routing point in routing_points")
        if "agent_pause" in deck and not self.agents:
            raise ValueError("acts.agent_pause: there is no agent among the users who are not manual")
        return self

    @cached_property
    def specs(self) -> tuple[UserSpec, ...]:
        """Return the users of the switch."""
        return tuple(person.spec() for person in self.users)

    @property
    def agents(self) -> tuple[Person, ...]:
        """Return the operators of the call centre who act by themselves."""
        return tuple(person for person in self.users if person.agent is not None and not person.manual)

    def switch_settings(self, base: SwitchSettings, *, speed: float = 1.0) -> SwitchSettings:
        """Return the settings of a switch, with the call centre of this scenario and its times at this speed."""
        if not (self.pilots or self.processing_groups or self.routing_points or self.recorders):
            return base
        pilots = [pilot.model_copy(update={"patience": pilot.patience / speed}) for pilot in self.pilots]
        groups = [
            group.model_copy(update={"wrap_up_time": group.wrap_up_time / speed})
            if group.wrap_up_time is not None
            else group
            for group in self.processing_groups
        ]
        more = {
            "pilots": (*base.pilots, *pilots),
            "processing_groups": (*base.processing_groups, *groups),
            "routing_points": (
                *base.routing_points,
                *(point.model_copy(update={"patience": point.patience / speed}) for point in self.routing_points),
            ),
            "recorders": (*base.recorders, *self.recorders),
        }
        return base.model_copy(update=more)

    @property
    def hands_off(self) -> tuple[Person, ...]:
        """Return the people whom the scenario leaves alone, for demonstrations."""
        return tuple(person for person in self.users if person.manual)


_THREE: Final = {"busy", "consult", "transfer", "blind_transfer", "conference", "redirect", "forward"}
_OUTSIDE: Final = {"incoming", "outgoing", "incoming_missed", "queue", "pilot", "routed"}


class _Loader(StrictLoader):
    """YAML in which 0015550100 is a telephone number rather than octal."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] not in {"int", "float", "timestamp"}]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def available_scenarios() -> tuple[str, ...]:
    """Return the names of the scenarios that come with the simulator."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def load_scenario(which: str | Path) -> Scenario:
    """Read a scenario by its name, or from a file. Raises ``InvalidInput``. Blocking: not for an event loop."""
    path = Path(which)
    if isinstance(which, str) and which in available_scenarios():
        path = FOLDER / f"{which}.yaml"
    elif not path.suffix:
        raise InvalidInput(
            "scenario",
            f"there is no scenario called {which}.",
            remedy=f"Take {', '.join(available_scenarios())}, or the path of a .yaml file.",
        )
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise InvalidInput(
            "scenario", f"{path} cannot be read: {why}.", remedy="Check the path and its rights."
        ) from None
    if len(content) > LARGEST:
        raise InvalidInput("scenario", f"{path} is larger than {LARGEST} bytes.", remedy="Is it a scenario?")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise InvalidInput("scenario", f"{path} is not UTF-8 text.", remedy="Save it as UTF-8.") from None
    return parse_scenario(text, name=str(path))


def parse_scenario(text: str, *, name: str = "scenario") -> Scenario:
    """Read a scenario from its text; errors refer to it as ``name``. Raises ``InvalidInput``."""
    try:
        root, data = parse_yaml(text, _Loader)
    except Unparsable as error:
        where = f"{name}, line {error.line}" if error.line is not None else name
        raise InvalidInput("scenario", f"{where}: {error.detail}.", remedy="Mend the YAML there.") from None
    if not isinstance(data, dict):
        raise InvalidInput(
            "scenario", f"{name} does not hold a mapping.", remedy="A scenario has name, users, acts and more."
        )
    try:
        return Scenario.model_validate(data)
    except ValidationError as error:
        problems = [_problem(problem, root, name) for problem in error.errors()]
        more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        raise InvalidInput("scenario", problems[0] + more, remedy="docs/scenarios.md lists every field.") from None


def _problem(problem: Any, root: yaml.Node | None, name: str) -> str:
    location: Sequence[str | int] = problem["loc"]
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "string_pattern_mismatch":
        message = f"{problem['input']!r} does not fit, it has to be like {problem['ctx']['pattern']}"
    field = ".".join(str(part) for part in location)
    if problem["type"] == "extra_forbidden":
        message = "there is no such field"
    elif problem["type"] == "missing":
        message = "is missing"
    if not location and ": " in message:  # checks across fields name their field themselves
        field, _, message = message.partition(": ")
        location = field.split(".")
    where = f"{name}, line {_line(root, location)}"
    return f"{where}: {field}: {message}." if field else f"{where}: {message}."


def _line(node: yaml.Node | None, location: Sequence[str | int]) -> int:
    """Return the line of a field, or of the nearest thing around it."""
    line = node.start_mark.line if node else 0
    for part in location:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    line, node = key.start_mark.line, value
                    break
            else:
                break
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line
        else:
            break
    return int(line) + 1
