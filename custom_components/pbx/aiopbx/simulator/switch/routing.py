"""Where a user's calls go: do-not-disturb, forward, overflow."""

from .changes import RoutingChange
from .errors import SwitchError, bad_route
from .features import Features
from .numbers import bare, well_formed
from .users import Route, User

_FORWARDS = ("IMMEDIATE", "BUSY", "NO_ANSWER", "BUSY_NO_ANSWER")
_OVERFLOWS = ("BUSY", "NO_ANSWER", "BUSY_NO_ANSWER")


class RoutingOfUsers(Features):
    """Users' settings for incoming calls."""

    def set_dnd(self, login: str, on: bool) -> None:
        """Refuse calls, or take them again. An immediate forward still applies."""
        user = self.user(login)
        if user.do_not_disturb != on:
            with self._acting():
                user.do_not_disturb = on
                self._after.append(RoutingChange(login=login))

    def set_forward(
        self, login: str, number: str | None = None, *, target: str = "NUMBER", condition: str = "IMMEDIATE"
    ) -> None:
        """Forward to a number or (``target`` ``VOICEMAIL``) to the user's mailbox.

        ``condition`` is ``IMMEDIATE``, ``BUSY``, ``NO_ANSWER`` or ``BUSY_NO_ANSWER``.
        """
        user = self.user(login)
        if condition not in _FORWARDS:
            raise bad_route("BAD_PARAMETER_VALUE", "INVALID_FORWARD_ROUTE", f"{condition!r} is no condition.", target)
        if target == "VOICEMAIL":
            self._may_use_voicemail(user)
            route = Route(condition, target)
        elif target == "NUMBER":
            route = Route(condition, target, self._destination(user, number, "INVALID_FORWARD_ROUTE"))
            self._no_loop(user, route)
        else:
            raise bad_route(
                "BAD_PARAMETER_VALUE", "INVALID_FORWARD_ROUTE", f"A forward cannot lead to {target}.", target
            )
        self._set(user, "forward", route)

    def cancel_forward(self, login: str) -> None:
        """Cancel the forward."""
        self._set(self.user(login), "forward", None)

    def set_overflow(
        self, login: str, number: str | None = None, *, target: str = "VOICEMAIL", condition: str = "NO_ANSWER"
    ) -> None:
        """Send unanswered calls to the mailbox or to the associate, which ``number`` replaces."""
        user = self.user(login)
        if condition not in _OVERFLOWS:
            raise bad_route(
                "BAD_PARAMETER_VALUE",
                "INVALID_OVERFLOW_ROUTE",
                f"{condition!r} is no condition of an overflow.",
                target,
            )
        associate = user.associate
        if target == "VOICEMAIL":
            self._may_use_voicemail(user)
        elif target == "ASSOCIATE":
            if number is not None:
                associate = self._destination(user, number, "INVALID_OVERFLOW_ROUTE", "ASSOCIATE")
            if associate is None:
                raise bad_route(
                    "BAD_PARAMETER_VALUE", "INVALID_OVERFLOW_ROUTE", f"{user.login} has no associate.", target
                )
        else:
            raise bad_route(
                "BAD_PARAMETER_VALUE", "INVALID_OVERFLOW_ROUTE", f"An overflow cannot lead to {target}.", target
            )
        changed = associate != user.associate
        with self._acting():
            user.associate = associate
            self._set(user, "overflow", Route(condition, target, associate if target == "ASSOCIATE" else None), changed)

    def cancel_overflow(self, login: str) -> None:
        """Cancel the overflow."""
        self._set(self.user(login), "overflow", None)

    def _set(self, user: User, name: str, route: Route | None, changed: bool = False) -> None:
        if getattr(user, name) == route and not changed:
            return
        with self._acting():
            setattr(user, name, route)
            self._after.append(RoutingChange(login=user.login))

    def _may_use_voicemail(self, user: User) -> None:
        if not user.voicemail:
            raise bad_route("UNAUTHORIZED", "UNAUTHORIZED_PHONE_NUMBER", f"{user.login} has no voicemail.", "VOICEMAIL")

    def _destination(self, user: User, number: str | None, invalid: str, kind: str = "NUMBER") -> str:
        """Return the number of a route as it is dialled; refuses an invalid one."""
        if not number:
            raise bad_route("BAD_PARAMETER_VALUE", "NULL_OR_EMPTY_PARAMETER", "The destination has no number.", kind)
        if not well_formed(number):
            raise bad_route(
                "BAD_PARAMETER_VALUE",
                "BAD_PHONE_NUMBER_FORMAT",
                f"{number!r} is no number: an optional +, then 1 to 49 of 0-9 A-D * # ( ) and space.",
                kind,
            )
        dialled = bare(number)
        if self.by_number(dialled) is user:
            raise bad_route(
                "UNAUTHORIZED", "UNAUTHORIZED_PHONE_NUMBER", f"{number} is {user.login}'s own number.", kind
            )
        if dialled in self.voicemail_numbers or dialled == self.settings.dva_number:
            raise bad_route("UNAUTHORIZED", "UNAUTHORIZED_PHONE_NUMBER", f"{number} is the number of a service.", kind)
        if not self.known(dialled):
            longer = any(other.startswith(dialled) for other in (*self._numbers, *self.groups))
            raise bad_route(
                "INCOMPLETE_PHONE_NUMBER" if longer else "UNKNOWN_PHONE_NUMBER",
                invalid,
                f"{number} is not complete." if longer else f"{number} is not a number of this system.",
                kind,
            )
        return dialled

    def _no_loop(self, user: User, route: Route) -> None:
        """Refuse a forward that leads back to the user through those of others."""
        seen = {user.login}
        number = route.number
        while number is not None:
            other = self.by_number(number)
            if other is None:
                return
            if other.login in seen:
                raise SwitchError(
                    "BAD_PARAMETER_VALUE",
                    "INVALID_FORWARD_ROUTE",
                    f"{route.number} is forwarded back to {user.login}.",
                    routing=True,
                    destination="NUMBER",
                )
            seen.add(other.login)
            number = other.forward.number if other.forward is not None and other.forward.target == "NUMBER" else None
