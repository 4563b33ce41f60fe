"""Results come in the order of the items, whoever computes them."""

import operator
import threading

import pytest

from tfrecords_tools.writing import workers


@pytest.mark.parametrize("num_workers", [0, 1, 2, 5])
def test_the_order_is_that_of_the_items(num_workers):
    found = list(workers.ordered_map(operator.neg, range(50), num_workers))
    assert found == [-number for number in range(50)]


def test_several_workers_work_at_once():
    # Each waits for the other, however long that takes: one alone would never get on.
    barrier = threading.Barrier(2)
    assert len(list(workers.ordered_map(lambda _: barrier.wait(), range(4), 2))) == 4


def test_only_a_few_items_are_ahead():
    taken = []

    def items():
        for number in range(1000):
            taken.append(number)
            yield number

    results = workers.ordered_map(operator.neg, items(), 2)
    for _ in range(10):
        next(results)
    assert len(taken) < 30
    results.close()


@pytest.mark.parametrize("num_workers", [1, 2])
def test_an_error_of_the_function_is_raised_here(num_workers):
    with pytest.raises(ZeroDivisionError):
        list(workers.ordered_map(lambda number: 1 / number, [2, 1, 0, 1], num_workers))


def test_whoever_stops_taking_stops_the_work():
    seen = []
    results = workers.ordered_map(seen.append, range(1000), 1)
    next(results)
    results.close()
    assert len(seen) < 10
