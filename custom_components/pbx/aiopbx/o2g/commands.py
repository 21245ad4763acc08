"""What the model may ask of O2G: each a check, or one request with its body."""

from collections.abc import Callable, Container
from typing import Final, Protocol

from ..errors import InvalidInput
from ..model import CallSnapshot, Condition, LineSnapshot, Target
from ..ports import DialOptions, Refusing
from ..records import AcdCall, CallbackRequest, NodesSnapshot
from . import rules
from .centre import CentreState
from .client import O2gClient
from .parts.administration import O2gCallRecording, O2gCharging, O2gIncidents, O2gUsers
from .parts.agents import O2gAgents
from .parts.call_centre import O2gFigures
from .parts.call_log import O2gCallLog
from .parts.centre_reports import O2gReports
from .parts.centre_statistics import O2gCentreStatistics
from .parts.directory import O2gDirectory
from .parts.objects import O2gNodes, O2gObjects
from .parts.pilots import O2gPilots, O2gWaiting
from .parts.routing_points import O2gRoutingPoints
from .parts.telephones import O2gDesk, O2gTelephones
from .parts.voicemail import O2gVoicemail
from .queries import hexadecimal
from .records import party_of
from .reducer import Reduced
from .types.overview import DestinationType
from .types.routing import (
    Destination,
    ForwardRoute,
    ForwardType,
    OverflowRoute,
    OverflowType,
    PresentationRoute,
    SetForwardRouteRequest,
    SetOverflowRoutesRequest,
    SetRoutesRequest,
)
from .types.telephony import (
    AcdCallParam,
    ACRSkill,
    ACRSkills,
    AlternateRequest,
    AnswerRequest,
    BlindTransferRequest,
    CallbackRequest as CallbackBody,
    HoldRequest,
    MakeBasicCallRequest,
    MakeCallRequest,
    MergeRequest,
    ParkRequest,
    PickupRequest,
    ReconnectRequest,
    RedirectRequest,
    RetrieveRequest,
    SendAccountInfoRequest,
    SendAssociatedDataRequest,
    SendDtmfRequest,
    SwitchDeviceRequest,
    TransferRequest,
    UnParkRequest,
)
from .types.users import EventSummary

_TARGET: Final = {
    Target.NUMBER: DestinationType.NUMBER,
    Target.VOICEMAIL: DestinationType.VOICEMAIL,
    Target.ASSOCIATE: DestinationType.ASSOCIATE,
}
_ONLY_ADVANCED: Final = (
    "associated_data",
    "calling_number",
    "inhibit_progress_tone",
    "pin",
    "secret_code",
    "business_code",
    "acd",
)


class O2gChecks:
    """What can be checked before anything is sent."""

    def check_number(self, number: str, *, field: str = "number") -> None:
        """Raise ``InvalidInput`` if O2G cannot dial this number."""
        rules.check_number(number, field=field)

    def check_digits(self, digits: str, *, field: str = "digits") -> None:
        """Raise ``InvalidInput`` if these are not DTMF digits."""
        rules.check_dtmf(digits, field=field)

    def check_data(self, data: str, *, field: str = "data") -> None:
        """Raise ``InvalidInput`` if this is more than 32 bytes."""
        rules.check_associated_data(data, field=field)

    def check_dial(self, line: LineSnapshot, options: DialOptions) -> None:
        """Raise ``InvalidInput`` if the options do not go together."""
        private = options.pin is not None or options.secret_code is not None
        for field, value in (
            ("pin", options.pin),
            ("secret_code", options.secret_code),
            ("business_code", options.business_code),
        ):
            if value is not None and not value.strip():
                remedy = "Give the code, or leave it out for a regular call."
                raise InvalidInput(field, "is empty.", remedy=remedy, reason="code_empty")
        if private and (options.pin is None or options.secret_code is None):
            missing = "pin" if options.pin is None else "secret_code"
            remedy = "A private call needs both pin and secret_code."
            raise InvalidInput(missing, "is missing.", remedy=remedy, reason="private_call")
        if private and options.business_code is not None:
            raise InvalidInput(
                "business_code",
                "does not go with a private call.",
                remedy="Give pin and secret_code, or business_code.",
                reason="private_or_business",
            )
        if options.associated_data is not None:
            if private or options.business_code is not None:
                kind = "private" if private else "business"
                problem = f"does not go with a {kind} call."
                raise InvalidInput("associated_data", problem, remedy="Leave it out.", reason="data_and_code")
            rules.check_associated_data(options.associated_data, field="associated_data")
        if options.calling_number is not None:
            rules.check_number(options.calling_number, field="calling_number")
        if options.acd is not None and private:
            raise InvalidInput(
                "acd",
                "does not go with a private call.",
                remedy="Leave it, or the codes, out.",
                reason="call_center_and_code",
            )


