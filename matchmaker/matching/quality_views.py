"""How well it matches: the committed benchmark, and what people's judgements say."""

from __future__ import annotations

from flask import Blueprint, render_template

from matchmaker.config import BENCHMARKS
from matchmaker.core.access import public
from matchmaker.matching import judgements
from matchmaker.matching.benchmarks import chart, read_results

blueprint = Blueprint("quality", __name__)


@blueprint.get("/matching/quality")
@public("whoever relies on the matches may know how good they are")
def quality() -> str:
    results = [(result, chart(result.ablation)) for result in read_results(BENCHMARKS)]
    return render_template(
        "matching/quality.html",
        results=results,
        figures=judgements.find_figures(),
        fewest=judgements.FEWEST_JUDGEMENTS,
        organisations=judgements.FEWEST_ORGANISATIONS,
        in_row=judgements.FEWEST_IN_ROW,
    )
