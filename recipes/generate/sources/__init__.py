"""Where prompts come from: one file for each source, and what the sources share.

responses        From a prompt to a row: revised or not, answered, with or without its reasonin
quotas           How many rows each branch of a tree may give: decided from above, before any a
backtranslation  Rows in both directions from one translation: the text of the language is alwa
replay           English conversations as they are: a share of what is trained on, so that Engl
text_tasks       Prompts on real texts of the language: translate, summarise, improve, classify
translation      English conversations put into the language, turn by turn
taxonomy         A tree of things to ask about: each node gives prompts of its own, and nodes b
scenarios        Prompts from situations: broad ones, detailed ones; each of them gives prompts
topics           Prompts from a tree of topics: seeds, macro-topics, topics; each of them gives
"""
