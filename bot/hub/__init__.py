"""The Hub, through `huggingface_hub`, which nothing else in `bot/` imports.

client         The connection, and all errors of the client as two: Refused and TryLater
discussions    Read discussions, with few calls however many there are
endpoints      Read, create, start and pause the teacher's Inference Endpoint
execute        Carry out the planner's actions
install        Make one change to the installation
inventory      Read which parts of the installation exist
jobs           Read the jobs of requests and their logs
ledger_repo    Store small JSON files in a repo, with compare-and-swap on its head
manifests      Parse the manifests of recipes
observe        Read everything that the next decision needs
other_bots     Find other bots that run as Jobs in this namespace
probes         Test tokens, permissions, clock, rate limit and prices for `doctor`
profiles       Read the profiles of all communities
recording      Write down what the Hub answers, without secrets and names
scratch        What only `kakugo smoke` does on the Hub
teacher_probe  Ask a teacher for its models, and call it as `generate` does
teachers       Start, stop and observe each kind of teacher: an endpoint, a job, or a URL
uninstall      Remove the parts of an installation
visitor        Use the Hub like a person: open a discussion, read replies, follow a log
withdrawal     Take down one language
"""
