"""Reasons, slow subscribers and secrets, over the webhook and through the tunnel.

The same test functions as where they are imported from; there they run over the chunked channel.
"""

import pytest

from tests.aiopbx.channels import use_channel
from tests.aiopbx.test_invariant_4_reasons import *  # noqa: F403 - the tests themselves
from tests.aiopbx.test_invariant_6_slow_subscribers import *  # noqa: F403 - the tests themselves
from tests.aiopbx.test_invariant_8_secrets import (
    test_nothing_secret_is_shown_anywhere as test_nothing_secret_is_shown_anywhere,
    test_tls_is_one_setting_for_requests_and_channel as _tls_is_one_setting,
)


@pytest.fixture(autouse=True, params=["webhook", "tunnel"])
def channel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let every client of a test use this channel."""
    use_channel(monkeypatch, request.param)
    chosen: str = request.param
    return chosen


@pytest.mark.parametrize("channel", ["webhook"], indirect=True)
async def test_tls_is_one_setting_for_requests_and_channel() -> None:
    """Through a tunnel it is the agent that verifies: see ``test_channel_tunnel``."""
    await _tls_is_one_setting()
