"""Replicas on logical CPUs, for scripts in a process of their own: devices are set up only once."""

import json
import subprocess
import sys
from typing import Any

import tensorflow as tf


def strategy(replicas: int) -> tf.distribute.Strategy:
    """A strategy of that many logical CPUs; call it before anything touches a device."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    devices = [tf.config.LogicalDeviceConfiguration()] * replicas
    tf.config.set_logical_device_configuration(cpu, devices)
    if replicas == 1:
        return tf.distribute.OneDeviceStrategy("/cpu:0")
    return tf.distribute.MirroredStrategy([f"/cpu:{i}" for i in range(replicas)])


def run(script: str, replicas: int) -> Any:
    """Runs a script with that number as its argument; returns the JSON that it prints last."""
    command = [sys.executable, "-c", script, str(replicas)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return json.loads(printed.splitlines()[-1])
