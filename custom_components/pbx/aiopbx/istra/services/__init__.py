"""The services of Istra, a file each. Importing this package fills ``OPERATIONS``."""

from ..operations import WEBSOCKET, Operation, enter
from ..types.crm import CrmPush
from ..types.enduser import NotificationsPush
from ..types.rcc import CallLinePush
from ..types.session import Application
from .crm import Crm
from .enduser import EndUser
from .rcc import Rcc
from .session import SessionService

__all__ = ["Crm", "EndUser", "Rcc", "SessionService"]

for _application, _pushed in (
    (Application.RCC, CallLinePush),
    (Application.CRM, CrmPush),
    (Application.USER, NotificationsPush),
):
    enter(
        Operation(
            name=f"open_socket({_application})",
            service="client",
            applications=(_application,),
            method=WEBSOCKET,
            path=f"ws-service/{_application}",
            answer=_pushed,
            safe=True,
            summary="Open the socket that pushes come over.",
        )
    )
