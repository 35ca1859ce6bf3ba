"""`kakugo demo`: the whole story on one machine, watched from outside.

story      what happens, in order
household  the processes: local Hub, deploy, bot
watch      the Hub as the requester sees it
screen     what the terminal shows
"""
