"""`visualizer list`."""

from __future__ import annotations

import click

from visualizer.session.catalogue import scenarios


@click.command("list")
def command() -> None:
    """List the bundled scenarios: name, runtime and one sentence.

    \b
    Example:
      visualizer list
    """
    found = scenarios()
    name_width = max((len(scenario.name) for scenario in found), default=0)
    runtime_width = max((len(scenario.runtime) for scenario in found), default=0)
    for scenario in found:
        missing = scenario.missing()
        sentence = f"{scenario.sentence} {missing}" if missing else scenario.sentence
        click.echo(f"{scenario.name:{name_width}}  {scenario.runtime:{runtime_width}}  {sentence}")
