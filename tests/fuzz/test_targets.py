"""The fuzz targets hold for what they start from, and for every find so far."""

from __future__ import annotations

import pytest

from tests.fuzz.targets import TARGETS, corpus

FINDS: list[tuple[str, bytes]] = [
    ("yaml", b"\xef\xbb\xbfa\xff"),
    ("yaml", b"a\t: b\nc:\td\t# e\n"),
    ("base", b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cfg}\ndata: [a]\n"),
    ("base", b"apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: ro}\nspec: {workloadRef: x}\n"),
]


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_the_corpus_is_no_find(target: str) -> None:
    texts = corpus(target)
    assert texts
    for data in texts:
        TARGETS[target](data)


@pytest.mark.parametrize(("target", "data"), FINDS)
def test_finds_stay_mended(target: str, data: bytes) -> None:
    TARGETS[target](data)
