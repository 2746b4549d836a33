"""The grounds of refusal and of termination, word for word as the article in force has them (不予受理、终止调解的情形). Pure.

A ground is known by its item's number: "3" is Order 121 Art 16(3) for a refusal, Art 23(3) for a termination.
"""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from fangxin.kernel.errors import BadInput, UnknownRule
from fangxin.kernel.law import Cite, chinese_number, instrument

DATA = Path(__file__).parent / "data" / "grounds.toml"
PERIOD_OVER = "5"
"""No agreement within the period: the same item in both orders (Order 20 Art 21(5), Order 121 Art 23(5))."""
SHOULD_NOT_HAVE_BEGUN = "6"
"""A ground of refusal found after acceptance: the same item in both orders (Order 20 Art 21(6), Order 121 Art 23(6))."""
FRAUD = "42"
"""Suspected fraud or extortion (Order 121 Art 42), the other case of Art 23(6)."""


@dataclass(frozen=True, slots=True)
class Ground:
    """One item of an article, or, for fraud, the article."""

    number: str
    cite: Cite
    zh: str
    en: str

    def text(self, language: str) -> str:
        """Its wording in Chinese for a language code that begins with zh, else in English."""
        return self.zh if language.startswith("zh") else self.en

    def label(self, language: str) -> str:
        """As a choice: （三）不是为生活消费需要…, (3) not bought or used …."""
        if self.number == FRAUD:
            return f"{self.cite.text(language)} {self.text(language)}"
        number = f"（{chinese_number(int(self.number))}）" if language.startswith("zh") else f"({self.number}) "
        return number + self.text(language)


@cache
def _book() -> dict[str, Any]:
    with DATA.open("rb") as file:
        return tomllib.load(file)


@cache
def _items(kind: str, instrument: str) -> tuple[Ground, ...]:
    found = _book()[kind].get(instrument)
    if found is None:
        raise UnknownRule("cases.no_grounds", "No grounds are known for that day.")
    article = Cite.parse(found["article"])
    if article.article is None:
        raise UnknownRule("cases.no_grounds", "No grounds are known for that day.")
    if kind == "fraud":
        return tuple(Ground(str(article.article), article, item["zh"], item["en"]) for item in found["item"])
    return tuple(
        Ground(str(number), Cite(article.instrument, article.article, None, number), item["zh"], item["en"])
        for number, item in enumerate(found["item"], 1)
    )


def grounds(step: str, on: date) -> tuple[Ground, ...]:
    """The grounds of `refuse` or `terminate` on a day, in the article's order."""
    return _items(step, _order(on))


def found_after_acceptance(on: date) -> tuple[Ground, ...]:
    """What can be found after acceptance (Order 121 Art 23(6)): the grounds of refusal, and, since Order 121, fraud (Art 42)."""
    order = _order(on)
    return _items("refuse", order) + (_items("fraud", order) if order in _book()["fraud"] else ())


def check(number: str, among: tuple[Ground, ...]) -> Ground:
    """The ground of that number. Raises BadInput if the article in force has none."""
    for ground in among:
        if ground.number == number:
            return ground
    raise BadInput("cases.no_such_ground", "There is no such ground: %(ground)s.", ground=number)


def routes(language: str = "zh-hans") -> list[str]:
    """The ways to settle a consumer dispute that a refusal has to name (消费者权益保护法 Art 39), in the law's words."""
    return [str(item["zh" if language.startswith("zh") else "en"]) for item in _book()["routes"]["item"]]


def routes_sentence() -> str:
    """What the complainant is told of them, in one sentence for the notice."""
    listed = "；".join(f"（{chinese_number(number)}）{text}" for number, text in enumerate(routes(), 1))
    return f"根据{Cite.parse(_book()['routes']['article']).zh()}，你还可以通过下列途径解决争议：{listed}。"


def _order(on: date) -> str:
    last = instrument("order20").in_force_until
    return "order20" if last is not None and on <= last else "order121"
