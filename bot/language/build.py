"""Write the generated tables from their sources. Run by hand, never by the bot:

    pip install Babel==2.19.0 langcodes==3.5.1 language_data==1.4.0 iso639-lang==2.6.3
    python -m bot.language.build [FOLDER]   # languages.tsv, names.tsv, codes.tsv, foreign.tsv

The sources are ISO 639-3 (iso639-lang), CLDR's likely scripts (Babel), and the names and autonyms
of CLDR and the IANA subtag registry (langcodes, language_data). The hand-written tables in this
folder add what these lack: what people mean by a macrolanguage, and other names of a language.
Nothing else imports these libraries, because they guess silently and take 1 s and 288 MB to load.
"""

import csv
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from bot.language.lookalikes import mixes_scripts
from bot.language.normalize import fold
from bot.language.tables import FOLDER, read_table

# The script to use where CLDR names a mixture of scripts or a variant of one.
SAME_SCRIPT = {
    "Kore": "Hang",
    "Aran": "Arab",
    "Hanb": "Hant",
    "Hrkt": "Kana",
    "Latf": "Latn",
    "Latg": "Latn",
    "Seal": "Hani",
}
# Scripts that CLDR lists, but that belong to another language in ISO 639-3 and FLORES+.
WRONG_SCRIPTS = {("pan", "Arab"), ("uzn", "Arab"), ("azj", "Arab"), ("cmn", "Phag")}
# Tags that do not follow from the code; `tags.tsv` maps them back.
SPECIAL_TAGS = {
    "cmn_Hans": "zh-Hans",
    "cmn_Hant": "zh-Hant",
    "uzn_Latn": "uz-Latn",
    "uzn_Cyrl": "uz-Cyrl",
    "cat_Latn_vale1252": "ca-valencia",
    "oci_Latn_aran1260": "oc-aranes",
    "twi_Latn_akua1239": "tw-akuapem",
    "twi_Latn_asan1239": "tw-asante",
    "lld_Latn_gard1241": "lld-gherd",
    "nob_Latn_radical": "nb-x-radical",
    "apc_Arab_nort3139": "apc-x-nort3139",
    "apc_Arab_sout3123": "apc-x-sout3123",
}

MIN_FOREIGN_BYTES = 4  # of a name: in most scripts but Latin, a word may have two letters


class Sources:
    """The contents of the libraries and the hand-written tables."""

    def __init__(self) -> None:
        iso639 = import_module("iso639.iso639")
        langcodes = import_module("langcodes.data_dicts")
        babel = import_module("babel.core")
        cldr = import_module("language_data.name_data")

        folder = Path(str(cldr.__file__)).parent / "data"
        self.cldr: dict[str, dict[str, str]] = cldr.CODE_TO_NAMES
        likely: dict[str, str] = babel.get_global("likely_subtags")
        self.likely = {key.replace("_", "-"): tag.replace("_", "-") for key, tag in likely.items()}
        self.under: dict[str, str] = langcodes.NORMALIZED_MACROLANGUAGES
        self.iso = {lang.pt3: lang for lang in iso639.iter_langs() if lang.pt3}
        self.other_names: dict[str, list[str]] = iso639.Lang._other_names
        self.retired: dict[str, str] = {
            code: entry["change_to"]
            for code, entry in iso639.Lang._deprecated["id"].items()
            if entry["change_to"]
        }
        macros: dict[str, list[str]] = iso639.Lang._macro["macro"]
        self.member_of = {member: macro for macro, members in macros.items() for member in members}
        self.supplement = (folder / "supplementalData.xml").read_text(encoding="utf-8")
        self.registry = (folder / "language-subtag-registry.txt").read_text(encoding="utf-8")
        with (folder / "extra_language_names.csv").open(encoding="utf-8") as extra:
            self.extra = list(csv.reader(extra))
        self.written = scripts_by_language(self.supplement)
        self.flores = {row[0]: row for row in read_table("flores")}
        self.flores_of = _by_language(self.flores)
        self.known_scripts = {row[0] for row in read_table("scripts")}
        self.choices = {row[0]: row[1].split() for row in read_table("choices")}
        self.by_hand = {
            code
            for table in ("flores", "choices", "aliases", "tags")
            for row in read_table(table)
            for code in (row[0], *row[1].split())
            if re.fullmatch(r"[a-z]{3}_[A-Z][a-z]{3}(_\w+)?", code)
        }
        self.by_hand_of = _by_language(sorted(self.by_hand))

    def tag(self, iso: str) -> str:
        """Return the subtag of a language: the ISO 639-1 code if there is one."""
        return self.iso[iso].pt1 or iso

    def scope(self, iso: str) -> str:
        return str(self.iso[iso].scope())


