"""The table of a call's states, and the page that is drawn from it."""

from pathlib import Path

from trunkline_signaling.calls.effects import Timer
from trunkline_signaling.calls.machine import HANDLERS, TIMERS
from trunkline_signaling.calls.states import TRANSITIONS, State, diagram

PAGE = Path(__file__).parents[4] / "docs" / "call-states.md"


def test_the_page_in_docs_shows_the_table_as_it_is() -> None:
    assert diagram() in PAGE.read_text()


def test_every_state_can_be_left_but_the_last() -> None:
    assert [state for state in State if not TRANSITIONS[state]] == [State.ENDED]


def test_every_state_leads_to_the_end() -> None:
    reach = {state: set(moves.values()) for state, moves in TRANSITIONS.items()}
    for _ in State:
        reach = {s: to.union(*(reach[t] for t in to)) if to else to for s, to in reach.items()}

    assert [s for s, to in reach.items() if State.ENDED not in to] == [State.ENDED]


def test_every_state_has_its_handlers_and_every_timer_its_own() -> None:
    assert HANDLERS.keys() == set(State)
    assert TIMERS.keys() == set(Timer)
