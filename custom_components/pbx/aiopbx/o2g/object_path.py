"""Where an object stands in the tree of a node: names and ids of objects, each below the one before."""

from typing import Self

from ..errors import InvalidInput


class ObjectPath(str):
    """``Subscriber/4722/Subscriber_Alias/5``: an object; without the last id, all objects of that name there.

    A string will do wherever one is asked for; this class is for ids that hold a ``/``, and for going down::

        subscriber = ObjectPath("Subscriber", "4722")
        aliases = subscriber / "Subscriber_Alias"
        first = aliases / "1"
    """

    __slots__ = ("segments",)

    segments: tuple[str, ...]
    """Names and ids in turn."""

    def __new__(cls, *segments: str | int) -> Self:
        """Hold names and ids in turn; a ``/`` in one of them belongs to it."""
        parts = tuple(str(segment) for segment in segments)
        made = super().__new__(cls, "/".join(parts))
        made.segments = parts
        return made

    @classmethod
    def of(cls, path: str) -> "ObjectPath":
        """Read a path that is written as one string. Raises ``InvalidInput`` where a part of it is empty."""
        if isinstance(path, ObjectPath):
            return path
        made = cls(*path.strip("/").split("/"))
        made.check()
        return made

    def __truediv__(self, below: str | int) -> "ObjectPath":
        """Go down: to an id, a name, or several of them as the server gives sub-objects (``SIP/1/SIP_Gateway``)."""
        if isinstance(below, ObjectPath):
            return ObjectPath(*self.segments, *below.segments)
        if isinstance(below, str) and self.is_object:  # behind an id comes a name, or names and ids
            return ObjectPath(*self.segments, *below.split("/"))
        return ObjectPath(*self.segments, below)

    @property
    def is_object(self) -> bool:
        """Whether it names one object, rather than all of a name."""
        return len(self.segments) % 2 == 0

    @property
    def name(self) -> str:
        """The name of the object, or of the objects."""
        return self.segments[-2] if self.is_object else self.segments[-1]

    @property
    def id(self) -> str | None:
        """The id of the object; none where all of a name are meant."""
        return self.segments[-1] if self.is_object else None

    @property
    def parent(self) -> "ObjectPath | None":
        """The object that this one is below; none for one at the top."""
        above = self.segments[:-2] if self.is_object else self.segments[:-1]
        return ObjectPath(*above) if above else None

    def check(self, field: str = "objectPath") -> None:
        """Raise ``InvalidInput`` for a part that cannot be part of a URL."""
        for segment in self.segments:
            if not segment.strip():
                raise InvalidInput(field, f"{str(self)!r} has an empty part.", remedy="Names and ids take turns.")
            if segment in {".", ".."}:
                raise InvalidInput(field, f"{segment!r} cannot be part of a URL.", remedy="Give its name or id.")
