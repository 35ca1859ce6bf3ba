"""The README and the guides match the code: diagram, commands, variables and files."""

from __future__ import annotations

import re
from dataclasses import asdict, fields
from pathlib import Path

import yaml

import bot
from bot import settings
from bot.cli.app import app
from bot.domain import community as bot_community
from bot.domain import costs, recipe, steps
from bot.domain.community import Consent, parse
from bot.localhub.compute import hardware
from bot.parsing.options import KEYS
from recipes.cli import MODULES
from recipes.generate import community as recipe_community
from tests.bench import baselines

ROOT = Path(bot.__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_diagram_matches_the_steps() -> None:
    (diagram,) = re.findall(r"```mermaid\n(.*?)\n```", README, re.DOTALL)
    assert diagram == steps.diagram()


def test_every_variable_is_documented() -> None:
    read = set(re.findall(r'"((?:KAKUGO|HF)_[A-Z_]+|PORT)"', Path(settings.__file__).read_text()))
    table = set(re.findall(r"`((?:KAKUGO|HF)_[A-Z_]+|PORT)`", README))
    assert read <= table and len(read) >= 9


def test_documented_defaults_are_those_of_the_code() -> None:
    row = r"^\| `KAKUGO_(\w+)` \| .*\(default (\d+)\) \|$"
    documented = {key.lower(): float(value) for key, value in re.findall(row, README, re.M)}
    read = settings.read({"HF_TOKEN": "hf_x", "KAKUGO_ORG": "lab"})
    known = {**vars(read), **asdict(read.limits)}
    assert documented == {key: known[key] for key in documented} and len(documented) > 4


def test_places_and_commands_of_the_contributing_guide_exist() -> None:
    text = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
    places = re.findall(r"\| `([^`]+)` \|$", text, re.MULTILINE)
    assert len(places) >= 10
    assert not [place for place in places if not list(ROOT.glob(place))]
    targets = re.findall(r"^make (\w+)", text, re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text()
    assert len(targets) == 3 and all(f"\n{target}:" in makefile for target in targets)


def test_community_guide_documents_every_key() -> None:
    """The guide's example is a valid profile with every key that bot and recipes read."""
    text = (ROOT / "docs" / "COMMUNITIES.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    documented = set(yaml.safe_load(example))
    profile = parse(example)
    assert profile.stewards and profile.variants and profile.licence
    assert profile.consent is Consent.WELCOME
    keys = {field.name for field in fields(bot_community._Profile)}
    assert keys == recipe_community._Profile.__annotations__.keys()
    assert keys - {"name"} == documented
    for option in ("licence", "variant", "dialect", "region", "orthography", "base"):
        assert option in KEYS and f"`{option}:" in text


def test_costs_are_those_of_the_recipe() -> None:
    """The table has the estimate that the bot makes, with the prices of the local Hub."""
    prices = {name: float(row["usdPerHour"]) for name, row in hardware.flavors().items()}
    plan, rows = recipe.load("kakugo", "ORG"), []
    estimate = costs.estimate(plan, prices)
    for info in steps.NEW_MODEL:
        minutes = plan.steps[info.step].expected_minutes
        teacher = minutes / 60 * costs.teacher_usd_per_hour(plan, info.step)
        usd = f"${estimate.by_step[info.step]:.2f} | ${teacher:.2f}"
        rows.append(f"| {info.step.value} | {minutes:.0f} | {usd} |")
    jobs, total = sum(estimate.by_step.values()), estimate.total_usd
    usd = f"${jobs:.2f} | ${estimate.teacher_usd:.2f}"
    rows.append(f"| **together: ${total:.2f}** | {estimate.minutes:.0f} | {usd} |")
    assert "\n".join(rows) in README


def test_measured_figures_are_the_baselines() -> None:
    rows = [baseline.markdown() for baseline in baselines.load().values()]
    assert "\n".join(rows) in README and len(README.splitlines()) < 250


def test_guides_of_agents_are_short_and_name_what_exists() -> None:
    agents = (ROOT / "AGENTS.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:bot|recipes|tests|spaces|README)[/.][\w/*.]+)`", agents)
    assert len(agents.splitlines()) <= 30 and len(paths) >= 8
    assert not [path for path in paths if not list(ROOT.glob(path))]
    skill = (ROOT / "SKILL.md").read_text(encoding="utf-8")
    commands = {command.name for command in app.registered_commands} | {
        command.callback.__name__ for command in app.registered_commands if command.callback
    }
    named = set(re.findall(r"`kakugo ([a-z]+)", skill)) | set(
        re.findall(r"^kakugo ([a-z]+)", skill, re.MULTILINE)
    )
    groups = {group.name for group in app.registered_groups}
    assert len(named) >= 6 and named <= commands | groups
    assert set(re.findall(r"^kakugo-recipe ([a-z]+)", skill, re.MULTILINE)) <= set(MODULES)


def test_commands_and_files_of_the_readme_exist() -> None:
    targets = set(re.findall(r"make (\w+)", README))
    makefile = (ROOT / "Makefile").read_text()
    assert targets and all(f"\n{target}:" in makefile for target in targets)


def test_links_between_documents_lead_to_a_file_and_a_heading() -> None:
    documents = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    links = [
        (document, *link.partition("#")[::2])
        for document in documents
        for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text())
        if "://" not in link
    ]
    assert len(links) >= 20
    dead = []
    for document, path, anchor in links:
        target = document.parent / path if path else document
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            dead.append(f"{document.name}: {path}#{anchor}")
    assert not dead


def _anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
