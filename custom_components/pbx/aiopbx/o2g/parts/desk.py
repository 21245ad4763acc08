"""Preferences, shared sets, hunting groups and mini messages on O2G."""

from ...desk import HuntingGroups, Languages, Preferences, Text
from ...errors import RequestRefused, SessionLost
from ...model import LineSnapshot
from ..records import moment
from ..types.telephony import DSLogOnRequest, MiniMessageRequest
from ..types.users import ChangePasswordRequest, UserPreferences
from . import Part


class O2gDesk(Part):
    """What belongs to a user's desk."""

    async def preferences(self, line: LineSnapshot) -> Preferences:
        """``GET /users/{loginName}/preferences``."""
        told = await self._client.users.preferences(line.id)
        return Preferences(gui_language=told.gui_language, telephone_language=told.oxe_language)

    async def set_preferences(self, line: LineSnapshot, preferences: Preferences) -> None:
        """``POST /users/{loginName}/preferences``."""
        await self._client.users.update_preferences(
            line.id,
            UserPreferences(gui_language=preferences.gui_language, oxe_language=preferences.telephone_language),
        )

    async def languages(self, line: LineSnapshot) -> Languages:
        """``GET /users/{loginName}/preferences/supportedLanguages``."""
        told = await self._client.users.supported_languages(line.id)
        return Languages(gui=told.supported_gui_languages, telephone=told.supported_languages)

    async def change_password(self, line: LineSnapshot, old: str, new: str) -> None:
        """``PUT /users/{loginName}/password``."""
        await self._client.users.change_password(line.id, ChangePasswordRequest(old_password=old, new_password=new))

    async def share_desk(self, line: LineSnapshot, set: str | None) -> None:
        """``POST`` or ``DELETE /telephony/deskSharing``."""
        if set is None:
            await self._client.telephony.desk_sharing_log_off(login_name=self._as(line))
        else:
            await self._client.telephony.desk_sharing_log_on(
                DSLogOnRequest(dss_device_number=set), login_name=self._as(line)
            )

    async def hunting_groups(self, line: LineSnapshot) -> HuntingGroups:
        """``GET /telephony/huntingGroups``."""
        told = await self._client.telephony.hunting_groups(login_name=self._as(line))
        return HuntingGroups(groups=told.hg_list, own=told.current_hg or None)

    async def set_hunting_group_member(self, line: LineSnapshot, group: str, on: bool) -> None:
        """``POST`` or ``DELETE /telephony/huntingGroupMember/{hgNumber}``."""
        telephony = self._client.telephony
        await (telephony.join_hunting_group if on else telephony.leave_hunting_group)(group, login_name=self._as(line))

    async def set_hunting_group_logged_on(self, line: LineSnapshot, on: bool) -> None:
        """``POST`` or ``DELETE /telephony/huntingGroupLogOn``."""
        telephony = self._client.telephony
        await (telephony.hunting_group_log_on if on else telephony.hunting_group_log_off)(login_name=self._as(line))

    async def send_text(self, line: LineSnapshot, number: str, text: str) -> None:
        """``POST /telephony/miniMessages``."""
        await self._client.telephony.send_mini_message(
            MiniMessageRequest(recipient=number, message=text), login_name=self._as(line)
        )

    async def read_text(self, line: LineSnapshot) -> Text | None:
        """``GET /telephony/miniMessages``, which erases it; a refusal with 400 says that none is left."""
        try:
            told = await self._client.telephony.mini_message(login_name=self._as(line))
        except SessionLost:
            raise
        except RequestRefused as error:
            if error.status == 400:
                return None
            raise
        return Text(sender=told.sender, text=told.message or "", at=moment(told.date))
