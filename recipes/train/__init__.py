"""The train recipe: a dataset and a base in, an adapter out.

tokenize          Chat rows become token ids and labels: the loss is on what the assistant says
settings          The `train:` section of a recipe: our own numbers, and those that PEFT and TRL
callbacks         What is told and noted while the trainer trains: progress lines, and the time
hardware          What the machine has → how to train on it: attention, kernels, precision, memo
throughput        How fast training was, as a share of what the device can do (MFU), and what it
checkpoints       Checkpoints on the Hub: a job killed at any moment goes on where it was, on an
preference_pairs  From what people said to pairs of answers: of two answers to the same, the bet
launch            Several processes: the same command once more, under `accelerate launch`
versions          Versions of an adapter: tags v1, v2, … of its repository; `main` is the versio
packing           Packed rows must not see each other, also in models that do not keep them apar
plot              The training log as a picture: loss on the training rows and on those held out
heldout_loss      The loss of a model on chats it was not trained on, in a unit that tokenizers
adapter           What of the model is trained: an adapter with PEFT, some token embeddings, or
feedback_gates    What people's words have to pass before a model may learn them: the same as a
sft               Supervised fine-tuning: PEFT puts an adapter on (or none), TRL's SFTTrainer tr
card              The model card: facts of one run put into `card.md.j2`, and nothing that was n
dpo               Direct preference optimisation: TRL's DPOTrainer moves an adapter towards what
card_facts        What the card may say of a run: gathered from the job, the Hub and what traini
next_version      `kakugo-recipe train --feedback`: adapter and what people said in, its next ve
run               `kakugo-recipe train`: dataset and base in, adapter out
"""
