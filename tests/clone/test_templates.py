from __future__ import annotations

import time
from typing import Any

import pytest

from sandlane.clone.resources.templates import LONGEST, TemplateProblem, Templates

VARIABLES: dict[str, Any] = {
    "tenantID": "dev1",
    "sandbox": "first",
    "clones": {
        "cart": {
            "host": "cart-dev1.shop.svc",
            "port": 80,
            "services": {"cart": {"host": "cart-dev1.shop.svc", "ports": {"http": 80}}},
        },
        "my-app": {"services": {}},
    },
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a: {{ tenantID }}-{{ sandbox }}\n", "a: dev1-first\n", id="variables"),
        pytest.param("{{ clones.cart.host }}:{{ clones['cart'].port }}", "cart-dev1.shop.svc:80", id="address"),
        pytest.param("{{ clones.cart.services.cart.ports.http + 1 }}", "81", id="sum"),
        pytest.param("a:\n{% for n in range(2) %}\n- {{ n }}/{{ loop.index }}\n{% endfor %}\nb: 1\n",
                     "a:\n- 0/1\n- 1/2\nb: 1\n", id="loop"),
        pytest.param("{% if tenantID == 'dev1' and missing is not defined %}x{% else %}y{% endif %}", "x", id="condition"),
        pytest.param("{% set name = 'db-' ~ tenantID|upper %}{{ name }}", "db-DEV1", id="set"),
        pytest.param("{{ {'a': [1, true, none]} }} {{ [1, 2]|join('-') }}", '{"a": [1, true, null]} 1-2', id="data-as-json"),
        pytest.param("{{ missing|default('none') }}", "none", id="default"),
        pytest.param("{% for name, clone in clones.items() %}{{ name }} {% endfor %}", "cart my-app ", id="items"),
        pytest.param("{{ tenantID.upper() }}{{ 'a.b'|replace('.', '-') }}", "DEV1a-b", id="methods"),
        pytest.param("x: |\n  {{ 'a\nb'|indent(2) }}\n", "x: |\n  a\n  b\n", id="indent"),
        pytest.param("{# a comment #}{% raw %}{{ x }}{% endraw %}", "{{ x }}", id="raw"),
    ],
)  # fmt: skip
def test_language(text: str, expected: str) -> None:
    assert Templates(VARIABLES).render(text) == expected


DOUBLED = "{% set x = x ~ x %}" * 60
CALLABLE = "cannot be called here"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("{{ ''.__class__ }}", "access to attribute '__class__' of 'str' object is unsafe.", id="class"),
        pytest.param("{{ tenantID.upper.__self__ }}",
                     "access to attribute '__self__' of 'builtin_function_or_method' object is unsafe.", id="self"),
        pytest.param("{{ 'x'|attr('__class__') }}", "No filter named 'attr'.", id="attr"),
        pytest.param("{% include '/etc/passwd' %}", "'include' is not part of the language of resources", id="include"),
        pytest.param("{% import 'os' as os %}", "'import' is not part of the language of resources", id="import"),
        pytest.param("{% extends 'x' %}", "'extends' is not part of the language of resources", id="extends"),
        pytest.param("{% macro a() %}{{ a() }}{% endmacro %}", "'macro' is not part of the language of resources", id="macro"),
        pytest.param("{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
                     "a recursive loop is not part of the language of resources", id="recursion"),
        pytest.param("{% for i in range(10 ** 9) %}{% endfor %}", "'pow' is not part of the language of resources", id="power"),
        pytest.param("{% for i in range(1000000000) %}{% endfor %}",
                     "a range has 1,000,000,000 numbers, at most 1,000 are allowed", id="range"),
        pytest.param("{% for i in range(1000) %}{% for j in range(1000) %}{% endfor %}{% endfor %}",
                     "its loops make more than 1,000 rounds", id="nested-loops"),
        pytest.param("{{ 'a' * 1000000000 }}", "'*' is for numbers here", id="times"),
        pytest.param("{{ '%1000000000d' % 1 }}", "'%' is for numbers here", id="format"),
        pytest.param("{% set x = 'aa' %}" + DOUBLED, "a text has more than 65,536 characters", id="doubling"),
        pytest.param("{% set x = [1] %}" + DOUBLED.replace("x ~ x", "[x, x]"), "a list or mapping has more than 1,000 items",
                     id="doubling-lists"),
        pytest.param("{% set x = [1] %}" + DOUBLED.replace("~", "+"), "a list or mapping has more than 1,000 items",
                     id="adding-lists"),
        pytest.param("{% set x = 99999 %}" + DOUBLED.replace("~", "*"), "a number is too large", id="multiplying"),
        pytest.param("{% set x = 'a'|replace('a', 'b' ~ 'c') %}{{ 'aa'|replace('', '" + "x" * 65000 + "') }}",
                     "a text has more than 65,536 characters", id="replacing"),
        pytest.param("{{ 'a'|indent(1000000000) }}", "indent is for 0 to 200 blanks", id="indenting"),
        pytest.param("{{ lipsum(n=9) }}", f"'it' {CALLABLE}", id="lipsum"),
        pytest.param("{{ tenantID.format(1) }}", f"'format' {CALLABLE}", id="format-method"),
        pytest.param("{{ clones.pop('cart') }}", f"'it' {CALLABLE}", id="changing"),
        pytest.param("{{ range }}", "a function is no data that can be written", id="function"),
        pytest.param("{{ missing }}", "'missing' is undefined", id="undefined"),
        pytest.param("{{ clones['my-app'].host }}", "'dict object' has no attribute 'host'", id="no-address"),
        pytest.param("{{ clones.crt.host }}", "'dict object' has no attribute 'crt'", id="no-clone"),
        pytest.param("{{ 1 + 'a' }}", "'+' is for numbers here", id="types"),
        pytest.param("{% for i in 1 %}{% endfor %}", "TypeError: 'int' object is not iterable", id="no-list"),
        pytest.param("{{", "unexpected 'end of template'", id="syntax"),
        pytest.param("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "RecursionError: maximum recursion depth exceeded", id="deep"),
        pytest.param("a" * (LONGEST + 1), f"it has {LONGEST + 1:,} characters, at most {LONGEST:,} are read", id="long"),
        pytest.param("{% set x = 'a' %}" + "{% set x = x ~ x %}" * 16 + "{% for i in range(99) %}{{ x }}{% endfor %}",
                     "its text is longer than 1,048,576 characters", id="much-text"),
    ],
)  # fmt: skip
def test_hostile_templates_end_quickly(text: str, expected: str) -> None:
    start = time.process_time()
    with pytest.raises(TemplateProblem) as caught:
        Templates(VARIABLES).render(text)
    assert str(caught.value)[: len(expected)] == expected
    assert time.process_time() - start < 30


