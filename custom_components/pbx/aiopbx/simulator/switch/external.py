"""The world outside: who answers there, who is busy, and who does not exist."""

from fnmatch import fnmatchcase

from pydantic import BaseModel, ConfigDict, Field


class Behaviour(BaseModel):
    """What happens when an external number is called. Times are seconds; none is never by itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ring_after: float = Field(default=0.0, ge=0, description="Dialling until it rings, or until the tone is heard.")
    answer_after: float | None = Field(default=None, ge=0, description="Ringing until it is answered.")
    hang_up_after: float | None = Field(default=None, gt=0, description="Talking until the other side hangs up.")
    busy: bool = Field(default=False, description="The busy tone.")
    invalid: bool = Field(default=False, description="The tone for a number that does not exist.")
    congested: bool = Field(default=False, description="The tone for trunks that are all busy.")
    name: str | None = Field(default=None, description="Who it is, where the network tells.")

    @property
    def tone(self) -> str | None:
        """The cause of the tone that is heard instead of ringing."""
        if self.busy:
            return "BUSY"
        if self.invalid:
            return "INVALID_NUMBER"
        return "ALL_TRUNK_BUSY" if self.congested else None


class ExternalWorld:
    """Behaviours by number; ``*`` in a pattern stands for any digits. Numbers without one just ring."""

    def __init__(self) -> None:
        """Nobody is known yet."""
        self._behaviours: dict[str, Behaviour] = {}
        self.default = Behaviour()

    def set(self, pattern: str, behaviour: Behaviour) -> None:
        """Let calls to numbers of this pattern behave so. The longest pattern that fits wins."""
        self._behaviours[pattern] = behaviour

    def clear(self) -> None:
        """Forget all behaviours but the default."""
        self._behaviours.clear()

    def of(self, number: str) -> Behaviour:
        """How a call to this number goes."""
        exact = self._behaviours.get(number)
        if exact is not None:
            return exact
        fitting = [pattern for pattern in self._behaviours if fnmatchcase(number, pattern)]
        return self._behaviours[max(fitting, key=len)] if fitting else self.default
