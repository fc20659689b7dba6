"""Regular expressions as Rust reads them, beside RE2."""

from __future__ import annotations

import pytest

from sandlane.k8s.rust_expressions import reading

READINGS = {
    "as RE2": (
        "", "/v[0-9]+/.*", r"\d{2,3}", "a{2}", "a{2,}", "(?:a|b)", "(?i)a", "(?i:a)", "(?P<n>a)", "(?<n>a)", r"\x{41}", r"\pN",
        r"\p{Greek}", "[]a]", "[^]a]", "[[:alpha:]_]", "[{]", "a}", "a&&b", "a--b", r"\.\-\/",
        r"^(?:.*,)?[ \t]*tenantID[ \t]*=[ \t]*dev1[ \t]*(?:;[^,]*)?(?:,.*)?$",
    ),
    "refused": (
        r"\Qa.b\E", r"\C", r"\101", r"\1", r"\Z", "a{,2}", "a{", "a{x}", "(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b", "(", "[", "*a", "\\",
        r"\z(",
    ),
    "otherwise": (
        "[a&&b]", "[a--b]", "[a~~b]", "[a[b]]", r"\u{61}", r"\<a", r"\b{start}", "(?x)a b", "(?R)a", "a**", "a{1001}", r"\p{Letter}",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("pattern", "expected"), [(p, name) for name, listed in READINGS.items() for p in listed])
def test_r_l13_readings(pattern: str, expected: str) -> None:
    assert reading(pattern) == expected