def test_line_of_a_mistake() -> None:
    for text in ("a: 1\nb: {{ missing }}\n", "a: 1\n{% bad %}\n"):
        with pytest.raises(TemplateProblem) as caught:
            Templates(VARIABLES).render(text)
        assert caught.value.line == 2


BIG = "{% set x = 'a b' %}" + "{% set x = x ~ x %}" * 14 + "{% set y = x ~ '' %}"
LONG = [
    pytest.param("{% for i in range(1000) %}" + "{% set x = 1 %}" * 5000 + "{% endfor %}",
                 "its loops do more than 1,000,000 things", id="statements"),
    pytest.param(BIG + "{% for i in range(1000) %}" + "{% set z = x|upper %}" * 500 + "{% endfor %}",
                 "it works on too much text", id="filters-in-a-loop"),
    pytest.param(BIG + "{% set z = x|title %}" * 4000, "it works on too much text", id="filters", marks=pytest.mark.slow),
    pytest.param(BIG + "{% set z = x" + "|title" * 90 + " %}", "it works on too much text", id="a-chain-of-filters"),
    pytest.param(BIG + "{% for i in range(1000) %}" + "{% set z = x == y %}" * 300 + "{% endfor %}",
                 "it works on too much text", id="comparisons"),
    pytest.param(BIG + "{% for i in range(1000) %}" + "{% set z = 'zz' in x %}" * 300 + "{% endfor %}",
                 "it works on too much text", id="searches"),
    pytest.param(BIG + "{% for i in range(1000) %}" + "{% set z = x.upper() %}" * 300 + "{% endfor %}",
                 "it works on too much text", id="methods"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), LONG)
def test_what_would_run_long_ends_quickly(text: str, reason: str) -> None:
    start = time.process_time()
    with pytest.raises(TemplateProblem) as caught:
        Templates(VARIABLES).render(text)
    assert str(caught.value) == reason
    assert time.process_time() - start < 60


def test_methods_can_be_called_in_loops() -> None:
    text = "{% for name in ['a', 'b'] %}{{ name.upper() }}{{ clones.cart.get('host') }} {% endfor %}"
    host = VARIABLES["clones"]["cart"]["host"]
    assert Templates(VARIABLES).render(text) == f"A{host} B{host} "


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{ 1e999 }}", "a number is too large"),
        (
            "{{ '\\ud800' }}",
            "UnicodeEncodeError: 'utf-8' codec can't encode character '\\ud800' in position 0: surrogates not allowed",
        ),
    ],
)
def test_what_is_neither_a_number_nor_a_text(text: str, reason: str) -> None:
    with pytest.raises(TemplateProblem) as caught:
        Templates(VARIABLES).render(text)
    assert str(caught.value) == reason
