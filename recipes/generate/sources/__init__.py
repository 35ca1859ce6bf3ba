"""Where prompts come from: one file per source, and what the sources share.

backtranslation  Translations of real texts, as rows in both directions
quotas           Divide a number of rows among the branches of a tree
replay           English conversations as they are, so that the model keeps its English
responses        From a prompt to a row: revised or not, with a response
scenarios        Prompts from situations, broad ones and detailed ones within them
table            The table of sources, from which everything else knows them
taxonomy         A tree of topics or scenarios, with prompts at each node
text_tasks       Prompts about real texts: translate, summarise, improve, classify, question
topics           Prompts from a tree of topics, which grows from seeds
translation      English conversations, translated turn by turn
"""
