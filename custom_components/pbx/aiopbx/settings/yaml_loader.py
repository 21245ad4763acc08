"""YAML within bounds. A module of its own, because only those who have such a file need PyYAML."""

from typing import Any, Final

import yaml

from .parsing import DEEP, DEEPEST, LONG, LONGEST_NUMBER, TWICE, Unparsable

LARGEST: Final = 100_000
"""How many values a document may have once its references are followed."""
_NUMBERS: Final = {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}


class StrictLoader(yaml.SafeLoader):
    """A safe loader that refuses what is deep, endless numbers, equal keys, and references that multiply."""

    def __init__(self, text: str) -> None:
        """Read this text."""
        super().__init__(text)
        self._depth = 0
        self._measured: dict[int, tuple[int, int]] = {}
        """How deep each node is, and how many values are in it, by its identity."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Measure each node once; those that references repeat count again, without being gone through again."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if self._depth >= DEEPEST + 1:
            raise Unparsable(DEEP, line=_line(event))
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        if node is not None and not isinstance(event, yaml.AliasEvent):
            self._measure(node)
        elif id(node) not in self._measured:
            raise Unparsable("refers to itself", line=_line(event))
        return node

    def _measure(self, node: yaml.Node) -> None:
        depth, size = 0, 1
        if isinstance(node, yaml.CollectionNode):
            inner = node.value
            if isinstance(node, yaml.MappingNode):
                _check_keys(node)
                inner = [one for pair in node.value for one in pair]
            measures = [self._measured[id(one)] for one in inner]
            depth += 1 + max((depth for depth, _ in measures), default=0)
            size += sum(size for _, size in measures)
        elif node.tag in _NUMBERS and len(node.value) > LONGEST_NUMBER:
            raise Unparsable(LONG, line=_line(node))
        if depth > DEEPEST:
            raise Unparsable(DEEP, line=_line(node))
        if size > LARGEST:
            raise Unparsable(f"has more than {LARGEST} values", line=_line(node))
        self._measured[id(node)] = depth, size

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Say where a value is that its type refuses, such as a 30 February."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, ArithmeticError, LookupError, AttributeError, TypeError):
            raise Unparsable("cannot be parsed", line=_line(node), detail="cannot be read", bound=False) from None


def _check_keys(node: yaml.MappingNode) -> None:
    seen = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode):
            if (key.tag, key.value) in seen:
                raise Unparsable(TWICE, line=_line(key), detail=f"{key.value} stands there twice")
            seen.add((key.tag, key.value))


def _line(part: yaml.Event | yaml.Node) -> int:
    return int(part.start_mark.line) + 1 if part.start_mark else 1


def parse_yaml(text: str, kind: type[StrictLoader] = StrictLoader) -> tuple[yaml.Node | None, Any]:
    """Read YAML, both as it is written and as values. Raises ``Unparsable``."""
    try:
        loader = kind(text)
        try:
            node = loader.get_single_node()
            return node, None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        detail = error.problem or error.context
        raise Unparsable("is not YAML", line=line, detail=detail, bound=False) from None
    except yaml.YAMLError as error:
        raise Unparsable("cannot be parsed", detail=str(error), bound=False) from None
    except RecursionError:
        raise Unparsable(DEEP) from None
    except Unparsable:
        raise
    except (ValueError, ArithmeticError):  # an escape that is no character
        raise Unparsable("cannot be parsed", bound=False) from None
