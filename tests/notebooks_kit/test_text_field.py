"""The field to type in: keys come in their order, and a click never overtakes them."""

from typing import Any

import pytest
from ipywidgets import Widget

from notebooks_kit.views.text_field import TextField


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the kernel sends to the page."""
    messages: list[dict[str, Any]] = []
    monkeypatch.setattr(Widget, "_send", lambda self, message, buffers=None: messages.append(message))
    return messages


def page(field: TextField, text: str, event: str = "typed", seen: int | None = None) -> None:
    """Send what the page sends."""
    number = field.get_state()["filled"]["number"] if seen is None else seen
    field._handle_custom_msg({"event": event, "text": text, "seen": number}, [])


def test_keys_are_values_and_nothing_goes_back(sent: list[dict[str, Any]]) -> None:
    field = TextField("1")
    sent.clear()
    seen: list[str] = []
    field.observe(lambda change: seen.append(change["new"]), "value")
    for text in ("10", "100", "1001"):
        page(field, text)
    assert field.value == "1001"
    assert seen == ["10", "100", "1001"]
    assert sent == []
    field.close()


def test_enter_brings_the_text_with_it() -> None:
    field = TextField()
    used: list[str] = []
    field.on_submit(lambda: used.append(field.value))
    page(field, "1")
    page(field, "1001", "submit")
    page(field, "1001", "submit")
    assert used == ["1001", "1001"]
    field.close()


def test_what_the_kernel_sets_is_sent_with_its_number(sent: list[dict[str, Any]]) -> None:
    field = TextField()
    page(field, "1001")
    sent.clear()
    field.value = ""
    field.value = "1002"
    filled = [message["state"]["filled"] for message in sent]
    assert [one["text"] for one in filled] == ["", "1002"]
    assert filled[1]["number"] == filled[0]["number"] + 1
    page(field, "10025")
    assert field.get_state()["filled"] == {"number": filled[1]["number"], "text": "10025"}, (
        "for a page that comes later"
    )
    field.close()


@pytest.mark.parametrize("event", ["typed", "submit"])
def test_what_was_typed_into_a_text_that_is_gone_is_not_taken(event: str) -> None:
    field = TextField()
    used: list[str] = []
    field.on_submit(lambda: used.append(field.value))
    before = field.get_state()["filled"]["number"]
    field.value = "1001"
    page(field, "9", event, before)
    assert field.value == "1001"
    assert used == []
    field.close()


@pytest.mark.parametrize(
    "content", [{}, {"event": "typed"}, {"event": "typed", "text": 5, "seen": 0}, "text", {"do": "focus"}]
)
def test_other_messages_change_nothing(content: object) -> None:
    field = TextField("1")
    field._handle_custom_msg(content, [])
    assert field.value == "1"
    field.close()


def test_a_password_never_comes_back() -> None:
    field = TextField("initial-word", kind="password")
    page(field, "other-word")
    assert field.value == "other-word"
    assert "word" not in str({**field.get_state(), "kind": "", "_esm": ""})
    field.close()


def test_it_can_be_focused(sent: list[dict[str, Any]]) -> None:
    field = TextField()
    sent.clear()
    field.focus()
    assert [message.get("content") for message in sent] == [{"do": "focus"}]
    field.close()
