"""Mutants: a module with one thing in it changed.

The only place that knows the changes: comparisons turned, `and` and `or` swapped, constants one
off, conditions negated, and errors that are not raised. What no test could tell from the original
is not changed, see `_same_to_any_test`.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

_COMPARED: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
#: They keep a programmer from mistakes, or save memory; the program does the same without.
_FOR_PROGRAMMERS: Final = frozenset(("frozen", "slots", "gc", "kw_only", "repr", "maxsize"))


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change.

    Attributes:
        source: the whole module with it.
        function: whether it is inside of one; else it is made when the module is imported.
        constants: names of the module that are made anew by it, and that nothing else was made of
            when it was imported.
    """

    line: int
    what: str
    source: str
    function: bool
    constants: tuple[str, ...]


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a module. Words for people are left alone: no test holds them fast."""
    tree = ast.parse(source)
    left_alone = _same_to_any_test(tree)
    used = _used_at_import(tree)
    homes = {node: home for home in tree.body for node in ast.walk(home)}
    for number, node in enumerate(ast.walk(tree)):
        if node in left_alone:
            continue
        for what, change in _changes(node):
            changed = copy.deepcopy(tree)
            twin = next(one for at, one in enumerate(ast.walk(changed)) if at == number)
            change(twin)
            home = homes[node]
            yield Mutant(
                getattr(node, "lineno", 0),
                what,
                ast.unparse(ast.fix_missing_locations(changed)),
                _is_in_function(home, node),
                () if used & {*_assigned(home)} else _assigned(home),
            )


def _same_to_any_test(tree: ast.Module) -> set[ast.AST]:
    """What is in words for people, and arguments that do nothing but find mistakes of ours."""
    found: set[ast.AST] = set()
    for node in ast.walk(tree):
        is_word = isinstance(node, ast.JoinedStr)
        if is_word or (isinstance(node, ast.keyword) and node.arg in _FOR_PROGRAMMERS):
            found.update(ast.walk(node))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "zip":
            found.update(part for keyword in node.keywords for part in ast.walk(keyword))
    return found


def _is_in_function(home: ast.AST, node: ast.AST) -> bool:
    for one in ast.walk(home):
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            parts: list[ast.AST] = [*one.body, one.args]
            if node is one or any(node is inner for part in parts for inner in ast.walk(part)):
                return True
    return False


def _used_at_import(tree: ast.Module) -> set[str]:
    """Names that a module reads while it is imported, as in the default of a field."""
    functions = [
        one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    later = {node for one in functions for part in one.body for node in ast.walk(part)}
    names = [one for one in ast.walk(tree) if isinstance(one, ast.Name) and one not in later]
    return {one.id for one in names if isinstance(one.ctx, ast.Load)}


def _assigned(home: ast.AST) -> tuple[str, ...]:
    targets = home.targets if isinstance(home, ast.Assign) else [getattr(home, "target", None)]
    return tuple(one.id for one in targets if isinstance(one, ast.Name))


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in _COMPARED:
            yield "comparison turned", _turn
        case ast.BoolOp():
            yield "and/or swapped", _swap
        case ast.If() | ast.IfExp():
            yield "condition negated", _negate
        case ast.UnaryOp(op=ast.Not()):
            yield "not dropped", _drop_not
        case ast.Constant(value=bool()):
            yield "truth turned", _turn_truth
        case ast.Constant(value=int()):
            yield "number one off", _one_off
        case ast.FunctionDef(body=[*body]) if any(isinstance(one, ast.Raise) for one in body):
            yield "raise removed", _remove_raise
    if isinstance(node, ast.If | ast.ExceptHandler) and isinstance(node.body[-1], ast.Raise):
        yield "raise removed", _remove_raise


def _turn(node: ast.AST) -> None:
    assert isinstance(node, ast.Compare)
    node.ops = [_COMPARED[type(node.ops[0])]()]


def _swap(node: ast.AST) -> None:
    assert isinstance(node, ast.BoolOp)
    node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()


def _negate(node: ast.AST) -> None:
    assert isinstance(node, ast.If | ast.IfExp)
    node.test = ast.UnaryOp(ast.Not(), node.test)


def _drop_not(node: ast.AST) -> None:
    assert isinstance(node, ast.UnaryOp)
    node.operand = ast.UnaryOp(ast.Not(), node.operand)


def _turn_truth(node: ast.AST) -> None:
    assert isinstance(node, ast.Constant)
    node.value = not node.value


def _one_off(node: ast.AST) -> None:
    assert isinstance(node, ast.Constant)
    assert isinstance(node.value, int)
    node.value += 1


def _remove_raise(node: ast.AST) -> None:
    assert isinstance(node, ast.If | ast.ExceptHandler | ast.FunctionDef)
    node.body = [ast.Pass() if isinstance(one, ast.Raise) else one for one in node.body]
