"""Users, and the summary of what waits for them."""

from collections.abc import Sequence

from ...operations import Send, Service, operation
from ..rules import NEEDS, ONE_QUERY, joined
from ..types.base import TELEPHONY_ADVANCED
from ..types.users import ChangePasswordRequest, EventSummary, LoginsResponse, SupportedLanguages, User, UserPreferences


class Users(Service, service="Users"):
    """Users, their devices, their password and their preferences."""

    @operation("GET", "/logins", names={"only_acd": "onlyACD"}, valueless=("onlyACD", "onlyWithExtLogin"))
    def logins(
        self,
        *,
        node_ids: str | Sequence[str | int] | None = None,
        only_acd: bool | None = None,
        only_with_ext_login: bool | None = None,
    ) -> Send[LoginsResponse]:
        """List login names: an administrator gets everyone's, a user the own one.

        The restrictions are for administrators. ``node_ids`` is one node, several separated by commas, or a list;
        ``only_acd`` leaves only agents and supervisors of the call centre, ``only_with_ext_login`` only users who log
        in with another system's account.
        """
        return Send(
            nodeIds=joined(node_ids, field="nodeIds", by=";"),
            onlyACD=only_acd or None,
            onlyWithExtLogin=only_with_ext_login or None,
        )

    @operation("GET", "/users", None, ONE_QUERY)
    def find_user(self, *, company_phone: str | None = None) -> Send[User]:
        """Find a user by company number."""
        return Send(companyPhone=company_phone)

    @operation("GET", "/users/{loginName}")
    def user(self, login_name: str) -> Send[User]:
        """Read a user; devices and voicemail only of oneself, or as administrator."""
        return Send(login_name)

    @operation("PUT", "/users/{loginName}/password", None, NEEDS("oldPassword", "newPassword"))
    def change_password(self, login_name: str, body: ChangePasswordRequest) -> Send[None]:
        """Change a user's password."""
        return Send(login_name, body=body)

    @operation("GET", "/users/{loginName}/preferences")
    def preferences(self, login_name: str) -> Send[UserPreferences]:
        """Read a user's languages."""
        return Send(login_name)

    @operation("POST", "/users/{loginName}/preferences", repeatable=True)
    def update_preferences(self, login_name: str, body: UserPreferences) -> Send[None]:
        """Change a user's languages."""
        return Send(login_name, body=body)

    @operation("GET", "/users/{loginName}/preferences/supportedLanguages")
    def supported_languages(self, login_name: str) -> Send[SupportedLanguages]:
        """List the languages that a user may choose."""
        return Send(login_name)


class EventSummaryService(Service, service="EventSummary"):
    """Counters of a user."""

    @operation("GET", "/eventSummary", TELEPHONY_ADVANCED)
    def event_summary(self, *, login_name: str | None = None) -> Send[EventSummary]:
        """Read missed calls, voicemails, call-back requests, faxes and texts; absent is unknown."""
        return Send(loginName=login_name)
