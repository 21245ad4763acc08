"""Pictures for files and for pages that are not trusted, which take every drawing out of HTML and leave its letters.

A picture is stored as ``image/svg+xml`` and, where ``resvg_py`` is installed, as ``image/png``: all pages show one of
them, and none strips it. Where a picture stands among other HTML, it becomes an ``<img>`` with the drawing in it.
"""

import base64
import re
from functools import cache
from html import escape
from importlib.util import find_spec
from typing import Final

SVG: Final = "image/svg+xml"
PNG: Final = "image/png"
_DRAWING: Final = re.compile(r"<svg .*?</svg>", re.DOTALL)
_SIZE: Final = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
_LABEL: Final = re.compile(r'aria-label="([^"]*)"')
_TITLE: Final = re.compile(r"<title>.*?</title>", re.DOTALL)
"""What pointing at a part shows; images show none, and in a ladder these are whole messages."""
_HEAD: Final = re.compile(r"<svg [^>]*>")
_COLOURS: Final = (
    ("var(--jp-content-font-color1, currentColor)", "#1f2328"),
    ("var(--jp-content-font-color2, currentColor)", "#59636e"),
    ("var(--jp-border-color2, #8883)", "#d1d9e0"),
    ("var(--jp-layout-color1, Canvas)", "#ffffff"),
)
"""A file has no theme: its colours are those of a light page, on white."""
_VARIABLE: Final = re.compile(r"var\(--[\w-]+, ?([^()]+)\)")
_FONTS: Final = "Verdana, 'DejaVu Sans', sans-serif"
_WORDS_HIGH: Final = 22.0


def stored_picture(html: str, words: str = "") -> dict[str, str]:
    """Return the drawings in this HTML, one below the other, by MIME type; empty if there are none.

    ``words`` stand above. The PNG is missing if ``resvg_py`` is not installed, or finds no font for the letters.
    """
    drawing = standalone(html, words)
    if not drawing:
        return {}
    bundle = {SVG: drawing}
    png = _png(drawing)
    if png is not None:
        bundle[PNG] = base64.b64encode(png).decode("ascii")
    return bundle


def with_images(html: str) -> str:
    """Return HTML whose drawings are images, which no sanitizer takes away."""
    return _DRAWING.sub(lambda found: _image(found.group()), html)


def _image(drawing: str) -> str:
    label = _LABEL.search(drawing)
    alt = label.group(1) if label is not None else "Picture"
    data = base64.b64encode(standalone(drawing).encode()).decode("ascii")
    return f'<img alt="{alt}" src="data:{SVG};base64,{data}">'


def standalone(html: str, words: str = "") -> str:
    """Return one SVG file of all drawings in this HTML, with colours, fonts and a background of its own."""
    pieces, labels = [], []
    wide, high = 0.0, _WORDS_HIGH if words else 0.0
    for found in _DRAWING.finditer(html):
        drawing = found.group()
        size = _SIZE.search(drawing)
        if size is None:
            continue
        width, height = float(size.group(1)), float(size.group(2))
        label = _LABEL.search(drawing)
        labels.append(label.group(1) if label is not None else "")
        inside = _TITLE.sub("", _HEAD.sub("", drawing, count=1)).removesuffix("</svg>")
        pieces.append(f'<g transform="translate(0 {high:g})">{inside}</g>')
        wide, high = max(wide, width), high + height
    if not pieces:
        return ""
    above = f'<text x="4" y="15" font-size="12" fill="#1f2328">{escape(words)}</text>' if words else ""
    return _coloured(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:g}" height="{high:g}" viewBox="0 0 {wide:g} {high:g}" '
        f'font-family="{_FONTS}" role="img" aria-label="{" ".join(labels)}">'
        f'<rect width="{wide:g}" height="{high:g}" fill="#ffffff"/>{above}{"".join(pieces)}</svg>'
    )


def _coloured(drawing: str) -> str:
    for variable, colour in _COLOURS:
        drawing = drawing.replace(variable, colour)
    return _VARIABLE.sub(r"\1", drawing).replace("currentColor", "#1f2328")


def _png(drawing: str) -> bytes | None:
    if find_spec("resvg_py") is None or not _letters_are_drawn():
        return None
    return _drawn(drawing)


def _drawn(drawing: str) -> bytes:
    import resvg_py

    return bytes(resvg_py.svg_to_bytes(svg_string=drawing))


@cache
def _letters_are_drawn() -> bool:
    """Whether there is any font: without one, pictures would be stored without letters, and nobody would say so."""
    frame = f'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20" font-family="{_FONTS}">%s</svg>'
    return _drawn(frame % '<text x="2" y="15">M</text>') != _drawn(frame % "")