class LineUpdates(Protocol):
    """Applies what requests find out about lines."""

    def counted(self, line: LineSnapshot, summary: EventSummary) -> None:
        """New counters of a line."""

    def changed(self, login: str, change: Callable[[LineSnapshot], Reduced]) -> None:
        """How a line changes."""

    def lacks(self, login: str | None, licence: str) -> None:
        """A user, or the account, lacks a licence."""


class O2gCommands(Refusing, O2gChecks):
    """The requests, through one client."""

    def __init__(
        self,
        client: O2gClient,
        *,
        basic: Container[str],
        updates: LineUpdates,
        nodes_read: Callable[[NodesSnapshot], None],
        centre: CentreState,
    ) -> None:
        """Ask this client; ``basic`` are the logins with the basic licence only."""
        self._client = client
        self._basic = basic
        self._counted = updates.counted
        self.voicemail = O2gVoicemail(client, updates.lacks)
        self.call_log = O2gCallLog(client, updates.lacks)
        self.agents = O2gAgents(client, updates.lacks, updates.changed)
        self.directory = O2gDirectory(client, updates.lacks)
        self.nodes = O2gNodes(client, updates.lacks, nodes_read)
        self.telephones = O2gTelephones(client, updates.lacks)
        self.objects = O2gObjects(client, updates.lacks)
        self.desk = O2gDesk(client, updates.lacks)
        self.figures = O2gFigures(client, updates.lacks, centre)
        self.pilots = O2gPilots(client, updates.lacks)
        self.waiting = O2gWaiting(client, updates.lacks, centre)
        self.routing_points = O2gRoutingPoints(client, updates.lacks, centre)
        self.centre_statistics = O2gCentreStatistics(client, updates.lacks)
        self.reports = O2gReports(client, updates.lacks, self.centre_statistics)
        self.charging = O2gCharging(client, updates.lacks)
        self.incidents = O2gIncidents(client, updates.lacks)
        self.users = O2gUsers(client, updates.lacks)
        self.call_recording = O2gCallRecording(client, updates.lacks)

    def _as(self, line: LineSnapshot) -> str | None:
        """The login name that an administrator's request needs."""
        return line.id if self._client.administrator else None

    async def dial(self, line: LineSnapshot, number: str, options: DialOptions) -> str | None:
        """``POST /telephony/calls``, or ``/telephony/basicCall`` with the basic licence."""
        device = options.device or line.number
        if line.id in self._basic:
            for field in _ONLY_ADVANCED:
                if getattr(options, field) is not None:
                    raise InvalidInput(
                        field,
                        "needs the licence TELEPHONY_ADVANCED.",
                        remedy="Leave it out for a regular call.",
                        reason="licence",
                        licence="TELEPHONY_ADVANCED",
                    )
            return await self._client.telephony.basic_call(
                MakeBasicCallRequest(device_id=device, callee=number, auto_answer=options.auto_answer)
            )
        return await self._client.telephony.make_call(
            MakeCallRequest(
                device_id=device,
                callee=number or None,
                # The codes of private and business calls go without any other option.
                auto_answer=options.auto_answer if options.pin is None and options.business_code is None else None,
                inhibit_progress_tone=options.inhibit_progress_tone,
                associated_data=options.associated_data,
                hexa_binary_associated_data=hexadecimal(options.associated_data),
                pin=options.pin,
                secret_code=options.secret_code,
                business_code=options.business_code,
                calling_number=options.calling_number,
                acd_call=_acd_call(options.acd),
            ),
            login_name=self._as(line),
        )

    async def consult(self, line: LineSnapshot, held: CallSnapshot, number: str, options: DialOptions) -> str | None:
        """``POST /telephony/calls``: the server holds the call that talks by itself."""
        return await self.dial(line, number, options)

    async def answer(self, line: LineSnapshot, call: CallSnapshot | None, device: str) -> None:
        """``POST …/answer``."""
        if call is None:
            await self._client.telephony.basic_call_answer(AnswerRequest(device_id=device))
        else:
            await self._client.telephony.answer(call.ref, AnswerRequest(device_id=device))

    async def leave(self, line: LineSnapshot, call: CallSnapshot | None) -> None:
        """``POST …/dropme``."""
        if call is None:
            await self._client.telephony.basic_call_drop_me(login_name=self._as(line))
        else:
            await self._client.telephony.drop_me(call.ref, login_name=self._as(line))

    async def end(self, line: LineSnapshot, call: CallSnapshot) -> None:
        """``DELETE /telephony/calls/{callRef}``."""
        await self._client.telephony.release_call(call.ref, login_name=self._as(line))

    async def hold(self, line: LineSnapshot, call: CallSnapshot, device: str) -> None:
        """``POST …/hold``."""
        await self._client.telephony.hold(call.ref, HoldRequest(device_id=device))

    async def retrieve(self, line: LineSnapshot, call: CallSnapshot, device: str) -> None:
        """``POST …/retrieve``."""
        await self._client.telephony.retrieve(call.ref, RetrieveRequest(device_id=device))

    async def alternate(self, line: LineSnapshot, held: CallSnapshot, device: str) -> None:
        """``POST …/alternate`` of the held call."""
        await self._client.telephony.alternate(held.ref, AlternateRequest(device_id=device))

    async def reconnect(self, line: LineSnapshot, held: CallSnapshot, enquiry: CallSnapshot, device: str) -> None:
        """``POST …/reconnect`` of the held call."""
        await self._client.telephony.reconnect(
            held.ref, ReconnectRequest(device_id=device, enquiry_call_ref=enquiry.ref), login_name=self._as(line)
        )

    async def transfer(self, line: LineSnapshot, active: CallSnapshot, held: CallSnapshot) -> None:
        """``POST …/transfer`` of the active call."""
        await self._client.telephony.transfer(
            active.ref, TransferRequest(held_call_ref=held.ref), login_name=self._as(line)
        )

    async def blind_transfer(self, line: LineSnapshot, call: CallSnapshot, number: str, anonymous: bool) -> None:
        """``POST …/blindtransfer``."""
        await self._client.telephony.blind_transfer(
            call.ref, BlindTransferRequest(transfer_to=number, anonymous=anonymous or None), login_name=self._as(line)
        )

    async def merge(self, line: LineSnapshot, active: CallSnapshot, held: CallSnapshot) -> None:
        """``POST …/merge`` of the active call."""
        await self._client.telephony.merge(active.ref, MergeRequest(held_call_ref=held.ref), login_name=self._as(line))

    async def drop(self, line: LineSnapshot, call: CallSnapshot, party: str) -> None:
        """``DELETE …/participants/{participantId}``."""
        await self._client.telephony.drop_participant(call.ref, party, login_name=self._as(line))

    async def redirect(self, line: LineSnapshot, call: CallSnapshot, to: str, anonymous: bool) -> None:
        """``POST …/redirect``."""
        await self._client.telephony.redirect(
            call.ref, RedirectRequest(redirect_to=to, anonymous=anonymous or None), login_name=self._as(line)
        )

    async def overflow_to_voicemail(self, line: LineSnapshot, call: CallSnapshot) -> None:
        """``POST …/overflowToVoiceMail``."""
        await self._client.telephony.overflow_to_voice_mail(call.ref, login_name=self._as(line))

    async def park(self, line: LineSnapshot, call: CallSnapshot, at: str | None) -> None:
        """``POST …/park``."""
        await self._client.telephony.park(call.ref, ParkRequest(park_to=at), login_name=self._as(line))

    async def unpark(self, line: LineSnapshot, device: str, from_device: str | None) -> None:
        """``POST /telephony/devices/{deviceId}/unpark``."""
        await self._client.telephony.unpark(device, UnParkRequest(un_park_from=from_device))

    async def pick_up(
        self, line: LineSnapshot, device: str, number: str, call_ref: str | None, auto_answer: bool
    ) -> None:
        """``POST /telephony/devices/{deviceId}/pickup``."""
        await self._client.telephony.pickup(
            device, PickupRequest(other_phone_number=number, other_call_ref=call_ref, auto_answer=auto_answer)
        )

    async def send_dtmf(self, line: LineSnapshot, call: CallSnapshot, device: str, digits: str) -> None:
        """``POST …/sendDtmf``."""
        await self._client.telephony.send_dtmf(call.ref, SendDtmfRequest(device_id=device, number=digits))

    async def record(self, line: LineSnapshot, call: CallSnapshot, action: str) -> None:
        """``POST …/recording?action=…``."""
        await self._client.telephony.recording(call.ref, action=action, login_name=self._as(line))

    async def attach_data(self, line: LineSnapshot, call: CallSnapshot, device: str | None, data: str) -> None:
        """``POST …/attachdata``."""
        await self._client.telephony.attach_data(
            call.ref,
            SendAssociatedDataRequest(
                device_id=device, associated_data=data, hexa_binary_associated_data=hexadecimal(data)
            ),
        )

    async def send_account_info(self, line: LineSnapshot, call: CallSnapshot, device: str | None, code: str) -> None:
        """``POST …/sendaccountinfo``."""
        await self._client.telephony.send_account_info(
            call.ref, SendAccountInfoRequest(device_id=device, account_info=code)
        )

    async def call_back(self, line: LineSnapshot, call: CallSnapshot) -> None:
        """``POST …/callback``."""
        await self._client.telephony.callback(call.ref, login_name=self._as(line))

    async def intrude(self, line: LineSnapshot, call: CallSnapshot, device: str) -> None:
        """``POST /telephony/devices/{deviceId}/intrusion``."""
        await self._client.telephony.intrude_on_call(device)

    async def toggle_microphone(self, line: LineSnapshot, device: str) -> None:
        """``PUT /telephony/devices/{deviceId}/ithmicro``."""
        await self._client.telephony.toggle_intercom_microphone(device)

    async def switch_device(self, line: LineSnapshot, call: CallSnapshot, device: str, to: str) -> None:
        """``POST …/deviceLegs/{legId}``."""
        await self._client.telephony.switch_device(call.ref, device, SwitchDeviceRequest(other_device_id=to))

    async def set_do_not_disturb(self, line: LineSnapshot, on: bool) -> None:
        """``POST`` or ``DELETE /routing/dnd``."""
        if on:
            await self._client.routing.set_dnd(login_name=self._as(line))
        else:
            await self._client.routing.cancel_dnd(login_name=self._as(line))

    async def set_forward(self, line: LineSnapshot, target: Target, condition: Condition, number: str | None) -> None:
        """``POST /routing/forwardroute``; an immediate forward has no type."""
        kind = None if condition is Condition.IMMEDIATE else ForwardType(condition.value.upper())
        route = ForwardRoute(forward_type=kind, destinations=(Destination(type=_TARGET[target], number=number),))
        await self._client.routing.set_forward_route(
            SetForwardRouteRequest(forward_route=route), login_name=self._as(line)
        )

    async def cancel_forward(self, line: LineSnapshot) -> None:
        """``DELETE /routing/forwardroute``."""
        await self._client.routing.cancel_forward_route(login_name=self._as(line))

    async def set_overflow(self, line: LineSnapshot, target: Target, condition: Condition, number: str | None) -> None:
        """``POST /routing/overflowroute``."""
        route = OverflowRoute(
            overflow_type=OverflowType(condition.value.upper()),
            destinations=(Destination(type=_TARGET[target], number=number),),
        )
        await self._client.routing.set_overflow_routes(
            SetOverflowRoutesRequest(overflow_routes=(route,)), login_name=self._as(line)
        )

    async def cancel_overflow(self, line: LineSnapshot) -> None:
        """``DELETE /routing/overflowroute``."""
        await self._client.routing.cancel_overflow_routes(login_name=self._as(line))

    async def set_remote_extension(self, line: LineSnapshot, on: bool) -> None:
        """``POST /routing`` with a presentation route to MOBILE."""
        route = PresentationRoute(destinations=(Destination(type=DestinationType.MOBILE, selected=on),))
        await self._client.routing.set_routes(SetRoutesRequest(presentation_routes=(route,)), login_name=self._as(line))

    async def request_call_back(self, line: LineSnapshot, number: str) -> None:
        """``POST /telephony/outgoingCallbacks``."""
        await self._client.telephony.request_callback(CallbackBody(callee=number), login_name=self._as(line))

    async def callbacks(self, line: LineSnapshot) -> tuple[CallbackRequest, ...]:
        """``GET /telephony/incomingCallbacks``."""
        answer = await self._client.telephony.incoming_callbacks(login_name=self._as(line))
        requests = []
        for one in answer.callbacks:
            party = party_of(one.party_info) if one.party_info is not None else None
            requests.append(
                CallbackRequest(
                    id=one.callback_id or "",
                    number=party.number if party is not None else None,
                    name=party.name if party is not None else None,
                )
            )
        return tuple(requests)

    async def delete_callbacks(self, line: LineSnapshot, id: str | None) -> None:
        """``DELETE /telephony/incomingCallbacks`` or one of them."""
        if id is None:
            await self._client.telephony.delete_incoming_callbacks(login_name=self._as(line))
        else:
            await self._client.telephony.delete_incoming_callback(id, login_name=self._as(line))

    async def refresh_counters(self, line: LineSnapshot) -> None:
        """``GET /eventSummary``."""
        self._counted(line, await self._client.event_summary.event_summary(login_name=self._as(line)))


def _acd_call(acd: AcdCall | None) -> AcdCallParam | None:
    if acd is None:
        return None
    skills = tuple(
        ACRSkill(skill_number=one.number, acr_status=one.active, expert_eval_level=one.level) for one in acd.skills
    )
    return AcdCallParam(
        supervised_transfer=acd.supervised_transfer or None,
        call_to_supervisor=acd.to_supervisor or None,
        skills=ACRSkills(skills=skills) if skills else None,
    )
