"""C8: how codes change across splits and years, and one concept beside the share that was planted."""
from __future__ import annotations

from ..scenes import sets
from ..workspace import Workspace
from .inputs import coded, group

NAME = "drift"
L1_PENALTY = 0.25


def run(workspace: Workspace) -> None:
    """Deserts rise and yellow falls over ten years; halves by chance do not differ."""
    stored = sets.years(workspace)
    for value, attribute in (("desert", "background"), ("yellow", "colour")):
        found = workspace.run(f"drift_{value}", "shift", *coded(workspace, stored, L1_PENALTY), "--across", "year",
                              *group(value, attribute, value), "--words", "--truth", value)
        agreement = found.table("agreement")
        workspace.check(NAME, f"{value}: correlation of the mean weight with the planted share", agreement.column("weight")[0], low=0.95)
        workspace.check(NAME, f"{value}: correlation of the share of rows with it", agreement.column("share")[0], low=0.95)
    cosines = found.table("cosines")
    first, last = min(sets.YEARS), max(sets.YEARS)
    between = {(row[cosines.index("first")], row[cosines.index("second")]): row[cosines.index("cosine")] for row in cosines.rows}
    near = [value for (one, other), value in between.items() if abs(int(one) - int(other)) == 1]
    far = next(value for (one, other), value in between.items() if {int(one), int(other)} == {first, last})
    workspace.check(NAME, "mean codes of the first and the last year: cosine below that of neighbours", min(near) - far, low=0.02)
    halves = workspace.run("halves", "shift", *coded(workspace, sets.tasks(workspace), L1_PENALTY), "--by", "background", "--across", "split")
    workspace.check(NAME, "halves by chance: cosine of the mean codes of all scenes", halves.table("cosines").value("cosine", **{"class": "all"}),
                    low=0.75)
    workspace.check(NAME, "first and last year: cosine of the mean codes", far, high=0.7)
