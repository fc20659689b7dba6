"""Templates of sandboxes' resources: Jinja2, with no way out of the text and an end after a bounded number of steps.

Specs come from pull requests, so a template is hostile until it is rendered. Jinja2's sandbox keeps it from Python's
internals; what the sandbox allows and what could still run for ever or fill the memory is not part of the language here:
macros, imports, calls of anything but `range` and of a few methods, and operators that multiply text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LONGEST = 1 << 17
"""Characters that a template may have."""


class TemplateProblem(Exception):
    """Raised for a template that cannot be rendered: a text for people, and the line in the template (0: unknown)."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


def render_template(text: str, variables: Mapping[str, Any]) -> str:
    """Returns the text of a template with variables filled in. Raises TemplateProblem."""
    import jinja2

    from sandlane.clone.resources import jinja

    if len(text) > LONGEST:
        raise TemplateProblem(f"it has {len(text):,} characters, at most {LONGEST:,} are read")
    try:
        return jinja.render(text, variables)
    except jinja2.TemplateSyntaxError as error:
        raise TemplateProblem(str(error.message), error.lineno) from None
    except jinja2.TemplateError as error:
        raise TemplateProblem(str(error.message or error), _line(error)) from None
    except (ArithmeticError, LookupError, MemoryError, RecursionError, SyntaxError, TypeError, ValueError) as wrong:
        raise TemplateProblem(f"{type(wrong).__name__}: {wrong}", _line(wrong)) from None


def _line(error: BaseException) -> int:
    """Returns the line of a template at which an error was raised, as Jinja2 writes it into the traceback."""
    line, trace = 0, error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
