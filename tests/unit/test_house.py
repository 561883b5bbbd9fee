"""The shape of the code: imports go one way, the digest sees what it must."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import stdp_pipeline
from stdp_pipeline import registry
from stdp_pipeline.config import digest
from stdp_pipeline.config.job import OF_EXPERIMENTS
from stdp_pipeline.config.load import load_experiment
from stdp_pipeline.config.plan import plan

PACKAGE = Path(stdp_pipeline.__file__).parent
ROOT = PACKAGE.parent

# Each may import itself and those before it. Base helpers may be imported by all.
LAYERS = [
    {"errors", "registry", "random", "io", "locking", "provenance"},
    {"config"},
    {"datasets"},
    {"encoding"},
    {"network"},
    {"plasticity"},
    {"engines"},
    {"readout"},
    {"hardware"},
    {"analysis"},
    {"figures"},
    {"report"},
    {"stages"},
    {"workflow", "archive", "bench", "doctor", "pretrained", "starter", "export", "running", "supervision"},
    {"commands"},
    {"cli"},
    {"__main__"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = sorted(module_name(p) for p in PACKAGE.rglob("*.py"))


def layer(module: str) -> int:
    part = module.split(".")[1]
    return LEVEL[part]


@pytest.mark.parametrize("module", [m for m in MODULES if "." in m])
def test_imports_go_down_the_list_only(module):
    for imported in digest.imported_modules(module):
        if "." not in imported:
            continue
        assert layer(imported) <= layer(module), f"{module} imports {imported}"


def test_every_part_of_the_package_has_a_layer():
    parts = {p.stem for p in PACKAGE.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()} - {"__init__"}
    assert parts == set(LEVEL)


@pytest.mark.parametrize("module", MODULES)
def test_modules_have_docstrings_and_are_not_too_long(module):
    path = digest._file(module)
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 350


def test_snakemake_is_imported_by_no_module():
    for module in MODULES:
        tree = ast.parse(digest._file(module).read_text())
        for node in ast.walk(tree):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(n.split(".")[0] == "snakemake" for n in names), module


# ---- code digests ----------------------------------------------------------------------------------------------------


def test_comments_docstrings_and_formatting_do_not_count():
    a = 'def f(x):\n    """Doc."""\n    return x + 1\n'
    b = "def f( x ):  # comment\n\n    return (x + 1)\n"
    assert digest.syntax_digest(a) == digest.syntax_digest(b)
    assert digest.syntax_digest(a) != digest.syntax_digest(a.replace("1", "2"))


@pytest.fixture(scope="module")
def modules():
    jobs = plan("tiny", load_experiment(ROOT / "config/experiments/tiny.yaml")).jobs
    specs = {stage: job.spec for (stage, _), job in jobs.items()}
    return {
        stage: digest.modules_of_stage(stage, {} if stage in OF_EXPERIMENTS else spec) for stage, spec in specs.items()
    }


@pytest.mark.parametrize(
    ("stage", "module"),
    [
        ("prepare", "datasets.digits"),
        ("encode", "encoding.poisson"),
        ("train", "engines._kernel"),
        ("train", "engines._integrators"),
        ("train", "plasticity.triplet"),
        ("train", "encoding.poisson"),
        ("train", "engines._compile"),
        ("train", "random"),
        ("train", "network.state"),
        ("label", "readout._labels"),
        ("test", "readout.all_activity"),
        ("embed", "analysis.embed.pca"),
        ("report", "figures.fields"),
        ("report", "report.page"),
        ("illustrate", "figures.print"),
        ("illustrate", "figures.raster"),
        ("illustrate", "report.captions"),
    ],
)
def test_a_stage_depends_on_the_code_it_runs(modules, stage, module):
    assert f"stdp_pipeline.{module}" in modules[stage]


@pytest.mark.parametrize(
    ("stage", "module"),
    [
        ("prepare", "datasets.mnist"),
        ("prepare", "engines.fast"),
        ("encode", "figures.raster"),
        ("encode", "figures._style"),
        ("train", "figures.fields"),
        ("train", "analysis.embed.pca"),
        ("embed", "analysis.embed.umap"),
        ("embed", "plasticity.triplet"),
        ("portray", "figures.results"),
        ("report", "figures.print"),
    ],
)
def test_a_stage_does_not_depend_on_other_code(modules, stage, module):
    assert f"stdp_pipeline.{module}" not in modules[stage]


def test_components_are_found_by_file_name():
    assert "triplet" in registry.names("rule")
    assert not any(name.startswith("_") for kind in registry.KINDS for name in registry.names(kind))


def test_what_the_text_of_a_module_says_is_kept_for_other_processes(tmp_path, monkeypatch):
    from stdp_pipeline.config import _syntax

    monkeypatch.setenv("STDP_CACHE_DIR", str(tmp_path / "cache"))

    def fresh():
        _syntax._known.cache_clear()
        _syntax._new.clear()

    fresh()
    source = '"""Text."""\nimport os.path\n\ndef f():\n    """Text."""\n    from a.b import c\n'
    found = _syntax.facts(source)
    assert found.imports == ("a.b", "a.b.c", "os.path")
    assert found.digest == digest.syntax_digest(source) == digest.syntax_digest(source.replace("Text", "Other"))
    _syntax.keep()
    fresh()
    monkeypatch.setattr(_syntax, "_found", lambda _: pytest.fail("parsed again"))
    assert _syntax.facts(source) == found
    monkeypatch.undo()
    # A damaged file is as good as none, and so is a folder that cannot be written to.
    monkeypatch.setenv("STDP_CACHE_DIR", str(tmp_path / "cache"))
    _syntax._file().write_text("[1, 2")
    fresh()
    assert _syntax.facts(source) == found
    monkeypatch.setenv("STDP_CACHE_DIR", str(_syntax._file()))
    _syntax.keep()
    fresh()
    assert _syntax.facts(source) == found
    fresh()