def _by_language(codes: Iterable[str]) -> dict[str, list[str]]:
    """Return ISO 639-3 → its codes, in their order."""
    codes_of: dict[str, list[str]] = defaultdict(list)
    for code in codes:
        codes_of[code[:3]].append(code)
    return codes_of


def scripts_by_language(supplement: str) -> dict[str, list[str]]:
    """Return the scripts that CLDR lists for each language, secondary ones last."""
    scripts_of: dict[str, list[str]] = defaultdict(list)
    rows = re.findall(r'<language type="(\w+)"(?: scripts="([^"]*)")?([^>]*)/>', supplement)
    for secondary in (False, True):
        for tag, scripts, attributes in rows:
            if ("secondary" in attributes) == secondary:
                scripts_of[tag] += scripts.split()
    return scripts_of


def scripts(sources: Sources, iso: str) -> tuple[list[str], bool]:
    """Return the scripts of a language, the usual one first, and whether that one is assumed."""
    tags = [sources.tag(iso)]
    tags += [sources.under[iso]] if iso in sources.under else []
    by_macro = [m for m, codes in sources.choices.items() if codes[0][:3] == iso and len(codes) < 2]
    tags += [sources.tag(macro) for macro in by_macro]
    candidates = [c[4:8] for c in sources.choices.get(iso, []) if c[:3] == iso]
    candidates += [c[4:8] for c in sources.flores_of[iso]]
    for tag in tags:
        candidates += sources.likely[tag].split("-")[1:2] if tag in sources.likely else []
        candidates += sources.written.get(tag, [])
    if not candidates and iso in sources.member_of:
        macro_tag = sources.tag(sources.member_of[iso])
        candidates = sources.likely.get(macro_tag, "").split("-")[1:2]
    candidates += sorted(c[4:8] for c in sources.by_hand_of[iso])
    assumed = not candidates
    if assumed:
        candidates = ["Sgnw" if "Sign Language" in sources.iso[iso].name else "Latn"]
    candidates = [SAME_SCRIPT.get(script, script) for script in candidates]
    usual = [
        script
        for script in dict.fromkeys(candidates)
        if script in sources.known_scripts and (iso, script) not in WRONG_SCRIPTS
    ]
    return usual, assumed


def codes(sources: Sources, iso: str) -> tuple[list[str], bool]:
    """Return the codes of a language, varieties last ("apc" has only varieties)."""
    usual, assumed = scripts(sources, iso)
    varieties = [code for code in sources.by_hand_of[iso] if len(code) > 8]
    only_varieties = sources.choices.get(iso, [""])[0] in varieties
    plain = [] if only_varieties else [f"{iso}_{script}" for script in usual]
    return plain + varieties, assumed


def bcp47(sources: Sources, code: str, usual: bool) -> str:
    """Return the shortest tag that means only this code."""
    if code in SPECIAL_TAGS:
        return SPECIAL_TAGS[code]
    macros = [m for m, choice in sources.choices.items() if choice == [code] and m in sources.iso]
    short = [sources.iso[m].pt1 for m in macros if sources.iso[m].pt1]
    tag = sources.tag(code[:3])
    if usual:
        return tag if len(tag) == 2 or not short else short[0]
    return f"{tag}-{code[4:8]}"


