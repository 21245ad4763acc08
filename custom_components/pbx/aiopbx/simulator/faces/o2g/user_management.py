"""Which subscribers of the nodes the server knows as users, for administrators."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from ....o2g.types.user_management import CreateUsersRequest, Users
from ....o2g.types.users import LoginsResponse, User
from .context import Context, Route
from .refusals import NOT_FOUND, Refusal, bad_parameter, refuse_plainly
from .users import describe

if TYPE_CHECKING:
    from ...switch.users import User as SwitchUser

SERVICE: Final = ("UserManagement", "/people")
"""Name of the service and where it is: nobody knows where servers have it, so clients must not either."""


def logins(ctx: Context) -> LoginsResponse:
    """List the login names, of all nodes, of some, or of whose device has a number."""
    users = list(ctx.switch.users.values())
    wanted = ctx.query.get("nodeIds")
    if wanted is not None:
        nodes = {part.strip() for part in wanted.replace(",", ";").split(";")}
        if not all(node.isdigit() for node in nodes):
            raise bad_parameter("nodeIds", "must be one node or several, joined by semicolons")
        users = [user for user in users if user.node in nodes]
    number = ctx.query.get("deviceNumber")
    if number is not None:
        users = [user for user in users if user.number == number or number in user.devices]
    return LoginsResponse(login_names=tuple(user.login for user in users))


def create(ctx: Context) -> Users:
    """Take subscribers of a node in as users."""
    body: CreateUsersRequest = ctx.body
    node = str(body.node_id)
    if node not in {found.id for found in ctx.switch.nodes.all()} | {
        user.node for user in ctx.switch.subscribers.values()
    }:
        raise bad_parameter("nodeId", f"there is no node {node}")
    if bool(body.all) is bool(body.device_numbers):
        raise bad_parameter("deviceNumbers", "must name numbers, or all must be true: one of the two")
    found = ctx.switch.take_in(node, None if body.all else body.device_numbers)
    return Users(users=tuple(describe(user) for user in found))


def _user(ctx: Context, login: str) -> "SwitchUser":
    user = ctx.switch.users.get(login)
    if user is None:
        raise Refusal(NOT_FOUND, f"loginName: there is no user {login}.", status=HTTPStatus.NOT_FOUND)
    return user


def user(ctx: Context, login: str) -> User:
    """Return a user."""
    return describe(_user(ctx, login))


def delete(ctx: Context, login: str) -> None:
    """Let a subscriber be a user no longer."""
    ctx.switch.release_user(_user(ctx, login).login)


ROUTES: Final = (
    Route("GET", SERVICE[1], logins, administrators=True),
    Route("POST", SERVICE[1], refuse_plainly(create), CreateUsersRequest, administrators=True),
    Route("GET", SERVICE[1] + "/{login}", user, administrators=True),
    Route("DELETE", SERVICE[1] + "/{login}", delete, administrators=True),
)
