"""The phone card and the office board in a real browser: seen, pressed, and heard by a screen reader."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import ROOT, Demo
from tests.e2e.test_e2e_dashboard import MINE, MY_NAME, OTHER, OTHER_NAME, until

pytestmark = pytest.mark.timeout(180)
PICTURES = ROOT / ".tools" / "screenshots"


def office(browser: Browser, demo: Demo, width: int, *, dark: bool = False) -> Page:
    """Open the view that the strategy has built."""
    page = browser.new_page(
        viewport={"width": width, "height": 1100}, color_scheme="dark" if dark else "light", reduced_motion="reduce"
    )
    page.goto(re.sub(r"/office-phones.*", "/office-phones/office", demo.url))
    page.locator("pbx-office-card").get_by_text("Ada Brooks").first.wait_for(timeout=60_000)
    return page


def picture(page: Page, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=Path(PICTURES, f"{name}.png"))


@pytest.fixture
def page(browser: Browser, demo: Demo) -> Iterator[Page]:
    found = office(browser, demo, 1440)
    yield found
    found.close()


def test_the_strategy_shows_everyone_and_filters(page: Page) -> None:
    board = page.locator("pbx-office-card")
    for name in ("Ada Brooks", "Rosa Santos", MY_NAME, OTHER_NAME):
        expect(board.get_by_text(name).first).to_be_visible()
    picture(page, "office-board-light")
    board.get_by_role("searchbox").fill("meeting")
    expect(board.get_by_text(OTHER_NAME).first).to_be_visible()
    expect(board.get_by_text("Ada Brooks")).to_have_count(0)


def test_a_call_from_the_keyboard(page: Page, demo: Demo) -> None:
    """Dialled by a name that is completed, answered on the board, held, taken back and hung up."""
    phone, board = page.locator("pbx-phone-card"), page.locator("pbx-office-card")
    field = phone.get_by_role("combobox", name="Name or number")
    field.focus()
    page.keyboard.type("Meeting")
    expect(phone.get_by_role("option", name=re.compile(OTHER_NAME))).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    until(lambda: demo.user(OTHER)["calls"], "it rings there")
    expect(field).to_have_value("")
    board.get_by_role("button", name=f"Answer the call of {OTHER_NAME}").press("Enter")
    calls = phone.get_by_role("list", name=f"Calls of {MY_NAME}")
    expect(calls.get_by_text(OTHER_NAME).first).to_be_visible()
    hold = phone.get_by_role("button", name="Hold")
    expect(hold).to_be_visible()
    picture(page, "phone-card-light")
    hold.press("Space")
    retrieve = phone.get_by_role("button", name="Retrieve")
    expect(retrieve).to_be_visible()
    retrieve.press("Enter")
    expect(hold).to_be_visible()
    phone.get_by_role("button", name="Hang up").first.press("Enter")
    until(lambda: not demo.user(MINE)["calls"], "the call is over")
    expect(calls.get_by_text(OTHER_NAME)).to_have_count(0)


def test_do_not_disturb_and_a_number_that_is_refused(page: Page, demo: Demo) -> None:
    phone = page.locator("pbx-phone-card")
    switch = phone.get_by_role("button", name="Do not disturb")
    expect(switch).to_have_attribute("aria-pressed", "false")
    switch.click()
    until(lambda: demo.user(MINE)["do_not_disturb"], "the PBX has it")
    expect(switch).to_have_attribute("aria-pressed", "true")
    switch.click()
    until(lambda: not demo.user(MINE)["do_not_disturb"], "and no longer")
    phone.get_by_role("combobox", name="Name or number").fill("12ab34")
    phone.get_by_role("button", name="Call").click()
    expect(phone.get_by_role("alert")).to_contain_text("enter a number")
    assert not demo.user(MINE)["calls"]


def test_an_incoming_call_pops_up(browser: Browser, page: Page, demo: Demo) -> None:
    """The name of a stranger is only text; Enter answers, because the pop-up has the focus."""
    stranger = "<b>Pine</b> & Bakery"
    phones = browser.new_page(viewport={"width": 1600, "height": 1400})
    phones.goto(demo.phones_url)
    outside = phones.get_by_role("form", name="Call from outside")
    outside.get_by_label("Name").fill(stranger)
    outside.get_by_label("To").fill("1018")
    outside.get_by_role("button", name="Ring").click()
    pop = page.get_by_role("alertdialog", name=stranger)
    expect(pop).to_be_visible(timeout=20_000)
    expect(pop.locator("b")).to_have_count(0)
    expect(pop.get_by_role("button", name="Answer")).to_be_focused()
    picture(page, "popup-light")
    page.keyboard.press("Enter")
    until(lambda: "ACTIVE" in str(demo.user(MINE)["calls"]), "it is answered")
    expect(pop).to_have_count(0)
    page.locator("pbx-phone-card").get_by_role("button", name="Hang up").first.click()
    until(lambda: not demo.user(MINE)["calls"], "the call is over")
    phones.close()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_fits_a_telephone(browser: Browser, demo: Demo, dark: bool) -> None:
    page = office(browser, demo, 360, dark=dark)
    expect(page.locator("pbx-phone-card").get_by_role("button", name="Call")).to_be_visible()
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 360
    for card in ("pbx-phone-card", "pbx-office-card"):
        assert page.locator(card).evaluate("card => card.getBoundingClientRect().right") <= 360
    picture(page, f"office-phone-sized-{'dark' if dark else 'light'}")
    page.close()
