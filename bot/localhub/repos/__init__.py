"""Repos: content, history, metadata, settings and listings.

git            Git's blobs and trees, stored in the database
patterns       Path patterns of `.gitignore` and `.gitattributes`
cards          The front matter of README.md: parsed for listings, validated before each commit
history        Commits and refs: resolves revisions, records commits, merges trees
initial_files  The files that a new repo contains from its initial commit on
download       Streams a stored file, or one byte range of it, and verifies its hash
preview        The first rows of a parquet file, as texts for a table
repos          Lookup and visibility of repos, creation, settings, deletion
eval_results   Evaluation results that a model publishes in `.eval_results/*.yaml`
gated          Gated repos: only users with access can download files
refs           Branches, tags and commit listings
lfs            Large files by the batch protocol of git-lfs
commits        Commits: `preupload` says how to send each file, `commit` applies all changes
files          Reading a repo's content: tree, paths-info, download
info           Repo info and repo listings, field by field
collections    Collections: curated lists of repos and papers, with notes
"""
