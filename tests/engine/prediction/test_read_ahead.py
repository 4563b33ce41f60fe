"""Results come in order, made ahead by threads, in bounded memory."""

import threading
import time

import pytest

from deeplab_nas.engine.prediction.read_ahead import ReadAhead


def one(_):
    return 1


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("count", [0, 1, 50])
def test_results_come_in_the_order_of_the_items(count, threads):
    def slow_if_even(number):
        time.sleep(0.002 * (number % 2 == 0))
        return number**2

    with ReadAhead(slow_if_even, range(count), one, 5, threads) as results:
        assert list(results) == [number**2 for number in range(count)]


@pytest.mark.parametrize("budget", [0, 4])
def test_what_waits_is_bounded(budget):
    """Nobody takes anything until the threads have come to rest."""
    made = []
    threads = 2
    with ReadAhead(lambda n: made.append(n) or n, range(100), one, budget, threads) as results:
        taken = iter(results)
        for number in range(100):
            assert next(taken) == number
            before = -1
            while before != len(made):
                before = len(made)
                time.sleep(0.002)
            assert len(made) <= number + 1 + budget + threads


def test_an_item_heavier_than_the_budget_is_made():
    with ReadAhead(lambda n: n, range(9), lambda n: 1000, 10, 2) as results:
        assert list(results) == list(range(9))


def test_an_error_is_raised_where_its_result_is_due():
    def fail(number):
        if number == 3:
            raise ValueError("three")
        return number

    taken = []
    with pytest.raises(ValueError, match="three"):  # noqa: SIM117
        with ReadAhead(fail, range(9), one, 100, 2) as results:
            for result in results:
                taken.append(result)
    assert taken == [0, 1, 2]


def test_no_thread_works_on_when_it_is_left():
    begun = []
    before = threading.active_count()
    with ReadAhead(lambda n: begun.append(n) or n, range(10_000), one, 10, 3) as results:
        next(iter(results))
    count = len(begun)
    assert count <= 1 + 10 + 3
    assert threading.active_count() == before
    assert len(begun) == count
