"""The dataset folder: parquet files, audit, plot and card.

audit    `decontamination.json`: that no benchmark text is left, found out a second tim
parquet  The dataset on disk and on the Hub: parquet by source and split, one commit fo
stats    What a dataset holds, counted row by row, so that nobody needs all rows at onc
card     The dataset card: what is in the dataset, how it came about, what it cannot do
plot     `gates.png`: what became of the rows of each source, as one bar each
build    From settled rows to the dataset's folder: parquet files, certificate, picture
"""
