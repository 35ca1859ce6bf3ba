"""Kakugo's bot: a level-triggered controller whose only database is the Hub.

One tick: *observe* the Hub, *plan* in a pure function, *commit* the new state by compare-and-swap,
then *act*. The floors, from the ground up; a file may import only from the floors below its own
(`pyproject.toml` has this as contracts, and a test compares the two).

words
    failure     the base of every failure whose text is for the person at the terminal
    language    Language, and find(name) → Language | Candidates
    settings    the only reader of the environment
    request     Request, Spec, Step and their JSON
    names       every repo id, path, marker and URL that leaves the program
    world       what was seen, and when
    orders      what to do, and the Permit: the right to do it
mind
    programme   the `plan:` section of a recipe's YAML
    steps       the table of steps: what runs, from what, into what
    terms       where and up to which price requests are taken
    ask         what a discussion asks for
    budget      what a request will cost
    replies     every sentence the bot says
    plan        what to do next
hands
    hub         the only importer of huggingface_hub: observe, act, store, install, watch
    ledger      load() → Page; commit(page, plans) → Permit | None
life
    loop        the tick
    serve       webhook doorbell and timer
    deploy      an empty namespace → a running installation
    demo        the whole story on one machine
    cli         `kakugo …`
beside
    localhub    a small Hub on this machine; knows nothing of the bot
"""
