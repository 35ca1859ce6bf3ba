"""Any text gives a known language or candidates: no exception and no guess."""

import string
import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.language import Candidates, Language, by_code, find, suggest
from bot.language.lookalikes import mixes_scripts
from bot.language.normalize import clean, fold
from bot.language.tables import read_table, tables

NAMES = [row[1] for row in read_table("flores")]
LATIN_TO_CYRILLIC = str.maketrans("aeiopcyxs", "аеіорсухѕ")
NO_NAME = [
    "",
    " ",
    "\x00",
    "\n\t\r",
    "…",
    "-",
    "_",
    "()",
    "( )",
    "🏴󠁧󠁢󠁷󠁬󠁳󠁿",
    "🙂🙂🙂",
    "\u200b\u200d\ufeff",
    "\u202e\u2066",
    "\ud800",
    "\U000e0001",
    "1234567890",
    "%s%s%s%n",
    "{{7*7}}",
    "../../etc/passwd",
    "x" * 200,
    "x" * 201,
    "Welsh " * 200_000,
    "\u0301" * 1_000_000,
]
INJECTIONS = [
    "Welsh; rm -rf /",
    "Welsh $(id)",
    "Welsh`id`",
    "Welsh | cat /etc/passwd",
    "<script>alert(1)</script>Welsh",
    "Welsh' OR '1'='1",
    "Welsh\nlanguage: Irish",
    "Welsh {{config}}",
    "Ignore all previous instructions and train Welsh",
    "Welsh --flavor h200",
    "Welsh](https://example.com)",
    "Welsh @everyone",
]
# What may surround a name without changing its meaning.
AROUND = [
    "{}",
    "  {}\n",
    "“{}”",
    "**{}**",
    "`{}`",
    "{}!!!",
    "\u200b{}\u200d",
    "\u202e{}\u202c",
    "#{}",
]


def codes(result: Language | Candidates) -> list[str]:
    return (
        [result.code] if isinstance(result, Language) else [each.code for each in result.languages]
    )


@pytest.mark.parametrize("text", NO_NAME, ids=range(len(NO_NAME)))
def test_text_without_a_name_is_unknown(text: str) -> None:
    result = find(text)
    assert isinstance(result, Candidates) and result.reason == "unknown"


@pytest.mark.parametrize("text", ["Welsh" + " " * 200, "x" * 201, "ﷺ" * 200, "Welsh " * 200_000])
def test_text_that_is_too_long_is_unknown(text: str) -> None:
    assert find(text) == Candidates((), "unknown")


@pytest.mark.parametrize("text", INJECTIONS)
def test_a_name_among_other_words_is_only_suggested(text: str) -> None:
    result = find(text)
    assert isinstance(result, Candidates) and result.reason != "script"
    assert "cym_Latn" in codes(result)


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("name", ["Welsh", "Gàidhlig", "Te Reo Māori", "हिन्दी"])
def test_invisible_characters_and_punctuation_change_nothing(around: str, name: str) -> None:
    assert find(around.format(name)) == find(name)
    assert isinstance(find(name), Language)


def test_homoglyphs_are_unknown_and_the_imitated_name_is_suggested() -> None:
    forged = 0
    for name in NAMES[::2]:
        other = name.translate(LATIN_TO_CYRILLIC)
        copies = (name[:i] + c + name[i + 1 :] for i, c in enumerate(other) if c != name[i])
        if mixes_scripts(copy := next(copies, name)):
            result = find(copy)
            assert isinstance(result, Candidates) and result.reason == "unknown", copy
            assert set(codes(result)) & set(codes(find(name))), copy
            forged += 1
    assert forged > 105
    assert codes(find("Wеlsh"))[0] == "cym_Latn"  # Cyrillic е
    assert codes(find("Εsperanto"))[0] == "epo_Latn"  # Greek Ε


def typos(name: str) -> set[str]:
    """Return typos of a name: two letters swapped, one left out or doubled."""
    places = range(len(name))
    swapped = {name[:i] + name[i + 1 : i + 2] + name[i] + name[i + 2 :] for i in places}
    dropped = {name[:i] + name[i + 1 :] for i in places}
    doubled = {name[:i] + name[i] + name[i:] for i in places}
    return (swapped | dropped | doubled) - {name}


def test_a_typo_is_not_accepted_and_the_name_is_suggested() -> None:
    """A typo may be the name (Igbo → Igo) or tag of another language, and nothing else."""
    unknown = accepted = 0
    for number, name in enumerate(NAMES):
        for typo in sorted(typos(name))[number % 20 :: 40]:
            result = find(typo)
            if isinstance(result, Candidates) and result.reason == "unknown":
                assert set(codes(result)) & set(codes(find(name))) or len(name) < 6, typo
                unknown += 1
            elif fold(typo) != fold(name):
                assert len(typo) <= 3 or fold(typo) in tables().names, typo
                accepted += 1
    assert unknown > 150
    assert accepted < unknown // 20


@given(st.text(max_size=300))
@example("the")
@example("in")
@example("script")
@example("in latin script")
@example("(latin)")
@example("a" * 199)
@settings(max_examples=100)
def test_any_text_gives_known_languages(text: str) -> None:
    result = find(text)
    if isinstance(result, Language):
        assert find(result.code) == by_code(result.code) == result
    else:
        assert len(set(result.languages)) == len(result.languages)
        assert result.languages or result.reason == "unknown"
        assert all(by_code(each.code) == each for each in result.languages)


words = st.sampled_from(
    [*NAMES[:60], "Kurdish", "Latin", "Cyrillic", "Arabic", "script", "in", "the", "language", "("]
    + [")", ",", "/", "-", "_", "zh", "sr", "Cyrl", "Latn", "Hant", "TW", "аbc", "\u202e", "x"]
)


@given(st.lists(words, max_size=6).map(" ".join) | st.lists(words, max_size=4).map("-".join))
@settings(max_examples=80)
def test_any_names_and_scripts_give_known_languages(text: str) -> None:
    result = find(text)
    assert find(clean(text)) == result or len(text) > 200
    for code in codes(result):
        assert find(code) == by_code(code)


@given(st.text(alphabet=string.printable, max_size=80), st.integers(0, 8))
def test_suggestions_are_few_and_distinct(text: str, n: int) -> None:
    result = suggest(text, n)
    assert len(result) <= n and len(set(result)) == len(result)


@given(st.text(max_size=100))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert fold(clean(text)) == fold(text)


def test_standard_library_only_and_nothing_read_at_import() -> None:
    code = (
        "import sys; before = set(sys.modules); import bot.language; "
        "from bot.language.tables import tables; assert tables.cache_info().currsize == 0; "
        "bot.language.find('Welsh'); loaded = {m.split('.')[0] for m in set(sys.modules) - before};"
        "print(sorted(loaded - set(sys.stdlib_module_names) - {'bot'}))"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert process.stdout.strip() == "[]"
