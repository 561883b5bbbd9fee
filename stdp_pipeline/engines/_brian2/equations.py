"""Translate a learning rule's functions from Python to Brian's equations.

A rule (see :mod:`stdp_pipeline.plasticity`) is written once, in plain arithmetic. Its source is read, and the same
arithmetic is written in Brian's language: ``c.eta`` becomes the constant ``c_eta`` of the namespace, a comparison
``int(...)``, :func:`stdp_pipeline.plasticity._base.power` the operator ``**``, and local variables lines of their own.
What Brian has no word for is refused, with the name of the rule and of the construct.
"""

from __future__ import annotations

import ast
import inspect
import math
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from stdp_pipeline.errors import ConfigError
from stdp_pipeline.plasticity import _base

__all__ = ["Statements", "constants", "normalisation", "weight_change"]

# Names that a rule's arguments, by position, have in Brian's synapses; constants have none. w is a weight or a state.
_SYNAPSE = ("w", "x", "fast", "slow", "u", None)
_OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}
_COMPARISONS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
_FUNCTIONS = {
    math.exp: "exp",
    math.log: "log",
    math.sqrt: "sqrt",
    np.exp: "exp",
    np.log: "log",
    np.sqrt: "sqrt",
}


@dataclass(frozen=True)
class Statements:
    """Lines in Brian's language, and what they compute.

    Attributes
    ----------
    lines : tuple of str
        Assignments to local variables, in order.
    results : tuple of str
        One expression for each value that the function returns.
    reads : frozenset of str
        Which of the arguments they read, by their names in Brian.
    """

    lines: tuple[str, ...]
    results: tuple[str, ...]
    reads: frozenset[str]


def constants(values: Any) -> dict[str, float]:
    """Return a rule's constants, a ``NamedTuple``, as they are called in Brian's namespace."""
    return {f"c_{name}": float(value) for name, value in values._asdict().items()}


def weight_change(rule: ModuleType, name: str) -> Statements:
    """Translate a rule's ``on_pre`` or ``on_post``: the new weight or state, not yet clipped, from w, x, fast, slow, u.

    Raises
    ------
    ConfigError
        If Brian cannot express the function.
    """
    found = _Translator(rule, name, _SYNAPSE).statements
    if len(found.results) != 1:
        raise _refused(rule, name, "a function that returns several values")
    return found


def normalisation(rule: ModuleType) -> Statements:
    """Translate a rule's ``normalise``: factor and summand from ``sum_w``, ``norm_total`` and ``n_input``.

    Raises
    ------
    ConfigError
        If Brian cannot express the function.
    """
    found = _Translator(rule, "normalise", ("sum_w", "norm_total", "n_input")).statements
    if len(found.results) != 2:
        raise _refused(rule, "normalise", "anything but 'return factor, summand'")
    return found


def _refused(rule: ModuleType, name: str, what: str) -> ConfigError:
    short = rule.__name__.rpartition(".")[2]
    return ConfigError(
        f"plasticity rule '{short}' cannot be run by Brian2: its function '{name}' uses {what}, which is not "
        "translated. Brian2 engines take arithmetic, comparisons, exp, log, sqrt and power; use simulation.engine "
        "'fast' or 'reference'."
    )


