"""The table of faults is true of the code; that they are seen is tried by hand (`wiring`)."""

import pytest

from tests import places
from tests.faults.wiring import FAULTS, faulty


def test_there_are_enough_of_them_and_each_has_a_name():
    assert len(FAULTS) >= 40
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_replaces_what_stands_there_once(fault):
    source = (places.ROOT / fault.path).read_text(encoding="utf-8")
    # What is wrong is still Python.
    compile(faulty(fault, source), fault.path, "exec")
    assert all((places.ROOT / test).exists() for test in fault.tests)


def test_a_fault_that_has_no_place_is_told():
    with pytest.raises(ValueError, match=r"once in .*, found it 0 times: mend the fault"):
        faulty(FAULTS[0], "")
