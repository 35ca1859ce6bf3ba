"""The HTML of the page of one language."""

from __future__ import annotations

import html
import shlex
from dataclasses import replace

import details
import pytest
from benchmarks import FIRST_BENCHMARKS
from common.languages import meaning
from comparison_page import comparison_page
from entries import Leaderboard, build_leaderboard
from language_page import language_page, missing_language_page
from model_cards import ModelCard
from parse_results import parse_rows
from query import EntryIndex, View, from_query
from request_queue import parse_requests

from bot.domain import names
from recipes import cli
from tests.spaces.markup_checker import HOSTILE_TEXTS, URLS, checked_text
from tests.spaces.result_rows import BASE, lines, pair, request, rows_of_all_roles

CODE = "epo_Latn"


def language(text: str = "word") -> tuple[Leaderboard, details.LanguageDetails]:
    """Return a leaderboard and details with this text wherever others may write one."""
    requests = parse_requests([request(1, CODE, text)])
    leaderboard = build_leaderboard(
        [lines(*rows_of_all_roles(CODE))], requests, cards={f"{BASE}-{CODE}": ModelCard(text)}
    )
    rows = rows_of_all_roles(CODE, revision=text, benchmark=text)
    return leaderboard, details.LanguageDetails(
        measures=details.parse_measures(parse_rows(lines(*rows))[0]),
        training=details.TrainingLog(((1, 3.0), (9, 1.0)), ((5, 2.0),)),
        dataset=details.DatasetSummary(7, ((text, 3),), ((text, 9),)),
        examples=(details.Example(text, text, text, text),),
        advice=details.CheckAdvice("doubtful", ((text, 1.0, 2.0),)),
        gguf_repo=text,
    )


@pytest.mark.parametrize("hostile", HOSTILE_TEXTS)
def test_hostile_texts_do_not_become_markup(hostile: str) -> None:
    leaderboard, known = language(hostile)
    assert hostile in checked_text(
        language_page(leaderboard.entries, known, FIRST_BENCHMARKS, URLS)
    )
    assert hostile in checked_text(missing_language_page(hostile, meaning(hostile, ()), URLS))
    assert hostile in checked_text(comparison_page(leaderboard.entries, FIRST_BENCHMARKS, URLS))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cy", "evaluated in this language yet. Request Welsh"),
        ("Kurdish", "evaluated in Central Kurdish yet. Request Central Kurdish"),
        ("xyz", "We do not know a language called “xyz”."),
        ("Scotish Gealic", "called “Scotish Gealic”. Do you mean Scottish Gaelic"),
        ("Norwegian", "is the name of several languages here. Do you mean Norwegian"),
    ],
)
def test_page_of_a_language_without_rows_says_so_in_a_sentence(text: str, expected: str) -> None:
    found = meaning(text, {"nno_Latn", "nob_Latn", "gla_Latn"})
    assert expected in checked_text(missing_language_page(text, found, URLS))


def test_page_shows_what_is_known_and_leaves_out_what_is_not() -> None:
    leaderboard, known = language()
    text = checked_text(language_page(leaderboard.entries, known, FIRST_BENCHMARKS, URLS))
    for part in ("50.0", "o/other", "in English", "held-out rows", "7 rows", "not certain", "#1"):
        assert part in text, part
    assert "3 more rows were written" in text and "word, English to Esperanto" in text
    advice = details.CheckAdvice("doubtful", (("script", 0.8, 0.9), ("round_trip", 21.5, 25.0)))
    page = language_page(leaderboard.entries, replace(known, advice=advice), FIRST_BENCHMARKS, URLS)
    for part in ("in the right script: 80%, the threshold is 90%", "back: 21.5, the threshold"):
        assert part in checked_text(page), part
    empty = details.LanguageDetails()
    text = checked_text(language_page(leaderboard.entries, empty, FIRST_BENCHMARKS, URLS))
    assert "cannot be read right now" in text and "What it learned from" not in text


def command(leaderboard: Leaderboard, known: details.LanguageDetails) -> list[str]:
    """Return the words of the command of the page, as a shell reads them."""
    page = language_page(leaderboard.entries, known, FIRST_BENCHMARKS, URLS)
    text = html.unescape(page.partition("<code>kakugo-recipe ")[2].partition("</code>")[0])
    return shlex.split(text)


