"""What runs on the Hub: jobs, schedules, Inference Endpoints and Spaces.

cron              When a cron schedule is due next, in UTC
hardware          The Hub's hardware flavors and what they cost there
supervisor        Runs one command and makes sure that nothing of it is left afterwards
processes         Starts and ends processes, each under its own supervisor
logs              Reads and streams log files
job_spec          The specification of a job: parsing, validation, public form
endpoint_hardware  The hardware of Inference Endpoints: prices, payment, quota
endpoint_spec     What an endpoint is to run: parsing, merging, public form
job_runner        Runs jobs; the only module that changes the stage of a job
served_process    Processes that serve a port: starts them, waits until they are healthy
oauth_apps        The Spaces that may ask who their visitor is
space_runner      Runs Spaces; the only module that changes the stage of a Space
hub               The Hub together with everything that runs on it
jobs              Jobs under `/api/jobs`: the table and the routes
schedules         Scheduled jobs under `/api/scheduled-jobs`
spaces            Spaces under `/api/spaces/{id}`: secrets, variables, runtime, logs
oauth             Sign-in with the Hub for Spaces (OpenID Connect)
endpoints         Inference Endpoints under `/endpoints-api/v2`
endpoint_gateway  Forwards `/inference/{namespace}/{name}/…` to the processes of endpoints
"""
