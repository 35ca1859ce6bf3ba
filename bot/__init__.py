"""Kakugo's bot: a level-triggered controller whose only database is the Hub.

One tick: *observe* the Hub, *plan* in a pure function, *commit* the new state by compare-and-swap,
then *act*. The floors, from the ground up; a file may import only from the floors below its own
(`pyproject.toml` has this as contracts, and a test compares the two).

words
    failure     the base of every failure whose text is for the person at the terminal
    language    Language, and find(name) → Language | Candidates
    scrub       lines of a log made fit to be shown
    settings    the only reader of the environment
    community   what the speakers of a language decided about it
    request     Request, Spec, Step and their JSON
    names       every repo id, path, marker and URL that leaves the program
    world       what was seen, and when
    orders      what to do, and the Permit: the right to do it
mind
    programme   the `plan:` section of a recipe's YAML
    steps       the table of steps: what runs, from what, into what
    terms       where, up to which price and how many requests are taken
    ask         what a discussion asks for, and what an answer means
    words       commands in comments
    wishes      options in the first post
    budget      what a request will cost, did cost, and what is set aside
    replies     every sentence the bot says
    agreement   from a discussion to what is agreed: taken, asked about, held, declined
    room        who may start what now: budgets, concurrent jobs, fair order
    conversation  what people say, and what it changes
    progress    how far each step is, and what it has cost
    speech      what is to be said now
    teacher     whether the teacher's endpoint should cost money now
    plan        what to do next for one request
    installation  what a running installation consists of, as a value
    difference  what differs between the one wanted and the one seen
    scopes      which token does what, and what it must hold
hands
    hub         the only importer of huggingface_hub: observe, act, store, install, watch
    ledger      load() → Page; commit(page, plans) → Permit | None
life
    loop        the tick
    shift       a webhook's Job: tick until nothing is under way
    serve       webhook doorbell and timer
    report      what an operator reads: a plan, the queue, a story
    improve     the next version of a model, from what speakers corrected
    withdraw    a language that its speakers take down
    recipe      a recipe's command beside this interpreter
    checkout    this checkout as what is deployed from it
    doctor      what is wrong with an installation, a sentence each
    destroy     a running installation → what people made
    deploy      an empty namespace → a running installation
    demo        the whole story on one machine
    cli         `kakugo …`
beside
    localhub    a small Hub on this machine; knows nothing of the bot
"""
