"""A copied benchmark text is found, whatever its case and punctuation, and nothing else is."""

from __future__ import annotations

from recipes.evaluate.contamination import contaminated

SENTENCE = "La malgranda hundo kuras tra la verda ĝardeno."
THAI = "ฉันรักการอ่านหนังสือในห้องสมุดทุกวัน"


def test_a_copy_inside_a_message_is_found() -> None:
    training = [f"Traduku: «{SENTENCE.upper()}» — dankon", "ion alian"]
    assert contaminated([SENTENCE, "La granda kato dormas sur la blanka lito."], training, 24) == {
        SENTENCE
    }


def test_most_of_a_sentence_is_not_a_copy() -> None:
    assert contaminated([SENTENCE], [SENTENCE.removesuffix("ĝardeno.") + "kampo."], 24) == set()


def test_a_copy_in_a_script_without_spaces_is_found() -> None:
    assert contaminated([THAI], ["ก" + THAI + "ข"], 24) == {THAI}


def test_a_short_text_counts_only_as_a_whole_message() -> None:
    assert contaminated(["Jes."], ["jes, mi venos", "ne"], 24) == set()
    assert contaminated(["Jes."], ["Jes!"], 24) == {"Jes."}
