"""The language that a name means, or the candidates; never a guess.

These forms are tried in this order, and the first that means anything counts:

    tag        gd · gla · sr-Latn · srp_Cyrl · pt-BR · ar-EG · cat_Latn_vale1252
    name       Welsh · Cymraeg · Te Reo Māori · Egyptian Arabic · "the Welsh language"
    script     Serbian in Latin script · Serbian (Cyrillic) · Cyrillic Serbian · sr Latn
    country    Arabic (Egypt) · Portuguese, Brazil: as ar-EG and pt-BR
    two names  Kurdish (Sorani) · Sorani Kurdish · Arabic, Egyptian · Armenian / հայերեն

A word with letters of two scripts is an imitation and counts as unknown.
"""

import re

from bot.language.lookalikes import mixes_scripts
from bot.language.normalize import clean, fold
from bot.language.suggestions import suggest
from bot.language.tables import language, resolve, tables
from bot.language.types import Candidates, Language, UnknownCode

MAX_LENGTH = 200  # characters; the longest name in ISO 639-3 has 58
_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_](\w[\w-]*))?")
_COUNTRY = re.compile(r"[A-Z]{2}|\d{3}")
_QUOTES = "\"'`*_.,;:!?()[]<> "
# The word "language" in many languages, folded, before or after the name.
_AROUND = re.compile(
    r"(?:the |lingua |lengua |langue |lingvo |limba |jezyk |jazyk |bahasa |basa |اللغة |لغة "
    r"|ภาษา ?|ພາສາ ?|ភាសា ?)?(.+?)"
    r"(?: language| lang| dialect| язык| мова| език| јазик| jezik| jazyk| dili| tili| тілі| тили"
    r"| теле| ენა| լեզու| भाषा| ভাষা| زبان| ژبه| хэл| ?ဘာသာ(?:စကား)?)?"
)
_TWO_PARTS = re.compile(r"(.+?)\s*(?:[(\[]([^()\[\]]+)[)\]]|(?:[,/|:=–—]|\s-)\s*(.+))")
_MARKED = re.compile(r"(.+?) (?:written in|in|using|with) (?:the )?(.+)")
_SCRIPT = re.compile(r"(?:(?:written )?in )?(?:the )?(.+?)(?: script| alphabet| letters)?")

Match = Language | Candidates | None


def find(text: str) -> Language | Candidates:
    """Return the language that a text names, or the candidates to ask about.

    Accepts any text and never raises; a text that is too long for a name is unknown.
    """
    # The second check is for ligatures: one may stand for 18 letters.
    if len(text) > MAX_LENGTH or len(line := clean(text)) > MAX_LENGTH:
        return Candidates((), "unknown")
    match = None if mixes_scripts(line) else _parse(line)
    return match or Candidates(suggest(line), "unknown")


def find_script(text: str) -> str:
    """Return the ISO 15924 code of the script that a text names, or ""."""
    return tables().script_names.get(_within(_SCRIPT, fold(text[:MAX_LENGTH])), "")


def by_code(code: str) -> Language:
    """Return the language with exactly this code, like "gla_Latn". Raises UnknownCode."""
    return language(code)


def _parse(line: str) -> Match:
    return (
        _tag_or_name(line) or _name_and_script(line) or _name_and_country(line) or _two_names(line)
    )


def _tag_or_name(line: str) -> Match:
    """Read a tag or a name: "ga" is Irish, "Ga" may be Irish or Ga, "Hi" is only a suggestion."""
    if line in tables().rows:  # "phu_Thai" is Phuan; the language Phu Thai is another one
        return language(line)
    names, key = tables().names, fold(line)
    name = names.get(key) or names.get(_within(_AROUND, key), "")
    tagged = _codes_of(_tag(line.strip(_QUOTES)))
    if name and not (tagged and line.islower()):
        return _one_of(tagged + _codes(name))
    if tagged and len(key) <= 3 and line.istitle():
        return Candidates(tuple(map(language, tagged)), "unknown")
    return _one_of(tagged) if tagged else None


def _tag(line: str) -> Match:
    """Read a BCP-47 or FLORES+ tag; a lower-case country must be one where people speak it."""
    parts = _TAG.fullmatch(line)
    if not parts:
        return None
    iso, script, suffix = parts[1].lower(), (parts[2] or "").title(), parts[3] or ""
    code = "_".join(filter(None, (iso, script, suffix.lower())))
    if code in tables().rows:
        return language(code)
    if special := tables().tags.get(line.lower().replace("_", "-")):
        return _one_of(_codes(special))
    if suffix and not _COUNTRY.fullmatch(suffix):
        return None
    codes = _codes(iso) if _is_target(iso) else []
    if codes and script:
        return _written(codes, script) if script in tables().scripts else None
    return _one_of(codes) if codes else None


