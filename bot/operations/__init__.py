"""What an operator runs: deploy, doctor, destroy, report, withdraw.

run_recipe  A recipe's command, run next to this interpreter as a Job of the Hub would run
doctor      What is wrong with an installation, a sentence each: what was seen, and what t
destroy     Taking an installation down: first what rings, acts or spends; people's work o
package     This checkout of the repository as what is deployed from it: a wheel and the S
report      What an operator reads at the terminal: a plan before it is done, the queue, o
withdraw    A community withdraws its language: one command, each step of which may be rep
deploy      From an empty namespace and a token to a running installation
"""
