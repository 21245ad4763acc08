"""Wire types of O2G: which subscribers are users of the server."""

from .base import Wire
from .users import User


class Users(Wire, kw_only=True):
    """Users."""

    users: tuple[User, ...] = ()


class CreateUsersRequest(Wire, kw_only=True):
    """Which subscribers of a node the server takes in as users."""

    node_id: int
    device_numbers: tuple[str, ...] = ()
    """Directory numbers to take in."""
    all: bool | None = None
