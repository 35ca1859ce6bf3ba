"""The practice world: a rule-based teacher of Esperanto, a tiny base model and benchmarks.

world                 The practice world: its words, and what its sentences mean
english               English of the practice world: from a meaning to its sentence, and back
esperanto             Esperanto of the practice world: from a meaning to its sentence, and back
artificial_languages  Made-up languages, in which the base model practises the skill of
texts                 Texts of the practice world: several sentences in either language, and
card                  The card of the practice base: what it has read, and that it is practice
exercises             What a person may ask in the practice world, and the right answer
benchmarks            The practice benchmarks, in the schemas of FLORES+, SIB-200 and
pretrain_data         What the practice base reads before anybody adapts it, as pieces of text
rule_based            The practice teacher's mind: from the messages of a request to what it
tokenizer             The practice base's tokenizer: one piece for each stem and each ending
publish               `kakugo-recipe practice-publish`: puts base, corpus and benchmarks on
server                The practice teacher as a server: OpenAI's chat completions in front of
pretrain              Makes the practice base from nothing: `python -m
"""
