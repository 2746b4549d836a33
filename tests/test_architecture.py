"""What the import linter can't see of the architecture, and that the linter sees what it must."""

import ast
import importlib
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import polib
import pytest
from django.apps import apps
from django.db import models
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "fangxin"
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
ORDER = next(contract for contract in CONTRACTS if contract["name"] == "The order of the apps")["layers"]
LEVEL = {name.strip(" ()"): level for level, layer in enumerate(reversed(ORDER)) for name in layer.split("|")}
"""App → height; a model may point only at lower ones."""


def modules() -> list[Path]:
    return sorted(path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts)


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def own_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models(include_auto_created=False) if model.__module__.startswith("fangxin.")]


# Models


def test_foreign_keys_point_down_are_protected_and_add_no_name_to_their_target():
    faults = []
    for model in own_models():
        for field in [*model._meta.local_fields, *model._meta.local_many_to_many]:
            if not field.is_relation:
                continue
            target, here = field.related_model._meta, model._meta
            inside = target.app_config.name.startswith("fangxin.")
            if inside and target.app_label != here.app_label and LEVEL[target.app_label] >= LEVEL[here.app_label]:
                faults.append(f"{field} points up or sideways at {target.label}")
            if field.remote_field.related_name != "+":
                faults.append(f"{field}: related_name is {field.remote_field.related_name!r}, not '+'")
            if not field.many_to_many and not field.remote_field.parent_link and field.remote_field.on_delete is not models.PROTECT:
                faults.append(f"{field}: on_delete is not PROTECT")

    assert faults == []


def test_every_model_says_what_it_is():
    assert [model._meta.label for model in own_models() if (model.__doc__ or "").startswith(f"{model.__name__}(")] == []


def test_every_app_has_a_place_in_the_order():
    own = {config.label for config in apps.get_app_configs() if config.name.startswith("fangxin.")}

    assert own
    assert own - LEVEL.keys() == set()


# Addresses


def addresses(patterns: list[URLPattern | URLResolver], namespaces: tuple[str, ...] = ()) -> Iterator[tuple[URLPattern, tuple[str, ...]]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, (*namespaces, *([pattern.namespace] if pattern.namespace else [])))
        else:
            yield pattern, namespaces


def test_every_address_has_a_name_in_the_namespace_of_its_app():
    faults = []
    for pattern, namespaces in addresses(get_resolver().url_patterns):
        view = getattr(pattern.callback, "view_class", pattern.callback)
        if not pattern.name:
            faults.append(f"{pattern.pattern} has no name")
        elif view.__module__.startswith("fangxin.") and namespaces[-1:] != (app := view.__module__.split(".")[1],):
            faults.append(f"{pattern.pattern} ({pattern.name}) is served by {app} in namespace {':'.join(namespaces) or 'none'}")

    assert faults == []


# Modules


def test_no_module_is_a_drawer_for_everything():
    assert [shown(path) for path in modules() if path.stem in {"utils", "util", "common", "helpers", "misc", "tools"}] == []


def test_no_module_is_longer_than_a_reader_can_hold():
    """A module without a function is a list of words or numbers: it is looked up, not read."""
    read = [path for path in modules() if any(isinstance(node, ast.FunctionDef) for node in ast.walk(tree(path)))]
    lengths = {shown(path): len(path.read_text("utf-8").splitlines()) for path in read}

    assert {name: length for name, length in lengths.items() if length > 700} == {}


def test_apps_reach_each_other_by_imports_alone():
    """No `get_model`, no signals, no import by a string: the linter would not see them."""
    faults = []
    for path in modules():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ImportFrom) and (node.module or "") in {
                "django.dispatch",
                "django.db.models.signals",
                "django.core.signals",
            }:
                faults.append(f"{shown(path)}:{node.lineno} imports {node.module}")
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            named = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else ""
            if called == "get_model":
                faults.append(f"{shown(path)}:{node.lineno} calls get_model")
            if called in {"import_module", "import_string"} and str(named).startswith("fangxin."):
                faults.append(f"{shown(path)}:{node.lineno} imports {named} by a string")

    assert faults == []


# Words


MARKERS = {"gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"}


def refusals() -> set[str]:
    """Names of DomainError and of all classes that come from it, anywhere in the source."""
    bases = {
        node.name: {base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases}
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef)
    }
    found = {"DomainError"}
    while more := {name for name, parents in bases.items() if parents & found} - found:
        found |= more
    return found


def marked_in_python(path: Path, refused: set[str]) -> Iterator[tuple[int, str | None]]:
    """Line and message id of everything marked for translation; None for one that is no literal and so can never be translated."""
    aliases = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
    }
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        marker = aliases.get(name, name if isinstance(node.func, ast.Attribute) else "")
        if marker in MARKERS:
            ids = node.args[1:2] if marker.startswith("p") else node.args[:1]
        elif name in refused:
            ids = node.args[1:2] or [keyword.value for keyword in node.keywords if keyword.arg == "message"]
        else:
            continue
        for value in ids:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value.lineno, value.value
            elif isinstance(value, ast.JoinedStr | ast.BinOp):
                yield value.lineno, None


CALL = re.compile(r"""\b(?:gettext|_)\(u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\)|\bngettext\(u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'),""")


def marked_in_template(text: str) -> Iterator[tuple[int, str]]:
    """Line and message id, as Django's own extraction sees them."""
    code = templatize(text)
    for match in CALL.finditer(code):
        yield code.count("\n", 0, match.start()) + 1, ast.literal_eval(match[1] or match[2])


