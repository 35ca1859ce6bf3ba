"""The dataset's folder: parquet files, audit, plot and card.

audit     `decontamination.json`: a second, independent check that no benchmark text is left
build     Write the dataset's folder from the final rows
card      The dataset card: what the dataset holds, how it was made, what its limits are
licences  The licence of each source's rows and of the whole dataset
parquet   Parquet files by source and split, and the commit that pushes the dataset
plot      `gates.png`: kept and dropped rows of each source, as one bar each
stats     Statistics of a dataset, counted row by row
"""
