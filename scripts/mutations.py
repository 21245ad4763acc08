"""The small changes that a source is tried with: mutmut's operators, and a few that it lacks.

mutmut leaves decorated functions (every property), module-level tables and plain conditions (``if closed:``) alone; the
operators here do not. Left alone are annotations, imports, decorators, log calls and prose, because a test that
notices those would only repeat them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import libcst as cst
import libcst.matchers as m
from libcst.metadata import (
    MetadataWrapper,
    ParentNodeProvider,
    PositionProvider,
    WhitespaceInclusivePositionProvider,
)
from mutmut.mutation import mutators

# Mutating these gives the same question again, or one about style.
REPLACED = {mutators.operator_arg_removal, mutators.operator_string}
LOGGERS = {"logging", "_LOGGER", "_LOG", "LOGGER", "logger", "log"}
TYPES_ONLY = {"cast", "TypeVar", "NewType", "ParamSpec", "assert_never"}


@dataclass(frozen=True)
class Mutant:
    """One change to one source; ``line`` to ``end`` are the lines of the statement that changes."""

    id: str
    path: str
    function: str
    line: int
    end: int
    old: str
    new: str
    code: str


def argument(node: cst.Call) -> Iterable[cst.Call]:
    """Give None for an argument; leave the last positional argument out."""
    args = node.args
    for index, arg in enumerate(args):
        if not arg.star and not left_alone(arg) and not m.matches(arg.value, m.Name("None")):
            yield node.with_changes(args=[*args[:index], arg.with_changes(value=cst.Name("None")), *args[index + 1 :]])
    if len(args) > 1 and not any(arg.keyword or arg.star for arg in args):
        yield node.with_changes(args=[*args[:-2], args[-2].with_changes(comma=cst.MaybeSentinel.DEFAULT)])


def string(node: cst.SimpleString) -> Iterable[cst.BaseString]:
    """Change a word; prose and the empty string stay."""
    if " " not in node.value:
        yield from list(mutators.operator_string(node))[:1]


def turned(test: cst.BaseExpression) -> Iterable[cst.BaseExpression]:
    """Turn a plain condition round. Comparisons and ``not`` are turned by other operators."""
    if not m.matches(test, m.UnaryOperation() | m.Comparison()):
        yield negated(test)


def negated(test: cst.BaseExpression) -> cst.BaseExpression:
    """Return ``not (test)``."""
    inside = test.with_changes(lpar=[cst.LeftParen(), *test.lpar], rpar=[*test.rpar, cst.RightParen()])
    return cst.UnaryOperation(operator=cst.Not(), expression=inside)


def operand(node: cst.BooleanOperation) -> Iterable[cst.BaseExpression]:
    """Leave out one side of ``and`` or ``or``."""
    for side in (node.left, node.right):
        yield side.with_changes(lpar=[*node.lpar, *side.lpar], rpar=[*side.rpar, *node.rpar])


def filtered(node: cst.CompIf) -> Iterable[cst.CompIf]:
    """Let everything through a comprehension's filter."""
    yield node.with_changes(test=cst.Name("True"), whitespace_before_test=cst.SimpleWhitespace(" "))


def returned(node: cst.Return) -> Iterable[cst.Return]:
    """Return None."""
    if node.value is not None and not m.matches(node.value, m.Name("None")):
        yield node.with_changes(value=cst.Name("None"), whitespace_after_return=cst.SimpleWhitespace(" "))


def called(node: cst.Expr) -> Iterable[cst.CSTNode]:
    """Do not make a call whose result is not used."""
    if m.matches(node.value, m.Call() | m.Await()):
        yield cst.Pass()


def entry(node: cst.Dict | cst.Set) -> Iterable[cst.CSTNode]:
    """Leave one entry out of a table."""
    if len(node.elements) > 1:
        for index in range(len(node.elements)):
            yield node.with_changes(elements=[*node.elements[:index], *node.elements[index + 1 :]])


OPERATORS = [
    *(pair for pair in mutators.mutation_operators if pair[1] not in REPLACED),
    (cst.Call, argument),
    (cst.SimpleString, string),
    (cst.BooleanOperation, operand),
    (cst.CompIf, filtered),
    (cst.Return, returned),
    (cst.Expr, called),
    (cst.Dict, entry),
    (cst.Set, entry),
]


