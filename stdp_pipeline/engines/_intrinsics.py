"""Single instructions for compiled code that Python has no word for.

*Fused multiply-add*: one rounding instead of two, and the same on every machine. A compiler that is allowed to contract
``a * b + c`` does so where the processor can and not elsewhere, and results then differ between machines. Asked for by
name, the operation is exact everywhere: an instruction where there is one (x86 since 2013, ARM64), a library call
elsewhere.

*Publish* and *observe*: a store after, and a load before, all other memory accesses of a thread, with which threads
wait for each other.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

__all__ = ["fma", "give_way", "observe", "publish"]


@intrinsic
def fma(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """Return a * b + c, rounded once; all three of one floating-point type."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = args[0].type
        function = builder.module.declare_intrinsic("llvm.fma", (kind,), ir.FunctionType(kind, (kind, kind, kind)))
        return builder.call(function, args)

    return a(a, a, a), generate


def _pointer(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    data = context.make_array(kind)(context, builder, array)
    return cgutils.get_item_pointer(context, builder, kind, data, [index], wraparound=False)


@intrinsic
def publish(typingctx: Any, array: Any, index: Any, value: Any) -> Any:
    """Store an int64 into a one-dimensional array; all that was written before is visible to who observes it."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _pointer(context, builder, signature.args[0], args[0], args[1])
        builder.store_atomic(args[2], pointer, ordering="release", align=8)
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64), generate


@intrinsic
def observe(typingctx: Any, array: Any, index: Any) -> Any:
    """Load an int64 from a one-dimensional array that another thread publishes."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _pointer(context, builder, signature.args[0], args[0], args[1])
        return builder.load_atomic(pointer, ordering="acquire", align=8)

    return types.int64(array, types.int64), generate


@intrinsic
def give_way(typingctx: Any) -> Any:
    """Let another thread run on this core (POSIX sched_yield)."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(32), [])
        builder.call(cgutils.get_or_insert_function(builder.module, kind, "sched_yield"), [])
        return context.get_dummy_value()

    return types.void(), generate
