"""Makes pages from the templates of this package; whatever is put in is escaped. Knows no page's content."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from gateway.pages.static import static_name
from gateway.pages.words import LANGUAGES, Words, words_of


def render(template: str, words: Words, **values: object) -> str:
    """The page; a value that the template needs and does not get raises."""
    names = {language: words_of(words.kind, language)("language") for language in LANGUAGES}
    return _environment().get_template(template).render(say=words, names=names, **values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("gateway.pages"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.globals["static"] = static_name
    return environment