def left_alone(node: cst.CSTNode) -> bool:
    """Whether nothing below a node is to be changed."""
    if isinstance(node, (cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom, cst.TypeAlias, cst.Assert)):
        return True
    if isinstance(node, cst.If):
        return m.matches(node.test, m.Name("TYPE_CHECKING"))
    if isinstance(node, cst.AnnAssign) and m.matches(node.annotation.annotation, m.Name("TypeAlias")):
        return True
    if isinstance(node, (cst.Assign, cst.AnnAssign)) and isinstance(node.value, cst.Call) and left_alone(node.value):
        return True
    if isinstance(node, cst.Assign):
        return any(m.matches(target.target, m.Name("__all__") | m.Name("__slots__")) for target in node.targets)
    if isinstance(node, cst.Expr):  # docstrings
        return isinstance(node.value, (cst.BaseString, cst.Ellipsis))
    if isinstance(node, cst.Arg):
        return m.matches(node.keyword, m.Name("description"))
    if isinstance(node, cst.Call):
        name = node.func.value if isinstance(node.func, cst.Attribute) else node.func
        return isinstance(name, cst.Name) and name.value in LOGGERS | TYPES_ONLY
    return False


class Visitor(cst.CSTVisitor):
    """Collects what each node can be changed to."""

    METADATA_DEPENDENCIES = (PositionProvider, ParentNodeProvider)

    def __init__(self) -> None:
        super().__init__()
        self.functions: list[str] = []
        self.statements: list[tuple[int, int]] = []
        self.found: list[tuple[cst.CSTNode, cst.CSTNode, str, int, int]] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Change this node in every way that there is, then look into it."""
        if left_alone(node):
            return False
        if isinstance(node, cst.Expr) and left_alone(node.value):  # a log call is not left out either
            return False
        if isinstance(node, (cst.BaseCompoundStatement, cst.SimpleStatementLine)):
            self.statements.append(self.span(node))
        if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
            self.functions.append(node.name.value)
        if isinstance(node, cst.Arg) and isinstance(self.get_metadata(ParentNodeProvider, node), cst.ClassDef):
            return False
        for kind, operator in OPERATORS:
            if isinstance(node, kind):
                for new in operator(node):
                    self.add(node, new)
        if isinstance(node, (cst.If, cst.While, cst.IfExp)):
            for new in turned(node.test):
                self.add(node.test, new)
        return True

    def add(self, node: cst.CSTNode, new: cst.CSTNode) -> None:
        """Keep one change."""
        line, end = self.statements[-1] if self.statements else (1, 1)
        self.found.append((node, new, ".".join(self.functions), line, end))

    def on_leave(self, node: cst.CSTNode) -> None:
        """Forget the statement and the function that end here."""
        if left_alone(node) or (isinstance(node, cst.Expr) and left_alone(node.value)):
            return
        if isinstance(node, (cst.BaseCompoundStatement, cst.SimpleStatementLine)):
            self.statements.pop()
        if isinstance(node, (cst.FunctionDef, cst.ClassDef)):
            self.functions.pop()

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        """Return the lines of a statement; of a compound one those of its head."""
        place = self.get_metadata(PositionProvider, node)
        body = getattr(node, "body", None)
        if isinstance(body, cst.IndentedBlock):
            return place.start.line, self.get_metadata(PositionProvider, body).start.line
        return place.start.line, place.end.line


def mutants_of(path: str, source: str) -> Iterator[Mutant]:
    """Yield every mutant of a source, in the order of its lines."""
    wrapper = MetadataWrapper(cst.parse_module(source))
    visitor = Visitor()
    wrapper.visit(visitor)
    places = wrapper.resolve(WhitespaceInclusivePositionProvider)
    starts = [0]
    for text in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(text))
    before = source.splitlines()
    seen: set[str] = set()
    for node, new, function, line, end in visitor.found:
        if isinstance(node, cst.BaseCompoundStatement):
            code = wrapper.module.deep_replace(node, new).code
        else:  # by position, which is a hundred times faster
            place = places[node]
            first = starts[place.start.line - 1] + place.start.column
            last = starts[place.end.line - 1] + place.end.column
            code = source[:first] + wrapper.module.code_for_node(new) + source[last:]
        if code == source or code in seen:
            continue
        seen.add(code)
        gone, come, around = difference(before, code.splitlines())
        # Text and surroundings say which mutant this is, wherever its function moves in the file.
        name = hashlib.sha256(repr((path, function, gone, come, around)).encode()).hexdigest()[:16]
        yield Mutant(name, path, function, line, end, gone, come, code)


def difference(before: list[str], after: list[str]) -> tuple[str, str, str]:
    """Return the lines that went, the lines that came, and three lines on both sides of them."""
    first = 0
    while before[first : first + 1] == after[first : first + 1] and first < len(before):
        first += 1
    tail = 0
    while tail < min(len(before), len(after)) - first and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    last = len(before) - tail
    around = before[max(0, first - 3) : first] + before[last : last + 3]
    return joined(before[first:last]), joined(after[first : len(after) - tail]), joined(around)


def joined(lines: list[str]) -> str:
    """Return lines as one."""
    return " ".join(line.strip() for line in lines)
