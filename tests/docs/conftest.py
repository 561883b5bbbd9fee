"""What the pages show, as parameters of tests: commands, examples, links.

A test that takes ``command``, ``python_example``, ``yaml_example`` or ``page`` is run for each of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "results" / "reproductions").glob("*/README.md")),
]
COMPONENTS = [
    ROOT / "docs" / "how-to" / f"{name}.md" for name in ("data-set", "learning-rule", "imperfection", "embedding")
]
"""Pages whose examples are new files of the package: test_components puts them in place first."""

NO_COMMANDS = ("Makefile", "module")
"""First words of blocks without a language that hold no commands: a list of files, a workflow."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its language, its text and the number of its first line."""

    page: Path
    language: str
    text: str
    line: int

    @property
    def where(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def path(self) -> str | None:
        """The file that its first line names in a comment."""
        named = re.match(r"# (\S+/\S+\.\w+)", self.text)
        return named[1] if named else None


def blocks_of(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    for match in re.finditer(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", text, re.MULTILINE | re.DOTALL):
        lines = [line.removeprefix(match[1]) for line in match[3].splitlines()]
        yield Block(page, match[2], "\n".join(lines) + "\n", text[: match.start()].count("\n") + 2)


def commands_of(page: Path) -> Iterator[tuple[str, str]]:
    """Yield the commands of a page, each with its place: those of blocks, and ``stdp ...`` in the text."""
    for block in blocks_of(page):
        if block.language not in ("", "bash", "sh", "console"):
            continue
        lines = re.sub(r" *\\\n *", " ", block.text).splitlines()
        if block.language == "" and lines[0].split(" ")[0] in NO_COMMANDS:
            continue
        for k, line in enumerate(lines):
            if line.strip() and not line.startswith((" ", "#")):  # what is indented goes on with a description
                yield command_in(line.removeprefix("$ ")), f"{page.relative_to(ROOT)}:{block.line + k}"
    text = re.sub(r"^( *)```.*?^\1```", lambda m: "\n" * m[0].count("\n"), page.read_text("utf-8"), flags=re.M | re.S)
    for match in re.finditer(r"`(stdp\s[^`]+)`", text):
        yield " ".join(match[1].split()), f"{page.relative_to(ROOT)}:{text[: match.start()].count(chr(10)) + 1}"


def command_in(line: str) -> str:
    """Return a line without the comment or the description behind the command."""
    line = re.split(r" +# | {2,}(?![^']*'$)", line)[0].strip()
    described = re.match(r"(stdp [a-z-]+(?: [A-Z]+)+) (?=[a-z])", line)
    return described[1] if described else line


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give tests the parameters that they name."""
    if "command" in metafunc.fixturenames:
        found: dict[str, str] = {}
        for page in PAGES:
            for command, where in commands_of(page) if page not in COMPONENTS else ():
                found.setdefault(command, where)
        metafunc.parametrize(("command", "where"), list(found.items()), ids=list(found))
    for name, language in (("python_example", "python"), ("yaml_example", "yaml")):
        if name in metafunc.fixturenames:
            pages = [page for page in PAGES if page not in COMPONENTS]
            blocks = [block for page in pages for block in blocks_of(page) if block.language == language]
            metafunc.parametrize(name, blocks, ids=[block.where for block in blocks])
    if "page" in metafunc.fixturenames:
        metafunc.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])


@pytest.fixture(scope="session")
def component_blocks() -> list[Block]:
    """Return the blocks of the pages about new components, in order."""
    return [block for page in COMPONENTS for block in blocks_of(page)]


@pytest.fixture(scope="session")
def component_commands() -> list[str]:
    """Return the commands of these pages, in order."""
    return [command for page in COMPONENTS for command, _ in commands_of(page)]


@pytest.fixture(scope="session")
def written_experiments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the experiments that pages tell to write, by the names that they have there."""
    folder = tmp_path_factory.mktemp("experiments")
    for page in PAGES:
        for block in blocks_of(page) if page not in COMPONENTS else ():
            if block.path and Path(block.path).parent == Path("config/experiments"):
                (folder / Path(block.path).name).write_text(block.text)
    return folder
