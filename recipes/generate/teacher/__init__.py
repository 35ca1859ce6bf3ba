"""Asking the teacher: protocols, concurrency, retries and budget.

adaptive_concurrency  How many calls may be in flight: found from what the endpoint does,
openai                One call over the wire: OpenAI's chat completions over aiohttp, and what
workers               Workers that do the deepest work first
admission_queue       Lets calls through, first come first served, as the pace allows; only
budget                Money: what a call can cost at worst is set aside before it is made, so
tgi                   TGI's own protocol through the `text-generation` client; chosen by a URL
client                The teacher: each request is asked once, at the pace the endpoint takes,
connect               From a teacher's URL to the endpoint that speaks its protocol; no call
retry                 Ask until the answer has the shape that was asked for, each time with
judge                 The teacher as a judge of finished rows: is it harmful, and is it well
"""
