"""Labels of Mermaid's flowcharts: what is in a text stays text."""

from __future__ import annotations

import pytest

from sandlane.reports.mermaid import label


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Deployment/shop/cart", '"Deployment/shop/cart"'),
        ('GET /a"] --> x["', '"GET /a#quot;] --#gt; x[#quot;"'),
        ("a#quot;b", '"a#35;quot;b"'),
        ("<b>&amp;", '"#lt;b#gt;#amp;amp;"'),
        ("a\nb\x1b[31m", r'"a\nb\x1b[31m"'),
    ],
)
def test_label(text: str, expected: str) -> None:
    assert label(text) == expected
