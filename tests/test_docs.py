"""What the README promises: its commands, options, files and links are there."""

import re
from pathlib import Path

import pytest

from livejam.cli import main

ROOT = Path(__file__).parent.parent
NAMES = ("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "docs/charts.md")
PAGES = {name: (ROOT / name).read_text(encoding="utf-8") for name in NAMES}
COMMAND = re.compile(r"(?:\S+=\S+ )?livejam ([a-z]+)( .*)?", re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")


def commands(page):
    """Every `livejam COMMAND ...` in code on a page: the command and its options."""
    parts = PAGES[page].split("```")
    lines = [line.partition(" #")[0] for block in parts[1::2] for line in block.splitlines()]
    inline = [code for text in parts[::2] for code in re.findall(r"`([^`]+)`", text)]
    found = [COMMAND.fullmatch(code.strip()) for code in (*lines, *inline)]
    return [(match[1], re.findall(r"(?<=\s)--?[a-z][a-z-]*", match[2] or "")) for match in found if match]


def test_the_readme_shows_every_command():
    assert {name for name, _ in commands("README.md")} == set(main.commands)


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_options_exist(page):
    for name, options in commands(page):
        known = {option for parameter in main.commands[name].params for option in parameter.opts}
        assert set(options) <= known | {"--help"}, name


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    missing = [link for link in LINK.findall(PAGES[page]) if not (ROOT / link).exists()]
    assert missing == []


def test_the_tree_is_the_tree():
    tree = PAGES["README.md"].partition("```\nlivejam/\n")[2].partition("```")[0]
    named = re.findall(r"^  (?:[a-z]+\.py *)+", tree, re.MULTILINE)
    files = {name for line in named for name in line.split()}
    assert len(files) > 20
    assert files <= {path.name for path in (ROOT / "livejam").glob("*.py")}