def translations() -> dict[str, str]:
    """Message id → Chinese, over the catalogues of all apps; fuzzy and obsolete ones don't count, as they are never shown."""
    found = {}
    for path in SOURCE.glob("*/locale/zh_Hans/LC_MESSAGES/django.po"):
        for entry in polib.pofile(str(path)):
            if entry.msgid and not entry.obsolete and not entry.fuzzy:
                found[entry.msgid] = entry.msgstr or entry.msgstr_plural.get(0, "")
    return found


def test_every_sentence_that_a_user_can_see_has_its_chinese():
    chinese, refused, missing = translations(), refusals(), []
    for path in modules():
        for line, sentence in marked_in_python(path, refused):
            if sentence is None:
                missing.append(f"{shown(path)}:{line}: is put together before it is translated, so it never will be")
            elif sentence and not chinese.get(sentence):
                missing.append(f"{shown(path)}:{line}: {sentence}")
    for path in sorted(SOURCE.glob("*/templates/**/*")):
        if path.is_file():
            missing += [
                f"{shown(path)}:{line}: {sentence}"
                for line, sentence in marked_in_template(path.read_text("utf-8"))
                if not chinese.get(sentence)
            ]

    assert not missing, f"{len(missing)} sentences without Chinese:\n" + "\n".join(missing)


def test_translations_fill_the_same_blanks():
    blanks = re.compile(r"%\(\w+\)[sd]|\{\w*\}")
    pairs = {sentence: chinese for sentence, chinese in translations().items() if chinese}

    assert [sentence for sentence, chinese in pairs.items() if set(blanks.findall(sentence)) != set(blanks.findall(chinese))] == []


def test_the_sentence_finder_sees_every_way_of_marking(tmp_path):
    module = tmp_path / "module.py"
    module.write_text(
        "from django.utils.translation import gettext_lazy as _, ngettext\n"
        '_("one")\nngettext("two", "twos", 2)\n'
        'raise Late("a.b", "three " "%(n)s", n=1)\nraise Late("a.b", f"four {n}")\nother("x", "five")\n'
    )
    template = (
        '{% load i18n %}{% translate "six" %}{{ _("eight") }}'
        "{% blocktranslate trimmed with n=x %}\n seven\n {{ n }} {% endblocktranslate %}"
    )

    assert [sentence for _, sentence in marked_in_python(module, {"Late"})] == ["one", "two", "three %(n)s", None]
    assert [sentence for _, sentence in marked_in_template(template)] == ["six", "eight", "seven %(n)s"]


def glossary() -> list[str]:
    """Dotted code names (below `fangxin`) of the glossary's last column."""
    text = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    rows = [line.strip().strip("|").split("|") for line in text.splitlines() if line.lstrip().startswith("|")]
    return [name.removeprefix("fangxin.") for row in rows for name in re.findall(r"`([A-Za-z_][\w.]*)`", row[-1])]


def resolves(name: str) -> bool:
    """Whether a dotted name below `fangxin` is a module or an attribute of one (an annotated field counts)."""
    parts = name.split(".")
    for size in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(["fangxin", *parts[:size]]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[size:]:
            if not hasattr(found, attribute) and attribute not in getattr(found, "__annotations__", ()):
                return False
            found = getattr(found, attribute, None)
        return True
    return False


@pytest.mark.skipif(not (ROOT / "docs" / "glossary.md").exists(), reason="docs/glossary.md is not written yet")
def test_every_code_name_of_the_glossary_exists():
    names = glossary()

    assert names
    assert [name for name in names if not resolves(name)] == []


# The linter itself


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [command, "--config", folder / "pyproject.toml", "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The source's Python files and the contracts in a folder where they may be broken."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for path in SOURCE.rglob("*.py"):
        target = tmp_path / "fangxin" / path.relative_to(SOURCE)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return tmp_path


def test_the_contracts_hold(copy):
    process = lint(copy)

    assert process.returncode == 0, process.stdout + process.stderr
    assert "0 broken" in process.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("kernel/refs.py", "import fangxin.cases.models", "The order of the apps"),
        ("clocks/models.py", "import fangxin.registry.models", "The order of the apps"),
        ("cases/models.py", "def late():\n    import fangxin.site.urls", "The order of the apps"),
        ("drawer.py", "", "The order of the apps"),
        ("cases/models.py", "import fangxin.cases.workflow", "Layers inside an app"),
        ("accounts/models.py", "import fangxin.accounts.views", "Layers inside an app"),
        ("kernel/refs.py", "import fangxin.kernel.workflow", "Layers inside the kernel"),
        ("kernel/workdays.py", "import django.conf", "Pure modules import no Django"),
        ("cases/filings.py", "import fangxin.kernel.models", "Pure modules import no Django"),
        ("cases/queries.py", "import duckdb", "Ibis, DuckDB and Spark only in analytics"),
    ],
)
def test_a_broken_contract_is_seen(copy, module, line, contract):
    with (copy / "fangxin" / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")

    process = lint(copy)

    assert process.returncode != 0, process.stdout + process.stderr
    assert f"{contract} BROKEN" in re.sub(r"\s+", " ", process.stdout), process.stdout + process.stderr


def test_only_analytics_is_free_of_the_contract_about_its_engines():
    contract = next(contract for contract in CONTRACTS if contract["name"].startswith("Ibis"))

    present = {f"fangxin.{path.parent.name}" for path in SOURCE.glob("*/__init__.py")}
    assert present - set(contract["source_modules"]) <= {"fangxin.analytics"}
