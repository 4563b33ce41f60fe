"""The flags of a configuration, one a setting, and the configuration that they describe."""

import dataclasses
from collections.abc import Sequence
from typing import Any, TypeVar

from flags import parsers

from absl import flags

from deeplab_nas import settings

# absl files flags under the module that asks: with this, under the program and not under this file.
flags.disclaim_key_flags()

_Config = TypeVar("_Config", bound=settings.Settings)
_PLAIN = {bool: flags.DEFINE_bool, int: flags.DEFINE_integer, float: flags.DEFINE_float}


def define(config_class: type[settings.Settings], values: flags.FlagValues = flags.FLAGS) -> None:
    """Defines a flag for each setting of a configuration, those within it included.

    Args:
        config_class: The configuration.
        values: The registry.
    """
    for field in settings.leaves(config_class):
        default = None if field.default is dataclasses.MISSING else field.default
        kind = field.alternatives[0]
        define_flag = _PLAIN.get(kind, flags.DEFINE_string)
        if kind in _PARSERS:
            define_flag = flags.DEFINE_multi_string if field.setting.repeated else flags.DEFINE_list
            default = default if default is None else [f"{value}" for value in default]
        define_flag(field.name, default, field.setting.help, flag_values=values)


def config(config_class: type[_Config], values: flags.FlagValues = flags.FLAGS) -> _Config:
    """Makes the configuration that parsed flags describe.

    Args:
        config_class: The configuration whose flags `define` has defined.
        values: Parsed flags.

    Returns:
        The configuration.

    Raises:
        UserError: A value is impossible.
    """
    return config_class(
        **{
            field.name: config(field.type, values)
            if field.setting is None
            else _value(field, values[field.name].value)
            for field in settings.fields_of(config_class)
        }
    )


def _value(field: settings.Field, given: Any) -> Any:
    """The value of a setting; what absl reads as a text or a list of texts is read further."""
    kind = field.alternatives[0]
    if given is None:
        return None
    if not given and field.default == ():
        return ()
    if kind not in _PARSERS:
        return given
    if len(given) == 1 and given[0] in field.setting.choices and str in field.alternatives:
        return given[0]
    if str in field.alternatives:
        return parsers.numbers(field.name, given, field.setting.choices)
    return _PARSERS[kind](field.name, given)


def _texts(_: str, texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(texts)


_PARSERS = {
    tuple[int, int]: parsers.size,
    tuple[int, ...]: parsers.integers,
    tuple[float, ...]: parsers.numbers,
    tuple[str, ...]: _texts,
}
