"""Telephone numbers that the switch accepts."""

DIGITS = frozenset("0123456789ABCD*#")
_FORM = DIGITS | frozenset("() ")
LONGEST = 49


def well_formed(number: str) -> bool:
    """Whether this is a valid number: an optional ``+``, then 1 to 49 of ``0-9 A-D * # ( )`` and space."""
    digits = number.removeprefix("+")
    return 1 <= len(digits) <= LONGEST and all(character in _FORM for character in digits)


def bare(number: str) -> str:
    """Return the number as it is dialled: without brackets and spaces."""
    return "".join(character for character in number if character not in "() ")
