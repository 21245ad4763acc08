"""Forwarding: the one way from what someone chose, by switch, select, text or action, to a command for the PBX."""

from dataclasses import dataclass, replace
from typing import Final, Self

from .aiopbx import Condition, Forward, Line, Target
from .errors import invalid

CONDITIONS: Final = [condition.value for condition in Condition if condition is not Condition.UNKNOWN]
TARGETS: Final = [Target.NUMBER.value, Target.VOICEMAIL.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardDraft:
    """How a line is forwarded, or would be once its forward is switched on."""

    condition: Condition = Condition.IMMEDIATE
    target: Target = Target.NUMBER
    number: str = ""

    async def send(self, line: Line) -> None:
        """Forward a line like this. Raises the client's errors, or says that the number is missing."""
        if self.target is not Target.NUMBER:
            await line.set_forward(target=self.target, condition=self.condition)
        elif self.number:
            await line.set_forward(self.number, condition=self.condition)
        else:
            raise invalid("forward_number_missing")

    def following(self, forward: Forward) -> Self:
        """Return the draft with what the PBX reports of a forward; what it does not report stays."""
        draft = self
        if forward.condition is not Condition.UNKNOWN:
            draft = replace(draft, condition=forward.condition)
        if forward.target.value in TARGETS:
            draft = replace(draft, target=forward.target)
        if forward.target is Target.NUMBER and forward.number:
            draft = replace(draft, number=forward.number)
        return draft


@dataclass(frozen=True, slots=True, kw_only=True)
class NightService:
    """Which lines are forwarded together at night, and where to."""

    lines: tuple[str, ...]
    """Ids or numbers."""
    number: str | None
    """None is the voicemail of each."""