def english(sources: Sources, iso: str) -> str:
    """Return the English name of a language from FLORES+, CLDR or ISO 639-3."""
    cldr = sources.cldr.get(sources.tag(iso), {}).get("en")
    name = cldr or sources.iso[iso].name
    if codes_there := sources.flores_of[iso]:
        name = sources.flores[codes_there[0]][1].partition(" (")[0] or name
    return str(name)


def autonym(sources: Sources, code: str, usual: bool) -> str:
    """Return the name of a language in itself and in this script, or ""."""
    iso, script = code[:3], code[4:8]
    if code in sources.flores and sources.flores[code][2]:
        return sources.flores[code][2]
    for tag in (sources.tag(iso), sources.under.get(iso, "")):
        own = sources.cldr.get(tag, {})
        if name := own.get(f"{tag}-{script}") or (own.get(tag, "") if usual else ""):
            return name
    return ""


def language_rows(sources: Sources) -> dict[str, list[str]]:
    """Return the rows of `languages.tsv` by code."""
    script_names = {row[0]: row[2] for row in read_table("scripts")}
    rows: dict[str, list[str]] = {}
    for iso in sorted(sources.iso):
        if sources.scope(iso) != "Individual" and not sources.flores_of[iso]:
            continue
        its_codes, assumed = codes(sources, iso)
        asks = len(sources.choices.get(iso, [])) > 1
        for code in its_codes:
            usual = code == its_codes[0] and not asks
            name = english(sources, iso)
            if not usual:
                name = f"{name} ({script_names[code[4:8]]} script)"
            name = sources.flores[code][1] if code in sources.flores else name
            tag, own = bcp47(sources, code, usual), autonym(sources, code, usual)
            rows[code] = [code, tag, name, own, "?" if assumed and usual else ""]
    return rows


def registry_names(registry: str) -> dict[str, list[str]]:
    """Return IANA's descriptions of each language subtag."""
    descriptions = {}
    for record in registry.split("%%\n"):
        tag = re.search(r"^Type: language\nSubtag: (\w+)$", record, re.M)
        if tag:
            descriptions[tag[1]] = re.findall(r"^Description: (.+)$", record, re.M)
    return descriptions


def name_rows(sources: Sources, rows: dict[str, list[str]]) -> dict[str, str]:
    """Return folded name → targets.

    A name without its parentheses counts only if no language has it as its full name.
    """
    registry = registry_names(sources.registry)
    by_full_name: dict[str, set[str]] = defaultdict(set)
    by_name_without_parentheses: dict[str, set[str]] = defaultdict(set)
    for iso, lang in sources.iso.items():
        if sources.scope(iso) == "Special":
            continue
        tag = sources.tag(iso)
        english_names = [lang.name, english(sources, iso), *sources.other_names.get(lang.name, [])]
        english_names += registry.get(tag, [])
        english_names += [row[2] for row in sources.extra if row[0] == "en" and row[1] == tag]
        for name in english_names:
            by_full_name[fold(name)].add(iso)
            by_name_without_parentheses[fold(re.sub(r"\(.*?\)", "", name))].add(iso)
        for row in sources.extra:
            if row[0] == row[1] == tag:
                by_full_name[fold(row[2])].add(iso)
    for code, (_, _, name, own, _) in rows.items():
        qualified = name.endswith(" script)")
        by_full_name[fold(name)].add(code if qualified or code in sources.flores else code[:3])
        if own:
            by_full_name[fold(own)].add(code)
    targets_of = {
        key: targets
        for key, targets in by_name_without_parentheses.items()
        if key not in by_full_name
    } | by_full_name
    return {
        key: " ".join(sorted(without_repeats(sources, targets)))
        for key, targets in targets_of.items()
        if key and len(key) > 1 and not mixes_scripts(key)
    }