class _Translator:
    """Translate one function of a rule.

    Parameters
    ----------
    rule : module
    name : str
        Name of the function in that module.
    arguments : tuple of str or None
        Names of its arguments in Brian, by position; of six, the last one are the constants.
    """

    def __init__(self, rule: ModuleType, name: str, arguments: tuple[str | None, ...]) -> None:
        self.rule, self.name = rule, name
        self.function: Callable[..., Any] = getattr(rule, name)
        tree = ast.parse(textwrap.dedent(inspect.getsource(self.function))).body[0]
        if not isinstance(tree, ast.FunctionDef):
            raise self._refused(tree)
        given = [a.arg for a in tree.args.args]
        self.known = {own: brian for own, brian in zip(given, arguments, strict=True) if brian is not None}
        self.constants = given[5] if len(given) == len(_SYNAPSE) else ""
        self.reads: set[str] = set()
        self.n_locals = 0
        lines: list[str] = []
        results: tuple[str, ...] = ()
        for node in tree.body:
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                continue  # the docstring
            if isinstance(node, ast.Return) and node is tree.body[-1] and node.value is not None:
                values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
                results = tuple(self._text(value) for value in values)
            else:
                lines.append(self._assignment(node))
        self.statements = Statements(tuple(lines), results, frozenset(self.reads))

    def _refused(self, node: ast.AST) -> ConfigError:
        return _refused(self.rule, self.name, f"'{ast.unparse(node).splitlines()[0]}'")

    def _assignment(self, node: ast.stmt) -> str:
        """Return the line for ``name = expression``, to a name of its own so that it hides none of Brian's."""
        if not (isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)):
            raise self._refused(node)
        own = node.targets[0].id
        value = self._text(node.value)
        # Brian's local variables are assigned once; an argument that is assigned anew is a new variable, too.
        self.n_locals += 1
        self.known[own] = f"local_{self.n_locals}"
        return f"{self.known[own]} = {value}"

    def _text(self, node: ast.expr) -> str:
        """Return one expression in Brian's language, in brackets where it has parts."""
        match node:
            case ast.Constant(value=bool() | int() | float() as value):
                return repr(float(value))
            case ast.Name():
                return self._variable(node)
            case ast.Attribute(value=ast.Name(id=owner), attr=attribute) if owner == self.constants:
                return f"c_{attribute}"
            case ast.Subscript(value=ast.Name(id=name)) if self.known.get(name) == "u":
                self.reads.add("devices")
                return "0.0"  # devices that are all alike
            case ast.Attribute():
                return self._number(node)
            case ast.UnaryOp(op=ast.USub()):
                return f"(-{self._text(node.operand)})"
            case ast.BinOp() if type(node.op) in _OPERATORS:
                return f"({self._text(node.left)} {_OPERATORS[type(node.op)]} {self._text(node.right)})"
            case ast.Compare() if all(type(op) in _COMPARISONS for op in node.ops):
                sides = [self._text(side) for side in (node.left, *node.comparators)]
                signs = [_COMPARISONS[type(op)] for op in node.ops]
                parts = [f"int({a} {sign} {b})" for a, sign, b in zip(sides, signs, sides[1:], strict=False)]
                return parts[0] if len(parts) == 1 else f"({' * '.join(parts)})"
            case ast.Call(keywords=[]):
                return self._call(node)
        raise self._refused(node)

    def _variable(self, node: ast.Name) -> str:
        if node.id in self.known:
            name = self.known[node.id]
            if not name.startswith("local_"):
                self.reads.add(name)
            return name
        return self._number(node)

    def _number(self, node: ast.expr) -> str:
        """Return the value of a constant of the rule's module."""
        value = self._value(node)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._refused(node)
        return repr(float(value)) if value >= 0 else f"({float(value)!r})"

    def _value(self, node: ast.expr) -> Any:
        """Look up a name, or a name in a module, among the globals of the function; None if there is none."""
        if isinstance(node, ast.Attribute):
            return getattr(self._value(node.value), node.attr, None)
        return self.function.__globals__.get(node.id) if isinstance(node, ast.Name) else None

    def _call(self, node: ast.Call) -> str:
        called = self._value(node.func)
        parts = [self._text(argument) for argument in node.args]
        if called is _base.power and len(parts) == 2:
            return f"({parts[0]} ** {parts[1]})"
        if called is _base.exp_neg and len(parts) == 1:
            return f"exp(-{parts[0]})"
        try:
            known = _FUNCTIONS.get(called)
        except TypeError:  # not hashable, so none of them
            known = None
        if known is None or len(parts) != 1:
            raise self._refused(node.func)
        return f"{known}({parts[0]})"
