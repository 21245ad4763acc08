"""The nodes: their state, and their configuration."""

from collections.abc import Sequence

from ...filters import ObjectFilter
from ...operations import Send, Service, operation
from ..queries import ObjectPath
from ..rules import ATTRIBUTES, OBJECTS, ONE_OBJECT, joined
from ..types.base import MANAGEMENT
from ..types.maintenance import SystemStatus
from ..types.pbx_management import ObjectModel, Pbx, PbxAttributes, PbxObject, PbxObjectIds, Pbxs

_OBJECT = "/pbxs/{nodeId}/instances/{objectName}/{objectId}"
_OBJECTS = "/pbxs/{nodeId}/instances/{objectName}"


class PbxManagement(Service, service="PbxManagement"):
    """The nodes and their objects, for administrators.

    ``object_path`` is where an object stands: ``Subscriber/4722/Subscriber_Alias/5``, as a string or an
    ``ObjectPath``; without the last id it is all objects of that name there. ``filters.attributes`` makes attributes of
    a dict, and ``filters.values`` a dict of attributes.
    """

    @operation("GET", "/pbxs", MANAGEMENT)
    def pbxs(self) -> Send[Pbxs]:
        """List the nodes."""
        return Send()

    @operation("GET", "/pbxs/{nodeId}", MANAGEMENT)
    def pbx(self, node_id: str | int) -> Send[Pbx]:
        """Read a node's address."""
        return Send(node_id)

    @operation("GET", "/pbxs/{nodeId}/instances", MANAGEMENT)
    def node_object(self, node_id: str | int) -> Send[PbxObject]:
        """Read the object at the top of a node's tree, and which objects are below it."""
        return Send(node_id)

    @operation("GET", _OBJECT, MANAGEMENT, ONE_OBJECT, deep="objectPath")
    def pbx_object(
        self, node_id: str | int, object_path: str | ObjectPath, *, attributes: str | Sequence[str] | None = None
    ) -> Send[PbxObject]:
        """Read an object, whole or these attributes of it, and which objects are below it."""
        return Send(node_id, object_path, attributes=joined(attributes, field="attributes"))

    @operation("PUT", _OBJECT, MANAGEMENT, ONE_OBJECT, ATTRIBUTES, deep="objectPath")
    def change_object(
        self, node_id: str | int, object_path: str | ObjectPath, body: PbxAttributes, *, action: str | None = None
    ) -> Send[None]:
        """Change attributes of an object, or carry out an action that its model offers.

        Raises ``Conflict`` where someone else has changed the object since it was last read: read it, and change it
        again. The actions ``add`` and ``remove`` change a list attribute without that.
        """
        return Send(node_id, object_path, body=body, action=action)

    @operation("DELETE", _OBJECT, MANAGEMENT, ONE_OBJECT, deep="objectPath", valueless=("force",))
    def delete_object(
        self, node_id: str | int, object_path: str | ObjectPath, *, force: bool | None = None
    ) -> Send[None]:
        """Delete an object; ``force`` where its model offers ``FORCED_DELETE``."""
        return Send(node_id, object_path, force=force or None)

    @operation("GET", _OBJECTS, MANAGEMENT, OBJECTS, deep="objectPath")
    def object_ids(
        self,
        node_id: str | int,
        object_path: str | ObjectPath,
        *,
        filter: str | ObjectFilter | None = None,
        attributes: str | Sequence[str] | None = None,
    ) -> Send[PbxObjectIds]:
        """List objects by their ids, those that the filter lets through, perhaps with these attributes of each.

        ``filters.attribute("Annu_Name").begins_with("Jz")`` makes a filter.
        """
        return Send(
            node_id,
            object_path,
            filter=None if filter is None else str(filter),
            attributes=joined(attributes, field="attributes"),
        )

    @operation("POST", _OBJECTS, MANAGEMENT, OBJECTS, ATTRIBUTES, deep="objectPath")
    def create_object(
        self, node_id: str | int, object_path: str | ObjectPath, body: PbxAttributes, *, action: str | None = None
    ) -> Send[None]:
        """Create an object. What is left out gets its default; the model says what has no default."""
        return Send(node_id, object_path, body=body, action=action)

    @operation("GET", "/pbxs/{nodeId}/model", MANAGEMENT)
    def object_model(self, node_id: str | int) -> Send[ObjectModel]:
        """Read what kinds of objects there are, as a tree."""
        return Send(node_id)

    @operation("GET", "/pbxs/{nodeId}/model/{objectName}", MANAGEMENT)
    def object_model_of(self, node_id: str | int, object_name: str) -> Send[ObjectModel]:
        """Read what one kind of objects is like."""
        return Send(node_id, object_name)


class Maintenance(Service, service="Maintenance"):
    """The state of the system. Reading it is for administrators."""

    @operation("GET", "/system/licenses", since="2.2")
    def license_available(self, *, lic: str | None = None) -> Send[None]:
        """Ask whether there is a licence of this name, such as ``ROXE_HA``; refused where there is not."""
        return Send(lic=lic)

    @operation("GET", "/system/status")
    def system_status(self) -> Send[SystemStatus]:
        """Read how the server and its nodes are, and how many licences of each kind there are (administrators only)."""
        return Send()
