"""The forms of texts in our own kinds: what each pattern of the schemas wants, what of a text breaks it, what would be right."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable

from sandlane.frozen import frozen
from sandlane.problems.catalogue import CATALOGUE

ACCEPTABLE = tuple(code for code, row in CATALOGUE.items() if row.acceptable)
"""Codes that a spec may accept."""
_NONE = "does not have the form that is expected"


@frozen
class Form:
    """A rule in words; text -> which part of the rule it breaks; text -> the text that was meant, where that is clear."""

    rule: str
    broken: Callable[[str], str] = lambda _: _NONE
    repaired: Callable[[str], str | None] = lambda _: None


def _characters(allowed: str, ends: str) -> Callable[[str], str]:
    """Makes a function that tells which characters of a text are not allowed, or not at its ends."""

    def broken(text: str) -> str:
        wrong = list(dict.fromkeys(re.findall(f"[^{allowed}]", text)))
        if wrong:
            return f"contains {_and([_character(c) for c in wrong])}"
        if text and not re.match(f"[{ends}]", text):
            return f"starts with '{text[0]}'"
        if text and not re.match(f"[{ends}]", text[-1]):
            return f"ends with '{text[-1]}'"
        return _NONE

    return broken


def _character(character: str) -> str:
    names = {" ": "a space", "\t": "a tab", "\n": "a line break"}
    if character in names:
        return names[character]
    return f"the capital '{character}'" if character.isupper() else f"'{character}'"


def _and(words: list[str]) -> str:
    shown = words if len(words) <= 4 else [*words[:3], "others"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _lower(allowed: str) -> Callable[[str], str | None]:
    def repaired(text: str) -> str | None:
        return re.sub(f"[^{allowed}]+", "-", text.strip().lower()).strip("-.") or None

    return repaired


def _day(text: str) -> str | None:
    """Returns a day that was written in another order or with other marks, where only one day can be meant."""
    found = re.fullmatch(r"(\d{4})[-/.](\d\d?)[-/.](\d\d?)(?:[T ].*)?", text.strip())
    year, month, day = found.groups() if found else ("", "", "")
    german = re.fullmatch(r"(\d\d?)\.(\d\d?)\.(\d{4})", text.strip())
    if german:
        day, month, year = german.groups()
    try:
        return datetime.date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def _code(text: str) -> str | None:
    """Returns the acceptable code that was written in lower case."""
    code = text.strip().upper()
    return code if code in ACCEPTABLE else None


_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_SCHEME = re.compile(r"^[a-z]+://")


def _image(text: str) -> str:
    """Tells which rule of https://github.com/distribution/reference an image breaks."""
    if found := re.search(r"\s", text):
        return f"contains {_character(found[0])}"
    if scheme := _SCHEME.match(text):
        return f"starts with '{scheme[0]}'"
    if found := re.search(r":(?!\d+/)[^/:@]*/", text):
        return f"has the tag '{text[found.start() + 1 :]}', which cannot be one"
    name, at, digest = text.partition("@")
    path, colon, tag = name.rpartition(":") if ":" in name.rpartition("/")[2] else (name, "", "")
    if not path.rpartition("/")[2]:
        return "names no repository"
    if colon and not _TAG.fullmatch(tag):
        return f"has the tag '{tag}', which cannot be one" if tag else "has ':' and no tag behind it"
    if at and not re.fullmatch(r"[A-Za-z0-9_+.-]+:[A-Fa-f0-9]{32,}", digest):
        return "has a digest that is none"
    host, slash, repository = path.partition("/")
    if re.search(r"[A-Z]", repository if slash else host):
        return "has capitals in its repository"
    if others := (repository if slash else host).split(":")[1:]:
        return f"has the tags {_and([repr(t) for t in (*others, tag)])}, and one is allowed"
    if "//" in path:
        return "has '//' in its repository"
    wrong = list(dict.fromkeys(re.findall(r"[^a-z0-9._/:-]", path)))
    if wrong:
        return f"contains {_and([_character(c) for c in wrong])}"
    part = next((p for p in repository.split("/") if p and not (p[0].isalnum() and p[-1].isalnum())), None)
    return f"has '{part}' in its path, which begins or ends with no letter or digit" if part else _NONE


def _image_repaired(text: str) -> str | None:
    meant = _SCHEME.sub("", text.strip()).removesuffix(":")
    name, colon, tag = meant.rpartition(":") if ":" in meant.rpartition("/")[2] else (meant, "", "")
    host, slash, repository = name.partition("/")
    meant = f"{host}/{repository.lower()}{colon}{tag}" if slash else f"{name.lower()}{colon}{tag}"
    return meant if re.fullmatch(_IMAGE, meant) else None


_NAMES = "lower-case letters, digits and '-', with a letter or digit at both ends"
_LABEL = Form(_NAMES, _characters("-a-z0-9", "a-z0-9"), _lower("-a-z0-9"))
_DOMAIN = Form(f"{_NAMES}; '.' is allowed too", _characters("-a-z0-9.", "a-z0-9"), _lower("-a-z0-9."))
_TOKEN = Form(
    "letters, digits and !#%&'*+.^_`|~$-, as in the names of headers", _characters(r"A-Za-z0-9!#%&'*+.^_`|~$-", r"\S")
)

_IMAGE = (
    r"^([A-Za-z0-9][A-Za-z0-9._-]*(:[0-9]+)?/)?[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
    r"(@[A-Za-z0-9_+.-]+:[A-Fa-f0-9]{32,})?$"
)

_OTHER = Form("")


def form_of(pattern: str) -> Form:
    """Returns the form of a pattern; of one that has no words yet, one that says nothing."""
    return FORMS.get(pattern, _OTHER)


FORMS: dict[str, Form] = {
    "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$": _LABEL,
    "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$": _DOMAIN,
    "^[A-Za-z0-9!#%&'*+.^_`|~\\x24-]+$": _TOKEN,
    "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$": Form(
        "a day as YYYY-MM-DD", lambda _: "is no day as YYYY-MM-DD", _day
    ),
    _IMAGE: Form(
        "an image is [registry/]repository[:tag][@digest], its repository in lower case", _image, _image_repaired
    ),
    "^[A-Z][A-Za-z]*/[a-z0-9]([-a-z0-9.]*[a-z0-9])?$": Form(
        "a workload of the base as Kind/name", lambda text: "has no kind before its name" if "/" not in text else _NONE,
        lambda text: f"Deployment/{text}" if "/" not in text else None,
    ),
    "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$": Form(
        "the value of a label: letters, digits, '-', '_' and '.', with a letter or digit at both ends",
        _characters("-A-Za-z0-9_.", "A-Za-z0-9"),
    ),
    "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$": Form("a duration as 10m or 1h30m"),
    "^SL[0-9]{3}$": Form(f"codes that can be accepted: {', '.join(ACCEPTABLE)}", repaired=_code),
    "^([a-z0-9]([-a-z0-9]*[a-z0-9])?/)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$": Form(
        "a Gateway as namespace/name, or as a name in the defaultNamespace"
    ),
    "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$": Form(
        "a key of a label: [prefix/]name"
    ),
    "^[-a-z0-9.]*\\{tenantID\\}[-a-z0-9.]*$": Form(
        "a host in lower case with '{tenantID}' in it once",
        lambda text: "has no '{tenantID}' in it" if "{tenantID}" not in text else _NONE,
    ),
    "^(\\.|\\*|~|[a-z0-9]([-a-z0-9]*[a-z0-9])?)$": Form("'.', '*', '~' or a namespace"),
}  # fmt: skip
"""Pattern -> its form."""
