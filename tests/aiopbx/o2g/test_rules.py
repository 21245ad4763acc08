"""What is refused before anything is sent."""

from typing import Any

import pytest

from aiopbx.errors import InvalidInput
from aiopbx.o2g import rules
from aiopbx.o2g.types.overview import DestinationType
from aiopbx.o2g.types.routing import (
    Destination,
    ForwardRoute,
    OverflowRoute,
    OverflowType,
    PresentationRoute,
    SetForwardRouteRequest,
    SetOverflowRoutesRequest,
    SetRoutesRequest,
)
from aiopbx.o2g.types.sessions import Filter, Selector, SubscriptionRequest
from aiopbx.o2g.types.telephony import (
    AcdCallParam,
    AnswerRequest,
    BlindTransferRequest,
    CallbackRequest,
    MakeBasicCallRequest,
    MakeCallRequest,
    MiniMessageRequest,
    ParkRequest,
    PickupRequest,
    RedirectRequest,
    SendAccountInfoRequest,
    SendAssociatedDataRequest,
    SendDtmfRequest,
)
from aiopbx.o2g.types.users import ChangePasswordRequest
from tests.aiopbx.o2g.conftest import Connect
from tests.aiopbx.o2g.o2g_server import API, O2gServer

VOICEMAIL = Destination(type=DestinationType.VOICEMAIL)


@pytest.mark.parametrize("number", ["1001", "+15550123", "0 (555) 0123", "*72#", "A1D", "1" * 49, "+" + "1" * 49])
def test_numbers(number: str) -> None:
    rules.check_number(number)


