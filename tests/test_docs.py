"""The documents say what is there: commands, options, variables, records, pictures."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from fangxin.site.cli import COMMANDS, fangxin

ROOT = Path(__file__).resolve().parent.parent
READMES = ("README.md", "README.zh-CN.md")
WITH_COMMANDS = (*READMES, "docs/operations.md", "docs/security.md", "CHANGELOG.md")
VARIABLE = re.compile(r"\bFANGXIN_[A-Z_]+\b")
CALL = re.compile(r"(?:^|[\s/`'\"(])fangxin ((?:[a-z]|--help|--version)[^\n`]*)")
PICTURE_BYTES = 250_000


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def code(name: str) -> Iterator[str]:
    """What stands in a document as code: fenced and indented blocks line by line, and pieces between backticks."""
    prose = []
    fenced = False
    for line in text(name).splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            yield line
        else:
            prose.append(line)
    yield from re.findall(r"`(fangxin [^`]+)`", "\n".join(prose))


def calls(name: str) -> Iterator[list[str]]:
    """The arguments of every `fangxin …` that a document shows."""
    for line in code(name):
        for found in CALL.finditer(line):
            try:
                words = shlex.split(found[1], comments=True)
            except ValueError:
                words = found[1].split()
            end = next(
                (place for place, word in enumerate(words) if word in {"&&", "||", ";", "|", "…"} or word.startswith(">")), len(words)
            )
            words = [word.rstrip(";") for word in words[:end]]
            if words[0] in COMMANDS or line.lstrip().startswith(("$", "fangxin")):
                yield words


def fault(words: list[str]) -> str:
    """What is wrong with a call: a command, subcommand or option that does not exist; "" if nothing is."""
    command: click.Command = fangxin
    context = click.Context(fangxin)
    rest = list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        name = rest.pop(0)
        found = command.get_command(context, name)
        if found is None:
            return f"{' '.join(words)}: there is no {name}"
        command = found
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)} | {"--help", "--version"}
    unknown = [word for word in rest if re.match(r"--[a-z]", word) and word.partition("=")[0] not in known]
    return f"{' '.join(words)}: no option {unknown[0]}" if unknown else ""


@pytest.mark.parametrize("name", WITH_COMMANDS)
def test_every_command_that_a_document_names_exists(name):
    found = list(calls(name))

    assert found
    assert [problem for words in found if (problem := fault(words))] == []


def test_the_command_checker_sees_what_is_wrong():
    assert fault(["journal", "verify", "--roots", "copy"]) == ""
    assert fault(["journal", "prove"]) == "journal prove: there is no prove"
    assert fault(["sweep", "--all"]) == "sweep --all: no option --all"


@pytest.mark.parametrize("name", READMES)
def test_the_newcomer_is_told_both_commands_and_shown_the_whole_way(name):
    shown = {tuple(words[: 2 if words[0] in {"offices", "people", "traders", "quarantine", "journal"} else 1]) for words in calls(name)}

    assert "make demo" in text(name)
    assert "make test" in text(name)
    assert shown >= {
        ("migrate",), ("sample",), ("offices", "load"), ("people", "load"), ("traders", "import"), ("import",), ("quarantine", "list"),
        ("quarantine", "retry"), ("worker",), ("sweep",), ("due",), ("journal", "verify"), ("export",), ("serve",),
    }  # fmt: skip


def test_every_variable_of_the_settings_is_in_the_operators_table_and_no_other():
    source = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "src" / "fangxin" / "site").rglob("*.py")))
    table = re.findall(r"^\| `(FANGXIN_[A-Z_]+)` \|", text("docs/operations.md"), re.MULTILINE)

    assert sorted(table) == sorted(set(VARIABLE.findall(source)))


@pytest.mark.parametrize("name", [*WITH_COMMANDS, "docs/performance.md", "CONTRIBUTING.md"])
def test_no_document_names_a_variable_that_nothing_reads(name):
    read = "\n".join(path.read_text("utf-8") for folder in ("src", "tests") for path in sorted((ROOT / folder).rglob("*.py")))

    assert set(VARIABLE.findall(text(name))) - set(VARIABLE.findall(read)) == set()


def test_every_decision_record_is_in_the_index_under_its_own_title():
    index = dict(re.findall(r"^\| \[\d{4}\]\(([^)]+)\) \| (.+) \|$", text("docs/adr/README.md"), re.MULTILINE))
    records = {path.name: path.read_text("utf-8").splitlines()[0] for path in (ROOT / "docs" / "adr").glob("[0-9]*.md")}

    assert {name: f"# {int(name[:4])}. {title}" for name, title in index.items()} == records


@pytest.mark.parametrize("name", READMES)
def test_the_pictures_of_the_readme_are_there_and_small(name):
    pictures = [ROOT / target for target in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text(name))]

    assert pictures
    assert [path.name for path in pictures if not path.is_file() or not 10_000 < path.stat().st_size < PICTURE_BYTES] == []


def test_every_period_of_the_data_file_is_in_the_glossary():
    terms = re.findall(r'^\[\[term\]\]\nid = "([^"]+)"', text("src/fangxin/clocks/data/terms.toml"), re.MULTILINE)
    glossary = text("docs/glossary.md")

    assert terms
    assert [term for term in terms if f"| {re.sub(r'[0-9]$', '', term)}" not in glossary] == []


def test_every_benchmark_that_the_performance_page_names_exists():
    named = set(re.findall(r"benchmarks/(\w+\.py)", text("docs/performance.md")))

    assert {name for name in named if not (ROOT / "benchmarks" / name).exists()} == set()
