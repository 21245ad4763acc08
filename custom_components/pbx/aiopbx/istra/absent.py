"""What none of the applications of Istra can do. Features say so before; this says so to whoever asks regardless."""

from typing import NoReturn

from ..errors import NotSupported
from ..model import CallSnapshot, Condition, Feature, LineSnapshot, Target
from ..ports import Absent, DialOptions
from ..records import CallbackRequest
from .checks import IstraChecks


def no(what: str, feature: Feature) -> NoReturn:
    """Raise ``NotSupported``."""
    raise NotSupported(
        f"{what}: this application of Istra cannot do this.",
        missing=feature.value,
        remedy="See line.features for what it can do.",
    )


class NothingYet(Absent, IstraChecks):
    """Every command, refused. An application overrides those that it has."""

    async def dial(self, line: LineSnapshot, number: str, options: DialOptions) -> str | None:
        """Not here."""
        no("dial", Feature.DIAL)

    async def consult(self, line: LineSnapshot, held: CallSnapshot, number: str, options: DialOptions) -> str | None:
        """Not here."""
        no("consult", Feature.CALL_CONTROL)

    async def answer(self, line: LineSnapshot, call: CallSnapshot | None, device: str) -> None:
        """Not here."""
        no("answer", Feature.ANSWER)

    async def leave(self, line: LineSnapshot, call: CallSnapshot | None) -> None:
        """Not here."""
        no("hang up", Feature.HANG_UP)

    async def end(self, line: LineSnapshot, call: CallSnapshot) -> None:
        """Not here."""
        no("end", Feature.HANG_UP)

    async def hold(self, line: LineSnapshot, call: CallSnapshot, device: str) -> None:
        """Not here."""
        no("hold", Feature.CALL_CONTROL)

    async def retrieve(self, line: LineSnapshot, call: CallSnapshot, device: str) -> None:
        """Not here."""
        no("retrieve", Feature.CALL_CONTROL)

    async def alternate(self, line: LineSnapshot, held: CallSnapshot, device: str) -> None:
        """Not here."""
        no("alternate", Feature.CALL_CONTROL)

    async def reconnect(self, line: LineSnapshot, held: CallSnapshot, enquiry: CallSnapshot, device: str) -> None:
        """Not here."""
        no("reconnect", Feature.CALL_CONTROL)

    async def transfer(self, line: LineSnapshot, active: CallSnapshot, held: CallSnapshot) -> None:
        """Not here."""
        no("transfer", Feature.TRANSFER)

    async def blind_transfer(self, line: LineSnapshot, call: CallSnapshot, number: str, anonymous: bool) -> None:
        """Not here."""
        no("blind transfer", Feature.TRANSFER)

    async def merge(self, line: LineSnapshot, active: CallSnapshot, held: CallSnapshot) -> None:
        """Not here."""
        no("merge", Feature.CONFERENCE)

    async def drop(self, line: LineSnapshot, call: CallSnapshot, party: str) -> None:
        """Not here."""
        no("drop", Feature.CONFERENCE)

    async def redirect(self, line: LineSnapshot, call: CallSnapshot, to: str, anonymous: bool) -> None:
        """Not here."""
        no("redirect", Feature.REDIRECT)

    async def overflow_to_voicemail(self, line: LineSnapshot, call: CallSnapshot) -> None:
        """Not here."""
        no("overflow to voicemail", Feature.REDIRECT)

    async def park(self, line: LineSnapshot, call: CallSnapshot, at: str | None) -> None:
        """Not here."""
        no("park", Feature.PARK)

    async def unpark(self, line: LineSnapshot, device: str, from_device: str | None) -> None:
        """Not here."""
        no("unpark", Feature.PARK)

    async def pick_up(
        self, line: LineSnapshot, device: str, number: str, call_ref: str | None, auto_answer: bool
    ) -> None:
        """Not here."""
        no("pick up", Feature.PICK_UP)

    async def send_dtmf(self, line: LineSnapshot, call: CallSnapshot, device: str, digits: str) -> None:
        """Not here."""
        no("tones", Feature.DTMF)

    async def record(self, line: LineSnapshot, call: CallSnapshot, action: str) -> None:
        """Not here."""
        no("record", Feature.RECORDING)

    async def attach_data(self, line: LineSnapshot, call: CallSnapshot, device: str | None, data: str) -> None:
        """Not here."""
        no("attach data", Feature.ASSOCIATED_DATA)

    async def send_account_info(self, line: LineSnapshot, call: CallSnapshot, device: str | None, code: str) -> None:
        """Not here."""
        no("account info", Feature.ASSOCIATED_DATA)

    async def call_back(self, line: LineSnapshot, call: CallSnapshot) -> None:
        """Not here."""
        no("call back", Feature.CALL_BACK)

    async def switch_device(self, line: LineSnapshot, call: CallSnapshot, device: str, to: str) -> None:
        """Not here."""
        no("switch device", Feature.SWITCH_DEVICE)

    async def set_do_not_disturb(self, line: LineSnapshot, on: bool) -> None:
        """Not here."""
        no("do not disturb", Feature.DO_NOT_DISTURB)

    async def set_forward(self, line: LineSnapshot, target: Target, condition: Condition, number: str | None) -> None:
        """Not here."""
        no("forward", Feature.FORWARD)

    async def cancel_forward(self, line: LineSnapshot) -> None:
        """Not here."""
        no("forward", Feature.FORWARD)

    async def set_overflow(self, line: LineSnapshot, target: Target, condition: Condition, number: str | None) -> None:
        """Not here."""
        no("overflow", Feature.OVERFLOW)

    async def cancel_overflow(self, line: LineSnapshot) -> None:
        """Not here."""
        no("overflow", Feature.OVERFLOW)

    async def set_remote_extension(self, line: LineSnapshot, on: bool) -> None:
        """Not here."""
        no("remote extension", Feature.REMOTE_EXTENSION)

    async def request_call_back(self, line: LineSnapshot, number: str) -> None:
        """Not here."""
        no("call back", Feature.CALL_BACK)

    async def callbacks(self, line: LineSnapshot) -> tuple[CallbackRequest, ...]:
        """Not here."""
        no("call back", Feature.CALL_BACK)

    async def delete_callbacks(self, line: LineSnapshot, id: str | None) -> None:
        """Not here."""
        no("call back", Feature.CALL_BACK)

    async def refresh_counters(self, line: LineSnapshot) -> None:
        """Not here."""
        no("counters", Feature.COUNTERS)
