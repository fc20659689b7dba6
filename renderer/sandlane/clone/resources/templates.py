"""Templates of sandboxes' resources: Jinja2, with no way out of the text and an end after a bounded number of steps.

Specs come from pull requests, so a template is hostile until it is rendered. Jinja2's sandbox keeps it from Python's
internals; what the sandbox allows and what could still run for ever or fill the memory is not part of the language here:
macros, imports, calls of anything but `range` and of a few methods, and operators that multiply text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandlane.clone.resources.jinja import Budget

LONGEST = 1 << 17
"""Characters that a template may have, and all templates of a sandbox together."""


class TemplateProblem(Exception):
    """Raised for a template that cannot be rendered: a text for people, and the line in the template (0: unknown)."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


class Templates:
    """Renders the templates of one sandbox, whose limits are for all of them together."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        from sandlane.clone.resources.jinja import Budget  # most sandboxes have no templates

        self._variables, self._budget, self._length = variables, Budget(), 0

    def render(self, text: str) -> str:
        """Returns the text of a template with variables filled in. Raises TemplateProblem."""
        self._length += len(text)
        if len(text) < self._length and self._length > LONGEST:
            raise TemplateProblem(f"the templates of this sandbox have more than {LONGEST:,} characters together")
        return _rendered(text, self._variables, self._budget)


def _rendered(text: str, variables: Mapping[str, Any], budget: Budget) -> str:
    import jinja2

    from sandlane.clone.resources import jinja

    if len(text) > LONGEST:
        raise TemplateProblem(f"it has {len(text):,} characters, at most {LONGEST:,} are read")
    try:
        return jinja.render(text, variables, budget)
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
