"""Options and arguments that keep the words as they were typed.

Typer's own coerce through Pydantic, whose import alone costs a command a tenth of a second. Words are turned into
values by the one conversion that every surface uses (`kit.convert`), where the operation is called.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import typer
from typer._coercion import resolve_type_descriptor
from typer.core import TyperArgument, TyperOption
from typer.models import OptionInfo

# The type descriptor is what Typer needs to print a parameter; ours print their own metavar.
_PLAIN = resolve_type_descriptor(str, OptionInfo())
_FLAG = resolve_type_descriptor(bool, OptionInfo())
_WIDEST_METAVAR = 34


def _as_typed(value: Any) -> Any:
    if value is None or value == ():
        return None
    return list(value) if isinstance(value, tuple) else value


class WordOption(TyperOption):
    """An option whose value is passed on as it was typed; None when it was not."""

    def process_value(self, ctx: Any, value: Any) -> Any:
        """Return the word, a list of words, or None."""
        value = _as_typed(value)
        return self.callback(ctx, self, value) if self.callback is not None else value


class WordArgument(TyperArgument):
    """A positional argument whose value is passed on as it was typed; None when it was not."""

    def process_value(self, ctx: Any, value: Any) -> Any:
        """Return the word, or None."""
        return _as_typed(value)

    def display_type_rich(self, ctx: Any) -> str:
        """Return nothing: the metavar says enough."""
        return ""


def plain(text: str) -> str:
    """Return text that Rich shows as it is: brackets of a help text are no markup."""
    return text.replace("[", "\\[")


def _words(text: str, metavar: str, choices: Sequence[str], default: str | None) -> tuple[str, str]:
    """Return metavar and help text; many choices stand in the text, where they can be folded."""
    joined = "|".join(choices)
    if choices and len(joined) <= _WIDEST_METAVAR:
        metavar = joined
    elif choices:
        text = f"{text} One of {', '.join(choices)}."
    return metavar, plain(text + (f" [{default} unless given]" if default else ""))


def _completer(choices: Sequence[str]) -> Callable[..., list[str]] | None:
    return (lambda ctx, args, incomplete: list(choices)) if choices else None


def option(
    name: str,
    flags: Sequence[str],
    help: str,
    *,
    metavar: str = "TEXT",
    multiple: bool = False,
    choices: Sequence[str] = (),
    default: str | None = None,
    hidden: bool = False,
    panel: str | None = None,
) -> WordOption:
    """Return an option that takes a word."""
    metavar, text = _words(help, metavar, choices, default)
    return WordOption(
        param_decls=[name, *flags],
        type_descriptor=_PLAIN,
        metavar=metavar,
        multiple=multiple,
        help=text,
        hidden=hidden,
        show_default=False,
        autocompletion=_completer(choices),
        rich_help_panel=panel,
    )


def flag(
    name: str,
    flags: Sequence[str],
    help: str,
    *,
    callback: Callable[..., Any] | None = None,
    is_eager: bool = False,
    panel: str | None = None,
) -> WordOption:
    """Return an option without a value; None when it was not given."""
    return WordOption(
        param_decls=[name, *flags],
        type_descriptor=_FLAG,
        metavar="",
        is_flag=True,
        help=plain(help),
        callback=callback,
        is_eager=is_eager,
        expose_value=callback is None,
        rich_help_panel=panel,
    )


def argument(name: str, help: str, metavar: str, choices: Sequence[str] = ()) -> WordArgument:
    """Return a positional argument; whether it is missing is found out where the operation is called."""
    return WordArgument(
        param_decls=[name],
        type_descriptor=_PLAIN,
        required=False,
        metavar=metavar,
        help=plain(help),
        show_default=False,
        autocompletion=_completer(choices),
    )


_KINDS = {"bool": "", "str": "TEXT", "int": "NUMBER"}


def tell_kind(param: Any) -> None:
    """Let an option that Typer made show its kind as ours do; a flag has none."""
    kind = getattr(param.type_descriptor.annotation, "__name__", "")
    if param.metavar is None and isinstance(param, TyperOption) and kind in _KINDS:
        param.metavar = _KINDS[kind]


def _show_help(ctx: Any, param: Any, value: Any) -> Any:
    if value and not ctx.resilient_parsing:
        sys.stdout.write(ctx.get_help())
        raise typer.Exit
    return value


def help_option() -> WordOption:
    """Return -h and --help; Typer's own would load Pydantic to find out that it was not given."""
    text = "Show this message and exit."
    return flag("help", ["-h", "--help"], text, callback=_show_help, is_eager=True)


GLOBAL_PANEL = "Everywhere"
_GLOBALS: tuple[tuple[str, str, str, str | None], ...] = (
    ("json", "--json", "Print the result as JSON, and errors as JSON on standard error.", None),
    ("quiet", "--quiet", "Print nothing but errors.", None),
    (
        "project",
        "--project",
        "The project in hand, `all` for none; else STEWARD_PROJECT, else the working folder's.",
        "PROJECT",
    ),
    ("agent", "--agent", "Act as this agent; else STEWARD_AGENT, else you.", "AGENT"),
    ("home", "--home", "Where Steward lives; else STEWARD_HOME.", "FOLDER"),
    ("dry_run", "--dry-run", "Do a write, show what it did, and take it back.", None),
    (
        "request_key",
        "--request-key",
        "Repeat a write safely: the same key answers with the first result.",
        "KEY",
    ),
)
PREFIX = "everywhere_"


def global_options(taken: frozenset[str] = frozenset()) -> list[Any]:
    """Return the options that every command has, but those whose name an operation uses for an argument of its own."""
    found: list[Any] = []
    for name, word, help, metavar in _GLOBALS:
        if name in taken:
            continue
        if metavar is None:
            found.append(flag(PREFIX + name, [word], help, panel=GLOBAL_PANEL))
        else:
            found.append(option(PREFIX + name, [word], help, metavar=metavar, panel=GLOBAL_PANEL))
    return found
