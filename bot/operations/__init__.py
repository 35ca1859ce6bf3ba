"""The operator's commands, behind `bot.cli`.

run_recipe        Run a recipe's command line in a process on this machine
package           Build the wheel and collect the files of the Spaces from this checkout
report            Lines for the terminal: what a tick would do, the queue, one request in detail
withdraw          Take a language down at the request of its speakers
destroy           Take an installation down
findings          The results of checks, as a table and as JSON
private_networks  Which addresses the Hub cannot reach
teacher_checks    What has to hold for each kind of teacher
preflight         What has to hold before anything is created
doctor            Check an installation and say in one sentence each what is wrong and what to do
deploy            Create or update an installation
smoke_steps       What `smoke` tries on the Hub, step by step
smoke             Run these steps in an empty namespace, within a cap
"""
