"""How the switch behaves."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Number = Annotated[str, StringConstraints(pattern=r"^[0-9*#]{1,30}$")]


class HuntingGroupSpec(BaseModel):
    """A number that several people share; its members name it in ``UserSpec.hunting_group``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: Number
    name: str = ""


class SwitchSettings(BaseModel):
    """Times are seconds."""

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
    desk_sharing_sets: tuple[Number, ...] = Field(
        default=(), description="Sets that nobody owns: users log on at them."
    )
    seed: int | None = Field(default=None, description="Makes call references repeatable.")
