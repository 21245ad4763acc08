"""Pictures as files keep them: whole, with their own colours and letters, and nothing that a sanitizer takes away."""

from __future__ import annotations

import base64
import struct
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from aiopbx import CallSnapshot, CallState, WireMessage
from notebooks_kit import Bars, Beside, CallLadder, CallTimeline, LineBoard, LoadHeatMap
from notebooks_kit.views import stored_picture
from notebooks_kit.views.stored_picture import PNG, SVG

from .conftest import NOW

if TYPE_CHECKING:
    from .conftest import FakePbx

EVIL = "Ada <script>alert(1)</script> & Co"


def timeline(pbx: Any) -> CallTimeline:
    return CallTimeline(pbx, window=60)


def ladder(pbx: Any) -> CallLadder:
    view = CallLadder(pbx)
    for number in range(3):
        pbx.hear(WireMessage(at=NOW, sent=True, what=f"GET /{number}"))
    view.draw_now()
    return view


def size_of(png: str) -> tuple[int, int]:
    data = base64.b64decode(png)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", data[16:24])  # type: ignore[return-value]


@pytest.mark.parametrize("make", [timeline, ladder, LoadHeatMap, lambda _: Bars({EVIL: 3, "two": 5}, "Calls")])
async def test_a_picture_is_stored_as_plotting_libraries_do(
    pbx: FakePbx, make_call: Callable[..., CallSnapshot], make: Callable[[Any], Any]
) -> None:
    pbx.put("oxe1001", calls=(make_call("oxe1001", CallState.ACTIVE, EVIL),))
    view = make(pbx)
    bundle = view._repr_mimebundle_()
    assert "text/html" not in bundle, "pages prefer it, and take the drawing out of it"
    assert bundle["text/plain"]
    drawing = bundle[SVG]
    root = ElementTree.fromstring(drawing)
    wide, high = float(root.attrib["width"]), float(root.attrib["height"])
    assert size_of(bundle[PNG]) == pytest.approx((wide, high), abs=1)
    assert "var(" not in drawing
    assert "currentColor" not in drawing
    assert "<script" not in drawing
    if not isinstance(view, Bars):
        view.close()


async def test_what_the_letters_say_is_in_the_picture(pbx: FakePbx, make_call: Callable[..., CallSnapshot]) -> None:
    pbx.put("oxe1001", calls=(make_call("oxe1001", CallState.ACTIVE, "Ada Brooks"),))
    view = timeline(pbx)
    texts = [each.text for each in ElementTree.fromstring(view._repr_mimebundle_()[SVG]).iter() if each.text]
    assert "1 call" in texts
    assert "1001 Ben Castillo" in texts
    view.close()


async def test_a_ladder_is_one_picture_with_its_parts_below_each_other(pbx: FakePbx) -> None:
    view = ladder(pbx)
    root = ElementTree.fromstring(view._repr_mimebundle_()[SVG])
    heights = [each.attrib["transform"] for each in root if "transform" in each.attrib]
    assert heights[:2] == ["translate(0 22)", "translate(0 66)"]
    assert len(heights) == 3
    view.close()


async def test_among_other_html_it_is_an_image(pbx: FakePbx) -> None:
    both = Beside(LineBoard(pbx), timeline(pbx), titles=("Board", "Bars"))  # type: ignore[arg-type]
    for shown in (both._repr_mimebundle_(), both.still()._repr_mimebundle_()):
        html = shown["text/html"]
        assert "<svg" not in html
        assert '<img alt="Calls in time. ' in html
        assert "<table>" in html
        data = html.partition("data:image/svg+xml;base64,")[2].partition('"')[0]
        assert ElementTree.fromstring(base64.b64decode(data)).tag.endswith("svg")
    both.close()


@pytest.mark.parametrize("missing", ["library", "fonts"])
async def test_without_a_png_pages_that_trust_nobody_get_an_image(
    pbx: FakePbx, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    if missing == "library":
        monkeypatch.setattr(stored_picture, "find_spec", lambda name: None)
    else:
        monkeypatch.setattr(stored_picture, "_drawn", lambda drawing: b"nothing but a frame")
        stored_picture._letters_are_drawn.cache_clear()
    view = timeline(pbx)
    bundle = view._repr_mimebundle_()
    stored_picture._letters_are_drawn.cache_clear()
    assert PNG not in bundle
    assert SVG in bundle
    assert "<svg" not in bundle["text/html"]
    assert "<img alt=" in bundle["text/html"]
    view.close()


async def test_nothing_to_draw_is_said_in_words(pbx: FakePbx) -> None:
    view = CallLadder(pbx)  # type: ignore[arg-type]
    bundle = view._repr_mimebundle_()
    assert SVG not in bundle
    assert "Nothing was signalled yet." in bundle["text/html"]
    view.close()
