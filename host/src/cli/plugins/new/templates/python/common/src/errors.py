"""Turns exceptions into errors that the daemon can show; without it they end as a trap without words."""

from componentize_py_types import Err
from wit_world.imports.types import Coded, PluginError_Other


def refused(configure):
    """For `configure`: what is wrong with the settings, for the operator."""

    def call(*arguments):
        try:
            return configure(*arguments)
        except Err:
            raise
        except Exception as error:
            raise Err(f"{type(error).__name__}: {error}") from error

    return call


def reported(function):
    """For all other calls. Raise `Err(PluginError_Permanent("why"))` to choose what happens next."""

    def call(*arguments):
        try:
            return function(*arguments)
        except Err:
            raise
        except Exception as error:
            raise Err(PluginError_Other(Coded("exception", f"{type(error).__name__}: {error}"))) from error

    return call