def foreign_rows(sources: Sources, names: dict[str, str]) -> dict[str, str]:
    """Return ISO 639-3 → CLDR's names of a language in others, folded, that no language has."""
    names_of = {}
    for iso in sorted(sources.iso):
        keys = {fold(name) for name in sources.cldr.get(sources.tag(iso), {}).values()}
        new = sorted(
            key
            for key in keys
            if len(key.encode()) >= MIN_FOREIGN_BYTES
            and key not in names
            and not mixes_scripts(key)
        )
        if new and sources.scope(iso) != "Special":
            names_of[iso] = ";".join(new)
    return names_of


def without_repeats(sources: Sources, targets: set[str]) -> set[str]:
    """Remove codes that another target stands for."""
    covered_codes = {
        code
        for iso in targets & sources.iso.keys()
        for code in (*sources.choices.get(iso, [f"{iso}_"]),)
    }
    return {
        t
        for t in targets
        if t not in covered_codes and f"{t[:3]}_" not in covered_codes or len(t) < 4
    }


def tag_rows(sources: Sources, rows: dict[str, list[str]]) -> dict[str, str]:
    """Return tag → targets: ISO 639-1, 639-2, macrolanguages, retired codes, with countries."""
    targets_of: dict[str, str] = {}
    members: dict[str, list[str]] = defaultdict(list)
    for member, macro in sources.member_of.items():
        if member in sources.iso and sources.scope(member) == "Individual":
            members[macro].append(member)
    for iso, lang in sources.iso.items():
        for tag in filter(None, (lang.pt1, lang.pt2b)):
            if tag != iso:
                targets_of[tag] = iso
        if sources.scope(iso) == "Macrolanguage" and iso not in sources.choices:
            targets_of[iso] = " ".join(sorted(members[iso]))
    for old, new in sources.retired.items():
        if old not in sources.iso and new in sources.iso:
            targets_of[old] = new
    return targets_of | with_country(sources, targets_of, rows)


def with_country(
    sources: Sources, tags: dict[str, str], rows: dict[str, list[str]]
) -> dict[str, str]:
    """Return the tags with a country from CLDR, in the script that is usual there."""
    targets_of = {}
    parts = re.split(r'<territory type="(\w\w)"', sources.supplement)
    for country, text in zip(parts[1::2], parts[2::2], strict=True):
        for tag in re.findall(r'<languagePopulation type="([a-z]{2,3})"', text):
            target = tags.get(tag, tag)
            script = sources.likely.get(f"{tag}-{country}", "-").split("-")[1]
            if target.split()[0] in sources.iso and sources.scope(target[:3]) != "Special":
                code = f"{target}_{script}"
                targets_of[f"{tag}-{country.lower()}"] = code if code in rows else target
    return targets_of


def write(folder: Path, table: str, columns: str, rows: list[Any]) -> None:
    """Write one table with a comment line that names its columns."""
    lines = [f"# Generated by bot.language.build. {columns}", *("\t".join(row) for row in rows)]
    (folder / f"{table}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.stderr.write(f"{table}.tsv: {len(rows)} rows\n")


def main(folder: Path = FOLDER) -> None:
    sources = Sources()
    rows = language_rows(sources)
    if unknown := sources.by_hand - rows.keys():
        sys.exit(f"the hand-written tables have unknown codes: {', '.join(sorted(unknown))}")
    individual = {iso for iso in sources.iso if sources.scope(iso) == "Individual"}
    if unwritten := individual - {code[:3] for code in rows}:
        sys.exit(f"scripts.tsv lacks the scripts of: {', '.join(sorted(unwritten))}")
    names, tags = name_rows(sources, rows), tag_rows(sources, rows)
    head = "code	BCP-47	English name	autonym	? if Latin is only assumed"
    write(folder, "languages", head, list(rows.values()))
    write(folder, "names", "folded name	ISO 639-3 or codes", sorted(names.items()))
    foreign = foreign_rows(sources, names)
    write(
        folder, "foreign", "ISO 639-3	folded names in other languages", sorted(foreign.items())
    )
    write(folder, "codes", "tag	ISO 639-3 or codes", sorted(tags.items()))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
