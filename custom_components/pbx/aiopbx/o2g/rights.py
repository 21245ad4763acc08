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

    def learn(self, login: str, rights: Capabilities) -> None:
        """Remember what a user may change. Most may the same, so that one object serves them all."""
        self._routing[login] = self._shared.setdefault(rights, rights)

    def forget(self, login: str) -> None:
        """Forget a user who is gone."""
        self.basic.discard(login)
        self._routing.pop(login, None)

    def features_of(self, line: LineSnapshot) -> frozenset[Feature]:
        """What this line can do, as far as that is known."""
        return features_of(line, basic=line.id in self.basic, rights=self._routing.get(line.id))
