"""A plain picture of a view at one moment."""

from typing import Any, Final

_LEFT: Final = ".pbx-still td, .pbx-still th { text-align: left !important; vertical-align: top; }"
"""Pages set the tables of outputs to the right, for numbers; these are words."""


class Still:
    """A plain picture of a view at one moment; the last thing of a cell shows it."""

    def __init__(self, html: str, words: str, bundle: dict[str, str]) -> None:
        """Keep the picture, what it is in a few words, and how it is stored."""
        self.html, self._words, self._stored = html, words, bundle

    def __repr__(self) -> str:
        """Return the description, for pages without pictures."""
        return self._words

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        bundle = dict(self._stored)
        if "text/html" in bundle:
            bundle["text/html"] = f"<div class='pbx-still'><style>{_LEFT}</style>{bundle['text/html']}</div>"
        return bundle
