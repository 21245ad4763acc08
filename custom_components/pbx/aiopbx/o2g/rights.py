"""What is known of the users' licences and rights. It outlives connections."""

import logging
from collections.abc import Iterable

from ..model import Feature, LineSnapshot
from .features import ADVANCED_LICENCE, features_of
from .types.routing import Capabilities

_LOG = logging.getLogger(__name__)


class Rights:
    """Who has which licence, and who may change what of the own routing."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self.basic: set[str] = set()
        """Logins that are known not to have the advanced licence."""
        self._lacking: dict[str, set[str]] = {}
        """Licences other than for telephony that are known to be missing, and for which logins."""
        self.account_lacks: set[str] = set()
        """Those that the account itself lacks."""
        self._told_extras = False
        self._routing: dict[str, Capabilities] = {}
        self._shared: dict[Capabilities, Capabilities] = {}
        self._told = False

    def mark_basic(self, logins: Iterable[str]) -> None:
        """Remember that these have the basic licence only, and say so once."""
        self.basic.update(logins)
        if self.basic and not self._told:
            self._told = True
            _LOG.warning(
                "%s of the lines have no licence %s: they can dial, answer and hang up, and show no calls",
                len(self.basic),
                ADVANCED_LICENCE,
            )

    def lacks(self, login: str | None, licence: str) -> None:
        """Remember a licence that a user, or the account, was refused something for."""
        if login is None:
            self.account_lacks.add(licence)
        else:
            self._lacking.setdefault(licence, set()).add(login)

    def lacking(self, login: str) -> tuple[str, ...]:
        """The licences other than for telephony that a user is known to lack."""
        return tuple(licence for licence, logins in self._lacking.items() if login in logins)

    def forgive(self) -> None:
        """Forget who lacks what beside telephony: with a new connection it is tried again."""
        self._lacking.clear()
        self.account_lacks.clear()

    def without_extras(self, refusal: str) -> None:
        """Say once that calls are seen, and other events are not."""
        if not self._told_extras:
            self._told_extras = True
            _LOG.warning(
                "The server refuses the events of agents, the call log and the system%s; the others come",
                f" ({refusal})" if refusal else "",
            )

    def learn(self, login: str, rights: Capabilities) -> None:
        """Remember what a user may change. Most may the same, so that one object serves them all."""
        self._routing[login] = self._shared.setdefault(rights, rights)

    def forget(self, login: str) -> None:
        """Forget a user who is gone."""
        self.basic.discard(login)
        self._routing.pop(login, None)
        for logins in self._lacking.values():
            logins.discard(login)

    def features_of(self, line: LineSnapshot) -> frozenset[Feature]:
        """What this line can do, as far as that is known."""
        return features_of(
            line,
            basic=line.id in self.basic,
            rights=self._routing.get(line.id),
            lacking=self.lacking(line.id),
        )
