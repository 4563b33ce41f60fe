"""Results come in the order of the items, whoever computes them."""

import operator
import os

import pytest

from tfrecords_tools import workers


def process_of(_):
    return os.getpid()


@pytest.mark.parametrize("num_workers", [0, 1])
def test_one_process_does_it_alone(num_workers):
    assert list(workers.ordered_map(operator.neg, range(50), num_workers)) == [
        -number for number in range(50)
    ]
    assert set(workers.ordered_map(process_of, range(5), num_workers)) == {os.getpid()}


@pytest.mark.slow
def test_several_processes_keep_the_order():
    found = list(workers.ordered_map(operator.neg, range(50), 2))
    assert found == [-number for number in range(50)]
    assert os.getpid() not in set(workers.ordered_map(process_of, range(5), 2))


@pytest.mark.slow
def test_what_takes_long_goes_on_in_several_processes(monkeypatch):
    monkeypatch.setattr(workers, "_SECONDS_ALONE", 0.0)
    first, *rest = workers.ordered_map(process_of, range(9), 0)
    assert first == os.getpid()
    assert os.getpid() not in set(rest)
    assert len(rest) == 8


@pytest.mark.slow
def test_an_error_in_a_worker_is_raised_here():
    with pytest.raises(ZeroDivisionError):
        list(workers.ordered_map(reciprocal, [2, 1, 0, 1], 2))


def reciprocal(number):
    return 1 / number


def test_whoever_stops_taking_stops_the_work():
    seen = []
    results = workers.ordered_map(seen.append, range(100), 1)
    next(results)
    results.close()
    assert seen == [0]
