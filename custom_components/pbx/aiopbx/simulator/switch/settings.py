"""The settings of the switch."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Number = Annotated[str, StringConstraints(pattern=r"^[0-9*#]{1,30}$")]


class HuntingGroupSpec(BaseModel):
    """A number that several people share; its members name it in ``UserSpec.hunting_group``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: Number
    name: str = ""


class SkillSpec(BaseModel):
    """A skill of an agent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: Annotated[int, Field(ge=1, le=9999)]
    level: Annotated[int, Field(ge=1, le=9)] = 1
    active: bool = True
    name: Annotated[str, Field(max_length=40)] = ""
    short_name: Annotated[str, Field(max_length=10)] = ""
    domain: Annotated[int, Field(ge=0, le=9999)] = 1
    """The number of the domain that it belongs to."""


class AgentSpec(BaseModel):
    """An operator of the call centre: agent or supervisor, processing groups, skills."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["AGENT", "SUPERVISOR"] = "AGENT"
    groups: tuple[Number, ...] = Field(default=(), description="Processing groups it is attached to.")
    preferred: Number | None = Field(default=None, description="Group it logs on in if none is named; else the first.")
    skills: tuple[SkillSpec, ...] = ()
    pro_acd: Number | None = Field(default=None, description="The one set it logs on at; none is any it may use.")
    self_assign: bool = Field(default=False, description="Whether it may choose any group, not only its own.")
    headset: bool = Field(default=False, description="Whether it may log on in headset mode: calls answer themselves.")
    help: bool = Field(default=True, description="Of a supervisor: whether agents get its help.")
    multiline: bool = False
    withdrawn: bool = Field(default=False, description="Whether it is withdrawn after logging on, not ready.")

    @model_validator(mode="after")
    def _skills_differ(self) -> Self:
        numbers = [skill.number for skill in self.skills]
        if len(set(numbers)) != len(numbers):
            raise ValueError("skills: the same skill stands there twice")
        if self.preferred is not None and self.groups and self.preferred not in self.groups:
            raise ValueError(f"preferred: {self.preferred} is not one of the groups")
        return self


class ProcessingGroupSpec(BaseModel):
    """A group of agents that calls are distributed to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: Number
    name: str = ""
    wrap_up_time: float | None = Field(default=None, ge=0, description="None is that of the switch.")
    withdraw_reasons: tuple[str, ...] = Field(default=(), max_length=9, description="Labels, by index from 1.")


class RuleSpec(BaseModel):
    """Another way to distribute the calls of a pilot, which its calendar or someone may put in force."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: Annotated[int, Field(ge=2, le=99)]
    name: Annotated[str, Field(max_length=40)] = ""
    groups: tuple[Number, ...] = Field(min_length=1, description="Processing groups that get the calls by it.")


class PilotSpec(BaseModel):
    """A number whose calls wait in a queue for an agent of its processing groups."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: Number
    name: str = ""
    groups: tuple[Number, ...] = Field(min_length=1, description="Processing groups that its queue leads to.")
    queue_size: int = Field(default=20, ge=1, description="How many calls may wait.")
    patience: float = Field(default=300.0, gt=0, description="How long a call waits at most.")
    overflow: Number | None = Field(
        default=None,
        description="Where calls go if no one is logged on, the queue is full, or they waited too long.",
    )
    forward: Number | None = Field(
        default=None, description="Where all calls go while its calendar says so; by default as the overflow."
    )
    rules: tuple[RuleSpec, ...] = Field(default=(), description="Rules besides the usual one, which has the number 1.")
    node: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}$")] = "1"

    @model_validator(mode="after")
    def _rules_differ(self) -> Self:
        numbers = [rule.number for rule in self.rules]
        if len(set(numbers)) != len(numbers):
            raise ValueError("rules: the same rule stands there twice")
        return self


class RoutingPointSpec(BaseModel):
    """A number whose calls an application routes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: Number
    name: Annotated[str, Field(max_length=40)] = ""
    node: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}$")] = "1"
    overflow: Number | None = Field(
        default=None, description="Where calls go without an application, and those that it does not route in time."
    )
    patience: float = Field(default=30.0, gt=0, description="How long the application may take for a call.")


class RecorderSpec(BaseModel):
    """A recorder beside the nodes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=40)]
    devices: tuple[Number, ...] = Field(min_length=1, description="The sets that it records.")
    on_demand: bool = Field(default=True, description="Whether it records when it is told to, or else every call.")
    start: Literal["RECORD_FROM_NOW", "RECORD_ENTIRE_CALL"] = "RECORD_ENTIRE_CALL"
    connected: bool = True


class ContactSpec(BaseModel):
    """A contact in the phone book who is not a user of the PBX."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: Annotated[str, StringConstraints(pattern=r"^\+?[0-9*#]{1,30}$")]
    first_name: str = ""
    last_name: str = ""


class SwitchSettings(BaseModel):
    """The behaviour of the switch. Times are seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ring_time: float = Field(default=25.0, gt=0, description="Ringing until forward or overflow on no answer applies.")
    patience: float = Field(default=180.0, gt=0, description="Ringing until the network gives a call up.")
    tone_time: float = Field(default=10.0, gt=0, description="Busy or invalid-number tone until the call is removed.")
    park_time: float = Field(default=60.0, gt=0, description="Parking until the call recalls who parked it.")
    voicemail_time: float = Field(default=30.0, gt=0, description="Length of a message before the mailbox hangs up.")
    trunk_time: float = Field(default=60.0, gt=0, description="How long a call without any internal user is kept.")
    conference_size: int = Field(default=6, ge=3, description="Most parties of a conference.")
    dva_number: Number | None = Field(default="5001", description="Number of the automated attendant (DVA), if any.")
    trunk_prefixes: tuple[str, ...] = Field(default=("0", "+"), description="What external numbers begin with.")
    hunting_groups: tuple[HuntingGroupSpec, ...] = ()
    desk_sharing_sets: tuple[Number, ...] = Field(default=(), description="Sets without an owner, where users log on.")
    pilots: tuple[PilotSpec, ...] = Field(default=(), description="Numbers of the call centre.")
    routing_points: tuple[RoutingPointSpec, ...] = Field(default=(), description="Numbers that applications route.")
    recorders: tuple[RecorderSpec, ...] = Field(default=(), description="Recorders beside the nodes.")
    intrusion: bool = Field(default=False, description="Whether people may break into the call of who is busy.")
    processing_groups: tuple[ProcessingGroupSpec, ...] = Field(
        default=(), description="Groups with settings of their own; others are created when they are named."
    )
    pro_acd_sets: tuple[Number, ...] = Field(default=(), description="Sets without an owner, where agents log on.")
    agent_ring_time: float = Field(default=15.0, gt=0, description="Ringing until a distributed call is taken back.")
    wrap_up_time: float = Field(default=10.0, ge=0, description="Wrap-up of an agent after a distributed call.")
    log_size: int = Field(default=100, ge=1, description="Records of the communication log that a user has at most.")
    mailbox_size: int = Field(default=50, ge=1, description="Messages that a mailbox takes.")
    contacts: tuple[ContactSpec, ...] = Field(default=(), description="The phone book, besides the users.")
    directory_page: int = Field(default=10, ge=1, description="Contacts of a search that come at a time.")
    directory_pause: float = Field(default=0.5, gt=0, description="How long a search takes for them.")
    directory_timeout: float = Field(default=30.0, gt=0, description="How long a search takes at most.")
    directory_unused: float = Field(default=60.0, gt=0, description="How long a search lives without being polled.")
    seed: int | None = Field(default=None, description="Makes call references repeatable.")
