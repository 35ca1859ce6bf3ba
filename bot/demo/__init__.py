"""`kakugo demo`: the whole story on one machine, watched from outside.

processes  The processes of a demo: each in a session of its own, all stopped when the de
screen     What the terminal shows: bars for a person, plain lines for a file
watch      The Hub as the requester sees it: the ledger, the discussion, the jobs' logs,
run        The whole story on one machine: starts a Hub, a bot and a discussion, and then
"""
