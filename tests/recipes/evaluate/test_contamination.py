"""A copied benchmark text is found however it is dressed, and nothing else is."""

from __future__ import annotations

from recipes.evaluate.contamination import found

SENTENCE = "La malgranda hundo kuras tra la verda ĝardeno."
THAI = "ฉันรักการอ่านหนังสือในห้องสมุดทุกวัน"


def test_a_copy_is_found_inside_a_message_whatever_its_case_and_punctuation() -> None:
    training = [f"Traduku: «{SENTENCE.upper()}» — dankon", "ion alian"]
    assert found([SENTENCE, "La granda kato dormas sur la blanka lito."], training, 24) == {
        SENTENCE
    }


def test_most_of_a_sentence_is_not_the_sentence() -> None:
    assert found([SENTENCE], [SENTENCE.removesuffix("ĝardeno.") + "kampo."], 24) == set()


def test_a_script_without_spaces_is_judged_alike() -> None:
    assert found([THAI], ["ก" + THAI + "ข"], 24) == {THAI}


def test_a_short_text_counts_only_as_a_whole_message() -> None:
    assert found(["Jes."], ["jes, mi venos", "ne"], 24) == set()
    assert found(["Jes."], ["Jes!"], 24) == {"Jes."}
