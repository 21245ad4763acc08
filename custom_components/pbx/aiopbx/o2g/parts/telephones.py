"""What telephones are programmed with, and the preferences of their user."""

from collections.abc import Awaitable
from typing import TypeVar

from ...errors import RequestRefused, SessionLost
from ...model import LineSnapshot
from ...records import HuntingGroups, Key, Languages, Pin, Preferences, TelephoneState, Text
from ..records import moment
from ..types import phone_set as wire
from ..types.base import API_PHONESETPROG
from ..types.telephony import DSLogOnRequest, MiniMessageRequest
from ..types.users import ChangePasswordRequest, UserPreferences
from . import Part

T = TypeVar("T")


class O2gTelephones(Part):
    """The sets of users."""

    async def _ask(self, line: LineSnapshot, ask: Awaitable[T]) -> T:
        return await self._licensed(line.id, API_PHONESETPROG, ask)

    async def keys(self, line: LineSnapshot, device: str, programmed: bool) -> tuple[Key, ...]:
        """``GET …/programmeableKeys`` or ``…/programmedKeys``."""
        service = self._client.phone_set_programming
        read = service.programmed_keys if programmed else service.programmeable_keys
        answer = await self._ask(line, read(line.id, device))
        return tuple(
            Key(position=one.position, number=one.number or None, label=one.mnemonic or None, locked=one.locked)
            for one in answer.pkeys
            if one.position is not None
        )

    async def set_key(self, line: LineSnapshot, device: str, key: Key) -> None:
        """``PUT …/programmeableKeys/{position}``."""
        body = wire.ProgrammeableKey(position=key.position, number=key.number, mnemonic=key.label, locked=key.locked)
        service = self._client.phone_set_programming
        await self._ask(line, service.set_programmeable_key(line.id, device, key.position, body))

    async def delete_key(self, line: LineSnapshot, device: str, position: int) -> None:
        """``DELETE …/programmeableKeys/{position}``."""
        service = self._client.phone_set_programming
        await self._ask(line, service.delete_programmeable_key(line.id, device, position))

    async def soft_keys(self, line: LineSnapshot, device: str) -> tuple[Key, ...]:
        """``GET …/softKeys``."""
        answer = await self._ask(line, self._client.phone_set_programming.soft_keys(line.id, device))
        return tuple(
            Key(position=one.position, number=one.number or None, label=one.mnemonic or None)
            for one in answer.skeys
            if one.position is not None
        )

    async def set_soft_key(self, line: LineSnapshot, device: str, key: Key) -> None:
        """``PUT …/softKeys/{position}``."""
        body = wire.SoftKey(position=key.position, number=key.number, mnemonic=key.label)
        service = self._client.phone_set_programming
        await self._ask(line, service.set_soft_key(line.id, device, key.position, body))

    async def delete_soft_key(self, line: LineSnapshot, device: str, position: int) -> None:
        """``DELETE …/softKeys/{position}``."""
        await self._ask(line, self._client.phone_set_programming.delete_soft_key(line.id, device, position))

    async def state(self, line: LineSnapshot, device: str) -> TelephoneState:
        """``GET …/dynamicState``."""
        answer = await self._ask(line, self._client.phone_set_programming.dynamic_state(line.id, device))
        return TelephoneState(locked=answer.lock, camp_on=answer.campon, associate=answer.associate or None)

    async def set_lock(self, line: LineSnapshot, device: str, on: bool) -> None:
        """``PUT …/lock``."""
        await self._ask(line, self._client.phone_set_programming.set_lock(line.id, device, activate=on))

    async def set_camp_on(self, line: LineSnapshot, device: str, on: bool) -> None:
        """``PUT …/campon``."""
        await self._ask(line, self._client.phone_set_programming.set_campon(line.id, device, activate=on))

    async def set_associate(self, line: LineSnapshot, device: str, number: str) -> None:
        """``PUT …/associate``."""
        body = wire.Associate(number=number)
        await self._ask(line, self._client.phone_set_programming.set_associate(line.id, device, body))

    async def pin(self, line: LineSnapshot, device: str) -> Pin:
        """``GET …/pin``."""
        answer = await self._ask(line, self._client.phone_set_programming.pin(line.id, device))
        return Pin(
            number=answer.pin_number,
            with_secret_code=answer.with_secret_code,
            control=answer.pin_type_of_control,
            group=answer.pin_group,
        )

    async def set_pin(self, line: LineSnapshot, device: str, pin: Pin) -> None:
        """``PUT …/pin``."""
        body = wire.Pin(
            pin_number=pin.number,
            with_secret_code=pin.with_secret_code,
            pin_type_of_control=pin.control,
            pin_group=pin.group,
        )
        await self._ask(line, self._client.phone_set_programming.set_pin(line.id, device, body))

    async def addons(self, line: LineSnapshot, device: str) -> tuple[str, ...]:
        """``GET …/addons``."""
        answer = await self._ask(line, self._client.phone_set_programming.addons(line.id, device))
        return tuple(one.value for one in answer.addon_types if one != wire.AddonType.NO_EXTENSIONS)

    async def remote_extension(self, line: LineSnapshot, device: str) -> bool | None:
        """``GET …/REActiveState``."""
        answer = await self._ask(line, self._client.phone_set_programming.remote_extension_state(line.id, device))
        return answer.active

    async def set_remote_extension(self, line: LineSnapshot, device: str, on: bool) -> None:
        """``PUT …/REActive``."""
        service = self._client.phone_set_programming
        await self._ask(line, service.activate_remote_extension(line.id, device, activate=on))

    async def prefix(self, line: LineSnapshot, type: str, value: str) -> str | None:
        """``GET /users/{loginName}/prefixes``."""
        answer = await self._ask(line, self._client.phone_set_programming.prefix(line.id, type=type, value=value))
        return answer.number or answer.value or None


class O2gDesk(Part):
    """What belongs to a user's desk."""

    async def preferences(self, line: LineSnapshot) -> Preferences:
        """``GET /users/{loginName}/preferences``."""
        answer = await self._client.users.preferences(line.id)
        return Preferences(gui_language=answer.gui_language, telephone_language=answer.oxe_language)

    async def set_preferences(self, line: LineSnapshot, preferences: Preferences) -> None:
        """``POST /users/{loginName}/preferences``."""
        await self._client.users.update_preferences(
            line.id,
            UserPreferences(gui_language=preferences.gui_language, oxe_language=preferences.telephone_language),
        )

    async def languages(self, line: LineSnapshot) -> Languages:
        """``GET /users/{loginName}/preferences/supportedLanguages``."""
        answer = await self._client.users.supported_languages(line.id)
        return Languages(gui=answer.supported_gui_languages, telephone=answer.supported_languages)

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
        answer = await self._client.telephony.hunting_groups(login_name=self._as(line))
        return HuntingGroups(groups=answer.hg_list, own=answer.current_hg or None)

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
            answer = await self._client.telephony.mini_message(login_name=self._as(line))
        except SessionLost:
            raise
        except RequestRefused as error:
            if error.status == 400:
                return None
            raise
        return Text(sender=answer.sender, text=answer.message or "", at=moment(answer.date or answer.date_time))
