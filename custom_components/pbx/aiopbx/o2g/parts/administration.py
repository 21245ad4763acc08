"""What administrators of the nodes see and change: costs, incidents, users, recorders."""

from contextlib import suppress
from datetime import date, datetime

from ...administration import CallRecorder, ChargingFile, ChargingTicket, Incident, ManagedUser, RecordedDevice
from ...model import LineSnapshot
from ..types import analytics as wire
from ..types.base import ANALYTICS
from ..types.recording import (
    RecordedDevice as WireDevice,
    RecorderInfo,
    RecordingRequest,
    RecordingStartType,
    StartRecordingRequest,
)
from ..types.user_management import CreateUsersRequest
from ..types.users import User
from . import Part


class O2gCharging(Part):
    """Charging tickets, for administrators. The server fetches them from the node over SSH."""

    async def tickets(
        self, node: int, first: date | None, last: date | None, files: tuple[str, ...], top: int | None, free: bool
    ) -> tuple[ChargingTicket, ...]:
        """``GET /charging``."""
        answer = await self._licensed(
            None,
            ANALYTICS,
            self._client.analytics.charging(
                node_id=node, from_date=first, to_date=last, files=files or None, top=top, all=free or None
            ),
        )
        return tuple(_ticket(one) for one in answer.chargings)

    async def files(self, node: int, first: date | None, last: date | None) -> tuple[ChargingFile, ...]:
        """``GET /charging/files``."""
        answer = await self._licensed(
            None, ANALYTICS, self._client.analytics.charging_files(node_id=node, from_date=first, to_date=last)
        )
        return tuple(ChargingFile(name=one.name, date=one.date, time=one.time) for one in answer.files if one.name)


class O2gIncidents(Part):
    """Incidents, for administrators. The server fetches them from the node over SSH."""

    async def list(self, node: int, last: int | None) -> tuple[Incident, ...]:
        """``GET /incidents``."""
        answer = await self._licensed(None, ANALYTICS, self._client.analytics.incidents(node_id=node, last=last))
        return tuple(_incident(one) for one in answer.incidents)


class O2gUsers(Part):
    """Which subscribers are users of the server, for administrators."""

    async def logins(self, nodes: tuple[str, ...], device: str | None) -> tuple[str, ...]:
        """``GET`` of the service UserManagement."""
        service = self._client.user_management
        return (await service.managed_logins(node_ids=nodes or None, device_number=device)).login_names

    async def read(self, login: str) -> ManagedUser:
        """``GET /{loginName}``."""
        return _user(await self._client.user_management.managed_user(login), login)

    async def create(self, node: int, numbers: tuple[str, ...]) -> tuple[ManagedUser, ...]:
        """``POST``, with the numbers or ``all``."""
        body = CreateUsersRequest(node_id=node, device_numbers=numbers, all=None if numbers else True)
        answer = await self._client.user_management.create_users(body)
        return tuple(_user(one, one.login_name or "") for one in answer.users)

    async def delete(self, login: str) -> None:
        """``DELETE /{loginName}``."""
        await self._client.user_management.delete_user(login)


class O2gCallRecording(Part):
    """Recorders that record on demand; a user asks for the own telephones."""

    async def devices(self) -> tuple[str, ...]:
        """``GET /devices``."""
        return (await self._client.recording.recording_devices()).recording_devices

    async def device(self, number: str, line: LineSnapshot | None) -> RecordedDevice:
        """``GET /devices/{deviceId}``."""
        login = None if line is None else self._as(line)
        return _device(await self._client.recording.recorded_device(number, login_name=login), number)

    async def recorders(self) -> tuple[CallRecorder, ...]:
        """``GET /status``."""
        return tuple(_recorder(one) for one in (await self._client.recording.recording_status()).recorders)

    async def start(self, line: LineSnapshot, device: str, call_ref: str, entire: bool | None) -> RecordedDevice:
        """``POST /devices/{deviceId}/start``."""
        kind = None
        if entire is not None:
            kind = RecordingStartType.RECORD_ENTIRE_CALL if entire else RecordingStartType.RECORD_FROM_NOW
        body = StartRecordingRequest(call_ref=call_ref, start_type=kind)
        said = await self._client.recording.start_recording(device, body, login_name=self._as(line))
        return _device(said, device)

    async def pause(self, line: LineSnapshot, device: str, call_ref: str) -> RecordedDevice:
        """``POST /devices/{deviceId}/pause``."""
        body = RecordingRequest(call_ref=call_ref)
        return _device(await self._client.recording.pause_recording(device, body, login_name=self._as(line)), device)

    async def resume(self, line: LineSnapshot, device: str, call_ref: str) -> RecordedDevice:
        """``POST /devices/{deviceId}/resume``."""
        body = RecordingRequest(call_ref=call_ref)
        return _device(await self._client.recording.resume_recording(device, body, login_name=self._as(line)), device)


def _ticket(said: wire.Charging) -> ChargingTicket:
    facilities = [
        str(one)
        for some in (said.internal_facilities, said.external_facilities)
        if some is not None
        for one in some.facilities
    ]
    started = None
    with suppress(ValueError):
        started = datetime.strptime(said.start_date or "", "%Y%m%d %H:%M:%S")  # noqa: DTZ007
    return ChargingTicket(
        caller=said.caller,
        name=said.name,
        called=said.called,
        dialled=said.initial_dialled_number,
        started=started,
        duration=said.duration,
        talk_duration=said.effective_call_duration,
        cost=said.cost,
        units=said.charging_units,
        type=str(said.call_type) if said.call_type is not None else None,
        facilities=tuple(facilities),
    )


def _incident(said: wire.Incident) -> Incident:
    at = None
    with suppress(ValueError):
        at = datetime.strptime(f"{(said.date or '').strip()} {(said.hour or '').strip()}", "%d/%m/%y %H:%M:%S")  # noqa: DTZ007
    number = (said.value or "").strip()
    return Incident(
        number=int(number) if number.isascii() and number.isdecimal() else None,
        at=at,
        severity=said.severity,
        text=said.type,
        count=said.nb_occurs,
        node=(said.node or "").strip() or None,
        main=said.main,
        rack=said.rack,
        board=said.board,
        equipment=said.equipment if said.equipment is not None else said.equipement,
        termination=said.termination,
    )


def _user(said: User, login: str) -> ManagedUser:
    return ManagedUser(
        login=said.login_name or login,
        number=said.company_phone,
        first_name=said.first_name or "",
        last_name=said.last_name or "",
        node=said.node_id,
        devices=tuple(one.id for one in said.devices if one.id),
        voicemail_number=said.voicemail.number if said.voicemail is not None else None,
        email=said.e_mail_address,
    )


def _device(said: WireDevice, number: str) -> RecordedDevice:
    start = said.start_capabilities
    return RecordedDevice(
        number=said.number or number,
        on_demand=said.recordable,
        entire=None if start is None else start is RecordingStartType.RECORD_ENTIRE_CALL,
        recorders=said.recorders,
    )


def _recorder(said: RecorderInfo) -> CallRecorder:
    return CallRecorder(
        name=said.name or "",
        host=said.host or said.ip_address,
        connected=said.connected,
        status=said.status,
        secured=said.secured,
        devices=tuple(_device(one, one.number) for one in said.devices if one.number),
    )
