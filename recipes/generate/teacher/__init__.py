"""Requests to the teacher: protocols, concurrency, retries and budget.

adaptive_concurrency  Adapt the number of calls in flight to the capacity of the endpoint
admission_queue       A first-come, first-served queue of calls in front of the limiter
budget                A budget that reserves the most a call can cost before it is made
client                The teacher: each request once, with journal, limiter, budget and retries
completion            Read the response to a chat completion: JSON, or the events of a stream
connect               From a teacher's URL to the endpoint that speaks its protocol
failures              What a failed call means: another attempt, no answer, or the end of the run
http                  Send one HTTP request and read what comes back, within a time and a size
judge                 The teacher as a judge of finished rows: harm and writing
openai                One call by OpenAI's chat completions protocol, streamed
retry                 Repeat a request until its answer has the requested format
tgi                   TGI's own protocol, for URLs like `tgi+https://…`
workers               Workers that do the deepest work first
"""
