"""Notebooks as applications under Voilà, 450 pixels wide: nothing is missing, cut off or without a name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from .test_lab_notebooks import NOTEBOOKS
from .test_lab_whole import named

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from .conftest import Lab

CUT_OFF = Path(__file__).with_name("cut_off.js").read_text(encoding="utf-8")
SOME = os.environ.get("PBX_NOTEBOOKS", "by-hand on-the-wire call-centre").split()
"""Those that are run: between them they have every kind of view. Others are named in the environment."""
PATIENCE = 180_000
"""Milliseconds until a notebook has run to its end, when three run at a time."""


def visit(lab: Lab, name: str, theme: str) -> Page:
    """Begin to look at a notebook; Voilà runs it and sends the page when it is done."""
    page = lab.page(width=450, height=900)
    page.goto(lab.address(f"voila/render/{name}.ipynb") + f"&theme={theme}", wait_until="commit", timeout=PATIENCE)
    return page


@pytest.mark.timeout(600)
def test_notebooks_under_voila_on_a_narrow_page(lab: Lab) -> None:
    pages = {name: visit(lab, name, ("light", "dark")[turn % 2]) for turn, name in enumerate(SOME)}
    wrong: list[str] = []
    for name, page in pages.items():
        for kind in NOTEBOOKS[name]:
            expect(page.locator(f".pbx-{kind}").first).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_text("Status.CLOSED")).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_text("model not found")).to_have_count(0)
        expect(page.get_by_text("Traceback")).to_have_count(0)
        session = page.context.new_cdp_session(page)
        session.send("Accessibility.enable")
        for kind in NOTEBOOKS[name]:
            controls = named(session, kind)
            wrong += [
                f"{name}, {kind}: a {role} has no name" for role, words in controls if not words and role != "generic"
            ]
        wrong += [f"{name}: cut off: {each}" for each in page.evaluate(CUT_OFF)]
        page.screenshot(path=lab.pictures / f"{name}-narrow.png", full_page=True)
        page.close()
    assert not wrong, "\n".join(wrong)
