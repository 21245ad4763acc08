"""The telephone book of O2G."""

from collections.abc import AsyncIterator

from ...filters import DirectoryFilter, field
from ...model import LineSnapshot
from ...ports import Wanted
from ...records import Contact
from ..queries import criterion_of
from ..rules import check_contact_limit, check_criterion, check_name_keys
from ..services.directory import DirectorySearch
from ..types.directory import PartyInfo
from . import Part


class O2gDirectory(Part):
    """Searches, one after the other for a user."""

    def search(self, line: LineSnapshot, wanted: Wanted) -> "O2gSearch":
        """``POST /directory/search`` or ``…/searchbydtmf``, polls, and ``DELETE`` where it is left early."""
        check_contact_limit(wanted.limit)
        directory, name = self._client.directory, self._as(line)
        if wanted.last_name_keys is not None:
            check_name_keys(wanted.last_name_keys, field="keys")
            if wanted.first_name_keys is not None:
                check_name_keys(wanted.first_name_keys, field="first_name_keys")
            return O2gSearch(
                directory.search_by_keys(
                    wanted.last_name_keys, wanted.first_name_keys, limit=wanted.limit, login_name=name
                )
            )
        what = wanted.what
        meant = beginning(what) if isinstance(what, str) or what is None else what
        check_criterion(criterion_of(meant))
        return O2gSearch(directory.search_all(meant, limit=wanted.limit, login_name=name))


class O2gSearch:
    """One search."""

    def __init__(self, search: DirectorySearch) -> None:
        """Not begun."""
        self._search = search
        self._contacts: AsyncIterator[PartyInfo] | None = None

    @property
    def complete(self) -> bool:
        """Whether the server said so."""
        return self._search.complete

    async def next(self) -> Contact | None:
        """The next contact; none is the end."""
        if self._contacts is None:
            await self._search.__aenter__()
            self._contacts = aiter(self._search)
        answer = await anext(self._contacts, None)
        return None if answer is None else _contact(answer)

    async def stop(self) -> None:
        """``DELETE /directory/search``, if it runs."""
        await self._search.close()


def beginning(word: str | None) -> DirectoryFilter:
    """Last name, first name or number that begins so."""
    word = (word or "").strip()
    meant = field("last_name").begins_with(word) | field("first_name").begins_with(word)
    if any(letter.isdigit() for letter in word):
        meant |= field("number").begins_with(word)
    return meant


def _contact(answer: PartyInfo) -> Contact:
    who = answer.id
    return Contact(
        first_name=(answer.first_name or "").strip(),
        last_name=(answer.last_name or "").strip(),
        number=who.phone_number if who is not None else None,
        login=who.login_name if who is not None else None,
        email=getattr(who, "company_email", None),
        instant_messaging=getattr(who, "instant_messaging_id", None),
    )
