"""The texts of notices (通知模板): TOML files that each app registers, checked when they are registered.

    ["case.accepted"]
    name = { zh = "投诉受理告知", en = "Complaint accepted" }
    audiences = ["complainant"]
    params = ["number", "office"]
    subject = { zh = "投诉受理告知", en = "Your complaint was accepted" }
    body = { zh = "您的投诉（编号{number}）予以受理。{office}", en = "Your complaint {number} was accepted. {office}" }

A blank is `{name}` and nothing else: no formatting, no attribute. A bureau may say it in its own words: the file
`templates/notices.toml` in FANGXIN_HOME holds `subject` and `body` (either, in either language) under the same names.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import get_language

from fangxin.kernel.errors import BadInput
from fangxin.notices.states import Audience

LANGUAGES: Final = {"zh-hans": "zh", "en": "en"}
SINGLE: Final = 70
"""Signs of a short message with Chinese in it (UCS-2)."""
PART: Final = 67
"""Signs of each part of a longer one."""
_BLANK = re.compile(r"\{([a-z_]+)\}")
_templates: dict[str, "Template"] = {}


@dataclass(frozen=True, slots=True)
class Template:
    """One text in both languages, with the blanks that a message fills."""

    id: str
    name: Mapping[str, str]
    audiences: tuple[str, ...]
    params: tuple[str, ...]
    subject: Mapping[str, str]
    body: Mapping[str, str]
    source: Path

    @property
    def label(self) -> str:
        """Its name in the reader's language."""
        return self.name["en" if (get_language() or "").startswith("en") else "zh"]


@dataclass(frozen=True, slots=True)
class Text:
    """A rendered notice."""

    subject: str
    body: str


def register(path: Path) -> None:
    """Add the templates of a file; an app does it in `ready`. The same file again changes nothing.

    Raises ImproperlyConfigured, naming file and template, for an unknown blank or key, a language that is missing, or a
    name that another file has taken.
    """
    own = _own_words()
    for name, entry in _read(path).items():
        known = _templates.get(name)
        if known is not None and known.source != path:
            raise ImproperlyConfigured(f"{path}: {name} stands in {known.source} already.")
        _templates[name] = _in_own_words(_parsed(name, entry, path), own.get(name, {}))


def get(name: str) -> Template:
    """The template of that name. Raises BadInput if there is none."""
    try:
        return _templates[name]
    except KeyError as error:
        raise BadInput("notices.no_such_template", "There is no notice template “%(template)s”.", template=name) from error


def every() -> list[Template]:
    """All templates by name."""
    return [_templates[name] for name in sorted(_templates)]


def label(name: str) -> str:
    """The template's name for people; its id if it is gone."""
    return _templates[name].label if name in _templates else name


def render(template: Template, params: Mapping[str, str], language: str) -> Text:
    """The text with its blanks filled; values can't add blanks, lines or control signs of their own.

    Raises BadInput if a blank has no value.
    """
    missing = [name for name in template.params if not str(params.get(name, "")).strip()]
    if missing:
        raise BadInput("notices.params_missing", "Notice “%(template)s” lacks %(names)s.", template=template.id, names=", ".join(missing))
    clean = {name: _one_line(str(params[name])) for name in template.params}
    short = LANGUAGES.get(language, "zh")
    return Text(_filled(template.subject[short], clean), _filled(template.body[short], clean))


def parts(text: str) -> int:
    """How many short messages (短信) a gateway charges for a text with Chinese in it."""
    signs = len(text.encode("utf-16-le")) // 2
    return 1 if signs <= SINGLE else -(-signs // PART)


def unknown_own_words() -> list[str]:
    """Names in the bureau's own file that no template has: most likely misspelt."""
    return sorted(set(_own_words()) - set(_templates))


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _BLANK.sub(lambda match: values[match[1]], text)


def _one_line(value: str) -> str:
    return " ".join("".join(" " if unicodedata.category(sign) in {"Cc", "Cf", "Zl", "Zp"} else sign for sign in value).split())


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ImproperlyConfigured(f"{path}: {error}") from error


def _own_words() -> dict[str, Any]:
    path = Path(settings.HOME) / "templates" / "notices.toml"
    return _read(path) if path.exists() else {}


def _parsed(name: str, entry: Any, path: Path) -> Template:
    keys = {"name", "audiences", "params", "subject", "body"}
    if not isinstance(entry, dict) or set(entry) != keys:
        raise ImproperlyConfigured(f"{path}: {name} must have {', '.join(sorted(keys))}, and nothing else.")
    found = Template(
        name, entry["name"], tuple(entry["audiences"]), tuple(entry["params"]), entry["subject"], entry["body"], path
    )  # fmt: skip
    if not found.audiences or set(found.audiences) - set(Audience.values):
        raise ImproperlyConfigured(f"{path}: {name} has no audience, or an unknown one.")
    for text in (found.name, found.subject, found.body):
        if set(text) != set(LANGUAGES.values()) or not all(isinstance(said, str) and said.strip() for said in text.values()):
            raise ImproperlyConfigured(f"{path}: {name} must be said in zh and en.")
    _check_blanks(found, path)
    unused = set(found.params) - {blank for said in found.body.values() for blank in _BLANK.findall(said)}
    if unused:
        raise ImproperlyConfigured(f"{path}: {name} never says {', '.join(sorted(unused))}.")
    return found


def _check_blanks(template: Template, path: Path) -> None:
    for said in [*template.subject.values(), *template.body.values()]:
        unknown = set(_BLANK.findall(said)) - set(template.params)
        if unknown:
            raise ImproperlyConfigured(f"{path}: {template.id} has an unknown blank: {', '.join(sorted(unknown))}.")
        if {"{", "}"} & set(_BLANK.sub("", said)):
            raise ImproperlyConfigured(f"{path}: {template.id} has a brace that is no blank: {said}")


def _in_own_words(template: Template, words: Any) -> Template:
    """The template as the bureau says it."""
    path = Path(settings.HOME) / "templates" / "notices.toml"
    if not isinstance(words, dict) or set(words) - {"subject", "body"}:
        raise ImproperlyConfigured(f"{path}: {template.id} may have subject and body, and nothing else.")
    for text in words.values():
        if not isinstance(text, dict) or set(text) - set(LANGUAGES.values()) or not all(isinstance(said, str) for said in text.values()):
            raise ImproperlyConfigured(f"{path}: {template.id} must be said in zh or en.")
    said = replace(
        template,
        subject={**template.subject, **words.get("subject", {})},
        body={**template.body, **words.get("body", {})},
    )
    _check_blanks(said, path)
    return said
