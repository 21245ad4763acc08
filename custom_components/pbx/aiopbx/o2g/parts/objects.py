"""PBX management on O2G."""

from collections.abc import Mapping, Sequence
from typing import Any

from ...objects import ObjectAttribute, ObjectKind, PbxObject
from ..filters import ObjectFilter, attributes as attributes_of, values as values_of
from ..object_path import ObjectPath
from ..operations import MANAGEMENT
from ..types import pbx_management as wire
from . import Part


class O2gObjects(Part):
    """The objects of the nodes, for administrators."""

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
        ask = service.pbx_object(node, path, attributes=attributes) if path else service.node_object(node)
        told = await self._licensed(None, MANAGEMENT, ask)
        return PbxObject(
            node=node,
            path=str(path),
            values=values_of(told),
            below=told.object_names,
            actions=_actions(told),
        )

    async def find(
        self, node: str, path: str, filter: ObjectFilter | str | None, attributes: Sequence[str] | None
    ) -> tuple[PbxObject, ...]:
        """``GET /pbxs/{nodeId}/instances/…/{objectName}``."""
        told = await self._licensed(
            None,
            MANAGEMENT,
            self._client.pbx_management.object_ids(node, path, filter=filter, attributes=attributes),
        )
        place = ObjectPath.of(path)
        listed = {one.object_id for one in told.objects}
        found = [PbxObject(node=node, path=str(place / one), values={}) for one in told.object_ids if one not in listed]
        found += [
            PbxObject(node=node, path=str(place / one.object_id), values=values_of(one))
            for one in told.objects
            if one.object_id is not None
        ]
        return tuple(found)

    async def create(self, node: str, path: str, values: Mapping[str, Any], action: str | None) -> None:
        """``POST /pbxs/{nodeId}/instances/…/{objectName}``."""
        await self._licensed(
            None,
            MANAGEMENT,
            self._client.pbx_management.create_object(node, path, attributes_of(values), action=action),
        )

    async def change(self, node: str, path: str, values: Mapping[str, Any], action: str | None) -> None:
        """``PUT /pbxs/{nodeId}/instances/…/{objectId}``."""
        await self._licensed(
            None,
            MANAGEMENT,
            self._client.pbx_management.change_object(node, path, attributes_of(values), action=action),
        )

    async def delete(self, node: str, path: str, force: bool) -> None:
        """``DELETE /pbxs/{nodeId}/instances/…/{objectId}``."""
        await self._licensed(
            None, MANAGEMENT, self._client.pbx_management.delete_object(node, path, force=force or None)
        )


def _actions(told: wire.PbxObject | wire.ObjectModel) -> tuple[str, ...]:
    plain = tuple(name for name in ("create", "delete", "set", "get") if getattr(told, name))
    return plain + told.other_actions


def _kind(told: wire.ObjectModel) -> ObjectKind:
    return ObjectKind(
        name=told.object_name or "",
        attributes=tuple(
            ObjectAttribute(
                name=one.name,
                mandatory=bool(one.mandatory),
                many=bool(one.multi_value),
                kind=one.type_value,
                allowed=one.allowed_values,
                default=one.defaut_value,
                filtering=bool(one.filtering),
                used_when=one.used_when,
            )
            for one in told.attributes
            if one.name
        ),
        below=tuple(_kind(one) for one in told.objects),
        actions=_actions(told),
    )
