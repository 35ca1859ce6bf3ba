"""What a name means, and whether a teacher knows a language."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from bot.errors import UserError

if TYPE_CHECKING:
    from bot.language import Candidates


def language(
    name: Annotated[str, typer.Argument(help="A language by any of its names, tags or codes.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show which language and script a name means.

    Exits with 1 if it is not clear.
    """
    from bot.language import Candidates, find

    match = find(name)
    if isinstance(match, Candidates):
        codes = [candidate.code for candidate in match.languages]
        text = json.dumps({"candidates": codes}) if as_json else _ask_for_code(name, match)
        typer.echo(text)
        raise SystemExit(1)
    if as_json:
        facts = {key: getattr(match, key) for key in ("code", "name", "autonym", "bcp47")}
        typer.echo(json.dumps(facts, ensure_ascii=False))
    else:
        names = " / ".join(filter(None, dict.fromkeys((match.name, match.autonym))))
        typer.echo(f"{names}: {match.code}, BCP-47 {match.bcp47}")


def teacher_check(
    url: Annotated[str, typer.Argument(help="The URL of the teacher.")],
    name: Annotated[str, typer.Argument(help="A language by any of its names, tags or codes.")],
    model: Annotated[str, typer.Option(help="The teacher's model; by default the recipe's.")] = "",
    base: Annotated[str, typer.Option(help="The base model; by default the recipe's.")] = "",
) -> None:
    """Check whether a teacher is good enough in a language.

    Takes a few minutes. Exits with 1 if it is not, or if nothing can be said. A teacher outside
    the Hub needs no token for the Hub, but FLORES+, whose sentences it translates, does.
    """
    from bot import settings
    from bot.language import Candidates, find
    from bot.operations import run_recipe
    from recipes.validation.http_urls import url_problem

    if problem := url_problem(url.removeprefix("tgi+")):
        raise UserError(
            f"the URL of the teacher must be like https://example.com/v1, but it {problem}"
        )
    match = find(name)
    if isinstance(match, Candidates):
        raise UserError(_ask_for_code(name, match))
    options = settings.recipe_options() | {"language": match.code, "teacher": url}
    options |= {key: value for key, value in (("model", model), ("base", base)) if value}
    command = ["kakugo-recipe", "check", *(f"--{key}={value}" for key, value in options.items())]
    raise SystemExit(run_recipe.run(command, capture=False).returncode)


def _ask_for_code(name: str, candidates: Candidates) -> str:
    """Return the sentence that asks for a clearer name."""
    languages = ", ".join(f"{each.name} ({each.code})" for each in candidates.languages)
    name = repr(name[:60])
    if not languages:
        return f"{name} is not a known language: try its English name or its code, like epo_Latn"
    if candidates.reason == "ambiguous":
        return f"{name} can mean several languages; use one of these codes: {languages}"
    if candidates.reason == "script":
        return f"{name} is not written in that script; use one of these codes: {languages}"
    return f"{name} is not a known language; similar names: {languages}"
