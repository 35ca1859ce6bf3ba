"""`kakugo demo`: a whole request on one machine, shown in the terminal.

processes  Start the local Hub and the bot, and stop them when the demo ends
screen     Print progress: bars in a terminal, plain lines in a file
follow     Follow one request as its author sees it, until its result is on the leaderboard
run        Set up a data folder, start everything, open a discussion, and follow it
"""
