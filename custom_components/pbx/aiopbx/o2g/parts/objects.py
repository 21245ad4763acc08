"""The nodes and their configuration."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from ...errors import InvalidInput, NotAllowed, NotFound, SessionLost
from ...filters import ObjectFilter
from ...records import NodesSnapshot, ObjectAttribute, ObjectKind, PbxObject
from ..client import O2gClient
from ..queries import ObjectPath, attributes as attributes_of, values as values_of
from ..records import nodes_of
from ..types import pbx_management as wire
from ..types.base import MANAGEMENT
from . import Lacks, Part


class O2gObjects(Part):
    """The objects of the nodes, for administrators."""

    def __init__(self, client: O2gClient, lacks: Lacks) -> None:
        """No model has been read yet."""
        super().__init__(client, lacks)
        self._models: dict[str, wire.ObjectModel] = {}

    async def nodes(self) -> tuple[str, ...]:
        """``GET /pbxs``."""
        return (await self._licensed(None, MANAGEMENT, self._client.pbx_management.pbxs())).node_ids

    async def model(self, node: str, kind: str | None) -> ObjectKind:
        """``GET /pbxs/{nodeId}/model`` or ``…/model/{objectName}``."""
        service = self._client.pbx_management
        ask = service.object_model(node) if kind is None else service.object_model_of(node, kind)
        return _kind(await self._licensed(None, MANAGEMENT, ask))

    async def read(self, node: str, path: str, attributes: Sequence[str] | None) -> PbxObject:
        """``GET /pbxs/{nodeId}/instances/…``."""
        service = self._client.pbx_management
        if path:
            await self._check(node, path)
        ask = service.pbx_object(node, path, attributes=attributes) if path else service.node_object(node)
        answer = await self._licensed(None, MANAGEMENT, ask)
        return PbxObject(
            node=node,
            path=str(path),
            values=values_of(answer),
            below=answer.object_names,
            actions=_actions(answer),
        )

    async def find(
        self, node: str, path: str, filter: ObjectFilter | str | None, attributes: Sequence[str] | None
    ) -> tuple[PbxObject, ...]:
        """``GET /pbxs/{nodeId}/instances/…/{objectName}``."""
        await self._check(node, path)
        answer = await self._licensed(
            None,
            MANAGEMENT,
            self._client.pbx_management.object_ids(node, path, filter=filter, attributes=attributes),
        )
        place = ObjectPath.of(path)
        listed = {one.object_id for one in answer.objects}
        found = [
            PbxObject(node=node, path=str(place / one), values={}) for one in answer.object_ids if one not in listed
        ]
        found += [
            PbxObject(node=node, path=str(place / one.object_id), values=values_of(one))
            for one in answer.objects
            if one.object_id is not None
        ]
        return tuple(found)

    async def create(self, node: str, path: str, values: Mapping[str, Any], action: str | None) -> None:
        """``POST /pbxs/{nodeId}/instances/…/{objectName}``."""
        await self._check(node, path)
        await self._licensed(
            None,
            MANAGEMENT,
            self._client.pbx_management.create_object(node, path, attributes_of(values), action=action),
        )

    async def change(self, node: str, path: str, values: Mapping[str, Any], action: str | None) -> None:
        """``PUT /pbxs/{nodeId}/instances/…/{objectId}``."""
        await self._check(node, path)
        await self._licensed(
            None,
            MANAGEMENT,
            self._client.pbx_management.change_object(node, path, attributes_of(values), action=action),
        )

    async def delete(self, node: str, path: str, force: bool) -> None:
        """``DELETE /pbxs/{nodeId}/instances/…/{objectId}``."""
        await self._check(node, path)
        await self._licensed(
            None, MANAGEMENT, self._client.pbx_management.delete_object(node, path, force=force or None)
        )

    async def _check(self, node: str, path: str) -> None:
        """Raise ``InvalidInput`` for a kind of object that the node does not have.

        Its model is read the first time, and again before something is refused.
        """
        names = ObjectPath.of(path).segments[::2]
        if node in self._models and _stranger(self._models[node], names) is None:
            return
        model = await self._licensed(None, MANAGEMENT, self._client.pbx_management.object_model(node))
        self._models[node] = model
        if (found := _stranger(model, names)) is not None:
            name, known = found
            raise InvalidInput(
                "objectPath", f"there is no object {name!r} there.", remedy=f"There are: {', '.join(known)}."
            )


def _stranger(model: wire.ObjectModel, names: Sequence[str]) -> tuple[str, list[str]] | None:
    """The first of these names, each below the one before, that the model does not have, and those that it has there.

    What stands below a kind that names nothing is unknown.
    """
    for name in names:
        below = {one.object_name: one for one in _reachable(model) if one.object_name}
        if not below:
            return None
        if name not in below:
            return name, sorted(below)
        model = below[name]
    return None


def _reachable(model: wire.ObjectModel) -> Iterator[wire.ObjectModel]:
    """The kinds below a kind, also through those that are hidden."""
    for one in model.objects:
        yield one
        if one.hidden:
            yield from _reachable(one)


def _actions(answer: wire.PbxObject | wire.ObjectModel) -> tuple[str, ...]:
    plain = tuple(name for name in ("create", "delete", "set", "get") if getattr(answer, name))
    return plain + answer.other_actions


def _kind(answer: wire.ObjectModel) -> ObjectKind:
    return ObjectKind(
        name=answer.object_name or "",
        attributes=tuple(
            ObjectAttribute(
                name=one.name,
                mandatory=bool(one.mandatory),
                many=bool(one.multi_value),
                kind=one.type_value,
                allowed=one.allowed_values,
                default=one.default_value if one.default_value is not None else one.defaut_value,
                filtering=bool(one.filtering),
                used_when=one.used_when,
            )
            for one in answer.attributes
            if one.name
        ),
        below=tuple(_kind(one) for one in answer.objects),
        actions=_actions(answer),
    )


class O2gNodes(Part):
    """The state of the system, for administrators."""

    def __init__(self, client: O2gClient, lacks: Lacks, apply: Callable[[NodesSnapshot], None]) -> None:
        """Ask this client, and apply what it reads."""
        super().__init__(client, lacks)
        self._apply = apply

    async def refresh(self) -> None:
        """``GET /system/status``."""
        self._apply(nodes_of(await self._client.maintenance.system_status()))

    async def has_licence(self, name: str) -> bool:
        """``GET /system/licenses?lic=…``; a refusal means no.

        Live servers shorten a word of some names that the reference has whole: where one is refused, the other is
        asked for.
        """
        for spelling in _spellings(name):
            try:
                await self._client.maintenance.license_available(lic=spelling)
            except SessionLost:
                raise
            except (NotAllowed, NotFound):
                continue
            return True
        return False


def _spellings(name: str) -> tuple[str, ...]:
    """A name of a licence as it is given, and as the other of reference and live servers has it."""
    upper = name.strip().upper()
    for manual, live in _OTHER_SPELLINGS.items():
        if manual in upper:
            return name, upper.replace(manual, live)
        if live in upper:
            return name, upper.replace(live, manual)
    return (name,)


_OTHER_SPELLINGS: Final = {"TELEPHONY_": "TEL_", "CONTACTCENTER_SERVICE": "CONTACTCENTER_SVCS"}
