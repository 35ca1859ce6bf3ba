"""A small Hub on the own machine, for the unmodified clients of huggingface.co.

It knows nothing of the bot: whoever can point ``HF_ENDPOINT`` somewhere can use it.  It stores,
answers and starts processes; it never calls out to the real Hub.

The floors, from the ground up (a file imports only from those above its line; a test holds it so):

    app          The routing table: every service's routes, and 501 with the call's name for wh
    compute      What runs: jobs, schedules, Inference Endpoints and Spaces
    contract     The Hub's contract as data: what each operation takes and answers, and checks
    control      What a test may do to the Hub: stop its clock, make calls fail, be late, be lo
    core         What every service of the local Hub shares
    coverage     What the local Hub serves, written out of its routing table into COVERAGE.md
    discussions  Discussions and pull requests
    pages        Pages for people: the Hub's information layout, rendered on the server, no for
    repos        Repositories: their content, history, settings and listings
    server       The local Hub as a process: one port, one data folder, one ready line, a clean
    testing      A local Hub in its own process, for tests: a context manager and a pytest fixt
    webhooks     Webhooks: subscriptions and deliveries
"""
