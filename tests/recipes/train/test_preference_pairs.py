"""From what people said to pairs, without a model."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from recipes.core.feedback import Chat, Review
from recipes.generate.schema import Draft
from recipes.train.preference_pairs import pairs

EPO = "epo_Latn"


def chat(asked: str, response: str, rating: str | None = None, correction: str | None = None,
         credit: str | None = None) -> Chat:  # fmt: skip
    return Chat("id", "at", EPO, "m", (("user", asked),), response, rating, correction, credit)


def review(row_id: str, fixed: str | None) -> Review:
    return Review("id", "at", EPO, "d", row_id, "fix" if fixed else "keep", fixed, "r", None)


def anything(draft: Draft) -> str | None:
    return None


def test_a_correction_is_better_than_what_it_corrects() -> None:
    found = pairs([chat("Kio?", "What.", None, "Io.", "Eva")], [], {}, EPO, anything)
    (pair,) = found.kept
    assert (pair.prompt, pair.chosen, pair.rejected) == ((("user", "Kio?"),), "Io.", "What.")
    assert found.credits == ("Eva",)
    assert pair.wire()["chosen"] == [{"role": "assistant", "content": "Io."}]


def test_thumbs_make_pairs_only_of_answers_to_the_same_words() -> None:
    said = [chat("Kio?", "A", "up"), chat("Kio?", "B", "down"), chat("Kiu?", "C", "down"),
            chat("Kio?", "D", "down"), chat("Kio?", "E")]  # fmt: skip
    found = pairs(said, [], {}, EPO, anything)
    assert [(one.chosen, one.rejected) for one in found.kept] == [("A", "B"), ("A", "D")]


def test_people_who_contradict_each_other_teach_nothing() -> None:
    said = [chat("Kio?", "A", None, "B"), chat("Kio?", "B", None, "A"),
            chat("Kio?", "C", None, "C "), chat("Kio?", "D", None, "E"),
            chat("Kio?", "D", None, "E")]  # fmt: skip
    found = pairs(said, [], {}, EPO, anything)
    assert [one.chosen for one in found.kept] == ["E"]
    assert found.dropped == {"contradicted": 2, "the_same": 1, "duplicate": 1}


def test_a_fixed_row_is_better_than_the_row() -> None:
    rows = {"r1": (("user", "Kio?"), ("assistant", "Malbone")), "r2": (("user", "?"),)}
    found = pairs([], [review("r1", "Bone."), review("r2", "x"), review("r3", "x"),
                       review("r1", None)], rows, EPO, anything)  # fmt: skip
    (pair,) = found.kept
    assert (pair.prompt, pair.chosen, pair.rejected) == ((("user", "Kio?"),), "Bone.", "Malbone")


def test_a_fixed_row_keeps_its_thought() -> None:
    rows = {"r1": (("user", "Kio?"), ("assistant", "<think>hm</think>\n\nMalbone"))}
    (pair,) = pairs([], [review("r1", "Bone.")], rows, EPO, anything).kept
    assert pair.chosen == "<think>hm</think>\n\nBone."


def test_only_the_better_answer_must_be_in_the_language() -> None:
    drafts: list[Draft] = []

    def judge(draft: Draft) -> str | None:
        drafts.append(draft)
        return "wrong_language"

    one = Chat("i", "a", EPO, "m", (("system", "S"), ("user", "q"), ("assistant", "a"),
               ("user", "w")), "r", None, "c", None)  # fmt: skip
    found = pairs([one], [], {}, EPO, judge)
    assert (found.kept, found.dropped) == ((), {"wrong_language": 1})
    (draft,) = drafts
    assert draft.languages == (None, None, None, EPO)
    assert [turn["content"] for turn in draft.row.turns] == ["q", "a", "w", "c"]


def test_an_answer_is_learnt_under_the_system_prompt_it_was_given_under() -> None:
    rows = {"r1": (("system", "Think."), ("user", "Kio?"), ("assistant", "Malbone"))}
    of_chat, of_row = pairs([chat("q", "a", "down", "c")], [review("r1", "Bone.")], rows, EPO,
                            anything).kept  # fmt: skip
    first = [pair.wire("Be concise.")["prompt"][0] for pair in (of_chat, of_row)]
    assert first == [{"role": "system", "content": said} for said in ("Be concise.", "Think.")]
    assert of_chat.wire()["prompt"][0]["role"] == "user"


WORDS = st.sampled_from("ABCD")
CHATS = st.builds(chat, WORDS, WORDS, st.sampled_from(["up", "down", None]), WORDS | st.none())


@given(st.lists(CHATS, max_size=8))
def test_no_pair_stands_twice_or_against_another(said: list[Chat]) -> None:
    found = pairs(said, [], {}, EPO, anything)
    sides = {(one.prompt, one.chosen, one.rejected) for one in found.kept}
    assert len(sides) == len(found.kept)
    assert not any(one.turned in sides for one in found.kept)
    assert found.key == pairs(said, [], {}, EPO, anything).key
