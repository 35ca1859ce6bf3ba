"""Repositories: their content, history, settings and listings.

cards          The front matter of README.md: read for listings, checked before a commit take
git            Files and folders as git names and nests them, held in the database
patterns       Git's path patterns, as ``.gitignore`` and ``.gitattributes`` write them
download       A stored file on its way out: whole or one part of it, in large pieces, its ha
history        Commits and refs of a repo: where a revision points, and how a branch moves on
initial_files  What is in a repo from its initial commit on, as on the Hub
repos          Repositories: what one is, who sees it, how it comes, changes its name and set
collections    Collections: lists of repos and papers that somebody keeps, with notes
eval_results   Evaluation results that models carry in ``.eval_results/*.yaml``, and leaderbo
gated          Gated repos: everybody sees that they are there, only those let in get the fil
lfs            Large files by git-lfs's batch protocol: ask, PUT the bytes to a signed addres
refs           Branches, tags and the history of a repo, as the API shows and changes them
storage        What repos keep: their large files one by one, copies of whole repos, bytes us
info           What the API tells about one repo and about many: info, listings, likes
files          What is in a repo and how it gets out: tree, paths-info, download
commits        How content gets in: ``preupload`` says how to send each file, ``commit`` take
"""
