"""A user's desk: languages, password, shared sets, hunting groups, short texts."""

from .core import LineHandle
from .errors import InvalidInput
from .loops import owned
from .model import Feature
from .records import HuntingGroups, Languages, Preferences, Text


class Desk(LineHandle):
    """What a line can do at its user's desk."""

    __slots__ = ()

    @owned
    async def preferences(self) -> Preferences:
        """The user's languages. O2G: GET /users/{loginName}/preferences."""
        return await self._commands_for(Feature.PREFERENCES).desk.preferences(self.snapshot)

    @owned
    async def set_preferences(self, *, gui_language: str | None = None, telephone_language: str | None = None) -> None:
        """Change the languages that are given. O2G: POST /users/{loginName}/preferences."""
        wanted = Preferences(gui_language=gui_language, telephone_language=telephone_language)
        if wanted == Preferences():
            raise InvalidInput("gui_language", "nothing is given.", remedy="Give one of the two languages.")
        await self._commands_for(Feature.PREFERENCES).desk.set_preferences(self.snapshot, wanted)

    @owned
    async def languages(self) -> Languages:
        """The languages that may be chosen. O2G: GET /users/{loginName}/preferences/supportedLanguages."""
        return await self._commands_for(Feature.PREFERENCES).desk.languages(self.snapshot)

    @owned
    async def change_password(self, old: str, new: str) -> None:
        """Change the user's password. O2G: PUT /users/{loginName}/password."""
        await self._commands_for(Feature.PREFERENCES).desk.change_password(self.snapshot, old, new)

    @owned
    async def share_desk(self, set: str) -> None:
        """Log on at a shared set, which is the user's telephone then. O2G: POST /telephony/deskSharing."""
        number = self._read_number(set, field="set").wire
        await self._commands_for(Feature.DESK_SHARING).desk.share_desk(self.snapshot, number)

    @owned
    async def leave_desk(self) -> None:
        """Log off from the shared set. O2G: DELETE /telephony/deskSharing."""
        await self._commands_for(Feature.DESK_SHARING).desk.share_desk(self.snapshot, None)

    @owned
    async def hunting_groups(self) -> HuntingGroups:
        """The hunting groups of the node, and the user's. O2G: GET /telephony/huntingGroups."""
        return await self._commands_for(Feature.HUNTING_GROUPS).desk.hunting_groups(self.snapshot)

    @owned
    async def join_hunting_group(self, number: str) -> None:
        """Become a member of a hunting group. O2G: POST /telephony/huntingGroupMember/{hgNumber}."""
        number = self._read_number(number).wire
        await self._commands_for(Feature.HUNTING_GROUPS).desk.set_hunting_group_member(self.snapshot, number, True)

    @owned
    async def leave_hunting_group(self, number: str) -> None:
        """Be a member no longer. O2G: DELETE /telephony/huntingGroupMember/{hgNumber}."""
        number = self._read_number(number).wire
        await self._commands_for(Feature.HUNTING_GROUPS).desk.set_hunting_group_member(self.snapshot, number, False)

    @owned
    async def set_hunting_group_logged_on(self, on: bool) -> None:
        """Have calls of the hunting group, or not. O2G: POST or DELETE /telephony/huntingGroupLogOn."""
        await self._commands_for(Feature.HUNTING_GROUPS).desk.set_hunting_group_logged_on(self.snapshot, on)

    @owned
    async def send_text(self, number: str, text: str) -> None:
        """Send a short text to another user. O2G: POST /telephony/miniMessages."""
        number = self._read_number(number).wire
        if not text.strip():
            raise InvalidInput("text", "is empty.", remedy="Say something.", reason="text_empty")
        await self._commands_for(Feature.TEXTS).desk.send_text(self.snapshot, number, text)

    @owned
    async def read_text(self) -> Text | None:
        """Read the newest text **and erase it**: the system gives each only once; None if none is left.

        O2G: GET /telephony/miniMessages, never repeated: where it is not answered, the text may be lost.
        """
        return await self._commands_for(Feature.TEXTS).desk.read_text(self.snapshot)
