"""What the site shows of files outside ``docs/``: README, reproductions, sources that pages point to, reference.

Pages are written for readers of the repository: their links are paths, such as ``../config/experiments/tiny.yaml``.
Here each such path becomes a page or a file of the site, so that nothing points to a place that needs a network.
Formulas become MathML, which browsers draw by themselves.
"""

from __future__ import annotations

import ast
import html
import json
import os
import posixpath
import re
from pathlib import Path

from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "stdp_pipeline"
REPRODUCTIONS = "results/reproductions"
ROOT_PAGES = {"README.md": "readme.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
LANGUAGES = {".py": "python", ".yaml": "yaml", ".smk": "python", ".toml": "toml", ".cff": "yaml", ".sh": "bash"}
"""Files that are shown as a page, with the language of their text; '' for files without an ending."""

LINK = re.compile(r"(\]\()([^()\s]+)(\))")
CODE = re.compile(r"^( *)(```+|~~~+).*?^\1\2 *$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
NOT_SEARCHED = "---\nsearch: {exclude: true}\n---\n"
"""Begins pages of sources: what they say is said elsewhere in other words."""
README_PART = re.compile(r"<!-- README: (.+?) -->")
FORMULA = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)

sources: dict[str, str] = {}
"""Page or file of the site -> path in the repository of what it shows."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fill the parts of the navigation that follow from what is there."""
    found = sorted((ROOT / REPRODUCTIONS).glob("*/README.md"))
    pages = [place_of(path.relative_to(ROOT).as_posix()) for path in found]
    for entry in config.nav or []:
        if "Guide" in entry:
            named = json.dumps(config.nav)
            rest = sorted(p.name for p in (ROOT / "docs").glob("*.md") if f'"{p.name}"' not in named)
            entry["Guide"] += rest
        if "Reproductions" in entry:
            entry["Reproductions"] = [{"Overview": entry["Reproductions"]}, *pages]
        if "Reference" in entry:
            entry["Reference"] = ["reference/index.md", *(f"reference/{name}.md" for name in reference_pages())]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the reference, and all that pages point to, directly or not."""
    sources.clear()
    sources.update((file.src_uri, f"docs/{file.src_uri}") for file in files)
    for path in ("README.md", "CONTRIBUTING.md"):
        add(files, config, path)
    for name, text in reference_pages().items():
        files.append(File.generated(config, f"reference/{name}.md", content=text))
    files.append(File.generated(config, "reference/index.md", content=reference_index()))
    left = list(sources.items())
    while left:
        place, source = left.pop()
        if not place.endswith(".md"):
            continue
        for target in targets(with_readme_parts(shown(source)), folder_of(source)):
            if target is not None and place_of(target) not in sources:
                left.append(add(files, config, target))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn paths of the repository into links of the site, and put parts of the README in their places."""
    source = sources.get(page.file.src_uri)
    if source is None:
        return markdown
    return rewritten(with_readme_parts(markdown), source, page.file.src_uri)


def on_page_content(html_text: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn formulas into MathML."""

    def formula(match: re.Match[str]) -> str:
        display = "block" if match[2] == "[" else "inline"
        return convert(html.unescape(match[3]).strip(), display=display)

    return FORMULA.sub(formula, html_text)


def on_post_build(config: MkDocsConfig) -> None:
    """Write the search index as a script, too, which a page that was opened from the disk may load."""
    folder = Path(config.site_dir) / "search"
    index = (folder / "search_index.json").read_text(encoding="utf-8")
    (folder / "search_index.js").write_text(f"var __index = {index}", encoding="utf-8")


# ---- paths of the repository and places on the site ------------------------------------------------------------------


def place_of(path: str) -> str:
    """Return where the site has a file or folder of the repository."""
    if path in ROOT_PAGES:
        return ROOT_PAGES[path]
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    if path.startswith(f"{REPRODUCTIONS}/"):
        path = path.removeprefix("results/")
    elif (ROOT / path).is_dir():
        return f"files/{path}/index.md"
    else:
        path = f"files/{path}"
    return f"{path}.md" if is_source(path) else path


def is_source(path: str) -> bool:
    """Return whether a file is shown as a page with its text."""
    return posixpath.splitext(path)[1] in LANGUAGES or "." not in posixpath.basename(path)


def add(files: Files, config: MkDocsConfig, path: str) -> tuple[str, str]:
    """Add a file or folder of the repository to the site, and return its place there and its path."""
    place = place_of(path)
    if place.endswith(".md"):
        files.append(File.generated(config, place, content=shown(path)))
    else:
        files.append(File.generated(config, place, abs_src_path=str(ROOT / path)))
    sources[place] = path
    return place, path


def shown(path: str) -> str:
    """Return the Markdown of the page that shows a file or folder of the repository."""
    whole = ROOT / path
    if whole.is_dir():
        rows = [f"* [{one.name}]({one.name})" for one in sorted(whole.iterdir()) if is_shown(one)]
        return f"{NOT_SEARCHED}# {path}/\n\n" + "\n".join(rows) + "\n"
    text = whole.read_text(encoding="utf-8")
    if not path.endswith(".md"):
        language = LANGUAGES.get(whole.suffix, "text")
        return f"{NOT_SEARCHED}# {path}\n\n````{language}\n{text.rstrip()}\n````\n"
    return text


def with_readme_parts(text: str) -> str:
    """Return a page of docs with sections of the README in the places that name them."""
    return README_PART.sub(lambda match: readme_part(match[1]), text)


def is_shown(path: Path) -> bool:
    """Return whether a list of a folder's files has this one."""
    return path.is_file() and not path.name.startswith(".") and path.suffix in LANGUAGES


def readme_part(heading: str) -> str:
    """Return a section of the README without its heading; its links begin at the folder docs.

    Raises
    ------
    PluginError
        If the README has no such heading.
    """
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    match = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if match is None:
        raise PluginError(f"docs/index.md: README.md has no section '{heading}'")
    return LINK.sub(lambda m: m[0] if is_elsewhere(m[2]) else f"{m[1]}../{m[2]}{m[3]}", match[1].strip())


def folder_of(path: str) -> str:
    """Return the folder where the links of a file, or of a folder's list, begin."""
    return path if (ROOT / path).is_dir() else posixpath.dirname(path)


def is_elsewhere(link: str) -> bool:
    """Return whether a link points into the same page or to the web."""
    return link.startswith("#") or ":" in link.split("/")[0]


def outside_code(text: str) -> list[tuple[bool, str]]:
    """Return the parts of a page in order, each with whether it is text (and not code)."""
    parts, at = [], 0
    for match in CODE.finditer(text):
        parts += [(True, text[at : match.start()]), (False, match[0])]
        at = match.end()
    return [*parts, (True, text[at:])]


def target_of(link: str, folder: str) -> str | None:
    """Return the path of the repository that a link of a file in ``folder`` points to, or None if it is elsewhere.

    Raises
    ------
    PluginError
        If there is no such file.
    """
    if is_elsewhere(link):
        return None
    path = posixpath.normpath(posixpath.join(folder, link.split("#")[0]))
    if path.startswith("..") or not (ROOT / path).exists():
        raise PluginError(f"a page in '{folder}' has a link to '{link}', and there is no such file")
    return path


def targets(text: str, folder: str) -> list[str | None]:
    """Return the paths of all links of a page."""
    parts = (part for is_text, part in outside_code(text) if is_text)
    return [target_of(match[2], folder) for part in parts for match in LINK.finditer(part)]


def rewritten(text: str, source: str, place: str) -> str:
    """Return a page whose links are those of the site."""

    def link(match: re.Match[str]) -> str:
        target = target_of(match[2], folder_of(source))
        if target is None:
            return match[0]
        _, mark, anchor = match[2].partition("#")
        return (
            f"{match[1]}{posixpath.relpath(place_of(target), posixpath.dirname(place) or '.')}{mark}{anchor}{match[3]}"
        )

    return "".join(LINK.sub(link, part) if is_text else part for is_text, part in outside_code(text))


# ---- reference -------------------------------------------------------------------------------------------------------


def packages() -> list[Path]:
    """Return the folders of all public packages, outer ones first."""
    inits = (path.parent for path in PACKAGE.rglob("__init__.py"))
    return sorted(p for p in inits if p != PACKAGE and not any(part[0] == "_" for part in p.relative_to(PACKAGE).parts))


def described(path: Path) -> str:
    """Return the first line of a module's docstring."""
    text = path.read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(text)) or "").split("\n", 1)[0]


