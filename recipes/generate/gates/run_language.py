"""Whether the texts of a whole run are in the language, or in a relative of it.

Relatives such as Xhosa and Zulu differ too little for a verdict on every single text. Over a run,
CLD2 names the relative far more often than it does for the language's own texts, even where it
does not know the language itself. So the names that it gives to the texts of the run are compared
with those that it gives to the language's own texts. Where CLD2 does not know the language, a
trigram profile of these texts is a second, independent measure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from recipes.core.language import Language, name_of_cld2
from recipes.generate.gates.language_id import identify
from recipes.generate.gates.scripts import letters_of
from recipes.generate.gates.trigrams import TrigramProfile
from recipes.generate.gates.views import prose
from recipes.generate.schema import Draft

UNCLEAR = ""  # the label of a text in which CLD2 is not sure of a language
IDENTIFIED_LETTERS = 1_000  # of a text
MIN_TEXTS = 10  # on each side of a comparison
STANDARD_ERRORS = 3.0  # by which a label must be more frequent than in the language's own texts
MIN_SHARE = 0.03  # of the run, for a language to be noticed
MAX_OWN_SHARE = 0.05  # of the language's own texts with a label whose rows may be dropped
MOSTLY_OWN = 0.8  # a label of so many of the language's own texts says nothing
KNOWN_SHARE = 0.5  # of the language's own texts that CLD2 must recognize to know the language
# Without texts of the language: how CLD2 labels those of a language that it knows.
TYPICAL_OWN, TYPICAL_UNCLEAR = 95, 5


@dataclass(frozen=True)
class LanguageVerdict:
    """What a run seems to be written in.

    share: the estimated share (0 to 1) of its texts that are not in the language
    other: CLD2's code of the language that they seem to be in; empty if none stands out
    labels: labels of texts that are surely in another language
    """

    share: float = 0.0
    other: str = ""
    labels: frozenset[str] = frozenset()

    @property
    def is_other_language(self) -> bool:
        """Whether the run as a whole is in another language."""
        return self.share >= 0.5

    def describe(self, language: Language) -> str:
        """Say what the texts look like, for people; empty if they are in the language."""
        if not self.share:
            return ""
        if not self.other:
            return f"this does not look like {language.name}, nor clearly like another language"
        share = "" if self.is_other_language else f"{self.share:.0%} of "
        return f"{share}this looks like {name_of_cld2(self.other)}, not {language.name}"


@dataclass
class RunLanguage:
    """Labels the texts of a run, and compares the labels with those of the language's own texts.

    `own` counts the labels of the language's own texts; it is empty if nothing is known of them.
    """

    language: Language
    min_letters: int
    own: Counter[str]
    profile: TrigramProfile | None = None
    _run: Counter[str] = field(default_factory=Counter)
    _log_likelihood: float = 0.0

    @classmethod
    def learn(
        cls,
        language: Language,
        own_texts: Sequence[str],
        min_letters: int,
        profile: TrigramProfile | None = None,
    ) -> RunLanguage:
        """Label texts of the language; only those of at least `min_letters` letters count."""
        labels = (label_of(prose(text), min_letters) for text in own_texts)
        own = Counter(label for label in labels if label is not None)
        if own.total() < MIN_TEXTS:
            own = Counter()
            if language.cld2 and language.in_usual_script:
                own = Counter({language.cld2: TYPICAL_OWN, UNCLEAR: TYPICAL_UNCLEAR})
        return cls(language, min_letters, own, profile)

    def add(self, text: str) -> str | None:
        """Count a text of the run, and return its label; None for one that is too short."""
        label = label_of(text, self.min_letters)
        if label is not None:
            self._run[label] += 1
            if self.profile:
                self._log_likelihood += self.profile.log_likelihood(text)
        return label

    def verdict(self) -> LanguageVerdict:
        """Return what the texts so far seem to be written in."""
        count, own_count, code = self._run.total(), self.own.total(), self.language.cld2
        if count < MIN_TEXTS or not own_count:
            return LanguageVerdict()
        shares = {
            label: share
            for label in self._run
            if label not in (UNCLEAR, code) and (share := self._share_in(label)) >= MIN_SHARE
        }
        other = max(shares, key=shares.__getitem__, default="")
        share = shares.get(other, 0.0)
        if code and (known := self.own[code] / own_count) >= KNOWN_SHARE:
            recognized = self._run[code] / count
            if recognized < known / 2:
                share = max(share, 1 - recognized / known)
        elif self.profile and self.profile.is_far(self._log_likelihood / count):
            share = max(share, 1.0)
        rare = {label for label in shares if self.own[label] <= MAX_OWN_SHARE * own_count}
        return LanguageVerdict(
            share, other if shares.get(other, 0.0) >= share / 2 else "", frozenset(rare)
        )

    def _share_in(self, label: str) -> float:
        """Return the share of the run that must be in a language to explain its label; 0 if none.

        It is a mixture of texts like the language's own and of texts that all have the label.
        """
        count, own_count = self._run.total(), self.own.total()
        usual = self.own[label] / own_count
        expected = (self.own[label] + 0.5) / (own_count + 1)
        variance = expected * (1 - expected) * (1 / count + 1 / own_count)
        surplus = self._run[label] / count - expected
        if usual > MOSTLY_OWN or surplus <= STANDARD_ERRORS * variance**0.5:
            return 0.0
        return max(0.0, (self._run[label] / count - usual) / (1 - usual))


def label_of(text: str, min_letters: int) -> str | None:
    """Return CLD2's code for a prose text, `UNCLEAR` if it is not sure, None if it is too short."""
    text = text[:IDENTIFIED_LETTERS]
    letters, _ = letters_of(text, "Latn")
    return (identify(text) or UNCLEAR) if letters >= min_letters else None


def written_text(draft: Draft, code: str) -> str:
    """Return the prose of a draft in the language: that of the assistant, else the user's."""
    turns = [
        (turn["role"], prose(turn["content"]))
        for turn, expected in zip(draft.row.turns, draft.languages, strict=True)
        if expected == code
    ]
    answers = [text for role, text in turns if role == "assistant"]
    return "\n".join(answers or [text for _, text in turns])
