"""Kakugo's bot: a level-triggered controller whose only database is the Hub.

One tick: *observe* the Hub, *plan* in a pure function, *commit* the new state by compare-and-swap,
then *act*. The floors, from the ground up; a file may import only from the floors below its own
(`pyproject.toml` has this as contracts, and a test compares the two).

    language      Languages by the names that people call them: pure, standard library only, no
    errors        The one base of every failure whose text is for the person at the terminal; al
    localhub      A small Hub on the own machine, for the unmodified clients of huggingface.co
    settings      The only reader of the environment
    domain        What the bot knows: frozen dataclasses, names and arithmetic
    installation  What a running installation consists of, as values that can be compared
    parsing       Text from people and logs, parsed into closed vocabularies
    replies       Every sentence the bot says, one pure function a situation
    hub           The Hub through its own client: the only place in `bot/` that imports `hugging
    planner       Decide what to do next for a request, from what was agreed and what was seen
    controller    The tick (observe, plan, commit, act) and the loops that run it
    demo          `kakugo demo`: the whole story on one machine, watched from outside
    operations    What an operator runs: deploy, doctor, destroy, report, withdraw
    cli           `kakugo …`: reads arguments, calls one function, turns a refusal into one sent
"""
