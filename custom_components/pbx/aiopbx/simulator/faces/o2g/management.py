"""PBX management: nodes, their object model, and reading, searching, creating, changing and deleting objects."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote

from ....o2g.types import pbx_management as wire
from ....o2g.types.base import O2gEvent, Wire
from ...switch import Switch
from ...switch.object_model import Attribute, Kind, Part, Value, Values
from ...switch.objects import Instance, ObjectChange
from .context import Answer, Context, Handler, Route
from .refusals import bad_parameter, refuse_plainly

PACKAGE: Final = "pbxManagement"


# -- as the wire shows it ---------------------------------------------------------------------------------------


def attribute_model(attribute: Attribute) -> wire.AttributeModel:
    """An attribute that objects of a kind have."""
    return wire.AttributeModel(
        name=attribute.name,
        mandatory=attribute.mandatory,
        type_value=attribute.type,
        multi_value=attribute.multiple,
        allowed_values=attribute.allowed,
        length_value=str(attribute.length) if attribute.length is not None else None,
        default_value=attribute.default,
        filtering=attribute.filtering,
        used_when=attribute.used_when,
    )


def object_model(kind: Kind) -> wire.ObjectModel:
    """A kind of object, and the kinds below it."""
    return wire.ObjectModel(
        object_name=kind.name,
        attributes=tuple(attribute_model(attribute) for attribute in kind.attributes),
        objects=tuple(object_model(child) for child in kind.children),
        hidden=kind.hidden,
        create=kind.create,
        delete=kind.delete,
        set=kind.set,
        get=kind.get and not kind.hidden,
        other_actions=kind.actions,
    )


def attribute(name: str, value: Value) -> wire.PbxAttribute:
    """An attribute with its values."""
    return wire.PbxAttribute(
        name=name,
        value=tuple(item for item in value if isinstance(item, str)),
        complex_value=tuple(
            wire.PbxComplexAttribute(
                name=item.name,
                attributes=tuple(wire.PbxAttribute(name=key, value=values) for key, values in item.values.items()),
            )
            for item in value
            if isinstance(item, Part)
        ),
    )


def pbx_object(values: Values, instance: Instance) -> wire.PbxObject:
    """An object with the selected attributes."""
    kind = instance.kind
    return wire.PbxObject(
        object_name=kind.name,
        object_id=instance.id,
        attributes=tuple(attribute(name, value) for name, value in values.items()),
        object_names=kind.paths(),
        create=kind.create,
        delete=kind.delete,
        set=kind.set,
        get=kind.get,
        other_actions=kind.actions,
    )


def event_of(change: ObjectChange) -> O2gEvent:
    """Return the event for a change."""
    kinds: dict[str, type[wire.OnPbxObjectInstanceCreated] | type[wire.OnPbxObjectInstanceModified]] = {
        "created": wire.OnPbxObjectInstanceCreated,
        "modified": wire.OnPbxObjectInstanceModified,
    }
    kind = kinds.get(change.kind, wire.OnPbxObjectInstanceDeleted)
    father = None
    if change.father is not None:
        father = wire.PbxObjectFather(object_name=change.father[0], object_id=change.father[1])
    return kind(object_name=change.name, object_id=change.id, node_id=change.node, father=father)


def attach(switch: Switch, publish: Callable[[str, str | None, O2gEvent], None]) -> Callable[[], None]:
    """Publish every change of an object as an event from now on. Returns a function that stops it."""
    return switch.objects.subscribe(lambda change: publish(PACKAGE, None, event_of(change)))


# -- as it comes ------------------------------------------------------------------------------------------------


def _split(path: str) -> list[tuple[str, str]]:
    """Names and ids of a path."""
    parts = [unquote(part) for part in path.split("/")]
    return list(zip(parts[::2], parts[1::2], strict=True))


def _object(object_name: str, object_id: str) -> list[tuple[str, str]]:
    """The path of an object."""
    return _split(f"{object_name}/{object_id}")


def _kind(object_name: str) -> tuple[list[tuple[str, str]], str]:
    """The path of the object above, and the name of the kind."""
    above, _, name = object_name.rpartition("/")
    return (_split(above) if above else []), unquote(name)


def _values(body: wire.PbxAttributes | None) -> Values:
    """The attributes of a body."""
    found: Values = {}
    for index, item in enumerate(body.attributes if body is not None else ()):
        where = f"attributes[{index}]"
        if not item.name:
            raise bad_parameter(f"{where}.name", "must be given")
        if item.name in found:
            raise bad_parameter(f"{where}.name", f"{item.name} stands there twice")
        if item.value and item.complex_value:
            raise bad_parameter(where, f"{item.name} has either value or complexValue")
        if item.complex_value:
            found[item.name] = tuple(
                _part(part, f"{where}.complexValue[{n}]") for n, part in enumerate(item.complex_value)
            )
        else:
            found[item.name] = () if item.value == ("",) else item.value
    return found


def _part(item: wire.PbxComplexAttribute, where: str) -> Part:
    values: dict[str, tuple[str, ...]] = {}
    for index, inner in enumerate(item.attributes):
        if not inner.name or inner.name in values:
            raise bad_parameter(f"{where}.attributes[{index}].name", "must be given, and once")
        if inner.complex_value:
            raise bad_parameter(f"{where}.attributes[{index}]", "must not be complex itself")
        values[inner.name] = inner.value
    return Part(item.name or "", values)


def _selected(ctx: Context, kind: Kind) -> tuple[str, ...] | None:
    """Return the attributes that are requested; ``None`` is all of them, or none at all."""
    if "attributes" not in ctx.query:
        return None
    names = tuple(dict.fromkeys(name.strip() for name in ctx.query["attributes"].split(",") if name.strip()))
    if not names:
        raise bad_parameter("attributes", "must name attributes, separated by commas")
    for name in names:
        kind.attribute(name)
    return names


# -- what is asked for ------------------------------------------------------------------------------------------


def nodes(ctx: Context) -> wire.Pbxs:
    """Return all nodes."""
    return wire.Pbxs(node_ids=ctx.switch.objects.nodes)


def node(ctx: Context, node_id: str) -> wire.Pbx:
    """Return a node."""
    root = ctx.switch.objects.root(node_id)
    return wire.Pbx(node_id=int(root.id), fqdn=ctx.switch.objects.fqdn(root.id))


def model(ctx: Context, node_id: str) -> wire.ObjectModel:
    """Return the whole object model."""
    return object_model(ctx.switch.objects.model(node_id))


def model_of(ctx: Context, node_id: str, object_name: str) -> wire.ObjectModel:
    """Return the model of one kind of object."""
    return object_model(ctx.switch.objects.model(node_id, object_name))


def node_object(ctx: Context, node_id: str) -> wire.PbxObject:
    """Return the node itself, and what is below it."""
    root = ctx.switch.objects.get(node_id, (), ctx.session)
    return pbx_object(ctx.switch.objects.read(root), root)


def get(ctx: Context, node_id: str, object_name: str, object_id: str) -> wire.PbxObject:
    """Return an object, with all attributes or those that are named."""
    objects = ctx.switch.objects
    instance = objects.find(node_id, _object(object_name, object_id))
    names = _selected(ctx, instance.kind)
    objects.get(node_id, _object(object_name, object_id), ctx.session)
    values = objects.read(instance)
    if names is not None:
        values = {name: values.get(name, ()) for name in names}
    return pbx_object(values, instance)


def search(ctx: Context, node_id: str, object_name: str) -> wire.PbxObjectIds:
    """Return the objects of a kind: their ids, and the attributes that are named."""
    objects = ctx.switch.objects
    above, name = _kind(object_name)
    found = objects.search(node_id, above, name, ctx.query.get("filter"))
    kind = objects.find(node_id, above).kind.child(name)
    names = _selected(ctx, kind) if kind is not None else None
    short: tuple[wire.PbxShortObject, ...] = ()
    if names is not None:
        short = tuple(
            wire.PbxShortObject(
                object_id=instance.id,
                attributes=tuple(attribute(key, values.get(key, ())) for key in names),
            )
            for instance in found
            for values in (objects.read(instance),)
        )
    return wire.PbxObjectIds(object_name=name, object_ids=tuple(instance.id for instance in found), objects=short)


def create(ctx: Context, node_id: str, object_name: str) -> Answer:
    """Create an object."""
    if ctx.query.get("action"):
        raise bad_parameter("action", "an object that does not exist yet has none")
    above, name = _kind(object_name)
    ctx.switch.objects.create(node_id, above, name, _values(ctx.body), ctx.session)
    return Answer(HTTPStatus.CREATED)


def change(ctx: Context, node_id: str, object_name: str, object_id: str) -> None:
    """Change attributes, or carry out an action."""
    path, values, action = _object(object_name, object_id), _values(ctx.body), ctx.query.get("action")
    if action:
        ctx.switch.objects.act(node_id, path, action, values, ctx.session)
        return
    if not values:
        raise bad_parameter("attributes", "nothing is to be changed, and no action is named")
    ctx.switch.objects.set(node_id, path, values, ctx.session)


def delete(ctx: Context, node_id: str, object_name: str, object_id: str) -> None:
    """Delete an object."""
    ctx.switch.objects.delete(node_id, _object(object_name, object_id), force=ctx.flag("force"))


_OBJECTS: Final = "/pbxs/{nodeId}/instances/{objectName}"
_OBJECT: Final = _OBJECTS + "/{objectId}"


def _route(
    method: str,
    path: str,
    handler: Handler,
    body: type[Wire] | None = None,
    *,
    missing: int = HTTPStatus.NOT_FOUND,
    body_required: bool = True,
) -> Route:
    return Route(
        method,
        path,
        refuse_plainly(handler, missing),
        body,
        body_required=body_required,
        licence="management",
        administrators=True,
        nested=path in (_OBJECTS, _OBJECT),
    )


ROUTES: Final = (
    _route("GET", "/pbxs", nodes),
    _route("GET", "/pbxs/{nodeId}", node, missing=HTTPStatus.BAD_REQUEST),
    _route("GET", "/pbxs/{nodeId}/model", model),
    _route("GET", "/pbxs/{nodeId}/model/{objectName}", model_of, missing=HTTPStatus.BAD_REQUEST),
    _route("GET", "/pbxs/{nodeId}/instances", node_object, missing=HTTPStatus.BAD_REQUEST),
    _route("GET", _OBJECTS, search),
    _route("POST", _OBJECTS, create, wire.PbxAttributes),
    _route("GET", _OBJECT, get),
    _route("PUT", _OBJECT, change, wire.PbxAttributes, body_required=False),
    _route("DELETE", _OBJECT, delete),
)
