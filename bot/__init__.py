"""Kakugo's bot: a level-triggered controller whose only database is the Hub.

Each tick *observes* the Hub, *plans* in a pure function, *commits* the new state by
compare-and-swap, and then *acts*. The layers, lowest first; a package imports only from those below
it, which import-linter checks:

    language      Find out which language a name, tag or code means
    connections   Bound the connections that strangers hold open to a server of ours
    errors        The base class of errors that the person at the terminal can act on
    settings      Read the settings from environment variables
    domain        Requests, recipes, costs and names, as frozen dataclasses
    parsing       Parse discussions, comments and logs
    replies       Everything that the bot writes in discussions
    installation  What an installation on the Hub consists of, as values that can be compared
    planner       Decide what to do next for each request
    hub           Read and change the Hub with `huggingface_hub`
    controller    The tick, and the loops that run it
    operations    The operator's commands: deploy, doctor, destroy, report, withdraw
    demo          `kakugo demo`: a whole request on one machine
    cli           The command line `kakugo`
    localhub      A small Hub on this machine; of the bot, it imports only languages and connections
"""
