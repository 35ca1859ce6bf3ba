"""The Hub through its own client: the only place in `bot/` that imports `huggingface_hub`.

client       The client, and its many errors as two: Refused (tell the operator) and TryLat
discussions  What is said in the discussions, at a price that does not grow with how many t
execute      Orders → Hub
inventory    Hub → Installation: what of it is there now
ledger_repo  A Hub repo as a store of small JSON files, written by compare-and-swap on its
other_bots   Other bots that run as Jobs in this namespace
profiles     The profiles of all communities, read again only where a file has changed
uninstall    Taking an installation away again, what spends or acts first
visitor      The Hub as an ordinary user sees it: open a discussion, read replies, follow a
withdrawal   Taking one language down: what its speakers withdraw is hidden, and nothing ne
install      One change of the installation → Hub
observe      Hub → World
probes       What `doctor` asks the Hub beyond the installation: tokens, clocks, limits, pr
"""
