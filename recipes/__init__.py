"""The recipes: programs that run as jobs and know nothing about the bot.

core        What several recipes share
validation  Parse what comes from outside; the bot uses this too, and nothing else of the recipes
cli         Run one recipe: `kakugo-recipe COMMAND …`
schema      Check the whole recipe, and print its JSON Schema
check       Check whether a language should be trained
generate    Let the teacher write a dataset, filter it and push it
train       Train an adapter of a base on a dataset
evaluate    Compare base, adapter and peers on the same benchmarks
bakeoff     Train candidate bases briefly and recommend one
promote     Compare a new version of an adapter with the current one, and use it if it is good
improve     Train, compare and report a next version of an adapter from feedback
review      Write the speakers' reviews of a dataset on the cards
export      Merge an adapter into its base, and write GGUF files
practice    The practice world: a rule-based teacher, a tiny base and benchmarks in Esperanto
"""
