"""A local server for the unmodified clients of huggingface.co.

It knows nothing of the bot: any program whose `HF_ENDPOINT` can be set may use it. It stores data,
answers calls and runs processes, and it never calls the real Hub.

The layers, lowest first; a package or file imports only from those below it, which import-linter
checks:

    contract     The Hub's API as data, and checks of requests and responses against it
    core         The foundation: storage, accounts, events, and HTTP helpers
    repos        Repos: content, history, metadata, settings and listings
    discussions  Discussions and pull requests
    compute      What runs on the Hub: jobs, schedules, Inference Endpoints and Spaces
    webhooks     Webhooks: subscriptions and deliveries
    pages        Web pages for people, rendered on the server
    control      Test controls: set the clock, count calls, and make calls fail or lag
    app          The ASGI application: the routes of all services, and 501 for other calls
    coverage     Generates COVERAGE.md, the list of served calls, from the routing table
    server       The local Hub as a process: one port, one data folder, a clean stop
    fork_server  Runs functions in forks of one process, which has imported their modules once
    testing      A local Hub in its own process, for tests of any bot
"""
