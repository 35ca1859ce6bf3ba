"""Kakugo: the recipes that run as jobs; they know nothing of the bot.

core      What several recipes share
cli       `kakugo-recipe …`: reads the arguments and calls one recipe
generate  The generate recipe: ask the teacher, keep what passes the gates, push a datas
practice  The practice world: a rule-based teacher of Esperanto, a tiny base model and b
check     Should this be trained at all? A few dozen calls that say what teacher and bas
train     The train recipe: a dataset and a base in, an adapter out
evaluate  Base, adapter and peers get the same questions; what they answer is judged and
export    `kakugo-recipe export`: an adapter becomes a model that needs no adapter, and
review    `kakugo-recipe review-report`: what speakers found in a dataset, told on the c
bakeoff   `kakugo-recipe bake-off`: which small model should learn this language
promote   `kakugo-recipe promote`: whether an adapter's new version takes the place of t
improve   `kakugo-recipe improve`: what speakers corrected in, the next version out, com
"""
