"""A small Hub on the own machine, for the unmodified clients of huggingface.co.

It knows nothing of the bot: whoever can point ``HF_ENDPOINT`` somewhere can use it.  It stores,
answers and starts processes; it never calls out to the real Hub.

The floors, from the ground up (a file imports only from floors below its own):

    clock        the time, which tests may freeze or advance
    store        one SQLite database and a folder of content-addressed files
    wire         JSON in, JSON out, errors in the Hub's words, pagination, repo paths
    hub          class Hub: what every request shares
    events       what happened, told to whoever listens after it was committed
    auth         users, organisations, tokens, sessions; who may read and write what
    git          files and folders as git names them, held in the database
    history      commits and refs: where a revision points, how a branch moves on
    cards        README front matter: parsed for listings, checked before a commit
    patterns     .gitignore and .gitattributes
    repos        create, delete, move, settings; who sees a repo
    refs         routes of branches, tags, history
    commits      preupload and commit
    files        tree, paths-info, download
    lfs          batch, upload, verify
    gates        gated repos: who asked for the files, who was let in
    storage      large files one by one, copies of repos, bytes used
    evals        results in .eval_results and leaderboards of them
    collection   collections of repos
    info         one repo and many: info, listings, likes
    discussions  community tab and pull requests
    webhooks     subscriptions and deliveries
    processes    subprocesses that outlive no server
    jobs         jobs and their logs
    spaces       Spaces as running apps
    endpoints    Inference Endpoints as running servers
    pages        what a person sees in a browser
    control      faults, lag, counts and the clock, for tests
    app          the routing table of all these
    server       the process: socket, lock, ready line, stop
    testing      a server in its own process for tests
"""
