"""Phone-set programming on O2G."""

from collections.abc import Awaitable
from typing import TypeVar

from ...model import LineSnapshot
from ...telephone import Key, Pin, TelephoneState
from ..operations import API_PHONESETPROG
from ..types import phone_set as wire
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
        told = await self._ask(line, read(line.id, device))
        return tuple(
            Key(position=one.position, number=one.number or None, label=one.mnemonic or None, locked=one.locked)
            for one in told.pkeys
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
        told = await self._ask(line, self._client.phone_set_programming.soft_keys(line.id, device))
        return tuple(
            Key(position=one.position, number=one.number or None, label=one.mnemonic or None)
            for one in told.skeys
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
        told = await self._ask(line, self._client.phone_set_programming.dynamic_state(line.id, device))
        return TelephoneState(locked=told.lock, camp_on=told.campon, associate=told.associate or None)

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
        told = await self._ask(line, self._client.phone_set_programming.pin(line.id, device))
        return Pin(
            number=told.pin_number,
            with_secret_code=told.with_secret_code,
            control=told.pin_type_of_control,
            group=told.pin_group,
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
        told = await self._ask(line, self._client.phone_set_programming.addons(line.id, device))
        return tuple(one.value for one in told.addon_types if one != wire.AddonType.NO_EXTENSIONS)

    async def remote_extension(self, line: LineSnapshot, device: str) -> bool | None:
        """``GET …/REActiveState``."""
        told = await self._ask(line, self._client.phone_set_programming.remote_extension_state(line.id, device))
        return told.active

    async def set_remote_extension(self, line: LineSnapshot, device: str, on: bool) -> None:
        """``PUT …/REActive``."""
        service = self._client.phone_set_programming
        await self._ask(line, service.activate_remote_extension(line.id, device, activate=on))

    async def prefix(self, line: LineSnapshot, type: str, value: str) -> str | None:
        """``GET /users/{loginName}/prefixes``."""
        told = await self._ask(line, self._client.phone_set_programming.prefix(line.id, type=type, value=value))
        return told.number or told.value or None
