"""The parameters of whichever component is named."""

from __future__ import annotations

from typing import Annotated, Any, Union

from pydantic import BeforeValidator, Field

from stdp_pipeline import registry

__all__ = ["one_of"]


def one_of(kind: str, default: str | None = None, able: str | None = None) -> Any:
    """Return the union of the parameters models of one kind, told apart by ``name``.

    Parameters
    ----------
    kind : str
        One of :data:`stdp_pipeline.registry.KINDS`.
    default : str, optional
        What is meant where no name is given.
    able : str, optional
        Only components that have a function of this name.
    """
    modules = [registry.load(kind, name) for name in registry.names(kind)]
    models = tuple(module.Params for module in modules if able is None or hasattr(module, able))
    if len(models) == 1:
        return models[0]

    def named(section: Any) -> Any:
        return {"name": default} | section if default and isinstance(section, dict) else section

    union: Any = Annotated[Union[models], Field(discriminator="name")]  # noqa: UP007
    return Annotated[union, BeforeValidator(named)]
