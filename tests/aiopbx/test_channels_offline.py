"""Offline is told, and nothing is leaked, over the webhook and through the tunnel.

The same test functions as in ``test_invariant_2_offline``, where they run over the chunked channel.
"""

import pytest

from tests.aiopbx.channels import use_channel
from tests.aiopbx.test_invariant_2_offline import *  # noqa: F403 - the tests themselves


@pytest.fixture(autouse=True, params=["webhook", "tunnel"])
def channel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let every client of a test use this channel."""
    use_channel(monkeypatch, request.param)
    chosen: str = request.param
    return chosen
