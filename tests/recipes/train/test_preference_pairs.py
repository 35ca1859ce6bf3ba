"""Preference pairs made from feedback, without a model."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from recipes.core.feedback import ChatFeedback, Review
from recipes.generate.schema import Draft
from recipes.train.preference_pairs import make_pairs

EPO = "epo_Latn"


def chat(prompt: str, response: str, rating: str | None = None, correction: str | None = None,
         credit: str | None = None) -> ChatFeedback:  # fmt: skip
    return ChatFeedback(
        "id", "at", EPO, "m", (("user", prompt),), response, rating, correction, None, credit
    )


def review(row_id: str, fixed: str | None) -> Review:
    return Review("id", "at", EPO, "d", row_id, "fix" if fixed else "keep", fixed, "r", None)


def keep_all(draft: Draft) -> str | None:
    return None


def test_correction_is_better_than_the_answer_it_corrects() -> None:
    pairs = make_pairs([chat("Kio?", "What.", None, "Io.", "Eva")], [], {}, EPO, keep_all)
    (pair,) = pairs.kept
    assert (pair.prompt, pair.chosen, pair.rejected) == ((("user", "Kio?"),), "Io.", "What.")
    assert pairs.credits == ("Eva",)
    assert pair.to_trl()["chosen"] == [{"role": "assistant", "content": "Io."}]


def test_thumbs_pair_only_answers_to_the_same_prompt() -> None:
    chats = [chat("Kio?", "A", "up"), chat("Kio?", "B", "down"), chat("Kiu?", "C", "down"),
            chat("Kio?", "D", "down"), chat("Kio?", "E")]  # fmt: skip
    pairs = make_pairs(chats, [], {}, EPO, keep_all)
    assert [(pair.chosen, pair.rejected) for pair in pairs.kept] == [("A", "B"), ("A", "D")]


def test_contradicting_corrections_are_dropped() -> None:
    chats = [chat("Kio?", "A", None, "B"), chat("Kio?", "B", None, "A"),
            chat("Kio?", "C", None, "C "), chat("Kio?", "D", None, "E"),
            chat("Kio?", "D", None, "E")]  # fmt: skip
    pairs = make_pairs(chats, [], {}, EPO, keep_all)
    assert [pair.chosen for pair in pairs.kept] == ["E"]
    assert pairs.dropped == {"contradicted": 2, "the_same": 1, "duplicate": 1}


def test_fixed_wording_is_better_than_the_row() -> None:
    rows = {"r1": (("user", "Kio?"), ("assistant", "Malbone")), "r2": (("user", "?"),)}
    pairs = make_pairs([], [review("r1", "Bone."), review("r2", "x"), review("r3", "x"),
                       review("r1", None)], rows, EPO, keep_all)  # fmt: skip
    (pair,) = pairs.kept
    assert (pair.prompt, pair.chosen, pair.rejected) == ((("user", "Kio?"),), "Bone.", "Malbone")


def test_fixed_wording_keeps_the_reasoning_of_the_row() -> None:
    rows = {"r1": (("user", "Kio?"), ("assistant", "<think>hm</think>\n\nMalbone"))}
    (pair,) = make_pairs([], [review("r1", "Bone.")], rows, EPO, keep_all).kept
    assert pair.chosen == "<think>hm</think>\n\nBone."


def test_only_the_chosen_answer_must_be_in_the_language() -> None:
    drafts: list[Draft] = []

    def gate(draft: Draft) -> str | None:
        drafts.append(draft)
        return "wrong_language"

    feedback = ChatFeedback("i", "a", EPO, "m", (("system", "S"), ("user", "q"), ("assistant", "a"),
               ("user", "w")), "r", None, "c", None, None)  # fmt: skip
    pairs = make_pairs([feedback], [], {}, EPO, gate)
    assert (pairs.kept, pairs.dropped) == ((), {"wrong_language": 1})
    (draft,) = drafts
    assert draft.languages == (None, None, None, EPO)
    assert [turn["content"] for turn in draft.row.turns] == ["q", "a", "w", "c"]


def test_pair_has_the_system_prompt_under_which_it_was_answered() -> None:
    rows = {"r1": (("system", "Think."), ("user", "Kio?"), ("assistant", "Malbone"))}
    of_chat, of_row = make_pairs([chat("q", "a", "down", "c")], [review("r1", "Bone.")], rows, EPO,
                            keep_all).kept  # fmt: skip
    first_turns = [pair.to_trl("Be concise.")["prompt"][0] for pair in (of_chat, of_row)]
    assert first_turns == [
        {"role": "system", "content": text} for text in ("Be concise.", "Think.")
    ]
    assert of_chat.to_trl()["prompt"][0]["role"] == "user"


WORDS = st.sampled_from("ABCD")
CHATS = st.builds(chat, WORDS, WORDS, st.sampled_from(["up", "down", None]), WORDS | st.none())


@given(st.lists(CHATS, max_size=8))
def test_no_pair_is_a_duplicate_or_contradicts_another(chats: list[ChatFeedback]) -> None:
    pairs = make_pairs(chats, [], {}, EPO, keep_all)
    keys = {pair.key for pair in pairs.kept}
    assert len(keys) == len(pairs.kept)
    assert not any(pair.reversed_key in keys for pair in pairs.kept)
    assert pairs.digest == make_pairs(chats, [], {}, EPO, keep_all).digest
