"""The generate recipe: ask the teacher, keep what passes the gates, push a dataset.

run, settings  wiring: arguments in, dataset and manifest out
crew           N workers, deepest work first, no barrier between stages
harvest        what the sources share: teacher, gates, what was kept and lost
teacher        each request once: bounded retries, usage
asking         until an answer has its shape
pace, turnstile    how many calls may be in flight, and the waiting for it
purse, forecast    prices, money set aside before a call, and what is to be expected
chat, tgi, connect one call: OpenAI's protocol, TGI's own, and which of them
journal, shards answers already paid for: on disk, and on the Hub
prompts        every text that the teacher is sent
shapes         what comes back, parsed at the door
topics, scenarios, contexts, pairs, translation    the sources of rows
tree           what topics and scenarios grow on
replay         English rows as they are, beside those
deal           how many rows each branch may give
answers        from a prompt to a row
court, gates   a draft is kept, or dropped with a reason
settle, near   what only shows among all rows: duplicates and near-duplicates
decontaminate, certificate                         benchmark texts, and that none is left
reasons        every reason to drop, the gate it belongs to, what it means
corpora, tokens            data sets and tokenizers of the Hub
inputs, fetch, stored      what of them is read before the first question, laid down here
telling        how far it is
spool          judged rows on the disk
critic         the teacher as a judge of finished rows
finish, publish            the dataset's folder; parquet, one commit
tally, plot, card                                  README: what is in it, how it came about
"""
