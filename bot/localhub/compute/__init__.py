"""What runs: jobs, schedules, Inference Endpoints and Spaces.

cron              When a schedule is due: ``minute hour day month weekday`` in UTC, or a name li
hardware          The hardware one can name on the Hub and what a minute of it costs there
logs              Reads the log files that minders write, as lists of lines and as server-sent e
volumes           Repos that a job sees as folders: copies laid out before it starts, thrown awa
supervisor        Runs one command for the Hub and sees to it that nothing of it is left afterwa
urlscript         Fetches a script by its URL and becomes it, as `uv run https://…/script.py` do
job_spec          What a job is asked to be (its spec), read from the wire or refused, and told
processes         Starts and ends the processes of jobs, endpoints and Spaces, each under a mind
job_runner        Runs jobs: the only place where the stage of a job changes
served_process    Keeps processes that serve a port: starts them, sees when they answer, tells w
jobs              Jobs: `/api/jobs`, their table and their answers
endpoints         Inference Endpoints under `/endpoints-api/v2`: a container command becomes a p
space_runner      Runs Spaces: the only place where the stage of one changes
schedules         Scheduled jobs: `/api/scheduled-jobs`, jobs that are launched when their time
endpoint_gateway  The way to Inference Endpoints: `/inference/{namespace}/{name}/…`, passed on t
spaces            Spaces: `/api/spaces/{id}/…`, their secrets, variables, hardware and what one
"""