@pytest.mark.parametrize(
    "number", ["", " ", "+", "()", "alice", "1" * 50, "1+2", "++1", "1-2", "E1", "1\n", "555.0123"]
)
def test_what_is_no_number(number: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        rules.check_number(number, field="callee")
    assert caught.value.field == "callee"
    assert caught.value.remedy == rules.NUMBER_RULE


def test_associated_data_is_counted_in_bytes() -> None:
    rules.check_associated_data("x" * 32)
    rules.check_associated_data("ü" * 16)
    for data in ("x" * 33, "ü" * 17):
        with pytest.raises(InvalidInput, match="associatedData"):
            rules.check_associated_data(data)


def dial(**changes: Any) -> MakeCallRequest:
    return MakeCallRequest(**{"device_id": "1000", "callee": "1001", **changes})


@pytest.mark.parametrize(
    "request_",
    [
        dial(auto_answer=True, inhibit_progress_tone=True, calling_number="+15550123"),
        dial(associated_data="x" * 32),
        dial(pin="1234", secret_code="5678"),
        dial(business_code="42"),
        dial(callee=None, acd_call=AcdCallParam(call_to_supervisor=True)),
        dial(acd_call=AcdCallParam(supervised_transfer=True), associated_data="x"),
    ],
)
def test_calls(request_: MakeCallRequest) -> None:
    rules.check_make_call(request_)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (dial(device_id=None), "deviceId"),
        (dial(callee=None), "callee"),
        (dial(callee="alice"), "callee"),
        (dial(callee=None, acd_call=AcdCallParam(call_to_supervisor=False)), "callee"),
        (dial(calling_number="x"), "callingNumber"),
        (dial(pin="1234"), "secretCode"),
        (dial(secret_code="1234"), "pin"),
        (dial(pin="", secret_code="1"), "pin"),
        (dial(pin="1", secret_code=""), "secretCode"),
        (dial(business_code=""), "businessCode"),
        (dial(pin="1234", secret_code="1", business_code="1"), "businessCode"),
        (dial(pin="1234", secret_code="1", associated_data="x"), "associatedData"),
        (dial(business_code="1", associated_data="x"), "associatedData"),
        (dial(associated_data="x" * 33), "associatedData"),
        (dial(pin="1234", secret_code="1", acd_call=AcdCallParam()), "acdCall"),
    ],
)
def test_calls_that_cannot_be_made(request_: MakeCallRequest, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        rules.check_make_call(request_)
    assert caught.value.field == field
    assert "1234" not in str(caught.value)


REFUSED: dict[str, tuple[str, tuple[Any, ...], dict[str, Any], str]] = {
    "a call to no number": ("telephony.make_call", (dial(callee="x"),), {}, "callee"),
    "a basic call to no number": (
        "telephony.basic_call",
        (MakeBasicCallRequest(device_id="1000", callee="x"),),
        {},
        "callee",
    ),
    "a basic call from nowhere": (
        "telephony.basic_call",
        (MakeBasicCallRequest(device_id="", callee="1001"),),
        {},
        "deviceId",
    ),
    "an answer nowhere": ("telephony.answer", ("ref", AnswerRequest(device_id="")), {}, "deviceId"),
    "a transfer to no number": (
        "telephony.blind_transfer",
        ("ref", BlindTransferRequest(transfer_to="alice")),
        {},
        "transferTo",
    ),
    "a redirection to no number": (
        "telephony.redirect",
        ("ref", RedirectRequest(redirect_to="VOICEMAILS")),
        {},
        "redirectTo",
    ),
    "parking at no number": ("telephony.park", ("ref", ParkRequest(park_to="x")), {}, "parkTo"),
    "a pick-up at no number": (
        "telephony.pickup",
        ("1000", PickupRequest(other_phone_number="x")),
        {},
        "otherPhoneNumber",
    ),
    "a call-back from no number": ("telephony.request_callback", (CallbackRequest(callee=""),), {}, "callee"),
    "too much data": (
        "telephony.attach_data",
        ("ref", SendAssociatedDataRequest(associated_data="x" * 33)),
        {},
        "associatedData",
    ),
    "tones that are none": ("telephony.send_dtmf", ("ref", SendDtmfRequest(device_id="1", number="1w")), {}, "number"),
    "no tones": ("telephony.send_dtmf", ("ref", SendDtmfRequest(device_id="1", number="")), {}, "number"),
    "a code with letters": (
        "telephony.send_account_info",
        ("ref", SendAccountInfoRequest(account_info="12a")),
        {},
        "accountInfo",
    ),
    "an unknown action": ("telephony.recording", ("ref",), {"action": "begin"}, "action"),
    "an empty message": (
        "telephony.send_mini_message",
        (MiniMessageRequest(recipient="1001", message=""),),
        {},
        "message",
    ),
    "an empty reference": ("telephony.release_call", ("",), {}, "callRef"),
    "a reference that climbs": ("telephony.release_call", ("..",), {}, "callRef"),
    "an empty call-back": ("telephony.delete_incoming_callback", (" ",), {}, "callbackId"),
    "an empty login": ("telephony.calls", (), {"login_name": ""}, "loginName"),
    "nobody to find": ("users.find_user", (), {}, "companyPhone"),
    "an empty password": (
        "users.change_password",
        ("oxe1000", ChangePasswordRequest(old_password="very-secret", new_password="")),
        {},
        "newPassword",
    ),
    "a time-out of a minute": (
        "subscriptions.subscribe",
        (SubscriptionRequest(version="1.0", timeout=1),),
        {},
        "timeout",
    ),
    "no version": ("subscriptions.subscribe", (SubscriptionRequest(version=""),), {}, "version"),
    "a selector of nothing": (
        "subscriptions.subscribe",
        (SubscriptionRequest(version="1.0", filter=Filter(selectors=(Selector(ids=("oxe1000",)),))),),
        {},
        "names",
    ),
    "an update to nothing": (
        "subscriptions.update_subscription",
        (Filter(selectors=(Selector(names=("",)),)),),
        {},
        "names",
    ),
    "two forwards": (
        "routing.set_routes",
        (SetRoutesRequest(forward_routes=(ForwardRoute(),) * 2),),
        {},
        "forwardRoutes",
    ),
    "a forward to two": (
        "routing.set_forward_route",
        (SetForwardRouteRequest(forward_route=ForwardRoute(destinations=(VOICEMAIL, VOICEMAIL))),),
        {},
        "forwardRoute",
    ),
    "a forward to no number": (
        "routing.set_forward_route",
        (SetForwardRouteRequest(forward_route=ForwardRoute(destinations=(Destination(type=DestinationType.NUMBER),))),),
        {},
        "number",
    ),
    "a forward to what is none": (
        "routing.set_forward_route",
        (
            SetForwardRouteRequest(
                forward_route=ForwardRoute(destinations=(Destination(type=DestinationType.NUMBER, number="alice"),))
            ),
        ),
        {},
        "number",
    ),
    "a forward to nothing said": (
        "routing.set_forward_route",
        (SetForwardRouteRequest(forward_route=ForwardRoute(destinations=(Destination(),))),),
        {},
        "forwardRoute.type",
    ),
    "no overflow": ("routing.set_overflow_routes", (SetOverflowRoutesRequest(),), {}, "overflowRoutes"),
    "an overflow at no time": (
        "routing.set_overflow_routes",
        (SetOverflowRoutesRequest(overflow_routes=(OverflowRoute(destinations=(VOICEMAIL,)),)),),
        {},
        "overflowType",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_nothing_is_sent(case: str, connect: Connect, server: O2gServer) -> None:
    client = await connect()
    name, arguments, keywords, field = REFUSED[case]
    service, method = name.split(".")
    before = len(server.requests)
    with pytest.raises(InvalidInput) as caught:
        await getattr(getattr(client, service), method)(*arguments, **keywords)
    assert caught.value.field == field
    assert "very-secret" not in str(caught.value)
    assert len(server.requests) == before


async def test_what_is_allowed_is_sent(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    await client.telephony.redirect("ref", RedirectRequest(redirect_to="VOICEMAIL"))
    await client.telephony.redirect("ref", RedirectRequest(redirect_to="DVA", anonymous=True))
    await client.telephony.park("ref", ParkRequest())
    on = PresentationRoute(
        destinations=(
            Destination(type=DestinationType.OFFICE, selected=True),
            Destination(type=DestinationType.MOBILE, selected=False),
        )
    )
    await client.routing.set_routes(SetRoutesRequest(presentation_routes=(on,)))
    await client.routing.set_overflow_routes(
        SetOverflowRoutesRequest(
            overflow_routes=(OverflowRoute(overflow_type=OverflowType.BUSY, destinations=(VOICEMAIL,)),)
        )
    )
    assert [one.json for one in server.requests[-5:]] == [
        {"redirectTo": "VOICEMAIL"},
        {"redirectTo": "DVA", "anonymous": True},
        {},
        {
            "presentationRoutes": [
                {"destinations": [{"type": "OFFICE", "selected": True}, {"type": "MOBILE", "selected": False}]}
            ]
        },
        {"overflowRoutes": [{"overflowType": "BUSY", "destinations": [{"type": "VOICEMAIL"}]}]},
    ]


async def test_an_administrator_names_the_user(connect: Connect, server: O2gServer) -> None:
    server.open_session(admin=True)
    client = await connect()
    with pytest.raises(InvalidInput, match=r"loginName: is missing.*administrator"):
        await client.telephony.drop_me("ref")
    with pytest.raises(InvalidInput, match="loginName"):
        await client.routing.set_dnd()
    await client.routing.set_dnd(login_name="oxe1001")
    await client.telephony.telephony_snapshot()
    await client.routing.routing_snapshot()
    assert [one.path.removeprefix(API) for one in server.requests[-3:]] == [
        "/routing/dnd?loginName=oxe1001",
        "/telephony/state/snapshot",
        "/routing/state/snapshot",
    ]
