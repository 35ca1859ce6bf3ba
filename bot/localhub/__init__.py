"""A small Hub on the own machine, for the unmodified clients of huggingface.co.

It knows nothing of the bot: whoever can point ``HF_ENDPOINT`` somewhere can use it.  It stores,
answers and starts processes; it never calls out to the real Hub.

The floors, from the ground up (a file imports only from those above its line; a test holds it so):

    clock        the time, which tests may freeze or advance
    store        one SQLite database and a folder of content-addressed files
    wire         JSON in, JSON out, errors in the Hub's words, pagination, repo paths
    hub          class Hub: what every request shares
    events       what happened, told to whoever listens after it was committed
    auth         users, organisations, tokens, sessions; who may read and write what
    seed         who is there when it starts
    door         by which name one comes in, and whether without a token
                 ── repositories ──
    git          files and folders as git names them, held in the database
    history      commits and refs: where a revision points, how a branch moves on
    cards        README front matter: parsed for listings, checked before a commit
    patterns     .gitignore and .gitattributes
    firstfiles   what is in a repo from the start
    repos        create, delete, move, settings; who sees a repo
    refs         routes of branches, tags, history
    commits      preupload and commit
    lfs          large files: batch, upload, verify
    gates        gated repos: who asked for the files, who was let in
    download     a stored file on its way out
    files        tree, paths-info, download
    storage      large files one by one, copies of repos, bytes used
    evals        results in .eval_results and leaderboards of them
    collection   collections of repos
    info         one repo and many: info, listings, likes
                 ── community ──
    markdown     Markdown of strangers as harmless HTML
    diffs        what a pull request changes, line by line
    threads      the table of discussions and pull requests
    discussions  community tab and pull requests
    attachments  pictures, films and sound for comments
                 ── processes ──
    hardware     flavors and their prices
    minder       stands between the Hub and one command, and cleans up after it
    urlscript    fetches a script by its URL inside a job
    processes    starts and ends what runs under a minder
    logs         log files as lines and as server-sent events
    jobspec      what a job is asked to be
    volumes      repos that a job sees as folders
    jobrunner    the stages of jobs
    jobs         routes of jobs
    cron         when a schedule is due
    schedules    jobs launched when their time has come
    courier      carries webhook deliveries
    webhooks     subscriptions and payloads
    keeper       keeps a process that serves a port
    endpoints    Inference Endpoints as running servers
    gateway      the way to them: tokens, waking, idleness
    spacerun     Spaces as running apps
    spaces       routes of Spaces
                 ── the whole ──
    pages        what a person sees in a browser
    control      faults, lag, counts and the clock, for tests
    app          the routing table of all these
    coverage     the routing table as a list for readers
    server       the process: socket, lock, ready line, stop
    testing      a server in its own process for tests
"""
