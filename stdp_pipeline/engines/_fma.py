"""Fused multiply-add for compiled code: one rounding instead of two, and the same on every machine.

A compiler that is allowed to contract ``a * b + c`` does so where the processor can and not elsewhere, and results then
differ between machines. Asked for by name, the operation is exact everywhere: an instruction where there is one (x86
since 2013, ARM64), a library call elsewhere.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.extending import intrinsic

__all__ = ["fma"]


@intrinsic
def fma(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """Return a * b + c, rounded once; all three of one floating-point type."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = args[0].type
        function = builder.module.declare_intrinsic("llvm.fma", (kind,), ir.FunctionType(kind, (kind, kind, kind)))
        return builder.call(function, args)

    return a(a, a, a), generate