def refs(words: list[str]) -> dict[str, str]:
    arguments = cli.parser().parse_args(words)
    return {name: getattr(arguments, name) for name in ("dataset", "base", "adapter")}


def test_the_command_measures_the_same_commits_again() -> None:
    leaderboard = build_leaderboard([lines(*rows_of_all_roles(CODE, revision="ad"))], [])
    dataset = f"{URLS.org}/kakugo-{CODE}"
    inputs = {dataset: "da", BASE: "ba", f"{BASE}-{CODE}": "of the version before"}
    assert not command(leaderboard, details.LanguageDetails(inputs=inputs)), "nothing to check"
    known = replace(language()[1], inputs=inputs)
    expected = {"dataset": f"{dataset}@da", "base": f"{BASE}@ba", "adapter": f"{BASE}-{CODE}@ad"}
    assert refs(command(leaderboard, known)) == expected
    variant = {f"{dataset}-chatty": "va", BASE: "ba"}
    assert refs(command(leaderboard, replace(known, inputs=variant))) == {
        **expected,
        "dataset": f"{dataset}-chatty@va",
    }


def test_what_the_command_needs_comes_before_it() -> None:
    leaderboard, known = language()
    page = language_page(leaderboard.entries, known, FIRST_BENCHMARKS, URLS)
    assert "pip install" not in page, "the version is not known"
    code = details.CodeVersion("0.1.0", "c" * 40)
    page = language_page(leaderboard.entries, replace(known, code=code), FIRST_BENCHMARKS, URLS)
    first, install, sign_in = html.unescape(
        page.partition("<code>export ")[2].partition("</code>")[0]
    ).splitlines()
    assert (first, sign_in) == ("HF_ENDPOINT=https://hub.test", "hf auth login")
    url = f"https://hub.test/datasets/{URLS.org}/kakugo-code/resolve/{'c' * 40}/"
    wheel = f"{url}kakugo_bot-0.1.0-py3-none-any.whl"
    assert shlex.split(install) == ["pip", "install", f"kakugo-bot[evaluate] @ {wheel}"]
    assert wheel == names.wheel_url(URLS.endpoint, URLS.org, "c" * 40, names.wheel("0.1.0"))
    public = replace(URLS, endpoint="https://huggingface.co")
    page = language_page(leaderboard.entries, replace(known, code=code), FIRST_BENCHMARKS, public)
    assert "HF_ENDPOINT" not in page


def test_names_in_the_command_are_words_for_a_shell() -> None:
    leaderboard, known = language()
    odd = "o/a; rm -rf ~ $(id) `id` 'x' \"y\""
    entries = [replace(entry, base=odd, model=odd, revision="") for entry in leaderboard.entries]
    words = command(replace(leaderboard, entries=tuple(entries)), known)
    assert refs(words) == {"dataset": f"{URLS.org}/kakugo-{CODE}", "base": odd, "adapter": odd}


def test_two_models_are_shown_side_by_side() -> None:
    rows = [*pair("epo_Latn", "flores", 10.0, 50.0), *pair("gla_Latn", "sib200", 0.2, 0.7)]
    cards = {f"{BASE}-gla_Latn": ModelCard("cc-by-4.0", is_reviewed=True)}
    index = EntryIndex(build_leaderboard([lines(*rows)], [], cards=cards).entries)
    (reviewed,) = index.matching(View(licence="cc-by-4.0", reviewed="by speakers"))
    (other,) = index.matching(View(reviewed="not yet", version="newest"))
    view = from_query({"compared": f"{other.key},<b>,{reviewed.key},o/gone@1"})
    entries = index.with_keys(view.compared)
    assert entries == [other, reviewed]
    text = checked_text(comparison_page(entries, FIRST_BENCHMARKS, URLS))
    for part in ("Esperanto", "Scottish Gaelic", "+40.0", "+50.0", "p < 0.001", "cc-by-4.0"):
        assert part in text, part
    assert "Gain, FLORES" in text and "not covered" in text and "Reading" not in text
    assert "None of these models" in checked_text(comparison_page([], FIRST_BENCHMARKS, URLS))