def modules_of(package: Path) -> list[str]:
    """Return the public modules of a package, and those that its docstring names."""
    contract = (package / "__init__.py").read_text(encoding="utf-8")
    dotted = dotted_name(package)
    stems = [p.stem for p in sorted(package.glob("*.py"))]
    return [f"{dotted}.{stem}" for stem in stems if stem[0] != "_" or (f"{dotted}.{stem}." in contract)]


def dotted_name(path: Path) -> str:
    """Return a package's name as it is imported."""
    return ".".join(path.relative_to(ROOT).parts)


def reference_pages() -> dict[str, str]:
    """Return name and Markdown of each page of the reference: one for each package."""
    pages = {"stdp_pipeline": page_of("stdp_pipeline", modules_of(PACKAGE), show_package=False)}
    for package in packages():
        name = dotted_name(package)
        pages[name.removeprefix("stdp_pipeline.")] = page_of(name, modules_of(package))
    return pages


def page_of(name: str, modules: list[str], show_package: bool = True) -> str:
    """Return the page of one package."""
    short = name.removeprefix("stdp_pipeline.")
    parts = [f"# {short}\n"]
    if show_package:
        parts.append(f"::: {name}\n    options: {{show_root_heading: false, show_root_toc_entry: false}}\n")
    parts += [f"::: {module}\n    options: {{heading_level: 2}}\n" for module in modules]
    return "\n".join(parts)


def reference_index() -> str:
    """Return the page that lists all packages."""
    rows = [
        "# Reference",
        "",
        "From the docstrings of the sources, one page for each package.",
        "",
        "| package | |",
        "|---|---|",
    ]
    rows.append(
        "| [stdp_pipeline](stdp_pipeline.md) | Modules that belong to no package: command line, random numbers |"
    )
    for package in packages():
        short = dotted_name(package).removeprefix("stdp_pipeline.")
        rows.append(f"| [{short}]({short}.md) | {described(package / '__init__.py')} |")
    return "\n".join(rows) + os.linesep
