"""The Typer app: core commands, plugin commands, and the one error boundary."""

from __future__ import annotations

import itertools
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, NoReturn

import typer

from ip2p_cli import __version__
from ip2p_cli.commands import apply, doctor, edit, models, plugins, recipes, show
from ip2p_cli.config import load_config
from ip2p_cli.errors import EXIT_BUG, EXIT_OK, EXIT_USAGE, Ip2pError
from ip2p_cli.plugin_manager import DISABLED_VARIABLE, create_plugin_manager, disabled_by_environment, register_commands
from ip2p_cli.printable import say
from ip2p_cli.time_limit import any_left_behind

HELP = 'Batch photo editing by written instruction.\n\nip2p edit photos/ --instruction "add a sunset"'
EXIT_INTERRUPTED = 130


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ip2p {__version__}")
        raise typer.Exit


def _root(
    no_plugin: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Switch a plugin off (repeatable).")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Tracebacks of errors.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Both options are read before plugins are loaded; they are declared here to be known and shown."""


def build_app(disabled: Sequence[str] = ()) -> tuple[typer.Typer, list[str]]:
    """The app with the commands of core and plugins, and one line for each plugin that is broken."""
    app = typer.Typer(
        name="ip2p", help=HELP, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="rich"
    )
    app.callback()(_root)
    app.command("edit", no_args_is_help=True)(edit.edit)
    app.command("apply", no_args_is_help=True)(apply.apply)
    app.add_typer(recipes.app)
    app.add_typer(models.app)
    app.command("show", no_args_is_help=True)(show.show)
    app.command("plugins")(plugins.plugins)
    app.command("doctor")(doctor.doctor)
    manager = create_plugin_manager(disabled)
    broken = [
        f"plugin {plugin.name!r} of {plugin.distribution} cannot be loaded: {plugin.error}; "
        f"mend it, or switch it off with --no-plugin {plugin.name}"
        for plugin in manager.broken()
    ]
    return app, broken + register_commands(manager, app)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; the exit code. Every error ends here, as one line on stderr."""
    warnings.filterwarnings("ignore", module=r"PIL\.")  # what matters of them is said of the photo, by name
    debug = "--debug" in arguments or bool(os.environ.get("IP2P_DEBUG"))
    try:
        _switch_plugins_off(arguments)
        app, broken = build_app()
        if "_IP2P_COMPLETE" not in os.environ:
            for warning in broken:
                _say(f"warning: {warning}")
        command = typer.main.get_command(app)
        code = command.main(args=list(arguments), prog_name="ip2p", standalone_mode=False)
        return code if isinstance(code, int) else EXIT_OK
    except SystemExit as end:  # the parser's own way out of --show-completion
        return end.code if isinstance(end.code, int) else EXIT_OK
    except Exception as problem:
        if debug:
            traceback.print_exc()
        return _explain(problem)
    except KeyboardInterrupt:
        _say("interrupted")
        return EXIT_INTERRUPTED


def _switch_plugins_off(arguments: Sequence[str]) -> None:
    """--no-plugin has to be known before the plugins' commands are; the environment carries it to where they load."""
    named = [value for option, value in itertools.pairwise(arguments) if option == "--no-plugin"]
    named += [text.split("=", 1)[1] for text in arguments if text.startswith("--no-plugin=")]
    off = {*named, *disabled_by_environment(), *load_config().get("no_plugin", ())}
    if off:
        os.environ[DISABLED_VARIABLE] = ",".join(sorted(off))


def _explain(problem: Exception) -> int:
    if isinstance(problem, Ip2pError):
        _say(f"error: {problem}")
        return problem.exit_code
    if isinstance(problem, typer.Abort):
        _say("aborted")
        return EXIT_INTERRUPTED
    usage = getattr(problem, "format_message", None)  # the parser's own errors
    if usage is not None:
        if not usage():  # a command without arguments has shown its help
            return EXIT_USAGE
        context = getattr(problem, "ctx", None)
        where = f"; see `{context.command_path} --help`" if context is not None else ""
        _say(f"error: {usage().rstrip('.')}{where}")
        return EXIT_USAGE
    line = (str(problem).splitlines() or [""])[0]
    _say(
        f"error: a bug in ip2p ({type(problem).__name__}: {line}); run it again with --debug and report what it prints"
    )
    return EXIT_BUG


def _say(text: str) -> None:
    say(f"ip2p: {text}")


def main() -> NoReturn:
    """Run the command line of this process, and end it."""
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError:  # a reader such as `head` has gone: Python must not complain of it on its way out
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if any_left_behind():  # all else is closed by now, and the exit code has to be that of the run
        with suppress(OSError):
            sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
