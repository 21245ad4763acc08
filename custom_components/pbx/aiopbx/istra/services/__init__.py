"""The services of Istra, a file each, and all of their operations."""

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from ...operations import Operation, Operations, Services
from ..types.crm import CrmPush
from ..types.enduser import NotificationsPush
from ..types.rcc import CallLinePush
from ..types.session import Application
from .crm import Crm
from .enduser import EndUser
from .rcc import Rcc
from .session import SessionService


class IstraServices(Services, python="pbx.istra"):
    """All of them, through one caller: ``service`` is for every application, the others for one each."""

    service: SessionService
    rcc: Rcc
    crm: Crm
    enduser: EndUser


SOCKETS: Final[Mapping[Application, Operation]] = MappingProxyType(
    {
        application: Operation(
            name=f"open_socket({application})",
            service="client",
            applications=(application,),
            method="WS",
            path=f"ws-service/{application}",
            returns=pushed,
            repeatable=True,
            summary="Open the socket that pushes come over.",
        )
        for application, pushed in (
            (Application.RCC, CallLinePush),
            (Application.CRM, CrmPush),
            (Application.USER, NotificationsPush),
        )
    }
)
"""What is no request, but a socket."""


@cache
def operations_of(application: Application) -> Operations:
    """The operations of an application by name: no two of one application share it."""

    def declared() -> Iterator[Operation[Any]]:
        return (one for one in IstraServices.declared() if application in one.applications)

    return Operations(declared, dials=frozenset({"destination"}))
