"""What the help says of the mouse, and the pilot test that does it: nothing is promised that is not tried."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from visualizer.tui import keys

#: What one does -> the tests that do it with the pointer, and look at what comes of it.
TRIED = {
    "Click on a track": (
        "test_mouse.test_a_click_on_a_track_selects_it_and_goes_to_that_moment",
        "test_mouse.test_a_click_on_a_name_only_selects",
        "test_mouse.test_a_click_on_the_switch_axis_goes_to_that_switch",
    ),
    "Double-click": ("test_mouse.test_two_clicks_zoom_in_on_what_the_track_does_there",),
    "Click on a ▾": (
        "test_mouse.test_the_arrow_before_a_name_folds",
        "test_groups.test_a_click_on_the_mark_unfolds_and_one_on_the_name_selects",
    ),
    "Click on the overview": ("test_mouse.test_a_click_on_the_overview_or_the_ruler_goes_to_that_moment",),
    "Click on a tab or key": (
        "test_mouse.test_a_click_on_a_tab_shows_it_and_on_an_output_goes_there",
        "test_mouse.test_the_keys_of_the_last_line_can_be_clicked",
    ),
    "Hover over a cell": ("test_mouse.test_whoever_rests_on_a_cell_is_told_what_is_there",),
    "Drag the tracks": (
        "test_mouse.test_dragging_the_tracks_pans_and_is_no_click",
        "test_mouse.test_dragging_the_tracks_scrolls_too",
    ),
    "Drag the ruler": ("test_mouse.test_a_drag_selects_a_span",),
    "Drag the overview": ("test_mouse.test_dragging_over_the_overview_moves_what_is_in_sight",),
    "Click on an event, output, problem, arrow": (
        "test_mouse.test_a_click_on_an_event_goes_there",
        "test_mouse.test_a_click_on_a_tab_shows_it_and_on_an_output_goes_there",
        "test_problems.test_a_click_goes_there_although_the_track_is_folded_away",
        "test_sequence.test_a_click_on_an_arrow_goes_there_and_one_on_a_name_selects_it",
    ),
    "Click on a line of tree, waits, statistics": (
        "test_views.test_a_click_in_the_tree_selects_the_track_and_a_selection_is_pointed_at",
        "test_views.test_a_choice_among_the_waits_selects_who_waits",
        "test_views.test_a_click_on_a_line_of_the_statistics_selects_the_track",
    ),
    "Wheel": (
        "test_mouse.test_the_wheel_zooms_over_ruler_and_overview",
        "test_mouse.test_the_wheel_scrolls_many_tracks_and_steps_bring_theirs_into_sight",
        "test_mouse.test_the_wheel_scrolls_the_list_it_is_over",
    ),
    "Ctrl+wheel": ("test_mouse.test_with_ctrl_the_wheel_zooms_and_with_shift_it_pans",),
    "Shift+wheel": ("test_mouse.test_with_ctrl_the_wheel_zooms_and_with_shift_it_pans",),
}
#: The same of two traces.
TRIED_IN_COMPARISON = {
    "Click on a side": ("test_comparison.test_a_click_goes_to_that_moment_of_that_side",),
    "Double-click": ("test_comparison.test_two_clicks_zoom_in_on_what_a_track_does_there",),
    "Click on a ▾": ("test_comparison.test_a_click_goes_to_that_moment_of_that_side",),
    "Click on a key": ("test_comparison.test_a_click_on_a_key_of_the_last_line_does_what_it_does",),
    "Hover over a cell": ("test_comparison.test_dragging_pans_both_and_resting_tells",),
    "Drag the tracks": ("test_comparison.test_dragging_pans_both_and_resting_tells",),
    "Drag the ruler": ("test_comparison.test_dragging_the_ruler_selects_a_span",),
    "Wheel": ("test_comparison.test_the_wheel_zooms_with_ctrl_and_pans_with_shift",),
    "Ctrl+wheel": ("test_comparison.test_the_wheel_zooms_with_ctrl_and_pans_with_shift",),
    "Shift+wheel": ("test_comparison.test_the_wheel_zooms_with_ctrl_and_pans_with_shift",),
}
#: How a test moves the pointer, by the word that the help begins with.
_GESTURES = {
    "Click": {"click", "double_click"}, "Double-click": {"click", "double_click"}, "Hover": {"hover"}, "Drag": {"drag"},
    "Wheel": {"turn"}, "Ctrl+wheel": {"turn"}, "Shift+wheel": {"turn"},
}


@pytest.mark.parametrize(
    ("told", "tried"), [(keys.MOUSE, TRIED), (keys.COMPARISON_MOUSE, TRIED_IN_COMPARISON)], ids=["one", "two"]
)
def test_each_has_a_test_that_does_it(told: tuple[tuple[str, str], ...], tried: dict[str, tuple[str, ...]]) -> None:
    assert [action for action, _ in told] == list(tried)
    for action, tests in tried.items():
        for test in tests:
            assert calls(test) & _GESTURES[action.split()[0]], f"{test} does not do this: {action}"


def calls(test: str) -> set[str]:
    """Names of what a test calls. Raise KeyError if there is no such test, and AssertionError if it asserts nothing."""
    module, _, name = test.partition(".")
    tree = ast.parse((Path(__file__).parent / f"{module}.py").read_text(encoding="utf-8"))
    functions = {one.name: one for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
    inside = list(ast.walk(functions[name]))
    assert any(isinstance(one, ast.Assert) for one in inside), f"{test} asserts nothing"
    called = [one.func for one in inside if isinstance(one, ast.Call)]
    return {one.id for one in called if isinstance(one, ast.Name)} | {
        one.attr for one in called if isinstance(one, ast.Attribute)
    }
