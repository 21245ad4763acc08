"""Wire types of O2G: PBX management."""

from .base import O2gEvent, Wire


class AttributeModel(Wire, kw_only=True):
    """An attribute that objects of a kind have."""

    name: str | None = None
    mandatory: bool | None = None
    type_value: str | None = None
    """``OctetString``, ``Integer``, ``Enumerated``, ``Boolean``, ``Sequence``, ``Set`` or ``ByteString``."""
    multi_value: bool | None = None
    allowed_values: tuple[str, ...] = ()
    length_value: str | None = None
    defaut_value: str | None = None
    default_value: str | None = None
    """As servers and their clients write it; the reference has a misprint."""
    filtering: bool | None = None
    used_when: str | None = None


class ObjectModel(Wire, kw_only=True):
    """A kind of object: its attributes, what may be done with it, the kinds of objects below it."""

    object_name: str | None = None
    attributes: tuple[AttributeModel, ...] = ()
    objects: "tuple[ObjectModel, ...]" = ()
    hidden: bool | None = None
    create: bool | None = None
    delete: bool | None = None
    set: bool | None = None
    get: bool | None = None
    other_actions: tuple[str, ...] = ()


class Pbx(Wire, kw_only=True):
    """A node."""

    node_id: int | None = None
    fqdn: str | None = None


class PbxAttribute(Wire, kw_only=True):
    """An attribute: one value or a list of values, each a string or a set of attributes."""

    name: str | None = None
    value: tuple[str, ...] = ()
    complex_value: "tuple[PbxComplexAttribute, ...]" = ()


class PbxAttributes(Wire, kw_only=True):
    """Attributes."""

    attributes: tuple[PbxAttribute, ...] = ()


class PbxComplexAttribute(Wire, kw_only=True):
    """A value that consists of attributes."""

    name: str | None = None
    attributes: tuple[PbxAttribute, ...] = ()


class PbxObject(Wire, kw_only=True):
    """An object of the PBX: its attributes, and the kinds of objects below it."""

    object_name: str | None = None
    object_id: str | None = None
    attributes: tuple[PbxAttribute, ...] = ()
    object_names: tuple[str, ...] = ()
    create: bool | None = None
    delete: bool | None = None
    set: bool | None = None
    get: bool | None = None
    other_actions: tuple[str, ...] = ()


class PbxObjectFather(Wire, kw_only=True):
    """The object above another."""

    object_name: str | None = None
    object_id: str | None = None


class Pbxs(Wire, kw_only=True):
    """Node numbers."""

    node_ids: tuple[str, ...] = ()


class PbxShortObject(Wire, kw_only=True):
    """An object with the attributes that were asked for."""

    object_id: str | None = None
    attributes: tuple[PbxAttribute, ...] = ()


class OnPbxObjectInstanceCreated(O2gEvent, tag="OnPbxObjectInstanceCreated", kw_only=True):
    """An object was created."""

    object_name: str | None = None
    object_id: str | None = None
    node_id: str | None = None
    father: PbxObjectFather | None = None


class OnPbxObjectInstanceDeleted(O2gEvent, tag="OnPbxObjectInstanceDeleted", kw_only=True):
    """An object was deleted."""

    object_name: str | None = None
    object_id: str | None = None
    node_id: str | None = None
    father: PbxObjectFather | None = None


class OnPbxObjectInstanceModified(O2gEvent, tag="OnPbxObjectInstanceModified", kw_only=True):
    """An object was modified."""

    object_name: str | None = None
    object_id: str | None = None
    node_id: str | None = None
    father: PbxObjectFather | None = None


class PbxObjectIds(Wire, kw_only=True):
    """Objects of one kind: their ids, or where attributes were asked for, these too."""

    object_name: str | None = None
    object_ids: tuple[str, ...] = ()
    objects: tuple[PbxShortObject, ...] = ()
