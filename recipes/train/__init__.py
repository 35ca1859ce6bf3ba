"""The train recipe: fine-tune a base model on a dataset and push the adapter.

tokenize          Turn chats into token ids and labels; only the assistant's turns have a loss
joined_chats      Join unrelated chats, so that a model also answers a second question
settings          The `train:` section of a recipe: our own settings, and arguments for PEFT and TRL
callbacks         The trainer's progress: a callback that reports each step
hardware          Training options that fit the machine: attention, kernels, precision and memory
throughput        Training speed as a share of the device's peak (MFU), and energy
checkpoints       Checkpoints on the Hub, so that a killed job can resume on another machine
preference_pairs  Turn feedback into preference pairs: two answers to the same prompt
launch            Training with several processes: run the command again under `accelerate launch`
versions          Versions of an adapter: the tags v1, v2, … of its repository
packing           Keep packed rows from attending to each other
plot              A plot of the training log: the loss on training rows and on held-out rows
heldout_loss      The loss of a model on held-out chats, comparable between tokenizers
adapter           Choose what is trained: a PEFT adapter, some token embeddings, or all weights
feedback_gates    Filter feedback like generated rows: by gates and benchmarks
trainer           TRL's SFTTrainer, with a held-out loss per answer token
sft               Supervised fine-tuning: add a PEFT adapter and train with TRL's SFTTrainer
card              The adapter's model card: facts of one run filled into `card.md.j2`
dpo               Direct preference optimization with TRL's DPOTrainer
card_facts        Collect the facts of the model card from the job, the Hub and the training
next_version      `kakugo-recipe train --feedback`: make the next version from speakers' feedback
run               `kakugo-recipe train`: train an adapter of a base model on a dataset
"""
