"""`visualizer list`."""

from __future__ import annotations

import click

from visualizer.session.catalogue import scenarios


@click.command("list")
def command() -> None:
    """List the bundled scenarios: name, runtime, and what each shows.

    The word "tour" in between says that `visualizer demo NAME` plays it as a guided tour.

    \b
    Example:
      visualizer list
    """
    found = scenarios()
    name_width = max((len(scenario.name) for scenario in found), default=0)
    runtime_width = max((len(scenario.runtime) for scenario in found), default=0)
    for scenario in found:
        missing, tour = scenario.missing(), "tour" if scenario.tour is not None else ""
        sentence = f"{scenario.sentence} {missing}" if missing else scenario.sentence
        click.echo(f"{scenario.name:{name_width}}  {scenario.runtime:{runtime_width}}  {tour:4}  {sentence}")
