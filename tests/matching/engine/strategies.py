"""Texts as listings hold them: Chinese, English, figures, and everything that people paste by accident."""

import re

from hypothesis import settings
from hypothesis import strategies as st

from matchmaker.matching.engine import Document

#: The first use of scikit-learn in a process takes longer than any deadline that would say something.
law = settings(deadline=None, max_examples=50)

_pieces = st.sampled_from(
    re.split(
        r"\|",
        "正极材料|锂离子电池|电池|高镍|的|与|研发|零\u200b宽|\u202e反|CBN单晶|㎏|½|🔋|，。|\n|"
        "solid-state|batteries|Battery|of|2025|5G|PM2.5|ﬁbre|café|cafe\u0301|3",
    )
)
texts = st.one_of(
    st.lists(_pieces, max_size=12).map("".join), st.lists(_pieces, max_size=12).map(" ".join), st.text(max_size=30)
)
names = st.sampled_from(["title", "keywords", "summary", "problem", "anything else"])
fields = st.dictionaries(names, texts, max_size=3)


@st.composite
def documents(draw: st.DrawFn, prefix: str = "d", max_size: int = 6) -> list[Document]:
    drawn = draw(st.lists(fields, max_size=max_size))
    return [Document(f"{prefix}{number}", content) for number, content in enumerate(drawn)]
