"""What can be checked before anything is sent to Istra, which dials any text that it is given."""

from typing import Final

from ..errors import InvalidInput
from ..model import LineSnapshot
from ..ports import DialOptions

_TONES: Final = frozenset("0123456789ABCDabcd*#")
_ONLY_O2G: Final = {
    "calling_number": "The number that others see is changed by line.set_caller_id, on myIstra.",
    "inhibit_progress_tone": "Leave it out.",
    "acd": "Leave it out: there is no call centre.",
}


class IstraChecks:
    """The checks. ``devices`` says whether a telephone can be chosen to dial with."""

    def __init__(self, *, devices: bool) -> None:
        """Check for an application that chooses telephones, or not."""
        self._devices = devices

    def check_number(self, number: str, *, field: str = "number") -> None:
        """Raise ``InvalidInput`` if this is nothing that can be dialled: any text can, a voicemail's too."""
        if not number.strip():
            raise InvalidInput(field, "is empty.", remedy="Say what to dial.")
        if not number.isprintable():
            raise InvalidInput(field, f"{number!r} holds what cannot be printed.", remedy="Use letters, digits, signs.")

    def check_dial(self, line: LineSnapshot, options: DialOptions) -> None:
        """Raise ``InvalidInput`` for what means nothing to Istra."""
        for field, remedy in _ONLY_O2G.items():
            if getattr(options, field) is not None:
                raise InvalidInput(field, "means nothing to this system.", remedy=remedy)
        if not options.auto_answer:
            raise InvalidInput(
                "auto_answer",
                "is the server's choice on this system.",
                remedy="Leave it out: a telephone that cannot be taken off the hook rings first.",
            )
        if options.device is not None and not self._devices and options.device != line.number:
            raise InvalidInput("device", "an extension of myRCC has none to choose from.", remedy="Leave it out.")

    def check_digits(self, digits: str, *, field: str = "digits") -> None:
        """Raise ``InvalidInput`` if these are not DTMF digits."""
        if not digits or not _TONES.issuperset(digits):
            raise InvalidInput(field, f"{digits!r} are not tones.", remedy="Use 0 to 9, A to D, * and #.")

    def check_data(self, data: str, *, field: str = "data") -> None:
        """Nothing can be associated with a call here, which the feature says that is absent."""
