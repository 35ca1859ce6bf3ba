"""The Hub through its own client: the only place in `bot/` that imports `huggingface_hub`.

connect   the client and the translation of its errors into two words: Refused and TryLater
observe   Hub → World: what `plan` needs, at a price of what goes on
talk      the discussions, and which of them to look at
act       orders → Hub: each an ensure, carried out only with a Permit
store     a repo as a store of small files with compare-and-swap
inventory  Hub → Installation: what of it is there
install   one change of the installation → Hub
uninstall  taking it away again
examine   what `doctor` asks about tokens, clocks, limits and prices
"""
