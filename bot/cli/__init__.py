"""The command line `kakugo`: read arguments, call one function, report errors in one sentence.

Each command imports what it needs when it runs, so that the command line starts quickly.

    app            The list of commands, and `main`
    bot_commands   Run the bot and look at its requests: serve, tick, plan, requests, show
    installation   The installation on the Hub: deploy, doctor, withdraw, destroy
    local          Everything on this machine: demo, and the local Hub's serve and contract
    smoke          A first real run in an empty namespace
    languages      What a name means, and whether a teacher knows a language
    connection     Connect to the Hub with the settings of the environment
    confirm        Ask the operator to confirm
    __main__       `python -m bot.cli`
"""

from bot.cli.app import main

__all__ = ["main"]
