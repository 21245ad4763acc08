"""Who may use call control at all. No operation says which licence a user has; what the server refuses tells."""

from typing import Final

from ..doors import each
from ..errors import NotAllowed, NotSupported, OutcomeUnknown, RequestRefused, SessionLost
from .client import O2gClient
from .features import ADVANCED_LICENCE
from .types.telephony import AnswerRequest

ANY_LICENCE: Final = f"TELEPHONY_BASIC or {ADVANCED_LICENCE}"
_NO_DEVICE: Final = "none"
"""No telephone has this number, so a request for it does nothing."""


async def without_advanced(client: O2gClient, logins: tuple[str, ...]) -> set[str]:
    """Which of these users have no TELEPHONY_ADVANCED: they may not read their own telephonic state."""
    lacking: set[str] = set()

    async def look(login: str) -> None:
        try:
            await client.telephony.telephonic_state(login_name=login if client.administrator else None)
        except SessionLost:
            raise
        except NotAllowed:
            lacking.add(login)
        except RequestRefused:
            return

    await each(logins, look)
    return lacking


async def check_basic(client: O2gClient) -> None:
    """Raise ``NotSupported`` if the user of this session has not even TELEPHONY_BASIC.

    That licence has nothing to read, only calls to make, answer and drop. So a call is "answered" on a telephone that
    does not exist: without a licence the server refuses that before it looks for the telephone.
    """
    try:
        await client.telephony.basic_call_answer(AnswerRequest(device_id=_NO_DEVICE))
    except SessionLost:
        raise
    except NotAllowed as error:
        if error.error_type is None:  # else call control itself was reached, and misses the telephone
            raise NotSupported(
                f"{client.login} has no licence for telephony at all.",
                missing=ANY_LICENCE,
                remedy=f"Have {ADVANCED_LICENCE} assigned to the user, or TELEPHONY_BASIC, which can dial, answer and "
                "hang up, no more; or log in as another.",
            ) from error
    except (RequestRefused, OutcomeUnknown):
        return