def _name_and_script(line: str) -> Match:
    scripts, key = tables().script_names, fold(line)
    first, second = _two_parts(line)
    if second and (script := scripts.get(_within(_SCRIPT, fold(second)))):
        return _in_script(first, script)
    marked = _MARKED.fullmatch(key)
    if marked and (script := scripts.get(_within(_SCRIPT, marked[2]))):
        return _in_script(marked[1], script)
    return _side_by_side(key)


def _side_by_side(key: str) -> Match:
    """Read "cyrillic serbian" and "malay arabic script", but not the ambiguous "malay arabic"."""
    words = key.split()
    bare = [word for word in words if word not in ("script", "alphabet")]
    for cut in range(1, len(bare)):
        before, after = " ".join(bare[:cut]), " ".join(bare[cut:])
        for name, script_name in ((before, after), (after, before)):
            only_a_script = script_name == "latin" or script_name not in tables().names
            script = tables().script_names.get(script_name)
            if script and (only_a_script or bare != words):
                if match := _in_script(name, script):
                    return match
    return None


def _in_script(name: str, script: str) -> Match:
    codes = _codes_of(_tag_or_name(name))
    return _written(codes, script) if codes else None


def _written(codes: list[str], script: str) -> Language | Candidates:
    """Return the languages that use this script, or the scripts that they use if none does."""
    tags, isos = tables().tags, dict.fromkeys(code[:3] for code in codes)
    for code in codes:
        if special := tags.get(f"{language(code).bcp47}-{script.lower()}"):
            return _one_of(_codes(special))
    written = [code for code in codes if code[4:8] == script]
    written = written or [f"{iso}_{script}" for iso in isos if _exists(f"{iso}_{script}")]
    if written:
        return _one_of(written)
    known = [code for iso in isos for code in tables().scripts_of[iso]]
    return Candidates(tuple(map(language, known)), "script")


def _name_and_country(line: str) -> Match:
    """Read a language and a country where people speak it, like the tag of both."""
    first, second = _two_parts(line)
    country = tables().countries.get(fold(second))
    if not country or fold(f"{first} {second}") in tables().names:
        return None
    languages = [language(code).bcp47 for code in _codes_of(_tag_or_name(first))]
    macros = tables().names.get(fold(first), "").split()
    homes = [tag for tag, target in tables().tags.items() if target in macros and len(tag) == 2]
    tags = [f"{tag.partition('-')[0]}-{country}" for tag in (*homes, *languages)]
    codes = [code for tag in tags for code in _codes(tables().tags.get(tag, ""))]
    return _one_of(codes) if codes else None


def _two_names(line: str) -> Match:
    """Read two names of one language, or a name and a qualifier."""
    first, second = _two_parts(line)
    if not second:
        return _narrowed(fold(line).split())
    for joined in (f"{second} {first}", f"{first} {second}"):
        if targets := tables().names.get(fold(joined)):
            return _one_of(_codes(targets))
    wide, narrow = _codes_of(_tag_or_name(first)), _codes_of(_tag_or_name(second))
    both = [code for code in narrow if code in wide]
    return _one_of(both or wide + narrow) if wide and narrow else None


def _narrowed(words: list[str]) -> Match:
    """Read two names side by side, like "sorani kurdish", if one of them includes the other."""
    for cut in range(1, len(words)):
        first, second = (_codes_of(_tag_or_name(" ".join(w))) for w in (words[:cut], words[cut:]))
        if first and second and (set(first) <= set(second) or set(second) <= set(first)):
            return _one_of(min(first, second, key=len))
    return None


def _two_parts(line: str) -> tuple[str, str]:
    parts = _TWO_PARTS.fullmatch(line)
    return (parts[1], parts[2] or parts[3]) if parts else (line, "")


def _within(pattern: re.Pattern[str], key: str) -> str:
    match = pattern.fullmatch(key)
    return match[1] if match else key


def _is_target(iso: str) -> bool:
    data = tables()
    return iso in data.choices or iso in data.scripts_of or iso in data.tags


def _exists(code: str) -> bool:
    try:
        language(code)
    except UnknownCode:
        return False
    return True


def _codes(targets: str) -> list[str]:
    return [code for target in targets.split() for code in resolve(target)]


def _codes_of(match: Match) -> list[str]:
    if isinstance(match, Language):
        return [match.code]
    if match is None or match.reason != "ambiguous":
        return []
    return [candidate.code for candidate in match.languages]


def _one_of(codes: list[str]) -> Language | Candidates:
    languages = tuple(language(code) for code in dict.fromkeys(codes))
    return languages[0] if len(languages) == 1 else Candidates(languages, "ambiguous")
