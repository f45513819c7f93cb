"""Turns exceptions into errors that the daemon can show; without it they end as a trap without words."""

from componentize_py_types import Err
from wit_world.imports.types import Coded, PluginError_Other


def reported(function):
    def call(*arguments):
        try:
            return function(*arguments)
        except Err:
            raise
        except Exception as error:
            raise Err(PluginError_Other(Coded("exception", f"{type(error).__name__}: {error}"))) from error

    return call
