"""The arithmetic of a run's steps, held to a count of every single one."""

from hypothesis import given
from hypothesis import strategies as st

from deeplab_nas.engine.runs.plan import Phase, Plan

_INTERVALS = st.integers(0, 9)


@st.composite
def plans(draw):
    ends = sorted(draw(st.lists(st.integers(0, 40), min_size=1, max_size=3, unique=True)))
    phases = [Phase(f"kind {end}", end, None, ()) for end in ends]
    log_every = draw(st.lists(_INTERVALS, max_size=2))
    return Plan(phases, draw(st.integers(1, 9)), log_every, draw(_INTERVALS))


@given(plans(), st.integers(1, 12), st.data())
def test_no_call_goes_beyond_a_step_at_which_something_is_due(plan, steps_per_loop, data):
    done = data.draw(st.integers(0, plan.total_steps))
    while done < plan.total_steps:
        stop = plan.next_stop(done)
        passed = range(done + 1, stop)
        assert not [s for s in passed if plan.is_logged(s) or plan.is_evaluated(s)]
        # All steps of the call are of the kind of its first.
        assert {plan.phase(step).kind for step in range(done, stop)} == {plan.phase(done).kind}
        assert stop > done
        done = min(stop, done + steps_per_loop)
    assert done == plan.total_steps


@given(plans())
def test_what_is_due_is_due_at_multiples_and_at_the_end(plan):
    for done in range(1, plan.total_steps + 1):
        last = done == plan.total_steps
        multiples = [n for n in range(1, 10) if done % n == 0]
        assert plan.is_logged(done) == (last or bool({*plan.log_every} & {*multiples}))
        assert plan.is_evaluated(done) == (last or plan.evaluate_every in multiples)


@given(plans(), st.integers(0, 45))
def test_kinds_and_epochs_are_counted(plan, done):
    done = min(done, plan.total_steps)
    kinds = [plan.phase(step).kind for step in range(done)]
    assert plan.by_kind(done) == {p.kind: kinds.count(p.kind) for p in plan.phases}
    if done:
        first = (plan.epoch(done) - 1) * plan.steps_per_epoch
        assert first < done <= first + plan.steps_per_epoch
