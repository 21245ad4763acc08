"""Every action of lines and calls, over the webhook and through the tunnel.

The same test functions as in ``test_actions``, where they run over the chunked channel.
"""

import pytest

from tests.aiopbx.channels import use_channel
from tests.aiopbx.test_actions import *  # noqa: F403 - the tests themselves


@pytest.fixture(autouse=True, params=["webhook", "tunnel"])
def channel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let every client of a test use this channel."""
    use_channel(monkeypatch, request.param)
    chosen: str = request.param
    return chosen
