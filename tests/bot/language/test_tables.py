"""The tables are complete, consistent, and what `build` generates."""

import importlib.util
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from bot.language import Candidates, Language, by_code, find
from bot.language.lookalikes import mixes_scripts
from bot.language.normalize import fold
from bot.language.tables import FOLDER, foreign_names, read_table, resolve, tables

HAND_WRITTEN = ("aliases", "choices", "common_names", "countries", "flores", "scripts", "tags")
GENERATED = ("codes", "foreign", "languages", "names")
COLUMNS = {"languages": 5, "flores": 3, "scripts": 4}  # the others have two
BUILT_WITH = {
    "babel": "2.19.0",
    "langcodes": "3.5.1",
    "language_data": "1.4.0",
    "iso639-lang": "2.6.3",
}
CODE = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}(_[a-z0-9]+)?")

# Languages whose name is one letter, which is too short to accept.
ONE_LETTER = {"eee_Latn", "uuu_Latn"}
# Languages whose autonym is the usual name of another language.
SAME_AUTONYM = {"fat_Latn", "gug_Latn", "hin_Latn", "pbu_Arab", "src_Latn", "yue_Hans"}


def includes(result: Language | Candidates, code: str) -> bool:
    if isinstance(result, Language):
        return result.code == code
    return result.reason == "ambiguous" and code in [each.code for each in result.languages]


def test_every_table_is_read() -> None:
    assert {path.stem for path in FOLDER.glob("*.tsv")} == {*HAND_WRITTEN, *GENERATED}
    assert sum(path.stat().st_size for path in FOLDER.glob("*.tsv")) < 1_500_000


@pytest.mark.parametrize("table", [*HAND_WRITTEN, *GENERATED])
def test_rows_have_their_columns_and_unique_keys(table: str) -> None:
    rows = list(read_table(table))
    assert len(rows) > (10 if table == "common_names" else 50)
    assert {len(row) for row in rows} == {COLUMNS.get(table, 2)}
    keys = [fold(row[0]) if table == "aliases" else row[0] for row in rows]
    assert len(set(keys)) == len(keys)
    assert all(row[0] and row[1] and row == [cell.strip() for cell in row] for row in rows)


def test_tables_have_the_expected_numbers_of_rows() -> None:
    text = (FOLDER / "flores.tsv").read_text(encoding="utf-8")
    plus, before = text.split("# FLORES-200 only\n")
    assert sum(not line.startswith("#") for line in plus.splitlines()) == 230
    assert len(before.splitlines()) == 7
    assert len(tables().flores) == 237
    individual = {code[:3] for code in tables().rows}
    assert len(individual) == 7856 + len({"aka", "grn", "kon", "san", "srd"})
    assert len(tables().names) > 10_000


def test_all_targets_exist() -> None:
    known = tables()
    checked = 0
    for targets in (*known.names.values(), *known.tags.values()):
        assert all(by_code(code) for target in targets.split() for code in resolve(target))
        checked += 1
    for iso, codes in known.choices.items():
        assert all(by_code(code) for code in codes) and len(iso) == 3
        checked += 1
    assert checked == len(known.names) + len(known.tags) + len(known.choices)


def test_foreign_names_have_targets_and_hide_no_other_name() -> None:
    assert len(foreign_names()) > 40_000
    assert not foreign_names().keys() & {row[0] for row in read_table("names")}
    for targets in foreign_names().values():
        assert all(resolve(target) for target in targets)


def test_countries_have_codes_and_unique_names() -> None:
    codes = [row[0] for row in read_table("countries")]
    assert len(codes) == 258 and all(re.fullmatch("[a-z]{2}", code) for code in codes)
    names = [fold(name) for row in read_table("countries") for name in row[1].split(";")]
    assert len(set(names)) == len(names) == len(tables().countries)


def test_keys_are_folded_and_of_one_script() -> None:
    for key in tables().names:
        assert fold(key) == key != "", key
        assert not mixes_scripts(key), key


def test_codes_names_and_tags_are_found_again() -> None:
    checked = 0
    for code in tables().rows:
        language = by_code(code)
        assert CODE.fullmatch(code) and language.script in tables().scripts
        assert find(code) == find(language.bcp47) == language
        assert includes(find(language.name), code) or code in ONE_LETTER, language
        if language.autonym:
            assert includes(find(language.autonym), code) or code in SAME_AUTONYM, language
        checked += 1
    assert checked == len(tables().rows) > 8000


def test_every_iso_639_3_code_is_known() -> None:
    for iso in {code[:3] for code in tables().rows} | set(tables().choices):
        result = find(iso)
        assert isinstance(result, Language) or result.reason == "ambiguous", iso


def test_hand_written_names_hide_only_known_names() -> None:
    """Check a new alias that takes the name of another language, then list it here."""
    made = {row[0]: row[1] for row in read_table("names")}
    hidden = {
        row[0]
        for row in read_table("aliases")
        for targets in [made.get(fold(row[0]), "")]
        if {c for t in targets.split() for c in resolve(t)}
        - {c for t in row[1].split() for c in resolve(t)}
    }
    assert hidden == {"پښتو", "粤语", "Akan", "Sardu", "Western Panjabi", "Avañe'ẽ"}


def test_common_names_lead_to_their_language() -> None:
    for code, name in tables().common_names.items():
        assert find(name) == by_code(code) and name != by_code(code).name, name


def test_choices_name_each_language_differently() -> None:
    for iso, codes in tables().choices.items():
        assert len({by_code(code).name for code in codes}) == len(codes), iso


def test_generated_tables_are_up_to_date(tmp_path: Path) -> None:
    for library, version in BUILT_WITH.items():
        if importlib.util.find_spec(library.removesuffix("-lang")) is None:
            pytest.skip(f"{library} is not installed: only a change of the tables needs it")
        if metadata.version(library) != version:
            pytest.skip(f"{library} is not {version}, which the tables were made with")
    subprocess.run([sys.executable, "-m", "bot.language.build", tmp_path], check=True)
    assert {path.stem for path in tmp_path.iterdir()} == set(GENERATED)
    for table in GENERATED:
        assert (tmp_path / f"{table}.tsv").read_bytes() == (FOLDER / f"{table}.tsv").read_bytes()
